/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting: all values of a request at once, or none.
 *
 *	RESERVE1	tried on a copy; errors are told here
 *	ACTION		tried again on what is there by now, and visible
 *	COMMIT		kept
 *	UNDO		another handler failed: as it was before
 *
 * Behind snmpd these come as four messages, and COMMIT cannot fail any more.
 */
#include <assert.h>
#include <errno.h>

#include "snmp-mib/voice_own.h"
#include "snmp-mib/wire.h"

static int
error_of(int rc)
{
	switch (rc) {
	case -ENOENT:
		return SNMP_ERR_NOTWRITABLE;
	case -ENXIO:
		return SNMP_ERR_NOCREATION;
	case -EPROTO:
		return SNMP_ERR_WRONGTYPE;
	case -ERANGE:
		return SNMP_ERR_WRONGVALUE;
	case -EINVAL:
		return SNMP_ERR_INCONSISTENTVALUE;
	default:
		return rc == 0 ? SNMP_ERR_NOERROR : SNMP_ERR_GENERR;
	}
}

static int
put(const struct voice_writer *writer, const struct codec_tree *tree,
    const netsnmp_variable_list *var, union written *part)
{
	struct codec_oid name, space;
	struct codec_value value;

	if (wire_to_oid(var->name, var->name_length, &name) < 0)
		return -ENOENT;
	wire_to_value(var, &space, &value);
	int rc = codec_tree_put(tree, &name, &value, writer->part, part);
	return rc == 0 ? writer->check(writer->arg, part) : rc;
}

/* False when one of them cannot be; its error is set. */
static bool
put_all(const struct voice_writer *writer, const struct codec_tree *tree,
	netsnmp_agent_request_info *info, netsnmp_request_info *requests,
	union written *ret_part)
{
	assert(writer->size <= sizeof(*ret_part));
	writer->read(writer->arg, ret_part);
	for (; requests != NULL; requests = requests->next) {
		int rc = put(writer, tree, requests->requestvb, ret_part);

		if (rc == 0)
			continue;
		netsnmp_set_request_error(info, requests, error_of(rc));
		return false;
	}
	return true;
}

void
voice_set(const struct voice_writer *writer, const struct codec_tree *tree,
	  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	union written part;

	switch (info->mode) {
	case MODE_SET_RESERVE1:
		(void)put_all(writer, tree, info, requests, &part);
		break;
	case MODE_SET_ACTION:
		if (put_all(writer, tree, info, requests, &part) &&
		    writer->apply(writer->arg, &part) < 0)
			netsnmp_set_request_error(info, requests,
						  SNMP_ERR_COMMITFAILED);
		break;
	case MODE_SET_COMMIT:
		writer->commit(writer->arg);
		break;
	case MODE_SET_UNDO:
		writer->undo(writer->arg);
		break;
	default:
		break;
	}
}
