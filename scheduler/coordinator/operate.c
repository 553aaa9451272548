/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator orders through the API: recorded like any decision. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"
#include "scheduler/coordinator/soft.h"

struct order {
	struct coordinator *co;
	size_t host;
	struct api_reply *reply;
	int64_t command; /* 0: only a question */
	struct api_order what;
	bool is_cut; /* the off after a soft that was not obeyed */
	char by[REPORT_NAME_LEN];
};

/* Why an order is not carried out, and what to do. */
struct refusal {
	char text[ERR_MAX];
	const char *hint;
};

static void power_answered(void *arg, const struct power_result *result);

static bool
ask_off(struct order *order)
{
	power_cancel_on(order->co, order->host);
	soft_cancel(order->co, order->host);
	return power_turn_off(power_bmc(order->co, order->host), 0,
			      power_answered, order) != 0;
}

static bool
ask_on(struct order *order)
{
	soft_cancel(order->co, order->host);
	return power_order_on(order->co, order->host, power_answered, order);
}

static bool
ask_soft(struct order *order)
{
	power_cancel_on(order->co, order->host);
	return soft_start(order->co, order->host,
			  (int64_t)order->what.then_off_s * 1000,
			  power_answered, order);
}

static const struct {
	const char *name;
	enum store_command_kind kind;
	bool (*ask)(struct order *order);
} wants[] = {
	[API_POWER_OFF] = { "off", COMMAND_POWER_OFF, ask_off },
	[API_POWER_ON] = { "on", COMMAND_POWER_ON, ask_on },
	[API_POWER_SOFT] = { "soft", COMMAND_POWER_OFF, ask_soft },
};

static void
refuse_unknown(struct api_reply *reply, const char *what, const char *name)
{
	char text[REASON_LEN];

	snprintf(text, sizeof(text), "there is no %s \"%s\"", what, name);
	api_reply_error(reply, 404, text,
			"'ironherd status' shows what is "
			"configured");
}

struct bmc *
operate_find_bmc(struct coordinator *co, const char *name,
		 struct api_reply *reply, size_t *ret_host)
{
	size_t host = registry_find_host(&co->reg, name);

	if (host == NO_HOST) {
		refuse_unknown(reply, "host", name);
		return NULL;
	}
	*ret_host = host;
	struct bmc *bmc = power_bmc(co, host);
	if (bmc == NULL)
		api_reply_error(reply, 409, "the host has no BMC configured",
				"add a bmc section to the host's "
				"configuration");
	return bmc;
}

struct bmc *
operate_find_own_bmc(struct coordinator *co, const char *name,
		     struct api_reply *reply, size_t *ret_host)
{
	struct bmc *bmc = operate_find_bmc(co, name, reply, ret_host);
	struct err err;

	if (bmc == NULL || power_guard(co, *ret_host, &err))
		return bmc;
	api_reply_error(reply, 409, err.text, OPERATE_OWN_HINT);
	return NULL;
}

/* --- records ------------------------------------------------------------- */

static void
record_order_end(const struct order *order, enum store_outcome outcome,
		 const char *text, const char *detail)
{
	struct coordinator *co = order->co;
	char line[REASON_LEN];
	struct err err;
	bool done = outcome == OUTCOME_DONE;

	snprintf(line, sizeof(line), "power %s %s, ordered by %s: %s",
		 wants[order->what.want].name,
		 co->reg.hosts[order->host].conf->name, order->by, text);
	const struct record_end end = {
		.command = order->command,
		.outcome = outcome,
		.kind = done ? "power-done" : "power-failed",
		.severity = done ? SEVERITY_INFO : SEVERITY_WARNING,
		.host = order->host,
		.text = line,
		.detail = detail,
	};
	if (record_end(&co->reg, co->store, &end, clock_wall_ms(), &err) < 0)
		log_error("store", "%s: not recorded: %s", line, err.text);
	coordinator_tell(co);
}

/* `next` says what becomes of the order now. */
static void
record_result(const struct order *order, const struct power_result *result,
	      const char *next)
{
	cleanup_free char *detail =
		evidence_text(power_bmc(order->co, order->host), result, NULL,
			      order->by, NULL);
	cleanup_free char *text = xasprintf("%s%s", result->text, next);
	bool done = result->rc == IPMI_OK && result->verified;

	record_order_end(order, done ? OUTCOME_DONE : OUTCOME_IN_DOUBT, text,
			 detail);
}

static int
record_order(struct order *order)
{
	struct coordinator *co = order->co;
	const struct api_order *what = &order->what;
	struct store_command command = {
		.kind = wants[what->want].kind,
		.snapshot = co->reg.snapshot,
		.recorded_ms = clock_wall_ms(),
	};
	struct err err;

	snprintf(command.host, sizeof(command.host), "%s",
		 co->reg.hosts[order->host].conf->name);
	snprintf(command.reason, sizeof(command.reason), "ordered by %s%s",
		 order->by,
		 order->is_cut           ? ": it did not shut itself down"
		 : what->then_off_s != 0 ? ": soft, then off"
					 : "");
	store_begin(co->store);
	order->command = store_add_command(co->store, &command);
	int rc = store_commit(co->store, &err);
	if (rc < 0)
		api_reply_error(order->reply, 503, err.text,
				"nothing was sent: the store must work first");
	return rc;
}

/* --- carrying out -------------------------------------------------------- */

static void
reply_busy(struct order *order)
{
	static const char text[] = "too much is waiting for this BMC";

	if (order->command != 0)
		record_order_end(order, OUTCOME_FAILED, text, NULL);
	api_reply_error(order->reply, 503, text, "try again in some seconds");
	free(order);
}

/* The record first, then the command; guards have been asked. */
static void
order_start(struct order *order)
{
	if (record_order(order) < 0)
		free(order);
	else if (!wants[order->what.want].ask(order))
		reply_busy(order);
}

static size_t
count_vms(const struct registry *reg, size_t host)
{
	size_t n = 0;

	for (size_t i = 0; i < reg->n_vms; i++)
		n += reg->vms[i].owner == host &&
		     reg->vms[i].intent == INTENT_RUN;
	return n;
}

/* Must the order not be carried out? */
static bool
is_refused(const struct order *order, struct refusal *ret_why)
{
	const struct coordinator *co = order->co;
	bool on = order->what.want == API_POWER_ON;
	struct err err;
	const char *why = NULL;

	ret_why->hint = "shut them down or move them first, or use --force";
	if (!power_guard(co, order->host, &err)) {
		why = err.text;
		ret_why->hint = OPERATE_OWN_HINT;
	} else if (co->reg.hosts[order->host].fencing) {
		why = "the host is being fenced just now";
		ret_why->hint = "try again in some seconds";
	} else if (!on && !order->what.force &&
		   count_vms(&co->reg, order->host) > 0) {
		why = "VMs run on the host; HA would restart them elsewhere";
	}
	if (why != NULL)
		snprintf(ret_why->text, sizeof(ret_why->text), "%s", why);
	return why != NULL;
}

/*
 * A soft shutdown that was asked for and not obeyed, and the power is to be
 * cut then.  A BMC that refused to ask the system is another matter: nobody
 * has told that system to save its work.
 */
static bool
is_to_be_cut(const struct order *order, const struct power_result *result)
{
	return order->what.then_off_s != 0 && result->commands_sent > 0 &&
	       (result->rc == IPMI_STUCK || result->rc == IPMI_TIMEOUT ||
		result->rc == IPMI_NO_SESSION);
}

/* Much may have happened since: all guards are asked anew, and the cut is a
 * command of its own in the ledger. */
static void
cut(struct order *order, const struct power_result *result)
{
	struct refusal why;
	bool refused = is_refused(order, &why);
	cleanup_free char *next =
		refused ? xasprintf("; its power is not cut: %s", why.text)
			: xstrdup("; its power is cut now");

	record_result(order, result, next);
	order->what.want = API_POWER_OFF;
	order->what.then_off_s = 0;
	order->is_cut = true;
	if (!refused) {
		order_start(order);
		return;
	}
	api_reply_error(order->reply, 409, next + strlen("; "), why.hint);
	free(order);
}

/* --- answers ------------------------------------------------------------- */

static json_t *
answer_to_json(const struct order *order, const struct power_result *result)
{
	struct coordinator *co = order->co;

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:b, s:s, s:s, s:s}",
			 "host", co->reg.hosts[order->host].conf->name, "power",
			 ipmi_power_name(result->power), "rc",
			 ipmi_rc_name(result->rc), "text", result->text,
			 "rtt_ms", (json_int_t)result->rtt_ms, "age_ms", 0,
			 "verified", result->verified, "restore_policy",
			 evidence_policy(result), "last_event",
			 evidence_event(result), "bmc_state",
			 power_bmc_state(co, order->host));
}

static void
power_answered(void *arg, const struct power_result *result)
{
	struct order *order = arg;
	struct coordinator *co = order->co;

	if (co->power == NULL) {
		api_reply_error(order->reply, 503,
				"the coordinator is stopping",
				"try again when it runs");
		free(order);
		return;
	}
	power_take(co, order->host, result);
	if (is_to_be_cut(order, result)) {
		cut(order, result);
		return;
	}
	if (order->command != 0)
		record_result(order, result, "");
	api_reply_json(order->reply, answer_to_json(order, result));
	free(order);
}

static struct order *
order_new(struct coordinator *co, size_t host, struct api_reply *reply)
{
	struct order *order = xcalloc(1, sizeof(*order));

	order->co = co;
	order->host = host;
	order->reply = reply;
	snprintf(order->by, sizeof(order->by), "%s", api_reply_caller(reply));
	return order;
}

void
operate_power_get(void *arg, const char *name, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t host;
	struct bmc *bmc = operate_find_bmc(co, name, reply, &host);

	if (bmc == NULL)
		return;
	struct order *order = order_new(co, host, reply);
	if (power_read(bmc, 0, power_answered, order) == 0)
		reply_busy(order);
}

void
operate_power_set(void *arg, const char *name, const struct api_order *what,
		  struct api_reply *reply)
{
	struct coordinator *co = arg;
	struct refusal why;
	size_t host;

	if (operate_find_bmc(co, name, reply, &host) == NULL)
		return;
	struct order *order = order_new(co, host, reply);
	order->what = *what;
	if (is_refused(order, &why)) {
		api_reply_error(reply, 409, why.text, why.hint);
		free(order);
		return;
	}
	order_start(order);
}

void
operate_ha_set(void *arg, const char *name, bool enabled,
	       struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t cluster = registry_find_cluster(&co->reg, name);
	struct store_cluster row = { .ha = enabled, .set_ms = clock_wall_ms() };
	char text[REASON_LEN];
	struct err err;

	if (cluster == SIZE_MAX) {
		refuse_unknown(reply, "cluster", name);
		return;
	}
	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.by, sizeof(row.by), "%s", api_reply_caller(reply));
	store_begin(co->store);
	store_put_cluster(co->store, &row);
	if (store_commit(co->store, &err) < 0) {
		api_reply_error(reply, 503, err.text,
				"nothing was changed: the store must work "
				"first");
		return;
	}
	co->reg.clusters[cluster].ha = enabled;
	snprintf(text, sizeof(text), "HA of cluster %s %s by %s", name,
		 enabled ? "enabled" : "disabled", row.by);
	record_event(&co->reg, co->store, SEVERITY_WARNING, "ha-set", NO_HOST,
		     "", text, clock_wall_ms());
	coordinator_wake(co);
	coordinator_tell(co);
	api_reply_json(reply,
		       json_pack("{s:s, s:b}", "cluster", name, "ha", enabled));
}
