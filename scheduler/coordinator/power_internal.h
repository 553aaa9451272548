/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/power_internal.h - what the files of power share:
 *
 *	power.c		the hosts' lines, the public door
 *	power_on.c	powering on, a few at a time
 *	device.c	one BMC or outlet: what it says, whether it is ready
 *	fence.c		the walk through the levels of one host
 */
#ifndef SCHEDULER_COORDINATOR_POWER_INTERNAL_H
#define SCHEDULER_COORDINATOR_POWER_INTERNAL_H

#include "scheduler/coordinator/levels.h"
#include "scheduler/coordinator/outlet.h"
#include "scheduler/coordinator/power.h"

enum { POWER_NAME_LEN = 96 };

struct line;
struct fence;

/* A BMC or an outlet. */
struct device {
	struct line *line;
	char name[POWER_NAME_LEN]; /* "BMC", "supplies/left" */
	unsigned level;            /* 0: the host's own BMC */
	struct bmc *bmc;           /* or */
	struct outlet *outlet;
	const struct bmc_settings *conf; /* of a BMC */
	int64_t settle_ms; /* what a verified read takes beyond the usual */
	struct readiness *readiness;
	struct device_word word;
	bool probing;
};

/* Of one host. */
struct line {
	struct coordinator *co;
	size_t host;
	struct device *devices; /* in the order of their levels */
	size_t n_devices;
	struct fence *fence; /* under way; or NULL */

	/* A power-on that waits for its feed and rack, or for outlets; fn
	 * NULL: none. */
	power_fn on_fn;
	void *on_arg;
	struct loop_timer *on_timer;
	unsigned on_outlets; /* being turned on */
	uint64_t on_serial;  /* outlets of older orders are let go */
};

struct power {
	struct ipmi_env *env;
	struct pdu **pdus;  /* by settings */
	struct line *lines; /* by host */
	struct stagger *stagger;
};

/* The level's name in the configuration; that of the first is "BMC". */
const char *line_level_name(const struct line *line, unsigned level);
unsigned line_levels(const struct line *line); /* how many there may be */

/* Takes all words together over into the registry. */
void line_combine(struct line *line, struct levels_word *ret_word);

/* --- device.c ------------------------------------------------------------ */

int devices_open(struct line *line, struct err *err);
void devices_close(struct line *line);

/* The host's own; NULL: none. */
struct device *device_own(const struct line *line);

/* For displays: false when it has told that it is another host's.  What is
 * asked of it is guarded in ipmi/. */
bool device_guard(const struct device *device, struct err *err);

/* A result of it, into its word and the registry. */
void device_take(struct device *device, const struct power_result *result);

/* As ipmi/power.h; false: refused. */
bool device_turn_off(struct device *device, int64_t deadline_ms, power_fn fn,
		     void *arg);
bool device_prove_off(struct device *device, int64_t deadline_ms, power_fn fn,
		      void *arg);
void device_probe(struct device *device);

/* There is no session, or it did not answer lately: it gets less time in a
 * fence. */
bool device_is_silent(const struct device *device);

/* What would keep it from fencing now; "": nothing. */
void device_trouble(const struct device *device,
		    char ret_text[REPORT_TEXT_LEN]);

/* --- power_on.c ---------------------------------------------------------- */

void line_give_up_on(struct line *line, const char *why);

/* --- fence.c ------------------------------------------------------------- */

enum {
	FENCE_LEVEL_MS = 10000, /* of a level that another one follows */
	FENCE_SILENT_MS = 3000, /* and that did not answer before */
	FENCE_OUTLET_MS = 8000,
	FENCE_CHECK_MS = 1500 /* all devices, once a level says off */
};

/* Ends by outcome_fence(), never from inside. */
void fence_start(struct line *line, int64_t command);
void fence_free(struct fence *fence); /* after the devices */

#endif
