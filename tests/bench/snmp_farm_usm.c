/* SPDX-License-Identifier: Apache-2.0 */
/* The user-based security model, authoritative side: SHA-256 and AES-128. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/snmp_farm.h"

enum { PASSWORD_OCTETS = 1024 * 1024, BLOCK = 64, AES_BLOCK = 16 };

static uint8_t auth_ku[USM_KEY_LEN], priv_ku[USM_KEY_LEN];
static EVP_CIPHER_CTX *encrypter, *decrypter;
static EVP_MAC_CTX *mac;

/* RFC 3414, A.2: the password over and over, a megabyte of it. */
static void
password_to_key(const char *password, uint8_t ret_ku[USM_KEY_LEN])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = strlen(password), at = 0;
	uint8_t block[BLOCK];

	if (context == NULL || EVP_DigestInit(context, EVP_sha256()) != 1)
		abort();
	for (size_t done = 0; done < PASSWORD_OCTETS; done += BLOCK) {
		for (size_t i = 0; i < BLOCK; i++)
			block[i] = (uint8_t)password[at++ % len];
		if (EVP_DigestUpdate(context, block, BLOCK) != 1)
			abort();
	}
	if (EVP_DigestFinal(context, ret_ku, NULL) != 1)
		abort();
	EVP_MD_CTX_free(context);
}

static EVP_CIPHER_CTX *
new_aes(bool encrypt)
{
	static const uint8_t zeros[AES_BLOCK];
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	if (context == NULL ||
	    EVP_CipherInit_ex(context, EVP_aes_128_cfb128(), NULL, zeros, zeros,
			      encrypt) != 1)
		abort();
	return context;
}

void
usm_start(const char *auth_password, const char *priv_password)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)"SHA256", 0),
		OSSL_PARAM_construct_end()
	};
	EVP_MAC *kind = EVP_MAC_fetch(NULL, "HMAC", NULL);

	password_to_key(auth_password, auth_ku);
	password_to_key(priv_password, priv_ku);
	encrypter = new_aes(true);
	decrypter = new_aes(false);
	mac = EVP_MAC_CTX_new(kind);
	if (mac == NULL || EVP_MAC_CTX_set_params(mac, params) != 1)
		abort();
	EVP_MAC_free(kind);
}

static void
localise(const uint8_t ku[USM_KEY_LEN], const uint8_t *engine,
	 uint8_t ret_key[USM_KEY_LEN])
{
	uint8_t text[2 * USM_KEY_LEN + FARM_ENGINE_LEN];

	memcpy(text, ku, USM_KEY_LEN);
	memcpy(text + USM_KEY_LEN, engine, FARM_ENGINE_LEN);
	memcpy(text + USM_KEY_LEN + FARM_ENGINE_LEN, ku, USM_KEY_LEN);
	SHA256(text, sizeof(text), ret_key);
}

void
usm_make_agent(struct farm_agent *agent, uint32_t number)
{
	/* net-snmp's enterprise, a kind of our own. */
	static const uint8_t prefix[] = { 0x80, 0x00, 0x1f, 0x88, 0x80,
					  'f',  'a',  'r',  'm' };

	memcpy(agent->engine, prefix, sizeof(prefix));
	for (size_t i = 0; i < 4; i++)
		agent->engine[sizeof(prefix) + i] =
			(uint8_t)(number >> (24 - 8 * i));
	localise(auth_ku, agent->engine, agent->auth);
	localise(priv_ku, agent->engine, agent->priv);
}

void
usm_digest(const struct farm_agent *agent, const uint8_t *message, size_t len,
	   uint8_t ret_digest[USM_DIGEST_LEN])
{
	uint8_t whole[SHA256_DIGEST_LENGTH];
	size_t n;

	if (EVP_MAC_init(mac, agent->auth, USM_KEY_LEN, NULL) != 1 ||
	    EVP_MAC_update(mac, message, len) != 1 ||
	    EVP_MAC_final(mac, whole, &n, sizeof(whole)) != 1)
		abort();
	memcpy(ret_digest, whole, USM_DIGEST_LEN);
}

static void
put_u32(uint8_t *to, uint32_t number)
{
	for (size_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(number >> (24 - 8 * i));
}

void
usm_crypt(const struct farm_agent *agent, bool encrypt, uint32_t boots,
	  uint32_t time, const uint8_t salt[USM_SALT_LEN], uint8_t *data,
	  size_t len)
{
	EVP_CIPHER_CTX *context = encrypt ? encrypter : decrypter;
	uint8_t iv[AES_BLOCK];
	int n;

	put_u32(iv, boots);
	put_u32(iv + 4, time);
	memcpy(iv + 8, salt, USM_SALT_LEN);
	if (EVP_CipherInit_ex(context, NULL, NULL, agent->priv, iv, -1) != 1 ||
	    EVP_CipherUpdate(context, data, &n, data, (int)len) != 1)
		abort();
}
