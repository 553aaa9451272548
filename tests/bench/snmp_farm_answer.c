/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All agents of the farm serve one report, so an answer is made once and kept
 * under its question: the farm must not cost more than those who ask it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "tests/bench/snmp_farm.h"

enum {
	BINDS_MAX = 100,        /* snmpd's own bound on a GETBULK */
	ANSWER_MAX = 60 * 1024, /* what a datagram holds, less the head */
	BUCKETS = 4096,
	HEAD_LEN = 5, /* of a question: all but its variables */
	QUESTION_MAX = 4096,
	SLOTS = 16,
	SOURCES = 8
};

struct kept {
	struct kept *next;
	size_t question_len, len;
	uint8_t bytes[]; /* question, then answer */
};

static struct node_report *report;
static struct kept *buckets[BUCKETS];

/* --- the report ---------------------------------------------------------- */

static void
fill_scalars(void)
{
	static const struct report_host host = {
		.name = "bench",
		.uuid = "6f1d1c52-6b5e-4a36-9f35-00000000be7c",
		.boot_id = "0c4e7c3f-8f2a-4f0e-a7b1-00000000b007",
		.agent_version = "0.1.0",
		.agent_start_s = 1700000000,
		.sample_seq = 4711,
		.sample_age_ms = 900,
		.layout_revision = 12,
		.vm_revision = 31,
		.uptime_s = 8640000,
		.health = HEALTH_OK,
	};
	static const struct report_cpu cpu = {
		.vendor = "GenuineIntel",
		.model_name = "Intel(R) Xeon(R) Gold 6254 CPU @ 3.10GHz",
		.family = 6,
		.model = 85,
		.stepping = 7,
		.microcode = "0x5003604",
		.uniform = true,
		.online = 72,
	};

	report->host = host;
	report->cpu = cpu;
	report->load.psi_present = true;
	report->load.cpu_use_pm = 437;
	report->load.mem_total_kib = 402653184;
	report->load.mem_free_kib = 31457280;
	report->load.mem_available_kib = 83886080;
	report->capacity.cpus = 72;
	report->capacity.memory_kib = 402653184;
	report->bmc.present = report->bmc.reachable = true;
	snprintf(report->bmc.device, sizeof(report->bmc.device), "/dev/ipmi0");
	report->bmc.power = REPORT_POWER_ON;
}

static void
fill_vms(size_t n)
{
	report->vms = xcalloc(n + 1, sizeof(*report->vms));
	report->n_vms = n;
	for (size_t i = 0; i < n; i++) {
		struct report_vm *vm = &report->vms[i];

		vm->index = (uint32_t)(100 + 7 * i);
		snprintf(vm->uuid, sizeof(vm->uuid),
			 "6f1d1c52-6b5e-4a36-9f35-%012x", (unsigned)i);
		snprintf(vm->name, sizeof(vm->name), "vm-%03zu.example.net", i);
		vm->state = VM_STATE_RUNNING;
		vm->reason = VM_REASON_NONE;
		vm->vcpus = 4;
		vm->memory_kib = vm->memory_now_kib = 8388608;
		vm->cpu_time_ms = 123456789 + i;
		vm->cpu_use_pm = 317;
		memset(vm->definition_hash, 'a', REPORT_HASH_LEN - 1);
		vm->persistent = vm->shared_storage = true;
	}
}

static void
fill_storage(void)
{
	enum { DATASTORES = 2 };

	report->datastores = xcalloc(DATASTORES, sizeof(*report->datastores));
	report->n_datastores = DATASTORES;
	report->heartbeats = xcalloc((size_t)DATASTORES * SLOTS,
				     sizeof(*report->heartbeats));
	report->n_heartbeats = (size_t)DATASTORES * SLOTS;
	for (size_t i = 0; i < DATASTORES; i++) {
		struct report_datastore *ds = &report->datastores[i];

		ds->index = (uint32_t)i + 1;
		snprintf(ds->name, sizeof(ds->name), "nfs%zu", i + 1);
		snprintf(ds->path, sizeof(ds->path), "/srv/nfs%zu", i + 1);
		ds->state = DATASTORE_OK;
		ds->probe_us = 1800;
		ds->age_ms = 400;
		ds->writes = 8640000;
		for (size_t slot = 0; slot < SLOTS; slot++) {
			struct report_heartbeat *beat =
				&report->heartbeats[i * SLOTS + slot];

			beat->datastore = ds->index;
			beat->slot = (uint32_t)slot;
			snprintf(beat->host_uuid, sizeof(beat->host_uuid),
				 "6f1d1c52-6b5e-4a36-9f35-%012x",
				 (unsigned)slot);
			snprintf(beat->boot_id, sizeof(beat->boot_id),
				 "0c4e7c3f-8f2a-4f0e-a7b1-%012x",
				 (unsigned)slot);
			beat->sequence = 8640000 + slot;
			beat->age_ms = 700;
		}
	}
}

static void
fill_sources(size_t n)
{
	static const char *const sources[SOURCES] = { "host",    "machine",
						      "libvirt", "capabilities",
						      "storage", "bmc",
						      "inform",  "state" };

	report->sources = xcalloc(n, sizeof(*report->sources));
	report->n_sources = n;
	for (size_t i = 0; i < n; i++) {
		struct report_source *source = &report->sources[i];

		source->index = (uint32_t)i + 1;
		snprintf(source->name, sizeof(source->name), "%s", sources[i]);
		source->status = HEALTH_OK;
		source->age_ms = 900;
		source->read_us = 340;
	}
}

static void
fill_numa(void)
{
	report->numa = xcalloc(1, sizeof(*report->numa));
	report->n_numa = 1;
	snprintf(report->numa[0].cpus, sizeof(report->numa[0].cpus), "0-71");
	report->numa[0].cpu_count = 72;
	report->numa[0].mem_total_kib = 402653184;
	report->numa[0].mem_free_kib = 31457280;
}

void
answer_start(size_t n_vms)
{
	report = node_report_new();
	fill_scalars();
	fill_sources(n_vms == 0 ? 1 : SOURCES);
	if (n_vms == 0)
		return;
	fill_vms(n_vms);
	fill_storage();
	fill_numa();
}

/* --- variables ----------------------------------------------------------- */

struct bind {
	struct codec_oid name;
	struct codec_value value;
	unsigned absent; /* its tag; 0: there is a value */
};

static struct bind binds[BINDS_MAX];
static size_t n_binds;

static void
put_value(struct ber_out *out, const struct codec_value *value)
{
	switch (value->type) {
	case CODEC_INTEGER:
		ber_put_integer(out, BER_INTEGER, value->integer);
		break;
	case CODEC_UNSIGNED:
		ber_put_unsigned(out, BER_GAUGE, value->number);
		break;
	case CODEC_COUNTER64:
		ber_put_unsigned(out, BER_COUNTER64, value->number);
		break;
	case CODEC_OCTETS:
		ber_put_bytes(out, BER_OCTETS, value->octets, value->n_octets);
		break;
	case CODEC_OID:
		ber_put_oid(out, value->oid);
		break;
	default:
		abort();
	}
}

static void
put_bind(struct ber_out *out, const struct bind *bind)
{
	const uint8_t *end = out->at;

	if (bind->absent != 0)
		ber_put_head(out, bind->absent, 0);
	else
		put_value(out, &bind->value);
	ber_put_oid(out, &bind->name);
	ber_put_head(out, BER_SEQUENCE, (size_t)(end - out->at));
}

static void
add_exact(const struct codec_oid *name)
{
	struct bind *bind = &binds[n_binds++];

	bind->name = *name;
	bind->absent = codec_get(report, 0, name, &bind->value) < 0
			       ? BER_NO_OBJECT
			       : 0;
}

/* `name` moves on. */
static void
add_next(struct codec_oid *name)
{
	struct bind *bind = &binds[n_binds++];

	bind->absent = codec_next(report, 0, name, name, &bind->value) < 0
			       ? BER_END_OF_VIEW
			       : 0;
	bind->name = *name;
}

static size_t
take_names(struct ber_in variables, struct codec_oid names[BINDS_MAX])
{
	size_t n = 0;

	while (variables.at < variables.end && n < BINDS_MAX) {
		struct ber_in bind = ber_take(&variables, BER_SEQUENCE);

		ber_take_oid(&bind, &names[n]);
		if (bind.bad)
			break;
		n++;
	}
	return n;
}

static void
collect(uint8_t command, int64_t fixed, int64_t repetitions,
	struct ber_in variables)
{
	static struct codec_oid names[BINDS_MAX];
	size_t n = take_names(variables, names), first = n;

	n_binds = 0;
	if (command == PDU_GETBULK)
		first = fixed < (int64_t)n ? (size_t)fixed : n;
	for (size_t i = 0; i < first; i++)
		if (command == PDU_GET)
			add_exact(&names[i]);
		else
			add_next(&names[i]);
	if (first == n)
		return;
	for (int64_t r = 0; r < repetitions; r++)
		for (size_t i = first; i < n; i++)
			if (n_binds < BINDS_MAX)
				add_next(&names[i]);
}

static struct ber_out
encode(uint8_t *space, size_t size)
{
	struct ber_out out = { space, space + size };

	for (size_t i = n_binds; i > 0; i--)
		put_bind(&out, &binds[i - 1]);
	return out;
}

/* --- answers ------------------------------------------------------------- */

static size_t
hash_of(const uint8_t *bytes, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash % BUCKETS;
}

static struct kept *
keep(size_t bucket, const uint8_t *question, size_t question_len,
     const struct ber_out *answer, const uint8_t *end)
{
	size_t len = (size_t)(end - answer->at);
	struct kept *kept = xcalloc(1, sizeof(*kept) + question_len + len);

	kept->next = buckets[bucket];
	kept->question_len = question_len;
	kept->len = len;
	memcpy(kept->bytes, question, question_len);
	memcpy(kept->bytes + question_len, answer->at, len);
	buckets[bucket] = kept;
	return kept;
}

static const struct kept *
find(size_t bucket, const uint8_t *question, size_t len)
{
	const struct kept *kept = buckets[bucket];

	while (kept != NULL && (kept->question_len != len ||
				memcmp(kept->bytes, question, len) != 0))
		kept = kept->next;
	return kept;
}

const uint8_t *
answer_to(uint8_t command, int64_t non_repeaters, int64_t repetitions,
	  struct ber_in variables, size_t *ret_len)
{
	static uint8_t space[2 * ANSWER_MAX];
	uint8_t question[QUESTION_MAX] = { command, (uint8_t)non_repeaters,
					   (uint8_t)(non_repeaters >> 8),
					   (uint8_t)repetitions,
					   (uint8_t)(repetitions >> 8) };
	size_t len = (size_t)(variables.end - variables.at);

	if (HEAD_LEN + len > sizeof(question) || non_repeaters >> 16 != 0 ||
	    repetitions >> 16 != 0)
		return NULL;
	memcpy(question + HEAD_LEN, variables.at, len);
	len += HEAD_LEN;

	size_t bucket = hash_of(question, len);
	const struct kept *kept = find(bucket, question, len);
	if (kept == NULL) {
		collect(command, non_repeaters, repetitions, variables);
		struct ber_out out = encode(space, sizeof(space));
		kept = keep(bucket, question, len, &out, space + sizeof(space));
	}
	*ret_len = kept->len;
	return kept->bytes + kept->question_len;
}
