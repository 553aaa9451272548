/* SPDX-License-Identifier: Apache-2.0 */
/* Platform event traps: parsed, told apart, acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipmi/pet.h"
#include "tests/support/ipmi_fake.h"

/* Watchdog, power off; from a zone one hour east. */
static const uint8_t sample[48] = {
	0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, /* GUID */
	0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, /* */
	0x12, 0x34,                                     /* sequence */
	0x36, 0x5c, 0x88, 0xc0,                         /* local time */
	0x00, 0x3c,                                     /* minutes east */
	0x20, 0x21, 0x10,                               /* sources, severity */
	0x22, 0x03,                                     /* device, sensor */
	0x06, 0x01,                                     /* entity */
	0xc2, 0x24, 0xff, 1,    2,    3,    4,    5,    /* data */
	0x19,                                           /* language */
	0x00, 0x00, 0x01, 0x57, 0x00, 0x2a,             /* maker, system */
	0xc1, 0x00
};

enum { WATCHDOG_OFF_EVENT = 0x236f02 };

static struct pet
parse(int32_t specific, const uint8_t *octets)
{
	struct pet pet;

	assert_true(pet_parse(specific, octets, sizeof(sample), &pet));
	return pet;
}

static void
a_trap_says_who_when_and_what(void **state)
{
	(void)state;
	struct pet pet = parse(WATCHDOG_OFF_EVENT, sample);

	assert_memory_equal(pet.guid, sample, 16);
	assert_int_equal(pet.sequence, 0x1234);
	assert_int_equal(pet.local_s, 0x365c88c0);
	assert_int_equal(pet.time_s, 0x365c88c0LL + 883612800 - 3600);
	assert_int_equal(pet.trap_source, 0x20);
	assert_int_equal(pet.event_source, 0x21);
	assert_int_equal(pet.sensor_device, 0x22);
	assert_int_equal(pet.entity, 6);
	assert_int_equal(pet.entity_instance, 1);
	assert_int_equal(pet.event.sensor_type, 0x23);
	assert_int_equal(pet.event.type, 0x6f);
	assert_int_equal(pet.event.offset, 2);
	assert_int_equal(pet.event.sensor, 3);
	assert_false(pet.event.deasserted);
	assert_memory_equal(pet.data, "\xc2\x24\xff\1\2\3\4\5", 8);
	assert_int_equal(pet.grade, IPMI_GRADE_CRITICAL);
	assert_string_equal(pet.text, "watchdog 0x03: power off, data2 0x24");
}

static void
times_west_of_greenwich_and_unknown_ones(void **state)
{
	uint8_t octets[sizeof(sample)];

	(void)state;
	memcpy(octets, sample, sizeof(sample));
	octets[22] = 0xfe; /* -300 */
	octets[23] = 0xd4;
	assert_int_equal(parse(0, octets).time_s,
			 0x365c88c0LL + 883612800 + 18000);
	octets[22] = octets[23] = 0xff;
	assert_int_equal(parse(0, octets).time_s, 0x365c88c0LL + 883612800);
	memset(octets + 18, 0, 4);
	assert_int_equal(parse(0, octets).time_s, -1);
}

static void
the_grade_is_the_bmcs_or_else_ours(void **state)
{
	static const struct {
		uint8_t severity;
		enum ipmi_grade grade;
	} cases[] = {
		{ 0x01, IPMI_GRADE_INFO },     { 0x02, IPMI_GRADE_INFO },
		{ 0x04, IPMI_GRADE_INFO },     { 0x08, IPMI_GRADE_WARNING },
		{ 0x10, IPMI_GRADE_CRITICAL }, { 0x20, IPMI_GRADE_CRITICAL },
		{ 0x00, IPMI_GRADE_CRITICAL }, { 0x77, IPMI_GRADE_CRITICAL },
	};
	uint8_t octets[sizeof(sample)];

	(void)state;
	memcpy(octets, sample, sizeof(sample));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		octets[26] = cases[i].severity;
		assert_int_equal(parse(WATCHDOG_OFF_EVENT, octets).grade,
				 cases[i].grade);
	}
	octets[26] = 0;
	assert_int_equal(parse(0xc16f02, octets).grade, IPMI_GRADE_UNKNOWN);
	struct pet over = parse(WATCHDOG_OFF_EVENT | 0x80, octets);
	assert_true(over.event.deasserted);
	assert_int_equal(over.grade, IPMI_GRADE_INFO);
}

static void
nonsense_is_refused_whole(void **state)
{
	static const int32_t bad[] = { -1, INT32_MIN, 0x1000000, INT32_MAX };
	struct pet pet, before;

	(void)state;
	memset(&before, 0x5a, sizeof(before));
	pet = before;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pet_parse(bad[i], sample, sizeof(sample), &pet));
	for (size_t len = 0; len < PET_LEN; len++)
		assert_false(pet_parse(WATCHDOG_OFF_EVENT, sample, len, &pet));
	assert_false(pet_parse(WATCHDOG_OFF_EVENT, NULL, 0, &pet));
	assert_memory_equal(&pet, &before, sizeof(pet));
	assert_true(pet_parse(WATCHDOG_OFF_EVENT, sample, PET_LEN, &pet));
	assert_true(pet_parse(0xffffff, sample, PET_LEN, &pet));
}

static void
copies_of_one_trap_are_known_and_others_are_not(void **state)
{
	/* What tells two events apart, and what may differ between copies. */
	static const size_t differs[] = {
		0, 15, 16, 17, 18, 21, 27, 28, 31, 38
	};
	static const size_t may_differ[] = { 24, 40, 46 };
	struct pet a = parse(WATCHDOG_OFF_EVENT, sample), b;
	uint8_t octets[sizeof(sample)];

	(void)state;
	b = parse(WATCHDOG_OFF_EVENT, sample);
	assert_true(pet_is_same(&a, &b));
	for (size_t i = 0; i < sizeof(differs) / sizeof(differs[0]); i++) {
		memcpy(octets, sample, sizeof(sample));
		octets[differs[i]] ^= 1;
		b = parse(WATCHDOG_OFF_EVENT, octets);
		assert_false(pet_is_same(&a, &b));
	}
	for (size_t i = 0; i < sizeof(may_differ) / sizeof(may_differ[0]);
	     i++) {
		memcpy(octets, sample, sizeof(sample));
		octets[may_differ[i]] ^= 1;
		b = parse(WATCHDOG_OFF_EVENT, octets);
		assert_true(pet_is_same(&a, &b));
	}
	for (int bit = 0; bit < 24; bit++) {
		b = parse(WATCHDOG_OFF_EVENT ^ 1 << bit, sample);
		/* Bits 4 to 6 and 15 mean nothing. */
		assert_int_equal(pet_is_same(&a, &b),
				 (bit >= 4 && bit <= 6) || bit == 15);
	}
}

/* --- acknowledging ------------------------------------------------------- */

struct site {
	struct fake fake; /* first */
	uint8_t asked[16];
	size_t asked_len;
	unsigned calls;
	enum ipmi_rc rc;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct site *site = (struct site *)fake;

	if (request->netfn != 0x04 || request->command != 0x17)
		return 17;
	memcpy(site->asked, request->bytes, request->len);
	site->asked_len = request->len;
	ret_reply[0] = 0;
	return 1;
}

static void
took(void *arg, const struct ipmi_reply *reply)
{
	struct site *site = arg;

	site->calls++;
	site->rc = reply->rc;
}

static void
a_trap_is_acknowledged_in_the_other_byte_order(void **state)
{
	static struct site site;
	struct pet pet = parse(WATCHDOG_OFF_EVENT, sample);

	(void)state;
	fake_init(&site.fake);
	site.fake.serve = serve;
	struct bmc *bmc = bmc_new(&site.fake.transport, "fake");
	assert_true(pet_acknowledge(bmc, &pet, 0, took, &site) != 0);
	fake_run(&site.fake, 1000);
	assert_int_equal(site.calls, 1);
	assert_int_equal(site.rc, IPMI_OK);
	assert_int_equal(site.asked_len, 12);
	assert_memory_equal(site.asked,
			    "\x34\x12\xc0\x88\x5c\x36\x21\x22\x03\xc2\x24\xff",
			    12);
	bmc_free(bmc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trap_says_who_when_and_what),
		cmocka_unit_test(times_west_of_greenwich_and_unknown_ones),
		cmocka_unit_test(the_grade_is_the_bmcs_or_else_ours),
		cmocka_unit_test(nonsense_is_refused_whole),
		cmocka_unit_test(
			copies_of_one_trap_are_known_and_others_are_not),
		cmocka_unit_test(
			a_trap_is_acknowledged_in_the_other_byte_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
