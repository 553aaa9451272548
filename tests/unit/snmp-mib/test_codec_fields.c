/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each object gives the field of its name, its age as it is read, and nothing
 * out of its range.
 */
#include "tests/unit/snmp-mib/codec_walk.h"

/* Said once more by hand: an offset that is wrong both ways would survive
 * every round trip. */
static uint64_t
number_at(const struct node_report *report, const char *name, uint32_t instance)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, instance, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	return value.type == CODEC_INTEGER ? (uint64_t)value.integer
					   : value.number;
}

static void
assert_text_at(const struct node_report *report, const char *name,
	       uint32_t instance, const char *text)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, instance, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.n_octets, strlen(text));
	assert_memory_equal(value.octets, text, value.n_octets);
}

struct number_field {
	const char *name;
	uint32_t instance;
	uint64_t is;
};

struct text_field {
	const char *name;
	uint32_t instance;
	const char *is;
};

#define ASSERT_FIELDS(report, numbers, texts)                                  \
	do {                                                                   \
		for (size_t i_ = 0; i_ < sizeof(numbers) / sizeof(*(numbers)); \
		     i_++)                                                     \
			assert_int_equal(number_at(report, (numbers)[i_].name, \
						   (numbers)[i_].instance),    \
					 (numbers)[i_].is);                    \
		for (size_t i_ = 0; i_ < sizeof(texts) / sizeof(*(texts));     \
		     i_++)                                                     \
			assert_text_at(report, (texts)[i_].name,               \
				       (texts)[i_].instance, (texts)[i_].is);  \
	} while (0)

static void
every_scalar_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct number_field numbers[] = {
		{ "ihHostAgentStart", 0, r->host.agent_start_s },
		{ "ihHostSampleSeq", 0, r->host.sample_seq },
		{ "ihHostSampleAge", 0, r->host.sample_age_ms },
		{ "ihHostLayoutRevision", 0, r->host.layout_revision },
		{ "ihHostVmRevision", 0, r->host.vm_revision },
		{ "ihHostUptime", 0, r->host.uptime_s },
		{ "ihHostHealth", 0, r->host.health },
		{ "ihCpuFamily", 0, r->cpu.family },
		{ "ihCpuModel", 0, r->cpu.model },
		{ "ihCpuStepping", 0, r->cpu.stepping },
		{ "ihCpuOnline", 0, r->cpu.online },
		{ "ihLoadCpuUse", 0, r->load.cpu_use_pm },
		{ "ihLoadPsiCpuSome", 0, r->load.psi_cpu_some_pm },
		{ "ihLoadPsiMemFull", 0, r->load.psi_mem_full_pm },
		{ "ihLoadPsiIoFull", 0, r->load.psi_io_full_pm },
		{ "ihMemTotal", 0, r->load.mem_total_kib },
		{ "ihMemFree", 0, r->load.mem_free_kib },
		{ "ihMemAvailable", 0, r->load.mem_available_kib },
		{ "ihMemSwapUsed", 0, r->load.swap_used_kib },
		{ "ihCapacityCpus", 0, r->capacity.cpus },
		{ "ihCapacityMemory", 0, r->capacity.memory_kib },
		{ "ihBmcPower", 0, r->bmc.power },
		{ "ihRowsNuma", 0, r->n_numa },
		{ "ihRowsNumaDist", 0, r->n_distances },
		{ "ihRowsFeature", 0, r->n_features },
		{ "ihRowsVm", 0, r->n_vms },
		{ "ihRowsDatastore", 0, r->n_datastores },
		{ "ihRowsHeartbeat", 0, r->n_heartbeats },
		{ "ihRowsSource", 0, r->n_sources },
		{ "ihHostStopping", 0, r->host.stopping ? 1 : 2 },
		{ "ihCpuUniform", 0, r->cpu.uniform ? 1 : 2 },
		{ "ihLoadPsiPresent", 0, r->load.psi_present ? 1 : 2 },
		{ "ihBmcPresent", 0, r->bmc.present ? 1 : 2 },
		{ "ihBmcReachable", 0, r->bmc.reachable ? 1 : 2 },
	};
	const struct text_field texts[] = {
		{ "ihHostName", 0, r->host.name },
		{ "ihHostAgentVersion", 0, r->host.agent_version },
		{ "ihCpuVendor", 0, r->cpu.vendor },
		{ "ihCpuModelName", 0, r->cpu.model_name },
		{ "ihCpuMicrocode", 0, r->cpu.microcode },
		{ "ihBmcDevice", 0, r->bmc.device },
		{ "ihBmcFirmware", 0, r->bmc.firmware },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

static void
every_other_column_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct number_field numbers[] = {
		{ "ihNumaCpuCount", 3, r->numa[1].cpu_count },
		{ "ihNumaMemTotal", 3, r->numa[1].mem_total_kib },
		{ "ihNumaMemFree", 3, r->numa[1].mem_free_kib },
		{ "ihDatastoreState", 6, r->datastores[1].state },
		{ "ihDatastoreSlot", 6, r->datastores[1].slot },
		{ "ihDatastoreProbe", 6, r->datastores[1].probe_us },
		{ "ihDatastoreAge", 6, r->datastores[1].age_ms },
		{ "ihDatastoreWrites", 6, r->datastores[1].writes },
		{ "ihDatastoreErrors", 6, r->datastores[1].errors },
		{ "ihSourceStatus", 2, r->sources[1].status },
		{ "ihSourceAge", 2, r->sources[1].age_ms },
		{ "ihSourceReadTime", 2, r->sources[1].read_us },
		{ "ihSourceFailures", 2, r->sources[1].failures },
		{ "ihFeatureHardware", 3, r->features[2].hardware ? 1 : 2 },
		{ "ihFeatureUsable", 3, r->features[2].usable ? 1 : 2 },
		{ "ihDatastoreType", 6, r->datastores[1].type },
		{ "ihDatastoreCapacity", 6, r->datastores[1].capacity_kib },
		{ "ihDatastoreFree", 6, r->datastores[1].free_kib },
		{ "ihDatastorePaths", 6, r->datastores[1].paths },
		{ "ihDatastorePathsUp", 6, r->datastores[1].paths_up },
	};
	const struct text_field texts[] = {
		{ "ihNumaCpus", 3, r->numa[1].cpus },
		{ "ihFeatureName", 3, r->features[2].name },
		{ "ihDatastoreName", 6, r->datastores[1].name },
		{ "ihDatastorePath", 6, r->datastores[1].path },
		{ "ihSourceName", 2, r->sources[1].name },
		{ "ihSourceLastError", 2, r->sources[1].last_error },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

static void
every_column_of_a_vm_gives_the_field_of_its_name(void **state)
{
	struct node_report *r = random_report(90, &usual);
	const struct report_vm *vm = &r->vms[2];
	const struct number_field numbers[] = {
		{ "ihVmState", vm->index, vm->state },
		{ "ihVmReason", vm->index, vm->reason },
		{ "ihVmVcpus", vm->index, vm->vcpus },
		{ "ihVmMemory", vm->index, vm->memory_kib },
		{ "ihVmMemoryNow", vm->index, vm->memory_now_kib },
		{ "ihVmCpuTime", vm->index, vm->cpu_time_ms },
		{ "ihVmCpuUse", vm->index, vm->cpu_use_pm },
		{ "ihVmCpuReady", vm->index, vm->cpu_ready_pm },
		{ "ihVmRss", vm->index, vm->rss_kib },
		{ "ihVmSwapped", vm->index, vm->swapped_kib },
		{ "ihVmNumaLocality", vm->index, vm->numa_local_pm },
		{ "ihVmGuestAgent", vm->index, vm->guest_agent },
		{ "ihVmDirtyRate", vm->index, vm->dirty_mib_s },
		{ "ihVmLiveness", vm->index, vm->liveness },
		{ "ihVmStatsAge", vm->index, vm->stats_age_ms },
		{ "ihVmMemoryUsable", vm->index, vm->memory_usable_kib },
		{ "ihVmEvents", vm->index, vm->events },
		{ "ihVmLastEvent", vm->index, vm->last_event },
		{ "ihVmLastEventAge", vm->index, vm->last_event_age_ms },
		{ "ihVmMigrationBlocked", vm->index,
		  vm->migration_blocked ? 1 : 2 },
		{ "ihVmPersistent", vm->index, vm->persistent ? 1 : 2 },
		{ "ihVmAutostart", vm->index, vm->autostart ? 1 : 2 },
		{ "ihVmSharedStorage", vm->index, vm->shared_storage ? 1 : 2 },
	};
	const struct text_field texts[] = {
		{ "ihVmName", vm->index, vm->name },
		{ "ihVmNumaNodes", vm->index, vm->numa_nodes },
		{ "ihVmCpuModel", vm->index, vm->cpu_model },
		{ "ihVmMigrationBlocker", vm->index, vm->migration_blocker },
	};

	(void)state;
	ASSERT_FIELDS(r, numbers, texts);
	node_report_free(r);
}

static uint64_t
age_of(const struct node_report *report, const char *name, uint32_t late_ms)
{
	struct codec_oid oid;
	struct codec_value value;

	oid_named(name, strncmp(name, "ihHost", 6) == 0 ? 0 : 1, &oid);
	assert_int_equal(codec_get(report, late_ms, &oid, &value), 0);
	return value.number;
}

static void
ages_grow_until_they_are_read_and_never_stays_never(void **state)
{
	static const char *const names[] = { "ihHostSampleAge",
					     "ihDatastoreAge", "ihSourceAge" };
	struct node_report *report = random_report(50, &usual);
	uint32_t *ages[] = { &report->host.sample_age_ms,
			     &report->datastores[0].age_ms,
			     &report->sources[0].age_ms };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		*ages[i] = 100;
		assert_int_equal(age_of(report, names[i], 0), 100);
		assert_int_equal(age_of(report, names[i], 900), 1000);
		assert_int_equal(age_of(report, names[i], UINT32_MAX),
				 REPORT_AGE_NEVER);
		*ages[i] = REPORT_AGE_NEVER;
		assert_int_equal(age_of(report, names[i], 0), REPORT_AGE_NEVER);
		assert_int_equal(age_of(report, names[i], 5), REPORT_AGE_NEVER);
	}
	node_report_free(report);
}

static void
a_collectors_mistake_becomes_unknown_or_the_nearest_value(void **state)
{
	struct node_report *report = random_report(60, &usual);
	struct codec_oid oid;
	struct codec_value value;

	(void)state;
	report->host.health = 0;
	report->load.cpu_use_pm = 1003;
	snprintf(report->host.uuid, sizeof(report->host.uuid), "no uuid");
	oid_named("ihHostHealth", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.integer, HEALTH_UNKNOWN);
	oid_named("ihLoadCpuUse", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.number, 1000);
	oid_named("ihHostUuid", 0, &oid);
	assert_int_equal(codec_get(report, 0, &oid, &value), 0);
	assert_int_equal(value.n_octets, 0);
	node_report_free(report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scalar_gives_the_field_of_its_name),
		cmocka_unit_test(
			every_other_column_gives_the_field_of_its_name),
		cmocka_unit_test(
			every_column_of_a_vm_gives_the_field_of_its_name),
		cmocka_unit_test(
			ages_grow_until_they_are_read_and_never_stays_never),
		cmocka_unit_test(
			a_collectors_mistake_becomes_unknown_or_the_nearest_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
