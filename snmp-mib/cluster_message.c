/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views to JSON and back.  A name beside each value would be most of the text,
 * so a section is an array of rows and a row an array of cells,
 * in the order of the codec's table: both ends are one program.
 */
#include "snmp-mib/cluster_message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "snmp-mib/codec_own.h"
#include "snmp-mib/hex.h"

/* --- out ----------------------------------------------------------------- */

static json_t *
pack_text(const char *text)
{
	json_t *packed = json_string(text);

	if (packed != NULL)
		return packed;
	cleanup_free char *plain = xstrdup(text);
	for (char *c = plain; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(plain);
}

/* Out of range is a bug of whoever made the view, and costs that cell alone:
 * the codec would say the same. */
static json_t *
pack_number(const struct codec_column *column, uint32_t number)
{
	if (number < column->min)
		number = column->min;
	if (column->max > 0 && number > column->max)
		number = column->cell == CELL_ENUM ? column->min : column->max;
	return json_integer(number);
}

static json_t *
pack_cell(const struct codec_column *column, const void *row)
{
	const void *cell = (const char *)row + column->offset;
	const uint64_t *wide = cell;

	switch (column->cell) {
	case CELL_BOOL:
		return json_boolean(*(const bool *)cell);
	case CELL_ENUM:
	case CELL_U32:
	case CELL_AGE:
		return pack_number(column, *(const uint32_t *)cell);
	case CELL_U64:
	case CELL_COUNTER:
	case CELL_DATE:
		return json_integer(*wide > INT64_MAX ? INT64_MAX
						      : (json_int_t)*wide);
	case CELL_TEXT:
	case CELL_UUID:
		return pack_text(cell);
	default:
		assert(false); /* no view has it */
		return json_null();
	}
}

static json_t *
pack_row(const struct codec_section *section, const struct cluster_view *view,
	 size_t at)
{
	const void *row = codec_row_at(section, view, at);
	uint32_t ids[CODEC_INDEX_MAX];
	json_t *packed = json_array();

	if (section->n_index > 0) {
		codec_row_index(section, view, at, ids);
		json_array_append_new(packed, json_integer(ids[0]));
	}
	for (size_t i = 0; i < section->n_columns; i++)
		json_array_append_new(packed,
				      pack_cell(&section->columns[i], row));
	return packed;
}

json_t *
cluster_message_pack(const struct cluster_view *view)
{
	const struct codec_tree *tree = codec_site_trees[0];
	json_t *packed = json_object();

	for (size_t s = 0; s < tree->n_sections; s++) {
		const struct codec_section *section = tree->sections[s];
		size_t n = codec_row_count(section, view);
		json_t *rows = json_array();

		for (size_t i = 0; i < n; i++)
			json_array_append_new(rows, pack_row(section, view, i));
		json_object_set_new(packed, section->name, rows);
	}
	return packed;
}

/* --- in ------------------------------------------------------------------ */

static int
refuse(const char *what, const char *why, struct err *err)
{
	return err_set(err, -EPROTO, "view: %s: %s", what, why);
}

static int
unpack_number(const char *name, const json_t *value, uint64_t min, uint64_t max,
	      uint64_t *ret_number, struct err *err)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value))
		return refuse(name, "no number", err);
	if (number < 0 || (uint64_t)number < min || (uint64_t)number > max)
		return refuse(name, "out of range", err);
	*ret_number = (uint64_t)number;
	return 0;
}

static int
unpack_text(const struct codec_column *column, const json_t *value,
	    char *ret_text, struct err *err)
{
	const char *text = json_string_value(value);
	size_t size =
		column->cell == CELL_UUID ? REPORT_UUID_LEN : column->size;
	uint8_t octets[HEX_UUID_OCTETS];

	if (text == NULL)
		return refuse(column->name, "no text", err);
	if (strlen(text) >= size)
		return refuse(column->name, "too long", err);
	if (column->required && text[0] == '\0')
		return refuse(column->name, "empty", err);
	if (column->cell == CELL_UUID && text[0] != '\0' &&
	    !hex_parse_uuid(text, octets))
		return refuse(column->name, "no UUID", err);
	memcpy(ret_text, text, strlen(text) + 1);
	return 0;
}

static int
unpack_bool(const struct codec_column *column, const json_t *value,
	    bool *ret_truth, struct err *err)
{
	if (!json_is_boolean(value))
		return refuse(column->name, "neither true nor false", err);
	*ret_truth = json_is_true(value);
	return 0;
}

static int
unpack_cell(const struct codec_column *column, const json_t *value, void *row,
	    struct err *err)
{
	void *cell = (char *)row + column->offset;
	uint64_t number = 0, max = INT64_MAX;
	bool is_wide = column->cell == CELL_U64 ||
		       column->cell == CELL_COUNTER ||
		       column->cell == CELL_DATE;

	if (column->cell == CELL_BOOL)
		return unpack_bool(column, value, cell, err);
	if (column->cell == CELL_TEXT || column->cell == CELL_UUID)
		return unpack_text(column, value, cell, err);
	if (!is_wide)
		max = column->max > 0 ? column->max : UINT32_MAX;
	int rc = unpack_number(column->name, value, column->min, max, &number,
			       err);
	if (rc == 0 && is_wide)
		*(uint64_t *)cell = number;
	else if (rc == 0)
		*(uint32_t *)cell = (uint32_t)number;
	return rc;
}

/* `after` is the index of the row before. */
static int
unpack_index(const struct codec_section *section, const json_t *value,
	     uint32_t *after, void *row, struct err *err)
{
	const struct codec_index *index = &section->index[0];
	uint64_t number = 0;
	int rc = unpack_number(index->name, value, index->min, index->max,
			       &number, err);

	if (rc < 0)
		return rc;
	if (number <= *after)
		return refuse(index->name, "not in order", err);
	*after = (uint32_t)number;
	memcpy((char *)row + index->offset, after, sizeof(*after));
	return 0;
}

static int
unpack_row(const struct codec_section *section, const json_t *packed,
	   uint32_t *after, void *row, struct err *err)
{
	size_t at = section->n_index;
	int rc = 0;

	if (json_array_size(packed) != at + section->n_columns)
		return refuse(section->name, "not a row", err);
	if (at > 0)
		rc = unpack_index(section, json_array_get(packed, 0), after,
				  row, err);
	for (size_t i = 0; rc == 0 && i < section->n_columns; i++)
		rc = unpack_cell(&section->columns[i],
				 json_array_get(packed, at + i), row, err);
	return rc;
}

/* Room for the rows in the view, all of them zero. */
static char *
make_rows(const struct codec_section *section, struct cluster_view *view,
	  size_t n)
{
	char *base = (char *)view + section->base;

	if (section->n_index == 0)
		return base;
	char *rows = xcalloc(n > 0 ? n : 1, section->row_size);
	memcpy(base, &rows, sizeof(rows));
	*(size_t *)((char *)view + section->count) = n;
	return rows;
}

static int
unpack_section(const struct codec_section *section, const json_t *packed,
	       struct cluster_view *view, struct err *err)
{
	size_t n = json_array_size(packed);
	uint32_t after = 0;
	int rc = 0;

	if (!json_is_array(packed) || (section->n_index == 0 && n != 1))
		return refuse(section->name, "not there", err);
	if (n > section->rows_max)
		return refuse(section->name, "too many rows", err);
	char *rows = make_rows(section, view, n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = unpack_row(section, json_array_get(packed, i), &after,
				rows + i * section->row_size, err);
	return rc;
}

int
cluster_message_unpack(const json_t *message, struct cluster_view **ret_view,
		       struct err *err)
{
	const struct codec_tree *tree = codec_site_trees[0];
	struct cluster_view *view = cluster_view_new();
	int rc = 0;

	for (size_t s = 0; rc == 0 && s < tree->n_sections; s++)
		rc = unpack_section(tree->sections[s],
				    json_object_get(message,
						    tree->sections[s]->name),
				    view, err);
	if (rc < 0) {
		cluster_view_free(view);
		return rc;
	}
	*ret_view = view;
	return 0;
}
