/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of standard modules against the modules' own text: every
 * column's place, name, type, enumeration and access, and every index.
 *
 * The texts are not part of the project: SMIPATH names a folder that has
 * them.
 */
#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "snmp-mib/codec_own.h"

static const int types[] = {
	[CELL_ENUM] = TYPE_INTEGER,      [CELL_BOOL] = TYPE_INTEGER,
	[CELL_U32] = TYPE_GAUGE,         [CELL_AGE] = TYPE_GAUGE,
	[CELL_U64] = TYPE_COUNTER64,     [CELL_COUNTER] = TYPE_COUNTER64,
	[CELL_TEXT] = TYPE_OCTETSTR,     [CELL_UUID] = TYPE_OCTETSTR,
	[CELL_HASH] = TYPE_OCTETSTR,     [CELL_ROWS] = TYPE_GAUGE,
	[CELL_I32] = TYPE_INTEGER32,     [CELL_TICKS] = TYPE_TIMETICKS,
	[CELL_OCTETS] = TYPE_OCTETSTR,   [CELL_DATE] = TYPE_OCTETSTR,
	[CELL_ZERO_OID] = TYPE_OBJID,    [CELL_OID] = TYPE_OBJID,
	[CELL_COUNTER32] = TYPE_COUNTER,
};

static const struct tree *
node_at(const struct codec_oid *oid)
{
	const struct tree *node = get_tree_head();

	while (node != NULL && node->subid != oid->ids[0])
		node = node->next_peer;
	for (size_t i = 1; i < oid->len && node != NULL; i++) {
		node = node->child_list;
		while (node != NULL && node->subid != oid->ids[i])
			node = node->next_peer;
	}
	return node;
}

/* INTEGER and Integer32 are one on the wire, as are Gauge32 and Unsigned32,
 * and BITS are octets. */
static int
wire_type(int type)
{
	switch (type) {
	case TYPE_INTEGER32:
		return TYPE_INTEGER;
	case TYPE_UNSIGNED32:
		return TYPE_GAUGE;
	case TYPE_BITSTRING:
		return TYPE_OCTETSTR;
	default:
		return type;
	}
}

/* All that we may say is among what the text allows. */
static void
check_enum(const struct codec_column *column, const struct tree *node)
{
	for (uint32_t value = column->min; value <= column->max; value++) {
		const struct enum_list *e = node->enums;

		while (e != NULL && (uint32_t)e->value != value)
			e = e->next;
		if (e == NULL)
			fail_msg("%s has no value %u", column->name, value);
	}
}

static void
check_column(const struct codec_section *section,
	     const struct codec_column *column)
{
	struct codec_oid oid;

	codec_oid_of(section, column, &oid);
	const struct tree *node = node_at(&oid);
	if (node == NULL) {
		fail_msg("%s: there is nothing at its place", column->name);
		return;
	}
	assert_string_equal(node->label, column->name);
	if (node->access != MIB_ACCESS_READONLY &&
	    node->access != MIB_ACCESS_READWRITE)
		fail_msg("%s cannot be read", column->name);
	if (wire_type(node->type) != wire_type(types[column->cell]))
		fail_msg("%s is of another type (%d)", column->name,
			 node->type);
	if (column->cell == CELL_ENUM)
		check_enum(column, node);
}

/* The numbers of indexes: a text or an OID as an index is more than one, and
 * we serve none. */
static void
check_index(const struct codec_section *section)
{
	struct codec_oid oid;
	size_t n = 0;

	codec_oid_of(section, section->columns, &oid);
	oid.len--;
	const struct tree *entry = node_at(&oid);
	assert_non_null(entry);
	for (const struct index_list *index = entry->indexes; index != NULL;
	     index = index->next, n++)
		if (n < section->n_index)
			assert_string_equal(index->ilabel,
					    section->index[n].name);
	if (entry->augments == NULL)
		assert_int_equal(n, section->n_index);
}

/* What Linux does not tell. */
static bool
cannot_be_known(const struct tree *node)
{
	return strcmp(node->label, "hrStorageAllocationFailures") == 0;
}

/* Every readable column of the table is served: monitoring takes one that is
 * missing for a broken agent. */
static void
check_nothing_is_left_out(const struct codec_section *section)
{
	struct codec_oid oid;
	size_t n = 0;

	codec_oid_of(section, section->columns, &oid);
	oid.len--;
	for (const struct tree *node = node_at(&oid)->child_list; node != NULL;
	     node = node->next_peer)
		n += (node->access == MIB_ACCESS_READONLY ||
		      node->access == MIB_ACCESS_READWRITE) &&
		     !cannot_be_known(node);
	if (n != section->n_columns)
		fail_msg("%s: %zu columns, of which %zu are served",
			 section->name, n, section->n_columns);
}

static bool
is_standard(const struct codec_tree *tree)
{
	return tree->under != &codec_objects;
}

static void
check_tree(const struct codec_tree *tree)
{
	if (read_module(tree->module) == NULL)
		fail_msg("%s cannot be read", tree->module);
	for (size_t s = 0; s < tree->n_sections; s++) {
		const struct codec_section *section = tree->sections[s];

		for (size_t c = 0; c < section->n_columns; c++)
			check_column(section, &section->columns[c]);
		if (section->n_index > 0) {
			check_index(section);
			check_nothing_is_left_out(section);
		}
	}
}

static void
columns_are_where_and_what_the_standard_says(void **state)
{
	(void)state;
	if (getenv("SMIPATH") == NULL) {
		print_message("skipped: SMIPATH names no base modules\n");
		skip();
	}
	for (size_t i = 0; codec_node_trees[i] != NULL; i++)
		if (is_standard(codec_node_trees[i]))
			check_tree(codec_node_trees[i]);
	for (size_t i = 0; codec_host_trees[i] != NULL; i++)
		check_tree(codec_host_trees[i]);
}

static int
set_up(void **state)
{
	const char *path = getenv("SMIPATH");

	(void)state;
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", path != NULL ? path : "/nonexistent", 1);
	setenv("SNMPCONFPATH", "/nonexistent", 1);
	netsnmp_init_mib();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shutdown_mib();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_where_and_what_the_standard_says),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
