/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/admission.h"

#include <stdlib.h>

#include "scheduler/policy/placement.h"
#include "scheduler/policy/timeouts.h"

#define NOBODY SIZE_MAX

enum {
	WORST_MORE = 3, /* beyond the hosts to lose: tried in their place */
	TRIES_MAX = 64, /* of those */
	NAMES_MAX = 6   /* hosts named in a text */
};

/* VMs with HA, the biggest first: the whole site's, and by owner. */
struct load {
	size_t *vms;
	size_t *from; /* by host, n_hosts + 1: of its run in `vms` */
	size_t *rank; /* by VM: its place among all */
};

struct trial {
	struct draft draft; /* a clone to break */
	struct load load;
	size_t *takers, n_takers;   /* hosts that can take VMs at all */
	size_t *losable, n_losable; /* hosts that can be lost */
	struct admission result;
	size_t *moved, n_moved; /* scratch: what a loss takes down */
};

static void *
zeroed(size_t n, size_t size)
{
	void *list = calloc(n ? n : 1, size);

	if (list == NULL)
		abort(); /* out of memory ends the process */
	return list;
}

/* --- what is at stake ----------------------------------------------------- */

/* HA would start it elsewhere.  What is bound to its host by local disks or
 * waits for it needs no room. */
static bool
needs_place(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct draft_vm *d = &draft->vms[vm];

	return d->owner != NO_HOST && d->intent == INTENT_RUN &&
	       d->phase != VM_LOST && v->shared_storage && v->policy.ha &&
	       v->policy.host_fail == HOST_FAIL_RECOVER &&
	       draft->states[d->owner] != HOST_DEAD;
}

struct weight {
	size_t vm, owner;
	size_t group; /* that must be together, as a whole; SIZE_MAX: none */
	uint64_t group_kib, memory_kib;
};

static int
compare_weights(const void *left, const void *right)
{
	const struct weight *a = left, *b = right;

	if (a->group_kib != b->group_kib)
		return a->group_kib > b->group_kib ? -1 : 1;
	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->memory_kib != b->memory_kib)
		return a->memory_kib > b->memory_kib ? -1 : 1;
	return a->vm < b->vm ? -1 : a->vm > b->vm;
}

static void
weigh_groups(const struct draft *draft, uint64_t *groups_kib)
{
	for (size_t vm = 0; vm < draft->snap->n_vms; vm++)
		if (rule_group(draft, vm) != SIZE_MAX && needs_place(draft, vm))
			groups_kib[rule_group(draft, vm)] +=
				draft->snap->vms[vm].memory_kib;
}

static struct weight
weight_of(const struct draft *draft, size_t vm, const uint64_t *groups_kib)
{
	uint64_t kib = draft->snap->vms[vm].memory_kib;
	size_t group = rule_group(draft, vm);

	return (struct weight){ vm, draft->vms[vm].owner, group,
				group != SIZE_MAX ? groups_kib[group] : kib,
				kib };
}

/* Sorted as a whole, then dealt out to the hosts in that order. */
static void
load_init(struct load *load, const struct draft *draft, size_t cluster)
{
	const struct snapshot *snap = draft->snap;
	struct weight *all = zeroed(snap->n_vms, sizeof(*all));
	uint64_t *groups_kib = zeroed(snap->n_rules, sizeof(*groups_kib));
	size_t n = 0;

	load->from = zeroed(snap->n_hosts + 2, sizeof(*load->from));
	load->rank = zeroed(snap->n_vms, sizeof(*load->rank));
	weigh_groups(draft, groups_kib);
	for (size_t vm = 0; vm < snap->n_vms; vm++) {
		size_t owner = draft->vms[vm].owner;

		if (!needs_place(draft, vm) ||
		    snap->hosts[owner].cluster != cluster)
			continue;
		all[n++] = weight_of(draft, vm, groups_kib);
		load->from[owner + 2]++;
	}
	qsort(all, n, sizeof(*all), compare_weights);
	for (size_t h = 0; h < snap->n_hosts; h++)
		load->from[h + 2] += load->from[h + 1];
	load->vms = zeroed(n, sizeof(*load->vms));
	for (size_t i = 0; i < n; i++) {
		load->rank[all[i].vm] = i;
		load->vms[load->from[all[i].owner + 1]++] = all[i].vm;
	}
	free(groups_kib);
	free(all);
}

static uint64_t
load_kib(const struct trial *trial, size_t host)
{
	const struct load *load = &trial->load;
	uint64_t kib = 0;

	for (size_t i = load->from[host]; i < load->from[host + 1]; i++)
		kib += trial->draft.snap->vms[load->vms[i]].memory_kib;
	return kib;
}

static void
trial_init(struct trial *trial, const struct draft *draft, size_t cluster)
{
	const struct snapshot *snap = draft->snap;

	*trial = (struct trial){ .result = { .survives = true, .vm = NOBODY } };
	draft_clone(&trial->draft, draft);
	load_init(&trial->load, draft, cluster);
	trial->takers = zeroed(snap->n_hosts, sizeof(*trial->takers));
	trial->losable = zeroed(snap->n_hosts, sizeof(*trial->losable));
	trial->moved = zeroed(snap->n_vms, sizeof(*trial->moved));
	for (size_t h = 0; h < snap->n_hosts; h++) {
		if (snap->hosts[h].cluster != cluster)
			continue;
		bool takes = host_refusal(draft, h) == NULL;
		if (takes)
			trial->takers[trial->n_takers++] = h;
		if (takes || trial->load.from[h + 1] > trial->load.from[h])
			trial->losable[trial->n_losable++] = h;
	}
}

static void
trial_done(struct trial *trial)
{
	draft_done(&trial->draft);
	free(trial->load.vms);
	free(trial->load.from);
	free(trial->load.rank);
	free(trial->takers);
	free(trial->losable);
	free(trial->moved);
}

/* --- one loss ------------------------------------------------------------- */

static bool
place_first(struct trial *trial, size_t vm)
{
	struct draft *draft = &trial->draft;
	uint64_t kib = draft->snap->vms[vm].memory_kib;

	for (size_t i = 0; i < trial->n_takers; i++) {
		size_t host = trial->takers[i];
		struct draft_vm want = draft->vms[vm];

		if (draft->states[host] != HOST_UP ||
		    draft_free_kib(draft, host) < kib ||
		    fit_refusal(draft, vm, host) != NULL)
			continue;
		want.owner = host;
		want.phase = VM_STARTING;
		draft_set(draft, vm, &want);
		return true;
	}
	return false;
}

/* The VMs of two lists that are in order, in order. */
static void
merge(struct trial *trial, const size_t *list, size_t n)
{
	const size_t *rank = trial->load.rank;
	size_t old = trial->n_moved, at = old + n;

	trial->n_moved = at;
	while (n > 0)
		if (old > 0 &&
		    rank[trial->moved[old - 1]] > rank[list[n - 1]]) {
			trial->moved[--at] = trial->moved[--old];
		} else {
			trial->moved[--at] = list[--n];
		}
}

static void
take_down(struct trial *trial, const size_t *hosts, size_t n)
{
	const struct load *load = &trial->load;

	trial->n_moved = 0;
	for (size_t i = 0; i < n; i++) {
		size_t from = load->from[hosts[i]];

		trial->draft.states[hosts[i]] = HOST_DEAD;
		merge(trial, &load->vms[from], load->from[hosts[i] + 1] - from);
	}
	for (size_t i = 0; i < trial->n_moved; i++) {
		struct draft_vm want = trial->draft.vms[trial->moved[i]];

		want.phase = VM_LOST;
		draft_set(&trial->draft, trial->moved[i], &want);
	}
}

static void
bring_back(struct trial *trial, const struct draft *from, const size_t *hosts,
	   size_t n)
{
	for (size_t i = 0; i < trial->n_moved; i++)
		draft_set(&trial->draft, trial->moved[i],
			  &from->vms[trial->moved[i]]);
	for (size_t i = 0; i < n; i++)
		trial->draft.states[hosts[i]] = from->states[hosts[i]];
}

/* False when a VM is left over: that is the result then. */
static bool
try_loss(struct trial *trial, const struct draft *from, const size_t *hosts,
	 size_t n)
{
	struct admission *result = &trial->result;

	take_down(trial, hosts, n);
	for (size_t i = 0; i < trial->n_moved && result->survives; i++) {
		if (place_first(trial, trial->moved[i]))
			continue;
		result->survives = false;
		result->vm = trial->moved[i];
		result->n_lost = n;
		for (size_t k = 0; k < n; k++)
			result->lost[k] = hosts[k];
	}
	bring_back(trial, from, hosts, n);
	return result->survives;
}

/* --- all of them ---------------------------------------------------------- */

/* Every choice of `n` out of the first `of` losable hosts. */
static void
try_all(struct trial *trial, const struct draft *from, size_t of, size_t n)
{
	size_t at[ADMISSION_HOSTS_MAX], hosts[ADMISSION_HOSTS_MAX];
	size_t tries = n > 2 ? TRIES_MAX : SIZE_MAX;

	for (size_t i = 0; i < n; i++)
		at[i] = i;
	while (tries-- > 0) {
		for (size_t i = 0; i < n; i++)
			hosts[i] = trial->losable[at[i]];
		if (!try_loss(trial, from, hosts, n))
			return;
		size_t i = n;
		while (i > 0 && at[i - 1] == of - n + i - 1)
			i--;
		if (i == 0)
			return;
		for (at[i - 1]++; i < n; i++)
			at[i] = at[i - 1] + 1;
	}
}

/* The `n` that carry most come to the front, in order. */
static void
worst_first(struct trial *trial, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t worst = i;

		for (size_t k = i + 1; k < trial->n_losable; k++)
			if (load_kib(trial, trial->losable[k]) >
			    load_kib(trial, trial->losable[worst]))
				worst = k;
		size_t host = trial->losable[worst];
		trial->losable[worst] = trial->losable[i];
		trial->losable[i] = host;
	}
}

struct admission
admission_try(const struct draft *draft, size_t cluster, unsigned hosts)
{
	struct trial trial;
	size_t n = hosts < ADMISSION_HOSTS_MAX ? hosts : ADMISSION_HOSTS_MAX;

	trial_init(&trial, draft, cluster);
	if (n > trial.n_losable)
		n = trial.n_losable;
	size_t of = trial.n_losable;
	if (n > 2 && of > n + WORST_MORE) {
		of = n + WORST_MORE;
		worst_first(&trial, of);
	}
	if (n > 0)
		try_all(&trial, draft, of, n);
	struct admission result = trial.result;
	trial_done(&trial);
	return result;
}

/* --- what is said --------------------------------------------------------- */

static void
say(const struct draft *draft, const struct admission *result,
    char why[REASON_LEN])
{
	const struct snapshot *snap = draft->snap;

	reason_set(why, "the loss of");
	for (size_t i = 0; i < result->n_lost && i < NAMES_MAX; i++)
		reason_add(why, "%s %s", i > 0 ? " and" : "",
			   snap->hosts[result->lost[i]].name);
	if (result->n_lost > NAMES_MAX)
		reason_add(why, " and %zu more", result->n_lost - NAMES_MAX);
	reason_add(why, " would leave no place for %s",
		   snap->vms[result->vm].name);
}

bool
admission_refuses(const struct draft *draft, size_t vm, size_t host,
		  char why[REASON_LEN])
{
	const struct snapshot *snap = draft->snap;
	size_t cluster = snap->hosts[host].cluster;
	unsigned hosts = snap->clusters[cluster].policy.survive_hosts;
	struct draft_vm want = { .owner = host,
				 .intent = INTENT_RUN,
				 .phase = VM_STARTING };
	struct draft with;

	if (hosts == 0 || !snap->clusters[cluster].ha)
		return false;
	draft_clone(&with, draft);
	draft_set(&with, vm, &want);
	struct admission result = admission_try(&with, cluster, hosts);
	if (!result.survives)
		say(draft, &result, why);
	draft_done(&with);
	return !result.survives;
}

static bool
refuses_anywhere(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	struct draft with;
	struct draft_vm want = draft->vms[vm];

	if (want.intent == INTENT_RUN || draft_occupies(draft, vm, want.owner))
		return false; /* its room is taken, or will be all the same */
	draft_clone(&with, draft);
	want.intent = INTENT_RUN;
	want.phase = VM_LOST;
	draft_set(&with, vm, &want);
	size_t host = place_later(&with, vm);
	if (host == NO_HOST)
		(void)place_vm(&with, vm, why);
	bool refused =
		host == NO_HOST || admission_refuses(&with, vm, host, why);
	draft_done(&with);
	return refused;
}

bool
admission_refuses_order(const struct snapshot *snap, size_t vm,
			char why[REASON_LEN])
{
	size_t owner = snap->vms[vm].owner;
	struct draft draft;

	if (owner == NO_HOST ||
	    !snap->clusters[snap->hosts[owner].cluster].ha ||
	    snap->clusters[snap->hosts[owner].cluster].policy.survive_hosts ==
		    0)
		return false;
	draft_init(&draft, snap);
	bool refused = refuses_anywhere(&draft, vm, why);
	plan_free(draft.plan);
	draft_done(&draft);
	return refused;
}

void
raise_admission(struct draft *draft)
{
	const struct snapshot *snap = draft->snap;
	char why[REASON_LEN];

	for (size_t c = 0; c < snap->n_clusters; c++) {
		unsigned hosts = snap->clusters[c].policy.survive_hosts;

		if (hosts == 0 || !snap->clusters[c].ha)
			continue;
		struct admission result = admission_try(draft, c, hosts);
		if (result.survives)
			continue;
		struct plan_alarm *alarm =
			plan_add_alarm(draft->plan, SEVERITY_WARNING,
				       "admission", snap->clusters[c].name);
		say(draft, &result, why);
		alarm->hold_ms = ADMISSION_HOLD_MS;
		reason_set(alarm->text, "%s: %s", snap->clusters[c].name, why);
	}
}
