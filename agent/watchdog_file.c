/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watchdog of the kernel's (Documentation/watchdog/watchdog-api).
 *
 *   - Opening it starts it: never before it is to be set.
 *   - Closing it lets it run on, and starts the time that was set last once
 *     more, unless 'V' was written before: then it stops.  Should this process
 *     be killed, that time is to be a short one: what is left is set anew each
 *     step.
 *   - Where the kernel lets nobody stop it (nowayout) it is not used: turning
 *     the lease off would reset the host.
 *   - It counts in seconds, and the driver may round up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "agent/text.h"
#include "agent/watchdog_own.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/num.h"

enum { NEEDED = WDIOF_SETTIMEOUT | WDIOF_MAGICCLOSE, UNIT_MS = 1000 };

struct watchdog_file {
	struct loop_timer *timer;
	char *path;
	const char *root;
	int fd; /* -1: closed */
	int64_t until_ms, step_ms;
};

static void
fail(struct watchdog_answer *answer, const struct watchdog_file *file,
     const char *why)
{
	answer->result = LEASE_FAILED;
	snprintf(answer->text, sizeof(answer->text), "%s: %s", file->path, why);
}

/* --- what the kernel tells without opening it ------------------------------
 */

/* A line of its folder in /sys; false: there is none. */
static bool
read_attribute(const struct watchdog_file *file, const char *name, char *buf,
	       size_t room)
{
	const char *base = strrchr(file->path, '/') + 1;
	char path[256];

	/* The old name is that of the first. */
	if (strcmp(base, "watchdog") == 0)
		base = "watchdog0";
	int n = snprintf(path, sizeof(path), "sys/class/watchdog/%.64s/%s",
			 base, name);
	return n > 0 && (size_t)n < sizeof(path) &&
	       sysroot_read_line(file->root, path, buf, room) >= 0;
}

static bool
attribute_is(const struct watchdog_file *file, const char *name,
	     const char *value)
{
	char line[64];

	return read_attribute(file, name, line, sizeof(line)) &&
	       strcmp(line, value) == 0;
}

static void
look(const struct watchdog_file *file, struct watchdog_answer *answer)
{
	char line[64] = "";
	uint64_t status = 0;

	if (access(file->path, F_OK) < 0) {
		answer->missing = true;
		fail(answer, file, strerror(errno));
		return;
	}
	if (attribute_is(file, "nowayout", "1")) {
		fail(answer, file, "the kernel lets nobody stop it (nowayout)");
		return;
	}
	if (read_attribute(file, "bootstatus", line, sizeof(line)) &&
	    num_parse_u64(line, UINT32_MAX, &status) == 0)
		answer->fired = status & WDIOF_CARDRESET;
	text_copy(answer->name, sizeof(answer->name), file->path);
	if (read_attribute(file, "identity", line, sizeof(line)))
		snprintf(answer->name, sizeof(answer->name), "%.40s (%.20s)",
			 file->path, line);
}

/* --- the device ------------------------------------------------------------
 */

static bool
stop(struct watchdog_file *file)
{
	bool wrote = write(file->fd, "V", 1) == 1;

	close(file->fd);
	file->fd = -1;
	loop_timer_stop(file->timer);
	return wrote && !attribute_is(file, "state", "active");
}

/* What is no watchdog is not even written to. */
static bool
is_watchdog(struct watchdog_file *file)
{
	struct watchdog_info info;

	if (ioctl(file->fd, WDIOC_GETSUPPORT, &info) < 0) {
		close(file->fd);
		file->fd = -1;
		return false;
	}
	if ((info.options & NEEDED) == NEEDED)
		return true;
	(void)stop(file);
	return false;
}

static bool
start(struct watchdog_file *file, struct watchdog_answer *answer)
{

	if (file->fd >= 0)
		return true;
	file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0) {
		answer->missing = errno == ENOENT || errno == ENODEV;
		fail(answer, file,
		     errno == EBUSY ? "somebody else has it open (systemd's "
				      "RuntimeWatchdogSec?)"
				    : strerror(errno));
		return false;
	}
	if (is_watchdog(file))
		return true;
	fail(answer, file, "is no watchdog that can be set and stopped");
	return false;
}

/* 0; 1: no time for it; -errno. */
static int
set_left(struct watchdog_file *file, int64_t *ret_fires_ms)
{
	int less = 0;

	/* Twice: a driver may round up, and tells by how much. */
	for (int i = 0; i < 2; i++) {
		int64_t left_ms = file->until_ms - watchdog_now_ms();
		int asked = (int)(left_ms / UNIT_MS) - less, seconds = asked;

		if (asked < 1)
			return 1;
		if (ioctl(file->fd, WDIOC_SETTIMEOUT, &seconds) < 0)
			return -errno;
		/* Drivers of the old kind do not restart it by themselves. */
		(void)ioctl(file->fd, WDIOC_KEEPALIVE, 0);
		*ret_fires_ms = watchdog_now_ms() + (int64_t)seconds * UNIT_MS;
		if (seconds <= asked)
			return 0;
		less = seconds - asked;
	}
	return -ERANGE;
}

static void
set_again(void *arg)
{
	struct watchdog_file *file = arg;
	int64_t fires_ms;

	if (set_left(file, &fires_ms) == 0)
		loop_timer_start(file->timer, file->step_ms);
}

static void
set(struct watchdog_file *file, const struct watchdog_ask *ask,
    struct watchdog_answer *answer)
{
	if (watchdog_now_ms() >= ask->sent_by_ms ||
	    ask->until_ms - watchdog_now_ms() < UNIT_MS) {
		answer->result = LEASE_TOO_LATE;
		return;
	}
	bool was_open = file->fd >= 0;
	if (!start(file, answer))
		return;
	file->until_ms = ask->until_ms;
	file->step_ms = ask->step_ms;
	int rc = set_left(file, &answer->fires_ms);
	if (rc > 0)
		answer->result = LEASE_TOO_LATE;
	if (rc < 0) {
		fail(answer, file,
		     rc == -ERANGE ? "it takes longer times only"
				   : strerror(-rc));
		if (!was_open)
			(void)stop(file);
		return;
	}
	loop_timer_start(file->timer, file->step_ms);
}

static void
clear(struct watchdog_file *file, struct watchdog_answer *answer)
{
	if (start(file, answer) && !stop(file))
		fail(answer, file, "it does not stop");
}

void
watchdog_file_ask(struct watchdog_file *file, const struct watchdog_ask *ask,
		  struct watchdog_answer *ret_answer)
{
	*ret_answer = (struct watchdog_answer){ .result = LEASE_DONE };
	if (ask->op == WATCHDOG_LOOK)
		look(file, ret_answer);
	else if (ask->op == WATCHDOG_SET)
		set(file, ask, ret_answer);
	else
		clear(file, ret_answer);
}

struct watchdog_file *
watchdog_file_new(struct loop *loop, const char *path, const char *root)
{
	struct watchdog_file *file = xcalloc(1, sizeof(*file));

	file->timer = loop_timer_new(loop, set_again, file);
	file->path = xstrdup(path);
	file->root = root;
	file->fd = -1;
	return file;
}

void
watchdog_file_free(struct watchdog_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		close(file->fd);
	loop_timer_free(file->timer);
	free(file->path);
	free(file);
}
