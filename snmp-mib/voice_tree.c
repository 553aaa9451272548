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

/* --- reading -------------------------------------------------------------- */

/* What can be set is shown as it is now, not as it was in the last report. */
static void
add_written(const struct voice_writer *writer, struct voice_reading *reading)
{
	if (writer == NULL)
		return;
	assert(writer->size <= sizeof(reading->written));
	writer->read(writer->arg, &reading->written);
	reading->parts.part[writer->part] = &reading->written;
}

void
voice_reading_open(const struct voice_source *source,
		   struct voice_reading *ret_reading)
{
	int64_t made_ms = 0;

	ret_reading->source = source;
	ret_reading->parts = (struct codec_parts){ { NULL } };
	ret_reading->taken =
		source->take(source->arg, &ret_reading->parts, &made_ms);
	add_written(source->writer, ret_reading);
	ret_reading->late_ms = late_by(made_ms);
}

void
voice_reading_close(struct voice_reading *reading)
{
	const struct voice_source *source = reading->source;

	if (reading->taken != NULL)
		source->give_back(source->arg, reading->taken);
}

static void
put_value(netsnmp_variable_list *var, const struct codec_value *value)
{
	union wire_space space;
	const void *data;
	size_t len;
	u_char type = wire_from_value(value, &space, &data, &len);

	snmp_set_var_typed_value(var, type, data, len);
}

int
voice_reading_get(const struct voice_reading *reading,
		  const struct codec_tree *tree, netsnmp_variable_list *var)
{
	struct codec_oid name;
	struct codec_value value;

	if (reading->taken == NULL)
		return SNMP_NOSUCHOBJECT;
	if (wire_to_oid(var->name, var->name_length, &name) < 0)
		return SNMP_ERR_GENERR;
	int rc = codec_tree_get(tree, &reading->parts, reading->late_ms, &name,
				&value);
	if (rc != 0)
		return rc == -ENXIO ? SNMP_NOSUCHINSTANCE : SNMP_NOSUCHOBJECT;
	put_value(var, &value);
	return SNMP_ERR_NOERROR;
}

static bool
find_next(const struct voice_reading *reading, const struct codec_tree *tree,
	  bool inclusive, struct codec_oid *name, struct codec_value *ret_value)
{
	if (inclusive && codec_tree_get(tree, &reading->parts, reading->late_ms,
					name, ret_value) == 0)
		return true;
	return codec_tree_next(tree, &reading->parts, reading->late_ms, name,
			       name, ret_value) == 0;
}

int
voice_reading_next(const struct voice_reading *reading,
		   const struct codec_tree *tree,
		   const struct voice_range *range, netsnmp_variable_list *var)
{
	struct codec_oid name;
	struct codec_value value;
	oid wire_name[MAX_OID_LEN];

	if (reading->taken == NULL)
		return SNMP_ENDOFMIBVIEW;
	if (wire_to_oid(var->name, var->name_length, &name) < 0)
		return SNMP_ERR_GENERR;
	if (!find_next(reading, tree, range->inclusive, &name, &value))
		return SNMP_ENDOFMIBVIEW;
	size_t len = wire_from_oid(&name, wire_name);
	if (range->end_len > 0 &&
	    snmp_oid_compare(wire_name, len, range->end, range->end_len) >= 0)
		return SNMP_ENDOFMIBVIEW;
	snmp_set_var_objid(var, wire_name, len);
	put_value(var, &value);
	return SNMP_ERR_NOERROR;
}

/* --- the library's handler ------------------------------------------------ */

/* Without an answer to "next" the library goes on behind our tree.  AgentX
 * searches may include their start. */
static void
answer(netsnmp_agent_request_info *info, netsnmp_request_info *request,
       const struct voice_reading *reading, const struct codec_tree *tree)
{
	const struct voice_range range = { .inclusive = request->inclusive };
	int rc = info->mode == MODE_GET
			 ? voice_reading_get(reading, tree, request->requestvb)
			 : voice_reading_next(reading, tree, &range,
					      request->requestvb);

	if (rc != SNMP_ERR_NOERROR && rc != SNMP_ENDOFMIBVIEW)
		netsnmp_set_request_error(info, request, rc);
}

/* All variables of one request from one report: they fit together. */
static int
handle(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
	const struct subtree *subtree = handler->myvoid;
	const struct voice_source *source = &subtree->source;
	struct voice_reading reading;

	(void)reginfo;
	if (info->mode != MODE_GET && info->mode != MODE_GETNEXT) {
		if (source->writer != NULL)
			voice_set(source->writer, subtree->tree, info,
				  requests);
		return SNMP_ERR_NOERROR;
	}
	voice_reading_open(source, &reading);
	for (; requests != NULL; requests = requests->next)
		if (!requests->processed)
			answer(info, requests, &reading, subtree->tree);
	voice_reading_close(&reading);
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
