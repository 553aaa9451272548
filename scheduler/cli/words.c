/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/words.h"

#include <string.h>

#include "scheduler/cli/field.h"

struct entry {
	const char *name; /* NULL ends a table */
	struct word word;
};

static const struct entry host_states[] = {
	{ "new", { "new", TONE_WARN } },
	{ "up", { "up", TONE_GOOD } },
	{ "suspect", { "SUSPECT", TONE_WARN } },
	{ "no-agent", { "NO AGENT", TONE_WARN } },
	{ "isolated", { "ISOLATED", TONE_WARN } },
	{ "fencing", { "FENCING", TONE_BAD } },
	{ "dead", { "DEAD", TONE_BAD } },
	{ "rejoining", { "rejoining", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry healths[] = {
	{ "ok", { "ok", TONE_PLAIN } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ "degraded", { "degraded", TONE_WARN } },
	{ "critical", { "CRITICAL", TONE_BAD } },
	{ "failed", { "FAILED", TONE_BAD } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry powers[] = {
	{ "on", { "on", TONE_PLAIN } },
	{ "off", { "off", TONE_BOLD } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry bmc_states[] = {
	{ "up", { "up", TONE_PLAIN } },
	{ "none", { "none", TONE_PLAIN } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ "slow", { "slow", TONE_WARN } },
	{ "silent", { "SILENT", TONE_BAD } },
	{ "refused", { "REFUSED", TONE_BAD } },
	{ "auth-failed", { "AUTH FAILED", TONE_BAD } },
	{ "quarantined", { "QUARANTINED", TONE_BAD } },
	{ "wrong-host", { "WRONG HOST", TONE_BAD } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry severities[] = {
	{ "info", { "info", TONE_PLAIN } },
	{ "warning", { "warning", TONE_WARN } },
	{ "critical", { "CRITICAL", TONE_BAD } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry sensor_states[] = {
	{ "ok", { "ok", TONE_PLAIN } },
	{ "lower non-critical", { "lower non-critical", TONE_WARN } },
	{ "lower critical", { "LOWER CRITICAL", TONE_BAD } },
	{ "lower non-recoverable", { "LOWER NON-RECOVERABLE", TONE_BAD } },
	{ "upper non-critical", { "upper non-critical", TONE_WARN } },
	{ "upper critical", { "UPPER CRITICAL", TONE_BAD } },
	{ "upper non-recoverable", { "UPPER NON-RECOVERABLE", TONE_BAD } },
	{ "unavailable", { "unavailable", TONE_DIM } },
	{ "absent", { "absent", TONE_DIM } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry grades[] = {
	{ "info", { "info", TONE_PLAIN } },
	{ "warning", { "warning", TONE_WARN } },
	{ "critical", { "CRITICAL", TONE_BAD } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

/* What HA is doing about a VM outranks what libvirt last said of it. */
static const struct entry vm_phases[] = {
	{ "lost", { "LOST", TONE_BAD } },
	{ "starting", { "starting", TONE_WARN } },
	{ "stopping", { "stopping", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry vm_states[] = {
	{ "running", { "running", TONE_PLAIN } },
	{ "blocked", { "running", TONE_PLAIN } },
	{ "paused", { "PAUSED", TONE_WARN } },
	{ "shutting down", { "shutting down", TONE_WARN } },
	{ "shut off", { "shut off", TONE_DIM } },
	{ "crashed", { "CRASHED", TONE_BAD } },
	{ "suspended", { "suspended", TONE_PLAIN } },
	{ "unknown", { "unknown", TONE_WARN } },
	{ NULL, { NULL, TONE_PLAIN } },
};

static const struct entry *
find(const struct entry *table, const char *name)
{
	while (table->name != NULL && strcmp(table->name, name) != 0)
		table++;
	return table->name != NULL ? table : NULL;
}

static struct word
look_up(const struct entry *table, const char *name)
{
	const struct entry *entry = find(table, name);

	if (entry != NULL)
		return entry->word;
	return (struct word){ name[0] != '\0' ? name : "?", TONE_WARN };
}

struct word
word_host_state(const json_t *host)
{
	const char *state = field_text(host, "state");

	if (field_true(host, "maintenance") && strcmp(state, "up") == 0)
		return (struct word){ "maintenance", TONE_BOLD };
	if (field_true(host, "set_aside") && strcmp(state, "up") == 0)
		return (struct word){ "SET ASIDE", TONE_WARN };
	return look_up(host_states, state);
}

struct word
word_health(const char *health)
{
	return look_up(healths, health);
}

struct word
word_power(const char *power)
{
	return look_up(powers, power);
}

struct word
word_bmc(const char *state)
{
	return look_up(bmc_states, state);
}

struct word
word_severity(const char *severity)
{
	return look_up(severities, severity);
}

struct word
word_sensor_state(const char *state)
{
	return look_up(sensor_states, state);
}

struct word
word_grade(const char *grade)
{
	return look_up(grades, grade);
}

struct word
word_vm(const json_t *vm)
{
	const struct entry *phase = find(vm_phases, field_text(vm, "phase"));

	if (phase != NULL)
		return phase->word;

	struct word word = look_up(vm_states, field_text(vm, "state"));
	if (strcmp(word.text, "shut off") == 0 &&
	    strcmp(field_text(vm, "intent"), "run") == 0)
		return (struct word){ "SHUT OFF", TONE_WARN };
	return word;
}

bool
host_load_is_fresh(const json_t *host)
{
	const char *state = field_text(host, "state");

	return strcmp(state, "up") == 0 || strcmp(state, "rejoining") == 0;
}

const char *
tone_sequence(enum tone tone)
{
	static const char *const sequences[] = {
		[TONE_PLAIN] = "",        [TONE_BOLD] = "\033[1m",
		[TONE_DIM] = "\033[2m",   [TONE_GOOD] = "\033[32m",
		[TONE_WARN] = "\033[33m", [TONE_BAD] = "\033[1;31m",
	};

	return sequences[tone];
}
