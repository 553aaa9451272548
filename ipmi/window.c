/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/window.c - how many handshakes there are at a time.
 *
 * A site's BMCs all asked at once would lose datagrams on both sides, and each
 * handshake costs the BMC and us some arithmetic.  So WIRE_OPENING_MAX have a
 * place and the others wait in line.  One that is silent gives its place up
 * after WIRE_PLACE_MS and goes on without, and stands behind the others next
 * time: the dead hold up nobody.
 *
 * Two ways to one address and port (a BMC that was entered twice) go one after
 * the other: a packet of a handshake does not tell whose it is.
 */
#include <assert.h>

#include "common/clock.h"
#include "ipmi/openipmi_own.h"

enum { LOOK_MS = WIRE_PLACE_MS / 10 };

static void
append(struct wire_line *line, struct wire *wire)
{
	wire->line_next = NULL;
	*line->end = wire;
	line->end = &wire->line_next;
}

static void
take_out(struct wire_line *line, const struct wire *wire)
{
	struct wire **at = &line->first;

	while (*at != wire)
		at = &(*at)->line_next;
	*at = wire->line_next;
	if (line->end == &wire->line_next)
		line->end = at;
}

static struct wire_line *
line_of(struct wire *wire)
{
	return wire->was_silent ? &wire->env->silent : &wire->env->waiting;
}

static bool
somebody_waits(const struct ipmi_env *env)
{
	return env->waiting.first != NULL || env->silent.first != NULL;
}

/* Sooner than is planned already, never later: who comes to the line does not
 * hold it up. */
static void
plan_look(struct ipmi_env *env, int64_t delay_ms)
{
	int64_t at_ms = clock_mono_ms() + delay_ms;

	if (env->look_planned && env->look_ms <= at_ms)
		return;
	env->look_planned = true;
	env->look_ms = at_ms;
	loop_timer_start(env->places, delay_ms);
}

static void
take_place(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	wire->place = PLACE_TAKEN;
	wire->place_ms = clock_mono_ms();
	env->n_opening++;
	append(&env->opening, wire);
}

static void
let_in(struct ipmi_env *env, struct wire_line *line)
{
	struct wire *next;

	for (struct wire *wire = line->first;
	     wire != NULL && env->n_opening < WIRE_OPENING_MAX; wire = next) {
		next = wire->line_next;
		if (ipmi_env_is_busy_at(env, wire))
			continue;
		take_out(line, wire);
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
	struct wire *wire;

	env->look_planned = false;
	while ((wire = env->opening.first) != NULL &&
	       wire->place_ms <= old_ms) {
		take_out(&env->opening, wire);
		wire->place = PLACE_NONE;
		wire->was_silent = true;
		env->n_opening--;
	}
	let_in(env, &env->waiting);
	let_in(env, &env->silent);
	if (somebody_waits(env))
		plan_look(env, LOOK_MS);
}

bool
ipmi_window_enter(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	assert(wire->place == PLACE_NONE);
	if (env->n_opening < WIRE_OPENING_MAX &&
	    !ipmi_env_is_busy_at(env, wire)) {
		take_place(wire);
		return true;
	}
	wire->place = PLACE_WAITING;
	append(line_of(wire), wire);
	plan_look(env, LOOK_MS);
	return false;
}

void
ipmi_window_leave(struct wire *wire)
{
	struct ipmi_env *env = wire->env;

	if (wire->place == PLACE_WAITING)
		take_out(line_of(wire), wire);
	if (wire->place == PLACE_TAKEN) {
		take_out(&env->opening, wire);
		env->n_opening--;
		/* From a clean stack: somebody is being told something. */
		if (somebody_waits(env))
			plan_look(env, 0);
	}
	wire->place = PLACE_NONE;
}

static void
line_init(struct wire_line *line)
{
	*line = (struct wire_line){ .end = &line->first };
}

void
ipmi_window_init(struct ipmi_env *env)
{
	line_init(&env->waiting);
	line_init(&env->silent);
	line_init(&env->opening);
	env->places = loop_timer_new(env->loop, look_at_places, env);
}

void
ipmi_window_done(struct ipmi_env *env)
{
	loop_timer_free(env->places);
}
