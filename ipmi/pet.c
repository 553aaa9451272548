/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/pet.h"

#include <string.h>

enum {
	/* Offsets of the octets; numbers of more bytes begin with the highest
	 */
	AT_GUID = 0,
	AT_SEQUENCE = 16,
	AT_LOCAL_TIME = 18,
	AT_UTC_OFFSET = 22, /* minutes */
	AT_TRAP_SOURCE = 24,
	AT_EVENT_SOURCE = 25,
	AT_SEVERITY = 26,
	AT_SENSOR_DEVICE = 27,
	AT_SENSOR = 28,
	AT_ENTITY = 29,
	AT_ENTITY_INSTANCE = 30,
	AT_DATA = 31,
	NO_UTC_OFFSET = 0xffff,

	/* of the specific number */
	DEASSERTED = 0x80
};

static const int64_t epoch_s = 883612800; /* 1998-01-01 */

static uint16_t
get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)get_u16(at) << 16 | get_u16(at + 2);
}

static int64_t
time_of(const uint8_t *octets)
{
	uint32_t local_s = get_u32(octets + AT_LOCAL_TIME);
	uint16_t minutes = get_u16(octets + AT_UTC_OFFSET);
	int64_t east_s = minutes == NO_UTC_OFFSET ? 0 : (int16_t)minutes * 60;

	return local_s == 0 ? -1 : epoch_s + local_s - east_s;
}

static enum ipmi_grade
grade_of(uint8_t severity, const struct ipmi_event *event)
{
	switch (severity) {
	case 0x01: /* monitor */
	case 0x02: /* information */
	case 0x04: /* well again */
		return IPMI_GRADE_INFO;
	case 0x08: /* non-critical */
		return IPMI_GRADE_WARNING;
	case 0x10: /* critical */
	case 0x20: /* non-recoverable */
		return IPMI_GRADE_CRITICAL;
	default:
		return ipmi_event_grade(event);
	}
}

bool
pet_parse(int32_t specific, const uint8_t *octets, size_t len,
	  struct pet *ret_pet)
{
	if (len < PET_LEN || specific < 0 || specific > 0xffffff)
		return false;

	struct pet pet = {
		.sequence = get_u16(octets + AT_SEQUENCE),
		.local_s = get_u32(octets + AT_LOCAL_TIME),
		.time_s = time_of(octets),
		.trap_source = octets[AT_TRAP_SOURCE],
		.event_source = octets[AT_EVENT_SOURCE],
		.sensor_device = octets[AT_SENSOR_DEVICE],
		.entity = octets[AT_ENTITY],
		.entity_instance = octets[AT_ENTITY_INSTANCE],
		.event = {
			.sensor_type = (uint8_t)(specific >> 16),
			.sensor = octets[AT_SENSOR],
			.type = specific >> 8 & 0x7f,
			.offset = specific & 0xf,
			.deasserted = specific & DEASSERTED,
		},
	};
	memcpy(pet.guid, octets + AT_GUID, sizeof(pet.guid));
	memcpy(pet.data, octets + AT_DATA, sizeof(pet.data));
	memcpy(pet.event.data, pet.data, sizeof(pet.event.data));
	pet.grade = grade_of(octets[AT_SEVERITY], &pet.event);
	ipmi_event_text(&pet.event, pet.text);
	*ret_pet = pet;
	return true;
}

bool
pet_is_same(const struct pet *a, const struct pet *b)
{
	const struct ipmi_event *x = &a->event, *y = &b->event;

	return a->sequence == b->sequence && a->local_s == b->local_s &&
	       a->sensor_device == b->sensor_device &&
	       x->sensor_type == y->sensor_type && x->sensor == y->sensor &&
	       x->type == y->type && x->offset == y->offset &&
	       x->deasserted == y->deasserted &&
	       memcmp(a->guid, b->guid, sizeof(a->guid)) == 0 &&
	       memcmp(a->data, b->data, sizeof(a->data)) == 0;
}

uint64_t
pet_acknowledge(struct bmc *bmc, const struct pet *pet, int64_t deadline_ms,
		request_fn fn, void *arg)
{
	/* Here the lowest byte comes first. */
	const uint8_t data[12] = {
		pet->sequence & 0xff,
		pet->sequence >> 8,
		pet->local_s & 0xff,
		pet->local_s >> 8 & 0xff,
		pet->local_s >> 16 & 0xff,
		pet->local_s >> 24,
		pet->event_source,
		pet->sensor_device,
		pet->event.sensor,
		pet->data[0],
		pet->data[1],
		pet->data[2],
	};
	const struct ipmi_request request = { 0x04, 0x17, data, sizeof(data),
					      false };

	return bmc_request(bmc, &request, deadline_ms, fn, arg);
}
