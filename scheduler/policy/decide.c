/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/decide.h"

#include "scheduler/policy/admission.h"
#include "scheduler/policy/draft.h"

struct plan *
decide(const struct snapshot *snap)
{
	struct draft draft;

	draft_init(&draft, snap);
	observe_vms(&draft);
	obey_orders(&draft);
	judge_hosts(&draft);
	settle_stops(&draft);
	tend_guests(&draft);
	tend_paths(&draft);
	recover_vms(&draft);
	raise_admission(&draft);
	raise_alarms(&draft);

	struct plan *plan = draft.plan;
	draft_done(&draft);
	return plan;
}
