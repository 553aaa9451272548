/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections the api holds, and for how long one may be without a
 * whole request.
 *
 * evhttp bounds neither: its timeouts start anew with each byte, and a
 * connection is not shown to us before its first request.  So connections are
 * noted where their bufferevents are made, and known by the inode of their
 * socket: a descriptor whose inode is another one has been closed.  What is
 * too old is shut down, and evhttp then sees an end of file.
 */
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/api_internal.h"

#define SWEEP_MS 1000

struct guarded {
	struct bufferevent *fresh; /* ours until its descriptor is known */
	int fd;
	ino_t inode;
	int owed;         /* answers */
	int64_t quiet_ms; /* since when nothing is owed, monotonic */
};

struct api_guard {
	struct evconnlistener *listener;
	struct loop_timer *sweep;
	int64_t patience_ms;
	struct guarded all[API_CONNECTIONS_MAX];
	size_t n;
};

static struct bufferevent *
connection_begins(struct event_base *base, void *arg)
{
	struct api_guard *guard = arg;
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	if (bev == NULL || guard->n == API_CONNECTIONS_MAX)
		return bev;
	bufferevent_incref(bev);
	guard->all[guard->n++] = (struct guarded){
		.fresh = bev,
		.fd = -1,
		.quiet_ms = clock_mono_ms(),
	};
	/* More wait in the kernel's backlog until there is room. */
	if (guard->n == API_CONNECTIONS_MAX)
		evconnlistener_disable(guard->listener);
	loop_timer_start(guard->sweep, 0);
	return bev;
}

/* 0 when it is open no more. */
static ino_t
inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode)
		       ? st.st_ino
		       : 0;
}

/* By now evhttp has given it its descriptor. */
static void
learn_descriptor(struct guarded *one)
{
	if (one->fresh == NULL)
		return;
	one->fd = bufferevent_getfd(one->fresh);
	one->inode = inode_of(one->fd);
	bufferevent_decref(one->fresh);
	one->fresh = NULL;
}

static bool
is_closed(const struct guarded *one)
{
	return one->inode == 0 || inode_of(one->fd) != one->inode;
}

static void
sweep(void *arg)
{
	struct api_guard *guard = arg;
	int64_t too_old_ms = clock_mono_ms() - guard->patience_ms;

	for (size_t i = guard->n; i-- > 0;) {
		struct guarded *one = &guard->all[i];

		learn_descriptor(one);
		if (is_closed(one))
			*one = guard->all[--guard->n];
		else if (one->owed == 0 && one->quiet_ms < too_old_ms)
			shutdown(one->fd, SHUT_RDWR);
	}
	if (guard->n < API_CONNECTIONS_MAX)
		evconnlistener_enable(guard->listener);
	if (guard->n > 0)
		loop_timer_start(guard->sweep, SWEEP_MS);
}

void
api_guard_owe(struct api_guard *guard, int fd, int change)
{
	for (size_t i = 0; i < guard->n; i++) {
		struct guarded *one = &guard->all[i];

		learn_descriptor(one);
		if (one->fd != fd || is_closed(one))
			continue;
		one->owed += change;
		one->quiet_ms = clock_mono_ms();
		return;
	}
}

struct api_guard *
api_guard_new(struct loop *loop, struct evhttp *http,
	      struct evconnlistener *listener)
{
	struct api_guard *guard = xcalloc(1, sizeof(*guard));

	guard->listener = listener;
	guard->patience_ms = API_TIMEOUT_S * 1000LL;
	guard->sweep = loop_timer_new(loop, sweep, guard);
	evhttp_set_bevcb(http, connection_begins, guard);
	return guard;
}

void
api_guard_set_patience(struct api_guard *guard, int64_t patience_ms)
{
	guard->patience_ms = patience_ms;
}

void
api_guard_free(struct api_guard *guard)
{
	if (guard == NULL)
		return;
	for (size_t i = 0; i < guard->n; i++)
		if (guard->all[i].fresh != NULL)
			bufferevent_decref(guard->all[i].fresh);
	loop_timer_free(guard->sweep);
	free(guard);
}
