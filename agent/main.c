/* SPDX-License-Identifier: Apache-2.0 */
/* ironherd-agent: senses one host and answers over SNMP. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/autostart.h"
#include "agent/ready.h"
#include "agent/roles.h"
#include "agent/settings.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop.h"

enum { EXIT_CONFIG = 2 };
enum { OPT_CHECK = 256, OPT_PRINT, OPT_HOLD, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "debug", no_argument, NULL, 'd' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "print-effective", no_argument, NULL, OPT_PRINT },
	{ "hold-autostart", no_argument, NULL, OPT_HOLD },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
	"usage: ironherd-agent [-d] [-c FILE] [--check | --print-effective |\n"
	"                      --hold-autostart | --version | --help]\n"
	"  -c, --config FILE    instead of " SETTINGS_PATH "\n"
	"  -d, --debug          log more\n"
	"  --check              say what is wrong with the configuration\n"
	"  --print-effective    print it with all presets\n"
	"  --hold-autostart     before libvirtd starts: take away libvirt's\n"
	"                       autostart marks\n"
	"See ironherd-agent(8) and ironherd-agent.conf(5).\n";

/* Even with a broken configuration: what it would change is only where. */
static int
hold_autostart(const struct settings *settings)
{
	struct err err;
	int n = autostart_hold(settings ? settings->system_root : "/",
			       settings ? settings->state_dir
					: "/var/lib/ironherd",
			       &err);

	if (n < 0) {
		log_error("autostart", "%s: libvirtd must not start", err.text);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

static void
stop_agent(void *arg)
{
	agent_stop(arg);
}

static int
run(const struct settings *settings)
{
	int64_t start_ms = clock_mono_ms();
	struct loop *loop = loop_new();
	struct agent *agent;
	struct err err;

	signal(SIGPIPE, SIG_IGN); /* snmpd may drop us at any time */
	if (agent_new(loop, settings, &agent, &err) < 0) {
		log_error("agent", "%s", err.text);
		loop_free(loop);
		return EXIT_FAILURE;
	}
	loop_on_signal(loop, SIGTERM, stop_agent, agent);
	loop_on_signal(loop, SIGINT, stop_agent, agent);
	log_info("agent", "ironherd-agent %s ready in %lld ms",
		 IRONHERD_VERSION, (long long)(clock_mono_ms() - start_ms));
	ready_tell("READY=1");
	loop_run(loop);
	ready_tell("STOPPING=1");
	agent_free(agent);
	loop_free(loop);
	return EXIT_SUCCESS;
}

int
main(int argc, char *argv[])
{
	const char *path = SETTINGS_PATH;
	enum log_level level = LOG_LEVEL_INFO;
	int what = 0, c, rc = roles_main(argc, argv);

	if (rc >= 0)
		return rc;
	while ((c = getopt_long(argc, argv, "c:d", options, NULL)) != -1)
		if (c == 'c')
			path = optarg;
		else if (c == 'd')
			level = LOG_LEVEL_DEBUG;
		else if (c == '?')
			return fputs(usage, stderr), EXIT_CONFIG;
		else
			what = c;
	if (what == OPT_HELP)
		return fputs(usage, stdout), EXIT_SUCCESS;
	if (what == OPT_VERSION)
		return puts("ironherd-agent " IRONHERD_VERSION), EXIT_SUCCESS;
	if (optind < argc)
		return fputs(usage, stderr), EXIT_CONFIG;
	log_start("ironherd-agent", level);
	struct settings *settings = settings_load(path, stderr);
	if (what == OPT_HOLD)
		rc = hold_autostart(settings);
	else if (settings == NULL)
		rc = EXIT_CONFIG;
	else if (what == OPT_CHECK)
		rc = puts("ok") < 0;
	else if (what == OPT_PRINT)
		rc = (settings_print(settings, stdout), EXIT_SUCCESS);
	else
		rc = run(settings);
	settings_free(settings);
	return rc;
}
