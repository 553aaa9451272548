/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/roles.h"

#include "common/log.h"
#include "common/worker.h"

static const struct worker_role roles[] = {
	{ "machine", machine_worker_serve },
	{ "metal", metal_worker_serve },
	{ "virt", virt_worker_serve },
	{ "storage", storage_worker_serve },
	{ "notify", notify_worker_serve },
	{ "state", state_worker_serve },
	{ "network", network_worker_serve },
	{ "lldp", lldp_worker_serve },
	{ "mounts", mounts_worker_serve },
	{ "watchdog", watchdog_worker_serve },
};

int
roles_main(int argc, char *const argv[])
{
	log_start("ironherd-agent", LOG_LEVEL_INFO);
	return worker_main(argc, argv, roles, sizeof(roles) / sizeof(*roles));
}
