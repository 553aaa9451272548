/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last fence level: a person who went there, and says that a host is off.
 *
 * It is taken for a proof only while nothing contradicts it, and ends with the
 * first sign of life.  It dies with the coordinator: whoever restarts it has to
 * say it again.  If it is not true, VMs run twice; so it is recorded with the
 * name of who said it before it is believed, and only a host that was asked in
 * every way and is silent in all of them can be spoken of.
 */
#include <stdio.h>

#include "common/clock.h"
#include "scheduler/coordinator/freeze.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/serve.h"

/* Of what a host itself says; NULL: nothing. */
static const char *
heard_of(const struct snap_host *host)
{
	if (host->link == LINK_OK)
		return "it answers";
	if (host->link == LINK_NO_AGENT || host->link == LINK_REFUSED)
		return "its SNMP master answers: only its agent is gone";
	if (host->libvirt == WITNESS_ALIVE)
		return "its libvirt answers";
	if (host->power == POWER_ON)
		return "a BMC says that it is on";
	if (host->datastore == WITNESS_ALIVE)
		return "it writes its datastore heartbeat";
	return NULL;
}

/* Whom nobody has asked since it fell silent; NULL: all were. */
static const char *
not_asked(const struct snap_host *host)
{
	if (host->link != LINK_SILENT || host->state == HOST_UP)
		return "it is not known to be silent yet";
	if (host->libvirt != WITNESS_SILENT)
		return "its libvirt was not asked yet";
	if (host->can_fence && host->power_text[0] == '\0')
		return "its BMC was not asked yet";
	if (host->datastore_age_ms != AGE_NEVER &&
	    host->datastore != WITNESS_SILENT)
		return "its datastore heartbeat has not stood still for long";
	return host->fencing ? "it is being fenced just now" : NULL;
}

static void
refuse(struct api_reply *reply, const char *name, const char *why,
       const char *hint)
{
	char text[REASON_LEN];

	snprintf(text, sizeof(text), "%s cannot be called off: %s", name, why);
	api_reply_error(reply, 409, text, hint);
}

/* Believed only once it is on the disk. */
static void
take_word(struct coordinator *co, size_t index, struct api_reply *reply)
{
	struct reg_host *host = &co->reg.hosts[index];
	const char *by = api_reply_caller(reply);
	char text[REASON_LEN];

	snprintf(text, sizeof(text),
		 "%s says that %s is off: its VMs may be started elsewhere", by,
		 host->conf->name);
	if (record_event(&co->reg, co->store, SEVERITY_CRITICAL,
			 "confirmed-off", index, "", text,
			 clock_wall_ms()) < 0) {
		api_reply_error(reply, 503, "it could not be recorded",
				"nothing was done: the store must work first");
		return;
	}
	host->word_ms = clock_mono_ms();
	snprintf(host->word_of, sizeof(host->word_of), "%s", by);
	coordinator_wake(co);
	coordinator_tell(co);
	api_reply_json(reply,
		       json_pack("{s:s, s:b, s:s}", "host", host->conf->name,
				 "confirmed_off", 1, "by", by));
}

void
operate_confirm_off(void *arg, const char *name, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index = registry_find_host(&co->reg, name);
	struct snap_host host = { .cluster = 0 };
	char text[REASON_LEN];

	if (index == NO_HOST) {
		snprintf(text, sizeof(text), "there is no host \"%s\"", name);
		api_reply_error(reply, 404, text,
				"'ironherd status' shows what is configured");
		return;
	}
	freeze_host(&co->reg, index, clock_mono_ms(), &host);
	const char *heard = heard_of(&host), *asked = not_asked(&host);
	if (heard != NULL)
		refuse(reply, name, heard,
		       "pull its plug, all of them, and look again");
	else if (asked != NULL)
		refuse(reply, name, asked, "try again in some seconds");
	else
		take_word(co, index, reply);
}
