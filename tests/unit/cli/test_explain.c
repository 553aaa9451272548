/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why an event happened: reason, grounds, evidence, snapshot.
 */
#include "tests/unit/cli/fake_api.h"

#define WHY                                                                 \
	"start vm3 on h1: h2 is proved off; h1 has most room (900 of 2048 " \
	"MiB free); h3 has less room"

#define EVENT(detail)                                                        \
	"{'id': 412, 'time_ms': 1772593924007, 'severity': 'info', 'kind': " \
	"'vm-start', 'cluster': 'c1', 'host': 'h1', 'vm': 'vm3', 'text': "   \
	"'" WHY "', 'detail': " detail "}"

static const struct fake_route routes[] = {
	{ "GET /v1/events/412 ", 200, EVENT("{'snapshot': 812}"), 0, 0 },
	{ "GET /v1/events/413 ", 200,
	  EVENT("{'bmc': '10.91.0.2:623', 'verified': true, 'reads': 4, "
		"'took_ms': 1234, 'guid': '', 'first_read_mono_ms': 99123}"),
	  0, 0 },
	{ "GET /v1/events/414 ", 200,
	  EVENT("{'snapshot': 9, 'candidates': [{'host': 'h1', 'free_kib': "
		"921600, 'why': 'has most room'}, {'host': 'h3', 'why': 'is "
		"fenced \\u001b[1mnow'}], 'certificate': {'proofs': ['BMC off "
		"twice', 'lease expired'], 'safe_ms': null}}"),
	  0, 0 },
	{ "GET /v1/events/415 ", 200, EVENT("null"), 0, 0 },
	{ "GET /v1/snapshots/812 ", 200,
	  "{'snapshot': {'number': 812, 'hosts': [{'name': 'h1', 'state': "
	  "'up', 'memory_kib': 2097152}, {'name': 'h2'}], 'vms': [{'name': "
	  "'vm3', 'phase': 'lost', 'sightings': [{'host': 'h2', 'state': "
	  "'running'}]}]}, 'plan': {'changes': [{'vm': 'vm3', 'reason': '" WHY
	  "'}, {'host': 'h2', 'reason': 'h2 is dead: BMC off'}], 'steps': "
	  "[{'step': 'start', 'reason': '" WHY "'}], 'alarms': []}}",
	  0, 0 },
	{ NULL, 0, NULL, 0, 0 },
};

static struct fake fake;

static int
start(void **state)
{
	(void)state;
	fake_init(&fake);
	fake_start(&fake, routes);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	fake_stop(&fake);
	return 0;
}

#define HEAD                                                    \
	"Event 412: vm-start  info\n"                           \
	"vm3 on h1 in c1, 2026-03-04 03:12:04.007 (40 s ago)\n" \
	"\n"                                                    \
	"start vm3 on h1: h2 is proved off\n"                   \
	"  - h1 has most room (900 of 2048 MiB free)\n"         \
	"  - h3 has less room\n"

static void
explain_shows_grounds_and_what_was_known(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain 412");
	assert_run(&run, CLI_OK,
		   HEAD "\n"
			"What was known of h1\n"
			"name   h1\n"
			"state  up\n"
			"memory 2.0 GiB\n"
			"\n"
			"What was known of vm3\n"
			"name  vm3\n"
			"phase lost\n"
			"\n"
			"What was known of vm3, sightings\n"
			"HOST STATE\n"
			"h2   running\n"
			"\n"
			"Decided together\n"
			"- h2 is dead: BMC off\n"
			"\n"
			"Snapshot 812 is all the coordinator knew when it "
			"decided this, saved with the\n"
			"plan it made: `ironherd snapshot 812`\n",
		   "");
}

static void
evidence_is_shown_with_units(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain #413");
	assert_run(&run, CLI_OK,
		   HEAD "\n"
			"Evidence\n"
			"bmc        10.91.0.2:623\n"
			"verified   yes\n"
			"reads      4\n"
			"took       1.234 s\n"
			"guid       -\n"
			"first read 99123 ms\n",
		   "");
}

static void
candidates_and_certificates_are_shown_whole(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain 414");
	assert_run(&run, CLI_OK,
		   HEAD "\n"
			"Evidence, candidates\n"
			"HOST FREE    WHY\n"
			"h1   900 MiB has most room\n"
			"h3           is fenced ?[1mnow\n"
			"\n"
			"Evidence, certificate\n"
			"safe -\n"
			"\n"
			"Evidence, certificate, proofs\n"
			"- BMC off twice\n"
			"- lease expired\n"
			"\n"
			"Snapshot 9: no such thing\n",
		   "");
}

static void
an_event_without_detail_is_its_reason(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain 415");
	assert_run(&run, CLI_OK, HEAD, "");
}

static void
explain_prints_json_escaped(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain 414 --json");
	assert_has(run.out, "is fenced \\u001B[1mnow");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

static void
an_unknown_event_or_snapshot_is_not_found(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "explain 99");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
	run_command(&run, &fake, "snapshot 99");
	assert_int_equal(run.status, CLI_NOT_FOUND);
	run_done(&run);
}

static void
a_snapshot_is_shown_section_by_section(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, &fake, "snapshot 812");
	assert_has(run.out, "\nSnapshot\nnumber 812\n");
	assert_has(run.out, "\nSnapshot, hosts\n");
	assert_has(run.out, "\nPlan, changes\n");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	static const struct CMUnitTest tests[] = {
		TEST(explain_shows_grounds_and_what_was_known),
		TEST(evidence_is_shown_with_units),
		TEST(candidates_and_certificates_are_shown_whole),
		TEST(an_event_without_detail_is_its_reason),
		TEST(explain_prints_json_escaped),
		TEST(an_unknown_event_or_snapshot_is_not_found),
		TEST(a_snapshot_is_shown_section_by_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
