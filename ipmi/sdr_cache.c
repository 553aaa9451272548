/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/sdr_cache.h"

#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/crc32.h"
#include "common/file.h"
#include "ipmi/bmc.h"
#include "ipmi/bytes.h"

#define MAGIC "ironsdr\n"

enum {
	VERSION = 1,
	AT_VERSION = 8,
	AT_RECORDS = 10,
	AT_LEN = 12,
	AT_GUID = 16,
	AT_DEVICE = 32,
	AT_SDR_VERSION = 47,
	AT_COUNT = 48,
	AT_SKIPPED = 50,
	AT_ADDED = 52,
	AT_ERASED = 56,
	CRC_LEN = 4
};

bool
sdr_key_equal(const struct sdr_key *a, const struct sdr_key *b)
{
	return memcmp(a->guid, b->guid, sizeof(a->guid)) == 0 &&
	       memcmp(a->device, b->device, sizeof(a->device)) == 0 &&
	       sdr_info_equal(&a->info, &b->info);
}

/* All bytes alike, 00 or ff, is what unset ones have. */
bool
sdr_key_has_guid(const struct sdr_key *key)
{
	for (size_t i = 1; i < sizeof(key->guid); i++)
		if (key->guid[i] != key->guid[0])
			return true;
	return key->guid[0] != 0x00 && key->guid[0] != 0xff;
}

/* --- bytes --------------------------------------------------------------- */

uint8_t *
sdr_cache_encode(const struct sdr_key *key, const struct sdr_records *records,
		 size_t *ret_len)
{
	size_t len = SDR_CACHE_HEADER + records->len;
	uint8_t *bytes = xcalloc(1, len + CRC_LEN);

	memcpy(bytes, MAGIC, sizeof(MAGIC) - 1);
	put_u16(bytes + AT_VERSION, VERSION);
	put_u16(bytes + AT_RECORDS, (uint16_t)records->n);
	put_u32(bytes + AT_LEN, (uint32_t)records->len);
	memcpy(bytes + AT_GUID, key->guid, sizeof(key->guid));
	memcpy(bytes + AT_DEVICE, key->device, sizeof(key->device));
	bytes[AT_SDR_VERSION] = key->info.version;
	put_u16(bytes + AT_COUNT, key->info.count);
	put_u16(bytes + AT_SKIPPED, (uint16_t)records->skipped);
	put_u32(bytes + AT_ADDED, key->info.added_s);
	put_u32(bytes + AT_ERASED, key->info.erased_s);
	if (records->len > 0)
		memcpy(bytes + SDR_CACHE_HEADER, records->bytes, records->len);
	put_u32(bytes + len, crc32_of(bytes, len));
	*ret_len = len + CRC_LEN;
	return bytes;
}

static bool
is_whole(const uint8_t *bytes, size_t len)
{
	return len >= SDR_CACHE_HEADER + CRC_LEN &&
	       memcmp(bytes, MAGIC, sizeof(MAGIC) - 1) == 0 &&
	       get_u16(bytes + AT_VERSION) == VERSION &&
	       get_u32(bytes + AT_LEN) == len - SDR_CACHE_HEADER - CRC_LEN &&
	       get_u32(bytes + len - CRC_LEN) == crc32_of(bytes, len - CRC_LEN);
}

static struct sdr_key
key_of(const uint8_t *bytes)
{
	struct sdr_key key = {
		.info = {
			.version = bytes[AT_SDR_VERSION],
			.count = get_u16(bytes + AT_COUNT),
			.added_s = get_u32(bytes + AT_ADDED),
			.erased_s = get_u32(bytes + AT_ERASED),
		},
	};

	memcpy(key.guid, bytes + AT_GUID, sizeof(key.guid));
	memcpy(key.device, bytes + AT_DEVICE, sizeof(key.device));
	return key;
}

/* The CRC keeps accidents out, not forgers. */
static bool
are_records(const uint8_t *bytes, size_t len, size_t n)
{
	size_t at = 0, record_len;

	while (sdr_next_record(bytes, len, &at, &record_len) != NULL)
		n--;
	return at == len && n == 0;
}

bool
sdr_cache_decode(const uint8_t *bytes, size_t len, const struct sdr_key *key,
		 struct sdr_records *ret_records)
{
	if (!is_whole(bytes, len))
		return false;
	struct sdr_key theirs = key_of(bytes);
	size_t n = get_u16(bytes + AT_RECORDS);
	size_t records_len = len - SDR_CACHE_HEADER - CRC_LEN;

	if (!sdr_key_equal(key, &theirs) ||
	    !are_records(bytes + SDR_CACHE_HEADER, records_len, n))
		return false;
	*ret_records = (struct sdr_records){
		.len = records_len,
		.n = n,
		.skipped = get_u16(bytes + AT_SKIPPED),
	};
	if (records_len > 0) {
		ret_records->bytes = xcalloc(1, records_len);
		memcpy(ret_records->bytes, bytes + SDR_CACHE_HEADER,
		       records_len);
	}
	return true;
}

/* --- files --------------------------------------------------------------- */

static char *
path_of(const char *dir, const struct sdr_key *key)
{
	char guid[BMC_GUID_TEXT];

	bmc_format_guid(key->guid, guid);
	return xasprintf("%s/%s.sdr", dir, guid);
}

bool
sdr_cache_load(const char *dir, const struct sdr_key *key,
	       struct sdr_records *ret_records)
{
	cleanup_free char *path = path_of(dir, key);
	cleanup_free char *text = NULL;
	size_t len = 0;

	return file_read(path, SDR_CACHE_MAX, &text, &len, NULL) == 0 &&
	       sdr_cache_decode((const uint8_t *)text, len, key, ret_records);
}

int
sdr_cache_save(const char *dir, const struct sdr_key *key,
	       const struct sdr_records *records, struct err *err)
{
	cleanup_free char *path = path_of(dir, key);
	size_t len;
	cleanup_free uint8_t *bytes = sdr_cache_encode(key, records, &len);
	int rc = file_mkdirs(dir, 0700, err);

	return rc < 0 ? rc : file_write_cache(path, 0600, bytes, len, err);
}
