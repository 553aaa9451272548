/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/uplinks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/netlink.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/worker.h"

struct uplinks {
	struct loop *loop;
	const struct settings *settings;
	loop_fn changed;
	void *changed_arg;
	struct source source;

	int events; /* rtnetlink; -1: none, the period has to do */
	struct loop_watch *watch;
	struct loop_timer *timer; /* next reading */
	struct worker *worker;
	int64_t asked_us;
	bool again; /* something changed while it was read */
	struct uplink_table table;

	struct loop_timer *lldp_timer;
	struct worker *lldp; /* while lldpd is asked */
	struct lldp_neighbour *neighbours;
	size_t n_neighbours;
};

/* --- neighbours
 * --------------------------------------------------------------- */

static void
take_neighbours(struct uplinks *uplinks, const json_t *list)
{
	size_t n = json_array_size(list);

	if (n > LLDP_NEIGHBOURS_MAX)
		n = LLDP_NEIGHBOURS_MAX;
	free(uplinks->neighbours);
	uplinks->neighbours = xcalloc(n + 1, sizeof(*uplinks->neighbours));
	uplinks->n_neighbours = n;
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(list, i);
		struct lldp_neighbour *one = &uplinks->neighbours[i];

		text_copy(one->link, sizeof(one->link),
			  message_text(from, "link"));
		text_copy(one->name, sizeof(one->name),
			  message_text(from, "name"));
		text_copy(one->port, sizeof(one->port),
			  message_text(from, "port"));
	}
	uplink_table_tell(&uplinks->table, uplinks->neighbours, n);
}

/* Without an answer nobody is known: a neighbour of yesterday would send
 * people to the wrong switch. */
static void
lldp_replied(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct uplinks *uplinks = arg;

	(void)err;
	take_neighbours(uplinks,
			rc == 0 ? json_object_get(reply, "neighbours") : NULL);
	worker_free(uplinks->lldp);
	uplinks->lldp = NULL;
}

static void
ask_lldp(void *arg)
{
	struct uplinks *uplinks = arg;
	const char *command = lldp_command();

	loop_timer_start(uplinks->lldp_timer, UPLINKS_LLDP_MS);
	if (command == NULL || uplinks->lldp != NULL)
		return;
	json_t *request = json_pack("{s:s}", "command", command);
	uplinks->lldp = worker_new(uplinks->loop, "lldp", NULL, NULL);
	int rc = worker_ask(uplinks->lldp, request, LLDP_DEADLINE_MS,
			    lldp_replied, uplinks);
	json_decref(request);
	if (rc < 0) {
		worker_free(uplinks->lldp);
		uplinks->lldp = NULL;
	}
}

/* --- links
 * -------------------------------------------------------------------- */

static void
tell_change(struct uplinks *uplinks, const struct uplink_table *before)
{
	if (uplink_table_same(before, &uplinks->table))
		return;
	for (size_t i = 0; i < uplinks->table.n; i++) {
		const struct detail_uplink *row = &uplinks->table.rows[i];

		for (size_t j = 0; j < before->n; j++)
			if (before->rows[j].index == row->index &&
			    before->rows[j].carrier != row->carrier)
				log_info("network", "%s: carrier %s", row->name,
					 row->carrier == UPLINK_CARRIER_ON
						 ? "came"
						 : "went");
	}
	uplinks->changed(uplinks->changed_arg);
}

static void
take_links(struct uplinks *uplinks, const json_t *reply)
{
	struct uplink_table before = uplinks->table;

	uplink_table_make(reply, uplinks->settings, &before, &uplinks->table);
	uplink_table_tell(&uplinks->table, uplinks->neighbours,
			  uplinks->n_neighbours);
	tell_change(uplinks, &before);
	uplink_table_done(&before);
}

static void
links_replied(void *arg, int rc, const json_t *reply, const struct err *err)
{
	struct uplinks *uplinks = arg;
	int64_t now_us = source_clock_us();
	const char *trouble = rc < 0 ? err->text : message_text(reply, "error");

	if (trouble[0] != '\0') {
		source_fail(&uplinks->source, trouble);
	} else {
		source_succeed(&uplinks->source, now_us / 1000,
			       (uint64_t)(now_us - uplinks->asked_us));
		take_links(uplinks, reply);
	}
	loop_timer_start(uplinks->timer, uplinks->again ? UPLINKS_SETTLE_MS
							: UPLINKS_PERIOD_MS);
	uplinks->again = false;
}

/* "udp:ADDRESS:PORT" to ADDRESS. */
static void
print_target(const char *target, char *to, size_t room)
{
	const char *from = target != NULL ? strchr(target, ':') : NULL;
	const char *end = target != NULL ? strrchr(target, ':') : NULL;

	to[0] = '\0';
	if (from == NULL || end <= from)
		return;
	from++;
	if (*from == '[' && end[-1] == ']') {
		from++;
		end--;
	}
	if ((size_t)(end - from) < room) {
		memcpy(to, from, (size_t)(end - from));
		to[end - from] = '\0';
	}
}

static void
ask_links(void *arg)
{
	struct uplinks *uplinks = arg;
	char target[64];

	print_target(uplinks->settings->inform_target, target, sizeof(target));
	json_t *request =
		json_pack("{s:s, s:s}", "root", uplinks->settings->system_root,
			  "target", target);
	uplinks->asked_us = source_clock_us();
	int rc = worker_ask(uplinks->worker, request, UPLINKS_DEADLINE_MS,
			    links_replied, uplinks);
	json_decref(request);
	if (rc == 0)
		return;
	source_fail(&uplinks->source,
		    rc == -EAGAIN ? "earlier readings still hang in the kernel"
				  : "cannot start a worker");
	loop_timer_start(uplinks->timer, UPLINKS_PERIOD_MS);
}

static void
heard(void *arg, int fd, unsigned what)
{
	struct uplinks *uplinks = arg;

	(void)what;
	if (!netlink_heard(fd))
		return;
	loop_timer_start(uplinks->lldp_timer, UPLINKS_PERIOD_MS);
	if (worker_is_busy(uplinks->worker))
		uplinks->again = true;
	else
		loop_timer_start(uplinks->timer, UPLINKS_SETTLE_MS);
}

/* --- start and stop
 * ------------------------------------------------------------ */

struct uplinks *
uplinks_new(struct loop *loop, const struct settings *settings, loop_fn changed,
	    void *arg)
{
	struct uplinks *uplinks = xcalloc(1, sizeof(*uplinks));
	struct err err = { "" };

	uplinks->loop = loop;
	uplinks->settings = settings;
	uplinks->changed = changed;
	uplinks->changed_arg = arg;
	source_init(&uplinks->source, SOURCE_NETWORK, "network",
		    INT64_C(3) * UPLINKS_PERIOD_MS);
	uplinks->worker = worker_new(loop, "network", NULL, NULL);
	uplinks->timer = loop_timer_new(loop, ask_links, uplinks);
	uplinks->lldp_timer = loop_timer_new(loop, ask_lldp, uplinks);
	uplinks->events = netlink_listen(&err);
	if (uplinks->events >= 0)
		uplinks->watch = loop_watch_new(loop, uplinks->events,
						LOOP_READ, heard, uplinks);
	else
		log_warn("network", "%s; looking every %d ms", err.text,
			 UPLINKS_PERIOD_MS);
	loop_timer_start(uplinks->timer, 0);
	loop_timer_start(uplinks->lldp_timer, 0);
	return uplinks;
}

void
uplinks_free(struct uplinks *uplinks)
{
	if (uplinks == NULL)
		return;
	loop_watch_free(uplinks->watch);
	if (uplinks->events >= 0)
		close(uplinks->events);
	loop_timer_free(uplinks->lldp_timer);
	loop_timer_free(uplinks->timer);
	worker_free(uplinks->lldp);
	worker_free(uplinks->worker);
	uplink_table_done(&uplinks->table);
	free(uplinks->neighbours);
	free(uplinks);
}

void
uplinks_fill(const struct uplinks *uplinks, struct node_detail *detail)
{
	const struct uplink_table *table = &uplinks->table;

	detail->uplinks = xcalloc(table->n + 1, sizeof(*detail->uplinks));
	detail->n_uplinks = table->n;
	if (table->n > 0)
		memcpy(detail->uplinks, table->rows,
		       table->n * sizeof(*detail->uplinks));
}

const struct source *
uplinks_source(const struct uplinks *uplinks)
{
	return &uplinks->source;
}
