/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of uplinks: messages of the kernel with lengths that lie, links of a
 * network namespace of our own, rows out of replies made by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>

#include "agent/lldp.h"
#include "agent/netlink.h"
#include "agent/roles.h"
#include "agent/uplinks.h"
#include "common/log.h"
#include "common/worker.h"
#include "tests/unit/agent/tree.h"

/* --- messages
 * ----------------------------------------------------------------- */

struct builder {
	uint8_t bytes[1024];
	size_t len;
};

static size_t
put_attribute(struct builder *to, uint16_t type, const void *data, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(NLA_HDRLEN + len),
			       .nla_type = type };
	size_t at = to->len;

	memcpy(to->bytes + at, &head, sizeof(head));
	if (len > 0)
		memcpy(to->bytes + at + NLA_HDRLEN, data, len);
	to->len = at + NLA_ALIGN(NLA_HDRLEN + len);
	return at;
}

static void
put_link(struct builder *to)
{
	const struct ifinfomsg head = { .ifi_index = 7, .ifi_flags = 1 };
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 }, state = 6, on = 1;
	const uint32_t master = 3, changes = 4;
	struct rtnl_link_stats64 stats = { .rx_bytes = 1000, .tx_bytes = 22 };

	memset(to, 0, sizeof(*to));
	memcpy(to->bytes, &head, sizeof(head));
	to->len = sizeof(head);
	put_attribute(to, IFLA_IFNAME, "eth7", 5);
	put_attribute(to, IFLA_ADDRESS, mac, sizeof(mac));
	put_attribute(to, IFLA_OPERSTATE, &state, 1);
	put_attribute(to, IFLA_CARRIER, &on, 1);
	put_attribute(to, IFLA_CARRIER_CHANGES, &changes, 4);
	put_attribute(to, IFLA_MASTER, &master, 4);
	put_attribute(to, IFLA_STATS64, &stats, sizeof(stats));

	struct builder info = { .len = 0 }, slave = { .len = 0 };
	const uint8_t up = 0;
	put_attribute(&slave, IFLA_BOND_SLAVE_MII_STATUS, &up, 1);
	put_attribute(&info, IFLA_INFO_KIND, "veth", 5);
	put_attribute(&info, IFLA_INFO_SLAVE_KIND, "bond", 5);
	put_attribute(&info, IFLA_INFO_SLAVE_DATA, slave.bytes, slave.len);
	put_attribute(to, IFLA_LINKINFO, info.bytes, info.len);
}

static void
a_link_is_taken_apart(void **state)
{
	struct netlink_link link;
	struct builder message;

	(void)state;
	put_link(&message);
	assert_int_equal(netlink_parse_link(message.bytes, message.len, &link),
			 0);
	assert_int_equal(link.index, 7);
	assert_string_equal(link.name, "eth7");
	assert_string_equal(link.kind, "veth");
	assert_int_equal(link.master, 3);
	assert_int_equal(link.state, 6);
	assert_int_equal(link.mac_len, 6);
	assert_int_equal(link.mac[5], 9);
	assert_int_equal(link.carrier_changes, 4);
	assert_int_equal(link.rx_bytes, 1000);
	assert_int_equal(link.tx_bytes, 22);
	assert_true(link.carrier && link.is_slave && link.slave_up);
}

/* In a buffer of its own length, for the sanitizer to see a step beyond. */
static int
parse_exact(const uint8_t *bytes, size_t len)
{
	struct netlink_link link = { 0 };
	uint8_t *copy = malloc(len + 1);

	memcpy(copy, bytes, len);
	uint8_t *tight = realloc(copy, len > 0 ? len : 1);
	int rc = netlink_parse_link(tight, len, &link);
	free(tight);
	assert_true(rc == 0 || rc == -EBADMSG);
	return rc;
}

static void
a_message_cut_anywhere_is_no_step_beyond_its_end(void **state)
{
	struct builder message;
	size_t refused = 0;

	(void)state;
	put_link(&message);
	for (size_t len = 0; len < message.len; len++)
		refused += parse_exact(message.bytes, len) < 0;
	/* Only between two attributes and in padding a cut is not seen. */
	assert_in_range(refused, message.len - 40, message.len);
}

static void
lengths_that_lie_are_refused(void **state)
{
	static const uint16_t lies[] = { 0, 1, 3, 2000, 65535 };
	struct builder message;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		put_link(&message);
		memcpy(message.bytes + sizeof(struct ifinfomsg), &lies[i],
		       sizeof(lies[i]));
		assert_int_equal(parse_exact(message.bytes, message.len),
				 -EBADMSG);
	}
}

static void
garbage_is_survived(void **state)
{
	struct builder message;
	uint32_t luck = 4711;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		put_link(&message);
		for (int j = 0; j < 4; j++) {
			luck = luck * 1664525 + 1013904223;
			message.bytes[(luck >> 8) % message.len] =
				(uint8_t)(luck >> 24);
		}
		parse_exact(message.bytes, message.len);
	}
}

static void
messages_of_a_buffer_are_told_apart(void **state)
{
	struct {
		struct nlmsghdr done;
		int32_t zero;
		struct nlmsghdr error;
		int32_t code;
	} buf = {
		.done = { .nlmsg_len = sizeof(struct nlmsghdr) + 4,
			  .nlmsg_type = NLMSG_DONE,
			  .nlmsg_flags = NLM_F_DUMP_INTR },
		.error = { .nlmsg_len = sizeof(struct nlmsghdr) + 4,
			   .nlmsg_type = NLMSG_ERROR },
		.code = -13,
	};
	const uint8_t *at = (const uint8_t *)&buf;
	size_t len = sizeof(buf);
	struct netlink_message message;

	(void)state;
	assert_int_equal(netlink_next(&at, &len, &message), 1);
	assert_int_equal(message.kind, NETLINK_DONE);
	assert_true(message.interrupted);
	assert_int_equal(netlink_next(&at, &len, &message), 1);
	assert_int_equal(message.kind, NETLINK_ERROR);
	assert_int_equal(message.error, -13);
	assert_int_equal(netlink_next(&at, &len, &message), 0);
	at = (const uint8_t *)&buf;
	len = sizeof(struct nlmsghdr) - 1;
	assert_int_equal(netlink_next(&at, &len, &message), -EBADMSG);
	buf.done.nlmsg_len = sizeof(buf) + 1;
	len = sizeof(buf);
	assert_int_equal(netlink_next(&at, &len, &message), -EBADMSG);
}

/* --- rows
 * ---------------------------------------------------------------------- */

static struct uplink_table
make(const char *links, const struct settings *settings,
     const struct uplink_table *before)
{
	static const struct uplink_table none = { 0 };
	struct uplink_table table;
	json_t *reply = json_loads(links, 0, NULL);

	assert_non_null(reply);
	uplink_table_make(reply, settings, before ? before : &none, &table);
	json_decref(reply);
	return table;
}

static const struct detail_uplink *
row_of(const struct uplink_table *table, const char *name)
{
	for (size_t i = 0; i < table->n; i++)
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	return NULL;
}

#define UP         "\"on\":true,\"carrier\":true,\"state\":6,\"speed\":1000"
#define NO_CARRIER "\"on\":true,\"carrier\":false,\"state\":2,\"speed\":-1"

static const char converged[] =
	"{\"us\":1000000,\"management\":12,\"links\":["
	"{\"index\":2,\"name\":\"eth0\",\"mac\":\"020000000002\","
	"\"master\":4,\"is_slave\":true,\"slave_up\":true," UP "},"
	"{\"index\":3,\"name\":\"eth1\",\"master\":4,\"is_slave\":true,"
	"\"slave_up\":false," NO_CARRIER "},"
	"{\"index\":4,\"name\":\"bond0\",\"kind\":\"bond\"," UP "},"
	"{\"index\":10,\"name\":\"bond0.5\",\"kind\":\"vlan\",\"lower\":4,"
	"\"master\":11," UP "},"
	"{\"index\":11,\"name\":\"br5\",\"kind\":\"bridge\",\"taps\":true," UP
	"},"
	"{\"index\":12,\"name\":\"bond0.6\",\"kind\":\"vlan\",\"lower\":4," UP
	"},"
	"{\"index\":20,\"name\":\"eth2\"," NO_CARRIER "},"
	"{\"index\":21,\"name\":\"eth3\",\"vfs\":8,\"vfs_free\":6," UP "},"
	"{\"index\":22,\"name\":\"eth3v0\",\"virtual\":true," UP "},"
	"{\"index\":30,\"name\":\"docker0\",\"kind\":\"bridge\"," UP "},"
	"{\"index\":31,\"name\":\"vethx\",\"kind\":\"veth\",\"master\":30," UP
	"}]}";

static void
a_bond_under_vlans_has_the_roles_of_what_lies_on_it(void **state)
{
	const struct settings settings = { 0 };
	struct uplink_table table = make(converged, &settings, NULL);
	const struct detail_uplink *eth0 = row_of(&table, "eth0");
	const struct detail_uplink *bond = row_of(&table, "bond0");

	(void)state;
	assert_non_null(eth0);
	assert_non_null(bond);
	assert_int_equal(bond->role, UPLINK_ROLE_MANAGEMENT);
	assert_int_equal(eth0->role, UPLINK_ROLE_MANAGEMENT);
	assert_string_equal(eth0->bond, "bond0");
	assert_string_equal(eth0->bridge, "br5");
	assert_string_equal(bond->bridge, "br5");
	assert_int_equal(eth0->mac[0], 6);
	assert_int_equal(eth0->mac[6], 2);
	assert_int_equal(bond->slaves, 2);
	assert_int_equal(bond->slaves_up, 1);
	assert_int_equal(bond->health, HEALTH_DEGRADED);
	assert_int_equal(eth0->health, HEALTH_OK);
	assert_int_equal(row_of(&table, "eth1")->health, HEALTH_DEGRADED);
	assert_int_equal(row_of(&table, "eth2")->health, HEALTH_UNKNOWN);
	uplink_table_done(&table);
}

static void
guests_ends_containers_and_virtual_functions_are_no_rows(void **state)
{
	const struct settings settings = { 0 };
	struct uplink_table table = make(converged, &settings, NULL);

	(void)state;
	assert_null(row_of(&table, "vethx"));
	assert_null(row_of(&table, "docker0"));
	assert_null(row_of(&table, "br5"));
	assert_null(row_of(&table, "eth3v0"));
	assert_int_equal(row_of(&table, "eth3")->vfs, 8);
	assert_int_equal(row_of(&table, "eth3")->vfs_free, 6);
	assert_int_equal(row_of(&table, "eth0")->vfs, UPLINK_UNKNOWN);
	for (size_t i = 1; i < table.n; i++)
		assert_true(table.rows[i - 1].index < table.rows[i].index);
	uplink_table_done(&table);
}

static void
the_configured_role_wins(void **state)
{
	struct settings_uplink uplinks[] = {
		{ "bond0", UPLINK_ROLE_STORAGE },
		{ "eth2", UPLINK_ROLE_HEARTBEAT },
		{ "vethx", UPLINK_ROLE_MIGRATION },
	};
	const struct settings settings = { .uplinks = uplinks, .n_uplinks = 3 };
	struct uplink_table table = make(converged, &settings, NULL);

	(void)state;
	assert_int_equal(row_of(&table, "bond0")->role, UPLINK_ROLE_STORAGE);
	assert_int_equal(row_of(&table, "eth0")->role, UPLINK_ROLE_STORAGE);
	assert_int_equal(row_of(&table, "vethx")->role, UPLINK_ROLE_MIGRATION);
	/* Now somebody expects a cable. */
	assert_int_equal(row_of(&table, "eth2")->health, HEALTH_CRITICAL);
	uplink_table_done(&table);
}

static void
use_is_of_the_speed_and_unknown_is_never_zero(void **state)
{
	(void)state;
	/* 125 MB in a second are all of 1000 Mbit/s. */
	assert_int_equal(uplink_use(0, 125000000, 1000000, 1000), 1000);
	assert_int_equal(uplink_use(500, 500 + 62500000, 1000000, 1000), 500);
	assert_int_equal(uplink_use(7, 7, 5000000, 1000), 0);
	assert_int_equal(uplink_use(0, UINT64_MAX / 9000, 1, 1), 1000);
	assert_int_equal(uplink_use(0, UINT64_MAX, 1, 1), UPLINK_UNKNOWN);
	assert_int_equal(uplink_use(9, 8, 1000000, 1000), UPLINK_UNKNOWN);
	assert_int_equal(uplink_use(0, 9, 0, 1000), UPLINK_UNKNOWN);
	assert_int_equal(uplink_use(0, 9, 1000000, UPLINK_UNKNOWN),
			 UPLINK_UNKNOWN);
}

#define COUNTS(us, bytes, speed)                                    \
	"{\"us\":" #us                                              \
	",\"links\":[{\"index\":2,\"name\":\"eth0\",\"rx\":" #bytes \
	",\"tx\":0,\"on\":true,\"carrier\":true,\"speed\":" #speed "}]}"

static void
use_is_over_a_period_even_when_it_is_read_more_often(void **state)
{
	const struct settings settings = { 0 };
	struct uplink_table a, b, c, d;

	(void)state;
	a = make(COUNTS(1000000, 0, 100), &settings, NULL);
	assert_int_equal(a.rows[0].in_pm, UPLINK_UNKNOWN);
	b = make(COUNTS(6000000, 6250000, 100), &settings, &a);
	assert_int_equal(b.rows[0].in_pm, 100);
	assert_int_equal(b.rows[0].out_pm, 0);
	c = make(COUNTS(6100000, 9000000, 100), &settings, &b);
	assert_int_equal(c.rows[0].in_pm, 100);
	d = make(COUNTS(7000000, 6250000, -1), &settings, &c);
	assert_int_equal(d.rows[0].in_pm, UPLINK_UNKNOWN);
	assert_int_equal(d.rows[0].speed_mbit, UPLINK_UNKNOWN);
	uplink_table_done(&a);
	uplink_table_done(&b);
	uplink_table_done(&c);
	uplink_table_done(&d);
}

static void
odd_replies_give_no_rows_twice_and_no_crash(void **state)
{
	static const char circles[] =
		"{\"links\":[{\"index\":2,\"master\":2,\"lower\":2},"
		"{\"index\":2},{\"index\":3,\"master\":4},"
		"{\"index\":4,\"master\":3,\"mac\":\"zz\",\"speed\":0}]}";
	static const char *const odd[] = {
		"{}",
		"{\"links\":7}",
		"{\"links\":[null,7,[],{}]}",
		"{\"links\":[{\"index\":-1},{\"index\":99999999999}]}",
		circles,
	};
	const struct settings settings = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct uplink_table table = make(odd[i], &settings, NULL);

		for (size_t j = 1; j < table.n; j++)
			assert_true(table.rows[j - 1].index <
				    table.rows[j].index);
		uplink_table_done(&table);
	}
}

/* --- neighbours
 * ----------------------------------------------------------------- */

static size_t
parse_lldp(const char *text, struct lldp_neighbour **ret_list)
{
	json_t *answer = json_loads(text, 0, NULL);

	assert_non_null(answer);
	size_t n = lldp_parse(answer, ret_list);
	json_decref(answer);
	return n;
}

static void
neighbours_are_read_in_either_layout(void **state)
{
	static const char *const layouts[] = {
		"{\"lldp\":{\"interface\":[{\"eth0\":{\"via\":\"LLDP\","
		"\"chassis\":{\"sw1.example\":{\"id\":{\"type\":\"mac\","
		"\"value\":\"00:11:22:33:44:55\"},\"descr\":\"a switch\"}},"
		"\"port\":{\"id\":{\"type\":\"ifname\",\"value\":\"Gi1/0/7\"},"
		"\"descr\":\"to h1\"}}},"
		"{\"eth1\":{\"chassis\":{\"id\":{\"type\":\"mac\",\"value\":"
		"\"00:11:22:33:44:66\"}},\"port\":{\"id\":{\"type\":\"mac\","
		"\"value\":\"00:11:22:33:44:67\"},\"descr\":\"port 9\"}}},"
		"{\"eth0\":{\"chassis\":{\"other\":{}}}}]}}",
		"{\"lldp\":[{\"interface\":["
		"{\"name\":\"eth0\",\"chassis\":[{\"id\":[{\"type\":\"mac\","
		"\"value\":\"00:11:22:33:44:55\"}],\"name\":[{\"value\":"
		"\"sw1.example\"}]}],\"port\":[{\"id\":[{\"type\":\"ifname\","
		"\"value\":\"Gi1/0/7\"}],\"descr\":[{\"value\":\"to h1\"}]}]},"
		"{\"name\":\"eth1\",\"chassis\":[{\"id\":[{\"type\":\"mac\","
		"\"value\":\"00:11:22:33:44:66\"}]}],\"port\":[{\"id\":["
		"{\"type\":\"mac\",\"value\":\"00:11:22:33:44:67\"}],"
		"\"descr\":[{\"value\":\"port 9\"}]}]}]}]}",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct lldp_neighbour *list;

		assert_int_equal(parse_lldp(layouts[i], &list), 2);
		assert_string_equal(list[0].link, "eth0");
		assert_string_equal(list[0].name, "sw1.example");
		assert_string_equal(list[0].port, "Gi1/0/7");
		assert_string_equal(list[1].link, "eth1");
		assert_string_equal(list[1].name, "00:11:22:33:44:66");
		assert_string_equal(list[1].port, "port 9");
		free(list);
	}
}

static void
a_single_neighbour_is_no_list(void **state)
{
	struct lldp_neighbour *list;

	(void)state;
	assert_int_equal(
		parse_lldp("{\"lldp\":{\"interface\":{\"ens1\":{\"chassis\":"
			   "{\"sw\\n2\":{\"descr\":\"x\"}},\"port\":{\"id\":"
			   "{\"type\":\"local\",\"value\":\"7\"}}}}}}",
			   &list),
		1);
	assert_string_equal(list[0].link, "ens1");
	assert_string_equal(list[0].name, "sw?2");
	assert_string_equal(list[0].port, "7");
	free(list);
}

static void
neighbours_may_say_anything(void **state)
{
	static const char *const odd[] = {
		"{}",
		"[]",
		"{\"lldp\":7}",
		"{\"lldp\":{\"interface\":null}}",
		"{\"lldp\":{\"interface\":[7,null,[],{}]}}",
		"{\"lldp\":{\"interface\":{\"e\":7,\"f\":{\"chassis\":[],"
		"\"port\":{\"id\":[]}},\"g\":{\"chassis\":{\"a\":{},\"b\":{}}}"
		"}}}",
		"{\"lldp\":{\"interface\":{\"a-name-far-too-long-for-a-link\":"
		"{\"chassis\":{\"sw\":{}}}}}}",
	};
	struct lldp_neighbour *list;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		assert_int_equal(parse_lldp(odd[i], &list), 0);
		free(list);
	}
}

struct answer {
	bool came;
	int rc;
	json_t *reply;
};

static void
take_answer(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct answer *answer = arg;

	(void)err;
	answer->came = true;
	answer->rc = rc;
	answer->reply = json_deep_copy(reply);
}

static bool
answer_came(void *arg)
{
	return ((struct answer *)arg)->came;
}

static struct answer
ask_command(const char *script, int64_t deadline_ms)
{
	struct tree tree = { "" };
	struct answer answer = { 0 };

	tree_make(&tree);
	tree_write(&tree, "lldpcli", script);
	assert_int_equal(chmod(tree_path(&tree, "lldpcli"), 0700), 0);
	struct loop *loop = loop_new();
	struct worker *worker = worker_new(loop, "lldp", NULL, NULL);
	json_t *request =
		json_pack("{s:s}", "command", tree_path(&tree, "lldpcli"));
	assert_int_equal(worker_ask(worker, request, deadline_ms, take_answer,
				    &answer),
			 0);
	json_decref(request);
	assert_true(run_until(loop, answer_came, &answer, 10000));
	worker_free(worker);
	loop_free(loop);
	tree_remove(&tree);
	return answer;
}

static void
lldpcli_is_asked_in_a_worker(void **state)
{
	struct answer answer = ask_command(
		"#!/bin/sh\n[ \"$*\" = '-f json show neighbors' ] || exit 1\n"
		"echo '{\"lldp\":{\"interface\":{\"eth0\":{\"chassis\":"
		"{\"sw\":{}}}}}}'\n",
		5000);

	(void)state;
	assert_int_equal(answer.rc, 0);
	const json_t *list = json_object_get(answer.reply, "neighbours");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(list, 0),
						    "name")),
			    "sw");
	json_decref(answer.reply);
}

static void
lldpcli_that_fails_hangs_or_babbles_harms_nobody(void **state)
{
	static const char *const scripts[] = {
		"#!/bin/sh\nexit 1\n",
		"#!/bin/sh\necho nonsense\n",
		"#!/bin/sh\nexec yes\n",
		"#!/bin/sh\nexec sleep 100\n",
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct answer answer = ask_command(scripts[i], 1000);

		if (i == 3)
			assert_int_equal(answer.rc, -ETIMEDOUT);
		else
			assert_non_null(json_object_get(answer.reply, "error"));
		json_decref(answer.reply);
	}
}

/* --- a namespace of our own
 * ------------------------------------------------------ */

static bool own_namespace;

static int
try_shell(const char *command)
{
	return system(command); /* NOLINT(cert-env33-c): ours */
}

static void
shell(const char *command)
{
	assert_int_equal(try_shell(command), 0);
}

#define NEED_NAMESPACE()                                                  \
	do {                                                              \
		if (!own_namespace) {                                     \
			print_message("needs root and the program ip\n"); \
			skip();                                           \
		}                                                         \
	} while (0)

static const struct netlink_link *
link_of(const struct netlink_link *links, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0)
			return &links[i];
	return NULL;
}

static void
the_kernel_s_links_are_read(void **state)
{
	struct netlink_link *links;
	struct err err = { "" };
	size_t n;

	(void)state;
	NEED_NAMESPACE();
	assert_int_equal(netlink_read_links(&links, &n, &err), 0);
	const struct netlink_link *bridge = link_of(links, n, "br0");
	const struct netlink_link *up = link_of(links, n, "up0");
	const struct netlink_link *tap = link_of(links, n, "vnet0");
	assert_non_null(bridge);
	assert_non_null(up);
	assert_non_null(tap);
	assert_string_equal(bridge->kind, "bridge");
	assert_string_equal(up->kind, "veth");
	assert_int_equal(up->master, bridge->index);
	assert_int_equal(up->lower, 0);
	assert_int_equal(up->mac_len, 6);
	assert_string_equal(tap->kind, "tun");
	assert_int_equal(netlink_route_to("10.99.0.7"), bridge->index);
	free(links);
	assert_int_equal(netlink_route_to("nonsense"), 0);
}

struct lab {
	struct loop *loop;
	struct uplinks *uplinks;
	struct settings settings;
	unsigned changes;
	enum detail_uplink_carrier wanted;
};

static void
count_change(void *arg)
{
	((struct lab *)arg)->changes++;
}

static struct detail_uplink
uplink_now(struct lab *lab, const char *name)
{
	struct node_detail *detail = node_detail_new();
	struct detail_uplink found = { 0 };

	uplinks_fill(lab->uplinks, detail);
	for (size_t i = 0; i < detail->n_uplinks; i++)
		if (strcmp(detail->uplinks[i].name, name) == 0)
			found = detail->uplinks[i];
	node_detail_free(detail);
	return found;
}

static bool
carrier_is_as_wanted(void *arg)
{
	struct lab *lab = arg;

	return uplink_now(lab, "up0").carrier == lab->wanted;
}

static void
lab_start(struct lab *lab)
{
	*lab = (struct lab){ .loop = loop_new(),
			     .wanted = UPLINK_CARRIER_ON,
			     .settings = { .system_root = "/" } };
	lab->uplinks =
		uplinks_new(lab->loop, &lab->settings, count_change, lab);
}

static void
lab_stop(struct lab *lab)
{
	uplinks_free(lab->uplinks);
	loop_free(lab->loop);
}

static void
a_cable_that_is_pulled_is_seen_at_once(void **state)
{
	struct lab lab;

	(void)state;
	NEED_NAMESPACE();
	lab_start(&lab);
	assert_true(run_until(lab.loop, carrier_is_as_wanted, &lab, 5000));
	struct detail_uplink row = uplink_now(&lab, "up0");
	assert_int_equal(row.role, UPLINK_ROLE_MANAGEMENT);
	assert_string_equal(row.bridge, "br0");
	assert_int_equal(row.speed_mbit, 10000); /* as veth says */
	assert_int_equal(row.health, HEALTH_OK);
	assert_int_equal(uplink_now(&lab, "vnet0").index, 0);
	assert_int_equal(uplink_now(&lab, "loose0").index, 0);
	unsigned before = lab.changes;
	int64_t start_ms = clock_mono_ms();
	shell("ip link set peer0 down");
	lab.wanted = UPLINK_CARRIER_OFF;
	assert_true(run_until(lab.loop, carrier_is_as_wanted, &lab, 3000));
	print_message("seen after %lld ms\n",
		      (long long)(clock_mono_ms() - start_ms));
	assert_true(lab.changes > before);
	assert_int_equal(uplink_now(&lab, "up0").health, HEALTH_CRITICAL);
	shell("ip link set peer0 up");
	lab_stop(&lab);
}

static void
a_kernel_that_said_too_much_is_asked_anew(void **state)
{
	struct lab lab;

	(void)state;
	NEED_NAMESPACE();
	lab_start(&lab);
	assert_true(run_until(lab.loop, carrier_is_as_wanted, &lab, 5000));
	/* Nobody listens meanwhile: more than the socket holds. */
	shell("i=0; while [ $i -lt 400 ]; do"
	      " echo link set loose0 up; echo link set loose0 down;"
	      " i=$((i+1)); done | ip -batch -; ip link set peer0 down");
	lab.wanted = UPLINK_CARRIER_OFF;
	assert_true(run_until(lab.loop, carrier_is_as_wanted, &lab, 3000));
	shell("ip link set peer0 up");
	lab_stop(&lab);
}

static void
a_bond_counts_its_slaves(void **state)
{
	struct netlink_link *links;
	struct err err = { "" };
	size_t n;

	(void)state;
	NEED_NAMESPACE();
	if (try_shell("ip link add bond7 type bond 2>/dev/null") != 0) {
		print_message("this kernel has no bonding\n");
		skip();
	}
	shell("ip link add s0 type veth peer name t0;"
	      "ip link set s0 master bond7; ip link set t0 up;"
	      "ip link set bond7 up");
	assert_int_equal(netlink_read_links(&links, &n, &err), 0);
	const struct netlink_link *slave = link_of(links, n, "s0");
	assert_non_null(slave);
	assert_true(slave->is_slave);
	free(links);
	shell("ip link del bond7; ip link del s0");
}

static int
setup(void **state)
{
	(void)state;
	/* Gone with this process, whatever becomes of it. */
	own_namespace = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	if (!own_namespace)
		return 0;
	own_namespace =
		try_shell("ip link set lo up;"
			  "ip link add br0 type bridge &&"
			  "ip link add up0 type veth peer name peer0 &&"
			  "ip link add loose0 type veth peer name loose1 &&"
			  "ip tuntap add dev vnet0 mode tap &&"
			  "ip link set up0 master br0 up &&"
			  "ip link set vnet0 master br0 up &&"
			  "ip link set peer0 up && ip link set br0 up &&"
			  "ip addr add 10.99.0.1/24 dev br0 &&"
			  "ip route add default via 10.99.0.2") == 0;
	return 0;
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_taken_apart),
		cmocka_unit_test(
			a_message_cut_anywhere_is_no_step_beyond_its_end),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(garbage_is_survived),
		cmocka_unit_test(messages_of_a_buffer_are_told_apart),
		cmocka_unit_test(
			a_bond_under_vlans_has_the_roles_of_what_lies_on_it),
		cmocka_unit_test(
			guests_ends_containers_and_virtual_functions_are_no_rows),
		cmocka_unit_test(the_configured_role_wins),
		cmocka_unit_test(use_is_of_the_speed_and_unknown_is_never_zero),
		cmocka_unit_test(
			use_is_over_a_period_even_when_it_is_read_more_often),
		cmocka_unit_test(odd_replies_give_no_rows_twice_and_no_crash),
		cmocka_unit_test(neighbours_are_read_in_either_layout),
		cmocka_unit_test(a_single_neighbour_is_no_list),
		cmocka_unit_test(neighbours_may_say_anything),
		cmocka_unit_test(lldpcli_is_asked_in_a_worker),
		cmocka_unit_test(
			lldpcli_that_fails_hangs_or_babbles_harms_nobody),
		cmocka_unit_test(the_kernel_s_links_are_read),
		cmocka_unit_test(a_cable_that_is_pulled_is_seen_at_once),
		cmocka_unit_test(a_kernel_that_said_too_much_is_asked_anew),
		cmocka_unit_test(a_bond_counts_its_slaves),
	};
	int rc = roles_main(argc, argv);

	if (rc >= 0)
		return rc;
	log_start("test", LOG_LEVEL_WARN);
	return cmocka_run_group_tests(tests, setup, NULL);
}
