/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random faults on a virtual clock: whatever is lost, late, doubled, refused or
 * ignored, and whoever presses the button, "off, verified" is only ever said
 * of a chassis that was off when it was asked and that nothing of ours will
 * switch on, also by a BMC that says so too early, where the gap is set for it;
 * each operation ends once, in time; and when the faults end a fence succeeds.
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
#include "ipmi/request.h"
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
	unsigned loss, delay, twice; /* percent */
	unsigned started, ended, verified;
	int64_t deadline_ms[OPERATIONS];
	bool done[OPERATIONS];
	unsigned once_session[OPERATIONS]; /* that a request was sent in */
	int64_t on_sent_ms;                /* our last "on" */
	int64_t gap_ms;                    /* between reads that prove */
};

struct ticket {
	struct plan *plan;
	unsigned i;
};

#define FAIL(plan, ...)                                                       \
	do {                                                                  \
		print_error("seed %llu: ", (unsigned long long)(plan)->seed); \
		fail_msg(__VA_ARGS__);                                        \
	} while (0)

/* The network delivers it twice.  Not commands: the sequence numbers of a
 * session keep these apart. */
static void
double_it(struct fake *fake, const struct fake_event *event)
{
	bool command = event->kind == FAKE_REQUEST && event->netfn == 0 &&
		       event->command == 2;

	if (command || fake->n_events + 2 >= FAKE_EVENTS_MAX)
		return;
	fake->events[fake->n_events] = *event;
	fake->events[fake->n_events++].at_ms += draw(3000);
}

static void
check_request(struct plan *plan, const struct fake_event *event)
{
	if (event->netfn == 0 && event->command == 2 && event->data != 0 &&
	    event->data != 1 && event->data != 5)
		FAIL(plan, "chassis control %u was sent", event->data);
	if (event->netfn == 0 && event->command == 2 && event->data == 1)
		plan->on_sent_ms = plan->fake.now_ms;
	if (event->netfn != 0x2c || event->command != 1)
		return;
	if (plan->once_session[event->data] == event->session)
		FAIL(plan, "sent twice in a session");
	plan->once_session[event->data] = event->session;
}

static void
meddle(struct fake *fake, struct fake_event *event, bool *ret_drop)
{
	struct plan *plan = (struct plan *)fake;

	if (event->kind == FAKE_POWER)
		return;
	if (event->kind == FAKE_REQUEST)
		check_request(plan, event);
	*ret_drop = chance(plan->loss);
	if (chance(plan->delay))
		event->at_ms += draw(2000);
	if (chance(plan->twice))
		double_it(fake, event);
}

/* Something under way that will switch the chassis on. */
static bool
will_come_on(const struct fake *fake)
{
	for (size_t i = 0; i < fake->n_events; i++) {
		const struct fake_event *e = &fake->events[i];
		if (e->kind == FAKE_POWER && e->on && !e->by_person)
			return true;
		if (e->kind == FAKE_REQUEST && e->netfn == 0 &&
		    e->command == 2 && e->data == 1)
			return true;
	}
	return false;
}

static void
count_end(const struct ticket *ticket)
{
	struct plan *plan = ticket->plan;

	if (plan->done[ticket->i])
		FAIL(plan, "called back twice");
	plan->done[ticket->i] = true;
	plan->ended++;
	if (plan->fake.now_ms > plan->deadline_ms[ticket->i])
		FAIL(plan, "ended after its deadline");
}

static void
ended(void *arg, const struct power_result *result)
{
	const struct ticket *ticket = arg;
	struct plan *plan = ticket->plan;
	const struct fake *fake = &plan->fake;
	bool by_person = fake->on && fake->person_on_ms >= fake->off_read_ms;

	count_end(ticket);
	if (result->power == IPMI_POWER_OFF && result->rc != IPMI_OK)
		FAIL(plan, "off with rc %d", result->rc);
	if (result->verified &&
	    result->last_read_ms - result->first_read_ms < plan->gap_ms)
		FAIL(plan, "verified by less than the gap");
	if (result->power != IPMI_POWER_OFF || !result->verified)
		return;
	plan->verified++;
	if (fake->on && !by_person)
		FAIL(plan, "off was claimed of a chassis that is on");
	/* When a person switches it on while our "on" is under way, nobody can
	 * tell whose it was that came. */
	if (will_come_on(fake) && plan->on_sent_ms > fake->person_on_ms)
		FAIL(plan, "off was claimed, and an on is under way");
}

static void
answered(void *arg, const struct ipmi_reply *reply)
{
	const struct ticket *ticket = arg;

	count_end(ticket);
	if (reply->rc != IPMI_OK && reply->len != 0)
		FAIL(ticket->plan, "data with rc %d", reply->rc);
}

static uint64_t (*const ask[])(struct bmc *bmc, int64_t deadline_ms,
			       power_fn fn, void *arg) = {
	power_read,    power_prove_off, power_turn_off,
	power_turn_on, power_shut_down, power_shut_down_or_off,
};

enum { KINDS = sizeof(ask) / sizeof(ask[0]) };

static uint64_t
ask_something(struct plan *plan, struct bmc *bmc, struct ticket *ticket)
{
	unsigned kind = draw(KINDS + 1);
	int64_t deadline_ms = 1 + draw(12000);
	uint8_t mark = (uint8_t)ticket->i;
	const struct ipmi_request request = { 0x2c, 1, &mark, 1, true };

	plan->deadline_ms[ticket->i] = plan->fake.now_ms + deadline_ms;
	if (kind == KINDS)
		return bmc_request(bmc, &request, deadline_ms, answered,
				   ticket);
	if (ask[kind] == power_shut_down_or_off)
		plan->deadline_ms[ticket->i] += POWER_OFF_DEADLINE_MS;
	return ask[kind](bmc, deadline_ms, ended, ticket);
}

static void
change_something(struct plan *plan)
{
	struct fake *fake = &plan->fake;

	fake->silent = chance(15);
	fake->obeys = !chance(15);
	/* So long a BMC may lie, and no longer. */
	fake->obey_ms =
		chance(50)
			? 0
			: draw(fake->early_yes ? (unsigned)plan->gap_ms : 3000);
	fake->control_code = chance(15) ? 0xd5 : 0;
	fake->act_despite_code = chance(50);
	fake->read_code = chance(10) ? 0xc0 : 0;
	fake->read_len = chance(10) ? 1 + draw(3) : 4;
	fake->refuse = chance(10) ? IPMI_NO_SESSION : IPMI_OK;
	if (chance(10) && fake->open)
		fake_drop_session(fake);
	if (chance(10))
		fake_press_button(fake, chance(50), draw(3000));
}

static void
take_last(void *arg, const struct power_result *result)
{
	*(struct power_result *)arg = *result;
}

/* The faults end: what is asked now succeeds. */
static void
check_recovery(struct plan *plan, struct bmc *bmc)
{
	struct fake *fake = &plan->fake;
	struct power_result last = { 0 };

	plan->loss = plan->delay = plan->twice = 0;
	fake->silent = false;
	fake->obeys = true;
	fake->control_code = fake->read_code = 0;
	fake->read_len = 4;
	fake->refuse = IPMI_OK;
	fake_run(fake, 30000);
	power_turn_off(bmc, 20000, take_last, &last);
	fake_run(fake, 21000);
	if (last.rc != IPMI_OK || !last.verified || fake->on)
		FAIL(plan, "no recovery: %s", last.text);
}

static unsigned
run_one(uint64_t seed)
{
	static struct plan plan;
	static struct ticket tickets[OPERATIONS];

	luck = seed * 0x9e3779b97f4a7c15u + 1;
	plan = (struct plan){ .seed = seed,
			      .loss = draw(30),
			      .delay = draw(30),
			      .twice = draw(20) };
	fake_init(&plan.fake);
	plan.fake.meddle = meddle;
	plan.fake.on = chance(50);
	plan.gap_ms = POWER_VERIFY_GAP_MS;
	plan.fake.early_yes = chance(30);
	if (plan.fake.early_yes)
		plan.gap_ms += draw(3000);
	struct bmc *bmc = bmc_new(&plan.fake.transport, "fake");
	bmc_set_verify_gap(bmc, plan.gap_ms);

	for (unsigned i = 0; i < OPERATIONS; i++) {
		change_something(&plan);
		fake_run(&plan.fake, draw(4000));
		tickets[i] = (struct ticket){ &plan, i };
		uint64_t id = ask_something(&plan, bmc, &tickets[i]);
		plan.started += id != 0;
		if (chance(10)) {
			fake_run(&plan.fake, draw(1000));
			bmc_cancel(bmc, id);
		}
	}
	fake_run(&plan.fake, draw(30000));
	if (chance(30))
		check_recovery(&plan, bmc);
	bmc_free(bmc);
	if (plan.ended != plan.started)
		FAIL(&plan, "%u started, %u ended", plan.started, plan.ended);
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
