/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/coordinator/farm_world.h - a coordinator of one host, h1, whose
 * BMC is one of the farm, and clients of its API.
 */
#ifndef TESTS_UNIT_COORDINATOR_FARM_WORLD_H
#define TESTS_UNIT_COORDINATOR_FARM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/bmc_log.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"
#include "tests/support/ipmi_farm.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define OTHER_GUID "00112233445566778899aabbccddeeff"

enum { PATIENCE_MS = 60000 };

static struct world {
	struct ipmi_farm farm;
	struct settings settings;
	struct host_settings host;
	struct cluster_settings cluster;
	struct ipmi_account account;
	char address[BMC_ADDRESS_MAX], dir[64], socket[96];
	struct coordinator co;
	json_t *body; /* of the last answer */
	int code;
} world;

static inline void
tell(const char *line)
{
	if (strcmp(ipmi_farm_tell(&world.farm, line), "ok\n") != 0)
		fail_msg("the farm does not know \"%s\"", line);
}

static inline void
world_open(void)
{
	struct world *w = &world;
	struct err err = { "" };

	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, 1000, 1000);
	if (store_open(w->dir, &w->co.store, &err) < 0 ||
	    power_open(&w->co, &err) < 0 || serve_start(&w->co, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void
world_close(void)
{
	struct world *w = &world;

	bmc_log_close(&w->co);
	power_close(&w->co);
	api_stop(w->co.api);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
	w->co = (struct coordinator){ .settings = NULL };
}

static inline int
world_set_up(void **state)
{
	struct world *w = &world;

	(void)state;
	*w = (struct world){
		.cluster = { .name = "c1" },
		.account = { "farm", "admin", "secret" },
		.dir = "/tmp/ironherd-world-XXXXXX",
	};
	ipmi_farm_start(&w->farm, 1);
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->socket, sizeof(w->socket), "%s/api.sock", w->dir);
	snprintf(w->address, sizeof(w->address), "127.0.92.1:%u", w->farm.port);
	w->host =
		(struct host_settings){ .name = "h1",
					.agent = "127.0.92.9:161",
					.has_bmc = true,
					.bmc = { w->address, &w->account, 17,
						 NULL, POWER_VERIFY_GAP_MS } };
	w->settings = (struct settings){ .site = "lab",
					 .state_dir = w->dir,
					 .api_socket = w->socket,
					 .clusters = &w->cluster,
					 .n_clusters = 1,
					 .hosts = &w->host,
					 .n_hosts = 1,
					 .power_on_per_second = 1,
					 .power_on_burst = 1 };
	world_open();
	return 0;
}

static inline int
world_tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	world_close();
	ipmi_farm_stop(&w->farm);
	json_decref(w->body);
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

/* The host's agent reads another GUID than the BMC tells. */
static inline void
become_anothers(void)
{
	struct node_report *report = node_report_new();

	snprintf(report->bmc.guid, sizeof(report->bmc.guid), "%s", OTHER_GUID);
	world.co.reg.hosts[0].report = report;
}

/* --- what the BMC saw ---------------------------------------------------- */

static inline unsigned
count_of(const char *word)
{
	char key[32];

	snprintf(key, sizeof(key), " %s ", word);
	const char *at = strstr(ipmi_farm_tell(&world.farm, "0 state"), key);
	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(key), NULL, 10);
}

static inline void
await_session(void)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct bmc_health health = { .session = false };

	while (!(health.session && health.has_guid)) {
		if (clock_mono_ms() > end_ms)
			fail_msg("no session with the BMC");
		run_for(20);
		bmc_get_health(power_bmc(&world.co, 0), &health);
	}
}

/* --- clients ------------------------------------------------------------- */

static inline int
send_get(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_free char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n"
					    "Connection: close\r\n\r\n",
					    path);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* The whole answer, while the coordinator runs. */
static inline void
await_answer(int fd)
{
	enum { ROOM = 1 << 20 };
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	cleanup_free char *text = xcalloc(1, ROOM);
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && clock_mono_ms() < end_ms) {
		run_for(5);
		if (poll(&readable, 1, 0) != 1)
			continue;
		n = read(fd, text + len, ROOM - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	const char *gap = strstr(text, "\r\n\r\n");
	assert_non_null(gap);
	world.code = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
	json_decref(world.body);
	world.body = json_loads(gap + 4, 0, NULL);
	assert_non_null(world.body);
}

static inline void
ask(const char *path)
{
	await_answer(send_get(path));
}

static inline const char *
said(const char *key)
{
	const char *text = json_string_value(json_object_get(world.body, key));

	return text != NULL ? text : "(nothing)";
}

static inline void
expect_said(const char *key, const char *part)
{
	if (strstr(said(key), part) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", key, part, said(key));
}

#endif
