/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uevents.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"

enum {
	GROUP_KERNEL = 1, /* udev's own group is another */
	TAKEN_AT_ONCE = 256
};

struct uevents {
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	unsigned what; /* is due when the timer ends */
	int64_t told_ms;
	void (*due)(void *arg, unsigned what);
	void *arg;
};

/* --- pure ------------------------------------------------------------------
 */

const char *
uevents_find(const char *message, size_t len, const char *name)
{
	const size_t n = strlen(name);

	for (size_t at = 0; at < len;
	     at += strnlen(message + at, len - at) + 1) {
		const char *text = message + at;

		if (len - at > n && strncmp(text, name, n) == 0 &&
		    text[n] == '=' && memchr(text, '\0', len - at) != NULL)
			return text + n + 1;
	}
	return NULL;
}

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

unsigned
uevents_due(const char *message, size_t len)
{
	static const char *const actions[] = { "add", "remove", "online",
					       "offline", NULL };
	static const char *const machine[] = {
		"cpu", "memory", "node", "pci", "nvme", "nvme-subsystem", NULL
	};
	/* Only those that are built in. */
	static const char *const devices[] = { "block", "net", NULL };
	static const char *const metal[] = { "hwmon", "edac", "powercap",
					     NULL };
	const char *action = uevents_find(message, len, "ACTION");
	const char *subsystem = uevents_find(message, len, "SUBSYSTEM");
	const char *path = uevents_find(message, len, "DEVPATH");

	if (action == NULL || subsystem == NULL || path == NULL ||
	    !is_one_of(action, actions))
		return 0;
	if (is_one_of(subsystem, metal))
		return UEVENT_METAL;
	if (is_one_of(subsystem, machine))
		return UEVENT_MACHINE;
	return is_one_of(subsystem, devices) &&
			       strstr(path, "/virtual/") == NULL
		       ? UEVENT_MACHINE
		       : 0;
}

/* --- the socket ------------------------------------------------------------
 */

int
uevents_open(struct err *err)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
					     .nl_groups = GROUP_KERNEL };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		return err_set(err, -errno, "uevents: %s", strerror(errno));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int rc = err_set(err, -errno, "uevents: %s", strerror(errno));

		close(fd);
		return rc;
	}
	return fd;
}

ssize_t
uevents_receive(int fd, char ret_message[UEVENTS_BYTES])
{
	for (int i = 0; i < TAKEN_AT_ONCE; i++) {
		struct sockaddr_nl from = { .nl_pid = 1 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, ret_message, UEVENTS_BYTES - 1, 0,
				     (struct sockaddr *)&from, &len);

		if (n < 0)
			return errno == ENOBUFS ? -ENOBUFS : 0;
		if (from.nl_pid != 0 || n == 0)
			continue;
		ret_message[n] = '\0';
		return n + 1;
	}
	return 0;
}

/* --- together --------------------------------------------------------------
 */

static void
tell(void *arg)
{
	struct uevents *uevents = arg;
	unsigned what = uevents->what;

	uevents->what = 0;
	uevents->told_ms = clock_mono_ms();
	uevents->due(uevents->arg, what);
}

void
uevents_take(struct uevents *uevents, const char *message, ssize_t len)
{
	const bool waits = uevents->what != 0;

	uevents->what |= len < 0 ? (unsigned)UEVENT_ALL
				 : uevents_due(message, (size_t)len);
	if (waits || uevents->what == 0)
		return;
	int64_t wait_ms = uevents->told_ms + UEVENTS_APART_MS - clock_mono_ms();
	loop_timer_start(uevents->timer, wait_ms > UEVENTS_SETTLE_MS
						 ? wait_ms
						 : UEVENTS_SETTLE_MS);
}

static void
hear(void *arg, int fd, unsigned what)
{
	struct uevents *uevents = arg;
	char message[UEVENTS_BYTES];

	(void)what;
	/* What is left wakes us again. */
	for (int i = 0; i < TAKEN_AT_ONCE; i++) {
		ssize_t len = uevents_receive(fd, message);

		if (len == 0)
			return;
		uevents_take(uevents, message, len);
	}
}

struct uevents *
uevents_new(struct loop *loop, void (*due)(void *arg, unsigned what), void *arg)
{
	struct err err = { "" };
	int fd = uevents_open(&err);

	if (fd < 0) {
		log_info("uevents", "%s: changes of hardware are seen by time",
			 err.text);
		return NULL;
	}
	struct uevents *uevents = xcalloc(1, sizeof(*uevents));
	*uevents = (struct uevents){
		.fd = fd, .told_ms = -UEVENTS_APART_MS, .due = due, .arg = arg
	};
	uevents->timer = loop_timer_new(loop, tell, uevents);
	uevents->watch = loop_watch_new(loop, fd, LOOP_READ, hear, uevents);
	return uevents;
}

void
uevents_free(struct uevents *uevents)
{
	if (uevents == NULL)
		return;
	loop_watch_free(uevents->watch);
	loop_timer_free(uevents->timer);
	close(uevents->fd);
	free(uevents);
}
