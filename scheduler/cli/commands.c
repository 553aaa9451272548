/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands and options: parser, help and completion follow these tables.
 */
#include "scheduler/cli/cli.h"

#define BIT(option) (1u << OPTION_##option)
#define REMOTE      (BIT(SOCKET) | BIT(TIMEOUT))
#define READING     (REMOTE | BIT(JSON))

const struct option_word cli_options[OPTIONS] = {
	[OPTION_JSON] = { "json", 0, NULL, "print the coordinator's JSON" },
	[OPTION_SOCKET] = { "socket", 0, "PATH",
			    "the coordinator's socket [" CLI_SOCKET "]" },
	[OPTION_TIMEOUT] = { "timeout", 0, "SECONDS",
			     "longest wait for an answer [10]" },
	[OPTION_FOLLOW] = { "follow", 'f', NULL,
			    "go on with events as they happen" },
	[OPTION_COUNT] = { "number", 'n', "N",
			   "the last N events, or sel: entries [20]" },
	[OPTION_EXIT_CODE] = { "exit-code", 0, NULL,
			       "exit 1 on a warning, 2 when critical, 3 when "
			       "unknown" },
	[OPTION_FORCE] = { "force", 0, NULL, "also while VMs run there" },
	[OPTION_YES] = { "yes", 'y', NULL, "do not ask" },
	[OPTION_THEN_OFF] = { "then-off", 0, "S",
			      "soft: cut the power after S [120] seconds",
			      true },
	[OPTION_OFF] = { "off", 0, NULL, "identify: put the lamp out" },
	[OPTION_SECONDS] = { "seconds", 0, "N",
			     "identify: so long, up to 255 [60]" },
	[OPTION_FOREVER] = { "forever", 0, NULL,
			     "identify: until it is put out" },
	[OPTION_THRESHOLDS] = { "thresholds", 0, NULL,
				"sensors: with their thresholds" },
	[OPTION_BAD] = { "bad", 0, NULL, "sensors: only what is not ok" },
	[OPTION_AGENT] = { "agent", 0, NULL, "it is an agent's configuration" },
	[OPTION_HELP] = { "help", 'h', NULL, "explain the command" },
	[OPTION_VERSION] = { "version", 'V', NULL, "print the version" },
};

const struct command cli_commands[] = {
	{ "status", "", 0, 0, READING | BIT(EXIT_CODE), cmd_status,
	  "the site at a glance: clusters, hosts, VMs, alarms", NULL },
	{ "hosts", "", 0, 0, READING, cmd_hosts,
	  "hosts, with the age of what is known of them", NULL },
	{ "vms", "", 0, 0, READING, cmd_vms, "VMs, and what HA does about them",
	  NULL },
	{ "alarms", "", 0, 0, READING, cmd_alarms,
	  "what needs a person, as long as it stands", NULL },
	{ "events", "", 0, 0, READING | BIT(FOLLOW) | BIT(COUNT), cmd_events,
	  "what happened, newest last",
	  "Without -n the last 20 are shown, with --follow the last 10.\n"
	  "With --json and --follow each event is one line of JSON." },
	{ "explain", "EVENT", 1, 1, READING, cmd_explain,
	  "why an event happened: evidence, choices, refusals",
	  "EVENT is the number in the first column of `ironherd events`." },
	{ "snapshot", "NUMBER", 1, 1, READING, cmd_snapshot,
	  "what was known at a decision, and the plan made", NULL },
	{ "power", "VERB HOSTS", 2, CLI_ARGS_MAX,
	  READING | BIT(COUNT) | BIT(FORCE) | BIT(YES) | BIT(THEN_OFF) |
		  BIT(OFF) | BIT(SECONDS) | BIT(FOREVER) | BIT(THRESHOLDS) |
		  BIT(BAD),
	  cmd_power, "power, sensors and logs of hosts by their BMCs",
	  "VERB: status, on, off, soft (the system shuts itself down),\n"
	  "      identify (the lamp that shows the machine blinks), watts,\n"
	  "      sensors, sel (the BMC's event log)\n"
	  "HOSTS: h1  h1,h7  rack2-[01-16,20]  @CLUSTER  @all\n"
	  "off and soft ask first; without a terminal they need --yes.  They "
	  "are\n"
	  "refused while VMs run on a host, unless --force is given.  See\n"
	  "ironherd-power(1)." },
	{ "confirm-off", "HOST", 1, 1, READING | BIT(YES), cmd_confirm_off,
	  "a silent host has no power: you have been there",
	  "For a host that cannot be proved off: its BMC is dead, and it has "
	  "no\noutlets that could be switched.  Its VMs are started elsewhere "
	  "on your\nword.  Refused as long as anything of it is heard; asks "
	  "for "
	  "its name." },
	{ "ha", "VERB CLUSTER", 1, 2, READING, cmd_ha,
	  "switch high availability of a cluster",
	  "VERB: enable, disable, arm, disarm\n"
	  "disarm lays it down for work on the network: no host is fenced and "
	  "no VM\nstarted until arm, and what is under way ends.  Both without "
	  "CLUSTER are for\nall clusters." },
	{ "maintenance", "VERB HOST", 2, 2, READING, cmd_maintenance,
	  "keep VMs away from a host",
	  "VERB: enter, leave\n"
	  "It takes no VM, and its failure is not counted.  VMs that run there "
	  "stay:\nmove them away yourself." },
	{ "host", "release HOST", 2, 2, READING, cmd_host,
	  "let a host that was set aside take VMs again",
	  "One that fails three times in an hour takes no VM for two hours." },
	{ "vm", "start|stop VM", 2, 2, READING, cmd_vm,
	  "say whether a VM is to run",
	  "Also while its host is dead or silent: what was ordered counts more "
	  "than\nwhat is found when that returns.  A VM that runs is shut down "
	  "by libvirt.\nVM is a name or a UUID." },
	{ "check", "[CONFIG]", 0, 1, BIT(AGENT), cmd_check,
	  "find the mistakes in a configuration file",
	  "A file named agent.conf is taken for an agent's, any other for a\n"
	  "coordinator's.  Without CONFIG: /etc/ironherd/coordinator.conf, "
	  "with\n"
	  "--agent /etc/ironherd/agent.conf." },
	{ "version", "", 0, 0, 0, cmd_version, "print the version", NULL },
	{ "help", "[COMMAND]", 0, 1, 0, cmd_help, "explain a command", NULL },
	{ NULL, NULL, 0, 0, 0, NULL, NULL, NULL },
};
