/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator's tree: each object comes once and in order; a view passes
 * through a message unchanged, and no message makes a view that is none.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the above */
#include <cmocka.h>

#include <jansson.h>

#include "common/cleanup.h"
#include "snmp-mib/board.h"
#include "snmp-mib/cluster_message.h"
#include "tests/unit/snmp-mib/random_view.h"

static struct codec_parts
parts_of(const struct cluster_view *view)
{
	return (struct codec_parts){ { [PART_SITE] = view } };
}

static size_t
count_objects(const struct cluster_view *view)
{
	const struct codec_tree *tree = codec_site_trees[0];
	size_t n = 0;

	for (size_t s = 0; s < tree->n_sections; s++)
		n += tree->sections[s]->n_columns *
		     codec_row_count(tree->sections[s], view);
	return n;
}

/* --- the walk ------------------------------------------------------------ */

static void
walk(const struct cluster_view *view)
{
	const struct codec_tree *tree = codec_site_trees[0];
	const struct codec_parts parts = parts_of(view);
	struct codec_oid at = *codec_tree_root(tree), next;
	struct codec_value value, same;
	size_t n = 0;

	while (codec_tree_next(tree, &parts, 7, &at, &next, &value) == 0) {
		assert_true(codec_oid_compare(&at, &next) < 0);
		assert_true(codec_oid_starts_with(&next, &codec_site_objects));
		assert_int_equal(codec_tree_get(tree, &parts, 7, &next, &same),
				 0);
		assert_int_equal(value.type, same.type);
		assert_int_equal(value.number, same.number);
		assert_int_equal(value.integer, same.integer);
		assert_int_equal(value.n_octets, same.n_octets);
		at = next;
		n++;
	}
	assert_int_equal(n, count_objects(view));
}

static void
a_walk_gives_every_object_once_and_in_order(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n += 1 + n / 2) {
		struct cluster_view *view = random_view(n);

		walk(view);
		cluster_view_free(view);
	}
}

static void
without_a_view_there_is_nothing(void **state)
{
	const struct codec_tree *tree = codec_site_trees[0];
	const struct codec_parts parts = parts_of(NULL);
	struct codec_oid next;
	struct codec_value value;

	(void)state;
	assert_int_equal(codec_tree_next(tree, &parts, 0, codec_tree_root(tree),
					 &next, &value),
			 -ENOENT);
}

/* Behind one snmpd the longer one wins, and nothing of a node's lies there. */
static void
a_node_has_no_object_below_the_coordinators_root(void **state)
{
	(void)state;
	assert_true(codec_oid_starts_with(&codec_site_objects, codec_root()));
	for (size_t i = 0; codec_node_trees[i] != NULL; i++)
		assert_false(codec_oid_starts_with(codec_node_trees[i]->under,
						   &codec_site_objects));
}

static void
ages_grow_while_a_view_waits(void **state)
{
	struct cluster_view view = { .site = { .age_ms = 0 } };
	const struct codec_parts parts = parts_of(&view);
	struct codec_oid oid = codec_site_objects;
	struct codec_value value;

	(void)state;
	oid.ids[oid.len++] = 1;
	oid.ids[oid.len++] = 6; /* ihSiteViewAge */
	oid.ids[oid.len++] = 0;
	assert_int_equal(codec_tree_get(codec_site_trees[0], &parts, 1234, &oid,
					&value),
			 0);
	assert_int_equal(value.number, 1234);
}

/* --- messages ------------------------------------------------------------ */

static void
a_view_comes_out_of_a_message_as_it_went_in(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n += 1 + n / 2) {
		struct cluster_view *view = random_view(n), *back = NULL;
		json_t *message = cluster_message_pack(view), *again;
		struct err err = { "" };

		if (cluster_message_unpack(message, &back, &err) < 0)
			fail_msg("%s", err.text);
		again = cluster_message_pack(back);
		assert_true(json_equal(message, again));
		assert_int_equal(back->n_members, n);
		assert_memory_equal(&back->site.snapshot, &view->site.snapshot,
				    sizeof(view->site.snapshot));
		json_decref(message);
		json_decref(again);
		cluster_view_free(view);
		cluster_view_free(back);
	}
}

static void
text_that_is_no_utf8_is_made_fit(void **state)
{
	struct cluster_view *view = random_view(1), *back = NULL;

	(void)state;
	snprintf(view->site.name, sizeof(view->site.name), "b\xc3\xa4r");
	snprintf(view->site.store_text, sizeof(view->site.store_text),
		 "cut: \xc3");
	json_t *message = cluster_message_pack(view);
	assert_int_equal(cluster_message_unpack(message, &back, NULL), 0);
	assert_string_equal(back->site.name, "b\xc3\xa4r");
	assert_string_equal(back->site.store_text, "cut: ?");
	json_decref(message);
	cluster_view_free(view);
	cluster_view_free(back);
}

static void
a_cell_out_of_range_costs_no_view(void **state)
{
	struct cluster_view *view = random_view(1), *back = NULL;

	(void)state;
	view->members[0].health = 0;
	view->members[0].cpu_use_pm = 1001;
	view->members[0].state = VIEW_MEMBER_REJOINING + 1;
	view->site.snapshot = UINT64_MAX;
	json_t *message = cluster_message_pack(view);
	assert_int_equal(cluster_message_unpack(message, &back, NULL), 0);
	assert_int_equal(back->members[0].health, HEALTH_UNKNOWN);
	assert_int_equal(back->members[0].cpu_use_pm, 1000);
	assert_int_equal(back->members[0].state, VIEW_MEMBER_NEW);
	assert_int_equal(back->site.snapshot, INT64_MAX);
	json_decref(message);
	cluster_view_free(view);
	cluster_view_free(back);
}

/* What becomes of a good message when `value` stands at a place of it. */
static void
expect_refusal(const char *section, size_t row, size_t cell, json_t *value,
	       const char *why)
{
	struct cluster_view *view = random_view(3), *back = NULL;
	json_t *message = cluster_message_pack(view);
	json_t *rows = json_object_get(message, section);
	struct err err = { "" };

	json_array_set_new(json_array_get(rows, row), cell, value);
	assert_int_equal(cluster_message_unpack(message, &back, &err), -EPROTO);
	assert_null(back);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
	json_decref(message);
	cluster_view_free(view);
}

static void
what_cannot_be_is_refused_by_name(void **state)
{
	char *long_text = xcalloc(300, 1);

	(void)state;
	memset(long_text, 'x', 299);
	expect_refusal("ihSite", 0, 0, json_integer(1), "ihSiteName: no text");
	expect_refusal("ihSite", 0, 0, json_string(long_text),
		       "ihSiteName: too long");
	expect_refusal("ihSite", 0, 2, json_integer(0),
		       "ihSiteMode: out of range");
	expect_refusal("ihSite", 0, 2, json_integer(4),
		       "ihSiteMode: out of range");
	expect_refusal("ihSite", 0, 4, json_integer(-1), "out of range");
	expect_refusal("ihSite", 0, 4, json_integer(INT64_C(1) << 32),
		       "out of range");
	expect_refusal("ihSite", 0, 18, json_real(1.5), "no number");
	expect_refusal("ihSite", 0, 18, json_null(), "no number");
	expect_refusal("ihClusterTable", 0, 11, json_integer(1),
		       "ihClusterFenceIsolated: neither");
	expect_refusal("ihClusterTable", 1, 1, json_string(""),
		       "ihClusterName: empty");
	expect_refusal("ihMemberTable", 1, 3, json_string("no-uuid"),
		       "ihMemberUuid: no UUID");
	expect_refusal("ihMemberTable", 1, 0, json_integer(0),
		       "ihMemberIndex: out of range");
	expect_refusal("ihMemberTable", 1, 0, json_integer(1), "not in order");
	expect_refusal("ihMemberTable", 2, 0, json_integer(UINT32_MAX),
		       "out of range");
	free(long_text);
}

static void
expect_refusal_of(json_t *message, const char *why)
{
	struct cluster_view *back = NULL;
	struct err err = { "" };

	assert_int_equal(cluster_message_unpack(message, &back, &err), -EPROTO);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
	json_decref(message);
}

static json_t *
good_message(void)
{
	struct cluster_view *view = random_view(2);
	json_t *message = cluster_message_pack(view);

	cluster_view_free(view);
	return message;
}

static void
a_message_of_another_shape_is_refused(void **state)
{
	json_t *message;

	(void)state;
	expect_refusal_of(json_object(), "ihSite: not there");
	expect_refusal_of(json_array(), "ihSite: not there");
	message = good_message();
	json_object_set_new(message, "ihMemberTable", json_object());
	expect_refusal_of(message, "ihMemberTable: not there");
	message = good_message();
	json_array_append_new(json_object_get(message, "ihSite"), json_array());
	expect_refusal_of(message, "ihSite: not there");
	message = good_message();
	json_array_append_new(json_object_get(message, "ihClusterTable"),
			      json_array());
	expect_refusal_of(message, "ihClusterTable: not a row");
	message = good_message();
	json_array_append_new(json_object_get(message, "ihClusterTable"),
			      json_string("row"));
	expect_refusal_of(message, "ihClusterTable: not a row");
}

static void
more_rows_than_a_table_may_have_are_refused(void **state)
{
	struct cluster_view *view = random_view(VIEW_CLUSTERS_MAX + 1);

	(void)state;
	expect_refusal_of(cluster_message_pack(view),
			  "ihClusterTable: too many rows");
	cluster_view_free(view);
}

/* Bytes of good messages are overwritten at random: what still parses is taken
 * or refused, and what is taken can be walked. */
static void
no_spoilt_message_does_harm(void **state)
{
	json_t *message = good_message();
	char *text = json_dumps(message, JSON_COMPACT);
	size_t len = strlen(text), taken = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t at = roll() % len;
		char kept = text[at];
		struct cluster_view *view;

		text[at] = (char)('!' + roll() % 94);
		json_t *spoilt = json_loads(text, 0, NULL);
		if (spoilt != NULL &&
		    cluster_message_unpack(spoilt, &view, NULL) == 0) {
			walk(view);
			cluster_view_free(view);
			taken++;
		}
		json_decref(spoilt);
		text[at] = kept;
	}
	assert_in_range(taken, 1, 19999);
	free(text);
	json_decref(message);
}

/* --- the board ----------------------------------------------------------- */

static void
a_board_of_views_answers_with_the_latest(void **state)
{
	struct board *board = board_new(&board_of_views);
	struct voice_source source = board_source(board);
	struct cluster_view *view = cluster_view_new();
	struct codec_parts parts;
	int64_t made_ms;

	(void)state;
	assert_ptr_equal(source.trees, codec_site_trees);
	assert_null(source.take(source.arg, &parts, &made_ms));
	board_post(board, cluster_view_new(), 5);
	board_post(board, view, 6);
	const void *taken = source.take(source.arg, &parts, &made_ms);
	assert_ptr_equal(parts.part[PART_SITE], view);
	assert_null(parts.part[PART_REPORT]);
	assert_int_equal(made_ms, 6);
	board_post(board, cluster_view_new(), 7);
	assert_int_equal(view->n_members, 0); /* still there */
	source.give_back(source.arg, taken);
	board_free(board);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_gives_every_object_once_and_in_order),
		cmocka_unit_test(without_a_view_there_is_nothing),
		cmocka_unit_test(
			a_node_has_no_object_below_the_coordinators_root),
		cmocka_unit_test(ages_grow_while_a_view_waits),
		cmocka_unit_test(a_view_comes_out_of_a_message_as_it_went_in),
		cmocka_unit_test(text_that_is_no_utf8_is_made_fit),
		cmocka_unit_test(a_cell_out_of_range_costs_no_view),
		cmocka_unit_test(what_cannot_be_is_refused_by_name),
		cmocka_unit_test(a_message_of_another_shape_is_refused),
		cmocka_unit_test(more_rows_than_a_table_may_have_are_refused),
		cmocka_unit_test(no_spoilt_message_does_harm),
		cmocka_unit_test(a_board_of_views_answers_with_the_latest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
