/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fence: the levels of one host, one after another, until one proves it off.
 *
 *	0	all devices of the first level are turned off, side by side
 *	10 s	not all of them proved: the next level.  3 s for a BMC without
 *		a session, 8 s for an outlet, FENCE_DEADLINE_MS for a BMC of
 *		the last level
 *	then	all say off: where the host has more devices, those of this
 *		level and all BMCs are asked once more.  A BMC that says on
 *		after that shows that the outlets are not this host's, or not
 *		all of them: the next level
 *	end	proved, or a person has to look: OUTCOME_IN_DOUBT
 *
 * A BMC of another host is not touched; its level fails at once.
 */
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/coordinator/evidence.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/power_internal.h"

struct turn; /* one device's part in a level */

struct fence {
	struct line *line;
	int64_t command;
	unsigned level;
	bool checking;    /* the level says off; is it contradicted? */
	bool proved;      /* all of it, so far */
	unsigned pending; /* devices that have not called back */
	struct loop_timer *timer;
	struct turn *turns; /* by device */
	json_t *tried;      /* what each level came to */
	char text[REASON_LEN];
	size_t text_len;
	/* of the BMC that proved it */
	struct device *witness;
	struct power_result result;
};

struct turn {
	struct fence *fence;
	struct device *device;
};

/* --- words --------------------------------------------------------------- */

static void
say(struct fence *fence, const struct device *device, const char *text)
{
	size_t left = sizeof(fence->text) - fence->text_len;
	bool alone = fence->line->n_devices == 1;
	int n = snprintf(fence->text + fence->text_len, left, "%s%s%s%s",
			 fence->text_len > 0 ? "; " : "",
			 alone ? "" : device->name, alone ? "" : ": ", text);

	fence->text_len += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

static void
note(struct fence *fence, const struct device *device,
     const struct power_result *result)
{
	json_array_append_new(
		fence->tried,
		json_pack("{s:s, s:s, s:s, s:b, s:b, s:i, s:I, s:s}", "level",
			  line_level_name(fence->line, device->level), "device",
			  device->name, "power", ipmi_power_name(result->power),
			  "verified", result->verified, "check",
			  fence->checking, "commands_sent",
			  (int)result->commands_sent, "took_ms",
			  (json_int_t)(result->done_ms - result->asked_ms),
			  "text", result->text));
}

/* --- the end ------------------------------------------------------------- */

static void
end(struct fence *fence, const struct evidence_extra *extra)
{
	struct line *line = fence->line;
	int64_t command = fence->command;
	bool proved = fence->proved;
	char by[64], text[REASON_LEN];

	snprintf(by, sizeof(by), "decision, command %" PRId64, command);
	snprintf(text, sizeof(text), "%s", fence->text);
	cleanup_free char *detail =
		evidence_text(fence->witness != NULL ? fence->witness->bmc
						     : NULL,
			      &fence->result, extra, by, fence->tried);
	line->fence = NULL;
	fence_free(fence);
	outcome_fence(line->co, line->host, command, proved, text, detail);
}

static void
evidence_came(void *arg, const struct evidence_extra *extra)
{
	struct fence *fence = arg;

	if (fence->line->co->power != NULL)
		end(fence, extra);
}

static void
conclude(struct fence *fence)
{
	if (!fence->proved || fence->witness == NULL ||
	    !evidence_ask(fence->witness->bmc, evidence_came, fence))
		end(fence, NULL);
}

/* --- one level ----------------------------------------------------------- */

static bool
is_last(const struct fence *fence)
{
	for (unsigned i = fence->level + 1; i < line_levels(fence->line); i++)
		for (size_t k = 0; k < fence->line->n_devices; k++)
			if (fence->line->devices[k].level == i)
				return false;
	return true;
}

static int64_t
deadline_of(const struct fence *fence, const struct device *device)
{
	if (device->outlet != NULL)
		return FENCE_OUTLET_MS;
	if (is_last(fence))
		return FENCE_DEADLINE_MS;
	return device_is_silent(device) ? FENCE_SILENT_MS : FENCE_LEVEL_MS;
}

static void
go_on_soon(struct fence *fence)
{
	loop_timer_start(fence->timer, 0);
}

static void
settled(struct fence *fence)
{
	if (--fence->pending == 0)
		go_on_soon(fence);
}

static void
turned_off(void *arg, const struct power_result *result)
{
	struct turn *turn = arg;
	struct fence *fence = turn->fence;
	struct device *device = turn->device;

	if (fence->line->co->power == NULL)
		return; /* shutting down: the record stays open */
	device_take(device, result);
	note(fence, device, result);
	say(fence, device, result->text);
	if (result->rc != IPMI_OK || !result->verified ||
	    result->power != IPMI_POWER_OFF)
		fence->proved = false;
	if (device->bmc != NULL) {
		fence->witness = device;
		fence->result = *result;
	} else if (fence->witness == NULL) {
		fence->result = *result;
	}
	settled(fence);
}

static void
checked(void *arg, const struct power_result *result)
{
	struct turn *turn = arg;

	if (turn->fence->line->co->power == NULL)
		return;
	device_take(turn->device, result);
	note(turn->fence, turn->device, result);
	settled(turn->fence);
}

static void
refuse(struct fence *fence, const struct device *device, const char *why)
{
	struct power_result none = { .rc = IPMI_CANCELLED };

	snprintf(none.text, sizeof(none.text), "%s", why);
	fence->proved = false;
	note(fence, device, &none);
	say(fence, device, why);
}

static void
turn_off(struct fence *fence, struct device *device)
{
	struct turn *turn = &fence->turns[device - fence->line->devices];

	if (device_turn_off(device, deadline_of(fence, device), turned_off,
			    turn))
		fence->pending++;
	else
		refuse(fence, device, "too much is waiting for it");
}

static bool
try_level(struct fence *fence)
{
	bool any = false;

	fence->proved = true;
	fence->checking = false;
	fence->witness = NULL;
	fence->result = (struct power_result){ .rtt_ms = -1 };
	for (size_t i = 0; i < fence->line->n_devices; i++) {
		struct device *device = &fence->line->devices[i];

		if (device->level != fence->level)
			continue;
		any = true;
		turn_off(fence, device);
	}
	return any;
}

static size_t
count_in_level(const struct fence *fence)
{
	size_t n = 0;

	for (size_t i = 0; i < fence->line->n_devices; i++)
		n += fence->line->devices[i].level == fence->level;
	return n;
}

/* One device alone, and no other BMC: nothing to ask. */
static void
check(struct fence *fence)
{
	struct line *line = fence->line;
	bool many = count_in_level(fence) > 1;

	fence->checking = true;
	for (size_t i = 0; i < line->n_devices; i++) {
		struct device *device = &line->devices[i];
		bool inside = device->level == fence->level;

		if ((inside ? many : device->bmc != NULL) &&
		    device_prove_off(device, FENCE_CHECK_MS, checked,
				     &fence->turns[i]))
			fence->pending++;
	}
}

static void
judge(struct fence *fence)
{
	struct levels_word all;

	line_combine(fence->line, &all);
	fence->proved = all.word.power == POWER_OFF && all.word.off_reads >= 2;
	if (fence->proved)
		return;
	for (size_t i = 0; i < fence->line->n_devices; i++) {
		const struct device *device = &fence->line->devices[i];

		if (device->bmc != NULL && device->word.power == POWER_ON)
			say(fence, device,
			    "says on after that: are the outlets this host's, "
			    "and all of them?");
	}
}

/* From a clean stack, with nothing pending. */
static void
go_on(void *arg)
{
	struct fence *fence = arg;

	if (fence->proved && fence->checking) {
		judge(fence);
		if (fence->proved) {
			conclude(fence);
			return;
		}
	} else if (fence->proved) {
		check(fence);
		if (fence->pending == 0)
			go_on_soon(fence);
		return;
	}
	while (++fence->level < line_levels(fence->line))
		if (try_level(fence)) {
			if (fence->pending == 0)
				go_on_soon(fence);
			return;
		}
	fence->proved = false;
	conclude(fence);
}

/* --- the door ------------------------------------------------------------ */

void
fence_start(struct line *line, int64_t command)
{
	struct fence *fence = xcalloc(1, sizeof(*fence));

	assert(line->fence == NULL);
	fence->line = line;
	fence->command = command;
	fence->tried = json_array();
	fence->timer = loop_timer_new(line->co->loop, go_on, fence);
	fence->turns = xcalloc(line->n_devices, sizeof(*fence->turns));
	for (size_t i = 0; i < line->n_devices; i++)
		fence->turns[i] = (struct turn){ fence, &line->devices[i] };
	line->fence = fence;
	/* The first level at once: a fence goes ahead of what comes next. */
	if (!try_level(fence) || fence->pending == 0) {
		fence->proved = false;
		go_on_soon(fence);
	}
}

void
fence_free(struct fence *fence)
{
	if (fence == NULL)
		return;
	loop_timer_free(fence->timer);
	json_decref(fence->tried);
	free(fence->turns);
	free(fence);
}
