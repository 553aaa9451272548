/* SPDX-License-Identifier: Apache-2.0 */
/* What the evidence about one host amounts to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scheduler/policy/judge.h"
#include "scheduler/policy/timeouts.h"
#include "tests/support/policy_scene.h"

static struct scene scene;
static char why[REASON_LEN];

static enum verdict
judge(void)
{
	return judge_host(&scene.snap, 0, why);
}

static int
begin(void **state)
{
	(void)state;
	scene_init(&scene, 3);
	return 0;
}

static void
a_host_that_answers_lives(void **state)
{
	(void)state;
	assert_int_equal(judge(), VERDICT_LIVES);
	assert_string_equal(why, "");
}

static void
one_missed_beat_says_nothing_yet(void **state)
{
	(void)state;
	scene_silence(&scene, 0, SUSPECT_AFTER_MS - 1);
	assert_int_equal(judge(), VERDICT_LIVES);
	scene_silence(&scene, 0, SUSPECT_AFTER_MS);
	assert_int_equal(judge(), VERDICT_UNSURE);
}

static void
silence_alone_is_never_proof_however_long(void **state)
{
	(void)state;
	scene_silence(&scene, 0, 86400000);
	assert_int_equal(judge(), VERDICT_UNSURE);
	assert_non_null(strstr(why, "BMC: not read yet"));
}

static void
two_off_reads_are_proof(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	assert_int_equal(judge(), VERDICT_OFF);
}

static void
one_off_read_is_no_proof(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].off_proved = false;
	assert_int_equal(judge(), VERDICT_UNSURE);
}

static void
an_older_off_read_calls_no_host_dead_but_one_that_is(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].off_age_ms = OFF_FRESH_MS;
	assert_int_equal(judge(), VERDICT_OFF);
	scene.hosts[0].off_age_ms = OFF_FRESH_MS + 1;
	assert_int_equal(judge(), VERDICT_UNSURE);
	snprintf(scene.hosts[0].word_of, REPORT_NAME_LEN, "eve");
	assert_int_equal(judge(), VERDICT_OFF);
	scene.hosts[0].word_of[0] = '\0';
	scene.hosts[0].state = HOST_DEAD;
	assert_int_equal(judge(), VERDICT_OFF);
}

static void
an_off_proof_is_not_looked_at_before_the_host_is_suspect(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].silent_ms = SUSPECT_AFTER_MS - 1;
	assert_int_equal(judge(), VERDICT_LIVES);
}

static void
an_answering_libvirt_outranks_a_bmc_that_says_off(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].libvirt = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
	assert_false(host_is_proved_off(&scene.hosts[0]));
}

static void
a_written_slot_outranks_a_bmc_that_says_off(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].datastore = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_ISOLATED);
	assert_false(host_is_proved_off(&scene.hosts[0]));
}

static void
an_answering_snmp_master_outranks_a_bmc_that_says_off(void **state)
{
	(void)state;
	scene_power_off(&scene, 0);
	scene.hosts[0].link = LINK_NO_AGENT;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
	scene.hosts[0].link = LINK_REFUSED;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
	assert_non_null(strstr(why, "refuses our account"));
}

static void
a_host_whose_libvirt_answers_only_lost_its_agent(void **state)
{
	(void)state;
	scene_kill_agent(&scene, 0);
	assert_int_equal(judge(), VERDICT_NO_AGENT);
}

static void
a_host_that_writes_its_slot_is_isolated(void **state)
{
	(void)state;
	scene_isolate(&scene, 0);
	assert_int_equal(judge(), VERDICT_ISOLATED);
}

static void
an_isolated_host_hangs_only_where_the_cluster_says_so(void **state)
{
	(void)state;
	scene_isolate(&scene, 0);
	scene.clusters[0].fence_isolated = true;
	assert_int_equal(judge(), VERDICT_HUNG);
	scene.hosts[0].power = POWER_UNKNOWN;
	assert_int_equal(judge(), VERDICT_ISOLATED);
}

static void
power_and_nothing_else_for_ten_seconds_is_a_hang(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	scene.hosts[0].silent_ms = FENCE_AFTER_MS;
	assert_int_equal(judge(), VERDICT_HUNG);
	scene.hosts[0].silent_ms = FENCE_AFTER_MS - 1;
	assert_int_equal(judge(), VERDICT_UNSURE);
}

static void
without_a_witness_of_the_datastore_it_takes_twice_as_long(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	scene.hosts[0].datastore = WITNESS_UNKNOWN;
	scene.hosts[0].silent_ms = INT64_C(2) * FENCE_AFTER_MS - 1;
	assert_int_equal(judge(), VERDICT_UNSURE);
	scene.hosts[0].silent_ms = INT64_C(2) * FENCE_AFTER_MS;
	assert_int_equal(judge(), VERDICT_HUNG);
}

static void
unknown_power_is_never_a_hang(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	scene.hosts[0].power = POWER_UNKNOWN;
	assert_int_equal(judge(), VERDICT_UNSURE);
}

/* Its BMC hangs with it, but its outlets are there to be turned off. */
static void
outlets_that_are_on_are_as_good_as_power_that_is_on(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	scene.hosts[0].power = POWER_UNKNOWN;
	scene.hosts[0].fed = true;
	assert_int_equal(judge(), VERDICT_HUNG);
	scene.hosts[0].silent_ms = FENCE_AFTER_MS - 1;
	assert_int_equal(judge(), VERDICT_UNSURE);
	scene.hosts[0].silent_ms = FENCE_AFTER_MS;
	scene.hosts[0].libvirt = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
}

/* Of somebody who went there. */
static void
a_persons_word_is_proof_until_anything_contradicts_it(void **state)
{
	struct snap_host *host = &scene.hosts[0];

	(void)state;
	scene_hang(&scene, 0);
	host->power = POWER_UNKNOWN;
	strcpy(host->word_of, "alice");
	assert_int_equal(judge(), VERDICT_OFF);
	assert_non_null(strstr(why, "alice says that it is off"));
	host->fed = true;
	assert_int_equal(judge(), VERDICT_OFF);
	host->fed = false;

	host->power = POWER_ON;
	assert_int_equal(judge(), VERDICT_HUNG);
	host->power = POWER_UNKNOWN;
	host->libvirt = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
	host->libvirt = WITNESS_SILENT;
	host->datastore = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_ISOLATED);
	host->datastore = WITNESS_SILENT;
	host->link = LINK_OK;
	assert_int_equal(judge(), VERDICT_LIVES);
	host->link = LINK_NO_AGENT;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
}

static void
a_libvirt_that_was_not_asked_is_not_silent(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	scene.hosts[0].libvirt = WITNESS_UNKNOWN;
	assert_int_equal(judge(), VERDICT_UNSURE);
}

static void
the_reason_names_every_channel(void **state)
{
	(void)state;
	scene_hang(&scene, 0);
	strcpy(scene.hosts[0].power_text, "on, read 0.3 s ago");
	strcpy(scene.hosts[0].datastore_witness, "h2");
	(void)judge();
	assert_string_equal(why, "no heartbeat for 20.0 s; BMC: on, read 0.3 s "
				 "ago; libvirt: does not answer; datastore "
				 "heartbeat: 20000 ms old, seen by h2");
}

/* --- the watchdog lease --------------------------------------------------- */

/* Host and BMC without power, and its lease ended two seconds ago. */
static struct snap_host *
lease_over(void)
{
	struct snap_host *host = &scene.hosts[0];

	scene_silence(&scene, 0, 33000);
	host->datastore = WITNESS_SILENT;
	host->datastore_age_ms = 33000;
	host->lease_armed = true;
	host->lease_left_ms = -2140;
	host->lease_renewed_ms = 32640;
	return host;
}

static void
a_lease_that_ended_is_proof(void **state)
{
	struct snap_host *host = lease_over();

	(void)state;
	assert_int_equal(judge(), VERDICT_OFF);
	assert_true(host_is_dead_by_lease(host));
	assert_string_equal(host_proof(host),
			    "is proved dead by its watchdog lease");
	assert_non_null(strstr(why, "; its watchdog lease ended 2.1 s ago: "
				    "armed, last renewed 32.6 s ago at the "
				    "latest"));
	host->lease_left_ms = 0;
	assert_int_equal(judge(), VERDICT_OFF);
}

static void
a_lease_that_goes_on_is_no_proof(void **state)
{
	struct snap_host *host = lease_over();

	(void)state;
	host->lease_left_ms = 1;
	assert_int_equal(judge(), VERDICT_UNSURE);
	assert_null(host_proof(host));
	host->lease_left_ms = 5200;
	(void)judge();
	assert_non_null(strstr(why, "lease ends in 5.2 s: armed"));
	host->lease_left_ms = AGE_NEVER;
	assert_int_equal(judge(), VERDICT_UNSURE);
	assert_non_null(strstr(why, "nobody sees all that may renew it"));
}

static void
a_watchdog_that_was_not_armed_proves_nothing(void **state)
{
	(void)state;
	lease_over()->lease_armed = false;
	assert_int_equal(judge(), VERDICT_UNSURE);
	assert_null(strstr(why, "lease"));
}

static void
what_was_heard_after_the_end_shows_that_it_did_not_fire(void **state)
{
	(void)state;
	lease_over()->silent_ms = 2140;
	assert_int_equal(judge(), VERDICT_OFF);
	scene.hosts[0].silent_ms = 2139;
	assert_int_equal(judge(), VERDICT_UNSURE);
}

static void
a_lease_is_no_proof_before_libvirt_was_asked(void **state)
{
	struct snap_host *host = lease_over();

	(void)state;
	host->libvirt = WITNESS_UNKNOWN;
	assert_int_equal(judge(), VERDICT_UNSURE);
	host->libvirt = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
}

static void
a_written_slot_outranks_a_lease_that_ended(void **state)
{
	(void)state;
	lease_over()->datastore = WITNESS_ALIVE;
	assert_int_equal(judge(), VERDICT_ISOLATED);
}

static void
an_answer_of_any_kind_outranks_a_lease_that_ended(void **state)
{
	struct snap_host *host = lease_over();

	(void)state;
	host->link = LINK_OK;
	assert_int_equal(judge(), VERDICT_LIVES);
	assert_null(host_proof(host));
	host->link = LINK_NO_AGENT;
	assert_int_equal(judge(), VERDICT_NO_AGENT);
	assert_null(host_proof(host));
	host->link = LINK_REFUSED;
	assert_null(host_proof(host));
}

static void
a_bmc_that_says_on_outranks_a_lease_that_ended(void **state)
{
	struct snap_host *host = lease_over();

	(void)state;
	assert_false(host_outlived_its_lease(host));
	host->power = POWER_ON;
	assert_int_equal(judge(), VERDICT_HUNG);
	assert_true(host_outlived_its_lease(host));
	host->lease_left_ms = 1;
	assert_false(host_outlived_its_lease(host));
}

static void
two_off_reads_need_no_lease(void **state)
{
	(void)state;
	lease_over()->off_proved = true;
	assert_string_equal(host_proof(&scene.hosts[0]), "is proved off");
	assert_false(host_is_dead_by_lease(&scene.hosts[0]));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_that_answers_lives),
		TEST(one_missed_beat_says_nothing_yet),
		TEST(silence_alone_is_never_proof_however_long),
		TEST(two_off_reads_are_proof),
		TEST(one_off_read_is_no_proof),
		TEST(an_older_off_read_calls_no_host_dead_but_one_that_is),
		TEST(an_off_proof_is_not_looked_at_before_the_host_is_suspect),
		TEST(an_answering_libvirt_outranks_a_bmc_that_says_off),
		TEST(a_written_slot_outranks_a_bmc_that_says_off),
		TEST(an_answering_snmp_master_outranks_a_bmc_that_says_off),
		TEST(a_host_whose_libvirt_answers_only_lost_its_agent),
		TEST(a_host_that_writes_its_slot_is_isolated),
		TEST(an_isolated_host_hangs_only_where_the_cluster_says_so),
		TEST(power_and_nothing_else_for_ten_seconds_is_a_hang),
		TEST(without_a_witness_of_the_datastore_it_takes_twice_as_long),
		TEST(unknown_power_is_never_a_hang),
		TEST(outlets_that_are_on_are_as_good_as_power_that_is_on),
		TEST(a_persons_word_is_proof_until_anything_contradicts_it),
		TEST(a_libvirt_that_was_not_asked_is_not_silent),
		TEST(the_reason_names_every_channel),
		TEST(a_lease_that_ended_is_proof),
		TEST(a_lease_that_goes_on_is_no_proof),
		TEST(a_watchdog_that_was_not_armed_proves_nothing),
		TEST(what_was_heard_after_the_end_shows_that_it_did_not_fire),
		TEST(a_lease_is_no_proof_before_libvirt_was_asked),
		TEST(a_written_slot_outranks_a_lease_that_ended),
		TEST(an_answer_of_any_kind_outranks_a_lease_that_ended),
		TEST(a_bmc_that_says_on_outranks_a_lease_that_ended),
		TEST(two_off_reads_need_no_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
