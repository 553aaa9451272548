/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/cli/fake_api.h - a coordinator's API that says what a test wants,
 * and one run of the command against it.
 *
 * The server is a child process on a unix socket in a folder of its own; it
 * ends with fake_stop() or with its parent.
 */
#ifndef TESTS_UNIT_CLI_FAKE_API_H
#define TESTS_UNIT_CLI_FAKE_API_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <locale.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cli.h"

/* 2026-03-04 03:12:45 UTC */
#define NOW_MS INT64_C(1772593965000)

enum { FAKE_RAW = -1, FAKE_REQUEST_MAX = 16384 };

struct fake_route {
	const char *request; /* how it begins: "GET /v1/status"; NULL ends */
	int code;            /* HTTP status, or FAKE_RAW: body is all */
	const char *body;    /* ' stands for " unless raw */
	size_t filler;       /* this many blanks after the body */
	int delay_ms;
};

struct fake {
	char folder[32], socket[48], log[48];
	pid_t pid; /* 0: not running */
};

static inline void
fake_sleep_ms(int ms)
{
	struct timespec time = { .tv_sec = ms / 1000,
				 .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* --- the child -------------------------------------------------------- */

static inline void
fake_write(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static inline void
fake_answer(int fd, const struct fake_route *route)
{
	cleanup_free char *body = xstrdup(route->body);
	size_t len = strlen(body);
	char head[160];

	if (route->delay_ms > 0)
		fake_sleep_ms(route->delay_ms);
	if (route->code == FAKE_RAW) {
		fake_write(fd, body, len);
		return;
	}
	for (char *c = body; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	snprintf(head, sizeof(head),
		 "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n"
		 "Connection: close\r\n\r\n",
		 route->code, len + route->filler);
	fake_write(fd, head, strlen(head));
	fake_write(fd, body, len);

	char blanks[4096];
	memset(blanks, ' ', sizeof(blanks));
	for (size_t left = route->filler; left > 0;) {
		size_t n = left < sizeof(blanks) ? left : sizeof(blanks);
		fake_write(fd, blanks, n);
		left -= n;
	}
}

/* Read a request with its body; false when there is none. */
static inline bool
fake_read(int fd, char request[FAKE_REQUEST_MAX])
{
	size_t len = 0;

	while (len < FAKE_REQUEST_MAX - 1) {
		ssize_t n = read(fd, request + len, FAKE_REQUEST_MAX - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		request[len] = '\0';
		char *end = strstr(request, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *length = strcasestr(request, "Content-Length: ");
		size_t body =
			length != NULL ? strtoul(length + 16, NULL, 10) : 0;
		if (len >= (size_t)(end + 4 - request) + body)
			return true;
	}
	return false;
}

/* "METHOD PATH BODY" */
static inline void
fake_log(const struct fake *fake, const char *request)
{
	FILE *log = fopen(fake->log, "a");
	const char *body = strstr(request, "\r\n\r\n");

	if (log == NULL)
		return;
	fprintf(log, "%.*s %s\n", (int)strcspn(request, "\r") - 9, request,
		body + 4);
	fclose(log);
}

static inline void
fake_serve(const struct fake *fake, int listener,
	   const struct fake_route *routes)
{
	static const struct fake_route missing = {
		NULL, 404, "{'error': 'no such thing', 'hint': 'look again'}",
		0, 0
	};
	char request[FAKE_REQUEST_MAX];

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(0);
		if (fake_read(fd, request)) {
			const struct fake_route *r = routes;
			fake_log(fake, request);
			while (r->request != NULL &&
			       strncmp(request, r->request,
				       strlen(r->request)) != 0)
				r++;
			fake_answer(fd, r->request != NULL ? r : &missing);
		}
		close(fd);
	}
}

/* --- the test's side -------------------------------------------------- */

static inline void
fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	snprintf(fake->folder, sizeof(fake->folder),
		 "/tmp/ironherd-cli-XXXXXX");
	assert_non_null(mkdtemp(fake->folder));
	snprintf(fake->socket, sizeof(fake->socket), "%s/s", fake->folder);
	snprintf(fake->log, sizeof(fake->log), "%s/log", fake->folder);
}

static inline void
fake_start(struct fake *fake, const struct fake_route *routes)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(fake->socket);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 fake->socket);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			      sizeof(address)),
			 0);
	assert_int_equal(listen(listener, 128), 0);
	fake->pid = fork();
	assert_true(fake->pid >= 0);
	if (fake->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fake_serve(fake, listener, routes);
	}
	close(listener);
}

static inline void
fake_kill(struct fake *fake)
{
	if (fake->pid > 0) {
		kill(fake->pid, SIGKILL);
		waitpid(fake->pid, NULL, 0);
	}
	fake->pid = 0;
}

static inline void
fake_stop(struct fake *fake)
{
	fake_kill(fake);
	unlink(fake->socket);
	unlink(fake->log);
	rmdir(fake->folder);
}

/* All requests so far; the caller frees it. */
static inline char *
fake_requests(const struct fake *fake)
{
	FILE *log = fopen(fake->log, "r");
	char *text = xcalloc(1, 65536);

	if (log != NULL) {
		text[fread(text, 1, 65535, log)] = '\0';
		fclose(log);
	}
	return text;
}

/* --- a run of the command --------------------------------------------- */

struct run {
	int status;
	char *out, *err;
	size_t out_len, err_len;
};

static inline int64_t
fake_now_ms(void)
{
	return NOW_MS;
}

/* What a test may change between runs. */
static struct cli_io run_io = { .width = 80, .now_ms = fake_now_ms };
static const char *run_input = "";

static inline void
run_done(struct run *run)
{
	free(run->out);
	free(run->err);
	run->out = run->err = NULL;
}

/* `line` is split at blanks: "power off h1 --yes". */
static inline void
run_command(struct run *run, const struct fake *fake, const char *line)
{
	char *copy = xstrdup(line), *save = NULL;
	char *argv[16] = { (char *)"ironherd", NULL };
	struct cli_io io = run_io;
	int argc = 1;

	for (char *word = strtok_r(copy, " ", &save); word != NULL && argc < 15;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	memset(run, 0, sizeof(*run));
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	unsetenv("SUDO_USER");
	if (fake != NULL)
		setenv(CLI_SOCKET_ENV, fake->socket, 1);
	io.in = fmemopen((char *)(uintptr_t)run_input, strlen(run_input) + 1,
			 "r");
	io.out = open_memstream(&run->out, &run->out_len);
	io.err = open_memstream(&run->err, &run->err_len);
	run->status = cli_run(&io, argc, argv);
	fclose(io.in);
	fclose(io.out);
	fclose(io.err);
	free(copy);
}

/* As it would be on an endless line. */
static inline char *
unwrap(const char *text)
{
	char *line = xstrdup(text), *to = line;

	for (const char *c = text; *c != '\0'; c++) {
		*to++ = *c == '\n' ? ' ' : *c;
		if (*c == '\n')
			while (c[1] == ' ')
				c++;
	}
	*to = '\0';
	return line;
}

/* The line of a host. */
static inline char *
line_of(const char *out, const char *host)
{
	const char *at = out;
	size_t len = strlen(host);

	while (strncmp(at, host, len) != 0 || at[len] != ' ') {
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	return xasprintf("%.*s", (int)strcspn(at, "\n"), at);
}

/* Without a server, or with one that is set up. */
#define assert_run(run, wanted_status, wanted_out, wanted_err)  \
	do {                                                    \
		assert_string_equal((run)->err, wanted_err);    \
		assert_string_equal((run)->out, wanted_out);    \
		assert_int_equal((run)->status, wanted_status); \
		run_done(run);                                  \
	} while (0)

#define assert_has(text, part)   assert_non_null(strstr(text, part))
#define assert_lacks(text, part) assert_null(strstr(text, part))

#endif
