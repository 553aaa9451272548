/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/virt_xml.h - whose definition is this?
 *
 * libvirt parses a definition only by defining it, which is too late to find
 * that it is another VM's.  So the one thing that must be known before is read
 * here: the text of /domain/uuid.
 */
#ifndef SCHEDULER_COORDINATOR_VIRT_XML_H
#define SCHEDULER_COORDINATOR_VIRT_XML_H

#include <stdbool.h>

#include "snmp-mib/node_report.h"

/* 8-4-4-4-12 hexadecimal digits and nothing else. */
bool virt_uuid_is_valid(const char *uuid);

/* 0, or -EINVAL: no <domain>, not exactly one <uuid> directly in it, not
 * balanced, or with a DOCTYPE (which could change what the text means). */
int virt_xml_read_uuid(const char *xml, char ret_uuid[REPORT_UUID_LEN]);

/*
 * The paths of its disks, of backing files and mirrors, too: file and dev of
 * each <source> in a <disk> directly in <devices>.  One that is no path (a
 * network disk, a volume of a pool) is left out.  Returns a list that ends with
 * NULL, to be freed with virt_xml_free_paths(); NULL: not to be read.
 */
char **virt_xml_read_paths(const char *xml);
void virt_xml_free_paths(char **paths);

#endif
