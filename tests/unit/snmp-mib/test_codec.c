/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec both ways: get, next and put over random reports.
 */
#include "tests/unit/snmp-mib/codec_walk.h"

static const struct random_sizes empty = { 0, 0, 0, 0, 0, 0 };

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
		cmocka_unit_test(a_report_survives_the_way_out_and_in),
		cmocka_unit_test(rows_may_come_in_any_order),
		cmocka_unit_test(any_single_value_that_is_missing_is_found),
		cmocka_unit_test(
			a_whole_row_that_is_missing_is_found_by_the_count),
		cmocka_unit_test(an_unfinished_reading_can_be_completed),
		cmocka_unit_test(a_kept_table_is_taken_from_the_older_report),
		cmocka_unit_test(a_pulse_is_read_from_its_eight_values),
		cmocka_unit_test(copies_are_equal_and_apart),
		cmocka_unit_test(names_are_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
