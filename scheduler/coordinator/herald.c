/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/herald.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/view.h"
#include "snmp-mib/cluster_message.h"

struct herald {
	struct coordinator *co;
	struct view_maker *maker;
	struct worker *worker;
	struct loop_timer *timer;
	char trouble[ERR_MAX]; /* told; "": it works */
};

json_t *
herald_how(const struct settings *settings)
{
	const struct serve_settings *serve = &settings->serve;
	cleanup_free char *engine =
		xasprintf("%s/voice-engine", settings->state_dir);

	if (serve->how == SERVE_AGENTX)
		return json_pack("{s:s}", "agentx", serve->agentx_socket);
	return json_pack("{s:s, s:s, s:s, s:s}", "listen", serve->listen,
			 "account", serve->account, "credentials",
			 settings->credentials, "engine", engine);
}

/* Each trouble is told once. */
static void
note(struct herald *herald, const char *trouble)
{
	bool before = herald->trouble[0] != '\0';

	if (strcmp(herald->trouble, trouble) == 0)
		return;
	if (trouble[0] != '\0')
		log_warn("voice", "monitoring is not answered: %s", trouble);
	else if (before)
		log_info("voice", "monitoring is answered again");
	snprintf(herald->trouble, sizeof(herald->trouble), "%s", trouble);
}

static void
view_taken(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct herald *herald = arg;
	const char *error =
		rc < 0 ? err->text
		       : json_string_value(json_object_get(reply, "error"));

	note(herald, error != NULL ? error : "");
	if (error != NULL && rc != -EPIPE) /* one that was killed is new soon */
		loop_timer_start(herald->timer, HERALD_RETRY_MS);
}

static void
send_view(void *arg)
{
	struct herald *herald = arg;
	struct coordinator *co = herald->co;
	int64_t now_ms = clock_mono_ms();

	loop_timer_start(herald->timer,
			 HERALD_PERIOD_MS + (int64_t)co->reg.n_hosts);
	if (worker_is_busy(herald->worker))
		return;
	struct cluster_view *view = view_make(herald->maker, now_ms);
	json_t *message =
		json_pack("{s:I, s:i, s:o, s:o}", "made_ms", (json_int_t)now_ms,
			  "silence_s", HERALD_SILENCE_S, "how",
			  herald_how(co->settings), "view",
			  cluster_message_pack(view));

	cluster_view_free(view);
	if (message == NULL)
		log_fatal("voice", "a view cannot be written as JSON");
	int rc = worker_ask(herald->worker, message, HERALD_DEADLINE_MS,
			    view_taken, herald);
	if (rc < 0)
		note(herald, "its process cannot be started");
	json_decref(message);
}

int
herald_open(struct coordinator *co, struct err *err)
{
	struct view_maker *maker;

	if (co->settings->serve.how == SERVE_OFF)
		return 0;
	json_t *how = herald_how(co->settings);
	json_decref(how);
	if (how == NULL)
		return err_set(err, -EINVAL,
			       "snmp: a path or an account is not UTF-8");
	int rc = view_maker_new(co, &maker, err);
	if (rc < 0)
		return rc;
	co->herald = xcalloc(1, sizeof(*co->herald));
	co->herald->co = co;
	co->herald->maker = maker;
	co->herald->worker = worker_new(co->loop, HERALD_ROLE, NULL, NULL);
	co->herald->timer = loop_timer_new(co->loop, send_view, co->herald);
	loop_timer_start(co->herald->timer, 0);
	return 0;
}

void
herald_close(struct coordinator *co)
{
	struct herald *herald = co->herald;

	if (herald == NULL)
		return;
	loop_timer_free(herald->timer);
	worker_free(herald->worker);
	view_maker_free(herald->maker);
	free(herald);
	co->herald = NULL;
}
