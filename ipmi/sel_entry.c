/* SPDX-License-Identifier: Apache-2.0 */
/* ipmi/sel_entry.c - answers about the event log, taken apart. */
#include <stdio.h>
#include <string.h>

#include "ipmi/bytes.h"
#include "ipmi/sel.h"

enum {
	INFO_LEN = 14,
	OVERFLOW = 0x80,
	SYSTEM_EVENT = 0x02,
	OEM_TIMED = 0xc0, /* until 0xdf */
	OEM_UNTIMED = 0xe0
};

/* Before that date a BMC's clock counts from its own start. */
static const uint32_t clock_set_s = 0x20000000, clock_none_s = 0xffffffff;

bool
sel_parse_info(const uint8_t *data, size_t len, struct sel_info *ret_info)
{
	if (len < INFO_LEN)
		return false;
	*ret_info = (struct sel_info){
		.entries = get_u16(data + 1),
		.added_s = get_u32(data + 5),
		.erased_s = get_u32(data + 9),
		.overflow = data[13] & OVERFLOW,
	};
	return true;
}

bool
sel_parse_record(const uint8_t *data, size_t len, uint16_t *ret_next,
		 uint8_t ret_record[SEL_RECORD_LEN])
{
	if (len < 2 + SEL_RECORD_LEN)
		return false;
	*ret_next = get_u16(data);
	memcpy(ret_record, data + 2, SEL_RECORD_LEN);
	return true;
}

/* --- decoding ------------------------------------------------------------ */

static int64_t
time_of(const uint8_t *record)
{
	uint32_t time_s = get_u32(record + 3);

	if (time_s <= clock_set_s || time_s == clock_none_s)
		return -1;
	return time_s;
}

static void
decode_event(const uint8_t *record, struct sel_entry *entry)
{
	entry->time_s = time_of(record);
	entry->event = (struct ipmi_event){
		.sensor_type = record[10],
		.sensor = record[11],
		.type = record[12] & 0x7f,
		.deasserted = record[12] & 0x80,
		.offset = record[13] & 0xf,
		.data = { record[13], record[14], record[15] },
	};
	entry->grade = ipmi_event_grade(&entry->event);
	ipmi_event_text(&entry->event, entry->text);
}

static void
print_hex(struct sel_entry *entry, const char *what, const uint8_t *bytes,
	  size_t len)
{
	size_t n = (size_t)snprintf(entry->text, sizeof(entry->text),
				    "%s 0x%02x:", what, entry->type);

	for (size_t i = 0; i < len && n < sizeof(entry->text); i++)
		n += (size_t)snprintf(entry->text + n, sizeof(entry->text) - n,
				      " %02x", bytes[i]);
}

void
sel_decode(const uint8_t record[SEL_RECORD_LEN], struct sel_entry *ret_entry)
{
	*ret_entry = (struct sel_entry){
		.id = get_u16(record),
		.type = record[2],
		.time_s = -1,
	};
	memcpy(ret_entry->record, record, SEL_RECORD_LEN);
	if (record[2] == SYSTEM_EVENT) {
		decode_event(record, ret_entry);
	} else if (record[2] >= OEM_UNTIMED) {
		print_hex(ret_entry, "maker's record", record + 3, 13);
	} else if (record[2] >= OEM_TIMED) {
		ret_entry->time_s = time_of(record);
		print_hex(ret_entry, "maker's record", record + 7, 9);
	} else {
		print_hex(ret_entry, "record of unknown type", record + 3, 13);
	}
}
