/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler of all our objects: a raw one over the codec, because table
 * helpers keep their own copies and cost twice the CPU.  Each subtree is
 * registered by itself and answered from the same report.
 */
#include "snmp-mib/voice_own.h"

#include <assert.h>
#include <errno.h>

#include "common/clock.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/wire.h"

enum { SUBTREES_MAX = 16 };

/* What a handler knows. */
struct subtree {
	struct voice_source source;
	const struct codec_tree *tree;
};

/* What one request is answered from. */
struct answer {
	const struct codec_tree *tree;
	struct codec_parts parts;
	uint32_t late_ms;
};

static struct subtree subtrees[SUBTREES_MAX];
static size_t n_subtrees;

static uint32_t
late_by(int64_t made_ms)
{
	int64_t late_ms = clock_mono_ms() - made_ms;

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
	   const struct answer *from, const struct codec_oid *name)
{
	struct codec_value value;
	int rc = codec_tree_get(from->tree, &from->parts, from->late_ms, name,
				&value);

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
answer_next(netsnmp_request_info *request, const struct answer *from,
	    const struct codec_oid *name)
{
	struct codec_value value;
	struct codec_oid next = *name;
	oid wire_name[MAX_OID_LEN];

	if (!request->inclusive ||
	    codec_tree_get(from->tree, &from->parts, from->late_ms, name,
			   &value) != 0)
		if (codec_tree_next(from->tree, &from->parts, from->late_ms,
				    name, &next, &value) != 0)
			return;
	size_t len = wire_from_oid(&next, wire_name);
	snmp_set_var_objid(request->requestvb, wire_name, len);
	put_value(request, &value);
}

static void
answer(netsnmp_agent_request_info *info, netsnmp_request_info *request,
       const struct answer *from)
{
	struct codec_oid name;

	if (wire_to_oid(request->requestvb->name,
			request->requestvb->name_length, &name) < 0)
		netsnmp_set_request_error(info, request, SNMP_ERR_GENERR);
	else if (info->mode == MODE_GET)
		answer_get(info, request, from, &name);
	else
		answer_next(request, from, &name);
}

/* What can be set is shown as it is now, not as it was in the last report. */
static void
add_written(const struct voice_writer *writer, union written *space,
	    struct codec_parts *ret_parts)
{
	if (writer == NULL)
		return;
	assert(writer->size <= sizeof(*space));
	writer->read(writer->arg, space);
	ret_parts->part[writer->part] = space;
}

/* All variables of one request from one report: they fit together. */
static int
handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	const struct subtree *subtree = handler->myvoid;
	const struct voice_source *source = &subtree->source;
	struct answer from = { .tree = subtree->tree };
	union written written;
	int64_t made_ms = 0;

	(void)reginfo;
	if (info->mode != MODE_GET && info->mode != MODE_GETNEXT) {
		if (source->writer != NULL)
			voice_set(source->writer, subtree->tree, info,
				  requests);
		return SNMP_ERR_NOERROR;
	}
	const void *taken = source->take(source->arg, &from.parts, &made_ms);
	add_written(source->writer, &written, &from.parts);
	from.late_ms = late_by(made_ms);
	for (; requests != NULL; requests = requests->next) {
		if (requests->processed)
			continue;
		if (taken != NULL)
			answer(info, requests, &from);
		else if (info->mode == MODE_GET)
			netsnmp_set_request_error(info, requests,
						  SNMP_NOSUCHOBJECT);
	}
	if (taken != NULL)
		source->give_back(source->arg, taken);
	return SNMP_ERR_NOERROR;
}

static int
register_subtree(struct subtree *subtree, struct err *err)
{
	oid name[MAX_OID_LEN];
	size_t len = wire_from_oid(codec_tree_root(subtree->tree), name);
	netsnmp_handler_registration *registration =
		netsnmp_create_handler_registration(
			"ironherd", handle, name, len,
			subtree->source.writer ? HANDLER_CAN_RWRITE
					       : HANDLER_CAN_RONLY);

	if (registration == NULL)
		return err_set(err, -ENOMEM, "snmp: out of memory");
	registration->handler->myvoid = subtree;
	if (netsnmp_register_handler(registration) != MIB_REGISTERED_OK)
		return err_set(err, -EEXIST,
			       "snmp: cannot register our objects");
	return 0;
}

int
voice_tree_add(const struct voice_source *source,
	       const struct codec_tree *const *trees, struct err *err)
{
	for (; *trees != NULL; trees++) {
		struct subtree *subtree = &subtrees[n_subtrees++];

		assert(n_subtrees <= SUBTREES_MAX);
		*subtree = (struct subtree){ *source, *trees };
		int rc = register_subtree(subtree, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int
voice_tree_register(const struct voice_source *source, struct err *err)
{
	n_subtrees = 0;
	return voice_tree_add(source, source->trees, err);
}
