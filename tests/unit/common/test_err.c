/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/err. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

static void
returns_the_code_it_was_given(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "bad %s", "word"), -EINVAL);
	assert_string_equal(err.text, "bad word");
	assert_int_equal(err_errno(&err, -ENOENT, "file %d", 7), -ENOENT);
	assert_string_equal(err.text, "file 7: No such file or directory");
}

static void
prefixes_go_in_front(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, -ETIMEDOUT, "no answer in %d s", 5);
	err_prefix(&err, -ETIMEDOUT, "bmc %s", "10.0.0.3");
	assert_int_equal(err_prefix(&err, -ETIMEDOUT, "host %s", "h3"),
			 -ETIMEDOUT);
	assert_string_equal(err.text,
			    "host h3: bmc 10.0.0.3: no answer in 5 s");
}

static void
nobody_has_to_listen(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_errno(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_prefix(NULL, -EIO, "x"), -EIO);
}

static void
long_texts_are_cut(void **state)
{
	struct {
		struct err err;
		char guard[8];
	} it = { .guard = "guard" };
	char text[2 * ERR_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&it.err, -EIO, "%s", text);
	assert_int_equal(strlen(it.err.text), ERR_MAX - 1);
	err_errno(&it.err, -EIO, "%s", text);
	assert_int_equal(strlen(it.err.text), ERR_MAX - 1);
	err_prefix(&it.err, -EIO, "%s", text);
	assert_int_equal(strlen(it.err.text), ERR_MAX - 1);
	assert_string_equal(it.guard, "guard");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(returns_the_code_it_was_given),
		cmocka_unit_test(prefixes_go_in_front),
		cmocka_unit_test(nobody_has_to_listen),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
