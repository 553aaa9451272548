/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/driver.h - what takes the place of the real drivers.
 *
 *	poller.c	snmp-mib/poller.h	the agents, by SNMP
 *	virt.c		scheduler/coordinator/virt.h	the hosts' libvirt
 *	bmc.c		ipmi/transport.h	the BMCs, one message at a time
 *
 * They are linked instead of the real ones, so the product above them is the
 * same object files as in the daemon.  They know one world at a time.
 */
#ifndef SCHEDULER_SIM_DRIVER_H
#define SCHEDULER_SIM_DRIVER_H

#include "scheduler/sim/world.h"

/* The world they drive; NULL: none. */
void driver_use(struct world *world);
struct world *driver_world(void);

/* The process of the coordinator is gone: nothing of it goes out any more. */
void driver_cut(bool cut);
bool driver_is_cut(void);

/* The addresses under which a host is configured, and back: WORLD_NONE for
 * any other. */
enum { DRIVER_ADDRESS_LEN = 64 };
void driver_agent_address(size_t host, char ret_text[DRIVER_ADDRESS_LEN]);
void driver_bmc_address(size_t host, size_t bmc,
			char ret_text[DRIVER_ADDRESS_LEN]);
void driver_virt_uri(size_t host, char ret_text[DRIVER_ADDRESS_LEN]);
size_t driver_find_agent(const char *address);
size_t driver_find_bmc(const char *address, size_t *ret_bmc);
size_t driver_find_virt(const char *uri);

#endif
