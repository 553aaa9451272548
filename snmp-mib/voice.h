/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/voice.h - answers SNMP from what a program posts: behind the host's
 * snmpd (AgentX) or alone.
 *
 * net-snmp runs on a thread of its own: opening, registering and pinging an
 * AgentX master are calls that block for as long as a stopped snmpd likes.
 * The handler reads the latest that was posted and nothing else.
 *
 *	snmpd not there yet			looked for every VOICE_SEEK_MS
 *	snmpd killed or restarted		the same, and tried every
 *						VOICE_PING_S
 *	snmpd stopped (SIGSTOP)			noticed after VOICE_PING_S; the
 *						thread waits, the agent does
 *						not
 *	snmpd dropped us while we were stopped	SIGPIPE is ignored, reconnect
 */
#ifndef SNMP_MIB_VOICE_H
#define SNMP_MIB_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/credentials.h"
#include "snmp-mib/notice.h"
#include "snmp-mib/notice_vm.h"

enum {
	VOICE_SEEK_MS = 100,
	VOICE_PING_S = 2,
	VOICE_STOP_MS = 1500,
	VOICE_REFUSALS_MS = 60000
};

/*
 * What may be written: one part, as plain data.  A request of several values
 * is tried on a copy, and becomes visible as a whole; undo takes back what was
 * applied and not committed.  Called on the thread of the voice only.
 */
struct voice_writer {
	enum codec_part part;
	size_t size; /* of the part, VOICE_WRITE_MAX at most */
	void (*read)(void *arg, void *ret_part);
	/* 0, or -EINVAL: does not go with what is there. */
	int (*check)(void *arg, const void *part);
	int (*apply)(void *arg, const void *part);
	void (*commit)(void *arg);
	void (*undo)(void *arg);
	void *arg;
};

enum { VOICE_WRITE_MAX = 256 };

/*
 * Where answers come from.  One request is answered from one take(), on the
 * thread of the voice: the parts do not change until they are given back.
 */
struct voice_source {
	const struct codec_tree *const *trees; /* NULL at the end; kept */
	/* What keeps the parts alive, NULL when there is nothing yet; and when
	 * they were made (monotonic), for ages. */
	const void *(*take)(void *arg, struct codec_parts *ret_parts,
			    int64_t *ret_made_ms);
	void (*give_back)(void *arg, const void *taken);
	void *arg;
	const struct voice_writer *writer; /* kept; NULL: nothing can be set */
};

struct voice_options {
	struct voice_source source;
	/* AgentX: path of the master's socket; NULL: stand alone. */
	const char *agentx_socket;
	/* Alone: "udp:0.0.0.0:161", who may read, and the file that keeps our
	 * engine's id and boots. */
	const char *listen;
	const struct snmp_account *account; /* used during the call only */
	/* Who may read and set the writer's part, and no more; NULL: nobody. */
	const struct snmp_account *write_account;
	const char *engine_file;
	/* And what snmpd would say of any host: net-snmp's modules, and
	 * codec_host_trees of the source. */
	bool host_mibs;
	int64_t refusals_ms; /* they are logged so often; 0: once a minute */
};

struct voice;

/*
 * One for each process and run: net-snmp's state is global.  Alone: errors as
 * that the port is in use are told here.  AgentX: never fails for want of
 * snmpd.
 */
int voice_start(const struct voice_options *options, struct voice **ret_voice,
		struct err *err);

/* Behind snmpd: have it send the notice, which is complete, to its trap sinks.
 * Never blocks; lost if snmpd goes away before, or too many wait. */
void voice_notify(struct voice *voice, const struct node_notice *notice);
void voice_notify_vm(struct voice *voice, const struct vm_notice *notice);
void voice_notify_vms(struct voice *voice, const struct vm_bulk *bulk);

/* Waits VOICE_STOP_MS at most for a thread that hangs with snmpd; such a
 * thread is left to the end of the process, and false says so. */
bool voice_stop(struct voice *voice);

#endif
