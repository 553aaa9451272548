/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/placement.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/policy/paths.h"
#include "scheduler/policy/stops.h"
#include "scheduler/policy/timeouts.h"

enum {
	AGAINST_LEN = 128, /* what speaks against a host */
	AGAINST_MAX = 24,  /* such texts in one explanation */
	AGAINST_NAMES = 6  /* hosts named with each */
};

const char *
host_refusal(const struct draft *draft, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];

	if (draft->states[index] != HOST_UP)
		return host_state_name(draft->states[index]);
	if (host->maintenance)
		return "is in maintenance";
	if (host->set_aside)
		return "is set aside: it failed too often";
	if (host->link != LINK_OK)
		return "does not answer just now";
	if (host->stopping)
		return "is being shut down";
	if (!host_report_is_fresh(host))
		return "has no fresh report";
	if (!host_vms_are_fresh(host))
		return "has a libvirt that does not answer";
	if (host->cleaning)
		return "is being cleaned";
	return NULL;
}

const char *
fit_refusal(const struct draft *draft, size_t vm, size_t index)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const char *refusal = paths_refuse(draft, vm, index);

	if (refusal != NULL)
		return refusal;
	if (!v->shared_storage && index != draft->vms[vm].owner)
		return "cannot reach its local disks";
	refusal = rule_refusal(draft, vm, index);
	if (refusal != NULL)
		return refusal;
	uint64_t free_kib = draft_free_kib(draft, index);
	if (free_kib < v->memory_kib)
		return free_kib + draft->held_kib[index] < v->memory_kib
			       ? "has too little free memory"
			       : "keeps its room for one that comes first";
	return group_refusal(draft, vm, index);
}

const char *
busy_refusal(const struct draft *draft, size_t index)
{
	const struct snapshot *snap = draft->snap;
	unsigned most = snap->clusters[snap->hosts[index].cluster]
				.policy.starts_per_host;

	return draft->starts[index] >= (most ? most : STARTS_PER_HOST)
		       ? "is busy with other starts"
		       : NULL;
}

static const char *
lasting_refusal(const struct draft *draft, size_t vm, size_t index)
{
	const char *refusal = host_refusal(draft, index);

	return refusal != NULL ? refusal : fit_refusal(draft, vm, index);
}

const char *
place_refusal(const struct draft *draft, size_t vm, size_t index)
{
	const char *refusal = lasting_refusal(draft, vm, index);

	return refusal != NULL ? refusal : busy_refusal(draft, index);
}

/* Room left after the VM has come, per mille of the scarcer resource.  Each
 * VM on its way is taken to need a tenth of its CPUs until it is measured. */
static uint64_t
room_pm(const struct draft *draft, size_t vm, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];
	const struct snap_vm *v = &draft->snap->vms[vm];
	uint64_t mem = (draft_free_kib(draft, index) - v->memory_kib) * 1000 /
		       (host->memory_kib ? host->memory_kib : 1);
	uint64_t cpu_used = host->cpu_used_milli + UINT64_C(100) * v->vcpus +
			    UINT64_C(100) * draft->starts[index];
	uint64_t cpu =
		cpu_used < host->cpu_milli
			? (host->cpu_milli - cpu_used) * 1000 / host->cpu_milli
			: 0;

	return mem < cpu ? mem : cpu;
}

static bool
is_better(const struct draft *draft, size_t vm, size_t host, size_t best)
{
	size_t owner = draft->vms[vm].owner, last = last_choice(draft, vm);

	if (best == NO_HOST)
		return true;
	if ((host == last) != (best == last))
		return best == last;
	unsigned bent = rules_bent(draft, vm, host);
	unsigned bent_best = rules_bent(draft, vm, best);
	if (bent != bent_best)
		return bent < bent_best;
	if (host == owner || best == owner)
		return host == owner;

	uint64_t a = room_pm(draft, vm, host), b = room_pm(draft, vm, best);
	if (a != b)
		return a > b;
	return draft_free_kib(draft, host) > draft_free_kib(draft, best);
}

/* What speaks against a host, be it legal or not. */
static void
say_against(const struct draft *draft, size_t vm, size_t host, size_t best,
	    char text[AGAINST_LEN])
{
	const char *refusal = place_refusal(draft, vm, host);
	const char *rule = rule_bent(draft, vm, host);

	if (refusal != NULL)
		snprintf(text, AGAINST_LEN, "%s", refusal);
	else if (rule != NULL &&
		 rules_bent(draft, vm, host) > rules_bent(draft, vm, best))
		snprintf(text, AGAINST_LEN, "would bend rule %s", rule);
	else if (host == draft->snap->vms[vm].failed_on)
		snprintf(text, AGAINST_LEN, "failed to start it");
	else
		snprintf(text, AGAINST_LEN, "has less room");
}

static void
explain_best(const struct draft *draft, size_t vm, size_t best,
	     char why[REASON_LEN])
{
	const struct snap_host *host = &draft->snap->hosts[best];
	const char *rule = rule_bent(draft, vm, best);

	reason_set(why, "%s has %s (%llu of %llu MiB free)", host->name,
		   best == draft->vms[vm].owner ? "its definition"
						: "most room",
		   (unsigned long long)draft_free_kib(draft, best) / 1024,
		   (unsigned long long)host->memory_kib / 1024);
	if (rule != NULL)
		reason_add(why, ", though that bends rule %s", rule);
}

/* Hosts with the same against them. */
struct against {
	char text[AGAINST_LEN];
	size_t hosts[AGAINST_NAMES], n;
};

/* The one with this text; a site has more hosts than there are reasons, but
 * when there are too many the last one takes the rest. */
static struct against *
find_against(struct against *all, size_t *n, const char *text)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(all[i].text, text) == 0)
			return &all[i];
	if (*n == AGAINST_MAX)
		return &all[*n - 1];
	all[*n].n = 0;
	snprintf(all[*n].text, AGAINST_LEN, "%s", text);
	return &all[(*n)++];
}

static void
write_against(const struct snapshot *snap, const struct against *against,
	      char why[REASON_LEN])
{
	bool many = against->n > 2;

	if (many)
		reason_add(why, "%s%s:", why[0] != '\0' ? "; " : "",
			   against->text);
	for (size_t i = 0; i < against->n && i < AGAINST_NAMES; i++) {
		const char *name = snap->hosts[against->hosts[i]].name;

		if (many)
			reason_add(why, "%s %s", i > 0 ? "," : "", name);
		else
			reason_add(why, "%s%s %s", why[0] != '\0' ? "; " : "",
				   name, against->text);
	}
	if (against->n > AGAINST_NAMES)
		reason_add(why, " and %zu more", against->n - AGAINST_NAMES);
}

static void
explain(const struct draft *draft, size_t vm, size_t best, char why[REASON_LEN])
{
	const struct snapshot *snap = draft->snap;
	size_t cluster = snap->hosts[draft->vms[vm].owner].cluster, n = 0;
	struct against all[AGAINST_MAX];
	char text[AGAINST_LEN];

	why[0] = '\0';
	if (best != NO_HOST)
		explain_best(draft, vm, best, why);
	for (size_t h = 0; h < snap->n_hosts; h++) {
		if (h == best || snap->hosts[h].cluster != cluster)
			continue;
		say_against(draft, vm, h, best, text);
		struct against *against = find_against(all, &n, text);
		if (against->n < AGAINST_NAMES)
			against->hosts[against->n] = h;
		against->n++;
	}
	for (size_t i = 0; i < n; i++)
		write_against(snap, &all[i], why);
}

typedef const char *refusal_fn(const struct draft *draft, size_t vm,
			       size_t host);

static size_t
find_best(const struct draft *draft, size_t vm, refusal_fn *refusal)
{
	const struct snapshot *snap = draft->snap;
	size_t cluster = snap->hosts[draft->vms[vm].owner].cluster;
	size_t best = NO_HOST;

	for (size_t h = 0; h < snap->n_hosts; h++)
		if (snap->hosts[h].cluster == cluster &&
		    refusal(draft, vm, h) == NULL &&
		    is_better(draft, vm, h, best))
			best = h;
	return best;
}

size_t
place_vm(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	size_t best = find_best(draft, vm, place_refusal);

	explain(draft, vm, best, why);
	return best;
}

size_t
place_later(const struct draft *draft, size_t vm)
{
	return find_best(draft, vm, lasting_refusal);
}
