/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/farm/farm.h - up to 4096 BMCs in one process, with all that BMCs do
 * wrong.  Shares no code with ipmi/: it is the other side.
 *
 *	main.c		sockets, the control socket
 *	timer.c		what is due when
 *	session.c	RMCP+: handshakes and packets of suites 3 and 17
 *	crypto.c	keyed hashes and AES
 *	command.c	which command may be asked by whom; the BMC itself
 *	chassis.c	power
 *	watchdog.c	counts down and acts on the chassis
 *	sel.c		event log and its clock
 *	sdr.c		the sensors' descriptions
 *	sensor.c	the sensors
 *	dcmi.c		watts
 *	pet.c		SNMP traps
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
	PASSWORD_MAX = 20,
	SEL_MAX = 32,
	SENSORS_MAX = 16,
	SDR_MAX = 64,
	PET_MAX = 48
};

enum { OUTSIDE, CALLBACK, USER, OPERATOR, ADMINISTRATOR };

/* --- timer.c: members are its own --- */
struct timer {
	int64_t at_ms;
	uint64_t order;
	size_t place; /* in the heap; 0: not started */
	void (*fn)(void *arg);
	void *arg;
};

void timer_start(struct timer *timer, int64_t at_ms, void (*fn)(void *arg),
		 void *arg);
void timer_stop(struct timer *timer); /* also one that never started */
void timers_run(void);
int timers_wait_ms(void); /* -1: nothing is due */

/* --- what a BMC is --- */
struct session {
	enum { SESSION_FREE, SESSION_OPENING, SESSION_ACTIVE } state;
	bool closing; /* after this answer */
	int suite;    /* 3, 17 */
	uint32_t console_id, id;
	uint8_t console_random[16], bmc_random[16];
	uint8_t role, limit, privilege;
	uint8_t user[16], user_len;
	uint8_t sik[HASH_MAX], k1[HASH_MAX], k2[HASH_MAX];
	struct evp_mac_ctx_st *mac;
	struct evp_cipher_ctx_st *seal, *unseal;
	uint32_t sequence;     /* of our last packet */
	uint32_t newest, seen; /* theirs; bit i: newest - i came */
	int64_t used_ms;
};

struct faults {
	bool silent, stuck, early_yes, short_answers, twice, locked;
	int slow_ms, hw_delay_ms, busy, session_limit;
	int lie;          /* answer this suite's algorithms; -1: the truth */
	int refuse_suite; /* 0: none */
	int control_code; /* completion code of Chassis Control */
	int loss_pm;      /* of each direction, per mille */
	int privilege;    /* the account's limit */
	int lose;         /* so many reservations are lost */
	int read_max;     /* bytes of a record at a time */
};

struct counts {
	unsigned offs, ons, softs, cycles, resets, reads, requests, sessions;
	unsigned pets, acknowledged;
	unsigned records, readings, thresholds; /* asked for */
};

struct chassis {
	bool on, said_off; /* said_off: what an early yes says */
	int policy;        /* restore policy: 0 off, 1 previous, 2 on */
	uint8_t last_event, restart_cause, identify;
	int64_t identify_end_ms;
	struct timer timer;
	uint8_t step, cause; /* what the timer will do, and who said so */
};

struct watchdog {
	uint8_t use, action, interval_s, expired; /* as set; expired: uses */
	uint16_t count;
	bool is_set, runs, warned;
	int64_t end_ms, left_ms;
	uint8_t states; /* of its sensor */
	struct timer timer;
};

struct sel_record {
	uint8_t bytes[16];
};

struct sel {
	struct sel_record records[SEL_MAX]; /* the last ones */
	unsigned n;                         /* added since it was cleared */
	uint32_t erased_s;
	uint16_t reservation;
	int64_t clock_s; /* ahead of ours */
};

struct limit {
	bool active;
	uint8_t action;
	uint16_t watts, sampling_s;
	uint32_t correction_ms;
};

struct pet {
	struct sockaddr_in to;
	struct timer timer;
	uint16_t sequence;
	uint32_t specific;
	uint8_t binding[PET_MAX];
};

struct bmc {
	int fd;
	unsigned number;
	uint8_t guid[16];
	uint8_t password[PASSWORD_MAX];
	struct chassis chassis;
	struct watchdog watchdog;
	struct sel sel;
	uint16_t sensors[SENSORS_MAX]; /* raw, or states */
	uint16_t sdr_reservation;
	unsigned sdr_changes;
	uint32_t sdr_changed_s;
	uint16_t watts;
	struct limit limit;
	struct pet pet;
	struct faults faults;
	struct counts counts;
	struct session sessions[SESSIONS_MAX];
};

struct farm {
	struct bmc *bmcs;
	unsigned n;
	uint32_t base; /* address of the first */
	int64_t now_ms;
	uint64_t luck;
	uint64_t packets_in, packets_out;
};

extern struct farm farm;

/* --- main.c --- */
void farm_send(struct bmc *bmc, const struct sockaddr_in *to,
	       const uint8_t *packet, size_t len);
bool farm_unlucky(int per_mille);
uint32_t farm_wall_s(void);

/* --- bytes --- */
static inline void
put_le(uint8_t *at, uint32_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t
get_le(const uint8_t *at, int bytes)
{
	uint32_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint32_t)at[i] << 8 * i;
	return value;
}

/* --- session.c --- */
void session_packet(struct bmc *bmc, const struct sockaddr_in *from,
		    const uint8_t *packet, size_t len);
unsigned session_count(const struct bmc *bmc);
struct session *session_find(struct bmc *bmc, uint32_t id);
void session_drop_all(struct bmc *bmc);

/* --- crypto.c --- */
void crypto_hmac(int suite, const uint8_t *key, size_t key_len,
		 const uint8_t *data, size_t len, uint8_t out[HASH_MAX]);
/* With the keys of an open session; whole blocks of AES, in place. */
void crypto_sign(struct session *s, const uint8_t *data, size_t len,
		 uint8_t out[HASH_MAX]);
void crypto_seal(struct session *s, const uint8_t iv[16], uint8_t *data,
		 size_t len);
void crypto_unseal(struct session *s, const uint8_t iv[16], uint8_t *data,
		   size_t len);
void crypto_open(struct session *s);
void crypto_close(struct session *s);

/* --- command.c --- */
struct request {
	uint8_t netfn, command;
	const uint8_t *data;
	size_t len;
	struct session *session; /* NULL: outside */
};

/*
 * Data goes to r, its length is returned; r[-1] is the completion code, 0
 * unless it is set.
 */
typedef size_t command_fn(struct bmc *bmc, const struct request *request,
			  uint8_t *r);

static inline size_t
refuse(uint8_t *r, uint8_t code)
{
	r[-1] = code;
	return 0;
}

/* Completion code and data. */
size_t command_run(struct bmc *bmc, const struct request *request,
		   uint8_t reply[PACKET_MAX]);
/* The next record's id, and a part of this one. */
size_t command_part(const struct bmc *bmc, unsigned next, const uint8_t *record,
		    size_t len, const uint8_t offset_count[2], uint8_t *r);
/* Is it still good?  A lost one is lost for good. */
bool command_reserved(struct bmc *bmc, uint16_t *reservation, uint16_t given);

/* --- chassis.c --- */
enum { STEP_OFF, STEP_ON, STEP_CYCLE, STEP_RESET };
enum { CAUSE_COMMAND = 1, CAUSE_BUTTON = 3, CAUSE_WATCHDOG = 4 };

void chassis_init(struct bmc *bmc);
void chassis_plan(struct bmc *bmc, uint8_t step, uint8_t cause, int64_t in_ms);
command_fn chassis_status, chassis_control, chassis_identify, restart_cause;

/* --- watchdog.c --- */
void watchdog_stop(struct bmc *bmc);
command_fn watchdog_set, watchdog_reset, watchdog_get;

/* --- sel.c --- */
/* event: 0x80 is "no longer"; data: the first of three bytes. */
void sel_log(struct bmc *bmc, uint8_t sensor_type, uint8_t sensor,
	     uint8_t event, const uint8_t data[3]);
void sel_erase(struct bmc *bmc);
command_fn sel_info, sel_reserve, sel_get, sel_add, sel_clear, sel_get_time,
	sel_set_time;

/* --- sdr.c --- */
enum {
	SENSOR_WATCHDOG = 1,
	SENSOR_POWER_UNIT,
	SENSOR_CPU_TEMP,
	SENSOR_INLET_TEMP,
	SENSOR_FAN_1,
	SENSOR_FAN_2,
	SENSOR_12V,
	SENSOR_MINUS_12V,
	SENSOR_BATTERY,
	SENSOR_PSU_1,
	SENSOR_PSU_2,
	SENSOR_OS_STOP
};

/* Thresholds as in Get Sensor Thresholds: lower nc, cr, nr, upper nc, cr, nr.
 */
struct analog {
	uint8_t number, type, entity, instance, unit;
	bool is_signed, needs_power;
	int16_t m, b;
	int8_t b_exp, r_exp;
	uint8_t nominal, mask, thresholds[6];
	const char *name;
};

const struct analog *sdr_analog(uint8_t number); /* NULL: it is not */
void sdr_init(struct bmc *bmc);
void sdr_change(struct bmc *bmc);
command_fn sdr_info, sdr_reserve, sdr_get;

/* --- sensor.c --- */
command_fn sensor_reading, sensor_thresholds;

/* --- dcmi.c --- */
command_fn dcmi_capabilities, dcmi_reading, dcmi_get_limit, dcmi_set_limit,
	dcmi_activate;

/* --- pet.c --- */
/* An event that is logged, told, and told again until it is acknowledged. */
void pet_start(struct bmc *bmc, const struct sockaddr_in *to,
	       uint32_t specific);
command_fn pet_acknowledge;

/* --- control.c --- */
void control_line(char *line, char ret_answer[FARM_MAX + 2]);

#endif
