/* SPDX-License-Identifier: Apache-2.0 */
/* The real world: libvirt and IPMI. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/power.h"

/* What a callback needs to find its place again. */
struct errand {
	struct coordinator *co;
	size_t host;
	int64_t command;
	int64_t asked_ms;
	char vm[REPORT_UUID_LEN];
};

static struct errand *
errand_new(struct coordinator *co, size_t host, int64_t command)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));

	errand->co = co;
	errand->host = host;
	errand->command = command;
	errand->asked_ms = clock_mono_ms();
	return errand;
}

static const char *
uri_of(const struct coordinator *co, size_t host)
{
	return co->reg.hosts[host].conf->libvirt;
}

/* --- probe -------------------------------------------------------------- */

static void
probe_answered(void *arg, enum virt_answer answer, const char *text)
{
	static const enum witness says[] = {
		[VIRT_UNKNOWN] = WITNESS_UNKNOWN,
		[VIRT_ALIVE] = WITNESS_ALIVE,
		[VIRT_REFUSED] = WITNESS_ALIVE, /* its kernel answered */
		[VIRT_SILENT] = WITNESS_SILENT,
	};
	cleanup_free struct errand *errand = arg;
	struct reg_host *host = &errand->co->reg.hosts[errand->host];

	log_debug("probe", "%s: libvirt %s %s", host->conf->name,
		  virt_answer_name(answer), text);
	host->libvirt.says = says[answer];
	host->libvirt.asked_ms = errand->asked_ms;
	if (says[answer] == WITNESS_ALIVE)
		registry_void_word(host);
	coordinator_wake(errand->co);
}

static void
real_probe(struct coordinator *co, size_t host)
{
	power_probe(co, host);
	virt_probe(co->virt, uri_of(co, host), probe_answered,
		   errand_new(co, host, 0));
	poll_witnesses(co, host);
}

/* --- act ---------------------------------------------------------------- */

static void
clean_ended(void *arg, const struct virt_clean_result *results, size_t n,
	    const char *text)
{
	cleanup_free struct errand *errand = arg;
	json_t *detail = json_array();
	char line[REASON_LEN];
	size_t gone = 0, active = 0;

	for (size_t i = 0; i < n; i++) {
		gone += results[i].gone;
		active += results[i].was_active;
		json_array_append_new(detail,
				      json_pack("{s:s, s:b, s:b, s:s}", "uuid",
						results[i].uuid, "gone",
						results[i].gone, "was_active",
						results[i].was_active, "text",
						results[i].text));
	}
	snprintf(line, sizeof(line), "%zu of %zu stale VMs removed%s%s%s", gone,
		 n, active > 0 ? ", some of them were running" : "",
		 text[0] != '\0' ? ": " : "", text);
	cleanup_free char *json = json_dumps(detail, JSON_COMPACT);
	json_decref(detail);
	poll_report_soon(errand->co, errand->host);
	outcome_clean(errand->co, errand->host, errand->command, gone == n,
		      line, json);
}

static void
real_clean(struct coordinator *co, size_t host, const struct ops_stale *stale,
	   size_t n, int64_t command)
{
	cleanup_free struct virt_stale *list = xcalloc(n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = (struct virt_stale){ co->reg.vms[stale[i].vm].uuid,
					       stale[i].ends_running };
	virt_clean(co->virt, uri_of(co, host), list, n, clean_ended,
		   errand_new(co, host, command));
}

static void
start_ended(void *arg, enum virt_start_result result, const char *text)
{
	cleanup_free struct errand *errand = arg;

	poll_report_soon(errand->co, errand->host);
	outcome_start(errand->co, errand->host, errand->vm, errand->command,
		      result, text);
}

/* The definition could not be read: nothing was sent, and that is proof. */
struct no_definition {
	struct errand *errand;
	struct loop_timer *timer;
	char text[ERR_MAX];
};

static void
no_definition(void *arg)
{
	struct no_definition *none = arg;

	loop_timer_free(none->timer);
	start_ended(none->errand, VIRT_START_ABSENT, none->text);
	free(none);
}

static void
answer_no_definition(struct coordinator *co, struct errand *errand,
		     const struct err *err)
{
	struct no_definition *none = xcalloc(1, sizeof(*none));

	none->errand = errand;
	snprintf(none->text, sizeof(none->text), "%s", err->text);
	none->timer = loop_timer_new(co->loop, no_definition, none);
	loop_timer_start(none->timer, 0);
}

static void
real_start(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	struct errand *errand = errand_new(co, host, command);
	cleanup_free char *xml = NULL;
	struct err err;

	snprintf(errand->vm, sizeof(errand->vm), "%s", co->reg.vms[vm].uuid);
	if (store_load_definition(co->store, errand->vm, &xml, &err) < 0) {
		answer_no_definition(co, errand, &err);
		return;
	}
	virt_start(co->virt, uri_of(co, host), errand->vm, xml, start_ended,
		   errand);
}

static void
stop_ended(void *arg, enum virt_stop_result result, const char *text)
{
	cleanup_free struct errand *errand = arg;

	poll_report_soon(errand->co, errand->host);
	outcome_stop(errand->co, errand->host, errand->vm, errand->command,
		     result, text);
}

static void
real_stop(struct coordinator *co, size_t host, size_t vm, bool spare,
	  int64_t command)
{
	struct errand *errand = errand_new(co, host, command);

	snprintf(errand->vm, sizeof(errand->vm), "%s", co->reg.vms[vm].uuid);
	virt_stop(co->virt, uri_of(co, host), errand->vm, spare, stop_ended,
		  errand);
}

static void
resume_ended(void *arg, enum virt_resume_result result, const char *text)
{
	cleanup_free struct errand *errand = arg;

	poll_report_soon(errand->co, errand->host);
	outcome_resume(errand->co, errand->host, errand->vm, errand->command,
		       result, text);
}

static void
real_resume(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	struct errand *errand = errand_new(co, host, command);

	snprintf(errand->vm, sizeof(errand->vm), "%s", co->reg.vms[vm].uuid);
	virt_resume(co->virt, uri_of(co, host), errand->vm, resume_ended,
		    errand);
}

static void
real_forget(struct coordinator *co, size_t host)
{
	virt_cancel(co->virt, uri_of(co, host));
}

const struct ops ops_real = {
	.name = "real",
	.probe = real_probe,
	.fence = power_fence,
	.clean = real_clean,
	.start = real_start,
	.stop = real_stop,
	.resume = real_resume,
	.forget = real_forget,
};
