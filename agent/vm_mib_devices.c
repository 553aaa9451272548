/* SPDX-License-Identifier: Apache-2.0 */
/* Disks and networks of VMs as rows of VM-MIB, for agent/vm_mib.h. */
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/vm_mib.h"

/* --- disks ---------------------------------------------------------------- */

static enum detail_vm_source
source_of(const struct vm_disk *disk)
{
	if (strcmp(disk->type, "network") == 0)
		return VM_SOURCE_NETWORK;
	if (strcmp(disk->type, "block") == 0)
		return VM_SOURCE_BLOCK;
	if (strcmp(disk->type, "file") == 0 && disk->source[0] != '\0')
		return strcmp(disk->format, "raw") == 0 ? VM_SOURCE_RAW
							: VM_SOURCE_SPARSE;
	return disk->type[0] == '\0' ? VM_SOURCE_UNKNOWN : VM_SOURCE_OTHER;
}

static enum detail_vm_media
media_of(const struct vm_disk *disk)
{
	static const struct {
		const char *device;
		enum detail_vm_media media;
	} kinds[] = {
		{ "disk", VM_MEDIA_HARD_DISK },
		{ "lun", VM_MEDIA_HARD_DISK },
		{ "cdrom", VM_MEDIA_OPTICAL_DISK },
		{ "floppy", VM_MEDIA_FLOPPY_DISK },
		{ "", VM_MEDIA_HARD_DISK }, /* libvirt's preset */
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(disk->device, kinds[i].device) == 0)
			return kinds[i].media;
	return VM_MEDIA_OTHER;
}

static uint64_t
counter_of(uint64_t number)
{
	return number == GUEST_UNKNOWN ? 0 : number;
}

static void
fill_measures(const struct guest_disk *from, struct detail_vm_disk *row)
{
	row->size = vm_mib_units(from->capacity);
	/* By the text of the MIB these two may not differ there. */
	row->allocated =
		row->source == VM_SOURCE_RAW || row->source == VM_SOURCE_BLOCK
			? row->size
			: vm_mib_units(from->allocation);
	row->reads = counter_of(from->reads);
	row->writes = counter_of(from->writes);
	row->read_bytes = counter_of(from->read_bytes);
	row->write_bytes = counter_of(from->write_bytes);
	row->read_us = counter_of(from->read_ns) / 1000;
	row->write_us = counter_of(from->write_ns) / 1000;
}

static void
fill_disk(const struct vm_disk *disk, const struct guest_stats *stats,
	  struct detail_vm_disk *row)
{
	const struct guest_disk *measured =
		guest_stats_disk(stats, disk->target);

	row->number = disk->index;
	row->source = source_of(disk);
	text_copy(row->format, sizeof(row->format),
		  disk->format[0] != '\0' ? disk->format : disk->type);
	text_copy(row->resource, sizeof(row->resource), disk->source);
	row->access =
		disk->read_only ? VM_ACCESS_READ_ONLY : VM_ACCESS_READ_WRITE;
	row->media = media_of(disk);
	text_copy(row->bus, sizeof(row->bus), disk->bus);
	row->size_unit = DETAIL_VM_UNIT;
	row->size = row->allocated = -1;
	if (measured != NULL)
		fill_measures(measured, row);
}

size_t
vm_mib_disks(uint32_t vm, const struct guest *guest,
	     struct detail_vm_disk *ret_rows)
{
	for (size_t i = 0; i < guest->about.n_disks; i++) {
		ret_rows[i].vm = vm;
		fill_disk(&guest->about.disks[i], &guest->stats, &ret_rows[i]);
	}
	return guest->about.n_disks;
}

/* --- networks ------------------------------------------------------------- */

/* "52:54:00:12:34:56"; nothing when it is of another form. */
static void
parse_mac(const char *text, uint8_t ret_mac[1 + 6])
{
	for (unsigned i = 1; i <= 6; i++) {
		char *end;
		unsigned long octet = strtoul(text, &end, 16);

		if (end != text + 2 || *end != (i < 6 ? ':' : '\0')) {
			ret_mac[0] = 0;
			return;
		}
		ret_mac[i] = (uint8_t)octet;
		text = end + 1;
	}
	ret_mac[0] = 6;
}

static const struct guest_nic *
find_nic(const struct guest_stats *stats, const char *dev)
{
	for (size_t i = 0; i < stats->n_nics && dev[0] != '\0'; i++)
		if (strcmp(stats->nics[i].dev, dev) == 0)
			return &stats->nics[i];
	return NULL;
}

size_t
vm_mib_nics(uint32_t vm, const struct guest *guest,
	    struct detail_vm_nic *ret_rows)
{
	for (size_t i = 0; i < guest->about.n_nics; i++) {
		const struct vm_nic *nic = &guest->about.nics[i];
		const struct guest_nic *measured =
			find_nic(&guest->stats, nic->dev);
		struct detail_vm_nic *row = &ret_rows[i];

		row->vm = vm;
		row->number = nic->index;
		text_copy(row->model, sizeof(row->model), nic->model);
		parse_mac(nic->mac, row->mac);
		if (measured != NULL) {
			row->if_index = measured->if_index;
			row->parent = measured->parent;
		}
	}
	return guest->about.n_nics;
}
