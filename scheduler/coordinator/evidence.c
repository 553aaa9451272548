/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/evidence.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "ipmi/chassis.h"

struct inquiry {
	struct bmc *bmc;
	evidence_fn fn;
	void *arg;
	struct evidence_extra extra;
};

static void
inquiry_end(struct inquiry *inquiry)
{
	inquiry->fn(inquiry->arg, &inquiry->extra);
	free(inquiry);
}

static void
sel_came(void *arg, const struct sel_result *result)
{
	struct inquiry *inquiry = arg;
	struct evidence_extra *extra = &inquiry->extra;

	if (result->rc == IPMI_OK)
		extra->sel_entries = result->total;
	if (result->rc == IPMI_OK && result->n > 0) {
		const struct sel_entry *last = &result->entries[result->n - 1];

		extra->sel_last_id = last->id;
		extra->sel_last_s = last->time_s;
		snprintf(extra->sel_last_text, sizeof(extra->sel_last_text),
			 "%s", last->text);
	}
	inquiry_end(inquiry);
}

static void
cause_came(void *arg, const struct ipmi_reply *reply)
{
	struct inquiry *inquiry = arg;
	unsigned cause;

	if (reply->rc == IPMI_OK &&
	    chassis_parse_cause(reply->data, reply->len, &cause))
		inquiry->extra.restart_cause = (int)cause;
	/* A silent one is not asked on. */
	if ((reply->rc != IPMI_OK && reply->rc != IPMI_CC) ||
	    sel_tail(inquiry->bmc, 1, EVIDENCE_EXTRA_MS / 2, sel_came,
		     inquiry) == NULL)
		inquiry_end(inquiry);
}

bool
evidence_ask(struct bmc *bmc, evidence_fn fn, void *arg)
{
	struct inquiry *inquiry = xcalloc(1, sizeof(*inquiry));

	*inquiry = (struct inquiry){ .bmc = bmc, .fn = fn, .arg = arg };
	inquiry->extra.restart_cause = -1;
	inquiry->extra.sel_entries = inquiry->extra.sel_last_id = -1;
	inquiry->extra.sel_last_s = -1;
	if (chassis_restart_cause(bmc, EVIDENCE_EXTRA_MS / 2, cause_came,
				  inquiry) != 0)
		return true;
	free(inquiry);
	return false;
}

/* --- the record ---------------------------------------------------------- */

static json_t *
known(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

/* The wall clock was read with the last; the other is told by the distance. */
static json_t *
reads_to_json(const struct power_result *r)
{
	int64_t apart_ms = r->last_read_ms - r->first_read_ms;

	if (r->first_read_ms == 0)
		return json_array();
	return json_pack("[{s:I, s:I}, {s:I, s:I}]", "mono_ms",
			 (json_int_t)r->first_read_ms, "wall_ms",
			 (json_int_t)(r->last_read_wall_ms - apart_ms),
			 "mono_ms", (json_int_t)r->last_read_ms, "wall_ms",
			 (json_int_t)r->last_read_wall_ms);
}

static json_t *
bmc_to_json(const struct bmc *bmc)
{
	struct bmc_health health;
	char guid[BMC_GUID_TEXT] = "";

	if (bmc == NULL)
		return json_null();
	bmc_get_health(bmc, &health);
	if (health.has_guid)
		bmc_format_guid(health.guid, guid);
	return json_pack("{s:s, s:s, s:i}", "address", bmc_name(bmc), "guid",
			 guid, "cipher_suite", health.cipher_suite);
}

/* All zero bits mean "stays off" and "no event": not what nobody read. */
const char *
evidence_policy(const struct power_result *result)
{
	return result->reads > 0 ? power_restore_policy_name(result->status[0])
				 : "unknown";
}

const char *
evidence_event(const struct power_result *result)
{
	return result->reads > 0 ? power_event_name(result->last_event)
				 : "unknown";
}

char *
evidence_text(const struct bmc *bmc, const struct power_result *result,
	      const struct evidence_extra *extra, const char *asked_by,
	      json_t *levels)
{
	json_t *json = json_pack(
		"{s:o, s:s, s:s, s:s, s:b, s:o, s:i, s:i, s:I, s:s, s:s}",
		"bmc", bmc_to_json(bmc), "asked_by", asked_by, "result",
		ipmi_rc_name(result->rc), "power",
		ipmi_power_name(result->power), "verified", result->verified,
		"reads_that_agree", reads_to_json(result), "reads",
		(int)result->reads, "commands_sent", (int)result->commands_sent,
		"took_ms", (json_int_t)(result->done_ms - result->asked_ms),
		"last_power_event", evidence_event(result), "restore_policy",
		evidence_policy(result));

	json_object_set_new(json, "restart_cause",
			    known(extra != NULL ? extra->restart_cause : -1));
	json_object_set_new(json, "sel_entries",
			    known(extra != NULL ? extra->sel_entries : -1));
	json_object_set_new(json, "sel_last_id",
			    known(extra != NULL ? extra->sel_last_id : -1));
	json_object_set_new(json, "sel_last_text",
			    json_string(extra != NULL ? extra->sel_last_text
						      : ""));
	json_object_set_new(json, "sel_last_s",
			    known(extra != NULL ? extra->sel_last_s : -1));
	if (levels != NULL)
		json_object_set(json, "levels", levels);
	char *text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}
