/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module for ipmi_sim: Get System GUID over the system interface, too, as
 * real BMCs answer it.  ipmi_sim itself does so over the network only.
 */
#include <errno.h>
#include <OpenIPMI/mcserv.h>
#include <OpenIPMI/serv.h>
#include <stdlib.h>
#include <string.h>

enum { NETFN_APP = 0x06, GET_SYSTEM_GUID = 0x37, GUID_LEN = 16 };

int ipmi_sim_module_init(sys_data_t *sys, const char *hex);

static unsigned char guid[GUID_LEN];

static void
tell_guid(lmc_data_t *mc, msg_t *msg, unsigned char *reply, unsigned int *len,
	  void *arg)
{
	(void)mc;
	(void)msg;
	(void)arg;
	reply[0] = 0;
	memcpy(reply + 1, guid, GUID_LEN);
	*len = 1 + GUID_LEN;
}

/* Called by ipmi_sim with the text from its configuration. */
int
ipmi_sim_module_init(sys_data_t *sys, const char *hex)
{
	(void)sys;
	if (strlen(hex) != 2 * sizeof(guid))
		return EINVAL;
	for (size_t i = 0; i < sizeof(guid); i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' }, *end;

		guid[i] = (unsigned char)strtoul(digits, &end, 16);
		if (*end != '\0')
			return EINVAL;
	}
	return ipmi_emu_register_cmd_handler(NETFN_APP, GET_SYSTEM_GUID,
					     tell_guid, NULL);
}
