/* SPDX-License-Identifier: Apache-2.0 */
/* The api's life: its socket, and evhttp on it. */
#include <errno.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "scheduler/coordinator/api_internal.h"

#define BACKLOG 64

/* evhttp's own limit answers in HTML and ends the connection; ours, below it,
 * in JSON. */
#define EVHTTP_BODY_MAX ((ssize_t)4 * API_BODY_MAX)

/* The guard is stricter; this is for what it might overlook. */
#define EVHTTP_TIMEOUT_S (API_WAIT_MAX_MS / 1000 + 2 * API_TIMEOUT_S)

/* --- socket -------------------------------------------------------------- */

/* What is at the path already?  0: nothing that is needed. */
static int
clear_path(const char *path, const struct sockaddr_un *to, struct err *err)
{
	cleanup_close int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(err, -errno, "%s", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, -EEXIST,
			       "%s: is there and not a socket; move it away, "
			       "or choose another api-socket",
			       path);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 ||
	    errno == EAGAIN)
		return err_set(err, -EADDRINUSE,
			       "%s: another coordinator listens there; stop it "
			       "first, or choose another api-socket",
			       path);
	if (errno != ECONNREFUSED)
		return err_errno(err, -errno, "%s", path);
	return unlink(path) < 0 ? err_errno(err, -errno, "%s", path) : 0;
}

static int
make_folder(const char *path, struct err *err)
{
	cleanup_free char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (slash == NULL || slash == folder)
		return 0;
	*slash = '\0';
	return file_mkdirs(folder, 0755, err);
}

static int
open_socket(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(to.sun_path))
		return err_set(err, -ENAMETOOLONG,
			       "%s: longer than the %zu bytes of a socket's "
			       "name",
			       path, sizeof(to.sun_path) - 1);
	memcpy(to.sun_path, path, strlen(path) + 1);
	int rc = make_folder(path, err);
	if (rc == 0)
		rc = clear_path(path, &to, err);
	if (rc < 0)
		return rc;

	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0117); /* never open to all, not for a moment */
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		rc = err_errno(err, -errno, "%s", path);
	umask(before);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/* --- requests ------------------------------------------------------------ */

static void
request_came(struct evhttp_request *request, void *arg)
{
	struct api *api = arg;

	api_route(api, api_reply_new(api, request));
}

/*
 * evhttp takes unix sockets by any listener: it finds no name for the peer's
 * address and needs none.  All methods are let through, to be refused in JSON.
 */
static void
start_http(struct api *api, int fd)
{
	struct evconnlistener *listener =
		evconnlistener_new(loop_base(api->loop), NULL, NULL,
				   LEV_OPT_CLOSE_ON_FREE |
					   LEV_OPT_CLOSE_ON_EXEC,
				   0, fd);

	api->http = evhttp_new(loop_base(api->loop));
	if (listener == NULL || api->http == NULL ||
	    evhttp_bind_listener(api->http, listener) == NULL)
		log_fatal("api", "cannot start the HTTP server");
	evhttp_set_max_headers_size(api->http, API_HEADERS_MAX);
	evhttp_set_max_body_size(api->http, EVHTTP_BODY_MAX);
	evhttp_set_timeout(api->http, EVHTTP_TIMEOUT_S);
	evhttp_set_allowed_methods(api->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST |
						      EVHTTP_REQ_HEAD |
						      EVHTTP_REQ_PUT |
						      EVHTTP_REQ_DELETE |
						      EVHTTP_REQ_OPTIONS |
						      EVHTTP_REQ_PATCH);
	evhttp_set_gencb(api->http, request_came, api);
	api->guard = api_guard_new(api->loop, api->http, listener);
}

int
api_start(struct loop *loop, const char *path, const struct api_ops *ops,
	  void *arg, struct api **ret_api, struct err *err)
{
	struct stat st = { 0 };
	int fd = -1;
	int rc = open_socket(path, &fd, err);

	if (rc < 0)
		return err_prefix(err, rc, "api-socket");
	lstat(path, &st);
	signal(SIGPIPE, SIG_IGN); /* evhttp writes to clients that left */

	struct api *api = xcalloc(1, sizeof(*api));
	*api = (struct api){
		.loop = loop,
		.ops = ops,
		.arg = arg,
		.path = xstrdup(path),
		.inode = st.st_ino,
	};
	TAILQ_INIT(&api->replies);
	start_http(api, fd);
	api->waits = api_waits_new(api);
	*ret_api = api;
	return 0;
}

void
api_stop(struct api *api)
{
	struct api_reply *reply;
	struct stat st;

	if (api == NULL)
		return;
	api_waits_free(api->waits);
	evhttp_free(api->http); /* clients of owed replies become gone */
	api_guard_free(api->guard);
	while ((reply = TAILQ_FIRST(&api->replies)) != NULL) {
		TAILQ_REMOVE(&api->replies, reply, link);
		reply->api = NULL;
	}
	if (lstat(api->path, &st) == 0 && st.st_ino == api->inode)
		unlink(api->path);
	free(api->path);
	free(api);
}

void
api_wake(struct api *api)
{
	api_waits_wake(api->waits);
}
