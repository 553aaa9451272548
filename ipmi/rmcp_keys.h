/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp_keys.h - the keyed hashes of RMCP+ (IPMI 2.0, 13.28 to 13.32):
 * what RAKP messages prove, and the keys of a session.
 *
 * Suite 3 is built on SHA-1, suite 17 on SHA-256; nothing else differs.
 */
#ifndef IPMI_RMCP_KEYS_H
#define IPMI_RMCP_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RMCP_HASH_MAX = 32,
	RMCP_SECRET_LEN = 20, /* password or BMC key, filled with zeros */
	RMCP_USER_MAX = 16
};

enum rmcp_hash { RMCP_SHA1, RMCP_SHA256, RMCP_HASHES };

/* Of a whole hash, and of what stands behind RAKP 4 and each packet. */
size_t rmcp_hash_len(enum rmcp_hash hash);
size_t rmcp_check_len(enum rmcp_hash hash);

/* What both sides know when RAKP 2 has come. */
struct rmcp_exchange {
	enum rmcp_hash hash;
	uint32_t console_id, bmc_id; /* sessions */
	uint8_t console_random[16], bmc_random[16];
	uint8_t bmc_guid[16];
	uint8_t role; /* with the name-only lookup bit */
	uint8_t user_len;
	uint8_t user[RMCP_USER_MAX];
};

struct rmcp_keys {
	uint8_t sik[RMCP_HASH_MAX], k1[RMCP_HASH_MAX], k2[RMCP_HASH_MAX];
};

/* Each writes rmcp_hash_len() bytes. */
void rmcp_prove_bmc(const struct rmcp_exchange *x,
		    const uint8_t secret[RMCP_SECRET_LEN],
		    uint8_t ret_code[RMCP_HASH_MAX]); /* in RAKP 2 */
void rmcp_prove_console(const struct rmcp_exchange *x,
			const uint8_t secret[RMCP_SECRET_LEN],
			uint8_t ret_code[RMCP_HASH_MAX]); /* in RAKP 3 */
void rmcp_prove_session(const struct rmcp_exchange *x,
			const struct rmcp_keys *keys,
			uint8_t ret_code[RMCP_HASH_MAX]); /* in RAKP 4 */

/* `secret`: the BMC's key where it has one, else the password. */
void rmcp_make_keys(const struct rmcp_exchange *x,
		    const uint8_t secret[RMCP_SECRET_LEN],
		    struct rmcp_keys *ret_keys);

void rmcp_hmac(enum rmcp_hash hash, const uint8_t *key, size_t key_len,
	       const uint8_t *data, size_t len,
	       uint8_t ret_code[RMCP_HASH_MAX]);

/* What the last calls left behind inside libcrypto. */
void rmcp_forget_keys(void);

/* In a time that does not tell where they differ. */
bool rmcp_same(const uint8_t *a, const uint8_t *b, size_t len);

#endif
