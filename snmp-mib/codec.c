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
codec_row_count(const struct codec_section *section,
		const struct node_report *report)
{
	if (section->n_index == 0)
		return 1;
	return *(const size_t *)((const char *)report + section->count);
}

const void *
codec_row_at(const struct codec_section *section,
	     const struct node_report *report, size_t row)
{
	const char *base = (const char *)report + section->base;

	if (section->n_index == 0)
		return base;
	return *(const char *const *)base + row * section->row_size;
}

void
codec_row_index(const struct codec_section *section,
		const struct node_report *report, size_t row,
		uint32_t ret_ids[CODEC_INDEX_MAX])
{
	if (section->ordinal) {
		ret_ids[0] = (uint32_t)row + 1;
		return;
	}

	const char *at = codec_row_at(section, report, row);
	for (size_t i = 0; i < section->n_index; i++)
		memcpy(&ret_ids[i], at + section->index[i].offset,
		       sizeof(ret_ids[i]));
}

size_t
codec_row_search(const struct codec_section *section,
		 const struct node_report *report, const uint32_t *ids,
		 size_t n_ids, bool after)
{
	size_t low = 0, high = codec_row_count(section, report);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t index[CODEC_INDEX_MAX];

		codec_row_index(section, report, middle, index);
		int order =
			codec_ids_compare(index, section->n_index, ids, n_ids);
		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int
codec_get(const struct node_report *report, uint32_t late_ms,
	  const struct codec_oid *oid, struct codec_value *ret_value)
{
	const struct codec_section *section;
	const struct codec_column *column;
	size_t rest;

	if (codec_find(oid, &section, &column, &rest) < 0)
		return -ENOENT;

	const uint32_t *ids = oid->ids + rest;
	size_t n_ids = oid->len - rest, row = 0;

	if (section->n_index == 0) {
		if (n_ids != 1 || ids[0] != 0)
			return -ENXIO;
	} else {
		uint32_t index[CODEC_INDEX_MAX];

		row = codec_row_search(section, report, ids, n_ids, false);
		if (row == codec_row_count(section, report))
			return -ENXIO;
		codec_row_index(section, report, row, index);
		if (codec_ids_compare(index, section->n_index, ids, n_ids) != 0)
			return -ENXIO;
	}
	codec_cell_encode(column, codec_row_at(section, report, row), late_ms,
			  ret_value);
	return 0;
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
row_after(const struct codec_section *section, const struct node_report *report,
	  struct rest rest, size_t *ret_row)
{
	if (section->n_index == 0) {
		*ret_row = 0;
		return rest.n == 0; /* the scalar's name without its .0 */
	}
	*ret_row = rest.n == 0 ? 0
			       : codec_row_search(section, report, rest.ids,
						  rest.n, true);
	return *ret_row < codec_row_count(section, report);
}

static bool
section_after(const struct codec_section *section,
	      const struct node_report *report, struct rest rest,
	      const struct codec_column **ret_column, size_t *ret_row)
{
	if (rest_enter(&rest, section->arc) < 0)
		return false;
	if (section->n_index > 0 && rest_enter(&rest, 1) < 0)
		return false;
	for (size_t i = 0; i < section->n_columns; i++) {
		struct rest inner = rest;

		if (rest_enter(&inner, section->columns[i].arc) < 0)
			continue;
		if (!row_after(section, report, inner, ret_row))
			continue;
		*ret_column = &section->columns[i];
		return true;
	}
	return false;
}

static void
instance_of(const struct codec_section *section,
	    const struct codec_column *column, const struct node_report *report,
	    size_t row, struct codec_oid *ret_oid)
{
	codec_oid_of(section, column, ret_oid);
	if (section->n_index == 0) {
		ret_oid->ids[ret_oid->len++] = 0;
		return;
	}
	codec_row_index(section, report, row, ret_oid->ids + ret_oid->len);
	ret_oid->len += section->n_index;
}

int
codec_next(const struct node_report *report, uint32_t late_ms,
	   const struct codec_oid *oid, struct codec_oid *ret_oid,
	   struct codec_value *ret_value)
{
	struct rest rest = { NULL, 0 };

	if (codec_oid_starts_with(oid, &codec_objects)) {
		rest.ids = oid->ids + codec_objects.len;
		rest.n = oid->len - codec_objects.len;
	} else if (codec_oid_compare(oid, &codec_objects) > 0) {
		return -ENOENT;
	}
	for (size_t i = 0; i < CODEC_SECTIONS; i++) {
		const struct codec_section *section = &codec_sections[i];
		const struct codec_column *column;
		size_t row;

		if (!section_after(section, report, rest, &column, &row))
			continue;
		codec_cell_encode(column, codec_row_at(section, report, row),
				  late_ms, ret_value);
		instance_of(section, column, report, row, ret_oid);
		return 0;
	}
	return -ENOENT;
}
