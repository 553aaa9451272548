/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/dmi.h - what the firmware says is built in (SMBIOS 3): chassis, board,
 * processors, memory modules, power supplies.  Runs in the worker "machine",
 * for the full tables are root's and some kilobytes long; without them there
 * is what /sys/class/dmi/id tells everybody.
 *
 * Firmware writes texts like "To be filled by O.E.M." and serial numbers of
 * zeroes: these are none.
 */
#ifndef AGENT_DMI_H
#define AGENT_DMI_H

#include <jansson.h>
#include <stdint.h>

enum { DMI_BYTES_MAX = 1 << 20, DMI_ITEMS_MAX = 1024 };

/* Appends things, each
 * { "class" (enum detail_class), "key", "in" (key of what it is in), "name",
 *   "descr", "vendor", "model", "serial", "revision", "firmware", "asset",
 *   "uuid", "fru" }
 * where all but class and key may be missing. */
void dmi_read(const char *root, json_t *things);

/* Pure: the structures of a table, which is hostile.  Returns how many things
 * were found. */
size_t dmi_parse(const uint8_t *table, size_t len, json_t *things);

#endif
