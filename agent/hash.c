/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

void
hash_print(const char *text, char ret_hex[REPORT_HASH_LEN])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	ret_hex[0] = '\0';
	if (EVP_Digest(text, strlen(text), digest, &len, EVP_sha256(), NULL) !=
		    1 ||
	    2 * len + 1 != REPORT_HASH_LEN)
		return;
	for (unsigned i = 0; i < len; i++)
		snprintf(ret_hex + (size_t)2 * i, 3, "%02x", digest[i]);
}
