/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rapl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/entity_key.h"
#include "agent/sensors.h"
#include "agent/sysroot.h"
#include "agent/text.h"

#define CLASS  "/sys/class/powercap"
#define UJ_MAX (INT64_MAX / 2)

int64_t
rapl_power(uint64_t before_uj, uint64_t now_uj, uint64_t range_uj,
	   int64_t elapsed_us)
{
	if (elapsed_us <= 0 || elapsed_us > RAPL_AGE_MAX_MS * INT64_C(1000))
		return -1;
	if (now_uj < before_uj && (before_uj > range_uj || now_uj > range_uj))
		return -1;
	uint64_t used_uj = now_uj >= before_uj
				   ? now_uj - before_uj
				   : range_uj - before_uj + now_uj + 1;
	/* uJ / us are W. */
	if (used_uj > UINT64_MAX / 1000)
		return -1;
	uint64_t mw = used_uj * 1000 / (uint64_t)elapsed_us;
	return mw <= RAPL_ZONE_MAX_MW ? (int64_t)mw : -1;
}

static int
read_uj(const char *root, const char *zone, const char *file, uint64_t *ret_uj)
{
	char path[128];
	int64_t number;

	snprintf(path, sizeof(path), CLASS "/%s/%s", zone, file);
	int rc = sysroot_read_number(root, path, 0, UJ_MAX, &number);
	if (rc == 0)
		*ret_uj = (uint64_t)number;
	return rc;
}

/* Its place in the memory of the last reads, NULL when that is full. */
static struct rapl_zone *
zone_of(struct rapl *rapl, const char *id)
{
	for (size_t i = 0; i < rapl->n; i++)
		if (strcmp(rapl->zones[i].id, id) == 0)
			return &rapl->zones[i];
	if (rapl->n == RAPL_ZONES_MAX || strlen(id) >= sizeof(rapl->zones->id))
		return NULL;
	struct rapl_zone *zone = &rapl->zones[rapl->n++];
	*zone = (struct rapl_zone){ .at_us = -1 };
	snprintf(zone->id, sizeof(zone->id), "%s", id);
	return zone;
}

/* -1: nothing to tell, and raw says why. */
static int64_t
measure(struct rapl_zone *zone, const char *root, int64_t now_us,
	struct sensor_raw *raw)
{
	uint64_t uj = 0, range_uj = 0;
	int rc = read_uj(root, zone->id, "energy_uj", &uj);

	raw->status = DETAIL_SENSOR_UNAVAILABLE;
	raw->health = HEALTH_UNKNOWN;
	if (rc < 0) {
		snprintf(raw->text, sizeof(raw->text), "cannot be read: %s",
			 rc == -EINVAL ? "no number" : strerror(-rc));
		zone->at_us = -1;
		return -1;
	}
	read_uj(root, zone->id, "max_energy_range_uj", &range_uj);
	int64_t mw = zone->at_us < 0 ? -1
				     : rapl_power(zone->uj, uj, range_uj,
						  now_us - zone->at_us);
	zone->uj = uj;
	zone->at_us = now_us;
	if (mw < 0) {
		SENSOR_TEXT(raw, "not measured yet");
		return -1;
	}
	raw->status = DETAIL_SENSOR_OK;
	raw->health = HEALTH_OK;
	raw->micro = mw * 1000;
	return mw;
}

/* "package-1" and 1; of a zone in it the parent's name before its own. */
static int
name_zone(const char *root, const char *id, char *ret_name, size_t room)
{
	char path[128], name[32], parent[48], of[32] = "";
	const char *colon = strchr(id, ':');
	const char *sub = colon != NULL ? strchr(colon + 1, ':') : NULL;

	snprintf(path, sizeof(path), CLASS "/%s/name", id);
	if (sysroot_read_line(root, path, name, sizeof(name)) <= 0)
		return -EINVAL;
	if (sub != NULL) {
		snprintf(parent, sizeof(parent), "%.*s", (int)(sub - id), id);
		snprintf(path, sizeof(path), CLASS "/%s/name", parent);
		sysroot_read_line(root, path, of, sizeof(of));
	}
	snprintf(ret_name, room, "%s%s%s", of, of[0] != '\0' ? " " : "", name);
	return 0;
}

static void
put_power(const char *name, int64_t mw, json_t *powers)
{
	uint32_t package;

	if (mw >= 0 && entity_number(name, "package-", &package))
		json_array_append_new(powers, json_pack("{s:I, s:I}", "package",
							(json_int_t)package,
							"mw", (json_int_t)mw));
}

static void
read_zone(struct rapl *rapl, const char *root, const char *id, int64_t now_us,
	  json_t *sensors, json_t *powers)
{
	struct sensor_raw raw = { .source = DETAIL_SENSOR_RAPL,
				  .kind = DETAIL_KIND_WATTS };
	struct rapl_zone *zone = zone_of(rapl, id);
	char name[72], full[96];
	uint32_t package;

	if (zone == NULL || name_zone(root, id, name, sizeof(name)) < 0)
		return;
	int64_t mw = measure(zone, root, now_us, &raw);
	put_power(name, mw, powers);
	snprintf(full, sizeof(full), "RAPL %s", name);
	text_copy(raw.name, sizeof(raw.name), full);
	if (entity_number(name, "package-", &package))
		snprintf(raw.part, sizeof(raw.part), "package %u", package);
	sensor_set_key(&raw, full);
	json_array_append_new(sensors, sensor_to_message(&raw));
}

/* intel-rapl is AMD's, too; intel-rapl-mmio shows the same packages again. */
void
rapl_read(struct rapl *rapl, const char *root, int64_t now_us, json_t *sensors,
	  json_t *powers)
{
	struct sysroot_names zones;

	sysroot_list(root, CLASS, "intel-rapl:", RAPL_ZONES_MAX, &zones);
	for (size_t i = 0; i < zones.n; i++)
		read_zone(rapl, root, zones.names[i], now_us, sensors, powers);
	free(zones.names);
}
