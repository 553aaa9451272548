/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's half of common/worker.h. */
#include "common/worker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/frame.h"
#include "common/log.h"

#define REAP_SOON_MS 5   /* a killed child is mostly gone by then */
#define REAP_MS      100 /* the kernel may keep it for hours */
#define LAST_WAIT_MS 200 /* at worker_free(), for all children */

struct worker {
	struct loop *loop;
	const char *role;
	worker_event_fn event;
	void *event_arg;

	pid_t living; /* 0: none */
	int fd;       /* its socket: end of file there is its end */
	struct loop_watch *read_watch, *write_watch;
	struct frame_buffer in, out;

	/* Killed, not yet reaped, so that no other process has these ids. */
	pid_t stuck[WORKER_STUCK_MAX];
	size_t n_stuck;
	struct loop_timer *reaper;

	worker_reply_fn reply; /* NULL: no request pending */
	void *reply_arg;
	struct loop_timer *deadline;
	int64_t deadline_ms;
	bool *freed; /* tells child_speaks() that a callback freed us */
};

static void
reap_children(struct worker *worker)
{
	size_t left = 0;

	for (size_t i = 0; i < worker->n_stuck; i++)
		if (waitpid(worker->stuck[i], NULL, WNOHANG) == 0)
			worker->stuck[left++] = worker->stuck[i];
	worker->n_stuck = left;
}

static void
reap_later(void *arg)
{
	struct worker *worker = arg;

	reap_children(worker);
	if (worker->n_stuck > 0)
		loop_timer_start(worker->reaper, REAP_MS);
}

/* Kill the living child and forget it, without waiting. */
static void
give_up_child(struct worker *worker)
{
	if (worker->living == 0)
		return;
	loop_watch_free(worker->read_watch);
	loop_watch_free(worker->write_watch);
	worker->read_watch = worker->write_watch = NULL;
	close(worker->fd);
	frame_buffer_done(&worker->in);
	frame_buffer_done(&worker->out);

	kill(worker->living, SIGKILL);
	assert(worker->n_stuck < WORKER_STUCK_MAX); /* see worker_ask() */
	worker->stuck[worker->n_stuck++] = worker->living;
	worker->living = 0;
	loop_timer_start(worker->reaper, REAP_SOON_MS);
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

/* By its name first, since valgrind knows only that.  The name is gone
 * ("... (deleted)") when the program was upgraded meanwhile; the link still
 * leads to the one that runs. */
static void
execute_anew(char *const argv[])
{
	static const char link[] = "/proc/self/exe";
	char name[PATH_MAX];
	ssize_t len = readlink(link, name, sizeof(name) - 1);

	if (len > 0) {
		name[len] = '\0';
		execv(name, argv);
	}
	execv(link, argv);
}

static _Noreturn void
run_child(int fd, const char *role)
{
	char flag[] = "--worker";
	cleanup_free char *name = xstrdup(role);
	char *const argv[] = { program_invocation_short_name, flag, name,
			       NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (fd == WORKER_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, WORKER_FD);
	if (close_range(WORKER_FD + 1, ~0u, 0) == 0)
		execute_anew(argv);
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
	if (pid < 0) {
		int rc = -errno;

		close(pair[0]);
		return err_errno(err, rc, "worker %s: cannot start",
				 worker->role);
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	worker->living = pid;
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
	worker->reaper = loop_timer_new(loop, reap_later, worker);
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
	for (int ms = 0; worker->n_stuck > 0 && ms < LAST_WAIT_MS; ms++) {
		reap_children(worker);
		if (worker->n_stuck > 0)
			usleep(1000);
	}
	loop_timer_free(worker->deadline);
	loop_timer_free(worker->reaper);
	free(worker);
}

int
worker_ask(struct worker *worker, const json_t *request, int64_t deadline_ms,
	   worker_reply_fn reply, void *arg)
{
	struct err err;

	if (worker->reply != NULL)
		return -EBUSY;
	if (worker->living == 0) {
		reap_children(worker);
		if (worker->n_stuck >= WORKER_STUCK_MAX)
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
	frame_put(&worker->out, request);
	loop_timer_start(worker->deadline, deadline_ms);
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
	return (int)worker->living;
}
