/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of agent.conf: ironherd-agent.conf(5) says the same. */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "agent/settings_own.h"
#include "agent/uuid.h"

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
const char *const settings_virt_types[] = { "auto", "kvm", "qemu", NULL };

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
	  .words = settings_virt_types },
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

const struct config_option settings_options[] = {
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
