/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/driver.h"

#include <stdio.h>
#include <string.h>

static struct world *used;
static bool is_cut;

void
driver_use(struct world *world)
{
	used = world;
	is_cut = false;
}

struct world *
driver_world(void)
{
	return used;
}

void
driver_cut(bool cut)
{
	is_cut = cut;
}

bool
driver_is_cut(void)
{
	return is_cut;
}

/* --- addresses ------------------------------------------------------------ */

enum { NET_HOSTS = 1, NET_BMCS = 2 }; /* and the second BMCs behind them */

void
driver_agent_address(size_t host, char ret_text[DRIVER_ADDRESS_LEN])
{
	snprintf(ret_text, DRIVER_ADDRESS_LEN, "10.%d.%zu.%zu:161", NET_HOSTS,
		 host / 250, host % 250 + 1);
}

void
driver_bmc_address(size_t host, size_t bmc, char ret_text[DRIVER_ADDRESS_LEN])
{
	snprintf(ret_text, DRIVER_ADDRESS_LEN, "10.%zu.%zu.%zu:623",
		 NET_BMCS + bmc, host / 250, host % 250 + 1);
}

void
driver_virt_uri(size_t host, char ret_text[DRIVER_ADDRESS_LEN])
{
	snprintf(ret_text, DRIVER_ADDRESS_LEN,
		 "qemu+tls://10.%d.%zu.%zu/system", NET_HOSTS, host / 250,
		 host % 250 + 1);
}

/* From three numbers of an address. */
static size_t
host_at(int fields, size_t high, size_t low)
{
	if (used == NULL || fields != 3 || low == 0 ||
	    high * 250 + low - 1 >= used->n_hosts)
		return WORLD_NONE;
	return high * 250 + low - 1;
}

size_t
driver_find_agent(const char *address)
{
	size_t net, high = 0, low = 0;
	int n = sscanf(address, "10.%zu.%zu.%zu:161", &net, &high, &low);

	return host_at(n, high, low);
}

size_t
driver_find_bmc(const char *address, size_t *ret_bmc)
{
	size_t net = 0, high = 0, low = 0;
	int n = sscanf(address, "10.%zu.%zu.%zu:623", &net, &high, &low);

	*ret_bmc = net - NET_BMCS;
	return host_at(n, high, low);
}

size_t
driver_find_virt(const char *uri)
{
	size_t net, high = 0, low = 0;
	int n = sscanf(uri, "qemu+tls://10.%zu.%zu.%zu/", &net, &high, &low);

	return host_at(n, high, low);
}
