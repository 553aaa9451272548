/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small SNMPv3 agent in a process of its own, which serves a random report
 * by the codec on a UDP port of 127.0.0.1.  The test program runs itself:
 * its main() gives fake_agent_main() the first look at its arguments.
 */
#ifndef TESTS_FAKE_AGENT_H
#define TESTS_FAKE_AGENT_H

#include "snmp-mib/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snmp-mib/engine.h"

#include "tests/unit/snmp-mib/random_report.h"

#define FAKE_USER "ironherd"
#define FAKE_AUTH "right-auth-password"
#define FAKE_PRIV "right-priv-password"

enum { FAKE_BINDS_MAX = 100 }; /* as snmpd */

struct fake_agent {
	pid_t pid;
	uint16_t port;
};

struct fake_options {
	const char *engine; /* its state file */
	uint64_t seed;
	struct random_sizes sizes;
	/* "normal"; "churn": the layout changes with each answer; "empty": no
	 * objects; "generr"; "cut": a row and a half per answer; "foolish":
	 * one state is nonsense; "backward": rows never advance; "slow":
	 * each answer takes 600 ms */
	const char *mode;
	uint16_t port; /* 0: any */
};

/* Our program; /proc/self/exe would be valgrind's under it. */
static char fake_self[4096];

/* --- the child ----------------------------------------------------------- */

static struct {
	struct node_report *report;
	const char *mode;
	void *session;
} fake;

static bool
fake_is(const char *mode)
{
	return strcmp(fake.mode, mode) == 0;
}

static void
fake_add(netsnmp_pdu *answer, const struct codec_oid *name,
	 const struct codec_value *value)
{
	oid out[MAX_OID_LEN];
	size_t out_len = wire_from_oid(name, out), len = 0;
	union wire_space space = { 0 };
	const void *data = NULL;
	u_char type = wire_from_value(value, &space, &data, &len);

	snmp_pdu_add_variable(answer, out, out_len, type, data, len);
}

static void
fake_add_absent(netsnmp_pdu *answer, const struct codec_oid *name, u_char type)
{
	oid out[MAX_OID_LEN];
	size_t out_len = wire_from_oid(name, out);

	snmp_pdu_add_variable(answer, out, out_len, type, NULL, 0);
}

static void
fake_get(netsnmp_pdu *answer, const struct codec_oid *name)
{
	struct codec_value value;
	int rc = fake_is("empty") ? -ENOENT
				  : codec_get(fake.report, 0, name, &value);

	if (rc == 0 && fake_is("foolish") && value.type == CODEC_INTEGER)
		value.integer = 77;
	if (rc == 0)
		fake_add(answer, name, &value);
	else
		fake_add_absent(answer, name,
				rc == -ENOENT ? SNMP_NOSUCHOBJECT
					      : SNMP_NOSUCHINSTANCE);
}

/* The successor goes into `name`; false at the end. */
static bool
fake_next(netsnmp_pdu *answer, struct codec_oid *name)
{
	struct codec_value value;
	struct codec_oid from = *name;

	if (fake_is("backward") && from.len > codec_root()->len + 4)
		from.len = codec_root()->len + 4; /* the column alone */
	if (fake_is("empty") ||
	    codec_next(fake.report, 0, &from, name, &value) < 0) {
		fake_add_absent(answer, name, SNMP_ENDOFMIBVIEW);
		return false;
	}
	fake_add(answer, name, &value);
	return true;
}

static void
fake_bulk(const netsnmp_pdu *pdu, netsnmp_pdu *answer)
{
	static struct codec_oid names[64];
	size_t n = 0, fixed = (size_t)pdu->non_repeaters, binds = 0, most;

	for (const netsnmp_variable_list *var = pdu->variables;
	     var != NULL && n < 64; var = var->next_variable)
		(void)wire_to_oid(var->name, var->name_length, &names[n++]);
	most = fake_is("cut") ? 1 + (n - fixed) * 3 / 2 : FAKE_BINDS_MAX;
	for (size_t i = 0; i < fixed && i < n; i++, binds++)
		(void)fake_next(answer, &names[i]);
	for (long r = 0; r < pdu->max_repetitions; r++)
		for (size_t i = fixed; i < n; i++)
			if (binds++ < most)
				(void)fake_next(answer, &names[i]);
}

static void
fake_fill(const netsnmp_pdu *pdu, netsnmp_pdu *answer)
{
	if (pdu->command == SNMP_MSG_GETBULK) {
		fake_bulk(pdu, answer);
		return;
	}
	for (const netsnmp_variable_list *var = pdu->variables; var != NULL;
	     var = var->next_variable) {
		struct codec_oid name = { .len = 0 };

		(void)wire_to_oid(var->name, var->name_length, &name);
		if (pdu->command == SNMP_MSG_GETNEXT)
			(void)fake_next(answer, &name);
		else
			fake_get(answer, &name);
	}
}

static int
fake_asked(int op, netsnmp_session *session, int reqid, netsnmp_pdu *pdu,
	   void *magic)
{
	(void)session;
	(void)reqid;
	(void)magic;
	if (op != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE)
		return 1;

	if (fake_is("slow"))
		usleep(600000);
	netsnmp_pdu *answer = snmp_clone_pdu(pdu);
	snmp_free_varbind(answer->variables);
	answer->variables = NULL;
	answer->command = SNMP_MSG_RESPONSE;
	answer->errstat = fake_is("generr") ? SNMP_ERR_GENERR : 0;
	answer->errindex = answer->errstat != 0;
	if (fake_is("churn"))
		fake.report->host.layout_revision++;
	fake_fill(pdu, answer);
	if (snmp_sess_send(fake.session, answer) == 0)
		snmp_free_pdu(answer);
	return 1;
}

static uint16_t
fake_port_of(int fd)
{
	struct sockaddr_in in = { 0 };
	socklen_t len = sizeof(in);

	(void)getsockname(fd, (struct sockaddr *)&in, &len);
	return ntohs(in.sin_port);
}

static void
fake_listen(const char *port)
{
	char address[64],
		user[] = FAKE_USER " SHA-256 " FAKE_AUTH " AES " FAKE_PRIV;
	netsnmp_session session;

	usm_parse_create_usmUser("createUser", user);
	snprintf(address, sizeof(address), "udp:127.0.0.1:%s", port);
	netsnmp_transport *transport =
		netsnmp_transport_open_server("snmp", address);
	if (transport == NULL)
		_exit(3);
	snmp_sess_init(&session);
	session.version = SNMP_DEFAULT_VERSION;
	session.isAuthoritative = SNMP_SESS_AUTHORITATIVE;
	session.callback = fake_asked;
	fake.session = snmp_sess_add(&session, transport, NULL, NULL);
	if (fake.session == NULL)
		_exit(4);
	printf("%u\n", (unsigned)fake_port_of(transport->sock));
	fflush(stdout);
}

/* Never returns when the arguments are those of an agent. */
static inline void
fake_agent_main(int argc, char **argv)
{
	netsnmp_large_fd_set fds;
	struct random_sizes sizes;

	if (realpath(argv[0], fake_self) == NULL)
		abort();
	if (argc != 12 || strcmp(argv[1], "fake-agent") != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sizes.numa = strtoul(argv[6], NULL, 10);
	sizes.features = strtoul(argv[7], NULL, 10);
	sizes.vms = strtoul(argv[8], NULL, 10);
	sizes.datastores = strtoul(argv[9], NULL, 10);
	sizes.slots = strtoul(argv[10], NULL, 10);
	sizes.sources = strtoul(argv[11], NULL, 10);
	fake.mode = argv[5];
	fake.report = random_report(strtoull(argv[4], NULL, 10), &sizes);
	if (snmp_engine_start("fake-agent", argv[3], NULL) < 0)
		_exit(5);
	fake_listen(argv[2]);
	netsnmp_large_fd_set_init(&fds, FD_SETSIZE);
	for (;;) {
		struct pollfd ready = {
			.fd = snmp_sess_transport(fake.session)->sock,
			.events = POLLIN
		};

		if (poll(&ready, 1, -1) > 0)
			wire_read(fake.session, &fds, 100);
	}
}

/* --- the parent ---------------------------------------------------------- */

static inline struct fake_agent
fake_agent_start(const struct fake_options *options)
{
	struct fake_agent agent = { 0 };
	char numbers[8][24], line[16] = "";
	const struct random_sizes *s = &options->sizes;
	const uint64_t values[8] = { options->port, options->seed,
				     s->numa,       s->features,
				     s->vms,        s->datastores,
				     s->slots,      s->sources };
	int out[2];

	for (unsigned i = 0; i < 8; i++)
		snprintf(numbers[i], sizeof(numbers[i]), "%llu",
			 (unsigned long long)values[i]);
	if (pipe2(out, O_CLOEXEC) < 0)
		abort();
	agent.pid = fork();
	if (agent.pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execl(fake_self, fake_self, "fake-agent", numbers[0],
		      options->engine, numbers[1], options->mode, numbers[2],
		      numbers[3], numbers[4], numbers[5], numbers[6],
		      numbers[7], (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	if (read(out[0], line, sizeof(line) - 1) > 0)
		agent.port = (uint16_t)strtoul(line, NULL, 10);
	close(out[0]);
	return agent;
}

static inline void
fake_agent_stop(struct fake_agent *agent)
{
	if (agent->pid <= 0)
		return;
	kill(agent->pid, SIGKILL);
	waitpid(agent->pid, NULL, 0);
	agent->pid = 0;
}

/* An engine's state file as snmp_engine_start() keeps it. */
static inline void
fake_engine_write(const char *path, const char *id, unsigned boots)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		abort();
	fchmod(fileno(file), 0600);
	fprintf(file, "ironherd-engine 1\nid %s\nboots %u\n", id, boots);
	fclose(file);
}

#endif
