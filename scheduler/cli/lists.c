/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ironherd hosts`, `vms` and `alarms`: one thing of the status, in full.
 */
#include "scheduler/cli/cells.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/site.h"

enum {
	HOST_NAME,
	HOST_CLUSTER,
	HOST_STATE,
	HOST_AGE,
	HOST_HEALTH,
	HOST_POWER,
	HOST_HEARTBEAT,
	HOST_CPU,
	HOST_MEMORY,
	HOST_VMS,
	HOST_DATASTORE,
	HOST_BMC,
	HOST_BMC_STATE,
	HOST_AGENT,
	HOST_VERSION,
	HOST_REASON
};

static const struct table_column host_columns[] = {
	[HOST_NAME] = { "HOST", TABLE_TRUNC, 0 },
	[HOST_CLUSTER] = { "CLUSTER", TABLE_TRUNC, 5 },
	[HOST_STATE] = { "STATE", 0, 0 },
	[HOST_AGE] = { "FOR", TABLE_RIGHT, 0 },
	[HOST_HEALTH] = { "HEALTH", 0, 0 },
	[HOST_POWER] = { "POWER", 0, 0 },
	[HOST_HEARTBEAT] = { "HEARTBEAT", TABLE_RIGHT, 1 },
	[HOST_CPU] = { "CPU", TABLE_RIGHT, 2 },
	[HOST_MEMORY] = { "MEMORY", TABLE_RIGHT, 3 },
	[HOST_VMS] = { "VMS", TABLE_RIGHT, 4 },
	[HOST_DATASTORE] = { "DATASTORE", TABLE_RIGHT, 7 },
	[HOST_BMC] = { "BMC", TABLE_TRUNC, 10 },
	[HOST_BMC_STATE] = { "BMC STATE", TABLE_TRUNC, 8 },
	[HOST_AGENT] = { "AGENT", TABLE_TRUNC, 11 },
	[HOST_VERSION] = { "VERSION", TABLE_TRUNC, 9 },
	[HOST_REASON] = { "REASON", TABLE_TEXT, 6 },
	{ NULL, 0, 0 },
};

static void
add_host(struct table *table, const json_t *host, int64_t now_ms)
{
	static const struct {
		size_t column;
		const char *key;
		void (*put)(struct cell cell, const json_t *host,
			    const char *key);
	} fields[] = {
		{ HOST_NAME, "name", cell_text },
		{ HOST_CLUSTER, "cluster", cell_text },
		{ HOST_HEARTBEAT, "heartbeat_age_ms", cell_age },
		{ HOST_VMS, "vms", cell_count },
		{ HOST_DATASTORE, "datastore_age_ms", cell_age },
		{ HOST_BMC, "bmc", cell_text },
		{ HOST_AGENT, "agent", cell_text },
		{ HOST_VERSION, "agent_version", cell_text },
		{ HOST_REASON, "reason", cell_text },
	};
	struct cell cell = { table, table_add(table, NULL), 0 };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		cell.column = fields[i].column;
		fields[i].put(cell, host, fields[i].key);
	}
	cell.column = HOST_STATE;
	cell_word(cell, word_host_state(host));
	cell.column = HOST_AGE;
	cell_since(cell, host, "since_ms", now_ms);
	cell.column = HOST_HEALTH;
	cell_word(cell, word_health(field_text(host, "health")));
	cell.column = HOST_POWER;
	cell_word(cell, word_power(field_text(host, "power")));
	cell.column = HOST_CPU;
	cell_host_cpu(cell, host);
	cell.column = HOST_MEMORY;
	cell_host_memory(cell, host);
	cell.column = HOST_BMC_STATE;
	cell_bmc(cell, host);
}

enum {
	VM_NAME,
	VM_HOST,
	VM_STATE,
	VM_CPU,
	VM_VCPUS,
	VM_MEMORY,
	VM_HA,
	VM_DISKS,
	VM_CLUSTER,
	VM_PHASE,
	VM_INTENT,
	VM_UUID,
	VM_NOTE
};

static const struct table_column vm_columns[] = {
	[VM_NAME] = { "VM", TABLE_TRUNC, 0 },
	[VM_HOST] = { "HOST", TABLE_TRUNC, 0 },
	[VM_STATE] = { "STATE", 0, 0 },
	[VM_CPU] = { "CPU", TABLE_RIGHT, 0 },
	[VM_VCPUS] = { "VCPUS", TABLE_RIGHT, 5 },
	[VM_MEMORY] = { "MEMORY", TABLE_RIGHT, 0 },
	[VM_HA] = { "HA", 0, 1 },
	[VM_DISKS] = { "DISKS", 0, 2 },
	[VM_CLUSTER] = { "CLUSTER", TABLE_TRUNC, 4 },
	[VM_PHASE] = { "PHASE", 0, 7 },
	[VM_INTENT] = { "WANTED", 0, 6 },
	[VM_UUID] = { "UUID", 0, 8 },
	[VM_NOTE] = { "NOTE", TABLE_TEXT, 3 },
	{ NULL, 0, 0 },
};

/* Yes and no are only shown when they were said. */
static struct word
choose(const json_t *vm, const char *key, struct word yes, struct word no)
{
	const json_t *value = json_object_get(vm, key);

	if (!json_is_boolean(value))
		return (struct word){ "?", TONE_WARN };
	return json_is_true(value) ? yes : no;
}

static void
add_vm(struct table *table, const json_t *vm)
{
	static const struct word on = { "on", TONE_PLAIN };
	static const struct word off = { "off", TONE_DIM };
	static const struct word shared = { "shared", TONE_PLAIN };
	static const struct word local = { "local", TONE_WARN };
	static const struct {
		size_t column;
		const char *key;
		void (*put)(struct cell cell, const json_t *vm,
			    const char *key);
	} fields[] = {
		{ VM_NAME, "name", cell_text },
		{ VM_VCPUS, "vcpus", cell_count },
		{ VM_CLUSTER, "cluster", cell_text },
		{ VM_PHASE, "phase", cell_text },
		{ VM_INTENT, "intent", cell_text },
		{ VM_UUID, "uuid", cell_text },
		{ VM_NOTE, "note", cell_text },
	};
	struct cell cell = { table, table_add(table, NULL), 0 };
	const char *host = field_text(vm, "host");

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		cell.column = fields[i].column;
		fields[i].put(cell, vm, fields[i].key);
	}
	table_set(table, cell.row, VM_HOST,
		  host[0] != '\0' ? TONE_PLAIN : TONE_DIM,
		  host[0] != '\0' ? host : "-");
	cell.column = VM_STATE;
	cell_word(cell, word_vm(vm));
	cell.column = VM_CPU;
	cell_vm_cpu(cell, vm);
	cell.column = VM_MEMORY;
	cell_vm_memory(cell, vm);
	cell.column = VM_HA;
	cell_word(cell, choose(vm, "ha", on, off));
	cell.column = VM_DISKS;
	cell_word(cell, choose(vm, "shared_storage", shared, local));
}

static void
print_hosts(const struct cli *cli, const json_t *hosts)
{
	struct table *table = table_new(host_columns, &cli->io);
	int64_t now_ms = cli->io.now_ms();
	json_t *host;
	size_t i;

	json_array_foreach (hosts, i, host)
		add_host(table, host, now_ms);
	table_print(table);
	table_free(table);
}

static void
print_vms(const struct cli *cli, const json_t *vms)
{
	struct table *table = table_new(vm_columns, &cli->io);
	json_t *vm;
	size_t i;

	json_array_foreach (vms, i, vm)
		add_vm(table, vm);
	table_print(table);
	table_free(table);
}

/* Load the site, take one list out of it, show it. */
static int
show_list(struct cli *cli, const char *key, bool of_clusters, const char *none,
	  void (*print)(const struct cli *cli, const json_t *list))
{
	json_t *site;
	int status = site_load(cli, &site);

	if (status != CLI_OK)
		return status;
	json_t *list = of_clusters ? site_collect(site, key)
				   : json_incref(json_object_get(site, key));
	if (cli->given[OPTION_JSON]) {
		json_t *answer = json_object();
		json_object_set(answer, key, list);
		cli_print_json(cli, answer);
		json_decref(answer);
	} else if (json_array_size(list) == 0) {
		fprintf(cli->io.out, "%s\n", none);
	} else {
		print(cli, list);
	}
	json_decref(list);
	json_decref(site);
	return CLI_OK;
}

int
cmd_hosts(struct cli *cli)
{
	return show_list(cli, "hosts", true, "No hosts.", print_hosts);
}

int
cmd_vms(struct cli *cli)
{
	return show_list(cli, "vms", true, "No VMs.", print_vms);
}

int
cmd_alarms(struct cli *cli)
{
	return show_list(cli, "alarms", false, "No alarms.", alarms_print);
}
