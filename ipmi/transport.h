/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/transport.h - the seam below the state machine: a way to one BMC, and
 * the clocks.
 *
 * ipmi/openipmi.c is the real one; tests bring their own, with a clock they
 * move by hand.  The machine (bmc.c, session.c, power.c) takes time and
 * messages from here only.
 */
#ifndef IPMI_TRANSPORT_H
#define IPMI_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "ipmi/bmc.h"

enum { TRANSPORT_DATA_MAX = 64 }; /* bytes of a request's data */
enum { BEGUN_NEVER = -1 };

struct transport_message {
	uint32_t tag; /* comes back with the answer */
	uint8_t netfn, command;
	const uint8_t *data;
	size_t len;
	/* Changes something: to be sent once, never again by the transport,
	 * as long as the session is closed within a minute. */
	bool once;
};

/* Calls from the transport, never from within one of its operations. */
struct transport_hooks {
	/* The session asked for by open() is there. */
	void (*up)(void *arg);
	/* It is not, or not any more.  The transport is closed. */
	void (*down)(void *arg, enum ipmi_rc why, const char *text);
	/* data[0] is the completion code; len >= 1. */
	void (*answer)(void *arg, uint32_t tag, const uint8_t *data,
		       size_t len);
	/* The time set by arm() has come. */
	void (*tick)(void *arg);
};

/* Embedded first in each implementation. */
struct transport {
	const struct transport_ops *ops;
	const struct transport_hooks *hooks; /* set by the machine */
	void *arg;
};

struct transport_ops {
	int64_t (*mono_ms)(struct transport *transport);
	int64_t (*wall_ms)(struct transport *transport);
	/* The machine's only timer; arming again moves it. */
	void (*arm)(struct transport *transport, int64_t delay_ms);

	/* Begin to open a session: one of up and down follows, unless close()
	 * comes first.  Negative errno and err: nothing follows. */
	int (*open)(struct transport *transport, struct err *err);
	/* At once, also while opening.  What was under way is never answered
	 * nor sent again; the BMC is told. */
	void (*close)(struct transport *transport);
	/* While open.  No answer at all is possible, and so is a second one
	 * when the transport repeats itself. */
	int (*send)(struct transport *transport,
		    const struct transport_message *message);
	void (*free)(struct transport *transport);
	/* The cipher suite of the session, 0 for none; NULL: always so. */
	int (*suite)(const struct transport *transport);
	/* When the opening began that is under way: handshakes may have to wait
	 * for others.  BEGUN_NEVER: it waits; NULL: with open(). */
	int64_t (*begun_ms)(const struct transport *transport);
};

/* Takes the transport over; copies the name. */
struct bmc *bmc_new(struct transport *transport, const char *name);

#endif
