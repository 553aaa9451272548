/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/orders.h - what is set over SNMP, on its way from the voice's thread
 * to the main loop.
 *
 * The voice reads and sets under a lock; the main loop is told by an event
 * descriptor and finds the values as they are by then: what was set twice in
 * between is seen once, but no renewal is lost, as it is the time of the last
 * that counts.
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include "common/loop.h"
#include "snmp-mib/detail_lease.h"
#include "snmp-mib/voice.h"

struct orders;

/* On the main loop.  renewed_ms: when `renew` was raised last, by
 * CLOCK_BOOTTIME; -1: not since the last call. */
typedef void (*orders_fn)(void *arg, const struct detail_control *set,
			  int64_t renewed_ms);

/* can_notify: notifications of VM-MIB have a way out. */
struct orders *orders_new(struct loop *loop, const struct detail_control *first,
			  bool can_notify, orders_fn fn, void *arg);
/* The voice does not run any more. */
void orders_free(struct orders *orders);

/* For the voice; belongs to the orders. */
const struct voice_writer *orders_writer(struct orders *orders);

#endif
