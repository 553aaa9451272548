/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that knows libcurl.
 */
#include "scheduler/cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/text.h"

struct client {
	CURL *curl;
	const char *socket;

	struct curl_slist *headers; /* of the call under way */

	/* the answer so far */
	char *data;
	size_t len, room;
	bool too_big;
};

struct client *
client_new(const char *socket)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->socket = socket;
	if (curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK)
		client->curl = curl_easy_init();
	if (client->curl == NULL)
		abort(); /* only without memory */
	return client;
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	curl_easy_cleanup(client->curl);
	curl_global_cleanup();
	free(client->data);
	free(client);
}

char *
client_escape(struct client *client, const char *name)
{
	char *escaped = curl_easy_escape(client->curl, name, 0);
	char *copy = xstrdup(escaped != NULL ? escaped : "");

	curl_free(escaped);
	return copy;
}

static size_t
receive(char *data, size_t size, size_t n, void *arg)
{
	struct client *client = arg;
	size_t more = size * n;

	if (more > CLIENT_ANSWER_MAX - client->len) {
		client->too_big = true;
		return 0; /* ends the transfer */
	}
	if (client->len + more > client->room) {
		client->room = 2 * (client->len + more);
		client->data = xrealloc(client->data, client->room, 1);
	}
	if (more > 0)
		memcpy(client->data + client->len, data, more);
	client->len += more;
	return more;
}

/* Nobody is there, or not for us. */
static int
explain_connect(const struct client *client, struct err *err)
{
	long os_error = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &os_error);
	if (os_error == EACCES || os_error == EPERM)
		return err_set(err, -ENOTCONN,
			       "%s: permission denied\nrun it as root or as "
			       "a member of the group that owns the socket",
			       client->socket);
	if (os_error == ECONNREFUSED)
		return err_set(err, -ENOTCONN,
			       "nobody listens on %s: the coordinator has "
			       "ended\nstart it with `systemctl start "
			       "ironherd-coordinator`; `journalctl -u "
			       "ironherd-coordinator` says why it ended",
			       client->socket);
	if (os_error != ENOENT && os_error != ENOTDIR)
		return err_errno(err, -ENOTCONN, "%s", client->socket);
	return err_set(err, -ENOTCONN,
		       "the coordinator does not run here (no %s)\nstart it "
		       "with `systemctl start ironherd-coordinator`, or say "
		       "where its socket is with --socket",
		       client->socket);
}

static int
explain_failure(const struct client *client, CURLcode code, int64_t timeout_ms,
		struct err *err)
{
	if (client->too_big)
		return err_set(err, -EFBIG,
			       "the answer is larger than %u MiB\nis that the "
			       "coordinator's socket? (%s)",
			       CLIENT_ANSWER_MAX >> 20, client->socket);
	if (code == CURLE_COULDNT_CONNECT)
		return explain_connect(client, err);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT,
			       "the coordinator did not answer in %.1f s\nit "
			       "hangs or is overloaded: see `journalctl -u "
			       "ironherd-coordinator`; --timeout waits longer",
			       (double)timeout_ms / 1000);
	if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
	    code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE)
		return err_set(err, -ECONNRESET,
			       "the coordinator ended before it had answered\n"
			       "try again; `journalctl -u "
			       "ironherd-coordinator` says why");
	return err_set(err, -EPROTO,
		       "not understood: %s\nis that the coordinator's socket? "
		       "(%s)",
		       curl_easy_strerror(code), client->socket);
}

/* HTTP says no; the body says why, when it is ours. */
static int
explain_refusal(const json_t *answer, long status, struct err *err)
{
	cleanup_free char *what = text_safe(field_text(answer, "error"));
	cleanup_free char *hint = text_safe(field_text(answer, "hint"));
	int code = -EPERM;

	if (status == 404)
		code = -ENOENT;
	else if (status >= 500)
		code = -EAGAIN;
	if (what[0] == '\0')
		return err_set(err, code,
			       "the coordinator answered with HTTP status %ld "
			       "and no reason\nis it of another version than "
			       "this command?",
			       status);
	/* Cut, so that there is room for both. */
	return err_set(err, code, "%.300s%s%.180s", what,
		       hint[0] != '\0' ? "\n" : "", hint);
}

static int
read_answer(const struct client *client, json_t **ret_answer, struct err *err)
{
	long status = 0;
	json_error_t mistake = { .line = -1 };
	json_t *answer =
		json_loadb(client->data != NULL ? client->data : "",
			   client->len, JSON_REJECT_DUPLICATES, &mistake);
	int rc;

	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		rc = explain_refusal(answer, status, err);
	} else if (answer == NULL) {
		cleanup_free char *why = text_safe(mistake.text);
		rc = err_set(
			err, -EPROTO,
			"the answer is not JSON (line %d: %.120s)\nis that "
			"the coordinator's socket? (%s)",
			mistake.line, why, client->socket);
	} else if (!json_is_object(answer)) {
		rc = err_set(err, -EPROTO,
			     "the answer is not a JSON object\nis that the "
			     "coordinator's socket? (%s)",
			     client->socket);
	} else {
		*ret_answer = answer;
		return 0;
	}
	json_decref(answer);
	return rc;
}

static void
prepare(struct client *client, const char *url, int64_t timeout_ms)
{
	CURL *curl = client->curl;

	client->len = 0;
	client->too_big = false;
	curl_easy_reset(curl);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	curl_easy_setopt(curl, CURLOPT_PROXY,
			 ""); /* whatever http_proxy says */
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a host named ".." */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "ironherd/" IRONHERD_VERSION);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
}

/* All of a call but the waiting. */
static int
begin(struct client *client, const char *path, const json_t *body,
      int64_t timeout_ms, struct err *err)
{
	cleanup_free char *url = xasprintf("http://ironherd%s", path);

	if (strlen(client->socket) >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(
			err, -ENOTCONN,
			"the socket's path is too long (%zu characters)\n"
			"a unix socket's has at most %zu",
			strlen(client->socket),
			sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	prepare(client, url, timeout_ms);
	if (body == NULL)
		return 0;
	cleanup_free char *text = json_dumps(body, JSON_COMPACT);
	client->headers =
		curl_slist_append(NULL, "Content-Type: application/json");
	curl_easy_setopt(client->curl, CURLOPT_COPYPOSTFIELDS, text);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
	return 0;
}

static int
finish(struct client *client, CURLcode code, int64_t timeout_ms,
       json_t **ret_answer, struct err *err)
{
	curl_slist_free_all(client->headers);
	client->headers = NULL;
	if (code != CURLE_OK)
		return explain_failure(client, code, timeout_ms, err);
	return read_answer(client, ret_answer, err);
}

int
client_call(struct client *client, const char *path, const json_t *body,
	    int64_t timeout_ms, json_t **ret_answer, struct err *err)
{
	int rc = begin(client, path, body, timeout_ms, err);

	if (rc < 0)
		return rc;
	return finish(client, curl_easy_perform(client->curl), timeout_ms,
		      ret_answer, err);
}

/* --- many at once -------------------------------------------------------- */

enum { LOOK_MS = 200 }; /* so often it is asked whether it is over */

/* What runs in each place; SIZE_MAX: nothing. */
struct places {
	struct client *clients[CLIENT_AT_ONCE];
	size_t calls[CLIENT_AT_ONCE];
	CURLM *multi;
	struct client_many *many;
	size_t next, done;
};

static void
end_one(struct places *places, const struct client_one *one)
{
	const struct client_many *many = places->many;

	places->done++;
	if (many->progress != NULL)
		many->progress(many->arg, one, places->done, many->n);
}

static void
fill_places(struct places *places)
{
	const struct client_many *many = places->many;

	for (size_t i = 0; i < CLIENT_AT_ONCE; i++) {
		struct client *client = places->clients[i];

		while (places->calls[i] == SIZE_MAX && places->next < many->n) {
			struct client_one *one = &many->calls[places->next++];

			one->rc = begin(client, one->path, many->body,
					many->timeout_ms, &one->err);
			if (one->rc < 0) {
				end_one(places, one);
				continue;
			}
			places->calls[i] = (size_t)(one - many->calls);
			curl_multi_add_handle(places->multi, client->curl);
		}
	}
}

static void
take_ended(struct places *places)
{
	const struct client_many *many = places->many;
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(places->multi, &left)) != NULL) {
		size_t i = 0;

		while (places->clients[i]->curl != message->easy_handle)
			i++;
		CURLcode code = message->data.result;
		struct client_one *one = &many->calls[places->calls[i]];
		curl_multi_remove_handle(places->multi,
					 places->clients[i]->curl);
		one->rc = finish(places->clients[i], code, many->timeout_ms,
				 &one->answer, &one->err);
		places->calls[i] = SIZE_MAX;
		end_one(places, one);
	}
}

/* What was sent is done by the coordinator whether we listen or not. */
static void
give_up(struct places *places)
{
	const struct client_many *many = places->many;

	for (size_t i = 0; i < CLIENT_AT_ONCE; i++) {
		struct client *client = places->clients[i];
		long sent = 0;

		if (places->calls[i] == SIZE_MAX)
			continue;
		struct client_one *one = &many->calls[places->calls[i]];
		curl_easy_getinfo(client->curl, CURLINFO_REQUEST_SIZE, &sent);
		curl_multi_remove_handle(places->multi, client->curl);
		curl_slist_free_all(client->headers);
		client->headers = NULL;
		one->rc = sent > 0 ? err_set(&one->err, -EINTR,
					     "interrupted before the answer")
				   : err_set(&one->err, -ECANCELED,
					     "interrupted, not sent");
	}
	for (; places->next < many->n; places->next++)
		many->calls[places->next].rc =
			err_set(&many->calls[places->next].err, -ECANCELED,
				"interrupted, not sent");
}

/* False: ended early. */
static bool
run(struct places *places)
{
	const struct client_many *many = places->many;
	int running = 0;

	while (places->done < many->n) {
		if (many->is_over != NULL && many->is_over())
			return false;
		fill_places(places);
		curl_multi_perform(places->multi, &running);
		take_ended(places);
		if (running > 0)
			curl_multi_poll(places->multi, NULL, 0, LOOK_MS, NULL);
	}
	return true;
}

bool
client_call_many(const char *socket, struct client_many *many)
{
	struct places places = { .multi = curl_multi_init(), .many = many };

	for (size_t i = 0; i < CLIENT_AT_ONCE; i++) {
		places.clients[i] = client_new(socket);
		places.calls[i] = SIZE_MAX;
	}
	bool whole = run(&places);
	if (!whole)
		give_up(&places);
	for (size_t i = 0; i < CLIENT_AT_ONCE; i++)
		client_free(places.clients[i]);
	curl_multi_cleanup(places.multi);
	return whole;
}
