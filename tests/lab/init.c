/* SPDX-License-Identifier: Apache-2.0 */
/* PID 1 of a lab host: makes the host's namespaces, starts the services of a
 * list in order, reaps everything, restarts nothing.  Killing it with SIGKILL
 * is the lab's power cut: the kernel takes every process of the host along.
 *
 *   init -p PIDFILE -d STATEDIR LIST
 *
 * The first process writes "PID START-TIME" of the new PID 1 to PIDFILE and
 * ends.  LIST holds lines of "HOW NAME SHELL COMMAND":
 *   run    wait for it; if it fails, nothing after it is started
 *   start  start it and go on
 *   later  only when "start NAME" is written to STATEDIR/init.fifo
 * Output goes to STATEDIR/log/NAME, the PID (as seen inside) to
 * STATEDIR/pid/NAME while the service lives. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICES_MAX 16
#define LINE_MAX_LEN 4096
#define STOP_GRACE_S 3

enum how { HOW_RUN, HOW_START, HOW_LATER };

struct service {
	enum how how;
	char name[32];
	char *command;
	pid_t pid; /* 0: not running */
};

struct init {
	const char *dir;
	struct service services[SERVICES_MAX];
	int n_services;
	int next;      /* next of the list to be started */
	pid_t awaited; /* a "run" line that has not ended */
	bool stopping;
	int fifo;
	int signals;
	char line[256]; /* what came through the FIFO so far */
	size_t line_len;
};

static const char *const how_names[] = { "run", "start", "later" };

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *format, ...)
{
	struct timespec now;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &now);
	fprintf(stderr, "%lld%03ld init: ", (long long)now.tv_sec,
		now.tv_nsec / 1000000);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

__attribute__((noreturn)) static void
die(const char *what)
{
	say("%s: %s", what, strerror(errno));
	_exit(1);
}

/* --- the list ------------------------------------------------------------ */

static void
service_parse(struct init *init, char *line)
{
	char *rest = NULL;
	const char *how = strtok_r(line, " \t\n", &rest);
	const char *name = how ? strtok_r(NULL, " \t\n", &rest) : NULL;
	struct service *service = &init->services[init->n_services];

	if (!how || how[0] == '#')
		return;
	if (!name || strlen(name) >= sizeof(service->name) ||
	    init->n_services == SERVICES_MAX) {
		say("bad line in the list: %s", how);
		exit(1);
	}
	for (size_t i = 0; i < sizeof(how_names) / sizeof(how_names[0]); i++) {
		if (strcmp(how, how_names[i]) != 0)
			continue;
		service->how = (enum how)i;
		snprintf(service->name, sizeof(service->name), "%s", name);
		service->command = strdup(rest);
		if (!service->command)
			die("strdup");
		service->command[strcspn(service->command, "\n")] = '\0';
		init->n_services++;
		return;
	}
	say("bad word in the list: %s", how);
	exit(1);
}

static void
services_load(struct init *init, const char *path)
{
	char line[LINE_MAX_LEN];
	FILE *file = fopen(path, "re");

	if (!file)
		die(path);
	while (fgets(line, sizeof(line), file))
		service_parse(init, line);
	fclose(file);
}

/* --- services ------------------------------------------------------------ */

static void
pid_path(const struct init *init, const struct service *service, char *path,
	 size_t size)
{
	snprintf(path, size, "%s/pid/%s", init->dir, service->name);
}

static void
pid_save(const struct init *init, const struct service *service)
{
	char path[512];
	FILE *file;

	pid_path(init, service, path, sizeof(path));
	file = fopen(path, "we");
	if (!file) {
		say("%s: %s", path, strerror(errno));
		return;
	}
	fprintf(file, "%d\n", (int)service->pid);
	fclose(file);
}

/* In the child: never returns. */
static void
service_become(const struct init *init, const struct service *service)
{
	char path[512];
	sigset_t none;
	int out;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	snprintf(path, sizeof(path), "%s/log/%s", init->dir, service->name);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		close(out);
	}
	execl("/bin/sh", "sh", "-c", service->command, (char *)NULL);
	_exit(127);
}

static void
service_start(struct init *init, struct service *service)
{
	if (service->pid) {
		say("%s runs already", service->name);
		return;
	}
	service->pid = fork();
	if (service->pid < 0)
		die("fork");
	if (service->pid == 0)
		service_become(init, service);
	pid_save(init, service);
	say("%s started, pid %d", service->name, (int)service->pid);
}

/* Go down the list as far as the "run" lines let us. */
static void
services_advance(struct init *init)
{
	while (!init->awaited && !init->stopping &&
	       init->next < init->n_services) {
		struct service *service = &init->services[init->next++];

		if (service->how == HOW_LATER)
			continue;
		service_start(init, service);
		if (service->how == HOW_RUN)
			init->awaited = service->pid;
	}
}

static void
service_ended(struct init *init, struct service *service, int status)
{
	char path[512];

	if (WIFSIGNALED(status))
		say("%s ended by signal %d", service->name, WTERMSIG(status));
	else
		say("%s ended, exit %d", service->name, WEXITSTATUS(status));
	pid_path(init, service, path, sizeof(path));
	unlink(path);
	if (service->pid == init->awaited) {
		init->awaited = 0;
		if (status != 0) {
			say("%s failed: the rest is not started",
			    service->name);
			init->next = init->n_services;
		}
	}
	service->pid = 0;
}

static void
reap(struct init *init)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < init->n_services; i++)
			if (init->services[i].pid == pid)
				service_ended(init, &init->services[i], status);
	}
	services_advance(init);
}

/* --- orders -------------------------------------------------------------- */

static void
order_obey(struct init *init, const char *order)
{
	if (strncmp(order, "start ", 6) == 0)
		for (int i = 0; i < init->n_services; i++)
			if (strcmp(init->services[i].name, order + 6) == 0) {
				service_start(init, &init->services[i]);
				return;
			}
	say("unknown order: %s", order);
}

static void
orders_read(struct init *init)
{
	char c;

	while (read(init->fifo, &c, 1) == 1) {
		if (c == '\n') {
			init->line[init->line_len] = '\0';
			init->line_len = 0;
			order_obey(init, init->line);
		} else if (init->line_len + 1 < sizeof(init->line)) {
			init->line[init->line_len++] = c;
		}
	}
}

static void
signals_read(struct init *init)
{
	struct signalfd_siginfo info;

	while (read(init->signals, &info, sizeof(info)) ==
	       (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM && !init->stopping) {
			say("orderly shutdown");
			init->stopping = true;
			kill(-1, SIGTERM);
			alarm(STOP_GRACE_S);
		} else if (info.ssi_signo == SIGALRM) {
			_exit(0);
		}
	}
	reap(init);
	if (init->stopping && waitpid(-1, NULL, WNOHANG) < 0)
		_exit(0);
}

static void
init_open(struct init *init)
{
	char path[512];
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGALRM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	init->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init->signals < 0)
		die("signalfd");
	snprintf(path, sizeof(path), "%s/init.fifo", init->dir);
	unlink(path);
	if (mkfifo(path, 0600) < 0)
		die(path);
	/* Read-write, so that it never sees an end of file. */
	init->fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (init->fifo < 0)
		die(path);
}

static void
init_run(struct init *init)
{
	struct pollfd fds[2];

	init_open(init);
	services_advance(init);
	fds[0] = (struct pollfd){ .fd = init->signals, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = init->fifo, .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents)
			signals_read(init);
		if (fds[1].revents)
			orders_read(init);
	}
}

/* --- becoming PID 1 ------------------------------------------------------ */

/* Field 22 of /proc/PID/stat: with the PID it names a process for good. */
static unsigned long long
start_time(pid_t pid)
{
	char path[64];
	char text[1024] = "";
	unsigned long long ret = 0;
	const char *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ret = strtoull(at, NULL, 10);
	return ret;
}

static void
record_pid(const char *path, pid_t pid)
{
	char part[512];
	FILE *file;

	snprintf(part, sizeof(part), "%s.part", path);
	file = fopen(part, "we");
	if (!file)
		die(part);
	fprintf(file, "%d %llu\n", (int)pid, start_time(pid));
	if (fclose(file) != 0 || rename(part, path) < 0)
		die(path);
}

int
main(int argc, char **argv)
{
	static struct init init;
	const char *pid_file = NULL;
	pid_t pid;
	int option;

	while ((option = getopt(argc, argv, "p:d:")) != -1) {
		if (option == 'p')
			pid_file = optarg;
		else if (option == 'd')
			init.dir = optarg;
		else
			return 2;
	}
	if (!pid_file || !init.dir || optind + 1 != argc) {
		fputs("usage: init -p PIDFILE -d STATEDIR LIST\n", stderr);
		return 2;
	}
	/* A BMC that powers us on must not lend us its sockets. */
	if (close_range(3, ~0U, 0) < 0)
		die("close_range");
	setsid();
	services_load(&init, argv[optind]);
	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID))
		die("unshare");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid > 0) {
		record_pid(pid_file, pid);
		/* Not exit(): a leak checker's helper would be born into
		 * the new PID namespace, where it is never waited for. */
		_exit(0);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("mount");
	init_run(&init);
	return 0;
}
