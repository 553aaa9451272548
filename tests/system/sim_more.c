/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module for ipmi_sim: what it lacks of what real BMCs answer.
 *
 * - Get System GUID over the system interface, too; ipmi_sim itself does so
 *   over the network only.
 * - The last two bytes of Get Watchdog Timer: what is left.  The time is kept
 *   here, beside the simulator's own timer.
 * - DCMI's power: a reading that never changes, and a limit.
 */
#include <errno.h>
#include <OpenIPMI/mcserv.h>
#include <OpenIPMI/serv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	NETFN_APP = 0x06,
	RESET_WATCHDOG = 0x22,
	GET_WATCHDOG = 0x25,
	GET_SYSTEM_GUID = 0x37,
	GUID_LEN = 16,
	SHORT_LEN = 7, /* of an answer about the watchdog, code included */
	RUNNING = 0x40,
	DCMI = 0xdc,
	GET_POWER_READING = 0x02,
	GET_POWER_LIMIT = 0x03,
	INVALID_COMMAND = 0xc1
};

int ipmi_sim_module_init(sys_data_t *sys, const char *hex);

/* Of ipmi_sim: what it does itself. */
extern cmd_handler_f app_netfn_handlers[256];

/* --- its name ------------------------------------------------------------ */

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

/* --- its watchdog -------------------------------------------------------- */

static cmd_handler_f own_reset, own_get;
static int64_t started_ms;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void
reset_watchdog(lmc_data_t *mc, msg_t *msg, unsigned char *reply,
	       unsigned int *len, void *arg)
{
	own_reset(mc, msg, reply, len, arg);
	if (reply[0] == 0)
		started_ms = now_ms();
}

static void
tell_watchdog(lmc_data_t *mc, msg_t *msg, unsigned char *reply,
	      unsigned int *len, void *arg)
{
	own_get(mc, msg, reply, len, arg);
	if (reply[0] != 0 || *len != SHORT_LEN)
		return;
	int64_t left = reply[5] | reply[6] << 8; /* of 100 ms each */
	if (reply[1] & RUNNING)
		left -= (now_ms() - started_ms) / 100;
	left = left < 0 ? 0 : left;
	reply[SHORT_LEN] = left & 0xff;
	reply[SHORT_LEN + 1] = left >> 8 & 0xff;
	*len = SHORT_LEN + 2;
}

/* --- its power meter ----------------------------------------------------- */

/* 173 W now, 42 to 311, 150 in the mean, of the last 4000 s; active. */
static const unsigned char reading[] = { 0, DCMI, 173, 0, 42, 0, 55, 1, 150, 0,
					 0, 0,    0,   0, 0,  9, 61, 0, 0x40 };

/* 400 W, the log is told, after a second, of the mean of a minute. */
static const unsigned char limit[] = { 0, DCMI, 0, 0, 0x11, 0x90, 1, 0xe8,
				       3, 0,    0, 0, 0,    60,   0 };

static void
tell_power(lmc_data_t *mc, msg_t *msg, unsigned char *reply, unsigned int *len,
	   void *arg)
{
	(void)mc;
	(void)arg;
	if (msg->cmd == GET_POWER_READING) {
		memcpy(reply, reading, sizeof(reading));
		*len = sizeof(reading);
	} else if (msg->cmd == GET_POWER_LIMIT) {
		memcpy(reply, limit, sizeof(limit));
		*len = sizeof(limit);
	} else {
		reply[0] = INVALID_COMMAND;
		*len = 1;
	}
}

/* ------------------------------------------------------------------------- */

static bool
take_guid(const char *hex)
{
	if (strlen(hex) != 2 * sizeof(guid))
		return false;
	for (size_t i = 0; i < sizeof(guid); i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' }, *end;

		guid[i] = (unsigned char)strtoul(digits, &end, 16);
		if (*end != '\0')
			return false;
	}
	return true;
}

/* Called by ipmi_sim with the text from its configuration. */
int
ipmi_sim_module_init(sys_data_t *sys, const char *hex)
{
	const struct {
		unsigned char command;
		cmd_handler_f handler;
	} ours[] = {
		{ RESET_WATCHDOG, reset_watchdog },
		{ GET_WATCHDOG, tell_watchdog },
		{ GET_SYSTEM_GUID, tell_guid },
	};

	(void)sys;
	if (!take_guid(hex))
		return EINVAL;
	own_reset = app_netfn_handlers[RESET_WATCHDOG];
	own_get = app_netfn_handlers[GET_WATCHDOG];
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		int rc = ipmi_emu_register_cmd_handler(NETFN_APP,
						       ours[i].command,
						       ours[i].handler, NULL);

		if (rc != 0)
			return rc;
	}
	ipmi_emu_register_group_extension_handler(DCMI, tell_power, NULL);
	return 0;
}
