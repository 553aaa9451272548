/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/settings_own.h - between the files of the settings.
 *
 *	settings_grammar.c	options, and what each value must look like
 *	settings.c		values out of the file
 *	settings_judge.c	what does not go together
 */
#ifndef AGENT_SETTINGS_OWN_H
#define AGENT_SETTINGS_OWN_H

#include "agent/settings.h"
#include "common/config.h"

#define PRESET_SOCKET   "/var/agentx/master"
#define PRESET_LISTEN   "udp:0.0.0.0:161"
#define PRESET_ACCOUNT  "agents"
#define PRESET_WATCHDOG "/dev/watchdog0"
#define PRESET_URI      "qemu:///system"

extern const struct config_option settings_options[];
extern const char *const settings_virt_types[];

/* Complaints go to the settings' own file, mistakes of the credentials file to
 * `errors`; returns how many of the latter there were. */
size_t settings_judge(struct settings *settings, FILE *errors);

#endif
