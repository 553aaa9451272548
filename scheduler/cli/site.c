/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/site.h"

#include <string.h>

#include "scheduler/cli/cells.h"

enum { TALLY_MAX = 12 }; /* different words counted; the rest is "other" */

struct tally {
	struct word words[TALLY_MAX];
	size_t counts[TALLY_MAX];
	size_t n, total;
};

int
site_load(struct cli *cli, json_t **ret_site)
{
	json_t *site;
	int status = cli_get(cli, "/v1/status", &site);

	if (status != CLI_OK)
		return status;
	if (!json_is_array(json_object_get(site, "clusters")) ||
	    !json_is_array(json_object_get(site, "alarms"))) {
		json_decref(site);
		return cli_complain(
			cli, CLI_FAILED,
			"the coordinator's status lacks clusters or "
			"alarms\nis it of another version than "
			"this command?");
	}
	*ret_site = site;
	return CLI_OK;
}

json_t *
site_collect(const json_t *site, const char *key)
{
	json_t *all = json_array(), *cluster, *item;
	size_t c, i;

	json_array_foreach (json_object_get(site, "clusters"), c, cluster) {
		json_array_foreach (json_object_get(cluster, key), i, item) {
			json_t *copy = json_is_object(item) ? json_copy(item)
							    : json_object();
			json_t *name = json_object_get(cluster, "name");
			if (name != NULL)
				json_object_set(copy, "cluster", name);
			json_array_append_new(all, copy);
		}
	}
	return all;
}

static void
tally_add(struct tally *tally, struct word word)
{
	size_t i = 0;

	while (i < tally->n && strcmp(tally->words[i].text, word.text) != 0)
		i++;
	if (i == tally->n && i < TALLY_MAX)
		tally->words[tally->n++] = word;
	if (i == TALLY_MAX) {
		i = TALLY_MAX - 1;
		tally->words[i] = (struct word){ "other", TONE_WARN };
	}
	tally->counts[i]++;
	tally->total++;
}

static enum tone
louder(enum tone a, enum tone b)
{
	return a > b ? a : b;
}

static enum tone
tally_tone(const struct tally *tally)
{
	enum tone tone = TONE_DIM;

	for (size_t i = 0; i < tally->n; i++)
		tone = louder(tone, tally->words[i].tone);
	return tone;
}

static void
tally_print(const struct cli *cli, const struct tally *tally)
{
	const char *between = "";

	for (int tone = TONE_BAD; tone >= TONE_DIM; tone--) {
		for (size_t i = 0; i < tally->n; i++) {
			if ((int)tally->words[i].tone != tone)
				continue;
			fputs(between, cli->io.out);
			cli_print(cli, (enum tone)tone, "%zu %s",
				  tally->counts[i], tally->words[i].text);
			between = ", ";
		}
	}
}

static void
tally_site(const json_t *site, struct tally *hosts, struct tally *vms,
	   struct tally *alarms)
{
	json_t *cluster, *item;
	size_t c, i;

	json_array_foreach (json_object_get(site, "clusters"), c, cluster) {
		json_array_foreach (json_object_get(cluster, "hosts"), i, item)
			tally_add(hosts, word_host_state(item));
		json_array_foreach (json_object_get(cluster, "vms"), i, item)
			tally_add(vms, word_vm(item));
	}
	json_array_foreach (json_object_get(site, "alarms"), i, item)
		tally_add(alarms, word_severity(field_text(item, "severity")));
}

enum tone
site_tone(const json_t *site)
{
	struct tally hosts = { .n = 0 }, vms = { .n = 0 }, alarms = { .n = 0 };
	enum tone tone;

	tally_site(site, &hosts, &vms, &alarms);
	/* How bad a lost host is, its VMs and the alarms tell. */
	tone = tally_tone(&hosts) > TONE_WARN ? TONE_WARN : tally_tone(&hosts);
	tone = louder(tone, tally_tone(&vms));
	tone = louder(tone, tally_tone(&alarms));
	if (strcmp(field_text(site, "store"), "ok") != 0)
		tone = louder(tone, TONE_BAD);
	return tone;
}

static void
print_group(const struct cli *cli, const char *title, const struct tally *tally)
{
	fprintf(cli->io.out, "%-7s ", title);
	if (tally->total == 0)
		cli_print(cli, TONE_GOOD, "none");
	tally_print(cli, tally);
	fputc('\n', cli->io.out);
}

void
site_print_summary(const struct cli *cli, const json_t *site)
{
	struct tally hosts = { .n = 0 }, vms = { .n = 0 }, alarms = { .n = 0 };

	tally_site(site, &hosts, &vms, &alarms);
	print_group(cli, "hosts", &hosts);
	print_group(cli, "VMs", &vms);
	print_group(cli, "alarms", &alarms);
}

bool
site_has_alarm(const json_t *site, const char *subject)
{
	json_t *alarm;
	size_t i;

	json_array_foreach (json_object_get(site, "alarms"), i, alarm)
		if (strcmp(field_text(alarm, "subject"), subject) == 0)
			return true;
	return false;
}

enum { ALARM_SEVERITY, ALARM_AGE, ALARM_SUBJECT, ALARM_KIND, ALARM_TEXT };

static void
add_alarm(struct table *table, const json_t *alarm, int64_t now_ms)
{
	struct libscols_line *row = table_add(table, NULL);
	struct word word = word_severity(field_text(alarm, "severity"));

	cell_word((struct cell){ table, row, ALARM_SEVERITY }, word);
	cell_since((struct cell){ table, row, ALARM_AGE }, alarm, "since_ms",
		   now_ms);
	cell_text((struct cell){ table, row, ALARM_SUBJECT }, alarm, "subject");
	cell_text((struct cell){ table, row, ALARM_KIND }, alarm, "kind");
	cell_text((struct cell){ table, row, ALARM_TEXT }, alarm, "text");
}

void
alarms_print(const struct cli *cli, const json_t *alarms)
{
	static const struct table_column columns[] = {
		[ALARM_SEVERITY] = { "SEVERITY", 0, 0 },
		[ALARM_AGE] = { "FOR", TABLE_RIGHT, 0 },
		[ALARM_SUBJECT] = { "WHERE", TABLE_TRUNC, 0 },
		[ALARM_KIND] = { "KIND", 0, 1 },
		[ALARM_TEXT] = { "WHAT", TABLE_TEXT, 0 },
		{ NULL, 0, 0 },
	};
	struct table *table = table_new(columns, &cli->io);
	int64_t now_ms = cli->io.now_ms();
	json_t *alarm;
	size_t i;

	/* The loudest first, else in the coordinator's order. */
	for (int tone = TONE_BAD; tone >= TONE_DIM; tone--)
		json_array_foreach (alarms, i, alarm)
			if ((int)word_severity(field_text(alarm, "severity"))
				    .tone == tone)
				add_alarm(table, alarm, now_ms);
	table_print(table);
	table_free(table);
}
