/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/identity.h - who this node is: what never changes while it runs.
 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "agent/settings.h"
#include "common/err.h"

/* Name: configured, else the host name.  UUID: configured, else the
 * firmware's, else made of machine-id.  -ENOENT when there is no UUID: two
 * hosts must never be taken for one, so none is invented.  Fills name, uuid,
 * boot_id, agent_version and agent_start_s. */
int identity_read(const struct settings *settings, struct report_host *ret_host,
		  struct err *err);

#endif
