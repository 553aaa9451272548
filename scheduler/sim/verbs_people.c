/* SPDX-License-Identifier: Apache-2.0 */
/* What users, operators and guests do at a moment of a scenario. */
#include <string.h>

#include "scheduler/coordinator/serve.h"
#include "scheduler/sim/reply.h"
#include "scheduler/sim/verbs_own.h"

/* --- operators ------------------------------------------------------------ */

static void
set_arms(struct moment *moment, bool armed)
{
	struct api_reply reply = { .refused = true };

	if (site_runs(moment->scenario->site))
		operate_arm_set(site_coordinator(moment->scenario->site), "c1",
				armed, &reply);
}

void
verb_ha_pause(struct moment *moment)
{
	set_arms(moment, false);
}

void
verb_ha_resume(struct moment *moment)
{
	set_arms(moment, true);
}

/* By the coordinator, which knows the rules and who may be dead. */
static bool
order_vm(struct moment *moment, bool run)
{
	struct api_reply reply = { .refused = true };

	if (site_runs(moment->scenario->site))
		operate_vm_set(site_coordinator(moment->scenario->site),
			       verb_text(moment, "vm"), run, &reply);
	return !reply.refused;
}

/* --- guests and their users ----------------------------------------------- */

static size_t
vm_of(const struct moment *moment)
{
	return world_find_vm(verb_world(moment), verb_text(moment, "vm"));
}

static void
end_vm(struct moment *moment, enum report_vm_reason reason)
{
	size_t host;

	if (world_runs_on(verb_world(moment), vm_of(moment), &host) > 0)
		world_destroy(verb_world(moment), host, vm_of(moment), reason);
}

void
verb_guest_shutdown(struct moment *moment)
{
	end_vm(moment, VM_REASON_SHUTDOWN);
}

void
verb_qemu_kill(struct moment *moment)
{
	end_vm(moment, VM_REASON_CRASHED);
}

void
verb_guest_crash(struct moment *moment)
{
	world_crash(verb_world(moment), vm_of(moment));
}

void
verb_guest_silent(struct moment *moment)
{
	verb_world(moment)->vms[vm_of(moment)].silent = true;
}

void
verb_external_move(struct moment *moment)
{
	world_migrate(verb_world(moment), vm_of(moment),
		      world_find_host(verb_world(moment),
				      verb_text(moment, "to")));
}

static bool
stop_by_user(struct moment *moment)
{
	size_t host;

	return world_runs_on(verb_world(moment), vm_of(moment), &host) > 0 &&
	       world_destroy(verb_world(moment), host, vm_of(moment),
			     VM_REASON_SHUTDOWN) == 0;
}

void
verb_vm_cmd(struct moment *moment)
{
	const char *op = verb_text(moment, "op");
	bool ok = false;

	if (strcmp(op, "start") == 0)
		ok = order_vm(moment, true);
	else if (strcmp(op, "stop") == 0)
		ok = stop_by_user(moment) || order_vm(moment, false);
	else if (strcmp(op, "migrate") == 0)
		ok = world_migrate(verb_world(moment), vm_of(moment),
				   world_find_host(verb_world(moment),
						   verb_text(moment, "to"))) ==
		     0;
	trace_put(verb_world(moment)->trace,
		  &(struct trace_event){ .event = "cmd_result",
					 .flag = "ok",
					 .is_set = ok,
					 .number = moment->number });
}
