/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `ironherd power` that only some verbs have.
 */
#include <string.h>

#include "common/num.h"
#include "scheduler/cli/power_own.h"

static const struct {
	enum option option;
	const char *verb;
	unsigned preset, max; /* of its number; 0: it has none */
	const char *unit;
} only[] = {
	{ OPTION_THEN_OFF, "soft", THEN_OFF_S, THEN_OFF_MAX_S, " of seconds" },
	{ OPTION_SECONDS, "identify", LAMP_S, LAMP_MAX_S, " of seconds" },
	{ OPTION_FOREVER, "identify", 0, 0, "" },
	{ OPTION_OFF, "identify", 0, 0, "" },
	{ OPTION_THRESHOLDS, "sensors", 0, 0, "" },
	{ OPTION_BAD, "sensors", 0, 0, "" },
	{ OPTION_COUNT, "sel", SEL_ENTRIES, SEL_ENTRIES_MAX, "" },
};

enum { ONLY = sizeof(only) / sizeof(only[0]) };

/* -1 when that is no good number. */
static int
read_number(const struct cli *cli, size_t i)
{
	const char *text = cli->values[only[i].option];
	uint64_t number = only[i].preset;

	if (text == NULL)
		return (int)number;
	if (num_parse_u64(text, only[i].max, &number) < 0 || number == 0)
		return -1;
	return (int)number;
}

static int
check_one(const struct cli *cli, size_t i)
{
	const char *name = cli_options[only[i].option].name;
	const char *text = cli->values[only[i].option];

	if (strcmp(only[i].verb, cli->args[0]) != 0)
		return cli_complain(cli, CLI_USAGE,
				    "--%s goes with `ironherd power %s` only",
				    name, only[i].verb);
	if (only[i].max > 0 && read_number(cli, i) < 0)
		return cli_complain(cli, CLI_USAGE,
				    "--%s: \"%.64s\" is not a whole number%s "
				    "from 1 to %u",
				    name, text, only[i].unit, only[i].max);
	return CLI_OK;
}

int
power_check_options(const struct cli *cli)
{
	int status = CLI_OK;

	if (power_find_verb(cli->args[0]) == NULL)
		return CLI_OK; /* complained about elsewhere */
	for (size_t i = 0; i < ONLY && status == CLI_OK; i++)
		if (cli->given[only[i].option])
			status = check_one(cli, i);
	if (status == CLI_OK && cli->given[OPTION_OFF] +
						cli->given[OPTION_SECONDS] +
						cli->given[OPTION_FOREVER] >
					1)
		status = cli_complain(cli, CLI_USAGE,
				      "--off, --seconds and --forever exclude "
				      "each other");
	return status;
}

static unsigned
number_of(const struct cli *cli, enum option option)
{
	size_t i = 0;

	while (only[i].option != option)
		i++;
	return (unsigned)read_number(cli, i);
}

unsigned
power_then_off_s(const struct cli *cli)
{
	return cli->given[OPTION_THEN_OFF] ? number_of(cli, OPTION_THEN_OFF)
					   : 0;
}

unsigned
power_count(const struct cli *cli)
{
	return number_of(cli, OPTION_COUNT);
}

json_t *
power_body(const struct cli *cli, const char *want)
{
	unsigned then_off_s = power_then_off_s(cli);
	json_t *body =
		json_pack("{s:s, s:b, s:s}", "want", want, "force",
			  (int)cli->given[OPTION_FORCE], "by", power_user());

	if (then_off_s != 0)
		json_object_set_new(body, "then_off_s",
				    json_integer(then_off_s));
	return body;
}

int64_t
power_timeout_ms(const struct cli *cli, const char *want)
{
	unsigned then_off_s = power_then_off_s(cli);

	if (cli->given[OPTION_TIMEOUT])
		return cli->timeout_ms;
	if (then_off_s != 0)
		return (int64_t)then_off_s * 1000 + SWITCH_TIMEOUT_MS;
	if (strcmp(want, "on") == 0)
		return ON_TIMEOUT_MS;
	return strcmp(want, "soft") == 0 ? SOFT_TIMEOUT_MS : SWITCH_TIMEOUT_MS;
}

json_t *
power_lamp_body(const struct cli *cli)
{
	json_t *body = json_pack("{s:b}", "on", (int)!cli->given[OPTION_OFF]);

	/* The preset is the coordinator's, so that an older one lights it. */
	if (cli->given[OPTION_SECONDS])
		json_object_set_new(body, "seconds",
				    json_integer(
					    number_of(cli, OPTION_SECONDS)));
	if (cli->given[OPTION_FOREVER])
		json_object_set_new(body, "forever", json_true());
	return body;
}

const char *
power_lamp_words(const struct cli *cli, char buf[TEXT_LEN])
{
	if (cli->given[OPTION_OFF])
		return "blink no more";
	if (cli->given[OPTION_FOREVER])
		return "blink until put out";
	snprintf(buf, TEXT_LEN, "blink for %u s",
		 number_of(cli, OPTION_SECONDS));
	return buf;
}
