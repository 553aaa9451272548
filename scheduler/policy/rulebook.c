/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of a snapshot, put in order for quick questions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/policy/rules_own.h"

static void *
zeroed(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (list == NULL)
		abort(); /* out of memory ends the process */
	return list;
}

/* --- runs ----------------------------------------------------------------- */

/* In two rounds: the first counts into from[owner + 1], the second fills. */
static void
runs_begin(struct runs *runs, size_t n)
{
	runs->from = zeroed(n + 2, sizeof(*runs->from));
}

static void
runs_fit(struct runs *runs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		runs->from[i + 1] += runs->from[i];
	runs->list = zeroed(runs->from[n], sizeof(*runs->list));
	/* from[i] moves on while the list is filled, and ends where from[i+1]
	 * began. */
	memmove(runs->from + 1, runs->from, n * sizeof(*runs->from));
	runs->from[0] = 0;
}

static void
runs_put(struct runs *runs, size_t owner, size_t what)
{
	runs->list[runs->from[owner + 1]++] = what;
}

static void
runs_done(struct runs *runs)
{
	free(runs->from);
	free(runs->list);
}

/* --- building ------------------------------------------------------------- */

static bool
is_counted(const struct snap_rule *rule)
{
	return rule->kind == RULE_TOGETHER || rule->kind == RULE_APART;
}

static void
list_hosts(struct rulebook *book)
{
	const struct snapshot *snap = book->snap;

	runs_begin(&book->hosts, snap->n_clusters);
	for (size_t h = 0; h < snap->n_hosts; h++)
		book->hosts.from[snap->hosts[h].cluster + 1]++;
	runs_fit(&book->hosts, snap->n_clusters);
	book->place = zeroed(snap->n_hosts, sizeof(*book->place));
	for (size_t h = 0; h < snap->n_hosts; h++)
		runs_put(&book->hosts, snap->hosts[h].cluster, h);
	for (size_t c = 0; c < snap->n_clusters; c++)
		for (size_t i = book->hosts.from[c];
		     i < book->hosts.from[c + 1]; i++)
			book->place[book->hosts.list[i]] =
				i - book->hosts.from[c];
}

static void
write_text(const struct snap_rule *rule, char text[RULE_TEXT_LEN])
{
	size_t size = RULE_TEXT_LEN;

	if (rule->kind == RULE_TOGETHER)
		snprintf(text, size, "is not where the others of rule %s are",
			 rule->name);
	else if (rule->kind == RULE_APART)
		snprintf(text, size, "has one that rule %s keeps apart",
			 rule->name);
	else if (rule->force == RULE_MUST)
		snprintf(text, size, "is no host of rule %s", rule->name);
	else
		snprintf(text, size, "is kept free of it by rule %s",
			 rule->name);
}

static void
write_texts(struct rulebook *book)
{
	const struct snapshot *snap = book->snap;

	book->texts = zeroed(snap->n_rules, sizeof(*book->texts));
	for (size_t i = 0; i < snap->n_rules; i++) {
		write_text(&snap->rules[i], book->texts[i][0]);
		snprintf(book->texts[i][1], RULE_TEXT_LEN,
			 "cannot take all of rule %s together",
			 snap->rules[i].name);
	}
}

static void
list_rules(struct rulebook *book)
{
	const struct snapshot *snap = book->snap;

	runs_begin(&book->rules, snap->n_vms);
	for (int fill = 0; fill < 2; fill++) {
		for (size_t r = 0; r < snap->n_rules; r++) {
			const struct snap_rule *rule = &snap->rules[r];

			if (rule->kind == RULE_AFTER)
				continue;
			for (size_t i = 0; i < rule->n_vms; i++)
				if (fill)
					runs_put(&book->rules, rule->vms[i], r);
				else
					book->rules.from[rule->vms[i] + 1]++;
		}
		if (!fill)
			runs_fit(&book->rules, snap->n_vms);
	}
}

static size_t
add_tally(struct rulebook *book, size_t cluster)
{
	struct tally *tally = &book->tallies[book->n_tallies];

	tally->cluster = cluster;
	tally->offset = book->n_counts;
	book->n_counts +=
		book->hosts.from[cluster + 1] - book->hosts.from[cluster];
	return book->n_tallies++;
}

static void
join_groups(struct rulebook *book, size_t r)
{
	const struct snap_rule *rule = &book->snap->rules[r];
	size_t group = NONE;

	for (size_t i = 0; i < rule->n_vms && group == NONE; i++)
		group = book->group_of[rule->vms[i]];
	if (group == NONE)
		group = add_tally(book, rule->cluster);
	for (size_t i = 0; i < rule->n_vms; i++) {
		size_t old = book->group_of[rule->vms[i]];

		book->group_of[rule->vms[i]] = group;
		if (old == NONE)
			book->group_rule[rule->vms[i]] = r;
		for (size_t v = 0;
		     old != NONE && old != group && v < book->snap->n_vms; v++)
			if (book->group_of[v] == old)
				book->group_of[v] = group;
	}
}

static void
list_tallies(struct rulebook *book)
{
	const struct snapshot *snap = book->snap;

	book->tallies = zeroed(snap->n_rules, sizeof(*book->tallies));
	book->tally_of = zeroed(snap->n_rules, sizeof(*book->tally_of));
	book->group_of = zeroed(snap->n_vms, sizeof(*book->group_of));
	book->group_rule = zeroed(snap->n_vms, sizeof(*book->group_rule));
	for (size_t v = 0; v < snap->n_vms; v++)
		book->group_of[v] = book->group_rule[v] = NONE;
	for (size_t r = 0; r < snap->n_rules; r++) {
		book->tally_of[r] = NONE;
		if (rule_is_group(&snap->rules[r]))
			join_groups(book, r);
		else if (is_counted(&snap->rules[r]))
			book->tally_of[r] =
				add_tally(book, snap->rules[r].cluster);
	}
}

static void
list_groups(struct rulebook *book)
{
	size_t n = book->snap->n_vms;

	runs_begin(&book->groups, book->n_tallies);
	for (size_t v = 0; v < n; v++)
		if (book->group_of[v] != NONE)
			book->groups.from[book->group_of[v] + 1]++;
	runs_fit(&book->groups, book->n_tallies);
	for (size_t v = 0; v < n; v++)
		if (book->group_of[v] != NONE)
			runs_put(&book->groups, book->group_of[v], v);
}

/* The tallies of one VM: counted, or put into its run. */
static void
list_counted_of(struct rulebook *book, size_t v, bool fill)
{
	size_t group = book->group_of[v];

	if (group != NONE && fill)
		runs_put(&book->counted, v, group);
	else if (group != NONE)
		book->counted.from[v + 1]++;
	for (size_t i = book->rules.from[v]; i < book->rules.from[v + 1]; i++) {
		size_t tally = book->tally_of[book->rules.list[i]];

		if (tally != NONE && fill)
			runs_put(&book->counted, v, tally);
		else if (tally != NONE)
			book->counted.from[v + 1]++;
	}
}

static void
list_counted(struct rulebook *book)
{
	size_t n = book->snap->n_vms;

	runs_begin(&book->counted, n);
	for (size_t v = 0; v < n; v++)
		list_counted_of(book, v, false);
	runs_fit(&book->counted, n);
	for (size_t v = 0; v < n; v++)
		list_counted_of(book, v, true);
}

struct rulebook *
rulebook_new(const struct snapshot *snap)
{
	struct rulebook *book = zeroed(1, sizeof(*book));

	book->snap = snap;
	if (snap->n_rules == 0)
		return book;
	list_hosts(book);
	write_texts(book);
	list_rules(book);
	list_tallies(book);
	list_groups(book);
	list_counted(book);
	book->counts = zeroed(book->n_counts, sizeof(*book->counts));
	return book;
}

struct rulebook *
rulebook_clone(const struct rulebook *book)
{
	struct rulebook *clone = zeroed(1, sizeof(*clone));

	*clone = *book;
	clone->borrowed = true;
	clone->counts = zeroed(book->n_counts, sizeof(*clone->counts));
	if (book->n_counts > 0)
		memcpy(clone->counts, book->counts,
		       book->n_counts * sizeof(*clone->counts));
	return clone;
}

void
rulebook_free(struct rulebook *book)
{
	if (book == NULL)
		return;
	free(book->counts);
	if (!book->borrowed) {
		runs_done(&book->hosts);
		runs_done(&book->rules);
		runs_done(&book->counted);
		runs_done(&book->groups);
		free(book->place);
		free(book->tallies);
		free(book->tally_of);
		free(book->group_of);
		free(book->group_rule);
		free(book->texts);
	}
	free(book);
}
