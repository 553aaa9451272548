/* SPDX-License-Identifier: Apache-2.0 */
/* The things of agent/entities.h as sorted rows, and what lasts of them. */
#include <stdlib.h>
#include <string.h>

#include "agent/entities.h"
#include "agent/text.h"
#include "common/alloc.h"

struct entities {
	struct index *index;
	int64_t start_ms;
	uint64_t layout; /* hash of all entities of the last report */
	uint32_t changed_ticks;
	struct detail_state *states; /* of the last report */
	size_t n_states;
	/* Rows as they were put together last. */
	struct node_detail *kept; /* NULL: not yet */
	int64_t kept_ms;
};

struct entities *
entities_new(struct index *index, int64_t start_ms)
{
	struct entities *entities = xcalloc(1, sizeof(*entities));

	entities->index = index;
	entities->start_ms = start_ms;
	return entities;
}

void
entities_free(struct entities *entities)
{
	if (entities == NULL)
		return;
	free(entities->states);
	node_detail_free(entities->kept);
	free(entities);
}

static uint32_t
ticks_at(const struct entities *entities, int64_t ms)
{
	return ms > entities->start_ms
		       ? (uint32_t)((ms - entities->start_ms) / 10)
		       : 0;
}

/* --- entities ------------------------------------------------------------- */

static int
by_index(const void *a, const void *b)
{
	const struct thing *one = a, *other = b;

	return one->row.index < other->row.index
		       ? -1
		       : one->row.index > other->row.index;
}

static struct thing *
find_index(const struct thing_list *list, uint32_t index)
{
	const struct thing key = { .row.index = index };

	return bsearch(&key, list->things, list->n, sizeof(*list->things),
		       by_index);
}

static const char *class_word(enum detail_class class)
{
	static const char *const words[] = {
		[DETAIL_CLASS_CONTAINER] = "container",
		[DETAIL_CLASS_POWER_SUPPLY] = "power supply",
		[DETAIL_CLASS_FAN] = "fan",
		[DETAIL_CLASS_SENSOR] = "sensor",
		[DETAIL_CLASS_MODULE] = "module",
		[DETAIL_CLASS_PORT] = "port",
		[DETAIL_CLASS_CPU] = "CPU",
		[DETAIL_CLASS_STORAGE_DRIVE] = "storage drive",
	};

	return class < sizeof(words) / sizeof(*words) && words[class] != NULL
		       ? words[class]
		       : "thing";
}

/* A parent that is not there any more is the chassis. */
static void
place(const struct entities *entities, const struct thing_list *list,
      struct thing *thing, uint32_t chassis)
{
	if (thing->row.class == DETAIL_CLASS_CHASSIS)
		return;
	uint32_t parent =
		thing->in[0] != '\0'
			? index_of(entities->index, INDEX_ENTITY, thing->in)
			: chassis;
	thing->row.contained_in =
		find_index(list, parent) != NULL && parent != thing->row.index
			? parent
			: chassis;
}

static int
by_parent_and_class(const void *a, const void *b)
{
	const struct thing *one = *(struct thing *const *)a;
	const struct thing *other = *(struct thing *const *)b;

	if (one->row.contained_in != other->row.contained_in)
		return one->row.contained_in < other->row.contained_in ? -1 : 1;
	if (one->row.class != other->row.class)
		return one->row.class < other->row.class ? -1 : 1;
	return one->order < other->order ? -1 : one->order > other->order;
}

/* Positions among siblings, in the order they were found. */
static void
number_siblings(const struct thing_list *list)
{
	struct thing **sorted = xcalloc(list->n + 1, sizeof(*sorted));
	int32_t position = 0;

	for (size_t i = 0; i < list->n; i++)
		sorted[i] = &list->things[i];
	qsort(sorted, list->n, sizeof(*sorted), by_parent_and_class);
	for (size_t i = 0; i < list->n; i++) {
		const struct detail_entity *row = &sorted[i]->row;
		bool first =
			i == 0 ||
			sorted[i - 1]->row.contained_in != row->contained_in ||
			sorted[i - 1]->row.class != row->class;

		position = first ? 1 : position + 1;
		sorted[i]->row.position =
			row->contained_in == 0 ? -1 : position;
	}
	free(sorted);
}

/* Two chips of one name at one place: one of them has to do. */
static void
drop_twins(struct thing_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (kept == 0 || list->things[kept - 1].row.index !=
					 list->things[i].row.index)
			list->things[kept++] = list->things[i];
	list->n = kept;
}

static void
number_things(const struct entities *entities, struct thing_list *list)
{
	uint32_t chassis = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct thing *thing = &list->things[i];

		thing->row.index =
			index_of(entities->index, INDEX_ENTITY, thing->key);
		if (thing->row.class == DETAIL_CLASS_CHASSIS)
			chassis = thing->row.index;
		if (thing->row.descr[0] == '\0')
			text_copy(thing->row.descr, sizeof(thing->row.descr),
				  class_word(thing->row.class));
	}
	qsort(list->things, list->n, sizeof(*list->things), by_index);
	drop_twins(list);
	for (size_t i = 0; i < list->n; i++)
		place(entities, list, &list->things[i], chassis);
	number_siblings(list);
}

static int
by_parent_and_child(const void *a, const void *b)
{
	const struct detail_contains *one = a, *other = b;

	if (one->parent != other->parent)
		return one->parent < other->parent ? -1 : 1;
	return one->child < other->child ? -1 : one->child > other->child;
}

static void
put_entities(const struct thing_list *list, struct node_detail *detail)
{
	detail->entities = xcalloc(list->n + 1, sizeof(*detail->entities));
	detail->contains = xcalloc(list->n + 1, sizeof(*detail->contains));
	for (size_t i = 0; i < list->n; i++) {
		const struct detail_entity *row = &list->things[i].row;

		detail->entities[detail->n_entities++] = *row;
		if (row->contained_in != 0)
			detail->contains[detail->n_contains++] =
				(struct detail_contains){
					.parent = row->contained_in,
					.child = row->index,
				};
	}
	qsort(detail->contains, detail->n_contains, sizeof(*detail->contains),
	      by_parent_and_child);
}

/* entLastChangeTime is about the rows: anything in them. */
static void
note_change(struct entities *entities, int64_t now_ms,
	    struct node_detail *detail)
{
	size_t len = detail->n_entities * sizeof(*detail->entities);
	uint64_t hash = UINT64_C(0xcbf29ce484222325), word;

	for (size_t at = 0; at + sizeof(word) <= len; at += sizeof(word)) {
		memcpy(&word, (const char *)detail->entities + at,
		       sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x100000001b3);
		hash ^= hash >> 32;
	}
	if (hash != entities->layout)
		entities->changed_ticks = ticks_at(entities, now_ms);
	entities->layout = hash;
	detail->entities_changed_ticks = entities->changed_ticks;
}

/* --- sensors and packages ------------------------------------------------- */

static void
put_sensors(const struct entities *entities, const struct thing_list *list,
	    struct node_detail *detail)
{
	detail->sensors = xcalloc(list->n + 1, sizeof(*detail->sensors));
	for (size_t i = 0; i < list->n; i++) {
		const struct thing *thing = &list->things[i];

		if (thing->raw == NULL ||
		    detail->n_sensors == DETAIL_SENSORS_MAX)
			continue;
		struct detail_sensor *row =
			&detail->sensors[detail->n_sensors++];
		sensor_to_row(thing->raw, row);
		row->index = thing->row.index;
		row->read_ticks = ticks_at(entities, thing->raw->read_ms);
	}
}

static void
number_packages(const struct entities *entities, struct node_detail *detail)
{
	for (size_t i = 0; i < detail->n_packages; i++) {
		char key[REPORT_NAME_LEN];

		snprintf(key, sizeof(key), "package %u",
			 detail->packages[i].package);
		detail->packages[i].index =
			index_of(entities->index, INDEX_ENTITY, key);
	}
}

/* --- states --------------------------------------------------------------- */

/* RFC 4268: what a health is as alarms, and whether the thing works at all. */
static const struct {
	uint8_t alarm;
	enum detail_oper oper;
} state_of[] = {
	[HEALTH_UNKNOWN] = { DETAIL_ALARM_UNKNOWN, DETAIL_OPER_UNKNOWN },
	[HEALTH_OK] = { 0, DETAIL_OPER_ENABLED },
	[HEALTH_DEGRADED] = { DETAIL_ALARM_MINOR, DETAIL_OPER_ENABLED },
	[HEALTH_CRITICAL] = { DETAIL_ALARM_CRITICAL, DETAIL_OPER_ENABLED },
	[HEALTH_FAILED] = { DETAIL_ALARM_CRITICAL, DETAIL_OPER_DISABLED },
};

/* Usage is about containment: "busy" can hold no more, "active" holds
 * something. */
static enum detail_usage
usage_of(const struct node_detail *detail, const struct thing *thing)
{
	for (size_t i = 0; i < detail->n_contains; i++)
		if (detail->contains[i].parent == thing->row.index)
			return DETAIL_USAGE_ACTIVE;
	return thing->row.class == DETAIL_CLASS_CHASSIS ||
			       thing->row.class == DETAIL_CLASS_CONTAINER
		       ? DETAIL_USAGE_IDLE
		       : DETAIL_USAGE_BUSY;
}

static bool
same_state(const struct detail_state *a, const struct detail_state *b)
{
	return a->admin == b->admin && a->oper == b->oper &&
	       a->usage == b->usage && a->alarm[1] == b->alarm[1] &&
	       a->standby == b->standby;
}

static const struct detail_state *
last_state(const struct entities *entities, uint32_t index)
{
	size_t low = 0, high = entities->n_states;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (entities->states[middle].index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < entities->n_states && entities->states[low].index == index
		       ? &entities->states[low]
		       : NULL;
}

static void
put_states(struct entities *entities, const struct thing_list *list,
	   uint64_t now_s, struct node_detail *detail)
{
	detail->states = xcalloc(list->n + 1, sizeof(*detail->states));
	for (size_t i = 0; i < list->n; i++) {
		const struct thing *thing = &list->things[i];
		struct detail_state *row = &detail->states[i];

		*row = (struct detail_state){
			.index = thing->row.index,
			.changed_s = now_s,
			.admin = DETAIL_ADMIN_UNKNOWN,
			.oper = state_of[thing->health].oper,
			.usage = usage_of(detail, thing),
			.alarm = { 1, state_of[thing->health].alarm },
			.standby = DETAIL_STANDBY_PROVIDING,
		};
		const struct detail_state *last =
			last_state(entities, row->index);
		if (last != NULL && same_state(last, row))
			row->changed_s = last->changed_s;
	}
	detail->n_states = list->n;
	entities->states = xrealloc(entities->states, list->n + 1,
				    sizeof(*entities->states));
	memcpy(entities->states, detail->states,
	       list->n * sizeof(*entities->states));
	entities->n_states = list->n;
}

/* --- power ---------------------------------------------------------------- */

static struct detail_power *
add_power(uint32_t index, struct node_detail *detail)
{
	struct detail_power *row = &detail->powers[detail->n_powers++];

	*row = (struct detail_power){
		.index = index,
		.local = true,
		.admin = DETAIL_POWER_STATE_ON,
		.oper = DETAIL_POWER_STATE_ON,
	};
	return row;
}

static int
by_power_index(const void *a, const void *b)
{
	const struct detail_power *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

static void
put_chassis_power(const struct entities *entities, struct node_detail *detail)
{
	if (!detail->bmc.power_present)
		return;
	struct detail_power *row =
		add_power(index_of(entities->index, INDEX_ENTITY, "chassis"),
			  detail);
	row->power = (int32_t)detail->bmc.now_w;
	row->caliber = DETAIL_CALIBER_ACTUAL;
	row->current = DETAIL_CURRENT_AC;
}

/* Of the whole by the BMC, of packages by their energy counters, which many
 * processors compute rather than measure. */
static void
put_powers(const struct entities *entities, struct node_detail *detail)
{
	detail->powers = xcalloc(DETAIL_POWERS_MAX, sizeof(*detail->powers));
	put_chassis_power(entities, detail);
	for (size_t i = 0; i < detail->n_packages; i++) {
		const struct detail_package *package = &detail->packages[i];

		if (!(package->known[1] & DETAIL_KNOWN_POWER) ||
		    package->power_mw > INT32_MAX)
			continue;
		struct detail_power *row = add_power(package->index, detail);
		row->power = (int32_t)package->power_mw;
		row->multiplier = -3;
		row->caliber = DETAIL_CALIBER_ESTIMATED;
		row->current = DETAIL_CURRENT_DC;
	}
	qsort(detail->powers, detail->n_powers, sizeof(*detail->powers),
	      by_power_index);
}

/* --- putting it together -------------------------------------------------- */

static void *
copy_rows(const void *rows, size_t n, size_t size)
{
	void *copy = xcalloc(n + 1, size);

	if (n > 0)
		memcpy(copy, rows, n * size);
	return copy;
}

static void
copy_tree(const struct node_detail *from, struct node_detail *to)
{
#define COPY(field)                                          \
	(to->field = copy_rows(from->field, from->n_##field, \
			       sizeof(*from->field)),        \
	 to->n_##field = from->n_##field)
	COPY(entities);
	COPY(contains);
	COPY(sensors);
	COPY(states);
#undef COPY
	to->entities_changed_ticks = from->entities_changed_ticks;
}

static void
put_together(struct entities *entities, const struct entity_parts *parts,
	     int64_t now_ms, uint64_t now_s, struct node_report *report)
{
	struct thing_list list = { 0 };
	struct node_detail *detail = report->detail;

	things_collect(&list, parts, report);
	number_things(entities, &list);
	put_entities(&list, detail);
	note_change(entities, now_ms, detail);
	put_sensors(entities, &list, detail);
	put_states(entities, &list, now_s, detail);
	free(list.things);
	node_detail_free(entities->kept);
	entities->kept = node_detail_new();
	entities->kept_ms = now_ms;
	copy_tree(detail, entities->kept);
}

void
entities_fill(struct entities *entities, const struct entity_parts *parts,
	      int64_t now_ms, uint64_t now_s, struct node_report *report)
{
	number_packages(entities, report->detail);
	if (entities->kept == NULL ||
	    now_ms - entities->kept_ms >= ENTITIES_PERIOD_MS)
		put_together(entities, parts, now_ms, now_s, report);
	else
		copy_tree(entities->kept, report->detail);
	put_powers(entities, report->detail);
}
