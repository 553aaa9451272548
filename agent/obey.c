/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/obey.h"

#include <stdlib.h>
#include <string.h>

#include "agent/control.h"
#include "agent/orders.h"
#include "agent/state.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

struct obey {
	char *path;
	struct state *file;
	struct orders *orders;
	struct control control;
	bool dirty; /* since the start */
};

static void
save(struct obey *obey)
{
	size_t len;
	cleanup_free char *text = control_print(&obey->control, &len);

	state_put(obey->file, text, len);
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
	       a->lease_ms != b->lease_ms;
}

static void
was_set(void *arg, const struct detail_control *set, int64_t renewed_ms)
{
	struct obey *obey = arg;
	const struct detail_control before = obey->control.set;

	(void)renewed_ms;
	obey->control.set = *set;
	obey->dirty = true;
	if (!is_news(&before, set))
		return;
	tell_switch("maintenance", before.maintenance, set->maintenance);
	tell_switch("overcommit", before.overcommit, set->overcommit);
	tell_switch("the lease", before.lease, set->lease);
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
obey_new(struct loop *loop, const struct settings *settings)
{
	struct obey *obey = xcalloc(1, sizeof(*obey));

	obey->path = xasprintf("%s/control", settings->state_dir);
	control_load(obey->path, &obey->control);
	obey->file = state_new(loop, obey->path);
	obey->orders = orders_new(loop, &obey->control.set, was_set, obey);
	return obey;
}

void
obey_free(struct obey *obey)
{
	if (obey == NULL)
		return;
	orders_free(obey->orders);
	state_free(obey->file);
	save_last(obey);
	free(obey->path);
	free(obey);
}

const struct voice_writer *
obey_writer(struct obey *obey)
{
	return orders_writer(obey->orders);
}
