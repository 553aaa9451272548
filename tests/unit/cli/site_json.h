/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/cli/site_json.h - answers of /v1/status in pieces, and whether
 * what is made of them fits the terminal.
 */
#ifndef TESTS_UNIT_CLI_SITE_JSON_H
#define TESTS_UNIT_CLI_SITE_JSON_H

#include <wchar.h>

#include "tests/unit/cli/fake_api.h"

#define HOST(name, state, since, reason, health, power, cpu, used, vms)      \
	"{'name': '" name "', 'state': '" state "', 'since_ms': " since      \
	", 'reason': '" reason "', 'health': '" health                       \
	"', 'heartbeat_age_ms': 320, 'agent': '10.90.0.1:161', "             \
	"'agent_version': '0.1.0', 'power': '" power                         \
	"', 'power_age_ms': 900, 'power_text': '', 'bmc': '10.91.0.1:623', " \
	"'bmc_state': 'up', 'datastore_age_ms': null, 'cpus': 2, "           \
	"'cpu_use_pm': " cpu                                                 \
	", 'memory_kib': 4194304, 'memory_used_kib': " used ", 'vms': " vms  \
	", 'maintenance': false}"

#define VM(name, host, state, phase, intent, shared, note)                    \
	"{'name': '" name "', 'uuid': '0a4f3c9e-0000-4000-8000-" name         \
	"', 'host': " host ", 'state': '" state                               \
	"', 'reason': 'none', 'intent': '" intent "', 'phase': '" phase       \
	"', 'ha': true, 'memory_kib': 32768, 'vcpus': 1, 'cpu_use_pm': 905, " \
	"'shared_storage': " shared ", 'note': '" note "'}"

#define HEAD(store)                                                         \
	"{'site': 'lab', 'version': '0.1.0', 'started_ms': 1772580000000, " \
	"'snapshot': 812, 'store': '" store "', 'clusters': ["

/* The answer of /v1/events. */
static const char *site_events = "{'events': [], 'last': 0}";

/* One run against a site. */
static inline void
show_io(struct run *run, const char *status, const char *line)
{
	const struct fake_route routes[] = {
		{ "GET /v1/status", 200, status, 0, 0 },
		{ "GET /v1/events?after=-8&limit=8", 200, site_events, 0, 0 },
		{ NULL, 0, NULL, 0, 0 },
	};
	struct fake fake;

	fake_init(&fake);
	fake_start(&fake, routes);
	run_command(run, &fake, line);
	fake_stop(&fake);
}

static inline int
site_reset(void **state)
{
	(void)state;
	run_io.color = false;
	run_io.width = 80;
	return 0;
}

/* No line wider than the terminal. */
static inline void
assert_fits(const char *text, size_t width)
{
	cleanup_free char *copy = xstrdup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		wchar_t wide[1024];
		size_t n = mbstowcs(wide, line, 1024);
		assert_true(n < 1024);
		if ((size_t)wcswidth(wide, n) > width)
			fail_msg("wider than %zu: %s", width, line);
	}
}

#endif
