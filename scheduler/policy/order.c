/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/order.h"

#include <stdlib.h>

#include "scheduler/policy/placement.h"
#include "scheduler/policy/timeouts.h"

static void *
zeroed(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (list == NULL)
		abort(); /* out of memory ends the process */
	return list;
}

/* --- the order ------------------------------------------------------------ */

struct rank {
	size_t vm;
	unsigned priority; /* its own, or of one that starts after it */
	unsigned depth;    /* so many start before it, one after the other */
	bool begun;        /* its group is somewhere already */
	size_t group;      /* that must be together; SIZE_MAX: none */
	uint64_t group_kib, memory_kib;
};

static int
compare_ranks(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;

	if (a->priority != b->priority)
		return a->priority > b->priority ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	if (a->begun != b->begun)
		return a->begun ? -1 : 1;
	if (a->group_kib != b->group_kib)
		return a->group_kib > b->group_kib ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->memory_kib != b->memory_kib)
		return a->memory_kib > b->memory_kib ? -1 : 1;
	return a->vm < b->vm ? -1 : a->vm > b->vm;
}

/* NULL: that VM is not lost. */
static struct rank *
rank_of(struct rank *ranks, const size_t *at, size_t vm)
{
	return at[vm] == SIZE_MAX ? NULL : &ranks[at[vm]];
}

/* Priority goes from those that start after to those before, depth the other
 * way.  True when anything changed. */
static bool
spread(const struct snap_rule *rule, struct rank *ranks, const size_t *at)
{
	unsigned priority = 0, depth = 0;
	bool changed = false;

	for (size_t i = 0; i < rule->n_vms; i++) {
		const struct rank *then = rank_of(ranks, at, rule->vms[i]);

		if (then != NULL && then->priority > priority)
			priority = then->priority;
	}
	for (size_t i = 0; i < rule->n_first; i++) {
		struct rank *first = rank_of(ranks, at, rule->first[i]);

		if (first == NULL)
			continue;
		if (first->depth + 1 > depth)
			depth = first->depth + 1;
		if (first->priority >= priority)
			continue;
		first->priority = priority;
		changed = true;
	}
	for (size_t i = 0; i < rule->n_vms; i++) {
		struct rank *then = rank_of(ranks, at, rule->vms[i]);

		if (then == NULL || then->depth >= depth)
			continue;
		then->depth = depth;
		changed = true;
	}
	return changed;
}

/* No chain is longer than there are rules; in a circle it ends all the same. */
static void
spread_all(const struct snapshot *snap, struct rank *ranks, const size_t *at)
{
	bool changed = true;

	for (size_t round = 0; changed && round <= snap->n_rules; round++) {
		changed = false;
		for (size_t r = 0; r < snap->n_rules; r++)
			if (snap->rules[r].kind == RULE_AFTER)
				changed |= spread(&snap->rules[r], ranks, at);
	}
}

/* A group counts as a whole, so that nobody comes between its VMs. */
static void
weigh_groups(struct rank *ranks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; ranks[i].group != SIZE_MAX && k < n; k++)
			if (k != i && ranks[k].group == ranks[i].group)
				ranks[i].group_kib += ranks[k].memory_kib;
}

void
order_init(struct start_order *order, const struct draft *draft)
{
	const struct snapshot *snap = draft->snap;
	struct rank *ranks = zeroed(snap->n_vms, sizeof(*ranks));
	size_t *at = zeroed(snap->n_vms, sizeof(*at)), n = 0;

	for (size_t vm = 0; vm < snap->n_vms; vm++) {
		at[vm] = SIZE_MAX;
		if (draft->vms[vm].phase != VM_LOST)
			continue;
		at[vm] = n;
		ranks[n++] = (struct rank){
			.vm = vm,
			.priority = snap->vms[vm].policy.priority,
			.begun = rule_group_has_begun(draft, vm),
			.group = rule_group(draft, vm),
			.group_kib = snap->vms[vm].memory_kib,
			.memory_kib = snap->vms[vm].memory_kib,
		};
	}
	weigh_groups(ranks, n);
	spread_all(snap, ranks, at);
	qsort(ranks, n, sizeof(*ranks), compare_ranks);
	for (size_t i = 0; i < n; i++)
		at[i] = ranks[i].vm;
	*order = (struct start_order){ .vms = at, .n = n };
	free(ranks);
}

void
order_done(struct start_order *order)
{
	free(order->vms);
}

/* --- one after another ---------------------------------------------------- */

static bool
has_member(const size_t *list, size_t n, size_t vm)
{
	size_t low = 0;

	while (n > 0) {
		size_t half = n / 2;

		if (list[low + half] == vm)
			return true;
		if (list[low + half] < vm) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return false;
}

/* Since it came to where it is now, as far as this life of the coordinator can
 * tell. */
static int64_t
record_age_ms(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (draft->vms[vm].phase != v->phase ||
	    draft->vms[vm].owner != v->owner)
		return 0;
	return v->record_age_ms < draft->snap->uptime_ms
		       ? v->record_age_ms
		       : draft->snap->uptime_ms;
}

static bool
is_seen_to_run(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;
	const struct snap_host *host = &draft->snap->hosts[owner];
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, owner);

	if (draft->states[owner] != HOST_UP || host->link != LINK_OK)
		return false;
	/* Started just now, and its host was not read since. */
	if (v->command_age_ms < VMS_FRESH_MS &&
	    host->vms_age_ms >= v->command_age_ms)
		return true;
	return host_vms_are_fresh(host) && seen != NULL &&
	       (seen->state == VM_STATE_RUNNING ||
		seen->state == VM_STATE_BLOCKED);
}

static bool
has_guest_agent(const struct draft *draft, size_t vm)
{
	const struct snap_sighting *seen =
		snapshot_sighting(draft->snap, vm, draft->vms[vm].owner);

	return seen != NULL && seen->guest_agent == GUEST_AGENT_CONNECTED;
}

/* NULL: it is ready, or shall not run; else what it is. */
static const char *
unready(const struct draft *draft, const struct snap_rule *rule, size_t first)
{
	const struct snap_vm *v = &draft->snap->vms[first];
	const struct draft_vm *d = &draft->vms[first];

	if (d->intent == INTENT_OFF || v->order == INTENT_OFF)
		return NULL;
	if (d->owner == NO_HOST)
		return "is not seen anywhere";
	if (d->phase == VM_LOST)
		return "is lost";
	if (d->phase == VM_STARTING)
		return "is being started";
	if (!is_seen_to_run(draft, first))
		return "is not seen to run";
	if (rule->wait_agent && !has_guest_agent(draft, first))
		return "has no guest agent connected yet";
	return record_age_ms(draft, first) < rule->delay_ms
		       ? "runs since a moment only"
		       : NULL;
}

/* One whose start failed had its turn; it does not wait anew. */
static bool
limit_is_over(const struct draft *draft, const struct snap_rule *rule,
	      size_t vm)
{
	return rule->limit_ms > 0 &&
	       (record_age_ms(draft, vm) >= rule->limit_ms ||
		draft->snap->vms[vm].start_failures > 0);
}

static enum order_verdict
judge_rule(const struct draft *draft, const struct snap_rule *rule, size_t vm,
	   char why[REASON_LEN])
{
	for (size_t i = 0; i < rule->n_first; i++) {
		size_t first = rule->first[i];
		const char *what =
			first == vm ? NULL : unready(draft, rule, first);

		if (what == NULL)
			continue;
		reason_set(why, "%s, which rule %s starts before it, %s",
			   draft->snap->vms[first].name, rule->name, what);
		return limit_is_over(draft, rule, vm) ? ORDER_RELEASED
						      : ORDER_WAITS;
	}
	return ORDER_FREE;
}

enum order_verdict
order_judge(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	enum order_verdict verdict = ORDER_FREE;

	why[0] = '\0';
	for (size_t r = 0; r < draft->snap->n_rules; r++) {
		const struct snap_rule *rule = &draft->snap->rules[r];

		if (rule->kind != RULE_AFTER ||
		    !has_member(rule->vms, rule->n_vms, vm))
			continue;
		char text[REASON_LEN];
		enum order_verdict one = judge_rule(draft, rule, vm, text);
		if (one == ORDER_FREE)
			continue;
		reason_set(why, "%s", text);
		if (one == ORDER_WAITS)
			return one;
		verdict = one;
	}
	return verdict;
}

void
raise_order(struct draft *draft, size_t vm, enum order_verdict verdict,
	    const char *why)
{
	const char *name = draft->snap->vms[vm].name;

	if (verdict == ORDER_FREE ||
	    (verdict == ORDER_WAITS &&
	     record_age_ms(draft, vm) < ORDER_PATIENCE_MS))
		return;
	struct plan_alarm *alarm = plan_add_alarm(draft->plan, SEVERITY_WARNING,
						  "start-order", name);
	reason_set(alarm->text,
		   verdict == ORDER_WAITS ? "%s waits: %s"
					  : "%s waits no longer, though %s",
		   name, why);
}

/* --- bounds --------------------------------------------------------------- */

bool
order_is_full(const struct draft *draft, size_t vm)
{
	const struct snapshot *snap = draft->snap;
	size_t cluster = snap->hosts[draft->vms[vm].owner].cluster;
	unsigned most = snap->clusters[cluster].policy.starts, n = 0;

	if (most == 0)
		return false;
	for (size_t h = 0; h < snap->n_hosts; h++)
		if (snap->hosts[h].cluster == cluster)
			n += draft->starts[h];
	return n >= most;
}

/* It goes nowhere but to its own host. */
static bool
stays_home(const struct draft *draft, size_t vm)
{
	return draft->snap->vms[vm].policy.host_fail == HOST_FAIL_WAIT ||
	       draft->snap->hosts[draft->vms[vm].owner].mass == MASS_WAIT;
}

void
order_hold(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (!v->has_definition || stays_home(draft, vm) ||
	    v->start_failures >= HOLD_FAILURES ||
	    record_age_ms(draft, vm) >= HOLD_ROOM_MS)
		return;
	size_t host = place_later(draft, vm);
	if (host == NO_HOST)
		return;
	draft->held_kib[host] += v->memory_kib;
	rulebook_count(draft->rules, vm, host, 1);
}
