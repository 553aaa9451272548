/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ipmi_sim.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOST "127.0.91.1"

enum { START_TRIES = 500, REMOVE_TRIES = 100, TRY_US = 20000 };

static const char conf_text[] =
	"name \"node\"\n"
	"set_working_mc 0x20\n"
	"  startlan 1\n"
	"    addr " HOST " %u\n"
	"    priv_limit admin\n"
	"    allowed_auths_callback none md2 md5 straight\n"
	"    allowed_auths_user none md2 md5 straight\n"
	"    allowed_auths_operator none md2 md5 straight\n"
	"    allowed_auths_admin none md2 md5 straight\n"
	"    guid a123456789abcdefa123456789abcdef\n"
	"  endlan\n"
	"  chassis_control \"/bin/sh %s/chassis %s\"\n"
	"  user 1 false \"\" \"\" user 10 none md2 md5 straight\n"
	"  user 2 true \"admin\" \"secret\" admin 10 none md2 md5 straight\n";

static const char emu_text[] =
	"mc_setbmc 0x20\n"
	"mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\n"
	"sel_enable 0x20 1000 0x0a\n"
	"sensor_add 0x20 0 1 0x01 0x01\n"
	"sensor_set_event_support 0x20 0 1 enable scanning per-state "
	"000000000000000 000000000000000 000000000000000 000000000000000\n"
	"sensor_set_value 0x20 0 1 0x2a 0\n"
	"sensor_set_threshold 0x20 0 1 settable 111000 "
	"0xa0 0x90 0x70 00 00 00\n"
	/* A full record of it: degrees C, "Core". */
	"main_sdr_add 0x20 "
	"0x00 0x00 0x51 0x01 0x2f 0x20 0x00 0x01 0x03 0x01 0x7f 0x68 "
	"0x01 0x01 0x00 0x00 0x00 0x00 0x38 0x38 0x00 0x01 0x00 0x00 "
	"0x01 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 "
	"0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0xc4 "
	"0x43 0x6f 0x72 0x65 "
	"\n"
	"mc_enable 0x20\n";

/* Values come quoted by hand: set power "0". */
static const char chassis_text[] =
	"dir=$1 verb=$2\n"
	"shift 2\n"
	"case $verb in\n"
	"get) for word; do\n"
	"	value=0\n"
	"	[ $word = power ] && read value <$dir/power\n"
	"	echo $word:$value\n"
	"     done ;;\n"
	"set) while [ $# -ge 2 ]; do\n"
	"	if [ $1 = power ] && [ ! -e $dir/stuck ]; then\n"
	"		read delay <$dir/delay\n"
	"		value=${2#\\\"}\n"
	"		value=${value%%\\\"}\n"
	"		(sleep $delay; echo $value >$dir/power) \\\n"
	"			>/dev/null 2>&1 &\n"
	"		[ $delay = 0 ] && wait\n"
	"	fi\n"
	"	shift 2\n"
	"     done ;;\n"
	"esac\n"
	"exit 0\n";

static void
give_up(const char *what)
{
	perror(what);
	exit(1);
}

static void __attribute__((format(printf, 3, 4)))
put_file(const struct ipmi_sim *sim, const char *name, const char *fmt, ...)
{
	char path[128], temporary[128];
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", sim->dir, name);
	snprintf(temporary, sizeof(temporary), "%s/%s.new", sim->dir, name);
	FILE *file = fopen(temporary, "w");
	if (file == NULL)
		give_up(temporary);
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	/* The chassis reads it at any time: whole or not. */
	if (fclose(file) != 0 || rename(temporary, path) < 0)
		give_up(path);
}

const char *
ipmi_sim_missing(void)
{
	return access("/usr/bin/ipmi_sim", X_OK) == 0
		       ? NULL
		       : "there is no /usr/bin/ipmi_sim (package openipmi)";
}

static struct sockaddr_in
address_of(unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, HOST, &address.sin_addr);
	return address;
}

static unsigned
free_port(void)
{
	struct sockaddr_in address = address_of(0);
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		give_up("no free port");
	close(fd);
	return ntohs(address.sin_port);
}

/* Somebody has the port: ours does not want it. */
static bool
port_is_taken(unsigned port)
{
	struct sockaddr_in address = address_of(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));

	close(fd);
	return rc < 0;
}

void
ipmi_sim_init(struct ipmi_sim *sim)
{
	*sim = (struct ipmi_sim){ .dir = "/tmp/ipmi-sim-XXXXXX" };
	if (mkdtemp(sim->dir) == NULL)
		give_up("mkdtemp");
	sim->port = free_port();
	snprintf(sim->address, sizeof(sim->address), HOST ":%u", sim->port);
	put_file(sim, "conf", conf_text, sim->port, sim->dir, sim->dir);
	put_file(sim, "emu", "%s", emu_text);
	put_file(sim, "chassis", "%s", chassis_text);
	ipmi_sim_set(sim, true);
	ipmi_sim_set_delay(sim, "0");
}

static _Noreturn void
run_child(const struct ipmi_sim *sim)
{
	char conf[128], emu[128], log[128];

	snprintf(conf, sizeof(conf), "%s/conf", sim->dir);
	snprintf(emu, sizeof(emu), "%s/emu", sim->dir);
	snprintf(log, sizeof(log), "%s/log", sim->dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/usr/bin/ipmi_sim", "ipmi_sim", "-n", "-p", "-c", conf, "-f",
	      emu, "-s", sim->dir, (char *)NULL);
	_exit(127);
}

void
ipmi_sim_start(struct ipmi_sim *sim)
{
	sim->pid = fork();
	if (sim->pid < 0)
		give_up("fork");
	if (sim->pid == 0)
		run_child(sim);
	for (int i = 0; i < START_TRIES; i++) {
		if (port_is_taken(sim->port))
			return;
		if (waitpid(sim->pid, NULL, WNOHANG) == sim->pid)
			break;
		usleep(TRY_US);
	}
	fprintf(stderr, "ipmi_sim does not start, see %s/log\n", sim->dir);
	exit(1);
}

void
ipmi_sim_kill(struct ipmi_sim *sim)
{
	if (sim->pid == 0)
		return;
	kill(sim->pid, SIGKILL);
	waitpid(sim->pid, NULL, 0);
	sim->pid = 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
ipmi_sim_done(struct ipmi_sim *sim)
{
	ipmi_sim_kill(sim);
	/* What it has started may still write here. */
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (nftw(sim->dir, remove_one, 4, FTW_DEPTH | FTW_PHYS) == 0 ||
		    access(sim->dir, F_OK) < 0)
			return;
		usleep(TRY_US);
	}
	give_up(sim->dir);
}

bool
ipmi_sim_is_on(const struct ipmi_sim *sim)
{
	char path[128];
	int c = 0;

	snprintf(path, sizeof(path), "%s/power", sim->dir);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		give_up(path);
	c = fgetc(file);
	fclose(file);
	return c == '1';
}

void
ipmi_sim_set(const struct ipmi_sim *sim, bool on)
{
	put_file(sim, "power", "%d\n", on);
}

void
ipmi_sim_set_delay(const struct ipmi_sim *sim, const char *seconds)
{
	put_file(sim, "delay", "%s\n", seconds);
}

void
ipmi_sim_set_stuck(const struct ipmi_sim *sim, bool stuck)
{
	char path[128];

	if (stuck) {
		put_file(sim, "stuck", "\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/stuck", sim->dir);
	unlink(path);
}
