/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are owed: to whom, and what if he is gone. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/coordinator/api_internal.h"

#define NO_UID ((uid_t)-1)

/* From the local file and not by getpwuid(): that may ask a directory server,
 * and block. */
static void
name_user(uid_t uid, char name[API_NAME_LEN])
{
	cleanup_fclose FILE *passwd = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char buffer[4096];

	snprintf(name, API_NAME_LEN, "uid %u", (unsigned)uid);
	while (passwd != NULL &&
	       fgetpwent_r(passwd, &entry, buffer, sizeof(buffer), &found) == 0)
		if (found->pw_uid == uid) {
			snprintf(name, API_NAME_LEN, "%s", found->pw_name);
			return;
		}
}

static uid_t
uid_of_peer(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return NO_UID;
	return peer.uid;
}

/*
 * The connection ends while its answer is owed.  When it failed, evhttp has
 * cut the request from it and left it to us; when the server is freed, it
 * frees the request itself.
 */
static void
client_left(struct evhttp_connection *connection, void *arg)
{
	struct api_reply *reply = arg;

	(void)connection;
	if (evhttp_request_get_connection(reply->request) == NULL)
		evhttp_request_free(reply->request);
	reply->request = NULL;
	api_guard_owe(reply->api->guard, reply->fd, -1);
}

struct api_reply *
api_reply_new(struct api *api, struct evhttp_request *request)
{
	struct evhttp_connection *connection =
		evhttp_request_get_connection(request);
	struct api_reply *reply = xcalloc(1, sizeof(*reply));

	reply->api = api;
	reply->request = request;
	reply->fd = bufferevent_getfd(
		evhttp_connection_get_bufferevent(connection));
	reply->uid = uid_of_peer(reply->fd);
	name_user(reply->uid, reply->caller);
	evhttp_connection_set_closecb(connection, client_left, reply);
	TAILQ_INSERT_TAIL(&api->replies, reply, link);
	api_guard_owe(api->guard, reply->fd, 1);
	return reply;
}

/* evhttp does not read, and so does not see an end of file, while an answer
 * is owed. */
bool
api_reply_is_gone(const struct api_reply *reply)
{
	struct pollfd hung_up = { .fd = reply->fd };

	return reply->request == NULL || poll(&hung_up, 1, 0) > 0;
}

const char *
api_reply_caller(const struct api_reply *reply)
{
	return reply->caller;
}

static void
send_text(struct api_reply *reply, int code, char *text)
{
	struct evhttp_request *request = reply->request;
	struct evbuffer *out = evhttp_request_get_output_buffer(request);

	reply->request = NULL;
	api_guard_owe(reply->api->guard, reply->fd, -1);
	/* Before the answer: it may end the connection at once. */
	evhttp_connection_set_closecb(evhttp_request_get_connection(request),
				      NULL, NULL);
	evhttp_add_header(evhttp_request_get_output_headers(request),
			  "Content-Type", "application/json");
	evbuffer_add(out, text, strlen(text));
	evbuffer_add(out, "\n", 1);
	evhttp_send_reply(request, code, NULL, NULL);
}

static void
send_json(struct api_reply *reply, int code, json_t *body)
{
	if (reply->request != NULL) {
		cleanup_free char *text = json_dumps(body, JSON_COMPACT);

		send_text(reply, text ? code : 500,
			  text ? text : (char[]){ "{}" });
	}
	json_decref(body);
	if (reply->api != NULL)
		TAILQ_REMOVE(&reply->api->replies, reply, link);
	free(reply);
}

void
api_reply_json(struct api_reply *reply, json_t *body)
{
	if (body == NULL)
		api_reply_error(reply, 500, "the answer could not be made",
				"see the coordinator's log");
	else
		send_json(reply, 200, body);
}

/* Text from outside may not be UTF-8; an error must be told all the same. */
static json_t *
any_string(const char *text)
{
	cleanup_free char *plain = xstrdup(text);
	json_t *string = json_string(text);

	if (string != NULL)
		return string;
	for (char *c = plain; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return json_string(plain);
}

void
api_reply_error(struct api_reply *reply, int code, const char *error,
		const char *hint)
{
	send_json(reply, code,
		  json_pack("{s:o, s:o}", "error", any_string(error), "hint",
			    any_string(hint)));
}
