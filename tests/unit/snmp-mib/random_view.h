/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/snmp-mib/random_view.h - cluster views with something in every
 * cell, by the codec's own table.
 */
#ifndef TESTS_UNIT_SNMP_MIB_RANDOM_VIEW_H
#define TESTS_UNIT_SNMP_MIB_RANDOM_VIEW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "snmp-mib/cluster_view.h"
#include "snmp-mib/codec_own.h"

/* The same views each time. */
static uint32_t luck = 4711;

static inline uint32_t
roll(void)
{
	luck ^= luck << 13;
	luck ^= luck >> 17;
	luck ^= luck << 5;
	return luck;
}

static inline void
fill_text(const struct codec_column *column, char *cell)
{
	size_t room = column->size - 1;
	size_t len = roll() % (room + 1);

	if (column->required && len == 0)
		len = 1;
	for (size_t i = 0; i < len; i++)
		cell[i] = (char)(' ' + roll() % 95);
	cell[len] = '\0';
}

static inline void
fill_cell(const struct codec_column *column, void *row)
{
	void *cell = (char *)row + column->offset;
	uint32_t number = roll();
	uint64_t wide = (uint64_t)roll() << 31 | roll();

	switch (column->cell) {
	case CELL_BOOL:
		*(bool *)cell = number % 2;
		break;
	case CELL_ENUM:
		*(uint32_t *)cell =
			column->min + number % (column->max - column->min + 1);
		break;
	case CELL_U64:
	case CELL_COUNTER:
		*(uint64_t *)cell = wide;
		break;
	case CELL_DATE:
		*(uint64_t *)cell = number;
		break;
	case CELL_TEXT:
		fill_text(column, cell);
		break;
	case CELL_UUID:
		snprintf(cell, REPORT_UUID_LEN,
			 number % 4 ? "%08x-0000-4000-8000-000000000001" : "",
			 (unsigned)number);
		break;
	default:
		*(uint32_t *)cell =
			column->max ? number % (column->max + 1) : number;
	}
}

/* `n` rows in each table, their indexes with gaps. */
static inline struct cluster_view *
random_view(size_t n)
{
	const struct codec_tree *tree = codec_site_trees[0];
	struct cluster_view *view = cluster_view_new();

	for (size_t s = 0; s < tree->n_sections; s++) {
		const struct codec_section *section = tree->sections[s];
		char *row = (char *)view + section->base;
		size_t rows = section->n_index ? n : 1;
		uint32_t index = 0;

		if (section->n_index > 0) {
			char *array = xcalloc(n + 1, section->row_size);

			memcpy(row, &array, sizeof(array));
			*(size_t *)((char *)view + section->count) = n;
			row = array;
		}
		for (size_t i = 0; i < rows; i++, row += section->row_size) {
			for (size_t c = 0; c < section->n_columns; c++)
				fill_cell(&section->columns[c], row);
			index += 1 + roll() % 3;
			if (section->n_index > 0)
				memcpy(row + section->index[0].offset, &index,
				       sizeof(index));
		}
	}
	return view;
}

#endif
