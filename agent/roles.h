/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/roles.h - the worker processes of the agent: the program itself,
 * started again as "ironherd-agent --worker ROLE" (common/worker.h).
 *
 *	machine  hwloc and CPUID; lives for one answer
 *	metal    sensors, energy, frequencies, memory errors; lives on
 *	virt     libvirt; lives as long as libvirt answers
 *	storage  one for each datastore: writes and reads heartbeat slots
 *	notify   sends informs; ends when all are delivered
 *	state    writes a file of the state folder; lives for one answer
 *	network  links of the host by rtnetlink
 *	lldp     asks lldpd's command; lives for one answer
 *	mounts   size of file systems, alone; lives for one answer
 *	watchdog holds the watchdog, while a lease is on
 */
#ifndef AGENT_ROLES_H
#define AGENT_ROLES_H

int machine_worker_serve(int fd);
int metal_worker_serve(int fd);
int virt_worker_serve(int fd);
int storage_worker_serve(int fd);
int notify_worker_serve(int fd);
int state_worker_serve(int fd);
int network_worker_serve(int fd);
int lldp_worker_serve(int fd);
int mounts_worker_serve(int fd);
int watchdog_worker_serve(int fd);

/* worker_main() with all of them; -1 when this is no worker. */
int roles_main(int argc, char *const argv[]);

#endif
