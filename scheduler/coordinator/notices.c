/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/heard.h"
#include "scheduler/coordinator/pet.h"
#include "scheduler/coordinator/poll.h"
#include "scheduler/coordinator/record.h"
#include "snmp-mib/inform.h"

struct notices {
	struct inform *inform; /* NULL: none are received */
	struct heard *heard;   /* by host */
	struct loop_timer *timer;
	struct record_note *notes; /* to be recorded */
	size_t n;
	uint64_t again, gaps, missing, restarts, storms, strangers;
};

/* --- the record ----------------------------------------------------------- */

static void
flush(void *arg)
{
	struct coordinator *co = arg;
	struct notices *notices = co->notices;

	if (notices->n == 0)
		return;
	loop_timer_stop(notices->timer);
	record_notes(&co->reg, co->store, notices->notes, notices->n,
		     clock_wall_ms());
	notices->n = 0;
	coordinator_tell(co);
}

static struct record_note *
add_note(struct coordinator *co)
{
	struct notices *notices = co->notices;

	if (notices->n == NOTICES_BATCH_MAX)
		flush(co);
	if (notices->n == 0)
		loop_timer_start(notices->timer, NOTICES_BATCH_MS);
	return &notices->notes[notices->n++];
}

static void
note_notice(struct coordinator *co, size_t host,
	    const struct node_notice *notice)
{
	static const enum severity severities[] = {
		[NOTICE_CLEARED] = SEVERITY_INFO,
		[NOTICE_INFO] = SEVERITY_INFO,
		[NOTICE_WARNING] = SEVERITY_WARNING,
		[NOTICE_MAJOR] = SEVERITY_WARNING,
		[NOTICE_CRITICAL] = SEVERITY_CRITICAL,
	};
	struct record_note *note = add_note(co);

	note->severity = severities[notice->severity];
	note->host = host;
	snprintf(note->kind, sizeof(note->kind), "notice-%s",
		 notice_kind_name(notice->kind));
	for (char *c = strchr(note->kind, ' '); c != NULL; c = strchr(c, ' '))
		*c = '-';
	memcpy(note->vm, notice->vm_name, sizeof(note->vm));
	snprintf(note->text, sizeof(note->text), "%s says: %s",
		 notice->host_name, notice->text);
}

static void
note_gap(struct coordinator *co, size_t host, uint32_t missing)
{
	struct record_note *note = add_note(co);

	*note = (struct record_note){ .severity = SEVERITY_WARNING,
				      .kind = "notice-gap",
				      .host = host };
	snprintf(note->text, sizeof(note->text),
		 "%s: %u of its notices did not come; it is read anew",
		 co->reg.hosts[host].conf->name, missing);
}

/* --- a notice ------------------------------------------------------------- */

static size_t
find_host(const struct registry *reg, const struct node_notice *notice)
{
	for (size_t i = 0; notice->host_uuid[0] != '\0' && i < reg->n_hosts;
	     i++)
		if (strcmp(reg->hosts[i].pulse.uuid, notice->host_uuid) == 0)
			return i;
	/* Before its first heartbeat. */
	return registry_find_host(reg, notice->host_name);
}

/* False: it came before. */
static bool
is_news(struct coordinator *co, size_t host, const struct node_notice *notice)
{
	struct notices *notices = co->notices;
	uint32_t missing;

	switch (heard_take(&notices->heard[host], notice, &missing)) {
	case HEARD_AGAIN:
		notices->again++;
		return false;
	case HEARD_GAP:
		notices->gaps++;
		notices->missing += missing;
		note_gap(co, host, missing);
		break;
	case HEARD_RESTART:
		notices->restarts++;
		break;
	case HEARD_FIRST:
	case HEARD_NEXT:
		break;
	}
	return true;
}

/* Whatever it says, and all the more after a gap: the host is read anew. */
void
notices_take(void *arg, const struct node_notice *notice)
{
	struct coordinator *co = arg;
	size_t host = find_host(&co->reg, notice);

	if (host == NO_HOST)
		co->notices->strangers++;
	else if (!is_news(co, host, notice))
		return;
	if (notice->kind == NOTICE_STORM)
		co->notices->storms++;
	note_notice(co, host, notice);
	if (host != NO_HOST)
		poll_report_soon(co, host);
}

/* --- open and close ------------------------------------------------------- */

int
notices_open(struct coordinator *co, struct err *err)
{
	const struct inform_options options = {
		.listen = co->settings->inform_listen,
		.accounts = co->settings->snmp,
		.n_accounts = co->settings->n_snmp,
		.fn = notices_take,
		.pet = pet_came,
		.arg = co,
	};

	co->notices = xcalloc(1, sizeof(*co->notices));
	co->notices->heard =
		xcalloc(co->reg.n_hosts, sizeof(*co->notices->heard));
	co->notices->notes =
		xcalloc(NOTICES_BATCH_MAX, sizeof(*co->notices->notes));
	co->notices->timer = loop_timer_new(co->loop, flush, co);
	if (options.listen == NULL)
		return 0;
	return inform_open(co->loop, &options, &co->notices->inform, err);
}

void
notices_close(struct coordinator *co)
{
	struct notices *notices = co->notices;

	if (notices == NULL)
		return;
	inform_close(notices->inform);
	flush(co);
	loop_timer_free(notices->timer);
	free(notices->notes);
	free(notices->heard);
	free(notices);
	co->notices = NULL;
}

json_t *
notices_to_json(const struct coordinator *co)
{
	const struct notices *notices = co->notices;
	struct inform_counts counts;

	if (notices == NULL || notices->inform == NULL)
		return json_null();
	inform_counts(notices->inform, &counts);
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i}",
		"accepted", (json_int_t)counts.accepted, "repeated",
		(json_int_t)notices->again, "gaps", (json_int_t)notices->gaps,
		"missing", (json_int_t)notices->missing, "restarts",
		(json_int_t)notices->restarts, "storms",
		(json_int_t)notices->storms, "unknown_hosts",
		(json_int_t)notices->strangers, "foreign",
		(json_int_t)counts.foreign, "malformed",
		(json_int_t)counts.malformed, "insecure",
		(json_int_t)counts.insecure, "buffer_bytes", counts.buffer);
}
