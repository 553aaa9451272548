/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keyed hashes of RMCP+: against the vectors of RFC 2202 and RFC 4231, and
 * against texts put together by hand as IPMI 2.0, 13.31 has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "ipmi/rmcp_keys.h"

/* Key "Jefe", text "what do ya want for nothing?" */
static void
hashes_agree_with_the_published_vectors(void **state)
{
	static const uint8_t sha1[20] = { 0xef, 0xfc, 0xdf, 0x6a, 0xe5,
					  0xeb, 0x2f, 0xa2, 0xd2, 0x74,
					  0x16, 0xd5, 0xf1, 0x84, 0xdf,
					  0x9c, 0x25, 0x9a, 0x7c, 0x79 };
	static const uint8_t sha256[32] = { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60,
					    0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26,
					    0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00,
					    0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
					    0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec,
					    0x38, 0x43 };
	static const char text[] = "what do ya want for nothing?";
	uint8_t code[RMCP_HASH_MAX];

	(void)state;
	rmcp_hmac(RMCP_SHA1, (const uint8_t *)"Jefe", 4, (const uint8_t *)text,
		  strlen(text), code);
	assert_memory_equal(code, sha1, sizeof(sha1));
	rmcp_hmac(RMCP_SHA256, (const uint8_t *)"Jefe", 4,
		  (const uint8_t *)text, strlen(text), code);
	assert_memory_equal(code, sha256, sizeof(sha256));
}

static const uint8_t secret[RMCP_SECRET_LEN] = "correct horse";

static struct rmcp_exchange
example(enum rmcp_hash hash)
{
	struct rmcp_exchange x = { .hash = hash,
				   .console_id = 0x04030201,
				   .bmc_id = 0x0d0c0b0a,
				   .role = 0x13,
				   .user_len = 5,
				   .user = "admin" };

	for (uint8_t i = 0; i < 16; i++) {
		x.console_random[i] = 0x10 + i;
		x.bmc_random[i] = 0x30 + i;
		x.bmc_guid[i] = 0x50 + i;
	}
	return x;
}

/* The same by one call of the library over the whole text. */
static void
assert_hmac(enum rmcp_hash hash, const uint8_t *key, size_t key_len,
	    const uint8_t *text, size_t len, const uint8_t *code)
{
	uint8_t want[EVP_MAX_MD_SIZE];
	unsigned want_len = 0;

	assert_non_null(HMAC(hash == RMCP_SHA1 ? EVP_sha1() : EVP_sha256(), key,
			     (int)key_len, text, len, want, &want_len));
	assert_int_equal(want_len, rmcp_hash_len(hash));
	assert_memory_equal(code, want, want_len);
}

static void
proofs_are_made_of_what_the_standard_says(void **state)
{
	/* ids little-endian, then random numbers, GUID, role, name */
	static const uint8_t ids[8] = { 1, 2, 3, 4, 0xa, 0xb, 0xc, 0xd };
	static const uint8_t user[7] = { 0x13, 5, 'a', 'd', 'm', 'i', 'n' };
	uint8_t text[80], code[RMCP_HASH_MAX];
	struct rmcp_keys keys;

	(void)state;
	for (int hash = 0; hash < RMCP_HASHES; hash++) {
		const struct rmcp_exchange x = example((enum rmcp_hash)hash);
		size_t len = rmcp_hash_len(x.hash);

		memcpy(text, ids, 8);
		memcpy(text + 8, x.console_random, 16);
		memcpy(text + 24, x.bmc_random, 16);
		memcpy(text + 40, x.bmc_guid, 16);
		memcpy(text + 56, user, 7);
		rmcp_prove_bmc(&x, secret, code);
		assert_hmac(x.hash, secret, 20, text, 63, code);

		memcpy(text, x.bmc_random, 16);
		memcpy(text + 16, ids, 4);
		memcpy(text + 20, user, 7);
		rmcp_prove_console(&x, secret, code);
		assert_hmac(x.hash, secret, 20, text, 27, code);

		memcpy(text, x.console_random, 16);
		memcpy(text + 16, x.bmc_random, 16);
		memcpy(text + 32, user, 7);
		rmcp_make_keys(&x, secret, &keys);
		assert_hmac(x.hash, secret, 20, text, 39, keys.sik);
		memset(text, 1, 20);
		assert_hmac(x.hash, keys.sik, len, text, 20, keys.k1);
		memset(text, 2, 20);
		assert_hmac(x.hash, keys.sik, len, text, 20, keys.k2);

		memcpy(text, x.console_random, 16);
		memcpy(text + 16, ids + 4, 4);
		memcpy(text + 20, x.bmc_guid, 16);
		rmcp_prove_session(&x, &keys, code);
		assert_hmac(x.hash, keys.sik, len, text, 36, code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_agree_with_the_published_vectors),
		cmocka_unit_test(proofs_are_made_of_what_the_standard_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
