/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/settings.h"

#include <stdlib.h>
#include <string.h>

#include "agent/settings_own.h"
#include "common/alloc.h"
#include "ipmi/watchdog.h"

/* --- values: what a missing section gives is what an empty one would ------ */

static const char *
text_of(const struct config_section *section, const char *name,
	const char *preset)
{
	const char *text = section ? config_text(section, name) : NULL;

	return text != NULL ? text : preset;
}

static int64_t
int_of(const struct config_section *section, const char *name, int64_t preset)
{
	return section != NULL ? config_int(section, name) : preset;
}

static void
take_node(struct settings *settings, const struct config_section *node)
{
	settings->name = text_of(node, "name", NULL);
	settings->uuid = text_of(node, "uuid", NULL);
	settings->memory_mib = (uint64_t)int_of(node, "memory-mib", 0);
	settings->cpus = (uint32_t)int_of(node, "cpus", 0);
	settings->system_root = text_of(node, "system-root", "/");
}

static void
take_snmp(struct settings *settings, const struct config_section *snmp)
{
	settings->mode = snmp != NULL && config_word(snmp, "mode") == 1
				 ? MODE_STANDALONE
				 : MODE_AGENTX;
	settings->agentx_socket = text_of(snmp, "agentx-socket", PRESET_SOCKET);
	settings->listen = text_of(snmp, "listen", PRESET_LISTEN);
	settings->account = text_of(snmp, "account", PRESET_ACCOUNT);
	settings->host_mibs = snmp == NULL || config_bool(snmp, "host-mibs");
	settings->notify_snmpd =
		snmp != NULL && config_bool(snmp, "notify-snmpd");
	settings->write_account = text_of(snmp, "write-account", NULL);
	settings->vm_affinity =
		snmp != NULL && config_bool(snmp, "vm-affinity");
}

static void
take_virt(struct settings *settings, const struct config_section *virt)
{
	settings->virt_uri = text_of(virt, "uri", PRESET_URI);
	settings->virt_type =
		settings_virt_types[virt != NULL
					    ? config_word(virt, "virt-type")
					    : 0];
	settings->virt_period_ms = int_of(virt, "period-ms", 2000);
	settings->guests_period_ms = int_of(virt, "guests-period-ms", 10000);
	settings->virt_deadline_ms = int_of(virt, "deadline-ms", 5000);
}

static void
take_datastores(struct settings *settings, const struct config_section *root)
{
	settings->n_datastores = config_list_len(root, "datastore");
	settings->datastores = xcalloc(settings->n_datastores + 1,
				       sizeof(*settings->datastores));
	for (size_t i = 0; i < settings->n_datastores; i++) {
		const struct config_section *section =
			config_list_at(root, "datastore", i);

		settings->datastores[i] = (struct settings_datastore){
			.name = config_title(section),
			.path = config_text(section, "path"),
			.disks = config_text(section, "disks"),
			.slot = (uint32_t)config_int(section, "slot"),
			.lost_ms = config_int(section, "lost-ms"),
		};
	}
}

/* Behind take_bmc(): "auto" is the BMC where there is said to be one. */
static void
take_watchdog(struct settings *settings, const struct config_section *watchdog)
{
	static const enum watchdog_action of_word[] = { WATCHDOG_RESET,
							WATCHDOG_OFF,
							WATCHDOG_CYCLE };
	const char *device = text_of(watchdog, "device", "auto");

	settings->watchdog_action =
		of_word[watchdog != NULL ? config_word(watchdog, "action") : 0];
	settings->watchdog_is_bmc =
		strcmp(device, "bmc") == 0 ||
		(strcmp(device, "auto") == 0 && settings->has_bmc);
	if (settings->watchdog_is_bmc)
		snprintf(settings->watchdog_device,
			 sizeof(settings->watchdog_device), "/dev/ipmi%u",
			 settings->bmc_device);
	else
		snprintf(settings->watchdog_device,
			 sizeof(settings->watchdog_device), "%s",
			 strcmp(device, "auto") == 0 ? PRESET_WATCHDOG
						     : device);
}

static void
take_uplinks(struct settings *settings, const struct config_section *root)
{
	settings->n_uplinks = config_list_len(root, "uplink");
	settings->uplinks =
		xcalloc(settings->n_uplinks + 1, sizeof(*settings->uplinks));
	for (size_t i = 0; i < settings->n_uplinks; i++) {
		const struct config_section *section =
			config_list_at(root, "uplink", i);

		settings->uplinks[i].name = config_title(section);
		settings->uplinks[i].role =
			UPLINK_ROLE_MANAGEMENT + config_word(section, "role");
	}
}

static void
take_all(struct settings *settings, const struct config_section *root)
{
	const struct config_section *bmc = config_sub(root, "bmc");
	const struct config_section *inform = config_sub(root, "inform");

	settings->state_dir = config_text(root, "state-dir");
	settings->credentials = config_text(root, "credentials");
	take_node(settings, config_sub(root, "node"));
	take_snmp(settings, config_sub(root, "snmp"));
	take_virt(settings, config_sub(root, "libvirt"));
	take_datastores(settings, root);
	take_uplinks(settings, root);
	settings->has_bmc = bmc != NULL;
	settings->bmc_device = (uint32_t)int_of(bmc, "device", 0);
	take_watchdog(settings, config_sub(root, "watchdog"));
	settings->inform_target = text_of(inform, "target", NULL);
	settings->inform_account = text_of(inform, "account", PRESET_ACCOUNT);
	settings->inform_interval_ms = int_of(inform, "min-interval-ms", 10000);
}

struct settings *
settings_load(const char *path, FILE *errors)
{
	struct settings *settings = xcalloc(1, sizeof(*settings));

	settings->config = config_load(path, settings_options);
	take_all(settings, config_root(settings->config));
	size_t n = settings_judge(settings, errors);
	config_print_errors(settings->config, errors);
	if (n + config_count_errors(settings->config) == 0)
		return settings;
	settings_free(settings);
	return NULL;
}

void
settings_print(const struct settings *settings, FILE *to)
{
	config_print_effective(settings->config, to);
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	free(settings->datastores);
	free(settings->uplinks);
	config_free(settings->config);
	free(settings);
}
