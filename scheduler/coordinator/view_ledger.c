/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions and alarms of a cluster view. */
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

/* --- alarms ---------------------------------------------------------------
 * Those that stand and those that are known are both put in order and merged,
 * so that a storm of thousands costs one pass. */

static int
compare_names(const char *kind, const char *subject, const char *other_kind,
	      const char *other_subject)
{
	int order = strcmp(kind, other_kind);

	return order != 0 ? order : strcmp(subject, other_subject);
}

static int
compare_alarms(const void *left, const void *right)
{
	const struct plan_alarm *a = &(*(struct reg_alarm *const *)left)->alarm;
	const struct plan_alarm *b =
		&(*(struct reg_alarm *const *)right)->alarm;

	return compare_names(a->kind, a->subject, b->kind, b->subject);
}

/* Each kind and subject once: of a VM with more than two copies there is more
 * than one alarm. */
static size_t
list_standing(const struct registry *reg, const struct reg_alarm **ret_list)
{
	size_t n = 0, left = 0;

	for (size_t i = 0; i < reg->n_alarms && n < VIEW_ALARMS_MAX; i++)
		if (reg->alarms[i].told)
			ret_list[n++] = &reg->alarms[i];
	if (n > 0)
		qsort(ret_list, n, sizeof(*ret_list), compare_alarms);
	for (size_t i = 0; i < n; i++)
		if (left == 0 ||
		    compare_alarms(&ret_list[left - 1], &ret_list[i]) != 0)
			ret_list[left++] = ret_list[i];
	return left;
}

static struct known_alarm
know(struct view_maker *maker, const struct plan_alarm *alarm)
{
	struct known_alarm known = { .number = ++maker->last_alarm };

	PUT_TEXT(known.kind, alarm->kind);
	PUT_TEXT(known.subject, alarm->subject);
	return known;
}

static void
fill_alarm(const struct view_maker *maker, struct known_alarm *known,
	   const struct reg_alarm *alarm, struct view_alarm *out)
{
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
}

/* When there are too many, what does not stand is forgotten. */
static void
keep_book(struct view_maker *maker, struct known_alarm *book, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (n <= ALARM_BOOK_MAX || book[i].view == maker->views)
			book[left++] = book[i];
	free(maker->alarms);
	maker->alarms = book;
	maker->n_alarms = left;
}

static void
merge_alarms(struct view_maker *maker, const struct reg_alarm *const *stand,
	     size_t n_stand, struct view_alarm *ret_rows)
{
	struct known_alarm *book =
		xcalloc(maker->n_alarms + n_stand, sizeof(*book));
	size_t n = 0, old = 0;

	for (size_t i = 0; i < n_stand; i++) {
		const struct plan_alarm *alarm = &stand[i]->alarm;
		int order = 1;

		for (; old < maker->n_alarms && order > 0; old++) {
			const struct known_alarm *known = &maker->alarms[old];

			order = compare_names(alarm->kind, alarm->subject,
					      known->kind, known->subject);
			if (order < 0)
				break;
			book[n++] = *known;
		}
		if (order != 0)
			book[n++] = know(maker, alarm);
		fill_alarm(maker, &book[n - 1], stand[i], &ret_rows[i]);
	}
	while (old < maker->n_alarms)
		book[n++] = maker->alarms[old++];
	keep_book(maker, book, n);
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
	const struct reg_alarm **stand =
		xcalloc(reg->n_alarms, sizeof(const struct reg_alarm *));
	size_t n = list_standing(reg, stand);

	view->alarms = xcalloc(n, sizeof(*view->alarms));
	view->n_alarms = n;
	merge_alarms(maker, stand, n, view->alarms);
	for (size_t i = 0; i < n; i++)
		count_at_member(view, view->alarms[i].subject);
	free(stand);
}
