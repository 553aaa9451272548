/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"

#include <stdio.h>
#include <string.h>

#include "agent/source.h"
#include "agent/text.h"

struct verdict {
	enum report_health health;
	char why[96];
};

static void
worsen(struct verdict *verdict, enum report_health health, const char *why)
{
	if (health <= verdict->health)
		return;
	verdict->health = health;
	text_copy(verdict->why, sizeof(verdict->why),
		  health > HEALTH_OK ? why : "");
}

static enum report_health
at_most(enum report_health health, enum report_health limit)
{
	return health < limit ? health : limit;
}

/* --- sources -------------------------------------------------------------- */

/* What storage means the rows of the datastores say. */
static const enum report_health source_limits[] = {
	[SOURCE_HOST] = HEALTH_CRITICAL,
	[SOURCE_MACHINE] = HEALTH_DEGRADED,
	[SOURCE_LIBVIRT] = HEALTH_CRITICAL,
	[SOURCE_CAPABILITIES] = HEALTH_DEGRADED,
	[SOURCE_STORAGE] = HEALTH_DEGRADED,
	[SOURCE_BMC] = HEALTH_DEGRADED,
	[SOURCE_INFORM] = HEALTH_DEGRADED,
	[SOURCE_SENSORS] = HEALTH_DEGRADED,
	[SOURCE_MEMORY] = HEALTH_DEGRADED,
	[SOURCE_NETWORK] = HEALTH_DEGRADED,
	[SOURCE_GUESTS] = HEALTH_DEGRADED,
	[SOURCE_LEASE] = HEALTH_DEGRADED,
};

static enum report_health
source_limit(uint32_t index)
{
	return index < sizeof(source_limits) / sizeof(*source_limits) &&
			       source_limits[index] != 0
		       ? source_limits[index]
		       : HEALTH_DEGRADED;
}

static void
judge_source(const struct node_report *report, uint32_t index,
	     struct verdict *verdict)
{
	for (size_t i = 0; i < report->n_sources; i++) {
		const struct report_source *source = &report->sources[i];
		char why[96];

		if (index != 0 && source->index != index)
			continue;
		snprintf(why, sizeof(why), "source %.40s: %s", source->name,
			 report_health_name(source->status));
		worsen(verdict,
		       at_most(source->status, source_limit(source->index)),
		       why);
	}
}

static void
judge_sources(const struct node_report *report, struct verdict *verdict)
{
	judge_source(report, 0, verdict);
}

/* --- sensors -------------------------------------------------------------- */

/* Voltages of chips on the board are often wired otherwise than the driver
 * thinks; the BMC knows its board. */
static enum report_health
sensor_limit(const struct detail_sensor *sensor)
{
	return sensor->source == DETAIL_SENSOR_IPMI ||
			       sensor->kind == DETAIL_KIND_CELSIUS
		       ? HEALTH_CRITICAL
		       : HEALTH_DEGRADED;
}

static void
judge_sensors(const struct node_report *report, enum detail_subsystem about,
	      struct verdict *verdict)
{
	const struct node_detail *detail = report->detail;

	for (size_t i = 0; detail != NULL && i < detail->n_sensors; i++) {
		const struct detail_sensor *sensor = &detail->sensors[i];
		char why[96];

		if (sensor->about != about)
			continue;
		snprintf(why, sizeof(why), "%.50s: %s", sensor->name,
			 report_health_name(sensor->health));
		worsen(verdict, at_most(sensor->health, sensor_limit(sensor)),
		       why);
	}
}

static void
judge_power(const struct node_report *report, struct verdict *verdict)
{
	judge_sensors(report, DETAIL_ABOUT_POWER, verdict);
}

static void
judge_thermal(const struct node_report *report, struct verdict *verdict)
{
	judge_sensors(report, DETAIL_ABOUT_THERMAL, verdict);
}

/* --- cpu and memory ------------------------------------------------------- */

static void
judge_cpu(const struct node_report *report, struct verdict *verdict)
{
	const struct node_detail *detail = report->detail;

	/* Before the CPUs were read they are not "different". */
	if (report->cpu.online == 0)
		return;
	worsen(verdict, report->cpu.uniform ? HEALTH_OK : HEALTH_DEGRADED,
	       "CPUs differ in features or microcode");
	for (size_t i = 0; detail != NULL && i < detail->n_packages; i++)
		worsen(verdict, detail->packages[i].health,
		       detail->packages[i].text);
	judge_sensors(report, DETAIL_ABOUT_CPU, verdict);
}

static bool
has_many_errors(const struct detail_memory *memory, uint32_t uptime_s)
{
	uint64_t days = uptime_s / 86400 + 1;

	return memory->ecc_corrected / days > HEALTH_ECC_MANY;
}

static void
judge_ecc(const struct node_report *report, struct verdict *verdict)
{
	const struct detail_memory *memory = &report->detail->memory;

	if (memory->ecc_uncorrected > 0)
		worsen(verdict, HEALTH_CRITICAL, "uncorrected memory errors");
	else if (has_many_errors(memory, report->host.uptime_s))
		worsen(verdict, HEALTH_DEGRADED, "many memory errors");
}

static void
judge_memory(const struct node_report *report, struct verdict *verdict)
{
	const struct report_load *load = &report->load;

	if (load->mem_total_kib == 0)
		return;
	uint64_t available_pm =
		load->mem_available_kib / (load->mem_total_kib / 1000 + 1);
	if (available_pm < HEALTH_MEMORY_LEAST_PM)
		worsen(verdict, HEALTH_CRITICAL, "next to no memory left");
	else if (available_pm < HEALTH_MEMORY_LOW_PM)
		worsen(verdict, HEALTH_DEGRADED, "little memory left");
	if (load->psi_mem_full_pm > HEALTH_STALL_PM)
		worsen(verdict, HEALTH_DEGRADED, "stalls for memory");
	if (report->detail != NULL)
		judge_ecc(report, verdict);
	judge_sensors(report, DETAIL_ABOUT_MEMORY, verdict);
	worsen(verdict, HEALTH_OK, "");
}

/* --- the rest ------------------------------------------------------------- */

static const enum report_health datastore_healths[] = {
	[DATASTORE_UNKNOWN] = HEALTH_UNKNOWN,
	[DATASTORE_OK] = HEALTH_OK,
	[DATASTORE_SLOW] = HEALTH_DEGRADED,
	[DATASTORE_READ_ONLY] = HEALTH_CRITICAL,
	[DATASTORE_STALE] = HEALTH_DEGRADED,
	[DATASTORE_LOST] = HEALTH_CRITICAL,
};

static void
judge_storage(const struct node_report *report, struct verdict *verdict)
{
	for (size_t i = 0; i < report->n_datastores; i++) {
		const struct report_datastore *row = &report->datastores[i];
		char why[96];

		snprintf(why, sizeof(why), "datastore %.50s: %s", row->name,
			 report_datastore_state_name(row->state));
		worsen(verdict, datastore_healths[row->state], why);
	}
	judge_sensors(report, DETAIL_ABOUT_STORAGE, verdict);
}

static void
judge_virtualisation(const struct node_report *report, struct verdict *verdict)
{
	judge_source(report, SOURCE_LIBVIRT, verdict);
	judge_source(report, SOURCE_CAPABILITIES, verdict);
}

static void
judge_network(const struct node_report *report, struct verdict *verdict)
{
	const struct node_detail *detail = report->detail;

	judge_source(report, SOURCE_NETWORK, verdict);
	for (size_t i = 0; detail != NULL && i < detail->n_uplinks; i++) {
		const struct detail_uplink *uplink = &detail->uplinks[i];
		char why[96];

		snprintf(why, sizeof(why), "uplink %.40s: %s", uplink->name,
			 report_health_name(uplink->health));
		worsen(verdict, uplink->health, why);
	}
}

static void
judge_bmc(const struct node_report *report, struct verdict *verdict)
{
	const struct node_detail *detail = report->detail;

	judge_source(report, SOURCE_BMC, verdict);
	judge_sensors(report, DETAIL_ABOUT_OTHER, verdict);
	if (detail == NULL || !detail->bmc.sel_present)
		return;
	if (detail->bmc.sel_overflow ||
	    detail->bmc.sel_percent >= HEALTH_LOG_FULL_PERCENT)
		worsen(verdict, HEALTH_DEGRADED, "the BMC's event log is full");
}

static const struct {
	const char *name;
	size_t offset;
	void (*judge)(const struct node_report *report,
		      struct verdict *verdict);
} subsystems[] = {
	{ "cpu", offsetof(struct detail_health, cpu), judge_cpu },
	{ "memory", offsetof(struct detail_health, memory), judge_memory },
	{ "power", offsetof(struct detail_health, power), judge_power },
	{ "thermal", offsetof(struct detail_health, thermal), judge_thermal },
	{ "storage", offsetof(struct detail_health, storage), judge_storage },
	{ "network", offsetof(struct detail_health, network), judge_network },
	{ "virtualisation", offsetof(struct detail_health, virtualisation),
	  judge_virtualisation },
	{ "bmc", offsetof(struct detail_health, bmc), judge_bmc },
	{ "sources", offsetof(struct detail_health, sources), judge_sources },
};

static void
tell(struct detail_health *health, const char *name,
     const struct verdict *verdict)
{
	size_t len = strlen(health->text);

	char words[sizeof(verdict->why) + 32];

	snprintf(words, sizeof(words), "%s%s: %s", len > 0 ? "; " : "", name,
		 verdict->why);
	if (len + strlen(words) < sizeof(health->text))
		memcpy(health->text + len, words, strlen(words) + 1);
}

enum { SUBSYSTEMS = sizeof(subsystems) / sizeof(*subsystems) };

enum report_health
health_judge(const struct node_report *report, struct detail_health *ret_health)
{
	struct detail_health health = { .total = HEALTH_UNKNOWN };
	struct verdict verdicts[SUBSYSTEMS];

	for (size_t i = 0; i < SUBSYSTEMS; i++) {
		struct verdict *verdict = &verdicts[i];

		*verdict = (struct verdict){ .health = HEALTH_UNKNOWN };
		subsystems[i].judge(report, verdict);
		memcpy((char *)&health + subsystems[i].offset, &verdict->health,
		       sizeof(verdict->health));
		if (verdict->health > health.total)
			health.total = verdict->health;
	}
	/* The gravest first, in the order above. */
	for (unsigned grave = HEALTH_FAILED; grave > HEALTH_OK; grave--)
		for (size_t i = 0; i < SUBSYSTEMS; i++)
			if (verdicts[i].health == grave)
				tell(&health, subsystems[i].name, &verdicts[i]);
	*ret_health = health;
	return health.total;
}
