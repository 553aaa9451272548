/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/settings.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "agent/account.h"
#include "agent/uuid.h"
#include "common/alloc.h"
#include "ipmi/watchdog.h"

#define PRESET_SOCKET   "/var/agentx/master"
#define PRESET_LISTEN   "udp:0.0.0.0:161"
#define PRESET_ACCOUNT  "agents"
#define PRESET_WATCHDOG "/dev/watchdog0"
#define PRESET_URI      "qemu:///system"

/* --- what a single value must look like ---------------------------------- */

static int
check_name(const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len >= REPORT_NAME_LEN)
		return err_set(err, -EINVAL, "must have 1 to %d characters",
			       REPORT_NAME_LEN - 1);
	for (; *value != '\0'; value++)
		if (!isalnum((unsigned char)*value) &&
		    strchr("-_.", *value) == NULL)
			return err_set(err, -EINVAL,
				       "may have letters, digits, '-', '_' "
				       "and '.' only");
	return 0;
}

/* Worker processes get it as JSON. */
static int
check_text(const char *value, struct err *err)
{
	json_t *text = json_string(value);

	if (text == NULL)
		return err_set(err, -EINVAL, "is not UTF-8");
	json_decref(text);
	return 0;
}

static int
check_link(const char *value, struct err *err)
{
	size_t len = strlen(value);

	return len > 0 && len < UPLINK_NAME_LEN && strpbrk(value, "/ ") == NULL
		       ? check_text(value, err)
		       : err_set(err, -EINVAL, "is no name of an interface");
}

static int
check_uuid(const char *value, struct err *err)
{
	char uuid[REPORT_UUID_LEN];

	return uuid_parse(value, uuid) == 0 && strchr(value, '-') != NULL
		       ? 0
		       : err_set(err, -EINVAL,
				 "is no UUID of 8-4-4-4-12 hexadecimal "
				 "digits that are not all the same");
}

static int
check_path(const char *value, struct err *err)
{
	if (value[0] != '/')
		return err_set(err, -EINVAL, "is not an absolute path");
	if (strlen(value) >= REPORT_TEXT_LEN)
		return err_set(err, -EINVAL, "is longer than %d bytes",
			       REPORT_TEXT_LEN - 1);
	return check_text(value, err);
}

/* net-snmp's transport and a port; names would be looked up. */
static int
check_udp(const char *value, struct err *err)
{
	const char *colon = strrchr(value, ':');

	if ((strncmp(value, "udp:", 4) != 0 &&
	     strncmp(value, "udp6:", 5) != 0) ||
	    colon == NULL || colon == strchr(value, ':') ||
	    !isdigit((unsigned char)colon[1]))
		return err_set(err, -EINVAL,
			       "is not of the form udp:ADDRESS:PORT");
	return check_text(value, err);
}

static int
check_uri(const char *value, struct err *err)
{
	return strchr(value, ':') != NULL
		       ? check_text(value, err)
		       : err_set(err, -EINVAL,
				 "is no libvirt URI such as qemu:///system");
}

static int
check_watchdog(const char *value, struct err *err)
{
	if (strcmp(value, "auto") == 0 || strcmp(value, "bmc") == 0)
		return 0;
	if (value[0] != '/' || strlen(value) >= REPORT_NAME_LEN)
		return err_set(err, -EINVAL,
			       "is neither auto, bmc nor the path of a device");
	return check_text(value, err);
}

/* --- the grammar ---------------------------------------------------------- */

static const char *const modes[] = { "agentx", "standalone", NULL };
static const char *const virt_types[] = { "auto", "kvm", "qemu", NULL };

static const struct config_option node_options[] = {
	{ .name = "name", .type = CONFIG_TEXT, .check = check_name },
	{ .name = "uuid", .type = CONFIG_TEXT, .check = check_uuid },
	{ .name = "memory-mib",
	  .type = CONFIG_INT,
	  .min = 1,
	  .max = INT64_C(1) << 40 },
	{ .name = "cpus",
	  .type = CONFIG_INT,
	  .min = 1,
	  .max = REPORT_CPUS_MAX },
	{ .name = "system-root",
	  .type = CONFIG_TEXT,
	  .preset = "/",
	  .check = check_path },
	{ .name = NULL },
};

static const struct config_option snmp_options[] = {
	{ .name = "mode",
	  .type = CONFIG_WORD,
	  .preset = "agentx",
	  .words = modes },
	{ .name = "agentx-socket",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_SOCKET,
	  .check = check_path },
	{ .name = "listen",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_LISTEN,
	  .check = check_udp },
	{ .name = "account",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_ACCOUNT,
	  .check = check_text },
	{ .name = "host-mibs", .type = CONFIG_BOOL, .preset = "on" },
	{ .name = "notify-snmpd", .type = CONFIG_BOOL, .preset = "off" },
	{ .name = "write-account", .type = CONFIG_TEXT, .check = check_text },
	{ .name = "vm-affinity", .type = CONFIG_BOOL, .preset = "off" },
	{ .name = NULL },
};

static const struct config_option virt_options[] = {
	{ .name = "uri",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_URI,
	  .check = check_uri },
	{ .name = "virt-type",
	  .type = CONFIG_WORD,
	  .preset = "auto",
	  .words = virt_types },
	{ .name = "period-ms",
	  .type = CONFIG_INT,
	  .preset = "2000",
	  .min = 200,
	  .max = 60000 },
	{ .name = "guests-period-ms",
	  .type = CONFIG_INT,
	  .preset = "10000",
	  .min = 1000,
	  .max = 600000 },
	{ .name = "deadline-ms",
	  .type = CONFIG_INT,
	  .preset = "5000",
	  .min = 500,
	  .max = 600000 },
	{ .name = NULL },
};

static const struct config_option datastore_options[] = {
	{ .name = "path",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_path },
	{ .name = "slot",
	  .type = CONFIG_INT,
	  .required = true,
	  .min = 0,
	  .max = SETTINGS_SLOTS_MAX - 1 },
	{ .name = "disks", .type = CONFIG_TEXT, .check = check_path },
	{ .name = "lost-ms",
	  .type = CONFIG_INT,
	  .preset = "5000",
	  .min = 3000,
	  .max = 120000 },
	{ .name = NULL },
};

/* In the order of enum detail_uplink_role, without "unknown". */
static const char *const uplink_roles[] = {
	"management", "migration", "storage", "vm", "heartbeat", "other", NULL
};

static const struct config_option uplink_options[] = {
	{ .name = "role",
	  .type = CONFIG_WORD,
	  .required = true,
	  .words = uplink_roles },
	{ .name = NULL },
};

static const struct config_option bmc_options[] = {
	{ .name = "device",
	  .type = CONFIG_INT,
	  .preset = "0",
	  .min = 0,
	  .max = 255 },
	{ .name = NULL },
};

static const char *const actions[] = { "reset", "off", "cycle", NULL };

static const struct config_option watchdog_options[] = {
	{ .name = "device",
	  .type = CONFIG_TEXT,
	  .preset = "auto",
	  .check = check_watchdog },
	{ .name = "action",
	  .type = CONFIG_WORD,
	  .preset = "reset",
	  .words = actions },
	{ .name = NULL },
};

static const struct config_option inform_options[] = {
	{ .name = "target",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = check_udp },
	{ .name = "account",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_ACCOUNT,
	  .check = check_text },
	{ .name = "min-interval-ms",
	  .type = CONFIG_INT,
	  .preset = "10000",
	  .min = 0,
	  .max = 3600000 },
	{ .name = NULL },
};

static const struct config_option options[] = {
	{ .name = "state-dir",
	  .type = CONFIG_TEXT,
	  .preset = "/var/lib/ironherd",
	  .check = check_path },
	{ .name = "credentials",
	  .type = CONFIG_TEXT,
	  .preset = "/etc/ironherd/credentials",
	  .check = check_path },
	{ .name = "node", .type = CONFIG_SECTION, .sections = node_options },
	{ .name = "snmp", .type = CONFIG_SECTION, .sections = snmp_options },
	{ .name = "libvirt", .type = CONFIG_SECTION, .sections = virt_options },
	{ .name = "datastore",
	  .type = CONFIG_LIST,
	  .sections = datastore_options,
	  .check = check_name },
	{ .name = "uplink",
	  .type = CONFIG_LIST,
	  .sections = uplink_options,
	  .check = check_link },
	{ .name = "bmc", .type = CONFIG_SECTION, .sections = bmc_options },
	{ .name = "watchdog",
	  .type = CONFIG_SECTION,
	  .sections = watchdog_options },
	{ .name = "inform",
	  .type = CONFIG_SECTION,
	  .sections = inform_options },
	{ .name = NULL },
};

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
		virt_types[virt != NULL ? config_word(virt, "virt-type") : 0];
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

/* --- judgement over several values ---------------------------------------- */

static void
judge_datastores(struct config *config)
{
	const struct config_section *root = config_root(config);
	size_t n = config_list_len(root, "datastore");

	if (n > REPORT_DATASTORES_MAX)
		config_complain(config, root, NULL, "more than %d datastores",
				REPORT_DATASTORES_MAX);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++) {
			const struct config_section *a, *b;

			a = config_list_at(root, "datastore", j);
			b = config_list_at(root, "datastore", i);
			const char *path_a = config_text(a, "path");
			const char *path_b = config_text(b, "path");
			if (path_a != NULL && path_b != NULL &&
			    strcmp(path_a, path_b) == 0)
				config_complain(config, b, "path",
						"is the path of datastore "
						"\"%s\", too",
						config_title(a));
		}
}

static void
judge_uplinks(struct config *config)
{
	const struct config_section *root = config_root(config);

	if (config_list_len(root, "uplink") > DETAIL_UPLINKS_MAX)
		config_complain(config, root, NULL, "more than %d uplinks",
				DETAIL_UPLINKS_MAX);
}

static void
judge_snmp(struct settings *settings)
{
	const struct config_section *snmp =
		config_sub(config_root(settings->config), "snmp");

	if (settings->notify_snmpd && settings->mode != MODE_AGENTX)
		config_complain(settings->config, snmp, "notify-snmpd",
				"goes with mode = agentx only");
}

static bool
needs_account(const struct settings *settings)
{
	return settings->mode == MODE_STANDALONE ||
	       settings->inform_target != NULL;
}

static const struct config_section *
find_account(const struct config *credentials, const char *name)
{
	const struct config_section *root = config_root(credentials);

	for (size_t i = 0; i < config_list_len(root, "snmp"); i++) {
		const struct config_section *account =
			config_list_at(root, "snmp", i);

		if (strcmp(config_title(account), name) == 0)
			return account;
	}
	return NULL;
}

static void
judge_account(struct settings *settings, const struct config_section *section,
	      const char *option, const struct config *credentials,
	      const char *name)
{
	if (find_account(credentials, name) != NULL)
		return;
	config_complain(settings->config, section,
			section != config_root(settings->config) ? option
								 : NULL,
			"there is no snmp \"%s\" in %s", name,
			settings->credentials);
}

/* SNMP knows the two by their users only. */
static void
judge_write_account(struct settings *settings,
		    const struct config_section *snmp,
		    const struct config *credentials)
{
	const struct config_section *read, *write;

	if (settings->write_account == NULL)
		return;
	judge_account(settings, snmp, "write-account", credentials,
		      settings->write_account);
	read = find_account(credentials, settings->account);
	write = find_account(credentials, settings->write_account);
	if (read != NULL && write != NULL &&
	    strcmp(config_text(read, "user"), config_text(write, "user")) == 0)
		config_complain(settings->config, snmp, "write-account",
				"has the same user as the account that reads");
}

static void
judge_standalone(struct settings *settings, const struct config *credentials)
{
	const struct config_section *root = config_root(settings->config);
	const struct config_section *snmp = config_sub(root, "snmp");

	if (snmp == NULL)
		snmp = root;
	judge_account(settings, snmp, "account", credentials,
		      settings->account);
	judge_write_account(settings, snmp, credentials);
}

/* The agent itself keeps no password: the worker that sends informs reads
 * the file again, the standalone voice too, and both wipe it. */
static size_t
judge_credentials(struct settings *settings, FILE *errors)
{
	if (!needs_account(settings))
		return 0;

	struct config *credentials =
		config_load_secret(settings->credentials, account_options);
	const struct config_section *root = config_root(settings->config);
	size_t n = config_count_errors(credentials);

	config_print_errors(credentials, errors);
	if (n == 0 && settings->mode == MODE_STANDALONE)
		judge_standalone(settings, credentials);
	if (n == 0 && settings->inform_target != NULL)
		judge_account(settings, config_sub(root, "inform"), "account",
			      credentials, settings->inform_account);
	config_free(credentials);
	return n;
}

struct settings *
settings_load(const char *path, FILE *errors)
{
	struct settings *settings = xcalloc(1, sizeof(*settings));

	settings->config = config_load(path, options);
	take_all(settings, config_root(settings->config));
	judge_datastores(settings->config);
	judge_uplinks(settings->config);
	judge_snmp(settings);
	size_t n = judge_credentials(settings, errors);
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
