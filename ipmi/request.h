/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/request.h - any command to a BMC: what sensors, event log, watchdog and
 * the like are built on.
 *
 * A request waits in the BMC's queue as power operations do, gives way to a
 * fence and begins anew after it.  It is sent again until it is answered (see
 * ipmi/bmc.h), so it must do no harm when it arrives
 * twice; one that may not says `once`: it is sent again only in a new session,
 * after the old one was closed, and a fence cancels it.  A BMC that is busy is
 * asked again until the deadline.
 *
 * Callbacks follow the rules of ipmi/power.h: exactly one for each accepted
 * request, never before the call has returned.
 */
#ifndef IPMI_REQUEST_H
#define IPMI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/bmc.h"

enum {
	REQUEST_DATA_MAX = 64,
	REQUEST_DEADLINE_MS = 3000 /* default, for deadline_ms = 0 */
};

struct ipmi_request {
	uint8_t netfn, command;
	const uint8_t *data; /* copied */
	size_t len;          /* at most REQUEST_DATA_MAX */
	bool once;
};

struct ipmi_reply {
	enum ipmi_rc rc;
	uint8_t code;        /* with IPMI_CC: the completion code; else 0 */
	const uint8_t *data; /* behind the code; valid during the callback */
	size_t len;          /* 0 unless rc is IPMI_OK */
	int64_t asked_ms, done_ms; /* monotonic */
	int64_t rtt_ms;            /* of the answer; -1: none */
	char text[BMC_TEXT_MAX];   /* for a person: why it failed */
};

typedef void (*request_fn)(void *arg, const struct ipmi_reply *reply);

/* Names the request for bmc_cancel(); 0: refused (too long, queue full, BMC
 * being freed), fn will not be called. */
uint64_t bmc_request(struct bmc *bmc, const struct ipmi_request *request,
		     int64_t deadline_ms, request_fn fn, void *arg);

/* "not enough privilege" */
const char *ipmi_code_text(uint8_t code);
/* Another time it will do; in a reply: it was so until the deadline. */
bool ipmi_code_is_busy(uint8_t code);

#endif
