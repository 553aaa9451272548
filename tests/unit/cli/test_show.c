/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator sees: status, hosts, VMs and alarms, at 80 columns to the
 * letter.
 */
#include "tests/unit/cli/site_json.h"

#define REASON                                                             \
	"h2 is dead: no heartbeat for 2.3 s; BMC: off, read twice 251 ms " \
	"apart; libvirt: silent"

static const char troubled[] =
	HEAD("ok") "{'name': 'c1', 'ha': true, 'hosts': [" HOST("h1", "up", "1772575965000", "answers", "ok", "on", "123", "1300000", "3") "," HOST(
		"h2", "dead",
		"1772593923000", REASON,
		"unknown", "off", "500",
		"4000000",
		"1") "," HOST("h3", "suspect", "1772593964000",
			      "h3 is silent: no heartbeat for 1.9 s",
			      "degraded", "unknown", "887",
			      "3900000",
			      "1") "], 'vms': [" VM("vm1", "'h1'", "running",
						    "settled", "run", "true",
						    "") "," VM("vm2", "'h1'",
							       "shut off",
							       "settled", "off",
							       "true",
							       "") "," VM("vm3",
									  "'h1"
									  "'",
									  "unkn"
									  "own",
									  "star"
									  "tin"
									  "g",
									  "run",
									  "tru"
									  "e",
									  "star"
									  "t "
									  "vm3 "
									  "on "
									  "h1: "
									  "h2 "
									  "is "
									  "prov"
									  "ed "
									  "off") "," VM("vm4",
											"'h3'",
											"running",
											"settled",
											"run",
											"true",
											"") "," VM("vm5",
												   "'h2'",
												   "unknown",
												   "lost",
												   "run",
												   "true",
												   "no host has room") "," VM("vm6",
															      "null",
															      "shut off",
															      "settled",
															      "off",
															      "false",
															      "its disk is local: it cannot be started elsewhere") "]}],"
																						   "'alarms': [{'kind': 'host-dead', 'subject': 'h2', 'severity': "
																						   "'warning', 'since_ms': 1772593923000, 'text': '" REASON
																						   "'}, "
																						   "{'kind': 'vm-unplaced', 'subject': 'vm5', 'severity': 'critical', "
																						   "'since_ms': 1772593925000, 'text': 'vm5 cannot be started: no host "
																						   "has room'}]}";

static const char events[] =
	"{'events': [{'id': 9, 'time_ms': 1772500000000, 'severity': 'info', "
	"'kind': 'old', 'cluster': 'c1', 'host': null, 'vm': null, 'text': "
	"'days ago'}, {'id': 410, 'time_ms': 1772593923000, 'severity': "
	"'critical', 'kind': 'host-dead', 'cluster': 'c1', 'host': 'h2', "
	"'vm': null, 'text': '" REASON "'}, {'id': 412, 'time_ms': "
	"1772593924000, 'severity': 'info', 'kind': 'vm-start', 'cluster': "
	"'c1', 'host': 'h1', 'vm': 'vm3', 'text': 'start vm3 on h1: h2 is "
	"proved off'}], 'last': 412}";

static const char well[] =
	HEAD("ok") "{'name': 'c1', 'ha': true, 'hosts': [" HOST(
		"h1", "up", "1772575965000", "answers", "ok", "on", "123",
		"1300000", "1") "], 'vms': [" VM("vm1", "'h1'", "running",
						 "settled", "run", "true",
						 "") "]}],"
						     "'alarms': []}";

static void
status_shows_what_is_wrong_and_what_was_done(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, troubled, "status");
	assert_run(
		&run, CLI_OK,
		"lab     03:12:45, snapshot 812, coordinator 0.1.0 up 3 h, "
		"store ok\n"
		"hosts   1 DEAD, 1 SUSPECT, 1 up\n"
		"VMs     1 LOST, 1 starting, 2 running, 2 shut off\n"
		"alarms  1 CRITICAL, 1 warning\n"
		"\n"
		"NAME          STATE     FOR HEALTH   POWER   CPU      MEMORY "
		"VMS\n"
		"lab\n"
		"└─c1          HA on\n"
		"  ├─h1        up        5 h ok       on      12% 1.2/4.0 GiB  "
		" "
		"3\n"
		"  │ ├─vm1     running                        91%      32 MiB\n"
		"  │ ├─vm2     shut off                         -      32 MiB\n"
		"  │ └─vm3     starting                         -      32 MiB\n"
		"  ├─h2        DEAD     42 s unknown  off       -           -  "
		" "
		"1\n"
		"  │ └─vm5     LOST                             -      32 MiB\n"
		"  ├─h3        SUSPECT   1 s degraded unknown   -           -  "
		" "
		"1\n"
		"  │ └─vm4     running                        91%      32 MiB\n"
		"  └─(no host)\n"
		"    └─vm6     shut off                         -      32 MiB\n"
		"\n"
		"In trouble\n"
		"NAME STATE    FOR WHY\n"
		"h3   SUSPECT  1 s h3 is silent: no heartbeat for 1.9 s\n"
		"vm3  starting     start vm3 on h1: h2 is proved off\n"
		"\n"
		"Last hour\n"
		"EVENT TIME     SEVERITY WHERE WHAT\n"
		"  410 03:12:03 CRITICAL h2    h2 is dead: no heartbeat for "
		"2.3 s; BMC: off, re..\n"
		"  412 03:12:04 info     vm3   start vm3 on h1: h2 is proved "
		"off\n"
		"\n"
		"Alarms\n"
		"SEVERITY  FOR WHERE KIND        WHAT\n"
		"CRITICAL 40 s vm5   vm-unplaced vm5 cannot be started: no "
		"host has room\n"
		"warning  42 s h2    host-dead   h2 is dead: no heartbeat for "
		"2.3 s; BMC: off,\n"
		"                                read twice 251 ms apart; "
		"libvirt: silent\n",
		"");
}

static void
status_of_a_healthy_site_is_short(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, well, "status");
	assert_has(run.out, "hosts   1 up\n"
			    "VMs     1 running\n"
			    "alarms  none\n");
	assert_lacks(run.out, "In trouble");
	assert_has(run.out, "\nNo alarms.\n");
	run_done(&run);
}

static void
a_broken_store_is_shown_loudly(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, HEAD("disk is full") "], 'alarms': []}",
		"status --exit-code");
	assert_has(run.out, "store FAILED");
	assert_has(run.out, "\nSTORE  disk is full\n");
	assert_int_equal(run.status, 2);
	run_done(&run);
}

static void
a_coordinator_that_only_decides_is_shown_to_do_so(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, "{'mode': 'dry run', 'clusters': [], 'alarms': []}",
		"status");
	assert_has(run.out, "mode    dry run: decisions are made and not "
			    "carried out\n");
	run_done(&run);
}

static void
exit_codes_follow_the_loudest_only_when_asked(void **state)
{
	static const struct {
		const char *status;
		int code;
	} cases[] = {
		{ well, 0 },
		{ troubled, 2 },
		{ HEAD("ok") "], 'alarms': [{'severity': 'info'}]}", 0 },
		{ HEAD("ok") "], 'alarms': [{'severity': 'warning'}]}", 1 },
		{ HEAD("ok") "], 'alarms': [{'severity': 'critical'}]}", 2 },
		{ HEAD("ok") "], 'alarms': [{'severity': 'new word'}]}", 1 },
		{ HEAD("ok") "{'hosts': [{'state': 'dead'}]}], 'alarms': []}",
		  1 },
		{ HEAD("ok") "{'vms': [{'phase': 'lost'}]}], 'alarms': []}",
		  2 },
		{ HEAD("ok") "{'vms': [{'state': 'unknown'}]}], 'alarms': []}",
		  1 },
		{ "{}", 3 },
		{ "nonsense", 3 },
	};
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		show_io(&run, cases[i].status, "status --exit-code");
		assert_int_equal(run.status, cases[i].code);
		run_done(&run);
	}
	setenv(CLI_SOCKET_ENV, "/nonexistent", 1);
	run_command(&run, NULL, "status --exit-code --json");
	assert_int_equal(run.status, 3);
	run_done(&run);
}

static void
hosts_show_the_age_of_what_is_known(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, troubled, "hosts");
	assert_run(&run, CLI_OK,
		   "HOST CLUSTER STATE    FOR HEALTH   POWER   HEARTBEAT CPU   "
		   "   MEMORY VMS\n"
		   "h1   c1      up       5 h ok       on         320 ms 12% "
		   "1.2/4.0 GiB   3\n"
		   "h2   c1      DEAD    42 s unknown  off        320 ms   -   "
		   "        -   1\n"
		   "h3   c1      SUSPECT  1 s degraded unknown    320 ms   -   "
		   "        -   1\n",
		   "");
	run_io.width = 200;
	show_io(&run, troubled, "hosts");
	assert_has(run.out, "DATASTORE");
	assert_has(run.out, "never");
	assert_has(run.out, "10.91.0.1:623");
	run_done(&run);
}

static void
vms_show_where_they_are_and_what_is_done_about_them(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, troubled, "vms");
	assert_run(&run, CLI_OK,
		   "VM  HOST STATE    CPU MEMORY HA DISKS  NOTE\n"
		   "vm1 h1   running  91% 32 MiB on shared\n"
		   "vm2 h1   shut off   - 32 MiB on shared\n"
		   "vm3 h1   starting   - 32 MiB on shared start vm3 on h1: h2 "
		   "is proved off\n"
		   "vm4 h3   running  91% 32 MiB on shared\n"
		   "vm5 h2   LOST       - 32 MiB on shared no host has room\n"
		   "vm6 -    shut off   - 32 MiB on local  its disk is local: "
		   "it cannot be started\n"
		   "                                       elsewhere\n",
		   "");
}

static void
alarms_show_the_critical_first(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, troubled, "alarms");
	assert_true(strstr(run.out, "CRITICAL") < strstr(run.out, "warning"));
	run_done(&run);
	show_io(&run, well, "alarms");
	assert_run(&run, CLI_OK, "No alarms.\n", "");
	show_io(&run, HEAD("ok") "], 'alarms': []}", "vms");
	assert_run(&run, CLI_OK, "No VMs.\n", "");
	show_io(&run, HEAD("ok") "], 'alarms': []}", "hosts");
	assert_run(&run, CLI_OK, "No hosts.\n", "");
}

static void
json_lists_name_the_cluster_of_each(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, well, "vms --json");
	assert_has(run.out,
		   "{\n  \"vms\": [\n    {\n      \"cluster\": \"c1\",");
	run_done(&run);
	show_io(&run, well, "status --json");
	json_t *status = json_loads(run.out, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(status, "site")),
			    "lab");
	json_decref(status);
	run_done(&run);
}

static void
colours_are_only_used_when_wanted(void **state)
{
	struct run run;

	(void)state;
	show_io(&run, troubled, "status");
	assert_lacks(run.out, "\033");
	run_done(&run);
	run_io.color = true;
	show_io(&run, troubled, "status");
	assert_has(run.out, "\033[1;31mDEAD");
	assert_has(run.out, "\033[32mup");
	run_done(&run);
}

static void
everything_fits_every_terminal(void **state)
{
	static const char *const lines[] = { "status", "hosts", "vms",
					     "alarms" };
	static const size_t widths[] = { 72, 80, 100, 120, 160, 200 };
	struct run run;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		for (size_t k = 0; k < sizeof(widths) / sizeof(*widths); k++) {
			run_io.width = widths[k];
			show_io(&run, troubled, lines[i]);
			assert_fits(run.out, widths[k]);
			run_done(&run);
		}
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, site_reset)
	static const struct CMUnitTest tests[] = {
		TEST(status_shows_what_is_wrong_and_what_was_done),
		TEST(status_of_a_healthy_site_is_short),
		TEST(a_broken_store_is_shown_loudly),
		TEST(a_coordinator_that_only_decides_is_shown_to_do_so),
		TEST(exit_codes_follow_the_loudest_only_when_asked),
		TEST(hosts_show_the_age_of_what_is_known),
		TEST(vms_show_where_they_are_and_what_is_done_about_them),
		TEST(alarms_show_the_critical_first),
		TEST(json_lists_name_the_cluster_of_each),
		TEST(colours_are_only_used_when_wanted),
		TEST(everything_fits_every_terminal),
	};

	site_events = events;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
