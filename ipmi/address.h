/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/address.h - "10.91.0.1:623" and "[fd00::1]:623" taken apart.
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

int ipmi_address_parse(const char *text, struct ipmi_address *ret_address,
		       struct err *err);

#endif
