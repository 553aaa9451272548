/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices and their bindings.  The payload objects are a table of columns
 * like those of the report, so the same checks apply.
 */
#include "snmp-mib/notice.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "snmp-mib/codec_own.h"

enum {
	ARC_NOTIFICATIONS = 0,
	ARC_NOTIFY = 50, /* ihNotify below the objects */
	KINDS = 1u << NOTICE_AGENT_START | 1u << NOTICE_AGENT_STOP |
		1u << NOTICE_VM_CRASH | 1u << NOTICE_DATASTORE_LOST |
		1u << NOTICE_DATASTORE_BACK | 1u << NOTICE_ALARM_RAISED |
		1u << NOTICE_ALARM_CLEARED | 1u << NOTICE_STORM,
	KINDS_VM = 1u << NOTICE_VM_CRASH,
	KINDS_DATASTORE =
		1u << NOTICE_DATASTORE_LOST | 1u << NOTICE_DATASTORE_BACK,
	KINDS_ALARM = 1u << NOTICE_ALARM_RAISED | 1u << NOTICE_ALARM_CLEARED,
	KINDS_STORM = 1u << NOTICE_STORM
};

#define IN(field) .offset = offsetof(struct node_notice, field)
#define SIZED(field) \
	IN(field), .size = sizeof(((struct node_notice *)NULL)->field)

/* Where a binding's instance number comes from. */
enum instance { INSTANCE_SCALAR, INSTANCE_VM, INSTANCE_DATASTORE };

/* In the order of the OBJECTS clauses.  `section` is the arc below the
 * objects; tables have their entry's arc 1 between. */
static const struct payload {
	uint32_t section;
	enum instance instance;
	unsigned kinds;
	struct codec_column column;
} payload[] = {
	{ 1,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 2, "ihHostUuid", CELL_UUID, SIZED(host_uuid) } },
	{ 1,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 1, "ihHostName", CELL_TEXT, SIZED(host_name) } },
	{ 1,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 3, "ihHostBootId", CELL_UUID, SIZED(boot_id) } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 1, "ihNotifyCondition", CELL_U32, IN(condition) } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 2, "ihNotifySequence", CELL_U32, IN(sequence) } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 3, "ihNotifySeverity", CELL_ENUM, IN(severity),
	    .min = NOTICE_CLEARED, .max = NOTICE_CRITICAL } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 4, "ihNotifySubject", CELL_TEXT, SIZED(subject) } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS,
	  { 5, "ihNotifyText", CELL_TEXT, SIZED(text) } },
	{ 20,
	  INSTANCE_VM,
	  KINDS_VM,
	  { 2, "ihVmUuid", CELL_UUID, SIZED(vm_uuid), .required = true } },
	{ 20,
	  INSTANCE_VM,
	  KINDS_VM,
	  { 3, "ihVmName", CELL_TEXT, SIZED(vm_name), .required = true } },
	{ 30,
	  INSTANCE_DATASTORE,
	  KINDS_DATASTORE,
	  { 2, "ihDatastoreName", CELL_TEXT, SIZED(datastore_name),
	    .required = true } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS_ALARM,
	  { 6, "ihNotifyAlarm", CELL_TEXT, SIZED(alarm), .required = true } },
	{ ARC_NOTIFY,
	  INSTANCE_SCALAR,
	  KINDS_STORM,
	  { 7, "ihNotifySuppressed", CELL_U32, IN(suppressed) } },
};

enum { PAYLOAD = sizeof(payload) / sizeof(payload[0]) };
_Static_assert((int)PAYLOAD < (int)NOTICE_BINDS_MAX, "bindings fit");

static const struct codec_oid trap_oid = {
	.len = 11, .ids = { 1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0 }
};

const char *
notice_kind_name(enum notice_kind kind)
{
	static const char *const names[] = { "unknown",        "agent start",
					     "agent stop",     "VM crash",
					     "datastore lost", "datastore back",
					     "alarm raised",   "alarm cleared",
					     "storm" };
	size_t n = sizeof(names) / sizeof(names[0]);

	return (size_t)kind < n ? names[kind] : names[0];
}

static uint32_t *
instance_in(const struct payload *item, struct node_notice *notice)
{
	return item->instance == INSTANCE_VM ? &notice->vm_index
					     : &notice->datastore_index;
}

static void
payload_oid(const struct payload *item, struct codec_oid *ret_oid)
{
	*ret_oid = codec_objects;
	ret_oid->ids[ret_oid->len++] = item->section;
	if (item->instance != INSTANCE_SCALAR)
		ret_oid->ids[ret_oid->len++] = 1;
	ret_oid->ids[ret_oid->len++] = item->column.arc;
}

size_t
notice_encode(const struct node_notice *notice,
	      struct notice_bind ret_binds[NOTICE_BINDS_MAX])
{
	/* The notification's own OID needs a place to live: the last binding,
	 * which is never used. */
	struct codec_oid *kind = &ret_binds[NOTICE_BINDS_MAX - 1].oid;
	size_t n = 1;

	assert(notice->kind >= NOTICE_AGENT_START &&
	       notice->kind <= NOTICE_STORM);
	*kind = *codec_root();
	kind->ids[kind->len++] = ARC_NOTIFICATIONS;
	kind->ids[kind->len++] = (uint32_t)notice->kind;
	ret_binds[0].oid = trap_oid;
	ret_binds[0].value =
		(struct codec_value){ .type = CODEC_OID, .oid = kind };
	for (size_t i = 0; i < PAYLOAD; i++) {
		const struct payload *item = &payload[i];
		struct notice_bind *bind = &ret_binds[n];

		if ((item->kinds & 1u << notice->kind) == 0)
			continue;
		payload_oid(item, &bind->oid);
		bind->oid.ids[bind->oid.len++] =
			item->instance == INSTANCE_SCALAR
				? 0
				: *instance_in(item,
					       (struct node_notice *)notice);
		codec_cell_encode(&item->column, notice, 0, &bind->value);
		n++;
	}
	return n;
}

/* Which notification: from the value of snmpTrapOID.0. */
static int
decode_kind(const struct notice_bind *binds, size_t n,
	    enum notice_kind *ret_kind)
{
	const struct codec_oid *root = codec_root();

	for (size_t i = 0; i < n; i++) {
		const struct codec_oid *oid = binds[i].value.oid;

		if (codec_oid_compare(&binds[i].oid, &trap_oid) != 0)
			continue;
		if (binds[i].value.type != CODEC_OID ||
		    oid->len != root->len + 2 ||
		    !codec_oid_starts_with(oid, root) ||
		    oid->ids[root->len] != ARC_NOTIFICATIONS)
			return -ENOENT;
		uint32_t arc = oid->ids[root->len + 1];
		if (arc < NOTICE_AGENT_START || arc > NOTICE_STORM)
			return -ENOENT; /* a newer agent's */
		*ret_kind = (enum notice_kind)arc;
		return 0;
	}
	return -ENOENT;
}

/* 1 when the binding is this item's and was taken. */
static int
decode_item(const struct payload *item, const struct notice_bind *bind,
	    struct node_notice *notice, struct err *err)
{
	struct codec_oid object;

	payload_oid(item, &object);
	if (bind->oid.len != object.len + 1 ||
	    !codec_oid_starts_with(&bind->oid, &object))
		return 0;

	uint32_t instance = bind->oid.ids[object.len];
	if (item->instance == INSTANCE_SCALAR) {
		if (instance != 0)
			return err_set(err, -EPROTO, "%s with an index",
				       item->column.name);
	} else {
		if (instance == 0 || instance > INT32_MAX)
			return err_set(err, -EPROTO, "%s: index out of range",
				       item->column.name);
		*instance_in(item, notice) = instance;
	}
	int rc = codec_cell_decode(&item->column, &bind->value, notice, err);
	return rc < 0 ? rc : 1;
}

static int
find_item(const struct payload *item, const struct notice_bind *binds, size_t n,
	  struct node_notice *notice, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = decode_item(item, &binds[i], notice, err);

		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return err_set(err, -EPROTO, "%s is missing", item->column.name);
}

int
notice_decode(const struct notice_bind *binds, size_t n,
	      struct node_notice *ret_notice, struct err *err)
{
	struct node_notice notice = { .source = "" };
	int rc = decode_kind(binds, n, &notice.kind);

	if (rc < 0)
		return err_set(err, rc, "not one of our notifications");
	for (size_t i = 0; i < PAYLOAD; i++) {
		if ((payload[i].kinds & 1u << notice.kind) == 0)
			continue;
		rc = find_item(&payload[i], binds, n, &notice, err);
		if (rc < 0)
			return rc;
	}
	*ret_notice = notice;
	return 0;
}
