/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts net-snmp's library without any of its files, and keeps this
 * process's own engine: an id for ever, a count of boots that only grows.
 */
#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>

#include "snmp-mib/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/num.h"
#include "snmp-mib/hex.h"

enum {
	ENGINE_FILE_MAX = 4096,
	ENGINE_ID_LEN = 17,
	ENGINE_BOOTS_MAX = 2147483646 /* RFC 3414: the next one is "stuck" */
};

struct engine {
	uint8_t id[ENGINE_ID_LEN];
	uint64_t boots;
};

/* RFC 3411: net-snmp's enterprise number with the first bit set, then a kind
 * of its own (128), then random octets. */
static int
engine_make(struct engine *engine)
{
	static const uint8_t prefix[] = { 0x80, 0x00, 0x1f, 0x88, 0x80 };

	memcpy(engine->id, prefix, sizeof(prefix));
	if (getrandom(engine->id + sizeof(prefix),
		      sizeof(engine->id) - sizeof(prefix), 0) < 0)
		return -errno;
	engine->boots = 0;
	return 0;
}

static bool
engine_parse(const char *text, struct engine *ret_engine)
{
	char hex[2 * ENGINE_ID_LEN + 1], boots[16];

	if (sscanf(text, "ironherd-engine 1\nid %34[0-9a-f]\nboots %15[0-9]\n",
		   hex, boots) != 2)
		return false;
	return hex_parse(hex, ret_engine->id, ENGINE_ID_LEN) &&
	       num_parse_u64(boots, ENGINE_BOOTS_MAX - 1, &ret_engine->boots) ==
		       0;
}

static int
engine_save(const char *path, const struct engine *engine, struct err *err)
{
	char text[256], hex[2 * ENGINE_ID_LEN + 1];

	hex_print(engine->id, ENGINE_ID_LEN, hex);
	int n = snprintf(text, sizeof(text),
			 "ironherd-engine 1\nid %s\nboots %" PRIu64 "\n", hex,
			 engine->boots);
	return file_write_atomic(path, 0600, text, (size_t)n, err);
}

/* The boot is on disk before it is used: a crash may skip a number, but never
 * use one twice. */
static int
engine_load(const char *path, struct engine *ret_engine, struct err *err)
{
	cleanup_free char *text = NULL;
	struct err why = { "" };
	int rc = engine_make(ret_engine);

	if (rc < 0)
		return err_errno(err, rc, "SNMP engine: random numbers");
	ret_engine->boots = 1;
	if (path == NULL)
		return 0;
	ret_engine->boots = 0;
	rc = file_read_secret(path, ENGINE_FILE_MAX, &text, NULL, &why);
	if (rc < 0 && rc != -ENOENT)
		return err_set(err, rc, "SNMP engine: %s", why.text);
	if (rc == 0 && !engine_parse(text, ret_engine)) {
		log_warn("snmp",
			 "%s: damaged; starting with a new SNMP engine id",
			 path);
		(void)engine_make(ret_engine);
	}
	ret_engine->boots++;
	rc = engine_save(path, ret_engine, err);
	return rc < 0 ? err_prefix(err, rc, "SNMP engine") : 0;
}

/* What net-snmp has to say is about single packets: for debugging only, or
 * strangers could fill the log. */
static int
library_says(int major, int minor, void *server, void *client)
{
	const struct snmp_log_message *message = server;

	(void)major;
	(void)minor;
	(void)client;
	size_t len = strcspn(message->msg, "\n");
	if (len > 0)
		log_debug("snmp", "net-snmp: %.*s", (int)len, message->msg);
	return 0;
}

static void
library_start(const char *program)
{
	/* Before any call of the library: it looks for files by these. */
	/* Nothing can be made below this one, not even by root. */
	setenv("SNMPCONFPATH", "/dev/null", 1);
	setenv("SNMP_PERSISTENT_DIR", "/dev/null", 1);
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	snmp_disable_log();
	snmp_enable_calllog();
	init_snmp(program);
	snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING,
			       library_says, NULL);
}

int
snmp_engine_start(const char *program, const char *state, struct err *err)
{
	static bool started;
	struct engine engine;
	char boots[24];

	if (started)
		return 0;
	int rc = engine_load(state, &engine, err);
	if (rc < 0)
		return rc;
	library_start(program);
	/* After init_snmp(), which would set an id and one boot of its own. */
	set_exact_engineID(engine.id, sizeof(engine.id));
	snprintf(boots, sizeof(boots), "%" PRIu64, engine.boots - 1);
	engineBoots_conf("engineBoots", boots); /* which adds one */
	set_enginetime(engine.id, sizeof(engine.id), (u_int)engine.boots, 0,
		       TRUE);
	started = true;
	return 0;
}
