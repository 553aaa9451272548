/* SPDX-License-Identifier: Apache-2.0 */
/* RMCP+ (IPMI 2.0, chapter 13): handshakes and packets. */
#include <openssl/rand.h>
#include <string.h>

#include "tests/farm/farm.h"

enum {
	HEADER_15 = 14, /* without authentication code */
	HEADER_20 = 16,
	IDLE_MS = 60000,
	WINDOW = 16 /* of their sequence numbers, each way */
};

static const char user_name[] = "admin";

static const uint8_t rmcp_header[4] = { 6, 0, 0xff, 7 };

/* Authentication, integrity, confidentiality. */
static const struct {
	int suite;
	uint8_t algorithm[3];
} suites[] = { { 3, { 1, 1, 1 } }, { 17, { 3, 4, 1 } }, { 0, { 0, 0, 0 } } };

enum { N_SUITES = sizeof(suites) / sizeof(suites[0]) };

static uint8_t
checksum(const uint8_t *data, size_t len)
{
	uint8_t sum = 0;

	while (len-- > 0)
		sum = (uint8_t)(sum + *data++);
	return (uint8_t)-sum;
}

static size_t
hash_len(const struct session *s)
{
	return s->suite == 17 ? 32 : 20;
}

static size_t
code_len(const struct session *s)
{
	return s->suite == 17 ? 16 : 12;
}

/* --- sessions ------------------------------------------------------------ */

static bool
is_stale(const struct session *s)
{
	return s->state != SESSION_FREE && farm.now_ms - s->used_ms > IDLE_MS;
}

unsigned
session_count(const struct bmc *bmc)
{
	unsigned n = 0;

	for (int i = 0; i < SESSIONS_MAX; i++)
		n += bmc->sessions[i].state != SESSION_FREE &&
		     !is_stale(&bmc->sessions[i]);
	return n;
}

static void
forget(struct session *s)
{
	crypto_close(s);
	*s = (struct session){ .state = SESSION_FREE };
}

void
session_drop_all(struct bmc *bmc)
{
	for (int i = 0; i < SESSIONS_MAX; i++)
		forget(&bmc->sessions[i]);
}

static struct session *
find_free(struct bmc *bmc)
{
	if (session_count(bmc) >= (unsigned)bmc->faults.session_limit)
		return NULL;
	for (int i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &bmc->sessions[i];

		if (s->state != SESSION_FREE && !is_stale(s))
			continue;
		forget(s);
		return s;
	}
	return NULL;
}

struct session *
session_find(struct bmc *bmc, uint32_t id)
{
	for (int i = 0; i < SESSIONS_MAX; i++)
		if (bmc->sessions[i].state != SESSION_FREE &&
		    bmc->sessions[i].id == id && !is_stale(&bmc->sessions[i]))
			return &bmc->sessions[i];
	return NULL;
}

static uint32_t
new_id(const struct bmc *bmc, const struct session *s)
{
	static uint32_t counter;

	return 0x10000u + (++counter << 4) + (uint32_t)(s - bmc->sessions);
}

/* Each number once, and none far from the newest. */
static bool
is_in_window(struct session *s, uint32_t number)
{
	int32_t ahead = (int32_t)(number - s->newest);

	if (number == 0 || ahead > WINDOW || ahead <= -WINDOW)
		return false;
	if (ahead > 0) {
		s->newest = number;
		s->seen = s->seen << ahead | 1;
		return true;
	}
	if (s->seen >> -ahead & 1)
		return false;
	s->seen |= 1u << -ahead;
	return true;
}

/* --- handshake ----------------------------------------------------------- */

/* A payload outside of any session. */
static void
send_plain(struct bmc *bmc, const struct sockaddr_in *to, uint8_t type,
	   const uint8_t *payload, size_t len)
{
	uint8_t packet[PACKET_MAX] = { 6, 0, 0xff, 7, 6, type };

	packet[14] = (uint8_t)len;
	memcpy(packet + HEADER_20, payload, len);
	farm_send(bmc, to, packet, HEADER_20 + len);
}

static void
send_refusal(struct bmc *bmc, const struct sockaddr_in *to, uint8_t type,
	     uint8_t tag, uint8_t status, uint32_t console_id)
{
	uint8_t payload[8] = { tag, status };

	put_le(payload + 4, console_id, 4);
	send_plain(bmc, to, type, payload, sizeof(payload));
}

static int
suite_asked(const uint8_t *payload)
{
	for (int i = 0; i < N_SUITES; i++)
		if ((payload[12] & 0x3f) == suites[i].algorithm[0] &&
		    (payload[20] & 0x3f) == suites[i].algorithm[1] &&
		    (payload[28] & 0x3f) == suites[i].algorithm[2] &&
		    suites[i].suite != 0)
			return suites[i].suite;
	return 0;
}

static void
open_session(struct bmc *bmc, const struct sockaddr_in *from, const uint8_t *p,
	     size_t len)
{
	uint8_t reply[36] = { p[0], 0, ADMINISTRATOR };

	if (len < 32)
		return;
	uint32_t console_id = get_le(p + 4, 4);
	int suite = suite_asked(p);
	if (suite == 0 || suite == bmc->faults.refuse_suite) {
		send_refusal(bmc, from, 0x11, p[0], 0x11, console_id);
		return;
	}
	struct session *s = find_free(bmc);
	if (s == NULL) {
		send_refusal(bmc, from, 0x11, p[0], 0x01, console_id);
		return;
	}
	s->state = SESSION_OPENING;
	s->suite = suite;
	s->console_id = console_id;
	s->id = new_id(bmc, s);
	s->used_ms = farm.now_ms;
	put_le(reply + 4, console_id, 4);
	put_le(reply + 8, s->id, 4);
	for (int i = 0; i < N_SUITES; i++) {
		int told = bmc->faults.lie >= 0 ? bmc->faults.lie : suite;

		for (int k = 0; k < 3 && suites[i].suite == told; k++) {
			reply[12 + 8 * k] = (uint8_t)k;
			reply[15 + 8 * k] = 8;
			reply[16 + 8 * k] = suites[i].algorithm[k];
		}
	}
	send_plain(bmc, from, 0x11, reply, sizeof(reply));
}

static size_t
put_user(const struct session *s, uint8_t *at)
{
	at[0] = s->role;
	at[1] = s->user_len;
	memcpy(at + 2, s->user, s->user_len);
	return 2 + (size_t)s->user_len;
}

static void
by_password(const struct bmc *bmc, const struct session *s, const uint8_t *text,
	    size_t len, uint8_t out[HASH_MAX])
{
	crypto_hmac(s->suite, bmc->password, PASSWORD_MAX, text, len, out);
}

static void
make_keys(const struct bmc *bmc, struct session *s)
{
	uint8_t text[64], constant[20]; /* so long with each hash */
	size_t len = hash_len(s);

	memcpy(text, s->console_random, 16);
	memcpy(text + 16, s->bmc_random, 16);
	by_password(bmc, s, text, 32 + put_user(s, text + 32), s->sik);
	memset(constant, 1, sizeof(constant));
	crypto_hmac(s->suite, s->sik, len, constant, sizeof(constant), s->k1);
	memset(constant, 2, sizeof(constant));
	crypto_hmac(s->suite, s->sik, len, constant, sizeof(constant), s->k2);
}

/* RMCP+ status: may this user have the privilege it asks for? */
static uint8_t
judge_user(const struct bmc *bmc, struct session *s)
{
	s->limit = s->role & 0x0f;
	if (s->limit < CALLBACK || s->limit > ADMINISTRATOR)
		return 0x09;
	if (s->user_len != strlen(user_name) ||
	    memcmp(s->user, user_name, s->user_len) != 0 || bmc->faults.locked)
		return 0x0d;
	return s->limit > bmc->faults.privilege ? 0x0a : 0;
}

static void
rakp_1(struct bmc *bmc, const struct sockaddr_in *from, const uint8_t *p,
       size_t len)
{
	uint8_t reply[40 + HASH_MAX] = { p[0] }, text[80];
	struct session *s =
		len >= 28 ? session_find(bmc, get_le(p + 4, 4)) : NULL;

	if (s == NULL || s->state != SESSION_OPENING || p[27] > 16 ||
	    len < 28 + (size_t)p[27])
		return;
	memcpy(s->console_random, p + 8, 16);
	s->role = p[24];
	s->user_len = p[27];
	memcpy(s->user, p + 28, s->user_len);
	uint8_t status = judge_user(bmc, s);
	if (status != 0) {
		send_refusal(bmc, from, 0x13, p[0], status, s->console_id);
		forget(s);
		return;
	}
	RAND_bytes(s->bmc_random, 16);
	put_le(reply + 4, s->console_id, 4);
	memcpy(reply + 8, s->bmc_random, 16);
	memcpy(reply + 24, bmc->guid, 16);
	put_le(text, s->console_id, 4);
	put_le(text + 4, s->id, 4);
	memcpy(text + 8, s->console_random, 16);
	memcpy(text + 24, s->bmc_random, 16);
	memcpy(text + 40, bmc->guid, 16);
	by_password(bmc, s, text, 56 + put_user(s, text + 56), reply + 40);
	make_keys(bmc, s);
	send_plain(bmc, from, 0x13, reply, 40 + hash_len(s));
}

static void
rakp_3(struct bmc *bmc, const struct sockaddr_in *from, const uint8_t *p,
       size_t len)
{
	uint8_t reply[8 + HASH_MAX] = { p[0] }, text[64], code[HASH_MAX];
	struct session *s =
		len >= 8 ? session_find(bmc, get_le(p + 4, 4)) : NULL;

	/* Again: our answer was lost. */
	bool again =
		s != NULL && s->state == SESSION_ACTIVE && s->sequence == 0;
	if (s == NULL || (s->state != SESSION_OPENING && !again))
		return;
	if (p[1] != 0 || len < 8 + hash_len(s)) {
		forget(s);
		return;
	}
	memcpy(text, s->bmc_random, 16);
	put_le(text + 16, s->console_id, 4);
	by_password(bmc, s, text, 20 + put_user(s, text + 20), code);
	if (memcmp(code, p + 8, hash_len(s)) != 0) {
		send_refusal(bmc, from, 0x15, p[0], 0x0f, s->console_id);
		forget(s);
		return;
	}
	put_le(reply + 4, s->console_id, 4);
	memcpy(text, s->console_random, 16);
	put_le(text + 16, s->id, 4);
	memcpy(text + 20, bmc->guid, 16);
	crypto_hmac(s->suite, s->sik, hash_len(s), text, 36, reply + 8);
	s->state = SESSION_ACTIVE;
	s->privilege = USER; /* until Set Session Privilege Level */
	crypto_open(s);
	s->used_ms = farm.now_ms;
	bmc->counts.sessions += !again;
	send_plain(bmc, from, 0x15, reply, 8 + code_len(s));
}

/* --- messages ------------------------------------------------------------ */

/* A LAN message in, the answer out; 0: none. */
static size_t
answer_message(struct bmc *bmc, struct session *s, const uint8_t *m, size_t len,
	       uint8_t *out)
{
	uint8_t reply[PACKET_MAX];

	if (len < 7 || checksum(m, 3) != 0 || checksum(m + 3, len - 3) != 0)
		return 0;
	const struct request request = { .netfn = m[1] >> 2,
					 .command = m[5],
					 .data = m + 6,
					 .len = len - 7,
					 .session = s };
	size_t n = command_run(bmc, &request, reply);
	if (n == 0)
		return 0;
	out[0] = m[3];
	out[1] = (uint8_t)((request.netfn | 1) << 2 | (m[4] & 3));
	out[2] = checksum(out, 2);
	out[3] = m[0];
	out[4] = (uint8_t)((m[4] & 0xfc) | (m[1] & 3));
	out[5] = m[5];
	memcpy(out + 6, reply, n);
	out[6 + n] = checksum(out + 3, 3 + n);
	return 7 + n;
}

static void
message_15(struct bmc *bmc, const struct sockaddr_in *from,
	   const uint8_t *packet, size_t len)
{
	uint8_t out[PACKET_MAX] = { 6, 0, 0xff, 7 };

	if (len < HEADER_15 || get_le(packet + 9, 4) != 0 ||
	    (size_t)packet[13] + HEADER_15 > len)
		return;
	size_t n = answer_message(bmc, NULL, packet + HEADER_15, packet[13],
				  out + HEADER_15);
	out[13] = (uint8_t)n;
	if (n > 0)
		farm_send(bmc, from, out, HEADER_15 + n);
}

static void
send_protected(struct bmc *bmc, const struct sockaddr_in *to, struct session *s,
	       const uint8_t *message, size_t len)
{
	uint8_t out[PACKET_MAX] = { 6, 0, 0xff, 7, 6, 0xc0 };
	uint8_t *iv = out + HEADER_20, *body = iv + 16, code[HASH_MAX];
	size_t pads = (16 - (len + 1) % 16) % 16;
	size_t n = len + pads + 1;

	put_le(out + 6, s->console_id, 4);
	put_le(out + 10, ++s->sequence, 4);
	out[14] = (uint8_t)(16 + n);
	for (int i = 0; i < 16; i++)
		iv[i] = (uint8_t)(farm.luck >> (i % 8) * 8) ^
			(uint8_t)s->sequence;
	memcpy(body, message, len);
	for (size_t i = 0; i < pads; i++)
		body[len + i] = (uint8_t)(i + 1);
	body[n - 1] = (uint8_t)pads;
	crypto_seal(s, iv, body, n);
	n += HEADER_20 + 16;
	pads = (4 - (n + 2) % 4) % 4;
	memset(out + n, 0xff, pads);
	n += pads;
	out[n++] = (uint8_t)pads;
	out[n++] = 7;
	crypto_sign(s, out + 4, n - 4, code);
	memcpy(out + n, code, code_len(s));
	farm_send(bmc, to, out, n + code_len(s));
}

/* 1, 2, 3 ... and how many; returns the message's length, 0: it is wrong. */
static size_t
without_pads(const uint8_t *body, size_t n)
{
	size_t pads = body[n - 1];

	if (pads > 15 || pads + 1 > n)
		return 0;
	for (size_t i = 0; i < pads; i++)
		if (body[n - 1 - pads + i] != i + 1)
			return 0;
	return n - 1 - pads;
}

/* 0xff, how many, and 7, so that what is signed is a multiple of 4. */
static bool
is_trailer_right(const uint8_t *trailer, size_t len, size_t signed_len)
{
	if (len < 2 || len > 5 || signed_len % 4 != 0 ||
	    trailer[len - 1] != 7 || trailer[len - 2] != len - 2)
		return false;
	for (size_t i = 0; i < len - 2; i++)
		if (trailer[i] != 0xff)
			return false;
	return true;
}

static void
message_20(struct bmc *bmc, const struct sockaddr_in *from,
	   const uint8_t *packet, size_t len)
{
	uint8_t body[PACKET_MAX], out[PACKET_MAX], code[HASH_MAX];
	struct session *s = session_find(bmc, get_le(packet + 6, 4));
	size_t n = packet[14] | (size_t)packet[15] << 8;

	if (s == NULL || s->state != SESSION_ACTIVE || packet[5] != 0xc0 ||
	    len < HEADER_20 + n + 2 + code_len(s) || n < 32 || n % 16 != 0)
		return;
	size_t end = len - code_len(s);
	crypto_sign(s, packet + 4, end - 4, code);
	if (memcmp(code, packet + end, code_len(s)) != 0 ||
	    !is_trailer_right(packet + HEADER_20 + n, end - HEADER_20 - n,
			      end - 4) ||
	    !is_in_window(s, get_le(packet + 10, 4)))
		return;
	n -= 16;
	memcpy(body, packet + HEADER_20 + 16, n);
	crypto_unseal(s, packet + HEADER_20, body, n);
	n = without_pads(body, n);
	if (n == 0)
		return;
	s->used_ms = farm.now_ms;
	n = answer_message(bmc, s, body, n, out);
	if (n > 0)
		send_protected(bmc, from, s, out, n);
	if (s->closing)
		forget(s);
}

static void
presence_pong(struct bmc *bmc, const struct sockaddr_in *from,
	      const uint8_t *packet, size_t len)
{
	uint8_t pong[28] = { 6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x40, 0, 0, 16 };

	if (len < 12 || packet[8] != 0x80)
		return;
	pong[9] = packet[9];
	put_le(pong + 12, 0xbe110000, 4);
	pong[20] = 0x81;
	farm_send(bmc, from, pong, sizeof(pong));
}

void
session_packet(struct bmc *bmc, const struct sockaddr_in *from,
	       const uint8_t *packet, size_t len)
{
	static void (*const handshake[])(struct bmc *,
					 const struct sockaddr_in *,
					 const uint8_t *, size_t) = {
		[0x10] = open_session, [0x12] = rakp_1, [0x14] = rakp_3
	};

	if (len >= 4 && packet[3] == 6) {
		presence_pong(bmc, from, packet, len);
		return;
	}
	if (len < HEADER_15 || memcmp(packet, rmcp_header, 4) != 0)
		return;
	if (packet[4] != 6) {
		message_15(bmc, from, packet, len);
		return;
	}
	if (len < HEADER_20 + 4)
		return;
	uint8_t type = packet[5] & 0x3f;
	size_t n = packet[14] | (size_t)packet[15] << 8;
	if (get_le(packet + 6, 4) != 0)
		message_20(bmc, from, packet, len);
	else if (type < 0x15 && handshake[type] != NULL && HEADER_20 + n <= len)
		handshake[type](bmc, from, packet + HEADER_20, n);
}
