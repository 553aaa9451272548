/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the configuration file: presets, and all mistakes at once. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "agent/settings.h"
#include "ipmi/watchdog.h"
#include "tests/unit/agent/tree.h"

static struct tree tree;

static int
make_tree(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_write(
		&tree, "cred",
		"snmp \"agents\" { user = \"u\" auth-password = \"12345678\" "
		"priv-password = \"87654321\" }\n"
		"snmp \"same\" { user = \"u\" auth-password = \"12345678\" "
		"priv-password = \"87654321\" }\n"
		"snmp \"write\" { user = \"w\" auth-password = \"12345678\" "
		"priv-password = \"87654321\" }\n");
	chmod(tree_path(&tree, "cred"), 0600);
	return 0;
}

static int
remove_tree(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

/* Loads it; *ret_errors is the caller's. */
static struct settings *
load(const char *text, char **ret_errors)
{
	size_t len;
	FILE *errors = open_memstream(ret_errors, &len);
	char full[4096];

	snprintf(full, sizeof(full), "%s\ncredentials = \"%s\"\n", text,
		 tree_path(&tree, "cred"));
	tree_write(&tree, "agent.conf", full);
	struct settings *settings =
		settings_load(tree_path(&tree, "agent.conf"), errors);
	fclose(errors);
	return settings;
}

static void
who_may_set_is_another_account_with_another_user(void **state)
{
#define ALONE "snmp { mode = standalone write-account = "
	char *errors;
	struct settings *s = load(ALONE "\"write\" }", &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_string_equal(s->write_account, "write");
	settings_free(s);
	free(errors);
	assert_null(load(ALONE "\"no\" }", &errors));
	assert_non_null(strstr(errors, "there is no snmp \"no\""));
	free(errors);
	assert_null(load(ALONE "\"agents\" }", &errors));
	assert_non_null(strstr(errors, "same user"));
	free(errors);
	assert_null(load(ALONE "\"same\" }", &errors));
	assert_non_null(strstr(errors, "same user"));
	free(errors);
}

static void
the_watchdog_is_the_bmcs_where_there_is_one(void **state)
{
	static const struct {
		const char *text, *device;
		bool is_bmc;
	} cases[] = {
		{ "", "/dev/watchdog0", false },
		{ "bmc { device = 1 }", "/dev/ipmi1", true },
		{ "bmc { } watchdog { device = \"/dev/watchdog1\" }",
		  "/dev/watchdog1", false },
		{ "watchdog { device = bmc action = off }", "/dev/ipmi0",
		  true },
	};
	char *errors;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct settings *s = load(cases[i].text, &errors);

		assert_string_equal(errors, "");
		assert_string_equal(s->watchdog_device, cases[i].device);
		assert_int_equal(s->watchdog_is_bmc, cases[i].is_bmc);
		assert_int_equal(s->watchdog_action,
				 i == 3 ? WATCHDOG_OFF : WATCHDOG_RESET);
		settings_free(s);
		free(errors);
	}
	assert_null(load("watchdog { device = ipmi }", &errors));
	assert_non_null(strstr(errors, "neither auto, bmc nor"));
	free(errors);
}

static void
an_empty_file_gives_the_presets(void **state)
{
	char *errors;
	struct settings *s = load("", &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	assert_int_equal(s->mode, MODE_AGENTX);
	assert_string_equal(s->agentx_socket, "/var/agentx/master");
	assert_string_equal(s->virt_uri, "qemu:///system");
	assert_string_equal(s->virt_type, "auto");
	assert_int_equal(s->virt_period_ms, 2000);
	assert_string_equal(s->system_root, "/");
	assert_false(s->has_bmc);
	assert_null(s->inform_target);
	assert_int_equal(s->inform_interval_ms, 10000);
	assert_false(s->notify_snmpd);
	assert_null(s->name);
	assert_int_equal(s->n_datastores, 0);
	settings_free(s);
	free(errors);
}

static void
empty_sections_give_the_same_as_none(void **state)
{
	char *errors;
	struct settings *s =
		load("node { }\nsnmp { }\nlibvirt { }\nbmc { }", &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_int_equal(s->mode, MODE_AGENTX);
	assert_string_equal(s->agentx_socket, "/var/agentx/master");
	assert_string_equal(s->listen, "udp:0.0.0.0:161");
	assert_int_equal(s->virt_period_ms, 2000);
	assert_int_equal(s->virt_deadline_ms, 5000);
	assert_int_equal(s->memory_mib, 0);
	assert_string_equal(s->system_root, "/");
	assert_true(s->has_bmc);
	assert_int_equal(s->bmc_device, 0);
	settings_free(s);
	free(errors);
}

static void
only_behind_snmpd_can_it_be_told_to_notify(void **state)
{
	char *errors;
	struct settings *s =
		load("snmp { mode = agentx notify-snmpd = on }", &errors);

	(void)state;
	assert_true(s->notify_snmpd);
	settings_free(s);
	free(errors);
	s = load("snmp { mode = standalone notify-snmpd = on }", &errors);
	assert_null(s);
	assert_non_null(strstr(errors, "mode = agentx only"));
	free(errors);
}

static void
all_values_arrive(void **state)
{
	char *errors;
	struct settings *s = load(
		"node { name = \"h1\" memory-mib = 4096 cpus = 2 }\n"
		"snmp { mode = standalone listen = \"udp:127.0.0.1:1161\" }\n"
		"libvirt { uri = \"test:///default\" virt-type = qemu }\n"
		"datastore \"ds1\" { path = \"/a/b\" slot = 7 disks = \"/a\" "
		"lost-ms = 4000 }\n"
		"bmc { device = 3 }\n"
		"uplink \"eth1\" { role = storage }\n"
		"uplink \"eth2.7\" { role = management }\n"
		"inform { target = \"udp:10.90.0.254:162\" "
		"min-interval-ms = 0 }\n",
		&errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_int_equal(s->mode, MODE_STANDALONE);
	assert_int_equal(s->memory_mib, 4096);
	assert_string_equal(s->virt_type, "qemu");
	assert_int_equal(s->n_datastores, 1);
	assert_string_equal(s->datastores[0].name, "ds1");
	assert_string_equal(s->datastores[0].disks, "/a");
	assert_int_equal(s->datastores[0].slot, 7);
	assert_int_equal(s->datastores[0].lost_ms, 4000);
	assert_int_equal(s->bmc_device, 3);
	assert_int_equal(s->n_uplinks, 2);
	assert_string_equal(s->uplinks[0].name, "eth1");
	assert_int_equal(s->uplinks[0].role, UPLINK_ROLE_STORAGE);
	assert_int_equal(s->uplinks[1].role, UPLINK_ROLE_MANAGEMENT);
	assert_string_equal(s->inform_target, "udp:10.90.0.254:162");
	assert_int_equal(s->inform_interval_ms, 0);
	settings_free(s);
	free(errors);
}

static void
five_mistakes_are_five_messages(void **state)
{
	char *errors;
	struct settings *s =
		load("node { uuid = \"zz\" cpus = many }\n"
		     "snmp { mode = tcp }\n"
		     "datastore \"ds1\" { path = \"rel\" slot = 1 }\n"
		     "libvirt { priod-ms = 5 }\n",
		     &errors);

	(void)state;
	assert_null(s);
	assert_non_null(strstr(errors, "agent.conf:1: uuid: \"zz\""));
	assert_non_null(strstr(errors, "agent.conf:1: cpus: \"many\""));
	assert_non_null(strstr(errors, "agent.conf:2: mode: \"tcp\""));
	assert_non_null(strstr(errors, "agent.conf:3: path: \"rel\""));
	assert_non_null(strstr(errors, "agent.conf:4: "));
	assert_non_null(strstr(errors, "priod-ms"));
	free(errors);
}

static void
two_datastores_cannot_share_a_path(void **state)
{
	char *errors;
	struct settings *s =
		load("datastore \"a\" { path = \"/x\" slot = 1 }\n"
		     "datastore \"b\" { path = \"/x\" slot = 2 }\n",
		     &errors);

	(void)state;
	assert_null(s);
	assert_non_null(strstr(errors, "agent.conf:2: "));
	assert_non_null(strstr(errors, "\"a\""));
	free(errors);
}

static void
credentials_are_judged_only_where_they_are_needed(void **state)
{
	char *errors;
	const char *informs = "inform { target = \"udp:1.2.3.4:162\" "
			      "account = \"other\" }\n";
	struct settings *s;

	(void)state;
	chmod(tree_path(&tree, "cred"), 0644);
	s = load("", &errors);
	assert_non_null(s);
	settings_free(s);
	free(errors);
	assert_null(load(informs, &errors));
	assert_non_null(strstr(errors, "cred"));
	free(errors);
	chmod(tree_path(&tree, "cred"), 0600);
	assert_null(load(informs, &errors));
	assert_non_null(strstr(errors, "there is no snmp \"other\""));
	assert_null(strstr(errors, "12345678"));
	free(errors);
	assert_null(
		load("snmp { mode = standalone account = \"no\" }", &errors));
	assert_non_null(strstr(errors, "there is no snmp \"no\""));
	free(errors);
}

static void
a_missing_file_is_a_mistake_with_its_name(void **state)
{
	char *errors;
	size_t len;
	FILE *to = open_memstream(&errors, &len);

	(void)state;
	assert_null(settings_load(tree_path(&tree, "nowhere"), to));
	fclose(to);
	assert_non_null(strstr(errors, "nowhere"));
	free(errors);
}

int
main(void)
{
#define IN_TREE(test) \
	cmocka_unit_test_setup_teardown(test, make_tree, remove_tree)
	const struct CMUnitTest tests[] = {
		IN_TREE(who_may_set_is_another_account_with_another_user),
		IN_TREE(the_watchdog_is_the_bmcs_where_there_is_one),
		IN_TREE(an_empty_file_gives_the_presets),
		IN_TREE(empty_sections_give_the_same_as_none),
		IN_TREE(only_behind_snmpd_can_it_be_told_to_notify),
		IN_TREE(all_values_arrive),
		IN_TREE(five_mistakes_are_five_messages),
		IN_TREE(two_datastores_cannot_share_a_path),
		IN_TREE(credentials_are_judged_only_where_they_are_needed),
		IN_TREE(a_missing_file_is_a_mistake_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
