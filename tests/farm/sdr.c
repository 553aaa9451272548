/* SPDX-License-Identifier: Apache-2.0 */
/* The sensors' descriptions (IPMI 2.0, chapters 33 and 43). */
#include <string.h>

#include "tests/farm/farm.h"

enum {
	BMC_ADDRESS = 0x20,
	ASCII_NAME = 0xc0, /* and its length */
	DISCRETE = 0x6f,
	THRESHOLD = 0x01,
	CAN_RESERVE = 0x02,
	HEADER = 5
};

enum { FULL = 1, COMPACT = 2, EVENT_ONLY = 3, FRU = 0x11, CONTROLLER = 0x12 };

enum { CELSIUS = 1, VOLTS = 4, RPM = 18 };

enum { LNC = 1, LCR = 2, LNR = 4, UNC = 8, UCR = 16, UNR = 32 };

/* Value: (m x raw + b x 10^b_exp) x 10^r_exp. */
static const struct analog analogs[] = {
	{ SENSOR_CPU_TEMP,
	  1,
	  3,
	  1,
	  CELSIUS,
	  false,
	  true,
	  1,
	  0,
	  0,
	  0,
	  42,
	  UNC | UCR | UNR,
	  { 0, 0, 0, 80, 90, 100 },
	  "CPU Temp" },
	{ SENSOR_INLET_TEMP,
	  1,
	  0x37,
	  1,
	  CELSIUS,
	  true,
	  false,
	  1,
	  0,
	  0,
	  0,
	  23,
	  LCR | LNC | UCR,
	  { 2, 0xf6, 0, 0, 45, 0 },
	  "Inlet Temp" },
	{ SENSOR_FAN_1,
	  4,
	  0x1d,
	  1,
	  RPM,
	  false,
	  true,
	  50,
	  0,
	  0,
	  0,
	  100,
	  LCR | LNR,
	  { 0, 20, 10, 0, 0, 0 },
	  "Fan 1" },
	{ SENSOR_FAN_2,
	  4,
	  0x1d,
	  2,
	  RPM,
	  false,
	  true,
	  50,
	  0,
	  0,
	  0,
	  98,
	  LCR | LNR,
	  { 0, 20, 10, 0, 0, 0 },
	  "Fan 2" },
	{ SENSOR_12V,
	  2,
	  7,
	  1,
	  VOLTS,
	  false,
	  true,
	  63,
	  0,
	  0,
	  -3,
	  190,
	  LCR | UCR,
	  { 0, 171, 0, 0, 210, 0 },
	  "P12V" },
	{ SENSOR_MINUS_12V,
	  2,
	  7,
	  2,
	  VOLTS,
	  false,
	  true,
	  69,
	  -208,
	  2,
	  -3,
	  128,
	  LCR | UCR,
	  { 0, 111, 0, 0, 145, 0 },
	  "N12V" },
	{ SENSOR_BATTERY,
	  2,
	  0x28,
	  1,
	  VOLTS,
	  false,
	  false,
	  16,
	  0,
	  0,
	  -3,
	  190,
	  LCR,
	  { 0, 156, 0, 0, 0, 0 },
	  "VBAT" },
};

/* The two supplies share a record. */
static const struct discrete {
	uint8_t record, number, type, entity, share;
	uint16_t events, states; /* states: when nothing is wrong */
	const char *name;
} discretes[] = {
	{ COMPACT, SENSOR_WATCHDOG, 0x23, 6, 1, 0x010f, 0, "Watchdog" },
	{ FULL, SENSOR_POWER_UNIT, 0x09, 0x13, 1, 0x0003, 0, "Power Unit" },
	{ COMPACT, SENSOR_PSU_1, 0x08, 10, 2, 0x000b, 1, "PSU" },
	{ EVENT_ONLY, SENSOR_OS_STOP, 0x20, 35, 1, 0, 0, "OS Stop" },
};

static const struct place {
	uint8_t record, entity;
	const char *name;
} places[] = {
	{ CONTROLLER, 6, "BMC" },
	{ FRU, 7, "Board FRU" },
};

enum {
	N_ANALOGS = sizeof(analogs) / sizeof(analogs[0]),
	N_DISCRETES = sizeof(discretes) / sizeof(discretes[0]),
	N_PLACES = sizeof(places) / sizeof(places[0]),
	N_RECORDS = N_ANALOGS + N_DISCRETES + N_PLACES
};

/* --- records ------------------------------------------------------------- */

/* The name ends a record; returns the record's length. */
static size_t
put_name(uint8_t *at, size_t offset, const char *name)
{
	size_t len = strlen(name);

	at[offset] = (uint8_t)(ASCII_NAME | len);
	memcpy(at + offset + 1, name, len);
	return offset + 1 + len;
}

static void
put_sensor(uint8_t *at, uint8_t number, uint8_t entity, uint8_t instance)
{
	at[5] = BMC_ADDRESS;
	at[7] = number;
	at[8] = entity;
	at[9] = instance;
}

/* Ten bits, and what else is in the second byte is 0. */
static void
put_ten_bits(uint8_t *at, int value)
{
	at[0] = value & 0xff;
	at[1] = (value >> 8 & 3) << 6;
}

static uint16_t
events_of(uint8_t mask)
{
	static const uint8_t going[] = { 0, 2, 4, 7, 9, 11 }; /* worse */
	uint16_t events = 0;

	for (int i = 0; i < 6; i++)
		if (mask & 1 << i)
			events |= (uint16_t)(1 << going[i]);
	return events;
}

static size_t
put_analog(uint8_t *at, const struct analog *a)
{
	put_sensor(at, a->number, a->entity, a->instance);
	at[3] = FULL;
	at[10] = 0x7f;
	at[11] = 0x44; /* re-arms itself, thresholds can be read */
	at[12] = a->type;
	at[13] = THRESHOLD;
	put_le(at + 14, events_of(a->mask), 2);
	put_le(at + 16, events_of(a->mask), 2);
	at[18] = a->mask;
	at[20] = a->is_signed ? 0x80 : 0;
	at[21] = a->unit;
	put_ten_bits(at + 24, a->m);
	put_ten_bits(at + 26, a->b);
	at[29] = (uint8_t)((a->r_exp & 0x0f) << 4 | (a->b_exp & 0x0f));
	at[30] = 1; /* the nominal reading is told */
	at[31] = a->nominal;
	at[34] = a->is_signed ? 0x7f : 0xff;
	at[35] = a->is_signed ? 0x80 : 0;
	for (int i = 0; i < 3; i++) {
		at[36 + i] = a->thresholds[5 - i];
		at[39 + i] = a->thresholds[2 - i];
	}
	return put_name(at, 47, a->name);
}

static size_t
put_event_only(uint8_t *at, const struct discrete *d)
{
	at[10] = d->type;
	at[11] = DISCRETE;
	at[12] = 1;
	return put_name(at, 16, d->name);
}

static size_t
put_discrete(uint8_t *at, const struct discrete *d)
{
	put_sensor(at, d->number, d->entity, 1);
	at[3] = d->record;
	if (d->record == EVENT_ONLY)
		return put_event_only(at, d);
	at[10] = 0x67;
	at[11] = 0x40;
	at[12] = d->type;
	at[13] = DISCRETE;
	for (int i = 14; i < 20; i += 2)
		put_le(at + i, d->events, 2);
	at[20] = 0xc0; /* no analog reading */
	if (d->record == FULL)
		return put_name(at, 47, d->name);
	at[23] = d->share;
	at[24] = d->share > 1 ? 0x81 : 0; /* instances, names from 1 */
	return put_name(at, 31, d->name);
}

static size_t
put_place(uint8_t *at, const struct place *p)
{
	at[3] = p->record;
	at[5] = BMC_ADDRESS;
	at[12] = p->entity;
	at[13] = 1;
	if (p->record == CONTROLLER) {
		at[8] = 0xbf;
	} else {
		at[7] = 0x80; /* by commands */
		at[10] = 0x10;
	}
	return put_name(at, 15, p->name);
}

/*
 * After each odd change one degree of the CPU's sensor is half a step: a
 * description that was kept too long gives a wrong temperature.
 */
static void
apply_changes(const struct bmc *bmc, uint8_t *at)
{
	if (bmc->sdr_changes % 2 == 1 && at[3] == FULL &&
	    at[7] == SENSOR_CPU_TEMP)
		put_ten_bits(at + 24, 2);
}

static size_t
put_record(const struct bmc *bmc, unsigned i, uint8_t at[SDR_MAX])
{
	size_t len;

	memset(at, 0, SDR_MAX);
	if (i < N_ANALOGS)
		len = put_analog(at, &analogs[i]);
	else if (i < N_ANALOGS + N_DISCRETES)
		len = put_discrete(at, &discretes[i - N_ANALOGS]);
	else
		len = put_place(at, &places[i - N_ANALOGS - N_DISCRETES]);
	put_le(at, i + 1, 2);
	at[2] = 0x51;
	at[4] = (uint8_t)(len - HEADER);
	apply_changes(bmc, at);
	return len;
}

const struct analog *
sdr_analog(uint8_t number)
{
	for (size_t i = 0; i < N_ANALOGS; i++)
		if (analogs[i].number == number)
			return &analogs[i];
	return NULL;
}

void
sdr_init(struct bmc *bmc)
{
	for (size_t i = 0; i < N_ANALOGS; i++)
		bmc->sensors[analogs[i].number] = analogs[i].nominal;
	for (size_t i = 0; i < N_DISCRETES; i++)
		for (uint8_t k = 0; k < discretes[i].share; k++)
			bmc->sensors[discretes[i].number + k] =
				discretes[i].states;
	bmc->sdr_changed_s = farm_wall_s();
}

void
sdr_change(struct bmc *bmc)
{
	uint32_t now_s = farm_wall_s();

	bmc->sdr_changes++;
	bmc->sdr_reservation = 0;
	/* Another time, however soon. */
	bmc->sdr_changed_s =
		now_s > bmc->sdr_changed_s ? now_s : bmc->sdr_changed_s + 1;
}

/* --- commands ------------------------------------------------------------ */

size_t
sdr_info(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	(void)request;
	r[0] = 0x51;
	put_le(r + 1, N_RECORDS, 2);
	put_le(r + 5, bmc->sdr_changed_s, 4);
	r[13] = CAN_RESERVE;
	return 14;
}

size_t
sdr_reserve(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	static uint16_t last;

	(void)request;
	if (++last == 0)
		last = 1;
	bmc->sdr_reservation = last;
	put_le(r, last, 2);
	return 2;
}

size_t
sdr_get(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data;
	uint16_t reservation = (uint16_t)get_le(d, 2);
	unsigned id = get_le(d + 2, 2);
	uint8_t record[SDR_MAX];

	bmc->counts.records++;
	if ((reservation != 0 || d[4] != 0) &&
	    !command_reserved(bmc, &bmc->sdr_reservation, reservation))
		return refuse(r, 0xc5);
	id = id == 0 ? 1 : id == 0xffff ? N_RECORDS : id;
	if (id > N_RECORDS)
		return refuse(r, 0xcb);
	size_t len = put_record(bmc, id - 1, record);
	return command_part(bmc, id < N_RECORDS ? id + 1 : 0xffff, record, len,
			    d + 4, r);
}
