/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/address.c - numeric addresses only: a name would be looked up by calls
 * that block, and a fence must not depend on DNS.
 */
#include "ipmi/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"

static int
refuse(struct err *err, const char *text)
{
	return err_set(err, -EINVAL,
		       "\"%.64s\" is not a numeric address with a port; write "
		       "10.0.0.1:623 or [fd00::1]:623",
		       text);
}

static int
parse_host(struct ipmi_address *address, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->socket;

	if (address->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		address->socket_len = sizeof(*in);
		return inet_pton(AF_INET, address->host, &in->sin_addr);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	address->socket_len = sizeof(*in6);
	return inet_pton(AF_INET6, address->host, &in6->sin6_addr);
}

int
ipmi_address_parse(const char *text, struct ipmi_address *ret_address,
		   struct err *err)
{
	struct ipmi_address address = { .family = AF_INET };
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;

	if (colon == NULL || strlen(text) >= sizeof(address.host) ||
	    num_parse_u64(colon + 1, 65535, &port) < 0 || port == 0)
		return refuse(err, text);
	snprintf(address.port, sizeof(address.port), "%u", (unsigned)port);

	const char *host = text;
	size_t len = (size_t)(colon - text);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		address.family = AF_INET6;
		host++;
		len -= 2;
	}
	memcpy(address.host, host, len);
	if (parse_host(&address, (uint16_t)port) != 1)
		return refuse(err, text);
	*ret_address = address;
	return 0;
}

int
bmc_check_address(const char *text, struct err *err)
{
	struct ipmi_address address;

	return ipmi_address_parse(text, &address, err);
}
