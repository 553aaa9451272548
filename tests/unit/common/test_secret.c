/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/secret.h"

/* Is the page of an address marked by the kernel as not for core dumps? */
static bool
is_kept_from_dumps(const void *address)
{
	cleanup_fclose FILE *maps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool here = false;

	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		char *dash, *end;
		uintptr_t from = strtoul(line, &dash, 16);
		uintptr_t to = strtoul(dash + (*dash == '-'), &end, 16);

		if (*dash == '-' && *end == ' ') /* a mapping begins */
			here = (uintptr_t)address >= from &&
			       (uintptr_t)address < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			return strstr(line, " dd") != NULL;
	}
	return false;
}

static void
secrets_start_as_zeros_and_stay_out_of_dumps(void **state)
{
	char *secret = secret_new(10000);

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		assert_int_equal(secret[i], 0);
	memset(secret, 'x', 10000);
	assert_true(is_kept_from_dumps(secret));
	secret_free(secret, 10000);
	secret_free(NULL, 10000);
	secret_free(secret_new(0), 0);
}

static void
a_small_limit_of_locked_memory_is_no_obstacle(void **state)
{
	struct rlimit old, none = { 0, 0 };

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	char *secret = secret_new(100);
	secret[99] = 'x';
	secret_free(secret, 100);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_start_as_zeros_and_stay_out_of_dumps),
		cmocka_unit_test(a_small_limit_of_locked_memory_is_no_obstacle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
