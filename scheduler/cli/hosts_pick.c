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

/* The digits of both as numbers: "rack2-1" and "rak2-01" have the same. */
static bool
same_numbers(const char *a, const char *b)
{
	for (;;) {
		a += strcspn(a, "0123456789");
		b += strcspn(b, "0123456789");
		if (*a == '\0' || *b == '\0')
			return *a == *b;
		a += strspn(a, "0");
		b += strspn(b, "0");
		size_t len = strspn(a, "0123456789");
		if (len != strspn(b, "0123456789") || memcmp(a, b, len) != 0)
			return false;
		a += len;
		b += len;
	}
}

static const char *
cluster_name(const void *clusters, size_t i)
{
	return json_string_value(
		json_object_get(json_array_get(clusters, i), "name"));
}

static const char *
nearest_cluster(const json_t *site, const char *name)
{
	const char *near = cli_nearest(name, cluster_name,
				       json_object_get(site, "clusters"));

	return near != NULL && same_numbers(near, name) ? near : NULL;
}

static int
add_known(const json_t *site, const char *name, struct hosts_arg *hosts,
	  struct err *err)
{
	struct group group = { name + 1, hosts, err, 0 };

	if (name[0] != '@')
		return hosts_arg_add_name(hosts, name, err);
	int rc = hosts_each(site, add_of_group, &group);
	if (rc != 0 || group.n != 0)
		return rc;
	const char *near = nearest_cluster(site, name + 1);
	if (near != NULL)
		return err_set(err, -1,
			       "there is no host in %s\ndid you mean @%.64s?",
			       name, near);
	return err_set(err, -1,
		       "there is no host in %s\nwrite @all, or @ and the name "
		       "of a cluster",
		       name);
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

/* --- names that are not there -------------------------------------------- */

static const char *
next_name(const void *list, size_t i)
{
	return ((const char *const *)list)[i];
}

const char *
hosts_nearest(const json_t *index, const char *name)
{
	const char **names =
		xcalloc(json_object_size(index) + 1, sizeof(*names));
	const char *key;
	json_t *host;
	size_t n = 0;

	json_object_foreach ((json_t *)index, key, host)
		if (same_numbers(key, name))
			names[n++] = key;
	const char *nearest = cli_nearest(name, next_name, names);
	free(names);
	return nearest;
}

/* "h8, noed1 (did you mean node1?)"; the caller's. */
static char *
add_unknown(char *names, const json_t *index, const char *name)
{
	const char *near = hosts_nearest(index, name);
	cleanup_free char *safe = text_safe(name);
	cleanup_free char *old = names;

	return xasprintf("%s%s%s%s%s%s", old, old[0] != '\0' ? ", " : "", safe,
			 near != NULL ? " (did you mean " : "",
			 near != NULL ? near : "", near != NULL ? "?)" : "");
}

/* All that are not configured, before anything is sent. */
static int
refuse_unknown(struct cli *cli, const json_t *index,
	       const struct hosts_arg *hosts)
{
	char *names = xstrdup("");
	size_t n = 0;
	int status = CLI_OK;

	for (size_t i = 0; i < hosts->n; i++)
		if (json_object_get(index, hosts->names[i]) == NULL &&
		    ++n <= NAMED_MAX)
			names = add_unknown(names, index, hosts->names[i]);
	if (n > 0)
		status = cli_complain(cli, CLI_NOT_FOUND,
				      "not configured: %.300s%s\nnothing was "
				      "sent; `ironherd hosts` lists what there "
				      "is",
				      names, n > NAMED_MAX ? ", ..." : "");
	free(names);
	return status;
}

static int
put_host(void *arg, const char *cluster, const json_t *host)
{
	(void)cluster;
	json_object_set(arg, field_text(host, "name"), (json_t *)host);
	return 0;
}

json_t *
hosts_index(const json_t *site)
{
	json_t *index = json_object();

	hosts_each(site, put_host, index);
	return index;
}

int
hosts_pick(struct cli *cli, const json_t *site, const json_t *index,
	   struct hosts_arg *ret_hosts)
{
	struct hosts_arg hosts = { NULL, 0 };
	int status = read_arguments(cli, site, &hosts);

	if (status == CLI_OK)
		status = refuse_unknown(cli, index, &hosts);
	if (status == CLI_OK)
		*ret_hosts = hosts;
	else
		hosts_arg_done(&hosts);
	return status;
}
