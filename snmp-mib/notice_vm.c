/* SPDX-License-Identifier: Apache-2.0 */
#include "snmp-mib/notice_vm.h"

#include <assert.h>

#include "snmp-mib/codec_define.h"

enum {
	PERSISTENT = 2, /* VirtualMachinePersistent */
	TRANSIENT = 3
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
	{ 6, "vmOperState", CELL_ENUM, IN(row, oper), .min = VM_OPER_UNKNOWN,
	  .max = VM_OPER_CRASHED },
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
static const struct codec_oid affected = { /* vmAffectedVMs.0 */
					   .len = 10,
					   .ids = { 1, 3, 6, 1, 2, 1, 236, 1,
						    11, 0 }
};

/* As in notice_encode(): the notification's own OID lives in the last binding,
 * which is never used. */
static void
put_kind(uint32_t arc, struct notice_bind ret_binds[NOTICE_BINDS_MAX])
{
	struct codec_oid *kind = &ret_binds[NOTICE_BINDS_MAX - 1].oid;

	*kind = notifications;
	kind->ids[kind->len++] = arc;
	ret_binds[0].oid = trap_oid;
	ret_binds[0].value =
		(struct codec_value){ .type = CODEC_OID, .oid = kind };
}

size_t
vm_notice_encode(const struct vm_notice *notice,
		 struct notice_bind ret_binds[NOTICE_BINDS_MAX])
{
	struct row row = { *notice, notice->before,
			   notice->persistent ? PERSISTENT : TRANSIENT };
	size_t n = 1, n_columns = CODEC_LEN(columns);

	if (notice->change != VM_CHANGE_DELETED)
		n_columns--;
	put_kind((uint32_t)notice->change, ret_binds);
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

void
vm_bulk_add(struct vm_bulk *bulk, uint32_t index)
{
	assert(index >= 1 && index <= VM_BULK_INDEX_MAX);
	size_t at = (index - 1) / 8;
	bulk->octets[at] |= (uint8_t)(0x80u >> (index - 1) % 8);
	if (bulk->n_octets <= at)
		bulk->n_octets = at + 1;
}

size_t
vm_bulk_encode(const struct vm_bulk *bulk,
	       struct notice_bind ret_binds[NOTICE_BINDS_MAX])
{
	put_kind((uint32_t)bulk->change + VM_CHANGE_BULK, ret_binds);
	ret_binds[1].oid = affected;
	ret_binds[1].value = (struct codec_value){ .type = CODEC_OCTETS,
						   .octets = bulk->octets,
						   .n_octets = bulk->n_octets };
	return 2;
}
