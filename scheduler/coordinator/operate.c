/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator orders through the API: recorded like any decision. */
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"

struct order {
	struct coordinator *co;
	size_t host;
	struct api_reply *reply;
	int64_t command; /* 0: only a question */
	enum api_power want;
	char by[REPORT_NAME_LEN];
};

static bool
ask_off(struct coordinator *co, size_t host, power_fn fn, void *arg)
{
	power_cancel_on(co, host);
	return power_turn_off(power_bmc(co, host), 0, fn, arg) != 0;
}

static bool
ask_soft(struct coordinator *co, size_t host, power_fn fn, void *arg)
{
	power_cancel_on(co, host);
	return power_shut_down(power_bmc(co, host), 0, fn, arg) != 0;
}

static const struct {
	const char *name;
	enum store_command_kind kind;
	bool (*ask)(struct coordinator *co, size_t host, power_fn fn,
		    void *arg);
} wants[] = {
	[API_POWER_OFF] = { "off", COMMAND_POWER_OFF, ask_off },
	[API_POWER_ON] = { "on", COMMAND_POWER_ON, power_order_on },
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

static void
record_order_end(struct order *order, const struct power_result *result)
{
	struct coordinator *co = order->co;
	char line[REASON_LEN];
	struct err err;
	bool done = result->rc == IPMI_OK && result->verified;

	snprintf(line, sizeof(line), "power %s %s, ordered by %s: %s",
		 wants[order->want].name, co->reg.hosts[order->host].conf->name,
		 order->by, result->text);
	cleanup_free char *detail =
		evidence_text(power_bmc(co, order->host), result, NULL,
			      order->by, NULL);
	const struct record_end end = {
		.command = order->command,
		.outcome = done ? OUTCOME_DONE : OUTCOME_IN_DOUBT,
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

static void
power_answered(void *arg, const struct power_result *result)
{
	cleanup_free struct order *order = arg;
	struct coordinator *co = order->co;

	if (co->power == NULL) {
		api_reply_error(order->reply, 503,
				"the coordinator is stopping",
				"try again when it runs");
		return;
	}
	power_take(co, order->host, result);
	if (order->command != 0)
		record_order_end(order, result);
	api_reply_json(
		order->reply,
		json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:b, s:s, s:s}",
			  "host", co->reg.hosts[order->host].conf->name,
			  "power", ipmi_power_name(result->power), "rc",
			  ipmi_rc_name(result->rc), "text", result->text,
			  "rtt_ms", (json_int_t)result->rtt_ms, "age_ms", 0,
			  "verified", result->verified, "restore_policy",
			  power_restore_policy_name(result->status[0]),
			  "last_event", power_event_name(result->last_event)));
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

static void
reply_busy(struct order *order)
{
	api_reply_error(order->reply, 503, "too much is waiting for this BMC",
			"try again in some seconds");
	free(order);
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

static size_t
count_vms(const struct registry *reg, size_t host)
{
	size_t n = 0;

	for (size_t i = 0; i < reg->n_vms; i++)
		n += reg->vms[i].owner == host &&
		     reg->vms[i].intent == INTENT_RUN;
	return n;
}

/* NULL, or why the order must not be carried out. */
static const char *
power_refusal(const struct coordinator *co, size_t host, enum api_power want,
	      bool force)
{
	if (co->reg.hosts[host].fencing)
		return "the host is being fenced just now";
	if (want != API_POWER_ON && !force && count_vms(&co->reg, host) > 0)
		return "VMs run on the host; HA would restart them elsewhere";
	return NULL;
}

static int
record_order(struct order *order)
{
	struct coordinator *co = order->co;
	const char *name = co->reg.hosts[order->host].conf->name;
	struct store_command command = {
		.kind = wants[order->want].kind,
		.snapshot = co->reg.snapshot,
		.recorded_ms = clock_wall_ms(),
	};
	struct err err;

	snprintf(command.host, sizeof(command.host), "%s", name);
	snprintf(command.reason, sizeof(command.reason), "ordered by %s",
		 order->by);
	store_begin(co->store);
	order->command = store_add_command(co->store, &command);
	int rc = store_commit(co->store, &err);
	if (rc < 0)
		api_reply_error(order->reply, 503, err.text,
				"nothing was sent: the store must work first");
	return rc;
}

void
operate_power_set(void *arg, const char *name, enum api_power want, bool force,
		  struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t host;
	struct err err;

	if (operate_find_bmc(co, name, reply, &host) == NULL)
		return;
	if (!power_guard(co, host, &err)) {
		api_reply_error(reply, 409, err.text,
				"compare 'ipmitool mc guid' on the host with "
				"the BMC's address in the configuration");
		return;
	}
	const char *refusal = power_refusal(co, host, want, force);
	if (refusal != NULL) {
		api_reply_error(reply, 409, refusal,
				want == API_POWER_ON
					? "try again in some seconds"
					: "shut them down or move them first, "
					  "or use --force");
		return;
	}
	struct order *order = order_new(co, host, reply);
	order->want = want;
	if (record_order(order) < 0) {
		free(order);
		return;
	}
	if (!wants[want].ask(co, host, power_answered, order))
		reply_busy(order);
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
	co->reg.cluster_ha[cluster] = enabled;
	snprintf(text, sizeof(text), "HA of cluster %s %s by %s", name,
		 enabled ? "enabled" : "disabled", row.by);
	record_event(&co->reg, co->store, SEVERITY_WARNING, "ha-set", NO_HOST,
		     "", text, clock_wall_ms());
	coordinator_wake(co);
	coordinator_tell(co);
	api_reply_json(reply,
		       json_pack("{s:s, s:b}", "cluster", name, "ha", enabled));
}
