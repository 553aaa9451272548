/* SPDX-License-Identifier: Apache-2.0 */
/* RMCP+ (IPMI 2.0, chapter 13): handshakes and packets. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "tests/farm/farm.h"

enum {
	HEADER_15 = 14, /* without authentication code */
	HEADER_20 = 16,
	IDLE_MS = 60000,
	ADMINISTRATOR = 4
};

static const char user_name[] = "admin";
static const uint8_t password[20] = "secret";

static const uint8_t rmcp_header[4] = { 6, 0, 0xff, 7 };

/* Authentication, integrity, confidentiality. */
static const struct {
	int suite;
	uint8_t algorithm[3];
} suites[] = { { 3, { 1, 1, 1 } }, { 17, { 3, 4, 1 } }, { 0, { 0, 0, 0 } } };

enum { N_SUITES = sizeof(suites) / sizeof(suites[0]) };

/* --- bytes --------------------------------------------------------------- */

static void
put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t
get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static uint8_t
checksum(const uint8_t *data, size_t len)
{
	uint8_t sum = 0;

	while (len-- > 0)
		sum = (uint8_t)(sum + *data++);
	return (uint8_t)-sum;
}

/* --- keyed hashes and AES ------------------------------------------------ */

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

static void
hmac(const struct session *s, const uint8_t *key, size_t key_len,
     const uint8_t *data, size_t len, uint8_t out[HASH_MAX])
{
	static EVP_MAC_CTX *contexts[2];
	EVP_MAC_CTX **context = &contexts[s->suite == 17];
	size_t out_len;

	if (*context == NULL) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(
				OSSL_MAC_PARAM_DIGEST,
				(char *)(s->suite == 17 ? "SHA256" : "SHA1"),
				0),
			OSSL_PARAM_construct_end()
		};
		*context = EVP_MAC_CTX_new(EVP_MAC_fetch(NULL, "HMAC", NULL));
		EVP_MAC_CTX_set_params(*context, params);
	}
	if (EVP_MAC_init(*context, key, key_len, NULL) != 1 ||
	    EVP_MAC_update(*context, data, len) != 1 ||
	    EVP_MAC_final(*context, out, &out_len, HASH_MAX) != 1)
		abort();
}

/* Whole blocks, in place. */
static void
aes(bool encrypt, const uint8_t key[16], const uint8_t iv[16], uint8_t *data,
    int len)
{
	static EVP_CIPHER_CTX *context;
	static EVP_CIPHER *cipher;
	int n;

	if (context == NULL) {
		context = EVP_CIPHER_CTX_new();
		cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	}
	if (EVP_CipherInit_ex2(context, cipher, key, iv, encrypt, NULL) != 1)
		abort();
	EVP_CIPHER_CTX_set_padding(context, 0);
	if (EVP_CipherUpdate(context, data, &n, data, len) != 1)
		abort();
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

static struct session *
find_free(struct bmc *bmc)
{
	if (session_count(bmc) >= (unsigned)bmc->faults.session_limit)
		return NULL;
	for (int i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &bmc->sessions[i];

		if (s->state != SESSION_FREE && !is_stale(s))
			continue;
		*s = (struct session){ .state = SESSION_FREE };
		return s;
	}
	return NULL;
}

static struct session *
find(struct bmc *bmc, uint32_t id)
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

	put_u32(payload + 4, console_id);
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
	uint32_t console_id = get_u32(p + 4);
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
	put_u32(reply + 4, console_id);
	put_u32(reply + 8, s->id);
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
make_keys(struct session *s)
{
	uint8_t text[64], constant[20]; /* so long with each hash */
	size_t len = hash_len(s);

	memcpy(text, s->console_random, 16);
	memcpy(text + 16, s->bmc_random, 16);
	hmac(s, password, sizeof(password), text, 32 + put_user(s, text + 32),
	     s->sik);
	memset(constant, 1, sizeof(constant));
	hmac(s, s->sik, len, constant, sizeof(constant), s->k1);
	memset(constant, 2, sizeof(constant));
	hmac(s, s->sik, len, constant, sizeof(constant), s->k2);
}

static void
rakp_1(struct bmc *bmc, const struct sockaddr_in *from, const uint8_t *p,
       size_t len)
{
	uint8_t reply[40 + HASH_MAX] = { p[0] }, text[80];
	struct session *s = len >= 28 ? find(bmc, get_u32(p + 4)) : NULL;

	if (s == NULL || s->state != SESSION_OPENING || p[27] > 16 ||
	    len < 28 + (size_t)p[27])
		return;
	memcpy(s->console_random, p + 8, 16);
	s->role = p[24];
	s->user_len = p[27];
	memcpy(s->user, p + 28, s->user_len);
	if (s->user_len != strlen(user_name) ||
	    memcmp(s->user, user_name, s->user_len) != 0 ||
	    bmc->faults.locked) {
		s->state = SESSION_FREE;
		send_refusal(bmc, from, 0x13, p[0], 0x0d, s->console_id);
		return;
	}
	RAND_bytes(s->bmc_random, 16);
	put_u32(reply + 4, s->console_id);
	memcpy(reply + 8, s->bmc_random, 16);
	memcpy(reply + 24, bmc->guid, 16);
	put_u32(text, s->console_id);
	put_u32(text + 4, s->id);
	memcpy(text + 8, s->console_random, 16);
	memcpy(text + 24, s->bmc_random, 16);
	memcpy(text + 40, bmc->guid, 16);
	hmac(s, password, sizeof(password), text, 56 + put_user(s, text + 56),
	     reply + 40);
	make_keys(s);
	send_plain(bmc, from, 0x13, reply, 40 + hash_len(s));
}

static void
rakp_3(struct bmc *bmc, const struct sockaddr_in *from, const uint8_t *p,
       size_t len)
{
	uint8_t reply[8 + HASH_MAX] = { p[0] }, text[64], code[HASH_MAX];
	struct session *s = len >= 8 ? find(bmc, get_u32(p + 4)) : NULL;

	/* Again: our answer was lost. */
	bool again =
		s != NULL && s->state == SESSION_ACTIVE && s->sequence == 0;
	if (s == NULL || (s->state != SESSION_OPENING && !again))
		return;
	if (p[1] != 0 || len < 8 + hash_len(s)) {
		s->state = SESSION_FREE;
		return;
	}
	memcpy(text, s->bmc_random, 16);
	put_u32(text + 16, s->console_id);
	hmac(s, password, sizeof(password), text, 20 + put_user(s, text + 20),
	     code);
	if (memcmp(code, p + 8, hash_len(s)) != 0) {
		s->state = SESSION_FREE;
		send_refusal(bmc, from, 0x15, p[0], 0x0f, s->console_id);
		return;
	}
	put_u32(reply + 4, s->console_id);
	memcpy(text, s->console_random, 16);
	put_u32(text + 16, s->id);
	memcpy(text + 20, bmc->guid, 16);
	hmac(s, s->sik, hash_len(s), text, 36, reply + 8);
	s->state = SESSION_ACTIVE;
	s->privilege = 2; /* user, until Set Session Privilege Level */
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
	out[1] = (uint8_t)((request.netfn | 1) << 2);
	out[2] = checksum(out, 2);
	out[3] = m[0];
	out[4] = m[4];
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

	if (len < HEADER_15 || get_u32(packet + 9) != 0 ||
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

	put_u32(out + 6, s->console_id);
	put_u32(out + 10, ++s->sequence);
	out[14] = (uint8_t)(16 + n);
	for (int i = 0; i < 16; i++)
		iv[i] = (uint8_t)(farm.luck >> (i % 8) * 8) ^
			(uint8_t)s->sequence;
	memcpy(body, message, len);
	for (size_t i = 0; i < pads; i++)
		body[len + i] = (uint8_t)(i + 1);
	body[n - 1] = (uint8_t)pads;
	aes(true, s->k2, iv, body, (int)n);
	n += HEADER_20 + 16;
	pads = (4 - (n + 2) % 4) % 4;
	memset(out + n, 0xff, pads);
	n += pads;
	out[n++] = (uint8_t)pads;
	out[n++] = 7;
	hmac(s, s->k1, hash_len(s), out + 4, n - 4, code);
	memcpy(out + n, code, code_len(s));
	farm_send(bmc, to, out, n + code_len(s));
}

static void
message_20(struct bmc *bmc, const struct sockaddr_in *from,
	   const uint8_t *packet, size_t len)
{
	uint8_t body[PACKET_MAX], out[PACKET_MAX], code[HASH_MAX];
	struct session *s = find(bmc, get_u32(packet + 6));
	size_t n = packet[14] | (size_t)packet[15] << 8;

	if (s == NULL || s->state != SESSION_ACTIVE || packet[5] != 0xc0 ||
	    len < HEADER_20 + n + 2 + code_len(s) || n < 32 || n % 16 != 0)
		return;
	hmac(s, s->k1, hash_len(s), packet + 4, len - 4 - code_len(s), code);
	if (memcmp(code, packet + len - code_len(s), code_len(s)) != 0)
		return;
	n -= 16;
	memcpy(body, packet + HEADER_20 + 16, n);
	aes(false, s->k2, packet + HEADER_20, body, (int)n);
	if (body[n - 1] + 1u > n)
		return;
	s->used_ms = farm.now_ms;
	n = answer_message(bmc, s, body, n - 1 - body[n - 1], out);
	if (n > 0)
		send_protected(bmc, from, s, out, n);
}

static void
presence_pong(struct bmc *bmc, const struct sockaddr_in *from,
	      const uint8_t *packet, size_t len)
{
	uint8_t pong[28] = { 6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x40, 0, 0, 16 };

	if (len < 12 || packet[8] != 0x80)
		return;
	pong[9] = packet[9];
	put_u32(pong + 12, 0xbe110000);
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
	if (get_u32(packet + 6) != 0)
		message_20(bmc, from, packet, len);
	else if (type < 0x15 && handshake[type] != NULL && HEADER_20 + n <= len)
		handshake[type](bmc, from, packet + HEADER_20, n);
}
