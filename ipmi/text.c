/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/text.c - names and sentences for people.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipmi/bmc_own.h"

static const char *const rc_names[IPMI_RC_COUNT] = {
	[IPMI_OK] = "ok",
	[IPMI_TIMEOUT] = "timeout",
	[IPMI_AUTH] = "auth",
	[IPMI_NO_SESSION] = "no-session",
	[IPMI_ALGORITHM] = "algorithm",
	[IPMI_STUCK] = "stuck",
	[IPMI_CC] = "completion-code",
	[IPMI_BAD_REPLY] = "bad-reply",
	[IPMI_QUARANTINED] = "quarantined",
	[IPMI_WRONG_HOST] = "wrong-host",
	[IPMI_CANCELLED] = "cancelled",
};

static const char *const power_names[] = {
	[IPMI_POWER_UNKNOWN] = "unknown",
	[IPMI_POWER_OFF] = "off",
	[IPMI_POWER_ON] = "on",
};

static const char *const state_names[] = {
	[BMC_UNKNOWN] = "unknown",
	[BMC_UP] = "up",
	[BMC_SLOW] = "slow",
	[BMC_SILENT] = "silent",
	[BMC_REFUSED] = "refused",
	[BMC_AUTH_FAILED] = "auth-failed",
	[BMC_QUARANTINED] = "quarantined",
};

const char *
ipmi_rc_name(enum ipmi_rc rc)
{
	return rc_names[rc];
}

const char *
ipmi_power_name(enum ipmi_power power)
{
	return power_names[power];
}

const char *
power_restore_policy_name(uint8_t status)
{
	static const char *const names[] = { "off", "previous", "on",
					     "unknown" };

	return names[status >> 5 & 3];
}

const char *
power_event_name(uint8_t last_event)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} events[] = {
		{ POWER_EVENT_AC_FAILED, "AC failed" },
		{ POWER_EVENT_OVERLOAD, "overload" },
		{ POWER_EVENT_INTERLOCK, "interlock" },
		{ POWER_EVENT_FAULT, "power fault" },
		{ POWER_EVENT_ON_BY_IPMI, "on by IPMI" },
	};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (last_event & events[i].bit)
			return events[i].name;
	return "none told";
}

const char *
bmc_state_name(enum bmc_state state)
{
	return state_names[state];
}

void
bmc_format_guid(const uint8_t guid[16], char ret_text[BMC_GUID_TEXT])
{
	for (size_t i = 0; i < 16; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", guid[i]);
}

static const struct {
	uint8_t code;
	const char *text;
} codes[] = {
	{ 0xc0, "busy" },
	{ 0xc1, "unknown command" },
	{ 0xc3, "timed out inside the BMC" },
	{ 0xcc, "invalid data" },
	{ 0xce, "no answer from inside the BMC" },
	{ 0xd2, "the BMC is starting" },
	{ 0xd4, "not enough privilege" },
	{ 0xd5, "not possible in the present state" },
	{ 0xff, "unspecified error" },
};

const char *
ipmi_code_text(uint8_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].text;
	return "see the BMC's manual";
}

/* --- one sentence for each way to end ------------------------------------ */

static void
describe_ok(const struct bmc *bmc, struct power_result *result)
{
	const char *power = ipmi_power_name(result->power);

	(void)bmc;
	if (result->verified)
		snprintf(result->text, sizeof(result->text),
			 "%s, read twice %" PRId64 " ms apart, %u command%s",
			 power, result->last_read_ms - result->first_read_ms,
			 result->commands_sent,
			 result->commands_sent == 1 ? "" : "s");
	else
		snprintf(result->text, sizeof(result->text), "%s", power);
}

static void
describe_timeout(const struct bmc *bmc, struct power_result *result)
{
	int64_t ms = result->done_ms - result->asked_ms;

	if (result->reads > 0 && bmc_power_awaits_on(bmc))
		snprintf(result->text, sizeof(result->text),
			 "not proved in %" PRId64
			 " ms: a power-on sent before may still take effect",
			 ms);
	else if (result->reads == 0)
		snprintf(result->text, sizeof(result->text),
			 "no answer in %" PRId64 " ms%s%.128s", ms,
			 bmc->session.error[0] != '\0' ? ": " : "",
			 bmc->session.error);
	else
		snprintf(result->text, sizeof(result->text),
			 "no second answer to confirm it in %" PRId64 " ms",
			 ms);
}

static void
describe_stuck(const struct bmc *bmc, struct power_result *result)
{
	(void)bmc;
	snprintf(result->text, sizeof(result->text),
		 "the BMC answers, but the power did not change in %" PRId64
		 " ms after %u command%s",
		 result->done_ms - result->asked_ms, result->commands_sent,
		 result->commands_sent == 1 ? "" : "s");
}

/* --- ends that are no fault of the operation's own ------------------------ */

static void
fail_session(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)code;
	snprintf(text, BMC_TEXT_MAX, "%s",
		 bmc->session.error[0] != '\0' ? bmc->session.error
					       : "no session");
}

static void
fail_code(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)bmc;
	snprintf(text, BMC_TEXT_MAX,
		 "the BMC refused with completion code 0x%02x: %s", code,
		 ipmi_code_text(code));
}

static void
fail_bad(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)bmc;
	(void)code;
	snprintf(text, BMC_TEXT_MAX,
		 "the answer of the BMC makes no sense (too short)");
}

static void
fail_quarantined(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)bmc;
	(void)code;
	snprintf(text, BMC_TEXT_MAX,
		 "not asked: user or password was wrong %d times and BMCs "
		 "lock accounts; mend the account, then retry",
		 BMC_AUTH_FAILURES);
}

static void
fail_guarded(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)code;
	snprintf(text, BMC_TEXT_MAX, "%s", bmc->guard_text);
}

static void
fail_cancelled(const struct bmc *bmc, uint8_t code, char *text)
{
	(void)code;
	snprintf(text, BMC_TEXT_MAX, "cancelled%s",
		 bmc_queue_has_fence(bmc) ? ": a power-off has precedence"
					  : "");
}

static void (*const failures[IPMI_RC_COUNT])(const struct bmc *bmc,
					     uint8_t code, char *text) = {
	[IPMI_AUTH] = fail_session,       [IPMI_NO_SESSION] = fail_session,
	[IPMI_ALGORITHM] = fail_session,  [IPMI_CC] = fail_code,
	[IPMI_BAD_REPLY] = fail_bad,      [IPMI_QUARANTINED] = fail_quarantined,
	[IPMI_WRONG_HOST] = fail_guarded, [IPMI_CANCELLED] = fail_cancelled,
};

void
bmc_describe_failure(const struct bmc *bmc, enum ipmi_rc rc, uint8_t code,
		     char ret_text[BMC_TEXT_MAX])
{
	if (failures[rc] != NULL)
		failures[rc](bmc, code, ret_text);
}

static void (*const describe[IPMI_RC_COUNT])(const struct bmc *bmc,
					     struct power_result *result) = {
	[IPMI_OK] = describe_ok,
	[IPMI_TIMEOUT] = describe_timeout,
	[IPMI_STUCK] = describe_stuck,
};

/* The state that may be told with this end: off only with OK. */
static enum ipmi_power
told_power(const struct operation *operation)
{
	enum ipmi_rc rc = operation->result.rc;

	if (rc == IPMI_OK)
		return operation->seen;
	if ((rc == IPMI_STUCK || rc == IPMI_CC) &&
	    operation->seen == IPMI_POWER_ON)
		return IPMI_POWER_ON;
	return IPMI_POWER_UNKNOWN;
}

void
bmc_power_describe(const struct bmc *bmc, struct operation *operation)
{
	struct power_result *result = &operation->result;

	result->power = told_power(operation);
	if (result->rc != IPMI_OK)
		result->verified = false;
	if (describe[result->rc] != NULL)
		describe[result->rc](bmc, result);
	else
		bmc_describe_failure(bmc, result->rc, result->completion_code,
				     result->text);
}
