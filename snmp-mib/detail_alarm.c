/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alarms that are raised, and what became of the notices of them.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

static const struct codec_column alarm_columns[] = {
	{ 2, "ihAlarmSeverity", CELL_ENUM, IN(detail_alarm, severity),
	  .min = NOTICE_CLEARED, .max = NOTICE_CRITICAL },
	{ 3, "ihAlarmSince", CELL_DATE, IN(detail_alarm, since_s) },
	{ 4, "ihAlarmCount", CELL_COUNTER, IN(detail_alarm, count) },
	{ 5, "ihAlarmSubject", CELL_TEXT, SIZED(detail_alarm, subject) },
	{ 6, "ihAlarmText", CELL_TEXT, SIZED(detail_alarm, text) },
	{ 7, "ihAlarmKind", CELL_TEXT, SIZED(detail_alarm, kind),
	  .required = true },
};

const struct codec_section detail_alarms = {
	DETAIL_TABLE("ihAlarmTable", alarm_columns, detail_alarm, alarms,
		     DETAIL_ALARMS_MAX),
	AT(41), .n_index = 1,
	.index = { { "ihAlarmCondition", IN(detail_alarm, condition), .min = 1,
		     .max = MIB_INDEX_MAX } }
};

static const struct codec_column notify_columns[] = {
	{ 1, "ihNotifySent", CELL_COUNTER, IN(detail_notify, sent) },
	{ 2, "ihNotifyOvertaken", CELL_COUNTER, IN(detail_notify, suppressed) },
	{ 3, "ihNotifyDropped", CELL_COUNTER, IN(detail_notify, dropped) },
	{ 4, "ihNotifyWaiting", CELL_U32, IN(detail_notify, waiting) },
	{ 5, "ihNotifyLastSequence", CELL_U32, IN(detail_notify, sequence) },
};

const struct codec_section detail_notify = {
	DETAIL_SCALARS("ihNotifyStats", notify, notify_columns), AT(51)
};
