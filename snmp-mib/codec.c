/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of the codec: get and next over the sorted arrays of a
 * report.
 */
#include "snmp-mib/codec.h"

#include <errno.h>
#include <string.h>

#include "snmp-mib/codec_own.h"

size_t
codec_row_count(const struct codec_section *section, const void *part)
{
	if (part == NULL)
		return 0;
	if (section->n_index == 0)
		return 1;
	return *(const size_t *)((const char *)part + section->count);
}

const void *
codec_row_at(const struct codec_section *section, const void *part, size_t row)
{
	const char *base = (const char *)part + section->base;

	if (section->n_index == 0)
		return base;
	return *(const char *const *)base + row * section->row_size;
}

void
codec_row_index(const struct codec_section *section, const void *part,
		size_t row, uint32_t ret_ids[CODEC_INDEX_MAX])
{
	if (section->ordinal) {
		ret_ids[0] = (uint32_t)row + 1;
		return;
	}

	const char *at = codec_row_at(section, part, row);
	for (size_t i = 0; i < section->n_index; i++)
		memcpy(&ret_ids[i], at + section->index[i].offset,
		       sizeof(ret_ids[i]));
}

size_t
codec_row_search(const struct codec_section *section, const void *part,
		 const uint32_t *ids, size_t n_ids, bool after)
{
	size_t low = 0, high = codec_row_count(section, part);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index[CODEC_INDEX_MAX];

		codec_row_index(section, part, middle, index);
		int order =
			codec_ids_compare(index, section->n_index, ids, n_ids);
		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- get ----------------------------------------------------------------- */

/* The row of an instance; -ENXIO when there is none. */
static int
row_of(const struct codec_section *section, const void *part,
       const uint32_t *ids, size_t n_ids, size_t *ret_row)
{
	size_t count = codec_row_count(section, part), row = 0;

	if (section->n_index == 0) {
		if (count == 0 || n_ids != 1 || ids[0] != 0)
			return -ENXIO;
	} else {
		uint32_t index[CODEC_INDEX_MAX];

		row = codec_row_search(section, part, ids, n_ids, false);
		if (row == count)
			return -ENXIO;
		codec_row_index(section, part, row, index);
		if (codec_ids_compare(index, section->n_index, ids, n_ids) != 0)
			return -ENXIO;
	}
	*ret_row = row;
	return 0;
}

int
codec_tree_get(const struct codec_tree *tree, const struct codec_parts *parts,
	       uint32_t late_ms, const struct codec_oid *oid,
	       struct codec_value *ret_value)
{
	const struct codec_section *section;
	const struct codec_column *column;
	size_t rest, row;

	if (codec_find_in(tree, oid, &section, &column, &rest) < 0)
		return -ENOENT;

	const void *part = parts->part[section->part];
	int rc = row_of(section, part, oid->ids + rest, oid->len - rest, &row);
	if (rc == 0)
		codec_cell_encode(column, codec_row_at(section, part, row),
				  late_ms, ret_value);
	return rc;
}

int
codec_get(const struct node_report *report, uint32_t late_ms,
	  const struct codec_oid *oid, struct codec_value *ret_value)
{
	const struct codec_parts parts = codec_parts_of(report);

	for (size_t i = 0; codec_node_trees[i] != NULL; i++)
		if (codec_oid_starts_with(oid, codec_node_trees[i]->root))
			return codec_tree_get(codec_node_trees[i], &parts,
					      late_ms, oid, ret_value);
	return -ENOENT;
}

/* --- next ---------------------------------------------------------------- */

/* What is left of the OID that was asked for, below our objects.  n 0: all
 * of what follows is after it. */
struct rest {
	const uint32_t *ids;
	size_t n;
};

/*
 * Step into the child `arc`: -1 when all of it is passed already, 0 when it
 * is wholly after what was asked for (rest becomes empty), 1 when the answer
 * depends on the deeper arcs.
 */
static int
rest_enter(struct rest *rest, uint32_t arc)
{
	if (rest->n == 0 || rest->ids[0] < arc) {
		rest->n = 0;
		return 0;
	}
	if (rest->ids[0] > arc)
		return -1;
	rest->ids++;
	rest->n--;
	return 1;
}

/* The first row after `rest`; false when there is none. */
static bool
row_after(const struct codec_section *section, const void *part,
	  struct rest rest, size_t *ret_row)
{
	*ret_row = 0;
	if (section->n_index == 0) /* the scalar's name without its .0 */
		return rest.n == 0 && codec_row_count(section, part) > 0;
	if (rest.n > 0)
		*ret_row =
			codec_row_search(section, part, rest.ids, rest.n, true);
	return *ret_row < codec_row_count(section, part);
}

static bool
section_after(const struct codec_section *section, const void *part,
	      struct rest rest, const struct codec_column **ret_column,
	      size_t *ret_row)
{
	for (size_t i = 0; i < section->n_path; i++)
		if (rest_enter(&rest, section->path[i]) < 0)
			return false;
	if (section->n_index > 0 && rest_enter(&rest, 1) < 0)
		return false;
	for (size_t i = 0; i < section->n_columns; i++) {
		struct rest inner = rest;

		if (rest_enter(&inner, section->columns[i].arc) < 0)
			continue;
		if (!row_after(section, part, inner, ret_row))
			continue;
		*ret_column = &section->columns[i];
		return true;
	}
	return false;
}

static void
instance_of(const struct codec_section *section,
	    const struct codec_column *column, const void *part, size_t row,
	    struct codec_oid *ret_oid)
{
	codec_oid_of(section, column, ret_oid);
	if (section->n_index == 0) {
		ret_oid->ids[ret_oid->len++] = 0;
		return;
	}
	codec_row_index(section, part, row, ret_oid->ids + ret_oid->len);
	ret_oid->len += section->n_index;
}

int
codec_tree_next(const struct codec_tree *tree, const struct codec_parts *parts,
		uint32_t late_ms, const struct codec_oid *oid,
		struct codec_oid *ret_oid, struct codec_value *ret_value)
{
	struct rest rest = { NULL, 0 };

	if (codec_oid_starts_with(oid, tree->under)) {
		rest.ids = oid->ids + tree->under->len;
		rest.n = oid->len - tree->under->len;
	} else if (codec_oid_compare(oid, tree->under) > 0) {
		return -ENOENT;
	}
	for (size_t i = 0; i < tree->n_sections; i++) {
		const struct codec_section *section = tree->sections[i];
		const void *part = parts->part[section->part];
		const struct codec_column *column;
		size_t row;

		if (!section_after(section, part, rest, &column, &row))
			continue;
		codec_cell_encode(column, codec_row_at(section, part, row),
				  late_ms, ret_value);
		instance_of(section, column, part, row, ret_oid);
		return 0;
	}
	return -ENOENT;
}

int
codec_next(const struct node_report *report, uint32_t late_ms,
	   const struct codec_oid *oid, struct codec_oid *ret_oid,
	   struct codec_value *ret_value)
{
	const struct codec_parts parts = codec_parts_of(report);

	for (size_t i = 0; codec_node_trees[i] != NULL; i++)
		if (codec_tree_next(codec_node_trees[i], &parts, late_ms, oid,
				    ret_oid, ret_value) == 0)
			return 0;
	return -ENOENT;
}
