/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of snmp-mib/credentials. */
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
#include "snmp-mib/credentials.h"

static const struct config_option table[] = { SNMP_ACCOUNTS_OPTION,
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
accounts_are_read_with_their_presets(void **state)
{
	struct config *config = load(
		"snmp \"a\" { user = \"u\" auth-password = \"hush1234\" "
		"priv-password = \"hush5678\" }\n"
		"snmp \"b\" { user = \"v\" auth-password = \"hush12345\" "
		"priv-password = \"hush56789\" auth = SHA-512 priv = AES }");
	struct snmp_account *accounts;
	size_t n = 0;

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	accounts = snmp_accounts_new(config_root(config), &n);
	config_free(config); /* the accounts are copies */
	assert_int_equal(n, 2);
	const struct snmp_account *a = snmp_accounts_find(accounts, n, "a");
	assert_string_equal(a->user, "u");
	assert_string_equal(a->auth_password, "hush1234");
	assert_string_equal(a->priv_password, "hush5678");
	assert_string_equal(a->auth, "SHA-256");
	assert_string_equal(a->priv, "AES");
	const struct snmp_account *b = snmp_accounts_find(accounts, n, "b");
	assert_string_equal(b->auth, "SHA-512");
	assert_null(snmp_accounts_find(accounts, n, "c"));
	snmp_accounts_free(accounts, n);
}

static void
a_file_without_accounts_is_fine(void **state)
{
	struct config *config = load("");
	size_t n = 1;

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	struct snmp_account *accounts =
		snmp_accounts_new(config_root(config), &n);
	assert_int_equal(n, 0);
	assert_null(snmp_accounts_find(accounts, n, "a"));
	snmp_accounts_free(accounts, n);
	config_free(config);
}

static void
bad_accounts_are_told_without_their_passwords(void **state)
{
	(void)state;
	expect_one_error("snmp a { user = u auth-password = hush123 "
			 "priv-password = hush1234 }",
			 "auth-password is too short");
	expect_one_error("snmp a { user = u auth-password = hush1234 "
			 "priv-password = hush }",
			 "priv-password is too short");
	expect_one_error("snmp a { user = u auth-password = hush1234 }",
			 "lacks the option priv-password");
	expect_one_error("snmp a { user = \"\" auth-password = hush1234 "
			 "priv-password = hush1234 }",
			 "user must have 1 to 32 bytes");
	expect_one_error("snmp a { user = u auth-password = hush1234 "
			 "priv-password = hush1234 auth = MD5 }",
			 "auth is not one of SHA, SHA-224, SHA-256");
	expect_one_error("snmp a { user = u auth-password = hush1234 "
			 "priv-password = hush1234 priv = DES }",
			 "priv is not one of AES");
	expect_one_error("snmp \"\" { user = u auth-password = hush1234 "
			 "priv-password = hush1234 }",
			 "must have 1 to 63 bytes");
	expect_one_error("snmp a { user = u auth-password = hush1234 "
			 "priv-password = hush1234 hush = hush }",
			 "unknown option");
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
	expect_one_error("snmp a { }", "run 'chmod 600 ");
	assert_int_equal(chmod(path, 0600), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_are_read_with_their_presets),
		cmocka_unit_test(a_file_without_accounts_is_fine),
		cmocka_unit_test(bad_accounts_are_told_without_their_passwords),
		cmocka_unit_test(a_missing_file_is_told),
		cmocka_unit_test(a_file_others_can_read_is_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
