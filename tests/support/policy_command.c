/* SPDX-License-Identifier: Apache-2.0 */
/* Commands on their way, and what libvirt and BMCs make of them. */
#include <assert.h>
#include <stdio.h>

#include "tests/support/policy_world.h"

struct world_command *
world_send(struct world *w, enum step_kind kind, size_t host)
{
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		struct world_command *c = &w->commands[i];

		if (c->kind != STEP_KINDS)
			continue;
		*c = (struct world_command){ .kind = kind,
					     .host = host,
					     .boot = w->hosts[host].boot,
					     .life = w->co.life,
					     .serial = w->count.commands++ };
		return c;
	}
	assert(!"too many commands");
	return NULL;
}

static void
answer(struct world *w, struct world_command *c, int result)
{
	if (w->co.alive && c->life == w->co.life)
		coordinator_hear_end(w, c, result);
	c->kind = STEP_KINDS;
}

static int
start_copy(struct world *w, const struct world_command *c)
{
	struct world_host *h = &w->hosts[c->host];
	struct world_copy *copy = &h->copies[c->vm];

	if (copy->state != COPY_OFF)
		return RESULT_DONE;
	if (h->storage_cut || (w->storm && world_draw(w, 20) == 0)) {
		world_say(w, "vm%zu fails to start on h%zu", c->vm, c->host);
		return RESULT_ABSENT;
	}
	*copy = (struct world_copy){ true, copy->autostart && copy->defined,
				     COPY_RUNNING, VM_REASON_NONE };
	h->revision++;
	w->vms[c->vm].home = c->host;
	w->vms[c->vm].off_seen_ms = 0;
	world_say(w, "vm%zu runs on h%zu", c->vm, c->host);
	return RESULT_DONE;
}

static int
clean_copies(struct world *w, const struct world_command *c)
{
	struct world_host *h = &w->hosts[c->host];

	for (size_t vm = 0; vm < w->n_vms; vm++) {
		struct world_copy *copy = &h->copies[vm];
		size_t first;

		if (!(c->vms & 1u << vm) ||
		    (!(c->ends & 1u << vm) && copy->state != COPY_OFF))
			continue;
		if (copy->state == COPY_RUNNING &&
		    world_running_on(w, vm, &first) == 1 &&
		    w->vms[vm].autostart_ms == 0)
			world_violate(w,
				      "S16 the only copy of vm%zu, on h%zu, "
				      "was cleaned away",
				      vm, c->host);
		*copy = (struct world_copy){ .reason = VM_REASON_DESTROYED };
		world_say(w, "vm%zu is cleaned from h%zu", vm, c->host);
	}
	h->revision++;
	return RESULT_DONE;
}

static void
carry_out_fence(struct world *w, struct world_command *c)
{
	struct world_host *h = &w->hosts[c->host];

	if (!h->bmc_cut && w->now_ms < c->deadline_ms) {
		if (!c->arrives) {
			c->arrives = true;
			world_power_off(w, c->host);
			h->switched_ms = w->now_ms;
		}
		/* Two reads, later than the BMC lags. */
		if (w->now_ms - h->switched_ms < 1250)
			return;
		answer(w, c, h->on ? RESULT_DOUBT : RESULT_DONE);
	} else if (w->now_ms >= c->deadline_ms) {
		answer(w, c, RESULT_DOUBT);
	}
}

/* An older command for the same VM on the same host goes first: libvirt works
 * on one after the other. */
static bool
is_behind(const struct world *w, const struct world_command *c)
{
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		const struct world_command *other = &w->commands[i];

		if (other != c && other->kind == STEP_START && other->arrives &&
		    other->host == c->host && other->vm == c->vm &&
		    other->due_ms < c->due_ms)
			return true;
	}
	return false;
}

static void
carry_out(struct world *w, struct world_command *c)
{
	const struct world_host *h = &w->hosts[c->host];

	if (c->kind == STEP_FENCE) {
		carry_out_fence(w, c);
		return;
	}
	if (!h->on && !c->boot)
		return; /* an orphan tries again for ever */
	if (!h->on || (c->boot && h->boot != c->boot)) {
		c->arrives = false; /* it died with the host */
		c->answer_lost = true;
	}
	if (c->arrives && world_is_up(w, c->host) && !h->libvirt_hung &&
	    (c->kind != STEP_START || !is_behind(w, c))) {
		int result = c->kind == STEP_START ? start_copy(w, c)
						   : clean_copies(w, c);
		c->arrives = false;
		if (!c->answer_lost && !h->mgmt_cut) {
			answer(w, c, result);
			return;
		}
	}
	if (w->now_ms >= c->deadline_ms ||
	    (!c->arrives && c->life != w->co.life))
		answer(w, c, RESULT_DOUBT);
}

void
world_carry_out(struct world *w)
{
	for (size_t i = 0; i < WORLD_COMMANDS_MAX; i++) {
		struct world_command *c = &w->commands[i];

		if (c->kind != STEP_KINDS && w->now_ms >= c->due_ms)
			carry_out(w, c);
	}
}
