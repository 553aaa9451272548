/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as operators write them: read, refused at entry, frozen. */
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
#include "scheduler/coordinator/freeze.h"

static char dir[64], conf[96], secrets[96];

#define HOST(cluster, name, n)                                               \
	"host \"" name "\" { cluster = \"" cluster "\" agent = \"192.0.2." n \
	":161\" snmp-account = \"agents\" "                                  \
	"libvirt = \"qemu+tls://192.0.2." n "/system\" }\n"

/* Three hosts in c1, one in c2; rules begin in line 8. */
static const char site[] =
	"cluster \"c1\" { }\ncluster \"c2\" { }\n" HOST("c1", "n3", "3")
		HOST("c1", "n1", "1") HOST("c1", "n2", "2")
			HOST("c2", "x1", "4");

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ironherd-rules-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(conf, sizeof(conf), "%s/c.conf", dir);
	snprintf(secrets, sizeof(secrets), "%s/credentials", dir);
	static const char text[] =
		"snmp \"agents\" { user = \"u\" auth-password = \"authauth\" "
		"priv-password = \"privpriv\" }\n";
	assert_int_equal(file_write_atomic(secrets, 0600, text, strlen(text),
					   NULL),
			 0);
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

/* Rules, added to the site; what was printed is the caller's to free. */
static struct settings *
load(const char *rules, char **ret_errors)
{
	char *whole = NULL;
	size_t len;

	assert_true(asprintf(&whole, "credentials = \"%s\"\n%s%s", secrets,
			     site, rules) > 0);
	assert_int_equal(file_write_atomic(conf, 0644, whole, strlen(whole),
					   NULL),
			 0);
	free(whole);
	FILE *file = open_memstream(ret_errors, &len);
	struct settings *s = settings_load(conf, file);
	fclose(file);
	return s;
}

static size_t
count_of(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		n++;
	}
	return n;
}

/* Refused for exactly these reasons. */
static void
assert_refused(const char *rules, const char *const *wanted)
{
	char *errors;
	struct settings *s = load(rules, &errors);
	size_t n = 0;

	if (s != NULL)
		fail_msg("accepted: %s", rules);
	for (; wanted[n] != NULL; n++)
		if (strstr(errors, wanted[n]) == NULL)
			fail_msg("\"%s\" is not in:\n%s", wanted[n], errors);
	if (count_of(errors, "c.conf:") != n)
		fail_msg("not %zu messages:\n%s", n, errors);
	free(errors);
}

#define REFUSED(rules, ...) \
	assert_refused(rules, (const char *const[]){ __VA_ARGS__, NULL })

static struct settings *
accepted(const char *rules)
{
	char *errors;
	struct settings *s = load(rules, &errors);

	if (s == NULL)
		fail_msg("refused: %s", errors);
	free(errors);
	return s;
}

#define RULE(name, kind, rest) \
	"rule \"" name "\" { cluster = c1 kind = " kind " " rest " }\n"

/* --- reading -------------------------------------------------------------- */

static void
rules_are_read(void **state)
{
	struct settings *s = accepted(
		RULE("web", "apart", "force = should vms = {w2, \"w 1\"}")
			RULE("db", "hosts",
			     "force = must-not vms = {db} hosts = {n3, n1}")
				RULE("order", "after",
				     "vms = {web} first = {db} delay = 5 "
				     "limit = 0 ready = agent"));

	(void)state;
	assert_int_equal(s->n_rules, 3);
	assert_int_equal(s->rules[0].kind, RULE_APART);
	assert_int_equal(s->rules[0].force, RULE_SHOULD);
	assert_int_equal(s->rules[0].n_vms, 2);
	assert_string_equal(s->rules[0].vms[0], "w 1");
	assert_string_equal(s->rules[0].vms[1], "w2");
	assert_int_equal(s->rules[1].force, RULE_MUST_NOT);
	assert_int_equal(s->rules[1].n_hosts, 2);
	assert_string_equal(s->hosts[s->rules[1].hosts[0]].name, "n1");
	assert_string_equal(s->hosts[s->rules[1].hosts[1]].name, "n3");
	assert_int_equal(s->rules[2].force, RULE_MUST);
	assert_string_equal(s->rules[2].first[0], "db");
	assert_int_equal(s->rules[2].delay_ms, 5000);
	assert_int_equal(s->rules[2].limit_ms, 0);
	assert_true(s->rules[2].wait_agent);
	settings_free(s);
	s = accepted(RULE("order", "after", "vms = {b} first = {a}"));
	assert_int_equal(s->rules[0].limit_ms, ORDER_LIMIT_MS);
	assert_false(s->rules[0].wait_agent);
	settings_free(s);
}

static void
all_mistakes_are_told_at_once_with_their_lines(void **state)
{
	(void)state;
	REFUSED(RULE("a", "together", "vms = {v1, v2, v1}")
			RULE("b", "apart", "vms = {v3}") RULE("c", "hosts",
							      "vms = {v4}")
				RULE("d", "hosts",
				     "vms = {v4} hosts = {n1, n9, x1}")
					RULE("e", "after", "vms = {v5}"),
		"c.conf:8: vms: \"v1\" is named twice",
		"c.conf:9: vms: one VM is not apart",
		"c.conf:10: kind hosts needs hosts",
		"c.conf:11: hosts: there is no host \"n9\" in this file",
		"c.conf:11: hosts: \"x1\" is a host of cluster \"c2\"",
		"c.conf:12: kind after needs first");
}

static void
what_a_kind_does_not_know_is_refused(void **state)
{
	(void)state;
	REFUSED(RULE("a", "together", "vms = {v1, v2} hosts = {n1}")
			RULE("b", "apart",
			     "vms = {v1, v2} force = must-not delay = 1")
				RULE("c", "after",
				     "vms = {v1} first = {v2} force = should"),
		"hosts goes with kind hosts only",
		"force: kind apart is must or should",
		"delay goes with kind after only",
		"force: kind after is must always");
	REFUSED("rule \"a\" { kind = apart vms = {a, b} }\n",
		"lacks the option cluster");
	REFUSED("rule \"a\" { cluster = c1 kind = near vms = {a, b} }\n",
		"\"near\" is not one of together, apart, hosts, after");
	REFUSED(RULE("a", "apart", "vms = {}"), "lacks the option vms");
	REFUSED(RULE("a", "apart", "vms = {a, b}")
			RULE("a", "apart", "vms = {c, d}"),
		"rule \"a\": given twice");
}

static void
a_cluster_has_so_many_rules(void **state)
{
	char text[8192];
	size_t len = 0;

	(void)state;
	for (int i = 0; i < RULES_MAX; i++)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len,
			"rule r%d { cluster = c1 kind = apart vms = {a%d, "
			"b%d} }\n",
			i, i, i);
	settings_free(accepted(text));
	snprintf(text + len, sizeof(text) - len,
		 "rule r { cluster = c2 kind = apart vms = {a, b} }\n");
	settings_free(accepted(text));
	snprintf(text + len, sizeof(text) - len,
		 "rule r { cluster = c1 kind = apart vms = {a, b} }\n");
	REFUSED(text, "more than 20 rules of cluster \"c1\"");
}

/* --- contradictions ------------------------------------------------------- */

static void
a_vm_is_in_one_rule_of_its_kind(void **state)
{
	(void)state;
	REFUSED(RULE("a", "together", "vms = {v1, v2}")
			RULE("b", "together", "vms = {v2, v3}"),
		"c.conf:9: rules \"a\" and \"b\": \"v2\" may be in one rule "
		"of kind together only");
	REFUSED(RULE("a", "apart", "vms = {v1, v2}")
			RULE("b", "apart", "force = should vms = {v2, v3}"),
		"\"v2\" may be in one rule of kind apart only");
	settings_free(accepted(RULE("a", "together", "vms = {v1, v2}")
				       RULE("b", "apart", "vms = {v2, v3}")));
}

static void
nobody_is_together_and_apart(void **state)
{
	(void)state;
	REFUSED(RULE("t", "together", "vms = {v1, v2, v3}")
			RULE("other", "hosts", "vms = {v1} hosts = {n1}")
				RULE("a", "apart", "vms = {v2, v3, v4}"),
		"c.conf:10: rules \"t\" and \"a\": \"v2\" and \"v3\" cannot "
		"be together and apart");
	/* A preference yields. */
	settings_free(accepted(
		RULE("t", "together", "vms = {v1, v2}")
			RULE("a", "apart", "force = should vms = {v1, v2}")));
}

static void
a_host_is_left_for_each_vm(void **state)
{
	(void)state;
	REFUSED(RULE("a", "hosts", "vms = {v1} hosts = {n1, n2}")
			RULE("b", "hosts", "vms = {v1, v2} hosts = {n2, n3}")
				RULE("c", "hosts", "vms = {v1} hosts = {n1}"),
		"c.conf:10: rules \"b\" and \"c\": no host of the cluster is "
		"left for \"v1\"");
	REFUSED(RULE("a", "hosts", "vms = {v1} hosts = {n1}")
			RULE("b", "hosts",
			     "force = must-not vms = {v1} hosts = {n1}"),
		"rules \"a\" and \"b\": no host");
	REFUSED(RULE("a", "hosts",
		     "force = must-not vms = {v1} hosts = {n1, n2, n3}"),
		"c.conf:8: rule \"a\": no host of the cluster is left");
	/* Each pair leaves one, all three none. */
	REFUSED(RULE("a", "hosts", "vms = {v1} hosts = {n1, n2}")
			RULE("b", "hosts", "vms = {v1} hosts = {n2, n3}")
				RULE("c", "hosts",
				     "vms = {v1} hosts = {n1, n3}"),
		"rules \"a\", \"b\" and \"c\": no host");
	settings_free(accepted(
		RULE("a", "hosts", "vms = {v1} hosts = {n1}")
			RULE("b", "hosts",
			     "force = should vms = {v1} hosts = {n2}")));
}

static void
a_host_is_left_for_all_that_is_together(void **state)
{
	(void)state;
	REFUSED(RULE("a", "hosts", "vms = {v1} hosts = {n1}")
			RULE("t", "together", "vms = {v1, v2, v3}")
				RULE("b", "hosts", "vms = {v3} hosts = {n2}")
					RULE("c", "hosts",
					     "vms = {v2} hosts = {n1, n2}"),
		"c.conf:10: rules \"a\", \"t\" and \"b\": no host of the "
		"cluster is left for all that is to be together");
}

static void
one_host_is_not_left_for_two_that_are_apart(void **state)
{
	(void)state;
	REFUSED(RULE("a", "hosts", "vms = {v1, v2} hosts = {n1}")
			RULE("p", "apart", "vms = {v1, v2, v3}"),
		"c.conf:9: rules \"a\" and \"p\": only \"n1\" is left for "
		"\"v1\" and for \"v2\"");
}

static void
nobody_waits_for_himself(void **state)
{
	(void)state;
	REFUSED(RULE("a", "after", "vms = {v1} first = {v2, v1}"),
		"c.conf:8: rule \"a\": a VM cannot start after itself");
	REFUSED(RULE("a", "after", "vms = {v2} first = {v1}")
			RULE("b", "after", "vms = {v3} first = {v2}")
				RULE("c", "after", "vms = {v4} first = {v3}")
					RULE("d", "after",
					     "vms = {v1} first = {v3}"),
		"c.conf:11: rules \"a\", \"b\" and \"d\": each waits for the "
		"other to start");
	settings_free(accepted(
		RULE("a", "after", "vms = {v2} first = {v1}")
			RULE("b", "after", "vms = {v3} first = {v1, v2}")));
}

/* --- freezing ------------------------------------------------------------- */

static void
names_become_places_in_the_snapshot(void **state)
{
	struct settings *s = accepted(
		RULE("web", "apart", "vms = {w1, w2, later}")
			RULE("order", "after", "vms = {w1} first = {db}"));
	struct registry reg;

	(void)state;
	registry_init(&reg, s, 1000, 0);
	registry_add_vm(&reg, "uuid-3", "w1")->owner = 0;
	registry_add_vm(&reg, "uuid-1", "w2")->owner = 1;
	registry_add_vm(&reg, "uuid-2", "w1")->owner = 3; /* of c2 */
	registry_add_vm(&reg, "uuid-4", "db"); /* nobody knows where */
	struct snapshot *snap = freeze(&reg, 2000);
	assert_int_equal(snap->n_rules, 2);
	assert_string_equal(snap->rules[0].name, "web");
	assert_int_equal(snap->rules[0].n_vms, 2);
	assert_int_equal(snap->rules[0].vms[0], 0);
	assert_int_equal(snap->rules[0].vms[1], 2);
	assert_int_equal(snap->rules[1].n_first, 1);
	assert_int_equal(snap->rules[1].first[0], 3);
	assert_int_equal(snap->rules[1].limit_ms, ORDER_LIMIT_MS);
	json_t *json = snapshot_to_json(snap);
	assert_int_equal(json_array_size(json_object_get(json, "rules")), 2);
	json_decref(json);
	snapshot_free(snap);
	registry_done(&reg);
	settings_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(
			all_mistakes_are_told_at_once_with_their_lines),
		cmocka_unit_test(what_a_kind_does_not_know_is_refused),
		cmocka_unit_test(a_cluster_has_so_many_rules),
		cmocka_unit_test(a_vm_is_in_one_rule_of_its_kind),
		cmocka_unit_test(nobody_is_together_and_apart),
		cmocka_unit_test(a_host_is_left_for_each_vm),
		cmocka_unit_test(a_host_is_left_for_all_that_is_together),
		cmocka_unit_test(one_host_is_not_left_for_two_that_are_apart),
		cmocka_unit_test(nobody_waits_for_himself),
		cmocka_unit_test(names_become_places_in_the_snapshot),
	};

	return cmocka_run_group_tests_name("rules", tests, make_dir,
					   remove_dir);
}
