/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/alarm.h - which alarms stand: each decision lists them
 * anew, here they are compared, and coming and going become events.
 */
#ifndef SCHEDULER_COORDINATOR_ALARM_H
#define SCHEDULER_COORDINATOR_ALARM_H

#include "scheduler/coordinator/coordinator.h"

void alarm_update(struct coordinator *co, const struct plan_alarm *alarms,
		  size_t n, int64_t now_ms);

#endif
