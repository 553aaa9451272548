/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_alarm.h - the alarms of a node and the state of its
 * notices, as they are published.
 */
#ifndef SNMP_MIB_DETAIL_ALARM_H
#define SNMP_MIB_DETAIL_ALARM_H

#include <stdint.h>

#include "snmp-mib/node_report.h"
#include "snmp-mib/notice.h"

enum { DETAIL_ALARMS_MAX = 4096 };

struct detail_alarm {
	uint32_t condition; /* as in notices; never 0 */
	enum notice_severity severity;
	uint64_t since_s; /* wall clock, seconds since 1970 */
	uint64_t count;   /* how often it came up, this time included */
	char kind[REPORT_NAME_LEN];
	char subject[REPORT_NAME_LEN];
	char text[REPORT_TEXT_LEN];
};

struct detail_notify {
	uint64_t sent;       /* delivered to the receiver */
	uint64_t suppressed; /* changes that a later one overtook */
	uint64_t dropped;    /* because too many waited */
	uint32_t waiting;
	uint32_t sequence; /* of the last one that was sent */
};

#endif
