/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of ipmi/credentials. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "ipmi/credentials.h"

static const struct config_option table[] = { IPMI_ACCOUNTS_OPTION,
					      { .name = NULL } };

static char path[] = "/tmp/test-credentials-XXXXXX";

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static struct config *
load(const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return config_load_secret(path, table);
}

static void
expect_one_error(const char *text, const char *message)
{
	struct config *config = load(text);
	cleanup_free char *said = NULL;
	size_t len;
	FILE *to = open_memstream(&said, &len);

	config_print_errors(config, to);
	fclose(to);
	if (config_count_errors(config) != 1 || strstr(said, message) == NULL)
		fail_msg("%s\ngave\n%s", text, said);
	assert_null(strstr(said, "hush")); /* the passwords of these tests */
	config_free(config);
}

static void
accounts_are_read(void **state)
{
	struct config *config =
		load("bmc \"a\" { user = \"admin\" password = \"hush\" }\n"
		     "bmc \"b\" { user = \"0123456789abcdef\" "
		     "password = \"hush56789012345678ab\" }");
	struct ipmi_account *accounts;
	size_t n = 0;

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	accounts = ipmi_accounts_new(config_root(config), &n);
	config_free(config); /* the accounts are copies */
	assert_int_equal(n, 2);
	const struct ipmi_account *a = ipmi_accounts_find(accounts, n, "a");
	assert_string_equal(a->user, "admin");
	assert_string_equal(a->password, "hush");
	const struct ipmi_account *b = ipmi_accounts_find(accounts, n, "b");
	assert_string_equal(b->user, "0123456789abcdef");
	assert_string_equal(b->password, "hush56789012345678ab");
	assert_null(ipmi_accounts_find(accounts, n, "c"));
	ipmi_accounts_free(accounts, n);
}

static void
bad_accounts_are_told_without_their_passwords(void **state)
{
	(void)state;
	expect_one_error("bmc a { user = u password = hush567890123456789ab }",
			 "password must have 1 to 20 bytes");
	expect_one_error("bmc a { user = u password = '' }",
			 "password must have 1 to 20 bytes");
	expect_one_error("bmc a { user = 0123456789abcdefg password = hush }",
			 "user must have 1 to 16 bytes");
	expect_one_error("bmc a { user = u }", "lacks the option password");
	expect_one_error("bmc a { user = u password = hush }\n"
			 "bmc a { user = u password = hush }",
			 "given twice, also in line 1");
}

static void
a_missing_file_is_told(void **state)
{
	struct config *config = config_load_secret("/nowhere/file", table);

	(void)state;
	assert_int_equal(config_count_errors(config), 1);
	config_free(config);
}

static void
a_file_others_can_read_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chmod(path, 0640), 0);
	expect_one_error("bmc a { }", "run 'chmod 600 ");
	assert_int_equal(chmod(path, 0600), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_are_read),
		cmocka_unit_test(bad_accounts_are_told_without_their_passwords),
		cmocka_unit_test(a_missing_file_is_told),
		cmocka_unit_test(a_file_others_can_read_is_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
