/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"

static const char *const files[] = {
	"/proc/pressure/cpu",
	"/proc/pressure/memory",
	"/proc/pressure/io",
};

enum { FILES = sizeof(files) / sizeof(*files) };

/* A trigger is told as urgent data, which the loop does not know: an epoll of
 * our own does, and is readable when there is any. */
struct pressure {
	int fds[FILES]; /* -1: none */
	int epoll;
	struct loop_watch *watch;
	loop_fn woken;
	void *arg;
};

/* Nothing is written into a recorded tree. */
static bool
is_kernels(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* The descriptor is the trigger: it lives as long as this is open. */
static int
open_trigger(const char *root, const char *path)
{
	cleanup_free char *full = sysroot_path(root, path);
	char words[64];
	int n = snprintf(words, sizeof(words), "some %d %d", PRESSURE_STALL_US,
			 PRESSURE_WINDOW_US);
	int fd = open(full, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && is_kernels(fd) &&
	    write(fd, words, (size_t)n + 1) == n + 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static size_t
open_all(struct pressure *pressure, const char *root)
{
	size_t opened = 0;

	for (size_t i = 0; i < FILES; i++) {
		struct epoll_event event = { .events = EPOLLPRI,
					     .data.u32 = (uint32_t)i };
		int fd = open_trigger(root, files[i]);

		if (fd >= 0 &&
		    epoll_ctl(pressure->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
			close(fd);
			fd = -1;
		}
		pressure->fds[i] = fd;
		opened += fd >= 0;
	}
	return opened;
}

static void
forget(struct pressure *pressure, size_t which)
{
	log_warn("host", "%s wakes us no more", files[which]);
	close(pressure->fds[which]);
	pressure->fds[which] = -1;
}

static void
take_events(void *arg, int fd, unsigned what)
{
	struct pressure *pressure = arg;
	struct epoll_event events[FILES];
	int n = epoll_wait(fd, events, FILES, 0);

	(void)what;
	for (int i = 0; i < n; i++)
		if (events[i].events & EPOLLERR) /* or we would spin */
			forget(pressure, events[i].data.u32);
	if (n > 0)
		pressure->woken(pressure->arg);
}

struct pressure *
pressure_new(struct loop *loop, const char *root, loop_fn woken, void *arg)
{
	struct pressure *pressure = xcalloc(1, sizeof(*pressure));

	pressure->woken = woken;
	pressure->arg = arg;
	for (size_t i = 0; i < FILES; i++)
		pressure->fds[i] = -1;
	pressure->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pressure->epoll < 0 || open_all(pressure, root) == 0) {
		pressure_free(pressure);
		return NULL;
	}
	pressure->watch = loop_watch_new(loop, pressure->epoll, LOOP_READ,
					 take_events, pressure);
	return pressure;
}

void
pressure_free(struct pressure *pressure)
{
	if (pressure == NULL)
		return;
	loop_watch_free(pressure->watch);
	for (size_t i = 0; i < FILES; i++)
		if (pressure->fds[i] >= 0)
			close(pressure->fds[i]);
	if (pressure->epoll >= 0)
		close(pressure->epoll);
	free(pressure);
}
