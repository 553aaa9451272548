/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/rules.h"

#include "scheduler/policy/draft.h"
#include "scheduler/policy/rules_own.h"

/* --- counting ------------------------------------------------------------- */

void
rulebook_count(struct rulebook *book, size_t vm, size_t host, int sign)
{
	if (book->snap->n_rules == 0)
		return;
	for (size_t i = book->counted.from[vm]; i < book->counted.from[vm + 1];
	     i++) {
		const struct tally *tally =
			&book->tallies[book->counted.list[i]];

		if (tally->cluster == book->snap->hosts[host].cluster)
			book->counts[tally->offset + book->place[host]] +=
				(unsigned)sign;
	}
}

/* Others of the tally than the VM itself, on one host. */
static unsigned
others_on(const struct draft *draft, size_t tally, size_t vm, size_t host)
{
	const struct rulebook *book = draft->rules;
	const struct tally *t = &book->tallies[tally];

	if (t->cluster != book->snap->hosts[host].cluster)
		return 0;
	return book->counts[t->offset + book->place[host]] -
	       draft_occupies(draft, vm, host);
}

/* What is on a dead host is nowhere. */
static bool
others_anywhere(const struct draft *draft, size_t tally, size_t vm)
{
	const struct rulebook *book = draft->rules;
	size_t cluster = book->tallies[tally].cluster;

	for (size_t i = book->hosts.from[cluster];
	     i < book->hosts.from[cluster + 1]; i++) {
		size_t host = book->hosts.list[i];

		if (draft->states[host] != HOST_DEAD &&
		    others_on(draft, tally, vm, host) > 0)
			return true;
	}
	return false;
}

static bool
is_apart_from_group(const struct draft *draft, size_t tally, size_t vm,
		    size_t host)
{
	return others_on(draft, tally, vm, host) == 0 &&
	       others_anywhere(draft, tally, vm);
}

/* --- judging -------------------------------------------------------------- */

static bool
has_host(const struct snap_rule *rule, size_t host)
{
	size_t low = 0, high = rule->n_hosts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rule->hosts[middle] == host)
			return true;
		if (rule->hosts[middle] < host)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool
is_broken(const struct draft *draft, size_t r, size_t vm, size_t host)
{
	const struct rulebook *book = draft->rules;
	const struct snap_rule *rule = &book->snap->rules[r];

	switch (rule->kind) {
	case RULE_TOGETHER:
		return is_apart_from_group(draft,
					   rule_is_group(rule)
						   ? book->group_of[vm]
						   : book->tally_of[r],
					   vm, host);
	case RULE_APART:
		return others_on(draft, book->tally_of[r], vm, host) > 0;
	case RULE_HOSTS:
		return has_host(rule, host) !=
		       (rule->force == RULE_MUST || rule->force == RULE_SHOULD);
	case RULE_AFTER:
	case RULE_KINDS:
		break;
	}
	return false;
}

static bool
is_must(const struct snap_rule *rule)
{
	return rule->force == RULE_MUST || rule->force == RULE_MUST_NOT;
}

const char *
rule_refusal(const struct draft *draft, size_t vm, size_t host)
{
	const struct rulebook *book = draft->rules;

	if (book->snap->n_rules == 0)
		return NULL;
	for (size_t i = book->rules.from[vm]; i < book->rules.from[vm + 1];
	     i++) {
		size_t r = book->rules.list[i];

		if (is_must(&book->snap->rules[r]) &&
		    is_broken(draft, r, vm, host))
			return book->texts[r][0];
	}
	return NULL;
}

static bool
waits(const struct draft *draft, size_t vm)
{
	return draft->vms[vm].phase == VM_LOST &&
	       draft->vms[vm].intent == INTENT_RUN &&
	       draft->snap->vms[vm].has_definition;
}

const char *
group_refusal(const struct draft *draft, size_t vm, size_t host)
{
	const struct rulebook *book = draft->rules;
	uint64_t need_kib = draft->snap->vms[vm].memory_kib;

	if (book->snap->n_rules == 0 || book->group_of[vm] == NONE)
		return NULL;
	size_t group = book->group_of[vm];
	bool begun = others_anywhere(draft, group, vm);
	for (size_t i = book->groups.from[group];
	     i < book->groups.from[group + 1]; i++) {
		size_t other = book->groups.list[i];

		if (other == vm || !waits(draft, other))
			continue;
		need_kib += draft->snap->vms[other].memory_kib;
		if (!begun && rule_refusal(draft, other, host) != NULL)
			return book->texts[book->group_rule[vm]][1];
	}
	return begun || draft_free_kib(draft, host) >= need_kib
		       ? NULL
		       : book->texts[book->group_rule[vm]][1];
}

size_t
rule_group(const struct draft *draft, size_t vm)
{
	const struct rulebook *book = draft->rules;

	return book->snap->n_rules == 0 ? NONE : book->group_of[vm];
}

bool
rule_group_has_begun(const struct draft *draft, size_t vm)
{
	size_t group = rule_group(draft, vm);

	return group != NONE && others_anywhere(draft, group, vm);
}

static size_t
find_bent(const struct draft *draft, size_t vm, size_t host, unsigned *ret_n)
{
	const struct rulebook *book = draft->rules;
	size_t first = NONE;

	*ret_n = 0;
	if (book->snap->n_rules == 0)
		return NONE;
	for (size_t i = book->rules.from[vm]; i < book->rules.from[vm + 1];
	     i++) {
		size_t r = book->rules.list[i];

		if (is_must(&book->snap->rules[r]) ||
		    !is_broken(draft, r, vm, host))
			continue;
		if (first == NONE)
			first = r;
		++*ret_n;
	}
	return first;
}

unsigned
rules_bent(const struct draft *draft, size_t vm, size_t host)
{
	unsigned n;

	(void)find_bent(draft, vm, host, &n);
	return n;
}

const char *
rule_bent(const struct draft *draft, size_t vm, size_t host)
{
	unsigned n;
	size_t rule = find_bent(draft, vm, host, &n);

	return rule == NONE ? NULL : draft->snap->rules[rule].name;
}
