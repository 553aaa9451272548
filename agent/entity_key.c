/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/entity_key.h"

#include <stdio.h>
#include <string.h>

#include "agent/hash.h"
#include "agent/text.h"
#include "common/num.h"

void
entity_key(char ret_key[REPORT_NAME_LEN], const char *text)
{
	char hash[REPORT_HASH_LEN], head[REPORT_NAME_LEN - 17];

	if (strlen(text) < REPORT_NAME_LEN) {
		text_copy(ret_key, REPORT_NAME_LEN, text);
		return;
	}
	hash_print(text, hash);
	text_copy(head, sizeof(head), text);
	snprintf(ret_key, REPORT_NAME_LEN, "%s %.16s", head, hash);
}

bool
entity_number(const char *text, const char *prefix, uint32_t *ret_number)
{
	uint64_t number;

	if (strncmp(text, prefix, strlen(prefix)) != 0 ||
	    num_parse_u64(text + strlen(prefix), UINT16_MAX, &number) < 0)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}
