/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/codec_own.h - the codec's table of objects; for the codec's own
 * files and its tests.
 *
 * A section is a group of scalars (one row, instance 0) or a table.  Sections
 * and their columns are listed in the order of their arcs, which is the order
 * of the walk.
 *
 * codec_sections[] are those that the coordinator reads, of the report.  All
 * others are read by monitoring alone; they are of the report's detail and
 * live in detail_*.c.  codec_tree.c says which subtree they are in, and where.
 */
#ifndef SNMP_MIB_CODEC_OWN_H
#define SNMP_MIB_CODEC_OWN_H

#include "snmp-mib/codec.h"

enum codec_cell {
	CELL_ENUM,    /* INTEGER { }: an enum of node_report.h */
	CELL_BOOL,    /* TruthValue: 1 is true, 2 is false */
	CELL_U32,     /* Unsigned32 or Gauge32 */
	CELL_AGE,     /* Gauge32 in ms that grows until it is read */
	CELL_U64,     /* CounterBasedGauge64 */
	CELL_COUNTER, /* Counter64 */
	CELL_TEXT,    /* SnmpAdminString */
	CELL_UUID,    /* UUIDorZero, 16 octets; as text in the report */
	CELL_HASH,    /* 32 octets or none; as hex in the report */
	CELL_ROWS,    /* Gauge32: how many rows a table has */
	/* In details only; the coordinator's side refuses them. */
	CELL_I32,      /* INTEGER, Integer32: an int32_t */
	CELL_TICKS,    /* TimeTicks, TimeStamp: a uint32_t, 1/100 s */
	CELL_OCTETS,   /* uint8_t[1 + n]: the length, then the octets */
	CELL_DATE,     /* DateAndTime in UTC: a uint64_t, seconds since 1970;
			* 0 is the text of no date, eight zeroes */
	CELL_ZERO_OID, /* zeroDotZero: there is nothing to point at */
	CELL_OID,      /* a pointer to a struct codec_oid that stays */
	CELL_COUNTER32 /* Counter32: a uint32_t; standard modules have it */
};

struct codec_column {
	uint32_t arc;
	const char *name; /* as in the MIB */
	enum codec_cell cell;
	size_t offset;     /* in the row */
	size_t size;       /* of the text's buffer */
	uint32_t min, max; /* enums and numbers; max 0: no bound */
	bool required;     /* text and UUID: not empty */
	bool writable;     /* by SET; of PART_CONTROL only */
};

enum { CODEC_INDEX_MAX = 3, CODEC_PATH_MAX = 3, CODEC_SECTIONS = 14 };

struct codec_index {
	const char *name;
	size_t offset;
	uint32_t min, max;
};

struct codec_section {
	const char *name;
	enum codec_part part;   /* whose fields these are */
	enum codec_table table; /* of PART_REPORT */
	/* The arcs from there down to the group or the table: one in our own
	 * module; none for scalars right below. */
	const struct codec_oid *under;
	uint32_t path[CODEC_PATH_MAX];
	size_t n_path;
	const struct codec_column *columns;
	size_t n_columns;
	/* Scalars: where their struct is in the part.  Tables: where the
	 * array's pointer and count are. */
	size_t base, count;
	size_t row_size;
	size_t rows_max;
	size_t n_index; /* 0: scalars */
	/* The row's place in the array plus one is its index: the struct has
	 * no field for it. */
	bool ordinal;
	struct codec_index index[CODEC_INDEX_MAX];
};

/* What the coordinator reads, in the order of enum codec_table. */
extern const struct codec_section codec_sections[CODEC_SECTIONS];
extern const struct codec_oid codec_objects;      /* of our own module */
extern const struct codec_oid codec_site_objects; /* a coordinator's */

/* A subtree that an agent registers. */
struct codec_tree {
	const char *module;                          /* its name */
	const struct codec_oid *root;                /* what is registered */
	const struct codec_oid *under;               /* of all its sections */
	const struct codec_section *const *sections; /* in walk order */
	size_t n_sections;
};

/* Row access; `part` is the one that the section is of, NULL for none of it
 * being there.  Scalars have exactly one row. */
size_t codec_row_count(const struct codec_section *section, const void *part);
const void *codec_row_at(const struct codec_section *section, const void *part,
			 size_t row);
void codec_row_index(const struct codec_section *section, const void *part,
		     size_t row, uint32_t ret_ids[CODEC_INDEX_MAX]);
/* The first row whose index is not before `ids` (inclusive), or after it. */
size_t codec_row_search(const struct codec_section *section, const void *part,
			const uint32_t *ids, size_t n_ids, bool after);

/* Parse an OID of our own module down to the column that the coordinator
 * reads.  0, -ENOENT; *ret_rest: where in the OID the instance starts. */
int codec_find(const struct codec_oid *oid,
	       const struct codec_section **ret_section,
	       const struct codec_column **ret_column, size_t *ret_rest);
/* One section of either. */
bool codec_is_in(const struct codec_section *section,
		 const struct codec_oid *oid,
		 const struct codec_column **ret_column, size_t *ret_rest);
/* The same in any tree. */
int codec_find_in(const struct codec_tree *tree, const struct codec_oid *oid,
		  const struct codec_section **ret_section,
		  const struct codec_column **ret_column, size_t *ret_rest);
void codec_oid_of(const struct codec_section *section,
		  const struct codec_column *column, struct codec_oid *ret_oid);
int codec_ids_compare(const uint32_t *a, size_t n_a, const uint32_t *b,
		      size_t n_b);

/* One cell: into a value (cannot fail), out of a hostile one. */
void codec_cell_encode(const struct codec_column *column, const void *row,
		       uint32_t late_ms, struct codec_value *ret_value);
int codec_cell_decode(const struct codec_column *column,
		      const struct codec_value *value, void *ret_row,
		      struct err *err);
enum codec_type codec_cell_type(const struct codec_column *column);

#endif
