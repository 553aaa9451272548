/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/engine.h - net-snmp's library, started our way, and this process's
 * own SNMPv3 engine.
 *
 * net-snmp reads no configuration files, loads no MIBs, writes nothing to
 * /var and logs through common/log.h.  Its state is global: one start per
 * process, and all its users on one thread.
 */
#ifndef SNMP_MIB_ENGINE_H
#define SNMP_MIB_ENGINE_H

#include "common/err.h"
#include "snmp-mib/credentials.h" /* struct snmp_account */

/*
 * Start the library, once, before poller_new() and inform_open().  `state` is
 * a file (0600, created) that keeps the engine's id and its count of boots:
 * without it, receivers of informs and standalone agents would be refused as
 * a replay after each restart.  NULL: an engine that lives for this run only,
 * enough for a poller.  The second call of a process is ignored.
 */
int snmp_engine_start(const char *program, const char *state, struct err *err);

#endif
