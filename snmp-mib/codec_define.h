/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/codec_define.h - the words in which columns and sections are
 * written down; for codec_table.c and detail_*.c.
 */
#ifndef SNMP_MIB_CODEC_DEFINE_H
#define SNMP_MIB_CODEC_DEFINE_H

#include "snmp-mib/codec_own.h"
#include "snmp-mib/node_detail.h"

#define CODEC_LEN(a)    (sizeof(a) / sizeof((a)[0]))
#define IN(type, field) .offset = offsetof(struct type, field)
#define SIZED(type, field) \
	IN(type, field), .size = sizeof(((struct type *)NULL)->field)
#define MIB_INDEX_MAX  2147483647u
#define MIB_NUMBER_MAX 65535u /* nodes, slots */

#define SCALARS_OF(in, group, struct_of, field, array)     \
	.name = (group), .part = (in), .columns = (array), \
	.n_columns = CODEC_LEN(array),                     \
	.base = offsetof(struct struct_of, field), .rows_max = 1
#define TABLE_OF(in, what, struct_of, array, type, field, max) \
	.name = (what), .part = (in), .columns = (array),      \
	.n_columns = CODEC_LEN(array),                         \
	.base = offsetof(struct struct_of, field),             \
	.count = offsetof(struct struct_of, n_##field),        \
	.row_size = sizeof(struct type), .rows_max = (size_t)(max)
/* Of the detail. */
#define DETAIL_SCALARS(group, field, array) \
	SCALARS_OF(PART_DETAIL, group, node_detail, field, array)
#define DETAIL_TABLE(what, array, type, field, max) \
	TABLE_OF(PART_DETAIL, what, node_detail, array, type, field, max)
/* Where it is: below our objects, or below those of another module. */
#define AT(arc) .under = &codec_objects, .path = { (arc) }, .n_path = 1

#endif
