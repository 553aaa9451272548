/* SPDX-License-Identifier: Apache-2.0 */
/* The traps of BMCs: whose they are, what comes of them, and that a flood of
 * forged ones comes to little; the whole way over a BMC of the farm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/pet.h"
#include "scheduler/coordinator/power.h"
#include "tests/support/ipmi_farm.h"
#include "tests/unit/snmp-mib/temp_folder.h"

enum { WATCHDOG_OFF_EVENT = 0x236f02, OCTETS = 47 };

/* A trap of the BMC whose GUID ends with `last`. */
static void
build(uint8_t octets[OCTETS], uint8_t last, uint16_t sequence)
{
	memset(octets, 0, OCTETS);
	for (uint8_t i = 0; i < 15; i++)
		octets[i] = (uint8_t)(0x10 + i);
	octets[15] = last;
	octets[16] = (uint8_t)(sequence >> 8);
	octets[17] = sequence & 0xff;
	octets[26] = 0x10;
	octets[28] = 3;
	memset(octets + 31, 0xff, 8);
	octets[46] = 0xc1;
}

static struct pet
trap(uint8_t last, uint16_t sequence)
{
	uint8_t octets[OCTETS];
	struct pet pet;

	build(octets, last, sequence);
	assert_true(
		pet_parse(WATCHDOG_OFF_EVENT, octets, sizeof(octets), &pet));
	return pet;
}

/* --- whose --------------------------------------------------------------- */

static struct pet_site sites[] = {
	{ .address = "10.0.0.1:623", .has_guid = true },
	{ .address = NULL },
	{ .address = "10.0.0.3:6230", .has_guid = true },
	{ .address = "[fd00::4]:623" },
	{ .address = "10.0.0.5:623", .has_guid = true }, /* GUID of zeros */
};
enum { N_SITES = sizeof(sites) / sizeof(sites[0]) };

static struct pet_site
site(const void *arg, size_t host)
{
	return ((const struct pet_site *)arg)[host];
}

static size_t
find(const struct pet *pet, const char *from)
{
	return pet_find_host(N_SITES, site, sites, pet, from);
}

static int
fill_sites(void **state)
{
	struct pet one = trap(1, 0), three = trap(3, 0);

	(void)state;
	memcpy(sites[0].guid, one.guid, 16);
	memcpy(sites[2].guid, three.guid, 16);
	return 0;
}

static void
a_trap_is_its_guids_wherever_it_comes_from(void **state)
{
	struct pet pet = trap(3, 0), turned = pet;

	(void)state;
	assert_int_equal(find(&pet, "10.0.0.3"), 2);
	assert_int_equal(find(&pet, "192.0.2.9"), 2);
	assert_int_equal(find(&pet, "10.0.0.1"), 2);
	assert_int_equal(find(&pet, ""), 2);
	/* Get System GUID sends the last byte first. */
	for (int i = 0; i < 16; i++)
		turned.guid[i] = pet.guid[15 - i];
	assert_int_equal(find(&turned, "192.0.2.9"), 2);
}

static void
without_a_guid_the_address_tells(void **state)
{
	struct pet pet = trap(9, 0);

	(void)state;
	assert_int_equal(find(&pet, "10.0.0.1"), 0);
	assert_int_equal(find(&pet, "::ffff:10.0.0.1"), 0);
	assert_int_equal(find(&pet, "fd00:0:0::4"), 3);
	assert_int_equal(find(&pet, "10.0.0.2"), NO_HOST);
	assert_int_equal(find(&pet, "10.0.0.1:623"), NO_HOST);
	assert_int_equal(find(&pet, "nonsense"), NO_HOST);
	assert_int_equal(find(&pet, ""), NO_HOST);
	/* No GUID equals no GUID of zeros. */
	memset(pet.guid, 0, 16);
	assert_int_equal(find(&pet, "192.0.2.9"), NO_HOST);
	assert_int_equal(find(&pet, "10.0.0.5"), 4);
}

static void
of_boards_with_one_guid_the_address_tells(void **state)
{
	struct pet_site same[2] = { sites[0], sites[0] };
	struct pet pet = trap(1, 0);

	(void)state;
	same[1].address = "10.0.0.2:623";
	assert_int_equal(pet_find_host(2, site, same, &pet, "10.0.0.2"), 1);
	assert_int_equal(pet_find_host(2, site, same, &pet, "10.0.0.1"), 0);
}

/* --- what to do ---------------------------------------------------------- */

static void
news_is_looked_at_and_a_copy_only_acknowledged(void **state)
{
	struct pet_book *book = pet_book_new(2);
	struct pet first = trap(1, 1), second = trap(1, 2);

	(void)state;
	struct pet_advice advice = pet_book_judge(book, 0, &first, 100000);
	assert_true(advice.acknowledge && advice.look && advice.tell);
	advice = pet_book_judge(book, 0, &first, 102000);
	assert_true(advice.acknowledge);
	assert_false(advice.look || advice.tell);
	/* Of another host it is another one. */
	advice = pet_book_judge(book, 1, &first, 102000);
	assert_true(advice.look && advice.tell);
	advice = pet_book_judge(book, 0, &second, 104000);
	assert_true(advice.look && advice.tell);
	/* And much later the number is used anew. */
	advice = pet_book_judge(book, 0, &first, 100000 + PET_SAME_MS);
	assert_true(advice.look && advice.tell);
	pet_book_free(book);
}

static void
a_flood_for_one_host_comes_to_a_few_probes(void **state)
{
	struct pet_book *book = pet_book_new(1);
	unsigned acknowledged = 0, looked = 0, told = 0;

	(void)state;
	/* Each is news; 50 a second for a minute. */
	for (unsigned i = 0; i < 3000; i++) {
		struct pet pet = trap(1, (uint16_t)i);
		struct pet_advice advice =
			pet_book_judge(book, 0, &pet, 100000 + i * 20);

		acknowledged += advice.acknowledge;
		looked += advice.look;
		told += advice.tell;
	}
	assert_in_range(looked, 50, 60);
	assert_in_range(acknowledged, 290, 305);
	assert_in_range(told, 60, PET_EVENT_BURST + 60);
	pet_book_free(book);
}

static void
a_rack_that_loses_power_is_looked_at_whole(void **state)
{
	struct pet_book *book = pet_book_new(40);
	unsigned looked = 0, told = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct pet pet = trap((uint8_t)i, 1);
		struct pet_advice advice =
			pet_book_judge(book, i, &pet, 100000 + i);

		looked += advice.look;
		told += advice.tell;
	}
	assert_int_equal(looked, 40);
	assert_int_equal(told, PET_EVENT_BURST);
	pet_book_free(book);
}

/* --- the whole way ------------------------------------------------------- */

static struct world {
	struct ipmi_farm farm;
	struct settings settings;
	struct host_settings host;
	struct cluster_settings cluster;
	struct ipmi_account account;
	char address[BMC_ADDRESS_MAX], dir[64];
	struct coordinator co;
} world;

static int
set_up(void **state)
{
	struct world *w = &world;
	struct err err = { "" };

	(void)state;
	*w = (struct world){
		.cluster = { .name = "c1" },
		.account = { "farm", "admin", "secret" },
		.dir = "/tmp/test_pet.XXXXXX",
	};
	ipmi_farm_start(&w->farm, 1);
	ipmi_farm_tell(&w->farm, "0 guid 101112131415161718191a1b1c1d1e01");
	snprintf(w->address, sizeof(w->address), "127.0.92.1:%u", w->farm.port);
	w->host = (struct host_settings){ .name = "h1",
					  .has_bmc = true,
					  .bmc = { w->address, &w->account, 17,
						   NULL, 250 } };
	w->settings = (struct settings){ .clusters = &w->cluster,
					 .n_clusters = 1,
					 .hosts = &w->host,
					 .n_hosts = 1,
					 .power_on_per_second = 1,
					 .power_on_burst = 1 };
	assert_non_null(mkdtemp(w->dir));
	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, 1000, 1000);
	assert_int_equal(store_open(w->dir, &w->co.store, &err), 0);
	assert_int_equal(power_open(&w->co, &err), 0);
	pet_open(&w->co);
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	power_close(&w->co);
	pet_close(&w->co);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
	ipmi_farm_stop(&w->farm);
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

static void
call(const char *from, uint8_t last, uint16_t sequence)
{
	uint8_t octets[OCTETS];

	build(octets, last, sequence);
	pet_came(&world.co, from, WATCHDOG_OFF_EVENT, octets, sizeof(octets));
}

static unsigned
number_of(const char *line, const char *word)
{
	const char *at = strstr(ipmi_farm_tell(&world.farm, line), word);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static size_t
load_events(struct store_event **ret_events)
{
	size_t n = 0;

	assert_int_equal(store_load_events(world.co.store, 0, 100, ret_events,
					   &n, NULL),
			 0);
	return n;
}

static void
a_trap_has_its_bmc_asked_at_once(void **state)
{
	struct reg_host *h = &world.co.reg.hosts[0];
	struct store_event *events;

	(void)state;
	run_for(500); /* the session opens */
	unsigned reads = number_of("0 state", "reads ");
	assert_int_equal(h->power, POWER_UNKNOWN);
	ipmi_farm_tell(&world.farm, "0 power off");
	call("192.0.2.9", 1, 7);
	run_for(500);
	assert_true(number_of("0 state", "reads ") >= reads + 2);
	/* What the BMC says counts, by two reads, and the trap nothing. */
	assert_int_equal(h->power, POWER_OFF);
	assert_int_equal(h->off_reads, 2);
	assert_int_equal(load_events(&events), 1);
	assert_string_equal(events[0].kind, "bmc-trap");
	assert_string_equal(events[0].host, "h1");
	assert_int_equal(events[0].severity, SEVERITY_WARNING);
	assert_non_null(strstr(events[0].text, "unproved"));
	assert_non_null(strstr(events[0].text, "watchdog 0x03: power off"));
	free(events);
}

static void
a_trap_that_lies_changes_nothing(void **state)
{
	struct reg_host *h = &world.co.reg.hosts[0];

	(void)state;
	run_for(500);
	call("127.0.92.1", 1, 7); /* "power off" */
	run_for(500);
	assert_int_equal(h->power, POWER_ON);
	assert_int_equal(h->off_reads, 0);
	assert_int_equal(number_of("0 state", "offs "), 0);
}

static void
a_copy_is_acknowledged_again_and_no_more(void **state)
{
	struct store_event *events;

	(void)state;
	run_for(500);
	call("127.0.92.1", 1, 7);
	run_for(500);
	unsigned in = number_of("stat", "in ");
	call("127.0.92.1", 1, 7);
	run_for(500);
	assert_int_equal(number_of("stat", "in "), in + 1);
	assert_int_equal(load_events(&events), 1);
	free(events);
}

static void
a_dry_run_looks_and_acknowledges_nothing(void **state)
{
	(void)state;
	world.co.ops = &ops_dry;
	run_for(500);
	call("127.0.92.1", 1, 7);
	run_for(500);
	assert_int_equal(world.co.reg.hosts[0].power, POWER_ON);
	unsigned in = number_of("stat", "in ");
	call("127.0.92.1", 1, 7);
	run_for(500);
	assert_int_equal(number_of("stat", "in "), in);
}

static void
traps_of_nobody_and_nonsense_come_to_nothing(void **state)
{
	struct store_event *events;
	uint8_t octets[OCTETS];

	(void)state;
	run_for(500);
	unsigned in = number_of("stat", "in ");
	call("192.0.2.9", 9, 7);
	build(octets, 1, 7);
	pet_came(&world.co, "127.0.92.1", -5, octets, sizeof(octets));
	pet_came(&world.co, "127.0.92.1", 0, octets, 10);
	pet_came(&world.co, "", 0, NULL, 0);
	run_for(300);
	assert_int_equal(number_of("stat", "in "), in);
	assert_int_equal(load_events(&events), 0);
	free(events);
}

static void
the_end_comes_while_a_trap_is_acknowledged(void **state)
{
	(void)state;
	run_for(500);
	call("127.0.92.1", 1, 7);
	/* tear_down() follows at once. */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trap_is_its_guids_wherever_it_comes_from),
		cmocka_unit_test(without_a_guid_the_address_tells),
		cmocka_unit_test(of_boards_with_one_guid_the_address_tells),
		cmocka_unit_test(
			news_is_looked_at_and_a_copy_only_acknowledged),
		cmocka_unit_test(a_flood_for_one_host_comes_to_a_few_probes),
		cmocka_unit_test(a_rack_that_loses_power_is_looked_at_whole),
		TEST(a_trap_has_its_bmc_asked_at_once),
		TEST(a_trap_that_lies_changes_nothing),
		TEST(a_copy_is_acknowledged_again_and_no_more),
		TEST(a_dry_run_looks_and_acknowledges_nothing),
		TEST(traps_of_nobody_and_nonsense_come_to_nothing),
		TEST(the_end_comes_while_a_trap_is_acknowledged),
	};

	log_start("test_pet", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, fill_sites, NULL);
}
