/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/client.h - asks the coordinator over its unix socket.
 *
 * Every call ends at its time limit, every answer is bounded.
 */
#ifndef SCHEDULER_CLI_CLIENT_H
#define SCHEDULER_CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define CLIENT_ANSWER_MAX (64u << 20) /* bytes */

struct client;

/* `socket` is kept, not copied. */
struct client *client_new(const char *socket);
void client_free(struct client *client);

/*
 * POST `body`, or GET when it is NULL.  The answer is the caller's and always
 * an object.  Errors, each with what to do next after a line end in err:
 *
 *	-ENOTCONN	no coordinator there, or not for this user
 *	-ETIMEDOUT	no answer in time: whether it was done is not known
 *	-ECONNRESET	the line broke before the answer: as above
 *	-ENOENT		it does not know that host, cluster, event
 *	-EAGAIN		it cannot answer now (HTTP 5xx)
 *	-EPERM		it refuses (other HTTP errors)
 *	-EPROTO		what it says is not understood
 *	-EFBIG		it says more than CLIENT_ANSWER_MAX
 *
 * and of client_call_many(), when it was ended early:
 *
 *	-EINTR		it was sent, and not answered yet
 *	-ECANCELED	it was not sent
 */
int client_call(struct client *client, const char *path, const json_t *body,
		int64_t timeout_ms, json_t **ret_answer, struct err *err);

/* The same for many paths, CLIENT_AT_ONCE at a time; each ends by itself. */
enum { CLIENT_AT_ONCE = 32 };

struct client_one {
	char *path;     /* the caller's */
	int rc;         /* as of client_call() */
	json_t *answer; /* the caller's, with rc 0 */
	struct err err;
};

struct client_many {
	struct client_one *calls;
	size_t n;
	const json_t *body;    /* NULL: GET */
	int64_t timeout_ms;    /* of each */
	bool (*is_over)(void); /* ends all that has not ended; may be NULL */
	void (*progress)(void *arg, const struct client_one *one, size_t done,
			 size_t n); /* one has ended; may be NULL */
	void *arg;
};

/* False: it was ended early. */
bool client_call_many(const char *socket, struct client_many *many);

/* A name as part of a path; the caller frees it. */
char *client_escape(struct client *client, const char *name);

#endif
