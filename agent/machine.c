/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

struct machine {
	struct loop *loop;
	struct loop_timer *timer;
	struct worker *worker; /* while one reads */
	const char *root;
	loop_fn changed;
	void *changed_arg;
	struct source source;
	int64_t asked_us;
	bool again;    /* something changed while it reads */
	json_t *reply; /* the last good one */
};

static void
put_numa(const json_t *list, struct node_report *report)
{
	size_t n = json_array_size(list);

	if (n > REPORT_NUMA_MAX)
		n = REPORT_NUMA_MAX;
	report->numa = xcalloc(n + 1, sizeof(*report->numa));
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct report_numa *row = &report->numa[report->n_numa];

		row->node = (uint32_t)message_number(from, "node", UINT16_MAX);
		/* hwloc gives them sorted; codec needs them so. */
		if (report->n_numa > 0 && row->node <= row[-1].node)
			continue;
		text_copy(row->cpus, sizeof(row->cpus),
			  message_text(from, "cpus"));
		row->cpu_count = (uint32_t)message_number(from, "cpu_count",
							  REPORT_CPUS_MAX);
		row->mem_total_kib =
			message_number(from, "mem_total_kib", INT64_MAX);
		report->n_numa++;
	}
}

static int
by_from_and_to(const void *a, const void *b)
{
	const struct report_distance *one = a, *other = b;

	if (one->from != other->from)
		return one->from < other->from ? -1 : 1;
	return one->to < other->to ? -1 : one->to > other->to;
}

static void
put_distances(const json_t *list, struct node_report *report)
{
	size_t n = json_array_size(list);
	const size_t most = (size_t)REPORT_NUMA_MAX * REPORT_NUMA_MAX;

	if (n > most)
		n = most;
	report->distances = xcalloc(n + 1, sizeof(*report->distances));
	report->n_distances = n;
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);

		report->distances[i] = (struct report_distance){
			.from = (uint32_t)message_number(from, "from",
							 UINT16_MAX),
			.to = (uint32_t)message_number(from, "to", UINT16_MAX),
			.value = (uint32_t)message_number(from, "value", 65535),
		};
	}
	qsort(report->distances, n, sizeof(*report->distances), by_from_and_to);
}

static void
put_cpu(const json_t *from, struct report_cpu *cpu)
{
	text_copy(cpu->vendor, sizeof(cpu->vendor),
		  message_text(from, "vendor"));
	text_copy(cpu->model_name, sizeof(cpu->model_name),
		  message_text(from, "model_name"));
	text_copy(cpu->microcode, sizeof(cpu->microcode),
		  message_text(from, "microcode"));
	cpu->family = (uint32_t)message_number(from, "family", UINT32_MAX);
	cpu->model = (uint32_t)message_number(from, "model", UINT32_MAX);
	cpu->stepping = (uint32_t)message_number(from, "stepping", UINT32_MAX);
	cpu->online = (uint32_t)message_number(from, "online", REPORT_CPUS_MAX);
	cpu->uniform = message_bool(from, "uniform");
}

void
machine_put_reply(const json_t *reply, struct node_report *report)
{
	const json_t *topology = json_object_get(reply, "topology");

	put_numa(json_object_get(topology, "numa"), report);
	put_distances(json_object_get(topology, "distances"), report);
	put_cpu(json_object_get(reply, "cpu"), &report->cpu);
}

static void
note_changes(const struct machine *machine, const json_t *reply)
{
	const json_t *now = json_object_get(reply, "cpu");
	const json_t *before = json_object_get(machine->reply, "cpu");

	if (message_bool(json_object_get(reply, "topology"), "broken") &&
	    machine->reply == NULL)
		log_warn("machine", "the firmware gives a CPU to two NUMA "
				    "nodes: the machine is taken as one node");
	if (before != NULL && now != NULL && !json_equal(before, now))
		log_warn("machine", "the CPUs' features, microcode or number "
				    "have changed since the last reading");
	if (!message_bool(now, "uniform") && now != NULL &&
	    (before == NULL || message_bool(before, "uniform")))
		log_warn("machine",
			 "the CPUs of this host differ in features or "
			 "microcode; what all of them have is reported");
}

static void
keep_reply(struct machine *machine, const json_t *reply)
{
	json_t *copy = json_object();

	/* What could not be read this time stays as it was. */
	json_object_update(copy, machine->reply);
	json_object_update(copy, (json_t *)reply);
	json_object_del(copy, "trouble");
	json_decref(machine->reply);
	machine->reply = copy;
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct machine *machine = arg;
	const json_t *cpu = json_object_get(reply, "cpu");
	const char *trouble =
		rc < 0 ? err->text : message_text(reply, "trouble");

	if (rc == 0 && trouble[0] == '\0')
		trouble = message_text(cpu, "trouble");
	if (rc == 0) {
		int64_t now_us = source_clock_us();

		source_succeed(&machine->source, now_us / 1000,
			       (uint64_t)(now_us - machine->asked_us));
		note_changes(machine, reply);
		keep_reply(machine, reply);
	}
	if (trouble[0] != '\0')
		source_fail(&machine->source, trouble);
	loop_timer_start(machine->timer, trouble[0] == '\0' ? MACHINE_PERIOD_MS
							    : MACHINE_RETRY_MS);
	worker_free(machine->worker); /* gives its memory back for an hour */
	machine->worker = NULL;
	if (machine->again)
		loop_timer_start(machine->timer, 0);
	machine->again = false;
	machine->changed(machine->changed_arg);
}

static void
ask(void *arg)
{
	struct machine *machine = arg;
	json_t *request = json_pack("{s:s}", "root", machine->root);

	machine->asked_us = source_clock_us();
	machine->worker = worker_new(machine->loop, "machine", NULL, NULL);
	int rc = worker_ask(machine->worker, request, MACHINE_DEADLINE_MS,
			    take_reply, machine);
	json_decref(request);
	if (rc < 0) {
		worker_free(machine->worker);
		machine->worker = NULL;
		source_fail(&machine->source, "cannot start a worker");
		loop_timer_start(machine->timer, MACHINE_RETRY_MS);
	}
}

struct machine *
machine_new(struct loop *loop, const char *root, loop_fn changed, void *arg)
{
	struct machine *machine = xcalloc(1, sizeof(*machine));

	machine->loop = loop;
	machine->root = root;
	machine->changed = changed;
	machine->changed_arg = arg;
	source_init(&machine->source, SOURCE_MACHINE, "machine",
		    MACHINE_PERIOD_MS + 2 * MACHINE_RETRY_MS);
	machine->timer = loop_timer_new(loop, ask, machine);
	loop_timer_start(machine->timer, 0);
	return machine;
}

void
machine_free(struct machine *machine)
{
	if (machine == NULL)
		return;
	worker_free(machine->worker);
	loop_timer_free(machine->timer);
	json_decref(machine->reply);
	free(machine);
}

void
machine_look(struct machine *machine)
{
	if (machine->worker != NULL)
		machine->again = true;
	else
		loop_timer_start(machine->timer, 0);
}

void
machine_fill(const struct machine *machine, struct node_report *report)
{
	if (machine->reply != NULL)
		machine_put_reply(machine->reply, report);
}

const json_t *
machine_features(const struct machine *machine)
{
	return json_object_get(json_object_get(machine->reply, "cpu"),
			       "features");
}

const json_t *
machine_packages(const struct machine *machine)
{
	return json_object_get(json_object_get(machine->reply, "cpu"),
			       "packages");
}

const json_t *
machine_things(const struct machine *machine)
{
	return json_object_get(machine->reply, "things");
}

const struct source *
machine_source(const struct machine *machine)
{
	return &machine->source;
}
