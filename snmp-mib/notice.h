/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/notice.h - what a node tells unasked, as plain data, and its
 * variable bindings.  Pure: no net-snmp, no state, any thread.
 */
#ifndef SNMP_MIB_NOTICE_H
#define SNMP_MIB_NOTICE_H

#include <stdint.h>

#include "common/err.h"
#include "snmp-mib/codec.h"

enum notice_kind {
	NOTICE_AGENT_START = 1,
	NOTICE_AGENT_STOP, /* an orderly shutdown of the agent or the host */
	NOTICE_VM_CRASH,
	NOTICE_DATASTORE_LOST,
	NOTICE_DATASTORE_BACK,
	NOTICE_ALARM_RAISED, /* any other condition; `alarm` says which */
	NOTICE_ALARM_CLEARED,
	NOTICE_STORM /* some were not told one by one */
};

enum notice_severity {
	NOTICE_CLEARED = 1, /* the condition is over */
	NOTICE_INFO,
	NOTICE_WARNING,
	NOTICE_MAJOR,
	NOTICE_CRITICAL
};

struct node_notice {
	enum notice_kind kind;
	char host_name[REPORT_NAME_LEN];
	char host_uuid[REPORT_UUID_LEN];
	char boot_id[REPORT_UUID_LEN]; /* `sequence` counts within it */
	uint32_t condition; /* raise and clear carry the same; 0: an event */
	uint32_t sequence;  /* one more with each notice that is sent */
	enum notice_severity severity;
	char subject[REPORT_NAME_LEN]; /* name of VM, datastore or host */
	char text[REPORT_TEXT_LEN];
	/* NOTICE_VM_CRASH: all three; index is that of the report (not 0). */
	uint32_t vm_index;
	char vm_uuid[REPORT_UUID_LEN];
	char vm_name[REPORT_NAME_LEN];
	/* NOTICE_DATASTORE_*: both. */
	uint32_t datastore_index;
	char datastore_name[REPORT_NAME_LEN];
	/* NOTICE_ALARM_*: the kind of the condition, as ihAlarmKind has it. */
	char alarm[REPORT_NAME_LEN];
	/* NOTICE_STORM: how many, since the last one of these. */
	uint32_t suppressed;
	/* Filled by the receiver: the sender's "address:port". */
	char source[REPORT_NAME_LEN];
};

enum { NOTICE_BINDS_MAX = 16 };

struct notice_bind {
	struct codec_oid oid;
	struct codec_value value;
};

/*
 * The bindings of a notice after sysUpTime.0, which the sender puts first
 * (net-snmp: a TimeTicks of its own uptime): snmpTrapOID.0, then the payload.
 * Values point into `notice` and `ret_binds`: do not move either.  Returns
 * how many; a notice without a valid kind is a bug.
 */
size_t notice_encode(const struct node_notice *notice,
		     struct notice_bind ret_binds[NOTICE_BINDS_MAX]);

/*
 * Read the bindings of a received notification, sysUpTime.0 included or not,
 * hostile.  0; -ENOENT: not one of ours; -EPROTO with the reason.
 */
int notice_decode(const struct notice_bind *binds, size_t n,
		  struct node_notice *ret_notice, struct err *err);

const char *notice_kind_name(enum notice_kind kind); /* never NULL */

#endif
