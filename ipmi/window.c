/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/window.c - how many handshakes there are at a time.
 *
 * A site's BMCs all asked at once would lose datagrams on both sides, and each
 * handshake costs the BMC and us some arithmetic.  So WIRE_OPENING_MAX have a
 * place and the others wait in line.  One that is silent gives its place up
 * after WIRE_PLACE_MS and goes on without: the dead hold up nobody.
 */
#include <assert.h>

#include "common/clock.h"
#include "ipmi/openipmi_own.h"

static void
append(struct wire ***end, struct wire *wire)
{
	wire->line_next = NULL;
	**end = wire;
	*end = &wire->line_next;
}

static void
take_out(struct wire **first, struct wire ***end, const struct wire *wire)
{
	struct wire **at = first;

	while (*at != wire)
		at = &(*at)->line_next;
	*at = wire->line_next;
	if (*end == &wire->line_next)
		*end = at;
}

static void
take_place(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	wire->place = PLACE_TAKEN;
	wire->place_ms = clock_mono_ms();
	env->n_opening++;
	append(&env->opening_end, wire);
}

static void
let_in(struct ipmi_env *env)
{
	while (env->waiting != NULL && env->n_opening < WIRE_OPENING_MAX) {
		struct wire *wire = env->waiting;

		take_out(&env->waiting, &env->waiting_end, wire);
		take_place(wire);
		ipmi_wire_begin(wire);
	}
}

/* Those who are at it for too long no longer count. */
static void
look_at_places(void *arg)
{
	struct ipmi_env *env = arg;
	int64_t old_ms = clock_mono_ms() - WIRE_PLACE_MS;

	while (env->opening != NULL && env->opening->place_ms <= old_ms) {
		struct wire *wire = env->opening;

		take_out(&env->opening, &env->opening_end, wire);
		wire->place = PLACE_NONE;
		env->n_opening--;
	}
	let_in(env);
	if (env->waiting != NULL)
		loop_timer_start(env->places, WIRE_PLACE_MS / 10);
}

bool
ipmi_window_enter(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	assert(wire->place == PLACE_NONE);
	if (env->n_opening < WIRE_OPENING_MAX) {
		take_place(wire);
		return true;
	}
	wire->place = PLACE_WAITING;
	append(&env->waiting_end, wire);
	loop_timer_start(env->places, WIRE_PLACE_MS / 10);
	return false;
}

void
ipmi_window_leave(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	if (wire->place == PLACE_WAITING)
		take_out(&env->waiting, &env->waiting_end, wire);
	if (wire->place == PLACE_TAKEN) {
		take_out(&env->opening, &env->opening_end, wire);
		env->n_opening--;
		/* From a clean stack: somebody is being told something. */
		if (env->waiting != NULL)
			loop_timer_start(env->places, 0);
	}
	wire->place = PLACE_NONE;
}

void
ipmi_window_init(struct ipmi_env *env)
{
	env->waiting_end = &env->waiting;
	env->opening_end = &env->opening;
	env->places = loop_timer_new(env->loop, look_at_places, env);
}

void
ipmi_window_done(struct ipmi_env *env)
{
	loop_timer_free(env->places);
}
