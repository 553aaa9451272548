/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pdu_sim.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 10000 };

static void
die(const char *what)
{
	perror(what);
	abort();
}

static FILE *
open_in(const struct pdu_sim *sim, const char *name, const char *mode)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", sim->dir, name);
	return fopen(path, mode);
}

/* A port that was free a moment ago. */
static unsigned
free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		die("no port");
	close(fd);
	return ntohs(in.sin_port);
}

static void
write_conf(const struct pdu_sim *sim)
{
	char here[256];
	FILE *file = open_in(sim, "snmpd.conf", "w");

	if (file == NULL || getcwd(here, sizeof(here)) == NULL)
		die("snmpd.conf");
	fprintf(file,
		"createUser " PDU_SIM_USER " SHA-256 " PDU_SIM_AUTH
		" AES " PDU_SIM_PRIV "\nrwuser " PDU_SIM_USER
		" priv\npass_persist .1.3.6.1.4.1.318.1.1.26.9.2 %s/tests/support/pdu "
		"%s\n",
		here, sim->dir);
	fclose(file);
}

static void
run(const struct pdu_sim *sim)
{
	char conf[96], log[96], listen[48];

	snprintf(conf, sizeof(conf), "%s/snmpd.conf", sim->dir);
	snprintf(log, sizeof(log), "%s/snmpd.log", sim->dir);
	snprintf(listen, sizeof(listen), "udp:%s", sim->address);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("SNMP_PERSISTENT_DIR", sim->dir, 1);
	setenv("MIBS", "", 1);
	execlp("snmpd", "snmpd", "-f", "-Lf", log, "-C", "-c", conf, "-I",
	       "-smux", listen, (char *)NULL);
	execl("/usr/sbin/snmpd", "snmpd", "-f", "-Lf", log, "-C", "-c", conf,
	      "-I", "-smux", listen, (char *)NULL);
	_exit(127);
}

static bool
says_it_is_up(const struct pdu_sim *sim)
{
	char line[256];
	bool up = false;
	FILE *log = open_in(sim, "snmpd.log", "r");

	while (log != NULL && fgets(line, sizeof(line), log) != NULL)
		up |= strstr(line, "NET-SNMP version") != NULL;
	if (log != NULL)
		fclose(log);
	return up;
}

bool
pdu_sim_start(struct pdu_sim *sim, unsigned outlets)
{
	snprintf(sim->dir, sizeof(sim->dir), "/tmp/pdu_sim.XXXXXX");
	if (mkdtemp(sim->dir) == NULL)
		die(sim->dir);
	snprintf(sim->address, sizeof(sim->address), "127.0.0.1:%u",
		 free_port());
	for (unsigned i = 1; i <= outlets; i++)
		pdu_sim_set(sim, i, "on");
	write_conf(sim);
	sim->pid = fork();
	if (sim->pid == 0)
		run(sim);
	for (int ms = 0; ms < START_MS && !says_it_is_up(sim); ms += 20) {
		if (waitpid(sim->pid, NULL, WNOHANG) == sim->pid) {
			sim->pid = 0;
			return false;
		}
		usleep(20000);
	}
	return true;
}

static void
remove_all(const char *dir)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

void
pdu_sim_stop(struct pdu_sim *sim)
{
	if (sim->pid > 0) {
		kill(sim->pid, SIGKILL);
		waitpid(sim->pid, NULL, 0);
	}
	sim->pid = 0;
	remove_all(sim->dir);
}

void
pdu_sim_set(const struct pdu_sim *sim, unsigned outlet, const char *state)
{
	char name[32];

	snprintf(name, sizeof(name), "outlet.%u", outlet);
	FILE *file = open_in(sim, name, "w");
	if (file == NULL)
		die(name);
	fprintf(file, "%s\n", state);
	fclose(file);
}

bool
pdu_sim_is(const struct pdu_sim *sim, unsigned outlet, const char *state)
{
	char name[32], line[16] = "";

	snprintf(name, sizeof(name), "outlet.%u", outlet);
	FILE *file = open_in(sim, name, "r");
	if (file == NULL)
		die(name);
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
	return strcmp(line, state) == 0;
}

unsigned
pdu_sim_switches(const struct pdu_sim *sim, unsigned outlet)
{
	char name[32], line[16];
	unsigned n = 0;

	snprintf(name, sizeof(name), "switched.%u", outlet);
	FILE *file = open_in(sim, name, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		n++;
	if (file != NULL)
		fclose(file);
	return n;
}

void
pdu_sim_spoil(const struct pdu_sim *sim, const char *how, bool on)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", sim->dir, how);
	if (!on) {
		unlink(path);
		return;
	}
	file = fopen(path, "w");
	if (file == NULL)
		die(path);
	fclose(file);
}

void
pdu_sim_freeze(const struct pdu_sim *sim, bool on)
{
	kill(sim->pid, on ? SIGSTOP : SIGCONT);
}
