/* SPDX-License-Identifier: Apache-2.0 */
#include "snmp-mib/notice_vm.h"

#include <string.h>

#include "snmp-mib/codec_define.h"

/* VirtualMachineOperState; what libvirt calls blocked is running. */
enum {
	OPER_UNKNOWN = 1,
	OPER_MAX = 12,
	PERSISTENT = 2, /* VirtualMachinePersistent */
	TRANSIENT = 3
};

static const uint8_t opers[] = {
	[VM_STATE_UNKNOWN] = OPER_UNKNOWN,
	[VM_STATE_NO_STATE] = 2, /* other */
	[VM_STATE_RUNNING] = 4,
	[VM_STATE_BLOCKED] = 4,
	[VM_STATE_PAUSED] = 8,
	[VM_STATE_SHUTTING_DOWN] = 10,
	[VM_STATE_SHUT_OFF] = 11,
	[VM_STATE_CRASHED] = 12,
	[VM_STATE_PM_SUSPENDED] = 8,
};

struct row {
	struct vm_notice notice;
	uint32_t oper, persistent;
};

/* Of vmEntry, in the order of the OBJECTS clauses; the last one with
 * vmDeleted only. */
static const struct codec_column columns[] = {
	{ 2, "vmName", CELL_TEXT, SIZED(row, notice.name) },
	{ 3, "vmUUID", CELL_UUID, SIZED(row, notice.uuid) },
	{ 6, "vmOperState", CELL_ENUM, IN(row, oper), .min = OPER_UNKNOWN,
	  .max = OPER_MAX },
	{ 8, "vmPersistent", CELL_ENUM, IN(row, persistent), .min = PERSISTENT,
	  .max = TRANSIENT },
};

static const struct codec_oid trap_oid = {
	.len = 11, .ids = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 }
};
static const struct codec_oid notifications = {
	.len = 8, .ids = { 1, 3, 6, 1, 2, 1, 236, 0 }
};
static const struct codec_oid entry = {
	.len = 10, .ids = { 1, 3, 6, 1, 2, 1, 236, 1, 4, 1 }
};

size_t
vm_notice_encode(const struct vm_notice *notice,
		 struct notice_bind ret_binds[NOTICE_BINDS_MAX])
{
	/* As in notice_encode(): the last binding is never used. */
	struct codec_oid *kind = &ret_binds[NOTICE_BINDS_MAX - 1].oid;
	struct row row = { *notice, OPER_UNKNOWN,
			   notice->persistent ? PERSISTENT : TRANSIENT };
	size_t n = 1, n_columns = CODEC_LEN(columns);

	if (notice->change != VM_CHANGE_DELETED)
		n_columns--;
	if (notice->before > 0 &&
	    (size_t)notice->before < sizeof(opers) / sizeof(opers[0]))
		row.oper = opers[notice->before];
	*kind = notifications;
	kind->ids[kind->len++] = (uint32_t)notice->change;
	ret_binds[0].oid = trap_oid;
	ret_binds[0].value =
		(struct codec_value){ .type = CODEC_OID, .oid = kind };
	for (; n <= n_columns; n++) {
		struct notice_bind *bind = &ret_binds[n];

		bind->oid = entry;
		bind->oid.ids[bind->oid.len++] = columns[n - 1].arc;
		bind->oid.ids[bind->oid.len++] = notice->index;
		codec_cell_encode(&columns[n - 1], &row, 0, &bind->value);
		/* Text points into the row, which is gone soon. */
		if (columns[n - 1].cell == CELL_TEXT)
			bind->value.octets = (const uint8_t *)notice->name;
	}
	return n;
}
