/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/transport.h over a world: BMCs that answer one message at a time.
 *
 * Everything above it is the product's: sessions, quarantine, repeated reads,
 * the two reads of a proof.
 */
#include "ipmi/bmc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "ipmi/transport.h"
#include "scheduler/sim/driver.h"
#include "scheduler/sim/sim_time.h"

enum { REPLY_MAX = 24, HANDSHAKE_TRIPS = 5 };
enum { CC_OK = 0x00, CC_INVALID = 0xc1, CC_STATE = 0xd5 };

struct ipmi_env {
	struct loop *loop;
};

struct wire {
	struct transport transport; /* first */
	struct ipmi_env *env;
	size_t host, bmc;
	bool opening, open;
	struct loop_timer *tick, *handshake;
	struct packet *packets; /* answers on their way */
};

struct packet {
	struct wire *wire;
	struct packet *next;
	struct loop_timer *timer;
	uint32_t tag;
	bool answered; /* the request has arrived, this is the answer */
	uint8_t netfn, command, data;
	uint8_t reply[REPLY_MAX];
	size_t len;
};

struct ipmi_env *
ipmi_env_new(struct loop *loop, struct err *err)
{
	struct ipmi_env *env = xcalloc(1, sizeof(*env));

	(void)err;
	env->loop = loop;
	return env;
}

void
ipmi_env_free(struct ipmi_env *env)
{
	free(env);
}

static struct bmc_model *
model_of(const struct wire *wire)
{
	return &driver_world()->hosts[wire->host].bmc[wire->bmc];
}

static bool
gets_there(const struct wire *wire, unsigned way)
{
	struct world *world = driver_world();
	const struct bmc_model *model = model_of(wire);

	return !driver_is_cut() && !model->unreachable && !model->no_feed &&
	       world_reaches(world, wire->host, PLANE_BMC, way) &&
	       (model->drops_pm == 0 ||
		world_draw(world, 1000) >= model->drops_pm);
}

/* --- the chassis ---------------------------------------------------------- */

/* A switch that takes time: it acts whether or not anybody still listens. */
struct act {
	size_t host;
	bool on;
};

static void
acts(void *arg)
{
	struct act *act = arg;

	if (act->on)
		world_power_on(driver_world(), act->host);
	else
		world_power_off(driver_world(), act->host);
	free(act);
}

static void
switch_power(const struct bmc_model *model, bool on)
{
	struct act *act = xcalloc(1, sizeof(*act));

	act->host = model->wired_to;
	act->on = on;
	sim_after(on ? 0 : model->off_delay_ms, acts, act);
}

/* One wrong word in twenty, and never two of them near each other. */
static bool
glitches(struct bmc_model *model)
{
	if (!model->glitches || sim_now_ms() - model->glitch_ms < 1000 ||
	    world_draw(driver_world(), 20) != 0)
		return false;
	model->glitch_ms = sim_now_ms();
	return true;
}

static size_t
chassis_status(const struct wire *wire, uint8_t reply[REPLY_MAX])
{
	struct bmc_model *model = model_of(wire);
	bool on = driver_world()->hosts[model->wired_to].on && !glitches(model);

	if (model->state_unknown) {
		reply[0] = CC_STATE;
		return 1;
	}
	reply[0] = CC_OK;
	reply[1] = model->fixed >= 0 ? model->fixed != 0 : on;
	reply[2] = 0x10;
	reply[3] = 0x40;
	return 4;
}

enum {
	CONTROL_OFF,
	CONTROL_ON,
	CONTROL_CYCLE,
	CONTROL_RESET,
	CONTROL_SOFT = 5
};

static size_t
chassis_control(const struct wire *wire, uint8_t what, uint8_t reply[REPLY_MAX])
{
	const struct bmc_model *model = model_of(wire);
	bool on = driver_world()->hosts[model->wired_to].on;

	reply[0] = CC_OK;
	if (what == CONTROL_OFF && !on && model->errors_when_off)
		reply[0] = CC_STATE;
	else if (what == CONTROL_ON && model->on_fails)
		reply[0] = CC_STATE;
	else if (what == CONTROL_OFF && !model->off_is_soft)
		switch_power(model, false);
	else if (what == CONTROL_ON)
		switch_power(model, true);
	else if (what == CONTROL_CYCLE)
		reply[0] = CC_INVALID;
	return 1;
}

static size_t
guid(const struct wire *wire, uint8_t reply[REPLY_MAX])
{
	memset(reply, 0x40, 17);
	reply[0] = CC_OK;
	reply[15] = (uint8_t)(wire->host / 200 + 1);
	reply[16] = (uint8_t)(wire->host % 200 * WORLD_BMCS_MAX + wire->bmc);
	return 17;
}

static size_t
serve(const struct packet *packet, uint8_t reply[REPLY_MAX])
{
	const struct wire *wire = packet->wire;

	switch (packet->netfn << 8 | packet->command) {
	case 0x0001:
		return chassis_status(wire, reply);
	case 0x0002:
		return chassis_control(wire, packet->data, reply);
	case 0x0601: /* Get Device ID */
		memset(reply, 0, 16);
		reply[1] = 0x20;
		return 16;
	case 0x0637:
		return guid(wire, reply);
	case 0x063b: /* Set Session Privilege Level */
		reply[0] = CC_OK;
		reply[1] = 3;
		return 2;
	default:
		reply[0] = CC_INVALID;
		return 1;
	}
}

/* --- messages ------------------------------------------------------------- */

static void
packet_free(struct packet *packet)
{
	struct packet **link = &packet->wire->packets;

	while (*link != packet)
		link = &(*link)->next;
	*link = packet->next;
	loop_timer_free(packet->timer);
	free(packet);
}

static void
packet_arrives(void *arg)
{
	struct packet *packet = arg;
	struct wire *wire = packet->wire;
	const struct transport *t = &wire->transport;

	if (!packet->answered) {
		if (!gets_there(wire, TO_HOST)) {
			packet_free(packet);
			return;
		}
		packet->len = serve(packet, packet->reply);
		packet->answered = true;
		loop_timer_start(packet->timer, model_of(wire)->latency_ms);
		return;
	}
	const struct packet answer = *packet;
	bool comes = gets_there(wire, FROM_HOST) && wire->open;
	packet_free(packet);
	if (comes)
		t->hooks->answer(t->arg, answer.tag, answer.reply, answer.len);
}

static struct wire *
wire_of(struct transport *transport)
{
	return (struct wire *)transport;
}

static int
wire_send(struct transport *transport, const struct transport_message *message)
{
	struct wire *wire = wire_of(transport);
	struct packet *packet = xcalloc(1, sizeof(*packet));

	*packet = (struct packet){
		.wire = wire,
		.next = wire->packets,
		.timer =
			loop_timer_new(wire->env->loop, packet_arrives, packet),
		.tag = message->tag,
		.netfn = message->netfn,
		.command = message->command,
		.data = message->len > 0 ? message->data[0] : 0,
	};
	wire->packets = packet;
	loop_timer_start(packet->timer, model_of(wire)->latency_ms);
	return 0;
}

/* --- sessions ------------------------------------------------------------- */

static void
handshake_ends(void *arg)
{
	struct wire *wire = arg;
	const struct transport *t = &wire->transport;

	if (!gets_there(wire, TO_HOST) || !gets_there(wire, FROM_HOST)) {
		/* The machine above counts the time. */
		loop_timer_start(wire->handshake, 1000);
		return;
	}
	wire->opening = false;
	wire->open = !model_of(wire)->refuses_account;
	if (wire->open)
		t->hooks->up(t->arg);
	else
		t->hooks->down(t->arg, IPMI_AUTH, "wrong password");
}

static int
wire_open(struct transport *transport, struct err *err)
{
	struct wire *wire = wire_of(transport);

	(void)err;
	wire->opening = true;
	loop_timer_start(wire->handshake,
			 HANDSHAKE_TRIPS * 2 * model_of(wire)->latency_ms);
	return 0;
}

static void
wire_close(struct transport *transport)
{
	struct wire *wire = wire_of(transport);

	wire->opening = wire->open = false;
	loop_timer_stop(wire->handshake);
}

static void
wire_free(struct transport *transport)
{
	struct wire *wire = wire_of(transport);

	while (wire->packets != NULL)
		packet_free(wire->packets);
	loop_timer_free(wire->handshake);
	loop_timer_free(wire->tick);
	free(wire);
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

static void
ticks(void *arg)
{
	const struct wire *wire = arg;

	wire->transport.hooks->tick(wire->transport.arg);
}

struct bmc *
bmc_new_lan(struct ipmi_env *env, const struct bmc_target *target,
	    const struct ipmi_account *account, struct err *err)
{
	static const struct transport_ops ops = {
		.mono_ms = wire_mono_ms,
		.wall_ms = wire_wall_ms,
		.arm = wire_arm,
		.open = wire_open,
		.close = wire_close,
		.send = wire_send,
		.free = wire_free,
	};
	size_t bmc, host = driver_find_bmc(target->address, &bmc);

	(void)account;
	if (host == WORLD_NONE) {
		err_set(err, -EINVAL, "%s: no such BMC in this world",
			target->address);
		return NULL;
	}
	struct wire *wire = xcalloc(1, sizeof(*wire));
	wire->transport.ops = &ops;
	wire->env = env;
	wire->host = host;
	wire->bmc = bmc;
	wire->tick = loop_timer_new(env->loop, ticks, wire);
	wire->handshake = loop_timer_new(env->loop, handshake_ends, wire);
	return bmc_new(&wire->transport, target->address);
}
