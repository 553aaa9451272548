/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/codec.h - between a node_report and SNMP values, both ways.
 *
 * One table of columns serves agent and poller; what only monitoring reads
 * (struct node_detail) has tables of its own kind.  Nothing here includes
 * net-snmp, allocates on the agent's side, keeps state or takes a lock:
 * codec_get() and codec_next() only read the report they are given, so any
 * number of threads may call them on one published (immutable) report.  The
 * caller keeps the report alive while it uses a value: octets point into the
 * report or into the value itself.
 *
 * Ages grow while a report waits to be read.  `late_ms` is the time since the
 * report was made; it is added to every age on the way out, up to
 * REPORT_AGE_NEVER.
 */
#ifndef SNMP_MIB_CODEC_H
#define SNMP_MIB_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "snmp-mib/node_report.h"

enum {
	CODEC_OID_MAX = 128,  /* sub-identifiers, as SMI has it */
	CODEC_SMALL_MAX = 32, /* octets that a value keeps in itself */
	CODEC_WIDTH_MAX = 64, /* columns of one table, or all scalars */
	CODEC_PULSE_MAX = 8   /* objects in the heartbeat GET */
};

struct codec_oid {
	size_t len;
	uint32_t ids[CODEC_OID_MAX];
};

enum codec_type {
	CODEC_INTEGER = 1, /* INTEGER, Integer32: int32_t range */
	CODEC_UNSIGNED,    /* Unsigned32, Gauge32 (one tag on the wire) */
	CODEC_COUNTER64,   /* Counter64, CounterBasedGauge64 */
	CODEC_OCTETS,      /* OCTET STRING: text, UUID, hash */
	CODEC_OID,         /* OBJECT IDENTIFIER */
	CODEC_TICKS,       /* TimeTicks */
	CODEC_COUNTER32,   /* Counter32 */
	CODEC_OTHER        /* anything else a peer may send; always refused */
};

struct codec_value {
	enum codec_type type;
	int64_t integer;       /* CODEC_INTEGER */
	uint64_t number;       /* CODEC_UNSIGNED, _COUNTER64, _TICKS, ... */
	const uint8_t *octets; /* CODEC_OCTETS; may point at `small`, so copy
				* a value only by codec_value_copy() */
	size_t n_octets;
	const struct codec_oid *oid; /* CODEC_OID */
	uint8_t small[CODEC_SMALL_MAX];
};

void codec_value_copy(struct codec_value *to, const struct codec_value *from);

/* --- object identifiers -------------------------------------------------- */

/* Below everything of ours: the MODULE-IDENTITY.  The agent registers it. */
const struct codec_oid *codec_root(void);

/* <0, 0, >0 in lexicographic order. */
int codec_oid_compare(const struct codec_oid *a, const struct codec_oid *b);
bool codec_oid_starts_with(const struct codec_oid *oid,
			   const struct codec_oid *prefix);
/* "1.3.6.1..."; cut when `room` is short, always terminated; returns buf. */
const char *codec_oid_print(const struct codec_oid *oid, char *buf,
			    size_t room);

/* --- the agent's side ---------------------------------------------------- */

/*
 * What an agent answers from.  Trees are the subtrees that it registers, one
 * for each MIB module; their sections are of one part or another, and a part
 * that is not there has no instances.
 */
enum codec_part {
	PART_REPORT,
	PART_DETAIL,
	PART_CONTROL, /* what can be set */
	PART_SITE,    /* a coordinator's struct cluster_view */
	CODEC_PARTS
};

struct codec_tree;

struct codec_parts {
	const void *part[CODEC_PARTS];
};

/* All trees of a node in the order of their roots, NULL at the end. */
extern const struct codec_tree *const codec_node_trees[];
/* Those that only a voice without an snmpd needs. */
extern const struct codec_tree *const codec_host_trees[];
/* Those of a coordinator. */
extern const struct codec_tree *const codec_site_trees[];
const struct codec_oid *codec_tree_root(const struct codec_tree *tree);

/* As codec_get() and codec_next(), of one tree. */
int codec_tree_get(const struct codec_tree *tree,
		   const struct codec_parts *parts, uint32_t late_ms,
		   const struct codec_oid *oid, struct codec_value *ret_value);
int codec_tree_next(const struct codec_tree *tree,
		    const struct codec_parts *parts, uint32_t late_ms,
		    const struct codec_oid *oid, struct codec_oid *ret_oid,
		    struct codec_value *ret_value);

/*
 * Take one value that is to be set into `part`, which is of the kind that the
 * object is of.  -ENOENT: no object that can be written; -ENXIO: it can, this
 * instance cannot; -EPROTO: not of its type; -ERANGE: not one of its values.
 * Nothing is changed then.
 */
int codec_tree_put(const struct codec_tree *tree, const struct codec_oid *oid,
		   const struct codec_value *value, enum codec_part kind,
		   void *part);

/* The objects that can be written, without their instances; how many. */
enum { CODEC_WRITABLE_MAX = 16 };
size_t codec_list_writable(const struct codec_tree *const *trees,
			   struct codec_oid ret_oids[CODEC_WRITABLE_MAX]);

/* The instance of a scalar of the node by its name in the MIB; there is one. */
void codec_scalar_oid(const char *name, struct codec_oid *ret_oid);

/* A report and its detail. */
struct codec_parts codec_parts_of(const struct node_report *report);

/*
 * The value of one instance of any of the node's trees.  0; -ENOENT: no such
 * object (unknown column); -ENXIO: the object exists, this instance does not.
 */
int codec_get(const struct node_report *report, uint32_t late_ms,
	      const struct codec_oid *oid, struct codec_value *ret_value);

/*
 * The first instance after `oid` in lexicographic order, in all trees of the
 * node; `oid` may be anything, also before them.  0 or -ENOENT at their end.
 * Costs O(log rows).  ret_oid may be `oid` itself.
 */
int codec_next(const struct node_report *report, uint32_t late_ms,
	       const struct codec_oid *oid, struct codec_oid *ret_oid,
	       struct codec_value *ret_value);

/* --- the poller's side --------------------------------------------------- */

enum codec_table {
	CODEC_SCALARS,
	CODEC_NUMA,
	CODEC_DISTANCES,
	CODEC_FEATURES,
	CODEC_VMS,
	CODEC_DATASTORES,
	CODEC_HEARTBEATS,
	CODEC_SOURCES,
	CODEC_TABLES
};

/* How to ask for a table: every scalar's instance (CODEC_SCALARS), or every
 * column without an instance, in order.  Returns how many; all of them are
 * less than `room`, else it is a bug. */
size_t codec_list_columns(enum codec_table table, struct codec_oid *ret_oids,
			  size_t room);
const char *codec_table_name(enum codec_table table);

/* The object whose change means that rows came or went. */
void codec_layout_oid(struct codec_oid *ret_oid);

/*
 * A report that is being read.  Input is hostile: types, ranges, lengths and
 * the number of rows are checked, text is made printable, rows are created
 * by their index in any order.
 */
struct codec_reading;

struct codec_reading *codec_reading_new(void);
void codec_reading_free(struct codec_reading *reading);

/*
 * Take one value.  0; 1 when the object is unknown or not readable (a newer
 * agent) and was ignored; -EPROTO with the reason when the value cannot be;
 * -E2BIG when a table outgrows its bound.
 */
int codec_reading_put(struct codec_reading *reading,
		      const struct codec_oid *oid,
		      const struct codec_value *value, struct err *err);

/* Take a whole table from an older report instead of reading it. */
void codec_reading_keep(struct codec_reading *reading, enum codec_table table,
			const struct node_report *from);

/* How many rows of a table there are by the agent's word; 0 until it came. */
size_t codec_reading_expected(const struct codec_reading *reading,
			      enum codec_table table);

/* The report as far as it has been read. */
const struct node_report *
codec_reading_so_far(const struct codec_reading *reading);

/*
 * Give the report out, if it is whole: every scalar, every column of each
 * row, and as many rows as the agent said there are.  Else -EPROTO, naming
 * what is missing, and the reading stays.  On success the reading is empty.
 */
int codec_reading_finish(struct codec_reading *reading,
			 struct node_report **ret_report, struct err *err);

/* --- the heartbeat ------------------------------------------------------- */

size_t codec_pulse_oids(struct codec_oid ret_oids[CODEC_PULSE_MAX]);

/* Values in the order of codec_pulse_oids(); -EPROTO as above. */
int codec_pulse_decode(const struct codec_value *values, size_t n,
		       struct node_pulse *ret_pulse, struct err *err);

#endif
