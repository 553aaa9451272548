/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/voice.h - answers SNMP from the board: behind the host's snmpd
 * (AgentX) or alone.
 *
 * net-snmp runs on a thread of its own: opening, registering and pinging an
 * AgentX master are calls that block for as long as a stopped snmpd likes.
 * The handler reads the latest posted report and nothing else.
 *
 *	snmpd not there yet			looked for every VOICE_SEEK_MS
 *	snmpd killed or restarted		tried every VOICE_PING_S
 *	snmpd stopped (SIGSTOP)			the thread waits, the agent
 *						does not
 *	snmpd dropped us while we were stopped	SIGPIPE is ignored, reconnect
 */
#ifndef AGENT_VOICE_H
#define AGENT_VOICE_H

#include <stdbool.h>

#include "agent/board.h"
#include "common/err.h"
#include "snmp-mib/credentials.h"

enum { VOICE_SEEK_MS = 100, VOICE_PING_S = 2, VOICE_STOP_MS = 1500 };

struct voice_options {
	struct board *board;
	/* AgentX: path of the master's socket; NULL: stand alone. */
	const char *agentx_socket;
	/* Alone: "udp:0.0.0.0:161", who may read, and the file that keeps our
	 * engine's id and boots. */
	const char *listen;
	const struct snmp_account *account; /* used during the call only */
	const char *engine_file;
};

struct voice;

/*
 * One for each process and run: net-snmp's state is global.  Alone: errors as
 * that the port is in use are told here.  AgentX: never fails for want of
 * snmpd.
 */
int voice_start(const struct voice_options *options, struct voice **ret_voice,
		struct err *err);

/* Waits VOICE_STOP_MS at most for a thread that hangs with snmpd; such a
 * thread is left to the end of the process, and false says so. */
bool voice_stop(struct voice *voice);

#endif
