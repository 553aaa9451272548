/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler of all our objects: a raw one over the codec, because table
 * helpers keep their own copies and cost twice the CPU.
 */
#include "agent/voice_own.h"

#include <errno.h>

#include "common/clock.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/wire.h"

static uint32_t
late_by(const struct posted *posted)
{
	int64_t late_ms = clock_mono_ms() - posted->made_ms;

	if (late_ms < 0)
		return 0;
	return late_ms < UINT32_MAX ? (uint32_t)late_ms : UINT32_MAX;
}

static void
put_value(netsnmp_request_info *request, const struct codec_value *value)
{
	union wire_space space;
	const void *data;
	size_t len;
	u_char type = wire_from_value(value, &space, &data, &len);

	snmp_set_var_typed_value(request->requestvb, type, data, len);
}

static void
answer_get(netsnmp_agent_request_info *info, netsnmp_request_info *request,
	   const struct posted *posted, const struct codec_oid *name)
{
	struct codec_value value;
	int rc = codec_get(posted->report, late_by(posted), name, &value);

	if (rc == 0)
		put_value(request, &value);
	else
		netsnmp_set_request_error(info, request,
					  rc == -ENXIO ? SNMP_NOSUCHINSTANCE
						       : SNMP_NOSUCHOBJECT);
}

/* Without an answer the library goes on behind our tree.  AgentX searches may
 * include their start. */
static void
answer_next(netsnmp_request_info *request, const struct posted *posted,
	    const struct codec_oid *name)
{
	struct codec_value value;
	struct codec_oid next = *name;
	oid wire_name[MAX_OID_LEN];
	uint32_t late_ms = late_by(posted);

	if (!request->inclusive ||
	    codec_get(posted->report, late_ms, name, &value) != 0)
		if (codec_next(posted->report, late_ms, name, &next, &value) !=
		    0)
			return;
	size_t len = wire_from_oid(&next, wire_name);
	snmp_set_var_objid(request->requestvb, wire_name, len);
	put_value(request, &value);
}

static void
answer(netsnmp_agent_request_info *info, netsnmp_request_info *request,
       const struct posted *posted)
{
	struct codec_oid name;

	if (wire_to_oid(request->requestvb->name,
			request->requestvb->name_length, &name) < 0)
		netsnmp_set_request_error(info, request, SNMP_ERR_GENERR);
	else if (info->mode == MODE_GET)
		answer_get(info, request, posted, &name);
	else
		answer_next(request, posted, &name);
}

/* All variables of one request from one report: they fit together. */
static int
handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	struct board *board = handler->myvoid;
	const struct posted *posted;

	(void)reginfo;
	if (info->mode != MODE_GET && info->mode != MODE_GETNEXT)
		return SNMP_ERR_NOERROR;
	posted = board_take(board);
	for (; requests != NULL; requests = requests->next) {
		if (requests->processed)
			continue;
		if (posted != NULL)
			answer(info, requests, posted);
		else if (info->mode == MODE_GET)
			netsnmp_set_request_error(info, requests,
						  SNMP_NOSUCHOBJECT);
	}
	if (posted != NULL)
		board_give_back(board, posted);
	return SNMP_ERR_NOERROR;
}

int
voice_tree_register(struct board *board, struct err *err)
{
	const struct codec_oid *root = codec_root();
	oid name[MAX_OID_LEN];
	size_t len = wire_from_oid(root, name);
	netsnmp_handler_registration *registration =
		netsnmp_create_handler_registration("ironherd", handle, name,
						    len, HANDLER_CAN_RONLY);

	if (registration == NULL)
		return err_set(err, -ENOMEM, "snmp: out of memory");
	registration->handler->myvoid = board;
	if (netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
		return err_set(err, -EEXIST,
			       "snmp: cannot register our objects");
	return 0;
}
