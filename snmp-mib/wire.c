/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversion between codec values and net-snmp variables.
 */
#include "snmp-mib/wire.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

size_t
wire_from_oid(const struct codec_oid *from, oid *ret_name)
{
	assert(from->len <= MAX_OID_LEN);
	for (size_t i = 0; i < from->len; i++)
		ret_name[i] = from->ids[i];
	return from->len;
}

int
wire_to_oid(const oid *name, size_t len, struct codec_oid *ret_oid)
{
	if (len > CODEC_OID_MAX)
		return -EPROTO;
	for (size_t i = 0; i < len; i++)
		ret_oid->ids[i] = (uint32_t)name[i];
	ret_oid->len = len;
	return 0;
}

bool
wire_is_absent(const netsnmp_variable_list *var)
{
	return var->type == SNMP_NOSUCHOBJECT ||
	       var->type == SNMP_NOSUCHINSTANCE ||
	       var->type == SNMP_ENDOFMIBVIEW;
}

void
wire_to_value(const netsnmp_variable_list *var, struct codec_oid *ret_space,
	      struct codec_value *ret_value)
{
	*ret_value = (struct codec_value){ .type = CODEC_OTHER };
	switch (var->type) {
	case ASN_INTEGER:
		ret_value->type = CODEC_INTEGER;
		ret_value->integer = *var->val.integer;
		break;
	case ASN_GAUGE: /* and Unsigned32 */
		ret_value->type = CODEC_UNSIGNED;
		ret_value->number = (uint32_t)*var->val.integer;
		break;
	case ASN_TIMETICKS:
		ret_value->type = CODEC_TICKS;
		ret_value->number = (uint32_t)*var->val.integer;
		break;
	case ASN_COUNTER:
		ret_value->type = CODEC_COUNTER32;
		ret_value->number = (uint32_t)*var->val.integer;
		break;
	case ASN_COUNTER64:
		ret_value->type = CODEC_COUNTER64;
		ret_value->number = (uint64_t)(uint32_t)var->val.counter64->high
					    << 32 |
				    (uint32_t)var->val.counter64->low;
		break;
	case ASN_OCTET_STR:
		ret_value->type = CODEC_OCTETS;
		ret_value->octets = var->val.string;
		ret_value->n_octets = var->val_len;
		break;
	case ASN_OBJECT_ID:
		if (wire_to_oid(var->val.objid, var->val_len / sizeof(oid),
				ret_space) < 0)
			break;
		ret_value->type = CODEC_OID;
		ret_value->oid = ret_space;
		break;
	default:
		break;
	}
}

u_char
wire_from_value(const struct codec_value *value, union wire_space *ret_space,
		const void **ret_data, size_t *ret_len)
{
	*ret_data = ret_space;
	switch (value->type) {
	case CODEC_INTEGER:
		ret_space->number = (long)value->integer;
		*ret_len = sizeof(ret_space->number);
		return ASN_INTEGER;
	case CODEC_UNSIGNED:
		ret_space->number = (long)value->number;
		*ret_len = sizeof(ret_space->number);
		return ASN_GAUGE;
	case CODEC_TICKS:
		ret_space->number = (long)value->number;
		*ret_len = sizeof(ret_space->number);
		return ASN_TIMETICKS;
	case CODEC_COUNTER32:
		ret_space->number = (long)value->number;
		*ret_len = sizeof(ret_space->number);
		return ASN_COUNTER;
	case CODEC_COUNTER64:
		ret_space->counter.high = (u_long)(value->number >> 32);
		ret_space->counter.low = (u_long)(value->number & 0xffffffff);
		*ret_len = sizeof(ret_space->counter);
		return ASN_COUNTER64;
	case CODEC_OCTETS:
		*ret_data = value->octets;
		*ret_len = value->n_octets;
		return ASN_OCTET_STR;
	case CODEC_OID:
		*ret_len = wire_from_oid(value->oid, ret_space->name) *
			   sizeof(oid);
		return ASN_OBJECT_ID;
	case CODEC_OTHER:
		break;
	}
	assert(!"a value without a type");
	return ASN_NULL;
}

void
wire_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void
wire_read_one(void *session, netsnmp_large_fd_set *fds)
{
	int fd = snmp_sess_transport(session)->sock;

	netsnmp_large_fd_setfd(fd, fds);
	(void)snmp_sess_read2(session, fds);
	netsnmp_large_fd_clr(fd, fds);
}

void
wire_read(void *session, netsnmp_large_fd_set *fds, unsigned most)
{
	struct pollfd ready = { .fd = snmp_sess_transport(session)->sock,
				.events = POLLIN };

	for (unsigned i = 0; i < most && poll(&ready, 1, 0) > 0; i++)
		wire_read_one(session, fds);
}
