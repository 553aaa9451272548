/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/farm/farm.h - up to 4096 BMCs in one process, with all that BMCs do
 * wrong.  Shares no code with ipmi/: it is the other side.
 *
 *	main.c		sockets, the control socket, time
 *	session.c	RMCP+: handshakes and packets of suites 3 and 17
 *	command.c	what the commands do
 *	control.c	faults and questions, a line each
 */
#ifndef TESTS_FARM_FARM_H
#define TESTS_FARM_FARM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FARM_MAX = 4096,
	SESSIONS_MAX = 15,
	PACKET_MAX = 256,
	LINE_MAX_LEN = 256,
	HASH_MAX = 32,
	SEL_MAX = 32
};

struct session {
	enum { SESSION_FREE, SESSION_OPENING, SESSION_ACTIVE } state;
	uint32_t console_id, id;
	int suite; /* 3, 17 */
	uint8_t console_random[16], bmc_random[16];
	uint8_t role, privilege;
	uint8_t user[16], user_len;
	uint8_t sik[HASH_MAX], k1[HASH_MAX], k2[HASH_MAX];
	uint32_t sequence; /* of our last packet */
	int64_t used_ms;
};

struct faults {
	bool silent, stuck, early_yes, short_answers, twice, locked;
	int slow_ms, hw_delay_ms, busy, session_limit;
	int lie;          /* answer this suite's algorithms; -1: the truth */
	int refuse_suite; /* 0: none */
	int control_code; /* completion code of Chassis Control */
	int loss_pm;      /* of each direction, per mille */
};

struct counts {
	unsigned offs, ons, softs, resets, reads, requests, sessions;
};

struct sel_record {
	uint8_t bytes[16];
};

struct bmc {
	int fd;
	unsigned number;
	uint8_t guid[16];
	bool on, said_off; /* said_off: what an early yes says */
	int64_t change_ms; /* 0: no change under way */
	bool change_to;
	uint8_t last_event, restart_cause, identify;
	uint8_t watchdog[6]; /* as set: use, action, interval, flags, count */
	bool watchdog_set, watchdog_runs;
	int64_t watchdog_end_ms;
	uint16_t watts, watt_limit;
	bool limit_active;
	struct sel_record sel[SEL_MAX];
	unsigned n_sel; /* added since the start */
	uint32_t sel_erased_s;
	struct faults faults;
	struct counts counts;
	struct session sessions[SESSIONS_MAX];
};

struct farm {
	struct bmc *bmcs;
	unsigned n;
	int64_t now_ms;
	uint64_t luck;
	uint64_t packets_in, packets_out;
};

extern struct farm farm;

/* --- main.c --- */
void farm_send(struct bmc *bmc, const struct sockaddr_in *to,
	       const uint8_t *packet, size_t len);
/* At that time the chassis changes; wakes the loop. */
void farm_change_power(struct bmc *bmc, bool on, int64_t in_ms);
bool farm_unlucky(int per_mille);
uint32_t farm_wall_s(void);

/* --- session.c --- */
void session_packet(struct bmc *bmc, const struct sockaddr_in *from,
		    const uint8_t *packet, size_t len);
unsigned session_count(const struct bmc *bmc);

/* --- command.c --- */
struct request {
	uint8_t netfn, command;
	const uint8_t *data;
	size_t len;
	struct session *session; /* NULL: outside */
};

/* Completion code and data; 0: no answer. */
size_t command_run(struct bmc *bmc, const struct request *request,
		   uint8_t reply[PACKET_MAX]);
void command_log(struct bmc *bmc, uint8_t sensor_type, uint8_t sensor,
		 uint8_t event_type, uint8_t offset);
void command_tick(struct bmc *bmc); /* the watchdog */

/* --- control.c --- */
void control_line(char *line, char ret_answer[FARM_MAX + 2]);

#endif
