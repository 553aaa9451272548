/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/timeouts.h - what happens, second by second, when a host
 * dies.  All times are monotonic and count from the last good heartbeat.
 *
 *	 0.0	last heartbeat answered
 *	 1.0	the next one is sent and not answered
 *	 1.9	HEARTBEAT_TIMEOUT: first missed beat.  SUSPECT: its BMC, its
 *		libvirt and the datastores are asked at once, and again each
 *		PROBE_PERIOD
 *	 2.3	power cut: BMC says off twice, 250 ms apart.  That is proof:
 *		DEAD, its VMs are started elsewhere
 *	10.0	FENCE_AFTER: BMC says on, nothing else answers, other hosts see
 *		its datastore heartbeat stand still for DATASTORE_SILENT: the
 *		host hangs.  FENCING: power off, verified by two reads
 *	11.5	DEAD.  Where the BMC is stuck or silent and the host has more
 *		levels (its outlets), they are tried one after another, 3 to
 *		15 s each
 *	12.0	without an answer of the BMC: alarm; nothing is started
 *	31	where the cluster has watchdog leases: the device on its board
 *		has fired (a BMC's: 37), 30 (35.5) s after all that may have
 *		renewed it, as seen by those who are left.  DEAD
 *
 *	A host that lives by any second channel (its SNMP master, its libvirt,
 *	its datastore heartbeat) is not fenced unless the cluster says so.
 *	QUIET after the coordinator's own start nothing is fenced: its absence
 *	is not the hosts' silence.
 */
#ifndef SCHEDULER_POLICY_TIMEOUTS_H
#define SCHEDULER_POLICY_TIMEOUTS_H

enum {
	HEARTBEAT_PERIOD_MS = 1000,
	HEARTBEAT_TIMEOUT_MS = 900,
	HEARTBEAT_RESEND_MS = 400,
	FULL_POLL_PERIOD_MS = 10000,
	FULL_POLL_TIMEOUT_MS = 5000,

	SUSPECT_AFTER_MS = 1850, /* a period, a timeout, less the jitter */
	PROBE_PERIOD_MS = 1000,
	PROBE_TIMEOUT_MS = 1500,
	FENCE_AFTER_MS = 10000,
	CANNOT_PROVE_AFTER_MS = 12000,
	OFF_PROOF_MS = 5000,       /* an off read proves nothing longer */
	OFF_FRESH_MS = 400,        /* and by one so old none is called dead */
	BOOT_PATIENCE_MS = 600000, /* from power on to the first answer */

	DATASTORE_ALIVE_MS = 5000, /* a slot is written each second */
	DATASTORE_SILENT_MS = 8000,

	QUIET_MS = 15000,
	FENCE_DEADLINE_MS = 15000,
	FENCE_RETRY_MS = 30000,
	FENCES_PER_HOUR = 6,
	GUARD_PCT = 50,        /* silent together: our network, not the hosts */
	FAILURES_PER_HOUR = 3, /* then the host is set aside */
	SET_ASIDE_MS = 7200000,
	MASS_WINDOW_MS = 7200000,
	GUARD_HOLD_MS = 5000,      /* a silence of many must last so long */
	DISARMED_LONG_MS = 300000, /* then it is perhaps forgotten */
	RETURN_HOME_MS = 300000,   /* what waited for its host starts there */

	PATH_LOST_MS = 140000,  /* all paths down that long: the path is lost */
	PATH_DELAY_MS = 180000, /* and that long nothing is done about it */

	REPORT_FRESH_MS = 3 * FULL_POLL_PERIOD_MS,
	VMS_FRESH_MS = 15000,

	START_DEADLINE_MS = 60000,
	START_RETRY_MS = 5000, /* doubles with each failure */
	START_RETRY_MAX_MS = 60000,
	START_FAILURES_ALARM = 3,
	STARTS_PER_HOST = 4,        /* in flight */
	ORDER_PATIENCE_MS = 30000,  /* waits for another VM: alarm */
	ORDER_LIMIT_MS = 300000,    /* then it starts without that one */
	HOLD_ROOM_MS = 120000,      /* so long room is kept for who waits */
	ADMISSION_HOLD_MS = 5000,   /* no room for a loss: alarm */
	HOLD_FAILURES = 5,          /* and after so many failed starts none */
	REJOIN_PATIENCE_MS = 45000, /* its agent may be slow to read */
	SEEN_THERE_MS = 30000,      /* so long a reading says where a VM is */
	RETURN_PATIENCE_MS = 60000, /* back, and still not trusted: alarm */
	TWO_COPIES_HOLD_MS = 12000, /* both hosts were read again */
	/* A BMC, or we, may be busy for a moment: three checks in a row that
	 * fail, or that pass; see scheduler/coordinator/readiness.h. */
	BMC_TROUBLE_HOLD_MS = 25000,
	BMC_TROUBLE_CLEAR_MS = 25000,
	CLEAN_DEADLINE_MS = 30000,
	CLEAN_RETRY_MS = 5000,

	STOP_DEADLINE_MS = 30000,
	STOP_RETRY_MS = 10000,
	STOP_STUCK_MS = 60000, /* not proved that long: alarm, or fence */
	RESUME_DEADLINE_MS = 15000,
	RESUME_AFTER_MS = 10000, /* the path is well that long */
	RESUME_RETRY_MS = 60000,

	WATCHDOG_SETTLE_MS = 2000, /* a reset by QEMU would show by then */
	RESTARTS_1H = 3,           /* of a VM whose guest fails */
	RESTARTS_24H = 6,
	RESTARTS_7D = 12,
	POISON_HOSTS = 3,        /* that died young with a VM, in an hour */
	POISON_YOUNG_MS = 600000 /* after HA had started it there */
};

#endif
