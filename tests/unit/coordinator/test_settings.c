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

#define HOST(name, n)                                                         \
	"host \"" name "\" { cluster = \"c1\" agent = \"192.0.2." n ":161\" " \
	"snmp-account = \"agents\" libvirt = \"qemu+tls://192.0.2." n         \
	"/system\" bmc { address = \"198.51.100." n                           \
	":623\" account = \"bmcs\" } }\n"

static void
put(const char *path, const char *text, unsigned mode)
{
	assert_int_equal(file_write_atomic(path, mode, text, strlen(text),
					   NULL),
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

	assert_true(asprintf(&whole, "credentials = \"%s\"\n%s", secrets,
			     text) > 0);
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
	struct settings *s =
		load("cluster \"c1\" { }\n" HOST("b", "2") HOST("a", "1"),
		     &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	assert_int_equal(s->n_hosts, 2);
	assert_string_equal(s->hosts[0].name, "a"); /* sorted by name */
	assert_true(s->clusters[0].ha);
	assert_false(s->clusters[0].fence_isolated);
	assert_string_equal(s->hosts[1].bmc.ipmi->password, "secret");
	assert_string_equal(s->hosts[1].snmp->auth, "SHA-256");
	settings_free(s);
	free(errors);
}

static void
names_five_different_mistakes_at_once(void **state)
{
	(void)state;
	assert_refused(
		"sitee = \"x\"\n"                                   /* line 2 */
		"state-dir = \"relative\"\n"                        /* 3 */
		"cluster \"c1\" { ha = maybe }\n"                   /* 4 */
		"host \"h1\" {\n"                                   /* 5 */
		"cluster = \"c2\"\n"                                /* 6 */
		"agent = \"node1.example\"\n"                       /* 7 */
		"snmp-account = \"agents\" libvirt = \"test://\"\n" /* 8 */
		"}\n",
		(const char *const[]){ "coordinator.conf:2:", "sitee",
				       "coordinator.conf:3:", "relative",
				       "coordinator.conf:4:", "maybe",
				       "coordinator.conf:6:", "c2",
				       "coordinator.conf:7:", "node1.example",
				       NULL });
}

/* What is printed, whole, with the path cut to its last part. */
static void
assert_says(const char *text, const char *wanted)
{
	char *errors;
	struct settings *s = load(text, &errors);

	if (s != NULL)
		fail_msg("accepted: %s", text);
	for (char *at; (at = strstr(errors, conf)) != NULL;)
		memmove(at, at + strlen(dir) + 1,
			strlen(at + strlen(dir) + 1) + 1);
	assert_string_equal(errors, wanted);
	free(errors);
}

#define CLUSTER "cluster \"c1\" { }\n"
#define BMC(more)                                                        \
	"host \"a\" { cluster = \"c1\" agent = \"192.0.2.1:161\" "       \
	"snmp-account = \"agents\" libvirt = \"test:///x\"\n"            \
	"bmc { address = \"198.51.100.1:623\" account = \"bmcs\"\n" more \
	"\n} }\n"
#define NO_GUID                                                          \
	"not a GUID of 32 hexadecimal digits; 'ipmitool mc guid' tells " \
	"it\n"
#define NO_NAME \
	"a name has 1 to 63 characters and begins with a letter or digit\n"

static void
a_guid_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"00112233",
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeeff0",
		"00112233445566778899aabbccddeefg",
		"00000000-0000-0000-0000-000000000000",
		"ffffffffffffffffffffffffffffffff",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *text = NULL, *wanted = NULL;

		assert_true(asprintf(&text, CLUSTER BMC("guid = \"%s\""),
				     bad[i]) > 0);
		assert_true(asprintf(&wanted,
				     "coordinator.conf:5: guid: \"%s\" " NO_GUID
				     "    | guid = \"%s\"\n",
				     bad[i], bad[i]) > 0);
		assert_says(text, wanted);
		free(text);
		free(wanted);
	}
}

static void
feeds_and_racks_are_names(void **state)
{
	(void)state;
	assert_says(CLUSTER "host \"a\" { cluster = \"c1\" agent = "
			    "\"192.0.2.1:161\" snmp-account = \"agents\" "
			    "libvirt = \"test:///x\"\n"
			    "feed = \"\"\n"
			    "rack = \"r 1\"\n}\n",
		    "coordinator.conf:4: feed: \"\" " NO_NAME
		    "    | feed = \"\"\n"
		    "coordinator.conf:5: rack: \"r 1\" a name has letters, "
		    "digits, '-', '_' and '.' only\n"
		    "    | rack = \"r 1\"\n");
}

static void
the_pace_of_powering_on_has_bounds(void **state)
{
	(void)state;
	assert_says("power-on-per-second = 0\n"
		    "power-on-burst = 4097\n" CLUSTER HOST("a", "1"),
		    "coordinator.conf:2: power-on-per-second: \"0\" is out of "
		    "range: 1 to 1000\n"
		    "    | power-on-per-second = 0\n"
		    "coordinator.conf:3: power-on-burst: \"4097\" is out of "
		    "range: 1 to 4096\n"
		    "    | power-on-burst = 4097\n");
	assert_says(
		"power-on-per-second = 1001\n"
		"power-on-burst = 0\n" CLUSTER HOST("a", "1"),
		"coordinator.conf:2: power-on-per-second: \"1001\" is out "
		"of range: 1 to 1000\n"
		"    | power-on-per-second = 1001\n"
		"coordinator.conf:3: power-on-burst: \"0\" is out of range: "
		"1 to 4096\n"
		"    | power-on-burst = 0\n");
	assert_says("power-on-per-second = many\n"
		    "power-on-burst = -1\n" CLUSTER HOST("a", "1"),
		    "coordinator.conf:2: power-on-per-second: \"many\" is not "
		    "a whole number\n"
		    "    | power-on-per-second = many\n"
		    "coordinator.conf:3: power-on-burst: \"-1\" is out of "
		    "range: 1 to 4096\n"
		    "    | power-on-burst = -1\n");
}

static void
options_in_the_wrong_place_are_refused(void **state)
{
	(void)state;
	assert_says("guid = \"00112233445566778899aabbccddeeff\"\n"
		    "feed = \"A\"\n"
		    "rack = \"r1\"\n"
		    "cluster \"c1\" {\n"
		    "power-on-burst = 3\n"
		    "}\n" HOST("a", "1"),
		    "coordinator.conf:2: unknown option \"guid\"\n"
		    "    | guid = \"00112233445566778899aabbccddeeff\"\n"
		    "coordinator.conf:3: unknown option \"feed\"\n"
		    "    | feed = \"A\"\n"
		    "coordinator.conf:4: unknown option \"rack\"\n"
		    "    | rack = \"r1\"\n"
		    "coordinator.conf:6: unknown option \"power-on-burst\"\n"
		    "    | power-on-burst = 3\n");
	assert_says(CLUSTER BMC("feed = \"A\"\nrack = \"r1\"\n"
				"power-on-per-second = 3"),
		    "coordinator.conf:5: unknown option \"feed\"\n"
		    "    | feed = \"A\"\n"
		    "coordinator.conf:6: unknown option \"rack\"\n"
		    "    | rack = \"r1\"\n"
		    "coordinator.conf:7: unknown option "
		    "\"power-on-per-second\"\n"
		    "    | power-on-per-second = 3\n");
	assert_says(CLUSTER "host \"a\" { cluster = \"c1\" agent = "
			    "\"192.0.2.1:161\" snmp-account = \"agents\" "
			    "libvirt = \"test:///x\"\n"
			    "guid = \"00112233445566778899aabbccddeeff\"\n}\n",
		    "coordinator.conf:4: unknown option \"guid\"\n"
		    "    | guid = \"00112233445566778899aabbccddeeff\"\n");
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

/* --- levels -------------------------------------------------------------- */

#define PDU(name, n)                                             \
	"pdu \"" name "\" { address = \"198.51.100." n ":161\" " \
	"snmp-account = \"agents\" kind = apc-rpdu2 }\n"

/* A host with what else may power it off. */
#define LEVELS(name, n, levels)                                              \
	"host \"" name "\" { cluster = \"c1\" agent = \"192.0.2." n          \
	":161\" snmp-account = \"agents\" libvirt = \"qemu+tls://192.0.2." n \
	"/system\"\n" levels "}\n"

static void
reads_levels_in_their_order(void **state)
{
	char *errors;
	struct settings *s = load(
		"cluster \"c1\" { }\n" PDU("p1", "1") PDU("p2", "2") LEVELS(
			"a", "1",
			"bmc { address = \"198.51.100.3:623\" account = "
			"\"bmcs\" }\n"
			"level \"second\" { bmc { address = "
			"\"198.51.100.4:623\" account = \"bmcs\" "
			"cipher-suite = 3 } }\n"
			"level \"supplies\" { outlet \"left\" { pdu = \"p1\" "
			"number = \"7\" } outlet \"right\" { pdu = \"p2\" "
			"number = \"1.7\" } }\n"),
		&errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	const struct host_settings *host = &s->hosts[0];
	assert_true(host->has_bmc);
	assert_int_equal(host->n_levels, 2);
	assert_string_equal(host->levels[0].name, "second");
	assert_true(host->levels[0].has_bmc);
	assert_int_equal(host->levels[0].bmc.cipher_suite, 3);
	assert_string_equal(host->levels[0].bmc.ipmi->user, "admin");
	assert_int_equal(host->levels[0].n_outlets, 0);
	assert_false(host->levels[1].has_bmc);
	assert_int_equal(host->levels[1].n_outlets, 2);
	assert_string_equal(host->levels[1].outlets[1].name, "right");
	assert_string_equal(host->levels[1].outlets[1].number, "1.7");
	assert_int_equal(host->levels[1].outlets[1].pdu, 1);
	assert_string_equal(s->pdus[1].kind.name, "apc-rpdu2");
	assert_string_equal(s->pdus[1].snmp->user, "u");
	settings_free(s);
	free(errors);
}

static void
refuses_one_device_of_two_hosts(void **state)
{
	(void)state;
	assert_refused(
		"cluster \"c1\" { }\n" /* line 2 */
		PDU("p1", "1")         /* 3 */
		/* The same one by another name. */
		PDU("p2", "1")   /* 4 */
		LEVELS("a", "1", /* 5 */
		       "level \"l\" { outlet \"o\" { pdu = \"p1\" number = "
		       "\"7\" } bmc { address = \"198.51.100.4:623\" account = "
		       "\"bmcs\" } }\n") /* 6 */
		LEVELS("b", "2",         /* 8 */
		       "bmc { address = \"198.51.100.4:623\" account = "
		       "\"bmcs\" }\n" /* 9 */
		       "level \"l\" { outlet \"o\" { pdu = \"p2\" number = "
		       "\"7\" } }\n"), /* 10 */
		(const char *const[]){
			"coordinator.conf:9: 198.51.100.4:623 is "
			"the BMC of host \"a\" already",
			"coordinator.conf:10:",
			"number 7 of pdu \"p2\" is an outlet of host \"a\" "
			"already",
			NULL });
}

static void
refuses_levels_that_cannot_work(void **state)
{
	(void)state;
	assert_refused(
		"cluster \"c1\" { }\n" PDU("p1", "1") /* line 3 */
		"pdu \"p2\" { address = \"pdu.example:161\" "
		"snmp-account = \"nobody\" kind = apc }\n" /* 4 */
		LEVELS("a", "1",                           /* 5 */
		       "level \"empty\" { }\n"             /* 6 */
		       "level \"l2\" { outlet \"o\" { pdu = \"p9\" number = "
		       "\"seven\" } }\n" /* 7 */
		       "level \"l3\" { outlet \"o\" { pdu = \"p1\" } }\n"
		       "level \"l4\" { outlet \"o\" { pdu = \"p1\" number = "
		       "\"1\" } }\n"
		       "level \"l5\" { outlet \"o\" { pdu = \"p1\" number = "
		       "\"2\" } }\n"),
		(const char *const[]){
			"coordinator.conf:4:", "no numeric address",
			"there is no snmp \"nobody\" in the credentials",
			"apc-rpdu2, raritan-pdu2, eaton-epdu",
			"coordinator.conf:6:",
			"a level needs a bmc or an outlet",
			"coordinator.conf:7:", "there is no pdu \"p9\"",
			"not an outlet's number", "coordinator.conf:8:",
			"number", "more than 4 levels", NULL });
}

static void
a_custom_pdu_is_told_whole_or_not_at_all(void **state)
{
	char *errors;
	struct settings *s = load(
		"cluster \"c1\" { }\n"
		"pdu \"p\" { address = \"198.51.100.1:161\" snmp-account = "
		"\"agents\" kind = custom state-oid = \"1.3.6.1.4.1.99.1\" "
		"state-on = 1 state-off = 0 on-oid = \"1.3.6.1.4.1.99.2\" "
		"on-value = 5 off-oid = \"1.3.6.1.4.1.99.3\" off-value = 6 "
		"}\n" HOST("a", "1"),
		&errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	const struct pdu_kind *kind = &s->pdus[0].kind;
	assert_string_equal(kind->state, "1.3.6.1.4.1.99.1");
	assert_int_equal(kind->is_on, 1);
	assert_int_equal(kind->is_off, 0);
	assert_string_equal(kind->turn_off, "1.3.6.1.4.1.99.3");
	assert_int_equal(kind->value_on, 5);
	assert_int_equal(kind->value_off, 6);
	settings_free(s);
	free(errors);

	assert_refused(
		"cluster \"c1\" { }\n" HOST(
			"a",
			"1") "pdu \"p\" { address = \"198.51.100.1:161\" " /* 4
									    */
			     "snmp-account = \"agents\" kind = custom "
			     "state-oid = \"enterprises.99\" state-on = 1 "
			     "state-off = 1 on-oid = \"1.3.6.1.4.1.99.2\" "
			     "on-value = 1 off-oid = \"1.3.6.1.4.1.99.2\" }\n"
			     "pdu \"q\" { address = \"198.51.100.2:161\" " /* 5
									    */
			     "snmp-account = \"agents\" kind = apc-rpdu "
			     "off-value = 2 }\n",
		(const char *const[]){
			"coordinator.conf:4:", "not an OID in digits",
			"kind custom needs off-value", "on and off must differ",
			"coordinator.conf:5:",
			"off-value goes with kind custom only", NULL });
}

static void
a_bmc_that_is_named_has_to_have_a_guid(void **state)
{
	static const char named[] = "cluster \"c1\" { }\n" LEVELS(
		"a", "1",
		"bmc { address = \"bmc1.example:623\" account = "
		"\"bmcs\" guid = "
		"\"00112233445566778899aabbccddeeff\" off-settle-ms = "
		"3000 }\n");
	char *errors;
	struct settings *s = load(named, &errors);

	(void)state;
	assert_string_equal(errors, "");
	assert_non_null(s);
	assert_string_equal(s->hosts[0].bmc.address, "bmc1.example:623");
	assert_int_equal(s->hosts[0].bmc.off_settle_ms, 3000);
	settings_free(s);
	free(errors);
	assert_refused("cluster \"c1\" { }\n" LEVELS(
			       "a", "1",
			       "bmc { address = \"bmc1.example:623\" account "
			       "= \"bmcs\" off-settle-ms = 100 }\n"),
		       (const char *const[]){
			       "coordinator.conf:4:", "needs its guid",
			       "off-settle-ms", "250", "4000", NULL });
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
	put(secrets,
	    "snmp \"x\" { user = \"u\" auth-password = \"authauth\" "
	    "priv-password = \"privpriv\" }\n",
	    0600);
	assert_refused("cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "there is no snmp \"agents\"",
					      "there is no bmc \"bmcs\"",
					      NULL });
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
		       (const char *const[]){ "credentials", "No such file",
					      NULL });
	put(secrets, good_secrets, 0600);
}

static void
never_shows_a_password(void **state)
{
	char *errors;

	(void)state;
	put(secrets,
	    "snmp \"agents\" { user = \"u\" auth-password = \"hunter2\" "
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
monitoring_is_answered_as_configured_and_not_unasked(void **state)
{
	static const char *const ways[] = { "", "snmp { }\n",
					    "snmp { serve = agentx }\n",
					    "snmp { serve = standalone }\n" };
	static const enum serve_how hows[] = { SERVE_OFF, SERVE_OFF,
					       SERVE_AGENTX, SERVE_STANDALONE };

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		char text[512], *errors;

		snprintf(text, sizeof(text), "%scluster \"c1\" { }\n%s",
			 ways[i], HOST("a", "1"));
		struct settings *s = load(text, &errors);
		assert_string_equal(errors, "");
		assert_int_equal(s->serve.how, hows[i]);
		if (s->serve.how != SERVE_OFF) {
			assert_string_equal(s->serve.account, "agents");
			assert_string_equal(s->serve.listen, "udp:0.0.0.0:161");
			assert_string_equal(s->serve.agentx_socket,
					    "/var/agentx/master");
		}
		settings_free(s);
		free(errors);
	}
}

static void
what_monitoring_could_not_use_is_refused(void **state)
{
	(void)state;
	assert_refused("snmp { serve = maybe }\n" /* line 2 */
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "coordinator.conf:2:", "maybe",
					      NULL });
	assert_refused("snmp { serve = standalone account = \"nobody\" }\n"
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "coordinator.conf:2:",
					      "no snmp \"nobody\"", NULL });
	assert_refused("snmp { listen = \"127.0.0.1:161\" }\n"
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "udp:ADDRESS:PORT", NULL });
	assert_refused("snmp { listen = \"udp6:127.0.0.1:161\" }\n"
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "udp6:[ADDRESS]:PORT", NULL });
	assert_refused("snmp { listen = \"udp:monitor:161\" }\n"
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "names are not looked up",
					      NULL });
	assert_refused("snmp { agentx-socket = \"master\" }\n"
		       "cluster \"c1\" { }\n" HOST("a", "1"),
		       (const char *const[]){ "not an absolute path", NULL });
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

static void
a_lease_needs_an_account_that_may_write(void **state)
{
	static const char *const wanted[] = { "write-account is missing",
					      NULL };
	static const char conf_text[] =
		"cluster \"c1\" { watchdog-lease = on watchdog-lease-ms = 9000 "
		"}\nhost \"h1\" { cluster = \"c1\" agent = "
		"\"192.0.2.1:161\" snmp-account = \"agents\" write-account = "
		"\"agents\" libvirt = \"qemu+tls://192.0.2.1/system\" }\n";
	char *errors;

	(void)state;
	put(secrets, good_secrets, 0600);
	assert_refused("cluster \"c1\" { watchdog-lease = on }\n" HOST("a",
								       "1"),
		       wanted);
	struct settings *s = load(conf_text, &errors);
	assert_string_equal(errors, "");
	assert_true(s->clusters[0].lease);
	assert_int_equal(s->clusters[0].lease_ms, 9000);
	assert_non_null(s->hosts[0].write_snmp);
	settings_free(s);
	free(errors);
}

/* --- what becomes of VMs -------------------------------------------------- */

static struct settings *
load_good(const char *text)
{
	char *errors;
	struct settings *s = load(text, &errors);

	assert_string_equal(errors, "");
	assert_non_null(s);
	free(errors);
	return s;
}

static void
what_nobody_chose_is_what_the_mind_takes_for_preset(void **state)
{
	struct cluster_policy presets;

	(void)state;
	struct settings *s = load_good("cluster \"c1\" { }\n" HOST("a", "1"));
	const struct cluster_policy *p = &s->clusters[0].policy;
	cluster_policy_init(&presets);
	assert_int_equal(p->vm.ha, presets.vm.ha);
	assert_int_equal(p->vm.host_fail, presets.vm.host_fail);
	assert_int_equal(p->vm.store_fail, presets.vm.store_fail);
	assert_int_equal(p->vm.vm_fail, presets.vm.vm_fail);
	assert_int_equal(p->vm.priority, presets.vm.priority);
	assert_int_equal(p->vm.hang_ms, presets.vm.hang_ms);
	assert_int_equal(p->guard_pct, presets.guard_pct);
	assert_int_equal(p->mass_hosts, presets.mass_hosts);
	assert_int_equal(p->mass_window_ms, presets.mass_window_ms);
	assert_int_equal(p->survive_hosts, presets.survive_hosts);
	assert_int_equal(p->fence_stuck, presets.fence_stuck);
	assert_int_equal(p->set_aside_hosts, presets.set_aside_hosts);
	assert_int_equal(p->set_aside_vms, presets.set_aside_vms);
	assert_int_equal(p->path_lost_ms, presets.path_lost_ms);
	assert_int_equal(p->path_delay_ms, presets.path_delay_ms);
	assert_int_equal(p->starts_per_host, presets.starts_per_host);
	assert_int_equal(p->starts, presets.starts);
	settings_free(s);
}

static void
a_cluster_chooses_all_of_it(void **state)
{
	(void)state;
	struct settings *s = load_good(
		"cluster \"c1\" { host-failure = wait storage-failure = "
		"recover vm-failure = elsewhere priority = 7 hang-ms = 30000 "
		"guard-percent = 30 mass-hosts = 2 mass-window = 600 "
		"survive-hosts = 1 fence-stuck = on set-aside-hosts = off "
		"set-aside-vms = off path-lost = 20 path-delay "
		"= 0 starts-per-host = 2 starts = 16 }\n" HOST("a", "1"));
	const struct cluster_policy *p = &s->clusters[0].policy;
	assert_int_equal(p->vm.host_fail, HOST_FAIL_WAIT);
	assert_int_equal(p->vm.store_fail, STORE_FAIL_RECOVER);
	assert_int_equal(p->vm.vm_fail, VM_FAIL_ELSEWHERE);
	assert_int_equal(p->vm.priority, 7);
	assert_int_equal(p->vm.hang_ms, 30000);
	assert_int_equal(p->guard_pct, 30);
	assert_int_equal(p->mass_hosts, 2);
	assert_int_equal(p->mass_window_ms, 600000);
	assert_int_equal(p->survive_hosts, 1);
	assert_true(p->fence_stuck);
	assert_false(p->set_aside_hosts);
	assert_false(p->set_aside_vms);
	assert_int_equal(p->path_lost_ms, 20000);
	assert_int_equal(p->path_delay_ms, 0);
	assert_int_equal(p->starts_per_host, 2);
	assert_int_equal(p->starts, 16);
	settings_free(s);
}

static void
every_word_of_a_choice_is_read(void **state)
{
	(void)state;
	for (int i = 0; i < VM_FAILS; i++) {
		char *text = NULL;

		assert_true(asprintf(&text,
				     "cluster \"c1\" { vm-failure = %s "
				     "storage-failure = %s host-failure = %s "
				     "}\n%s",
				     vm_fail_name((enum vm_fail)i),
				     store_fail_name((enum store_fail)(i & 1)),
				     host_fail_name((enum host_fail)(i & 1)),
				     HOST("a", "1")) > 0);
		struct settings *s = load_good(text);
		assert_int_equal(s->clusters[0].policy.vm.vm_fail, i);
		assert_int_equal(s->clusters[0].policy.vm.store_fail, i & 1);
		assert_int_equal(s->clusters[0].policy.vm.host_fail, i & 1);
		settings_free(s);
		free(text);
	}
}

static void
a_vm_overrides_its_set_and_that_its_cluster(void **state)
{
	(void)state;
	struct settings *s = load_good(
		"cluster \"c1\" { host-failure = wait hang-ms = 60000 }\n"
		"cluster \"c2\" { }\n"
		"vm \"b 2\" { cluster = \"c1\" priority = 900 ha = off }\n"
		"vms \"web\" { cluster = \"c1\" host-failure = recover "
		"priority = 300 vm \"a\" { } vm \"b 2\" { } }\n" HOST("a",
								      "1"));
	const struct vm_policy *a = settings_vm_policy(s, 0, "a");
	const struct vm_policy *b = settings_vm_policy(s, 0, "b 2");
	const struct vm_policy *other = settings_vm_policy(s, 0, "c");
	assert_int_equal(a->host_fail, HOST_FAIL_RECOVER);
	assert_int_equal(a->priority, 300);
	assert_int_equal(a->hang_ms, 60000);
	assert_true(a->ha);
	assert_int_equal(b->host_fail, HOST_FAIL_RECOVER);
	assert_int_equal(b->priority, 900);
	assert_false(b->ha);
	assert_int_equal(other->host_fail, HOST_FAIL_WAIT);
	assert_int_equal(settings_vm_policy(s, 1, "a")->priority, 100);
	settings_free(s);
}

static void
a_choice_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "cluster \"c1\" { host-failure = maybe }", "maybe" },
		{ "cluster \"c1\" { guard-percent = 101 }", "101" },
		{ "cluster \"c1\" { mass-window = 59 }", "59" },
		{ "cluster \"c1\" { starts-per-host = 0 }", "0" },
		{ "cluster \"c1\" { hang-ms = 4999 }", "5000" },
		{ "cluster \"c1\" { }\nvm \"v\" { cluster = \"c1\" priority "
		  "= 1001 }",
		  "1001" },
		{ "cluster \"c1\" { }\nvm \"v\" { ha = off }", "cluster" },
		{ "cluster \"c1\" { }\nvm \"v\" { cluster = \"c9\" }",
		  "no cluster \"c9\"" },
		{ "cluster \"c1\" { }\nvm \"a/b\" { cluster = \"c1\" }",
		  "no '/'" },
		{ "cluster \"c1\" { }\nvms \"s\" { cluster = \"c1\" }",
		  "no VM is in this set" },
		{ "cluster \"c1\" { }\nvms \"s\" { cluster = \"c1\" vm \"a\" "
		  "{ } }\nvms \"t\" { cluster = \"c1\" vm \"a\" { } }",
		  "in another set" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *wanted[] = { cases[i].wanted, NULL };
		char *text = NULL;

		assert_true(asprintf(&text, "%s\n%s", cases[i].text,
				     HOST("a", "1")) > 0);
		assert_refused(text, wanted);
		free(text);
	}
}

static void
what_is_in_force_is_printed_whole(void **state)
{
	char *text = NULL;
	size_t len;

	(void)state;
	struct settings *s = load_good("cluster \"c1\" { mass-hosts = 2 }\n"
				       "vm \"v\" { cluster = \"c1\" ha = off "
				       "}\n" HOST("a", "1"));
	FILE *to = open_memstream(&text, &len);
	settings_print_effective(s, to);
	fclose(to);
	assert_non_null(strstr(text, "mass-hosts = 2"));
	assert_non_null(strstr(text, "guard-percent = 50"));
	assert_non_null(strstr(text, "host-failure = recover"));
	assert_non_null(strstr(text, "vm \"v\""));
	free(text);
	settings_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_good_configuration),
		cmocka_unit_test(names_five_different_mistakes_at_once),
		cmocka_unit_test(a_guid_that_is_none_is_refused),
		cmocka_unit_test(feeds_and_racks_are_names),
		cmocka_unit_test(the_pace_of_powering_on_has_bounds),
		cmocka_unit_test(options_in_the_wrong_place_are_refused),
		cmocka_unit_test(refuses_two_hosts_behind_one_address),
		cmocka_unit_test(reads_levels_in_their_order),
		cmocka_unit_test(refuses_one_device_of_two_hosts),
		cmocka_unit_test(refuses_levels_that_cannot_work),
		cmocka_unit_test(a_custom_pdu_is_told_whole_or_not_at_all),
		cmocka_unit_test(a_bmc_that_is_named_has_to_have_a_guid),
		cmocka_unit_test(refuses_two_hosts_of_one_name),
		cmocka_unit_test(refuses_an_unknown_account),
		cmocka_unit_test(refuses_credentials_that_others_can_read),
		cmocka_unit_test(says_that_the_credentials_are_missing),
		cmocka_unit_test(never_shows_a_password),
		cmocka_unit_test(
			monitoring_is_answered_as_configured_and_not_unasked),
		cmocka_unit_test(what_monitoring_could_not_use_is_refused),
		cmocka_unit_test(refuses_a_site_without_hosts),
		cmocka_unit_test(a_lease_needs_an_account_that_may_write),
		cmocka_unit_test(
			what_nobody_chose_is_what_the_mind_takes_for_preset),
		cmocka_unit_test(a_cluster_chooses_all_of_it),
		cmocka_unit_test(every_word_of_a_choice_is_read),
		cmocka_unit_test(a_vm_overrides_its_set_and_that_its_cluster),
		cmocka_unit_test(a_choice_that_makes_no_sense_is_refused),
		cmocka_unit_test(what_is_in_force_is_printed_whole),
	};

	return cmocka_run_group_tests_name("settings", tests, make_dir,
					   remove_dir);
}
