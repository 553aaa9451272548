/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/obey.h - does what is set over SNMP, and keeps it in the state folder.
 */
#ifndef AGENT_OBEY_H
#define AGENT_OBEY_H

#include "agent/settings.h"
#include "common/loop.h"
#include "snmp-mib/voice.h"

struct obey;

/* The file "control" of the state folder, which is there. */
struct obey *obey_new(struct loop *loop, const struct settings *settings);
void obey_free(struct obey *obey); /* the voice does not run any more */

/* For the voice. */
const struct voice_writer *obey_writer(struct obey *obey);

#endif
