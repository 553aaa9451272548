/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt_worker.h - the messages between agent/virt.c and its worker.
 * virt_worker.c is the only file that knows libvirt.
 *
 *	{ "ask": "read", "uri", "disks": [folders], "root" }
 *	-> { "vms": [ { "uuid", "name", "state", "reason", "active", "vcpus",
 *	       "memory_kib", "memory_now_kib", "cpu_ns", "hash", "persistent",
 *	       "autostart", "shared" } ... ], "at_us" } or { "error" }
 *	{ "ask": "capabilities", "uri", "virt_type" }
 *	-> { "features": [names], "model", "virt_type" } or { "error" }
 *
 * and without being asked
 *	{ "event": "vm", "uuid", "name", "failed" }: its life changed; failed
 *	by an accident
 *	{ "event": "closed" }
 * "state" and "reason" are those of snmp-mib/node_report.h.
 */
#ifndef AGENT_VIRT_WORKER_H
#define AGENT_VIRT_WORKER_H

/* How long a VM's definition, autostart and the like are taken for granted
 * when no event says otherwise. */
enum { VIRT_DETAIL_MS = 30000, VIRT_DETAILS_AT_ONCE = 64 };

#endif
