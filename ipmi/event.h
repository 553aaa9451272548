/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/event.h - what an event of a BMC says, in words, and how grave it is:
 * entries of its log (ipmi/sel.h) and its traps (ipmi/pet.h) share this.
 *
 * Pure.  Without the SDR of a sensor there are no names and units: a sensor is
 * its type and its number, a reading is raw.
 */
#ifndef IPMI_EVENT_H
#define IPMI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum { IPMI_EVENT_TEXT_MAX = 128, IPMI_EVENT_SPECIFIC = 0x6f };

/* Zero is unknown: nothing in our tables, or the maker's own. */
enum ipmi_grade {
	IPMI_GRADE_UNKNOWN,
	IPMI_GRADE_INFO,
	IPMI_GRADE_WARNING,
	IPMI_GRADE_CRITICAL
};

struct ipmi_event {
	uint8_t sensor_type, sensor;
	uint8_t type;    /* event/reading type: 1 threshold, 2-12 generic,
			    IPMI_EVENT_SPECIFIC by the sensor's type */
	uint8_t offset;  /* 0-15, what happened */
	bool deasserted; /* it is over */
	/* As in a log entry: the upper half of data[0] says what the others
	 * are. */
	uint8_t data[3];
};

/* An end of something bad is INFO. */
enum ipmi_grade ipmi_event_grade(const struct ipmi_event *event);

/* "watchdog 0x03: power off", "temperature 0x11: upper critical, going high,
 * reading 0x5c, threshold 0x5a (raw)" */
const char *ipmi_event_text(const struct ipmi_event *event,
			    char ret_text[IPMI_EVENT_TEXT_MAX]);

/* Only what happened: "power off"; NULL: nothing in our tables. */
const char *ipmi_event_meaning(const struct ipmi_event *event);

const char *ipmi_grade_name(enum ipmi_grade grade);     /* "critical" */
const char *ipmi_sensor_type_name(uint8_t sensor_type); /* "watchdog" */

#endif
