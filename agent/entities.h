/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/entities.h - the machine as a tree of things, in the shape of
 * ENTITY-MIB and ENTITY-STATE-MIB, and the sensors that hang in it.
 *
 *	chassis
 *	  BMC, power supplies, fans, network ports, storage
 *	  board
 *	    NUMA node (a container)
 *	      CPU package, where all its CPUs are of that node
 *	    memory modules
 *	  sensors: in what they measure, as far as that is known
 *
 * A thing keeps its number over restarts by its place or its name
 * (agent/entity_key.h).  The firmware's processors are laid over the kernel's
 * packages when there are as many; else there are only the packages.
 */
#ifndef AGENT_ENTITIES_H
#define AGENT_ENTITIES_H

#include <jansson.h>

#include "agent/index.h"
#include "agent/sensors.h"
#include "snmp-mib/node_detail.h"

/* Reports are made each second, sensors come more rarely: in between the rows
 * stay as they are. */
enum { ENTITIES_PERIOD_MS = 4000 };

struct entities; /* what goes on from report to report */

/* `start_ms` is when the agent began, which time ticks count from. */
struct entities *entities_new(struct index *index, int64_t start_ms);
void entities_free(struct entities *entities);

/* What is known of the machine; all may be NULL. */
struct entity_parts {
	const json_t *things;   /* agent/dmi.h, agent/devices.h */
	const json_t *packages; /* agent/packages.h */
	const json_t *ecc;      /* agent/edac.h */
	const struct sensor_list *sensors[2];
};

/* Rows of entities, what contains what, sensors and states; and the index of
 * the packages, which are in the detail already, as are node, BMC and
 * memory. */
void entities_fill(struct entities *entities, const struct entity_parts *parts,
		   int64_t now_ms, uint64_t now_s, struct node_report *report);

/* --- for the files behind it (entities.c, entity_rows.c) ------------------ */

struct thing {
	char key[REPORT_NAME_LEN], in[REPORT_NAME_LEN];
	struct detail_entity row;
	enum report_health health;    /* its own, not that of what is in it */
	const struct sensor_raw *raw; /* of a sensor */
	size_t order;                 /* as it was found */
};

struct thing_list {
	struct thing *things;
	size_t n, room;
};

/* New, or the one that has this key; NULL when there are too many. */
struct thing *things_add(struct thing_list *list, const char *key,
			 const char *in, enum detail_class class);
struct thing *things_find(const struct thing_list *list, const char *key);

/* The tree as it was found. */
void things_collect(struct thing_list *list, const struct entity_parts *parts,
		    const struct node_report *report);

#endif
