/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guest_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "common/alloc.h"

#define EFFECT_MS 1000 /* an error and the pause it makes come together */

void
guest_table_init(struct guest_table *table)
{
	memset(table, 0, sizeof(*table));
	table->changed_ms = -1;
}

static void
forget_measures(struct guest *guest)
{
	guest_stats_done(&guest->stats);
	guest->measured = false;
	guest->ready_pm = REPORT_UNMEASURED;
	guest->liveness = LIVENESS_UNKNOWN;
}

static void
guest_init(struct guest *guest, uint32_t index)
{
	memset(guest, 0, sizeof(*guest));
	guest->index = index;
	guest->about.agent = GUEST_AGENT_UNKNOWN;
	guest->last_event = VM_EVENT_NONE;
	guest->event_ms = -1;
	forget_measures(guest);
}

static void
guest_done(struct guest *guest)
{
	vm_about_done(&guest->about);
	guest_stats_done(&guest->stats);
}

void
guest_table_done(struct guest_table *table)
{
	for (size_t i = 0; i < table->n; i++)
		guest_done(&table->guests[i]);
	free(table->guests);
	guest_table_init(table);
}

static int
by_index(const void *a, const void *b)
{
	const struct guest *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static struct guest *
find(const struct guest_table *table, uint32_t index)
{
	const struct guest key = { .index = index };

	return table->n == 0 ? NULL
			     : bsearch(&key, table->guests, table->n,
				       sizeof(key), by_index);
}

const struct guest *
guest_table_find(const struct guest_table *table, uint32_t index)
{
	return find(table, index);
}

/* --- the list ------------------------------------------------------------- */

/* Both are sorted: one walk moves what stays and drops what went. */
static void
take_rows(struct guest_table *table, const struct virt_reading *reading,
	  int64_t now_ms)
{
	struct guest *now = xcalloc(reading->n + 1, sizeof(*now));
	bool changed = false;
	size_t j = 0;

	for (size_t i = 0; i < reading->n; i++) {
		uint32_t index = reading->vms[i].index;

		for (; j < table->n && table->guests[j].index < index; j++) {
			changed = changed || table->guests[j].listed;
			guest_done(&table->guests[j]);
		}
		if (j < table->n && table->guests[j].index == index)
			now[i] = table->guests[j++];
		else
			guest_init(&now[i], index);
		changed = changed || !now[i].listed;
		now[i].listed = true;
		memcpy(now[i].uuid, reading->vms[i].uuid, sizeof(now[i].uuid));
	}
	for (; j < table->n; j++) {
		changed = changed || table->guests[j].listed;
		guest_done(&table->guests[j]);
	}
	free(table->guests);
	table->guests = now;
	table->n = reading->n;
	if (changed)
		table->changed_ms = now_ms;
}

static void
take_state(struct guest *guest, const struct report_vm *vm)
{
	bool running =
		vm->state == VM_STATE_RUNNING || vm->state == VM_STATE_BLOCKED;
	bool active = running || vm->state == VM_STATE_PAUSED ||
		      vm->state == VM_STATE_SHUTTING_DOWN ||
		      vm->state == VM_STATE_PM_SUSPENDED;

	if (guest->active && !active)
		forget_measures(guest);
	if (!guest->active && active)
		guest->boot++;
	if (!running) {
		const struct guest_sample sample = { .running = false };

		guest->liveness = guest_judge(&guest->watch, &sample);
	}
	guest->active = active;
	guest->running = running;
}

static void
take_told(struct guest_table *table, const json_t *vm, struct index *index)
{
	const json_t *about = json_object_get(vm, "about");
	char uuid[REPORT_UUID_LEN];

	if (uuid_parse(message_text(vm, "uuid"), uuid) < 0)
		return;
	struct guest *guest = find(table, index_of(index, INDEX_VM, uuid));
	if (guest == NULL)
		return;
	guest->cpu_ns = message_number(vm, "cpu_ns", INT64_MAX);
	guest->phase = (enum detail_vm_oper)message_number(vm, "phase",
							   VM_OPER_CRASHED);
	if (about == NULL)
		return;
	vm_about_done(&guest->about);
	vm_about_parse(about, &guest->about);
}

void
guest_table_list(struct guest_table *table, const json_t *reply,
		 struct index *index, const struct virt_reading *reading,
		 int64_t now_ms)
{
	const json_t *vm;
	size_t i;

	take_rows(table, reading, now_ms);
	for (i = 0; i < reading->n; i++)
		take_state(&table->guests[i], &reading->vms[i]);
	json_array_foreach (json_object_get(reply, "vms"), i, vm)
		take_told(table, vm, index);
	text_copy(table->hypervisor, sizeof(table->hypervisor),
		  message_text(reply, "hypervisor"));
	table->version = message_number(reply, "version", INT64_MAX);
}

/* --- what happens --------------------------------------------------------- */

/* An event can overtake the list. */
static struct guest *
find_or_add(struct guest_table *table, uint32_t index)
{
	struct guest *guest = find(table, index);
	size_t at = 0;

	if (guest != NULL || table->n >= REPORT_VMS_MAX)
		return guest;
	while (at < table->n && table->guests[at].index < index)
		at++;
	table->guests =
		xrealloc(table->guests, table->n + 1, sizeof(*table->guests));
	guest = &table->guests[at];
	memmove(guest + 1, guest, (table->n - at) * sizeof(*guest));
	guest_init(guest, index);
	table->n++;
	return guest;
}

/* An end that follows a panic, a pause that follows an error, is what that did:
 * the cause stays the last event. */
static bool
is_effect(const struct guest *guest, enum report_vm_event kind, int64_t now_ms)
{
	enum report_vm_event last = guest->last_event;

	if (kind == VM_EVENT_CRASHED)
		return last == VM_EVENT_PANICKED && guest->panicked;
	return kind == VM_EVENT_PAUSED &&
	       now_ms - guest->event_ms < EFFECT_MS &&
	       (last == VM_EVENT_IO_ERROR || last == VM_EVENT_NO_SPACE ||
		last == VM_EVENT_WATCHDOG);
}

void
guest_table_event(struct guest_table *table, uint32_t index,
		  enum report_vm_event kind, int64_t now_ms)
{
	if (kind <= VM_EVENT_NONE || kind > VM_EVENT_JOB_DONE)
		return;
	struct guest *guest = find_or_add(table, index);
	if (guest == NULL)
		return;
	guest->events++;
	if (is_effect(guest, kind, now_ms))
		return;
	guest->last_event = kind;
	guest->event_ms = now_ms;
	if (kind == VM_EVENT_STARTED || kind == VM_EVENT_REBOOTED) {
		guest->boot++;
		guest->panicked = false;
	}
	if (kind == VM_EVENT_PANICKED)
		guest->panicked = true;
}

/* --- what was measured ---------------------------------------------------- */

static void
judge(struct guest *guest, const struct guest_stats *before, int64_t now_ms)
{
	const struct guest_stats *stats = &guest->stats;
	struct guest_sample sample = {
		.at_ms = now_ms,
		.running = guest->running,
		.boot = guest->boot,
		.stats_period_s = guest->about.stats_period_s,
		.stats_stamp = stats->stamp,
		.has_vcpus = stats->n_cpus > 0,
		.n_vcpus = (uint32_t)stats->n_cpus,
		.cpu_ns = guest_stats_cpu_ns(stats),
		.busiest_ns = guest_stats_busiest_ns(stats, before),
		.agent = guest->about.agent,
		.panicked = guest->panicked,
	};

	if (before->ready_ns != GUEST_UNKNOWN &&
	    stats->ready_ns != GUEST_UNKNOWN &&
	    stats->ready_ns >= before->ready_ns)
		sample.waited_ns = stats->ready_ns - before->ready_ns;
	sample.has_counters = guest_stats_io(stats, &sample.io);
	guest->liveness = guest_judge(&guest->watch, &sample);
}

/* Per mille of one CPU, waited between two readings. */
static uint32_t
ready_between(const struct guest_stats *before, const struct guest_stats *now,
	      int64_t us)
{
	if (us <= 0 || before->ready_ns == GUEST_UNKNOWN ||
	    now->ready_ns == GUEST_UNKNOWN || now->ready_ns < before->ready_ns)
		return REPORT_UNMEASURED;
	uint64_t pm = (now->ready_ns - before->ready_ns) / (uint64_t)us;

	return pm < REPORT_UNMEASURED ? (uint32_t)pm : REPORT_UNMEASURED - 1;
}

static void
measure(struct guest *guest, const json_t *vm, int64_t at_us, int64_t now_ms)
{
	struct guest_stats before = guest->stats;

	guest_stats_parse(vm, &guest->stats);
	guest->ready_pm = guest->measured
				  ? ready_between(&before, &guest->stats,
						  at_us - guest->measured_us)
				  : REPORT_UNMEASURED;
	judge(guest, &before, now_ms);
	guest->measured = true;
	guest->measured_us = at_us;
	guest->measured_ms = now_ms;
	guest_stats_done(&before);
}

int
guest_table_measure(struct guest_table *table, const json_t *reply,
		    struct index *index, int64_t now_ms)
{
	const json_t *list = json_object_get(reply, "vms"), *vm;
	int64_t at_us = (int64_t)message_number(reply, "at_us", INT64_MAX);
	size_t i;

	if (!json_is_array(list))
		return -EPROTO;
	json_array_foreach (list, i, vm) {
		char uuid[REPORT_UUID_LEN];

		if (uuid_parse(message_text(vm, "uuid"), uuid) < 0)
			continue;
		struct guest *guest =
			find(table, index_of(index, INDEX_VM, uuid));
		if (guest != NULL && guest->active)
			measure(guest, vm, at_us, now_ms);
	}
	return 0;
}

/* --- the report ----------------------------------------------------------- */

static uint64_t
kib_of(uint64_t number)
{
	return number == GUEST_UNKNOWN ? REPORT_KIB_UNMEASURED : number;
}

static void
fill_measures(const struct guest *guest, struct report_vm *vm)
{
	const struct guest_stats *stats = &guest->stats;

	vm->cpu_ready_pm = guest->ready_pm;
	vm->rss_kib = kib_of(stats->rss_kib);
	vm->swapped_kib = kib_of(stats->swapped_kib);
	vm->memory_usable_kib = kib_of(stats->usable_kib);
	vm->dirty_mib_s = stats->dirty_mib_s;
	if (stats->has_numa)
		vm_numa_describe(&stats->numa, vm->numa_nodes,
				 sizeof(vm->numa_nodes), &vm->numa_local_pm);
}

static void
fill_vm(const struct guest *guest, int64_t now_ms, struct report_vm *vm)
{
	const struct vm_about *about = &guest->about;

	memcpy(vm->cpu_model, about->cpu_model, sizeof(vm->cpu_model));
	memcpy(vm->migration_blocker, about->blocker,
	       sizeof(vm->migration_blocker));
	vm->migration_blocked = about->blocker[0] != '\0';
	if (guest->active)
		vm->guest_agent = about->agent;
	if (guest->measured)
		fill_measures(guest, vm);
	vm->liveness = guest->liveness;
	vm->stats_age_ms = guest_stats_age(&guest->watch, now_ms);
	vm->events = guest->events;
	vm->last_event = guest->last_event;
	vm->last_event_age_ms = source_age(guest->event_ms, now_ms);
}

void
guest_table_fill(const struct guest_table *table, int64_t now_ms,
		 struct node_report *report)
{
	for (size_t i = 0; i < report->n_vms; i++) {
		const struct guest *guest = find(table, report->vms[i].index);

		if (guest != NULL)
			fill_vm(guest, now_ms, &report->vms[i]);
	}
}
