/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/claims.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

struct claims {
	struct world *world;
	enum host_state *hosts; /* as last said */
	const char **vms;
	bool *starting;
	struct plan_alarm *alarms;
	size_t n_alarms;
};

struct claims *
claims_new(struct world *world)
{
	struct claims *claims = xcalloc(1, sizeof(*claims));

	claims->world = world;
	claims->hosts = xcalloc(world->n_hosts, sizeof(*claims->hosts));
	claims->vms = xcalloc(world->n_vms, sizeof(*claims->vms));
	claims->starting = xcalloc(world->n_vms, sizeof(*claims->starting));
	return claims;
}

void
claims_free(struct claims *claims)
{
	if (claims == NULL)
		return;
	free(claims->hosts);
	free(claims->vms);
	free(claims->starting);
	free(claims->alarms);
	free(claims);
}

void
claims_forget(struct claims *claims)
{
	memset(claims->hosts, 0,
	       claims->world->n_hosts * sizeof(*claims->hosts));
	memset(claims->vms, 0, claims->world->n_vms * sizeof(*claims->vms));
	claims->n_alarms = 0;
}

static void
say_host(const struct claims *claims, const char *event, const char *how,
	 const char *state, const char *name)
{
	trace_put(claims->world->trace,
		  &(struct trace_event){ .event = event,
					 .host = name,
					 .how = how,
					 .state = state });
}

void
claims_fence(struct claims *claims, const struct coordinator *co, size_t host)
{
	say_host(claims, "fence_req", NULL, NULL,
		 co->reg.hosts[host].conf->name);
}

static void
say_vm(const struct claims *claims, const char *event, size_t vm,
       const char *host, const char *state)
{
	trace_put(claims->world->trace,
		  &(struct trace_event){ .event = event,
					 .vm = claims->world->vms[vm].name,
					 .host = host,
					 .state = state });
}

void
claims_start(struct claims *claims, const struct coordinator *co, size_t host,
	     size_t vm)
{
	size_t index = world_find_uuid(claims->world, co->reg.vms[vm].uuid);

	claims->starting[index] = true;
	say_vm(claims, "start_cmd", index, co->reg.hosts[host].conf->name,
	       NULL);
}

/* --- states --------------------------------------------------------------- */

static const char *
host_word(const struct reg_host *host)
{
	static const char *const words[HOST_STATES] = {
		[HOST_NEW] = "unknown",      [HOST_UP] = "online",
		[HOST_SUSPECT] = "unknown",  [HOST_NO_AGENT] = "unknown",
		[HOST_ISOLATED] = "unknown", [HOST_FENCING] = "fencing",
		[HOST_DEAD] = "off",         [HOST_REJOINING] = "joining",
	};

	return words[host->state];
}

/* What entitled it, by the reason that the decision gave. */
static const char *
proof_word(const struct reg_host *host)
{
	return host->word_of[0] != '\0'                            ? "operator"
	       : strstr(host->state_reason, "lease ended") != NULL ? "lease"
								   : "bmc";
}

static void
look_at_host(struct claims *claims, const struct reg_host *host, size_t i)
{
	enum host_state before = claims->hosts[i];
	const char *name = host->conf->name;

	if (host->state == before)
		return;
	claims->hosts[i] = host->state;
	if (host->state == HOST_DEAD)
		say_host(claims, "fence_ok", proof_word(host), NULL, name);
	if ((host->state == HOST_UP || host->state == HOST_REJOINING) &&
	    host->link == LINK_OK && before != HOST_REJOINING)
		say_host(claims, "joined", NULL, NULL, name);
	say_host(claims, "host_state", NULL, host_word(host), name);
}

static bool
needs_person(const struct coordinator *co, const struct reg_vm *vm)
{
	for (size_t i = 0; i < co->reg.n_alarms; i++)
		if (co->reg.alarms[i].told &&
		    strcmp(co->reg.alarms[i].alarm.subject, vm->name) == 0)
			return true;
	return false;
}

/* It brought hosts down, and waits for a person, not for room. */
static bool
is_set_aside(const struct coordinator *co, const struct reg_vm *vm)
{
	for (size_t i = 0; i < co->reg.n_alarms; i++)
		if (strcmp(co->reg.alarms[i].alarm.kind, "vm-poison") == 0 &&
		    strcmp(co->reg.alarms[i].alarm.subject, vm->name) == 0)
			return true;
	return false;
}

static const char *
vm_word(const struct coordinator *co, const struct reg_vm *vm)
{
	if (vm->intent == INTENT_OFF)
		return "stopped";
	if (vm->phase != VM_SETTLED)
		return is_set_aside(co, vm) ? "error" : "pending";
	return needs_person(co, vm) ? "error" : "running";
}

static void
look_at_vm(struct claims *claims, const struct coordinator *co,
	   const struct reg_vm *vm)
{
	size_t i = world_find_uuid(claims->world, vm->uuid);
	const char *word = vm_word(co, vm);

	if (i == WORLD_NONE)
		return;
	if (claims->starting[i] && !vm->starting) {
		claims->starting[i] = false;
		say_vm(claims, "start_done", i,
		       vm->owner != NO_HOST
			       ? co->reg.hosts[vm->owner].conf->name
			       : "",
		       NULL);
	}
	if (claims->vms[i] == word)
		return;
	claims->vms[i] = word;
	say_vm(claims, "vm_state", i, NULL, word);
}

/* --- alarms --------------------------------------------------------------- */

static bool
was_said(const struct claims *claims, const struct plan_alarm *alarm)
{
	for (size_t i = 0; i < claims->n_alarms; i++)
		if (strcmp(claims->alarms[i].kind, alarm->kind) == 0 &&
		    strcmp(claims->alarms[i].subject, alarm->subject) == 0)
			return true;
	return false;
}

/* The scenarios name what is wrong, where we name the thing. */
static const char *
about(const struct plan_alarm *alarm)
{
	if (strcmp(alarm->kind, "storage-fault") == 0)
		return "storage";
	if (strcmp(alarm->kind, "fence-held") == 0 &&
	    strstr(alarm->text, "together") != NULL)
		return "mass_disconnect";
	return alarm->subject;
}

static void
look_at_alarms(struct claims *claims, const struct coordinator *co)
{
	struct plan_alarm *now =
		xcalloc(co->reg.n_alarms, sizeof(struct plan_alarm));
	size_t n = 0;

	for (size_t i = 0; i < co->reg.n_alarms; i++) {
		const struct reg_alarm *a = &co->reg.alarms[i];

		if (!a->told)
			continue;
		now[n++] = a->alarm;
		if (!was_said(claims, &a->alarm))
			trace_put(claims->world->trace,
				  &(struct trace_event){
					  .event = "alarm",
					  .about = about(&a->alarm),
					  .what = a->alarm.kind });
	}
	free(claims->alarms);
	claims->alarms = now;
	claims->n_alarms = n;
}

void
claims_look(struct claims *claims, const struct coordinator *co)
{
	for (size_t i = 0; i < co->reg.n_hosts; i++)
		look_at_host(claims, &co->reg.hosts[i],
			     world_find_host(claims->world,
					     co->reg.hosts[i].conf->name));
	for (size_t i = 0; i < co->reg.n_vms; i++)
		look_at_vm(claims, co, &co->reg.vms[i]);
	look_at_alarms(claims, co);
}
