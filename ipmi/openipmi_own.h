/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/openipmi_own.h - what openipmi.c and wire.c share; nobody else includes
 * it.
 */
#ifndef IPMI_OPENIPMI_OWN_H
#define IPMI_OPENIPMI_OWN_H

#include "ipmi/address.h"
#include "ipmi/os_handler.h"
#include "ipmi/rmcp.h"
#include "ipmi/transport.h"

/* Many BMCs have one account: one locked page is enough for it. */
struct shared_account {
	struct shared_account *next;
	unsigned refs;
	struct ipmi_account *account; /* in locked memory */
};

struct ipmi_env {
	struct loop *loop;
	struct os_handler_s *handler;
	struct wire *wires;
	struct shared_account *accounts;
	unsigned orphans; /* local connections that cannot be closed yet */
};

/* A BMC's way, as long as the BMC. */
struct wire {
	struct transport transport; /* first */
	struct ipmi_env *env;
	struct wire *next;
	struct loop_timer *tick;
	struct loop_timer *later; /* to tell the news from a clean stack */
	struct dial *dial;        /* NULL: closed */
	enum { NEWS_NONE, NEWS_UP, NEWS_REDIAL, NEWS_DOWN } news;
	enum ipmi_rc why; /* NEWS_DOWN: for this reason */
	const char *text;

	bool local;
	unsigned ifnum;
	struct ipmi_address address;
	struct shared_account *account;
	unsigned privilege; /* OpenIPMI's number */
	/* The strongest that the BMC did not refuse. */
	const struct rmcp_suite *suite;
	bool may_suite_3, told_suite_3;
};

/* --- wire.c --- */
struct wire *ipmi_wire_new(struct ipmi_env *env);
/* A packet of a handshake under way; false: to be dropped. */
bool ipmi_wire_note(struct wire *wire, const struct rmcp_packet *packet);
bool ipmi_wire_is_opening(const struct wire *wire);

/* --- openipmi.c --- */
void ipmi_env_forget(struct ipmi_env *env, const struct wire *wire);

#endif
