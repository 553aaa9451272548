/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose fence levels are BMCs of the farm and the outlets of a real
 * snmpd, and its fence.
 */
#ifndef TESTS_UNIT_COORDINATOR_FENCE_SITE_H
#define TESTS_UNIT_COORDINATOR_FENCE_SITE_H

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

static inline void
tell(const char *line)
{
	assert_string_equal(ipmi_farm_tell(&world.farm, line), "ok\n");
}

static inline unsigned
number_of(const char *line, const char *word)
{
	const char *at = strstr(ipmi_farm_tell(&world.farm, line), word);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static inline struct level_settings
supplies(void)
{
	return (struct level_settings){
		.name = "supplies",
		.outlets = { { "left", 0, "1" }, { "right", 0, "2" } },
		.n_outlets = 2,
	};
}

static inline struct level_settings
chassis(void)
{
	return (struct level_settings){
		.name = "chassis",
		.has_bmc = true,
		.bmc = { world.second, &world.account, 17, NULL, 250 },
	};
}

static inline void
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
static inline int
start_servers(void **state)
{
	(void)state;
	log_start("fence_site", LOG_LEVEL_ERROR);
	ipmi_farm_start(&world.farm, 2);
	if (!pdu_sim_start(&world.pdu, 2)) {
		print_message("no snmpd here\n");
		return -1;
	}
	return 0;
}

static inline int
stop_servers(void **state)
{
	(void)state;
	ipmi_farm_stop(&world.farm);
	pdu_sim_stop(&world.pdu);
	return 0;
}

static inline int
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

static inline void
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

static inline int
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

static inline void
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
static inline void
feed_bmc(void)
{
	bool fed = pdu_sim_is(&world.pdu, LEFT, "on") ||
		   pdu_sim_is(&world.pdu, RIGHT, "on");

	if (world.bmc_needs_outlets)
		tell(fed ? "0 silent 0" : "0 silent 1");
}

static inline void
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

static inline int64_t
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

static inline int64_t
fence(void)
{
	start_fence();
	return wait_for_fence();
}

/* The one event of the fence; its detail is the caller's. */
static inline json_t *
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

static inline void
assert_proved(const char *text)
{
	const struct reg_host *h = &world.co.reg.hosts[0];

	json_decref(told("fence-done", text));
	assert_int_equal(h->power, POWER_OFF);
	assert_int_equal(h->off_reads, 2);
}

#endif
