/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/loop. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/loop.h"

struct scene {
	struct loop *loop;
	struct loop_timer *timer, *other;
	struct loop_watch *watch;
	int64_t start_ms;
	unsigned fired, what;
	int fds[2];
};

static int
set_scene(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .loop = loop_new(),
				.start_ms = clock_mono_ms() };
	*state = &scene;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, scene.fds);
}

static int
clear_scene(void **state)
{
	struct scene *scene = *state;

	loop_timer_free(scene->timer);
	loop_timer_free(scene->other);
	loop_watch_free(scene->watch);
	loop_free(scene->loop);
	close(scene->fds[0]);
	close(scene->fds[1]);
	return 0;
}

static void
stop(void *arg)
{
	struct scene *scene = arg;

	scene->fired++;
	loop_stop(scene->loop);
}

static void
timers_fire_once_and_not_early(void **state)
{
	struct scene *scene = *state;

	scene->timer = loop_timer_new(scene->loop, stop, scene);
	loop_timer_start(scene->timer, 30);
	loop_run(scene->loop);
	assert_true(clock_mono_ms() - scene->start_ms >= 30);
	assert_int_equal(scene->fired, 1);
}

static void
busy_then_start_other(void *arg)
{
	struct scene *scene = arg;

	usleep(100 * 1000);
	scene->start_ms = clock_mono_ms();
	loop_timer_start(scene->other, 50);
}

static void
a_delay_counts_from_now_also_in_a_long_callback(void **state)
{
	struct scene *scene = *state;

	scene->timer =
		loop_timer_new(scene->loop, busy_then_start_other, scene);
	scene->other = loop_timer_new(scene->loop, stop, scene);
	loop_timer_start(scene->timer, 0);
	loop_run(scene->loop);
	assert_true(clock_mono_ms() - scene->start_ms >= 50);
}

static void
never(void *arg)
{
	(void)arg;
	fail_msg("a stopped timer fired");
}

static void
stopped_timers_stay_silent_and_moved_ones_move(void **state)
{
	struct scene *scene = *state;
	struct loop_timer *silent = loop_timer_new(scene->loop, never, NULL);

	scene->timer = loop_timer_new(scene->loop, stop, scene);
	loop_timer_start(silent, 5);
	loop_timer_stop(silent);
	loop_timer_start(scene->timer, 10);
	loop_timer_start(scene->timer, 60);
	loop_run(scene->loop);
	assert_true(clock_mono_ms() - scene->start_ms >= 60);
	assert_int_equal(scene->fired, 1);
	loop_timer_free(silent);
}

static void
again_thrice(void *arg)
{
	struct scene *scene = arg;

	if (++scene->fired == 3) {
		loop_timer_free(scene->timer); /* inside its own function */
		scene->timer = NULL;
		loop_stop(scene->loop);
		return;
	}
	loop_timer_start(scene->timer, -5); /* the past means now */
}

static void
timers_may_repeat_and_free_themselves(void **state)
{
	struct scene *scene = *state;

	scene->timer = loop_timer_new(scene->loop, again_thrice, scene);
	loop_timer_start(scene->timer, 1);
	loop_run(scene->loop);
	assert_int_equal(scene->fired, 3);
}

static void
note_ready(void *arg, int fd, unsigned what)
{
	struct scene *scene = arg;
	char byte;

	scene->what = what;
	if (what & LOOP_READ)
		assert_int_equal(read(fd, &byte, 1), 1);
	if (++scene->fired == 2) {
		loop_watch_free(scene->watch); /* inside its own function */
		scene->watch = NULL;
		loop_stop(scene->loop);
	}
}

static void
watches_tell_each_readiness_until_freed(void **state)
{
	struct scene *scene = *state;

	scene->watch = loop_watch_new(scene->loop, scene->fds[0], LOOP_READ,
				      note_ready, scene);
	assert_int_equal(write(scene->fds[1], "abc", 3), 3);
	loop_run(scene->loop);
	assert_int_equal(scene->fired, 2);
	assert_int_equal(scene->what, LOOP_READ);
}

static void
watches_tell_when_writing_is_possible(void **state)
{
	struct scene *scene = *state;

	scene->watch = loop_watch_new(scene->loop, scene->fds[0], LOOP_WRITE,
				      note_ready, scene);
	loop_run(scene->loop);
	assert_int_equal(scene->what, LOOP_WRITE);
}

static void
signals_arrive_on_the_loop(void **state)
{
	struct scene *scene = *state;

	loop_on_signal(scene->loop, SIGUSR1, stop, scene);
	raise(SIGUSR1);
	loop_run(scene->loop);
	assert_int_equal(scene->fired, 1);
}

#define SCENE(test) \
	cmocka_unit_test_setup_teardown(test, set_scene, clear_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(timers_fire_once_and_not_early),
		SCENE(a_delay_counts_from_now_also_in_a_long_callback),
		SCENE(stopped_timers_stay_silent_and_moved_ones_move),
		SCENE(timers_may_repeat_and_free_themselves),
		SCENE(watches_tell_each_readiness_until_freed),
		SCENE(watches_tell_when_writing_is_possible),
		SCENE(signals_arrive_on_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
