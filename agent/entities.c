/* SPDX-License-Identifier: Apache-2.0 */
/* The things of a machine, put together; entity_rows.c makes rows of them. */
#include "agent/entities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cpu.h"
#include "agent/entity_key.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"

#define CHASSIS "chassis"
#define BOARD   "board 0"

/* --- the list ------------------------------------------------------------- */

struct thing *
things_find(const struct thing_list *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->things[i].key, key) == 0)
			return &list->things[i];
	return NULL;
}

static struct thing *
append(struct thing_list *list, const char *key, const char *in,
       enum detail_class class)
{
	if (list->n == DETAIL_ENTITIES_MAX)
		return NULL;
	if (list->n == list->room) {
		list->room = list->room * 2 + 64;
		list->things = xrealloc(list->things, list->room,
					sizeof(*list->things));
	}
	struct thing *thing = &list->things[list->n];
	memset(thing, 0, sizeof(*thing)); /* rows are hashed with their gaps */
	thing->health = HEALTH_UNKNOWN;
	thing->order = list->n++;
	text_copy(thing->key, sizeof(thing->key), key);
	text_copy(thing->in, sizeof(thing->in), in);
	thing->row.class = class;
	return thing;
}

struct thing *
things_add(struct thing_list *list, const char *key, const char *in,
	   enum detail_class class)
{
	struct thing *thing = things_find(list, key);

	if (thing != NULL || key[0] == '\0')
		return thing;
	return append(list, key, in, class);
}

/* --- what the firmware and the kernel found ------------------------------- */

static void
take_texts(const json_t *from, struct detail_entity *row)
{
	const struct {
		const char *key;
		char *to;
		size_t room;
	} texts[] = {
		{ "name", row->name, sizeof(row->name) },
		{ "descr", row->descr, sizeof(row->descr) },
		{ "vendor", row->vendor, sizeof(row->vendor) },
		{ "model", row->model, sizeof(row->model) },
		{ "serial", row->serial, sizeof(row->serial) },
		{ "revision", row->hardware_rev, sizeof(row->hardware_rev) },
		{ "firmware", row->firmware_rev, sizeof(row->firmware_rev) },
		{ "asset", row->asset, sizeof(row->asset) },
		{ "uuid", row->uuid, sizeof(row->uuid) },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *text = message_text(from, texts[i].key);

		if (text[0] != '\0')
			text_copy(texts[i].to, texts[i].room, text);
	}
	row->is_fru = message_bool(from, "fru");
}

static void
add_found(struct thing_list *list, const json_t *things)
{
	for (size_t i = 0; i < json_array_size(things); i++) {
		const json_t *from = json_array_get(things, i);
		unsigned class =
			(unsigned)message_number(from, "class",
						 DETAIL_CLASS_STORAGE_DRIVE);
		struct thing *thing;

		if (class == 0 || class == DETAIL_CLASS_CPU)
			continue; /* processors: see add_packages() */
		thing = things_add(list, message_text(from, "key"),
				   message_text(from, "in"),
				   (enum detail_class) class);
		if (thing != NULL)
			take_texts(from, &thing->row);
	}
}

static void
add_chassis(struct thing_list *list, const struct node_report *report)
{
	struct thing *chassis =
		things_add(list, CHASSIS, "", DETAIL_CLASS_CHASSIS);
	struct detail_entity *row = &chassis->row;

	text_copy(row->name, sizeof(row->name), report->host.name);
	if (row->descr[0] == '\0')
		snprintf(row->descr, sizeof(row->descr), "host%s%s",
			 row->model[0] != '\0' ? ", " : "", row->model);
	if (row->uuid[0] == '\0')
		memcpy(row->uuid, report->host.uuid, sizeof(row->uuid));
	chassis->health = HEALTH_OK; /* it answers */
}

/* Where what sits on the board is. */
static const char *
board_of(const struct thing_list *list)
{
	return things_find(list, BOARD) != NULL ? BOARD : CHASSIS;
}

static void
add_nodes(struct thing_list *list, const struct node_report *report)
{
	for (size_t i = 0; i < report->n_numa; i++) {
		const struct report_numa *node = &report->numa[i];
		char key[REPORT_NAME_LEN];

		snprintf(key, sizeof(key), "node %u", node->node);
		struct thing *thing = things_add(list, key, board_of(list),
						 DETAIL_CLASS_CONTAINER);
		if (thing == NULL)
			return;
		text_copy(thing->row.name, sizeof(thing->row.name), key);
		snprintf(thing->row.descr, sizeof(thing->row.descr),
			 "NUMA node %u, %u CPUs, %llu KiB", node->node,
			 node->cpu_count,
			 (unsigned long long)node->mem_total_kib);
		thing->health = HEALTH_OK;
	}
}

/* --- processors ----------------------------------------------------------- */

/* Is each of the package's CPUs on this list of a node? */
static bool
holds_all(const unsigned *cpus, int n, const json_t *of_package)
{
	for (size_t i = 0; i < json_array_size(of_package); i++) {
		json_int_t cpu =
			json_integer_value(json_array_get(of_package, i));
		bool found = false;

		for (int c = 0; c < n && !found; c++)
			found = cpus[c] == (unsigned)cpu;
		if (!found)
			return false;
	}
	return json_array_size(of_package) > 0;
}

static void
place_package(const struct thing_list *list, const struct node_report *report,
	      const json_t *of_package, char ret_in[REPORT_NAME_LEN])
{
	cleanup_free unsigned *cpus = xcalloc(REPORT_CPUS_MAX, sizeof(*cpus));

	for (size_t i = 0; i < report->n_numa; i++) {
		int n = cpu_parse_list(report->numa[i].cpus, cpus,
				       REPORT_CPUS_MAX);

		if (!holds_all(cpus, n, of_package))
			continue;
		snprintf(ret_in, REPORT_NAME_LEN, "node %u",
			 report->numa[i].node);
		return;
	}
	snprintf(ret_in, REPORT_NAME_LEN, "%s", board_of(list));
}

/* The firmware's which-th processor, if it has as many as the kernel. */
static const json_t *
socket_of(const struct entity_parts *parts, size_t which)
{
	const json_t *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(parts->things); i++) {
		const json_t *thing = json_array_get(parts->things, i);

		if (message_number(thing, "class", 99) == DETAIL_CLASS_CPU &&
		    n++ == which)
			found = thing;
	}
	return n == json_array_size(parts->packages) ? found : NULL;
}

static const json_t *
cpus_of(const json_t *packages, uint32_t package)
{
	for (size_t i = 0; i < json_array_size(packages); i++) {
		const json_t *from = json_array_get(packages, i);

		if (message_number(from, "package", UINT16_MAX) == package)
			return json_object_get(from, "cpus");
	}
	return NULL;
}

static void
add_packages(struct thing_list *list, const struct entity_parts *parts,
	     const struct node_report *report)
{
	const struct node_detail *detail = report->detail;

	for (size_t i = 0; i < detail->n_packages; i++) {
		const struct detail_package *package = &detail->packages[i];
		char key[REPORT_NAME_LEN], in[REPORT_NAME_LEN];

		snprintf(key, sizeof(key), "package %u", package->package);
		place_package(list, report,
			      cpus_of(parts->packages, package->package), in);
		struct thing *thing =
			things_add(list, key, in, DETAIL_CLASS_CPU);
		if (thing == NULL)
			return;
		struct detail_entity *row = &thing->row;
		text_copy(row->name, sizeof(row->name), key);
		text_copy(row->vendor, sizeof(row->vendor), package->vendor);
		text_copy(row->model, sizeof(row->model), package->model_name);
		const json_t *socket = socket_of(parts, i);
		if (socket != NULL)
			take_texts(socket, row);
		snprintf(row->descr, sizeof(row->descr),
			 "CPU package %u, %u cores, %u threads",
			 package->package, package->cores, package->threads);
		text_copy(row->firmware_rev, sizeof(row->firmware_rev),
			  package->microcode);
		thing->health = package->health;
	}
}

/* --- modules -------------------------------------------------------------- */

static void
add_bmc(struct thing_list *list, const struct report_bmc *bmc)
{
	if (!bmc->present)
		return;
	struct thing *thing =
		things_add(list, "bmc", CHASSIS, DETAIL_CLASS_MODULE);
	if (thing == NULL)
		return;
	text_copy(thing->row.name, sizeof(thing->row.name), "BMC");
	snprintf(thing->row.descr, sizeof(thing->row.descr),
		 "management controller at %s", bmc->device);
	memcpy(thing->row.firmware_rev, bmc->firmware,
	       sizeof(thing->row.firmware_rev));
	memcpy(thing->row.uuid, bmc->guid, sizeof(thing->row.uuid));
	thing->health = bmc->reachable ? HEALTH_OK : HEALTH_FAILED;
}

/* Memory modules that the firmware names as the driver does. */
static void
judge_modules(const struct thing_list *list, const json_t *ecc)
{
	const json_t *dimms = json_object_get(ecc, "dimms");

	for (size_t i = 0; i < json_array_size(dimms); i++) {
		const json_t *dimm = json_array_get(dimms, i);
		const char *label = message_text(dimm, "label");

		for (size_t t = 0; t < list->n; t++) {
			struct thing *thing = &list->things[t];

			if (strncmp(thing->key, "dimm ", 5) != 0 ||
			    strcmp(thing->row.name, label) != 0)
				continue;
			thing->health = message_number(dimm, "uncorrected",
						       INT64_MAX) > 0
						? HEALTH_CRITICAL
						: HEALTH_OK;
		}
	}
}

/* --- sensors -------------------------------------------------------------- */

static void
to_package(const struct node_detail *detail, const char *part,
	   char ret_key[REPORT_NAME_LEN])
{
	uint32_t socket;

	if (entity_number(part, "socket ", &socket) && socket > 0 &&
	    socket <= detail->n_packages)
		snprintf(ret_key, REPORT_NAME_LEN, "package %u",
			 detail->packages[socket - 1].package);
}

/* What a sensor is in: fans and power supplies are there because a sensor
 * says so, whatever the firmware's table knows. */
static const char *
part_of(struct thing_list *list, const struct node_report *report,
	const struct sensor_raw *raw, char key[REPORT_NAME_LEN])
{
	bool supply = strncmp(raw->part, "psu ", 4) == 0;
	bool fan = strncmp(raw->part, "fan ", 4) == 0;

	if (raw->part[0] == '\0')
		return CHASSIS;
	snprintf(key, REPORT_NAME_LEN, "%s", raw->part);
	to_package(report->detail, raw->part, key);
	if (supply || fan) {
		struct thing *thing =
			things_add(list, key, CHASSIS,
				   supply ? DETAIL_CLASS_POWER_SUPPLY
					  : DETAIL_CLASS_FAN);

		if (thing == NULL)
			return CHASSIS;
		if (thing->row.name[0] == '\0')
			text_copy(thing->row.name, sizeof(thing->row.name),
				  key);
		if (raw->health > thing->health)
			thing->health = raw->health;
	}
	return things_find(list, key) != NULL ? key : CHASSIS;
}

static void
add_sensors(struct thing_list *list, const struct node_report *report,
	    const struct sensor_list *sensors)
{
	for (size_t i = 0; sensors != NULL && i < sensors->n; i++) {
		const struct sensor_raw *raw = &sensors->raws[i];
		char key[REPORT_NAME_LEN];
		const char *in = part_of(list, report, raw, key);
		struct thing *thing =
			append(list, raw->key, in, DETAIL_CLASS_SENSOR);

		if (thing == NULL)
			return;
		memcpy(thing->row.name, raw->name, sizeof(thing->row.name));
		thing->raw = raw;
		thing->health = raw->health;
	}
}

void
things_collect(struct thing_list *list, const struct entity_parts *parts,
	       const struct node_report *report)
{
	add_found(list, parts->things);
	add_chassis(list, report);
	add_nodes(list, report);
	add_packages(list, parts, report);
	add_bmc(list, &report->bmc);
	judge_modules(list, parts->ecc);
	for (size_t i = 0; i < 2; i++)
		add_sensors(list, report, parts->sensors[i]);
}
