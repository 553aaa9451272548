/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/netlink.h - links of the kernel by rtnetlink: the messages taken apart
 * (pure, and distrustful: a length may say anything), and asking for them.
 *
 * Asking waits for the kernel's lock of all links, which a NIC whose firmware
 * hangs may hold for long: it is done in a worker.  Listening never waits.
 */
#ifndef AGENT_NETLINK_H
#define AGENT_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "snmp-mib/detail_net.h"

enum { NETLINK_LINKS_MAX = 8192 };

struct netlink_link {
	uint32_t index;
	uint32_t master; /* index of the bridge or bond above; 0: none */
	uint32_t lower;  /* index of what a VLAN lies on; 0: none here */
	uint32_t flags;  /* IFF_ */
	uint32_t carrier_changes;
	uint16_t type; /* ARPHRD_ */
	uint8_t state; /* IF_OPER_ */
	bool carrier;
	bool slave_up; /* a slave of a bond that the bond may use */
	bool is_slave; /* of a bond: slave_up counts */
	char name[UPLINK_NAME_LEN];
	char kind[UPLINK_NAME_LEN]; /* "bridge", "tun"...; "": hardware */
	uint8_t mac[UPLINK_MAC_MAX];
	uint8_t mac_len;
	uint64_t rx_bytes, tx_bytes;
};

/* --- pure ------------------------------------------------------------------
 */

enum netlink_kind {
	NETLINK_LINK,
	NETLINK_LINK_GONE,
	NETLINK_ROUTE_FOUND,
	NETLINK_DONE,
	NETLINK_ERROR,
	NETLINK_OTHER
};

struct netlink_message {
	enum netlink_kind kind;
	bool interrupted; /* the dump is not of one moment */
	int error;        /* negative errno of NETLINK_ERROR; 0: success */
	const uint8_t *body;
	size_t len;
};

/* The first message of the buffer; moves on behind it.  1, 0 at the end, or
 * -EBADMSG: the rest makes no sense. */
int netlink_next(const uint8_t **buf, size_t *len,
		 struct netlink_message *ret_message);

/* The bodies of NETLINK_LINK and NETLINK_ROUTE_FOUND; -EBADMSG. */
int netlink_parse_link(const uint8_t *body, size_t len,
		       struct netlink_link *ret_link);
int netlink_parse_route(const uint8_t *body, size_t len, uint32_t *ret_index);

/* --- asking; may block ------------------------------------------------------
 */

/* All links, in the order of the kernel; the caller's to free. */
int netlink_read_links(struct netlink_link **ret_links, size_t *ret_n,
		       struct err *err);

/* The link by which a numeric address is reached, 0 when there is none. */
uint32_t netlink_route_to(const char *address);

/* --- listening --------------------------------------------------------------
 */

/* A descriptor, not blocking, that becomes readable when links change. */
int netlink_listen(struct err *err);

/* Take what is there: true when a link has changed, or when so much was said
 * that some of it was lost. */
bool netlink_heard(int fd);

#endif
