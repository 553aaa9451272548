/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Object identifiers of the codec: comparing, printing, and finding the
 * column that one means.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "snmp-mib/codec_own.h"

int
codec_ids_compare(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b)
{
	size_t n = n_a < n_b ? n_a : n_b;

	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return (n_a > n_b) - (n_a < n_b);
}

int
codec_oid_compare(const struct codec_oid *a, const struct codec_oid *b)
{
	return codec_ids_compare(a->ids, a->len, b->ids, b->len);
}

bool
codec_oid_starts_with(const struct codec_oid *oid,
		      const struct codec_oid *prefix)
{
	return oid->len >= prefix->len &&
	       memcmp(oid->ids, prefix->ids,
		      prefix->len * sizeof(prefix->ids[0])) == 0;
}

const char *
codec_oid_print(const struct codec_oid *oid, char *buf, size_t room)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < oid->len && used < room; i++) {
		int n = snprintf(buf + used, room - used, "%s%u",
				 i == 0 ? "" : ".", (unsigned)oid->ids[i]);
		used += (size_t)n;
	}
	return buf;
}

/* Past the section's path and, in a table, its entry; 0: not below it. */
static size_t
column_place(const struct codec_section *section, const struct codec_oid *oid)
{
	size_t at = section->under->len;

	if (!codec_oid_starts_with(oid, section->under) ||
	    oid->len < at + section->n_path + (section->n_index > 0) + 1)
		return 0;
	for (size_t i = 0; i < section->n_path; i++)
		if (oid->ids[at++] != section->path[i])
			return 0;
	if (section->n_index > 0 && oid->ids[at++] != 1)
		return 0;
	return at;
}

static const struct codec_column *
column_in(const struct codec_section *section, uint32_t arc)
{
	for (size_t i = 0; i < section->n_columns; i++)
		if (section->columns[i].arc == arc)
			return &section->columns[i];
	return NULL;
}

bool
codec_is_in(const struct codec_section *section, const struct codec_oid *oid,
	    const struct codec_column **ret_column, size_t *ret_rest)
{
	size_t at = column_place(section, oid);
	const struct codec_column *column =
		at > 0 ? column_in(section, oid->ids[at]) : NULL;

	if (column == NULL)
		return false;
	*ret_column = column;
	*ret_rest = at + 1;
	return true;
}

int
codec_find_in(const struct codec_tree *tree, const struct codec_oid *oid,
	      const struct codec_section **ret_section,
	      const struct codec_column **ret_column, size_t *ret_rest)
{
	for (size_t i = 0; i < tree->n_sections; i++)
		if (codec_is_in(tree->sections[i], oid, ret_column, ret_rest)) {
			*ret_section = tree->sections[i];
			return 0;
		}
	return -ENOENT;
}

int
codec_find(const struct codec_oid *oid,
	   const struct codec_section **ret_section,
	   const struct codec_column **ret_column, size_t *ret_rest)
{
	for (size_t i = 0; i < CODEC_SECTIONS; i++)
		if (codec_is_in(&codec_sections[i], oid, ret_column,
				ret_rest)) {
			*ret_section = &codec_sections[i];
			return 0;
		}
	return -ENOENT;
}

void
codec_oid_of(const struct codec_section *section,
	     const struct codec_column *column, struct codec_oid *ret_oid)
{
	*ret_oid = *section->under;
	for (size_t i = 0; i < section->n_path; i++)
		ret_oid->ids[ret_oid->len++] = section->path[i];
	if (section->n_index > 0)
		ret_oid->ids[ret_oid->len++] = 1;
	ret_oid->ids[ret_oid->len++] = column->arc;
}

size_t
codec_list_columns(enum codec_table table, struct codec_oid *ret_oids,
		   size_t room)
{
	size_t n = 0;

	for (size_t s = 0; s < CODEC_SECTIONS; s++) {
		const struct codec_section *section = &codec_sections[s];

		if (section->table != table)
			continue;
		for (size_t c = 0; c < section->n_columns && n < room; c++) {
			struct codec_oid *oid = &ret_oids[n++];

			codec_oid_of(section, &section->columns[c], oid);
			if (section->n_index == 0)
				oid->ids[oid->len++] = 0;
		}
	}
	return n;
}

const char *
codec_table_name(enum codec_table table)
{
	if (table == CODEC_SCALARS)
		return "scalars";
	for (size_t s = 0; s < CODEC_SECTIONS; s++)
		if (codec_sections[s].table == table)
			return codec_sections[s].name;
	return "unknown";
}
