/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/serve.h - the answers behind the API.
 */
#ifndef SCHEDULER_COORDINATOR_SERVE_H
#define SCHEDULER_COORDINATOR_SERVE_H

#include "scheduler/coordinator/coordinator.h"

int serve_start(struct coordinator *co, struct err *err);

/* status.c: the whole of GET /v1/status. */
json_t *status_to_json(struct coordinator *co);

/* operate.c: what an operator orders.  NULL, after an error to the client,
 * when the host is unknown or has no BMC. */
struct bmc *operate_find_bmc(struct coordinator *co, const char *name,
			     struct api_reply *reply, size_t *ret_host);
/* The same, and it must be the host's own (guard.h). */
struct bmc *operate_find_own_bmc(struct coordinator *co, const char *name,
				 struct api_reply *reply, size_t *ret_host);
#define OPERATE_OWN_HINT                                         \
	"compare 'ipmitool mc guid' on the host with the BMC's " \
	"address in the configuration"
void operate_power_get(void *arg, const char *host, struct api_reply *reply);
void operate_power_set(void *arg, const char *host,
		       const struct api_order *order, struct api_reply *reply);
/* confirm.c: somebody went there and saw that the host is off. */
void operate_confirm_off(void *arg, const char *host, struct api_reply *reply);
void operate_ha_set(void *arg, const char *cluster, bool enabled,
		    struct api_reply *reply);

/* orders.c: what the mind carries out. */
void operate_arm_set(void *arg, const char *cluster, bool armed,
		     struct api_reply *reply);
void operate_maintenance_set(void *arg, const char *host, bool on,
			     struct api_reply *reply);
void operate_release(void *arg, const char *host, struct api_reply *reply);
void operate_vm_set(void *arg, const char *vm, bool run,
		    struct api_reply *reply);

#endif
