/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/bmc_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/power.h"

enum { SPREAD_MS = 73 /* between two hosts */ };

/* Of one host with a BMC of its own. */
struct follower {
	struct coordinator *co;
	size_t host;
	struct loop_timer *timer; /* NULL: there is no BMC */
	int64_t due_ms;           /* of the timer; 0: it does not run */
	int64_t began_ms;         /* of the last look; 0: never */
	bool hinted;              /* during the look under way */

	struct sel_job *job; /* under way */
	unsigned readings;   /* of this look */
	bool known;          /* row and position tell how far it was read */
	struct store_bmc_log row;
	struct sel_position position;
	struct bmc_log_budget budget;
};

struct bmc_logs {
	struct follower *followers; /* by host */
};

/* --- when ---------------------------------------------------------------- */

/* Unless it is looked at before. */
static void
look_in(struct follower *f, int64_t wait_ms)
{
	int64_t now_ms = clock_mono_ms(), due_ms = now_ms + wait_ms;

	if (f->due_ms != 0 && f->due_ms <= due_ms)
		return;
	f->due_ms = due_ms;
	loop_timer_start(f->timer, wait_ms);
}

static void
look_soon(struct follower *f)
{
	int64_t gap_ms = f->began_ms + BMC_LOG_GAP_MS - clock_mono_ms();
	bool wait = f->began_ms != 0 && gap_ms > BMC_LOG_HINT_MS;

	look_in(f, wait ? gap_ms : BMC_LOG_HINT_MS);
}

static void
end_look(struct follower *f, int64_t wait_ms)
{
	look_in(f, wait_ms);
	if (f->hinted)
		look_soon(f);
	f->hinted = false;
}

/* --- which board --------------------------------------------------------- */

static void
guid_of(const struct bmc *bmc, char ret_text[BMC_GUID_TEXT])
{
	struct bmc_health health;

	ret_text[0] = '\0';
	bmc_get_health(bmc, &health);
	if (health.has_guid)
		bmc_format_guid(health.guid, ret_text);
}

/* The log of another board is another log. */
static void
check_board(struct follower *f)
{
	char guid[BMC_GUID_TEXT];

	guid_of(power_bmc(f->co, f->host), guid);
	if (f->known && guid[0] != '\0' && f->row.guid[0] != '\0' &&
	    strcmp(guid, f->row.guid) != 0)
		f->known = f->row.overflow = false;
	if (guid[0] != '\0')
		memcpy(f->row.guid, guid, sizeof(guid));
}

static bool
can_be_asked(const struct follower *f)
{
	struct bmc_health health;
	struct err err;

	bmc_get_health(power_bmc(f->co, f->host), &health);
	return health.session && power_guard(f->co, f->host, &err);
}

/* --- reading ------------------------------------------------------------- */

static bool
same_row(const struct store_bmc_log *a, const struct store_bmc_log *b)
{
	return a->erased_s == b->erased_s && a->entry == b->entry &&
	       a->overflow == b->overflow && strcmp(a->guid, b->guid) == 0 &&
	       strcmp(a->record, b->record) == 0;
}

/* What is not on the disk is not believed: it is read again next time. */
static void
take(struct follower *f, const struct sel_result *result)
{
	struct record_news news[BMC_LOG_NEWS_MAX];
	struct bmc_log_budget budget = f->budget;
	struct store_bmc_log row = f->row;
	struct coordinator *co = f->co;
	struct err err;
	size_t n = bmc_log_take(result, !f->known, &budget, clock_mono_ms(),
				&row, news);
	bool same = f->known && same_row(&row, &f->row);

	if (n == 0 && same) {
		f->budget = budget;
		return;
	}
	if (record_bmc_log(&co->reg, co->store, f->host, &row, news, n,
			   clock_wall_ms(), &err) < 0) {
		log_error("bmc-log", "%s: not recorded: %s", row.host,
			  err.text);
		return;
	}
	f->row = row;
	f->position = result->position;
	f->known = true;
	f->budget = budget;
	if (n > 0)
		coordinator_tell(co);
}

static bool read_on(struct follower *f);

static void
came(void *arg, const struct sel_result *result)
{
	struct follower *f = arg;
	bool good = result->rc == IPMI_OK;

	f->job = NULL;
	if (f->co->bmc_logs == NULL)
		return; /* shutting down */
	/* Where a log ends is known only when it was read to there. */
	bool usable = can_be_asked(f) && (f->known || good);
	if (usable)
		take(f, result);
	if (usable && good && result->more && f->known &&
	    ++f->readings < BMC_LOG_READINGS && read_on(f))
		return;
	end_look(f, good && usable ? BMC_LOG_PERIOD_MS : BMC_LOG_RETRY_MS);
}

static bool
read_on(struct follower *f)
{
	struct bmc *bmc = power_bmc(f->co, f->host);

	f->job = f->known ? sel_read(bmc, &f->position, SEL_ENTRIES_MAX,
				     BMC_LOG_DEADLINE_MS, came, f)
			  : sel_tail(bmc, 1, BMC_LOG_DEADLINE_MS, came, f);
	return f->job != NULL;
}

static bool
look(struct follower *f)
{
	if (f->job != NULL || !can_be_asked(f))
		return false;
	f->began_ms = clock_mono_ms();
	f->readings = 0;
	check_board(f);
	return read_on(f);
}

static void
look_now(void *arg)
{
	struct follower *f = arg;

	f->due_ms = 0;
	if (!look(f))
		look_in(f, BMC_LOG_RETRY_MS);
}

/* --- the door ------------------------------------------------------------ */

/* A row that cannot be read is as good as none. */
static void
load(struct follower *f)
{
	const char *name = f->co->reg.hosts[f->host].conf->name;
	struct err err;
	int rc = store_load_bmc_log(f->co->store, name, &f->row, &err);

	f->known = rc == 0 && bmc_log_to_position(&f->row, &f->position);
	if (!f->known)
		f->row = (struct store_bmc_log){ .erased_s = 0 };
	snprintf(f->row.host, sizeof(f->row.host), "%s", name);
	if (!f->known && rc != -ENOENT)
		log_warn("bmc-log",
			 "%s: how far the log was read is lost; it is "
			 "followed from its end%s%s",
			 name, rc < 0 ? ": " : "", rc < 0 ? err.text : "");
}

static void
follow(struct coordinator *co, size_t host)
{
	struct follower *f = &co->bmc_logs->followers[host];

	f->co = co;
	f->host = host;
	if (power_bmc(co, host) == NULL)
		return;
	f->timer = loop_timer_new(co->loop, look_now, f);
	load(f);
	look_in(f, BMC_LOG_FIRST_MS +
			   (int64_t)host * SPREAD_MS % BMC_LOG_PERIOD_MS);
}

void
bmc_log_open(struct coordinator *co)
{
	co->bmc_logs = xcalloc(1, sizeof(*co->bmc_logs));
	co->bmc_logs->followers =
		xcalloc(co->reg.n_hosts, sizeof(*co->bmc_logs->followers));
	for (size_t i = 0; i < co->reg.n_hosts; i++)
		follow(co, i);
}

void
bmc_log_close(struct coordinator *co)
{
	struct bmc_logs *logs = co->bmc_logs;

	if (logs == NULL)
		return;
	co->bmc_logs = NULL;
	for (size_t i = 0; i < co->reg.n_hosts; i++) {
		if (logs->followers[i].job != NULL)
			sel_cancel(logs->followers[i].job);
		loop_timer_free(logs->followers[i].timer);
	}
	free(logs->followers);
	free(logs);
}

void
bmc_log_hint(struct coordinator *co, size_t host)
{
	struct follower *f =
		co->bmc_logs != NULL ? &co->bmc_logs->followers[host] : NULL;

	if (f == NULL || f->timer == NULL)
		return;
	if (f->job != NULL)
		f->hinted = true;
	else
		look_soon(f);
}

bool
bmc_log_look(struct coordinator *co, size_t host)
{
	return look(&co->bmc_logs->followers[host]);
}
