/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/worker.h - child processes for calls that may hang.
 *
 * A libvirt call can hang for minutes on dead storage, a write to a lost
 * datastore for ever (unkillable, state D).  Such calls run in a child that
 * executes the same program anew as "PROGRAM --worker ROLE", speaks the
 * messages of common/frame.h over descriptor 3, and is killed at the deadline
 * of a request.  Nobody ever waits for a killed child: it is reaped when the
 * kernel lets go of it.  A worker dies with its parent.
 *
 * Timeline of a request: ask -> (deadline) SIGKILL, callback -ETIMEDOUT; the
 * next ask starts a fresh child.  While WORKER_STUCK_MAX killed children still
 * hang in the kernel, ask answers -EAGAIN: more would only pile up.
 */
#ifndef COMMON_WORKER_H
#define COMMON_WORKER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"

#define WORKER_STUCK_MAX 4
#define WORKER_FD        3 /* the child's end of the socket */

/* --- in the child ----------------------------------------------------- */

struct worker_role {
	const char *name;
	int (*serve)(int fd); /* runs until end of file; exit status */
};

/* Call first in main().  When the arguments are "--worker ROLE" serves that
 * role and returns its exit status (>= 0); otherwise returns -1. */
int worker_main(int argc, char *const argv[], const struct worker_role *roles,
		size_t n_roles);

/* Blocking; NULL at end of file or on a malformed message. */
json_t *worker_receive(int fd);
int worker_send(int fd, const json_t *message);

typedef json_t *(*worker_handle_fn)(void *state, const json_t *request);

/* The plain child: one reply for each request, until end of file. */
int worker_serve_requests(int fd, worker_handle_fn handle, void *state);

/* --- in the parent ---------------------------------------------------- */

struct worker;

/* rc 0: reply is valid during the call.  rc < 0: reply is NULL and err says
 * why: -ETIMEDOUT (killed), -EPIPE (the child ended), -EPROTO (nonsense). */
typedef void (*worker_reply_fn)(void *arg, int rc, const json_t *reply,
				const struct err *err);

/* Messages that answer no request: an object with a string member "event". */
typedef void (*worker_event_fn)(void *arg, const json_t *event);

/* Nothing is started before the first ask.  `role` is kept, not copied. */
struct worker *worker_new(struct loop *loop, const char *role,
			  worker_event_fn event, void *arg);

/* Kills the child; a pending reply function is not called any more. */
void worker_free(struct worker *worker);

/* One request at a time: -EBUSY while one is pending.  The request stays the
 * caller's.  On a negative return the function will not be called. */
int worker_ask(struct worker *worker, const json_t *request,
	       int64_t deadline_ms, worker_reply_fn reply, void *arg);

bool worker_is_busy(const struct worker *worker);

/* Process id of the living child, 0 when there is none. */
int worker_pid(const struct worker *worker);

#endif
