/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd status`: the answer to "what is wrong?" in two seconds.  The first
 * lines count; the tree shows where; below it, next to the prompt, stand what
 * is in trouble and why, what was done in the last hour, and the alarms.
 */
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/cells.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/site.h"
#include "scheduler/cli/text.h"

enum {
	TROUBLE_MAX = 20, /* rows of VMs in trouble */
	RECENT_MAX = 8,   /* events */
	RECENT_MS = 60 * 60 * 1000
};

/* --- the tree --------------------------------------------------------- */

enum {
	TREE_NAME,
	TREE_STATE,
	TREE_AGE,
	TREE_HEALTH,
	TREE_POWER,
	TREE_CPU,
	TREE_MEMORY,
	TREE_VMS,
	TREE_HEARTBEAT,
	TREE_BMC,
	TREE_VERSION,
	TREE_NOTE
};

static const struct table_column tree_columns[] = {
	[TREE_NAME] = { "NAME", TABLE_TREE | TABLE_TRUNC, 0 },
	[TREE_STATE] = { "STATE", 0, 0 },
	[TREE_AGE] = { "FOR", TABLE_RIGHT, 2 },
	[TREE_HEALTH] = { "HEALTH", 0, 0 },
	[TREE_POWER] = { "POWER", 0, 0 },
	[TREE_CPU] = { "CPU", TABLE_RIGHT, 0 },
	[TREE_MEMORY] = { "MEMORY", TABLE_RIGHT, 0 },
	[TREE_VMS] = { "VMS", TABLE_RIGHT, 3 },
	[TREE_HEARTBEAT] = { "HEARTBEAT", TABLE_RIGHT, 5 },
	[TREE_BMC] = { "BMC", TABLE_TRUNC, 6 },
	[TREE_VERSION] = { "AGENT", TABLE_TRUNC, 7 },
	[TREE_NOTE] = { "NOTE", TABLE_TEXT, 4 },
	{ NULL, 0, 0 },
};

struct tree {
	struct table *table;
	int64_t now_ms;
};

static struct cell
at(const struct tree *tree, struct libscols_line *row, size_t column)
{
	return (struct cell){ tree->table, row, column };
}

static void
add_vms(const struct tree *tree, struct libscols_line *parent,
	const json_t *vms)
{
	json_t *vm;
	size_t i;

	json_array_foreach (vms, i, vm) {
		struct libscols_line *row = table_add(tree->table, parent);

		cell_text(at(tree, row, TREE_NAME), vm, "name");
		cell_word(at(tree, row, TREE_STATE), word_vm(vm));
		cell_vm_cpu(at(tree, row, TREE_CPU), vm);
		cell_vm_memory(at(tree, row, TREE_MEMORY), vm);
		/* A VM that is well needs no words here. */
		if (word_vm(vm).tone >= TONE_WARN)
			cell_text(at(tree, row, TREE_NOTE), vm, "note");
	}
}

static struct libscols_line *
add_host(const struct tree *tree, struct libscols_line *parent,
	 const json_t *host)
{
	struct libscols_line *row = table_add(tree->table, parent);

	cell_text(at(tree, row, TREE_NAME), host, "name");
	cell_word(at(tree, row, TREE_STATE), word_host_state(host));
	cell_since(at(tree, row, TREE_AGE), host, "since_ms", tree->now_ms);
	cell_word(at(tree, row, TREE_HEALTH),
		  word_health(field_text(host, "health")));
	cell_word(at(tree, row, TREE_POWER),
		  word_power(field_text(host, "power")));
	cell_host_cpu(at(tree, row, TREE_CPU), host);
	cell_host_memory(at(tree, row, TREE_MEMORY), host);
	cell_count(at(tree, row, TREE_VMS), host, "vms");
	cell_age(at(tree, row, TREE_HEARTBEAT), host, "heartbeat_age_ms");
	cell_bmc(at(tree, row, TREE_BMC), host);
	cell_text(at(tree, row, TREE_VERSION), host, "agent_version");
	return row;
}

/* The VMs of a cluster by the name of their host, "" for none. */
static json_t *
group_vms(const json_t *vms)
{
	json_t *groups = json_object(), *vm;
	size_t i;

	json_array_foreach (vms, i, vm) {
		const char *host = field_text(vm, "host");
		json_t *group = json_object_get(groups, host);

		if (group == NULL) {
			group = json_array();
			json_object_set_new(groups, host, group);
		}
		json_array_append(group, vm);
	}
	return groups;
}

/* What no host of the cluster has taken. */
static void
add_homeless(const struct tree *tree, struct libscols_line *parent,
	     const json_t *groups)
{
	const char *host;
	json_t *vms;

	json_object_foreach ((json_t *)groups, host, vms) {
		struct libscols_line *row = table_add(tree->table, parent);
		cleanup_free char *title = host[0] == '\0'
						   ? xstrdup("(no host)")
						   : xasprintf("(%s?)", host);

		table_set(tree->table, row, TREE_NAME, TONE_DIM, title);
		add_vms(tree, row, vms);
	}
}

static void
add_cluster(const struct tree *tree, struct libscols_line *parent,
	    const json_t *cluster)
{
	struct libscols_line *row = table_add(tree->table, parent);
	json_t *groups = group_vms(json_object_get(cluster, "vms")), *host;
	bool ha = field_true(cluster, "ha");
	bool disarmed = field_true(cluster, "disarmed");
	size_t i;

	cell_text(at(tree, row, TREE_NAME), cluster, "name");
	table_set(tree->table, row, TREE_STATE,
		  ha && !disarmed ? TONE_PLAIN : TONE_WARN,
		  !ha        ? "HA OFF"
		  : disarmed ? "HA DISARMED"
			     : "HA on");
	json_array_foreach (json_object_get(cluster, "hosts"), i, host) {
		const char *name = field_text(host, "name");

		struct libscols_line *line = add_host(tree, row, host);
		if (name[0] == '\0')
			continue; /* "" stands for no host */
		add_vms(tree, line, json_object_get(groups, name));
		json_object_del(groups, name);
	}
	add_homeless(tree, row, groups);
	json_decref(groups);
}

static void
print_tree(const struct cli *cli, const json_t *site)
{
	struct tree tree = { table_new(tree_columns, &cli->io),
			     cli->io.now_ms() };
	struct libscols_line *root = table_add(tree.table, NULL);
	json_t *cluster;
	size_t i;

	table_set(tree.table, root, TREE_NAME, TONE_BOLD,
		  field_text(site, "site"));
	json_array_foreach (json_object_get(site, "clusters"), i, cluster)
		add_cluster(&tree, root, cluster);
	table_print(tree.table);
	table_free(tree.table);
}

/* --- below the tree --------------------------------------------------- */

static void
print_heading(const struct cli *cli, const char *text)
{
	fputc('\n', cli->io.out);
	cli_print(cli, TONE_BOLD, "%s", text);
	fputc('\n', cli->io.out);
}

enum { TROUBLE_NAME, TROUBLE_STATE, TROUBLE_AGE, TROUBLE_WHY };

/* What an alarm speaks of is left to the alarm. */
static void
add_troubled_hosts(const struct cli *cli, struct table *table,
		   const json_t *site, const json_t *hosts)
{
	int64_t now_ms = cli->io.now_ms();
	json_t *host;
	size_t i;

	json_array_foreach (hosts, i, host) {
		struct word word = word_host_state(host);
		if (word.tone < TONE_WARN ||
		    site_has_alarm(site, field_text(host, "name")))
			continue;
		struct libscols_line *row = table_add(table, NULL);
		cell_text((struct cell){ table, row, TROUBLE_NAME }, host,
			  "name");
		cell_word((struct cell){ table, row, TROUBLE_STATE }, word);
		cell_since((struct cell){ table, row, TROUBLE_AGE }, host,
			   "since_ms", now_ms);
		cell_text((struct cell){ table, row, TROUBLE_WHY }, host,
			  "reason");
	}
}

/* Returns how many were left out. */
static size_t
add_troubled_vms(struct table *table, const json_t *site, const json_t *vms)
{
	size_t left = TROUBLE_MAX, i, omitted = 0;
	json_t *vm;

	json_array_foreach (vms, i, vm) {
		struct word word = word_vm(vm);
		if (word.tone < TONE_WARN ||
		    site_has_alarm(site, field_text(vm, "name")))
			continue;
		if (left == 0) {
			omitted++;
			continue;
		}
		left--;
		struct libscols_line *row = table_add(table, NULL);
		cell_text((struct cell){ table, row, TROUBLE_NAME }, vm,
			  "name");
		cell_word((struct cell){ table, row, TROUBLE_STATE }, word);
		cell_text((struct cell){ table, row, TROUBLE_WHY }, vm, "note");
	}
	return omitted;
}

static void
print_trouble(const struct cli *cli, const json_t *site)
{
	static const struct table_column columns[] = {
		[TROUBLE_NAME] = { "NAME", TABLE_TRUNC, 0 },
		[TROUBLE_STATE] = { "STATE", 0, 0 },
		[TROUBLE_AGE] = { "FOR", TABLE_RIGHT, 1 },
		[TROUBLE_WHY] = { "WHY", TABLE_TEXT, 0 },
		{ NULL, 0, 0 },
	};
	struct table *table = table_new(columns, &cli->io);
	json_t *hosts = site_collect(site, "hosts");
	json_t *vms = site_collect(site, "vms");

	add_troubled_hosts(cli, table, site, hosts);
	size_t omitted = add_troubled_vms(table, site, vms);
	if (table_count_rows(table) > 0) {
		print_heading(cli, "In trouble");
		table_print(table);
	}
	if (omitted > 0)
		fprintf(cli->io.out, "and %zu more VMs: `ironherd vms`\n",
			omitted);
	json_decref(hosts);
	json_decref(vms);
	table_free(table);
}

/* What was done about it.  The status stands without it, too: an error here
 * takes nothing away. */
static void
print_recent(struct cli *cli)
{
	cleanup_free char *path = xasprintf("/v1/events?after=-%d&limit=%d",
					    RECENT_MAX, RECENT_MAX);
	int64_t from_ms = cli->io.now_ms() - RECENT_MS;
	json_t *answer, *event;
	struct err err;
	size_t i;

	if (cli_ask(cli, path, NULL, cli->timeout_ms, &answer, &err) < 0) {
		cli_fail(cli, CLI_FAILED, &err);
		return;
	}
	struct table *table = events_table_new(cli, true);
	json_array_foreach (json_object_get(answer, "events"), i, event)
		if (field_number(event, "time_ms") >= from_ms)
			events_table_add(cli, table, event);
	if (table_count_rows(table) > 0) {
		print_heading(cli, "Last hour");
		table_print(table);
	}
	table_free(table);
	json_decref(answer);
}

static void
print_alarms(const struct cli *cli, const json_t *site)
{
	const json_t *alarms = json_object_get(site, "alarms");
	const char *store = field_text(site, "store");

	if (strcmp(store, "ok") != 0) {
		fputc('\n', cli->io.out);
		cli_print(cli, TONE_BAD, "STORE  ");
		fprintf(cli->io.out, "%s\n", store[0] != '\0' ? store : "?");
	}
	if (json_array_size(alarms) == 0) {
		fputc('\n', cli->io.out);
		cli_print(cli, TONE_GOOD, "No alarms.\n");
		return;
	}
	print_heading(cli, "Alarms");
	alarms_print(cli, alarms);
}

/* The site, and how far what follows can be trusted. */
static void
print_coordinator(const struct cli *cli, const json_t *site)
{
	int64_t now_ms = cli->io.now_ms();
	int64_t started_ms = field_number(site, "started_ms");
	const char *store = field_text(site, "store");
	char age[TEXT_LEN], now[TEXT_LEN];

	cli_print(cli, TONE_BOLD, "%-7s ", field_text(site, "site"));
	text_age(age, started_ms < 0 ? -1 : now_ms - started_ms);
	cli_print(cli, TONE_DIM,
		  "%s, snapshot %lld, coordinator %s up %s, store %s",
		  text_time(now, now_ms, now_ms),
		  (long long)field_number(site, "snapshot"),
		  field_text(site, "version"), age,
		  strcmp(store, "ok") == 0 ? "ok" : "FAILED");
	fputc('\n', cli->io.out);
	const char *mode = field_text(site, "mode");
	if (mode[0] != '\0' && strcmp(mode, "real") != 0)
		cli_print(cli, TONE_WARN,
			  "%-7s %s: decisions are made and not carried out\n",
			  "mode", mode);
}

int
cmd_status(struct cli *cli)
{
	bool exit_code = cli->given[OPTION_EXIT_CODE];
	json_t *site;
	int status = site_load(cli, &site);

	/* Monitoring must not take "cannot say" for a warning. */
	if (status != CLI_OK)
		return exit_code ? CLI_UNREACHABLE : status;
	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, site);
	} else {
		print_coordinator(cli, site);
		site_print_summary(cli, site);
		fputc('\n', cli->io.out);
		print_tree(cli, site);
		print_trouble(cli, site);
		print_recent(cli);
		print_alarms(cli, site);
	}
	if (exit_code && site_tone(site) >= TONE_WARN)
		status = site_tone(site) == TONE_BAD ? 2 : 1;
	json_decref(site);
	return status;
}
