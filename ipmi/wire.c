/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/wire.c - the real transport: one BMC's way through OpenIPMI's raw
 * connections, over the network or the kernel's driver.
 *
 * What the library does by itself, and what is done about it:
 *  - It sends each message up to seven times.  Reads may be repeated.  For
 *    commands the time between two sendings is set to ONCE_US; the state
 *    machine closes the session long before, and a closed one sends nothing.
 *  - It tries again each 10 s after a failed handshake, without asking: bad
 *    for accounts that lock.  At the first failure the connection is closed.
 *  - It calls a lost connection so after 7 to 17 s.  The state machine has
 *    deadlines of its own and does not wait for that.
 *
 * A connection outlives its wire for a moment: closed from within one of the
 * library's own callbacks, it dies only when that returns, and answers the
 * messages under way with an error.  Hence struct dial, counted.
 */
#include <errno.h>
#include <OpenIPMI/ipmi_auth.h>
#include <OpenIPMI/ipmi_conn.h>
#include <OpenIPMI/ipmi_err.h>
#include <OpenIPMI/ipmi_lan.h>
#include <OpenIPMI/ipmi_msgbits.h>
#include <OpenIPMI/ipmi_smi.h>
#include <OpenIPMI/ipmiif.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "ipmi/openipmi_own.h"

enum { ONCE_US = 120000000, OUTSTANDING = 8 };

/* --- connections --------------------------------------------------------- */

static void
dial_unref(struct dial *dial)
{
	if (--dial->refs == 0)
		free(dial);
}

static void con_changed(ipmi_con_t *con, int error, unsigned int port,
			int any_port_up, void *arg);

static void
dial_close(struct dial *dial)
{
	ipmi_con_t *con = dial->con;

	dial->con = NULL;
	con->remove_con_change_handler(con, con_changed, dial);
	/* Tells the BMC to close the session, and answers what is under way
	 * with errors, now or when the library's callback returns. */
	con->close_connection(con);
	dial_unref(dial);
}

/* The wire does not want it any more. */
static void
dial_drop(struct dial *dial)
{
	dial->wire = NULL;
	/* The library's local connection, closed before it is up, leaves a
	 * timer behind that uses it: wait for that. */
	if (dial->local && !dial->up)
		dial->env->orphans++;
	else
		dial_close(dial);
}

static void
wire_drop_dial(struct wire *wire)
{
	struct dial *dial = wire->dial;

	wire->dial = NULL;
	if (dial != NULL)
		dial_drop(dial);
}

static int wire_dial(struct wire *wire, struct err *err);

static const struct rmcp_suite *
other_suite(const struct rmcp_suite *suite)
{
	return suite == &rmcp_suite_17 ? &rmcp_suite_3 : &rmcp_suite_17;
}

/* The other suite, after the BMC refused the first; nobody else notices. */
static bool
wire_redial(struct wire *wire)
{
	struct err err;

	wire->suite = other_suite(wire->suite);
	wire->redialled = true;
	return wire_dial(wire, &err) == 0;
}

static void
wire_news(void *arg)
{
	struct wire *wire = arg;
	const struct transport *t = &wire->transport;
	int news = wire->news;

	wire->news = NEWS_NONE;
	if (news != NEWS_REDIAL)
		ipmi_window_leave(wire);
	if (news == NEWS_UP) {
		t->hooks->up(t->arg);
		return;
	}
	wire_drop_dial(wire);
	if (news == NEWS_REDIAL && wire_redial(wire))
		return;
	ipmi_window_leave(wire);
	t->hooks->down(t->arg, wire->why, wire->text);
}

/* A refusal, not a lie, and no sign of a session yet. */
static bool
may_redial(const struct wire *wire, enum ipmi_rc why)
{
	return why == IPMI_ALGORITHM && wire->may_suite_3 && !wire->redialled &&
	       wire->dial != NULL && !wire->dial->up &&
	       !wire->dial->progress.lied;
}

/* News is told, and a failed connection closed, from a clean stack: this runs
 * inside the library or the filter, which still hold on to the socket.  The
 * first failure is the true one. */
void
ipmi_wire_fail(struct wire *wire, enum ipmi_rc why, const char *text)
{
	if (wire->news == NEWS_DOWN || wire->news == NEWS_REDIAL)
		return;
	wire->news = may_redial(wire, why) ? NEWS_REDIAL : NEWS_DOWN;
	if (why == IPMI_ALGORITHM)
		wire->needs_suite_3 = false; /* perhaps it learnt something */
	wire->why = why;
	wire->text = text;
	loop_timer_start(wire->later, 0);
}

static void
wire_is_up(struct wire *wire)
{
	if (wire->news == NEWS_DOWN || wire->news == NEWS_REDIAL)
		return;
	wire->was_silent = false;
	ipmi_named_was_right(wire);
	wire->needs_suite_3 = wire->suite == &rmcp_suite_3;
	if (wire->needs_suite_3 && !wire->told_suite_3) {
		wire->told_suite_3 = true;
		log_warn("bmc",
			 "%s: it does not do cipher suite 17, suite 3 (SHA-1) "
			 "is used",
			 wire->address.host);
	}
	wire->news = NEWS_UP;
	loop_timer_start(wire->later, 0);
}

/* The library's news: an error for each failed attempt, success twice. */
static void
con_changed(ipmi_con_t *con, int error, unsigned int port, int any_port_up,
	    void *arg)
{
	struct dial *dial = arg;
	const char *text = "the connection was lost";
	enum ipmi_rc why = IPMI_TIMEOUT;

	(void)con;
	(void)port;
	(void)any_port_up;
	if (dial->wire == NULL) {
		dial->env->orphans--;
		dial_close(dial);
		return;
	}
	if (error == 0) {
		if (!dial->up)
			wire_is_up(dial->wire);
		dial->up = true;
		return;
	}
	if (!dial->up)
		why = rmcp_classify(&dial->progress, error, &text);
	if (dial->local) {
		dial->up = true; /* it has spoken: may be closed */
		why = IPMI_NO_SESSION;
		text = "the local BMC does not answer its driver";
	}
	ipmi_wire_fail(dial->wire, why, text);
}

static int
lan_setup(const struct wire *wire, ipmi_con_t **ret_con)
{
	struct ipmi_account *account = wire->account->account;
	char *host = (char *)wire->address.host;
	char *port = (char *)wire->address.port;
	const struct rmcp_suite *suite = wire->suite;
	ipmi_lanp_parm_t parms[] = {
		{ IPMI_LANP_PARMID_ADDRS, 0, &host, 1 },
		{ IPMI_LANP_PARMID_PORTS, 0, &port, 1 },
		{ IPMI_LANP_ADDRESS_FAMILY, wire->address.family, NULL, 0 },
		{ IPMI_LANP_PARMID_AUTHTYPE, IPMI_AUTHTYPE_RMCP_PLUS, NULL, 0 },
		{ IPMI_LANP_AUTHENTICATION_ALGORITHM, suite->authentication,
		  NULL, 0 },
		{ IPMI_LANP_INTEGRITY_ALGORITHM, suite->integrity, NULL, 0 },
		{ IPMI_LANP_CONFIDENTIALITY_ALGORITHM, suite->confidentiality,
		  NULL, 0 },
		{ IPMI_LANP_PARMID_PRIVILEGE, (int)wire->privilege, NULL, 0 },
		{ IPMI_LANP_PARMID_USERNAME, 0, account->user,
		  (unsigned)strlen(account->user) },
		{ IPMI_LANP_PARMID_PASSWORD, 0, account->password,
		  (unsigned)strlen(account->password) },
		{ IPMI_LANP_MAX_OUTSTANDING_MSG_COUNT, OUTSTANDING, NULL, 0 },
		{ IPMI_LANP_DEFAULT_TIMEOUT,
		  1000 * (wire->slow_handshake ? DIAL_MESSAGE_SLOW_MS
					       : DIAL_MESSAGE_MS),
		  NULL, 0 },
		{ IPMI_LANP_DEFAULT_SIDEEFFECT_TIMEOUT, ONCE_US, NULL, 0 },
	};

	return ipmi_lanp_setup_con(parms, sizeof(parms) / sizeof(parms[0]),
				   wire->env->handler, NULL, ret_con);
}

static int
open_error(const struct wire *wire, int rv, struct err *err)
{
	int code = IPMI_IS_OS_ERR((unsigned)rv) && rv > 0 ? -rv : -EIO;

	if (wire->local)
		return err_errno(err, code, "cannot open /dev/ipmi%u",
				 wire->ifnum);
	return err_errno(err, code, "cannot open a connection");
}

static int
wire_dial(struct wire *wire, struct err *err)
{
	ipmi_con_t *con = NULL;
	int rv = wire->local
			 ? ipmi_smi_setup_con((int)wire->ifnum,
					      wire->env->handler, NULL, &con)
			 : lan_setup(wire, &con);
	if (rv != 0)
		return open_error(wire, rv, err);

	struct dial *dial = xcalloc(1, sizeof(*dial));
	dial->wire = wire;
	dial->env = wire->env;
	dial->con = con;
	dial->refs = 1;
	dial->local = wire->local;
	wire->dial = dial;
	con->add_con_change_handler(con, con_changed, dial);
	rv = con->start_con(con);
	if (rv != 0) {
		dial->up = true;
		wire_drop_dial(wire);
		return open_error(wire, rv, err);
	}
	return 0;
}

void
ipmi_wire_begin(struct wire *wire)
{
	struct err err;

	wire->begun_ms = clock_mono_ms();
	if (wire_dial(wire, &err) < 0)
		ipmi_wire_fail(wire, IPMI_NO_SESSION,
			       "cannot open a connection");
}

/* --- the operations of a transport --------------------------------------- */

static struct wire *
wire_of(struct transport *transport)
{
	return (struct wire *)transport;
}

static int64_t
wire_mono_ms(struct transport *transport)
{
	(void)transport;
	return clock_mono_ms();
}

static int64_t
wire_wall_ms(struct transport *transport)
{
	(void)transport;
	return clock_wall_ms();
}

static void
wire_arm(struct transport *transport, int64_t delay_ms)
{
	loop_timer_start(wire_of(transport)->tick, delay_ms);
}

static int
open_now(struct wire *wire, struct err *err)
{
	if (wire->dial == NULL && !wire->local) {
		wire->suite =
			wire->needs_suite_3 ? &rmcp_suite_3 : &rmcp_suite_17;
		wire->redialled = false;
		if (!ipmi_window_enter(wire))
			return 0; /* in line; see ipmi_wire_begin() */
	}
	wire->begun_ms = clock_mono_ms();
	if (wire->dial == NULL) {
		int rc = wire_dial(wire, err);

		if (rc < 0)
			ipmi_window_leave(wire);
		return rc;
	}
	/* The driver was kept open, see wire_close(). */
	if (wire->dial->up)
		wire_is_up(wire);
	return 0;
}

static int
wire_open(struct transport *transport, struct err *err)
{
	struct wire *wire = wire_of(transport);

	return ipmi_named_ask(wire) ? 0 : open_now(wire, err);
}

void
ipmi_wire_open_now(struct wire *wire)
{
	struct err err;

	if (open_now(wire, &err) < 0)
		ipmi_wire_fail(wire, IPMI_NO_SESSION,
			       "cannot open a connection");
}

static void
wire_close(struct transport *transport)
{
	struct wire *wire = wire_of(transport);

	loop_timer_stop(wire->later);
	wire->news = NEWS_NONE;
	ipmi_named_cancel(wire);
	ipmi_window_leave(wire);
	/* The kernel's driver has no session to mend by reopening. */
	if (!wire->local)
		wire_drop_dial(wire);
}

static int
answer_came(ipmi_con_t *con, ipmi_msgi_t *item)
{
	struct dial *dial = item->data1;
	uint32_t tag = (uint32_t)(uintptr_t)item->data2;
	const ipmi_msg_t *msg = &item->msg;
	/* The library's own timeout looks like this code, and one inside the
	 * BMC is no answer either. */
	bool timeout = msg->data_len == 1 && msg->data[0] == IPMI_TIMEOUT_CC;

	if (con != NULL && dial->wire != NULL && msg->data_len > 0 &&
	    !timeout) {
		const struct transport *t = &dial->wire->transport;
		t->hooks->answer(t->arg, tag, msg->data, msg->data_len);
	}
	dial_unref(dial);
	return IPMI_MSG_ITEM_NOT_USED;
}

static int
con_send(ipmi_con_t *con, const ipmi_msg_t *msg, bool once, ipmi_msgi_t *item)
{
	ipmi_system_interface_addr_t bmc = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
		.channel = IPMI_BMC_CHANNEL,
	};
	const ipmi_con_option_t options[] = {
		{ .option = IPMI_CON_MSG_OPTION_SIDE_EFFECTS, .ival = once },
		{ .option = IPMI_CON_OPTION_LIST_END },
	};

	/* The local driver has no options; it sends everything once. */
	if (con->send_command_option == NULL)
		return con->send_command(con, (ipmi_addr_t *)&bmc, sizeof(bmc),
					 msg, answer_came, item);
	return con->send_command_option(con, (ipmi_addr_t *)&bmc, sizeof(bmc),
					msg, options, answer_came, item);
}

static int
wire_send(struct transport *transport, const struct transport_message *message)
{
	struct dial *dial = wire_of(transport)->dial;
	uint8_t data[TRANSPORT_DATA_MAX] = { 0 };
	const ipmi_msg_t msg = {
		.netfn = message->netfn,
		.cmd = message->command,
		.data_len = (unsigned short)message->len,
		.data = data,
	};

	if (dial == NULL || !dial->up || message->len > sizeof(data))
		return -ENOTCONN;
	if (message->len > 0)
		memcpy(data, message->data, message->len);

	ipmi_msgi_t *item = ipmi_alloc_msg_item();
	item->data1 = dial;
	item->data2 = (void *)(uintptr_t)message->tag;
	dial->refs++;
	if (con_send(dial->con, &msg, message->once, item) == 0)
		return 0;
	ipmi_free_msg_item(item);
	dial_unref(dial);
	return -EIO;
}

static void
wire_free(struct transport *transport)
{
	struct wire *wire = wire_of(transport);

	wire_drop_dial(wire);
	ipmi_named_cancel(wire);
	ipmi_window_leave(wire);
	ipmi_env_forget(wire->env, wire);
	loop_timer_free(wire->tick);
	loop_timer_free(wire->later);
	ipmi_named_free(wire->named);
	free(wire);
}

static int
wire_suite(const struct transport *transport)
{
	const struct wire *wire = (const struct wire *)transport;

	return wire->local || wire->suite == NULL ? 0 : wire->suite->number;
}

static int64_t
wire_begun_ms(const struct transport *transport)
{
	const struct wire *wire = (const struct wire *)transport;

	return wire->place == PLACE_WAITING || ipmi_named_is_asking(wire)
		       ? BEGUN_NEVER
		       : wire->begun_ms;
}

static const struct transport_ops wire_ops = {
	.mono_ms = wire_mono_ms,
	.wall_ms = wire_wall_ms,
	.arm = wire_arm,
	.open = wire_open,
	.close = wire_close,
	.send = wire_send,
	.free = wire_free,
	.suite = wire_suite,
	.begun_ms = wire_begun_ms,
};

static void
wire_tick(void *arg)
{
	const struct wire *wire = arg;

	wire->transport.hooks->tick(wire->transport.arg);
}

struct wire *
ipmi_wire_new(struct ipmi_env *env)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->transport.ops = &wire_ops;
	wire->env = env;
	wire->tick = loop_timer_new(env->loop, wire_tick, wire);
	wire->later = loop_timer_new(env->loop, wire_news, wire);
	return wire;
}

bool
ipmi_wire_is_opening(const struct wire *wire)
{
	return wire->dial != NULL && !wire->dial->up;
}
