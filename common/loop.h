/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/loop.h - the event loop: timers, descriptors, signals.
 *
 * The only file that knows libevent, but for those that bring a library with
 * its own descriptors (net-snmp) or a part of libevent (evhttp, evdns): these
 * take the base by loop_base().  One loop belongs to one thread.
 * Nothing that runs on a loop may block; see common/worker.h for what can.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;
struct loop_watch;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void (*loop_fn)(void *arg);
typedef void (*loop_fd_fn)(void *arg, int fd, unsigned what);

struct loop *loop_new(void);
void loop_free(struct loop *loop); /* timers and watches are freed before */
void loop_run(struct loop *loop);  /* until loop_stop() */
void loop_stop(struct loop *loop);
struct event_base *loop_base(struct loop *loop);

/* Call fn(arg) on the loop when the signal arrives, until loop_free(). */
void loop_on_signal(struct loop *loop, int signo, loop_fn fn, void *arg);

/* A one-shot timer; start again from its own function to repeat.  Starting a
 * running timer moves it.  Resolution 1 ms, monotonic. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn fn, void *arg);
void loop_timer_start(struct loop_timer *timer, int64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* Call fn whenever the descriptor is ready, until loop_watch_free().  The
 * descriptor stays the caller's and must outlive the watch. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what,
				  loop_fd_fn fn, void *arg);
void loop_watch_free(struct loop_watch *watch);

#endif
