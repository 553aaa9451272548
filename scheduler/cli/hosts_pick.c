/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/hosts_pick.h"

#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/cli/field.h"
#include "scheduler/cli/text.h"

enum { NAMED_MAX = 8 }; /* in a complaint */

int
hosts_each(const json_t *site,
	   int (*fn)(void *arg, const char *cluster, const json_t *host),
	   void *arg)
{
	const json_t *cluster, *host;
	size_t c, i;

	json_array_foreach (json_object_get(site, "clusters"), c, cluster) {
		json_array_foreach (json_object_get(cluster, "hosts"), i,
				    host) {
			int rc = fn(arg, field_text(cluster, "name"), host);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

struct group {
	const char *name; /* behind the @ */
	struct hosts_arg *hosts;
	struct err *err;
	size_t n;
};

static int
add_of_group(void *arg, const char *cluster, const json_t *host)
{
	struct group *group = arg;

	if (strcmp(group->name, "all") != 0 &&
	    strcmp(group->name, cluster) != 0)
		return 0;
	group->n++;
	return hosts_arg_add_name(group->hosts, field_text(host, "name"),
				  group->err);
}

static int
add_known(const json_t *site, const char *name, struct hosts_arg *hosts,
	  struct err *err)
{
	struct group group = { name + 1, hosts, err, 0 };

	if (name[0] != '@')
		return hosts_arg_add_name(hosts, name, err);
	int rc = hosts_each(site, add_of_group, &group);
	if (rc == 0 && group.n == 0)
		rc = err_set(err, -1,
			     "there is no host in %s\nwrite @all, or "
			     "@ and the name of a cluster",
			     name);
	return rc;
}

static int
read_arguments(struct cli *cli, const json_t *site, struct hosts_arg *hosts)
{
	struct hosts_arg written = { NULL, 0 };
	struct err err = { "" };
	int rc = 0;

	for (size_t i = 1; rc == 0 && i < cli->n_args; i++)
		rc = hosts_arg_add(&written, cli->args[i], &err);
	for (size_t i = 0; rc == 0 && i < written.n; i++)
		rc = add_known(site, written.names[i], hosts, &err);
	hosts_arg_done(&written);
	return rc == 0 ? CLI_OK : cli_fail(cli, CLI_USAGE, &err);
}

static int
is_it(void *arg, const char *cluster, const json_t *host)
{
	(void)cluster;
	return strcmp(arg, field_text(host, "name")) == 0;
}

/* All that are not configured, before anything is sent. */
static int
refuse_unknown(struct cli *cli, const json_t *site,
	       const struct hosts_arg *hosts)
{
	cleanup_free char *names = xstrdup("");
	size_t n = 0;

	for (size_t i = 0; i < hosts->n; i++) {
		if (hosts_each(site, is_it, hosts->names[i]) != 0)
			continue;
		if (++n > NAMED_MAX)
			continue;
		cleanup_free char *old = names;
		cleanup_free char *safe = text_safe(hosts->names[i]);
		names = xasprintf("%s%s%s", old, n > 1 ? ", " : "", safe);
	}
	if (n == 0)
		return CLI_OK;
	return cli_complain(cli, CLI_NOT_FOUND,
			    "not configured: %s%s\nnothing was sent; "
			    "`ironherd hosts` lists what there is",
			    names, n > NAMED_MAX ? ", ..." : "");
}

int
hosts_pick(struct cli *cli, const json_t *site, struct hosts_arg *ret_hosts)
{
	struct hosts_arg hosts = { NULL, 0 };
	int status = read_arguments(cli, site, &hosts);

	if (status == CLI_OK)
		status = refuse_unknown(cli, site, &hosts);
	if (status == CLI_OK)
		*ret_hosts = hosts;
	else
		hosts_arg_done(&hosts);
	return status;
}
