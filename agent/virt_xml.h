/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt_xml.h - what a VM is made of, out of its definition as it runs.
 * The worker reads the XML and sends a message; the agent makes of it a
 * struct.  Pure.
 *
 *	{ "os", "machine", "cpu", "vcpus", "vcpus_max", "min_kib", "agent",
 *	  "period", "cpuset", "blocker",
 *	  "disks": [ { "target", "source", "type", "format", "device", "bus",
 *	    "read_only" } ... ],
 *	  "nics": [ { "number", "mac", "model", "dev", "parent" } ... ],
 *	  "pins": [ { "vcpu", "cpus" } ... ] }
 */
#ifndef AGENT_VIRT_XML_H
#define AGENT_VIRT_XML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "snmp-mib/node_report.h"

enum {
	VIRT_DISKS_MAX = 128,
	VIRT_NICS_MAX = 64,
	VIRT_PINS_MAX = 1024,
	VIRT_DEVICE_LEN = 16
};

struct vm_disk {
	uint32_t index; /* stays when others come and go */
	char target[VIRT_DEVICE_LEN];
	char source[REPORT_TEXT_LEN];
	char type[VIRT_DEVICE_LEN]; /* "file", "block", "network", ... */
	char format[VIRT_DEVICE_LEN];
	char device[VIRT_DEVICE_LEN]; /* "disk", "cdrom", "floppy", "lun" */
	char bus[VIRT_DEVICE_LEN];
	bool read_only;
};

struct vm_nic {
	uint32_t index;
	char mac[18];
	char model[VIRT_DEVICE_LEN];
	char dev[VIRT_DEVICE_LEN];    /* on the host, "vnet3" */
	char parent[VIRT_DEVICE_LEN]; /* bridge or device it hangs on */
};

struct vm_pin {
	uint32_t vcpu;
	char cpus[REPORT_WHY_LEN]; /* "0-3,^2" */
};

struct vm_about {
	char os[VIRT_DEVICE_LEN]; /* "hvm" */
	char machine[REPORT_NAME_LEN];
	char cpu_model[REPORT_NAME_LEN];
	uint32_t vcpus, vcpus_max;
	uint64_t min_memory_kib; /* 0: no limit */
	enum report_guest_agent agent;
	uint32_t stats_period_s;
	char cpuset[REPORT_WHY_LEN]; /* of all vCPUs; "": any */
	char blocker[REPORT_WHY_LEN];

	struct vm_disk *disks;
	size_t n_disks;
	struct vm_nic *nics;
	size_t n_nics;
	struct vm_pin *pins;
	size_t n_pins;
};

/* The worker's side; NULL when the text is no definition. */
json_t *virt_xml_describe(const char *xml);

/* The agent's side: never fails, what is odd is left out. */
void vm_about_parse(const json_t *message, struct vm_about *ret_about);
void vm_about_done(struct vm_about *about);

#endif
