/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the codec refuses to put into a report, and what it makes of text.
 */
#include "tests/unit/snmp-mib/codec_walk.h"

static int
put_one(const char *name, uint32_t instance, struct codec_value value,
	struct node_report **ret_so_far)
{
	struct codec_reading *reading = codec_reading_new();
	struct codec_oid oid;
	struct err err = { "" };

	oid_named(name, instance, &oid);
	int rc = codec_reading_put(reading, &oid, &value, &err);
	if (rc < 0)
		assert_true(err.text[0] != '\0');
	if (ret_so_far != NULL)
		*ret_so_far = node_report_copy(codec_reading_so_far(reading));
	codec_reading_free(reading);
	return rc;
}

static void
values_outside_their_range_are_refused(void **state)
{
	static const uint8_t zeros[300];

	(void)state;
	assert_int_equal(put_one("ihVmState", 1, INT(9), NULL), 0);
	assert_int_equal(put_one("ihVmState", 1, INT(0), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmState", 1, INT(10), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmState", 1, INT(INT64_MIN), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihVmState", 1, INT(1 + (1LL << 32)), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihHostStopping", 0, INT(0), NULL), -EPROTO);
	assert_int_equal(put_one("ihHostStopping", 0, INT(3), NULL), -EPROTO);
	assert_int_equal(put_one("ihLoadCpuUse", 0, UNS(1001), NULL), -EPROTO);
	assert_int_equal(put_one("ihHostUptime", 0, UNS(1ull << 32), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihVmName", 1, OCT("", 0), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmName", 1, OCT("a\0b", 3), NULL), -EPROTO);
	char text[65];
	memset(text, 'x', sizeof(text));
	assert_int_equal(put_one("ihVmName", 1, OCT(text, 63), NULL), 0);
	assert_int_equal(put_one("ihVmName", 1, OCT(text, 64), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmUuid", 1, OCT(zeros, 16), NULL), 0);
	assert_int_equal(put_one("ihVmUuid", 1, OCT(zeros, 0), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmUuid", 1, OCT(zeros, 15), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmUuid", 1, OCT(zeros, 300), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihHostUuid", 0, OCT(zeros, 0), NULL), 0);
	assert_int_equal(put_one("ihVmDefinitionHash", 1, OCT(zeros, 31), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihRowsVm", 0, UNS(REPORT_VMS_MAX), NULL), 0);
	assert_int_equal(put_one("ihRowsVm", 0, UNS(REPORT_VMS_MAX + 1), NULL),
			 -E2BIG);
}

static void
values_of_a_wrong_type_are_refused(void **state)
{
	static const enum codec_type types[] = { CODEC_INTEGER, CODEC_UNSIGNED,
						 CODEC_COUNTER64, CODEC_OCTETS,
						 CODEC_OTHER };
	struct node_report *report = random_report(40, &usual);
	size_t n;
	struct walked *all = walk(report, 0, &n);

	(void)state;
	for (size_t i = 0; i < 44; i++)
		for (size_t t = 0; t < 5; t++) {
			struct codec_reading *reading = codec_reading_new();
			struct codec_value value = all[i].value;
			struct err err = { "" };

			if (value.octets == all[i].value.small)
				value.octets = value.small;
			value.type = types[t];
			int rc = codec_reading_put(reading, &all[i].oid, &value,
						   &err);
			assert_int_equal(rc, types[t] == all[i].value.type
						     ? 0
						     : -EPROTO);
			codec_reading_free(reading);
		}
	free(all);
	node_report_free(report);
}

static void
row_indexes_are_checked(void **state)
{
	struct codec_reading *reading = codec_reading_new();
	struct codec_oid oid;
	struct codec_value value = INT(1);
	struct err err = { "" };

	(void)state;
	assert_int_equal(put_one("ihVmState", 0, INT(1), NULL), -EPROTO);
	assert_int_equal(put_one("ihVmState", 1u << 31, INT(1), NULL), -EPROTO);
	assert_int_equal(put_one("ihNumaCpuCount", 65536, UNS(1), NULL),
			 -EPROTO);
	assert_int_equal(put_one("ihFeatureUsable", 2, INT(1), NULL), -EPROTO);
	/* A heartbeat wants two numbers, a scalar the number 0. */
	assert_int_equal(put_one("ihHeartbeatAge", 1, UNS(1), NULL), -EPROTO);
	assert_int_equal(put_one("ihHostHealth", 1, INT(1), NULL), -EPROTO);
	oid_named("ihVmState", 1, &oid);
	oid.ids[oid.len++] = 1;
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err),
			 -EPROTO);
	oid.len = CODEC_OID_MAX;
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err),
			 -EPROTO);
	codec_reading_free(reading);
}

static void
a_table_does_not_grow_over_its_bound(void **state)
{
	struct codec_reading *reading = codec_reading_new();
	struct codec_oid oid;
	struct codec_value value = INT(1);
	struct err err = { "" };

	(void)state;
	oid_named("ihVmState", 0, &oid);
	for (uint32_t i = 1; i <= REPORT_VMS_MAX; i++) {
		oid.ids[oid.len - 1] = i;
		assert_int_equal(codec_reading_put(reading, &oid, &value, &err),
				 0);
	}
	oid.ids[oid.len - 1] = REPORT_VMS_MAX + 1;
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err),
			 -E2BIG);
	codec_reading_free(reading);
}

static void
unknown_objects_are_ignored(void **state)
{
	struct codec_reading *reading = codec_reading_new();
	struct codec_oid oid;
	struct codec_value value = INT(1);
	struct err err = { "" };

	(void)state;
	oid_named("ihVmState", 1, &oid);
	oid.ids[oid.len - 2] = 99; /* a column of the future */
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err), 1);
	oid.ids[oid.len - 2] = 1; /* the index, not accessible */
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err), 1);
	oid.len = 3;
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err), 1);
	oid.len = 0;
	assert_int_equal(codec_reading_put(reading, &oid, &value, &err), 1);
	codec_reading_free(reading);
}

static void
text_is_made_printable(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "\x1b[31mred\nline", "?[31mred?line" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe4\xb8\x96 \xf0\x9f\x90\xa7",
		  "\xe4\xb8\x96 \xf0\x9f\x90\xa7" },
		{ "\xff\xfe", "??" },                /* no UTF-8 */
		{ "\xc0\x80\xe0\x80\x80", "?????" }, /* overlong */
		{ "\xc2\x9b"
		  "1m",
		  "??1m" },                     /* C1: CSI */
		{ "\xed\xa0\x80", "???" },      /* surrogate */
		{ "\xf4\x90\x80\x80", "????" }, /* above Unicode */
		{ "cut \xe4\xb8", "cut ??" },
		{ "\x7f", "?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct node_report *report = NULL;

		assert_int_equal(put_one("ihHostName", 0,
					 OCT(cases[i].in, strlen(cases[i].in)),
					 &report),
				 0);
		assert_string_equal(report->host.name, cases[i].out);
		node_report_free(report);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_outside_their_range_are_refused),
		cmocka_unit_test(values_of_a_wrong_type_are_refused),
		cmocka_unit_test(row_indexes_are_checked),
		cmocka_unit_test(a_table_does_not_grow_over_its_bound),
		cmocka_unit_test(unknown_objects_are_ignored),
		cmocka_unit_test(text_is_made_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
