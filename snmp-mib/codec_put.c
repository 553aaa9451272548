/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of the codec: a value that somebody wants to set; and
 * objects by their names.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "snmp-mib/codec_own.h"

int
codec_tree_put(const struct codec_tree *tree, const struct codec_oid *oid,
	       const struct codec_value *value, enum codec_part kind,
	       void *part)
{
	const struct codec_section *section;
	const struct codec_column *column;
	struct err err;
	size_t rest;

	if (codec_find_in(tree, oid, &section, &column, &rest) < 0 ||
	    !column->writable || section->part != kind)
		return -ENOENT;
	if (oid->len != rest + 1 || oid->ids[rest] != 0)
		return -ENXIO;
	if (value->type != codec_cell_type(column))
		return -EPROTO;
	return codec_cell_decode(column, value, (char *)part + section->base,
				 &err) < 0
		       ? -ERANGE
		       : 0;
}

static size_t
list_section(const struct codec_section *section,
	     struct codec_oid ret_oids[CODEC_WRITABLE_MAX], size_t n)
{
	for (size_t i = 0; i < section->n_columns; i++)
		if (section->columns[i].writable) {
			assert(n < CODEC_WRITABLE_MAX);
			codec_oid_of(section, &section->columns[i],
				     &ret_oids[n++]);
		}
	return n;
}

size_t
codec_list_writable(const struct codec_tree *const *trees,
		    struct codec_oid ret_oids[CODEC_WRITABLE_MAX])
{
	size_t n = 0;

	for (; *trees != NULL; trees++)
		for (size_t i = 0; i < (*trees)->n_sections; i++)
			n = list_section((*trees)->sections[i], ret_oids, n);
	return n;
}

static const struct codec_column *
find_name(const struct codec_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_columns && section->n_index == 0; i++)
		if (strcmp(section->columns[i].name, name) == 0)
			return &section->columns[i];
	return NULL;
}

void
codec_scalar_oid(const char *name, struct codec_oid *ret_oid)
{
	for (size_t t = 0; codec_node_trees[t] != NULL; t++)
		for (size_t i = 0; i < codec_node_trees[t]->n_sections; i++) {
			const struct codec_section *section =
				codec_node_trees[t]->sections[i];
			const struct codec_column *column =
				find_name(section, name);

			if (column == NULL)
				continue;
			codec_oid_of(section, column, ret_oid);
			ret_oid->ids[ret_oid->len++] = 0;
			return;
		}
	assert(!"no such scalar");
}
