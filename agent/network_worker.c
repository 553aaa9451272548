/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "network": the links of the host as the kernel has them.  Every
 * question here waits for the kernel's lock of all links; the parent counts
 * the time.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/netlink.h"
#include "agent/roles.h"
#include "agent/source.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "common/worker.h"

enum { VFS_MAX = 1024, LINK_WORDS = 3 * 128 };

/* --- speed ------------------------------------------------------------------
 */

static int64_t
ask_speed(int fd, const char *name, struct ethtool_link_settings *settings)
{
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	request.ifr_data = (void *)settings;
	return ioctl(fd, SIOCETHTOOL, &request) < 0 ? -errno : 0;
}

/* Mbit/s, or UPLINK_UNKNOWN.  The first question is how many words its masks
 * have: the answer is that number, negative. */
static int64_t
read_speed(int fd, const char *name)
{
	union {
		struct ethtool_link_settings settings;
		uint32_t room[sizeof(struct ethtool_link_settings) / 4 +
			      LINK_WORDS];
	} ask = { .settings.cmd = ETHTOOL_GLINKSETTINGS };

	if (ask_speed(fd, name, &ask.settings) < 0 ||
	    ask.settings.link_mode_masks_nwords >= 0)
		return UPLINK_UNKNOWN;
	ask.settings.link_mode_masks_nwords =
		(__s8)-ask.settings.link_mode_masks_nwords;
	ask.settings.cmd = ETHTOOL_GLINKSETTINGS;
	if (ask_speed(fd, name, &ask.settings) < 0)
		return UPLINK_UNKNOWN;
	return ask.settings.speed > 0 && ask.settings.speed <= INT32_MAX
		       ? (int64_t)ask.settings.speed
		       : UPLINK_UNKNOWN;
}

/* --- what only sysfs tells --------------------------------------------------
 */

static int
read_number(const char *root, const char *name, const char *file,
	    uint64_t *ret_value)
{
	char path[160], text[32];

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	ssize_t n = sysroot_read_line(root, path, text, sizeof(text));
	return n < 0 ? (int)n : num_parse_u64(text, INT64_MAX, ret_value);
}

/* A VF that a VM has is in the hands of vfio-pci. */
static bool
vf_is_free(const char *root, const char *name, unsigned number)
{
	char path[160], driver[256];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/virtfn%u/driver",
		 name, number);
	cleanup_free char *full = sysroot_path(root, path);
	ssize_t n = readlink(full, driver, sizeof(driver) - 1);
	if (n < 0)
		return true;
	driver[n] = '\0';
	const char *last = strrchr(driver, '/');
	return strcmp(last != NULL ? last + 1 : driver, "vfio-pci") != 0;
}

static void
put_functions(json_t *to, const char *root, const struct netlink_link *link)
{
	uint64_t index, n;
	char path[160];
	json_int_t free_ones = 0;

	/* The mounted sysfs may be that of another network namespace. */
	if (read_number(root, link->name, "ifindex", &index) < 0 ||
	    index != link->index)
		return;
	snprintf(path, sizeof(path), "/sys/class/net/%s/device/physfn",
		 link->name);
	cleanup_free char *physfn = sysroot_path(root, path);
	json_object_set_new(to, "virtual",
			    json_boolean(access(physfn, F_OK) == 0));
	if (read_number(root, link->name, "device/sriov_numvfs", &n) < 0 ||
	    n > VFS_MAX)
		return;
	for (unsigned i = 0; i < n; i++)
		free_ones += vf_is_free(root, link->name, i);
	json_object_set_new(to, "vfs", json_integer((json_int_t)n));
	json_object_set_new(to, "vfs_free", json_integer(free_ones));
}

/* --- the links --------------------------------------------------------------
 */

static bool
is_tap(const struct netlink_link *link)
{
	return strcmp(link->kind, "tun") == 0 ||
	       strcmp(link->kind, "macvtap") == 0;
}

/* VMs hang at this link, directly or by its bridge. */
static bool
carries_taps(const struct netlink_link *links, size_t n, uint32_t index)
{
	for (size_t i = 0; i < n; i++)
		if (is_tap(&links[i]) &&
		    (links[i].master == index || links[i].lower == index))
			return true;
	return false;
}

static json_t *
number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *
describe_mac(const struct netlink_link *link)
{
	char text[2 * UPLINK_MAC_MAX + 1] = "";

	for (size_t i = 0; i < link->mac_len; i++)
		snprintf(text + 2 * i, 3, "%02x", link->mac[i]);
	return json_string(text);
}

static json_t *
describe(const struct netlink_link *link)
{
	return json_pack("{s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:b, s:b, "
			 "s:b, s:b, s:I, s:o, s:o}",
			 "index", (json_int_t)link->index, "name",
			 message_string(link->name), "kind",
			 message_string(link->kind), "mac", describe_mac(link),
			 "master", (json_int_t)link->master, "lower",
			 (json_int_t)link->lower, "flags",
			 (json_int_t)link->flags, "state", (int)link->state,
			 "carrier", link->carrier, "on",
			 (link->flags & IFF_UP) != 0, "is_slave",
			 link->is_slave, "slave_up", link->slave_up, "changes",
			 (json_int_t)link->carrier_changes, "rx",
			 number(link->rx_bytes), "tx", number(link->tx_bytes));
}

static json_t *
describe_all(const struct netlink_link *links, size_t n, const char *root)
{
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct netlink_link *link = &links[i];

		if (link->type == ARPHRD_LOOPBACK || is_tap(link))
			continue;
		json_t *one = describe(link);
		json_object_set_new(one, "taps",
				    json_boolean(carries_taps(links, n,
							      link->index)));
		json_object_set_new(one, "speed",
				    json_integer(read_speed(fd, link->name)));
		put_functions(one, root, link);
		json_array_append_new(list, one);
	}
	return list;
}

/* By what a host is managed: the way to the receiver of its informs, or else
 * the way to everywhere.  The latter by addresses that nobody has (RFC 5737,
 * RFC 3849). */
static uint32_t
find_management(const char *target)
{
	uint32_t index = target[0] != '\0' ? netlink_route_to(target) : 0;

	if (index == 0)
		index = netlink_route_to("192.0.2.1");
	return index != 0 ? index : netlink_route_to("2001:db8::1");
}

/* { "root", "target" } -> { "links": [...], "management", "ms" } or "error". */
static json_t *
read_network(void *state, const json_t *request)
{
	struct netlink_link *links = NULL;
	size_t n = 0;
	struct err err = { "" };

	(void)state;
	if (netlink_read_links(&links, &n, &err) < 0)
		return json_pack("{s:o}", "error", message_string(err.text));
	int64_t now_us = source_clock_us();
	json_t *reply =
		json_pack("{s:o, s:I, s:I}", "links",
			  describe_all(links, n, message_text(request, "root")),
			  "management",
			  (json_int_t)find_management(
				  message_text(request, "target")),
			  "us", (json_int_t)now_us);
	free(links);
	return reply;
}

int
network_worker_serve(int fd)
{
	return worker_serve_requests(fd, read_network, NULL);
}
