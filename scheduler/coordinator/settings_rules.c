/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says where VMs may be, and in which order
 * they start.  What rules demand of each other is in settings_conflicts.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/settings_internal.h"

enum { SECONDS_MAX = 86400 };

/* In the order of their enums. */
static const char *const kinds[] = { "together", "apart", "hosts", "after",
				     NULL };
static const char *const forces[] = { "must", "should", "must-not",
				      "should-not", NULL };
static const char *const readies[] = { "running", "agent", NULL };

static int
check_member(const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len >= REPORT_NAME_LEN)
		return err_set(err, -EINVAL, "a VM's name has 1 to %d bytes",
			       REPORT_NAME_LEN - 1);
	return 0;
}

const struct config_option settings_rule_options[] = {
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true },
	{ .name = "kind",
	  .type = CONFIG_WORD,
	  .required = true,
	  .words = kinds },
	{ .name = "force",
	  .type = CONFIG_WORD,
	  .preset = "must",
	  .words = forces },
	{ .name = "vms",
	  .type = CONFIG_TEXTS,
	  .required = true,
	  .check = check_member },
	{ .name = "first", .type = CONFIG_TEXTS, .check = check_member },
	{ .name = "hosts", .type = CONFIG_TEXTS },
	{ .name = "delay",
	  .type = CONFIG_INT,
	  .preset = "0",
	  .min = 0,
	  .max = SECONDS_MAX },
	{ .name = "limit",
	  .type = CONFIG_INT,
	  .preset = "300", /* ORDER_LIMIT_MS */
	  .min = 0,
	  .max = SECONDS_MAX },
	{ .name = "ready",
	  .type = CONFIG_WORD,
	  .preset = "running",
	  .words = readies },
	{ .name = NULL },
};

/* --- members -------------------------------------------------------------- */

static int
compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool
rule_settings_has(const char *const *names, size_t n, const char *name)
{
	return n > 0 &&
	       bsearch(&name, names, n, sizeof(*names), compare_names) != NULL;
}

/* Sorted, each once; what is named twice is a mistake. */
static size_t
read_names(struct settings *s, const struct config_section *sec,
	   const char *option, const char ***ret_names)
{
	size_t given = config_texts_len(sec, option), n = 0;
	const char **names = xcalloc(given, sizeof(*names));

	if (given > RULE_MEMBERS_MAX)
		config_complain(s->config, sec, option,
				"%s: more than %d members", option,
				RULE_MEMBERS_MAX);
	for (size_t i = 0; i < given; i++)
		names[i] = config_texts_at(sec, option, i);
	qsort(names, given, sizeof(*names), compare_names);
	for (size_t i = 0; i < given; i++) {
		if (n == 0 || strcmp(names[n - 1], names[i]) != 0)
			names[n++] = names[i];
		else if (i + 1 == given || strcmp(names[i], names[i + 1]) != 0)
			config_complain(s->config, sec, option,
					"%s: \"%s\" is named twice", option,
					names[i]);
	}
	*ret_names = names;
	return n;
}

static int
compare_host(const void *name, const void *host)
{
	return strcmp(name, ((const struct host_settings *)host)->name);
}

static void
read_hosts(struct settings *s, struct rule_settings *rule)
{
	const char **names;
	size_t n = read_names(s, rule->section, "hosts", &names);

	rule->hosts = xcalloc(n, sizeof(*rule->hosts));
	for (size_t i = 0; i < n; i++) {
		const struct host_settings *host =
			bsearch(names[i], s->hosts, s->n_hosts,
				sizeof(*s->hosts), compare_host);

		if (host == NULL)
			config_complain(s->config, rule->section, "hosts",
					"hosts: there is no host \"%s\" in "
					"this file",
					names[i]);
		else if (host->cluster != rule->cluster)
			config_complain(s->config, rule->section, "hosts",
					"hosts: \"%s\" is a host of cluster "
					"\"%s\"",
					names[i],
					s->clusters[host->cluster].name);
		else
			rule->hosts[rule->n_hosts++] =
				(size_t)(host - s->hosts);
	}
	free(names);
}

/* --- one rule ------------------------------------------------------------- */

/* Options that say something with one kind only. */
static void
check_options(struct settings *s, const struct rule_settings *rule)
{
	static const struct {
		const char *name;
		enum rule_kind kind;
		bool needed;
	} options[] = {
		{ "hosts", RULE_HOSTS, true },  { "first", RULE_AFTER, true },
		{ "delay", RULE_AFTER, false }, { "limit", RULE_AFTER, false },
		{ "ready", RULE_AFTER, false },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const char *name = options[i].name;
		bool is_set = config_is_set(rule->section, name);

		if (is_set && rule->kind != options[i].kind)
			config_complain(s->config, rule->section, name,
					"%s goes with kind %s only", name,
					rule_kind_name(options[i].kind));
		else if (!is_set && options[i].needed &&
			 rule->kind == options[i].kind)
			config_complain(s->config, rule->section, NULL,
					"kind %s needs %s",
					rule_kind_name(rule->kind), name);
	}
}

static void
check_force(struct settings *s, const struct rule_settings *rule)
{
	bool fits = rule->kind == RULE_HOSTS || rule->force == RULE_MUST ||
		    (rule->force == RULE_SHOULD && rule->kind != RULE_AFTER);

	if (!fits)
		config_complain(s->config, rule->section, "force",
				"force: kind %s is %s",
				rule_kind_name(rule->kind),
				rule->kind == RULE_AFTER ? "must always"
							 : "must or should");
	if (rule->kind != RULE_TOGETHER && rule->kind != RULE_APART)
		return;
	if (rule->n_vms == 1)
		config_complain(s->config, rule->section, "vms",
				"vms: one VM is not %s",
				rule_kind_name(rule->kind));
}

static void
read_rule(struct settings *s, const struct config_section *sec,
	  struct rule_settings *rule)
{
	rule->name = config_title(sec);
	rule->section = sec;
	rule->cluster = settings_find_cluster(s, sec);
	rule->kind = (enum rule_kind)config_word(sec, "kind");
	rule->force = (enum rule_force)config_word(sec, "force");
	rule->n_vms = read_names(s, sec, "vms", &rule->vms);
	rule->n_first = read_names(s, sec, "first", &rule->first);
	rule->delay_ms = config_int(sec, "delay") * 1000;
	rule->limit_ms = config_int(sec, "limit") * 1000;
	rule->wait_agent = config_word(sec, "ready") == 1;
	read_hosts(s, rule);
	if (!config_is_set(sec, "kind"))
		return; /* complained of already */
	check_options(s, rule);
	check_force(s, rule);
}

static void
check_count(struct settings *s)
{
	size_t *n = xcalloc(s->n_clusters, sizeof(*n));

	for (size_t i = 0; i < s->n_rules; i++)
		if (++n[s->rules[i].cluster] == RULES_MAX + 1)
			config_complain(s->config, s->rules[i].section, NULL,
					"more than %d rules of cluster \"%s\"",
					RULES_MAX,
					s->clusters[s->rules[i].cluster].name);
	free(n);
}

void
settings_read_rules(struct settings *s, const struct config_section *root)
{
	size_t n = config_list_len(root, "rule");

	if (s->n_clusters == 0)
		return; /* hosts without a cluster were complained of */
	s->rules = xcalloc(n, sizeof(*s->rules));
	for (s->n_rules = 0; s->n_rules < n; s->n_rules++)
		read_rule(s, config_list_at(root, "rule", s->n_rules),
			  &s->rules[s->n_rules]);
	check_count(s);
	/* Of half a rule nothing can be said. */
	if (config_count_errors(s->config) == 0)
		settings_refuse_conflicts(s);
}

void
settings_free_rules(struct settings *s)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		free(s->rules[i].vms);
		free(s->rules[i].first);
		free(s->rules[i].hosts);
	}
	free(s->rules);
}
