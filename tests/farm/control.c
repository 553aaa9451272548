/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults and questions, a line each: "WHICH WORD [VALUE]", where WHICH is a
 * number, FIRST-LAST or all; README.md has the words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/farm/farm.h"

enum { ANSWER_MAX = FARM_MAX + 2 };

/* Numbers that are simply kept. */
static const struct {
	const char *word;
	size_t offset;
} numbers[] = {
	{ "slow", offsetof(struct bmc, faults.slow_ms) },
	{ "hw-delay", offsetof(struct bmc, faults.hw_delay_ms) },
	{ "busy", offsetof(struct bmc, faults.busy) },
	{ "sessions", offsetof(struct bmc, faults.session_limit) },
	{ "lie", offsetof(struct bmc, faults.lie) },
	{ "refuse-suite", offsetof(struct bmc, faults.refuse_suite) },
	{ "control-code", offsetof(struct bmc, faults.control_code) },
	{ "loss", offsetof(struct bmc, faults.loss_pm) },
};

static const struct {
	const char *word;
	size_t offset;
} switches[] = {
	{ "silent", offsetof(struct bmc, faults.silent) },
	{ "stuck", offsetof(struct bmc, faults.stuck) },
	{ "early-yes", offsetof(struct bmc, faults.early_yes) },
	{ "short", offsetof(struct bmc, faults.short_answers) },
	{ "twice", offsetof(struct bmc, faults.twice) },
	{ "lock", offsetof(struct bmc, faults.locked) },
};

static bool
set_number(struct bmc *bmc, const char *word, const char *value)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(numbers[i].word, word) == 0) {
			*(int *)((char *)bmc + numbers[i].offset) =
				(int)strtol(value, NULL, 0);
			return true;
		}
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (strcmp(switches[i].word, word) == 0) {
			*(bool *)((char *)bmc + switches[i].offset) =
				value[0] == '1';
			return true;
		}
	return false;
}

static bool
set_guid(struct bmc *bmc, const char *value)
{
	for (size_t i = 0; i < 16; i++) {
		const char digits[3] = { value[2 * i], value[2 * i + 1] };
		char *end;

		bmc->guid[i] = (uint8_t)strtoul(digits, &end, 16);
		if (*end != '\0')
			return false;
	}
	return true;
}

/* "7", "0-29", "all" */
static bool
read_which(const char *which, unsigned *ret_first, unsigned *ret_last)
{
	char *end = (char *)which;

	*ret_first = 0;
	*ret_last = farm.n - 1;
	if (strcmp(which, "all") == 0)
		return true;
	*ret_first = *ret_last = (unsigned)strtoul(which, &end, 10);
	if (end != which && *end == '-')
		*ret_last = (unsigned)strtoul(end + 1, &end, 10);
	return end != which && *end == '\0' && *ret_first <= *ret_last &&
	       *ret_last < farm.n;
}

static bool
set(struct bmc *bmc, const char *word, const char *value)
{
	if (set_number(bmc, word, value))
		return true;
	if (strcmp(word, "guid") == 0)
		return strlen(value) == 32 && set_guid(bmc, value);
	if (strcmp(word, "power") == 0)
		farm_change_power(bmc, strcmp(value, "on") == 0, 0);
	else if (strcmp(word, "drop-sessions") == 0)
		memset(bmc->sessions, 0, sizeof(bmc->sessions));
	else if (strcmp(word, "sel-clear") == 0)
		bmc->n_sel = 0, bmc->sel_erased_s = farm_wall_s();
	else if (strcmp(word, "sel-add") == 0)
		command_log(bmc, (uint8_t)strtol(value, NULL, 0), 1, 0x6f, 0);
	else
		return false;
	return true;
}

static void
tell_state(const struct bmc *bmc, char *answer)
{
	const struct counts *c = &bmc->counts;

	snprintf(answer, ANSWER_MAX,
		 "%s offs %u ons %u softs %u resets %u reads %u sessions %u "
		 "open %u identify %u\n",
		 bmc->on ? "on" : "off", c->offs, c->ons, c->softs, c->resets,
		 c->reads, c->sessions, session_count(bmc), bmc->identify);
}

static bool
ask_all(const char *line, char *answer)
{
	if (strcmp(line, "states") == 0) {
		for (unsigned i = 0; i < farm.n; i++)
			answer[i] = farm.bmcs[i].on ? '1' : '0';
		answer[farm.n] = '\n';
		answer[farm.n + 1] = '\0';
	} else if (strcmp(line, "stat") == 0) {
		snprintf(answer, ANSWER_MAX, "in %llu out %llu\n",
			 (unsigned long long)farm.packets_in,
			 (unsigned long long)farm.packets_out);
	} else {
		return false;
	}
	return true;
}

void
control_line(char *line, char answer[FARM_MAX + 2])
{
	char which[32], word[32], value[64] = "1";
	unsigned first, last;

	line[strcspn(line, "\n")] = '\0';
	if (ask_all(line, answer))
		return;
	snprintf(answer, ANSWER_MAX, "error: WHICH WORD [VALUE]\n");
	if (sscanf(line, "%31s %31s %63s", which, word, value) < 2)
		return;
	if (!read_which(which, &first, &last))
		return;
	if (strcmp(word, "state") == 0) {
		tell_state(&farm.bmcs[first], answer);
		return;
	}
	for (unsigned i = first; i <= last; i++)
		if (!set(&farm.bmcs[i], word, value))
			return;
	snprintf(answer, ANSWER_MAX, "ok\n");
}
