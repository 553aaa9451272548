/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/policy/order.h - who is started first, and who waits for whom.
 */
#ifndef SCHEDULER_POLICY_ORDER_H
#define SCHEDULER_POLICY_ORDER_H

#include <stdbool.h>

#include "scheduler/policy/draft.h"

/*
 * The lost VMs in the order in which they are to be started: higher priority
 * first, then those that others start after, then the rest of a group that was
 * begun, then the bigger ones and bigger groups, which find room less easily.
 * What another VM starts after has at least its priority.
 */
struct start_order {
	size_t *vms;
	size_t n;
};

void order_init(struct start_order *order, const struct draft *draft);
void order_done(struct start_order *order);

enum order_verdict {
	ORDER_FREE,     /* nothing to wait for */
	ORDER_WAITS,    /* another VM has to run first */
	ORDER_RELEASED, /* one does not, but the limit of its rule is over */
};

/* May the VM start, by the rules of kind after?  `why` says what it waits, or
 * waited, for. */
enum order_verdict order_judge(const struct draft *draft, size_t vm,
			       char why[REASON_LEN]);

/* Tell a person what a verdict other than ORDER_FREE says, if it is time. */
void raise_order(struct draft *draft, size_t vm, enum order_verdict verdict,
		 const char *why);

/* So many are being started in the VM's cluster that it has to wait. */
bool order_is_full(const struct draft *draft, size_t vm);

/* The VM was not started just now, but could be soon: keep the room it needs
 * from those that come behind it.  One that finds no place anywhere, or waits
 * for long, keeps none. */
void order_hold(struct draft *draft, size_t vm);

#endif
