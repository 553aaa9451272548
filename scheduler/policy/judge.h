/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/judge.h - what the evidence about one host amounts to.
 *
 * That no copy of a VM is left at a host is proved by
 *
 *	off	two reads of its fence devices just now, or the word of a person
 *	lease	its watchdog was armed, was renewed so long ago that it has
 *		fired, and nothing was heard since it must have
 *
 * and by neither against a sign of life: an answer of its agent, of the SNMP
 * master beside it, of its libvirt, a slot that it writes.  The lease asks for
 * more, as it is an inference and no reading: libvirt was asked and is silent,
 * and no BMC says on.  It says that the copies are dead, not that the host is
 * off: a watchdog may reset it, and then it comes back with another boot.
 */
#ifndef SCHEDULER_POLICY_JUDGE_H
#define SCHEDULER_POLICY_JUDGE_H

#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"

enum verdict {
	VERDICT_LIVES,    /* its agent answers, or it is too early to say */
	VERDICT_UNSURE,   /* silent; nothing proves either side yet */
	VERDICT_NO_AGENT, /* the host lives, its agent does not */
	VERDICT_ISOLATED, /* it writes to its datastore; nothing else answers */
	VERDICT_HUNG,     /* it has power and nothing else: fence it */
	VERDICT_OFF,      /* proved without power, or reset by its lease */
	VERDICTS
};

/* Weigh the evidence; `why` gets it in words. */
enum verdict judge_host(const struct snapshot *snap, size_t host,
			char why[REASON_LEN]);

/* By any proof, and no channel shows a sign of life: with one the BMC lies, or
 * is that of another machine. */
bool host_is_proved_off(const struct snap_host *host);

/* NULL, or which proof that is, to be set behind its name. */
const char *host_proof(const struct snap_host *host);

/* By its lease alone: it may have lived until that ended. */
bool host_is_dead_by_lease(const struct snap_host *host);

/* Its watchdog must have fired, and yet its BMC says on. */
bool host_outlived_its_lease(const struct snap_host *host);

#endif
