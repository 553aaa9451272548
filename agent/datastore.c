/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/datastore.h"

enum report_datastore_state
datastore_state(const struct datastore_times *times, int64_t now_ms)
{
	const bool never = times->good_ms < 0;
	int64_t age_ms = now_ms - (never ? times->started_ms : times->good_ms);
	int64_t hangs_ms = times->asked_ms < 0 ? 0 : now_ms - times->asked_ms;

	/* Reads work: whoever only cannot write has not lost it. */
	if (times->read_only && hangs_ms < DATASTORE_STALE_MS)
		return DATASTORE_READ_ONLY;
	if (age_ms >= times->lost_ms)
		return DATASTORE_LOST;
	if (never)
		return DATASTORE_UNKNOWN;
	if (age_ms >= DATASTORE_STALE_MS)
		return DATASTORE_STALE;
	if (hangs_ms >= DATASTORE_SLOW_MS ||
	    times->took_ms >= DATASTORE_SLOW_MS)
		return DATASTORE_SLOW;
	return DATASTORE_OK;
}
