/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/orders.h - what is set over SNMP, on its way from the voice's thread
 * to the main loop.
 *
 * The voice reads and sets under a lock; the main loop is told by an event
 * descriptor and finds the values as they are by then: what was set twice in
 * between is seen once, but no renewal is lost, as it is the time of the last
 * that counts, and no order to measure something.
 */
#ifndef AGENT_ORDERS_H
#define AGENT_ORDERS_H

#include "common/loop.h"
#include "snmp-mib/detail_lease.h"
#include "snmp-mib/voice.h"

struct orders;

enum { ORDERS_MEASURE_MAX = 16 }; /* on their way; more are refused */

/* What is no value: all of it since the last call. */
struct orders_news {
	int64_t renewed_ms; /* `renew` was raised, by CLOCK_BOOTTIME; -1: not */
	/* VMs whose dirty rate is to be measured, in their order. */
	uint32_t measure[ORDERS_MEASURE_MAX];
	size_t n_measure;
};

/* On the main loop. */
typedef void (*orders_fn)(void *arg, const struct detail_control *set,
			  const struct orders_news *news);

/* can_notify: notifications of VM-MIB have a way out. */
struct orders *orders_new(struct loop *loop, const struct detail_control *first,
			  bool can_notify, orders_fn fn, void *arg);
/* The voice does not run any more. */
void orders_free(struct orders *orders);

/* Names of CPU models, of which one may be set: each between two newlines.
 * NULL: none.  Taken over. */
void orders_take_models(struct orders *orders, char *names);

/* For the voice; belongs to the orders. */
const struct voice_writer *orders_writer(struct orders *orders);

#endif
