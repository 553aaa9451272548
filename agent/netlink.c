/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"

#define ALIGNED(len) (((len) + 3) & ~(size_t)3)

enum {
	BUFFER_BYTES = 65536, /* more than the kernel puts into one answer */
	DUMP_TRIES = 3,
	HEARD_MAX = 256 /* datagrams taken at once */
};

/* --- attributes ------------------------------------------------------------
 */

struct attribute {
	uint16_t type;
	const uint8_t *data;
	size_t len;
};

/* 1, 0 at the end, -EBADMSG. */
static int
next_attribute(const uint8_t **at, size_t *left, struct attribute *ret)
{
	struct nlattr head;

	if (*left == 0)
		return 0;
	if (*left < sizeof(head))
		return -EBADMSG;
	memcpy(&head, *at, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > *left)
		return -EBADMSG;
	*ret = (struct attribute){ .type = head.nla_type & NLA_TYPE_MASK,
				   .data = *at + sizeof(head),
				   .len = head.nla_len - sizeof(head) };
	size_t step = ALIGNED((size_t)head.nla_len);
	if (step > *left)
		step = *left;
	*at += step;
	*left -= step;
	return 1;
}

static uint32_t
number_of(const struct attribute *attribute)
{
	uint32_t value = 0;

	if (attribute->len >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return value;
}

static uint8_t
octet_of(const struct attribute *attribute)
{
	return attribute->len > 0 ? attribute->data[0] : 0;
}

static void
text_of(const struct attribute *attribute, char *to, size_t room)
{
	char text[256] = "";
	size_t len = attribute->len < sizeof(text) - 1 ? attribute->len
						       : sizeof(text) - 1;

	memcpy(text, attribute->data, len);
	text_copy(to, room, text);
}

/* --- links ------------------------------------------------------------------
 */

static int
take_slave(const struct attribute *data, struct netlink_link *link)
{
	const uint8_t *at = data->data;
	size_t left = data->len;
	struct attribute attribute;
	int rc;

	while ((rc = next_attribute(&at, &left, &attribute)) == 1)
		if (attribute.type == IFLA_BOND_SLAVE_MII_STATUS)
			link->slave_up = octet_of(&attribute) == BOND_LINK_UP;
	return rc;
}

static int
take_info(const struct attribute *info, struct netlink_link *link)
{
	const uint8_t *at = info->data;
	size_t left = info->len;
	struct attribute attribute, slave = { 0 };
	char slave_kind[UPLINK_NAME_LEN] = "";
	int rc;

	while ((rc = next_attribute(&at, &left, &attribute)) == 1) {
		if (attribute.type == IFLA_INFO_KIND)
			text_of(&attribute, link->kind, sizeof(link->kind));
		else if (attribute.type == IFLA_INFO_SLAVE_KIND)
			text_of(&attribute, slave_kind, sizeof(slave_kind));
		else if (attribute.type == IFLA_INFO_SLAVE_DATA)
			slave = attribute;
	}
	if (rc < 0)
		return rc;
	link->is_slave = strcmp(slave_kind, "bond") == 0;
	return link->is_slave ? take_slave(&slave, link) : 0;
}

static void
take_stats(const struct attribute *stats, struct netlink_link *link)
{
	const size_t rx = offsetof(struct rtnl_link_stats64, rx_bytes);
	const size_t tx = offsetof(struct rtnl_link_stats64, tx_bytes);

	if (stats->len < tx + sizeof(link->tx_bytes))
		return;
	memcpy(&link->rx_bytes, stats->data + rx, sizeof(link->rx_bytes));
	memcpy(&link->tx_bytes, stats->data + tx, sizeof(link->tx_bytes));
}

static void
take_mac(const struct attribute *attribute, struct netlink_link *link)
{
	size_t len = attribute->len < UPLINK_MAC_MAX ? attribute->len
						     : UPLINK_MAC_MAX;

	memcpy(link->mac, attribute->data, len);
	link->mac_len = (uint8_t)len;
}

static int
take_attribute(const struct attribute *attribute, struct netlink_link *link)
{
	switch (attribute->type) {
	case IFLA_IFNAME:
		text_of(attribute, link->name, sizeof(link->name));
		break;
	case IFLA_ADDRESS:
		take_mac(attribute, link);
		break;
	case IFLA_MASTER:
		link->master = number_of(attribute);
		break;
	case IFLA_LINK:
		link->lower = number_of(attribute);
		break;
	case IFLA_OPERSTATE:
		link->state = octet_of(attribute);
		break;
	case IFLA_CARRIER:
		link->carrier = octet_of(attribute) != 0;
		break;
	case IFLA_CARRIER_CHANGES:
		link->carrier_changes = number_of(attribute);
		break;
	case IFLA_STATS64:
		take_stats(attribute, link);
		break;
	case IFLA_LINKINFO:
		return take_info(attribute, link);
	default:
		break;
	}
	return 0;
}

int
netlink_parse_link(const uint8_t *body, size_t len,
		   struct netlink_link *ret_link)
{
	struct netlink_link link = { 0 };
	struct ifinfomsg head;
	struct attribute attribute;
	bool abroad = false;
	int rc;

	if (len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, body, sizeof(head));
	if (head.ifi_index <= 0)
		return -EBADMSG;
	link.index = (uint32_t)head.ifi_index;
	link.type = head.ifi_type;
	link.flags = head.ifi_flags;
	body += ALIGNED(sizeof(head));
	len -= ALIGNED(sizeof(head));
	while ((rc = next_attribute(&body, &len, &attribute)) == 1) {
		abroad |= attribute.type == IFLA_LINK_NETNSID;
		rc = take_attribute(&attribute, &link);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return rc;
	/* The other end of a veth lies in another namespace, or is no ground
	 * to stand on either. */
	if (abroad || link.lower == link.index ||
	    strcmp(link.kind, "veth") == 0)
		link.lower = 0;
	*ret_link = link;
	return 0;
}

int
netlink_parse_route(const uint8_t *body, size_t len, uint32_t *ret_index)
{
	struct attribute attribute;
	uint32_t index = 0;
	int rc;

	if (len < sizeof(struct rtmsg))
		return -EBADMSG;
	body += ALIGNED(sizeof(struct rtmsg));
	len -= ALIGNED(sizeof(struct rtmsg));
	while ((rc = next_attribute(&body, &len, &attribute)) == 1)
		if (attribute.type == RTA_OIF)
			index = number_of(&attribute);
	if (rc < 0)
		return rc;
	*ret_index = index;
	return 0;
}

/* --- messages ---------------------------------------------------------------
 */

static void
take_error(struct netlink_message *message)
{
	int error = -EBADMSG;

	if (message->len >= sizeof(error))
		memcpy(&error, message->body, sizeof(error));
	message->error = error > 0 ? -error : error;
}

int
netlink_next(const uint8_t **buf, size_t *len,
	     struct netlink_message *ret_message)
{
	static const struct {
		uint16_t type;
		enum netlink_kind kind;
	} kinds[] = {
		{ RTM_NEWLINK, NETLINK_LINK },
		{ RTM_DELLINK, NETLINK_LINK_GONE },
		{ RTM_NEWROUTE, NETLINK_ROUTE_FOUND },
		{ NLMSG_DONE, NETLINK_DONE },
		{ NLMSG_ERROR, NETLINK_ERROR },
	};
	struct netlink_message message = { .kind = NETLINK_OTHER };
	struct nlmsghdr head;

	if (*len == 0)
		return 0;
	if (*len < sizeof(head))
		return -EBADMSG;
	memcpy(&head, *buf, sizeof(head));
	if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > *len)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].type == head.nlmsg_type)
			message.kind = kinds[i].kind;
	message.interrupted = (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	message.body = *buf + sizeof(head);
	message.len = head.nlmsg_len - sizeof(head);
	if (message.kind == NETLINK_ERROR)
		take_error(&message);
	size_t step = ALIGNED((size_t)head.nlmsg_len);
	if (step > *len)
		step = *len;
	*buf += step;
	*len -= step;
	*ret_message = message;
	return 1;
}

/* --- asking -----------------------------------------------------------------
 */

static int
open_socket(uint32_t groups, int flags)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK,
				    .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags,
			NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	return fd;
}

/* One datagram of the kernel; the sender is looked at, because any process
 * may send to us. */
static ssize_t
receive(int fd, uint8_t *buf, size_t room)
{
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);

	for (;;) {
		ssize_t n = recvfrom(fd, buf, room, MSG_TRUNC,
				     (struct sockaddr *)&from, &size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (from.nl_pid != 0)
			continue;
		return (size_t)n > room ? -EMSGSIZE : n;
	}
}

struct dump {
	struct netlink_link *links;
	size_t n;
	bool interrupted, done;
};

static int
take_dumped(struct dump *dump, const uint8_t *buf, size_t len)
{
	struct netlink_message message;
	int rc;

	while ((rc = netlink_next(&buf, &len, &message)) == 1) {
		dump->interrupted |= message.interrupted;
		if (message.kind == NETLINK_DONE)
			dump->done = true;
		if (message.kind == NETLINK_ERROR)
			return message.error < 0 ? message.error : -EBADMSG;
		if (message.kind != NETLINK_LINK)
			continue;
		if (dump->n == NETLINK_LINKS_MAX)
			return -E2BIG;
		dump->links = xrealloc(dump->links, dump->n + 1,
				       sizeof(*dump->links));
		rc = netlink_parse_link(message.body, message.len,
					&dump->links[dump->n]);
		if (rc < 0)
			return rc;
		dump->n++;
	}
	return rc;
}

static int
dump_once(int fd, uint8_t *buf, struct dump *dump)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
			  .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.info = { .ifi_family = AF_UNSPEC },
	};

	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	while (!dump->done) {
		ssize_t n = receive(fd, buf, BUFFER_BYTES);
		int rc = n < 0 ? (int)n : take_dumped(dump, buf, (size_t)n);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int
netlink_read_links(struct netlink_link **ret_links, size_t *ret_n,
		   struct err *err)
{
	cleanup_close int fd = open_socket(0, 0);
	cleanup_free uint8_t *buf = xcalloc(1, BUFFER_BYTES);
	struct dump dump = { 0 };
	int rc = fd < 0 ? fd : 0;

	/* Links that came or went meanwhile are worth another look, but where
	 * they never rest the last one is good enough. */
	for (int i = 0; rc == 0 && i < DUMP_TRIES; i++) {
		free(dump.links);
		dump = (struct dump){ 0 };
		rc = dump_once(fd, buf, &dump);
		if (!dump.interrupted)
			break;
	}
	if (rc < 0) {
		free(dump.links);
		return err_errno(err, rc, "asking the kernel for its links");
	}
	*ret_links = dump.links;
	*ret_n = dump.n;
	return 0;
}

struct route_request {
	struct nlmsghdr head;
	struct rtmsg route;
	struct nlattr attribute;
	uint8_t address[16];
};

static bool
make_route_request(const char *address, struct route_request *request)
{
	const bool v6 = strchr(address, ':') != NULL;
	const uint8_t size = v6 ? 16 : 4;

	*request = (struct route_request){
		.head = { .nlmsg_len = (uint32_t)(sizeof(*request) - 16 + size),
			  .nlmsg_type = RTM_GETROUTE,
			  .nlmsg_flags = NLM_F_REQUEST },
		.route = { .rtm_family = v6 ? AF_INET6 : AF_INET,
			   .rtm_dst_len = (uint8_t)(size * 8) },
		.attribute = { .nla_len = (uint16_t)(NLA_HDRLEN + size),
			       .nla_type = RTA_DST },
	};
	return inet_pton(v6 ? AF_INET6 : AF_INET, address, request->address) ==
	       1;
}

uint32_t
netlink_route_to(const char *address)
{
	struct route_request request;
	cleanup_close int fd = open_socket(0, 0);
	uint8_t buf[4096];
	const uint8_t *at = buf;
	struct netlink_message message;
	uint32_t index = 0;

	if (fd < 0 || !make_route_request(address, &request) ||
	    send(fd, &request, request.head.nlmsg_len, 0) < 0)
		return 0;
	ssize_t n = receive(fd, buf, sizeof(buf));
	size_t len = n < 0 ? 0 : (size_t)n;
	while (netlink_next(&at, &len, &message) == 1)
		if (message.kind == NETLINK_ROUTE_FOUND)
			netlink_parse_route(message.body, message.len, &index);
	return index;
}

/* --- listening --------------------------------------------------------------
 */

int
netlink_listen(struct err *err)
{
	int fd = open_socket(RTMGRP_LINK, SOCK_NONBLOCK);

	return fd < 0 ? err_errno(err, fd, "listening for changes of links")
		      : fd;
}

static bool
tells_of_links(const uint8_t *buf, size_t len)
{
	struct netlink_message message;
	bool changed = false;
	int rc;

	while ((rc = netlink_next(&buf, &len, &message)) == 1)
		changed |= message.kind == NETLINK_LINK ||
			   message.kind == NETLINK_LINK_GONE;
	return changed || rc < 0;
}

bool
netlink_heard(int fd)
{
	static uint8_t buf[BUFFER_BYTES];
	bool changed = false;

	for (int i = 0; i < HEARD_MAX; i++) {
		ssize_t n = receive(fd, buf, sizeof(buf));

		if (n == -EAGAIN)
			break;
		/* ENOBUFS above all: the kernel had more to say than there
		 * was room for. */
		changed |= n < 0 || tells_of_links(buf, (size_t)n);
	}
	return changed;
}
