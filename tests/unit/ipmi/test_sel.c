/* SPDX-License-Identifier: Apache-2.0 */
/* The event log of a fake BMC: read on, erased, looped, from its end; and what
 * its records say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/power.h"
#include "ipmi/sel.h"
#include "tests/support/ipmi_fake.h"

enum { LOG_MAX = 600 };

/* --- a BMC with a log ---------------------------------------------------- */

struct sel_log {
	struct fake fake; /* first */
	struct bmc *bmc;
	size_t n;
	uint16_t ids[LOG_MAX];
	uint8_t marks[LOG_MAX]; /* data3: tells records apart */
	uint16_t last_next;     /* what the last record names; 0xffff */
	uint32_t erased_s;
	bool overflow;
	unsigned infos, records;
	uint8_t code; /* instead of a record, from record `code_from` */
	unsigned code_from;
	size_t record_len;                   /* of the answer; preset 19 */
	void (*before)(struct sel_log *log); /* each record */
	uint8_t last_data[6];                /* of the last Get SEL Entry */
};

static void
put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static size_t
serve_info(struct sel_log *log, uint8_t *reply)
{
	log->infos++;
	memset(reply, 0, 15);
	reply[1] = 0x51;
	reply[2] = log->n & 0xff;
	reply[3] = (uint8_t)(log->n >> 8);
	put_u32(reply + 6, 1700000000);
	put_u32(reply + 10, log->erased_s);
	reply[14] = log->overflow ? 0x82 : 2;
	return 15;
}

static size_t
find(const struct sel_log *log, uint16_t id)
{
	if (id == 0x0000)
		return 0;
	if (id == 0xffff)
		return log->n - 1;
	for (size_t i = 0; i < log->n; i++)
		if (log->ids[i] == id)
			return i;
	return log->n;
}

static size_t
serve_record(struct sel_log *log, const struct fake_event *request,
	     uint8_t *reply)
{
	if (log->before != NULL)
		log->before(log);
	memcpy(log->last_data, request->bytes, sizeof(log->last_data));
	reply[0] = log->code;
	if (++log->records > log->code_from && log->code != 0)
		return 1;
	uint16_t id = (uint16_t)(request->bytes[2] | request->bytes[3] << 8);
	size_t i = find(log, id);
	if (i >= log->n) {
		reply[0] = 0xcb;
		return 1;
	}
	uint16_t next = i + 1 < log->n ? log->ids[i + 1] : log->last_next;
	const uint8_t record[16] = { log->ids[i] & 0xff,
				     (uint8_t)(log->ids[i] >> 8),
				     2,
				     0x00,
				     0xf1,
				     0x53,
				     0x65,
				     0x20,
				     0,
				     4,
				     0x0c,
				     7,
				     0x6f,
				     0xa1,
				     0xff,
				     log->marks[i] };
	reply[0] = 0;
	reply[1] = next & 0xff;
	reply[2] = (uint8_t)(next >> 8);
	memcpy(reply + 3, record, sizeof(record));
	return log->record_len;
}

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct sel_log *log = (struct sel_log *)fake;

	if (request->netfn != 0x0a)
		return 17;
	return request->command == 0x40 ? serve_info(log, ret_reply)
					: serve_record(log, request, ret_reply);
}

static void
add(struct sel_log *log, uint16_t id)
{
	log->ids[log->n] = id;
	log->marks[log->n] = (uint8_t)(0x10 + log->n);
	log->n++;
}

static void
erase(struct sel_log *log, uint32_t when_s)
{
	log->n = 0;
	log->erased_s = when_s;
}

static void
open_log(struct sel_log *log, size_t n)
{
	*log = (struct sel_log){ .last_next = 0xffff,
				 .erased_s = 1600000000,
				 .record_len = 19 };
	fake_init(&log->fake);
	log->fake.serve = serve;
	log->bmc = bmc_new(&log->fake.transport, "fake");
	for (size_t i = 1; i <= n; i++)
		add(log, (uint16_t)i);
	fake_run(&log->fake, 1000);
}

/* --- what came ----------------------------------------------------------- */

struct outcome {
	unsigned calls;
	struct sel_result result; /* entries below */
	struct sel_entry entries[SEL_ENTRIES_MAX];
};

static void
take(void *arg, const struct sel_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->result = *result;
	for (size_t i = 0; i < result->n; i++)
		outcome->entries[i] = result->entries[i];
}

static struct outcome *
read_on(struct sel_log *log, const struct sel_position *from, size_t max)
{
	static struct outcome outcome;

	log->records = 0;
	outcome = (struct outcome){ 0 };
	assert_non_null(sel_read(log->bmc, from, max, 0, take, &outcome));
	assert_int_equal(outcome.calls, 0);
	fake_run(&log->fake, 11000);
	assert_int_equal(outcome.calls, 1);
	return &outcome;
}

static struct outcome *
read_tail(struct sel_log *log, size_t max)
{
	static struct outcome outcome;

	log->records = 0;
	outcome = (struct outcome){ 0 };
	assert_non_null(sel_tail(log->bmc, max, 0, take, &outcome));
	fake_run(&log->fake, 11000);
	assert_int_equal(outcome.calls, 1);
	return &outcome;
}

static void
assert_ids(const struct outcome *outcome, size_t n, const uint16_t *ids)
{
	assert_int_equal(outcome->result.n, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(outcome->entries[i].id, ids[i]);
}

#define IDS(...)                                                      \
	sizeof((const uint16_t[]){ __VA_ARGS__ }) / sizeof(uint16_t), \
		(const uint16_t[])                                    \
	{                                                             \
		__VA_ARGS__                                           \
	}

/* --- reading on ---------------------------------------------------------- */

static void
a_log_is_read_from_its_first_record_to_its_last(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 3);
	struct outcome *o = read_on(&log, NULL, 10);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_ids(o, IDS(1, 2, 3));
	assert_int_equal(o->result.total, 3);
	assert_false(o->result.more);
	assert_false(o->result.erased);
	assert_false(o->result.overflow);
	assert_string_equal(o->result.text, "");
	assert_int_equal(o->entries[0].time_s, 0x6553f100);
	assert_int_equal(o->entries[0].grade, IPMI_GRADE_CRITICAL);
	/* Offset 0, all bytes, no reservation: that needs none. */
	assert_memory_equal(log.last_data, "\0\0\3\0\0\xff", 6);
	bmc_free(log.bmc);
}

static void
reading_goes_on_where_it_ended(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 5);
	struct outcome *o = read_on(&log, NULL, 2);
	assert_ids(o, IDS(1, 2));
	assert_true(o->result.more);
	struct sel_position position = o->result.position;
	o = read_on(&log, &position, 10);
	assert_ids(o, IDS(3, 4, 5));
	assert_false(o->result.more);
	position = o->result.position;
	o = read_on(&log, &position, 10);
	assert_int_equal(o->result.n, 0);
	assert_int_equal(log.records, 1);
	position = o->result.position;
	add(&log, 9);
	o = read_on(&log, &position, 10);
	assert_ids(o, IDS(9));
	assert_false(o->result.erased);
	bmc_free(log.bmc);
}

static void
an_empty_log_is_a_place_to_go_on_from(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 0);
	struct outcome *o = read_on(&log, NULL, 10);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->result.n, 0);
	assert_int_equal(log.records, 0);
	struct sel_position position = o->result.position;
	assert_true(position.known);
	add(&log, 1);
	o = read_on(&log, &position, 10);
	assert_ids(o, IDS(1));
	assert_false(o->result.erased);
	bmc_free(log.bmc);
}

static void
an_erased_log_is_read_from_its_first_record(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 3);
	struct sel_position position = read_on(&log, NULL, 10)->result.position;
	/* The time tells, though all looks as it did. */
	erase(&log, 1700000001);
	for (uint16_t i = 1; i <= 3; i++)
		add(&log, i);
	struct outcome *o = read_on(&log, &position, 10);
	assert_true(o->result.erased);
	assert_ids(o, IDS(1, 2, 3));
	/* And is not told again. */
	position = o->result.position;
	o = read_on(&log, &position, 10);
	assert_false(o->result.erased);
	assert_int_equal(o->result.n, 0);
	/* And nothing is in it. */
	erase(&log, 1700000002);
	o = read_on(&log, &position, 10);
	assert_true(o->result.erased);
	assert_int_equal(o->result.n, 0);
	position = o->result.position;
	assert_false(position.any);
	add(&log, 1);
	o = read_on(&log, &position, 10);
	assert_false(o->result.erased);
	assert_ids(o, IDS(1));
	bmc_free(log.bmc);
}

static void
an_erasure_is_seen_without_its_time(void **state)
{
	struct sel_log log;

	(void)state;
	/* The record is gone. */
	open_log(&log, 3);
	struct sel_position position = read_on(&log, NULL, 10)->result.position;
	erase(&log, log.erased_s);
	add(&log, 1);
	struct outcome *o = read_on(&log, &position, 10);
	assert_true(o->result.erased);
	assert_ids(o, IDS(1));
	/* Another one has its number. */
	position = o->result.position;
	log.marks[0] = 0x77;
	add(&log, 2);
	o = read_on(&log, &position, 10);
	assert_true(o->result.erased);
	assert_ids(o, IDS(1, 2));
	/* Nothing is there, without any time. */
	position = o->result.position;
	erase(&log, log.erased_s);
	o = read_on(&log, &position, 10);
	assert_true(o->result.erased);
	bmc_free(log.bmc);
}

static void
numbers_that_run_in_a_loop_end_the_reading(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 4);
	log.last_next = 2;
	struct outcome *o = read_on(&log, NULL, 100);
	assert_int_equal(o->result.rc, IPMI_BAD_REPLY);
	assert_ids(o, IDS(1, 2, 3, 4));
	assert_int_equal(log.records, 4);
	assert_non_null(strstr(o->result.text, "loop"));
	/* A record that names itself, or the first by its other name. */
	struct sel_position position = o->result.position;
	log.last_next = 4;
	assert_int_equal(read_on(&log, &position, 100)->result.rc,
			 IPMI_BAD_REPLY);
	assert_int_equal(log.records, 1);
	log.last_next = 0;
	assert_int_equal(read_on(&log, NULL, 100)->result.rc, IPMI_BAD_REPLY);
	assert_int_equal(log.records, 4);
	bmc_free(log.bmc);
}

static void
what_is_told_before_a_failure_is_not_told_again(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 6);
	log.code = 0xd4;
	log.code_from = 2;
	struct outcome *o = read_on(&log, NULL, 100);
	assert_int_equal(o->result.rc, IPMI_CC);
	assert_int_equal(o->result.code, 0xd4);
	assert_true(o->result.more);
	assert_ids(o, IDS(1, 2));
	struct sel_position position = o->result.position;
	log.code = 0;
	log.record_len = 18;
	o = read_on(&log, &position, 100);
	assert_int_equal(o->result.rc, IPMI_BAD_REPLY);
	assert_int_equal(o->result.n, 0);
	position = o->result.position;
	log.record_len = 19;
	o = read_on(&log, &position, 100);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_ids(o, IDS(3, 4, 5, 6));
	bmc_free(log.bmc);
}

static void
erase_at_the_third(struct sel_log *log)
{
	if (log->records == 2)
		erase(log, 1700000009);
}

static void
a_log_that_is_erased_under_way_ends_there(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 6);
	log.before = erase_at_the_third;
	struct outcome *o = read_on(&log, NULL, 100);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_ids(o, IDS(1, 2));
	assert_false(o->result.more);
	struct sel_position position = o->result.position;
	log.before = NULL;
	add(&log, 1);
	o = read_on(&log, &position, 100);
	assert_true(o->result.erased);
	assert_ids(o, IDS(1));
	bmc_free(log.bmc);
}

static void
the_deadline_is_one_for_all_requests(void **state)
{
	struct sel_log log;
	struct outcome outcome = { 0 };

	(void)state;
	open_log(&log, 100);
	log.fake.latency_ms = 50;
	sel_read(log.bmc, NULL, 100, 1000, take, &outcome);
	fake_run(&log.fake, 999);
	assert_int_equal(outcome.calls, 0);
	fake_run(&log.fake, 102);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.result.rc, IPMI_TIMEOUT);
	assert_in_range(outcome.result.n, 5, 9);
	assert_true(outcome.result.more);
	bmc_free(log.bmc);
}

static void
take_power(void *arg, const struct power_result *result)
{
	*(struct power_result *)arg = *result;
}

static void
a_fence_goes_first_and_the_reading_goes_on(void **state)
{
	struct sel_log log;
	struct outcome outcome = { 0 };
	struct power_result off = { 0 };

	(void)state;
	open_log(&log, 100);
	log.fake.latency_ms = 5;
	sel_read(log.bmc, NULL, 100, 0, take, &outcome);
	fake_run(&log.fake, 101);
	power_turn_off(log.bmc, 0, take_power, &off);
	fake_run(&log.fake, 25);
	assert_int_equal(log.fake.offs, 1);
	assert_int_equal(outcome.calls, 0);
	fake_run(&log.fake, 9000);
	assert_true(off.verified);
	assert_int_equal(outcome.result.rc, IPMI_OK);
	assert_int_equal(outcome.result.n, 100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(outcome.entries[i].id, i + 1);
	bmc_free(log.bmc);
}

/* --- the last ones ------------------------------------------------------- */

static void
the_last_records_cost_one_request_each(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 500);
	log.overflow = true;
	log.infos = 0;
	struct outcome *o = read_tail(&log, 3);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_ids(o, IDS(498, 499, 500));
	assert_int_equal(log.records, 3);
	assert_int_equal(log.infos, 1);
	assert_int_equal(o->result.total, 500);
	assert_true(o->result.overflow);
	/* And go on from there. */
	struct sel_position position = o->result.position;
	add(&log, 501);
	o = read_on(&log, &position, 10);
	assert_ids(o, IDS(501));
	bmc_free(log.bmc);
}

static void
fewer_than_asked_for_are_all_there_is(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 2);
	struct outcome *o = read_tail(&log, 10);
	assert_ids(o, IDS(1, 2));
	assert_int_equal(log.records, 2);
	erase(&log, 1);
	o = read_tail(&log, 10);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->result.n, 0);
	bmc_free(log.bmc);
}

static void
numbers_with_gaps_are_read_through(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 0);
	for (uint16_t i = 1; i <= 20; i++)
		add(&log, (uint16_t)(i * 0x12));
	struct outcome *o = read_tail(&log, 3);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_ids(o, IDS(18 * 0x12, 19 * 0x12, 20 * 0x12));
	assert_false(o->result.more);
	/* A number below that is there, and is not the one before. */
	erase(&log, 1);
	add(&log, 5);
	add(&log, 9);
	add(&log, 3);
	add(&log, 6);
	o = read_tail(&log, 2);
	assert_ids(o, IDS(3, 6));
	/* Numbers that began again at 1. */
	erase(&log, 1);
	add(&log, 0xfffd);
	add(&log, 0xfffe);
	add(&log, 1);
	o = read_tail(&log, 2);
	assert_ids(o, IDS(0xfffe, 1));
	bmc_free(log.bmc);
}

static void
of_a_log_that_cannot_be_read_through_the_last_is_told(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 0);
	for (uint16_t i = 1; i <= 9; i++)
		add(&log, (uint16_t)(i * 2));
	log.last_next = 2;
	struct outcome *o = read_tail(&log, 3);
	assert_int_equal(o->result.rc, IPMI_BAD_REPLY);
	assert_ids(o, IDS(18));
	bmc_free(log.bmc);
}

static void
a_cancelled_reading_calls_back_once(void **state)
{
	struct sel_log log;
	struct outcome outcome = { 0 };

	(void)state;
	open_log(&log, 100);
	struct sel_job *job = sel_read(log.bmc, NULL, 100, 0, take, &outcome);
	fake_run(&log.fake, 21);
	sel_cancel(job);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.result.rc, IPMI_CANCELLED);
	assert_true(outcome.result.n > 3);
	fake_run(&log.fake, 1000);
	sel_tail(log.bmc, 100, 0, take, &outcome);
	fake_run(&log.fake, 21);
	bmc_free(log.bmc);
	assert_int_equal(outcome.calls, 2);
	assert_int_equal(outcome.result.rc, IPMI_CANCELLED);
}

static void
what_asks_for_nothing_or_too_much_is_refused(void **state)
{
	struct sel_log log;

	(void)state;
	open_log(&log, 1);
	assert_null(sel_read(log.bmc, NULL, 0, 0, take, NULL));
	assert_null(
		sel_read(log.bmc, NULL, SEL_ENTRIES_MAX + 1, 0, take, NULL));
	assert_null(sel_tail(log.bmc, 0, 0, take, NULL));
	bmc_free(log.bmc);
}

/* --- sentences ----------------------------------------------------------- */

static struct sel_entry
decode(uint8_t type, const char *bytes)
{
	uint8_t record[16] = { 0x34, 0x12, type };
	struct sel_entry entry;

	memcpy(record + 3, bytes, 13);
	sel_decode(record, &entry);
	assert_int_equal(entry.id, 0x1234);
	return entry;
}

static void
events_are_sentences_with_a_grade(void **state)
{
	static const struct {
		const char bytes[14];
		enum ipmi_grade grade;
		const char *text;
	} cases[] = {
		{ "\0\361\123\145\x20\0\4\x23\x03\x6f\xc2\x20\xff",
		  IPMI_GRADE_CRITICAL, "watchdog 0x03: power off, data2 0x20" },
		{ "\0\361\123\145\x20\0\4\x09\x01\x6f\x04\xff\xff",
		  IPMI_GRADE_CRITICAL, "power unit 0x01: mains lost" },
		{ "\0\361\123\145\x20\0\4\x20\x00\x6f\xa1\x4f\x6f",
		  IPMI_GRADE_CRITICAL,
		  "operating system 0x00: critical stop (panic), data2 0x4f, "
		  "data3 0x6f" },
		{ "\0\361\123\145\x20\0\4\x08\x51\x6f\x01\xff\xff",
		  IPMI_GRADE_CRITICAL, "power supply 0x51: failed" },
		{ "\0\361\123\145\x20\0\4\x08\x51\xef\x01\xff\xff",
		  IPMI_GRADE_INFO, "power supply 0x51: failed, no longer" },
		{ "\0\361\123\145\x20\0\4\x0c\x07\x6f\xa1\xff\x02",
		  IPMI_GRADE_CRITICAL,
		  "memory 0x07: uncorrectable ECC error, data3 0x02" },
		{ "\0\361\123\145\x20\0\4\x0c\x07\x6f\x00\xff\xff",
		  IPMI_GRADE_WARNING, "memory 0x07: correctable ECC error" },
		{ "\0\361\123\145\x20\0\4\x01\x11\x01\x59\x5c\x5a",
		  IPMI_GRADE_CRITICAL,
		  "temperature 0x11: upper critical, going high, reading 0x5c, "
		  "threshold 0x5a (raw)" },
		{ "\0\361\123\145\x20\0\4\xc1\x11\x71\x02\xff\xff",
		  IPMI_GRADE_UNKNOWN,
		  "maker's sensor 0x11: event type 0x71, offset 2" },
		{ "\0\361\123\145\x20\0\4\x40\x11\x6f\x0f\xff\xff",
		  IPMI_GRADE_UNKNOWN,
		  "unknown sensor 0x11: event type 0x6f, offset 15" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sel_entry entry = decode(0x02, cases[i].bytes);

		assert_string_equal(entry.text, cases[i].text);
		assert_int_equal(entry.grade, cases[i].grade);
		assert_int_equal(entry.time_s, 0x6553f100);
	}
	assert_string_equal(ipmi_grade_name(IPMI_GRADE_CRITICAL), "critical");
	assert_string_equal(ipmi_grade_name((enum ipmi_grade)9), "unknown");
}

static void
makers_records_are_told_in_hex(void **state)
{
	static const char bytes[] =
		"\0\361\123\145\x57\x01\x00\x01\x02\x03\x04\x05\x06";

	(void)state;
	struct sel_entry entry = decode(0xc5, bytes);
	assert_string_equal(entry.text,
			    "maker's record 0xc5: 57 01 00 01 02 03 04 05 06");
	assert_int_equal(entry.time_s, 0x6553f100);
	assert_int_equal(entry.grade, IPMI_GRADE_UNKNOWN);
	entry = decode(0xff, bytes);
	assert_string_equal(entry.text, "maker's record 0xff: 00 f1 53 65 57 "
					"01 00 01 02 03 04 05 06");
	assert_int_equal(entry.time_s, -1);
	entry = decode(0x41, bytes);
	assert_string_equal(entry.text, "record of unknown type 0x41: 00 f1 53 "
					"65 57 01 00 01 02 03 04 05 06");
}

static void
a_clock_that_was_not_set_tells_no_time(void **state)
{
	(void)state;
	assert_int_equal(decode(2, "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0").time_s,
			 -1);
	assert_int_equal(decode(2, "\0\0\0\x20\0\0\0\0\0\0\0\0\0").time_s, -1);
	assert_int_equal(decode(2, "\1\0\0\x20\0\0\0\0\0\0\0\0\0").time_s,
			 0x20000001);
	assert_int_equal(decode(2, "\0\0\0\xf0\0\0\0\0\0\0\0\0\0").time_s,
			 0xf0000000);
}

static void
each_event_fits_its_text(void **state)
{
	char text[IPMI_EVENT_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < 256 * 16; i++) {
		struct ipmi_event event = { .sensor_type = (uint8_t)(i >> 4),
					    .sensor = 0xff,
					    .type = IPMI_EVENT_SPECIFIC,
					    .offset = i & 0xf,
					    .deasserted = true,
					    .data = { 0xff, 1, 1 } };

		ipmi_event_text(&event, text);
		assert_non_null(strstr(text, ", no longer"));
		event.type = (uint8_t)(i >> 4);
		ipmi_event_text(&event, text);
		assert_non_null(strstr(text, ", no longer"));
	}
}

static void
answers_that_are_too_short_are_refused(void **state)
{
	static const uint8_t data[32];
	uint8_t record[SEL_RECORD_LEN];
	struct sel_info info;
	uint16_t next;

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		assert_int_equal(sel_parse_info(data, len, &info), len >= 14);
		assert_int_equal(sel_parse_record(data, len, &next, record),
				 len >= 18);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_log_is_read_from_its_first_record_to_its_last),
		cmocka_unit_test(reading_goes_on_where_it_ended),
		cmocka_unit_test(an_empty_log_is_a_place_to_go_on_from),
		cmocka_unit_test(an_erased_log_is_read_from_its_first_record),
		cmocka_unit_test(an_erasure_is_seen_without_its_time),
		cmocka_unit_test(numbers_that_run_in_a_loop_end_the_reading),
		cmocka_unit_test(
			what_is_told_before_a_failure_is_not_told_again),
		cmocka_unit_test(a_log_that_is_erased_under_way_ends_there),
		cmocka_unit_test(the_deadline_is_one_for_all_requests),
		cmocka_unit_test(a_fence_goes_first_and_the_reading_goes_on),
		cmocka_unit_test(the_last_records_cost_one_request_each),
		cmocka_unit_test(fewer_than_asked_for_are_all_there_is),
		cmocka_unit_test(numbers_with_gaps_are_read_through),
		cmocka_unit_test(
			of_a_log_that_cannot_be_read_through_the_last_is_told),
		cmocka_unit_test(a_cancelled_reading_calls_back_once),
		cmocka_unit_test(what_asks_for_nothing_or_too_much_is_refused),
		cmocka_unit_test(events_are_sentences_with_a_grade),
		cmocka_unit_test(makers_records_are_told_in_hex),
		cmocka_unit_test(a_clock_that_was_not_set_tells_no_time),
		cmocka_unit_test(each_event_fits_its_text),
		cmocka_unit_test(answers_that_are_too_short_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
