/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed hashes and AES.  An open session keeps its contexts with their keys. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "tests/farm/farm.h"

enum { KEY_LEN = 16 };

/* Without a key; the others are copies: a digest is slow to find. */
static EVP_MAC_CTX *
plain_hmac(int suite)
{
	static EVP_MAC_CTX *contexts[2];
	EVP_MAC_CTX **context = &contexts[suite == 17];
	const char *digest = suite == 17 ? "SHA256" : "SHA1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)digest, 0),
		OSSL_PARAM_construct_end()
	};

	if (*context != NULL)
		return *context;
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	*context = EVP_MAC_CTX_new(mac);
	if (*context == NULL || EVP_MAC_CTX_set_params(*context, params) != 1)
		abort();
	EVP_MAC_free(mac);
	return *context;
}

/* key NULL: the one it has. */
static void
run_hmac(EVP_MAC_CTX *context, const uint8_t *key, size_t key_len,
	 const uint8_t *data, size_t len, uint8_t out[HASH_MAX])
{
	size_t out_len;

	if (EVP_MAC_init(context, key, key_len, NULL) != 1 ||
	    EVP_MAC_update(context, data, len) != 1 ||
	    EVP_MAC_final(context, out, &out_len, HASH_MAX) != 1)
		abort();
}

void
crypto_hmac(int suite, const uint8_t *key, size_t key_len, const uint8_t *data,
	    size_t len, uint8_t out[HASH_MAX])
{
	run_hmac(plain_hmac(suite), key, key_len, data, len, out);
}

void
crypto_sign(struct session *s, const uint8_t *data, size_t len,
	    uint8_t out[HASH_MAX])
{
	run_hmac(s->mac, NULL, 0, data, len, out);
}

static EVP_CIPHER_CTX *
new_aes(const uint8_t key[KEY_LEN], bool encrypt)
{
	static EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	if (cipher == NULL)
		cipher = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
	if (context == NULL ||
	    EVP_CipherInit_ex2(context, cipher, key, NULL, encrypt, NULL) != 1)
		abort();
	EVP_CIPHER_CTX_set_padding(context, 0);
	return context;
}

static void
run_aes(EVP_CIPHER_CTX *context, const uint8_t iv[16], uint8_t *data,
	size_t len)
{
	int n;

	if (EVP_CipherInit_ex2(context, NULL, NULL, iv, -1, NULL) != 1 ||
	    EVP_CipherUpdate(context, data, &n, data, (int)len) != 1)
		abort();
}

void
crypto_seal(struct session *s, const uint8_t iv[16], uint8_t *data, size_t len)
{
	run_aes(s->seal, iv, data, len);
}

void
crypto_unseal(struct session *s, const uint8_t iv[16], uint8_t *data,
	      size_t len)
{
	run_aes(s->unseal, iv, data, len);
}

void
crypto_open(struct session *s)
{
	uint8_t unused[HASH_MAX];

	crypto_close(s);
	s->mac = EVP_MAC_CTX_dup(plain_hmac(s->suite));
	if (s->mac == NULL)
		abort();
	run_hmac(s->mac, s->k1, s->suite == 17 ? 32 : 20, NULL, 0, unused);
	s->seal = new_aes(s->k2, true);
	s->unseal = new_aes(s->k2, false);
}

void
crypto_close(struct session *s)
{
	EVP_MAC_CTX_free(s->mac);
	EVP_CIPHER_CTX_free(s->seal);
	EVP_CIPHER_CTX_free(s->unseal);
	s->mac = NULL;
	s->seal = s->unseal = NULL;
}
