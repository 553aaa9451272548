/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The voice as an SNMP agent of its own: one SNMPv3 user, authPriv, who may
 * read our objects, the groups system and snmp, usmStats and, where it is
 * wished, what monitoring wants of any host (voice_modules.c); nothing else.
 * And perhaps one who may read and set what can be set.
 */
#include "snmp-mib/voice_own.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/wire.h"

/* "text" as a line of snmpd.conf wants it, whatever is in it. */
static void
put_quoted(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', to);
		putc(*text, to);
	}
	putc('"', to);
}

enum { LINE_ROOM = 1024 };

/* By the parser of "createUser", which derives the keys for our engine. */
static int
create_user(const struct snmp_account *account, struct err *err)
{
	char line[LINE_ROOM] = "";
	FILE *to = fmemopen(line, sizeof(line) - 1, "w");
	u_char *engine = NULL;
	size_t len;

	if (to == NULL)
		return err_errno(err, -errno, "snmp");
	setvbuf(to, NULL, _IONBF, 0); /* no copy of secrets stays behind */
	put_quoted(to, account->user);
	fprintf(to, " %s ", account->auth);
	put_quoted(to, account->auth_password);
	fprintf(to, " %s ", account->priv);
	put_quoted(to, account->priv_password);
	fclose(to);
	usm_parse_create_usmUser("createUser", line);
	explicit_bzero(line, sizeof(line));
	engine = snmpv3_generate_engineID(&len);
	bool made = engine != NULL &&
		    usm_get_user(engine, len, account->user) != NULL;
	free(engine);
	return made ? 0
		    : err_set(err, -EINVAL,
			      "snmp: net-snmp does not take the account \"%s\"",
			      account->name);
}

/* A line of snmpd.conf. */
static void
configure(const char *before, const char *text, const char *behind)
{
	char line[LINE_ROOM];

	snprintf(line, sizeof(line), "%s%s%s", before, text, behind);
	netsnmp_config(line);
}

/* `who` is "rouser" or "rwuser". */
static void
allow(const char *who, const struct snmp_account *account, const char *view)
{
	char line[LINE_ROOM] = "";
	FILE *to = fmemopen(line, sizeof(line) - 1, "w");

	if (to == NULL)
		return;
	fprintf(to, "%s ", who);
	put_quoted(to, account->user);
	fprintf(to, " priv -V %s", view);
	fclose(to);
	configure(line, "", "");
}

static void
allow_reading(const struct voice_options *options)
{
	const struct codec_tree *const *tree = options->source.trees;
	char root[256];

	for (; *tree != NULL; tree++) {
		codec_oid_print(codec_tree_root(*tree), root, sizeof(root));
		configure("view ironherd included .", root, "");
	}
	configure("view ironherd included .", "1.3.6.1.2.1.1", "");
	if (options->host_mibs)
		voice_modules_configure();
	configure("view ironherd included .", "1.3.6.1.2.1.11", "");
	configure("view ironherd included .", "1.3.6.1.6.3.15.1.1", "");
	allow("rouser", options->account, "ironherd");
}

/* Exactly the objects that can be set. */
static int
allow_writing(const struct voice_options *options, struct err *err)
{
	struct codec_oid oids[CODEC_WRITABLE_MAX];
	char text[256];

	if (options->write_account == NULL)
		return 0;
	int rc = create_user(options->write_account, err);
	if (rc < 0)
		return rc;
	for (size_t i = codec_list_writable(options->source.trees, oids);
	     i-- > 0;) {
		codec_oid_print(&oids[i], text, sizeof(text));
		configure("view ironherd-set included .", text, "");
	}
	allow("rwuser", options->write_account, "ironherd-set");
	return 0;
}

static void
set_flags(const struct voice_options *options)
{
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE,
			       0);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_PORTS,
			      options->listen);
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
			       NETSNMP_DS_AGENT_DONT_LOG_TCPWRAPPERS_CONNECTS,
			       1);
	/* Debian's library would open TCP port 199 to everybody. */
	static char no_smux[] = "!smux";
	add_to_init_list(no_smux);
}

int
voice_standalone_open(const struct voice_options *options, struct err *err)
{
	voice_prepare();
	set_flags(options);
	if (init_agent(VOICE_PROGRAM) != 0)
		return err_set(err, -EIO, "snmp: net-snmp does not start");
	int rc = voice_modules_start(options->host_mibs, err);
	if (rc == 0)
		rc = voice_tree_register(&options->source, err);
	if (rc == 0 && options->host_mibs)
		rc = voice_tree_add(&options->source, codec_host_trees, err);
	if (rc == 0)
		rc = snmp_engine_start(VOICE_PROGRAM, options->engine_file,
				       err);
	if (rc == 0)
		rc = create_user(options->account, err);
	if (rc == 0)
		rc = allow_writing(options, err);
	if (rc < 0)
		return rc;
	allow_reading(options);
	errno = 0;
	if (init_master_agent() != 0)
		return err_set(err, errno != 0 ? -errno : -EADDRINUSE,
			       "snmp: cannot listen at %s: %s", options->listen,
			       errno != 0 ? strerror(errno)
					  : "is another agent there?");
	return 0;
}

void
voice_standalone_close(void)
{
	shutdown_master_agent();
	snmp_shutdown(VOICE_PROGRAM);
	shutdown_agent();
}
