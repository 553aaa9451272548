/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions and alarms of a cluster view. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"
#include "scheduler/coordinator/view_internal.h"

_Static_assert(
	(int)VIEW_DECISION_FENCE == (int)COMMAND_FENCE + 1 &&
		(int)VIEW_DECISION_POWER_OFF == (int)COMMAND_POWER_OFF + 1 &&
		(int)VIEW_DECISION_OPEN == (int)OUTCOME_OPEN + 1 &&
		(int)VIEW_DECISION_IN_DOUBT == (int)OUTCOME_IN_DOUBT + 1 &&
		(int)VIEW_SEVERITY_INFO == (int)SEVERITY_INFO + 1 &&
		(int)VIEW_SEVERITY_CRITICAL == (int)SEVERITY_CRITICAL + 1,
	"the MIB's enums are the store's, moved by one");

/* --- decisions ------------------------------------------------------------ */

/* When that fails the last ones stay: the site's row says what is wrong. */
static void
read_commands(struct view_maker *maker)
{
	struct store *store = maker->co->store;
	int64_t revision = store_revision(store);
	struct store_command *commands;
	struct err err = { "" };
	size_t n;

	if (maker->read && maker->revision == revision)
		return;
	if (store_load_commands(store, VIEW_DECISIONS_MAX, &commands, &n,
				&err) < 0) {
		log_debug("view", "%s", err.text);
		return;
	}
	free(maker->commands);
	maker->commands = commands;
	maker->n_commands = n;
	maker->revision = revision;
	maker->read = true;
}

static const struct reg_vm *
find_vm(const struct registry *reg, const char *uuid)
{
	/* It finds, and changes nothing. */
	return registry_find_vm((struct registry *)reg, uuid);
}

static void
fill_decision(const struct registry *reg, const struct store_command *command,
	      struct view_decision *out)
{
	const struct reg_vm *vm =
		command->vm[0] != '\0' ? find_vm(reg, command->vm) : NULL;

	*out = (struct view_decision){
		.number = (uint32_t)command->id,
		.time_s = view_seconds(command->recorded_ms),
		.end_s = view_seconds(command->ended_ms),
		.kind = (enum view_decision_kind)(command->kind + 1),
		.state = (enum view_decision_state)(command->outcome + 1),
		.snapshot = command->snapshot,
	};
	PUT_TEXT(out->host, command->host);
	PUT_TEXT(out->vm_uuid, command->vm);
	PUT_TEXT(out->vm_name, vm != NULL ? vm->name : "");
	PUT_TEXT(out->from, command->from);
	PUT_TEXT(out->to, command->kind == COMMAND_START ? command->host : "");
	PUT_TEXT(out->reason, command->reason);
	PUT_TEXT(out->result, command->text);
}

void
view_fill_decisions(struct view_maker *maker, struct cluster_view *view)
{
	read_commands(maker);
	view->decisions = xcalloc(maker->n_commands, sizeof(*view->decisions));
	for (size_t i = 0; i < maker->n_commands; i++)
		if (maker->commands[i].id <= INT32_MAX)
			fill_decision(&maker->co->reg, &maker->commands[i],
				      &view->decisions[view->n_decisions++]);
}

/* --- alarms --------------------------------------------------------------- */

static int
compare(const struct known_alarm *known, const struct plan_alarm *alarm)
{
	int order = strcmp(known->kind, alarm->kind);

	return order != 0 ? order : strcmp(known->subject, alarm->subject);
}

/* Where the alarm is in the book, or belongs. */
static size_t
place_of(const struct view_maker *maker, const struct plan_alarm *alarm)
{
	size_t low = 0, high = maker->n_alarms;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&maker->alarms[middle], alarm) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Those that stand were shown by the last view, or are by this one. */
static void
forget_one(struct view_maker *maker)
{
	size_t oldest = 0;

	for (size_t i = 1; i < maker->n_alarms; i++)
		if (maker->alarms[i].view < maker->alarms[oldest].view)
			oldest = i;
	maker->n_alarms--;
	memmove(&maker->alarms[oldest], &maker->alarms[oldest + 1],
		(maker->n_alarms - oldest) * sizeof(*maker->alarms));
}

static struct known_alarm *
know(struct view_maker *maker, const struct plan_alarm *alarm)
{
	size_t place = place_of(maker, alarm);

	if (place < maker->n_alarms &&
	    compare(&maker->alarms[place], alarm) == 0)
		return &maker->alarms[place];
	if (maker->n_alarms == ALARM_BOOK_MAX) {
		forget_one(maker);
		place = place_of(maker, alarm);
	}
	maker->alarms = xrealloc(maker->alarms, maker->n_alarms + 1,
				 sizeof(*maker->alarms));
	memmove(&maker->alarms[place + 1], &maker->alarms[place],
		(maker->n_alarms - place) * sizeof(*maker->alarms));
	maker->n_alarms++;
	maker->alarms[place] =
		(struct known_alarm){ .number = ++maker->last_alarm };
	snprintf(maker->alarms[place].kind, sizeof(maker->alarms[place].kind),
		 "%s", alarm->kind);
	snprintf(maker->alarms[place].subject,
		 sizeof(maker->alarms[place].subject), "%s", alarm->subject);
	return &maker->alarms[place];
}

/* False: of that kind and subject there is one already, as of a VM with more
 * than two copies. */
static bool
fill_alarm(struct view_maker *maker, const struct reg_alarm *alarm,
	   struct view_alarm *out)
{
	struct known_alarm *known = know(maker, &alarm->alarm);

	if (known->view == maker->views)
		return false;
	if (known->count == 0 || known->since_ms != alarm->since_ms)
		known->count++;
	known->since_ms = alarm->since_ms;
	known->view = maker->views;
	*out = (struct view_alarm){
		.index = known->number,
		.severity = (enum view_severity)(alarm->alarm.severity + 1),
		.since_s = view_seconds(alarm->since_wall_ms),
		.count = known->count,
	};
	PUT_TEXT(out->kind, alarm->alarm.kind);
	PUT_TEXT(out->subject, alarm->alarm.subject);
	PUT_TEXT(out->text, alarm->alarm.text);
	return true;
}

/* Hosts are sorted by name. */
static void
count_at_member(struct cluster_view *view, const char *subject)
{
	size_t low = 0, high = view->n_members;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(view->members[middle].name, subject);

		if (order == 0) {
			view->members[middle].alarms++;
			return;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
}

void
view_fill_alarms(struct view_maker *maker, struct cluster_view *view)
{
	const struct registry *reg = &maker->co->reg;

	view->alarms = xcalloc(reg->n_alarms, sizeof(*view->alarms));
	for (size_t i = 0;
	     i < reg->n_alarms && view->n_alarms < VIEW_ALARMS_MAX; i++) {
		const struct reg_alarm *alarm = &reg->alarms[i];

		if (!alarm->told ||
		    !fill_alarm(maker, alarm, &view->alarms[view->n_alarms]))
			continue;
		view->n_alarms++;
		count_at_member(view, alarm->alarm.subject);
	}
}
