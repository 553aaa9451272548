/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp_keys.c - the keyed hashes of RMCP+.
 *
 * One context for each hash in the process: it is keyed anew for each
 * message, which costs no memory and no allocation for a BMC.  It keeps the
 * last key, which is that of some session that lives; when one ends, the keys
 * are forgotten.
 */
#include "ipmi/rmcp_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/log.h"

static const struct {
	const char *name;
	size_t len, check_len;
} hashes[RMCP_HASHES] = {
	[RMCP_SHA1] = { "SHA1", 20, 12 },
	[RMCP_SHA256] = { "SHA256", 32, 16 },
};

size_t
rmcp_hash_len(enum rmcp_hash hash)
{
	return hashes[hash].len;
}

size_t
rmcp_check_len(enum rmcp_hash hash)
{
	return hashes[hash].check_len;
}

/* --- HMAC ---------------------------------------------------------------- */

static EVP_MAC_CTX *contexts[RMCP_HASHES];

static EVP_MAC_CTX *
context_of(enum rmcp_hash hash)
{
	if (contexts[hash] != NULL)
		return contexts[hash];

	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)hashes[hash].name, 0),
		OSSL_PARAM_construct_end(),
	};

	contexts[hash] = EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (contexts[hash] == NULL ||
	    EVP_MAC_CTX_set_params(contexts[hash], params) != 1)
		log_fatal("ipmi", "libcrypto has no HMAC with %s",
			  hashes[hash].name);
	return contexts[hash];
}

void
rmcp_hmac(enum rmcp_hash hash, const uint8_t *key, size_t key_len,
	  const uint8_t *data, size_t len, uint8_t ret_code[RMCP_HASH_MAX])
{
	EVP_MAC_CTX *context = context_of(hash);
	size_t code_len = 0;

	if (EVP_MAC_init(context, key, key_len, NULL) != 1 ||
	    EVP_MAC_update(context, data, len) != 1 ||
	    EVP_MAC_final(context, ret_code, &code_len, RMCP_HASH_MAX) != 1)
		log_fatal("ipmi", "libcrypto computes no HMAC");
}

bool
rmcp_same(const uint8_t *a, const uint8_t *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
rmcp_forget_keys(void)
{
	static const uint8_t no_key[RMCP_HASH_MAX];
	uint8_t code[RMCP_HASH_MAX];

	/* libcrypto wipes what a context held when it gets another key. */
	for (int hash = 0; hash < RMCP_HASHES; hash++)
		if (contexts[hash] != NULL)
			rmcp_hmac(hash, no_key, sizeof(no_key), no_key, 0,
				  code);
}

/* --- what is hashed ------------------------------------------------------ */

/* 74 bytes are the longest of them. */
struct text {
	uint8_t bytes[80];
	size_t len;
};

static void
add(struct text *text, const uint8_t *bytes, size_t len)
{
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static void
add_id(struct text *text, uint32_t id)
{
	const uint8_t bytes[4] = { id & 0xff, id >> 8 & 0xff, id >> 16 & 0xff,
				   id >> 24 };

	add(text, bytes, sizeof(bytes));
}

static void
add_user(struct text *text, const struct rmcp_exchange *x)
{
	add(text, &x->role, 1);
	add(text, &x->user_len, 1);
	add(text, x->user, x->user_len);
}

void
rmcp_prove_bmc(const struct rmcp_exchange *x,
	       const uint8_t secret[RMCP_SECRET_LEN],
	       uint8_t ret_code[RMCP_HASH_MAX])
{
	struct text text = { .len = 0 };

	add_id(&text, x->console_id);
	add_id(&text, x->bmc_id);
	add(&text, x->console_random, 16);
	add(&text, x->bmc_random, 16);
	add(&text, x->bmc_guid, 16);
	add_user(&text, x);
	rmcp_hmac(x->hash, secret, RMCP_SECRET_LEN, text.bytes, text.len,
		  ret_code);
}

void
rmcp_prove_console(const struct rmcp_exchange *x,
		   const uint8_t secret[RMCP_SECRET_LEN],
		   uint8_t ret_code[RMCP_HASH_MAX])
{
	struct text text = { .len = 0 };

	add(&text, x->bmc_random, 16);
	add_id(&text, x->console_id);
	add_user(&text, x);
	rmcp_hmac(x->hash, secret, RMCP_SECRET_LEN, text.bytes, text.len,
		  ret_code);
}

void
rmcp_prove_session(const struct rmcp_exchange *x, const struct rmcp_keys *keys,
		   uint8_t ret_code[RMCP_HASH_MAX])
{
	struct text text = { .len = 0 };

	add(&text, x->console_random, 16);
	add_id(&text, x->bmc_id);
	add(&text, x->bmc_guid, 16);
	rmcp_hmac(x->hash, keys->sik, rmcp_hash_len(x->hash), text.bytes,
		  text.len, ret_code);
}

/* K1, K2: the session's key over a constant that is 20 bytes long with SHA-256,
 * too (13.32). */
static void
derive(const struct rmcp_exchange *x, const struct rmcp_keys *keys,
       uint8_t constant, uint8_t ret_key[RMCP_HASH_MAX])
{
	uint8_t bytes[20];

	memset(bytes, constant, sizeof(bytes));
	rmcp_hmac(x->hash, keys->sik, rmcp_hash_len(x->hash), bytes,
		  sizeof(bytes), ret_key);
}

void
rmcp_make_keys(const struct rmcp_exchange *x,
	       const uint8_t secret[RMCP_SECRET_LEN],
	       struct rmcp_keys *ret_keys)
{
	struct text text = { .len = 0 };

	add(&text, x->console_random, 16);
	add(&text, x->bmc_random, 16);
	add_user(&text, x);
	rmcp_hmac(x->hash, secret, RMCP_SECRET_LEN, text.bytes, text.len,
		  ret_keys->sik);
	derive(x, ret_keys, 1, ret_keys->k1);
	derive(x, ret_keys, 2, ret_keys->k2);
}
