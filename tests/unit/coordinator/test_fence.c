/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The levels of a host, over BMCs of the farm and the outlets of a real snmpd:
 * what is turned off, what is proved, and what is never called proved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/power.h"
#include "tests/support/ipmi_farm.h"
#include "tests/support/pdu_sim.h"
#include "tests/unit/snmp-mib/temp_folder.h"

enum { LEFT = 1, RIGHT = 2, PATIENCE_MS = 60000 };

static struct world {
	struct ipmi_farm farm;
	struct pdu_sim pdu;
	struct settings settings;
	struct host_settings host;
	struct level_settings levels[2];
	struct pdu_settings pdus[1];
	struct cluster_settings cluster;
	struct ipmi_account account;
	struct snmp_account snmp;
	char own[BMC_ADDRESS_MAX], second[BMC_ADDRESS_MAX], dir[64];
	struct coordinator co;
	int64_t command;
	/* the BMC lives on the host's outlets */
	bool bmc_needs_outlets;
	/* of a power-on */
	unsigned ons;
	struct power_result on;
} world;

/* --- the site ------------------------------------------------------------ */

static void
tell(const char *line)
{
	assert_string_equal(ipmi_farm_tell(&world.farm, line), "ok\n");
}

static unsigned
number_of(const char *line, const char *word)
{
	const char *at = strstr(ipmi_farm_tell(&world.farm, line), word);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static struct level_settings
supplies(void)
{
	return (struct level_settings){
		.name = "supplies",
		.outlets = { { "left", 0, "1" }, { "right", 0, "2" } },
		.n_outlets = 2,
	};
}

static struct level_settings
chassis(void)
{
	return (struct level_settings){
		.name = "chassis",
		.has_bmc = true,
		.bmc = { world.second, &world.account, 17, NULL, 250 },
	};
}

static void
fill_settings(struct world *w)
{
	w->cluster = (struct cluster_settings){ .name = "c1" };
	w->account = (struct ipmi_account){ "farm", "admin", "secret" };
	w->snmp = (struct snmp_account){ .name = "pdus",
					 .user = PDU_SIM_USER,
					 .auth_password = PDU_SIM_AUTH,
					 .priv_password = PDU_SIM_PRIV,
					 .auth = "SHA-256",
					 .priv = "AES" };
	snprintf(w->own, sizeof(w->own), "127.0.92.1:%u", w->farm.port);
	snprintf(w->second, sizeof(w->second), "127.0.92.2:%u", w->farm.port);
	w->pdus[0] = (struct pdu_settings){ "p1", w->pdu.address, &w->snmp,
					    pdu_kinds[1] };
	assert_string_equal(pdu_kinds[1].name, "apc-rpdu2");
	w->host = (struct host_settings){
		.name = "h1",
		.agent = "127.0.92.1:1", /* nobody is there */
		.snmp = &w->snmp,
		.has_bmc = true,
		.bmc = { w->own, &w->account, 17, NULL, 250 },
		.levels = w->levels,
	};
	w->settings = (struct settings){ .clusters = &w->cluster,
					 .n_clusters = 1,
					 .hosts = &w->host,
					 .n_hosts = 1,
					 .pdus = w->pdus,
					 .n_pdus = 1,
					 .snmp = &w->snmp,
					 .n_snmp = 1,
					 .state_dir = w->dir,
					 .power_on_per_second = 10,
					 .power_on_burst = 10 };
}

/* Real servers are slow to start: once for all tests. */
static int
start_servers(void **state)
{
	(void)state;
	log_start("test_fence", LOG_LEVEL_ERROR);
	ipmi_farm_start(&world.farm, 2);
	if (!pdu_sim_start(&world.pdu, 2)) {
		print_message("no snmpd here\n");
		return -1;
	}
	return 0;
}

static int
stop_servers(void **state)
{
	(void)state;
	ipmi_farm_stop(&world.farm);
	pdu_sim_stop(&world.pdu);
	return 0;
}

static int
set_up(void **state)
{
	struct world *w = &world;

	(void)state;
	snprintf(w->dir, sizeof(w->dir), "/tmp/test_fence.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	tell("all silent 0");
	tell("all stuck 0");
	tell("all hw-delay 100");
	tell("all power on");
	for (unsigned i = LEFT; i <= RIGHT; i++)
		pdu_sim_set(&w->pdu, i, "on");
	w->bmc_needs_outlets = false;
	w->ons = 0;
	fill_settings(w);
	w->levels[0] = supplies();
	w->host.n_levels = 1;
	return 0;
}

static void
open_site(void)
{
	struct world *w = &world;
	struct err err = { "" };

	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, clock_mono_ms(),
		      clock_wall_ms());
	assert_int_equal(store_open(w->dir, &w->co.store, &err), 0);
	if (poll_open(&w->co, &err) < 0 || power_open(&w->co, &err) < 0)
		fail_msg("%s", err.text);
}

static int
tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	pdu_sim_freeze(&w->pdu, false);
	pdu_sim_spoil(&w->pdu, "stuck.2", false);
	power_close(&w->co);
	poll_close(&w->co);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
	return temp_folder_remove(w->dir);
}

static void
run_for(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(world.co.loop, (loop_fn)loop_stop,
			       world.co.loop);

	loop_timer_start(timer, ms);
	loop_run(world.co.loop);
	loop_timer_free(timer);
}

/* Both outlets off: no BMC either; one on: it is back. */
static void
feed_bmc(void)
{
	bool fed = pdu_sim_is(&world.pdu, LEFT, "on") ||
		   pdu_sim_is(&world.pdu, RIGHT, "on");

	if (world.bmc_needs_outlets)
		tell(fed ? "0 silent 0" : "0 silent 1");
}

/* --- fencing ------------------------------------------------------------- */

static void
start_fence(void)
{
	const struct store_command command = { .kind = COMMAND_FENCE,
					       .host = "h1" };
	struct err err = { "" };

	store_begin(world.co.store);
	world.command = store_add_command(world.co.store, &command);
	assert_int_equal(store_commit(world.co.store, &err), 0);
	world.co.reg.hosts[0].fencing = true;
	power_fence(&world.co, 0, world.command);
}

static int64_t
wait_for_fence(void)
{
	int64_t from_ms = clock_mono_ms();

	while (world.co.reg.hosts[0].fencing) {
		if (clock_mono_ms() - from_ms > PATIENCE_MS)
			fail_msg("the fence does not end");
		feed_bmc();
		run_for(20);
	}
	return clock_mono_ms() - from_ms;
}

static int64_t
fence(void)
{
	start_fence();
	return wait_for_fence();
}

/* The one event of the fence; its detail is the caller's. */
static json_t *
told(const char *kind, const char *text)
{
	struct store_event *events, event;
	char *detail = NULL;
	size_t n = 0;
	struct err err = { "" };

	assert_int_equal(store_load_events(world.co.store, 0, 100, &events, &n,
					   NULL),
			 0);
	assert_int_equal(n, 1);
	if (strcmp(events[0].kind, kind) != 0 ||
	    strstr(events[0].text, text) == NULL)
		fail_msg("told \"%s\": %s", events[0].kind, events[0].text);
	assert_int_equal(store_load_event(world.co.store, events[0].id, &event,
					  &detail, &err),
			 0);
	json_t *json = json_loads(detail, 0, NULL);
	assert_non_null(json);
	free(detail);
	free(events);
	return json;
}

static void
assert_proved(const char *text)
{
	const struct reg_host *h = &world.co.reg.hosts[0];

	json_decref(told("fence-done", text));
	assert_int_equal(h->power, POWER_OFF);
	assert_int_equal(h->off_reads, 2);
}

static void
assert_in_doubt(const char *text)
{
	const struct reg_host *h = &world.co.reg.hosts[0];

	json_decref(told("fence-failed", text));
	assert_int_not_equal(h->off_reads, 2);
	assert_int_not_equal(h->power, POWER_OFF);
}

static void
a_bmc_that_works_leaves_the_outlets_alone(void **state)
{
	(void)state;
	open_site();
	unsigned before = pdu_sim_switches(&world.pdu, LEFT);
	fence();
	assert_proved("BMC: off, read twice");
	assert_int_equal(pdu_sim_switches(&world.pdu, LEFT), before);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
}

static void
where_the_bmc_is_silent_both_outlets_are_turned_off(void **state)
{
	(void)state;
	tell("0 silent 1");
	open_site();
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
	assert_proved("supplies/right: off, read twice");

	json_t *detail = told("fence-done", "BMC: ");
	json_t *levels = json_object_get(detail, "levels");
	/* Its BMC; two outlets; and all three once more. */
	assert_int_equal(json_array_size(levels), 6);
	assert_true(json_is_null(json_object_get(detail, "bmc")));
	json_decref(detail);
}

static void
a_stuck_chassis_loses_its_outlets_and_its_bmc_with_them(void **state)
{
	(void)state;
	tell("0 stuck 1");
	world.bmc_needs_outlets = true;
	open_site();
	run_for(300);
	fence();
	assert_proved("supplies/left: off, read twice");
	assert_int_equal(number_of("0 state", "offs ") > 0, 1);
}

/* Somebody counted the outlets wrong. */
static void
outlets_of_another_host_prove_nothing_while_the_bmc_says_on(void **state)
{
	(void)state;
	tell("0 stuck 1");
	open_site();
	run_for(300);
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_in_doubt("BMC: says on after that");
	assert_int_equal(world.co.reg.hosts[0].power, POWER_ON);
}

static void
one_supply_of_two_is_not_enough(void **state)
{
	(void)state;
	tell("0 silent 1");
	pdu_sim_spoil(&world.pdu, "stuck.2", true);
	open_site();
	fence();
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_in_doubt("supplies/right: still on after");
	/* And it may be turned off there yet. */
	assert_true(world.co.reg.hosts[0].fed);
}

static void
a_bmc_of_another_host_is_not_touched_and_the_outlets_are(void **state)
{
	(void)state;
	tell("0 guid 00112233445566778899aabbccddeeff");
	world.host.bmc.guid = "00112233445566778899aabbccddee00";
	open_site();
	run_for(300);
	unsigned offs = number_of("0 state", "offs ");
	fence();
	assert_proved("BMC: this BMC is another host's");
	assert_int_equal(number_of("0 state", "offs "), offs);
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
}

static void
a_second_bmc_is_a_level_like_others(void **state)
{
	(void)state;
	tell("0 silent 1");
	world.levels[0] = chassis();
	world.levels[1] = supplies();
	world.host.n_levels = 2;
	open_site();
	unsigned before = pdu_sim_switches(&world.pdu, LEFT);
	fence();
	assert_proved("chassis: off, read twice");
	assert_int_equal(pdu_sim_switches(&world.pdu, LEFT), before);
	json_t *detail = told("fence-done", "chassis");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(detail, "bmc"), "address")),
			    world.second);
	json_decref(detail);
}

static void
a_host_without_a_bmc_is_fenced_by_its_outlets(void **state)
{
	(void)state;
	world.host.has_bmc = false;
	open_site();
	fence();
	assert_proved("supplies/left: off, read twice");
	assert_null(power_bmc(&world.co, 0));
	assert_null(power_readiness(&world.co, 0));
}

/* --- beside fences ------------------------------------------------------- */

static void
a_silent_bmc_and_outlets_that_are_on_mean_fed(void **state)
{
	struct reg_host *h;

	(void)state;
	tell("0 silent 1");
	open_site();
	h = &world.co.reg.hosts[0];
	power_probe(&world.co, 0);
	run_for(2500);
	assert_true(h->fed);
	assert_int_equal(h->power, POWER_UNKNOWN);
	/* A BMC that answers tells more. */
	tell("0 silent 0");
	for (int i = 0; i < 20 && h->fed; i++) {
		power_probe(&world.co, 0);
		run_for(500);
	}
	assert_false(h->fed);
	assert_int_equal(h->power, POWER_ON);
}

static void
the_proof_of_outlets_can_be_renewed(void **state)
{
	struct reg_host *h;

	(void)state;
	tell("0 silent 1");
	open_site();
	h = &world.co.reg.hosts[0];
	fence();
	int64_t read_ms = h->power_ms;
	power_probe(&world.co, 0);
	run_for(2500);
	assert_int_equal(h->off_reads, 2);
	assert_true(h->power_ms > read_ms);
	/* Somebody switches it on. */
	pdu_sim_set(&world.pdu, RIGHT, "on");
	power_probe(&world.co, 0);
	run_for(2500);
	assert_int_not_equal(h->power, POWER_OFF);
}

static void
took_on(void *arg, const struct power_result *result)
{
	(void)arg;
	world.ons++;
	world.on = *result;
}

static void
power_on_gives_the_outlets_back_first(void **state)
{
	(void)state;
	tell("0 silent 1");
	open_site();
	fence();
	assert_proved("supplies/left");
	/* The chassis lost its power with them, and its BMC. */
	tell("0 power off");
	world.bmc_needs_outlets = true;
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	for (int i = 0; i < 3000 && world.ons == 0; i++) {
		feed_bmc();
		run_for(20);
	}
	assert_int_equal(world.ons, 1);
	assert_int_equal(world.on.rc, IPMI_OK);
	assert_int_equal(world.on.power, IPMI_POWER_ON);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "on"));
}

/* Another coordinator finds them off. */
static void
power_on_gives_back_what_an_earlier_coordinator_took(void **state)
{
	(void)state;
	pdu_sim_set(&world.pdu, LEFT, "off");
	pdu_sim_set(&world.pdu, RIGHT, "off");
	tell("0 power off");
	tell("0 silent 1");
	world.bmc_needs_outlets = true;
	open_site();
	run_for(READINESS_FIRST_MS + 2000);
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	for (int i = 0; i < 3000 && world.ons == 0; i++) {
		feed_bmc();
		run_for(20);
	}
	assert_int_equal(world.on.rc, IPMI_OK);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "on"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "on"));
}

static void
a_fence_ends_a_power_on_that_waits_for_outlets(void **state)
{
	(void)state;
	world.host.has_bmc = true;
	tell("0 silent 1");
	open_site();
	fence();
	pdu_sim_freeze(&world.pdu, true);
	assert_true(power_order_on(&world.co, 0, took_on, NULL));
	run_for(300);
	assert_int_equal(world.ons, 0);
	start_fence();
	assert_int_equal(world.ons, 1);
	assert_int_equal(world.on.rc, IPMI_CANCELLED);
	pdu_sim_freeze(&world.pdu, false);
	wait_for_fence();
	run_for(500);
	assert_int_equal(world.ons, 1);
	assert_true(pdu_sim_is(&world.pdu, LEFT, "off"));
	assert_true(pdu_sim_is(&world.pdu, RIGHT, "off"));
}

static void
closing_in_the_midst_leaves_nothing_behind(void **state)
{
	(void)state;
	tell("0 silent 1");
	pdu_sim_freeze(&world.pdu, true);
	open_site();
	power_probe(&world.co, 0);
	run_for(50);
	start_fence();
	run_for(3500); /* the second level */
}

static void
an_outlet_that_says_off_while_its_host_lives_is_told(void **state)
{
	struct reg_host *h;

	(void)state;
	pdu_sim_set(&world.pdu, LEFT, "off");
	open_site();
	h = &world.co.reg.hosts[0];
	for (int i = 0; i < 40 && h->bmc_trouble[0] == '\0'; i++) {
		run_for(500);
		h->link = LINK_OK;
		h->heard_ms = clock_mono_ms();
		power_check_health(&world.co);
	}
	if (strstr(h->bmc_trouble, "supplies/left says off while") == NULL)
		fail_msg("told: %s", h->bmc_trouble);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_bmc_that_works_leaves_the_outlets_alone),
		CASE(where_the_bmc_is_silent_both_outlets_are_turned_off),
		CASE(a_stuck_chassis_loses_its_outlets_and_its_bmc_with_them),
		CASE(outlets_of_another_host_prove_nothing_while_the_bmc_says_on),
		CASE(one_supply_of_two_is_not_enough),
		CASE(a_bmc_of_another_host_is_not_touched_and_the_outlets_are),
		CASE(a_second_bmc_is_a_level_like_others),
		CASE(a_host_without_a_bmc_is_fenced_by_its_outlets),
		CASE(a_silent_bmc_and_outlets_that_are_on_mean_fed),
		CASE(the_proof_of_outlets_can_be_renewed),
		CASE(power_on_gives_the_outlets_back_first),
		CASE(power_on_gives_back_what_an_earlier_coordinator_took),
		CASE(a_fence_ends_a_power_on_that_waits_for_outlets),
		CASE(closing_in_the_midst_leaves_nothing_behind),
		CASE(an_outlet_that_says_off_while_its_host_lives_is_told),
	};

	return cmocka_run_group_tests(tests, start_servers, stop_servers);
}
