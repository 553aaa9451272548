/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults and questions, a line each: "WHICH WORD [VALUE]", where WHICH is a
 * number, FIRST-LAST or all; README.md has the words.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
	{ "privilege", offsetof(struct bmc, faults.privilege) },
	{ "lose", offsetof(struct bmc, faults.lose) },
	{ "read-max", offsetof(struct bmc, faults.read_max) },
	{ "policy", offsetof(struct bmc, chassis.policy) },
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
	if (strlen(value) != 32)
		return false;
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
set_password(struct bmc *bmc, const char *value)
{
	size_t len = strlen(value);

	if (len > PASSWORD_MAX)
		return false;
	memset(bmc->password, 0, PASSWORD_MAX);
	memcpy(bmc->password, value, len);
	return true;
}

static bool
set_power(struct bmc *bmc, const char *value)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return false;
	chassis_plan(bmc, on ? STEP_ON : STEP_OFF, CAUSE_BUTTON, 0);
	return true;
}

/* A number up to max, and the end or white space; moves on. */
static bool
take_number(const char **at, unsigned long max, unsigned *ret)
{
	char *end;
	unsigned long value = strtoul(*at, &end, 0);

	if (end == *at || value > max || (*end != '\0' && *end != ' '))
		return false;
	*at = end;
	*ret = (unsigned)value;
	return true;
}

/* "NUMBER RAW" */
static bool
set_sensor(struct bmc *bmc, const char *value)
{
	unsigned number, raw;

	if (!take_number(&value, SENSOR_PSU_2, &number) ||
	    !take_number(&value, UINT16_MAX, &raw) || number < SENSOR_CPU_TEMP)
		return false;
	bmc->sensors[number] = (uint16_t)raw;
	return true;
}

/* "ADDRESS:PORT [SPECIFIC]"; without: the watchdog powers it off. */
static bool
send_pet(struct bmc *bmc, const char *value)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	unsigned port, specific = 0x236f02;
	const char *colon = strchr(value, ':');
	char address[INET_ADDRSTRLEN] = "";

	if (colon == NULL || colon - value >= INET_ADDRSTRLEN)
		return false;
	memcpy(address, value, (size_t)(colon - value));
	value = colon + 1;
	if (inet_aton(address, &to.sin_addr) == 0 ||
	    ntohl(to.sin_addr.s_addr) >> 24 != 127 ||
	    !take_number(&value, UINT16_MAX, &port) ||
	    (*value != '\0' && !take_number(&value, 0xffffff, &specific)))
		return false;
	to.sin_port = htons((uint16_t)port);
	pet_start(bmc, &to, specific);
	return true;
}

static bool
add_event(struct bmc *bmc, const char *value)
{
	const uint8_t data[3] = { 0, 0xff, 0xff };

	sel_log(bmc, (uint8_t)strtol(value, NULL, 0), 1, 0x6f, data);
	return true;
}

static bool
drop_sessions(struct bmc *bmc, const char *value)
{
	(void)value;
	session_drop_all(bmc);
	return true;
}

static bool
clear_log(struct bmc *bmc, const char *value)
{
	(void)value;
	sel_erase(bmc);
	return true;
}

static bool
change_sdr(struct bmc *bmc, const char *value)
{
	(void)value;
	sdr_change(bmc);
	return true;
}

static const struct {
	const char *word;
	bool (*run)(struct bmc *bmc, const char *value);
} actions[] = {
	{ "guid", set_guid },         { "password", set_password },
	{ "power", set_power },       { "sensor", set_sensor },
	{ "pet", send_pet },          { "drop-sessions", drop_sessions },
	{ "sel-add", add_event },     { "sel-clear", clear_log },
	{ "sdr-change", change_sdr },
};

static bool
set(struct bmc *bmc, const char *word, const char *value)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].word, word) == 0)
			return actions[i].run(bmc, value);
	return set_number(bmc, word, value);
}

static void
tell_state(const struct bmc *bmc, char *answer)
{
	const struct counts *c = &bmc->counts;

	snprintf(answer, ANSWER_MAX,
		 "%s offs %u ons %u softs %u resets %u reads %u sessions %u "
		 "open %u identify %u cycles %u pets %u acknowledged %u "
		 "requests %u records %u readings %u thresholds %u\n",
		 bmc->chassis.on ? "on" : "off", c->offs, c->ons, c->softs,
		 c->resets, c->reads, c->sessions, session_count(bmc),
		 bmc->chassis.identify, c->cycles, c->pets, c->acknowledged,
		 c->requests, c->records, c->readings, c->thresholds);
}

static bool
ask_all(const char *line, char *answer)
{
	if (strcmp(line, "states") == 0) {
		for (unsigned i = 0; i < farm.n; i++)
			answer[i] = farm.bmcs[i].chassis.on ? '1' : '0';
		answer[farm.n] = '\n';
		answer[farm.n + 1] = '\0';
	} else if (strcmp(line, "stat") == 0) {
		snprintf(answer, ANSWER_MAX, "in %llu out %llu cpu-ms %lld\n",
			 (unsigned long long)farm.packets_in,
			 (unsigned long long)farm.packets_out,
			 (long long)clock() * 1000 / CLOCKS_PER_SEC);
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
	if (sscanf(line, "%31s %31s %63[^\n]", which, word, value) < 2)
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
