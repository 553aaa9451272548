/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what the kernel tells of hardware: which messages count, how many
 * become one reading, and that the kernel is heard at all. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/uevents.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/agent/tree.h"

#define MESSAGE(action, path, subsystem)                     \
	action "@" path "\0ACTION=" action "\0DEVPATH=" path \
	       "\0SUBSYSTEM=" subsystem "\0SEQNUM=4711"
#define DUE(text)  uevents_due(text, sizeof(text))
#define CPU_ONLINE MESSAGE("online", "/devices/system/cpu/cpu3", "cpu")
#define HWMON      MESSAGE("add", "/devices/platform/x/hwmon/hwmon2", "hwmon")
#define TAP        MESSAGE("add", "/devices/virtual/net/vnet7", "net")

static void
what_is_built_in_counts_and_what_vms_bring_does_not(void **state)
{
	(void)state;
	assert_int_equal(DUE(CPU_ONLINE), UEVENT_MACHINE);
	assert_int_equal(DUE(MESSAGE("offline",
				     "/devices/system/memory/memory40",
				     "memory")),
			 UEVENT_MACHINE);
	assert_int_equal(DUE(MESSAGE("remove",
				     "/devices/pci0000:00/0000:00:1f.2/ata1/"
				     "host0/block/sda",
				     "block")),
			 UEVENT_MACHINE);
	assert_int_equal(DUE(MESSAGE("add",
				     "/devices/pci0000:00/0000:01:00.0/net/e",
				     "net")),
			 UEVENT_MACHINE);
	assert_int_equal(DUE(HWMON), UEVENT_METAL);
	assert_int_equal(DUE(MESSAGE("add", "/devices/system/edac/mc/mc0",
				     "edac")),
			 UEVENT_METAL);
	assert_int_equal(DUE(TAP), 0);
	assert_int_equal(DUE(MESSAGE("add", "/devices/virtual/block/dm-3",
				     "block")),
			 0);
	/* A battery tells its charge this way, each minute. */
	assert_int_equal(DUE(MESSAGE("change", "/devices/x", "cpu")), 0);
	assert_int_equal(DUE(MESSAGE("add", "/devices/x", "input")), 0);
}

static void
odd_messages_are_none(void **state)
{
	static const char whole[] = CPU_ONLINE;
	char part[sizeof(whole)];

	(void)state;
	assert_int_equal(uevents_due("", 0), 0);
	assert_int_equal(DUE("libudev\0\xfe\xed\xca\xfe"), 0);
	assert_int_equal(DUE("ACTION=add\0DEVPATH=/x\0"), 0);
	assert_int_equal(DUE("ACTION\0SUBSYSTEM\0DEVPATH\0"), 0);
	/* Cut anywhere: never read beyond, and no half word. */
	for (size_t i = 0; i < sizeof(whole) - 13; i++) {
		memcpy(part, whole, i);
		assert_int_equal(uevents_due(part, i), 0);
	}
	assert_string_equal(uevents_find(whole, sizeof(whole), "SEQNUM"),
			    "4711");
	assert_null(uevents_find(whole, sizeof(whole), "SEQ"));
}

/* --- together --------------------------------------------------------------
 */

struct told {
	unsigned what, times;
	int64_t at_ms;
};

static void
due(void *arg, unsigned what)
{
	struct told *told = arg;

	told->what = what;
	told->times++;
	told->at_ms = clock_mono_ms();
}

static bool
was_told(void *arg)
{
	return ((struct told *)arg)->times > 0;
}

#define TAKE(uevents, text) uevents_take(uevents, text, sizeof(text))

static void
many_messages_are_one_reading_and_readings_lie_apart(void **state)
{
	struct loop *loop = loop_new();
	struct told told = { 0 };
	struct uevents *uevents = uevents_new(loop, due, &told);
	int64_t start_ms = clock_mono_ms();

	(void)state;
	assert_non_null(uevents);
	TAKE(uevents, TAP);
	for (int i = 0; i < 100; i++)
		TAKE(uevents, CPU_ONLINE);
	TAKE(uevents, HWMON);
	assert_true(run_until(loop, was_told, &told, 8000));
	assert_int_equal(told.what, UEVENT_ALL);
	assert_in_range(told.at_ms - start_ms, UEVENTS_SETTLE_MS,
			UEVENTS_APART_MS - 1);
	/* The next one waits, though it comes long after it settled. */
	TAKE(uevents, HWMON);
	run_until(loop, until_never, NULL, UEVENTS_SETTLE_MS + 500);
	assert_int_equal(told.times, 1);
	uevents_free(uevents);
	loop_free(loop);
}

static void
lost_messages_make_all_due(void **state)
{
	struct loop *loop = loop_new();
	struct told told = { 0 };
	struct uevents *uevents = uevents_new(loop, due, &told);

	(void)state;
	uevents_take(uevents, NULL, -ENOBUFS);
	assert_true(run_until(loop, was_told, &told, 8000));
	assert_int_equal(told.what, UEVENT_ALL);
	assert_int_equal(told.times, 1);
	uevents_free(uevents);
	loop_free(loop);
}

/* In a network of its own, of which only its own interfaces tell: 0, 77 where
 * we may not have one. */
static int
ask_kernel(void)
{
	char folder[] = "/tmp/uevents-XXXXXX", path[64], message[UEVENTS_BYTES];
	struct err err;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mkdtemp(folder) == NULL)
		return 77;
	if (mount("sysfs", folder, "sysfs", 0, NULL) < 0) {
		rmdir(folder);
		return 77;
	}
	int fd = uevents_open(&err);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	snprintf(path, sizeof(path), "%s/class/net/lo/uevent", folder);
	int trigger = open(path, O_WRONLY);
	ssize_t n = trigger < 0 ? -1 : write(trigger, "change", 6);
	umount2(folder, MNT_DETACH);
	rmdir(folder);
	if (n < 0)
		return 77;
	if (fd < 0 || poll(&ready, 1, 5000) != 1)
		return 1;
	ssize_t len = uevents_receive(fd, message);
	const char *subsystem =
		len > 0 ? uevents_find(message, (size_t)len, "SUBSYSTEM")
			: NULL;
	const char *name =
		len > 0 ? uevents_find(message, (size_t)len, "INTERFACE")
			: NULL;
	return subsystem != NULL && strcmp(subsystem, "net") == 0 &&
			       name != NULL && strcmp(name, "lo") == 0 &&
			       uevents_receive(fd, message) == 0
		       ? 0
		       : 2;
}

static void
the_kernel_is_heard(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_kernel());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: no network namespace of our own\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_is_built_in_counts_and_what_vms_bring_does_not),
		cmocka_unit_test(odd_messages_are_none),
		cmocka_unit_test(
			many_messages_are_one_reading_and_readings_lie_apart),
		cmocka_unit_test(lost_messages_make_all_due),
		cmocka_unit_test(the_kernel_is_heard),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
