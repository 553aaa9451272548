/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator orders of hosts, VMs and HA: on the disk before it counts.
 * The mind carries it out.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"
#include "scheduler/policy/admission.h"

#define SEE_STATUS  "'ironherd status' shows what is configured"
#define STORE_FIRST "nothing was changed: the store must work first"

static void
done(struct coordinator *co, struct api_reply *reply, json_t *body)
{
	coordinator_wake(co);
	coordinator_tell(co);
	api_reply_json(reply, body);
}

static void
refuse_unknown(struct api_reply *reply, const char *what, const char *name)
{
	char text[REASON_LEN];

	snprintf(text, sizeof(text), "there is no %s \"%s\"", what, name);
	api_reply_error(reply, 404, text, SEE_STATUS);
}

/* --- HA laid down and taken up ------------------------------------------- */

static void
write_arms(struct store *store, const char *cluster, bool armed, const char *by,
	   int64_t wall_ms)
{
	struct store_disarmed row = { .since_ms = wall_ms };

	snprintf(row.cluster, sizeof(row.cluster), "%s", cluster);
	snprintf(row.by, sizeof(row.by), "%s", by);
	if (armed)
		store_delete_disarmed(store, cluster);
	else
		store_put_disarmed(store, &row);
}

/* To say it twice changes nothing, also not the time since when. */
static void
set_arms(struct reg_cluster *cluster, bool armed, const char *by,
	 int64_t wall_ms)
{
	if (cluster->disarmed == !armed)
		return;
	cluster->disarmed = !armed;
	cluster->switch_ms = clock_mono_ms();
	cluster->disarmed_wall_ms = armed ? 0 : wall_ms;
	snprintf(cluster->disarmed_by, sizeof(cluster->disarmed_by), "%s",
		 armed ? "" : by);
}

void
operate_arm_set(void *arg, const char *name, bool armed,
		struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t cluster = registry_find_cluster(&co->reg, name);
	const char *by = api_reply_caller(reply);
	int64_t wall_ms = clock_wall_ms();
	char text[REASON_LEN];
	struct err err;

	if (cluster == SIZE_MAX) {
		refuse_unknown(reply, "cluster", name);
		return;
	}
	snprintf(text, sizeof(text), "HA of cluster %s %s by %s", name,
		 armed ? "armed" : "disarmed", by);
	const struct record_end order = {
		.kind = armed ? "ha-armed" : "ha-disarmed",
		.severity = SEVERITY_WARNING,
		.host = NO_HOST,
		.text = text,
	};
	store_begin(co->store);
	write_arms(co->store, name, armed, by, wall_ms);
	if (record_ordered(&co->reg, co->store, &order, wall_ms, &err) < 0) {
		api_reply_error(reply, 503, err.text, STORE_FIRST);
		return;
	}
	set_arms(&co->reg.clusters[cluster], armed, by, wall_ms);
	done(co, reply,
	     json_pack("{s:s, s:b}", "cluster", name, "armed", armed));
}

/* --- hosts ---------------------------------------------------------------- */

/* Record the host as it will be, then let it be so. */
static bool
change_host(struct coordinator *co, size_t index, const struct reg_host *after,
	    const char *kind, const char *text, struct api_reply *reply)
{
	const struct record_end order = {
		.kind = kind,
		.severity = SEVERITY_WARNING,
		.host = index,
		.text = text,
	};
	struct store_host row;
	struct err err;

	record_fill_host(after, &row);
	store_begin(co->store);
	store_put_host(co->store, &row);
	if (record_ordered(&co->reg, co->store, &order, clock_wall_ms(), &err) <
	    0) {
		api_reply_error(reply, 503, err.text, STORE_FIRST);
		return false;
	}
	co->reg.hosts[index] = *after;
	return true;
}

void
operate_maintenance_set(void *arg, const char *name, bool on,
			struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index = registry_find_host(&co->reg, name);
	char text[REASON_LEN];

	if (index == NO_HOST) {
		refuse_unknown(reply, "host", name);
		return;
	}
	struct reg_host after = co->reg.hosts[index];
	after.maintenance = on;
	snprintf(text, sizeof(text), "%s %s maintenance, ordered by %s", name,
		 on ? "enters" : "leaves", api_reply_caller(reply));
	if (change_host(co, index, &after,
			on ? "maintenance-enter" : "maintenance-leave", text,
			reply))
		done(co, reply,
		     json_pack("{s:s, s:b}", "host", name, "maintenance", on));
}

void
operate_release(void *arg, const char *name, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index = registry_find_host(&co->reg, name);
	char text[REASON_LEN];

	if (index == NO_HOST) {
		refuse_unknown(reply, "host", name);
		return;
	}
	struct reg_host after = co->reg.hosts[index];
	if (after.set_aside_ms <= clock_mono_ms()) {
		api_reply_error(reply, 409, "the host is not set aside",
				"only one that failed too often is");
		return;
	}
	after.set_aside_ms = after.set_aside_wall_ms = 0;
	snprintf(text, sizeof(text), "%s may take VMs again, ordered by %s",
		 name, api_reply_caller(reply));
	if (change_host(co, index, &after, "host-released", text, reply))
		done(co, reply,
		     json_pack("{s:s, s:b}", "host", name, "set_aside", false));
}

/* --- VMs ------------------------------------------------------------------ */

/* By name, or by uuid; NULL when it was refused. */
static struct reg_vm *
find_vm(struct coordinator *co, const char *name, struct api_reply *reply)
{
	struct reg_vm *found = registry_find_vm(&co->reg, name);

	for (size_t i = 0; found == NULL && i < co->reg.n_vms; i++) {
		if (strcmp(co->reg.vms[i].name, name) != 0)
			continue;
		found = &co->reg.vms[i];
		for (size_t k = i + 1; k < co->reg.n_vms; k++)
			if (strcmp(co->reg.vms[k].name, name) == 0) {
				api_reply_error(reply, 409,
						"more than one VM has that "
						"name",
						"give its UUID instead");
				return NULL;
			}
	}
	if (found == NULL)
		refuse_unknown(reply, "VM", name);
	return found;
}

static bool
is_shown_active(const struct reg_host *host, const char *uuid)
{
	const struct node_report *report = host->report;

	for (size_t i = 0; report != NULL && i < report->n_vms; i++)
		if (strcmp(report->vms[i].uuid, uuid) == 0)
			return vm_state_is_active(report->vms[i].state);
	return false;
}

/* Why its stop cannot be taken; NULL: it can.  One that may run is not ours to
 * end: only libvirt can ask the guest. */
static const char *
stop_refusal(const struct coordinator *co, const struct reg_vm *vm,
	     const char **ret_hint)
{
	const struct reg_host *owner =
		vm->owner == NO_HOST ? NULL : &co->reg.hosts[vm->owner];

	*ret_hint = "try again in some seconds";
	if (vm->starting)
		return "it is being started just now";
	if (vm->intent == INTENT_OFF || vm->phase == VM_LOST || owner == NULL ||
	    (owner->state != HOST_UP && owner->link != LINK_OK))
		return NULL;
	if (owner->link != LINK_OK)
		return "its host does not answer, and is not given up yet";
	if (!is_shown_active(owner, vm->uuid))
		return NULL;
	*ret_hint = "shut it down by libvirt, 'virsh shutdown': it stays off "
		    "then";
	return "it runs";
}

static const char *
start_refusal(const struct coordinator *co, const struct reg_vm *vm,
	      const char **ret_hint)
{
	*ret_hint = "start it by libvirt where it is, or wait for its host";
	if (vm->owner == NO_HOST)
		return "no host shows it";
	size_t cluster = co->reg.hosts[vm->owner].conf->cluster;
	*ret_hint = "'ironherd ha arm' first";
	return co->reg.clusters[cluster].disarmed
		       ? "HA of its cluster is disarmed"
		       : NULL;
}

/* The room is kept for the loss of hosts, and `why` says for which. */
static bool
is_refused_for_room(struct coordinator *co, const struct reg_vm *vm,
		    char why[REASON_LEN])
{
	struct snapshot *snap = freeze(&co->reg, clock_mono_ms());
	bool refused =
		admission_refuses_order(snap, (size_t)(vm - co->reg.vms), why);

	snapshot_free(snap);
	return refused;
}

static void
answer_vm(struct coordinator *co, const struct reg_vm *vm,
	  struct api_reply *reply)
{
	const struct reg_host *owner =
		vm->owner == NO_HOST ? NULL : &co->reg.hosts[vm->owner];

	done(co, reply,
	     json_pack("{s:s, s:s, s:s?, s:s, s:s}", "vm", vm->name, "uuid",
		       vm->uuid, "host",
		       owner != NULL ? owner->conf->name : NULL, "order",
		       vm_intent_name(vm->order), "host_state",
		       owner != NULL ? host_state_name(owner->state) : ""));
}

void
operate_vm_set(void *arg, const char *name, bool run, struct api_reply *reply)
{
	struct coordinator *co = arg;
	struct reg_vm *vm = find_vm(co, name, reply);
	char text[REASON_LEN];
	const char *hint;
	struct err err;

	if (vm == NULL)
		return;
	const char *refusal = run ? start_refusal(co, vm, &hint)
				  : stop_refusal(co, vm, &hint);
	if (refusal != NULL) {
		api_reply_error(reply, 409, refusal, hint);
		return;
	}
	if (run && is_refused_for_room(co, vm, text)) {
		api_reply_error(reply, 409, text,
				"its cluster has to survive the loss of hosts, "
				"see survive-hosts: stop other VMs first");
		return;
	}
	struct reg_vm after = *vm;
	after.order = run ? INTENT_RUN : INTENT_OFF;
	snprintf(text, sizeof(text), "%s is to %s, ordered by %s", vm->name,
		 run ? "run" : "stay off", api_reply_caller(reply));
	const struct record_end order = {
		.kind = "vm-order",
		.severity = SEVERITY_INFO,
		.host = vm->owner,
		.vm = &after,
		.text = text,
	};
	store_begin(co->store);
	if (record_ordered(&co->reg, co->store, &order, clock_wall_ms(), &err) <
	    0) {
		api_reply_error(reply, 503, err.text, STORE_FIRST);
		return;
	}
	vm->order = after.order;
	answer_vm(co, vm, reply);
}
