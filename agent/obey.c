/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/obey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/control.h"
#include "agent/orders.h"
#include "agent/state.h"
#include "agent/text.h"
#include "agent/watchdog.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

struct obey {
	struct obey_options options;
	char *path;
	struct state *file;
	struct watchdog *watchdog;
	struct orders *orders;
	struct control control;
	bool dirty; /* since the start */
	json_t *models;
};

static void
save(struct obey *obey)
{
	size_t len;
	cleanup_free char *text = control_print(&obey->control, &len);

	state_put(obey->file, text, len);
}

static enum detail_switch
switch_of(bool on)
{
	return on ? SWITCH_ON : SWITCH_OFF;
}

static void
tell_switch(const char *name, enum detail_switch before, enum detail_switch now)
{
	if (now != before)
		log_info("control", "%s is turned %s", name,
			 now == SWITCH_ON ? "on" : "off");
}

/* A renewal alone is not worth a write: a lower number after a crash only
 * means that an old one could be sent once more. */
static bool
is_news(const struct detail_control *a, const struct detail_control *b)
{
	return a->maintenance != b->maintenance ||
	       a->overcommit != b->overcommit || a->lease != b->lease ||
	       a->lease_ms != b->lease_ms ||
	       strcmp(a->cpu_baseline, b->cpu_baseline) != 0;
}

static void
obey_lease(struct obey *obey)
{
	const struct detail_control *set = &obey->control.set;

	watchdog_control(obey->watchdog, set->lease == SWITCH_ON,
			 set->lease_ms);
}

static void
was_set(void *arg, const struct detail_control *set,
	const struct orders_news *news)
{
	struct obey *obey = arg;
	const struct detail_control before = obey->control.set;

	obey->control.set = *set;
	obey->dirty = true;
	tell_switch("the notifications about single VMs",
		    switch_of(before.vm_notices), switch_of(set->vm_notices));
	tell_switch("the notifications about many VMs",
		    switch_of(before.vm_bulk_notices),
		    switch_of(set->vm_bulk_notices));
	if (strcmp(before.cpu_baseline, set->cpu_baseline) != 0)
		log_info("control", "the CPU baseline is now \"%s\"",
			 set->cpu_baseline);
	if (is_news(&before, set)) {
		tell_switch("maintenance", before.maintenance,
			    set->maintenance);
		tell_switch("overcommit", before.overcommit, set->overcommit);
		tell_switch("the lease", before.lease, set->lease);
		save(obey);
		obey_lease(obey);
		obey->options.changed(obey->options.arg);
	}
	if (news->renewed_ms >= 0)
		watchdog_contact(obey->watchdog, LEASE_BY_COORDINATOR,
				 news->renewed_ms);
	for (size_t i = 0; i < news->n_measure && obey->options.measure; i++)
		obey->options.measure(obey->options.arg, news->measure[i]);
}

static void
state_changed(void *arg)
{
	struct obey *obey = arg;

	obey->options.changed(obey->options.arg);
}

/* Devices tell it until they are armed again, or until the next boot: it is
 * counted once for each. */
static void
was_looked_at(void *arg, bool fired)
{
	struct obey *obey = arg;
	struct control *control = &obey->control;

	if (strcmp(control->looked_boot, obey->options.boot_id) == 0)
		return;
	text_copy(control->looked_boot, sizeof(control->looked_boot),
		  obey->options.boot_id);
	control->times_fired += fired;
	if (fired)
		log_warn("lease", "this boot came of the watchdog");
	obey->dirty = true;
	save(obey);
}

/* At the end of all there is nobody to wait for, but for the disk: what was
 * set just before, and the number of the last renewal. */
static void
save_last(struct obey *obey)
{
	size_t len;
	cleanup_free char *text = control_print(&obey->control, &len);
	struct err err = { "" };

	if (obey->dirty &&
	    file_write_atomic(obey->path, 0600, text, len, &err) < 0)
		log_error("control", "%s", err.text);
}

struct obey *
obey_new(struct loop *loop, const struct obey_options *options)
{
	struct obey *obey = xcalloc(1, sizeof(*obey));
	const struct watchdog_options watchdog = {
		.settings = options->settings,
		.changed = state_changed,
		.looked = was_looked_at,
		.arg = obey,
	};

	obey->options = *options;
	obey->path = xasprintf("%s/control", options->settings->state_dir);
	control_load(obey->path, &obey->control);
	obey->control.set.vm_notices = obey->control.set.vm_bulk_notices =
		options->settings->notify_snmpd;
	obey->file = state_new(loop, obey->path);
	obey->orders =
		orders_new(loop, &obey->control.set,
			   options->settings->notify_snmpd, was_set, obey);
	obey->watchdog = watchdog_new(loop, &watchdog);
	obey_lease(obey);
	return obey;
}

void
obey_free(struct obey *obey)
{
	if (obey == NULL)
		return;
	watchdog_free(obey->watchdog);
	orders_free(obey->orders);
	state_free(obey->file);
	save_last(obey);
	json_decref(obey->models);
	free(obey->path);
	free(obey);
}

const struct voice_writer *
obey_writer(struct obey *obey)
{
	return orders_writer(obey->orders);
}

void
obey_models(struct obey *obey, const json_t *models)
{
	char *names = NULL;
	size_t len = 0;

	/* The same object as long as nothing changes in it. */
	if (models == obey->models)
		return;
	json_decref(obey->models);
	obey->models = json_incref((json_t *)models);
	FILE *text = open_memstream(&names, &len);
	for (size_t i = 0; text != NULL && i < json_array_size(models); i++)
		fprintf(text, "\n%s\n",
			message_text(json_array_get(models, i), "name"));
	if (text != NULL)
		fclose(text);
	orders_take_models(obey->orders, names);
}

void
obey_heartbeat(struct obey *obey, int64_t at_ms)
{
	watchdog_contact(obey->watchdog, LEASE_BY_DATASTORE, at_ms);
}

void
obey_end(struct obey *obey, bool vms_run, loop_fn fn, void *arg)
{
	watchdog_end(obey->watchdog, vms_run, fn, arg);
}

const struct detail_control *
obey_set(const struct obey *obey)
{
	return &obey->control.set;
}

void
obey_fill(const struct obey *obey, struct detail_lease *ret_lease)
{
	watchdog_fill(obey->watchdog, ret_lease);
	ret_lease->times_fired = obey->control.times_fired;
}

const struct source *
obey_source(const struct obey *obey)
{
	return watchdog_source(obey->watchdog);
}
