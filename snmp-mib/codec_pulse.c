/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heartbeat: eight scalars of ihHost that one small GET asks for.
 */
#include <errno.h>
#include <string.h>

#include "snmp-mib/codec_own.h"

#define FIELD(what)                                               \
	{                                                         \
		offsetof(struct report_host, what),               \
			offsetof(struct node_pulse, what),        \
			sizeof(((struct node_pulse *)NULL)->what) \
	}

/* From the host's part of a report into the pulse. */
static const struct {
	size_t from, to, size;
} fields[] = {
	FIELD(uuid),          FIELD(boot_id),         FIELD(sample_seq),
	FIELD(sample_age_ms), FIELD(layout_revision), FIELD(vm_revision),
	FIELD(stopping),      FIELD(health),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
_Static_assert((int)FIELDS == (int)CODEC_PULSE_MAX, "pulse fills its list");

/* The host section is the first, its columns found by their field. */
static const struct codec_column *
column_of(size_t offset)
{
	const struct codec_section *host = &codec_sections[0];
	size_t i = 0;

	while (host->columns[i].offset != offset)
		i++;
	return &host->columns[i];
}

static void
scalar_oid(size_t offset, struct codec_oid *ret_oid)
{
	codec_oid_of(&codec_sections[0], column_of(offset), ret_oid);
	ret_oid->ids[ret_oid->len++] = 0;
}

void
codec_layout_oid(struct codec_oid *ret_oid)
{
	scalar_oid(offsetof(struct report_host, layout_revision), ret_oid);
}

size_t
codec_pulse_oids(struct codec_oid ret_oids[CODEC_PULSE_MAX])
{
	for (size_t i = 0; i < FIELDS; i++)
		scalar_oid(fields[i].from, &ret_oids[i]);
	return FIELDS;
}

int
codec_pulse_decode(const struct codec_value *values, size_t n,
		   struct node_pulse *ret_pulse, struct err *err)
{
	struct report_host host = { .name = "" };
	struct node_pulse pulse = { .uuid = "" };

	if (n != FIELDS)
		return err_set(err, -EPROTO, "a heartbeat of %zu values", n);
	for (size_t i = 0; i < n; i++) {
		int rc = codec_cell_decode(column_of(fields[i].from),
					   &values[i], &host, err);

		if (rc < 0)
			return rc;
		memcpy((char *)&pulse + fields[i].to,
		       (const char *)&host + fields[i].from, fields[i].size);
	}
	*ret_pulse = pulse;
	return 0;
}
