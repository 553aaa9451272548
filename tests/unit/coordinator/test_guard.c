/* SPDX-License-Identifier: Apache-2.0 */
/* Is it the right host's BMC?  And what is written down of a fence. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/readiness.h"
#include "tests/support/ipmi_fake.h"

/* As the BMC sends it. */
static const uint8_t plain[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
				   0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
				   0xcc, 0xdd, 0xee, 0xff };

static bool
allows(const char *configured, const char *in_band, const uint8_t *guid)
{
	struct guard guard = { .configured = configured,
			       .in_band = in_band,
			       .has_guid = guid != NULL };
	struct err err = { "" };

	if (guid != NULL)
		memcpy(guard.guid, guid, 16);
	bool allowed = guard_allows(&guard, &err);
	assert_int_equal(allowed, err.text[0] == '\0');
	return allowed;
}

static void
the_right_bmc_is_known_in_each_byte_order(void **state)
{
	(void)state;
	assert_true(allows("00112233445566778899aabbccddeeff", NULL, plain));
	assert_true(
		allows("00112233-4455-6677-8899-AABBCCDDEEFF", NULL, plain));
	assert_true(
		allows("33221100-5544-7766-8899-aabbccddeeff", NULL, plain));
	assert_true(
		allows("ffeeddcc-bbaa-9988-7766-554433221100", NULL, plain));
	assert_true(
		allows(NULL, "33221100-5544-7766-8899-aabbccddeeff", plain));
}

static void
a_bmc_of_another_host_is_refused(void **state)
{
	(void)state;
	assert_false(allows("00112233445566778899aabbccddeefe", NULL, plain));
	assert_false(allows(NULL, "00112233445566778899aabbccddeefe", plain));
	/* Right by the file, wrong by the host's own word. */
	assert_false(allows("00112233445566778899aabbccddeeff",
			    "10112233445566778899aabbccddeeff", plain));
}

static void
no_guid_is_no_contradiction_unless_one_is_demanded(void **state)
{
	static const uint8_t zeros[16];
	uint8_t ones[16];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_true(allows(NULL, NULL, plain));
	assert_true(allows(NULL, "", plain));
	assert_true(allows(NULL, "00000000000000000000000000000000", plain));
	assert_true(allows(NULL, "00112233445566778899aabbccddeeff", zeros));
	assert_true(allows(NULL, NULL, NULL));
	assert_false(allows("00112233445566778899aabbccddeeff", NULL, NULL));
	assert_false(allows("00112233445566778899aabbccddeeff", NULL, zeros));
	assert_false(allows("00112233445566778899aabbccddeeff", NULL, ones));
}

static void
what_is_no_guid_is_told_in_the_configuration(void **state)
{
	static const char *const bad[] = {
		"",
		"0011",
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeefff",
		"00112233445566778899aabbccddeefg",
		"00000000000000000000000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(guard_check(bad[i], &err), -EINVAL);
	assert_int_equal(guard_check("00112233-4455-6677-8899-aabbccddeeff",
				     &err),
			 0);
}

/* --- evidence ------------------------------------------------------------ */

struct world {
	struct fake fake;
	struct bmc *bmc;
	struct evidence_extra extra;
	unsigned extras;
	struct power_result result;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *reply)
{
	static const uint8_t sel[15] = { 0, 0x51, 7,    0,    0,
					 1, 0x78, 0x56, 0x34, 0x12 };
	/* The watchdog powered it off. */
	static const uint8_t entry[19] = { 0,    0xff, 0xff, 0x2a, 0x01,
					   0x02, 0x79, 0x56, 0x34, 0x62,
					   0x20, 0x00, 0x04, 0x23, 0x03,
					   0x6f, 0xa2, 0xff, 0xff };
	(void)fake;
	memset(reply, 0, 32);
	if (request->netfn == 0 && request->command == 7) {
		reply[1] = 4; /* watchdog */
		return 3;
	}
	if (request->netfn == 0x0a && request->command == 0x43) {
		memcpy(reply, entry, sizeof(entry));
		return sizeof(entry);
	}
	if (request->netfn == 0x0a) {
		memcpy(reply, sel, sizeof(sel));
		return sizeof(sel);
	}
	memcpy(reply + 1, plain, sizeof(plain));
	return 17;
}

static void
took_extra(void *arg, const struct evidence_extra *extra)
{
	struct world *world = arg;

	world->extra = *extra;
	world->extras++;
}

static void
took_result(void *arg, const struct power_result *result)
{
	((struct world *)arg)->result = *result;
}

static struct world *
fence(void)
{
	static struct world world;

	world = (struct world){ .extras = 0 };
	fake_init(&world.fake);
	world.fake.serve = serve;
	world.bmc = bmc_new(&world.fake.transport, "fake:623");
	fake_run(&world.fake, 1000);
	power_turn_off(world.bmc, 0, took_result, &world);
	fake_run(&world.fake, 2000);
	assert_int_equal(world.result.rc, IPMI_OK);
	return &world;
}

static void
the_record_of_a_fence_has_all_that_an_auditor_asks(void **state)
{
	struct world *w = fence();

	(void)state;
	assert_true(evidence_ask(w->bmc, took_extra, w));
	fake_run(&w->fake, 500);
	assert_int_equal(w->extras, 1);
	char *text =
		evidence_text(w->bmc, &w->result, &w->extra, "alice", NULL);
	json_t *json = json_loads(text, 0, NULL);
	assert_non_null(json);
	json_t *reads = json_object_get(json, "reads_that_agree");
	assert_int_equal(json_array_size(reads), 2);
	json_int_t apart = 0;
	for (int i = 0; i < 2; i++) {
		json_t *read = json_array_get(reads, (size_t)i);
		json_int_t mono =
			json_integer_value(json_object_get(read, "mono_ms"));
		/* The fake's clocks differ by this. */
		assert_int_equal(json_integer_value(
					 json_object_get(read, "wall_ms")) -
					 mono,
				 1700000000000);
		apart = mono - apart;
	}
	assert_true(apart >= POWER_VERIFY_GAP_MS);
	assert_string_equal(json_string_value(
				    json_object_get(json, "asked_by")),
			    "alice");
	assert_int_equal(json_integer_value(
				 json_object_get(json, "restart_cause")),
			 4);
	assert_int_equal(json_integer_value(
				 json_object_get(json, "sel_entries")),
			 7);
	assert_int_equal(json_integer_value(
				 json_object_get(json, "sel_last_s")),
			 0x62345679);
	assert_int_equal(json_integer_value(
				 json_object_get(json, "sel_last_id")),
			 0x12a);
	assert_string_equal(json_string_value(
				    json_object_get(json, "sel_last_text")),
			    "watchdog 0x03: power off");
	assert_string_equal(json_string_value(
				    json_object_get(json, "last_power_event")),
			    "on by IPMI");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json, "bmc"), "guid")),
			    "00112233445566778899aabbccddeeff");
	json_decref(json);
	free(text);
	bmc_free(w->bmc);
}

static void
what_a_silent_bmc_does_not_tell_is_null_and_soon(void **state)
{
	struct world *w = fence();

	(void)state;
	w->fake.silent = true;
	assert_true(evidence_ask(w->bmc, took_extra, w));
	fake_run(&w->fake, EVIDENCE_EXTRA_MS);
	assert_int_equal(w->extras, 1);
	char *text =
		evidence_text(w->bmc, &w->result, &w->extra, "alice", NULL);
	assert_non_null(strstr(text, "\"restart_cause\":null"));
	assert_non_null(strstr(text, "\"sel_entries\":null"));
	assert_non_null(strstr(text, "\"sel_last_id\":null"));
	assert_non_null(strstr(text, "\"verified\":true"));
	free(text);
	bmc_free(w->bmc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_bmc_is_known_in_each_byte_order),
		cmocka_unit_test(a_bmc_of_another_host_is_refused),
		cmocka_unit_test(
			no_guid_is_no_contradiction_unless_one_is_demanded),
		cmocka_unit_test(what_is_no_guid_is_told_in_the_configuration),
		cmocka_unit_test(
			the_record_of_a_fence_has_all_that_an_auditor_asks),
		cmocka_unit_test(
			what_a_silent_bmc_does_not_tell_is_null_and_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
