/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a BMC answers about its event log: readings that end, within their
 * bounds, and a position that can be read on from.
 *
 * The first byte chooses how to read; the rest is cut into pieces, each with
 * its length before it; a piece is the next answer, or, when it is empty, none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ipmi/sel.h"
#include "tests/support/ipmi_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ROUNDS = 4 };

struct fuzz {
	struct fake fake; /* first */
	const uint8_t *data;
	size_t len;
	size_t max;
	unsigned calls;
	struct sel_position position;
};

static size_t
serve(struct fake *fake, const struct fake_event *request, uint8_t *ret_reply)
{
	struct fuzz *fuzz = (struct fuzz *)fake;

	if (request->netfn != 0x0a)
		return 17;
	if (fuzz->len == 0)
		return 0;
	size_t len = *fuzz->data++;
	fuzz->len--;
	if (len > fuzz->len)
		len = fuzz->len;
	if (len > FAKE_REPLY_MAX)
		len = FAKE_REPLY_MAX;
	memcpy(ret_reply, fuzz->data, len);
	fuzz->data += len;
	fuzz->len -= len;
	return len;
}

static void
check(const struct sel_entry *entry)
{
	if (memchr(entry->text, '\0', sizeof(entry->text)) == NULL ||
	    entry->text[0] == '\0' || entry->time_s < -1)
		abort();
}

static void
took(void *arg, const struct sel_result *result)
{
	struct fuzz *fuzz = arg;

	fuzz->calls++;
	fuzz->position = result->position;
	if (result->n > fuzz->max ||
	    (result->rc == IPMI_OK) != (result->text[0] == '\0'))
		abort();
	for (size_t i = 0; i < result->n; i++)
		check(&result->entries[i]);
	if (result->n > 0 &&
	    (!result->position.known || !result->position.any ||
	     memcmp(result->position.record,
		    result->entries[result->n - 1].record,
		    SEL_RECORD_LEN) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct fuzz fuzz;

	if (len == 0)
		return 0;
	log_start("fuzz", LOG_LEVEL_ERROR);
	memset(&fuzz.position, 0, sizeof(fuzz.position));
	fake_init(&fuzz.fake);
	fuzz.fake.serve = serve;
	fuzz.max = 1 + (data[0] & 7);
	fuzz.data = data + 1;
	fuzz.len = len - 1;
	struct bmc *bmc = bmc_new(&fuzz.fake.transport, "fuzz");
	for (unsigned i = 0; i < ROUNDS && fuzz.len > 0; i++) {
		bool tail = data[0] >> (4 + i) & 1;

		fuzz.calls = 0;
		if (tail)
			sel_tail(bmc, fuzz.max, 2000, took, &fuzz);
		else
			sel_read(bmc, &fuzz.position, fuzz.max, 2000, took,
				 &fuzz);
		fake_run(&fuzz.fake, 2500);
		if (fuzz.calls != 1)
			abort();
	}
	bmc_free(bmc);
	return 0;
}
