/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of uplinks out of what the worker "network" has read.  Pure. */
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/uplinks.h"
#include "common/alloc.h"
#include "snmp-mib/hex.h"

enum { LINKS_MAX = 4096, DEPTH_MAX = 8 };

struct link {
	const json_t *from;
	uint32_t index, master, lower;
	char name[UPLINK_NAME_LEN], kind[UPLINK_NAME_LEN];
	bool taps, management;              /* also by what lies on it */
	enum detail_uplink_role configured; /* UNKNOWN: not */
};

struct net {
	struct link *links;
	size_t n;
};

/* --- the links of a reply ----------------------------------------------------
 */

static int
by_index(const void *a, const void *b)
{
	const struct link *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static struct link *
find_link(const struct net *net, uint32_t index)
{
	const struct link key = { .index = index };

	return index == 0 ? NULL
			  : bsearch(&key, net->links, net->n,
				    sizeof(*net->links), by_index);
}

static enum detail_uplink_role
configured_role(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->n_uplinks; i++)
		if (strcmp(settings->uplinks[i].name, name) == 0)
			return settings->uplinks[i].role;
	return UPLINK_ROLE_UNKNOWN;
}

static void
take_links(struct net *net, const json_t *reply,
	   const struct settings *settings)
{
	const json_t *list = json_object_get(reply, "links");
	uint32_t management =
		(uint32_t)message_number(reply, "management", INT32_MAX);
	size_t n = json_array_size(list);

	if (n > LINKS_MAX)
		n = LINKS_MAX;
	net->links = xcalloc(n + 1, sizeof(*net->links));
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct link *link = &net->links[net->n];

		link->index =
			(uint32_t)message_number(from, "index", INT32_MAX);
		if (link->index == 0)
			continue;
		link->from = from;
		link->master =
			(uint32_t)message_number(from, "master", INT32_MAX);
		link->lower =
			(uint32_t)message_number(from, "lower", INT32_MAX);
		text_copy(link->name, sizeof(link->name),
			  message_text(from, "name"));
		text_copy(link->kind, sizeof(link->kind),
			  message_text(from, "kind"));
		link->taps = message_bool(from, "taps");
		link->management = link->index == management;
		link->configured = configured_role(settings, link->name);
		net->n++;
	}
	qsort(net->links, net->n, sizeof(*net->links), by_index);
}

static bool
is_kind(const struct link *link, const char *kind)
{
	return link != NULL && strcmp(link->kind, kind) == 0;
}

/* What something is for, that by which it goes out is for: ports of a bridge,
 * slaves of a bond, the link under a VLAN. */
static void
pass_down(const struct net *net)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++)
		for (size_t i = 0; i < net->n; i++) {
			struct link *link = &net->links[i];
			const struct link *master =
				find_link(net, link->master);
			struct link *lower = find_link(net, link->lower);

			if (master != NULL) {
				link->taps |= master->taps;
				link->management |= master->management;
			}
			if (lower != NULL) {
				lower->taps |= link->taps;
				lower->management |= link->management;
			}
		}
}

/* --- which of them are rows --------------------------------------------------
 */

static bool
is_row(const struct net *net, const struct link *link)
{
	if (link->configured != UPLINK_ROLE_UNKNOWN)
		return true;
	if (is_kind(link, "bridge"))
		return false;
	if (is_kind(link, "bond") || is_kind(link, "team") || link->management)
		return true;
	if (link->kind[0] == '\0')
		return !message_bool(link->from, "virtual");
	return link->taps && is_kind(find_link(net, link->master), "bridge");
}

static enum detail_uplink_role
role_of(const struct net *net, const struct link *link)
{
	const struct link *master = find_link(net, link->master);

	if (link->configured != UPLINK_ROLE_UNKNOWN)
		return link->configured;
	/* A slave has the role that was given to its bond. */
	if (master != NULL && master->configured != UPLINK_ROLE_UNKNOWN)
		return master->configured;
	if (link->management)
		return UPLINK_ROLE_MANAGEMENT;
	return link->taps ? UPLINK_ROLE_VM : UPLINK_ROLE_OTHER;
}

/* --- one row
 * ------------------------------------------------------------------ */

/* Its bridge may be that of its bond, or of a VLAN on it. */
static const struct link *
bridge_of(const struct net *net, const struct link *link)
{
	for (int depth = 0; link != NULL && depth < DEPTH_MAX; depth++) {
		const struct link *above = find_link(net, link->master);

		if (is_kind(above, "bridge"))
			return above;
		for (size_t i = 0; above == NULL && i < net->n; i++)
			if (net->links[i].lower == link->index &&
			    net->links[i].master != 0)
				above = &net->links[i];
		link = above;
	}
	return NULL;
}

static void
fill_above(const struct net *net, const struct link *link,
	   struct detail_uplink *row)
{
	const struct link *bridge = bridge_of(net, link);
	const struct link *master = find_link(net, link->master);

	if (bridge != NULL)
		text_copy(row->bridge, sizeof(row->bridge), bridge->name);
	if (is_kind(master, "bond") || is_kind(master, "team"))
		text_copy(row->bond, sizeof(row->bond), master->name);
}

/* A team tells nothing of its ports: those with a carrier count. */
static bool
slave_is_up(const struct link *slave)
{
	return message_bool(slave->from, message_bool(slave->from, "is_slave")
						 ? "slave_up"
						 : "carrier");
}

static void
count_slaves(const struct net *net, const struct link *link,
	     struct detail_uplink *row)
{
	if (!is_kind(link, "bond") && !is_kind(link, "team"))
		return;
	for (size_t i = 0; i < net->n; i++)
		if (net->links[i].master == link->index) {
			row->slaves++;
			row->slaves_up += slave_is_up(&net->links[i]);
		}
}

static void
take_mac(const struct link *link, struct detail_uplink *row)
{
	const char *text = message_text(link->from, "mac");
	size_t len = strlen(text) / 2;

	if (len <= UPLINK_MAC_MAX && hex_parse(text, row->mac + 1, len))
		row->mac[0] = (uint8_t)len;
}

static int32_t
number_or_unknown(const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);
	json_int_t number = json_integer_value(value);

	return json_is_integer(value) && number >= 0 && number <= INT32_MAX
		       ? (int32_t)number
		       : UPLINK_UNKNOWN;
}

static enum report_health
health_of(const struct detail_uplink *row)
{
	bool dead = row->carrier == UPLINK_CARRIER_OFF ||
		    (row->slaves > 0 && row->slaves_up == 0);

	if (row->role == UPLINK_ROLE_OTHER && row->bond[0] == '\0' &&
	    row->carrier != UPLINK_CARRIER_ON)
		return HEALTH_UNKNOWN; /* nobody expects a cable there */
	if (row->bond[0] != '\0')      /* the bond lives on by its others */
		return row->carrier == UPLINK_CARRIER_ON ? HEALTH_OK
							 : HEALTH_DEGRADED;
	if (dead || row->carrier == UPLINK_CARRIER_UNKNOWN)
		return HEALTH_CRITICAL;
	return row->slaves_up < row->slaves ? HEALTH_DEGRADED : HEALTH_OK;
}

static void
fill_state(const struct link *link, struct detail_uplink *row)
{
	uint64_t state = message_number(link->from, "state", 6);

	row->state = (enum detail_uplink_state)(state + UPLINK_STATE_UNKNOWN);
	if (!message_bool(link->from, "on"))
		row->carrier = UPLINK_CARRIER_UNKNOWN;
	else
		row->carrier = message_bool(link->from, "carrier")
				       ? UPLINK_CARRIER_ON
				       : UPLINK_CARRIER_OFF;
	row->carrier_changes =
		(uint32_t)message_number(link->from, "changes", UINT32_MAX);
	row->speed_mbit = number_or_unknown(link->from, "speed");
	if (row->speed_mbit == 0)
		row->speed_mbit = UPLINK_UNKNOWN;
}

static void
fill_row(const struct net *net, const struct link *link,
	 struct detail_uplink *row)
{
	row->index = link->index;
	text_copy(row->name, sizeof(row->name), link->name);
	take_mac(link, row);
	row->role = role_of(net, link);
	fill_above(net, link, row);
	count_slaves(net, link, row);
	fill_state(link, row);
	row->vfs = number_or_unknown(link->from, "vfs");
	row->vfs_free = number_or_unknown(link->from, "vfs_free");
	row->health = health_of(row);
}

/* --- use
 * ---------------------------------------------------------------------- */

int32_t
uplink_use(uint64_t before, uint64_t now, int64_t us, int32_t speed_mbit)
{
	if (speed_mbit <= 0 || us <= 0 || now < before ||
	    now - before > UINT64_MAX / 8000)
		return UPLINK_UNKNOWN;
	/* Bits in a microsecond are Mbit/s. */
	uint64_t pm =
		(now - before) * 8000 / (uint64_t)us / (uint64_t)speed_mbit;
	return pm > 1000 ? 1000 : (int32_t)pm;
}

static const struct uplink_count *
find_count(const struct uplink_table *table, uint32_t index)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->counts[i].index == index)
			return &table->counts[i];
	return NULL;
}

static void
measure(const struct link *link, const struct uplink_count *before,
	int64_t at_us, struct detail_uplink *row, struct uplink_count *count)
{
	*count = (struct uplink_count){
		.index = row->index,
		.rx_bytes = message_number(link->from, "rx", INT64_MAX),
		.tx_bytes = message_number(link->from, "tx", INT64_MAX),
		.at_us = at_us,
		.in_pm = UPLINK_UNKNOWN,
		.out_pm = UPLINK_UNKNOWN,
	};
	if (before != NULL &&
	    at_us - before->at_us < INT64_C(1000) * UPLINKS_RATE_MIN_MS) {
		*count = *before;
	} else if (before != NULL) {
		int64_t us = at_us - before->at_us;

		count->in_pm = uplink_use(before->rx_bytes, count->rx_bytes, us,
					  row->speed_mbit);
		count->out_pm = uplink_use(before->tx_bytes, count->tx_bytes,
					   us, row->speed_mbit);
	}
	row->in_pm = row->speed_mbit > 0 ? count->in_pm : UPLINK_UNKNOWN;
	row->out_pm = row->speed_mbit > 0 ? count->out_pm : UPLINK_UNKNOWN;
}

/* --- the table
 * ---------------------------------------------------------------- */

void
uplink_table_make(const json_t *reply, const struct settings *settings,
		  const struct uplink_table *before,
		  struct uplink_table *ret_table)
{
	int64_t at_us = (int64_t)message_number(reply, "us", INT64_MAX);
	struct uplink_table table = { 0 };
	struct net net = { 0 };

	take_links(&net, reply, settings);
	pass_down(&net);
	table.rows = xcalloc(net.n + 1, sizeof(*table.rows));
	table.counts = xcalloc(net.n + 1, sizeof(*table.counts));
	for (size_t i = 0; i < net.n && table.n < DETAIL_UPLINKS_MAX; i++) {
		const struct link *link = &net.links[i];

		/* No two rows of one index, whatever the reply says. */
		if ((i > 0 && link->index == link[-1].index) ||
		    !is_row(&net, link))
			continue;
		fill_row(&net, link, &table.rows[table.n]);
		measure(link, find_count(before, link->index), at_us,
			&table.rows[table.n], &table.counts[table.n]);
		table.n++;
	}
	free(net.links);
	*ret_table = table;
}

void
uplink_table_done(struct uplink_table *table)
{
	free(table->rows);
	free(table->counts);
	*table = (struct uplink_table){ 0 };
}

void
uplink_table_tell(struct uplink_table *table,
		  const struct lldp_neighbour *neighbours, size_t n)
{
	for (size_t i = 0; i < table->n; i++) {
		struct detail_uplink *row = &table->rows[i];

		row->peer[0] = row->peer_port[0] = '\0';
		for (size_t j = 0; j < n; j++) {
			if (strcmp(neighbours[j].link, row->name) != 0)
				continue;
			text_copy(row->peer, sizeof(row->peer),
				  neighbours[j].name);
			text_copy(row->peer_port, sizeof(row->peer_port),
				  neighbours[j].port);
		}
	}
}

static bool
same_row(const struct detail_uplink *a, const struct detail_uplink *b)
{
	return a->index == b->index && a->role == b->role &&
	       a->state == b->state && a->carrier == b->carrier &&
	       a->slaves_up == b->slaves_up && a->slaves == b->slaves &&
	       a->speed_mbit == b->speed_mbit && a->health == b->health &&
	       strcmp(a->name, b->name) == 0 &&
	       strcmp(a->bridge, b->bridge) == 0 &&
	       strcmp(a->bond, b->bond) == 0 && strcmp(a->peer, b->peer) == 0 &&
	       strcmp(a->peer_port, b->peer_port) == 0;
}

bool
uplink_table_same(const struct uplink_table *a, const struct uplink_table *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_row(&a->rows[i], &b->rows[i]);
	return same;
}
