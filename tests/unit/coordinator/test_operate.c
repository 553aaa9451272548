/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator orders: through the API's socket, over a BMC of the farm,
 * with what is in the ledger afterwards. */
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
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"
#include "scheduler/coordinator/soft.h"
#include "tests/support/ipmi_farm.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define OTHER_GUID "00112233445566778899aabbccddeeff"

enum { PATIENCE_MS = 30000 };

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

static int
set_up(void **state)
{
	struct world *w = &world;
	struct err err = { "" };

	(void)state;
	*w = (struct world){
		.cluster = { .name = "c1" },
		.account = { "farm", "admin", "secret" },
		.dir = "/tmp/test_operate.XXXXXX",
	};
	ipmi_farm_start(&w->farm, 1);
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->socket, sizeof(w->socket), "%s/api.sock", w->dir);
	snprintf(w->address, sizeof(w->address), "127.0.92.1:%u", w->farm.port);
	w->host = (struct host_settings){ .name = "h1",
					  .agent = "127.0.92.9:161",
					  .has_bmc = true,
					  .bmc = { w->address, &w->account, 17,
						   NULL, 250 } };
	w->settings = (struct settings){ .site = "lab",
					 .api_socket = w->socket,
					 .clusters = &w->cluster,
					 .n_clusters = 1,
					 .hosts = &w->host,
					 .n_hosts = 1,
					 .power_on_per_second = 1,
					 .power_on_burst = 1 };
	w->co = (struct coordinator){ .settings = &w->settings,
				      .loop = loop_new(),
				      .ops = &ops_real };
	registry_init(&w->co.reg, &w->settings, 1000, 1000);
	assert_int_equal(store_open(w->dir, &w->co.store, &err), 0);
	assert_int_equal(power_open(&w->co, &err), 0);
	assert_int_equal(serve_start(&w->co, &err), 0);
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = &world;

	(void)state;
	power_close(&w->co);
	api_stop(w->co.api);
	store_close(w->co.store);
	registry_done(&w->co.reg);
	loop_free(w->co.loop);
	ipmi_farm_stop(&w->farm);
	json_decref(w->body);
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

/* --- asking -------------------------------------------------------------- */

static int
order(const char *method, const char *path, const char *body)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cleanup_free char *text =
		xasprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			  "Content-Length: %zu\r\n\r\n%s",
			  method, path, strlen(body), body);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", world.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

/* The whole answer, while the coordinator runs. */
static void
await_answer(int fd)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	char text[65536];
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && clock_mono_ms() < end_ms) {
		run_for(20);
		if (poll(&readable, 1, 0) != 1)
			continue;
		n = read(fd, text + len, sizeof(text) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	text[len] = '\0';
	const char *gap = strstr(text, "\r\n\r\n");
	assert_non_null(gap);
	world.code = (int)strtol(text + strlen("HTTP/1.1 "), NULL, 10);
	json_decref(world.body);
	world.body = json_loads(gap + 4, 0, NULL);
	assert_non_null(world.body);
}

static void
ask(const char *method, const char *path, const char *body)
{
	await_answer(order(method, path, body));
}

static const char *
said(const char *key)
{
	const char *text = json_string_value(json_object_get(world.body, key));

	return text != NULL ? text : "(nothing)";
}

static void
expect_said(const char *key, const char *part)
{
	if (strstr(said(key), part) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", key, part, said(key));
}

static unsigned
count_of(const char *word)
{
	const char *at = strstr(ipmi_farm_tell(&world.farm, "0 state"), word);

	assert_non_null(at);
	return (unsigned)strtoul(at + strlen(word), NULL, 10);
}

static void
await_count(const char *word, unsigned wanted)
{
	int64_t end_ms = clock_mono_ms() + PATIENCE_MS;

	while (count_of(word) < wanted && clock_mono_ms() < end_ms)
		run_for(20);
	assert_int_equal(count_of(word), wanted);
}

/* The host of h1's registry entry owns a VM that is meant to run. */
static void
start_vm(void)
{
	struct reg_vm *vm =
		registry_add_vm(&world.co.reg,
				"11111111-1111-1111-1111-111111111111", "v1");

	vm->owner = 0;
	vm->intent = INTENT_RUN;
}

/* Kinds and texts of the events, oldest first, in one line each. */
static char *
events(void)
{
	struct store_event *list;
	size_t n = 0;
	char *text = xstrdup("");

	assert_int_equal(store_load_events(world.co.store, 0, 100, &list, &n,
					   NULL),
			 0);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *old = text;

		text = xasprintf("%s%s %s\n", old, list[i].kind, list[i].text);
	}
	free(list);
	return text;
}

/* No command stays open for ever. */
static void
expect_nothing_open(void)
{
	struct store_state *all;
	struct err err = { "" };

	assert_int_equal(store_load(world.co.store, 0, &all, &err), 0);
	assert_int_equal(all->n_open_commands, 0);
	store_state_free(all);
}

/* --- soft, then off ------------------------------------------------------ */

#define POWER      "/v1/hosts/h1/power"
#define SOFT_OFF60 "{\"want\": \"soft\", \"then_off_s\": 60}"
#define SOFT_OFF1  "{\"want\": \"soft\", \"then_off_s\": 1}"

static void
a_system_that_obeys_is_not_cut_off(void **state)
{
	(void)state;
	ask("POST", POWER, "{\"want\": \"soft\", \"then_off_s\": 20}");
	assert_int_equal(world.code, 200);
	expect_said("power", "off");
	assert_true(json_is_true(json_object_get(world.body, "verified")));
	assert_int_equal(count_of("softs "), 1);
	assert_int_equal(count_of("offs "), 0);
	cleanup_free char *told = events();
	assert_non_null(strstr(told, "power-done power soft h1, ordered by"));
	expect_nothing_open();
}

static void
a_system_that_stays_is_cut_off_by_a_command_of_its_own(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF1);
	await_count("softs ", 1);
	assert_int_equal(count_of("offs "), 0);
	ipmi_farm_tell(&world.farm, "0 stuck 0");
	await_answer(fd);
	assert_int_equal(world.code, 200);
	expect_said("power", "off");
	assert_true(json_is_true(json_object_get(world.body, "verified")));
	assert_int_equal(count_of("softs "), 1);
	assert_int_equal(count_of("offs "), 1);
	cleanup_free char *told = events();
	const char *soft = strstr(told, "power-failed power soft h1");
	assert_non_null(soft);
	assert_non_null(strstr(soft, "; its power is cut now\n"));
	assert_non_null(strstr(soft, "power-done power off h1"));
	expect_nothing_open();
}

static void
plain_soft_never_cuts(void **state)
{
	(void)state;
	/* Only the API's own time is short enough for a test. */
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, "{\"want\": \"soft\"}");
	await_count("softs ", 1);
	run_for(1500);
	assert_int_equal(count_of("offs "), 0);
	close(fd);
}

static void
vms_that_came_meanwhile_keep_the_power(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF1);
	await_count("softs ", 1);
	start_vm();
	await_answer(fd);
	assert_int_equal(world.code, 409);
	expect_said("error", "its power is not cut: VMs run on the host");
	assert_int_equal(count_of("offs "), 0);
	cleanup_free char *told = events();
	assert_non_null(strstr(told, "its power is not cut: VMs run"));
	expect_nothing_open();
}

static void
force_holds_for_the_cut_as_well(void **state)
{
	(void)state;
	start_vm();
	ask("POST", POWER, SOFT_OFF1);
	assert_int_equal(world.code, 409);
	assert_int_equal(count_of("softs "), 0);
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER,
		       "{\"want\": \"soft\", \"then_off_s\": 1, "
		       "\"force\": true}");
	await_count("softs ", 1);
	ipmi_farm_tell(&world.farm, "0 stuck 0");
	await_answer(fd);
	expect_said("power", "off");
	assert_int_equal(count_of("offs "), 1);
}

static void
a_bmc_that_became_anothers_is_not_told_to_cut(void **state)
{
	(void)state;
	run_for(500); /* it tells its GUID */
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF1);
	await_count("softs ", 1);
	world.host.bmc.guid = OTHER_GUID;
	await_answer(fd);
	assert_int_equal(world.code, 200);
	expect_said("rc", "wrong-host");
	expect_said("text", "another host's");
	assert_int_equal(count_of("offs "), 0);
	expect_nothing_open();
}

static void
a_fence_leaves_no_cut_to_do(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF1);
	await_count("softs ", 1);
	world.co.reg.hosts[0].fencing = true;
	await_answer(fd);
	assert_int_equal(world.code, 409);
	expect_said("error", "being fenced");
	assert_int_equal(count_of("offs "), 0);
}

static void
a_system_that_could_not_be_asked_is_not_cut(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 control-code 0xc1");
	ask("POST", POWER, SOFT_OFF1);
	assert_int_equal(world.code, 200);
	expect_said("rc", "completion-code");
	expect_said("power", "on");
	ipmi_farm_tell(&world.farm, "0 control-code 0");
	run_for(1500);
	assert_int_equal(count_of("offs "), 0);
	expect_nothing_open();
}

static void
its_bmc_is_free_while_a_system_shuts_down(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF60);
	await_count("softs ", 1);
	run_for(SOFT_ASK_MS + 500);
	ask("GET", POWER, "");
	expect_said("rc", "ok");
	expect_said("power", "on");
	ipmi_farm_tell(&world.farm, "0 power off");
	await_answer(fd);
	expect_said("power", "off");
	expect_said("text", "1 commands, after");
	assert_true(json_is_true(json_object_get(world.body, "verified")));
	assert_int_equal(count_of("softs "), 1);
	assert_int_equal(count_of("offs "), 0);
	expect_nothing_open();
}

/* Longer than it is watched at first: found by the looks that follow. */
static void
a_system_that_stays_long_is_cut_at_its_time(void **state)
{
	int64_t began_ms = clock_mono_ms();

	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd =
		order("POST", POWER, "{\"want\": \"soft\", \"then_off_s\": 6}");
	await_count("softs ", 1);
	run_for(SOFT_ASK_MS + 500);
	ipmi_farm_tell(&world.farm, "0 stuck 0");
	assert_int_equal(count_of("offs "), 0);
	await_answer(fd);
	expect_said("power", "off");
	assert_true(clock_mono_ms() - began_ms >= 6000);
	assert_int_equal(count_of("softs "), 1);
	assert_int_equal(count_of("offs "), 1);
}

static void
another_order_calls_the_cut_off(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd =
		order("POST", POWER, "{\"want\": \"soft\", \"then_off_s\": 5}");
	await_count("softs ", 1);
	run_for(SOFT_ASK_MS + 500);
	ask("POST", POWER, "{\"want\": \"on\"}");
	expect_said("power", "on");
	await_answer(fd);
	expect_said("rc", "cancelled");
	run_for(2500);
	assert_int_equal(count_of("offs "), 0);
	expect_nothing_open();
}

static void
a_fence_ends_the_waiting(void **state)
{
	struct store_command command = { .kind = COMMAND_FENCE, .host = "h1" };
	struct err err;

	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF60);
	await_count("softs ", 1);
	store_begin(world.co.store);
	int64_t id = store_add_command(world.co.store, &command);
	assert_int_equal(store_commit(world.co.store, &err), 0);
	power_fence(&world.co, 0, id);
	await_answer(fd);
	expect_said("rc", "cancelled");
	expect_said("text", "a fence");
}

static void
the_end_comes_while_a_system_shuts_down(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 stuck 1");
	int fd = order("POST", POWER, SOFT_OFF60);
	await_count("softs ", 1);
	run_for(SOFT_ASK_MS + 500);
	close(fd);
	/* tear_down() follows at once. */
}

static void
a_bmc_that_is_silent_at_first_is_asked_when_it_is_back(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 silent 1");
	int fd = order("POST", POWER, SOFT_OFF60);
	run_for(SOFT_ASK_MS + 500);
	ipmi_farm_tell(&world.farm, "0 silent 0");
	await_answer(fd);
	expect_said("power", "off");
	assert_int_equal(count_of("softs "), 1);
	assert_int_equal(count_of("offs "), 0);
}

static void
a_bmc_that_was_silent_all_the_time_is_not_told_to_cut(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 silent 1");
	int fd = order("POST", POWER, SOFT_OFF1);
	run_for(1300);
	ipmi_farm_tell(&world.farm, "0 silent 0");
	await_answer(fd);
	assert_int_equal(world.code, 200);
	expect_said("power", "unknown");
	run_for(1000);
	assert_int_equal(count_of("offs "), 0);
	expect_nothing_open();
}

/* --- reading ------------------------------------------------------------- */

static void
a_reading_tells_policy_event_and_the_bmcs_state(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 policy 2");
	ask("GET", POWER, "");
	expect_said("power", "on");
	expect_said("restore_policy", "on");
	expect_said("bmc_state", "up");
	ask("GET", "/v1/status", "");
	json_t *host = json_array_get(
		json_object_get(json_array_get(json_object_get(world.body,
							       "clusters"),
					       0),
				"hosts"),
		0);
	assert_string_equal(json_string_value(
				    json_object_get(host, "restore_policy")),
			    "on");
	assert_string_equal(json_string_value(
				    json_object_get(host, "bmc_state")),
			    "up");
}

static void
what_was_not_read_is_unknown_and_not_off(void **state)
{
	(void)state;
	ipmi_farm_tell(&world.farm, "0 silent 1");
	ask("GET", POWER, "");
	assert_int_equal(world.code, 200);
	expect_said("power", "unknown");
	expect_said("restore_policy", "unknown");
	expect_said("last_event", "unknown");
	assert_string_not_equal(said("bmc_state"), "up");
}

static void
the_power_of_another_host_is_not_ours(void **state)
{
	(void)state;
	run_for(500);
	world.host.bmc.guid = OTHER_GUID;
	ask("GET", POWER, "");
	assert_int_equal(world.code, 200);
	expect_said("power", "unknown");
	expect_said("restore_policy", "unknown");
	expect_said("bmc_state", "wrong-host");
	expect_said("text", "another host's");
	json_t *all = status_to_json(&world.co);
	cleanup_free char *text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	assert_non_null(strstr(text, "\"power\":\"unknown\""));
	assert_non_null(strstr(text, "\"restore_policy\":null"));
}

/* --- a person's word ----------------------------------------------------- */

#define CONFIRM "/v1/hosts/h1/confirm-off"
#define OFF     "{\"off\": true}"

/* Everybody was asked since, and nobody heard anything. */
static struct reg_host *
fall_silent(void)
{
	struct reg_host *host = &world.co.reg.hosts[0];
	int64_t now_ms = clock_mono_ms();

	host->state = HOST_SUSPECT;
	host->link = LINK_SILENT;
	host->heard_ms = now_ms - 20000;
	host->libvirt = (struct reg_witness){ WITNESS_SILENT, now_ms - 1000 };
	host->power = POWER_UNKNOWN;
	host->power_ms = now_ms - 1000;
	snprintf(host->power_text, sizeof(host->power_text), "no answer");
	return host;
}

static void
expect_refused(const char *why)
{
	ask("POST", CONFIRM, OFF);
	assert_int_equal(world.code, 409);
	expect_said("error", why);
	assert_int_equal(world.co.reg.hosts[0].word_ms, 0);
}

static void
a_silent_host_is_taken_for_off_on_a_persons_word(void **state)
{
	struct reg_host *host = fall_silent();

	(void)state;
	ask("POST", CONFIRM, OFF);
	assert_int_equal(world.code, 200);
	expect_said("host", "h1");
	assert_true(host->word_ms > host->heard_ms);
	assert_string_equal(host->word_of, said("by"));
	cleanup_free char *told = events();
	assert_non_null(strstr(told, "confirmed-off"));
	assert_non_null(strstr(told, "says that h1 is off"));
}

static void
nobodys_word_is_taken_while_anything_is_heard(void **state)
{
	struct reg_host *host = fall_silent();

	(void)state;
	host->link = LINK_OK;
	expect_refused("it answers");
	host->link = LINK_NO_AGENT;
	expect_refused("SNMP master answers");
	host->link = LINK_SILENT;
	host->libvirt.says = WITNESS_ALIVE;
	expect_refused("libvirt answers");
	host->libvirt.says = WITNESS_SILENT;
	host->power = POWER_ON;
	expect_refused("BMC says that it is on");
}

static void
nor_before_everybody_was_asked(void **state)
{
	struct reg_host *host = fall_silent();

	(void)state;
	host->state = HOST_UP;
	expect_refused("not known to be silent");
	host->state = HOST_SUSPECT;
	host->libvirt.asked_ms = host->heard_ms;
	expect_refused("libvirt was not asked");
	host = fall_silent();
	host->power_ms = host->heard_ms;
	expect_refused("BMC was not asked");
	host = fall_silent();
	host->fencing = true;
	expect_refused("being fenced");
	ask("POST", CONFIRM, "{\"off\": false}");
	assert_int_equal(world.code, 400);
	ask("POST", "/v1/hosts/h9/confirm-off", OFF);
	assert_int_equal(world.code, 404);
}

/* The BMC comes back, and says that it is on. */
static void
a_word_ends_with_the_first_sign_of_life(void **state)
{
	struct reg_host *host = fall_silent();

	(void)state;
	ask("POST", CONFIRM, OFF);
	assert_int_equal(world.code, 200);
	power_probe(&world.co, 0);
	run_for(1000);
	assert_int_equal(host->power, POWER_ON);
	assert_int_equal(host->word_ms, 0);
}

/* --- the lamp ------------------------------------------------------------ */

#define LAMP "/v1/hosts/h1/identify"

static void
a_lamp_says_how_long_it_burns(void **state)
{
	(void)state;
	ask("POST", LAMP, "{\"on\": true, \"seconds\": 200}");
	expect_said("rc", "ok");
	assert_int_equal(json_integer_value(
				 json_object_get(world.body, "seconds")),
			 200);
	ask("POST", LAMP, "{\"on\": true, \"forever\": true}");
	expect_said("rc", "ok");
	assert_true(json_is_true(json_object_get(world.body, "forever")));
	ask("POST", LAMP, "{\"on\": false}");
	expect_said("rc", "ok");
	assert_true(json_is_false(json_object_get(world.body, "on")));
}

static void
the_lamp_of_another_host_is_not_lit(void **state)
{
	(void)state;
	run_for(500);
	world.host.bmc.guid = OTHER_GUID;
	ask("POST", LAMP, "{\"on\": true}");
	assert_int_equal(world.code, 409);
	expect_said("error", "another host's");
	ask("GET", "/v1/hosts/h1/watts", "");
	assert_int_equal(world.code, 409);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_system_that_obeys_is_not_cut_off),
		TEST(a_system_that_stays_is_cut_off_by_a_command_of_its_own),
		TEST(plain_soft_never_cuts),
		TEST(vms_that_came_meanwhile_keep_the_power),
		TEST(force_holds_for_the_cut_as_well),
		TEST(a_bmc_that_became_anothers_is_not_told_to_cut),
		TEST(a_fence_leaves_no_cut_to_do),
		TEST(a_system_that_could_not_be_asked_is_not_cut),
		TEST(its_bmc_is_free_while_a_system_shuts_down),
		TEST(a_system_that_stays_long_is_cut_at_its_time),
		TEST(another_order_calls_the_cut_off),
		TEST(a_fence_ends_the_waiting),
		TEST(the_end_comes_while_a_system_shuts_down),
		TEST(a_bmc_that_is_silent_at_first_is_asked_when_it_is_back),
		TEST(a_bmc_that_was_silent_all_the_time_is_not_told_to_cut),
		TEST(a_reading_tells_policy_event_and_the_bmcs_state),
		TEST(what_was_not_read_is_unknown_and_not_off),
		TEST(the_power_of_another_host_is_not_ours),
		TEST(a_silent_host_is_taken_for_off_on_a_persons_word),
		TEST(nobodys_word_is_taken_while_anything_is_heard),
		TEST(nor_before_everybody_was_asked),
		TEST(a_word_ends_with_the_first_sign_of_life),
		TEST(a_lamp_says_how_long_it_burns),
		TEST(the_lamp_of_another_host_is_not_lit),
	};

	log_start("test_operate", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
