/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real transport against tests/farm: suites 3 and 17, each fault of a BMC
 * with the result it must have, and ipmitool's view of the same BMCs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "ipmi/power.h"
#include "ipmi/request.h"
#include "tests/support/ipmi_farm.h"

enum { MANY = 300, DEAD = 1700 };

static struct world {
	struct ipmi_farm farm;
	struct loop *loop;
	struct ipmi_env *env;
	struct bmc *bmc;
	struct bmc *many[MANY], *dead[DEAD];
	unsigned waiting;
} world;

static const struct ipmi_account good = { "farm", "admin", "secret" };
static const struct ipmi_account bad = { "farm", "admin", "wrong" };
static const struct ipmi_account nobody = { "farm", "nobody", "secret" };

static void
tell(const char *line)
{
	if (strcmp(ipmi_farm_tell(&world.farm, line), "ok\n") != 0)
		fail_msg("the farm does not know \"%s\"", line);
}

static struct bmc *
bmc_of(unsigned i, const struct ipmi_account *account, int suite)
{
	char address[BMC_ADDRESS_MAX];
	const struct bmc_target target = { .address = address,
					   .cipher_suite = suite,
					   .privilege = IPMI_OPERATOR };
	unsigned at = 1 + i;

	snprintf(address, sizeof(address), "127.0.%u.%u:%u", 92 + at / 256,
		 at % 256, world.farm.port);
	struct bmc *bmc = bmc_new_lan(world.env, &target, account, NULL);
	assert_non_null(bmc);
	return bmc;
}

struct outcome {
	bool ended;
	struct power_result result;
};

static void
take(void *arg, const struct power_result *result)
{
	struct outcome *outcome = arg;

	outcome->ended = true;
	outcome->result = *result;
	if (world.waiting == 0 || --world.waiting == 0)
		loop_stop(world.loop);
}

typedef uint64_t (*ask_fn)(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			   void *arg);

static struct power_result
ask(ask_fn fn, int64_t deadline_ms)
{
	static struct outcome outcome;

	outcome = (struct outcome){ .ended = false };
	world.waiting = 1;
	assert_true(fn(world.bmc, deadline_ms, take, &outcome) != 0);
	while (!outcome.ended)
		loop_run(world.loop);
	return outcome.result;
}

static void
pause_ms(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(world.loop, (loop_fn)loop_stop, world.loop);

	loop_timer_start(timer, ms);
	loop_run(world.loop);
	loop_timer_free(timer);
}

static int
set_up(void **state)
{
	(void)state;
	world = (struct world){ .loop = loop_new() };
	ipmi_farm_start(&world.farm, MANY);
	world.env = ipmi_env_new(world.loop, NULL);
	return world.env == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	bmc_free(world.bmc);
	for (unsigned i = 0; i < MANY; i++)
		bmc_free(world.many[i]);
	for (unsigned i = 0; i < DEAD; i++)
		bmc_free(world.dead[i]);
	ipmi_env_free(world.env);
	loop_free(world.loop);
	ipmi_farm_stop(&world.farm);
	return 0;
}

/* --- suites -------------------------------------------------------------- */

static void
expect_suite(int suite)
{
	struct bmc_health health;

	bmc_get_health(world.bmc, &health);
	assert_int_equal(health.cipher_suite, suite);
}

static void
a_whole_life_under_suite_17(void **state)
{
	(void)state;
	world.bmc = bmc_of(0, &good, 17);
	struct power_result r = ask(power_read, 20000);
	assert_int_equal(r.rc, IPMI_OK);
	assert_int_equal(r.power, IPMI_POWER_ON);
	expect_suite(17);
	tell("0 hw-delay 200");
	r = ask(power_turn_off, 0);
	assert_int_equal(r.rc, IPMI_OK);
	assert_true(r.verified);
	assert_int_equal(r.power, IPMI_POWER_OFF);
	r = ask(power_turn_on, 0);
	assert_int_equal(r.rc, IPMI_OK);
	assert_int_equal(r.power, IPMI_POWER_ON);
	assert_string_equal(power_restore_policy_name(r.status[0]), "previous");
	assert_string_equal(power_event_name(r.last_event), "on by IPMI");
	bmc_free(world.bmc);
	world.bmc = NULL;
	pause_ms(200);
	assert_non_null(
		strstr(ipmi_farm_tell(&world.farm, "0 state"), "open 0"));
}

static void
a_bmc_that_refuses_17_is_spoken_to_with_3_where_it_may(void **state)
{
	(void)state;
	tell("all refuse-suite 17");
	world.bmc = bmc_of(0, &good, 17);
	assert_int_equal(ask(power_read, 5000).rc, IPMI_ALGORITHM);
	bmc_free(world.bmc);
	world.bmc = bmc_of(1, &good, 3);
	int64_t begin_ms = clock_mono_ms();
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	print_message("with suite 3 after %lld ms\n",
		      (long long)(clock_mono_ms() - begin_ms));
	expect_suite(3);
}

/* That 17 was refused is no reason to take 3 later: that 3 worked is. */
static void
suite_3_is_remembered_only_when_it_has_worked(void **state)
{
	(void)state;
	tell("0 refuse-suite 17");
	tell("0 sessions 0");
	world.bmc = bmc_of(0, &good, 3);
	/* 17 refused, and with 3 no session. */
	assert_int_equal(ask(power_read, 1000).rc, IPMI_NO_SESSION);
	tell("0 refuse-suite 0"); /* its firmware is newer now */
	tell("0 sessions 15");
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	expect_suite(17);
}

static void
a_remembered_3_that_is_refused_is_17_in_the_same_opening(void **state)
{
	(void)state;
	tell("0 refuse-suite 17");
	world.bmc = bmc_of(0, &good, 3);
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	expect_suite(3);
	tell("0 refuse-suite 3");
	tell("0 drop-sessions");
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	expect_suite(17);
	/* And back. */
	tell("0 refuse-suite 17");
	tell("0 drop-sessions");
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	expect_suite(3);
}

/* Longer than OpenIPMI asks: its own word for that is "no RMCP+". */
static void
silence_is_no_refusal_however_long(void **state)
{
	(void)state;
	tell("0 silent 1");
	world.bmc = bmc_of(0, &good, 17);
	assert_int_equal(ask(power_read, 15000).rc, IPMI_TIMEOUT);
}

static void
who_lies_about_algorithms_is_not_believed_even_where_3_may_be(void **state)
{
	(void)state;
	tell("all lie 3");
	world.bmc = bmc_of(0, &good, 3);
	assert_int_equal(ask(power_read, 5000).rc, IPMI_ALGORITHM);
	bmc_free(world.bmc);
	tell("all lie 0");
	world.bmc = bmc_of(1, &good, 17);
	assert_int_equal(ask(power_read, 5000).rc, IPMI_ALGORITHM);
	assert_non_null(
		strstr(ipmi_farm_tell(&world.farm, "1 state"), "sessions 0"));
}

static void
wrong_passwords_and_users_are_auth_and_end_in_quarantine(void **state)
{
	static const struct ipmi_account *const accounts[] = { &bad, &nobody };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		bmc_free(world.bmc);
		world.bmc = bmc_of(i, accounts[i], 17);
		assert_int_equal(ask(power_read, 20000).rc, IPMI_AUTH);
		assert_int_equal(ask(power_read, 20000).rc, IPMI_AUTH);
		assert_int_equal(ask(power_read, 20000).rc, IPMI_AUTH);
		struct power_result r = ask(power_turn_off, 20000);
		assert_int_equal(r.rc, IPMI_QUARANTINED);
		assert_int_equal(r.power, IPMI_POWER_UNKNOWN);
	}
}

/* --- faults -------------------------------------------------------------- */

static const struct fault {
	const char *before, *after; /* the session was opened; or "" */
	ask_fn ask;
	int64_t deadline_ms;
	enum ipmi_rc rc;
	enum ipmi_power power;
	bool verified;
} faults[] = {
	{ "", "0 silent 1", power_read, 0, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN,
	  false },
	{ "", "0 silent 1", power_prove_off, 0, IPMI_TIMEOUT,
	  IPMI_POWER_UNKNOWN, false },
	{ "0 silent 1", "", power_read, 0, IPMI_TIMEOUT, IPMI_POWER_UNKNOWN,
	  false },
	{ "", "0 slow 250", power_read, 0, IPMI_OK, IPMI_POWER_ON, false },
	{ "", "0 loss 80", power_turn_off, 0, IPMI_OK, IPMI_POWER_OFF, true },
	{ "", "0 stuck 1", power_turn_off, 1500, IPMI_STUCK, IPMI_POWER_ON,
	  false },
	{ "", "0 stuck 1", power_shut_down, 1500, IPMI_STUCK, IPMI_POWER_ON,
	  false },
	{ "", "0 busy 4", power_read, 0, IPMI_OK, IPMI_POWER_ON, false },
	{ "", "0 busy 100000", power_read, 1000, IPMI_CC, IPMI_POWER_UNKNOWN,
	  false },
	/* While the session is being opened, more often than wrong passwords
	 * may be: Set Session Privilege Level is the one that is told so. */
	{ "0 busy 1", "", power_read, 20000, IPMI_OK, IPMI_POWER_ON, false },
	{ "0 busy 5", "", power_read, 20000, IPMI_OK, IPMI_POWER_ON, false },
	{ "0 privilege 2", "", power_read, 5000, IPMI_AUTH, IPMI_POWER_UNKNOWN,
	  false },
	{ "0 sessions 0", "", power_read, 3000, IPMI_NO_SESSION,
	  IPMI_POWER_UNKNOWN, false },
	{ "0 lock 1", "", power_read, 0, IPMI_AUTH, IPMI_POWER_UNKNOWN, false },
	{ "", "0 control-code 0xd5", power_turn_off, 1500, IPMI_CC,
	  IPMI_POWER_ON, false },
	{ "", "0 control-code 0xd4", power_turn_off, 5000, IPMI_CC,
	  IPMI_POWER_ON, false },
	{ "", "0 short 1", power_read, 1000, IPMI_BAD_REPLY, IPMI_POWER_UNKNOWN,
	  false },
	{ "", "0 twice 1", power_turn_off, 0, IPMI_OK, IPMI_POWER_OFF, true },
	{ "", "0 drop-sessions", power_turn_off, 10000, IPMI_OK, IPMI_POWER_OFF,
	  true },
	{ "", "0 hw-delay 600", power_turn_off, 0, IPMI_OK, IPMI_POWER_OFF,
	  true },
	{ "0 power off", "", power_prove_off, 5000, IPMI_OK, IPMI_POWER_OFF,
	  true },
};

static void
provoke(const struct fault *fault)
{
	tell("all drop-sessions");
	if (fault->before[0] != '\0')
		tell(fault->before);
	world.bmc = bmc_of(0, &good, 17);
	if (fault->before[0] == '\0')
		assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	if (fault->after[0] != '\0')
		tell(fault->after);
	int64_t begin_ms = clock_mono_ms();
	struct power_result r = ask(fault->ask, fault->deadline_ms);
	print_message("%s%s: %s (%s) after %lld ms\n", fault->before,
		      fault->after, ipmi_rc_name(r.rc), r.text,
		      (long long)(clock_mono_ms() - begin_ms));
	assert_int_equal(r.rc, fault->rc);
	assert_int_equal(r.power, fault->power);
	assert_int_equal(r.verified, fault->verified);
	bmc_free(world.bmc);
	world.bmc = NULL;
}

static void
each_fault_has_its_result(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (i > 0) {
			tear_down(state);
			assert_int_equal(set_up(state), 0);
		}
		provoke(&faults[i]);
	}
	assert_non_null(
		strstr(ipmi_farm_tell(&world.farm, "0 state"), "resets 0"));
}

/* An early "off" does not outlive the second read's look at the chassis. */
static void
a_bmc_that_says_off_too_early_is_believed_only_when_it_goes_on(void **state)
{
	(void)state;
	world.bmc = bmc_of(0, &good, 17);
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	tell("0 hw-delay 150");
	tell("0 early-yes 1");
	struct power_result r = ask(power_turn_off, 0);
	assert_int_equal(r.rc, IPMI_OK);
	assert_true(r.verified);
	assert_memory_equal(ipmi_farm_tell(&world.farm, "0 state"), "off", 3);
}

/* Longer than the gap: so the gap has to be longer. */
static void
a_bmc_that_lies_for_seconds_needs_a_gap_of_seconds(void **state)
{
	(void)state;
	world.bmc = bmc_of(0, &good, 17);
	bmc_set_verify_gap(world.bmc, 2500);
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	tell("0 hw-delay 2000");
	tell("0 early-yes 1");
	struct power_result r = ask(power_turn_off, 0);
	assert_int_equal(r.rc, IPMI_OK);
	assert_true(r.verified);
	assert_memory_equal(ipmi_farm_tell(&world.farm, "0 state"), "off", 3);
}

/* Slower than the library waits before it repeats itself: then its answers and
 * the BMC's cross, and the BMC finds the proof of the password wrong. */
static void
a_bmc_that_is_slow_in_the_handshake_does_not_refuse_the_account(void **state)
{
	struct bmc_health health = { .sessions = 0 };
	int64_t end_ms = clock_mono_ms() + 60000;

	(void)state;
	tell("0 slow 1040");
	world.bmc = bmc_of(0, &good, 17);
	while (health.sessions == 0 && clock_mono_ms() < end_ms) {
		pause_ms(100);
		bmc_get_health(world.bmc, &health);
		assert_int_equal(health.auth_failures, 0);
	}
	assert_int_not_equal(health.sessions, 0);
}

/* --- many ---------------------------------------------------------------- */

static void
the_dead_cost_the_living_nothing(void **state)
{
	static struct outcome outcomes[MANY];
	int64_t living_ms = 0;

	(void)state;
	tell("0-29 silent 1");
	for (unsigned i = 0; i < MANY; i++)
		world.many[i] = bmc_of(i, &good, 17);
	world.waiting = MANY - 30;
	int64_t begin_ms = clock_mono_ms();
	for (unsigned i = 30; i < MANY; i++) {
		outcomes[i].ended = false;
		assert_true(power_read(world.many[i], 20000, take,
				       &outcomes[i]) != 0);
	}
	loop_run(world.loop);
	living_ms = clock_mono_ms() - begin_ms;
	for (unsigned i = 30; i < MANY; i++)
		assert_int_equal(outcomes[i].result.rc, IPMI_OK);
	print_message("270 sessions beside 30 dead in %lld ms\n",
		      (long long)living_ms);
	/* More handshakes than have a place, and none waited for the dead. */
	assert_in_range(living_ms, 0, 4000);
}

/* Of the datagram sockets beyond the first few descriptors; 0: there is none.
 */
static int
room_of_sockets(void)
{
	int room = 0;

	for (int fd = 3; fd < 64; fd++) {
		int type = 0, size = 0;
		socklen_t len = sizeof(int);

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
		    type != SOCK_DGRAM)
			continue;
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
					    &len),
				 0);
		if (room == 0 || size < room)
			room = size;
	}
	return room;
}

static void
the_sockets_that_many_share_have_more_room_than_usual(void **state)
{
	int usual = 0, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(usual);

	(void)state;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &usual, &len),
			 0);
	close(fd);
	world.bmc = bmc_of(0, &good, 17);
	assert_int_equal(ask(power_read, 20000).rc, IPMI_OK);
	assert_true(room_of_sockets() > usual);
}

/* So many that their handshakes take longer than one is given. */
static void
the_end_of_a_long_line_of_the_dead_is_not_silent(void **state)
{
	static struct outcome outcome;

	(void)state;
	outcome.ended = false;
	ipmi_farm_stop(&world.farm);
	ipmi_farm_start(&world.farm, DEAD + 1);
	tell("all silent 1");
	tell("1700 silent 0");
	for (unsigned i = 0; i < DEAD; i++)
		world.dead[i] = bmc_of(i, &good, 17);
	world.bmc = bmc_of(DEAD, &good, 17);
	power_read(world.bmc, 60000, take, &outcome);
	int64_t begin_ms = clock_mono_ms();
	while (!outcome.ended) {
		struct bmc_health health;

		pause_ms(100);
		bmc_get_health(world.bmc, &health);
		assert_int_not_equal(health.state, BMC_SILENT);
	}
	print_message("behind %d dead: %s after %lld ms\n", DEAD,
		      ipmi_rc_name(outcome.result.rc),
		      (long long)(clock_mono_ms() - begin_ms));
	assert_int_equal(outcome.result.rc, IPMI_OK);
}

/* --- two at one address -------------------------------------------------- */

static void
read_both(struct bmc *a, struct bmc *b, enum ipmi_rc ret_rc[2])
{
	struct outcome outcomes[2] = { { .ended = false } };

	world.waiting = 2;
	power_read(a, 20000, take, &outcomes[0]);
	power_read(b, 20000, take, &outcomes[1]);
	while (!outcomes[0].ended || !outcomes[1].ended)
		loop_run(world.loop);
	ret_rc[0] = outcomes[0].result.rc;
	ret_rc[1] = outcomes[1].result.rc;
}

/* The BMC's refusal of one is none of the other. */
static void
one_bmc_that_was_entered_twice_answers_each_for_itself(void **state)
{
	enum ipmi_rc rc[2];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool first = i % 2 == 0;

		world.many[0] = bmc_of(i, first ? &good : &nobody, 17);
		world.many[1] = bmc_of(i, first ? &nobody : &good, 17);
		read_both(world.many[0], world.many[1], rc);
		assert_int_equal(rc[first ? 0 : 1], IPMI_OK);
		assert_int_equal(rc[first ? 1 : 0], IPMI_AUTH);
		bmc_free(world.many[0]);
		bmc_free(world.many[1]);
		world.many[0] = world.many[1] = NULL;
	}
}

static void
two_bmcs_behind_one_address_have_a_port_each(void **state)
{
	struct ipmi_farm second;
	enum ipmi_rc rc[2];
	unsigned port = world.farm.port;

	(void)state;
	ipmi_farm_start(&second, 1);
	tell("0 lie 3");
	world.many[0] = bmc_of(0, &good, 17);
	world.farm.port = second.port;
	world.many[1] = bmc_of(0, &good, 17);
	world.farm.port = port;
	read_both(world.many[0], world.many[1], rc);
	ipmi_farm_stop(&second);
	assert_int_equal(rc[0], IPMI_ALGORITHM);
	assert_int_equal(rc[1], IPMI_OK);
}

/* No descriptor is left for the first attempts. */
static void
a_dial_that_fails_gives_its_place_up(void **state)
{
	struct rlimit all, none;
	struct outcome outcome = { .ended = false };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	none = (struct rlimit){ (rlim_t)fd, all.rlim_max };
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	world.bmc = bmc_of(0, &good, 17);
	world.waiting = 1;
	power_read(world.bmc, 20000, take, &outcome);
	pause_ms(1200); /* three attempts */
	assert_false(outcome.ended);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	while (!outcome.ended)
		loop_run(world.loop);
	assert_int_equal(outcome.result.rc, IPMI_OK);
}

/* --- independence -------------------------------------------------------- */

static void
ipmitool_agrees(void **state)
{
	static const char *const asks[][2] = {
		{ "power status", "is on" },
		{ "mc guid", "F2F3F4F5F6F7F8F9FAFBFCFDFEFF" },
		{ "dcmi power reading", "180 Watts" },
		{ "chassis restart_cause", "chassis power control" },
		{ "power off", "Down/Off" },
		{ "power status", "is off" },
		{ "sel list", "Power" },
		{ "power on", "Up/On" },
	};
	char command[256], out[4096];

	(void)state;
	for (int suite = 3; suite <= 17; suite += 14) {
		for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
			snprintf(command, sizeof(command),
				 "ipmitool -I lanplus -C %d -H 127.0.92.1 "
				 "-p %u -U admin -P secret %s 2>&1",
				 suite, world.farm.port, asks[i][0]);
			/* NOLINTNEXTLINE(cert-env33-c): ours */
			FILE *pipe = popen(command, "r");
			assert_non_null(pipe);
			out[fread(out, 1, sizeof(out) - 1, pipe)] = '\0';
			pclose(pipe);
			if (strstr(out, "not found") != NULL)
				skip();
			if (strstr(out, asks[i][1]) == NULL)
				fail_msg("%s: %s", command, out);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_life_under_suite_17),
		TEST(a_bmc_that_refuses_17_is_spoken_to_with_3_where_it_may),
		TEST(suite_3_is_remembered_only_when_it_has_worked),
		TEST(a_remembered_3_that_is_refused_is_17_in_the_same_opening),
		TEST(silence_is_no_refusal_however_long),
		TEST(who_lies_about_algorithms_is_not_believed_even_where_3_may_be),
		TEST(wrong_passwords_and_users_are_auth_and_end_in_quarantine),
		TEST(each_fault_has_its_result),
		TEST(a_bmc_that_says_off_too_early_is_believed_only_when_it_goes_on),
		TEST(a_bmc_that_lies_for_seconds_needs_a_gap_of_seconds),
		TEST(a_bmc_that_is_slow_in_the_handshake_does_not_refuse_the_account),
		TEST(the_dead_cost_the_living_nothing),
		TEST(the_sockets_that_many_share_have_more_room_than_usual),
		TEST(the_end_of_a_long_line_of_the_dead_is_not_silent),
		TEST(one_bmc_that_was_entered_twice_answers_each_for_itself),
		TEST(two_bmcs_behind_one_address_have_a_port_each),
		TEST(a_dial_that_fails_gives_its_place_up),
		TEST(ipmitool_agrees),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
