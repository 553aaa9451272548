/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The api over its real socket: a server in a child process, with functions
 * that tell what they were asked; raw clients here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/api_internal.h"

#define PATIENCE_MS 10000
#define LATER_MS    150
#define NOBODY      65534

#define SHORT_PATIENCE_MS 2000

/* --- the server ----------------------------------------------------------- */

static bool is_impatient; /* the next one to be started */

struct server {
	struct loop *loop;
	struct api *api;
	struct loop_timer *later;
	struct api_reply *owed[64];
	size_t n_owed;
	int64_t events;
};

static void
op_status(void *arg, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply, json_pack("{s:s}", "site", "lab"));
}

static json_t *
op_events(void *arg, int64_t after, unsigned limit, struct err *err)
{
	const struct server *server = arg;
	json_t *events = json_array();
	int64_t id = after < 0 ? server->events + after : after;

	if (after == 666) {
		json_decref(events);
		err_set(err, -EIO, "the store is broken");
		return NULL;
	}
	for (id = id < 0 ? 0 : id; id < server->events && limit-- > 0; id++)
		json_array_append_new(events, json_integer(id + 1));
	return json_pack("{s:o, s:I}", "events", events, "last",
			 (json_int_t)server->events);
}

static void
op_event(void *arg, int64_t id, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply, json_pack("{s:I}", "id", (json_int_t)id));
}

static void
op_snapshot(void *arg, uint64_t number, struct api_reply *reply)
{
	(void)arg;
	if (number == 404)
		api_reply_error(reply, 404, "no such snapshot \xff", "ask \n");
	else
		api_reply_json(reply, json_pack("{s:I}", "number",
						(json_int_t)number));
}

/* Later, all of them: "never" stays owed. */
static void
op_power_get(void *arg, const char *host, struct api_reply *reply)
{
	struct server *server = arg;

	if (strcmp(host, "broken") == 0) {
		api_reply_json(reply, NULL);
		return;
	}
	if (server->n_owed < 64)
		server->owed[server->n_owed++] = reply;
	if (strcmp(host, "never") != 0)
		loop_timer_start(server->later, LATER_MS);
}

static void
answer_owed(void *arg)
{
	struct server *server = arg;

	while (server->n_owed > 0)
		api_reply_json(server->owed[--server->n_owed],
			       json_pack("{s:s}", "power", "on"));
}

static void
op_power_set(void *arg, const char *host, const struct api_order *order,
	     struct api_reply *reply)
{
	json_t *json = json_pack("{s:s, s:i, s:b, s:s}", "host", host, "want",
				 (int)order->want, "force", order->force, "by",
				 api_reply_caller(reply));

	(void)arg;
	if (order->then_off_s != 0)
		json_object_set_new(json, "then_off_s",
				    json_integer(order->then_off_s));
	api_reply_json(reply, json);
}

static void
op_watts(void *arg, const char *host, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply,
		       json_pack("{s:s, s:i}", "host", host, "watts", 180));
}

static void
op_sensors(void *arg, const char *host, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply,
		       json_pack("{s:s, s:[]}", "host", host, "sensors"));
}

static void
op_sel(void *arg, const char *host, unsigned n, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply,
		       json_pack("{s:s, s:i}", "host", host, "n", (int)n));
}

static void
op_identify(void *arg, const char *host, const struct api_lamp *lamp,
	    struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply,
		       json_pack("{s:s, s:b, s:i}", "host", host, "forever",
				 lamp->forever, "seconds", (int)lamp->seconds));
}

static void
op_ha_set(void *arg, const char *cluster, bool enabled, struct api_reply *reply)
{
	(void)arg;
	api_reply_json(reply, json_pack("{s:s, s:b}", "cluster", cluster, "ha",
					enabled));
}

static const struct api_ops ops = {
	.status = op_status,
	.events = op_events,
	.event = op_event,
	.snapshot = op_snapshot,
	.power_get = op_power_get,
	.power_set = op_power_set,
	.watts = op_watts,
	.sensors = op_sensors,
	.sel = op_sel,
	.identify = op_identify,
	.ha_set = op_ha_set,
};

static void
add_event(void *arg)
{
	struct server *server = arg;

	server->events++;
	api_wake(server->api);
}

static void
stop_serving(void *arg)
{
	const struct server *server = arg;

	loop_stop(server->loop);
}

/* What is owed at the end is answered after the end: harmless. */
static int
serve(const char *path, int ready)
{
	struct server server = { .loop = loop_new(), .events = 3 };
	struct err err = { "" };

	signal(SIGTERM, SIG_IGN); /* a second one, at the very end */
	loop_on_signal(server.loop, SIGTERM, stop_serving, &server);
	loop_on_signal(server.loop, SIGUSR1, add_event, &server);
	server.later = loop_timer_new(server.loop, answer_owed, &server);
	if (api_start(server.loop, path, &ops, &server, &server.api, &err) < 0)
		return 2;
	if (is_impatient)
		api_guard_set_patience(server.api->guard, SHORT_PATIENCE_MS);
	if (write(ready, "", 1) != 1)
		return 3;
	close(ready);
	loop_run(server.loop);
	api_stop(server.api);
	answer_owed(&server);
	loop_timer_free(server.later);
	loop_free(server.loop);
	return access(path, F_OK) == 0 ? 4 : 0;
}

/* --- the client ----------------------------------------------------------- */

struct fixture {
	char folder[64], path[96];
	pid_t pid;
	char *raw;    /* the last answer, whole */
	int code;     /* of it */
	json_t *body; /* of it */
};

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	int ends[2];
	char byte;

	strcpy(f->folder, "/tmp/ironherd-api-XXXXXX");
	if (mkdtemp(f->folder) == NULL || pipe(ends) < 0)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/run/api.sock", f->folder);
	fflush(NULL);
	f->pid = fork();
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		exit(serve(f->path, ends[1]));
	}
	close(ends[1]);
	bool is_ready = read(ends[0], &byte, 1) == 1;
	close(ends[0]);
	*state = f;
	return is_ready ? 0 : -1;
}

static int
set_up_impatient(void **state)
{
	is_impatient = true;
	int rc = set_up(state);
	is_impatient = false;
	return rc;
}

static void
remove_folder(const struct fixture *f)
{
	cleanup_free char *run = xasprintf("%s/run", f->folder);

	unlink(f->path);
	rmdir(run);
	rmdir(f->folder);
}

/* The server ends well: no leak, no fault found by the sanitizers. */
static int
tear_down(void **state)
{
	struct fixture *f = *state;
	int status = 0;

	kill(f->pid, SIGTERM);
	waitpid(f->pid, &status, 0);
	if (status != 0)
		print_error("the server ended with status %#x\n",
			    (unsigned)status);
	remove_folder(f);
	json_decref(f->body);
	free(f->raw);
	free(f);
	return status == 0 ? 0 : -1;
}

static int
dial(const struct fixture *f)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", f->path);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail_msg("%s: %s", f->path, strerror(errno));
	return fd;
}

static void
say(int fd, const char *text, size_t len)
{
	/* It may hang up on us half-way. */
	(void)!send(fd, text, len, MSG_NOSIGNAL);
}

static void
say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

/* Until it hangs up, or nothing comes for some time. */
static void
hear(struct fixture *f, int fd, int patience_ms)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t len = 0, room = 1 << 20;

	free(f->raw);
	f->raw = xcalloc(1, room);
	while (len < room - 1 && poll(&readable, 1, patience_ms) > 0) {
		ssize_t n = read(fd, f->raw + len, room - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	f->raw[len] = '\0';
}

static void
digest(struct fixture *f)
{
	const char *gap = strstr(f->raw, "\r\n\r\n");

	f->code = 0;
	json_decref(f->body);
	f->body = NULL;
	if (strncmp(f->raw, "HTTP/1.1 ", 9) != 0 || gap == NULL)
		fail_msg("no answer: %.100s", f->raw);
	f->code = (int)strtol(f->raw + 9, NULL, 10);
	f->body = json_loads(gap + 4, JSON_DISABLE_EOF_CHECK, NULL);
	if (f->body == NULL)
		fail_msg("no JSON: %s", f->raw);
}

/* One request on a connection of its own. */
static void
ask(struct fixture *f, const char *method, const char *target, const char *body)
{
	cleanup_close int fd = dial(f);
	cleanup_free char *text =
		xasprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			  "Content-Length: %zu\r\n\r\n%s",
			  method, target, strlen(body), body);

	say_text(fd, text);
	hear(f, fd, PATIENCE_MS);
	digest(f);
}

static void
expect_ok(struct fixture *f, const char *want)
{
	cleanup_free char *got = json_dumps(f->body, JSON_SORT_KEYS);

	assert_int_equal(f->code, 200);
	assert_string_equal(got, want);
}

static void
expect_error(struct fixture *f, int code, const char *words)
{
	const char *error =
		json_string_value(json_object_get(f->body, "error"));
	const char *hint = json_string_value(json_object_get(f->body, "hint"));

	if (f->code != code || error == NULL || hint == NULL || hint[0] == '\0')
		fail_msg("not %d: %s", code, f->raw);
	if (strstr(error, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, words);
}

/* --- routes --------------------------------------------------------------- */

static void
every_route_answers(void **state)
{
	struct fixture *f = *state;

	ask(f, "GET", "/v1/status", "");
	expect_ok(f, "{\"site\": \"lab\"}");
	assert_non_null(strstr(f->raw, "Content-Type: application/json"));
	ask(f, "GET", "/v1/events", "");
	expect_ok(f, "{\"events\": [1, 2, 3], \"last\": 3}");
	ask(f, "GET", "/v1/events?after=1&limit=1", "");
	expect_ok(f, "{\"events\": [2], \"last\": 3}");
	ask(f, "GET", "/v1/events?after=-1&wait_ms=5000", "");
	expect_ok(f, "{\"events\": [3], \"last\": 3}");
	ask(f, "GET", "/v1/events/17", "");
	expect_ok(f, "{\"id\": 17}");
	ask(f, "GET", "/v1/snapshots/9", "");
	expect_ok(f, "{\"number\": 9}");
	ask(f, "GET", "/v1/hosts/h1/power", "");
	expect_ok(f, "{\"power\": \"on\"}");
	ask(f, "POST", "/v1/hosts/h%201/power",
	    "{\"want\": \"off\", \"force\": true}");
	expect_ok(f, "{\"by\": \"root\", \"force\": true, \"host\": \"h 1\","
		     " \"want\": 0}");
	ask(f, "POST", "/v1/hosts/h1/power", "{\"want\": \"soft\"}");
	expect_ok(f, "{\"by\": \"root\", \"force\": false, \"host\": \"h1\","
		     " \"want\": 2}");
	ask(f, "POST", "/v1/hosts/h1/power",
	    "{\"want\": \"soft\", \"then_off_s\": 600}");
	expect_ok(f, "{\"by\": \"root\", \"force\": false, \"host\": \"h1\","
		     " \"then_off_s\": 600, \"want\": 2}");
	ask(f, "POST", "/v1/hosts/h1/identify", "{\"on\": true}");
	expect_ok(f, "{\"forever\": false, \"host\": \"h1\", "
		     "\"seconds\": 60}");
	ask(f, "GET", "/v1/hosts/h1/watts", "");
	expect_ok(f, "{\"host\": \"h1\", \"watts\": 180}");
	ask(f, "GET", "/v1/hosts/h1/sensors", "");
	expect_ok(f, "{\"host\": \"h1\", \"sensors\": []}");
	ask(f, "GET", "/v1/hosts/h1/sel", "");
	expect_ok(f, "{\"host\": \"h1\", \"n\": 20}");
	ask(f, "GET", "/v1/hosts/h1/sel?n=256", "");
	expect_ok(f, "{\"host\": \"h1\", \"n\": 256}");
	ask(f, "POST", "/v1/clusters/c1/ha", "{\"enabled\": false}");
	expect_ok(f, "{\"cluster\": \"c1\", \"ha\": false}");
}

static void
a_lamp_is_lit_for_a_time_or_forever_or_put_out(void **state)
{
	struct fixture *f = *state;

	ask(f, "POST", "/v1/hosts/h1/identify", "{\"on\": false}");
	expect_ok(f, "{\"forever\": false, \"host\": \"h1\", "
		     "\"seconds\": 0}");
	ask(f, "POST", "/v1/hosts/h1/identify",
	    "{\"on\": true, \"seconds\": 255}");
	expect_ok(f, "{\"forever\": false, \"host\": \"h1\", "
		     "\"seconds\": 255}");
	ask(f, "POST", "/v1/hosts/h1/identify",
	    "{\"on\": true, \"forever\": true}");
	expect_ok(f, "{\"forever\": true, \"host\": \"h1\", "
		     "\"seconds\": 0}");
}

static void
who_asks_is_known_from_the_kernel(void **state)
{
	struct fixture *f = *state;

	ask(f, "POST", "/v1/hosts/h1/power",
	    "{\"want\": \"on\", \"by\": \"somebody else\"}");
	expect_ok(f, "{\"by\": \"root\", \"force\": false, \"host\": \"h1\","
		     " \"want\": 1}");
}

static void
others_may_look_but_not_touch(void **state)
{
	struct fixture *f = *state;

	if (geteuid() != 0)
		skip();
	chmod(f->folder, 0755);
	chmod(f->path, 0666);
	assert_int_equal(seteuid(NOBODY), 0);
	ask(f, "GET", "/v1/status", "");
	int code = f->code;
	ask(f, "POST", "/v1/hosts/h1/power", "{\"want\": \"on\"}");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(code, 200);
	expect_error(f, 403, "nobody may only look");
}

static void
what_is_wrong_with_a_request_is_told(void **state)
{
	static const struct {
		const char *method, *target, *body;
		int code;
		const char *words;
	} wrong[] = {
		{ "GET", "/", "", 404, "there is no /" },
		{ "GET", "/v1/nothing", "", 404, "/v1/nothing" },
		{ "GET", "/v1/status/", "", 404, "/v1/status/" },
		{ "GET", "/v1/hosts//power", "", 404, "" },
		{ "GET", "/v1/hosts/a/b/power", "", 404, "" },
		{ "GET", "/v1/hosts/%00/power", "", 404, "" },
		{ "GET", "/v1/hosts/%0a/power", "", 404, "" },
		{ "POST", "/v1/status", "", 405, "/v1/status" },
		{ "PUT", "/v1/hosts/h1/power", "", 405, "" },
		{ "DELETE", "/v1/events/1", "", 405, "" },
		{ "GET", "/v1/clusters/c1/ha", "", 405, "" },
		{ "GET", "/v1/hosts/h1/confirm-off", "", 405, "" },
		{ "GET", "/v1/status?x=1", "", 400, "\"x\"" },
		{ "GET", "/v1/events?limit=0", "", 400, "limit" },
		{ "GET", "/v1/events?limit=1001", "", 400, "1 to 1000" },
		{ "GET", "/v1/events?wait_ms=-1", "", 400, "wait_ms" },
		{ "GET", "/v1/events?after=99999999999999999999", "", 400,
		  "after" },
		{ "GET", "/v1/events?after=", "", 400, "" },
		{ "GET", "/v1/events?after=666", "", 500, "broken" },
		{ "GET", "/v1/events?after=666&wait_ms=9000", "", 500,
		  "broken" },
		{ "GET", "/v1/events/0", "", 400, "\"0\"" },
		{ "GET", "/v1/events/-5", "", 400, "\"-5\"" },
		{ "GET", "/v1/snapshots/x", "", 400, "\"x\"" },
		{ "GET", "/v1/snapshots/404", "", 404, "no such snapshot ?" },
		{ "GET", "/v1/hosts/broken/power", "", 500, "" },
		{ "GET", "/v1/hosts/h1/sensors?n=5", "", 400, "\"n\"" },
		{ "POST", "/v1/hosts/h1/sensors", "{}", 405, "" },
		{ "GET", "/v1/hosts/h1/sel?n=0", "", 400, "1 to 256" },
		{ "GET", "/v1/hosts/h1/sel?n=257", "", 400, "1 to 256" },
		{ "GET", "/v1/hosts/h1/sel?n=x", "", 400, "\"x\"" },
		{ "GET", "/v1/hosts/h1/sel?m=5", "", 400, "\"m\"" },
		{ "POST", "/v1/clusters/c1/ha", "", 400, "no JSON object" },
		{ "POST", "/v1/clusters/c1/ha", "[]", 400, "something else" },
		{ "POST", "/v1/clusters/c1/ha", "{", 400, "no JSON object" },
		{ "POST", "/v1/clusters/c1/ha", "{}", 400, "\"enabled\"" },
		{ "POST", "/v1/hosts/h1/confirm-off", "{}", 400, "\"off\"" },
		{ "POST", "/v1/hosts/h1/confirm-off", "{\"off\": false}", 400,
		  "not true" },
		{ "POST", "/v1/clusters/c1/ha", "{\"enabled\": 1}", 400,
		  "enabled: not a true or false" },
		{ "POST", "/v1/clusters/c1/ha",
		  "{\"enabled\": true, \"enabled\": false}", 400, "duplicate" },
		{ "POST", "/v1/clusters/c1/ha",
		  "{\"enabled\": true, \"froce\": true}", 400, "\"froce\"" },
		{ "POST", "/v1/hosts/h1/power", "{\"want\": \"reset\"}", 400,
		  "reset" },
		{ "POST", "/v1/hosts/h1/power", "{\"want\": null}", 400,
		  "want: not a text" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"off\", \"then_off_s\": 60}", 400,
		  "with \"soft\" only" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"soft\", \"then_off_s\": 0}", 400,
		  "then_off_s: not a whole number from 1 to 600" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"soft\", \"then_off_s\": 601}", 400,
		  "1 to 600" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"soft\", \"then_off_s\": 4294967297}", 400,
		  "1 to 600" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"soft\", \"then_off_s\": 1.5}", 400,
		  "1 to 600" },
		{ "POST", "/v1/hosts/h1/power",
		  "{\"want\": \"soft\", \"then_off_s\": true}", 400,
		  "1 to 600" },
		{ "POST", "/v1/hosts/h1/identify",
		  "{\"on\": true, \"seconds\": 256}", 400, "1 to 255" },
		{ "POST", "/v1/hosts/h1/identify",
		  "{\"on\": true, \"seconds\": -1}", 400, "1 to 255" },
		{ "POST", "/v1/hosts/h1/identify",
		  "{\"on\": false, \"seconds\": 5}", 400, "has no time" },
		{ "POST", "/v1/hosts/h1/identify",
		  "{\"on\": false, \"forever\": true}", 400, "has no time" },
		{ "POST", "/v1/hosts/h1/identify",
		  "{\"on\": true, \"forever\": true, \"seconds\": 5}", 400,
		  "exclude each other" },
		{ "POST", "/v1/hosts/h1/identify", "{\"seconds\": 5}", 400,
		  "\"on\" is missing" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ask(f, wrong[i].method, wrong[i].target, wrong[i].body);
		expect_error(f, wrong[i].code, wrong[i].words);
	}
}

static void
a_body_that_is_too_large_is_refused(void **state)
{
	struct fixture *f = *state;
	cleanup_free char *body = xcalloc(1, API_BODY_MAX + 2);

	memset(body, ' ', API_BODY_MAX + 1);
	ask(f, "POST", "/v1/clusters/c1/ha", body);
	expect_error(f, 413, "65536 bytes");
}

static void
one_connection_carries_many_requests(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = dial(f);
	static const char two[] =
		"GET /v1/hosts/h1/power HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";

	/* Pipelined: the second comes while the first one is owed. */
	say_text(fd, two);
	hear(f, fd, 4 * LATER_MS);
	assert_non_null(strstr(f->raw, "\"power\""));
	say_text(fd, two);
	hear(f, fd, 4 * LATER_MS);
	assert_non_null(strstr(f->raw, "\"power\""));
}

/* --- long polls ----------------------------------------------------------- */

static int
dial_wait(const struct fixture *f, unsigned wait_ms)
{
	char text[128];
	int fd = dial(f);

	snprintf(text, sizeof(text),
		 "GET /v1/events?after=3&wait_ms=%u HTTP/1.1\r\nHost: x\r\n"
		 "Connection: close\r\n\r\n",
		 wait_ms);
	say_text(fd, text);
	return fd;
}

static void
a_long_poll_ends_with_the_next_event(void **state)
{
	struct fixture *f = *state;
	int64_t began = clock_mono_ms();
	cleanup_close int one = dial_wait(f, 60000);
	cleanup_close int two = dial_wait(f, 60000);

	usleep(100000);
	kill(f->pid, SIGUSR1);
	hear(f, one, PATIENCE_MS);
	digest(f);
	expect_ok(f, "{\"events\": [4], \"last\": 4}");
	hear(f, two, PATIENCE_MS);
	digest(f);
	expect_ok(f, "{\"events\": [4], \"last\": 4}");
	assert_true(clock_mono_ms() - began < PATIENCE_MS);
}

static void
a_long_poll_ends_with_its_time(void **state)
{
	struct fixture *f = *state;
	int64_t began = clock_mono_ms();
	cleanup_close int fd = dial_wait(f, 200);

	hear(f, fd, PATIENCE_MS);
	digest(f);
	expect_ok(f, "{\"events\": [], \"last\": 3}");
	assert_true(clock_mono_ms() - began >= 200);
}

static void
only_so_many_may_wait_and_those_who_left_do_not_count(void **state)
{
	struct fixture *f = *state;
	int waiting[API_WAITERS_MAX];

	for (size_t i = 0; i < API_WAITERS_MAX; i++)
		waiting[i] = dial_wait(f, 60000);
	cleanup_close int refused = dial_wait(f, 60000);
	hear(f, refused, PATIENCE_MS);
	digest(f);
	expect_error(f, 503, "too many");

	for (size_t i = 0; i < API_WAITERS_MAX; i++)
		close(waiting[i]);
	usleep(100000);
	cleanup_close int fd = dial_wait(f, 100);
	hear(f, fd, PATIENCE_MS);
	digest(f);
	expect_ok(f, "{\"events\": [], \"last\": 3}");
}

/* --- clients that behave badly -------------------------------------------- */

static void
expect_alive(struct fixture *f)
{
	ask(f, "GET", "/v1/status", "");
	expect_ok(f, "{\"site\": \"lab\"}");
}

static void
a_client_that_left_before_the_answer_does_no_harm(void **state)
{
	static const char later[] =
		"GET /v1/hosts/h1/power HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char never[] =
		"GET /v1/hosts/never/power HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;

	for (unsigned i = 0; i < 20; i++) {
		int fd = dial(f);

		say_text(fd, i % 2 ? later : never);
		if (i % 4 < 2)
			usleep(10000);
		close(fd);
	}
	usleep(2 * LATER_MS * 1000);
	expect_alive(f);

	/* And one that is owed, with its client there, when all ends. */
	int fd = dial(f);
	say_text(fd, never);
	usleep(50000);
	kill(f->pid, SIGTERM);
	hear(f, fd, PATIENCE_MS);
	close(fd);
}

static void
more_bytes_behind_a_request_that_is_owed_do_no_harm(void **state)
{
	static const char first[] =
		"GET /v1/hosts/h1/power HTTP/1.1\r\nHost: x\r\n\r\n";
	struct fixture *f = *state;
	cleanup_close int fd = dial(f);

	say_text(fd, first);
	for (unsigned i = 0; i < 20; i++) {
		usleep(5000);
		say(fd, "junk\0\r\n\r\n", 9);
	}
	hear(f, fd, 4 * LATER_MS);
	expect_alive(f);
}

static void
junk_does_no_harm(void **state)
{
	struct fixture *f = *state;
	unsigned seed = (unsigned)time(NULL);
	char junk[4096];

	print_message("seed %u\n", seed);
	for (unsigned round = 0; round < 200; round++) {
		int fd = dial(f);
		size_t len = (size_t)rand_r(&seed) % sizeof(junk) + 1;

		for (size_t i = 0; i < len; i++)
			junk[i] = (char)rand_r(&seed);
		if (round % 2 == 0)
			say_text(fd, "GET /v1/");
		if (round % 3 == 0)
			say_text(fd, "status HTTP/1.1\r\n"
				     "Content-Length: -1\r\n");
		say(fd, junk, len);
		close(fd);
	}
	expect_alive(f);
}

static void
huge_headers_are_cut_off(void **state)
{
	struct fixture *f = *state;
	cleanup_close int fd = dial(f);
	cleanup_free char *huge = xcalloc(1, 1 << 20);
	int64_t began = clock_mono_ms();

	memset(huge, 'x', 1 << 20);
	say_text(fd, "GET /v1/status HTTP/1.1\r\nX: ");
	say(fd, huge, 1 << 20);
	hear(f, fd, PATIENCE_MS);
	assert_null(strstr(f->raw, "200"));
	assert_true(clock_mono_ms() - began < PATIENCE_MS);
	expect_alive(f);
}

static void
a_huge_body_is_cut_off(void **state)
{
	static const char head[] =
		"POST /v1/clusters/c1/ha HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 1000000000\r\n\r\n";
	struct fixture *f = *state;
	cleanup_close int fd = dial(f);

	say_text(fd, head);
	hear(f, fd, PATIENCE_MS);
	assert_non_null(strstr(f->raw, " 413 "));
	expect_alive(f);
}

/* Bytes in time for any timeout between bytes, but never a whole request. */
static void
a_slow_request_is_cut_off_and_leaves_room(void **state)
{
	struct fixture *f = *state;
	int slow[API_CONNECTIONS_MAX + 8];
	int64_t began = clock_mono_ms();
	bool is_cut = false;

	for (size_t i = 0; i < API_CONNECTIONS_MAX + 8; i++) {
		slow[i] = dial(f);
		say_text(slow[i], "GET /v1/status HTTP/1.1\r\n");
	}
	while (!is_cut && clock_mono_ms() - began < PATIENCE_MS) {
		struct pollfd cut = { .fd = slow[0], .events = POLLIN };

		say_text(slow[0], "X: y\r\n");
		is_cut = poll(&cut, 1, 100) > 0;
	}
	assert_true(is_cut);
	assert_true(clock_mono_ms() - began >= SHORT_PATIENCE_MS);
	expect_alive(f); /* it was without room for connections before */
	for (size_t i = 0; i < API_CONNECTIONS_MAX + 8; i++)
		close(slow[i]);
	expect_alive(f);
}

/* --- the socket ----------------------------------------------------------- */

static int
try_to_start(const char *path, struct err *err)
{
	struct server server = { .loop = loop_new() };
	int rc = api_start(server.loop, path, &ops, &server, &server.api, err);

	if (rc == 0)
		api_stop(server.api);
	loop_free(server.loop);
	return rc;
}

static void
the_socket_is_for_its_group_only(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
}

static void
a_socket_that_answers_is_not_taken_away(void **state)
{
	struct fixture *f = *state;
	struct err err = { "" };

	assert_int_equal(try_to_start(f->path, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, "another coordinator listens"));
	expect_alive(f);
}

static void
a_socket_left_from_before_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct err err = { "" };

	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	assert_int_equal(access(f->path, F_OK), 0);
	if (try_to_start(f->path, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(access(f->path, F_OK), -1);

	cleanup_close int fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(try_to_start(f->path, &err), -EEXIST);
	assert_non_null(strstr(err.text, f->path));
	unlink(f->path);
	(void)fd;

	char longer[200];
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(try_to_start(longer, &err), -ENAMETOOLONG);
	assert_int_equal(set_up(state), 0); /* for tear_down() */
	remove_folder(f);
	free(f->raw);
	free(f);
}

int
main(void)
{
	log_start("test_api", LOG_LEVEL_ERROR + 1);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(every_route_answers),
		CASE(a_lamp_is_lit_for_a_time_or_forever_or_put_out),
		CASE(who_asks_is_known_from_the_kernel),
		CASE(others_may_look_but_not_touch),
		CASE(what_is_wrong_with_a_request_is_told),
		CASE(a_body_that_is_too_large_is_refused),
		CASE(one_connection_carries_many_requests),
		CASE(a_long_poll_ends_with_the_next_event),
		CASE(a_long_poll_ends_with_its_time),
		CASE(only_so_many_may_wait_and_those_who_left_do_not_count),
		CASE(a_client_that_left_before_the_answer_does_no_harm),
		CASE(more_bytes_behind_a_request_that_is_owed_do_no_harm),
		CASE(junk_does_no_harm),
		CASE(huge_headers_are_cut_off),
		CASE(a_huge_body_is_cut_off),
		cmocka_unit_test_setup_teardown(
			a_slow_request_is_cut_off_and_leaves_room,
			set_up_impatient, tear_down),
		CASE(the_socket_is_for_its_group_only),
		CASE(a_socket_that_answers_is_not_taken_away),
		CASE(a_socket_left_from_before_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
