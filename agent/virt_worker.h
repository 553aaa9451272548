/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt_worker.h - the messages between agent/virt.c, agent/guests.c and
 * their workers of the kind "virt".  virt_lib.h is the only file that knows
 * libvirt.
 *
 *	{ "ask": "read", "uri", "disks": [folders], "root" }
 *	-> { "vms": [ { "uuid", "name", "state", "reason", "active", "vcpus",
 *	       "memory_kib", "memory_now_kib", "cpu_ns", "hash", "persistent",
 *	       "autostart", "shared", "phase", "about" } ... ], "at_us",
 *"hypervisor", "version" } or { "error" } "about" (agent/virt_xml.h) is there
 *when it is news; "phase" where vmOperState of VM-MIB says more than "state" {
 *"ask": "guests", "uri", "root" }
 *	-> { "vms": [ { "uuid",
 *	       "rss_kib", "swapped_kib", "age_ms", "ready_ns",
 *	       "numa": [ [node, KiB] ... ],
 *	       "stamp", "available_kib", "unused_kib", "usable_kib",
 *	       "swap_in_kib", "swap_out_kib", "major", "minor",
 *	       "dirty_status", "dirty_start_s", "dirty_period_s",
 *	       "dirty_mib_s",
 *	       "cpus": [ [number, "", state, ns ...] ... ],
 *	       "disks": [ [number, target, reads, bytes, ns, writes, bytes, ns,
 *	         flushes, capacity, allocation, physical] ... ],
 *	       "nics": [ [number, device, received bytes, packets, sent bytes,
 *	         packets, ifIndex, that of what it hangs on ...] ... ] } ... ],
 *	       "at_us" } or { "error" }
 *	what is not known is not there, in lists -1
 *	{ "ask": "measure", "uri", "vms": [uuid ...], "seconds" }
 *	-> { "errors": [text ...] }, "" where it has begun; or { "error" }
 *	{ "ask": "capabilities", "uri", "virt_type" }
 *	-> { "features": [names], "model", "virt_type" } or { "error" }
 *
 * and without being asked, by the one that reads
 *	{ "event": "vm", "uuid", "name", "kind", "failed" }: something happened
 *	to it; failed: its life ended by an accident; kind none: read it again
 *	{ "event": "closed" }
 * "state", "reason" and "kind" are those of snmp-mib/node_report.h.
 */
#ifndef AGENT_VIRT_WORKER_H
#define AGENT_VIRT_WORKER_H

/* How long a VM's definition, autostart and the like are taken for granted
 * when no event says otherwise; and how close I/O errors, which come with
 * each request of a guest, are told. */
enum {
	VIRT_DETAIL_MS = 30000,
	VIRT_DETAILS_AT_ONCE = 64,
	VIRT_IO_EVENT_MS = 100
};

#endif
