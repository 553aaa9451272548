/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/heard.h"

#include <string.h>

enum { WINDOW = 64 };

static void
begin(struct heard *heard, const struct node_notice *notice)
{
	memcpy(heard->boot_id, notice->boot_id, sizeof(heard->boot_id));
	heard->last = notice->sequence;
	heard->came = 1;
}

static enum heard_as
take_older(struct heard *heard, const struct node_notice *notice, uint32_t back)
{
	if (back >= WINDOW) { /* the clock that it counts from was set back */
		begin(heard, notice);
		return HEARD_RESTART;
	}
	if ((heard->came >> back & 1) != 0)
		return HEARD_AGAIN;
	heard->came |= UINT64_C(1) << back;
	return HEARD_NEXT;
}

enum heard_as
heard_take(struct heard *heard, const struct node_notice *notice,
	   uint32_t *ret_missing)
{
	uint32_t ahead = notice->sequence - heard->last;
	bool first = heard->came == 0;

	*ret_missing = 0;
	if (first || strcmp(heard->boot_id, notice->boot_id) != 0) {
		begin(heard, notice);
		return first ? HEARD_FIRST : HEARD_RESTART;
	}
	if (ahead == 0 || ahead > INT32_MAX)
		return take_older(heard, notice, 0 - ahead);
	heard->last = notice->sequence;
	heard->came = (ahead < WINDOW ? heard->came << ahead : 0) | 1;
	if (notice->kind == NOTICE_AGENT_START)
		return HEARD_RESTART;
	*ret_missing = ahead - 1;
	return ahead == 1 ? HEARD_NEXT : HEARD_GAP;
}
