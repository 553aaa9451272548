/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as operators mistype them: every mistake is named at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "scheduler/coordinator/settings.h"

static char dir[64], conf[96], secrets[96];

static const char good_secrets[] =
	"snmp \"agents\" { user = \"u\" auth-password = \"authauth\" "
	"priv-password = \"privpriv\" }\n"
	"bmc \"bmcs\" { user = \"admin\" password = \"secret\" }\n";

#define HOST(name, n)                                                       \
	"host \"" name "\" { cluster = \"c1\" agent = \"192.0.2." n ":161\" " \
	"snmp-account = \"agents\" libvirt = \"qemu+tls://192.0.2." n         \
	"/system\" bmc { address = \"198.51.100." n                           \
	":623\" account = \"bmcs\" } }\n"

static void
put(const char *path, const char *text, unsigned mode)
{
	assert_int_equal(file_write_atomic(path, mode, text, strlen(text), NULL),
			 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Load `text`; what was printed is the caller's to free. */
static struct settings *
load(const char *text, char **ret_errors)
{
	char *whole = NULL;
	size_t len;
	FILE *file;

	assert_true(asprintf(&whole, "credentials = \"%s\"\n%s", secrets, text) >
		    0);
	put(conf, whole, 0644);
	free(whole);
	file = open_memstream(ret_errors, &len);
	struct settings *s = settings_load(conf, file);
	fclose(file);
	return s;
}

/* The configuration is refused, and each text is in what is printed. */
static void
assert_refused(const char *text, const char *const *wanted)
{
	char *errors;
	struct settings *s = load(text, &errors);

	if (s != NULL)
		fail_msg("accepted: %s", text);
	for (; *wanted != NULL; wanted++)
		if (strstr(errors, *wanted) == NULL)
			fail_msg("\"%s\" is not in:\n%s", *wanted, errors);
	free(errors);
}

static void
reads_a_good_configuration(void **state)
{
	char *errors;
	struct settings *s = load("cluster \"c1\" { }\n" HOST("b", "2")
					  HOST("a", "1"),
				  &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	assert_int_equal(s->n_hosts, 2);
	assert_string_equal(s->hosts[0].name, "a"); /* sorted by name */
	assert_true(s->clusters[0].ha);
	assert_false(s->clusters[0].fence_isolated);
	assert_string_equal(s->hosts[1].ipmi->password, "secret");
	assert_string_equal(s->hosts[1].snmp->auth, "SHA-256");
	settings_free(s);
	free(errors);
}

static void
names_five_different_mistakes_at_once(void **state)
{
	(void)state;
	assert_refused(
		"sitee = \"x\"\n"                                 /* line 2 */
		"state-dir = \"relative\"\n"                      /* 3 */
		"cluster \"c1\" { ha = maybe }\n"                 /* 4 */
		"host \"h1\" {\n"                                 /* 5 */
		"cluster = \"c2\"\n"                              /* 6 */
		"agent = \"node1.example\"\n"                     /* 7 */
		"snmp-account = \"agents\" libvirt = \"test://\"\n" /* 8 */
		"}\n",
		(const char *const[]){ "coordinator.conf:2:", "sitee",
				       "coordinator.conf:3:", "relative",
				       "coordinator.conf:4:", "maybe",
				       "coordinator.conf:6:", "c2",
				       "coordinator.conf:7:", "node1.example",
				       NULL });
}

static void
refuses_two_hosts_behind_one_address(void **state)
{
	(void)state;
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1") HOST("b", "1"),
		       (const char *const[]){ "is the agent of host \"a\"",
					      "is the libvirt of host \"a\"",
					      "is the BMC of host \"a\"",
					      NULL });
}

static void
refuses_two_hosts_of_one_name(void **state)
{
	(void)state;
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1") HOST("a", "2"),
		       (const char *const[]){ "coordinator.conf:4:", "\"a\"",
					      NULL });
}

static void
refuses_an_unknown_account(void **state)
{
	(void)state;
	put(secrets, "snmp \"x\" { user = \"u\" auth-password = \"authauth\" "
		     "priv-password = \"privpriv\" }\n",
	    0600);
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){
			       "there is no snmp \"agents\"",
			       "there is no bmc \"bmcs\"", NULL });
	put(secrets, good_secrets, 0600);
}

static void
refuses_credentials_that_others_can_read(void **state)
{
	(void)state;
	put(secrets, good_secrets, 0640);
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "0640", "chmod 600", NULL });
	put(secrets, good_secrets, 0600);
}

static void
says_that_the_credentials_are_missing(void **state)
{
	(void)state;
	assert_int_equal(unlink(secrets), 0);
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "credentials",
					      "No such file", NULL });
	put(secrets, good_secrets, 0600);
}

static void
never_shows_a_password(void **state)
{
	char *errors;

	(void)state;
	put(secrets, "snmp \"agents\" { user = \"u\" auth-password = \"hunter2\" "
		     "priv-password = \"privpriv\" }\n"
		     "bmc \"bmcs\" { user = \"admin\" "
		     "password = \"much-longer-than-twenty-bytes\" }\n",
	    0600);
	assert_null(load("cluster \"c1\" { }\n" HOST("a", "1"), &errors));
	assert_null(strstr(errors, "hunter2"));
	assert_null(strstr(errors, "much-longer"));
	assert_non_null(strstr(errors, "auth-password"));
	free(errors);
	put(secrets, good_secrets, 0600);
}

static void
refuses_a_site_without_hosts(void **state)
{
	(void)state;
	assert_refused("cluster \"c1\" { }\n",
		       (const char *const[]){ "no host", NULL });
}

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/settings-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf, sizeof(conf), "%s/coordinator.conf", dir);
	snprintf(secrets, sizeof(secrets), "%s/credentials", dir);
	put(secrets, good_secrets, 0600);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(conf);
	unlink(secrets);
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_good_configuration),
		cmocka_unit_test(names_five_different_mistakes_at_once),
		cmocka_unit_test(refuses_two_hosts_behind_one_address),
		cmocka_unit_test(refuses_two_hosts_of_one_name),
		cmocka_unit_test(refuses_an_unknown_account),
		cmocka_unit_test(refuses_credentials_that_others_can_read),
		cmocka_unit_test(says_that_the_credentials_are_missing),
		cmocka_unit_test(never_shows_a_password),
		cmocka_unit_test(refuses_a_site_without_hosts),
	};

	return cmocka_run_group_tests_name("settings", tests, make_dir,
					   remove_dir);
}
