/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/policy/timeouts.h"

void
snapshot_free(struct snapshot *snap)
{
	if (snap == NULL)
		return;
	for (size_t i = 0; i < snap->n_rules; i++) {
		free(snap->rules[i].vms);
		free(snap->rules[i].first);
		free(snap->rules[i].hosts);
	}
	free(snap->rules);
	free(snap->stores);
	free(snap->paths);
	free(snap->clusters);
	free(snap->hosts);
	free(snap->vms);
	free(snap->sightings);
	free(snap);
}

const char *
host_state_name(enum host_state state)
{
	static const char *const names[HOST_STATES] = {
		[HOST_NEW] = "new",           [HOST_UP] = "up",
		[HOST_SUSPECT] = "suspect",   [HOST_NO_AGENT] = "no-agent",
		[HOST_ISOLATED] = "isolated", [HOST_FENCING] = "fencing",
		[HOST_DEAD] = "dead",         [HOST_REJOINING] = "rejoining",
	};

	return (unsigned)state < HOST_STATES ? names[state] : "unknown";
}

const char *
vm_phase_name(enum vm_phase phase)
{
	static const char *const names[VM_PHASES] = {
		[VM_SETTLED] = "settled",
		[VM_LOST] = "lost",
		[VM_STARTING] = "starting",
		[VM_STOPPING] = "stopping",
	};

	return (unsigned)phase < VM_PHASES ? names[phase] : "unknown";
}

const char *
vm_intent_name(enum vm_intent intent)
{
	return intent == INTENT_RUN   ? "run"
	       : intent == INTENT_OFF ? "off"
				      : "unknown";
}

const char *
mass_verdict_name(enum mass_verdict verdict)
{
	static const char *const names[MASS_VERDICTS] = {
		[MASS_NONE] = "none",
		[MASS_RECOVER] = "recover",
		[MASS_WAIT] = "wait",
	};

	return (unsigned)verdict < MASS_VERDICTS ? names[verdict] : "unknown";
}

const char *
power_state_name(enum power_state power)
{
	return power == POWER_ON    ? "on"
	       : power == POWER_OFF ? "off"
				    : "unknown";
}

bool
vm_state_is_active(enum report_vm_state state)
{
	switch (state) {
	case VM_STATE_RUNNING:
	case VM_STATE_BLOCKED:
	case VM_STATE_PAUSED:
	case VM_STATE_SHUTTING_DOWN:
	case VM_STATE_PM_SUSPENDED:
	case VM_STATE_CRASHED: /* panicked and preserved: QEMU is there */
		return true;
	case VM_STATE_UNKNOWN:
	case VM_STATE_NO_STATE:
	case VM_STATE_SHUT_OFF:
		break;
	}
	return false;
}

bool
host_report_is_fresh(const struct snap_host *host)
{
	return host->link == LINK_OK && host->boot[0] != '\0' &&
	       host->report_age_ms < REPORT_FRESH_MS &&
	       strcmp(host->report_boot, host->boot) == 0;
}

bool
host_vms_are_fresh(const struct snap_host *host)
{
	return host_report_is_fresh(host) && host->vms_age_ms < VMS_FRESH_MS;
}

static int
compare_sightings(const void *left, const void *right)
{
	const struct snap_sighting *a = left, *b = right;

	if (a->vm != b->vm)
		return a->vm < b->vm ? -1 : 1;
	return a->host < b->host ? -1 : a->host > b->host;
}

const struct snap_sighting *
snapshot_sighting(const struct snapshot *snap, size_t vm, size_t host)
{
	const struct snap_sighting key = { .vm = vm, .host = host };

	if (snap->n_sightings == 0)
		return NULL;
	return bsearch(&key, snap->sightings, snap->n_sightings, sizeof(key),
		       compare_sightings);
}

bool
snapshot_shows_active(const struct snapshot *snap, size_t vm, size_t host)
{
	const struct snap_sighting *seen = snapshot_sighting(snap, vm, host);

	return seen != NULL && vm_state_is_active(seen->state);
}
