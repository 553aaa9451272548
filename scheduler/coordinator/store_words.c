/* SPDX-License-Identifier: Apache-2.0 */
/* The words that enums are stored as.  They are in files of users: a word that
 * was released is never changed. */
#include "scheduler/coordinator/store_internal.h"

static const char *const command_kinds[COMMAND_KINDS] = {
	[COMMAND_FENCE] = "fence",         [COMMAND_CLEAN] = "clean",
	[COMMAND_START] = "start",         [COMMAND_POWER_ON] = "power on",
	[COMMAND_POWER_OFF] = "power off", [COMMAND_STOP] = "stop",
	[COMMAND_RESUME] = "resume",
};

static const char *const outcomes[OUTCOMES] = {
	[OUTCOME_OPEN] = "open",
	[OUTCOME_DONE] = "done",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_IN_DOUBT] = "in doubt",
};

const char *
store_command_kind_name(enum store_command_kind kind)
{
	return (unsigned)kind < COMMAND_KINDS ? command_kinds[kind] : "unknown";
}

const char *
store_outcome_name(enum store_outcome outcome)
{
	return (unsigned)outcome < OUTCOMES ? outcomes[outcome] : "unknown";
}

static const char *
state_word(unsigned value)
{
	return host_state_name((enum host_state)value);
}

static const char *
intent_word(unsigned value)
{
	return vm_intent_name((enum vm_intent)value);
}

static const char *
phase_word(unsigned value)
{
	return vm_phase_name((enum vm_phase)value);
}

static const char *
kind_word(unsigned value)
{
	return store_command_kind_name((enum store_command_kind)value);
}

static const char *
outcome_word(unsigned value)
{
	return store_outcome_name((enum store_outcome)value);
}

static const char *
mass_word(unsigned value)
{
	return mass_verdict_name((enum mass_verdict)value);
}

static const char *
severity_word(unsigned value)
{
	return severity_name((enum severity)value);
}

const struct store_words store_state_words = { state_word, HOST_STATES };
const struct store_words store_intent_words = { intent_word, INTENT_OFF + 1 };
const struct store_words store_phase_words = { phase_word, VM_PHASES };
const struct store_words store_kind_words = { kind_word, COMMAND_KINDS };
const struct store_words store_outcome_words = { outcome_word, OUTCOMES };
const struct store_words store_mass_words = { mass_word, MASS_VERDICTS };
const struct store_words store_severity_words = { severity_word,
						  SEVERITY_CRITICAL + 1 };
