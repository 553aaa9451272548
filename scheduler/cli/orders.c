/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that the coordinator keeps: HA, maintenance, hosts, VMs. */
#include <string.h>

#include "common/cleanup.h"
#include "scheduler/cli/cli.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/order.h"
#include "scheduler/cli/site.h"
#include "scheduler/cli/text.h"

/* A word after the command, the body it sends, and where. */
struct order {
	const char *word; /* NULL ends the table */
	const char *before, *after;
	const char *field;
	const char *text; /* NULL: the field is a boolean, `on` */
	bool on;
	const char *done; /* what is to be read behind the name */
};

static const struct order *
find_order(const struct order *orders, const char *word)
{
	for (; orders->word != NULL; orders++)
		if (strcmp(orders->word, word) == 0)
			return orders;
	return NULL;
}

static int
send(struct cli *cli, const struct order *order, const char *name)
{
	cleanup_free char *path =
		cli_path(cli, order->before, name, order->after);
	json_t *answer,
		*body = order->text != NULL
				? json_pack("{s:s}", order->field, order->text)
				: json_pack("{s:b}", order->field, order->on);
	int status = cli_post(cli, path, body, CLI_SWITCH_MS, &answer);

	json_decref(body);
	if (status != CLI_OK)
		return status;
	if (cli->given[OPTION_JSON]) {
		cli_print_json(cli, answer);
	} else {
		cleanup_free char *safe = text_safe(name);
		fprintf(cli->io.out, "%s: %s\n", safe, order->done);
	}
	json_decref(answer);
	return CLI_OK;
}

static const char *
word_at(const void *list, size_t i)
{
	return ((const struct order *)list)[i].word;
}

static int
complain_word(const struct cli *cli, const struct order *orders)
{
	const char *near = cli_nearest(cli->args[0], word_at, orders);

	return cli_complain(cli, CLI_USAGE,
			    "unknown word \"%.64s\"\ndid you mean %s?",
			    cli->args[0], near != NULL ? near : orders->word);
}

static int
run_order(struct cli *cli, const struct order *orders, const char *what)
{
	const struct order *order = find_order(orders, cli->args[0]);

	if (order == NULL)
		return complain_word(cli, orders);
	if (cli->args[1][0] == '\0')
		return cli_complain(cli, CLI_USAGE, "the %s has no name", what);
	return send(cli, order, cli->args[1]);
}

int
cmd_maintenance(struct cli *cli)
{
	static const struct order orders[] = {
		{ "enter", "/v1/hosts/", "/maintenance", "on", NULL, true,
		  "in maintenance: it takes no VM; those that run there stay" },
		{ "leave", "/v1/hosts/", "/maintenance", "on", NULL, false,
		  "may take VMs again" },
		{ .word = NULL },
	};

	return run_order(cli, orders, "host");
}

int
cmd_host(struct cli *cli)
{
	static const struct order orders[] = {
		{ "release", "/v1/hosts/", "/set-aside", "on", NULL, false,
		  "no longer set aside" },
		{ .word = NULL },
	};

	return run_order(cli, orders, "host");
}

int
cmd_vm(struct cli *cli)
{
	static const struct order orders[] = {
		{ "start", "/v1/vms/", "/order", "want", "run", false,
		  "is to run" },
		{ "stop", "/v1/vms/", "/order", "want", "off", false,
		  "is to stay off" },
		{ .word = NULL },
	};

	return run_order(cli, orders, "VM");
}

/* --- HA laid down and taken up ------------------------------------------- */

static const struct order arms[] = {
	{ "arm", "/v1/clusters/", "/armed", "armed", NULL, true,
	  "HA armed; nothing is fenced for some seconds" },
	{ "disarm", "/v1/clusters/", "/armed", "armed", NULL, false,
	  "HA DISARMED: no host is fenced and no VM started" },
	{ .word = NULL },
};

bool
order_is_arms(const char *word)
{
	return find_order(arms, word) != NULL;
}

/* All clusters; the first failure is the status, the others go on. */
static int
send_all(struct cli *cli, const struct order *order)
{
	json_t *site, *cluster;
	size_t i;
	int status = site_load(cli, &site);

	if (status != CLI_OK)
		return status;
	json_array_foreach (json_object_get(site, "clusters"), i, cluster) {
		int rc = send(cli, order, field_text(cluster, "name"));

		if (status == CLI_OK)
			status = rc;
	}
	json_decref(site);
	return status;
}

int
order_arms(struct cli *cli)
{
	const struct order *order = find_order(arms, cli->args[0]);

	if (cli->n_args == 1)
		return send_all(cli, order);
	return run_order(cli, arms, "cluster");
}
