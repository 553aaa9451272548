/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent takes apart about the network and the mounts: messages of
 * the kernel, the JSON of lldpcli, mountinfo.  The first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lldp.h"
#include "agent/mounts.h"
#include "agent/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
take_messages(const uint8_t *data, size_t len)
{
	struct netlink_message message;
	struct netlink_link link;
	uint32_t index;

	while (netlink_next(&data, &len, &message) == 1)
		if (netlink_parse_link(message.body, message.len, &link) == 0 &&
		    (link.index == 0 || link.mac_len > UPLINK_MAC_MAX ||
		     memchr(link.name, '\0', sizeof(link.name)) == NULL))
			abort();
		else
			netlink_parse_route(message.body, message.len, &index);
}

static void
take_neighbours(const uint8_t *data, size_t len)
{
	json_t *answer = json_loadb((const char *)data, len, 0, NULL);
	struct lldp_neighbour *list;

	if (answer == NULL)
		return;
	if (lldp_parse(answer, &list) > LLDP_NEIGHBOURS_MAX)
		abort();
	free(list);
	json_decref(answer);
}

static void
take_mounts(const uint8_t *data, size_t len)
{
	char *text = calloc(1, len + 1);

	if (text == NULL)
		return;
	if (len > 0)
		memcpy(text, data, len);
	json_decref(mounts_parse(text));
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	/* Of its exact size, so that a byte too many is noticed. */
	uint8_t *copy = malloc(len > 1 ? len - 1 : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, len - 1);
	if (data[0] % 3 == 0)
		take_messages(copy, len - 1);
	else if (data[0] % 3 == 1)
		take_neighbours(copy, len - 1);
	else
		take_mounts(copy, len - 1);
	free(copy);
	return 0;
}
