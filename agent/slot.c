/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slot.h"

#include <errno.h>
#include <string.h>

#include "agent/text.h"
#include "agent/uuid.h"
#include "common/crc32.h"

#define MAGIC "IRONHB01"

enum {
	AT_NUMBER = 8,
	AT_SIZE = 12,
	AT_SEQUENCE = 16,
	AT_UUID = 24,
	AT_BOOT = 64,
	AT_NAME = 104,
	AT_CRC = SLOT_SIZE - 4
};

static void
put_number(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t
take_number(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return value;
}

void
slot_encode(const struct slot *slot, uint8_t ret_bytes[SLOT_SIZE])
{
	memset(ret_bytes, 0, SLOT_SIZE);
	memcpy(ret_bytes, MAGIC, sizeof(MAGIC) - 1);
	put_number(ret_bytes + AT_NUMBER, slot->number, 4);
	put_number(ret_bytes + AT_SIZE, SLOT_SIZE, 4);
	put_number(ret_bytes + AT_SEQUENCE, slot->sequence, 8);
	memcpy(ret_bytes + AT_UUID, slot->host_uuid, REPORT_UUID_LEN);
	memcpy(ret_bytes + AT_BOOT, slot->boot_id, REPORT_UUID_LEN);
	memcpy(ret_bytes + AT_NAME, slot->name, REPORT_NAME_LEN);
	put_number(ret_bytes + AT_CRC, crc32_of(ret_bytes, AT_CRC), 4);
}

static int
take_uuid(const uint8_t *from, char ret_uuid[REPORT_UUID_LEN])
{
	char text[REPORT_UUID_LEN];

	memcpy(text, from, sizeof(text));
	if (text[sizeof(text) - 1] != '\0' || !uuid_is_valid(text))
		return -EBADMSG;
	memcpy(ret_uuid, text, sizeof(text));
	return 0;
}

static int
is_zero(const uint8_t *bytes)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, SLOT_SIZE - 1) == 0;
}

int
slot_decode(const uint8_t bytes[SLOT_SIZE], uint32_t number,
	    struct slot *ret_slot)
{
	struct slot slot = { .number = number };
	char name[REPORT_NAME_LEN + 1] = "";

	if (is_zero(bytes))
		return -ENOENT;
	if (memcmp(bytes, MAGIC, sizeof(MAGIC) - 1) != 0 ||
	    take_number(bytes + AT_NUMBER, 4) != number ||
	    take_number(bytes + AT_SIZE, 4) != SLOT_SIZE ||
	    take_number(bytes + AT_CRC, 4) != crc32_of(bytes, AT_CRC) ||
	    take_uuid(bytes + AT_UUID, slot.host_uuid) < 0 ||
	    take_uuid(bytes + AT_BOOT, slot.boot_id) < 0)
		return -EBADMSG;
	memcpy(name, bytes + AT_NAME, REPORT_NAME_LEN);
	text_copy(slot.name, sizeof(slot.name), name);
	slot.sequence = take_number(bytes + AT_SEQUENCE, 8);
	*ret_slot = slot;
	return 0;
}
