/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/sensors.h - readings of all kinds of sensors as rows: of the BMC, of
 * the kernel (agent/hwmon.h), of the CPUs' energy counters (agent/rapl.h).
 * Pure.
 *
 * A row is in units with three decimals, revolutions and hertz without: the
 * scale of a sensor never changes, for monitoring asks for it once.
 */
#ifndef AGENT_SENSORS_H
#define AGENT_SENSORS_H

#include <jansson.h>

#include "agent/index.h"
#include "snmp-mib/node_detail.h"

struct sensor; /* ipmi/sensors.h */

enum { SENSOR_LABEL_MAX = 80 };

/* Values and thresholds in millionths of the kind's unit. */
struct sensor_raw {
	char key[REPORT_NAME_LEN]; /* the same over restarts */
	char name[REPORT_NAME_LEN];
	char unit[REPORT_NAME_LEN]; /* "": that of the kind */
	char part[REPORT_NAME_LEN]; /* key of what it is built into, or "" */
	enum detail_sensor_source source;
	enum detail_sensor_kind kind;
	enum detail_subsystem about; /* OTHER: what the kind says */
	enum detail_sensor_status status;
	bool has_states; /* the value is their mask, in micro as others are */
	int64_t micro;
	bool has[DETAIL_THRESHOLDS];
	int64_t thresholds[DETAIL_THRESHOLDS];
	enum report_health health;
	char text[REPORT_TEXT_LEN];
	int64_t read_ms; /* monotonic */
	uint32_t update_ms;
};

#define SENSOR_TEXT(raw, words) \
	snprintf((raw)->text, sizeof((raw)->text), "%s", (words))

struct sensor_list {
	struct sensor_raw *raws;
	size_t n;
};

void sensor_list_add(struct sensor_list *list, const struct sensor_raw *raw);
void sensor_list_clear(struct sensor_list *list); /* and what it has */

/* Long keys end in a hash of the whole. */
void sensor_set_key(struct sensor_raw *raw, const char *key);

/* By the thresholds it has; OK without any. */
enum report_health sensor_judge(const struct sensor_raw *raw);

/* Those of chips that nobody has set up: upper ones that are not above zero
 * (of temperatures and fans), pairs turned around. */
void sensor_drop_odd_thresholds(struct sensor_raw *raw);

/* Between worker and agent. */
json_t *sensor_to_message(const struct sensor_raw *raw);
/* False: it makes no sense. */
bool sensor_from_message(const json_t *from, struct sensor_raw *ret_raw);

/* `ordinal` tells those of the same name apart. */
void sensor_from_ipmi(const struct sensor *from, unsigned ordinal,
		      struct sensor_raw *ret_raw);

/* As a row, but for index and time. */
void sensor_to_row(const struct sensor_raw *raw, struct detail_sensor *ret_row);

#endif
