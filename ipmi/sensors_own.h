/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sensors_own.h - what the files of a reading share; nobody else includes
 * it.
 *
 *	sensors.c	life, the end, sensor by sensor
 *	sensors_known.c	the descriptions: kept, from the file, from the BMC
 */
#ifndef IPMI_SENSORS_OWN_H
#define IPMI_SENSORS_OWN_H

#include "ipmi/request.h"
#include "ipmi/sdr_cache.h"
#include "ipmi/sdr_walk.h"
#include "ipmi/sensors.h"

/* A description, and its thresholds as last asked for. */
struct known {
	struct sdr_sensor sdr;
	bool asked;
	int64_t asked_ms;
};

/* Who it is, where the BMC's health does not know yet. */
struct asked_identity {
	bool guid_done, device_done;
	unsigned session;
	uint8_t guid[16], device[15];
};

struct reading {
	sensors_fn fn;
	void *arg;
	uint64_t request; /* 0: the walk's */
	bool walking;
	int64_t deadline_ms, budget_ms, patience_ms;
	bool answered;     /* any sensor */
	unsigned silences; /* in a row */
	enum ipmi_rc silent_rc;
	struct sdr_key key; /* as of now */
	struct sensors_result result;
	struct sensor *sensors;
	size_t i; /* under way */
};

struct sensors {
	struct bmc *bmc;
	char *cache_dir;
	bool freed, warned;
	struct asked_identity identity;

	bool has_known;
	struct sdr_key key; /* that `known` belongs to */
	struct known *known;
	size_t n, skipped;
	bool cut;

	struct sdr_walk *walk; /* under way, or left by a deadline */
	struct sdr_key walk_key;
	struct reading *reading;
};

/* --- sensors.c --- */
/* Each ends in at most one callback, behind which `sensors` may be gone. */
void sensors_finish(struct sensors *sensors, enum ipmi_rc rc, uint8_t code,
		    const char *text);
/* For at most ms, and the time that is left; else the reading ends. */
void sensors_ask(struct sensors *sensors, int64_t ms,
		 const struct ipmi_request *request, request_fn came);
void sensors_spend(struct sensors *sensors, const struct ipmi_reply *reply);
/* With the descriptions at hand. */
void sensors_read_all(struct sensors *sensors);
/* No answer came; others than these end a reading. */
bool sensors_is_unanswered(enum ipmi_rc rc);

/* --- sensors_known.c --- */
/* With the info in reading->key: find the descriptions, then read all. */
void sensors_find(struct sensors *sensors);
void sensors_forget(struct sensors *sensors);

#endif
