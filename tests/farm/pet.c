/* SPDX-License-Identifier: Apache-2.0 */
/* Platform event traps 1.0, told again until they are acknowledged. */
#include <arpa/inet.h>
#include <string.h>

#include "tests/farm/farm.h"

enum {
	AGAIN_MS = 1000,
	BINDING_LEN = 47,
	CRITICAL = 0x10,
	INTEGER = 0x02, /* BER */
	OCTETS = 0x04,
	OID = 0x06,
	CONSTRUCTED = 0x30,
	ADDRESS = 0x40,
	TICKS = 0x43,
	TRAP = 0xa4
};

/* 1998-01-01 00:00 UTC */
static const uint32_t pet_epoch_s = 883612800;

/* 1.3.6.1.4.1.3183.1.1, and .1 below it */
static const uint8_t enterprise[] = { 0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1, 1, 1 };

static void
put_be(uint8_t *at, uint32_t value, int bytes)
{
	while (bytes-- > 0) {
		at[bytes] = value & 0xff;
		value >>= 8;
	}
}

/* --- BER, from the end to the front: lengths are known then --------------- */

struct ber {
	uint8_t bytes[PACKET_MAX];
	size_t begin;
};

static void
put_front(struct ber *ber, const void *bytes, size_t len)
{
	ber->begin -= len;
	memcpy(ber->bytes + ber->begin, bytes, len);
}

/* What came since `end`, as one element; none is longer than 255 bytes. */
static void
wrap(struct ber *ber, uint8_t tag, size_t end)
{
	size_t len = end - ber->begin;
	const uint8_t head[3] = { tag, 0x81, (uint8_t)len };
	const uint8_t short_head[2] = { tag, (uint8_t)len };

	if (len < 0x80)
		put_front(ber, short_head, sizeof(short_head));
	else
		put_front(ber, head, sizeof(head));
}

static void
put_element(struct ber *ber, uint8_t tag, const void *bytes, size_t len)
{
	size_t end = ber->begin;

	put_front(ber, bytes, len);
	wrap(ber, tag, end);
}

static void
put_number(struct ber *ber, uint8_t tag, uint32_t value)
{
	uint8_t bytes[5] = { 0 };
	size_t skip = 0;

	put_be(bytes + 1, value, 4);
	while (skip < 4 && bytes[skip] == 0 && !(bytes[skip + 1] & 0x80))
		skip++;
	put_element(ber, tag, bytes + skip, sizeof(bytes) - skip);
}

static void
put_trap(struct ber *ber, const struct bmc *bmc)
{
	uint32_t own = htonl(farm.base + bmc->number);

	ber->begin = sizeof(ber->bytes);
	put_element(ber, OCTETS, bmc->pet.binding, BINDING_LEN);
	put_element(ber, OID, enterprise, sizeof(enterprise));
	wrap(ber, CONSTRUCTED, sizeof(ber->bytes));
	wrap(ber, CONSTRUCTED, sizeof(ber->bytes));
	put_number(ber, TICKS, (uint32_t)(farm.now_ms / 10));
	put_number(ber, INTEGER, bmc->pet.specific);
	put_number(ber, INTEGER, 6); /* enterprise specific */
	put_element(ber, ADDRESS, &own, sizeof(own));
	put_element(ber, OID, enterprise, sizeof(enterprise) - 1);
	wrap(ber, TRAP, sizeof(ber->bytes));
	put_element(ber, OCTETS, "public", 6);
	put_number(ber, INTEGER, 0); /* SNMPv1 */
	wrap(ber, CONSTRUCTED, sizeof(ber->bytes));
}

/* --- telling ------------------------------------------------------------- */

static void
tell(void *arg)
{
	struct bmc *bmc = arg;
	struct ber ber;

	put_trap(&ber, bmc);
	if (!bmc->faults.silent) {
		bmc->counts.pets++;
		farm_send(bmc, &bmc->pet.to, ber.bytes + ber.begin,
			  sizeof(ber.bytes) - ber.begin);
	}
	timer_start(&bmc->pet.timer, farm.now_ms + AGAIN_MS, tell, bmc);
}

static uint8_t
sensor_of(uint8_t type)
{
	return type == 0x23   ? SENSOR_WATCHDOG
	       : type == 0x20 ? SENSOR_OS_STOP
			      : SENSOR_POWER_UNIT;
}

static void
fill_binding(struct bmc *bmc, uint8_t sensor, uint8_t offset)
{
	uint8_t *b = bmc->pet.binding;

	memset(b, 0, PET_MAX);
	memcpy(b, bmc->guid, 16);
	put_be(b + 16, bmc->pet.sequence, 2);
	put_be(b + 18, farm_wall_s() - pet_epoch_s, 4);
	b[24] = 0x20; /* the trap is from IPMI */
	b[25] = 0x20; /* so is the event */
	b[26] = CRITICAL;
	b[27] = 0x20;
	b[28] = sensor;
	b[31] = offset;
	b[32] = b[33] = 0xff;
	b[39] = 0x19; /* English */
	put_be(b + 40, 343, 4);
	put_be(b + 44, 0x0142, 2);
	b[46] = 0xc1; /* no more fields */
}

void
pet_start(struct bmc *bmc, const struct sockaddr_in *to, uint32_t specific)
{
	const uint8_t data[3] = { specific & 0x0f, 0xff, 0xff };
	uint8_t type = specific >> 16 & 0xff;

	bmc->pet.to = *to;
	bmc->pet.specific = specific;
	bmc->pet.sequence++;
	fill_binding(bmc, sensor_of(type), data[0]);
	sel_log(bmc, type, sensor_of(type), specific >> 8 & 0xff, data);
	tell(bmc);
}

/* Sequence and time come as numbers here: the low byte first. */
size_t
pet_acknowledge(struct bmc *bmc, const struct request *request, uint8_t *r)
{
	const uint8_t *d = request->data, *b = bmc->pet.binding;
	uint8_t told[6]; /* as the trap has it */

	(void)r;
	put_be(told, get_le(d, 2), 2);
	put_be(told + 2, get_le(d + 2, 4), 4);
	if (bmc->pet.timer.place == 0 || memcmp(told, b + 16, 6) != 0 ||
	    d[6] != b[25] || d[7] != b[27] || d[8] != b[28] ||
	    memcmp(d + 9, b + 31, 3) != 0)
		return 0;
	bmc->counts.acknowledged++;
	timer_stop(&bmc->pet.timer);
	return 0;
}
