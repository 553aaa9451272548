/* SPDX-License-Identifier: Apache-2.0 */
/* Views as a whole: made and freed. */
#include "snmp-mib/cluster_view.h"

#include <stdlib.h>

#include "common/alloc.h"

struct cluster_view *
cluster_view_new(void)
{
	return xcalloc(1, sizeof(struct cluster_view));
}

void
cluster_view_free(struct cluster_view *view)
{
	if (view == NULL)
		return;
	free(view->clusters);
	free(view->members);
	free(view->decisions);
	free(view->alarms);
	free(view);
}
