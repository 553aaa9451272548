/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/address.h - "10.91.0.1:623" and "[fd00::1]:623" taken apart, and
 * "bmc1.example:623".
 */
#ifndef IPMI_ADDRESS_H
#define IPMI_ADDRESS_H

#include <sys/socket.h>

#include "common/err.h"
#include "ipmi/bmc.h"

struct ipmi_address {
	int family;                 /* AF_INET, AF_INET6 */
	char host[BMC_ADDRESS_MAX]; /* without brackets */
	char port[6];
	struct sockaddr_storage socket;
	socklen_t socket_len;
};

/* Numeric only. */
int ipmi_address_parse(const char *text, struct ipmi_address *ret_address,
		       struct err *err);

/* What an address is that DNS gave. */
int ipmi_address_from(const struct sockaddr *from, uint16_t port,
		      struct ipmi_address *ret_address);

/* A name and its port: the name is the caller's to free.  NULL: it is none. */
char *ipmi_address_name(const char *text, uint16_t *ret_port);

#endif
