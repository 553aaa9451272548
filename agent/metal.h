/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/metal.h - what chips and counters say of the machine's state: the
 * kernel's sensors, energy, frequencies, memory errors.  Read every
 * METAL_PERIOD_MS by the worker "metal", since any of them may hang, and when
 * the kernel tells that one came or went (agent/uevents.h).
 */
#ifndef AGENT_METAL_H
#define AGENT_METAL_H

#include <jansson.h>

#include "agent/sensors.h"
#include "agent/source.h"
#include "common/loop.h"

enum {
	METAL_PERIOD_MS = 10000,
	METAL_DEADLINE_MS = 8000,
	METAL_WITHOUT_CHIPS = 30 /* answers behind one that hung */
};

struct metal;

/* `root` is kept. */
struct metal *metal_new(struct loop *loop, const char *root);
void metal_free(struct metal *metal);
/* Read it again now. */
void metal_look(struct metal *metal);

/* Of the last good answer.  When it grows old, the sensors are still there,
 * unavailable. */
const struct sensor_list *metal_sensors(const struct metal *metal);
const json_t *metal_ecc(const struct metal *metal); /* NULL: none */
/* What is known of a CPU package; false: nothing. */
bool metal_package(const struct metal *metal, uint32_t package,
		   struct detail_package *row);
const struct source *metal_source(const struct metal *metal);

/* Pure: the rows of a worker's answer; what makes no sense is left out. */
void metal_take_sensors(const json_t *list, int64_t now_ms,
			struct sensor_list *ret_list);
/* The chips of before are still there. */
void metal_keep_chips(const struct sensor_list *before,
		      struct sensor_list *now);

#endif
