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
	BURST = 8,
	CONTROL = UINT16_MAX,
	FILES_MAX = 2 * FARM_MAX
};

struct farm farm;

/* A packet that is sent later. */
struct late {
	struct late *next;
	int64_t at_ms;
	struct bmc *bmc;
	struct sockaddr_in to;
	size_t len;
	uint8_t packet[PACKET_MAX];
};

static struct late *late_packets; /* by time */
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
send_later(struct bmc *bmc, const struct sockaddr_in *to, const uint8_t *packet,
	   size_t len)
{
	struct late **at = &late_packets, *late = calloc(1, sizeof(*late));

	if (late == NULL)
		abort();
	late->at_ms = farm.now_ms + bmc->faults.slow_ms;
	late->bmc = bmc;
	late->to = *to;
	late->len = len;
	memcpy(late->packet, packet, len);
	while (*at != NULL && (*at)->at_ms <= late->at_ms)
		at = &(*at)->next;
	late->next = *at;
	*at = late;
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

static void
send_due(void)
{
	while (late_packets != NULL && late_packets->at_ms <= farm.now_ms) {
		struct late *late = late_packets;

		late_packets = late->next;
		send_now(late->bmc, &late->to, late->packet, late->len);
		free(late);
	}
}

/* --- chassis ------------------------------------------------------------- */

static void
power_changes(struct bmc *bmc)
{
	if (bmc->on != bmc->change_to)
		command_log(bmc, 0x09, 2, 0x6f, bmc->change_to ? 0x80 : 0);
	bmc->on = bmc->change_to;
	bmc->said_off = false;
	bmc->change_ms = 0;
}

void
farm_change_power(struct bmc *bmc, bool on, int64_t in_ms)
{
	bmc->change_to = on;
	bmc->change_ms = farm.now_ms + in_ms;
	if (in_ms == 0)
		power_changes(bmc);
}

/* Time until something is due; -1: nothing. */
static int
run_due(void)
{
	int64_t next_ms = INT64_MAX;

	send_due();
	for (unsigned i = 0; i < farm.n; i++) {
		struct bmc *bmc = &farm.bmcs[i];

		command_tick(bmc);
		if (bmc->change_ms != 0 && bmc->change_ms <= farm.now_ms)
			power_changes(bmc);
		if (bmc->change_ms != 0 && bmc->change_ms < next_ms)
			next_ms = bmc->change_ms;
		if (bmc->watchdog_runs && bmc->watchdog_end_ms < next_ms)
			next_ms = bmc->watchdog_end_ms;
	}
	if (late_packets != NULL && late_packets->at_ms < next_ms)
		next_ms = late_packets->at_ms;
	return next_ms == INT64_MAX ? -1 : (int)(next_ms - farm.now_ms);
}

/* --- receiving ----------------------------------------------------------- */

static void
receive(struct bmc *bmc)
{
	uint8_t packet[PACKET_MAX];
	struct sockaddr_in from;

	for (int i = 0; i < BURST; i++) {
		socklen_t from_len = sizeof(from);
		ssize_t len =
			recvfrom(bmc->fd, packet, sizeof(packet), MSG_DONTWAIT,
				 (struct sockaddr *)&from, &from_len);
		if (len < 0)
			return;
		farm.packets_in++;
		if (!bmc->faults.silent && !farm_unlucky(bmc->faults.loss_pm))
			session_packet(bmc, &from, packet, (size_t)len);
	}
}

static void
serve_control(void)
{
	static char answer[FARM_MAX + 64];
	char line[LINE_MAX_LEN];
	int fd = accept(control_fd, NULL, NULL);
	ssize_t len = fd >= 0 ? read(fd, line, sizeof(line) - 1) : -1;

	if (len > 0) {
		line[len] = '\0';
		control_line(line, answer);
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	}
	if (fd >= 0)
		close(fd);
}

/* --- setting up ---------------------------------------------------------- */

static void
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

static in_port_t
open_bmc(struct bmc *bmc, uint32_t address, in_port_t port)
{
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = port };
	socklen_t own_len = sizeof(own);
	int room = 1 << 20;

	own.sin_addr.s_addr = htonl(address + bmc->number);
	bmc->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bmc->fd < 0 || bind(bmc->fd, (struct sockaddr *)&own, own_len) < 0)
		die("socket");
	setsockopt(bmc->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	getsockname(bmc->fd, (struct sockaddr *)&own, &own_len);
	return own.sin_port;
}

static void
init_bmc(struct bmc *bmc, unsigned number)
{
	bmc->number = number;
	bmc->on = true;
	bmc->last_event = 0x10;
	bmc->restart_cause = 1;
	bmc->watts = (uint16_t)(180 + number % 200);
	bmc->faults.session_limit = SESSIONS_MAX;
	bmc->faults.lie = -1;
	for (unsigned i = 0; i < 16; i++)
		bmc->guid[i] = (uint8_t)(0xf0 + i);
	bmc->guid[0] = number & 0xff;
	bmc->guid[1] = number >> 8 & 0xff;
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

static void
run(int epoll)
{
	struct epoll_event events[EVENTS];

	for (int wait_ms = -1;; wait_ms = run_due()) {
		int n = epoll_wait(epoll, events, EVENTS, wait_ms);

		farm.now_ms = mono_ms();
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == CONTROL)
				serve_control();
			else
				receive(&farm.bmcs[events[i].data.u32]);
	}
}

static void
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
	uint32_t base = 0x7f080001;
	in_port_t port = 0;
	const char *control = NULL;
	struct in_addr address;
	int c;

	farm.n = 1;
	farm.luck = 0x9e3779b97f4a7c15u;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'n')
			farm.n = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p')
			port = htons((uint16_t)strtoul(optarg, NULL, 10));
		else if (c == 'c')
			control = optarg;
		else if (c == 'b' && inet_aton(optarg, &address))
			base = ntohl(address.s_addr);
		else
			usage();
	}
	if (farm.n < 1 || farm.n > FARM_MAX || base >> 24 != 127)
		usage();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_NOFILE, &many);
	farm.now_ms = mono_ms();
	farm.bmcs = calloc(farm.n, sizeof(*farm.bmcs));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < farm.n; i++) {
		init_bmc(&farm.bmcs[i], i);
		port = open_bmc(&farm.bmcs[i], base, port);
		watch(epoll, farm.bmcs[i].fd, i);
	}
	if (control != NULL) {
		open_control(control);
		watch(epoll, control_fd, CONTROL);
	}
	printf("ready %u\n", ntohs(port));
	fflush(stdout);
	run(epoll);
	return 0;
}
