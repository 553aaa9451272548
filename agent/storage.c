/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/storage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/beats.h"
#include "agent/datastore.h"
#include "agent/space.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

enum {
	TICK_MS = 250,      /* how exactly "lost" is seen */
	SCAN_ALL_MS = 5000, /* how soon a new host's slot is seen */
};

struct store {
	struct storage *storage;
	const struct settings_datastore *config;
	uint32_t index;
	struct worker *worker;
	struct source source;
	struct datastore_times times;
	enum report_datastore_state state; /* as told last */
	int64_t due_ms, scan_due_ms;
	int64_t written_ms; /* -1: never */
	int64_t began_ms;   /* the probe under way, by CLOCK_BOOTTIME */
	uint32_t probe_us;
	uint64_t writes, errors;
	bool writing; /* the probe under way writes */
	struct claim claim;
	struct beats beats;
	struct space space;
};

struct storage {
	struct storage_options options;
	struct loop_timer *tick;
	struct store *stores; /* sorted by index */
	size_t n_stores;
	struct slot self; /* number is the store's */
};

/* --- what a probe found --------------------------------------------------- */

static bool
take_slot(const json_t *from, struct slot *ret_slot)
{
	memset(ret_slot, 0, sizeof(*ret_slot));
	ret_slot->number =
		(uint32_t)message_number(from, "slot", REPORT_HEARTBEATS_MAX);
	ret_slot->sequence = message_number(from, "sequence", INT64_MAX);
	text_copy(ret_slot->name, sizeof(ret_slot->name),
		  message_text(from, "name"));
	return uuid_parse(message_text(from, "uuid"), ret_slot->host_uuid) ==
		       0 &&
	       uuid_parse(message_text(from, "boot"), ret_slot->boot_id) == 0;
}

static void
report_claim(struct store *store, enum claim_state before)
{
	const struct slot *other = &store->claim.other;
	const char *name = store->config->name;

	if (store->claim.state == before)
		return;
	if (store->claim.state == CLAIM_WATCH)
		log_warn("storage",
			 "%s: slot %u was written by host %s (%s): watching it "
			 "before it is used",
			 name, other->number, other->name, other->host_uuid);
	else if (store->claim.state == CLAIM_OURS && before != CLAIM_UNKNOWN)
		log_warn("storage",
			 "%s: slot %u of host %s (%s) stands still: taken over",
			 name, other->number, other->name, other->host_uuid);
}

/* A torn slot was being written while we read it: it stays what it was. */
static void
keep_torn(struct store *store, uint32_t number)
{
	const struct beat *beat = beats_find(&store->beats, number);

	if (beat != NULL) {
		struct slot same = beat->slot;

		beats_put(&store->beats, &same, 0);
	}
}

static void
take_slots(struct store *store, const json_t *reply, int64_t now_ms)
{
	const json_t *slots = json_object_get(reply, "slots");
	const enum claim_state before = store->claim.state;
	const bool all = message_bool(reply, "all");
	struct slot slot, own;
	bool own_found = false;

	if (all)
		beats_begin(&store->beats);
	for (size_t i = 0; i < json_array_size(slots); i++) {
		const json_t *from = json_array_get(slots, i);

		if (!take_slot(from, &slot)) {
			keep_torn(store, slot.number);
			continue;
		}
		if (slot.number == store->config->slot) {
			own = slot;
			own_found = true;
		}
		beats_put(&store->beats, &slot, now_ms);
	}
	if (all)
		beats_end(&store->beats);
	claim_judge(&store->claim, &store->storage->self,
		    own_found ? &own : NULL, now_ms);
	report_claim(store, before);
}

static void
fail(struct store *store, const char *text)
{
	cleanup_free char *full =
		xasprintf("%s: %s", store->config->name, text);

	store->errors++;
	source_fail(&store->source, full);
}

static void
probe_failed(struct store *store, const json_t *reply)
{
	store->times.read_only = message_bool(reply, "read_only");
	fail(store, message_text(reply, "error"));
	if (store->times.read_only) { /* reading works, at least */
		take_slots(store, reply, clock_mono_ms());
		space_take(&store->space, reply);
	}
}

static void
tell_written(const struct store *store)
{
	const struct storage_options *options = &store->storage->options;

	if (options->written != NULL)
		options->written(options->arg, store->began_ms);
}

static void
probe_succeeded(struct store *store, const json_t *reply)
{
	int64_t now_ms = clock_mono_ms();
	uint64_t us = message_number(reply, "us", UINT32_MAX);

	store->times.read_only = false;
	store->times.good_ms = now_ms;
	store->times.took_ms = (int64_t)(us / 1000);
	store->probe_us = (uint32_t)us;
	if (store->writing) {
		store->written_ms = now_ms;
		store->writes++;
		tell_written(store);
	}
	take_slots(store, reply, now_ms);
	space_take(&store->space, reply);
	if (store->claim.state != CLAIM_FOREIGN) {
		source_succeed(&store->source, now_ms, us);
		return;
	}
	cleanup_free char *text =
		xasprintf("slot %u is in use by host %s (%s): give one of the "
			  "two another slot",
			  store->config->slot, store->claim.other.name,
			  store->claim.other.host_uuid);
	fail(store, text);
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct store *store = arg;
	int64_t now_ms = clock_mono_ms();

	store->times.asked_ms = -1;
	if (rc == -ETIMEDOUT)
		fail(store, "no answer from the storage: the probe hangs");
	else if (rc < 0)
		fail(store, err->text);
	else if (json_object_get(reply, "error") != NULL)
		probe_failed(store, reply);
	else
		probe_succeeded(store, reply);
	/* Keep the beat: the time of the probe counts into the period. */
	if (store->due_ms < now_ms)
		store->due_ms = now_ms + (rc < 0 ? DATASTORE_RETRY_MS : 0);
}

/* --- probing -------------------------------------------------------------- */

static json_t *
make_request(struct store *store, int64_t now_ms)
{
	const struct slot *self = &store->storage->self;
	bool all = now_ms >= store->scan_due_ms;

	if (all)
		store->scan_due_ms = now_ms + SCAN_ALL_MS;
	store->writing = store->claim.state == CLAIM_OURS;
	/* Counted before it is sent: a write that hangs and lands late must
	 * not carry the number of a later one. */
	if (store->writing)
		store->claim.sequence++;
	return json_pack("{s:s, s:b, s:b, s:I, s:I, s:s, s:s, s:o}", "path",
			 store->config->path, "all", all, "write",
			 store->writing, "slot",
			 (json_int_t)store->config->slot, "sequence",
			 (json_int_t)store->claim.sequence, "uuid",
			 self->host_uuid, "boot", self->boot_id, "name",
			 message_string(self->name));
}

static void
start_probe(struct store *store, int64_t now_ms)
{
	json_t *request = make_request(store, now_ms);

	store->began_ms = clock_boot_ms();
	int rc = worker_ask(store->worker, request, store->config->lost_ms,
			    take_reply, store);

	json_decref(request);
	if (rc == 0) {
		store->times.asked_ms = now_ms;
		/* The first probe only reads; the beat starts right behind. */
		store->due_ms = store->claim.state == CLAIM_UNKNOWN
					? now_ms
					: now_ms + DATASTORE_PERIOD_MS;
		return;
	}
	store->due_ms = now_ms + DATASTORE_RETRY_MS;
	fail(store, rc == -EAGAIN ? "earlier probes still hang in the kernel"
				  : "cannot start a worker");
}

static void
tell_state(struct store *store, int64_t now_ms)
{
	const struct storage_options *options = &store->storage->options;
	enum report_datastore_state state =
		datastore_state(&store->times, now_ms);

	if (state == store->state)
		return;
	log_info("storage", "%s: %s", store->config->name,
		 report_datastore_state_name(state));
	store->state = state;
	options->changed(options->arg, store->config->name, store->index,
			 state);
}

static void
tick(void *arg)
{
	struct storage *storage = arg;
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < storage->n_stores; i++) {
		struct store *store = &storage->stores[i];

		if (store->times.asked_ms < 0 && now_ms >= store->due_ms)
			start_probe(store, now_ms);
		tell_state(store, now_ms);
		space_look(&store->space,
			   storage->options.settings->system_root, store->state,
			   now_ms);
	}
	loop_timer_start(storage->tick, TICK_MS);
}

static void
store_init(struct store *store, struct storage *storage, struct loop *loop,
	   const struct settings_datastore *config)
{
	store->storage = storage;
	store->config = config;
	store->index =
		storage->options.index_of(storage->options.arg, config->name);
	store->worker = worker_new(loop, "storage", NULL, NULL);
	store->state = DATASTORE_UNKNOWN;
	store->written_ms = -1;
	space_init(&store->space);
	store->times = (struct datastore_times){
		.lost_ms = config->lost_ms,
		.started_ms = clock_mono_ms(),
		.good_ms = -1,
		.asked_ms = -1,
	};
	source_init(&store->source, SOURCE_STORAGE, "storage",
		    DATASTORE_STALE_MS);
}

static int
by_index(const void *a, const void *b)
{
	const struct store *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

struct storage *
storage_new(struct loop *loop, const struct storage_options *options)
{
	struct storage *storage = xcalloc(1, sizeof(*storage));
	const struct settings *settings = options->settings;

	storage->options = *options;
	text_copy(storage->self.host_uuid, sizeof(storage->self.host_uuid),
		  options->self->uuid);
	text_copy(storage->self.boot_id, sizeof(storage->self.boot_id),
		  options->self->boot_id);
	text_copy(storage->self.name, sizeof(storage->self.name),
		  options->self->name);
	storage->n_stores = settings->n_datastores;
	storage->stores =
		xcalloc(storage->n_stores + 1, sizeof(*storage->stores));
	for (size_t i = 0; i < storage->n_stores; i++)
		store_init(&storage->stores[i], storage, loop,
			   &settings->datastores[i]);
	/* Before the first callback: they keep the addresses. */
	qsort(storage->stores, storage->n_stores, sizeof(*storage->stores),
	      by_index);
	storage->tick = loop_timer_new(loop, tick, storage);
	if (storage->n_stores > 0)
		loop_timer_start(storage->tick, 0);
	return storage;
}

void
storage_free(struct storage *storage)
{
	if (storage == NULL)
		return;
	for (size_t i = 0; i < storage->n_stores; i++) {
		worker_free(storage->stores[i].worker);
		beats_done(&storage->stores[i].beats);
	}
	loop_timer_free(storage->tick);
	free(storage->stores);
	free(storage);
}

/* --- rows of the report --------------------------------------------------- */

static void
fill_store(const struct store *store, int64_t now_ms,
	   struct report_datastore *row)
{
	row->index = store->index;
	text_copy(row->name, sizeof(row->name), store->config->name);
	text_copy(row->path, sizeof(row->path), store->config->path);
	row->state = datastore_state(&store->times, now_ms);
	row->slot = store->config->slot;
	row->probe_us = store->probe_us;
	row->age_ms = source_age(store->written_ms, now_ms);
	row->writes = store->writes;
	row->errors = store->errors;
	space_fill(&store->space, row);
}

static void
fill_beats(const struct store *store, int64_t now_ms,
	   struct node_report *report)
{
	const char *self = store->storage->self.host_uuid;

	for (size_t i = 0; i < store->beats.n; i++) {
		const struct beat *beat = &store->beats.rows[i];

		if (strcmp(beat->slot.host_uuid, self) == 0 ||
		    report->n_heartbeats == REPORT_HEARTBEATS_MAX)
			continue;
		struct report_heartbeat *row =
			&report->heartbeats[report->n_heartbeats++];
		row->datastore = store->index;
		row->slot = beat->slot.number;
		memcpy(row->host_uuid, beat->slot.host_uuid,
		       sizeof(row->host_uuid));
		memcpy(row->boot_id, beat->slot.boot_id, sizeof(row->boot_id));
		row->sequence = beat->slot.sequence;
		row->age_ms = source_age(beat->changed_ms, now_ms);
	}
}

void
storage_fill(const struct storage *storage, int64_t now_ms,
	     struct node_report *report)
{
	size_t n_beats = 0;

	for (size_t i = 0; i < storage->n_stores; i++)
		n_beats += storage->stores[i].beats.n;
	if (n_beats > REPORT_HEARTBEATS_MAX)
		n_beats = REPORT_HEARTBEATS_MAX;
	report->datastores =
		xcalloc(storage->n_stores + 1, sizeof(*report->datastores));
	report->heartbeats = xcalloc(n_beats + 1, sizeof(*report->heartbeats));
	report->n_datastores = storage->n_stores;
	for (size_t i = 0; i < storage->n_stores; i++) {
		fill_store(&storage->stores[i], now_ms, &report->datastores[i]);
		fill_beats(&storage->stores[i], now_ms, report);
	}
}

bool
storage_describe(const struct storage *storage, int64_t now_ms,
		 struct report_source *ret_row)
{
	uint64_t failures = 0;

	for (size_t i = 0; i < storage->n_stores; i++) {
		struct report_source row;

		source_describe(&storage->stores[i].source, now_ms, &row);
		failures += row.failures;
		if (i == 0 || row.status > ret_row->status ||
		    (row.status == ret_row->status &&
		     row.age_ms > ret_row->age_ms))
			*ret_row = row;
	}
	if (storage->n_stores == 0)
		return false;
	ret_row->failures = failures;
	return true;
}
