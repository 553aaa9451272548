/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/roles.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/file.h"
#include "common/log.h"
#include "common/worker.h"

struct state {
	struct loop *loop;
	struct loop_timer *timer;
	struct worker *worker; /* while one writes */
	char *path;
	json_t *waiting; /* request to send next, or NULL */
	json_t *written; /* request under way, or NULL */
};

/* --- in the worker -------------------------------------------------------- */

static json_t *
write_file(void *unused, const json_t *request)
{
	const char *text = message_text(request, "text");
	struct err err = { "" };

	(void)unused;
	if (file_write_atomic(message_text(request, "path"), 0600, text,
			      strlen(text), &err) < 0)
		return json_pack("{s:o}", "error", message_string(err.text));
	return json_object();
}

int
state_worker_serve(int fd)
{
	return worker_serve_requests(fd, write_file, NULL);
}

/* --- in the agent --------------------------------------------------------- */

static void
retry_later(struct state *state, const char *why)
{
	log_error("state", "%s: not saved: %s", state->path, why);
	if (state->waiting == NULL)
		state->waiting = json_incref(state->written);
	loop_timer_start(state->timer, STATE_RETRY_MS);
}

static void
take_reply(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct state *state = arg;
	const char *why = rc < 0 ? err->text : message_text(reply, "error");

	if (why[0] != '\0')
		retry_later(state, why);
	else if (state->waiting != NULL)
		loop_timer_start(state->timer, 0);
	json_decref(state->written);
	state->written = NULL;
	/* Last: `why` may lie in the message of this worker. */
	worker_free(state->worker);
	state->worker = NULL;
}

static void
write_waiting(void *arg)
{
	struct state *state = arg;

	if (state->waiting == NULL || state->worker != NULL)
		return;
	state->written = state->waiting;
	state->waiting = NULL;
	state->worker = worker_new(state->loop, "state", NULL, NULL);
	if (worker_ask(state->worker, state->written, STATE_DEADLINE_MS,
		       take_reply, state) < 0) {
		struct err err = { "cannot start a worker" };

		take_reply(state, -EAGAIN, NULL, &err);
	}
}

struct state *
state_new(struct loop *loop, const char *path)
{
	struct state *state = xcalloc(1, sizeof(*state));

	state->loop = loop;
	state->path = xstrdup(path);
	state->timer = loop_timer_new(loop, write_waiting, state);
	return state;
}

void
state_free(struct state *state)
{
	if (state == NULL)
		return;
	worker_free(state->worker);
	loop_timer_free(state->timer);
	json_decref(state->waiting);
	json_decref(state->written);
	free(state->path);
	free(state);
}

void
state_put(struct state *state, const char *text, size_t len)
{
	json_t *string = json_stringn(text, len);

	if (string == NULL)
		return; /* not UTF-8: never ours */
	json_decref(state->waiting);
	state->waiting =
		json_pack("{s:s, s:o}", "path", state->path, "text", string);
	loop_timer_start(state->timer, 0);
}
