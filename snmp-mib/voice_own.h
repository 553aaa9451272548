/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/voice_own.h - between the files of the voice, which alone know
 * net-snmp's agent side; nobody else includes it.
 *
 *	voice.c			thread, loop and descriptors
 *	voice_tree.c		the handler of our objects
 *	voice_set.c		its other half: what is to be set
 *	voice_agentx.c		set-up behind snmpd
 *	voice_question.c	what snmpd asks, answered where it comes in
 *	voice_standalone.c	set-up as an agent of its own
 *	voice_modules.c		net-snmp's modules for that
 *	voice_notify.c		notices for snmpd
 *	voice_refusals.c	what the agent of its own refuses
 */
#ifndef SNMP_MIB_VOICE_OWN_H
#define SNMP_MIB_VOICE_OWN_H

#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>
/* and its library before the agent */
#include <net-snmp/agent/agent_callbacks.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <errno.h>
#include <stddef.h>

#include "snmp-mib/voice.h"

/* As a master and net-snmp's log know us: agent or coordinator. */
#define VOICE_PROGRAM program_invocation_short_name

/* Environment and flags that must stand before the library's first call. */
void voice_prepare(void);

/* Somebody accepts connections at that path just now. */
bool voice_agentx_listens(const char *path);
int voice_agentx_open(const struct voice_options *options, struct err *err);
bool voice_agentx_is_connected(void);
/* Connect now, rather than when the library would. */
void voice_agentx_hurry(void);
void voice_agentx_close(void);

int voice_standalone_open(const struct voice_options *options, struct err *err);
void voice_standalone_close(void);

/* net-snmp's modules: users and views, and those that tell of the host. */
int voice_modules_start(bool host_mibs, struct err *err);
/* Lines of the latter, and the view "ironherd" of their objects. */
void voice_modules_configure(void);
/* Notices from another thread; sending is the voice's own thread's. */
struct voice_queue;
struct voice_news {
	enum { NEWS_NOTICE, NEWS_VM, NEWS_VMS } kind;
	union {
		struct node_notice notice;
		struct vm_notice vm;
		struct vm_bulk vms;
	};
};
struct voice_queue *voice_queue_new(void);
void voice_queue_free(struct voice_queue *queue);
int voice_queue_fd(const struct voice_queue *queue);
void voice_queue_put(struct voice_queue *queue, const struct voice_news *news);
void voice_queue_send(struct voice_queue *queue);

/* Tells in the log what was refused, at most every so often.  On the thread
 * of the voice, when nothing is open any more freed from any. */
struct loop;
struct voice_refusals;
struct voice_refusals *voice_refusals_new(struct loop *loop, int64_t every_ms);
void voice_refusals_free(struct voice_refusals *refusals);
/* Room for a copy of what can be written. */
union written {
	char bytes[VOICE_WRITE_MAX];
	max_align_t aligned;
};

/* What the values of one message are read from: they fit together. */
struct voice_reading {
	const struct voice_source *source;
	const void *taken; /* NULL: there is nothing yet */
	struct codec_parts parts;
	union written written;
	uint32_t late_ms;
};
void voice_reading_open(const struct voice_source *source,
			struct voice_reading *ret_reading);
void voice_reading_close(struct voice_reading *reading);

/* Where a search begins besides the variable's name, and where it ends. */
struct voice_range {
	bool inclusive; /* the name itself counts */
	const oid *end;
	size_t end_len; /* 0: it does not */
};

/*
 * Give the variable the value of its name, or name and value of what is next.
 * 0; SNMP_ERR_GENERR; or which exception it is, and the variable is as it was.
 */
int voice_reading_get(const struct voice_reading *reading,
		      const struct codec_tree *tree,
		      netsnmp_variable_list *var);
int voice_reading_next(const struct voice_reading *reading,
		       const struct codec_tree *tree,
		       const struct voice_range *range,
		       netsnmp_variable_list *var);

/* From now on, answer what snmpd asks in this session; the source is kept. */
void voice_question_take(netsnmp_session *session,
			 const struct voice_source *source);

/* One step of setting; `requests` are all in one tree. */
void voice_set(const struct voice_writer *writer, const struct codec_tree *tree,
	       netsnmp_agent_request_info *info,
	       netsnmp_request_info *requests);

/* Register all subtrees; every request is answered from the source. */
int voice_tree_register(const struct voice_source *source, struct err *err);
/* Add more of them. */
int voice_tree_add(const struct voice_source *source,
		   const struct codec_tree *const *trees, struct err *err);

#endif
