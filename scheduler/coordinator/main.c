/* SPDX-License-Identifier: Apache-2.0 */
/* ironherd-coordinator(8): options, configuration, wire, run, unwind. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/coordinator.h"
#include "scheduler/coordinator/herald.h"

#define DEFAULT_CONFIG "/etc/ironherd/coordinator.conf"

enum exit_status { EXIT_OK, EXIT_FAILED, EXIT_CONFIG };

struct options {
	const char *config;
	bool debug, check, print, dry_run;
};

static void
print_usage(FILE *to)
{
	fputs("usage: ironherd-coordinator [-c FILE] [-d] [--dry-run]\n"
	      "       ironherd-coordinator [-c FILE] --check | "
	      "--print-effective\n"
	      "       ironherd-coordinator --version | --help\n"
	      "  -c FILE             configuration (" DEFAULT_CONFIG ")\n"
	      "  -d                  log for debugging\n"
	      "  --dry-run           observe and decide, but change nothing\n"
	      "  --check             read the configuration, name every "
	      "mistake\n"
	      "  --print-effective   print the configuration with all "
	      "defaults\n",
	      to);
}

static void
parse_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "debug", no_argument, NULL, 'd' },
		{ "check", no_argument, NULL, 'C' },
		{ "print-effective", no_argument, NULL, 'P' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:dh", longs, NULL)) != -1)
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'd':
			options->debug = true;
			break;
		case 'C':
			options->check = true;
			break;
		case 'P':
			options->print = true;
			break;
		case 'n':
			options->dry_run = true;
			break;
		case 'V':
			puts("ironherd-coordinator " IRONHERD_VERSION);
			exit(EXIT_OK);
		case 'h':
			print_usage(stdout);
			exit(EXIT_OK);
		default:
			print_usage(stderr);
			exit(EXIT_CONFIG);
		}
	if (optind < argc) {
		print_usage(stderr);
		exit(EXIT_CONFIG);
	}
}

static void
stop(void *loop)
{
	loop_stop(loop);
}

/* A host takes a descriptor for its agent, and the usual limit is 1024. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int
run(const struct settings *settings, const struct ops *ops)
{
	struct loop *loop = loop_new();
	struct coordinator *co;
	struct err err;

	loop_on_signal(loop, SIGTERM, stop, loop);
	loop_on_signal(loop, SIGINT, stop, loop);
	if (coordinator_open(settings, loop, ops, &co, &err) < 0) {
		log_error("start", "%s", err.text);
		loop_free(loop);
		return EXIT_FAILED;
	}
	log_info("start", "ready: site %s, %zu hosts, %s", settings->site,
		 settings->n_hosts, ops->name);
	loop_run(loop);
	log_info("stop", "stopping");
	coordinator_close(co);
	loop_free(loop);
	return EXIT_OK;
}

int
main(int argc, char **argv)
{
	static const struct worker_role roles[] = {
		{ VIRT_ROLE, virt_serve },
		{ HERALD_ROLE, herald_serve },
	};
	struct options options = { .config = DEFAULT_CONFIG };
	int status = worker_main(argc, argv, roles, 2);

	if (status >= 0)
		return status;
	parse_options(argc, argv, &options);
	log_start("ironherd-coordinator",
		  options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	umask(027);
	raise_descriptors();
	prctl(PR_SET_DUMPABLE, 0); /* passwords must not end in a core file */

	struct settings *settings = settings_load(options.config, stderr);
	if (settings == NULL)
		return EXIT_CONFIG;
	if (options.print)
		settings_print_effective(settings, stdout);
	else if (options.check)
		printf("%s: ok\n", options.config);
	else
		status = run(settings, options.dry_run ? &ops_dry : &ops_real);
	settings_free(settings);
	return status < 0 ? EXIT_OK : status;
}
