/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BMC that hangs, for an agent that is started with this library before all
 * others: /dev/ipmi0 is there, its driver takes every command, and no answer
 * ever comes.  For each the file $HUNG_BMC_ASKED gets an octet, so that whoever
 * measures can see that the agent did ask.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char path_of_device[] = "/dev/ipmi0";
static int device = -1;

static void
count_command(void)
{
	const char *path = getenv("HUNG_BMC_ASKED");
	int fd = path == NULL
			 ? -1
			 : openat(AT_FDCWD, path,
				  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
				  0600);

	if (fd < 0 || write(fd, ".", 1) != 1)
		abort();
	close(fd);
}

int
open(const char *path, int flags, ...)
{
	static int (*usual)(const char *, int, ...);
	va_list more;

	if (strcmp(path, path_of_device) == 0) {
		device = eventfd(0, EFD_CLOEXEC); /* never readable */
		return device;
	}
	if (usual == NULL)
		*(void **)&usual = dlsym(RTLD_NEXT, "open");
	va_start(more, flags);
	int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
	va_end(more);
	return usual(path, flags, mode);
}

int
access(const char *path, int mode)
{
	return strcmp(path, path_of_device) == 0
		       ? 0
		       : faccessat(AT_FDCWD, path, mode, 0);
}

int
ioctl(int fd, unsigned long request, ...)
{
	static int (*usual)(int, unsigned long, ...);
	va_list more;

	va_start(more, request);
	void *arg = va_arg(more, void *);
	va_end(more);
	if (fd == device && fd >= 0) {
		if (request == IPMICTL_SEND_COMMAND ||
		    request == IPMICTL_SEND_COMMAND_SETTIME)
			count_command();
		return 0;
	}
	if (usual == NULL)
		*(void **)&usual = dlsym(RTLD_NEXT, "ioctl");
	return usual(fd, request, arg);
}
