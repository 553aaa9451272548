/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller and the engines of its agents: restarted, changed, equal, kept in
 * a file; and descriptors above 1024.
 */
#include "tests/unit/snmp-mib/poller_world.h"

#include <sys/resource.h>

#include "common/file.h"

static void
restart_agent(struct fixture *f, const char *id, unsigned boots)
{
	uint16_t port = f->agent.port;

	fake_agent_stop(&f->agent);
	fake_engine_write(engine_file, id, boots);
	f->agent = make_agent("normal", port, usual);
}

static void
an_agent_that_restarts_with_more_boots_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_A, 100);
	assert_int_equal(pulse(f.host).code, 0);
	drop_fixture(&f);
}

static void
an_agent_that_lost_its_boots_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	restart_agent(&f, ENGINE_A, 100);
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_A, 1);
	assert_int_equal(pulse(f.host).code, 0);
	assert_int_equal(pulse(f.host).code, 0);
	drop_fixture(&f);
}

static void
a_changed_engine_id_is_followed(void **state)
{
	struct fixture f = make_fixture("normal", "right");
	struct poller_state is;

	(void)state;
	assert_int_equal(pulse(f.host).code, 0);
	restart_agent(&f, ENGINE_B, 1);
	assert_int_equal(pulse(f.host).code, 0);
	poller_host_state(f.host, &is);
	assert_string_equal(is.engine_id, ENGINE_B);
	drop_fixture(&f);
	fake_engine_write(engine_file, ENGINE_A, 1);
}

static void
hosts_with_one_engine_id_both_answer(void **state)
{
	struct fixture f = make_fixture("normal", "right");

	(void)state;
	fake_engine_write(engine_file, ENGINE_A, 500);
	struct fake_agent twin = make_agent("normal", 0, usual);
	struct poller_host *other = make_host(f.poller, twin.port, "right");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pulse(f.host).code, 0);
		assert_int_equal(pulse(other).code, 0);
	}
	poller_host_free(other);
	assert_int_equal(pulse(f.host).code, 0);
	fake_agent_stop(&twin);
	drop_fixture(&f);
	fake_engine_write(engine_file, ENGINE_A, 1);
}

static void
a_restarted_poller_knows_the_engines_from_its_file(void **state)
{
	struct fake_agent agent = make_agent("normal", 0, usual);
	struct poller *poller = make_poller(cache_file);
	struct poller_host *host = make_host(poller, agent.port, "right");

	(void)state;
	assert_int_equal(pulse(host).code, 0);
	assert_int_equal(sent_by(host), 2); /* probe and pulse */
	poller_host_free(host);
	poller_free(poller);

	poller = make_poller(cache_file);
	host = make_host(poller, agent.port, "right");
	assert_int_equal(pulse(host).code, 0);
	assert_int_equal(sent_by(host), 1);
	poller_host_free(host);
	poller_free(poller);

	struct stat st;
	assert_int_equal(stat(cache_file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fake_agent_stop(&agent);
}

static void
a_damaged_cache_is_ignored(void **state)
{
	static const char *const bad[] = {
		"",
		"nonsense",
		"ironherd-engines 1\n127.0.0.1:161 xyz\n",
		"ironherd-engines 1\n127.0.0.1:161 80\n",
		"ironherd-engines 1\n127.0.0.1:161 8000000\n",
		"ironherd-engines 1\n127.0.0.1:161 80001f8880 more\n",
		"ironherd-engines 2\n127.0.0.1:161 80001f8880\n",
	};
	struct fake_agent agent = make_agent("normal", 0, usual);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(file_write_atomic(cache_file, 0600, bad[i],
						   strlen(bad[i]), NULL),
				 0);
		struct poller *poller = make_poller(cache_file);
		struct poller_host *host =
			make_host(poller, agent.port, "right");
		assert_int_equal(pulse(host).code, 0);
		poller_host_free(host);
		poller_free(poller);
	}
	fake_agent_stop(&agent);
}

static void
descriptors_above_1024_work(void **state)
{
	enum { MANY = 1100 };
	struct rlimit limit;
	int fds[MANY];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < MANY + 50) {
		print_message("skipped: too few descriptors allowed\n");
		skip();
	}
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fds[MANY - 1] > 1024);
	struct fixture f = make_fixture("normal", "right");
	assert_int_equal(pulse(f.host).code, 0);
	struct outcome got = report_of(f.host, NULL);
	assert_serves(got.report, usual);
	node_report_free(got.report);
	drop_fixture(&f);
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_agent_that_restarts_with_more_boots_is_followed),
		cmocka_unit_test(an_agent_that_lost_its_boots_is_followed),
		cmocka_unit_test(a_changed_engine_id_is_followed),
		cmocka_unit_test(hosts_with_one_engine_id_both_answer),
		cmocka_unit_test(
			a_restarted_poller_knows_the_engines_from_its_file),
		cmocka_unit_test(a_damaged_cache_is_ignored),
		cmocka_unit_test(descriptors_above_1024_work),
	};

	fake_agent_main(argc, argv);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
