/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec both ways: get, next and put over random reports.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "snmp-mib/codec_own.h"
#include "tests/unit/snmp-mib/random_report.h"

static const struct random_sizes usual = { 4, 300, 100, 3, 20, 5 };
static const struct random_sizes empty = { 0, 0, 0, 0, 0, 0 };

struct walked {
	struct codec_oid oid;
	struct codec_value value;
};

/* Everything, in the order of the walk. */
static struct walked *
walk(const struct node_report *report, uint32_t late_ms, size_t *ret_n)
{
	struct walked *all = NULL;
	struct codec_oid at = { .len = 0 };
	struct codec_value value;
	size_t n = 0, room = 0;

	while (codec_next(report, late_ms, &at, &at, &value) == 0) {
		if (n == room) {
			struct walked *old = all;

			room = room ? room * 2 : 1024;
			all = xcalloc(room, sizeof(*all));
			for (size_t i = 0; i < n; i++) {
				all[i].oid = old[i].oid;
				codec_value_copy(&all[i].value, &old[i].value);
			}
			free(old);
		}
		all[n].oid = at;
		codec_value_copy(&all[n++].value, &value);
	}
	*ret_n = n;
	return all;
}

static bool
same_value(const struct codec_value *a, const struct codec_value *b)
{
	return a->type == b->type && a->integer == b->integer &&
	       a->number == b->number && a->n_octets == b->n_octets &&
	       (a->n_octets == 0 ||
		memcmp(a->octets, b->octets, a->n_octets) == 0);
}

static int
compare_walked(const void *a, const void *b)
{
	return codec_oid_compare(&((const struct walked *)a)->oid,
				 &((const struct walked *)b)->oid);
}

/* What a table should have: known from the sizes, not from the codec. */
static size_t
expected_values(const struct random_sizes *s)
{
	return 44 + s->numa * 4 + s->numa * s->numa + s->features * 3 +
	       s->vms * 29 + s->datastores * 13 + s->datastores * s->slots * 4 +
	       s->sources * 6;
}

static void
the_walk_is_in_lexicographic_order_and_complete(void **state)
{
	struct node_report *report = random_report(1, &usual);
	size_t n;
	struct walked *all = walk(report, 0, &n);

	(void)state;
	assert_int_equal(n, expected_values(&usual));
	for (size_t i = 1; i < n; i++)
		assert_true(compare_walked(&all[i - 1], &all[i]) < 0);
	free(all);
	node_report_free(report);
}

static void
an_empty_report_has_its_scalars_only(void **state)
{
	struct node_report *report = random_report(2, &empty);
	size_t n;
	struct walked *all = walk(report, 0, &n);

	(void)state;
	assert_int_equal(n, 44);
	free(all);
	node_report_free(report);
}

static void
get_gives_what_next_gave(void **state)
{
	struct node_report *report = random_report(3, &usual);
	size_t n;
	struct walked *all = walk(report, 7, &n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		struct codec_value value = { 0 };

		assert_int_equal(codec_get(report, 7, &all[i].oid, &value), 0);
		assert_true(same_value(&value, &all[i].value));
	}
	free(all);
	node_report_free(report);
}

/* Each prefix, each neighbour of each OID must lead to the same successor as
 * a linear search of the sorted list does. */
static void
next_of_any_oid_is_its_successor_in_the_list(void **state)
{
	const struct random_sizes few = { 2, 3, 5, 2, 3, 2 };
	struct node_report *report = random_report(4, &few);
	size_t n;
	struct walked *all = walk(report, 0, &n);

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct codec_oid oid = all[random_below((uint32_t)n)].oid, got;
		struct codec_value value;
		size_t i = 0;

		switch (random_below(4)) {
		case 0:
			oid.len = random_below((uint32_t)oid.len + 1);
			break;
		case 1:
			oid.ids[random_below((uint32_t)oid.len)] +=
				random_below(3) - 1;
			break;
		case 2:
			oid.ids[oid.len++] = random_below(4);
			break;
		default:
			oid.ids[random_below((uint32_t)oid.len)] =
				(uint32_t)random_u64();
		}
		while (i < n && codec_oid_compare(&all[i].oid, &oid) <= 0)
			i++;
		int rc = codec_next(report, 0, &oid, &got, &value);
		assert_int_equal(rc, i < n ? 0 : -ENOENT);
		if (rc == 0)
			assert_int_equal(codec_oid_compare(&got, &all[i].oid),
					 0);
	}
	free(all);
	node_report_free(report);
}

static void
get_tells_unknown_objects_from_absent_instances(void **state)
{
	struct node_report *report = random_report(5, &usual);
	struct codec_oid oid;
	struct codec_value value;

	(void)state;
	codec_layout_oid(&oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	oid.ids[oid.len - 1] = 1; /* a scalar's instance is 0 */
	assert_int_equal(codec_get(report, 0, &oid, &value), -ENXIO);
	oid.len--;
	assert_int_equal(codec_get(report, 0, &oid, &value), -ENXIO);
	oid.ids[oid.len - 1] = 99;
	assert_int_equal(codec_get(report, 0, &oid, &value), -ENOENT);

	struct codec_oid columns[CODEC_WIDTH_MAX];
	(void)codec_list_columns(CODEC_VMS, columns, CODEC_WIDTH_MAX);
	oid = columns[0];
	oid.ids[oid.len++] = report->vms[3].index;
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	oid.ids[oid.len - 1] = 0;
	assert_int_equal(codec_get(report, 0, &oid, &value), -ENXIO);
	oid.ids[oid.len - 1] = UINT32_MAX;
	assert_int_equal(codec_get(report, 0, &oid, &value), -ENXIO);
	node_report_free(report);
}

static struct codec_reading *
put_all(const struct walked *all, size_t n, size_t but)
{
	struct codec_reading *reading = codec_reading_new();

	for (size_t i = 0; i < n; i++) {
		struct err err = { "" };

		if (i == but)
			continue;
		if (codec_reading_put(reading, &all[i].oid, &all[i].value,
				      &err) != 0)
			fail_msg("%s", err.text);
	}
	return reading;
}

static void
assert_same_walk(const struct node_report *a, const struct node_report *b)
{
	size_t n, m;
	struct walked *all = walk(a, 0, &n), *other = walk(b, 0, &m);

	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(compare_walked(&all[i], &other[i]), 0);
		assert_true(same_value(&all[i].value, &other[i].value));
	}
	free(all);
	free(other);
}

static void
a_report_survives_the_way_out_and_in(void **state)
{
	(void)state;
	for (uint64_t seed = 10; seed < 15; seed++) {
		struct node_report *report = random_report(seed, &usual);
		struct node_report *back = NULL;
		struct err err = { "" };
		size_t n;
		struct walked *all = walk(report, 0, &n);
		struct codec_reading *reading = put_all(all, n, SIZE_MAX);

		assert_int_equal(codec_reading_finish(reading, &back, &err), 0);
		assert_string_equal(report_difference(report, back), "");
		assert_same_walk(report, back);
		codec_reading_free(reading);
		node_report_free(back);
		node_report_free(report);
		free(all);
	}
}

static void
rows_may_come_in_any_order(void **state)
{
	const struct random_sizes sizes = { 4, 0, 50, 3, 20, 5 };
	struct node_report *report = random_report(20, &sizes), *back = NULL;
	struct err err = { "" };
	size_t n;
	struct walked *all = walk(report, 0, &n);
	struct codec_reading *reading = codec_reading_new();
	size_t *order = xcalloc(n, sizeof(*order));

	(void)state;
	for (size_t i = 0; i < n; i++) {
		size_t j = random_below((uint32_t)i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (size_t i = 0; i < n; i++)
		assert_int_equal(codec_reading_put(reading, &all[order[i]].oid,
						   &all[order[i]].value, &err),
				 0);
	assert_int_equal(codec_reading_finish(reading, &back, &err), 0);
	assert_same_walk(report, back);
	codec_reading_free(reading);
	node_report_free(back);
	node_report_free(report);
	free(all);
	free(order);
}

static void
any_single_value_that_is_missing_is_found(void **state)
{
	const struct random_sizes few = { 2, 3, 3, 2, 2, 2 };
	struct node_report *report = random_report(30, &few);
	size_t n;
	struct walked *all = walk(report, 0, &n);

	(void)state;
	for (size_t but = 0; but < n; but++) {
		struct codec_reading *reading = codec_reading_new();
		struct node_report *back = NULL;
		struct err err = { "" };
		int rc = 0;

		/* The middle rows of a table without an index field cannot be
		 * left out at all; that is an error, too. */
		for (size_t i = 0; i < n && rc == 0; i++)
			if (i != but)
				rc = codec_reading_put(reading, &all[i].oid,
						       &all[i].value, &err);
		if (rc == 0)
			rc = codec_reading_finish(reading, &back, &err);
		assert_int_equal(rc, -EPROTO);
		assert_null(back);
		assert_true(err.text[0] != '\0');
		codec_reading_free(reading);
	}
	free(all);
	node_report_free(report);
}

static void
a_whole_row_that_is_missing_is_found_by_the_count(void **state)
{
	struct node_report *report = random_report(31, &usual), *back = NULL;
	struct err err = { "" };

	(void)state;
	/* The agent says 100 VMs, 99 come. */
	size_t n;
	struct walked *all = walk(report, 0, &n);
	struct codec_reading *reading = codec_reading_new();
	uint32_t last = report->vms[report->n_vms - 1].index;
	for (size_t i = 0; i < n; i++) {
		const struct codec_section *section;
		const struct codec_column *column;
		size_t rest;

		assert_int_equal(codec_find(&all[i].oid, &section, &column,
					    &rest),
				 0);
		if (section->table == CODEC_VMS && all[i].oid.ids[rest] == last)
			continue;
		assert_int_equal(codec_reading_put(reading, &all[i].oid,
						   &all[i].value, &err),
				 0);
	}
	assert_int_equal(codec_reading_finish(reading, &back, &err), -EPROTO);
	assert_string_equal(err.text, "ihVmTable: 99 rows of 100 came");
	codec_reading_free(reading);
	free(all);
	node_report_free(report);
}

static void
an_unfinished_reading_can_be_completed(void **state)
{
	struct node_report *report = random_report(32, &usual), *back = NULL;
	struct err err = { "" };
	size_t n;
	struct walked *all = walk(report, 0, &n);
	struct codec_reading *reading = put_all(all, n, n - 1);

	(void)state;
	assert_int_equal(codec_reading_finish(reading, &back, &err), -EPROTO);
	assert_int_equal(codec_reading_put(reading, &all[n - 1].oid,
					   &all[n - 1].value, &err),
			 0);
	assert_int_equal(codec_reading_finish(reading, &back, &err), 0);
	assert_same_walk(report, back);
	node_report_free(back);
	codec_reading_free(reading);
	free(all);
	node_report_free(report);
}

/* --- hostile values ------------------------------------------------------ */

static void
oid_named(const char *name, uint32_t instance, struct codec_oid *ret_oid)
{
	for (size_t s = 0; s < CODEC_SECTIONS; s++)
		for (size_t c = 0; c < codec_sections[s].n_columns; c++) {
			if (strcmp(codec_sections[s].columns[c].name, name) !=
			    0)
				continue;
			codec_oid_of(&codec_sections[s],
				     &codec_sections[s].columns[c], ret_oid);
			ret_oid->ids[ret_oid->len++] = instance;
			return;
		}
	fail_msg("no object %s", name);
}

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

#define INT(n) ((struct codec_value){ .type = CODEC_INTEGER, .integer = (n) })
#define UNS(n) ((struct codec_value){ .type = CODEC_UNSIGNED, .number = (n) })
#define OCT(text, n)                                              \
	((struct codec_value){ .type = CODEC_OCTETS,              \
			       .octets = (const uint8_t *)(text), \
			       .n_octets = (n) })

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

/* Said once more by hand: an offset that is wrong both ways would survive
 * every round trip. */
static uint64_t
number_at(const struct node_report *report, const char *name, uint32_t instance)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, instance, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	return value.type == CODEC_INTEGER ? (uint64_t)value.integer
					   : value.number;
}

static void
assert_text_at(const struct node_report *report, const char *name,
	       uint32_t instance, const char *text)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, instance, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.n_octets, strlen(text));
	assert_memory_equal(value.octets, text, value.n_octets);
}

struct number_field {
	const char *name;
	uint32_t instance;
	uint64_t is;
};

struct text_field {
	const char *name;
	uint32_t instance;
	const char *is;
};

#define ASSERT_FIELDS(report, numbers, texts)                                  \
	do {                                                                   \
		for (size_t i_ = 0; i_ < sizeof(numbers) / sizeof(*(numbers)); \
		     i_++)                                                     \
			assert_int_equal(number_at(report, (numbers)[i_].name, \
						   (numbers)[i_].instance),    \
					 (numbers)[i_].is);                    \
		for (size_t i_ = 0; i_ < sizeof(texts) / sizeof(*(texts));     \
		     i_++)                                                     \
			assert_text_at(report, (texts)[i_].name,               \
				       (texts)[i_].instance, (texts)[i_].is);  \
	} while (0)

static void
every_scalar_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct number_field numbers[] = {
		{ "ihHostAgentStart", 0, r->host.agent_start_s },
		{ "ihHostSampleSeq", 0, r->host.sample_seq },
		{ "ihHostSampleAge", 0, r->host.sample_age_ms },
		{ "ihHostLayoutRevision", 0, r->host.layout_revision },
		{ "ihHostVmRevision", 0, r->host.vm_revision },
		{ "ihHostUptime", 0, r->host.uptime_s },
		{ "ihHostHealth", 0, r->host.health },
		{ "ihCpuFamily", 0, r->cpu.family },
		{ "ihCpuModel", 0, r->cpu.model },
		{ "ihCpuStepping", 0, r->cpu.stepping },
		{ "ihCpuOnline", 0, r->cpu.online },
		{ "ihLoadCpuUse", 0, r->load.cpu_use_pm },
		{ "ihLoadPsiCpuSome", 0, r->load.psi_cpu_some_pm },
		{ "ihLoadPsiMemFull", 0, r->load.psi_mem_full_pm },
		{ "ihLoadPsiIoFull", 0, r->load.psi_io_full_pm },
		{ "ihMemTotal", 0, r->load.mem_total_kib },
		{ "ihMemFree", 0, r->load.mem_free_kib },
		{ "ihMemAvailable", 0, r->load.mem_available_kib },
		{ "ihMemSwapUsed", 0, r->load.swap_used_kib },
		{ "ihCapacityCpus", 0, r->capacity.cpus },
		{ "ihCapacityMemory", 0, r->capacity.memory_kib },
		{ "ihBmcPower", 0, r->bmc.power },
		{ "ihRowsNuma", 0, r->n_numa },
		{ "ihRowsNumaDist", 0, r->n_distances },
		{ "ihRowsFeature", 0, r->n_features },
		{ "ihRowsVm", 0, r->n_vms },
		{ "ihRowsDatastore", 0, r->n_datastores },
		{ "ihRowsHeartbeat", 0, r->n_heartbeats },
		{ "ihRowsSource", 0, r->n_sources },
		{ "ihHostStopping", 0, r->host.stopping ? 1 : 2 },
		{ "ihCpuUniform", 0, r->cpu.uniform ? 1 : 2 },
		{ "ihLoadPsiPresent", 0, r->load.psi_present ? 1 : 2 },
		{ "ihBmcPresent", 0, r->bmc.present ? 1 : 2 },
		{ "ihBmcReachable", 0, r->bmc.reachable ? 1 : 2 },
	};
	const struct text_field texts[] = {
		{ "ihHostName", 0, r->host.name },
		{ "ihHostAgentVersion", 0, r->host.agent_version },
		{ "ihCpuVendor", 0, r->cpu.vendor },
		{ "ihCpuModelName", 0, r->cpu.model_name },
		{ "ihCpuMicrocode", 0, r->cpu.microcode },
		{ "ihBmcDevice", 0, r->bmc.device },
		{ "ihBmcFirmware", 0, r->bmc.firmware },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

static void
every_other_column_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct number_field numbers[] = {
		{ "ihNumaCpuCount", 3, r->numa[1].cpu_count },
		{ "ihNumaMemTotal", 3, r->numa[1].mem_total_kib },
		{ "ihNumaMemFree", 3, r->numa[1].mem_free_kib },
		{ "ihDatastoreState", 6, r->datastores[1].state },
		{ "ihDatastoreSlot", 6, r->datastores[1].slot },
		{ "ihDatastoreProbe", 6, r->datastores[1].probe_us },
		{ "ihDatastoreAge", 6, r->datastores[1].age_ms },
		{ "ihDatastoreWrites", 6, r->datastores[1].writes },
		{ "ihDatastoreErrors", 6, r->datastores[1].errors },
		{ "ihSourceStatus", 2, r->sources[1].status },
		{ "ihSourceAge", 2, r->sources[1].age_ms },
		{ "ihSourceReadTime", 2, r->sources[1].read_us },
		{ "ihSourceFailures", 2, r->sources[1].failures },
		{ "ihFeatureHardware", 3, r->features[2].hardware ? 1 : 2 },
		{ "ihFeatureUsable", 3, r->features[2].usable ? 1 : 2 },
		{ "ihDatastoreType", 6, r->datastores[1].type },
		{ "ihDatastoreCapacity", 6, r->datastores[1].capacity_kib },
		{ "ihDatastoreFree", 6, r->datastores[1].free_kib },
		{ "ihDatastorePaths", 6, r->datastores[1].paths },
		{ "ihDatastorePathsUp", 6, r->datastores[1].paths_up },
	};
	const struct text_field texts[] = {
		{ "ihNumaCpus", 3, r->numa[1].cpus },
		{ "ihFeatureName", 3, r->features[2].name },
		{ "ihDatastoreName", 6, r->datastores[1].name },
		{ "ihDatastorePath", 6, r->datastores[1].path },
		{ "ihSourceName", 2, r->sources[1].name },
		{ "ihSourceLastError", 2, r->sources[1].last_error },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

static void
every_column_of_a_vm_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct report_vm *vm = &r->vms[2];
	const struct number_field numbers[] = {
		{ "ihVmState", vm->index, vm->state },
		{ "ihVmReason", vm->index, vm->reason },
		{ "ihVmVcpus", vm->index, vm->vcpus },
		{ "ihVmMemory", vm->index, vm->memory_kib },
		{ "ihVmMemoryNow", vm->index, vm->memory_now_kib },
		{ "ihVmCpuTime", vm->index, vm->cpu_time_ms },
		{ "ihVmCpuUse", vm->index, vm->cpu_use_pm },
		{ "ihVmCpuReady", vm->index, vm->cpu_ready_pm },
		{ "ihVmRss", vm->index, vm->rss_kib },
		{ "ihVmSwapped", vm->index, vm->swapped_kib },
		{ "ihVmNumaLocality", vm->index, vm->numa_local_pm },
		{ "ihVmGuestAgent", vm->index, vm->guest_agent },
		{ "ihVmDirtyRate", vm->index, vm->dirty_mib_s },
		{ "ihVmLiveness", vm->index, vm->liveness },
		{ "ihVmStatsAge", vm->index, vm->stats_age_ms },
		{ "ihVmMemoryUsable", vm->index, vm->memory_usable_kib },
		{ "ihVmEvents", vm->index, vm->events },
		{ "ihVmLastEvent", vm->index, vm->last_event },
		{ "ihVmLastEventAge", vm->index, vm->last_event_age_ms },
		{ "ihVmMigrationBlocked", vm->index,
		  vm->migration_blocked ? 1 : 2 },
		{ "ihVmPersistent", vm->index, vm->persistent ? 1 : 2 },
		{ "ihVmAutostart", vm->index, vm->autostart ? 1 : 2 },
		{ "ihVmSharedStorage", vm->index, vm->shared_storage ? 1 : 2 },
	};
	const struct text_field texts[] = {
		{ "ihVmName", vm->index, vm->name },
		{ "ihVmNumaNodes", vm->index, vm->numa_nodes },
		{ "ihVmCpuModel", vm->index, vm->cpu_model },
		{ "ihVmMigrationBlocker", vm->index, vm->migration_blocker },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

/* --- ages ---------------------------------------------------------------- */

static uint64_t
age_of(const struct node_report *report, const char *name, uint32_t late_ms)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, strncmp(name, "ihHost", 6) == 0 ? 0 : 1, &oid);
	assert_int_equal(codec_get(report, late_ms, &oid, &value), 0);
	return value.number;
}

static void
ages_grow_until_they_are_read_and_never_stays_never(void **state)
{
	static const char *const names[] = { "ihHostSampleAge",
					     "ihDatastoreAge", "ihSourceAge" };
	struct node_report *report = random_report(50, &usual);
	uint32_t *ages[] = { &report->host.sample_age_ms,
			     &report->datastores[0].age_ms,
			     &report->sources[0].age_ms };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		*ages[i] = 100;
		assert_int_equal(age_of(report, names[i], 0), 100);
		assert_int_equal(age_of(report, names[i], 900), 1000);
		assert_int_equal(age_of(report, names[i], UINT32_MAX),
				 REPORT_AGE_NEVER);
		*ages[i] = REPORT_AGE_NEVER;
		assert_int_equal(age_of(report, names[i], 0), REPORT_AGE_NEVER);
		assert_int_equal(age_of(report, names[i], 5), REPORT_AGE_NEVER);
	}
	node_report_free(report);
}

/* --- odd reports --------------------------------------------------------- */

static void
a_collectors_mistake_becomes_unknown_or_the_nearest_value(void **state)
{
	struct node_report *report = random_report(60, &usual);
	struct codec_oid oid;
	struct codec_value value;

	(void)state;
	report->host.health = 0;
	report->load.cpu_use_pm = 1003;
	snprintf(report->host.uuid, sizeof(report->host.uuid), "no uuid");
	oid_named("ihHostHealth", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.integer, HEALTH_UNKNOWN);
	oid_named("ihLoadCpuUse", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.number, 1000);
	oid_named("ihHostUuid", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.n_octets, 0);
	node_report_free(report);
}

static void
a_kept_table_is_taken_from_the_older_report(void **state)
{
	struct node_report *report = random_report(61, &usual), *back = NULL;
	struct err err = { "" };
	size_t n;
	struct walked *all = walk(report, 0, &n);
	struct codec_reading *reading = codec_reading_new();

	(void)state;
	codec_reading_keep(reading, CODEC_FEATURES, report);
	codec_reading_keep(reading, CODEC_NUMA, report);
	for (size_t i = 0; i < n; i++) {
		const struct codec_section *section;
		const struct codec_column *column;
		size_t rest;

		assert_int_equal(codec_find(&all[i].oid, &section, &column,
					    &rest),
				 0);
		if (section->table != CODEC_FEATURES &&
		    section->table != CODEC_NUMA)
			assert_int_equal(codec_reading_put(reading, &all[i].oid,
							   &all[i].value, &err),
					 0);
	}
	assert_int_equal(codec_reading_finish(reading, &back, &err), 0);
	assert_same_walk(report, back);
	node_report_free(back);
	codec_reading_free(reading);
	free(all);
	node_report_free(report);
}

/* --- pulse --------------------------------------------------------------- */

static void
a_pulse_is_read_from_its_eight_values(void **state)
{
	struct node_report *report = random_report(70, &usual);
	struct codec_oid oids[CODEC_PULSE_MAX];
	struct codec_value values[CODEC_PULSE_MAX];
	struct node_pulse pulse;
	struct err err = { "" };
	size_t n = codec_pulse_oids(oids);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(codec_get(report, 40, &oids[i], &values[i]),
				 0);
	assert_int_equal(codec_pulse_decode(values, n, &pulse, &err), 0);
	assert_string_equal(pulse.uuid, report->host.uuid);
	assert_string_equal(pulse.boot_id, report->host.boot_id);
	assert_int_equal(pulse.sample_seq, report->host.sample_seq);
	assert_int_equal(pulse.sample_age_ms, report->host.sample_age_ms + 40);
	assert_int_equal(pulse.layout_revision, report->host.layout_revision);
	assert_int_equal(pulse.vm_revision, report->host.vm_revision);
	assert_int_equal(pulse.stopping, report->host.stopping);
	assert_int_equal(pulse.health, report->host.health);

	assert_int_equal(codec_pulse_decode(values, n - 1, &pulse, &err),
			 -EPROTO);
	values[7] = INT(99);
	assert_int_equal(codec_pulse_decode(values, n, &pulse, &err), -EPROTO);
	node_report_free(report);
}

static void
copies_are_equal_and_apart(void **state)
{
	struct node_report *report = random_report(80, &usual);
	struct node_report *copy = node_report_copy(report);

	(void)state;
	assert_same_walk(report, copy);
	assert_ptr_not_equal(report->vms, copy->vms);
	node_report_free(report);
	node_report_free(copy);
	node_report_free(NULL);
}

static void
names_are_never_null(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_non_null(report_health_name(i));
		assert_non_null(report_vm_state_name(i));
		assert_non_null(report_vm_reason_name(i));
		assert_non_null(report_vm_event_name(i));
		assert_non_null(report_liveness_name(i));
		assert_non_null(report_datastore_state_name(i));
	}
	assert_string_equal(report_vm_state_name(VM_STATE_SHUT_OFF),
			    "shut off");
	assert_string_equal(report_vm_state_name(0), "unknown");
	assert_string_equal(report_datastore_state_name(DATASTORE_LOST),
			    "lost");
	assert_string_equal(report_vm_reason_name(VM_REASON_OTHER), "other");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_walk_is_in_lexicographic_order_and_complete),
		cmocka_unit_test(an_empty_report_has_its_scalars_only),
		cmocka_unit_test(get_gives_what_next_gave),
		cmocka_unit_test(next_of_any_oid_is_its_successor_in_the_list),
		cmocka_unit_test(
			get_tells_unknown_objects_from_absent_instances),
		cmocka_unit_test(every_scalar_gives_the_field_of_its_name),
		cmocka_unit_test(
			every_other_column_gives_the_field_of_its_name),
		cmocka_unit_test(
			every_column_of_a_vm_gives_the_field_of_its_name),
		cmocka_unit_test(a_report_survives_the_way_out_and_in),
		cmocka_unit_test(rows_may_come_in_any_order),
		cmocka_unit_test(any_single_value_that_is_missing_is_found),
		cmocka_unit_test(
			a_whole_row_that_is_missing_is_found_by_the_count),
		cmocka_unit_test(an_unfinished_reading_can_be_completed),
		cmocka_unit_test(values_outside_their_range_are_refused),
		cmocka_unit_test(values_of_a_wrong_type_are_refused),
		cmocka_unit_test(row_indexes_are_checked),
		cmocka_unit_test(a_table_does_not_grow_over_its_bound),
		cmocka_unit_test(unknown_objects_are_ignored),
		cmocka_unit_test(text_is_made_printable),
		cmocka_unit_test(
			ages_grow_until_they_are_read_and_never_stays_never),
		cmocka_unit_test(
			a_collectors_mistake_becomes_unknown_or_the_nearest_value),
		cmocka_unit_test(a_kept_table_is_taken_from_the_older_report),
		cmocka_unit_test(a_pulse_is_read_from_its_eight_values),
		cmocka_unit_test(copies_are_equal_and_apart),
		cmocka_unit_test(names_are_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
