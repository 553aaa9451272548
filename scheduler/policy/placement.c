/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/placement.h"

#include "scheduler/policy/timeouts.h"

static uint64_t
free_kib(const struct draft *draft, size_t host)
{
	uint64_t all = draft->snap->hosts[host].memory_kib;
	uint64_t used = draft->used_kib[host];

	return used < all ? all - used : 0;
}

const char *
place_refusal(const struct draft *draft, size_t vm, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;

	if (draft->states[index] != HOST_UP)
		return host_state_name(draft->states[index]);
	if (host->link != LINK_OK)
		return "does not answer just now";
	if (host->maintenance)
		return "is in maintenance";
	if (host->set_aside)
		return "is set aside, it failed too often";
	if (host->stopping)
		return "is being shut down";
	if (!host_report_is_fresh(host))
		return "has no fresh report";
	if (!host_vms_are_fresh(host))
		return "has a libvirt that does not answer";
	if (host->storage_trouble[0] != '\0')
		return "has lost a datastore";
	if (host->cleaning)
		return "is being cleaned";
	if (!v->shared_storage && index != owner)
		return "cannot reach its local disks";
	if (free_kib(draft, index) < v->memory_kib)
		return "has too little free memory";
	if (draft->starts[index] >= STARTS_PER_HOST)
		return "is busy with other starts";
	return NULL;
}

/* Room left after the VM has come, per mille of the scarcer resource.  Each
 * VM on its way is taken to need a tenth of its CPUs until it is measured. */
static uint64_t
room_pm(const struct draft *draft, size_t vm, size_t index)
{
	const struct snap_host *host = &draft->snap->hosts[index];
	const struct snap_vm *v = &draft->snap->vms[vm];
	uint64_t mem = (free_kib(draft, index) - v->memory_kib) * 1000 /
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
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;

	if (best == NO_HOST)
		return true;
	if ((host == v->failed_on) != (best == v->failed_on))
		return best == v->failed_on;
	if (host == owner || best == owner)
		return host == owner;

	uint64_t a = room_pm(draft, vm, host), b = room_pm(draft, vm, best);
	if (a != b)
		return a > b;
	return free_kib(draft, host) > free_kib(draft, best);
}

static void
explain(const struct draft *draft, size_t vm, size_t best, char why[REASON_LEN])
{
	const struct snapshot *snap = draft->snap;

	why[0] = '\0';
	if (best != NO_HOST)
		reason_set(why, "%s has %s (%llu of %llu MiB free)",
			   snap->hosts[best].name,
			   best == draft->vms[vm].owner ? "its definition"
							: "most room",
			   (unsigned long long)free_kib(draft, best) / 1024,
			   (unsigned long long)snap->hosts[best].memory_kib /
				   1024);
	for (size_t h = 0; h < snap->n_hosts; h++) {
		if (h == best ||
		    snap->hosts[h].cluster !=
			    snap->hosts[draft->vms[vm].owner].cluster)
			continue;
		const char *refusal = place_refusal(draft, vm, h);
		reason_add(why, "%s%s %s", why[0] != '\0' ? "; " : "",
			   snap->hosts[h].name,
			   refusal != NULL ? refusal : "has less room");
	}
}

size_t
place_vm(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	const struct snapshot *snap = draft->snap;
	size_t cluster = snap->hosts[draft->vms[vm].owner].cluster;
	size_t best = NO_HOST;

	for (size_t h = 0; h < snap->n_hosts; h++)
		if (snap->hosts[h].cluster == cluster &&
		    place_refusal(draft, vm, h) == NULL &&
		    is_better(draft, vm, h, best))
			best = h;
	explain(draft, vm, best, why);
	return best;
}
