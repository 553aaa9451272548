/* SPDX-License-Identifier: Apache-2.0 */
/* The voice behind the host's snmpd. */
#include "snmp-mib/voice_own.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "snmp-mib/engine.h"

static bool connected;

/* `server` is the session, `client` the source. */
static int
master_came(int major, int minor, void *server, void *client)
{
	(void)major;
	(void)minor;
	voice_question_take(server, client);
	connected = true;
	log_info("snmp", "registered with snmpd");
	return 0;
}

static int
master_went(int major, int minor, void *server, void *client)
{
	(void)major;
	(void)minor;
	(void)server;
	(void)client;
	connected = false;
	log_warn("snmp", "lost snmpd; looking for it");
	return 0;
}

bool
voice_agentx_listens(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	cleanup_close int fd = -1;

	if (strlen(path) >= sizeof(to.sun_path))
		return true; /* its opening says what is wrong */
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

bool
voice_agentx_is_connected(void)
{
	return connected;
}

/* Without a session the library's only alarm is its next attempt. */
void
voice_agentx_hurry(void)
{
	struct snmp_alarm *attempt = sa_find_next();

	if (attempt == NULL)
		return;
	timerclear(&attempt->t_nextM);
	run_alarms();
}

int
voice_agentx_open(const struct voice_options *options, struct err *err)
{
	voice_prepare();
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE,
			       1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID,
			      NETSNMP_DS_AGENT_X_SOCKET,
			      options->agentx_socket);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
			       NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
	if (init_agent(VOICE_PROGRAM) != 0)
		return err_set(err, -EIO, "snmp: net-snmp does not start");
	/* Both the ping and the pause between attempts to reconnect.  Here,
	 * because init_agent() sets it to 15 s. */
	netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID,
			   NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL, VOICE_PING_S);
	int rc = voice_tree_register(&options->source, err);
	if (rc < 0)
		return rc;
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
			       SNMPD_CALLBACK_INDEX_START, master_came,
			       (void *)&options->source);
	snmp_register_callback(SNMP_CALLBACK_APPLICATION,
			       SNMPD_CALLBACK_INDEX_STOP, master_went, NULL);
	/* Last: it opens the session with the master, if there is one. */
	return snmp_engine_start(VOICE_PROGRAM, NULL, err);
}

void
voice_agentx_close(void)
{
	snmp_shutdown(VOICE_PROGRAM);
	shutdown_agent();
}
