/* SPDX-License-Identifier: Apache-2.0 */
/* How monitoring reads the coordinator: the section snmp. */
#include <errno.h>
#include <string.h>

#include "scheduler/coordinator/settings_internal.h"

#define PRESET_SOCKET  "/var/agentx/master"
#define PRESET_LISTEN  "udp:0.0.0.0:161"
#define PRESET_ACCOUNT "agents"

static const char *const serve_words[] = { "off", "agentx", "standalone",
					   NULL };

static int
check_udp(const char *value, struct err *err)
{
	bool six = strncmp(value, "udp6:", 5) == 0;

	if (!six && strncmp(value, "udp:", 4) != 0)
		return err_set(err, -EINVAL,
			       "not of the form udp:ADDRESS:PORT");
	value += six ? 5 : 4;
	if ((value[0] == '[') != six)
		return err_set(err, -EINVAL,
			       "not of the form udp:ADDRESS:PORT or "
			       "udp6:[ADDRESS]:PORT");
	return settings_check_address(value, err);
}

const struct config_option settings_snmp_options[] = {
	{ .name = "serve",
	  .type = CONFIG_WORD,
	  .preset = "off",
	  .words = serve_words },
	{ .name = "agentx-socket",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_SOCKET,
	  .check = settings_check_path },
	{ .name = "listen",
	  .type = CONFIG_TEXT,
	  .preset = PRESET_LISTEN,
	  .check = check_udp },
	{ .name = "account", .type = CONFIG_TEXT, .preset = PRESET_ACCOUNT },
	{ .name = NULL },
};

void
settings_read_snmp(struct settings *s, const struct config_section *root)
{
	const struct config_section *sec = config_sub(root, "snmp");

	if (sec == NULL)
		return;
	s->serve = (struct serve_settings){
		.how = (enum serve_how)config_word(sec, "serve"),
		.agentx_socket = config_text(sec, "agentx-socket"),
		.listen = config_text(sec, "listen"),
		.account = config_text(sec, "account"),
	};
	/* Accounts that could not be read have been complained of. */
	if (s->serve.how == SERVE_STANDALONE &&
	    config_count_errors(s->secrets) == 0 &&
	    snmp_accounts_find(s->snmp, s->n_snmp, s->serve.account) == NULL)
		config_complain(s->config, sec, "account",
				"there is no snmp \"%s\" in %s",
				s->serve.account, s->credentials);
}
