/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sel.c - a reading of the event log, one request after another:
 *
 *	sel_read	info, the last known record, then record by record
 *	sel_tail	info, the last record, then backwards by number as long
 *			as each record names the one behind it; where that
 *			ends too early, forwards through all of the log
 *
 * Each request waits in the BMC's queue anew, so that a long log keeps nobody
 * waiting.
 */
#include "ipmi/sel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "ipmi/bytes.h"
#include "ipmi/request.h"

enum {
	NETFN_STORAGE = 0x0a,
	GET_INFO = 0x40,
	GET_ENTRY = 0x43,
	FIRST = 0x0000,
	LAST = 0xffff,
	ABSENT = 0xcb,       /* completion code: no such record */
	OUT_OF_RANGE = 0xc9, /* the same from some */
	ERASING = 0x81
};

/* As they come; a ring of the last job->max. */
struct shelf {
	struct sel_entry *entries;
	uint16_t *ids; /* by which each can be asked for again */
	size_t n;      /* all that were put in */
};

enum step { STEP_KNOWN, STEP_FORWARD, STEP_BACKWARD };

struct sel_job {
	struct bmc *bmc;
	sel_fn fn;
	void *arg;
	uint64_t request;  /* under way */
	int64_t budget_ms; /* left for the requests to come */

	struct sel_position from;
	bool tail;
	size_t max;
	enum step step;
	struct sel_info info;
	struct sel_result result;

	uint16_t asked; /* the record under way */
	uint16_t newer; /* BACKWARD: the one behind it */
	uint8_t *seen;  /* a bit for each number read forwards */
	struct shelf forward, backward;
};

/* --- the end ------------------------------------------------------------- */

/* Of a log that could not be read through, the last ones that are known. */
static bool
tells_backward(const struct sel_job *job, enum ipmi_rc rc)
{
	return job->tail && (job->step == STEP_BACKWARD || rc != IPMI_OK);
}

static size_t
index_of(const struct sel_job *job, const struct shelf *shelf, size_t i,
	 size_t n)
{
	return shelf == &job->backward ? n - 1 - i
				       : (shelf->n - n + i) % job->max;
}

/* The oldest first. */
static void
tell(struct sel_job *job, const struct shelf *shelf, struct sel_entry *to)
{
	struct sel_position *position = &job->result.position;
	size_t n = shelf->n < job->max ? shelf->n : job->max;

	for (size_t i = 0; i < n; i++)
		to[i] = shelf->entries[index_of(job, shelf, i, n)];
	job->result.entries = to;
	job->result.n = n;
	if (n == 0)
		return;
	position->any = true;
	position->id = shelf->ids[index_of(job, shelf, n - 1, n)];
	memcpy(position->record, to[n - 1].record, SEL_RECORD_LEN);
}

static void
shelf_init(struct shelf *shelf, size_t max)
{
	shelf->entries = xcalloc(max, sizeof(*shelf->entries));
	shelf->ids = xcalloc(max, sizeof(*shelf->ids));
}

static void
shelf_done(struct shelf *shelf)
{
	free(shelf->entries);
	free(shelf->ids);
}

static void
job_free(struct sel_job *job)
{
	shelf_done(&job->forward);
	shelf_done(&job->backward);
	free(job->seen);
	free(job);
}

static void
finish(struct sel_job *job, enum ipmi_rc rc, const char *text)
{
	struct sel_entry *entries = xcalloc(job->max, sizeof(*entries));
	bool backward = tells_backward(job, rc);

	job->result.rc = rc;
	snprintf(job->result.text, sizeof(job->result.text), "%s", text);
	if (backward)
		job->result.more = false;
	tell(job, backward ? &job->backward : &job->forward, entries);
	job->fn(job->arg, &job->result);
	free(entries);
	job_free(job);
}

/* --- asking -------------------------------------------------------------- */

static void
ask(struct sel_job *job, const struct ipmi_request *request, request_fn came)
{
	job->request = job->budget_ms > 0
			       ? bmc_request(job->bmc, request, job->budget_ms,
					     came, job)
			       : 0;
	if (job->request != 0)
		return;
	if (job->budget_ms <= 0)
		finish(job, IPMI_TIMEOUT, "the log is longer than the time");
	else
		finish(job, IPMI_CANCELLED, "too much is waiting for this BMC");
}

static void record_came(void *arg, const struct ipmi_reply *reply);

static void
ask_record(struct sel_job *job, uint16_t id)
{
	const uint8_t data[] = { 0, 0, id & 0xff, id >> 8, 0, 0xff };
	const struct ipmi_request request = { NETFN_STORAGE, GET_ENTRY, data,
					      sizeof(data), false };

	job->asked = id;
	ask(job, &request, record_came);
}

/* --- a record came ------------------------------------------------------- */

/* The name by which it can be asked for again. */
static uint16_t
own_id(const struct sel_job *job, const uint8_t *record)
{
	return job->asked == FIRST || job->asked == LAST ? get_u16(record)
							 : job->asked;
}

static void
keep(const struct sel_job *job, struct shelf *shelf, const uint8_t *record)
{
	size_t at = shelf->n++ % job->max;

	shelf->ids[at] = own_id(job, record);
	sel_decode(record, &shelf->entries[at]);
}

static void
mark(struct sel_job *job, uint16_t id)
{
	job->seen[id / 8] |= (uint8_t)(1 << id % 8);
}

static bool
is_marked(const struct sel_job *job, uint16_t id)
{
	return job->seen[id / 8] & 1 << id % 8;
}

static void
go_on(struct sel_job *job, uint16_t next)
{
	job->step = STEP_FORWARD;
	if (next == LAST)
		finish(job, IPMI_OK, "");
	else if (next == FIRST || is_marked(job, next))
		finish(job, IPMI_BAD_REPLY,
		       "the BMC numbers the records of its log in a loop");
	else
		ask_record(job, next);
}

static void
read_from_first(struct sel_job *job)
{
	job->step = STEP_FORWARD;
	ask_record(job, FIRST);
}

static void
take_forward(struct sel_job *job, uint16_t next, const uint8_t *record)
{
	mark(job, own_id(job, record));
	keep(job, &job->forward, record);
	job->result.more = next != LAST;
	if (job->forward.n < (job->tail ? (size_t)SEL_WALK_MAX : job->max))
		go_on(job, next);
	else if (job->tail && next != LAST)
		finish(job, IPMI_BAD_REPLY,
		       "the log is too long to be read through");
	else
		finish(job, IPMI_OK, "");
}

static void
begin_anew(struct sel_job *job)
{
	job->result.erased = true;
	job->result.position.any = false;
	read_from_first(job);
}

/* The last record known: still there? */
static void
take_known(struct sel_job *job, uint16_t next, const uint8_t *record)
{
	if (memcmp(record, job->from.record, SEL_RECORD_LEN) != 0) {
		begin_anew(job);
		return;
	}
	mark(job, job->asked);
	go_on(job, next);
}

/* Numbers with gaps, or in another order: all of the log is read. */
static void
take_backward(struct sel_job *job, uint16_t next, const uint8_t *record)
{
	struct shelf *shelf = &job->backward;
	uint16_t id = own_id(job, record);

	if (shelf->n > 0 && next != job->newer) {
		read_from_first(job);
		return;
	}
	keep(job, shelf, record);
	job->newer = id;
	if (shelf->n == job->max || shelf->n >= job->info.entries)
		finish(job, IPMI_OK, "");
	else if (id <= 1)
		read_from_first(job);
	else
		ask_record(job, id - 1);
}

static void
take_record(struct sel_job *job, uint16_t next, const uint8_t *record)
{
	if (job->step == STEP_KNOWN)
		take_known(job, next, record);
	else if (job->step == STEP_BACKWARD)
		take_backward(job, next, record);
	else
		take_forward(job, next, record);
}

/* Not there, though others are. */
static void
take_absence(struct sel_job *job)
{
	if (job->step == STEP_KNOWN) {
		begin_anew(job);
	} else if (job->step == STEP_BACKWARD) {
		read_from_first(job);
	} else { /* emptied while it was read */
		job->result.more = false;
		finish(job, IPMI_OK, "");
	}
}

static bool
says_absent(const struct ipmi_reply *reply)
{
	return reply->rc == IPMI_CC &&
	       (reply->code == ABSENT || reply->code == OUT_OF_RANGE);
}

static void
fail(struct sel_job *job, const struct ipmi_reply *reply)
{
	bool erasing = reply->rc == IPMI_CC && reply->code == ERASING;

	job->result.code = reply->code;
	finish(job, reply->rc,
	       erasing ? "the log is being erased" : reply->text);
}

static void
spend(struct sel_job *job, const struct ipmi_reply *reply)
{
	job->budget_ms -= reply->done_ms - reply->asked_ms;
}

static void
record_came(void *arg, const struct ipmi_reply *reply)
{
	struct sel_job *job = arg;
	uint8_t record[SEL_RECORD_LEN];
	uint16_t next;

	spend(job, reply);
	if (says_absent(reply))
		take_absence(job);
	else if (reply->rc != IPMI_OK)
		fail(job, reply);
	else if (!sel_parse_record(reply->data, reply->len, &next, record))
		finish(job, IPMI_BAD_REPLY,
		       "the BMC's answer is no record of its log");
	else
		take_record(job, next, record);
}

/* --- info came ----------------------------------------------------------- */

static void
begin(struct sel_job *job)
{
	const struct sel_position *from = &job->from;
	bool erased = from->known && (from->erased_s != job->info.erased_s ||
				      (from->any && job->info.entries == 0));

	job->result.total = job->info.entries;
	job->result.overflow = job->info.overflow;
	job->result.erased = erased;
	job->result.position = *from;
	job->result.position.known = true;
	job->result.position.erased_s = job->info.erased_s;
	if (erased)
		job->result.position.any = false;

	if (job->info.entries == 0) {
		finish(job, IPMI_OK, "");
	} else if (job->tail) {
		job->step = STEP_BACKWARD;
		ask_record(job, LAST);
	} else if (from->known && from->any && !erased) {
		job->step = STEP_KNOWN;
		ask_record(job, from->id);
	} else {
		read_from_first(job);
	}
}

static void
info_came(void *arg, const struct ipmi_reply *reply)
{
	struct sel_job *job = arg;

	spend(job, reply);
	if (reply->rc != IPMI_OK)
		fail(job, reply);
	else if (!sel_parse_info(reply->data, reply->len, &job->info))
		finish(job, IPMI_BAD_REPLY,
		       "the BMC's answer is no state of a log");
	else
		begin(job);
}

static struct sel_job *
job_start(const struct sel_job *template, int64_t deadline_ms)
{
	static const struct ipmi_request request = { NETFN_STORAGE, GET_INFO,
						     NULL, 0, false };

	if (template->max == 0 || template->max > SEL_ENTRIES_MAX)
		return NULL;
	struct sel_job *job = xcalloc(1, sizeof(*job));
	*job = *template;
	job->budget_ms = deadline_ms > 0 ? deadline_ms : SEL_DEADLINE_MS;
	job->result.position = job->from;
	job->seen = xcalloc(0x10000 / 8, 1);
	shelf_init(&job->forward, job->max);
	if (job->tail)
		shelf_init(&job->backward, job->max);
	job->request =
		bmc_request(job->bmc, &request, job->budget_ms, info_came, job);
	if (job->request != 0)
		return job;
	job_free(job);
	return NULL;
}

struct sel_job *
sel_read(struct bmc *bmc, const struct sel_position *from, size_t max,
	 int64_t deadline_ms, sel_fn fn, void *arg)
{
	struct sel_job template = {
		.bmc = bmc, .fn = fn, .arg = arg, .max = max
	};

	if (from != NULL)
		template.from = *from;
	return job_start(&template, deadline_ms);
}

struct sel_job *
sel_tail(struct bmc *bmc, size_t max, int64_t deadline_ms, sel_fn fn, void *arg)
{
	const struct sel_job template = {
		.bmc = bmc, .fn = fn, .arg = arg, .max = max, .tail = true
	};

	return job_start(&template, deadline_ms);
}

void
sel_cancel(struct sel_job *job)
{
	bmc_cancel(job->bmc, job->request);
}
