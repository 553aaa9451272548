/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/sysroot.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "common/clock.h"

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* In order of trust.  The firmware's is what libvirt takes, too. */
static const char *const uuid_paths[] = {
	"/sys/class/dmi/id/product_uuid",
	"/etc/machine-id",
};

static int
read_uuid(const char *root, const char *path, char ret_uuid[REPORT_UUID_LEN])
{
	char text[64];

	if (sysroot_read_line(root, path, text, sizeof(text)) < 0)
		return -ENOENT;
	return uuid_parse(text, ret_uuid);
}

static int
find_uuid(const struct settings *settings, char ret_uuid[REPORT_UUID_LEN])
{
	if (settings->uuid != NULL)
		return uuid_parse(settings->uuid, ret_uuid);
	for (size_t i = 0; i < sizeof(uuid_paths) / sizeof(*uuid_paths); i++)
		if (read_uuid(settings->system_root, uuid_paths[i], ret_uuid) ==
		    0)
			return 0;
	return -ENOENT;
}

static void
find_name(const struct settings *settings, char *name, size_t room)
{
	char host[256] = "";

	if (settings->name == NULL)
		gethostname(host, sizeof(host) - 1);
	text_copy(name, room, settings->name != NULL ? settings->name : host);
}

int
identity_read(const struct settings *settings, struct report_host *ret_host,
	      struct err *err)
{
	struct report_host host = { 0 };

	if (find_uuid(settings, host.uuid) < 0)
		return err_set(err, -ENOENT,
			       "this machine has no UUID in its firmware nor "
			       "a machine-id: set uuid in node { }");
	if (read_uuid(settings->system_root, BOOT_ID_PATH, host.boot_id) < 0)
		return err_set(err, -ENOENT, "cannot read %s below %s",
			       BOOT_ID_PATH, settings->system_root);
	find_name(settings, host.name, sizeof(host.name));
	text_copy(host.agent_version, sizeof(host.agent_version),
		  IRONHERD_VERSION);
	host.agent_start_s = (uint64_t)(clock_wall_ms() / 1000);
	*ret_host = host;
	return 0;
}
