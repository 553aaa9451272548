/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vm_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/cleanup.h"

enum {
	PATH_ROOM = 512,
	STATUS_ROOM = 8192,
	STAT_ROOM = 1024,
	ARGS_ROOM = 65536,
	MAPS_ROOM = 65536
};

/* --- whose process -------------------------------------------------------- */

/* Arguments are parted by NULs. */
static bool
has_argument(const char *args, size_t len, const char *wanted)
{
	for (const char *arg = args; arg < args + len; arg += strlen(arg) + 1)
		if (strcasecmp(arg, wanted) == 0)
			return true;
	return false;
}

int
vm_process_find(const char *root, const char *name, const char *uuid,
		pid_t *ret_pid)
{
	cleanup_free char *args = xcalloc(1, ARGS_ROOM);
	char path[PATH_ROOM], text[32];
	char *end;

	if (strchr(name, '/') != NULL ||
	    snprintf(path, sizeof(path), "/run/libvirt/qemu/%s.pid", name) >=
		    (int)sizeof(path) ||
	    sysroot_read_line(root, path, text, sizeof(text)) <= 0)
		return -ENOENT;
	unsigned long pid = strtoul(text, &end, 10);
	if (*end != '\0' || pid == 0 || pid > INT32_MAX)
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%lu/cmdline", pid);
	ssize_t len = sysroot_read(root, path, args, ARGS_ROOM);
	if (len <= 0 || !has_argument(args, (size_t)len, uuid))
		return -ENOENT;
	*ret_pid = (pid_t)pid;
	return 0;
}

static uint64_t
ticks_per_second(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return hz > 0 ? (uint64_t)hz : 100;
}

static ssize_t
read_stat(const char *root, pid_t pid, char *text, size_t room)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return sysroot_read(root, path, text, room);
}

int
vm_process_cpu(const char *root, pid_t pid, uint64_t *ret_ns)
{
	char text[STAT_ROOM];

	if (pid == 0 || read_stat(root, pid, text, sizeof(text)) <= 0 ||
	    vm_parse_cpu(text, ticks_per_second(), ret_ns) < 0)
		return -ENOENT;
	return 0;
}

int64_t
vm_process_start(const char *root, pid_t pid, int64_t now_ms)
{
	char text[STAT_ROOM];
	uint64_t start_ms;

	if (read_stat(root, pid, text, sizeof(text)) <= 0 ||
	    vm_parse_start(text, ticks_per_second(), &start_ms) < 0 ||
	    sysroot_read(root, "/proc/uptime", text, sizeof(text)) <= 0)
		return now_ms;
	uint64_t up_ms = strtoull(text, NULL, 10) * 1000;
	if (up_ms < start_ms || up_ms > INT64_MAX)
		return now_ms;
	return now_ms - (int64_t)(up_ms - start_ms);
}

/* --- its threads ---------------------------------------------------------- */

static void
add_thread(struct vm_process *process, const char *root, const char *tid)
{
	char path[PATH_ROOM], comm[64];
	unsigned long number = strtoul(tid, NULL, 10);

	snprintf(path, sizeof(path), "/proc/%d/task/%lu/comm",
		 (int)process->pid, number);
	if (number == 0 || number > INT32_MAX ||
	    sysroot_read_line(root, path, comm, sizeof(comm)) <= 0 ||
	    !vm_is_vcpu(comm))
		return;
	process->vcpus = xrealloc(process->vcpus, process->n_vcpus + 1,
				  sizeof(*process->vcpus));
	process->vcpus[process->n_vcpus++] = (pid_t)number;
}

static void
list_threads(struct vm_process *process, const char *root)
{
	char path[PATH_ROOM];
	struct dirent *entry;

	process->n_vcpus = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
	cleanup_free char *full = sysroot_path(root, path);
	DIR *folder = opendir(full);
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL &&
	       process->n_vcpus < VM_THREADS_MAX)
		add_thread(process, root, entry->d_name);
	closedir(folder);
}

static bool
sum_waits(struct vm_process *process, const char *root)
{
	uint64_t sum = 0, wait;

	for (size_t i = 0; i < process->n_vcpus; i++) {
		char path[PATH_ROOM], text[128];

		snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat",
			 (int)process->pid, (int)process->vcpus[i]);
		if (sysroot_read(root, path, text, sizeof(text)) <= 0 ||
		    vm_parse_schedstat(text, &wait) < 0)
			return false;
		sum += wait;
	}
	process->ready_ns = sum;
	return process->n_vcpus > 0;
}

void
vm_process_read(struct vm_process *process, const char *root)
{
	char path[PATH_ROOM], text[STATUS_ROOM];

	process->has_memory = process->has_ready = false;
	if (process->pid == 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
	process->has_memory =
		sysroot_read(root, path, text, sizeof(text)) > 0 &&
		vm_parse_status(text, &process->memory) == 0;
	process->has_ready = sum_waits(process, root);
	if (!process->has_ready && process->has_memory) {
		list_threads(process, root);
		process->has_ready = sum_waits(process, root);
	}
}

/* --- NUMA ----------------------------------------------------------------- */

bool
vm_process_only_node(const char *root, unsigned *ret_node)
{
	char text[256], *end;

	if (sysroot_read_line(root, "/sys/devices/system/node/has_memory", text,
			      sizeof(text)) <= 0)
		return false;
	unsigned long node = strtoul(text, &end, 10);
	if (end == text || *end != '\0' || node >= REPORT_NUMA_MAX)
		return false;
	*ret_node = (unsigned)node;
	return true;
}

/* The group does not count huge pages. */
static bool
read_group(struct vm_process *process, const char *root)
{
	char path[PATH_ROOM], text[STATUS_ROOM], group[256];
	struct vm_numa numa = { { 0 } };

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)process->pid);
	if (sysroot_read(root, path, text, sizeof(text)) <= 0 ||
	    !vm_parse_cgroup(text, group, sizeof(group)))
		return false;
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.numa_stat",
		 group);
	if (sysroot_read(root, path, text, sizeof(text)) <= 0 ||
	    vm_numa_add_stat(&numa, text) < 0)
		return false;
	process->numa = numa;
	return true;
}

/* Line by line through one buffer.  A line longer than the buffer counts for
 * nothing: names of files are that long, guest memory has none. */
static bool
read_maps(struct vm_process *process, const char *root)
{
	char path[PATH_ROOM];
	struct vm_numa numa = { { 0 } };
	size_t have = 0, all = 0;
	ssize_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/numa_maps", (int)process->pid);
	cleanup_free char *full = sysroot_path(root, path);
	cleanup_free char *text = xcalloc(1, MAPS_ROOM);
	cleanup_close int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	while (fd >= 0 && all < VM_NUMA_BYTES_MAX &&
	       (n = read(fd, text + have, MAPS_ROOM - 1 - have)) > 0) {
		char *line = text, *end;

		all += (size_t)n;
		have += (size_t)n;
		text[have] = '\0';
		for (; (end = memchr(line, '\n',
				     have - (size_t)(line - text))) != NULL;
		     line = end + 1) {
			*end = '\0';
			vm_numa_add_map(&numa, line);
		}
		have -= (size_t)(line - text);
		memmove(text, line, have);
		if (have == MAPS_ROOM - 1)
			have = 0;
	}
	if (fd < 0 || n < 0 || all == 0)
		return false;
	process->numa = numa;
	return true;
}

void
vm_process_read_numa(struct vm_process *process, const char *root,
		     int64_t now_ms)
{
	bool huge = process->has_memory && process->memory.huge_kib > 0;

	process->numa_ms = now_ms;
	process->has_numa = (!huge && read_group(process, root)) ||
			    read_maps(process, root);
	list_threads(process, root); /* vCPUs come and go, seldom */
}

void
vm_process_done(struct vm_process *process)
{
	free(process->vcpus);
	memset(process, 0, sizeof(*process));
}
