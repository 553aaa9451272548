/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator orders of HA, hosts and VMs: through the API's socket, and
 * what of it is left after a restart. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define UUID_1 "00000000-0000-4000-8000-000000000001"
#define UUID_2 "00000000-0000-4000-8000-000000000002"

enum { PATIENCE_MS = 30000 };

static struct host_settings hosts_conf[] = {
	{ .name = "h1", .agent = "192.0.2.1:161" },
	{ .name = "h2", .agent = "192.0.2.2:161" },
};
static struct cluster_settings clusters_conf[] = { { .name = "c1",
						     .ha = true } };

static struct world {
	struct settings settings;
	char dir[64], socket[96];
	struct coordinator co;
	json_t *body; /* of the last answer */
	int code;
} world;

static void
begin_life(void)
{
	struct world *w = &world;
	struct err err = { "" };

	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, clock_mono_ms(),
		      clock_wall_ms());
	assert_int_equal(store_open(w->dir, &w->co.store, &err), 0);
	assert_int_equal(record_load(&w->co.reg, w->co.store, clock_mono_ms(),
				     clock_wall_ms(), &err),
			 0);
	assert_int_equal(serve_start(&w->co, &err), 0);
}

static void
end_life(void)
{
	struct world *w = &world;

	api_stop(w->co.api);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
}

static int
set_up(void **state)
{
	struct world *w = &world;

	(void)state;
	log_start("orders", LOG_LEVEL_ERROR);
	cluster_policy_init(&clusters_conf[0].policy);
	*w = (struct world){ .dir = "/tmp/test_orders.XXXXXX" };
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->socket, sizeof(w->socket), "%s/api.sock", w->dir);
	w->settings = (struct settings){ .site = "lab",
					 .api_socket = w->socket,
					 .clusters = clusters_conf,
					 .n_clusters = 1,
					 .hosts = hosts_conf,
					 .n_hosts = 2 };
	begin_life();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	end_life();
	json_decref(world.body);
	return temp_folder_remove(world.dir);
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

/* --- asking -------------------------------------------------------------- */

static int
post(const char *path, const char *body)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_free char *text =
		xasprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			  "Content-Length: %zu\r\n\r\n%s",
			  path, strlen(body), body);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static int
order(const char *path, const char *body)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct pollfd readable = { .fd = post(path, body), .events = POLLIN };
	char text[16384];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && clock_mono_ms() < end_ms) {
		run_for(10);
		if (poll(&readable, 1, 0) != 1)
			continue;
		n = read(readable.fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(readable.fd);
	text[len] = '\0';
	const char *gap = strstr(text, "\r\n\r\n");
	assert_non_null(gap);
	json_decref(world.body);
	world.body = json_loads(gap + 4, 0, NULL);
	assert_non_null(world.body);
	return (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
}

static void
expect_said(const char *key, const char *part)
{
	const char *text = json_string_value(json_object_get(world.body, key));

	if (text == NULL || strstr(text, part) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", key, part,
			 text != NULL ? text : "(nothing)");
}

static void
restart(void)
{
	end_life();
	begin_life();
}

static unsigned
count_events(const char *kind)
{
	struct store_event *list;
	unsigned found = 0;
	size_t n = 0;

	assert_int_equal(store_load_events(world.co.store, 0, 100, &list, &n,
					   NULL),
			 0);
	for (size_t i = 0; i < n; i++)
		found += strcmp(list[i].kind, kind) == 0;
	free(list);
	return found;
}

static struct reg_vm *
add_vm(const char *uuid, const char *name)
{
	struct reg_vm *vm = registry_add_vm(&world.co.reg, uuid, name);

	vm->owner = 0;
	vm->intent = INTENT_RUN;
	return vm;
}

/* --- HA laid down --------------------------------------------------------- */

#define ARMED "/v1/clusters/c1/armed"

static void
ha_stays_disarmed_over_a_restart_until_it_is_armed(void **state)
{
	(void)state;
	assert_int_equal(order(ARMED, "{\"armed\": false}"), 200);
	assert_true(json_is_false(json_object_get(world.body, "armed")));
	restart();
	assert_true(world.co.reg.clusters[0].disarmed);
	assert_true(world.co.reg.clusters[0].disarmed_wall_ms > 0);
	assert_true(world.co.reg.clusters[0].disarmed_by[0] != '\0');
	struct snapshot *snap = freeze(&world.co.reg, clock_mono_ms());
	assert_true(snap->clusters[0].disarmed);
	assert_true(snap->clusters[0].ha);
	snapshot_free(snap);

	assert_int_equal(order(ARMED, "{\"armed\": true}"), 200);
	snap = freeze(&world.co.reg, clock_mono_ms());
	assert_false(snap->clusters[0].disarmed);
	assert_true(snap->clusters[0].switch_age_ms < PATIENCE_MS);
	snapshot_free(snap);
	restart();
	assert_false(world.co.reg.clusters[0].disarmed);
	assert_int_equal(count_events("ha-disarmed"), 1);
	assert_int_equal(count_events("ha-armed"), 1);
}

static void
to_disarm_twice_does_not_begin_anew(void **state)
{
	(void)state;
	assert_int_equal(order(ARMED, "{\"armed\": false}"), 200);
	int64_t since_ms = world.co.reg.clusters[0].switch_ms;
	run_for(20);
	assert_int_equal(order(ARMED, "{\"armed\": false}"), 200);
	assert_int_equal(world.co.reg.clusters[0].switch_ms, since_ms);
}

static void
an_unknown_cluster_is_not_armed(void **state)
{
	(void)state;
	assert_int_equal(order("/v1/clusters/c9/armed", "{\"armed\": true}"),
			 404);
	assert_int_equal(order(ARMED, "{}"), 400);
}

/* --- hosts ---------------------------------------------------------------- */

static void
maintenance_is_kept_over_a_restart(void **state)
{
	(void)state;
	assert_int_equal(order("/v1/hosts/h2/maintenance", "{\"on\": true}"),
			 200);
	restart();
	assert_false(world.co.reg.hosts[0].maintenance);
	assert_true(world.co.reg.hosts[1].maintenance);
	assert_int_equal(order("/v1/hosts/h2/maintenance", "{\"on\": false}"),
			 200);
	restart();
	assert_false(world.co.reg.hosts[1].maintenance);
	assert_int_equal(order("/v1/hosts/h9/maintenance", "{\"on\": true}"),
			 404);
}

static void
a_host_that_is_set_aside_is_released_for_good(void **state)
{
	struct reg_host *host = &world.co.reg.hosts[0];

	(void)state;
	assert_int_equal(order("/v1/hosts/h1/set-aside", "{\"on\": false}"),
			 409);
	host->set_aside_ms = clock_mono_ms() + 600000;
	host->set_aside_wall_ms = clock_wall_ms() + 600000;
	assert_int_equal(order("/v1/hosts/h1/set-aside", "{\"on\": true}"),
			 400);
	assert_int_equal(order("/v1/hosts/h1/set-aside", "{\"on\": false}"),
			 200);
	restart();
	struct snapshot *snap = freeze(&world.co.reg, clock_mono_ms());
	assert_false(snap->hosts[0].set_aside);
	snapshot_free(snap);
	assert_int_equal(count_events("host-released"), 1);
}

/* --- VMs ------------------------------------------------------------------ */

#define V1 "/v1/vms/v1/order"

static void
a_vm_that_waits_is_stopped_for_good(void **state)
{
	(void)state;
	add_vm(UUID_1, "v1")->phase = VM_LOST;
	world.co.reg.hosts[0].state = HOST_DEAD;
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 200);
	expect_said("order", "off");
	restart();
	assert_int_equal(world.co.reg.vms[0].order, INTENT_OFF);
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 200);
	restart();
	assert_int_equal(world.co.reg.vms[0].order, INTENT_RUN);
	assert_int_equal(count_events("vm-order"), 2);
}

static void
a_vm_that_runs_is_left_to_libvirt(void **state)
{
	struct node_report *report = node_report_new();

	(void)state;
	add_vm(UUID_1, "v1");
	report->vms = xcalloc(1, sizeof(*report->vms));
	report->n_vms = 1;
	snprintf(report->vms[0].uuid, REPORT_UUID_LEN, "%s", UUID_1);
	report->vms[0].state = VM_STATE_RUNNING;
	world.co.reg.hosts[0].report = report;
	world.co.reg.hosts[0].state = HOST_UP;
	world.co.reg.hosts[0].link = LINK_OK;
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 409);
	expect_said("error", "it runs");
	expect_said("hint", "virsh shutdown");
	world.co.reg.hosts[0].link = LINK_SILENT;
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 409);
	expect_said("error", "does not answer");
	assert_int_equal(world.co.reg.vms[0].order, INTENT_UNKNOWN);
	world.co.reg.hosts[0].state = HOST_SUSPECT;
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 200);
}

static void
a_start_under_way_is_not_crossed(void **state)
{
	(void)state;
	add_vm(UUID_1, "v1")->starting = true;
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 409);
	expect_said("error", "being started");
}

static void
nothing_is_started_while_ha_is_disarmed(void **state)
{
	(void)state;
	add_vm(UUID_1, "v1")->intent = INTENT_OFF;
	world.co.reg.clusters[0].disarmed = true;
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 409);
	expect_said("hint", "ha arm");
	world.co.reg.vms[0].owner = NO_HOST;
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 409);
	expect_said("error", "no host shows it");
}

static void
nothing_is_started_in_the_room_kept_for_a_loss(void **state)
{
	(void)state;
	add_vm(UUID_1, "v1")->intent = INTENT_OFF;
	clusters_conf[0].policy.survive_hosts = 1;
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 409);
	expect_said("error", "h2 new"); /* no host takes it as it is */
	expect_said("hint", "survive-hosts");
	assert_int_equal(world.co.reg.vms[0].order, INTENT_UNKNOWN);
	assert_int_equal(order(V1, "{\"want\": \"off\"}"), 200);
	clusters_conf[0].policy.survive_hosts = 0;
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 200);
}

static void
of_two_vms_of_one_name_the_uuid_tells(void **state)
{
	(void)state;
	add_vm(UUID_1, "v1")->intent = INTENT_OFF;
	add_vm(UUID_2, "v1")->intent = INTENT_OFF;
	assert_int_equal(order(V1, "{\"want\": \"run\"}"), 409);
	expect_said("hint", "UUID");
	assert_int_equal(order("/v1/vms/" UUID_2 "/order",
			       "{\"want\": \"run\"}"),
			 200);
	assert_int_equal(registry_find_vm(&world.co.reg, UUID_1)->order,
			 INTENT_UNKNOWN);
	assert_int_equal(registry_find_vm(&world.co.reg, UUID_2)->order,
			 INTENT_RUN);
	assert_int_equal(order("/v1/vms/v9/order", "{\"want\": \"off\"}"), 404);
	assert_int_equal(order(V1, "{\"want\": \"perhaps\"}"), 400);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ha_stays_disarmed_over_a_restart_until_it_is_armed),
		CASE(to_disarm_twice_does_not_begin_anew),
		CASE(an_unknown_cluster_is_not_armed),
		CASE(maintenance_is_kept_over_a_restart),
		CASE(a_host_that_is_set_aside_is_released_for_good),
		CASE(a_vm_that_waits_is_stopped_for_good),
		CASE(a_vm_that_runs_is_left_to_libvirt),
		CASE(a_start_under_way_is_not_crossed),
		CASE(nothing_is_started_while_ha_is_disarmed),
		CASE(nothing_is_started_in_the_room_kept_for_a_loss),
		CASE(of_two_vms_of_one_name_the_uuid_tells),
	};

	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
