/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/api_internal.h - what the files of the api share; the
 * only ones that know evhttp.
 *
 *	api.c         the socket, and one request from arrival to its function
 *	api_routes.c  which function, and what it makes of a request
 *	api_call.c    parameters and body, checked against tables
 *	api_reply.c   answers that are owed, and clients that are gone
 *	api_wait.c    who waits for events
 *	api_guard.c   how many connections, and for how long
 */
#ifndef SCHEDULER_COORDINATOR_API_INTERNAL_H
#define SCHEDULER_COORDINATOR_API_INTERNAL_H

#include <event2/http.h>
#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "scheduler/coordinator/api.h"

struct api_guard;
struct api_waits;

TAILQ_HEAD(api_replies, api_reply);

struct api {
	struct loop *loop;
	const struct api_ops *ops;
	void *arg;

	char *path;
	ino_t inode; /* of our socket: somebody may have put another there */
	struct evhttp *http;
	struct api_guard *guard;
	struct api_waits *waits;
	struct api_replies replies; /* owed */
};

/* --- replies ------------------------------------------------------------- */

struct api_reply {
	TAILQ_ENTRY(api_reply) link;
	struct api *api;                /* NULL when it was stopped */
	struct evhttp_request *request; /* NULL: connection ended */
	int fd;
	uid_t uid;
	char caller[API_NAME_LEN];
};

struct api_reply *api_reply_new(struct api *api,
				struct evhttp_request *request);
/* The client hung up; the answer is owed all the same. */
bool api_reply_is_gone(const struct api_reply *reply);

/* --- routes -------------------------------------------------------------- */

/* Find the function of a request and call it. */
void api_route(struct api *api, struct api_reply *reply);

/* --- waiting for events --------------------------------------------------- */

struct api_waits *api_waits_new(struct api *api);
void api_waits_free(struct api_waits *waits);

/* Answer with events after an id, as soon as there are any or wait_ms are
 * over. */
void api_waits_add(struct api_waits *waits, struct api_reply *reply,
		   int64_t after, unsigned limit, int64_t wait_ms);
void api_waits_wake(struct api_waits *waits);

/* --- connections ---------------------------------------------------------- */

struct evconnlistener;

struct api_guard *api_guard_new(struct loop *loop, struct evhttp *http,
				struct evconnlistener *listener);
void api_guard_free(struct api_guard *guard);
/* API_TIMEOUT_S, but in tests. */
void api_guard_set_patience(struct api_guard *guard, int64_t patience_ms);

/* A request of this connection is whole, and owed an answer (+1); it has got
 * it (-1). */
void api_guard_owe(struct api_guard *guard, int fd, int change);

#endif
