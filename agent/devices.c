/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/devices.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/entity_key.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "snmp-mib/detail_hw.h"

#define NET   "/sys/class/net"
#define BLOCK "/sys/block"
#define PCI   "/sys/bus/pci/devices"

static void
put_file(const char *root, const char *folder, const char *file, json_t *thing,
	 const char *key)
{
	char path[256], text[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (sysroot_read_line(root, path, text, sizeof(text)) <= 0)
		return;
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	const char *start = text + strspn(text, " ");
	if (start[0] != '\0')
		json_object_set_new(thing, key, message_string(start));
}

static void
driver_of(const char *root, const char *device, char *ret_name, size_t room)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/driver", device);
	sysroot_link_name(root, path, ret_name, room);
}

static json_t *
new_device(enum detail_class class, const char *name, const char *key,
	   const char *descr)
{
	char whole[REPORT_NAME_LEN];

	entity_key(whole, key);
	return json_pack("{s:i, s:o, s:o, s:s, s:o, s:b}", "class", (int)class,
			 "name", message_string(name), "key",
			 message_string(whole), "in", "chassis", "descr",
			 message_string(descr), "fru",
			 class == DETAIL_CLASS_STORAGE_DRIVE);
}

/* By its place: names of interfaces change, and so may addresses.  Several
 * ports of one device have the number behind it. */
static void
read_port(const char *root, const char *name, json_t *things)
{
	char folder[128], device[160], place[64], driver[64], key[160];
	char path[160], address[64], descr[288];
	int64_t port = 0;

	snprintf(folder, sizeof(folder), NET "/%s", name);
	snprintf(device, sizeof(device), "%s/device", folder);
	sysroot_link_name(root, device, place, sizeof(place));
	if (place[0] == '\0')
		return; /* a bridge, a tap, a VLAN */
	snprintf(path, sizeof(path), "%s/dev_port", folder);
	sysroot_read_number(root, path, 0, UINT16_MAX, &port);
	driver_of(root, device, driver, sizeof(driver));
	snprintf(key, sizeof(key), "port %s %lld", place, (long long)port);
	snprintf(path, sizeof(path), "%s/address", folder);
	if (sysroot_read_line(root, path, address, sizeof(address)) <= 0)
		snprintf(address, sizeof(address), "unknown");
	snprintf(descr, sizeof(descr),
		 "network port, driver %s, at %s, address %s",
		 driver[0] != '\0' ? driver : "unknown", place, address);
	json_array_append_new(things,
			      new_device(DETAIL_CLASS_PORT, name, key, descr));
}

static void
read_drive(const char *root, const char *name, json_t *things)
{
	char folder[128], device[160], place[64], key[192], serial[64];

	snprintf(folder, sizeof(folder), BLOCK "/%s", name);
	snprintf(device, sizeof(device), "%s/device", folder);
	sysroot_link_name(root, device, place, sizeof(place));
	if (place[0] == '\0')
		return; /* a loop, device mapper, RAID */
	json_t *thing = new_device(DETAIL_CLASS_STORAGE_DRIVE, name, name,
				   "storage drive");
	put_file(root, device, "vendor", thing, "vendor");
	if (strncmp(message_text(thing, "vendor"), "0x", 2) == 0)
		json_object_del(thing, "vendor"); /* a number of PCI's */
	put_file(root, device, "model", thing, "model");
	put_file(root, device, "rev", thing, "revision");
	put_file(root, device, "firmware_rev", thing, "firmware");
	put_file(root, device, "serial", thing, "serial");
	put_file(root, folder, "serial", thing, "serial");
	/* The name of a disk is that of the moment; its serial is for ever. */
	snprintf(serial, sizeof(serial), "%s", message_text(thing, "serial"));
	snprintf(key, sizeof(key), "drive %s",
		 serial[0] != '\0' ? serial : place);
	char whole[REPORT_NAME_LEN];
	entity_key(whole, key);
	json_object_set_new(thing, "key", message_string(whole));
	json_array_append_new(things, thing);
}

/* Mass storage controllers, and serial buses that are Fibre Channel. */
static void
read_adapter(const char *root, const char *place, json_t *things)
{
	char folder[128], path[160], text[16], driver[64], key[96], descr[160];

	snprintf(folder, sizeof(folder), PCI "/%s", place);
	snprintf(path, sizeof(path), "%s/class", folder);
	if (sysroot_read_line(root, path, text, sizeof(text)) <= 0)
		return;
	unsigned long class = strtoul(text, NULL, 16) >> 8;
	bool channel = class == 0x0c04;
	if (class >> 8 != 0x01 && !channel)
		return;
	driver_of(root, folder, driver, sizeof(driver));
	snprintf(key, sizeof(key), "adapter %s", place);
	snprintf(descr, sizeof(descr), "%s, driver %s, at %s",
		 channel ? "Fibre Channel adapter" : "storage adapter",
		 driver[0] != '\0' ? driver : "none", place);
	json_array_append_new(things, new_device(DETAIL_CLASS_MODULE, place,
						 key, descr));
}

static void
read_each(const char *root, const char *folder,
	  void (*read)(const char *root, const char *name, json_t *things),
	  json_t *things)
{
	struct sysroot_names names;

	sysroot_list(root, folder, "", DEVICES_MAX, &names);
	for (size_t i = 0; i < names.n; i++)
		read(root, names.names[i], things);
	free(names.names);
}

void
devices_read(const char *root, json_t *things)
{
	read_each(root, NET, read_port, things);
	read_each(root, PCI, read_adapter, things);
	read_each(root, BLOCK, read_drive, things);
}
