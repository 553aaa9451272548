/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, time, and packets that are late. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/farm/farm.h"

enum {
	EVENTS = 256,
	PORT_TRIES = 20,
	CONTROL = UINT16_MAX,
	FILES_MAX = 2 * FARM_MAX
};

struct farm farm;

/* A packet that is sent later. */
struct late {
	struct timer timer;
	struct bmc *bmc;
	struct sockaddr_in to;
	size_t len;
	uint8_t packet[PACKET_MAX];
};

static int control_fd = -1;

static int64_t
mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t
farm_wall_s(void)
{
	return (uint32_t)time(NULL);
}

bool
farm_unlucky(int per_mille)
{
	if (per_mille == 0)
		return false;
	farm.luck ^= farm.luck << 13;
	farm.luck ^= farm.luck >> 7;
	farm.luck ^= farm.luck << 17;
	return (int)(farm.luck % 1000) < per_mille;
}

/* --- sending ------------------------------------------------------------- */

static void
send_now(struct bmc *bmc, const struct sockaddr_in *to, const uint8_t *packet,
	 size_t len)
{
	farm.packets_out++;
	(void)sendto(bmc->fd, packet, len, MSG_DONTWAIT,
		     (const struct sockaddr *)to, sizeof(*to));
}

static void
send_late(void *arg)
{
	struct late *late = arg;

	send_now(late->bmc, &late->to, late->packet, late->len);
	free(late);
}

static void
send_later(struct bmc *bmc, const struct sockaddr_in *to, const uint8_t *packet,
	   size_t len)
{
	struct late *late = calloc(1, sizeof(*late));

	if (late == NULL)
		abort();
	late->bmc = bmc;
	late->to = *to;
	late->len = len;
	memcpy(late->packet, packet, len);
	timer_start(&late->timer, farm.now_ms + bmc->faults.slow_ms, send_late,
		    late);
}

void
farm_send(struct bmc *bmc, const struct sockaddr_in *to, const uint8_t *packet,
	  size_t len)
{
	for (int i = bmc->faults.twice ? 2 : 1; i > 0; i--) {
		if (farm_unlucky(bmc->faults.loss_pm))
			continue;
		if (bmc->faults.slow_ms > 0)
			send_later(bmc, to, packet, len);
		else
			send_now(bmc, to, packet, len);
	}
}

/* --- receiving ----------------------------------------------------------- */

/* One packet: if there are more, epoll says so again. */
static void
receive(struct bmc *bmc)
{
	uint8_t packet[PACKET_MAX];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(bmc->fd, packet, sizeof(packet), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);

	if (len < 0)
		return;
	farm.packets_in++;
	if (!bmc->faults.silent && !farm_unlucky(bmc->faults.loss_pm))
		session_packet(bmc, &from, packet, (size_t)len);
}

/* Who connects has its line ready; who has none does not hold the farm up. */
static void
serve_control(void)
{
	static const struct timeval patience = { .tv_usec = 200000 };
	static char answer[FARM_MAX + 64];
	char line[LINE_MAX_LEN];
	int fd = accept(control_fd, NULL, NULL);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ssize_t len = read(fd, line, sizeof(line) - 1);
	if (len > 0) {
		line[len] = '\0';
		control_line(line, answer);
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	}
	close(fd);
}

/* --- setting up ---------------------------------------------------------- */

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "bmcfarm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
watch(int epoll, int fd, unsigned number)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll");
}

static void
init_bmc(struct bmc *bmc, unsigned number)
{
	bmc->number = number;
	bmc->watts = (uint16_t)(180 + number % 200);
	memcpy(bmc->password, "secret", 6);
	bmc->faults.session_limit = SESSIONS_MAX;
	bmc->faults.lie = -1;
	bmc->faults.privilege = ADMINISTRATOR;
	bmc->faults.read_max = PACKET_MAX;
	for (unsigned i = 0; i < 16; i++)
		bmc->guid[i] = (uint8_t)(0xf0 + i);
	bmc->guid[0] = number & 0xff;
	bmc->guid[1] = number >> 8 & 0xff;
	chassis_init(bmc);
	sdr_init(bmc);
}

/* The port, or 0: it is taken. */
static in_port_t
open_bmc(struct bmc *bmc, in_port_t port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = port };
	socklen_t own_len = sizeof(own);
	int room = 1 << 20;

	own.sin_addr.s_addr = htonl(farm.base + bmc->number);
	bmc->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bmc->fd < 0)
		die("socket");
	if (bind(bmc->fd, (struct sockaddr *)&own, own_len) < 0) {
		if (errno != EADDRINUSE)
			die("bind");
		return 0;
	}
	setsockopt(bmc->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	getsockname(bmc->fd, (struct sockaddr *)&own, &own_len);
	return own.sin_port;
}

/* All on one port, the first BMC's choice if it is 0. */
static in_port_t
open_all(in_port_t asked)
{
	for (int tries = asked == 0 ? PORT_TRIES : 1; tries > 0; tries--) {
		in_port_t port = asked;
		unsigned i = 0;

		while (i < farm.n &&
		       (port = open_bmc(&farm.bmcs[i], port)) != 0)
			i++;
		if (i == farm.n)
			return port;
		do
			close(farm.bmcs[i].fd);
		while (i-- > 0);
	}
	errno = EADDRINUSE;
	die("port");
}

static void
open_control(const char *path)
{
	struct sockaddr_un own = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(own.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	memcpy(own.sun_path, path, strlen(path) + 1);
	unlink(path);
	control_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(control_fd, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    listen(control_fd, 16) < 0)
		die(path);
}

static _Noreturn void
run(int epoll)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		farm.now_ms = mono_ms();
		int n = epoll_wait(epoll, events, EVENTS, timers_wait_ms());

		farm.now_ms = mono_ms();
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == CONTROL)
				serve_control();
			else
				receive(&farm.bmcs[events[i].data.u32]);
		timers_run();
	}
}

/* Ends with whoever started it, also if that was quick. */
static void
follow_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		exit(0);
}

static _Noreturn void
usage(void)
{
	fputs("usage: bmcfarm [--count N] [--base ADDRESS] [--port PORT] "
	      "[--control PATH]\n",
	      stderr);
	exit(2);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "base", required_argument, NULL, 'b' },
		{ "port", required_argument, NULL, 'p' },
		{ "control", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	const struct rlimit many = { FILES_MAX, FILES_MAX };
	const pid_t parent = getppid();
	in_port_t port = 0;
	const char *control = NULL;
	struct in_addr address;
	int c;

	farm.n = 1;
	farm.base = 0x7f080001;
	farm.luck = 0x9e3779b97f4a7c15u;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'n')
			farm.n = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p')
			port = htons((uint16_t)strtoul(optarg, NULL, 10));
		else if (c == 'c')
			control = optarg;
		else if (c == 'b' && inet_aton(optarg, &address))
			farm.base = ntohl(address.s_addr);
		else
			usage();
	}
	if (farm.n < 1 || farm.n > FARM_MAX || farm.base >> 24 != 127)
		usage();
	follow_parent(parent);
	setrlimit(RLIMIT_NOFILE, &many);
	farm.now_ms = mono_ms();
	farm.bmcs = calloc(farm.n, sizeof(*farm.bmcs));
	if (farm.bmcs == NULL)
		die("memory");
	for (unsigned i = 0; i < farm.n; i++)
		init_bmc(&farm.bmcs[i], i);
	port = open_all(port);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < farm.n; i++)
		watch(epoll, farm.bmcs[i].fd, i);
	if (control != NULL) {
		open_control(control);
		watch(epoll, control_fd, CONTROL);
	}
	printf("ready %u\n", ntohs(port));
	fflush(stdout);
	run(epoll);
}
