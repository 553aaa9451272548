/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/cli.h - one run of the `ironherd` command.
 *
 * Everything a run touches comes in by struct cli_io, so that tests run the
 * whole command within their own process.
 */
#ifndef SCHEDULER_CLI_CLI_H
#define SCHEDULER_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "scheduler/cli/words.h"

/* Exit statuses; ironherd(1) promises them. */
enum {
	CLI_OK = 0,
	CLI_FAILED = 1,       /* tried, refused or failed */
	CLI_USAGE = 2,        /* wrong arguments or configuration */
	CLI_UNREACHABLE = 3,  /* no coordinator */
	CLI_NOT_FOUND = 4,    /* no such host, cluster, event */
	CLI_UNANSWERED = 5,   /* no answer in time: outcome not known */
	CLI_INTERRUPTED = 130 /* by Ctrl-C, as shells say it */
};

#define CLI_SOCKET     "/run/ironherd/api.sock"
#define CLI_SOCKET_ENV "IRONHERD_SOCKET"

/* A verb and as many names of hosts as a list may have, one by one. */
enum { CLI_ARGS_MAX = 1 + 4096, CLI_TIMEOUT_MS = 10000 };

struct cli_io {
	FILE *in, *out, *err;
	bool can_ask; /* `in` is a person at a terminal */
	bool color;
	size_t width;            /* of `out`; 0: no terminal, no limit */
	int64_t (*now_ms)(void); /* wall clock */
};

enum option {
	OPTION_JSON,
	OPTION_SOCKET,
	OPTION_TIMEOUT,
	OPTION_FOLLOW,
	OPTION_COUNT,
	OPTION_EXIT_CODE,
	OPTION_FORCE,
	OPTION_YES,
	OPTION_THEN_OFF,
	OPTION_OFF,
	OPTION_SECONDS,
	OPTION_FOREVER,
	OPTION_THRESHOLDS,
	OPTION_BAD,
	OPTION_AGENT,
	OPTION_HELP,
	OPTION_VERSION,
	OPTIONS
};

struct cli;
struct client;

struct command {
	const char *name; /* NULL ends the table */
	const char *args; /* as shown in help */
	unsigned min_args, max_args;
	unsigned options; /* bits: 1 << enum option */
	int (*run)(struct cli *cli);
	const char *help; /* one line */
	const char *more; /* further lines, or NULL */
};

struct option_word {
	const char *name;  /* without "--" */
	char letter;       /* 0: none */
	const char *value; /* name of its value, NULL: none */
	const char *help;
	bool optional; /* its value is; then only as --NAME=VALUE */
};

extern const struct command cli_commands[];
extern const struct option_word cli_options[OPTIONS];

struct cli {
	struct cli_io io;
	const struct command *command; /* NULL: none given */
	const char *args[CLI_ARGS_MAX];
	size_t n_args;
	bool given[OPTIONS];
	const char *values[OPTIONS];
	int64_t timeout_ms;
	struct client *client; /* made when first needed */
};

/* The whole command; returns the exit status. */
int cli_run(const struct cli_io *io, int argc, char *const argv[]);

/* Read the arguments into `cli`: 0, or CLI_USAGE with the complaint made. */
int cli_parse(struct cli *cli, int argc, char *const argv[]);
const struct command *cli_find_command(const char *name);
/* There is no such command; suggests one. */
int cli_complain_command(const struct cli *cli, const char *name);

/*
 * Ask the coordinator; the answer is the caller's.  Texts in it are harmless
 * to a terminal unless --json is given: then it is printed escaped.
 * 0 or negative errno of client_call().
 */
int cli_ask(struct cli *cli, const char *path, const json_t *body,
	    int64_t timeout_ms, json_t **ret_answer, struct err *err);

/* As cli_ask for GET at the usual time limit, and complain; 0 or an exit
 * status. */
int cli_get(struct cli *cli, const char *path, json_t **ret_answer);

/* Where the coordinator is, by option, environment or preset. */
const char *cli_socket(const struct cli *cli);

/* "/v1/hosts/NAME/power" with any NAME; the caller frees it. */
char *cli_path(struct cli *cli, const char *before, const char *name,
	       const char *after);

/* Escaped so that no terminal takes harm.  Sorted, indented; or one line. */
void cli_print_json(const struct cli *cli, const json_t *value);
void cli_print_json_line(const struct cli *cli, const json_t *value);

/* Say on io.err what went wrong, and below what to do; returns the status. */
int cli_fail(const struct cli *cli, int status, const struct err *err);
int cli_complain(const struct cli *cli, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The exit status for a negative errno of cli_ask(). */
int cli_status_of(int rc);

/* Write to io.out in a tone. */
void cli_print(const struct cli *cli, enum tone tone, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Where a name is nearly one of those that next() gives until NULL: that
 * one, else NULL. */
const char *cli_nearest(const char *name,
			const char *(*next)(const void *list, size_t i),
			const void *list);

/* The commands, one file each or few. */
int cmd_status(struct cli *cli);
int cmd_hosts(struct cli *cli);
int cmd_vms(struct cli *cli);
int cmd_alarms(struct cli *cli);
int cmd_events(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_snapshot(struct cli *cli);
int cmd_power(struct cli *cli);
int cmd_confirm_off(struct cli *cli);
int cmd_ha(struct cli *cli);
int cmd_maintenance(struct cli *cli);
int cmd_host(struct cli *cli);
int cmd_vm(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_help(struct cli *cli);

#endif
