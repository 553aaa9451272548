/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/num. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/num.h"

static void
whole_numbers_are_read_to_their_bounds(void **state)
{
	uint64_t u = 1;
	int64_t i = 1;

	(void)state;
	assert_int_equal(num_parse_u64("0", UINT64_MAX, &u), 0);
	assert_true(u == 0);
	assert_int_equal(num_parse_u64("18446744073709551615", UINT64_MAX, &u),
			 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(num_parse_u64("0xfF", 255, &u), 0);
	assert_true(u == 255);
	assert_int_equal(num_parse_u64("010", 255, &u), 0);
	assert_true(u == 10); /* never octal */
	assert_int_equal(num_parse_i64("-9223372036854775808", INT64_MIN,
				       INT64_MAX, &i),
			 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(num_parse_i64("42", 0, 42, &i), 0);
	assert_true(i == 42);
}

static void
anything_else_leaves_the_result_alone(void **state)
{
	static const char *const bad[] = {
		"",   " 1",  "1 ",  "+1", "-",    "--1", "1x",
		"0x", "0xg", "1e3", "1.", "0x-1", "٣",   "99999999999999999999"
	};
	uint64_t u = 7;
	int64_t i = 7;

	(void)state;
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		assert_int_equal(num_parse_u64(bad[n], UINT64_MAX, &u),
				 -EINVAL);
		assert_int_equal(num_parse_i64(bad[n], INT64_MIN, INT64_MAX,
					       &i),
				 -EINVAL);
	}
	assert_int_equal(num_parse_u64("-1", UINT64_MAX, &u), -EINVAL);
	assert_int_equal(num_parse_u64("256", 255, &u), -EINVAL);
	assert_int_equal(num_parse_i64("-1", 0, 9, &i), -EINVAL);
	assert_int_equal(num_parse_i64("10", 0, 9, &i), -EINVAL);
	assert_true(u == 7 && i == 7);
}

static void
words_of_yes_and_no_are_read(void **state)
{
	bool value = false;

	(void)state;
	assert_int_equal(num_parse_bool("ON", &value), 0);
	assert_true(value);
	assert_int_equal(num_parse_bool("no", &value), 0);
	assert_false(value);
	value = true;
	assert_int_equal(num_parse_bool("", &value), -EINVAL);
	assert_int_equal(num_parse_bool("offf", &value), -EINVAL);
	assert_int_equal(num_parse_bool("2", &value), -EINVAL);
	assert_true(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_read_to_their_bounds),
		cmocka_unit_test(anything_else_leaves_the_result_alone),
		cmocka_unit_test(words_of_yes_and_no_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
