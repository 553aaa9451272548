/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/os_handler.c - the one place with OpenIPMI's os_handler.
 *
 * Locks, conditions and threads stay NULL: one loop, one thread.  Rules of the
 * library that are easy to break:
 *  - ipmi_alloc_os_handler(), which its header demands, crashes before
 *    ipmi_init(): it allocates through the handler it is to make.  We allocate
 *    with room to spare instead, for a library with more members;
 *  - stop_timer answers ESRCH when, and only when, the timer is not running;
 *  - a timer's function may start or free its own timer: it is marked as not
 *    running before the call and not touched afterwards;
 *  - remove_fd calls the `freed` function.
 */
#include "ipmi/os_handler.h"

#include <errno.h>
#include <malloc.h>
#include <OpenIPMI/os_handler.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>

#include "common/alloc.h"
#include "common/log.h"

enum {
	FUTURE_MEMBERS = 512,
	IDLE_TIMERS_MAX = 8192,
	/* The library's own probe of each connection, which cannot be set; the
	 * state machine has one of its own, and 4096 BMCs would cost twice. */
	AUDIT_S = 10,
	AUDIT_RARE_S = 300,
	/* The library has 32 BMCs on one socket.  With the 8 answers that each
	 * may have under way the 208 kB that are usual are full, and what is
	 * repeated while we are late comes on top.  Forced where we may, else
	 * as much as the system gives. */
	RECEIVE_ROOM = 1 << 20
};

struct own { /* behind os_handler_t.internal_data */
	struct loop *loop;
	os_handler_filter_fn filter;
	void *filter_arg;
	/* The library makes a timer for each message it sends. */
	struct os_hnd_timer_id_s *idle_timers;
	unsigned n_idle_timers;
};

struct os_hnd_timer_id_s {
	struct os_hnd_timer_id_s *next; /* while idle */
	struct loop_timer *timer;
	bool running;
	os_timed_out_t fn;
	void *arg;
};

struct os_hnd_fd_id_s {
	struct loop_watch *watch;
	const struct own *own;
	int fd;
	bool datagrams;
	os_data_ready_t fn;
	os_fd_data_freed_t freed;
	void *arg;
};

/* --- memory: passwords and session keys pass through all of it ----------- */

static void *
hnd_alloc(int size)
{
	void *data = calloc(1, (size_t)size);

	if (data == NULL)
		log_fatal("openipmi", "out of memory");
	return data;
}

static void
hnd_free(void *data)
{
	if (data == NULL)
		return;
	/* The library clears some of its secrets by a memset before free that
	 * compilers drop, and forgets the keys. */
	explicit_bzero(data, malloc_usable_size(data));
	free(data);
}

/* --- timers -------------------------------------------------------------- */

static void
timer_fired(void *arg)
{
	struct os_hnd_timer_id_s *id = arg;

	id->running = false;
	id->fn(id->arg, id);
}

static int
hnd_alloc_timer(os_handler_t *handler, os_hnd_timer_id_t **ret_id)
{
	struct own *own = handler->internal_data;
	struct os_hnd_timer_id_s *id = own->idle_timers;

	if (id != NULL) {
		own->idle_timers = id->next;
		own->n_idle_timers--;
	} else {
		id = xcalloc(1, sizeof(*id));
		id->timer = loop_timer_new(own->loop, timer_fired, id);
	}
	*ret_id = id;
	return 0;
}

static void
timer_destroy(struct os_hnd_timer_id_s *id)
{
	loop_timer_free(id->timer);
	free(id);
}

static int
hnd_free_timer(os_handler_t *handler, os_hnd_timer_id_t *id)
{
	struct own *own = handler->internal_data;

	if (own->n_idle_timers >= IDLE_TIMERS_MAX) {
		timer_destroy(id);
		return 0;
	}
	loop_timer_stop(id->timer);
	id->running = false;
	id->next = own->idle_timers;
	own->idle_timers = id;
	own->n_idle_timers++;
	return 0;
}

static int
hnd_start_timer(os_handler_t *handler, os_hnd_timer_id_t *id,
		struct timeval *timeout, os_timed_out_t fn, void *arg)
{
	(void)handler;
	if (id->running)
		return EBUSY;
	id->running = true;
	id->fn = fn;
	id->arg = arg;
	if (timeout->tv_sec == AUDIT_S && timeout->tv_usec == 0)
		timeout->tv_sec = AUDIT_RARE_S;
	loop_timer_start(id->timer, (int64_t)timeout->tv_sec * 1000 +
					    (timeout->tv_usec + 999) / 1000);
	return 0;
}

static int
hnd_stop_timer(os_handler_t *handler, os_hnd_timer_id_t *id)
{
	(void)handler;
	if (!id->running)
		return ESRCH;
	id->running = false;
	loop_timer_stop(id->timer);
	return 0;
}

/* --- descriptors --------------------------------------------------------- */

/* Look at the next datagram without taking it; take it away when it is not
 * wanted. */
static bool
passes_filter(const struct os_hnd_fd_id_s *id)
{
	uint8_t data[OS_HANDLER_PEEK];
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(id->fd, data, sizeof(data),
			       MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC,
			       (struct sockaddr *)&from, &from_len);

	if (len < 0)
		return true; /* the library sees the error itself */
	if (id->own->filter(id->own->filter_arg, (struct sockaddr *)&from, data,
			    (size_t)len))
		return true;
	(void)recv(id->fd, data, sizeof(data), MSG_DONTWAIT);
	return false;
}

static void
fd_ready(void *arg, int fd, unsigned what)
{
	struct os_hnd_fd_id_s *id = arg;

	(void)what;
	if (!id->datagrams || passes_filter(id))
		id->fn(fd, id->arg, id); /* may free id */
}

static void
make_room(int fd)
{
	const int room = RECEIVE_ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room,
				 sizeof(room));
}

static int
hnd_add_fd(os_handler_t *handler, int fd, os_data_ready_t fn, void *arg,
	   os_fd_data_freed_t freed, os_hnd_fd_id_t **ret_id)
{
	const struct own *own = handler->internal_data;
	struct os_hnd_fd_id_s *id = xcalloc(1, sizeof(*id));
	int type = 0;
	socklen_t type_len = sizeof(type);

	id->own = own;
	id->fd = fd;
	id->datagrams =
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) == 0 &&
		type == SOCK_DGRAM;
	if (id->datagrams)
		make_room(fd);
	id->fn = fn;
	id->freed = freed;
	id->arg = arg;
	id->watch = loop_watch_new(own->loop, fd, LOOP_READ, fd_ready, id);
	*ret_id = id;
	return 0;
}

static int
hnd_remove_fd(os_handler_t *handler, os_hnd_fd_id_t *id)
{
	(void)handler;
	loop_watch_free(id->watch);
	if (id->freed != NULL)
		id->freed(id->fd, id->arg);
	free(id);
	return 0;
}

/* --- the rest ------------------------------------------------------------ */

static int
hnd_random(os_handler_t *handler, void *data, unsigned int len)
{
	(void)handler;
	return getrandom(data, len, 0) == (ssize_t)len ? 0 : EIO;
}

/* What it has to say interests those who look for a fault in it: its errors
 * reach us by return codes, with better words. */
static void
hnd_vlog(os_handler_t *handler, enum ipmi_log_type_e type, const char *format,
	 va_list ap)
{
	(void)handler;
	if (type == IPMI_LOG_DEBUG_START || type == IPMI_LOG_DEBUG_CONT ||
	    type == IPMI_LOG_DEBUG_END)
		return; /* dumps of messages */
	log_va(type == IPMI_LOG_FATAL ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
	       "openipmi", format, ap);
}

static void
hnd_log(os_handler_t *handler, enum ipmi_log_type_e type, const char *format,
	...)
{
	va_list ap;

	va_start(ap, format);
	hnd_vlog(handler, type, format, ap);
	va_end(ap);
}

static int
get_time(clockid_t clock, struct timeval *ret_time)
{
	struct timespec now;

	clock_gettime(clock, &now);
	ret_time->tv_sec = now.tv_sec;
	ret_time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

static int
hnd_monotonic(os_handler_t *handler, struct timeval *ret_time)
{
	(void)handler;
	return get_time(CLOCK_MONOTONIC, ret_time);
}

static int
hnd_real(os_handler_t *handler, struct timeval *ret_time)
{
	(void)handler;
	return get_time(CLOCK_REALTIME, ret_time);
}

struct os_handler_s *
os_handler_new(struct loop *loop, os_handler_filter_fn filter, void *arg)
{
	os_handler_t *handler = xcalloc(1, sizeof(*handler) + FUTURE_MEMBERS);
	struct own *own = xcalloc(1, sizeof(*own));

	own->loop = loop;
	own->filter = filter;
	own->filter_arg = arg;
	handler->internal_data = own;
	handler->mem_alloc = hnd_alloc;
	handler->mem_free = hnd_free;
	handler->add_fd_to_wait_for = hnd_add_fd;
	handler->remove_fd_to_wait_for = hnd_remove_fd;
	handler->alloc_timer = hnd_alloc_timer;
	handler->free_timer = hnd_free_timer;
	handler->start_timer = hnd_start_timer;
	handler->stop_timer = hnd_stop_timer;
	handler->get_random = hnd_random;
	handler->log = hnd_log;
	handler->vlog = hnd_vlog;
	handler->get_monotonic_time = hnd_monotonic;
	handler->get_real_time = hnd_real;
	return handler;
}

void
os_handler_free(struct os_handler_s *handler)
{
	if (handler == NULL)
		return;

	struct own *own = handler->internal_data;
	while (own->idle_timers != NULL) {
		struct os_hnd_timer_id_s *id = own->idle_timers;

		own->idle_timers = id->next;
		timer_destroy(id);
	}
	free(own);
	free(handler);
}
