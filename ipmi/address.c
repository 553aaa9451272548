/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"
#include "common/resolve.h"

static int
refuse(struct err *err, const char *text)
{
	return err_set(err, -EINVAL,
		       "\"%.64s\" is not an address with a port; write "
		       "10.0.0.1:623, [fd00::1]:623 or bmc1.example:623",
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
ipmi_address_from(const struct sockaddr *from, uint16_t port,
		  struct ipmi_address *ret_address)
{
	struct ipmi_address address = { .family = from->sa_family };
	const void *raw =
		from->sa_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)from)
				  ->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)from)
				  ->sin6_addr;

	if (from->sa_family != AF_INET && from->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (inet_ntop(address.family, raw, address.host,
		      sizeof(address.host)) == NULL)
		return -errno;
	snprintf(address.port, sizeof(address.port), "%u", (unsigned)port);
	if (parse_host(&address, port) != 1)
		return -EINVAL;
	*ret_address = address;
	return 0;
}

char *
ipmi_address_name(const char *text, uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (colon == NULL || num_parse_u64(colon + 1, 65535, &port) < 0 ||
	    port == 0)
		return NULL;
	char *name = xasprintf("%.*s", (int)(colon - text), text);
	if (resolve_is_name(name)) {
		*ret_port = (uint16_t)port;
		return name;
	}
	free(name);
	return NULL;
}

bool
bmc_is_named(const char *text)
{
	uint16_t port;
	cleanup_free char *name = ipmi_address_name(text, &port);

	return name != NULL;
}

int
bmc_check_address(const char *text, struct err *err)
{
	struct ipmi_address address;

	return bmc_is_named(text) ? 0 : ipmi_address_parse(text, &address, err);
}
