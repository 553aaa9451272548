/* SPDX-License-Identifier: Apache-2.0 */
/* What of all that was seen counts as evidence, and what is too old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "scheduler/coordinator/freeze.h"

enum { NOW = 1000000, N_HOSTS = 2 };
#define SILENT_HOST  0
#define WITNESS_HOST 1

static struct host_settings hosts_conf[N_HOSTS] = {
	{ .name = "silent", .has_bmc = true },
	{ .name = "witness", .has_bmc = true },
};
static struct cluster_settings clusters_conf[] = { { .name = "c1",
						     .ha = true } };
static const struct settings settings = {
	.clusters = clusters_conf,
	.n_clusters = 1,
	.hosts = hosts_conf,
	.n_hosts = N_HOSTS,
};

static struct registry reg;
static struct snapshot *snap;

/* One slot, of the silent host, as the witness saw it at its last report. */
static struct node_report *
witness_report(uint32_t slot_age_ms, enum report_datastore_state state)
{
	struct node_report *report = node_report_new();

	report->datastores = xcalloc(1, sizeof(*report->datastores));
	report->n_datastores = 1;
	report->datastores[0].index = 1;
	report->datastores[0].state = state;
	report->heartbeats = xcalloc(1, sizeof(*report->heartbeats));
	report->n_heartbeats = 1;
	report->heartbeats[0].datastore = 1;
	report->heartbeats[0].age_ms = slot_age_ms;
	snprintf(report->heartbeats[0].host_uuid, REPORT_UUID_LEN, "uuid-0");
	return report;
}

static void
witness_says(uint32_t slot_age_ms, enum report_datastore_state state,
	     int64_t polled_ms)
{
	reg.hosts[WITNESS_HOST].link = LINK_OK;
	reg.hosts[WITNESS_HOST].heard_ms = NOW - 100;
	registry_take_report(&reg, WITNESS_HOST,
			     witness_report(slot_age_ms, state), polled_ms);
}

static const struct snap_host *
frozen(void)
{
	snapshot_free(snap);
	snap = freeze(&reg, NOW);
	return &snap->hosts[SILENT_HOST];
}

static int
begin(void **state)
{
	struct reg_host *host;

	(void)state;
	registry_init(&reg, &settings, NOW - 100000, 0);
	host = &reg.hosts[SILENT_HOST];
	host->asked_ms = NOW - 90000;
	host->heard_ms = NOW - 10000;
	host->link = LINK_SILENT;
	snprintf(host->pulse.uuid, REPORT_UUID_LEN, "uuid-0");
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	registry_done(&reg);
	snapshot_free(snap);
	snap = NULL;
	return 0;
}

static void
set_power(enum power_state power, unsigned off_reads, int64_t first_ms,
	  int64_t last_ms)
{
	struct reg_host *host = &reg.hosts[SILENT_HOST];

	host->power = power;
	host->off_reads = off_reads;
	host->off_since_ms = first_ms;
	host->power_ms = last_ms;
}

static void
two_off_reads_after_the_silence_are_proof(void **state)
{
	(void)state;
	set_power(POWER_OFF, 2, NOW - 3000, NOW - 2700);
	assert_true(frozen()->off_proved);
	assert_int_equal(frozen()->power, POWER_OFF);
}

static void
one_off_read_is_no_proof(void **state)
{
	(void)state;
	set_power(POWER_OFF, 1, NOW - 3000, NOW - 3000);
	assert_false(frozen()->off_proved);
}

static void
proof_of_off_expires(void **state)
{
	(void)state;
	set_power(POWER_OFF, 2, NOW - 8000, NOW - 7700);
	assert_false(frozen()->off_proved); /* somebody may have pressed on */
}

static void
what_the_bmc_said_before_the_last_heartbeat_is_nothing(void **state)
{
	(void)state;
	set_power(POWER_OFF, 2, NOW - 10300, NOW - 10001);
	assert_false(frozen()->off_proved);
	assert_int_equal(frozen()->power, POWER_UNKNOWN);
}

static void
a_word_counts_until_the_host_is_heard(void **state)
{
	struct reg_host *host = &reg.hosts[SILENT_HOST];

	(void)state;
	strcpy(host->word_of, "alice");
	host->word_ms = host->heard_ms + 1;
	assert_string_equal(frozen()->word_of, "alice");
	host->word_ms = host->heard_ms;
	assert_string_equal(frozen()->word_of, "");
	host->word_ms = host->heard_ms + 1;
	registry_void_word(host);
	assert_string_equal(frozen()->word_of, "");
}

static void
outlets_count_like_a_bmc(void **state)
{
	static struct level_settings level = { .name = "supplies" };
	struct reg_host *host = &reg.hosts[SILENT_HOST];

	(void)state;
	host->fed = true;
	host->power_ms = host->heard_ms + 1;
	assert_true(frozen()->fed);
	host->power_ms = host->heard_ms;
	assert_false(frozen()->fed);

	assert_true(frozen()->can_fence);
	hosts_conf[SILENT_HOST].has_bmc = false;
	assert_false(frozen()->can_fence);
	hosts_conf[SILENT_HOST].levels = &level;
	hosts_conf[SILENT_HOST].n_levels = 1;
	assert_true(frozen()->can_fence);
	hosts_conf[SILENT_HOST].n_levels = 0;
	hosts_conf[SILENT_HOST].has_bmc = true;
}

static void
a_first_off_read_before_the_last_heartbeat_is_no_proof(void **state)
{
	(void)state;
	reg.hosts[SILENT_HOST].heard_ms = NOW - 3000;
	set_power(POWER_OFF, 2, NOW - 3100, NOW - 2800);
	assert_false(frozen()->off_proved);
}

static void
silence_counts_from_the_first_question_when_nothing_was_heard(void **state)
{
	(void)state;
	reg.hosts[SILENT_HOST].heard_ms = 0;
	assert_int_equal(frozen()->silent_ms, 90000);
	reg.hosts[SILENT_HOST].asked_ms = 0;
	assert_int_equal(frozen()->silent_ms, 0);
}

static void
libvirt_asked_before_the_silence_is_no_witness(void **state)
{
	struct reg_host *host = &reg.hosts[SILENT_HOST];

	(void)state;
	host->libvirt.says = WITNESS_ALIVE;
	host->libvirt.asked_ms = NOW - 11000;
	assert_int_equal(frozen()->libvirt, WITNESS_UNKNOWN);
	host->libvirt.asked_ms = NOW - 9000;
	assert_int_equal(frozen()->libvirt, WITNESS_ALIVE);
}

static void
a_slot_written_after_the_silence_began_shows_life(void **state)
{
	(void)state;
	witness_says(900, DATASTORE_OK, NOW - 500);
	assert_int_equal(frozen()->datastore, WITNESS_ALIVE);
	assert_int_equal(frozen()->datastore_age_ms, 1400);
	assert_string_equal(frozen()->datastore_witness, "witness");
}

static void
a_slot_as_old_as_the_silence_shows_nothing_yet(void **state)
{
	(void)state;
	reg.hosts[SILENT_HOST].heard_ms = NOW - 3000;
	witness_says(2500, DATASTORE_OK, NOW - 200);
	assert_int_equal(frozen()->datastore, WITNESS_UNKNOWN);
}

static void
a_slot_that_stands_still_shows_silence(void **state)
{
	(void)state;
	witness_says(9000, DATASTORE_OK, NOW - 500);
	assert_int_equal(frozen()->datastore, WITNESS_SILENT);
}

static void
an_old_report_is_no_witness(void **state)
{
	(void)state;
	witness_says(100, DATASTORE_OK, NOW - 9000);
	assert_int_equal(frozen()->datastore, WITNESS_UNKNOWN);
}

static void
a_witness_with_a_lost_datastore_is_none(void **state)
{
	(void)state;
	witness_says(9000, DATASTORE_LOST, NOW - 500);
	assert_int_equal(frozen()->datastore, WITNESS_UNKNOWN);
}

static void
a_silent_witness_is_none(void **state)
{
	(void)state;
	witness_says(9000, DATASTORE_OK, NOW - 500);
	reg.hosts[WITNESS_HOST].link = LINK_SILENT;
	assert_int_equal(frozen()->datastore, WITNESS_UNKNOWN);
}

static void
a_slot_that_was_never_seen_is_no_silence(void **state)
{
	(void)state;
	witness_says(REPORT_AGE_NEVER, DATASTORE_OK, NOW - 500);
	assert_int_equal(frozen()->datastore, WITNESS_UNKNOWN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_off_reads_after_the_silence_are_proof),
		TEST(one_off_read_is_no_proof),
		TEST(proof_of_off_expires),
		TEST(what_the_bmc_said_before_the_last_heartbeat_is_nothing),
		TEST(a_first_off_read_before_the_last_heartbeat_is_no_proof),
		TEST(outlets_count_like_a_bmc),
		TEST(a_word_counts_until_the_host_is_heard),
		TEST(silence_counts_from_the_first_question_when_nothing_was_heard),
		TEST(libvirt_asked_before_the_silence_is_no_witness),
		TEST(a_slot_written_after_the_silence_began_shows_life),
		TEST(a_slot_as_old_as_the_silence_shows_nothing_yet),
		TEST(a_slot_that_stands_still_shows_silence),
		TEST(an_old_report_is_no_witness),
		TEST(a_witness_with_a_lost_datastore_is_none),
		TEST(a_silent_witness_is_none),
		TEST(a_slot_that_was_never_seen_is_no_silence),
	};

	return cmocka_run_group_tests_name("freeze", tests, NULL, NULL);
}
