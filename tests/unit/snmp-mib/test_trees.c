/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trees that are registered: in the order of the walk, each object served,
 * details beside reports, and what can be written.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "snmp-mib/cluster_view.h"
#include "snmp-mib/codec_own.h"
#include "snmp-mib/node_detail.h"
#include "tests/unit/snmp-mib/random_report.h"

static const struct codec_tree *const *const lists[] = { codec_node_trees,
							 codec_host_trees,
							 codec_site_trees };

static const struct random_sizes sizes = { 4, 300, 100, 3, 20, 5 };

enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

static int
compare_paths(const struct codec_section *a, const struct codec_section *b)
{
	struct codec_oid one, other;

	codec_oid_of(a, &a->columns[a->n_columns - 1], &one);
	codec_oid_of(b, &b->columns[0], &other);
	return codec_oid_compare(&one, &other);
}

static void
check_tree_order(const struct codec_tree *tree)
{
	for (size_t i = 0; i < tree->n_sections; i++) {
		const struct codec_section *section = tree->sections[i];

		assert_ptr_equal(section->under, tree->under);
		assert_in_range(section->n_columns, 1, CODEC_WIDTH_MAX);
		for (size_t c = 1; c < section->n_columns; c++)
			assert_true(section->columns[c - 1].arc <
				    section->columns[c].arc);
		if (i > 0 && compare_paths(tree->sections[i - 1], section) >= 0)
			fail_msg("%s is not behind %s", section->name,
				 tree->sections[i - 1]->name);
	}
}

static void
check_list_order(const struct codec_tree *const *trees)
{
	for (size_t i = 0; trees[i] != NULL; i++) {
		assert_true(
			codec_oid_starts_with(trees[i]->under, trees[i]->root));
		if (i > 0)
			assert_true(codec_oid_compare(trees[i - 1]->root,
						      trees[i]->root) < 0);
		check_tree_order(trees[i]);
	}
}

static void
trees_sections_and_columns_are_in_the_order_of_the_walk(void **state)
{
	(void)state;
	for (size_t i = 0; i < LISTS; i++)
		check_list_order(lists[i]);
}

/* --- every object ----------------------------------------------------------
 */

static const size_t part_sizes[CODEC_PARTS] = {
	[PART_REPORT] = sizeof(struct node_report),
	[PART_DETAIL] = sizeof(struct node_detail),
	[PART_CONTROL] = sizeof(struct detail_control),
	[PART_SITE] = sizeof(struct cluster_view),
};

enum { ROWS = 2 };

/* Some tables are two views of one array. */
static void
give_rows(const struct codec_section *section, char *part)
{
	void **array = (void **)(part + section->base);
	size_t *count = (size_t *)(part + section->count);

	if (section->n_index == 0)
		return;
	if (*array == NULL)
		*array = xcalloc(ROWS, section->row_size);
	*count = ROWS;
	for (uint32_t row = 0; row < ROWS && !section->ordinal; row++)
		for (size_t i = 0; i < section->n_index; i++) {
			uint32_t id = section->index[i].min + row;

			memcpy((char *)*array + row * section->row_size +
				       section->index[i].offset,
			       &id, sizeof(id));
		}
}

static void
take_rows(const struct codec_section *section, char *part)
{
	if (section->n_index == 0)
		return;
	free(*(void **)(part + section->base));
	*(void **)(part + section->base) = NULL;
}

/* How many objects of a section a walk met. */
static size_t
count_of(const struct codec_tree *tree, const struct codec_parts *parts,
	 const struct codec_section *want)
{
	struct codec_oid at = *tree->under, last = at;
	struct codec_value value;
	size_t n = 0;

	while (codec_tree_next(tree, parts, 0, &at, &at, &value) == 0) {
		const struct codec_section *section;
		const struct codec_column *column;
		size_t rest;

		assert_true(codec_oid_compare(&last, &at) < 0);
		last = at;
		assert_int_equal(codec_tree_get(tree, parts, 0, &at, &value),
				 0);
		assert_int_equal(codec_find_in(tree, &at, &section, &column,
					       &rest),
				 0);
		n += section == want;
	}
	return n;
}

static void
check_every_object(const struct codec_tree *tree)
{
	char *space[CODEC_PARTS];
	struct codec_parts parts;

	for (size_t i = 0; i < CODEC_PARTS; i++)
		parts.part[i] = space[i] = xcalloc(1, part_sizes[i]);
	for (size_t i = 0; i < tree->n_sections; i++)
		give_rows(tree->sections[i], space[tree->sections[i]->part]);
	for (size_t i = 0; i < tree->n_sections; i++) {
		const struct codec_section *section = tree->sections[i];
		size_t rows = section->n_index == 0 ? 1 : ROWS;

		assert_int_equal(count_of(tree, &parts, section),
				 section->n_columns * rows);
	}
	for (size_t i = 0; i < tree->n_sections; i++)
		take_rows(tree->sections[i], space[tree->sections[i]->part]);
	for (size_t i = 0; i < CODEC_PARTS; i++)
		free(space[i]);
}

static void
every_object_of_every_tree_is_met_by_a_walk(void **state)
{
	(void)state;
	for (size_t i = 0; i < LISTS; i++)
		for (size_t j = 0; lists[i][j] != NULL; j++)
			check_every_object(lists[i][j]);
}

/* --- details and what can be written ---------------------------------------
 */

static void
the_coordinators_sections_are_all_in_our_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < CODEC_SECTIONS; i++) {
		struct codec_oid oid;
		struct codec_value value;
		struct node_report *report = node_report_new();

		codec_oid_of(&codec_sections[i], codec_sections[i].columns,
			     &oid);
		oid.ids[oid.len++] = 0;
		assert_int_equal(codec_get(report, 0, &oid, &value),
				 codec_sections[i].n_index == 0 ? 0 : -ENXIO);
		node_report_free(report);
	}
}

static size_t
count_values(const struct node_report *report)
{
	struct codec_oid at = { .len = 0 };
	struct codec_value value;
	size_t n = 0;

	while (codec_next(report, 0, &at, &at, &value) == 0)
		n++;
	return n;
}

static void
a_detail_is_walked_in_its_place_and_never_copied(void **state)
{
	struct node_report *report = random_report(3, &sizes), *copy;
	struct node_detail *detail = node_detail_new();
	size_t without;

	(void)state;
	report->detail = detail; /* with its scalars */
	without = count_values(report);
	detail->pressures = xcalloc(2, sizeof(*detail->pressures));
	detail->n_pressures = 2;
	detail->pressures[0] = (struct detail_pressure){ 1, 1, 10, 20, 30, 7 };
	detail->pressures[1] = (struct detail_pressure){ 3, 2, 1, 2, 3, 8 };
	detail->alarms = xcalloc(1, sizeof(*detail->alarms));
	detail->n_alarms = 1;
	detail->alarms[0] = (struct detail_alarm){ .condition = 0x01000007,
						   .severity = NOTICE_MAJOR,
						   .kind = "source" };
	assert_int_equal(count_values(report), without + (size_t)2 * 4 + 6);
	copy = node_report_copy(report);
	assert_null(copy->detail);
	node_report_free(copy);
	node_report_free(report);
}

static const struct codec_tree *
own_tree(void)
{
	size_t i = 0;

	while (codec_node_trees[i]->under != &codec_objects)
		i++;
	return codec_node_trees[i];
}

static void
only_what_is_writable_can_be_put(void **state)
{
	struct detail_control control = { .lease_ms = 9000 };
	struct codec_value value = { .type = CODEC_UNSIGNED, .number = 8000 };
	struct codec_oid oids[CODEC_WRITABLE_MAX], oid;
	const struct codec_tree *tree = own_tree();

	(void)state;
	assert_int_equal(codec_list_writable(codec_node_trees, oids), 9);
	oid = oids[5]; /* ihControlLeaseMs, behind two of VM-MIB */
	assert_int_equal(codec_tree_put(tree, &oid, &value, PART_CONTROL,
					&control),
			 -ENXIO);
	oid.ids[oid.len++] = 0;
	assert_int_equal(codec_tree_put(tree, &oid, &value, PART_CONTROL,
					&control),
			 0);
	assert_int_equal(control.lease_ms, 8000);
	value.number = 1;
	assert_int_equal(codec_tree_put(tree, &oid, &value, PART_CONTROL,
					&control),
			 -ERANGE);
	value.type = CODEC_INTEGER;
	assert_int_equal(codec_tree_put(tree, &oid, &value, PART_CONTROL,
					&control),
			 -EPROTO);
	oid.ids[oid.len - 3] = 1; /* ihHost */
	assert_int_equal(codec_tree_put(tree, &oid, &value, PART_CONTROL,
					&control),
			 -ENOENT);
	assert_int_equal(control.lease_ms, 8000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			trees_sections_and_columns_are_in_the_order_of_the_walk),
		cmocka_unit_test(every_object_of_every_tree_is_met_by_a_walk),
		cmocka_unit_test(the_coordinators_sections_are_all_in_our_tree),
		cmocka_unit_test(
			a_detail_is_walked_in_its_place_and_never_copied),
		cmocka_unit_test(only_what_is_writable_can_be_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
