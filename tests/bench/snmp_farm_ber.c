/* SPDX-License-Identifier: Apache-2.0 */
/* As much of BER as SNMP needs. */
#include <assert.h>
#include <string.h>

#include "tests/bench/snmp_farm.h"

/* --- in ------------------------------------------------------------------ */

static struct ber_in
fail(struct ber_in *in)
{
	in->bad = true;
	in->at = in->end;
	return *in;
}

uint8_t
ber_peek(const struct ber_in *in)
{
	return in->at < in->end ? *in->at : 0;
}

struct ber_in
ber_take(struct ber_in *in, unsigned tag)
{
	if (in->end - in->at < 2 || in->at[0] != tag)
		return fail(in);

	size_t len = in->at[1], more = 0;
	if (len > 0x80) {
		more = len - 0x80;
		if (more > 3 || (size_t)(in->end - in->at) < 2 + more)
			return fail(in);
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | in->at[2 + i];
	}
	const uint8_t *from = in->at + 2 + more;
	if ((size_t)(in->end - from) < len)
		return fail(in);
	in->at = from + len;
	return (struct ber_in){ from, from + len, false };
}

int64_t
ber_take_integer(struct ber_in *in)
{
	struct ber_in body = ber_take(in, BER_INTEGER);
	uint64_t number = 0;

	if (body.bad || body.at == body.end || body.end - body.at > 8) {
		fail(in);
		return 0;
	}
	if ((*body.at & 0x80) != 0)
		number = UINT64_MAX;
	while (body.at < body.end)
		number = number << 8 | *body.at++;
	return (int64_t)number;
}

void
ber_take_oid(struct ber_in *in, struct codec_oid *ret_oid)
{
	struct ber_in body = ber_take(in, BER_OID);
	uint32_t id = 0;

	ret_oid->len = 0;
	if (body.bad || body.at == body.end)
		return;
	/* The first two come in one. */
	ret_oid->ids[ret_oid->len++] = *body.at / 40;
	ret_oid->ids[ret_oid->len++] = *body.at++ % 40;
	for (; body.at < body.end; body.at++) {
		id = id << 7 | (*body.at & 0x7f);
		if ((*body.at & 0x80) != 0)
			continue;
		if (ret_oid->len == CODEC_OID_MAX) {
			fail(in);
			return;
		}
		ret_oid->ids[ret_oid->len++] = id;
		id = 0;
	}
}

/* --- out ----------------------------------------------------------------- */

size_t
ber_room(const struct ber_out *out)
{
	return (size_t)(out->at - out->from);
}

void
ber_put_raw(struct ber_out *out, const void *bytes, size_t len)
{
	assert(len <= ber_room(out));
	out->at -= len;
	if (len > 0)
		memcpy(out->at, bytes, len);
}

static void
put_byte(struct ber_out *out, unsigned byte)
{
	assert(ber_room(out) > 0);
	*--out->at = (uint8_t)byte;
}

void
ber_put_head(struct ber_out *out, unsigned tag, size_t len)
{
	unsigned more = 0;

	if (len < 0x80) {
		put_byte(out, (unsigned)len);
	} else {
		for (; len > 0; len >>= 8, more++)
			put_byte(out, len & 0xff);
		put_byte(out, 0x80 | more);
	}
	put_byte(out, tag);
}

void
ber_put_bytes(struct ber_out *out, unsigned tag, const void *bytes, size_t len)
{
	ber_put_raw(out, bytes, len);
	ber_put_head(out, tag, len);
}

void
ber_put_integer(struct ber_out *out, unsigned tag, int64_t number)
{
	const uint8_t *end = out->at;

	do {
		put_byte(out, (unsigned)(number & 0xff));
		number >>= 8; /* keeps the sign */
	} while (number != (*out->at & 0x80 ? -1 : 0));
	ber_put_head(out, tag, (size_t)(end - out->at));
}

void
ber_put_unsigned(struct ber_out *out, unsigned tag, uint64_t number)
{
	const uint8_t *end = out->at;

	do {
		put_byte(out, (unsigned)(number & 0xff));
		number >>= 8;
	} while (number > 0);
	if ((*out->at & 0x80) != 0)
		put_byte(out, 0);
	ber_put_head(out, tag, (size_t)(end - out->at));
}

void
ber_put_oid(struct ber_out *out, const struct codec_oid *oid)
{
	const uint8_t *end = out->at;

	for (size_t i = oid->len; i > 2; i--) {
		uint32_t id = oid->ids[i - 1];

		put_byte(out, id & 0x7f);
		while ((id >>= 7) > 0)
			put_byte(out, 0x80 | (id & 0x7f));
	}
	put_byte(out, oid->ids[0] * 40 + oid->ids[1]);
	ber_put_head(out, BER_OID, (size_t)(end - out->at));
}
