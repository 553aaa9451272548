/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of common/worker.  This program is its own worker: the parent's side
 * runs the tests, "--worker ROLE" plays the child, good or bad.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/worker.h"

#define BIG_BYTES (5u << 20)
#define LONG_MS   20000 /* a deadline that no test reaches */

/* --- the child's side ----------------------------------------------------- */

static json_t *
echo(void *state, const json_t *request)
{
	(void)state;
	return json_pack("{s:O, s:i}", "echo", request, "pid", (int)getpid());
}

static int
serve_echo(int fd)
{
	return worker_serve_requests(fd, echo, NULL);
}

static int
sleep_for_ever(void)
{
	while (pause() < 0)
		;
	return 0;
}

static int
serve_hang(int fd)
{
	json_decref(worker_receive(fd));
	return sleep_for_ever();
}

static int
serve_death(int fd)
{
	json_decref(worker_receive(fd));
	return 7;
}

static int
serve_garbage(int fd)
{
	json_decref(worker_receive(fd));
	if (write(fd, "\0\0\0\4junk", 8) < 0)
		return 1;
	return sleep_for_ever();
}

static int
serve_deaf(int fd) /* never reads */
{
	(void)fd;
	return sleep_for_ever();
}

/* Events before and after the answer. */
static int
serve_events(int fd)
{
	json_t *request;

	while ((request = worker_receive(fd)) != NULL) {
		json_t *event = json_pack("{s:s}", "event", "tick");
		json_t *reply = json_pack("{s:b}", "ok", 1);

		worker_send(fd, event);
		worker_send(fd, event);
		worker_send(fd, reply);
		worker_send(fd, event);
		json_decref(event);
		json_decref(reply);
		json_decref(request);
	}
	return 0;
}

/* Answers twice: the second answer must not pass for that to the next. */
static int
serve_twice(int fd)
{
	json_t *request;

	while ((request = worker_receive(fd)) != NULL) {
		worker_send(fd, request);
		worker_send(fd, request);
		json_decref(request);
	}
	return 0;
}

static int
serve_fds(int fd) /* how many descriptors it was started with */
{
	json_t *request;

	while ((request = worker_receive(fd)) != NULL) {
		int n = 0;

		for (int i = 0; i < 256; i++)
			if (i != fd && fcntl(i, F_GETFD) >= 0)
				n++;
		json_t *reply = json_pack("{s:i}", "n", n);
		worker_send(fd, reply);
		json_decref(reply);
		json_decref(request);
	}
	return 0;
}

static const struct worker_role roles[] = {
	{ "echo", serve_echo },   { "hang", serve_hang },
	{ "death", serve_death }, { "garbage", serve_garbage },
	{ "deaf", serve_deaf },   { "events", serve_events },
	{ "twice", serve_twice }, { "fds", serve_fds },
};

/* --- the scene -------------------------------------------------------------*/

struct scene {
	struct loop *loop;
	struct worker *worker;
	struct loop_timer *tick, *limit;
	unsigned n_fds;
	unsigned answers, events, ticks;
	int rc;
	json_t *reply;
	struct err err;
	int64_t longest_gap_ms, last_tick_ms;
	bool free_in_callback;
};

static unsigned
count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(folder) != NULL)
		n++;
	closedir(folder);
	return n;
}

/* The loop's heart: how long was it ever blocked? */
static void
tick(void *arg)
{
	struct scene *scene = arg;
	int64_t now_ms = clock_mono_ms();

	if (now_ms - scene->last_tick_ms > scene->longest_gap_ms)
		scene->longest_gap_ms = now_ms - scene->last_tick_ms;
	scene->last_tick_ms = now_ms;
	scene->ticks++;
	loop_timer_start(scene->tick, 5);
}

static void
too_late(void *arg)
{
	(void)arg;
	fail_msg("nothing happened in time");
}

static int
set_scene(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .n_fds = count_fds() };
	scene.loop = loop_new();
	scene.tick = loop_timer_new(scene.loop, tick, &scene);
	scene.limit = loop_timer_new(scene.loop, too_late, NULL);
	scene.last_tick_ms = clock_mono_ms();
	loop_timer_start(scene.tick, 0);
	loop_timer_start(scene.limit, LONG_MS);
	*state = &scene;
	return 0;
}

/* Every test ends with: no zombie, no child, no descriptor left. */
static int
clear_scene(void **state)
{
	struct scene *scene = *state;

	worker_free(scene->worker);
	loop_timer_free(scene->tick);
	loop_timer_free(scene->limit);
	loop_free(scene->loop);
	json_decref(scene->reply);
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
		print_error("a child is left\n");
		return -1;
	}
	if (count_fds() != scene->n_fds) {
		print_error("%u descriptors, %u before\n", count_fds(),
			    scene->n_fds);
		return -1;
	}
	return 0;
}

static void
answered(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct scene *scene = arg;

	assert_true((rc == 0) == (reply != NULL));
	assert_true((rc == 0) == (err == NULL));
	scene->answers++;
	scene->rc = rc;
	json_decref(scene->reply);
	scene->reply = json_deep_copy(reply);
	if (err != NULL)
		scene->err = *err;
	if (scene->free_in_callback) {
		worker_free(scene->worker);
		scene->worker = NULL;
	}
	loop_stop(scene->loop);
}

static void
event_came(void *arg, const json_t *event)
{
	struct scene *scene = arg;

	assert_string_equal(json_string_value(json_object_get(event, "event")),
			    "tick");
	scene->events++;
	if (scene->free_in_callback) {
		worker_free(scene->worker);
		scene->worker = NULL;
	}
	loop_stop(scene->loop);
}

static void
start(struct scene *scene, const char *role)
{
	scene->worker = worker_new(scene->loop, role, event_came, scene);
	assert_int_equal(worker_pid(scene->worker), 0);
}

static int
try_ask(struct scene *scene, json_t *request, int64_t deadline_ms)
{
	int rc = worker_ask(scene->worker, request, deadline_ms, answered,
			    scene);

	json_decref(request);
	return rc;
}

static void
ask(struct scene *scene, json_t *request, int64_t deadline_ms)
{
	unsigned before = scene->answers;

	assert_int_equal(try_ask(scene, request, deadline_ms), 0);
	assert_true(worker_is_busy(scene->worker));
	assert_true(worker_pid(scene->worker) > 0);
	while (scene->answers == before)
		loop_run(scene->loop);
}

/* Never 0: kill(0, ...) would hit the tests themselves. */
static int
living_pid(const struct scene *scene)
{
	int pid = worker_pid(scene->worker);

	assert_true(pid > 0);
	return pid;
}

static void
run_for(struct scene *scene, int ms)
{
	struct loop_timer *end =
		loop_timer_new(scene->loop, (loop_fn)loop_stop, scene->loop);

	loop_timer_start(end, ms);
	loop_run(scene->loop);
	loop_timer_free(end);
}

static json_t *
small(void)
{
	return json_pack("{s:s}", "do", "it");
}

static int
pid_of_reply(const struct scene *scene)
{
	return (int)json_integer_value(json_object_get(scene->reply, "pid"));
}

static bool
is_gone(int pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

/* --- the tests ------------------------------------------------------------ */

static void
one_child_answers_many_requests(void **state)
{
	struct scene *scene = *state;

	start(scene, "echo");
	for (int i = 0; i < 20; i++) {
		json_t *expected = json_pack("{s:i}", "n", i);

		ask(scene, json_incref(expected), LONG_MS);
		assert_int_equal(scene->rc, 0);
		assert_true(json_equal(json_object_get(scene->reply, "echo"),
				       expected));
		assert_int_equal(pid_of_reply(scene),
				 worker_pid(scene->worker));
		assert_false(worker_is_busy(scene->worker));
		json_decref(expected);
	}
}

static void
a_second_request_is_told_to_wait(void **state)
{
	struct scene *scene = *state;

	start(scene, "echo");
	assert_int_equal(try_ask(scene, small(), LONG_MS), 0);
	assert_int_equal(try_ask(scene, small(), LONG_MS), -EBUSY);
	loop_run(scene->loop);
	assert_int_equal(scene->answers, 1);
}

static void
a_hanging_child_is_killed_at_its_deadline(void **state)
{
	struct scene *scene = *state;
	int64_t start_ms = clock_mono_ms();

	start(scene, "hang");
	assert_int_equal(try_ask(scene, small(), 200), 0);
	int pid = living_pid(scene);
	loop_run(scene->loop);
	int64_t took_ms = clock_mono_ms() - start_ms;
	assert_int_equal(scene->rc, -ETIMEDOUT);
	assert_string_equal(scene->err.text,
			    "worker hang: no answer in 200 ms");
	assert_true(took_ms >= 200 && took_ms < 5000);
	assert_int_equal(worker_pid(scene->worker), 0);
	run_for(scene, 500);
	assert_true(is_gone(pid));
}

static void
the_loop_goes_on_while_a_child_hangs(void **state)
{
	struct scene *scene = *state;

	start(scene, "hang");
	ask(scene, small(), 300);
	assert_true(scene->ticks > 10);
	assert_true(scene->longest_gap_ms < 250);
}

static void
a_stopped_child_is_killed_and_replaced(void **state)
{
	struct scene *scene = *state;

	start(scene, "echo");
	ask(scene, small(), LONG_MS);
	int pid = living_pid(scene);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	ask(scene, small(), 200);
	assert_int_equal(scene->rc, -ETIMEDOUT);
	ask(scene, small(), LONG_MS);
	assert_int_equal(scene->rc, 0);
	assert_int_not_equal(pid_of_reply(scene), pid);
	run_for(scene, 200);
	assert_true(is_gone(pid));
}

static void
a_dead_child_is_told_at_once_and_replaced(void **state)
{
	struct scene *scene = *state;

	start(scene, "death");
	for (int i = 0; i < 3; i++) {
		ask(scene, small(), LONG_MS);
		assert_int_equal(scene->rc, -EPIPE);
		assert_string_equal(scene->err.text,
				    "worker death: ended before it answered");
		assert_int_equal(worker_pid(scene->worker), 0);
	}
}

static void
a_child_that_dies_unasked_is_replaced_by_the_next_request(void **state)
{
	struct scene *scene = *state;

	start(scene, "echo");
	ask(scene, small(), LONG_MS);
	int pid = living_pid(scene);
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (worker_pid(scene->worker) != 0)
		run_for(scene, 10);
	assert_int_equal(scene->answers, 1);
	ask(scene, small(), LONG_MS);
	assert_int_equal(scene->rc, 0);
	assert_int_not_equal(pid_of_reply(scene), pid);
}

static void
garbage_ends_the_child(void **state)
{
	struct scene *scene = *state;

	start(scene, "garbage");
	ask(scene, small(), LONG_MS);
	assert_int_equal(scene->rc, -EPROTO);
	assert_int_equal(worker_pid(scene->worker), 0);
}

static void
an_unknown_role_ends_at_once(void **state)
{
	struct scene *scene = *state;

	start(scene, "nobody");
	ask(scene, small(), LONG_MS);
	assert_int_equal(scene->rc, -EPIPE);
}

static void
big_messages_pass_both_ways(void **state)
{
	struct scene *scene = *state;
	cleanup_free char *text = xcalloc(1, BIG_BYTES + 1);
	json_t *request;

	memset(text, 'x', BIG_BYTES);
	request = json_pack("{s:s}", "text", text);
	start(scene, "echo");
	ask(scene, json_incref(request), LONG_MS);
	assert_int_equal(scene->rc, 0);
	assert_true(json_equal(json_object_get(scene->reply, "echo"), request));
	json_decref(request);
}

static void
a_child_that_does_not_read_cannot_block_the_loop(void **state)
{
	struct scene *scene = *state;
	cleanup_free char *text = xcalloc(1, BIG_BYTES + 1);

	memset(text, 'x', BIG_BYTES);
	start(scene, "deaf");
	ask(scene, json_pack("{s:s}", "text", text), 500);
	assert_int_equal(scene->rc, -ETIMEDOUT);
	assert_true(scene->ticks > 5);
}

static void
events_come_beside_the_answers(void **state)
{
	struct scene *scene = *state;

	start(scene, "events");
	ask(scene, small(), LONG_MS);
	assert_int_equal(scene->rc, 0);
	while (scene->events < 3)
		loop_run(scene->loop);
	ask(scene, small(), LONG_MS);
	while (scene->events < 6)
		loop_run(scene->loop);
	assert_int_equal(scene->answers, 2);
}

static void
an_answer_nobody_asked_for_never_answers_the_next_request(void **state)
{
	struct scene *scene = *state;

	start(scene, "twice");
	for (int i = 0; i < 5; i++) {
		json_t *request = json_pack("{s:i}", "n", i);

		ask(scene, json_incref(request), LONG_MS);
		/* The child may have been ended for it meanwhile. */
		assert_true(scene->rc == -EPIPE ||
			    json_equal(scene->reply, request));
		json_decref(request);
		run_for(scene, 50);
	}
}

static void
a_worker_may_be_freed_in_its_reply(void **state)
{
	struct scene *scene = *state;

	scene->free_in_callback = true;
	start(scene, "echo");
	assert_int_equal(try_ask(scene, small(), LONG_MS), 0);
	loop_run(scene->loop);
	assert_null(scene->worker);
	start(scene, "hang");
	assert_int_equal(try_ask(scene, small(), 50), 0);
	loop_run(scene->loop);
	assert_null(scene->worker);
	start(scene, "death");
	assert_int_equal(try_ask(scene, small(), LONG_MS), 0);
	loop_run(scene->loop);
	assert_null(scene->worker);
	start(scene, "garbage");
	assert_int_equal(try_ask(scene, small(), LONG_MS), 0);
	loop_run(scene->loop);
	assert_null(scene->worker);
	assert_int_equal(scene->answers, 4);
}

static void
a_worker_may_be_freed_in_an_event(void **state)
{
	struct scene *scene = *state;

	scene->free_in_callback = true;
	start(scene, "events");
	assert_int_equal(try_ask(scene, small(), LONG_MS), 0);
	loop_run(scene->loop);
	assert_null(scene->worker);
	assert_int_equal(scene->events, 1);
	run_for(scene, 50);
	assert_int_equal(scene->answers, 0);
}

static void
freeing_a_busy_worker_never_calls_back(void **state)
{
	struct scene *scene = *state;

	start(scene, "hang");
	assert_int_equal(try_ask(scene, small(), 100), 0);
	int pid = living_pid(scene);
	worker_free(scene->worker);
	scene->worker = NULL;
	run_for(scene, 200);
	assert_int_equal(scene->answers, 0);
	assert_true(is_gone(pid));
}

static void
killed_children_do_not_pile_up(void **state)
{
	struct scene *scene = *state;

	start(scene, "hang");
	for (int i = 0; i < 2 * WORKER_STUCK_MAX; i++) {
		ask(scene, small(), 30);
		assert_int_equal(scene->rc, -ETIMEDOUT);
		run_for(scene, 50); /* the kernel lets go of them */
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
children_get_no_descriptors_of_the_parent(void **state)
{
	struct scene *scene = *state;
	int open_one = dup(STDERR_FILENO);

	start(scene, "fds");
	ask(scene, small(), LONG_MS);
	close(open_one);
	assert_int_equal(scene->rc, 0);
	assert_true(json_integer_value(json_object_get(scene->reply, "n")) <=
		    3);
}

/* The parent of a worker, for the time until it is gone itself. */
static void
be_parent_and_die(int pipe_fd)
{
	struct loop *loop = loop_new();
	struct worker *worker = worker_new(loop, "hang", NULL, NULL);
	json_t *request = small();

	worker_ask(worker, request, LONG_MS, answered, NULL);
	int pid = worker_pid(worker);
	usleep(300 * 1000); /* until it hangs in its request */
	if (write(pipe_fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	_exit(0);
}

static void
a_worker_dies_with_its_parent(void **state)
{
	int fds[2], pid = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid_t parent = fork();
	if (parent == 0)
		be_parent_and_die(fds[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &pid, sizeof(pid)), sizeof(pid));
	close(fds[0]);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_true(pid > 0);
	for (int i = 0; i < 500 && !is_gone(pid); i++)
		usleep(10 * 1000);
	/* Nobody may be there to reap an orphan: a zombie is dead enough. */
	if (!is_gone(pid)) {
		char path[32], text[128] = "";

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		cleanup_fclose FILE *stat = fopen(path, "re");
		if (stat != NULL && fgets(text, sizeof(text), stat) != NULL)
			assert_non_null(strstr(text, ") Z "));
	}
}

#define SCENE(test) \
	cmocka_unit_test_setup_teardown(test, set_scene, clear_scene)

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		SCENE(one_child_answers_many_requests),
		SCENE(a_second_request_is_told_to_wait),
		SCENE(a_hanging_child_is_killed_at_its_deadline),
		SCENE(the_loop_goes_on_while_a_child_hangs),
		SCENE(a_stopped_child_is_killed_and_replaced),
		SCENE(a_dead_child_is_told_at_once_and_replaced),
		SCENE(a_child_that_dies_unasked_is_replaced_by_the_next_request),
		SCENE(garbage_ends_the_child),
		SCENE(an_unknown_role_ends_at_once),
		SCENE(big_messages_pass_both_ways),
		SCENE(a_child_that_does_not_read_cannot_block_the_loop),
		SCENE(events_come_beside_the_answers),
		SCENE(an_answer_nobody_asked_for_never_answers_the_next_request),
		SCENE(a_worker_may_be_freed_in_its_reply),
		SCENE(a_worker_may_be_freed_in_an_event),
		SCENE(freeing_a_busy_worker_never_calls_back),
		SCENE(killed_children_do_not_pile_up),
		SCENE(children_get_no_descriptors_of_the_parent),
		SCENE(a_worker_dies_with_its_parent),
	};
	int status = worker_main(argc, argv, roles,
				 sizeof(roles) / sizeof(roles[0]));

	if (status >= 0)
		return status;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
