/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzer of the codec's hostile side.  The input is a row of steps: an OID
 * (near one of ours) and a value for codec_reading_put().  Checked besides
 * crashes and leaks: tables stay sorted and in their bounds, what was taken
 * comes out of get and next again, and what finishes survives another round.
 * `make fuzz-codec` builds and runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "snmp-mib/codec_own.h"
#include "snmp-mib/notice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

static uint8_t
take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static uint32_t
take_number(struct input *in)
{
	uint8_t size = take(in);
	uint32_t number = take(in);

	for (unsigned i = 0; i < size % 4u; i++)
		number = number << 8 | take(in);
	return number;
}

/* Mostly columns that exist, so that the fuzzer gets to the values. */
static void
take_oid(struct input *in, struct codec_oid *ret_oid)
{
	const struct codec_section *section =
		&codec_sections[take(in) % CODEC_SECTIONS];
	uint8_t column = take(in), ids = take(in);

	codec_oid_of(section, &section->columns[column % section->n_columns],
		     ret_oid);
	if (column > 240)
		ret_oid->ids[ret_oid->len - 1] = take_number(in);
	for (unsigned i = 0; i < ids % 4u; i++)
		ret_oid->ids[ret_oid->len++] = take_number(in);
	if (ids > 250)
		ret_oid->len = ids % 8u;
}

static void
take_value(struct input *in, struct codec_value *ret_value)
{
	memset(ret_value, 0, sizeof(*ret_value));
	ret_value->type = (enum codec_type)(1 + take(in) % CODEC_OTHER);
	ret_value->integer = (int32_t)take_number(in);
	ret_value->number = (uint64_t)take_number(in) << (take(in) % 33);
	ret_value->n_octets = take(in);
	if (ret_value->n_octets > in->left)
		ret_value->n_octets = in->left;
	ret_value->octets = in->at;
	if (ret_value->type != CODEC_OCTETS)
		return;
	in->at += ret_value->n_octets;
	in->left -= ret_value->n_octets;
}

static void
check_walk(const struct node_report *report)
{
	struct codec_oid at = { .len = 0 }, last = { .len = 0 };
	struct codec_value value, got;

	while (codec_next(report, 5, &at, &at, &value) == 0) {
		if (codec_oid_compare(&last, &at) >= 0 ||
		    codec_get(report, 5, &at, &got) != 0)
			abort();
		last = at;
	}
	for (size_t i = 0; i < CODEC_SECTIONS; i++)
		if (codec_row_count(&codec_sections[i], report) >
		    codec_sections[i].rows_max)
			abort();
}

static void
fuzz_reading(struct input *in)
{
	struct codec_reading *reading = codec_reading_new();
	struct node_report *report = NULL;
	struct err err = { "" };

	while (in->left > 0) {
		struct codec_oid oid;
		struct codec_value value;

		take_oid(in, &oid);
		take_value(in, &value);
		err.text[0] = '\0';
		if (codec_reading_put(reading, &oid, &value, &err) < 0 &&
		    err.text[0] == '\0')
			abort();
	}
	check_walk(codec_reading_so_far(reading));
	if (codec_reading_finish(reading, &report, &err) == 0)
		check_walk(report);
	node_report_free(report);
	codec_reading_free(reading);
}

static void
fuzz_notice(struct input *in)
{
	struct node_notice notice = { .kind = (int)(1 +
						    take(in) % NOTICE_STORM) },
			   back;
	struct notice_bind binds[NOTICE_BINDS_MAX];
	size_t n = notice_encode(&notice, binds);
	struct err err = { "" };

	for (size_t i = 0; i < n; i++) {
		uint8_t what = take(in);

		if (what & 1)
			take_value(in, &binds[i].value);
		if (binds[i].value.type == CODEC_OID &&
		    binds[i].value.oid == NULL)
			binds[i].value.oid = codec_root();
		if (what & 2)
			binds[i].oid.ids[binds[i].oid.len - 1] =
				take_number(in);
	}
	if (notice_decode(binds, n, &back, &err) == 0) {
		n = notice_encode(&back, binds);
		if (notice_decode(binds, n, &notice, &err) != 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (take(&in) % 4 == 0)
		fuzz_notice(&in);
	else
		fuzz_reading(&in);
	return 0;
}
