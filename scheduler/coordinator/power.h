/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/power.h - the BMCs of the hosts: what was read goes
 * into the registry, what was ordered comes back by outcome_fence().
 */
#ifndef SCHEDULER_COORDINATOR_POWER_H
#define SCHEDULER_COORDINATOR_POWER_H

#include "ipmi/power.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/readiness.h"

/* Opens a warm session to every BMC; that one does not answer is no error. */
int power_open(struct coordinator *co, struct err *err);
void power_close(struct coordinator *co);

/* Two off reads, if it is off; updates the registry. */
void power_probe(struct coordinator *co, size_t host);
void power_fence(struct coordinator *co, size_t host, int64_t command);

/*
 * power_turn_on() of ipmi/power.h as soon as the host's feed and rack allow
 * (stagger.h); calls back once.  A fence meanwhile, and the end of the
 * coordinator, end the waiting with IPMI_CANCELLED.  False: one waits already,
 * or its BMC has too much to do; fn is not called.
 */
bool power_order_on(struct coordinator *co, size_t host, power_fn fn,
		    void *arg);

/* One that waits ends with IPMI_CANCELLED: the host is to be off. */
void power_cancel_on(struct coordinator *co, size_t host);

/* Fill in what a fence would meet now (reg_host.bmc_trouble). */
void power_check_health(struct coordinator *co);

/* For the operator: NULL when the host has no BMC. */
struct bmc *power_bmc(const struct coordinator *co, size_t host);

/* One of what can take a host's power. */
struct power_device {
	const char *level, *name; /* "supplies", "supplies/left" */
	bool is_bmc;
	enum power_state power; /* as last read */
	int64_t read_ms;        /* monotonic; 0: never */
	const char *text;
	const struct readiness_state *readiness;
};

/* False: there is no i-th. */
bool power_device(const struct coordinator *co, size_t host, size_t i,
		  struct power_device *ret_device);

/* Take a result of power_read and its kin over into the registry. */
void power_take(struct coordinator *co, size_t host,
		const struct power_result *result);

/* Of a host with a BMC: false when that has told that it is another host's,
 * see guard.h.  Whatever is asked of it then ends with IPMI_WRONG_HOST. */
bool power_guard(const struct coordinator *co, size_t host, struct err *err);

/* For displays: "none" without a BMC, "wrong-host" when it answers and the
 * guard does not allow it, else bmc_state_name(). */
const char *power_bmc_state(const struct coordinator *co, size_t host);

/* Its power as it was last read by whomever, and the age of that (-1: never);
 * what a foreign BMC says is unknown. */
enum power_state power_last(const struct coordinator *co, size_t host,
			    int64_t now_ms, int64_t *ret_age_ms);

/* NULL when the host has no BMC. */
const struct readiness_state *power_readiness(const struct coordinator *co,
					      size_t host);

#endif
