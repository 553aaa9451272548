/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "storage": reads and writes the slots of one datastore.  Every
 * call here may hang for ever; the parent counts the time.
 *
 * Direct I/O where the file system offers it: what another host wrote must not
 * hide behind our page cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/roles.h"
#include "agent/slot.h"
#include "agent/source.h"
#include "agent/text.h"
#include "common/cleanup.h"
#include "common/err.h"
#include "common/log.h"
#include "common/worker.h"

#define CHUNK_SLOTS 64 /* read in one call */

struct disk {
	int fd; /* -1: closed */
	bool writable;
	struct stat st; /* of what was opened */
	uint32_t n_slots;
	uint32_t used;   /* highest used slot + 1, from the last full scan */
	uint8_t *buffer; /* CHUNK_SLOTS pages, aligned */
};

static void
disk_close(struct disk *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}

static int
open_some(const char *path, int flags)
{
	int fd = open(path, flags | O_DSYNC | O_DIRECT | O_CLOEXEC);

	/* tmpfs and some FUSE file systems know no direct I/O. */
	return fd < 0 && errno == EINVAL
		       ? open(path, flags | O_DSYNC | O_CLOEXEC)
		       : fd;
}

static int
count_slots(struct disk *disk, struct err *err)
{
	uint64_t bytes = (uint64_t)disk->st.st_size;

	if (S_ISBLK(disk->st.st_mode) &&
	    ioctl(disk->fd, BLKGETSIZE64, &bytes) < 0)
		return err_errno(err, -errno, "size of the device");
	if (!S_ISBLK(disk->st.st_mode) && !S_ISREG(disk->st.st_mode))
		return err_set(err, -EINVAL, "neither a file nor a device");
	bytes /= SLOT_SIZE;
	disk->n_slots = bytes < REPORT_HEARTBEATS_MAX ? (uint32_t)bytes
						      : REPORT_HEARTBEATS_MAX;
	return 0;
}

/* Never O_CREAT: where nothing is mounted there is nothing to write to. */
static int
disk_open(struct disk *disk, const char *path, struct err *err)
{
	disk->fd = open_some(path, O_RDWR);
	disk->writable = disk->fd >= 0;
	if (disk->fd < 0 && (errno == EROFS || errno == EACCES))
		disk->fd = open_some(path, O_RDONLY);
	if (disk->fd < 0)
		return err_errno(err, -errno, "%s", path);
	if (fstat(disk->fd, &disk->st) < 0)
		return err_errno(err, -errno, "%s", path);
	int rc = count_slots(disk, err);
	return rc < 0 ? err_prefix(err, rc, "%s", path) : 0;
}

/* Something else may have been mounted at the path since we opened it. */
static int
disk_check(struct disk *disk, const char *path, struct err *err)
{
	struct stat now;

	if (disk->fd >= 0 &&
	    (stat(path, &now) < 0 || now.st_dev != disk->st.st_dev ||
	     now.st_ino != disk->st.st_ino || now.st_rdev != disk->st.st_rdev ||
	     now.st_size != disk->st.st_size))
		disk_close(disk);
	return disk->fd < 0 ? disk_open(disk, path, err) : 0;
}

static int
read_chunk(const struct disk *disk, uint32_t first, uint32_t n)
{
	const size_t len = (size_t)n * SLOT_SIZE;
	ssize_t got =
		pread(disk->fd, disk->buffer, len, (off_t)first * SLOT_SIZE);

	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EIO;
}

static json_t *
describe_slot(const struct slot *slot)
{
	return json_pack("{s:i, s:I, s:s, s:s, s:o}", "slot", (int)slot->number,
			 "sequence", (json_int_t)slot->sequence, "uuid",
			 slot->host_uuid, "boot", slot->boot_id, "name",
			 message_string(slot->name));
}

/* Slots first .. first + n - 1, already in the buffer. */
static void
decode_chunk(struct disk *disk, uint32_t first, uint32_t n, json_t *slots)
{
	struct slot slot;

	for (uint32_t i = 0; i < n; i++) {
		int rc = slot_decode(disk->buffer + (size_t)i * SLOT_SIZE,
				     first + i, &slot);

		if (rc != -ENOENT && disk->used < first + i + 1)
			disk->used = first + i + 1;
		/* Beyond what JSON carries is beyond what was ever counted. */
		if (rc == 0 && slot.sequence <= INT64_MAX)
			json_array_append_new(slots, describe_slot(&slot));
		else if (rc == -EBADMSG)
			json_array_append_new(slots,
					      json_pack("{s:i, s:b}", "slot",
							(int)(first + i),
							"torn", 1));
	}
}

static int
read_slots(struct disk *disk, bool all, json_t *slots, struct err *err)
{
	uint32_t end =
		all || disk->used > disk->n_slots ? disk->n_slots : disk->used;

	if (all)
		disk->used = 0;
	for (uint32_t first = 0; first < end; first += CHUNK_SLOTS) {
		uint32_t n =
			end - first < CHUNK_SLOTS ? end - first : CHUNK_SLOTS;
		int rc = read_chunk(disk, first, n);

		if (rc < 0)
			return err_errno(err, rc, "reading slot %u", first);
		decode_chunk(disk, first, n, slots);
	}
	return 0;
}

static int
write_slot(struct disk *disk, const json_t *request, struct err *err)
{
	struct slot slot = {
		.number = (uint32_t)message_number(request, "slot",
						   REPORT_HEARTBEATS_MAX),
		.sequence = message_number(request, "sequence", INT64_MAX),
	};

	if (slot.number >= disk->n_slots)
		return err_set(err, -ENOSPC,
			       "there is room for %u slots: slot %u does not "
			       "exist",
			       disk->n_slots, slot.number);
	if (!disk->writable)
		return err_set(err, -EROFS, "cannot be opened for writing");
	text_copy(slot.host_uuid, sizeof(slot.host_uuid),
		  message_text(request, "uuid"));
	text_copy(slot.boot_id, sizeof(slot.boot_id),
		  message_text(request, "boot"));
	text_copy(slot.name, sizeof(slot.name), message_text(request, "name"));
	slot_encode(&slot, disk->buffer);
	ssize_t n = pwrite(disk->fd, disk->buffer, SLOT_SIZE,
			   (off_t)slot.number * SLOT_SIZE);
	if (n == SLOT_SIZE)
		return 0;
	return err_errno(err, n < 0 ? -errno : -EIO, "writing slot %u",
			 slot.number);
}

/* Of a file what is around it, of a device what it is. */
static void
put_space(const struct disk *disk, json_t *reply)
{
	const bool block = S_ISBLK(disk->st.st_mode);
	const dev_t dev = block ? disk->st.st_rdev : disk->st.st_dev;
	struct statvfs vfs;
	uint64_t bytes;

	json_object_set_new(reply, "type",
			    json_string(block ? "block" : "file system"));
	json_object_set_new(reply, "major", json_integer(major(dev)));
	json_object_set_new(reply, "minor", json_integer(minor(dev)));
	if (block && ioctl(disk->fd, BLKGETSIZE64, &bytes) == 0)
		json_object_set_new(reply, "capacity",
				    json_integer((json_int_t)(bytes / 1024)));
	if (block || fstatvfs(disk->fd, &vfs) < 0)
		return;
	uint64_t unit = vfs.f_frsize;
	json_object_set_new(reply, "capacity",
			    json_integer(
				    (json_int_t)(vfs.f_blocks * unit / 1024)));
	json_object_set_new(reply, "free",
			    json_integer(
				    (json_int_t)(vfs.f_bavail * unit / 1024)));
}

/*
 * { "path", "all", "write", "slot", "sequence", "uuid", "boot", "name" } ->
 * { "slots": [...], "all", "us" }, with all of them the "type" of the storage,
 * its "capacity" and "free" KiB as far as they are known, "major" and "minor"
 * of its device, and, when something failed, "error" with "read_only" when it
 * was only that.  Written is after reading, so that the
 * parent learns in time of somebody else in our slot.
 */
static json_t *
probe(void *state, const json_t *request)
{
	struct disk *disk = state;
	json_t *slots = json_array();
	bool all = message_bool(request, "all");
	int64_t start_us = source_clock_us();
	struct err err = { "" };

	int rc = disk_check(disk, message_text(request, "path"), &err);
	bool opened = rc == 0;
	uint32_t own = (uint32_t)message_number(request, "slot",
						REPORT_HEARTBEATS_MAX);
	if (disk->used <= own) /* the own slot is always looked at */
		disk->used = own + 1;
	if (rc == 0)
		rc = read_slots(disk, all, slots, &err);
	bool readable = rc == 0;
	if (rc == 0 && message_bool(request, "write"))
		rc = write_slot(disk, request, &err);
	json_t *reply =
		json_pack("{s:o, s:b, s:I}", "slots", slots, "all", all, "us",
			  (json_int_t)(source_clock_us() - start_us));
	if (readable && all)
		put_space(disk, reply);
	if (rc < 0 && rc != -ENOSPC && rc != -EROFS)
		disk_close(disk);
	if (rc < 0) {
		json_object_set_new(reply, "error", message_string(err.text));
		json_object_set_new(reply, "read_only",
				    json_boolean(opened && rc == -EROFS));
	}
	return reply;
}

int
storage_worker_serve(int fd)
{
	struct disk disk = { .fd = -1 };

	disk.buffer = aligned_alloc(SLOT_SIZE, (size_t)CHUNK_SLOTS * SLOT_SIZE);
	if (disk.buffer == NULL)
		log_fatal("storage", "out of memory");
	int rc = worker_serve_requests(fd, probe, &disk);
	disk_close(&disk);
	free(disk.buffer);
	return rc;
}
