/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says what powers a host off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/config.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/settings_internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const suites[] = { "17", "3", NULL };

const struct config_option settings_bmc_options[] = {
	{ .name = "address",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = bmc_check_address },
	{ .name = "account", .type = CONFIG_TEXT, .required = true },
	{ .name = "cipher-suite",
	  .type = CONFIG_WORD,
	  .preset = "17",
	  .words = suites },
	{ .name = "guid", .type = CONFIG_TEXT, .check = guard_check },
	{ .name = "off-settle-ms",
	  .type = CONFIG_INT,
	  .preset = "250", /* POWER_VERIFY_GAP_MS */
	  .min = 250,
	  .max = 4000 },
	{ .name = NULL },
};

const struct config_option settings_pdu_options[] = {
	{ .name = "address",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = settings_check_address },
	{ .name = "snmp-account", .type = CONFIG_TEXT, .required = true },
	{ .name = "kind",
	  .type = CONFIG_WORD,
	  .required = true,
	  .words = pdu_kind_names },
	{ .name = "state-oid", .type = CONFIG_TEXT, .check = pdu_check_oid },
	{ .name = "state-on", .type = CONFIG_INT, .min = 0, .max = INT32_MAX },
	{ .name = "state-off", .type = CONFIG_INT, .min = 0, .max = INT32_MAX },
	{ .name = "on-oid", .type = CONFIG_TEXT, .check = pdu_check_oid },
	{ .name = "on-value", .type = CONFIG_INT, .min = 0, .max = INT32_MAX },
	{ .name = "off-oid", .type = CONFIG_TEXT, .check = pdu_check_oid },
	{ .name = "off-value", .type = CONFIG_INT, .min = 0, .max = INT32_MAX },
	{ .name = NULL },
};

static const struct config_option outlet_options[] = {
	{ .name = "pdu", .type = CONFIG_TEXT, .required = true },
	{ .name = "number",
	  .type = CONFIG_TEXT,
	  .required = true,
	  .check = pdu_check_outlet },
	{ .name = NULL },
};

const struct config_option settings_level_options[] = {
	{ .name = "bmc",
	  .type = CONFIG_SECTION,
	  .sections = settings_bmc_options },
	{ .name = "outlet",
	  .type = CONFIG_LIST,
	  .sections = outlet_options,
	  .check = settings_check_name },
	{ .name = NULL },
};

/* --- BMCs, PDUs, levels -------------------------------------------------- */

const struct snmp_account *
settings_find_snmp(struct settings *s, const struct config_section *sec,
		   const char *option)
{
	const char *name = config_text(sec, option);
	const struct snmp_account *account;

	if (name == NULL || config_count_errors(s->secrets) > 0)
		return NULL; /* reported already */
	account = snmp_accounts_find(s->snmp, s->n_snmp, name);
	if (account == NULL)
		config_complain(s->config, sec, option,
				"there is no snmp \"%s\" in the credentials",
				name);
	return account;
}

static void
read_bmc(struct settings *s, const struct config_section *sec,
	 struct bmc_settings *bmc)
{
	const char *account = config_text(sec, "account");

	bmc->address = config_text(sec, "address");
	bmc->guid = config_text(sec, "guid");
	if (bmc->address != NULL && bmc->guid == NULL &&
	    bmc_is_named(bmc->address))
		config_complain(s->config, sec, "address",
				"a BMC that is found by name needs its guid: "
				"DNS may lead to another");
	bmc->off_settle_ms = config_int(sec, "off-settle-ms");
	bmc->cipher_suite = config_word(sec, "cipher-suite") == 0 ? 17 : 3;
	if (account == NULL || config_count_errors(s->secrets) > 0)
		return;
	bmc->ipmi = ipmi_accounts_find(s->ipmi, s->n_ipmi, account);
	if (bmc->ipmi == NULL)
		config_complain(s->config, sec, "account",
				"there is no bmc \"%s\" in the credentials",
				account);
}

static const char *const custom_options[] = { "state-oid", "state-on",
					      "state-off", "on-oid",
					      "on-value",  "off-oid",
					      "off-value" };

/* All of it where the kind is custom, else nothing of it. */
static void
check_custom(struct settings *s, const struct config_section *sec, bool custom)
{
	for (size_t i = 0; i < COUNT(custom_options); i++) {
		const char *name = custom_options[i];

		if (config_is_set(sec, name) == custom)
			continue;
		config_complain(s->config, sec, custom ? NULL : name,
				custom ? "kind custom needs %s"
				       : "%s goes with kind custom only",
				name);
	}
	if (custom &&
	    config_int(sec, "state-on") == config_int(sec, "state-off"))
		config_complain(s->config, sec, "state-off",
				"on and off must differ");
}

static void
read_pdu(struct settings *s, const struct config_section *sec,
	 struct pdu_settings *pdu)
{
	unsigned kind = config_word(sec, "kind");
	bool custom = strcmp(pdu_kind_names[kind], "custom") == 0;

	pdu->name = config_title(sec);
	pdu->address = config_text(sec, "address");
	pdu->snmp = settings_find_snmp(s, sec, "snmp-account");
	if (config_is_set(sec, "kind"))
		check_custom(s, sec, custom);
	if (!custom) {
		pdu->kind = pdu_kinds[kind];
		return;
	}
	pdu->kind = (struct pdu_kind){
		.name = "custom",
		.state = config_text(sec, "state-oid"),
		.is_on = (int32_t)config_int(sec, "state-on"),
		.is_off = (int32_t)config_int(sec, "state-off"),
		.turn_on = config_text(sec, "on-oid"),
		.value_on = (int32_t)config_int(sec, "on-value"),
		.turn_off = config_text(sec, "off-oid"),
		.value_off = (int32_t)config_int(sec, "off-value"),
	};
}

void
settings_read_pdus(struct settings *s, const struct config_section *root)
{
	s->n_pdus = config_list_len(root, "pdu");
	if (s->n_pdus > SETTINGS_PDUS_MAX) {
		config_complain(s->config, root, NULL, "more than %d PDUs",
				SETTINGS_PDUS_MAX);
		s->n_pdus = SETTINGS_PDUS_MAX;
	}
	s->pdus = xcalloc(s->n_pdus, sizeof(*s->pdus));
	for (size_t i = 0; i < s->n_pdus; i++)
		read_pdu(s, config_list_at(root, "pdu", i), &s->pdus[i]);
}

static size_t
find_pdu(struct settings *s, const struct config_section *sec)
{
	const char *name = config_text(sec, "pdu");

	if (name == NULL)
		return 0; /* reported as missing already */
	for (size_t i = 0; i < s->n_pdus; i++)
		if (strcmp(s->pdus[i].name, name) == 0)
			return i;
	config_complain(s->config, sec, "pdu",
			"there is no pdu \"%s\" in this file", name);
	return 0;
}

static void
read_level(struct settings *s, const struct config_section *sec,
	   struct level_settings *level)
{
	const struct config_section *bmc = config_sub(sec, "bmc");

	level->name = config_title(sec);
	level->has_bmc = bmc != NULL;
	if (bmc != NULL)
		read_bmc(s, bmc, &level->bmc);
	level->n_outlets = config_list_len(sec, "outlet");
	if (level->n_outlets > SETTINGS_OUTLETS_MAX) {
		config_complain(s->config, sec, NULL, "more than %d outlets",
				SETTINGS_OUTLETS_MAX);
		level->n_outlets = SETTINGS_OUTLETS_MAX;
	}
	if (bmc == NULL && level->n_outlets == 0)
		config_complain(s->config, sec, NULL,
				"a level needs a bmc or an outlet");
	for (size_t i = 0; i < level->n_outlets; i++) {
		const struct config_section *outlet =
			config_list_at(sec, "outlet", i);

		level->outlets[i] = (struct outlet_settings){
			.name = config_title(outlet),
			.pdu = find_pdu(s, outlet),
			.number = config_text(outlet, "number"),
		};
	}
}

void
settings_read_levels(struct settings *s, const struct config_section *sec,
		     struct host_settings *host)
{
	const struct config_section *bmc = config_sub(sec, "bmc");

	host->has_bmc = bmc != NULL;
	if (bmc != NULL)
		read_bmc(s, bmc, &host->bmc);
	host->n_levels = config_list_len(sec, "level");
	if (host->n_levels > SETTINGS_LEVELS_MAX) {
		config_complain(s->config, sec, NULL, "more than %d levels",
				SETTINGS_LEVELS_MAX);
		host->n_levels = SETTINGS_LEVELS_MAX;
	}
	host->levels = xcalloc(host->n_levels, sizeof(*host->levels));
	for (size_t i = 0; i < host->n_levels; i++)
		read_level(s, config_list_at(sec, "level", i),
			   &host->levels[i]);
}

/* --- each device once ---------------------------------------------------- */

enum { KEY_LEN = 160 };

struct device_ref {
	char key[KEY_LEN];  /* by address: a PDU may be named twice */
	char name[KEY_LEN]; /* for the message */
	const struct host_settings *host;
	const struct config_section *sec;
	const char *option;
};

struct device_refs {
	struct device_ref *refs;
	size_t n;
};

static void
add_bmc(struct device_refs *to, const struct host_settings *host,
	const struct bmc_settings *bmc, const struct config_section *sec)
{
	struct device_ref *ref = &to->refs[to->n];

	if (bmc->address == NULL)
		return;
	*ref = (struct device_ref){ .host = host,
				    .sec = sec,
				    .option = "address" };
	snprintf(ref->key, sizeof(ref->key), "%s", bmc->address);
	snprintf(ref->name, sizeof(ref->name), "%s is the BMC", bmc->address);
	to->n++;
}

static void
add_outlet(struct device_refs *to, const struct settings *s,
	   const struct host_settings *host,
	   const struct outlet_settings *outlet,
	   const struct config_section *sec)
{
	struct device_ref *ref = &to->refs[to->n];

	if (outlet->number == NULL || outlet->pdu >= s->n_pdus)
		return;
	const struct pdu_settings *pdu = &s->pdus[outlet->pdu];
	if (pdu->address == NULL)
		return;
	*ref = (struct device_ref){ .host = host,
				    .sec = sec,
				    .option = "number" };
	snprintf(ref->key, sizeof(ref->key), "%s %s", pdu->address,
		 outlet->number);
	snprintf(ref->name, sizeof(ref->name),
		 "number %s of pdu \"%s\" is an outlet", outlet->number,
		 pdu->name);
	to->n++;
}

static void
add_host(struct device_refs *to, const struct settings *s,
	 const struct host_settings *host, const struct config_section *sec)
{
	if (host->has_bmc)
		add_bmc(to, host, &host->bmc, config_sub(sec, "bmc"));
	for (size_t i = 0; i < host->n_levels; i++) {
		const struct level_settings *level = &host->levels[i];
		const struct config_section *at =
			config_list_at(sec, "level", i);

		if (level->has_bmc)
			add_bmc(to, host, &level->bmc, config_sub(at, "bmc"));
		for (size_t k = 0; k < level->n_outlets; k++)
			add_outlet(to, s, host, &level->outlets[k],
				   config_list_at(at, "outlet", k));
	}
}

static int
compare_refs(const void *left, const void *right)
{
	const struct device_ref *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	/* The later in the file is the mistake. */
	return order != 0 ? order : (a->host > b->host) - (a->host < b->host);
}

void
settings_refuse_same_devices(struct settings *s,
			     const struct config_section *root)
{
	struct device_refs all = {
		.refs = xcalloc(
			s->n_hosts * (1 + SETTINGS_LEVELS_MAX *
						  (1 + SETTINGS_OUTLETS_MAX)),
			sizeof(*all.refs))
	};

	for (size_t i = 0; i < s->n_hosts; i++)
		add_host(&all, s, &s->hosts[i],
			 config_list_at(root, "host", i));
	qsort(all.refs, all.n, sizeof(*all.refs), compare_refs);
	for (size_t i = 1; i < all.n; i++) {
		const struct device_ref *ref = &all.refs[i];
		const struct device_ref *before = ref - 1;

		if (strcmp(ref->key, before->key) == 0)
			config_complain(s->config, ref->sec, ref->option,
					"%s of host \"%s\" already", ref->name,
					before->host->name);
	}
	free(all.refs);
}
