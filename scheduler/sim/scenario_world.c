/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts, VMs and the coordinator's configuration, as a scenario says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/sim/scenario.h"

static const char *
text_of(const json_t *object, const char *key, const char *preset)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : preset;
}

static int64_t
number_of(const json_t *object, const char *key, double preset, int64_t factor)
{
	const json_t *value = json_object_get(object, key);
	double number =
		json_is_number(value) ? json_number_value(value) : preset;

	return (int64_t)(number * (double)factor + 0.5);
}

static bool
flag_of(const json_t *object, const char *key, bool preset)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : preset;
}

/* --- hosts ---------------------------------------------------------------- */

static void
set_states(struct host *host, const char *states)
{
	host->bmcs = 2;
	host->bmc[0].fixed = strncmp(states, "on", 2) == 0;
	host->bmc[1].fixed = strstr(states, ",on") != NULL;
}

static bool
build_bmc(struct world *world, struct host *host, const char *kind)
{
	struct bmc_model *bmc = &host->bmc[0];
	size_t wired;

	if (strcmp(kind, "ok") == 0)
		return true;
	if (strcmp(kind, "absent") == 0)
		host->bmcs = 0;
	else if (strcmp(kind, "unreachable") == 0)
		bmc->unreachable = true;
	else if (strcmp(kind, "auth_fail") == 0)
		bmc->refuses_account = true;
	else if (strncmp(kind, "slow:", 5) == 0)
		bmc->latency_ms = atol(kind + 5) * 500;
	else if (strncmp(kind, "drops:", 6) == 0)
		bmc->drops_pm = (unsigned)(atof(kind + 6) * 1000);
	else if (strncmp(kind, "off_delay:", 10) == 0)
		bmc->off_delay_ms = atol(kind + 10) * 1000;
	else if (strcmp(kind, "off_cmd_errors_when_off") == 0)
		bmc->errors_when_off = true;
	else if (strcmp(kind, "cycle_unsupported") == 0)
		bmc->no_cycle = true;
	else if (strcmp(kind, "acpi_only") == 0)
		bmc->off_is_soft = true;
	else if (strcmp(kind, "state:unknown") == 0)
		bmc->state_unknown = true;
	else if (strncmp(kind, "two:", 4) == 0)
		set_states(host, kind + 4);
	else if (strncmp(kind, "wired_to:", 9) == 0 &&
		 (wired = world_find_host(world, kind + 9)) != WORLD_NONE)
		bmc->wired_to = wired;
	else if (strcmp(kind, "on_fails") == 0)
		bmc->on_fails = true;
	else
		return false;
	return true;
}

static int
compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The keys in the order of names: what does not hang on the file's order
 * replays alike. */
static const char **
sorted_keys(const json_t *object)
{
	const char **keys =
		xcalloc(json_object_size(object) + 1, sizeof(*keys));
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach ((json_t *)object, key, value)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), compare_names);
	return keys;
}

static void
build_host(struct host *host, const json_t *json)
{
	host->cpus = (uint32_t)number_of(json, "cpu", 8, 1);
	host->memory_kib = (uint64_t)number_of(json, "mem_mb", 65536, 1024);
	host->on = strcmp(text_of(json, "power", "on"), "on") == 0;
	host->boot = 1;
}

/* --- VMs ------------------------------------------------------------------ */

static size_t
store_index(struct world *world, const char *name)
{
	for (size_t i = 0; i < world->n_stores; i++)
		if (strcmp(world->stores[i], name) == 0)
			return i;
	if (world->n_stores == WORLD_STORES_MAX)
		return 0;
	snprintf(world->stores[world->n_stores], WORLD_NAME_LEN, "%s", name);
	return world->n_stores++;
}

static void
build_faults(struct world *world, struct vm *vm, const json_t *json)
{
	const json_t *start = json_object_get(json, "start_fail");
	const json_t *move = json_object_get(json, "migrate_fail");
	const json_t *host;
	size_t i;

	vm->faults.start_times = (unsigned)number_of(start, "times", 0, 1);
	json_array_foreach (json_object_get(start, "on"), i, host) {
		size_t index = world_find_host(world, json_string_value(host));

		if (index != WORLD_NONE)
			vm->faults.start_hosts |= UINT64_C(1) << index;
	}
	vm->faults.migrate_times = (unsigned)number_of(move, "times", 0, 1);
	vm->faults.stop = flag_of(json, "stop_fail", false);
	vm->faults.kills_host = flag_of(json, "kills_host", false);
	vm->faults.crash_after_ms = number_of(json, "crash_after_s", 0, 1000);
}

static bool
is_wanted(const json_t *json)
{
	const char *want = text_of(json, "want", "on");

	return strcmp(want, "on") == 0 || strcmp(want, "unmanaged") == 0;
}

static bool
runs_at_first(const json_t *json)
{
	return strcmp(text_of(json, "initially",
			      is_wanted(json) ? "on" : "off"),
		      "on") == 0;
}

static int
build_vm(struct world *world, struct vm *vm, const json_t *json,
	 struct err *err)
{
	size_t host = world_find_host(world, text_of(json, "on", ""));

	if (host == WORLD_NONE)
		return err_set(err, -EINVAL, "%s is on no known host",
			       vm->name);
	struct copy *copy = &world->hosts[host].copies[vm - world->vms];
	vm->memory_kib = (uint64_t)number_of(json, "mem_mb", 1024, 1024);
	vm->vcpus = (uint32_t)number_of(json, "cpu", 1, 1);
	vm->start_ms = number_of(json, "start_s", 2, 1000);
	vm->migrate_ms = number_of(json, "migrate_s", 2, 1000);
	vm->movable = flag_of(json, "live_migratable", true);
	const char *store = text_of(json, "store", "s1");
	size_t bit = store_index(world, store);
	vm->stores = UINT64_C(1) << bit;
	vm->last = host;
	vm->local = strncmp(store, "local", 5) == 0;
	for (size_t h = 0; vm->local && h < world->n_hosts; h++)
		if (h != host)
			world->hosts[h].stores[bit] = DATASTORE_LOST;
	vm->cpu_use_pm = (uint32_t)number_of(json_object_get(json, "load"),
					     "cpu", 0, 1000);
	vm->tools = flag_of(json, "tools", false) ? GUEST_AGENT_CONNECTED
						  : GUEST_AGENT_NONE;
	build_faults(world, vm, json);
	copy->defined = strcmp(text_of(json, "want", "on"), "absent") != 0;
	copy->autostart = flag_of(json, "autostart_on_host", false);
	/* Before the first moment all is as its users want it. */
	if ((runs_at_first(json) || is_wanted(json)) && world->hosts[host].on)
		*copy = (struct copy){ .defined = true,
				       .autostart = copy->autostart,
				       .state = COPY_RUNNING,
				       .reason = VM_REASON_NONE };
	else
		copy->reason = VM_REASON_SHUTDOWN;
	return 0;
}

/* The moment 0: what is off then although it is wanted was lost with its host,
 * which has just come back; where other VMs run, it failed by itself. */
void
scenario_begin(struct scenario *scenario)
{
	struct world *world = &scenario->world;
	const json_t *vms = json_object_get(scenario->json, "vms");

	for (size_t h = 0; h < world->n_hosts; h++) {
		struct host *host = &world->hosts[h];
		size_t kept = 0, lost = 0;

		for (size_t v = 0; v < world->n_vms; v++) {
			const json_t *json =
				json_object_get(vms, world->vms[v].name);

			if (host->copies[v].state != COPY_RUNNING)
				continue;
			if (runs_at_first(json)) {
				kept++;
				continue;
			}
			lost++;
			host->copies[v].state = COPY_OFF;
			host->copies[v].reason = VM_REASON_FAILED;
		}
		if (lost == 0)
			continue;
		host->boot += kept == 0;
		world_touch(world, h);
	}
}

int
scenario_build(struct scenario *scenario, struct err *err)
{
	struct world *world = &scenario->world;
	const json_t *hosts = json_object_get(scenario->json, "hosts");
	const json_t *vms = json_object_get(scenario->json, "vms");
	const json_t *cluster = json_object_get(scenario->json, "cluster");
	const char **names = sorted_keys(hosts);
	int rc = 0;

	world_init(world, &scenario->trace, 1, json_object_size(hosts),
		   json_object_size(vms));
	world->heartbeats = strcmp(text_of(cluster, "second_heartbeat", "none"),
				   "storage") == 0;
	store_index(world, "s1");
	for (size_t i = 0; i < world->n_hosts; i++)
		snprintf(world->hosts[i].name, WORLD_NAME_LEN, "%s", names[i]);
	for (size_t i = 0; rc == 0 && i < world->n_hosts; i++) {
		const json_t *json = json_object_get(hosts, names[i]);
		const char *bmc = text_of(json, "bmc", "ok");

		build_host(&world->hosts[i], json);
		if (!build_bmc(world, &world->hosts[i], bmc))
			rc = err_set(err, -EINVAL, "%s: unknown BMC \"%s\"",
				     names[i], bmc);
	}
	free(names);
	names = sorted_keys(vms);
	for (size_t i = 0; rc == 0 && i < world->n_vms; i++) {
		snprintf(world->vms[i].name, WORLD_NAME_LEN, "%s", names[i]);
		rc = build_vm(world, &world->vms[i],
			      json_object_get(vms, names[i]), err);
	}
	free(names);
	return rc;
}

/* --- configuration -------------------------------------------------------- */

static void
write_word(FILE *to, const json_t *object, const char *key, const char *option,
	   const char *from, const char *word)
{
	const char *value = text_of(object, key, "");

	if (strcmp(value, from) == 0)
		fprintf(to, "\t%s = %s\n", option, word);
}

static void
write_policy(FILE *to, const json_t *json)
{
	write_word(to, json, "host_fail", "host-failure", "wait", "wait");
	write_word(to, json, "host_fail", "host-failure", "ha", "recover");
	write_word(to, json, "store_fail", "storage-failure", "ha", "recover");
	write_word(to, json, "vm_fail", "vm-failure", "restart", "restart");
	write_word(to, json, "vm_fail", "vm-failure", "ha", "elsewhere");
	write_word(to, json, "vm_fail", "vm-failure", "off", "off");
}

static void
write_cluster(FILE *to, const json_t *json)
{
	const json_t *mass = json_object_get(json, "mass");
	const json_t *admission = json_object_get(json, "admission");
	const json_t *guard = json_object_get(json, "connectivity_guard_pct");

	fprintf(to, "cluster \"c1\" {\n\tfence-isolated = %s\n",
		strcmp(text_of(json, "isolation", "fence"), "fence") == 0
			? "on"
			: "off");
	write_policy(to, json);
	write_word(to, json, "stop_fail", "fence-stuck", "fence", "on");
	if (json_is_object(mass))
		fprintf(to, "\tmass-hosts = %lld\n\tmass-window = %lld\n",
			(long long)number_of(mass, "max_hosts", 0, 1),
			(long long)number_of(mass, "window_s", 7200, 1));
	if (json_is_object(admission))
		fprintf(to, "\tsurvive-hosts = %lld\n",
			(long long)number_of(admission, "host_failures", 1, 1));
	if (json_is_integer(guard) && json_integer_value(guard) != 50)
		fprintf(to, "\tguard-percent = %lld\n",
			(long long)json_integer_value(guard));
	fputs("}\n", to);
}

static bool
has_own_policy(const json_t *json)
{
	return !flag_of(json, "ha", true) ||
	       number_of(json, "prio", 0, 1) != 0 ||
	       json_object_get(json, "host_fail") != NULL ||
	       json_object_get(json, "vm_fail") != NULL ||
	       strcmp(text_of(json, "want", "on"), "unmanaged") == 0;
}

static void
write_vms(FILE *to, const struct scenario *scenario)
{
	const json_t *vms = json_object_get(scenario->json, "vms");

	for (size_t i = 0; i < scenario->world.n_vms; i++) {
		const char *name = scenario->world.vms[i].name;
		const json_t *json = json_object_get(vms, name);
		bool unmanaged =
			strcmp(text_of(json, "want", "on"), "unmanaged") == 0;

		if (!has_own_policy(json))
			continue;
		fprintf(to, "vm \"%s\" {\n\tcluster = \"c1\"\n", name);
		if (unmanaged || !flag_of(json, "ha", true))
			fputs("\tha = off\n", to);
		if (number_of(json, "prio", 0, 1) != 0)
			fprintf(to, "\tpriority = %lld\n",
				100 + (long long)number_of(json, "prio", 0, 1));
		write_policy(to, json);
		fputs("}\n", to);
	}
}

static void
write_list(FILE *to, const char *option, const json_t *list)
{
	const json_t *name;
	size_t i;

	if (!json_is_array(list))
		return;
	fprintf(to, "\t%s = {", option);
	json_array_foreach (list, i, name)
		fprintf(to, "%s \"%s\"", i > 0 ? "," : "",
			json_string_value(name));
	fputs(" }\n", to);
}

static void
write_rules(FILE *to, const json_t *rules)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = { { "vm-host", "hosts" },
		      { "keep-together", "together" },
		      { "keep-apart", "apart" },
		      { "start-after", "after" } };
	const json_t *rule;
	size_t i;

	json_array_foreach (rules, i, rule) {
		const char *type = text_of(rule, "type", "");

		fprintf(to, "rule \"r%zu\" {\n\tcluster = \"c1\"\n", i);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
			if (strcmp(type, kinds[k].type) == 0)
				fprintf(to, "\tkind = %s\n", kinds[k].kind);
		if (json_object_get(rule, "mode") != NULL)
			fprintf(to, "\tforce = %s\n",
				text_of(rule, "mode", "must"));
		write_list(to, "vms", json_object_get(rule, "vms"));
		write_list(to, "vms", json_object_get(rule, "then"));
		write_list(to, "first", json_object_get(rule, "first"));
		write_list(to, "hosts", json_object_get(rule, "hosts"));
		fputs("}\n", to);
	}
}

char *
scenario_config(const struct scenario *scenario)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	write_cluster(to, json_object_get(scenario->json, "cluster"));
	for (size_t i = 0; i < scenario->world.n_stores; i++)
		if (strncmp(scenario->world.stores[i], "local", 5) != 0)
			fprintf(to, "datastore \"%s\" { cluster = \"c1\" }\n",
				scenario->world.stores[i]);
	write_vms(to, scenario);
	write_rules(to, json_object_get(scenario->json, "rules"));
	fclose(to);
	return text;
}
