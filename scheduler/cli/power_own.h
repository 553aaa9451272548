/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/power_own.h - between the files of `ironherd power`:
 *
 *	power.c          one host
 *	power_many.c     many hosts side by side
 *	power_show.c     what is told of many
 *	power_sensors.c  their sensors
 *	power_sel.c      their event logs
 *	power_options.c  the options of single verbs, and what they send
 */
#ifndef SCHEDULER_CLI_POWER_OWN_H
#define SCHEDULER_CLI_POWER_OWN_H

#include "scheduler/cli/cli.h"
#include "scheduler/cli/client.h"
#include "scheduler/cli/hosts_arg.h"
#include "scheduler/cli/table.h"
#include "scheduler/cli/text.h"

enum {
	/* A verified switch takes tens of seconds on real machines, a system
	 * that shuts itself down minutes. */
	SWITCH_TIMEOUT_MS = 90000,
	SOFT_TIMEOUT_MS = 180000,
	/* Its outlets may come first, and then its BMC has to start. */
	ON_TIMEOUT_MS = 240000,
	/* Many requests; the coordinator gives up after 60 s. */
	LOOK_TIMEOUT_MS = 75000,

	THEN_OFF_S = 120, /* unless it is said */
	THEN_OFF_MAX_S = 600,
	LAMP_S = 60, /* unless it is said */
	LAMP_MAX_S = 255,
	SEL_ENTRIES = 20, /* unless it is said */
	SEL_ENTRIES_MAX = 256
};

/* --- one host ------------------------------------------------------------ */

/* Only a reading that went well tells: not an old state beside an error. */
bool power_is_read(const json_t *answer);

/* Was the wanted state read twice?  Anything else is no success. */
bool power_is_done(const json_t *answer, const char *want);

/* A line that a person answered; changed. */
bool power_is_yes(char *answer);

/* "2.31 s", "23 ms" */
const char *power_show_rtt(char buf[TEXT_LEN], int64_t ms);

/* For the record: who did it. */
const char *power_user(void);

/* --- options ------------------------------------------------------------- */

/* Do the options fit the verb, and are their values good?  CLI_OK, or
 * CLI_USAGE with the complaint made; then the rest may be called. */
int power_check_options(const struct cli *cli);

/* What is sent to have it switched, or the lamp lit; the caller's. */
json_t *power_body(const struct cli *cli, const char *want);
json_t *power_lamp_body(const struct cli *cli);

int64_t power_timeout_ms(const struct cli *cli, const char *want);

/* With --then-off: after so long; else 0. */
unsigned power_then_off_s(const struct cli *cli);

/* Entries of a log. */
unsigned power_count(const struct cli *cli);

/* "blink for 60 s" */
const char *power_lamp_words(const struct cli *cli, char buf[TEXT_LEN]);

/* --- many ---------------------------------------------------------------- */

struct power_many;

struct power_verb {
	const char *name, *path;
	const char *want;    /* the state of power, of a switch */
	const char *summary; /* "12 of 16 ..."; NULL: of the lamp's options */
	bool cuts;           /* asks before */
	bool orders;         /* by POST, else it reads */
	bool (*is_good)(const struct power_many *many, const json_t *answer);
	const struct table_column *columns; /* NULL: only a summary */
	/* Fills a host's row, or shows tables of its own. */
	void (*set)(const struct power_many *many, struct table *table,
		    struct libscols_line *row, size_t i);
	void (*show)(const struct power_many *many);
	bool counts;        /* so many are asked for */
	int64_t timeout_ms; /* of what is no switch; 0: the usual one */
};

struct power_many {
	struct cli *cli;
	const struct power_verb *verb;
	struct hosts_arg hosts;
	json_t *site;
	json_t *index; /* name to host of the site */
	struct client_one *calls;
	size_t n_failed; /* so far */
	bool interrupted;
};

/* `ironherd power VERB LIST...` */
int power_many(struct cli *cli);

/* NULL: there is none. */
const struct power_verb *power_find_verb(const char *name);

/* There is no such verb; suggests one. */
int power_complain_verb(const struct cli *cli);

/* The coordinator answered, and what it said is what was wanted. */
bool power_is_good(const struct power_many *many, const struct client_one *one);

extern const struct table_column power_columns[], watts_columns[];
void power_set_row(const struct power_many *many, struct table *table,
		   struct libscols_line *row, size_t i);
void watts_set_row(const struct power_many *many, struct table *table,
		   struct libscols_line *row, size_t i);

/* Several rows for a host; its name only where there are several hosts. */
const char *power_row_host(const struct power_many *many, size_t i);
extern const struct table_column sensors_columns[], sel_columns[];
void sensors_show(const struct power_many *many);
void sel_show(const struct power_many *many);

/* All that was answered; returns the exit status. */
int power_show(const struct power_many *many);

#endif
