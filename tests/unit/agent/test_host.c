/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the host's collector and of who the host is: files of /proc, good
 * and odd ones. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/collect_bmc.h"
#include "agent/collect_host.h"
#include "agent/identity.h"
#include "agent/pressure.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "snmp-mib/hex.h"
#include "tests/unit/agent/tree.h"

static void
cpu_use_is_what_is_not_idle_or_waiting(void **state)
{
	struct cpu_ticks before, now;

	(void)state;
	assert_int_equal(host_parse_stat("cpu  100 0 100 800 0 0 0 0 0 0\n",
					 &before),
			 0);
	assert_int_equal(host_parse_stat("cpu  150 10 115 850 50 5 10 10 9 9\n"
					 "cpu0 1 2 3\n",
					 &now),
			 0);
	/* 200 ticks, of which 50 idle and 50 waiting. */
	assert_int_equal(host_cpu_use(&before, &now, 7), 500);
}

static void
counters_that_go_back_keep_the_last_value(void **state)
{
	const struct cpu_ticks before = { .busy = 100, .total = 1000 };
	const struct cpu_ticks less = { .busy = 90, .total = 1100 };
	const struct cpu_ticks all = { .busy = 300, .total = 1100 };

	(void)state;
	assert_int_equal(host_cpu_use(&before, &before, 42), 42);
	assert_int_equal(host_cpu_use(&before, &less, 42), 42);
	assert_int_equal(host_cpu_use(&before, &all, 42), 1000);
}

static void
stat_that_makes_no_sense_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"cpu",
		"cpu  1 2 3\n",
		"cpu  1 2 3 4 5 6 7 x\n",
		"cpu  1 2 3 4 5 6 7 -8\n",
		"cpu0 1 2 3 4 5 6 7 8\n",
		"cpu  1 2 3 4 5 6 7 99999999999999999999999999\n",
		"cpu  1 2 3 4 5 6 7 18446744073709551615\n",
	};
	struct cpu_ticks ticks = { 1, 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_true(host_parse_stat(texts[i], &ticks) < 0);
	assert_int_equal(ticks.total, 2);
}

static void
memory_is_read_and_old_kernels_have_no_available(void **state)
{
	struct report_load load = { 0 };

	(void)state;
	assert_int_equal(host_parse_meminfo("MemTotal:  1000 kB\n"
					    "MemFree:  300 kB\n"
					    "MemAvailable:  500 kB\n"
					    "SwapTotal:  90 kB\n"
					    "SwapFree:  50 kB\n",
					    &load),
			 0);
	assert_int_equal(load.mem_total_kib, 1000);
	assert_int_equal(load.mem_available_kib, 500);
	assert_int_equal(load.swap_used_kib, 40);
	assert_int_equal(host_parse_meminfo(
				 "MemTotal: 1000 kB\nMemFree: 300 kB\n", &load),
			 0);
	assert_int_equal(load.mem_available_kib, 300);
	assert_int_equal(load.swap_used_kib, 0);
	assert_true(host_parse_meminfo("MemFree: 1 kB\n", &load) < 0);
	assert_true(host_parse_meminfo("XMemTotal: 1 kB\n", &load) < 0);
}

static void
pressure_is_read_as_per_mille(void **state)
{
	static const char text[] =
		"some avg10=12.34 avg60=2.05 avg300=0.00 total=77\n"
		"full avg10=100.00 avg60=0.00 avg300=0.99 total=1\n";
	static const char *const bad[] = {
		"some avg10=101.0 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=-1 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=1.0 avg300=0.00 total=1\n",
		"some avg10=1.0 avg60=0.00 avg300=0.00 total=x\n",
		"some avg10=1.0 avg60=0.00 avg300=0.00\n",
		"some total=1\n",
		"",
	};
	struct detail_pressure row = { .kind = PRESSURE_FULL };

	(void)state;
	assert_int_equal(host_parse_psi(text, "some", &row), 0);
	assert_int_equal(row.avg10_pm, 123);
	assert_int_equal(row.avg60_pm, 20);
	assert_int_equal(row.total_us, 77);
	assert_int_equal(host_parse_psi(text, "full", &row), 0);
	assert_int_equal(row.avg10_pm, 1000);
	assert_int_equal(row.avg300_pm, 9);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(host_parse_psi(bad[i], "some", &row) < 0);
	assert_int_equal(row.avg10_pm, 1000);
	assert_int_equal(row.kind, PRESSURE_FULL);
}

static void
a_recorded_tree_replays(void **state)
{
	struct tree tree = { "" };
	struct node_report *report = node_report_new();

	(void)state;
	report->detail = node_detail_new();
	tree_make(&tree);
	tree_write(&tree, "proc/stat", "cpu  1 0 0 1 0 0 0 0\n");
	tree_write(&tree, "proc/meminfo",
		   "MemTotal: 2048 kB\nMemFree: 1024 kB\n");
	tree_write(&tree, "proc/pressure/cpu",
		   "some avg10=1.50 avg60=0.00 avg300=0.00 total=9\n");
	tree_write(&tree, "proc/pressure/memory",
		   "full avg10=2.00 avg60=0.00 avg300=0.00 total=9\n");
	tree_write(&tree, "proc/pressure/io",
		   "full avg10=0.90 avg60=0.00 avg300=0.00 total=9\n");
	tree_write(&tree, "proc/uptime", "4711.20 99.00\n");
	tree_write(&tree, "sys/devices/system/node/node7/meminfo",
		   "Node 7 MemTotal: 2048 kB\nNode 7 MemFree: 77 kB\n");
	struct loop *loop = loop_new();
	struct collect_host *host =
		collect_host_new(loop, tree.root, NULL, NULL);
	report->n_numa = 1;
	report->numa = calloc(1, sizeof(*report->numa));
	report->numa[0].node = 7;
	collect_host_fill(host, report);
	assert_int_equal(report->load.mem_total_kib, 2048);
	assert_true(report->load.psi_present);
	assert_int_equal(report->load.psi_cpu_some_pm, 15);
	assert_int_equal(report->load.psi_mem_full_pm, 20);
	assert_int_equal(report->load.psi_io_full_pm, 9);
	assert_int_equal(report->host.uptime_s, 4711);
	assert_int_equal(report->numa[0].mem_free_kib, 77);
	assert_int_equal(collect_host_source(host)->failures, 0);
	collect_host_free(host);
	loop_free(loop);
	node_report_free(report);
	tree_remove(&tree);
}

static void
a_missing_file_is_a_failure_of_the_source(void **state)
{
	struct tree tree = { "" };

	(void)state;
	tree_make(&tree);
	struct loop *loop = loop_new();
	struct collect_host *host =
		collect_host_new(loop, tree.root, NULL, NULL);
	const struct source *source = collect_host_source(host);
	assert_int_equal(source_health(source, clock_mono_ms()), HEALTH_FAILED);
	assert_int_equal(source->failures, 1);
	assert_string_not_equal(source->last_error, "");
	collect_host_free(host);
	loop_free(loop);
	tree_remove(&tree);
}

/* --- pressure --------------------------------------------------------------
 */

static void
count_waking(void *arg)
{
	unsigned *times = arg;

	++*times;
}

static void
end_loop(void *arg)
{
	loop_stop(arg);
}

static _Noreturn void
keep_busy(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (volatile unsigned i = 0;; i++)
		;
}

/* More tasks than processors: some of them always wait. */
static void
the_kernel_wakes_us_under_pressure(void **state)
{
	enum { TASKS = 64 };
	struct loop *loop = loop_new();
	unsigned times = 0;
	struct pressure *pressure =
		pressure_new(loop, "/", count_waking, &times);
	struct loop_timer *end = loop_timer_new(loop, end_loop, loop);
	long tasks = sysconf(_SC_NPROCESSORS_ONLN) * 2;
	pid_t pids[TASKS];

	(void)state;
	if (pressure == NULL || tasks > TASKS) {
		pressure_free(pressure);
		loop_timer_free(end);
		loop_free(loop);
		print_message("skipped: no PSI triggers, or many CPUs\n");
		skip();
	}
	for (long i = 0; i < tasks; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			keep_busy();
	}
	loop_timer_start(end, 5000);
	loop_run(loop);
	for (long i = 0; i < tasks; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	assert_in_range(times, 1, 9); /* once in a window, for each file */
	pressure_free(pressure);
	loop_timer_free(end);
	loop_free(loop);
}

static void
a_recorded_tree_wakes_nobody(void **state)
{
	struct tree tree = { "" };
	struct loop *loop = loop_new();

	(void)state;
	tree_make(&tree);
	assert_null(pressure_new(loop, tree.root, count_waking, NULL));
	tree_write(&tree, "proc/pressure/cpu", "some avg10=0.00\n");
	assert_null(pressure_new(loop, tree.root, count_waking, NULL));
	loop_free(loop);
	tree_remove(&tree);
}

static void
a_source_ages_from_ok_to_failed(void **state)
{
	struct source source;
	struct report_source row;

	(void)state;
	source_init(&source, SOURCE_LIBVIRT, "libvirt", 4000);
	assert_int_equal(source_health(&source, 100), HEALTH_UNKNOWN);
	source_describe(&source, 100, &row);
	assert_int_equal(row.age_ms, REPORT_AGE_NEVER);
	source_succeed(&source, 1000, 55);
	assert_int_equal(source_health(&source, 5000), HEALTH_OK);
	assert_int_equal(source_health(&source, 5001), HEALTH_DEGRADED);
	assert_int_equal(source_health(&source, 21001), HEALTH_FAILED);
	source_fail(&source, "broken\npipe");
	assert_int_equal(source_health(&source, 1001), HEALTH_DEGRADED);
	source_describe(&source, 3000, &row);
	assert_int_equal(row.age_ms, 2000);
	assert_int_equal(row.read_us, 55);
	assert_int_equal(row.failures, 1);
	assert_string_equal(row.last_error, "broken?pipe");
}

static void
uuids_are_taken_in_all_spellings_but_the_lazy_ones(void **state)
{
	char uuid[REPORT_UUID_LEN] = "untouched";

	(void)state;
	assert_true(uuid_parse("00000000-0000-0000-0000-000000000000", uuid) <
		    0);
	assert_true(uuid_parse("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", uuid) <
		    0);
	assert_true(uuid_parse("", uuid) < 0);
	assert_true(uuid_parse("0123456789abcdef0123456789abcde", uuid) < 0);
	assert_true(uuid_parse("0123456789abcdef0123456789abcdef0", uuid) < 0);
	assert_true(uuid_parse("01234567-89ab-cdef-0123456789abcdef", uuid) <
		    0);
	assert_string_equal(uuid, "untouched");
	assert_int_equal(uuid_parse("0123456789ABCDEF0123456789abcdef\n", uuid),
			 0);
	assert_string_equal(uuid, "01234567-89ab-cdef-0123-456789abcdef");
	assert_true(uuid_is_valid(uuid));
	assert_false(uuid_is_valid("01234567-89AB-cdef-0123-456789abcdef"));
}

static void
text_is_cut_between_characters(void **state)
{
	char text[6];

	(void)state;
	text_copy(text, sizeof(text),
		  "abcd\xc3\xa4"
		  "b");
	assert_string_equal(text, "abcd");
	text_copy(text, sizeof(text),
		  "abc\xc3\xa4"
		  "b");
	assert_string_equal(text, "abc\xc3\xa4");
	text_copy(text, sizeof(text), "a\tb\x7f");
	assert_string_equal(text, "a?b?");
	text_copy(text, sizeof(text), NULL);
	assert_string_equal(text, "");
}

static void
identity_comes_from_config_firmware_or_machine_id(void **state)
{
	struct tree tree = { "" };
	struct settings settings = { .name = "h1" };
	struct report_host host;
	struct err err;

	(void)state;
	tree_make(&tree);
	settings.system_root = tree.root;
	assert_true(identity_read(&settings, &host, &err) < 0);
	tree_write(&tree, "etc/machine-id",
		   "11111111222233334444555555555555\n");
	assert_true(identity_read(&settings, &host, &err) < 0);
	tree_write(&tree, "proc/sys/kernel/random/boot_id",
		   "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\n");
	assert_int_equal(identity_read(&settings, &host, &err), 0);
	assert_string_equal(host.uuid, "11111111-2222-3333-4444-555555555555");
	assert_string_equal(host.name, "h1");
	tree_write(&tree, "sys/class/dmi/id/product_uuid",
		   "99999999-2222-3333-4444-555555555555\n");
	assert_int_equal(identity_read(&settings, &host, &err), 0);
	assert_string_equal(host.uuid, "99999999-2222-3333-4444-555555555555");
	settings.uuid = "ABCDEF00-2222-3333-4444-555555555555";
	assert_int_equal(identity_read(&settings, &host, &err), 0);
	assert_string_equal(host.uuid, "abcdef00-2222-3333-4444-555555555555");
	assert_string_equal(host.boot_id,
			    "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
	tree_remove(&tree);
}

static bool
bmc_failed(void *arg)
{
	return collect_bmc_source(arg)->failures > 0;
}

static void
a_bmc_that_is_not_there_is_absent_and_of_unknown_power(void **state)
{
	struct loop *loop = loop_new();
	struct collect_bmc *bmc = collect_bmc_new(loop, 250);
	struct report_bmc row;

	(void)state;
	assert_true(run_until(loop, bmc_failed, bmc, 5000));
	collect_bmc_fill(bmc, &row);
	assert_false(row.present);
	assert_false(row.reachable);
	assert_int_equal(row.power, REPORT_POWER_UNKNOWN);
	assert_string_equal(row.device, "/dev/ipmi250");
	assert_string_not_equal(collect_bmc_source(bmc)->last_error, "");
	collect_bmc_free(bmc);
	loop_free(loop);
}

static void
firmware_is_printed_as_its_maker_writes_it(void **state)
{
	const uint8_t device[15] = { 0x20, 0x81, 0x82, 0x17, 0x02 };
	char text[16];

	(void)state;
	bmc_print_firmware(device, text, sizeof(text));
	assert_string_equal(text, "2.17");
}

static void
the_guid_of_a_bmc_goes_out_as_it_came_in(void **state)
{
	const struct bmc_health health = {
		.state = BMC_UP,
		.has_guid = true,
		.guid = { 0xa1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xa1,
			  0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef },
	};
	struct report_bmc row = { .power = REPORT_POWER_UNKNOWN };
	uint8_t octets[HEX_UUID_OCTETS];

	(void)state;
	bmc_fill_row(&health, &row);
	assert_true(row.present);
	assert_true(row.reachable);
	/* As the codec takes it. */
	assert_true(hex_parse_uuid(row.guid, octets));
	assert_memory_equal(octets, health.guid, sizeof(octets));
	assert_string_equal(row.firmware, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpu_use_is_what_is_not_idle_or_waiting),
		cmocka_unit_test(counters_that_go_back_keep_the_last_value),
		cmocka_unit_test(stat_that_makes_no_sense_is_refused),
		cmocka_unit_test(
			memory_is_read_and_old_kernels_have_no_available),
		cmocka_unit_test(pressure_is_read_as_per_mille),
		cmocka_unit_test(a_recorded_tree_replays),
		cmocka_unit_test(a_missing_file_is_a_failure_of_the_source),
		cmocka_unit_test(the_kernel_wakes_us_under_pressure),
		cmocka_unit_test(a_recorded_tree_wakes_nobody),
		cmocka_unit_test(a_source_ages_from_ok_to_failed),
		cmocka_unit_test(
			uuids_are_taken_in_all_spellings_but_the_lazy_ones),
		cmocka_unit_test(text_is_cut_between_characters),
		cmocka_unit_test(
			identity_comes_from_config_firmware_or_machine_id),
		cmocka_unit_test(
			a_bmc_that_is_not_there_is_absent_and_of_unknown_power),
		cmocka_unit_test(firmware_is_printed_as_its_maker_writes_it),
		cmocka_unit_test(the_guid_of_a_bmc_goes_out_as_it_came_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
