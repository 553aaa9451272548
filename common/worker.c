/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's half of common/worker.h. */
#include "common/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/frame.h"
#include "common/log.h"

#define LAST_WAIT_MS 200 /* at worker_free(), for a child that dies normally */

/* A killed child stays in its worker's list until the kernel lets it go. */
struct child {
	struct worker *worker;
	struct child *next;
	pid_t pid;
	int pidfd;
	struct loop_watch *exit_watch;
};

struct worker {
	struct loop *loop;
	const char *role;
	worker_event_fn event;
	void *event_arg;

	struct child *living; /* NULL: none */
	struct child *stuck;  /* killed, not yet gone */
	int fd;
	struct loop_watch *read_watch, *write_watch;
	struct frame_buffer in, out;

	worker_reply_fn reply; /* NULL: no request pending */
	void *reply_arg;
	struct loop_timer *deadline;
	int64_t deadline_ms;
	bool *freed; /* tells child_speaks() that a callback freed us */
};

static void
child_free(struct child *child)
{
	loop_watch_free(child->exit_watch);
	close(child->pidfd);
	free(child);
}

static void
child_gone(void *arg, int fd, unsigned what)
{
	struct child *child = arg;
	struct worker *worker = child->worker;

	(void)fd;
	(void)what;
	waitpid(child->pid, NULL, WNOHANG);
	for (struct child **link = &worker->stuck; *link != NULL;
	     link = &(*link)->next)
		if (*link == child) {
			*link = child->next;
			child_free(child);
			return;
		}
	/* The living one: its end of file on the socket tells the story. */
	loop_watch_free(child->exit_watch);
	child->exit_watch = NULL;
}

/* Kill the living child and forget it, without waiting. */
static void
give_up_child(struct worker *worker)
{
	struct child *child = worker->living;

	if (child == NULL)
		return;
	worker->living = NULL;
	loop_watch_free(worker->read_watch);
	loop_watch_free(worker->write_watch);
	worker->read_watch = worker->write_watch = NULL;
	close(worker->fd);
	frame_buffer_done(&worker->in);
	frame_buffer_done(&worker->out);

	if (child->exit_watch == NULL) { /* reaped already */
		child_free(child);
		return;
	}
	pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
	child->next = worker->stuck;
	worker->stuck = child;
}

static void
answer(struct worker *worker, int rc, const json_t *reply,
       const struct err *err)
{
	worker_reply_fn fn = worker->reply;

	if (fn == NULL)
		return;
	worker->reply = NULL;
	loop_timer_stop(worker->deadline);
	fn(worker->reply_arg, rc, reply, err); /* may free the worker */
}

static void
fail(struct worker *worker, int rc, const char *why)
{
	struct err err;

	err_set(&err, rc, "worker %s: %s", worker->role, why);
	give_up_child(worker);
	answer(worker, rc, NULL, &err);
}

static void
deadline_passed(void *arg)
{
	struct worker *worker = arg;
	struct err err;

	err_set(&err, 0, "worker %s: no answer in %lld ms", worker->role,
	        (long long)worker->deadline_ms);
	give_up_child(worker);
	answer(worker, -ETIMEDOUT, NULL, &err);
}

static void
deliver(struct worker *worker, json_t *message)
{
	bool event = json_is_string(json_object_get(message, "event"));

	if (event && worker->event != NULL)
		worker->event(worker->event_arg, message);
	else if (!event && worker->reply != NULL)
		answer(worker, 0, message, NULL);
	else if (!event) /* it would pass for the next request's answer */
		give_up_child(worker);
	json_decref(message);
}

static void
child_speaks(void *arg, int fd, unsigned what)
{
	struct worker *worker = arg;
	json_t *message = NULL;
	bool freed = false;

	(void)what;
	int rc = frame_fill(&worker->in, fd);
	if (rc == -EAGAIN)
		return;
	if (rc <= 0) {
		fail(worker, -EPIPE, "ended before it answered");
		return;
	}
	worker->freed = &freed;
	while (!freed && (rc = frame_take(&worker->in, &message)) > 0)
		deliver(worker, message);
	if (freed)
		return;
	worker->freed = NULL;
	if (rc < 0)
		fail(worker, rc, "sent something that is no message");
}

static void
flush_out(void *arg, int fd, unsigned what)
{
	struct worker *worker = arg;
	int rc = frame_flush(&worker->out, fd);

	(void)what;
	if (rc == -EAGAIN) {
		if (worker->write_watch == NULL)
			worker->write_watch =
				loop_watch_new(worker->loop, fd, LOOP_WRITE,
			                       flush_out, worker);
		return;
	}
	loop_watch_free(worker->write_watch);
	worker->write_watch = NULL;
	/* An error shows as end of file on the reading side. */
}

static _Noreturn void
run_child(int fd, const char *role)
{
	char program[] = "/proc/self/exe", flag[] = "--worker";
	cleanup_free char *name = xstrdup(role);
	char *const argv[] = { program, flag, name, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd == WORKER_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, WORKER_FD);
	if (close_range(WORKER_FD + 1, ~0u, 0) == 0)
		execv(program, argv);
	_exit(127);
}

static int
start_child(struct worker *worker, struct err *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, -errno, "worker %s", worker->role);
	pid_t pid = fork();
	if (pid == 0)
		run_child(pair[1], worker->role);
	close(pair[1]);
	int pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
	if (pidfd < 0) {
		int rc = -errno;

		close(pair[0]);
		if (pid > 0 && kill(pid, SIGKILL) == 0)
			waitpid(pid, NULL, 0); /* it has done nothing yet */
		return err_errno(err, rc, "worker %s: cannot start",
		                 worker->role);
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);

	struct child *child = xcalloc(1, sizeof(*child));
	*child = (struct child){ .worker = worker, .pid = pid, .pidfd = pidfd };
	child->exit_watch = loop_watch_new(worker->loop, pidfd, LOOP_READ,
	                                   child_gone, child);
	worker->living = child;
	worker->fd = pair[0];
	worker->read_watch = loop_watch_new(worker->loop, pair[0], LOOP_READ,
	                                    child_speaks, worker);
	return 0;
}

struct worker *
worker_new(struct loop *loop, const char *role, worker_event_fn event,
           void *arg)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));

	worker->loop = loop;
	worker->role = role;
	worker->event = event;
	worker->event_arg = arg;
	worker->deadline = loop_timer_new(loop, deadline_passed, worker);
	return worker;
}

void
worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	if (worker->freed != NULL)
		*worker->freed = true;
	give_up_child(worker);
	loop_timer_free(worker->deadline);
	while (worker->stuck != NULL) {
		struct child *child = worker->stuck;
		struct pollfd gone = { .fd = child->pidfd, .events = POLLIN };

		worker->stuck = child->next;
		if (poll(&gone, 1, LAST_WAIT_MS) > 0)
			waitpid(child->pid, NULL, WNOHANG);
		child_free(child);
	}
	free(worker);
}

static size_t
count_stuck(const struct worker *worker)
{
	size_t n = 0;

	for (const struct child *c = worker->stuck; c != NULL; c = c->next)
		n++;
	return n;
}

int
worker_ask(struct worker *worker, const json_t *request, int64_t deadline_ms,
           worker_reply_fn reply, void *arg)
{
	struct err err;

	if (worker->reply != NULL)
		return -EBUSY;
	if (worker->living == NULL) {
		if (count_stuck(worker) >= WORKER_STUCK_MAX)
			return -EAGAIN;
		int rc = start_child(worker, &err);
		if (rc < 0) {
			log_error("worker", "%s", err.text);
			return rc;
		}
	}
	worker->reply = reply;
	worker->reply_arg = arg;
	worker->deadline_ms = deadline_ms;
	loop_timer_start(worker->deadline, deadline_ms);
	frame_put(&worker->out, request);
	flush_out(worker, worker->fd, LOOP_WRITE);
	return 0;
}

bool
worker_is_busy(const struct worker *worker)
{
	return worker->reply != NULL;
}

int
worker_pid(const struct worker *worker)
{
	return worker->living ? (int)worker->living->pid : 0;
}
