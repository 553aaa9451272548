/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/snmp_farm.h - what the files of the farm of agents share.
 *
 *	snmp_farm.c         options, socket, messages in and out
 *	snmp_farm_usm.c     RFC 3414 and 7860: keys, digests, AES
 *	snmp_farm_ber.c     BER, read forwards and written backwards
 *	snmp_farm_answer.c  what a request is answered, out of the codec
 */
#ifndef TESTS_BENCH_SNMP_FARM_H
#define TESTS_BENCH_SNMP_FARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snmp-mib/codec.h"

/* --- snmp_farm_ber.c ----------------------------------------------------- */

enum {
	BER_INTEGER = 0x02,
	BER_OCTETS = 0x04,
	BER_OID = 0x06,
	BER_SEQUENCE = 0x30,
	BER_COUNTER32 = 0x41,
	BER_GAUGE = 0x42,
	BER_COUNTER64 = 0x46,
	BER_NO_OBJECT = 0x80,
	BER_END_OF_VIEW = 0x82,
	PDU_GET = 0xa0,
	PDU_GETNEXT = 0xa1,
	PDU_RESPONSE = 0xa2,
	PDU_GETBULK = 0xa5,
	PDU_REPORT = 0xa8
};

/* A cursor; once it met nonsense it stays `bad` and gives nothing. */
struct ber_in {
	const uint8_t *at, *end;
	bool bad;
};

/* The next element, which must be of that tag. */
struct ber_in ber_take(struct ber_in *in, unsigned tag);
uint8_t ber_peek(const struct ber_in *in);
int64_t ber_take_integer(struct ber_in *in);
void ber_take_oid(struct ber_in *in, struct codec_oid *ret_oid);

/* Written from the end to the front, so that lengths are known. */
struct ber_out {
	uint8_t *from, *at;
};

void ber_put_head(struct ber_out *out, unsigned tag, size_t len);
void ber_put_bytes(struct ber_out *out, unsigned tag, const void *bytes,
		   size_t len);
void ber_put_raw(struct ber_out *out, const void *bytes, size_t len);
void ber_put_integer(struct ber_out *out, unsigned tag, int64_t number);
void ber_put_unsigned(struct ber_out *out, unsigned tag, uint64_t number);
void ber_put_oid(struct ber_out *out, const struct codec_oid *oid);
size_t ber_room(const struct ber_out *out);

/* --- snmp_farm_usm.c ----------------------------------------------------- */

enum {
	FARM_ENGINE_LEN = 13,
	USM_DIGEST_LEN = 24, /* HMAC-SHA-256, cut */
	USM_SALT_LEN = 8,
	USM_KEY_LEN = 32
};

struct farm_agent {
	uint8_t engine[FARM_ENGINE_LEN];
	uint8_t auth[USM_KEY_LEN], priv[USM_KEY_LEN];
};

void usm_start(const char *auth_password, const char *priv_password);
void usm_make_agent(struct farm_agent *agent, uint32_t number);
/* Over the whole message, its own digest being zeros. */
void usm_digest(const struct farm_agent *agent, const uint8_t *message,
		size_t len, uint8_t ret_digest[USM_DIGEST_LEN]);
void usm_crypt(const struct farm_agent *agent, bool encrypt, uint32_t boots,
	       uint32_t time, const uint8_t salt[USM_SALT_LEN], uint8_t *data,
	       size_t len);

/* --- snmp_farm_answer.c -------------------------------------------------- */

/* Every agent serves this many VMs; 0: the scalars and one row, 50 values. */
void answer_start(size_t n_vms);
/* The variables of a GET, GETNEXT or GETBULK, as the content of a sequence. */
const uint8_t *answer_to(uint8_t command, int64_t non_repeaters,
			 int64_t repetitions, struct ber_in variables,
			 size_t *ret_len);

#endif
