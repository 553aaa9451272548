/* SPDX-License-Identifier: Apache-2.0 */
/* The child's half of common/worker.h: blocking, one request at a time. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/cleanup.h"
#include "common/frame.h"
#include "common/worker.h"

int
worker_main(int argc, char *const argv[], const struct worker_role *roles,
	    size_t n_roles)
{
	if (argc != 3 || strcmp(argv[1], "--worker") != 0)
		return -1;
	/* Closes the race with a parent that died before this line, too: its
	 * end of the socket is closed, and serve() sees end of file. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* ^C is for the parent, which ends us */
	/* A grandchild that kept the socket would hide our end. */
	fcntl(WORKER_FD, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < n_roles; i++)
		if (strcmp(argv[2], roles[i].name) == 0)
			return roles[i].serve(WORKER_FD);
	return EXIT_FAILURE;
}

json_t *
worker_receive(int fd)
{
	static struct frame_buffer in; /* what came behind the last message */
	json_t *message = NULL;

	for (;;) {
		int rc = frame_take(&in, &message);
		if (rc != 0)
			return rc > 0 ? message : NULL;
		rc = frame_fill(&in, fd);
		if (rc <= 0 && rc != -EAGAIN)
			return NULL;
	}
}

int
worker_send(int fd, const json_t *message)
{
	struct frame_buffer out = { 0 };

	frame_put(&out, message);
	int rc = frame_flush(&out, fd);
	frame_buffer_done(&out);
	return rc;
}

int
worker_serve_requests(int fd, worker_handle_fn handle, void *state)
{
	json_t *request;

	while ((request = worker_receive(fd)) != NULL) {
		json_t *reply = handle(state, request);
		int rc = worker_send(fd, reply);

		json_decref(reply);
		json_decref(request);
		if (rc < 0)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
