/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/ipmi_fake.h - a BMC with its chassis and its network, on a
 * clock that is moved by hand.
 *
 * Needs libc only: it is linked into every unit test.
 */
#ifndef TESTS_SUPPORT_IPMI_FAKE_H
#define TESTS_SUPPORT_IPMI_FAKE_H

#include "ipmi/transport.h"

enum { FAKE_EVENTS_MAX = 512, FAKE_REPLY_MAX = 80 };

struct fake_event {
	enum { FAKE_UP, FAKE_DOWN, FAKE_REQUEST, FAKE_ANSWER, FAKE_POWER } kind;
	int64_t at_ms;
	unsigned session; /* ANSWER, UP, DOWN: of this one only */
	uint32_t tag;
	uint8_t netfn, command, data;  /* REQUEST; its first byte */
	uint8_t bytes[FAKE_REPLY_MAX]; /* all of REQUEST's data, or ANSWER's */
	size_t len;
	bool on, by_person; /* POWER */
};

struct fake {
	struct transport transport; /* first */
	int64_t now_ms;
	int64_t tick_ms; /* -1: not armed */
	struct fake_event events[FAKE_EVENTS_MAX];
	size_t n_events;
	bool open, opening;
	unsigned session; /* counts open() */
	int64_t begun_ms; /* the last handshake begins */
	bool freed;

	/* The chassis. */
	bool on;
	bool obeys;            /* presets: true */
	int64_t obey_ms;       /* between an accepted command and its effect */
	uint8_t control_code;  /* completion code of Chassis Control */
	bool act_despite_code; /* and do it all the same */
	bool early_yes;        /* it says off as soon as it is told to go */
	bool going_off;        /* it was, and has not yet */

	/* The BMC and its network. */
	bool silent;         /* nothing is answered */
	int64_t latency_ms;  /* one way */
	int64_t line_ms;     /* a handshake waits for a place */
	enum ipmi_rc refuse; /* handshakes end so, with refuse_text */
	const char *refuse_text;
	uint8_t read_code; /* completion code of Get Chassis Status */
	size_t read_len;   /* length of its answer; preset 4 */
	unsigned lose_control_requests, lose_control_answers;
	unsigned lose_reads; /* the next so many are not answered */
	/* Answers what is no power command: writes code and data, returns their
	 * length, 0 for silence.  NULL: everything is answered like Get Device
	 * ID and Get System GUID. */
	size_t (*serve)(struct fake *fake, const struct fake_event *request,
			uint8_t *ret_reply);
	void *serve_arg;
	/* Called for each event instead of a coin; NULL: no random faults. */
	void (*meddle)(struct fake *fake, struct fake_event *event,
		       bool *ret_drop);

	/* What was seen. */
	unsigned opens, closes, reads, controls, offs, ons, softs, others;
	int64_t last_control_ms;
	int64_t off_read_ms;  /* last time "off" was answered */
	int64_t person_on_ms; /* last time a person switched it on */
};

void fake_init(struct fake *fake);
/* Let time pass, with all that happens in it. */
void fake_run(struct fake *fake, int64_t ms);
void fake_set_power(struct fake *fake, bool on, int64_t in_ms);
/* Somebody at the machine. */
void fake_press_button(struct fake *fake, bool on, int64_t in_ms);
/* Tell of a session that was lost. */
void fake_drop_session(struct fake *fake);

#endif
