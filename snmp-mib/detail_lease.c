/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be set, and the watchdog lease.
 */
#include "snmp-mib/codec_define.h"
#include "snmp-mib/detail.h"

#define SWITCH(arc, words, field)                                             \
	{                                                                     \
		(arc), (words), CELL_ENUM, IN(detail_control, field),         \
			.min = SWITCH_OFF, .max = SWITCH_ON, .writable = true \
	}

static const struct codec_column control_columns[] = {
	SWITCH(1, "ihControlMaintenance", maintenance),
	SWITCH(2, "ihControlOvercommit", overcommit),
	SWITCH(3, "ihControlLease", lease),
	{ 4, "ihControlLeaseMs", CELL_U32, IN(detail_control, lease_ms),
	  .min = LEASE_MS_MIN, .max = LEASE_MS_MAX, .writable = true },
	{ 5, "ihLeaseRenew", CELL_U32, IN(detail_control, renew),
	  .writable = true },
	{ 6, "ihControlMeasureDirty", CELL_U32, IN(detail_control, measure_vm),
	  .max = MIB_INDEX_MAX, .writable = true },
	{ 7, "ihControlCpuBaseline", CELL_TEXT,
	  SIZED(detail_control, cpu_baseline), .writable = true },
};

static const struct codec_column lease_columns[] = {
	{ 1, "ihLeaseMode", CELL_ENUM, IN(detail_lease, mode),
	  .min = SWITCH_OFF, .max = SWITCH_ON },
	{ 2, "ihLeaseState", CELL_ENUM, IN(detail_lease, state),
	  .min = LEASE_STATE_OFF, .max = LEASE_STATE_FAILED },
	{ 3, "ihLeaseDevice", CELL_TEXT, SIZED(detail_lease, device) },
	{ 4, "ihLeaseTimeout", CELL_U32, IN(detail_lease, timeout_ms) },
	{ 5, "ihLeaseBound", CELL_U32, IN(detail_lease, bound_ms) },
	{ 6, "ihLeaseLeft", CELL_U32, IN(detail_lease, left_ms) },
	{ 7, "ihLeaseDatastoreAge", CELL_AGE,
	  IN(detail_lease, datastore_age_ms) },
	{ 8, "ihLeaseCoordinatorAge", CELL_AGE,
	  IN(detail_lease, coordinator_age_ms) },
	{ 9, "ihLeaseTimesArmed", CELL_U32, IN(detail_lease, times_armed) },
	{ 10, "ihLeaseTimesFired", CELL_U32, IN(detail_lease, times_fired) },
	{ 11, "ihLeaseText", CELL_TEXT, SIZED(detail_lease, text) },
};

/* All of the part. */
const struct codec_section detail_control = {
	SCALARS_OF(PART_CONTROL, "ihControl", detail_control, maintenance,
		   control_columns),
	AT(45)
};

const struct codec_section detail_lease = {
	DETAIL_SCALARS("ihLease", lease, lease_columns), AT(46)
};
