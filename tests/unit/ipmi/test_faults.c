/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random faults on a virtual clock: whatever is lost, late, refused or
 * ignored, "off, verified" is only ever said of a chassis that is off and that
 * nothing of ours will switch on; and each operation ends once, in time.
 *
 * IPMI_FAULT_RUNS and IPMI_FAULT_SEED (to repeat a failure) may be set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/log.h"
#include "ipmi/power.h"
#include "tests/support/ipmi_fake.h"

enum { OPERATIONS = 12, RUNS = 100000 };

static uint64_t luck;
static unsigned long long reads, commands; /* that reached the BMC */

static unsigned
draw(unsigned below)
{
	luck ^= luck << 13;
	luck ^= luck >> 7;
	luck ^= luck << 17;
	return (unsigned)((luck >> 11) % below);
}

static bool
chance(unsigned percent)
{
	return draw(100) < percent;
}

struct plan {
	struct fake fake;
	uint64_t seed;
	unsigned loss, delay; /* percent */
	unsigned started, ended, verified;
	int64_t deadline_ms[OPERATIONS];
	bool done[OPERATIONS];
};

struct ticket {
	struct plan *plan;
	unsigned i;
};

static void
meddle(struct fake *fake, struct fake_event *event, bool *ret_drop)
{
	const struct plan *plan = (const struct plan *)fake;

	if (event->kind == FAKE_POWER)
		return;
	*ret_drop = chance(plan->loss);
	if (chance(plan->delay))
		event->at_ms += draw(2000);
}

/* Something under way that will switch the chassis on. */
static bool
will_come_on(const struct fake *fake)
{
	for (size_t i = 0; i < fake->n_events; i++) {
		const struct fake_event *e = &fake->events[i];
		if (e->kind == FAKE_POWER && e->on)
			return true;
		if (e->kind == FAKE_REQUEST && e->netfn == 0 &&
		    e->command == 2 && e->data == 1)
			return true;
	}
	return false;
}

static void
ended(void *arg, const struct power_result *result)
{
	const struct ticket *ticket = arg;
	struct plan *plan = ticket->plan;

	if (plan->done[ticket->i])
		fail_msg("seed %llu: called back twice",
			 (unsigned long long)plan->seed);
	plan->done[ticket->i] = true;
	plan->ended++;
	if (plan->fake.now_ms > plan->deadline_ms[ticket->i])
		fail_msg("seed %llu: ended after its deadline",
			 (unsigned long long)plan->seed);
	if (result->power == IPMI_POWER_OFF && result->rc != IPMI_OK)
		fail_msg("seed %llu: off with rc %d",
			 (unsigned long long)plan->seed, result->rc);
	if (result->power != IPMI_POWER_OFF || !result->verified)
		return;
	plan->verified++;
	if (plan->fake.on || will_come_on(&plan->fake))
		fail_msg("seed %llu: off was claimed of a chassis that is %s",
			 (unsigned long long)plan->seed,
			 plan->fake.on ? "on" : "about to come on");
}

static uint64_t (*const ask[])(struct bmc *bmc, int64_t deadline_ms,
			       power_fn fn,
			       void *arg) = { power_read, power_prove_off,
					      power_turn_off, power_turn_on };

static void
change_something(struct fake *fake)
{
	fake->silent = chance(15);
	fake->obeys = !chance(15);
	fake->obey_ms = chance(50) ? 0 : draw(3000);
	fake->control_code = chance(15) ? 0xd5 : 0;
	fake->act_despite_code = chance(50);
	fake->read_code = chance(10) ? 0xc0 : 0;
	fake->read_len = chance(10) ? 1 + draw(3) : 4;
	fake->refuse = chance(10) ? IPMI_NO_SESSION : IPMI_OK;
	if (chance(10) && fake->open)
		fake_drop_session(fake);
}

static unsigned
run_one(uint64_t seed)
{
	static struct plan plan;
	static struct ticket tickets[OPERATIONS];

	luck = seed * 0x9e3779b97f4a7c15u + 1;
	plan = (struct plan){ .seed = seed,
			      .loss = draw(30),
			      .delay = draw(30) };
	fake_init(&plan.fake);
	plan.fake.meddle = meddle;
	plan.fake.on = chance(50);
	struct bmc *bmc = bmc_new(&plan.fake.transport, "fake");

	for (unsigned i = 0; i < OPERATIONS; i++) {
		int64_t deadline_ms = 1 + draw(12000);

		change_something(&plan.fake);
		fake_run(&plan.fake, draw(4000));
		tickets[i] = (struct ticket){ &plan, i };
		plan.deadline_ms[i] = plan.fake.now_ms + deadline_ms;
		plan.started +=
			ask[draw(4)](bmc, deadline_ms, ended, &tickets[i]) != 0;
	}
	fake_run(&plan.fake, draw(30000));
	bmc_free(bmc);
	if (plan.ended != plan.started)
		fail_msg("seed %llu: %u started, %u ended",
			 (unsigned long long)seed, plan.started, plan.ended);
	reads += plan.fake.reads;
	commands += plan.fake.controls;
	return plan.verified;
}

static uint64_t
setting(const char *name, uint64_t preset)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : preset;
}

static void
off_is_never_claimed_of_a_chassis_that_is_on(void **state)
{
	uint64_t runs = setting("IPMI_FAULT_RUNS", RUNS);
	uint64_t first = setting("IPMI_FAULT_SEED", 1);
	unsigned verified = 0;

	(void)state;
	log_start("test", LOG_LEVEL_ERROR);
	for (uint64_t seed = first; seed < first + runs; seed++)
		verified += run_one(seed);
	print_message("%llu schedules from seed %llu: %llu reads, %llu "
		      "commands, %u times off, verified\n",
		      (unsigned long long)runs, (unsigned long long)first,
		      reads, commands, verified);
	assert_true(runs < 100 || verified > runs / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(off_is_never_claimed_of_a_chassis_that_is_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
