/* SPDX-License-Identifier: Apache-2.0 */
/* Details as a whole: made and freed. */
#include "snmp-mib/node_detail.h"

#include <stdlib.h>

#include "common/alloc.h"

struct node_detail *
node_detail_new(void)
{
	return xcalloc(1, sizeof(struct node_detail));
}

void
node_detail_free(struct node_detail *detail)
{
	if (detail == NULL)
		return;
	free(detail->pressures);
	free(detail->huge_pages);
	free(detail->numa_uses);
	free(detail->packages);
	free(detail->cpu_models);
	free(detail->sensors);
	free(detail->entities);
	free(detail->contains);
	free(detail->states);
	free(detail->storages);
	free(detail->disks);
	free(detail->uplinks);
	free(detail->alarms);
	free(detail->vms);
	free(detail->vm_cpus);
	free(detail->vm_pins);
	free(detail->vm_disks);
	free(detail->vm_nics);
	free(detail->vm_nodes);
	free(detail->vm_dirties);
	free(detail->powers);
	free(detail->power_states);
	free(detail);
}
