/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/notifier.h - tells the coordinator by informs: queued, one at a time,
 * tried until acknowledged, never in the way of anything else.
 *
 *	an inform is not acknowledged	pause 1, 2, 5, 10, 30, 30 ... s, up to
 *					twice as long by the host's UUID: not
 *					all hosts come back at the same time
 *	news of a condition that waits	replace what waits
 *	NOTIFIER_QUEUE_MAX wait		the oldest is dropped; the gap in the
 *					sequence numbers tells the receiver
 *	the queue is empty for a while	the worker process ends
 */
#ifndef AGENT_NOTIFIER_H
#define AGENT_NOTIFIER_H

#include <jansson.h>

#include "agent/settings.h"
#include "agent/source.h"
#include "common/loop.h"
#include "snmp-mib/detail_alarm.h"

enum {
	NOTIFIER_QUEUE_MAX = 256,
	NOTIFIER_DEADLINE_MS = 5000, /* of one attempt, in the worker */
	NOTIFIER_REST_MS = 10000     /* the worker lives idle that long */
};

struct notifier;

/* Both are kept.  Without inform_target nothing is ever sent. */
struct notifier *notifier_new(struct loop *loop,
			      const struct settings *settings,
			      const struct report_host *self);
void notifier_free(struct notifier *notifier);

/* Host, boot id and, when it is sent, sequence number are filled in. */
void notifier_send(struct notifier *notifier, const struct node_notice *notice);

/* Send this one before all that wait, at once, and call fn(arg) when it was
 * delivered or failed (in any case soon after wait_ms). */
void notifier_send_last(struct notifier *notifier,
			const struct node_notice *notice, int64_t wait_ms,
			loop_fn fn, void *arg);

size_t notifier_waiting(const struct notifier *notifier);
void notifier_count(const struct notifier *notifier,
		    struct detail_notify *ret_counts);
bool notifier_describe(const struct notifier *notifier, int64_t now_ms,
		       struct report_source *ret_row);

/* The pause after the n-th failure in a row (1, 2, ...); `spread_pm` per mille
 * longer. */
int64_t notifier_pause_ms(unsigned failures, unsigned spread_pm);

/* Fill in who says it. */
void notice_sign(const struct report_host *self, struct node_notice *notice);

/* --- the message to the worker -------------------------------------------- */

json_t *notice_to_message(const struct node_notice *notice);
void notice_from_message(const json_t *message, struct node_notice *ret_notice);

#endif
