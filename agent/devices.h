/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/devices.h - physical network ports, storage adapters and disks, as
 * things that are built in.  Runs in the worker "machine".
 */
#ifndef AGENT_DEVICES_H
#define AGENT_DEVICES_H

#include <jansson.h>

enum { DEVICES_MAX = 512 }; /* of each kind */

/* Appends things as agent/dmi.h has them. */
void devices_read(const char *root, json_t *things);

#endif
