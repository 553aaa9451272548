/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dmi.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/entity_key.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "snmp-mib/detail_hw.h"
#include "snmp-mib/hex.h"

#define TABLE "/sys/firmware/dmi/tables/DMI"
#define ID    "/sys/class/dmi/id"

enum { TEXT_MAX = 64, END_OF_TABLE = 127 };

/* One structure of the table. */
struct part {
	const uint8_t *bytes; /* the formatted area */
	size_t len;
	const char *strings; /* behind it, to the double NUL */
	size_t strings_len;
};

/* --- texts ---------------------------------------------------------------- */

static bool
is_filler(const char *text)
{
	static const char *const fillers[] = { "to be filled",
					       "not specified",
					       "not provided",
					       "none",
					       "unknown",
					       "no dimm",
					       "default string",
					       "n/a",
					       "empty",
					       "0123456789",
					       "system serial",
					       "no asset",
					       "asset-1234567890",
					       "not available",
					       "serialnum",
					       "partnum" };

	if (text[strspn(text, "0. xX-")] == '\0')
		return true; /* zeroes, or nothing */
	for (size_t i = 0; i < sizeof(fillers) / sizeof(*fillers); i++)
		if (strncasecmp(text, fillers[i], strlen(fillers[i])) == 0)
			return true;
	return false;
}

static void
put_text(json_t *thing, const char *key, const char *text)
{
	char copy[TEXT_MAX];

	text_copy(copy, sizeof(copy), text + strspn(text, " "));
	size_t len = strlen(copy);
	while (len > 0 && copy[len - 1] == ' ')
		copy[--len] = '\0';
	if (!is_filler(copy))
		json_object_set_new(thing, key, message_string(copy));
}

static void
put_key(json_t *thing, const char *key, const char *kind, unsigned number)
{
	char text[REPORT_NAME_LEN];

	snprintf(text, sizeof(text), "%s %u", kind, number);
	json_object_set_new(thing, key, message_string(text));
}

/* --- the table ------------------------------------------------------------ */

/* The structure at *at, which moves behind it; false at the end, and where
 * lengths make no sense. */
static bool
next_part(const uint8_t *table, size_t len, size_t *at, struct part *ret_part)
{
	size_t start = *at;

	if (len - start < 4 || table[start + 1] < 4 ||
	    table[start + 1] > len - start)
		return false;
	ret_part->bytes = table + start;
	ret_part->len = table[start + 1];
	size_t strings = start + ret_part->len, end = strings;
	while (end + 1 < len && (table[end] != 0 || table[end + 1] != 0))
		end++;
	if (end + 1 >= len)
		return false;
	ret_part->strings = (const char *)table + strings;
	ret_part->strings_len = end - strings;
	*at = end + 2;
	return true;
}

static uint8_t
byte_at(const struct part *part, size_t at)
{
	return at < part->len ? part->bytes[at] : 0;
}

static uint16_t
word_at(const struct part *part, size_t at)
{
	return (uint16_t)(byte_at(part, at) | byte_at(part, at + 1) << 8);
}

static uint32_t
long_at(const struct part *part, size_t at)
{
	return word_at(part, at) | (uint32_t)word_at(part, at + 2) << 16;
}

/* The string whose number is at `at`; "" for none. */
static void
string_at(const struct part *part, size_t at, char ret_text[TEXT_MAX])
{
	unsigned number = byte_at(part, at);
	const char *string = part->strings;
	const char *end = string + part->strings_len;

	ret_text[0] = '\0';
	if (number == 0)
		return;
	while (--number > 0 && string < end)
		string += strnlen(string, (size_t)(end - string)) + 1;
	if (string < end)
		snprintf(ret_text, TEXT_MAX, "%.*s",
			 (int)strnlen(string, (size_t)(end - string)), string);
}

static void
put_string(const struct part *part, size_t at, json_t *thing, const char *key)
{
	char text[TEXT_MAX];

	string_at(part, at, text);
	put_text(thing, key, text);
}

static json_t *
new_thing(enum detail_class class, const char *name, bool fru)
{
	return json_pack("{s:i, s:s, s:b}", "class", (int)class, "name", name,
			 "fru", fru);
}

/* --- types ---------------------------------------------------------------- */

struct found {
	json_t *things;
	json_t *chassis; /* one row of types 1 and 3 */
	unsigned boards, sockets, dimms, supplies;
};

static void
take_system(const struct part *part, struct found *found)
{
	char uuid[REPORT_UUID_LEN];

	put_string(part, 4, found->chassis, "vendor");
	put_string(part, 5, found->chassis, "model");
	put_string(part, 6, found->chassis, "revision");
	put_string(part, 7, found->chassis, "serial");
	if (part->len < 24)
		return;
	/* SMBIOS 2.6: the first three fields are little-endian. */
	static const uint8_t order[16] = { 3, 2, 1,  0,  5,  4,  7,  6,
					   8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t bytes[16];
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = part->bytes[8 + order[i]];
		sum += bytes[i];
	}
	if (sum == 0 || sum == 16 * 255)
		return; /* not set */
	hex_print_uuid(bytes, uuid);
	json_object_set_new(found->chassis, "uuid", json_string(uuid));
}

static void
take_chassis(const struct part *part, struct found *found)
{
	if (json_object_get(found->chassis, "vendor") == NULL)
		put_string(part, 4, found->chassis, "vendor");
	if (json_object_get(found->chassis, "serial") == NULL)
		put_string(part, 7, found->chassis, "serial");
	put_string(part, 8, found->chassis, "asset");
}

static void
take_board(const struct part *part, struct found *found)
{
	json_t *thing = new_thing(DETAIL_CLASS_MODULE, "system board", false);

	put_key(thing, "key", "board", found->boards++);
	json_object_set_new(thing, "in", json_string("chassis"));
	json_object_set_new(thing, "descr", json_string("system board"));
	put_string(part, 4, thing, "vendor");
	put_string(part, 5, thing, "model");
	put_string(part, 6, thing, "revision");
	put_string(part, 7, thing, "serial");
	put_string(part, 8, thing, "asset");
	json_array_append_new(found->things, thing);
}

static void
take_processor(const struct part *part, struct found *found)
{
	enum { POPULATED = 0x40 };
	json_t *thing = new_thing(DETAIL_CLASS_CPU, "CPU", true);

	if (!(byte_at(part, 24) & POPULATED)) {
		json_decref(thing);
		found->sockets++;
		return;
	}
	put_key(thing, "key", "socket", found->sockets++);
	put_string(part, 4, thing, "name");
	put_string(part, 7, thing, "vendor");
	put_string(part, 16, thing, "model");
	put_string(part, 32, thing, "serial");
	put_string(part, 33, thing, "asset");
	json_array_append_new(found->things, thing);
}

/* MiB of a memory device; 0: the slot is empty, or nobody knows. */
static uint32_t
memory_mib(const struct part *part)
{
	uint16_t size = word_at(part, 12);

	if (size == 0xffff)
		return 0;
	if (size == 0x7fff)
		return long_at(part, 28) & 0x7fffffff;
	return size & 0x8000 ? (size & 0x7fffu) / 1024 : size;
}

static void
take_memory(const struct part *part, struct found *found)
{
	uint32_t mib = memory_mib(part);
	unsigned number = found->dimms++;
	char descr[TEXT_MAX];

	if (mib == 0)
		return;
	json_t *thing = new_thing(DETAIL_CLASS_MODULE, "memory", true);
	put_key(thing, "key", "dimm", number);
	json_object_set_new(thing, "in", json_string("board 0"));
	snprintf(descr, sizeof(descr), "memory module, %u MiB, %u MT/s",
		 (unsigned)mib, word_at(part, 21));
	json_object_set_new(thing, "descr", json_string(descr));
	put_string(part, 16, thing, "name");
	put_string(part, 23, thing, "vendor");
	put_string(part, 24, thing, "serial");
	put_string(part, 25, thing, "asset");
	put_string(part, 26, thing, "model");
	json_array_append_new(found->things, thing);
}

static void
take_supply(const struct part *part, struct found *found)
{
	enum { PRESENT = 0x02 };
	uint16_t max_w = word_at(part, 12);
	unsigned number = ++found->supplies;
	char descr[TEXT_MAX];

	if (!(word_at(part, 14) & PRESENT))
		return;
	json_t *thing =
		new_thing(DETAIL_CLASS_POWER_SUPPLY, "power supply", true);
	put_key(thing, "key", "psu", number);
	json_object_set_new(thing, "in", json_string("chassis"));
	if (max_w != 0x8000 && max_w != 0) {
		snprintf(descr, sizeof(descr), "power supply, %u W", max_w);
		json_object_set_new(thing, "descr", json_string(descr));
	}
	put_string(part, 6, thing, "name");
	put_string(part, 7, thing, "vendor");
	put_string(part, 8, thing, "serial");
	put_string(part, 9, thing, "asset");
	put_string(part, 10, thing, "model");
	put_string(part, 11, thing, "revision");
	json_array_append_new(found->things, thing);
}

static void
take_bios(const struct part *part, struct found *found)
{
	put_string(part, 5, found->chassis, "firmware");
}

static const struct {
	uint8_t type;
	void (*take)(const struct part *part, struct found *found);
} types[] = {
	{ 0, take_bios },    { 1, take_system },    { 2, take_board },
	{ 3, take_chassis }, { 4, take_processor }, { 17, take_memory },
	{ 39, take_supply },
};

static void
take_part(const struct part *part, struct found *found)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].type == part->bytes[0])
			types[i].take(part, found);
}

static json_t *
new_chassis(void)
{
	json_t *chassis = new_thing(DETAIL_CLASS_CHASSIS, "chassis", false);

	json_object_set_new(chassis, "key", json_string("chassis"));
	return chassis;
}

size_t
dmi_parse(const uint8_t *table, size_t len, json_t *things)
{
	struct found found = { .things = things, .chassis = new_chassis() };
	size_t at = 0, n = json_array_size(things);
	struct part part;

	while (json_array_size(things) < DMI_ITEMS_MAX &&
	       next_part(table, len, &at, &part) &&
	       part.bytes[0] != END_OF_TABLE)
		take_part(&part, &found);
	if (json_object_get(found.chassis, "model") != NULL ||
	    json_array_size(things) > n)
		json_array_insert(things, n, found.chassis);
	json_decref(found.chassis);
	return json_array_size(things) - n;
}

/* --- what everybody may read ---------------------------------------------- */

static void
put_id(const char *root, const char *file, json_t *thing, const char *key)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), ID "/%s", file);
	if (sysroot_read_line(root, path, text, sizeof(text)) > 0)
		put_text(thing, key, text);
}

static void
read_ids(const char *root, json_t *things)
{
	static const char *const chassis_files[][2] = {
		{ "sys_vendor", "vendor" },
		{ "product_name", "model" },
		{ "product_version", "revision" },
		{ "product_serial", "serial" },
		{ "product_uuid", "uuid" },
		{ "bios_version", "firmware" },
		{ "chassis_asset_tag", "asset" },
	};
	static const char *const board_files[][2] = {
		{ "board_vendor", "vendor" },    { "board_name", "model" },
		{ "board_version", "revision" }, { "board_serial", "serial" },
		{ "board_asset_tag", "asset" },
	};
	json_t *chassis = new_chassis();
	json_t *board = new_thing(DETAIL_CLASS_MODULE, "system board", false);

	for (size_t i = 0; i < sizeof(chassis_files) / sizeof(*chassis_files);
	     i++)
		put_id(root, chassis_files[i][0], chassis, chassis_files[i][1]);
	for (size_t i = 0; i < sizeof(board_files) / sizeof(*board_files); i++)
		put_id(root, board_files[i][0], board, board_files[i][1]);
	json_array_append_new(things, chassis);
	put_key(board, "key", "board", 0);
	json_object_set_new(board, "in", json_string("chassis"));
	json_object_set_new(board, "descr", json_string("system board"));
	if (json_object_get(board, "model") != NULL ||
	    json_object_get(board, "vendor") != NULL)
		json_array_append_new(things, board);
	else
		json_decref(board);
}

void
dmi_read(const char *root, json_t *things)
{
	cleanup_free char *path = sysroot_path(root, TABLE);
	cleanup_free char *table = NULL;
	size_t len = 0;

	if (file_read(path, DMI_BYTES_MAX, &table, &len, NULL) == 0 &&
	    dmi_parse((const uint8_t *)table, len, things) > 0)
		return;
	read_ids(root, things);
}
