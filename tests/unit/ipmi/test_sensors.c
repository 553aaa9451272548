/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors of a fake BMC: its records in parts, lost, changed, looped, kept;
 * sensors that are busy, silent or gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "ipmi/power.h"
#include "ipmi/sensors.h"
#include "tests/support/ipmi_fake.h"

enum { RECORDS_MAX = 700 };

/* --- a BMC with sensors -------------------------------------------------- */

struct record {
	uint16_t id;
	uint8_t bytes[SDR_RECORD_MAX];
	size_t len;
};

struct box {
	struct fake fake; /* first */
	struct bmc *bmc;
	struct sensors *sensors;
	struct record records[RECORDS_MAX];
	size_t n;
	uint16_t last_next; /* what the last record names; 0xffff */
	uint32_t added_s;
	uint16_t told_n; /* 0: the truth */
	uint16_t reservation;
	bool no_reservations, has_no_guid, short_guid, refuses_info;
	unsigned lose;      /* so many reservations */
	unsigned lose_each; /* each so many records */
	unsigned read_max;  /* bytes */
	uint8_t too_long;   /* the code for more */
	size_t less;        /* bytes fewer than asked for */
	uint8_t record_code;
	unsigned code_from;
	uint8_t sensor_codes[256]; /* of a reading */
	uint8_t threshold_code;
	bool mute[256];     /* never answered */
	unsigned mute_from; /* or so many readings later, all are */
	uint8_t guid[16], device_revision;
	void (*before)(struct box *box); /* each record */

	unsigned infos, reserves, records_asked, readings, thresholds, who;
	unsigned first_pieces;
	uint8_t biggest; /* bytes asked for at once */
};

static void
put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static size_t
refuse(uint8_t *reply, uint8_t code)
{
	reply[0] = code;
	return 1;
}

static size_t
serve_info(struct box *box, uint8_t *reply)
{
	uint16_t n = box->told_n != 0 ? box->told_n : (uint16_t)box->n;

	box->infos++;
	if (box->refuses_info)
		return refuse(reply, 0xc1);
	memset(reply, 0, 15);
	reply[1] = 0x51;
	reply[2] = n & 0xff;
	reply[3] = (uint8_t)(n >> 8);
	put_u32(reply + 6, box->added_s);
	put_u32(reply + 10, 1600000000);
	reply[14] = 2;
	return 15;
}

static size_t
serve_reserve(struct box *box, uint8_t *reply)
{
	box->reserves++;
	if (box->no_reservations)
		return refuse(reply, 0xc1);
	box->reservation++;
	reply[0] = 0;
	reply[1] = box->reservation & 0xff;
	reply[2] = (uint8_t)(box->reservation >> 8);
	return 3;
}

static size_t
find(const struct box *box, uint16_t id)
{
	if (id == 0)
		return 0;
	for (size_t i = 0; i < box->n; i++)
		if (box->records[i].id == id)
			return i;
	return box->n;
}

static bool
is_reserved(struct box *box, const uint8_t *d)
{
	if (box->lose > 0) {
		box->lose--;
		box->reservation++;
	}
	if (box->lose_each > 0 && box->records_asked % box->lose_each == 0)
		box->reservation++;
	return d[4] == 0 || box->no_reservations ||
	       (d[0] | d[1] << 8) == box->reservation;
}

static size_t
serve_record(struct box *box, const uint8_t *d, uint8_t *reply)
{
	if (box->before != NULL)
		box->before(box);
	box->first_pieces += d[4] == 0;
	if (d[5] > box->biggest)
		box->biggest = d[5];
	if (++box->records_asked > box->code_from && box->record_code != 0)
		return refuse(reply, box->record_code);
	if (!is_reserved(box, d))
		return refuse(reply, 0xc5);
	size_t i = find(box, (uint16_t)(d[2] | d[3] << 8));
	if (i >= box->n)
		return refuse(reply, 0xcb);
	const struct record *record = &box->records[i];
	if (d[4] >= record->len)
		return refuse(reply, 0xc9);
	size_t count = d[5] < record->len - d[4] ? d[5] : record->len - d[4];
	if (count > box->read_max)
		return refuse(reply, box->too_long);
	if (box->less > 0 && count > box->less)
		count -= box->less;
	uint16_t next =
		i + 1 < box->n ? box->records[i + 1].id : box->last_next;
	reply[0] = 0;
	reply[1] = next & 0xff;
	reply[2] = (uint8_t)(next >> 8);
	memcpy(reply + 3, record->bytes + d[4], count);
	return 3 + count;
}

static size_t
serve_reading(struct box *box, uint8_t number, uint8_t *reply)
{
	static const uint8_t answer[] = { 0, 42, 0xc0, 0xc0 };

	box->readings++;
	if (box->mute[number] ||
	    (box->mute_from > 0 && box->readings > box->mute_from))
		return 0;
	if (box->sensor_codes[number] != 0)
		return refuse(reply, box->sensor_codes[number]);
	memcpy(reply, answer, sizeof(answer));
	return sizeof(answer);
}

static size_t
serve_thresholds(struct box *box, uint8_t *reply)
{
	static const uint8_t answer[] = { 0, 0x18, 0, 0, 0, 80, 90, 0 };

	box->thresholds++;
	if (box->threshold_code != 0)
		return refuse(reply, box->threshold_code);
	memcpy(reply, answer, sizeof(answer));
	return sizeof(answer);
}

static size_t
serve_who(struct box *box, uint8_t command, uint8_t *reply)
{
	memset(reply, 0, 17);
	box->who++;
	if (command == 0x37 && box->has_no_guid)
		return refuse(reply, 0xc1);
	if (command == 0x37)
		memcpy(reply + 1, box->guid, 16);
	else
		reply[3] = box->device_revision;
	return command != 0x37 ? 16 : box->short_guid ? 12 : 17;
}

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct box *box = (struct box *)fake;

	switch (request->netfn << 8 | request->command) {
	case 0x0a20:
		return serve_info(box, ret_reply);
	case 0x0a22:
		return serve_reserve(box, ret_reply);
	case 0x0a23:
		return serve_record(box, request->bytes, ret_reply);
	case 0x042d:
		return serve_reading(box, request->bytes[0], ret_reply);
	case 0x0427:
		return serve_thresholds(box, ret_reply);
	default:
		return serve_who(box, request->command, ret_reply);
	}
}

/* A full record of a temperature whose thresholds can be set. */
static struct record *
add(struct box *box, uint16_t id, uint8_t number)
{
	struct record *record = &box->records[box->n++];
	uint8_t *b = record->bytes;

	*record = (struct record){ .id = id };
	b[0] = id & 0xff;
	b[1] = (uint8_t)(id >> 8);
	b[2] = 0x51;
	b[3] = 1;
	b[5] = 0x20;
	b[7] = number;
	b[8] = 3;
	b[9] = 1;
	b[11] = 0x48;
	b[12] = 1;
	b[13] = 1;
	b[21] = 1;
	b[24] = 1;
	int n = snprintf((char *)b + 48, 17, "Temperature %u", number);
	b[47] = (uint8_t)(0xc0 | n);
	record->len = 48 + (size_t)n;
	b[4] = (uint8_t)(record->len - 5);
	return record;
}

static void
open_box(struct box *box, size_t n, const char *dir)
{
	*box = (struct box){ .last_next = 0xffff,
			     .added_s = 1700000000,
			     .read_max = 255,
			     .too_long = 0xca };
	fake_init(&box->fake);
	box->fake.serve = serve;
	memcpy(box->guid, "0123456789abcdef", 16);
	for (size_t i = 1; i <= n; i++)
		add(box, (uint16_t)i, (uint8_t)i);
	box->bmc = bmc_new(&box->fake.transport, "fake");
	box->sensors = sensors_new(box->bmc, dir);
	fake_run(&box->fake, 1000);
}

static void
close_box(struct box *box)
{
	sensors_free(box->sensors);
	bmc_free(box->bmc);
}

static void
forget_counts(struct box *box)
{
	box->infos = box->reserves = box->records_asked = 0;
	box->readings = box->thresholds = box->first_pieces = box->who = 0;
	box->biggest = 0;
}

/* --- what came ----------------------------------------------------------- */

struct outcome {
	unsigned calls;
	struct sensors_result result;
	struct sensor sensors[SENSORS_MAX];
};

static void
take(void *arg, const struct sensors_result *result)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->result = *result;
	assert_true(result->n <= SENSORS_MAX);
	if (result->n > 0)
		memcpy(outcome->sensors, result->sensors,
		       result->n * sizeof(result->sensors[0]));
	assert_int_equal(result->text[0] == '\0', result->rc == IPMI_OK);
}

static struct outcome outcome;

static const struct outcome *
read_for(struct box *box, int64_t deadline_ms)
{
	forget_counts(box);
	outcome.calls = 0;
	assert_true(sensors_read(box->sensors, deadline_ms, take, &outcome));
	assert_int_equal(outcome.calls, 0);
	for (int i = 0; i < 700 && outcome.calls == 0; i++)
		fake_run(&box->fake, 100);
	assert_int_equal(outcome.calls, 1);
	return &outcome;
}

static const struct outcome *
read_all(struct box *box)
{
	return read_for(box, 0);
}

static void
assert_read(const struct outcome *o, size_t n)
{
	assert_string_equal(o->result.text, "");
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->result.n, n);
	for (size_t i = 0; i < n; i++) {
		char name[SDR_NAME_MAX];

		snprintf(name, sizeof(name), "Temperature %u",
			 o->sensors[i].number);
		assert_string_equal(o->sensors[i].name, name);
		assert_int_equal(o->sensors[i].number, (uint8_t)(i + 1));
		assert_int_equal(o->sensors[i].state, SENSOR_OK);
		assert_int_equal(o->sensors[i].value_micro, 42000000);
	}
}

/* --- reading, and reading again ------------------------------------------ */

static void
the_second_reading_asks_for_no_record(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 20, NULL);
	const struct outcome *o = read_all(&box);
	assert_read(o, 20);
	assert_false(o->result.kept);
	assert_int_equal(o->result.skipped, 0);
	assert_false(o->result.cut);
	assert_int_equal(box.infos, 2);
	assert_int_equal(box.reserves, 1);
	assert_int_equal(box.records_asked, 40);
	assert_int_equal(box.thresholds, 20);
	o = read_all(&box);
	assert_read(o, 20);
	assert_true(o->result.kept);
	assert_int_equal(box.infos, 1);
	assert_int_equal(box.reserves + box.records_asked, 0);
	assert_int_equal(box.readings, 20);
	assert_int_equal(box.thresholds + box.who, 0);
	close_box(&box);
}

static void
thresholds_are_asked_for_now_and_then(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 3, NULL);
	struct record *fixed = add(&box, 4, 4);
	fixed->bytes[11] = 0x4c;
	fixed->bytes[18] = 0x01;
	fixed->bytes[41] = 5;
	const struct outcome *o = read_all(&box);
	assert_read(o, 4);
	assert_int_equal(box.thresholds, 3);
	assert_false(o->sensors[0].thresholds[SDR_LOWER_CRITICAL].is_set);
	assert_true(o->sensors[2].thresholds[SDR_UPPER_CRITICAL].is_set);
	assert_int_equal(o->sensors[2].thresholds[SDR_UPPER_CRITICAL].micro,
			 90000000);
	assert_int_equal(o->sensors[3].thresholds[SDR_LOWER_NON_CRITICAL].micro,
			 5000000);
	fake_run(&box.fake, SENSORS_THRESHOLDS_MS - 10000);
	o = read_all(&box);
	assert_int_equal(box.thresholds, 0);
	assert_int_equal(o->sensors[2].thresholds[SDR_UPPER_CRITICAL].micro,
			 90000000);
	fake_run(&box.fake, 10000);
	read_all(&box);
	assert_int_equal(box.thresholds, 3);
	close_box(&box);
}

static void
thresholds_that_are_refused_are_none_for_a_while(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 2, NULL);
	box.threshold_code = 0xc1;
	const struct outcome *o = read_all(&box);
	assert_read(o, 2);
	assert_int_equal(box.thresholds, 2);
	for (size_t i = 0; i < SDR_THRESHOLDS; i++)
		assert_false(o->sensors[0].thresholds[i].is_set);
	read_all(&box);
	assert_int_equal(box.thresholds, 0);
	close_box(&box);
	/* Those of a BMC that was busy are asked for again. */
	open_box(&box, 2, NULL);
	box.threshold_code = 0xc0;
	assert_read(read_all(&box), 2);
	box.threshold_code = 0;
	o = read_all(&box);
	assert_int_equal(box.thresholds, 2);
	assert_true(o->sensors[0].thresholds[SDR_UPPER_CRITICAL].is_set);
	close_box(&box);
}

static void
a_bmc_without_records_has_no_sensors(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 0, NULL);
	assert_read(read_all(&box), 0);
	box.refuses_info = true;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_CC);
	assert_int_equal(o->result.code, 0xc1);
	assert_int_equal(o->result.n, 0);
	close_box(&box);
}

static void
other_records_are_not_read_whole(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 2, NULL);
	for (uint16_t i = 0; i < 10; i++)
		add(&box, (uint16_t)(100 + i), 9)->bytes[3] =
			i % 2 ? 0x11 : 0x03;
	const struct outcome *o = read_all(&box);
	assert_read(o, 2);
	assert_int_equal(o->result.skipped, 0);
	assert_int_equal(box.records_asked, 2 * 2 + 10);
	close_box(&box);
}

/* --- records in parts ---------------------------------------------------- */

static void
long_reads_are_halved_until_they_fit(void **state)
{
	static const uint8_t codes[] = { 0xca, 0xc8, 0xc7, 0xff };
	static const unsigned maxima[] = { 63, 33, 16, 9, 4, 1 };
	struct box box;

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		open_box(&box, 5, NULL);
		box.too_long = codes[i / 6];
		box.read_max = maxima[i % 6];
		const struct outcome *o = read_all(&box);
		assert_read(o, 5);
		assert_int_equal(o->result.skipped, 0);
		close_box(&box);
	}
	/* And what fitted is asked for from then on. */
	open_box(&box, 30, NULL);
	box.read_max = 33;
	read_all(&box);
	/* 56 or 57 bytes behind the header, 28 at a time. */
	assert_int_equal(box.records_asked, 1 + 9 * 3 + 21 * 4);
	close_box(&box);
}

static void
answers_that_are_shorter_than_asked_for_are_pieced_together(void **state)
{
	struct box box;

	(void)state;
	for (size_t less = 1; less < 60; less++) {
		open_box(&box, 3, NULL);
		box.less = less;
		const struct outcome *o = read_all(&box);
		assert_read(o, 3);
		assert_int_equal(o->result.skipped, 0);
		close_box(&box);
	}
}

static void
a_record_that_lies_about_its_length_is_skipped(void **state)
{
	static const uint8_t lengths[] = { 0, 1, 42, 43, 255 };
	struct box box;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		open_box(&box, 2, NULL);
		add(&box, 3, 77)->bytes[4] = lengths[i];
		add(&box, 4, 3);
		const struct outcome *o = read_all(&box);
		size_t cut = lengths[i] == 43;
		/* With 43 it is only its name that is gone. */
		assert_int_equal(o->result.rc, IPMI_OK);
		assert_int_equal(o->result.n, 3 + cut);
		assert_int_equal(o->result.skipped, 1 - cut);
		if (cut)
			assert_string_equal(o->sensors[2].name,
					    "temperature 0x4d");
		assert_false(o->result.cut);
		close_box(&box);
	}
}

static void
a_record_longer_than_any_is_read_as_far_as_it_matters(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 1, NULL);
	struct record *record = add(&box, 2, 2);
	record->bytes[4] = 200;
	record->len = SDR_RECORD_MAX;
	assert_read(read_all(&box), 2);
	close_box(&box);
}

/* --- others read, too, or change them ------------------------------------ */

static void
a_lost_reservation_costs_one_record(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 20, NULL);
	box.lose = 3;
	const struct outcome *o = read_all(&box);
	assert_read(o, 20);
	assert_int_equal(box.infos, 2 + 3 - 1);
	assert_int_equal(box.reserves, 1 + 3 - 1);
	assert_in_range(box.records_asked, 41, 40 + 2 * 3);
	/* Without end. */
	box.added_s++;
	box.lose = 1000000;
	o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_CC);
	assert_int_equal(o->result.code, 0xc5);
	assert_in_range(box.reserves, 10, 40);
	close_box(&box);
	/* Two that read at a time: both get through. */
	open_box(&box, 60, NULL);
	box.lose_each = 3;
	unsigned calls = 0;
	while (read_all(&box)->result.rc == IPMI_CC && calls++ < 9)
		;
	assert_read(&outcome, 60);
	assert_in_range(calls, 1, 3);
	close_box(&box);
}

static void
where_there_are_no_reservations_none_is_needed(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 5, NULL);
	box.no_reservations = true;
	assert_read(read_all(&box), 5);
	close_box(&box);
}

static void
change_at_the_fifth(struct box *box)
{
	if (box->records_asked != 4)
		return;
	box->added_s++;
	add(box, (uint16_t)(box->n + 1), (uint8_t)(box->n + 1));
}

static void
records_that_change_under_way_are_read_anew(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 6, NULL);
	box.before = change_at_the_fifth;
	assert_read(read_all(&box), 7);
	assert_int_equal(box.reserves, 2);
	assert_int_equal(box.infos, 3);
	box.before = NULL;
	const struct outcome *o = read_all(&box);
	assert_read(o, 7);
	assert_true(o->result.kept);
	close_box(&box);
}

static void
change_always(struct box *box)
{
	box->added_s++;
}

static void
records_that_change_all_the_time_are_given_up(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 6, NULL);
	box.before = change_always;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_CC);
	assert_int_equal(o->result.code, 0xc5);
	assert_non_null(strstr(o->result.text, "faster"));
	assert_int_equal(o->result.n, 0);
	assert_int_equal(box.reserves, 4);
	box.before = NULL;
	assert_read(read_all(&box), 6);
	close_box(&box);
}

static void
changed_records_are_seen_by_the_next_reading(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 3, NULL);
	read_all(&box);
	box.added_s++;
	assert_false(read_all(&box)->result.kept);
	/* Without a time: their number. */
	add(&box, 4, 4);
	assert_read(read_all(&box), 4);
	/* Another BMC at this address, or another firmware. */
	box.guid[0]++;
	fake_drop_session(&box.fake);
	assert_false(read_all(&box)->result.kept);
	box.device_revision++;
	fake_drop_session(&box.fake);
	fake_run(&box.fake, 1000);
	assert_false(read_all(&box)->result.kept);
	assert_true(read_all(&box)->result.kept);
	/* But not a firmware that is just being updated. */
	box.device_revision |= 0x80;
	fake_drop_session(&box.fake);
	fake_run(&box.fake, 1000);
	assert_true(read_all(&box)->result.kept);
	/* The same where the reading itself asks who it is. */
	for (int i = 0; i < 3; i++) {
		fake_drop_session(&box.fake);
		assert_int_equal(read_all(&box)->result.kept, i == 0);
		assert_int_equal(box.who > 0, true);
		box.guid[5]++;
	}
	close_box(&box);
}

/* --- records that cannot be --------------------------------------------- */

static void
numbers_in_a_loop_end_the_walk(void **state)
{
	static const uint16_t loops[] = { 0, 1, 3, 5 };
	struct box box;

	(void)state;
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
		open_box(&box, 5, NULL);
		box.last_next = loops[i];
		const struct outcome *o = read_all(&box);
		assert_read(o, 5);
		assert_true(o->result.cut);
		assert_int_equal(box.records_asked, 10);
		close_box(&box);
	}
	/* The first one has another name than it was asked by. */
	open_box(&box, 0, NULL);
	add(&box, 0x70, 1);
	box.last_next = 0x70;
	assert_read(read_all(&box), 1);
	assert_int_equal(box.records_asked, 2);
	close_box(&box);
}

static void
more_records_than_any_bmc_has_are_cut(void **state)
{
	static struct box box;

	(void)state;
	open_box(&box, RECORDS_MAX, NULL);
	const struct outcome *o = read_all(&box);
	assert_read(o, SDR_RECORDS_MAX);
	assert_true(o->result.cut);
	/* And so are sensors. */
	box.n = 100;
	for (size_t i = 0; i < box.n; i++) {
		struct record *record = &box.records[i];

		record->bytes[3] = 2;
		record->bytes[13] = 0x6f;
		record->bytes[23] = 15;
	}
	o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->result.n, SENSORS_MAX);
	assert_true(o->result.cut);
	close_box(&box);
}

static void
a_record_that_is_refused_is_skipped_or_ends_the_walk(void **state)
{
	struct box box;

	(void)state;
	/* Nothing at all. */
	open_box(&box, 5, NULL);
	box.record_code = 0xd4;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_CC);
	assert_int_equal(o->result.code, 0xd4);
	close_box(&box);
	/* The begin of the third. */
	open_box(&box, 5, NULL);
	box.record_code = 0xcb;
	box.code_from = 4;
	o = read_all(&box);
	assert_read(o, 2);
	assert_true(o->result.cut);
	assert_int_equal(o->result.skipped, 1);
	close_box(&box);
	/* The rest of the third: its successor is known, but not there. */
	open_box(&box, 3, NULL);
	box.record_code = 0xff;
	box.code_from = 5;
	o = read_all(&box);
	assert_read(o, 2);
	assert_false(o->result.cut);
	assert_int_equal(o->result.skipped, 1);
	close_box(&box);
}

/* --- sensors ------------------------------------------------------------- */

static void
a_sensor_that_refuses_does_not_keep_others(void **state)
{
	static const struct {
		uint8_t code;
		enum sensor_state is;
	} cases[] = {
		{ 0xcb, SENSOR_ABSENT },
		{ 0xcd, SENSOR_UNKNOWN },
		{ 0xd5, SENSOR_UNKNOWN },
		{ 0xc1, SENSOR_UNKNOWN },
	};
	struct box box;

	(void)state;
	open_box(&box, 5, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		box.sensor_codes[i + 1] = cases[i].code;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->result.n, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(o->sensors[i].state, cases[i].is);
		assert_false(o->sensors[i].has_value);
		assert_true(o->sensors[i].reason[0] != '\0');
	}
	assert_int_equal(o->sensors[4].state, SENSOR_OK);
	assert_int_equal(box.thresholds, 1);
	close_box(&box);
}

static void
a_sensor_of_another_controller_is_not_asked(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 3, NULL);
	box.records[0].bytes[5] = 0x2c;
	box.records[1].bytes[6] = 0x01;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(box.readings, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(o->sensors[i].state, SENSOR_UNKNOWN);
		assert_false(o->sensors[i].has_value);
		assert_true(o->sensors[i].reason[0] != '\0');
	}
	assert_int_equal(o->sensors[0].owner, 0x2c);
	assert_int_equal(o->sensors[2].state, SENSOR_OK);
	close_box(&box);
}

static void
a_busy_sensor_costs_its_own_time_only(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 10, NULL);
	read_all(&box);
	box.sensor_codes[3] = 0xc0;
	box.sensor_codes[7] = 0xd2;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_in_range(o->result.took_ms, 2 * SENSORS_EACH_MS,
			2 * SENSORS_EACH_MS + 500);
	for (size_t i = 0; i < 10; i++) {
		bool busy = i == 2 || i == 6;

		assert_int_equal(o->sensors[i].state,
				 busy ? SENSOR_UNKNOWN : SENSOR_OK);
		assert_int_equal(o->sensors[i].has_value, !busy);
	}
	assert_non_null(strstr(o->sensors[2].reason, "busy"));
	close_box(&box);
}

static void
a_sensor_that_is_never_answered_costs_its_own_time_only(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 10, NULL);
	read_all(&box);
	box.mute[4] = box.mute[8] = true;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_in_range(o->result.took_ms, 2 * SENSORS_EACH_MS,
			2 * SENSORS_EACH_MS + 900);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(o->sensors[i].state,
				 i == 3 || i == 7 ? SENSOR_UNKNOWN : SENSOR_OK);
	assert_non_null(strstr(o->sensors[3].reason, "no answer"));
	/* The last one, too. */
	box.mute[10] = true;
	o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_OK);
	assert_int_equal(o->sensors[9].state, SENSOR_UNKNOWN);
	close_box(&box);
	/* But one that has no other is the BMC. */
	open_box(&box, 1, NULL);
	box.mute[1] = true;
	o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_TIMEOUT);
	assert_int_equal(o->result.n, 1);
	close_box(&box);
}

static void
a_bmc_that_falls_silent_ends_at_the_deadline(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 100, NULL);
	read_all(&box);
	forget_counts(&box);
	box.mute_from = 10;
	outcome.calls = 0;
	assert_true(sensors_read(box.sensors, 20000, take, &outcome));
	fake_run(&box.fake, 19990);
	assert_int_equal(outcome.calls, 0);
	fake_run(&box.fake, 20);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.result.rc, IPMI_TIMEOUT);
	assert_int_equal(outcome.result.n, 100);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(outcome.sensors[i].state,
				 i < 10 ? SENSOR_OK : SENSOR_UNKNOWN);
		assert_int_equal(outcome.sensors[i].reason[0] == '\0', i < 10);
		assert_string_equal(outcome.sensors[i].unit, "degrees C");
		/* 2.5, 5, 10 s, and the rest. */
		assert_int_equal(strncmp(outcome.sensors[i].reason, "no answer",
					 9) == 0,
				 i >= 10 && i < 13);
	}
	close_box(&box);
	/* With few sensors the deadline is not needed. */
	open_box(&box, 3, NULL);
	read_all(&box);
	box.mute_from = 1;
	const struct outcome *o = read_all(&box);
	assert_int_equal(o->result.rc, IPMI_TIMEOUT);
	assert_int_equal(o->sensors[0].state, SENSOR_OK);
	close_box(&box);
}

static void
a_reading_that_ran_out_of_time_goes_on_where_it_was(void **state)
{
	struct box box;
	unsigned asked = 0, readings = 0;

	(void)state;
	open_box(&box, 40, NULL);
	box.fake.latency_ms = 10;
	while (readings < 10 &&
	       read_for(&box, 600)->result.rc == IPMI_TIMEOUT &&
	       outcome.result.n == 0) {
		assert_int_equal(box.readings, 0);
		asked += box.records_asked;
		readings++;
	}
	/* 81 requests of 20 ms and 3 of each reading; then the sensors. */
	assert_in_range(readings, 2, 5);
	asked += box.records_asked;
	assert_in_range(asked, 80, 80 + 2 * readings);
	assert_read(read_all(&box), 40);
	assert_int_equal(box.records_asked, 0);
	close_box(&box);
	/* Unless they changed, or it is another BMC. */
	for (int i = 0; i < 2; i++) {
		open_box(&box, 40, NULL);
		box.fake.latency_ms = 10;
		assert_int_equal(read_for(&box, 600)->result.rc, IPMI_TIMEOUT);
		if (i == 0) {
			box.added_s++;
		} else {
			box.guid[3]++;
			fake_drop_session(&box.fake);
		}
		assert_read(read_all(&box), 40);
		assert_int_equal(box.records_asked, 80);
		close_box(&box);
	}
}

static void
take_power(void *arg, const struct power_result *result)
{
	*(struct power_result *)arg = *result;
}

static void
a_fence_goes_first_and_the_reading_goes_on(void **state)
{
	struct power_result off;
	struct box box;

	(void)state;
	/* While records are read, and while sensors are. */
	for (int64_t ms = 101; ms < 1000; ms += 300) {
		open_box(&box, 30, NULL);
		box.fake.latency_ms = 5;
		off = (struct power_result){ 0 };
		outcome.calls = 0;
		assert_true(sensors_read(box.sensors, 0, take, &outcome));
		fake_run(&box.fake, ms);
		power_turn_off(box.bmc, 0, take_power, &off);
		fake_run(&box.fake, 25);
		assert_int_equal(box.fake.offs, 1);
		assert_int_equal(outcome.calls, 0);
		fake_run(&box.fake, 9000);
		assert_true(off.verified);
		assert_int_equal(outcome.calls, 1);
		assert_read(&outcome, 30);
		close_box(&box);
	}
}

/* --- cancelling ---------------------------------------------------------- */

static void
a_cancelled_reading_calls_back_once(void **state)
{
	struct box box;

	(void)state;
	/* At each moment of it: walking, reading, who it is. */
	for (int64_t ms = 0; ms < 60; ms += 3) {
		open_box(&box, 6, NULL);
		outcome.calls = 0;
		assert_true(sensors_read(box.sensors, 0, take, &outcome));
		assert_false(sensors_read(box.sensors, 0, take, &outcome));
		fake_run(&box.fake, ms);
		bool early = outcome.calls == 0;
		sensors_cancel(box.sensors);
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.result.rc,
				 early ? IPMI_CANCELLED : IPMI_OK);
		sensors_cancel(box.sensors);
		fake_run(&box.fake, 100);
		assert_int_equal(outcome.calls, 1);
		assert_read(read_all(&box), 6);
		/* The same by freeing either. */
		outcome.calls = 0;
		box.added_s++;
		assert_true(sensors_read(box.sensors, 0, take, &outcome));
		fake_run(&box.fake, ms);
		if (ms % 2)
			sensors_free(box.sensors);
		bmc_free(box.bmc);
		assert_int_equal(outcome.calls, 1);
		if (ms % 2 == 0)
			sensors_free(box.sensors);
		assert_int_equal(outcome.calls, 1);
	}
	sensors_free(NULL);
}

static void
read_again(void *arg, const struct sensors_result *result)
{
	struct box *box = arg;

	take(&outcome, result);
	/* Not while it is being freed. */
	assert_int_equal(sensors_read(box->sensors, 0, take, &outcome),
			 result->rc == IPMI_OK);
}

static void
a_callback_may_read_again(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 3, NULL);
	outcome.calls = 0;
	assert_true(sensors_read(box.sensors, 0, read_again, &box));
	fake_run(&box.fake, 1000);
	assert_int_equal(outcome.calls, 2);
	assert_read(&outcome, 3);
	assert_true(sensors_read(box.sensors, 0, read_again, &box));
	close_box(&box);
	assert_int_equal(outcome.calls, 3);
}

static void
a_cancelled_walk_goes_on_with_the_next_reading(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 20, NULL);
	forget_counts(&box);
	assert_true(sensors_read(box.sensors, 0, take, &outcome));
	fake_run(&box.fake, 40);
	unsigned asked = box.records_asked;
	assert_in_range(asked, 5, 35);
	sensors_cancel(box.sensors);
	assert_read(read_all(&box), 20);
	assert_in_range(asked + box.records_asked, 40, 42);
	close_box(&box);
}

static void
free_within(void *arg, const struct sensors_result *result)
{
	struct box *box = arg;

	take(&outcome, result);
	sensors_free(box->sensors);
	bmc_free(box->bmc);
	box->sensors = NULL;
	box->bmc = NULL;
}

static void
a_callback_may_free_all(void **state)
{
	struct box box;

	(void)state;
	for (int64_t ms = 0; ms < 60; ms += 3) {
		open_box(&box, 6, NULL);
		outcome.calls = 0;
		assert_true(sensors_read(box.sensors, 0, free_within, &box));
		fake_run(&box.fake, ms);
		if (outcome.calls == 0)
			sensors_cancel(box.sensors);
		assert_int_equal(outcome.calls, 1);
	}
	/* By a failure. */
	open_box(&box, 6, NULL);
	box.record_code = 0xd4;
	outcome.calls = 0;
	assert_true(sensors_read(box.sensors, 0, free_within, &box));
	fake_run(&box.fake, 100);
	assert_int_equal(outcome.calls, 1);
}

/* --- the file ------------------------------------------------------------ */

static char dir[64];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
set_up_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ironherd-sensors-XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
tear_down_dir(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

static const char *
file_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path),
		 "%s/sub/30313233343536373839616263646566.sdr", dir);
	return path;
}

static const char *
sub(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/sub", dir);
	return path;
}

static void
the_file_spares_the_walk_after_a_restart(void **state)
{
	struct box box;
	struct stat st;

	(void)state;
	open_box(&box, 9, sub());
	assert_read(read_all(&box), 9);
	assert_int_equal(stat(file_path(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close_box(&box);
	open_box(&box, 9, sub());
	const struct outcome *o = read_all(&box);
	assert_read(o, 9);
	assert_true(o->result.kept);
	assert_int_equal(box.reserves + box.records_asked, 0);
	assert_int_equal(box.infos, 1);
	close_box(&box);
	/* At once, before the BMC's health knows who it is. */
	open_box(&box, 9, sub());
	fake_drop_session(&box.fake);
	o = read_all(&box);
	assert_read(o, 9);
	assert_true(o->result.kept);
	assert_true(box.who > 0);
	close_box(&box);
}

static void
without_a_guid_there_is_no_file(void **state)
{
	struct box box;

	(void)state;
	for (int i = 0; i < 2; i++) {
		open_box(&box, 3, sub());
		box.has_no_guid = i == 0;
		memset(box.guid, 0, sizeof(box.guid));
		fake_drop_session(&box.fake);
		assert_read(read_all(&box), 3);
		assert_read(read_all(&box), 3);
		assert_true(outcome.result.kept);
		assert_int_equal(box.who, 0);
		close_box(&box);
		assert_true(access(sub(), F_OK) < 0);
	}
	/* A part of one is none. */
	open_box(&box, 3, sub());
	box.short_guid = true;
	fake_drop_session(&box.fake);
	assert_read(read_all(&box), 3);
	close_box(&box);
	assert_true(access(sub(), F_OK) < 0);
}

static void
a_file_that_does_not_fit_is_read_anew(void **state)
{
	struct box box;
	char *text;
	size_t len;

	(void)state;
	open_box(&box, 9, sub());
	read_all(&box);
	close_box(&box);
	assert_int_equal(file_read(file_path(), 100000, &text, &len, NULL), 0);
	for (size_t i = 0; i < 6; i++) {
		size_t cut = i == 0 ? 0 : i == 1 ? len / 2 : len;
		char kept = text[i * 40];

		if (i > 1)
			text[i * 40] ^= 0x10;
		assert_int_equal(file_write_cache(file_path(), 0600, text, cut,
						  NULL),
				 0);
		text[i * 40] = kept;
		open_box(&box, 9, sub());
		const struct outcome *o = read_all(&box);
		assert_read(o, 9);
		assert_false(o->result.kept);
		assert_true(box.records_asked > 0);
		close_box(&box);
		/* And it is mended. */
		open_box(&box, 9, sub());
		assert_true(read_all(&box)->result.kept);
		close_box(&box);
	}
	free(text);
	/* Of other records, in number or time. */
	open_box(&box, 9, sub());
	box.added_s--;
	assert_false(read_all(&box)->result.kept);
	close_box(&box);
	open_box(&box, 10, sub());
	assert_read(read_all(&box), 10);
	assert_false(outcome.result.kept);
	close_box(&box);
}

static void
two_bmcs_with_one_guid_do_not_mix(void **state)
{
	struct box one, two;

	(void)state;
	open_box(&one, 5, sub());
	open_box(&two, 8, sub());
	two.added_s++;
	assert_read(read_all(&one), 5);
	assert_read(read_all(&two), 8);
	assert_read(read_all(&one), 5);
	assert_true(outcome.result.kept);
	assert_read(read_all(&two), 8);
	assert_true(outcome.result.kept);
	close_box(&one);
	open_box(&one, 5, sub());
	assert_read(read_all(&one), 5);
	assert_false(outcome.result.kept);
	close_box(&one);
	close_box(&two);
}

static void
a_file_that_cannot_be_written_is_no_failure(void **state)
{
	struct box box;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", dir);
	assert_int_equal(file_write_cache(path, 0600, "x", 1, NULL), 0);
	open_box(&box, 3, path);
	assert_read(read_all(&box), 3);
	assert_read(read_all(&box), 3);
	assert_true(outcome.result.kept);
	close_box(&box);
}

static void
records_that_are_not_all_are_not_written(void **state)
{
	struct box box;

	(void)state;
	open_box(&box, 5, sub());
	box.last_next = 2;
	assert_read(read_all(&box), 5);
	assert_true(access(file_path(), F_OK) < 0);
	close_box(&box);
}

#define IN_DIR(test) \
	cmocka_unit_test_setup_teardown(test, set_up_dir, tear_down_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_reading_asks_for_no_record),
		cmocka_unit_test(thresholds_are_asked_for_now_and_then),
		cmocka_unit_test(
			thresholds_that_are_refused_are_none_for_a_while),
		cmocka_unit_test(a_bmc_without_records_has_no_sensors),
		cmocka_unit_test(other_records_are_not_read_whole),
		cmocka_unit_test(long_reads_are_halved_until_they_fit),
		cmocka_unit_test(
			answers_that_are_shorter_than_asked_for_are_pieced_together),
		cmocka_unit_test(
			a_record_that_lies_about_its_length_is_skipped),
		cmocka_unit_test(
			a_record_longer_than_any_is_read_as_far_as_it_matters),
		cmocka_unit_test(a_lost_reservation_costs_one_record),
		cmocka_unit_test(
			where_there_are_no_reservations_none_is_needed),
		cmocka_unit_test(records_that_change_under_way_are_read_anew),
		cmocka_unit_test(records_that_change_all_the_time_are_given_up),
		cmocka_unit_test(changed_records_are_seen_by_the_next_reading),
		cmocka_unit_test(numbers_in_a_loop_end_the_walk),
		cmocka_unit_test(more_records_than_any_bmc_has_are_cut),
		cmocka_unit_test(
			a_record_that_is_refused_is_skipped_or_ends_the_walk),
		cmocka_unit_test(a_sensor_that_refuses_does_not_keep_others),
		cmocka_unit_test(a_sensor_of_another_controller_is_not_asked),
		cmocka_unit_test(a_busy_sensor_costs_its_own_time_only),
		cmocka_unit_test(
			a_sensor_that_is_never_answered_costs_its_own_time_only),
		cmocka_unit_test(a_bmc_that_falls_silent_ends_at_the_deadline),
		cmocka_unit_test(
			a_reading_that_ran_out_of_time_goes_on_where_it_was),
		cmocka_unit_test(a_fence_goes_first_and_the_reading_goes_on),
		cmocka_unit_test(a_cancelled_reading_calls_back_once),
		cmocka_unit_test(a_callback_may_read_again),
		cmocka_unit_test(
			a_cancelled_walk_goes_on_with_the_next_reading),
		cmocka_unit_test(a_callback_may_free_all),
		IN_DIR(the_file_spares_the_walk_after_a_restart),
		IN_DIR(without_a_guid_there_is_no_file),
		IN_DIR(a_file_that_does_not_fit_is_read_anew),
		IN_DIR(two_bmcs_with_one_guid_do_not_mix),
		IN_DIR(a_file_that_cannot_be_written_is_no_failure),
		IN_DIR(records_that_are_not_all_are_not_written),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
