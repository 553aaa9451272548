/* SPDX-License-Identifier: Apache-2.0 */
#include "ipmi/sdr_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "ipmi/bytes.h"
#include "ipmi/request.h"

enum {
	NETFN_STORAGE = 0x0a,
	GET_INFO = 0x20,
	RESERVE = 0x22,
	GET_RECORD = 0x23,
	FIRST = 0x0000,
	LAST = 0xffff,
	/* A record in two requests where the BMC can; ipmitool asks for as
	 * much. */
	PIECE_FIRST = 64,
	/* Less is tried with each record anew: a refusal may be a whim. */
	PIECE_USUAL_MIN = 8
};

/* Completion codes. */
enum {
	BAD_LENGTH = 0xc7,
	TOO_LONG = 0xc8,
	LOST = 0xc5,
	CANNOT_RETURN = 0xca,
	UNSPECIFIED = 0xff
};

struct sdr_walk {
	struct bmc *bmc;
	struct sdr_info info; /* the records are of */
	struct sdr_records records;
	size_t looked; /* at so many records, of sensors or not */
	uint8_t *seen; /* a bit for each number */
	unsigned starts, losses;
	bool at_end; /* all that is missing is the last look at the info */
	uint16_t reservation;

	/* The record under way. */
	uint16_t id, next;
	bool has_next;
	uint8_t record[SDR_RECORD_MAX];
	size_t got;
	uint8_t piece, count; /* bytes at a time; asked for now */
	uint8_t usual_piece;  /* of the records before */

	uint64_t request;
	int64_t budget_ms;
	sdr_walk_fn fn;
	void *arg;
};

/* --- the end ------------------------------------------------------------- */

static void
finish(struct sdr_walk *walk, enum ipmi_rc rc, uint8_t code, const char *text)
{
	struct sdr_walk_end end = { .rc = rc,
				    .code = code,
				    .left_ms = walk->budget_ms };

	snprintf(end.text, sizeof(end.text), "%s", text);
	walk->fn(walk->arg, &end);
}

static void
fail(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	finish(walk, reply->rc, reply->code, reply->text);
}

/* --- asking -------------------------------------------------------------- */

static bool
ask(struct sdr_walk *walk, uint8_t command, const uint8_t *data, size_t len,
    request_fn came)
{
	const struct ipmi_request request = { NETFN_STORAGE, command, data, len,
					      false };

	walk->request = walk->budget_ms > 0
				? bmc_request(walk->bmc, &request,
					      walk->budget_ms, came, walk)
				: 0;
	return walk->request != 0;
}

static void
ask_or_end(struct sdr_walk *walk, uint8_t command, const uint8_t *data,
	   size_t len, request_fn came)
{
	if (ask(walk, command, data, len, came))
		return;
	if (walk->budget_ms <= 0)
		finish(walk, IPMI_TIMEOUT, 0,
		       "the BMC has more sensor records than there was time");
	else
		finish(walk, IPMI_CANCELLED, 0,
		       "too much is waiting for this BMC");
}

static void
spend(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	walk->budget_ms -= reply->done_ms - reply->asked_ms;
}

static void info_came(void *arg, const struct ipmi_reply *reply);
static void reserved(void *arg, const struct ipmi_reply *reply);
static void piece_came(void *arg, const struct ipmi_reply *reply);

static void
ask_info(struct sdr_walk *walk)
{
	ask_or_end(walk, GET_INFO, NULL, 0, info_came);
}

/* The length is a claim; but there is no harm in asking for so much. */
static size_t
wanted(const struct sdr_walk *walk)
{
	if (walk->got < SDR_HEADER_LEN)
		return SDR_HEADER_LEN;
	size_t len = SDR_HEADER_LEN + (size_t)walk->record[4];

	return len < SDR_RECORD_MAX ? len : SDR_RECORD_MAX;
}

static void
ask_piece(struct sdr_walk *walk)
{
	size_t need = wanted(walk) - walk->got;
	uint8_t data[6] = { 0 };

	walk->count = (uint8_t)(need < walk->piece ? need : walk->piece);
	/* The begin of a record needs no reservation. */
	if (walk->got > 0)
		put_u16(data, walk->reservation);
	put_u16(data + 2, walk->id);
	data[4] = (uint8_t)walk->got;
	data[5] = walk->count;
	ask_or_end(walk, GET_RECORD, data, sizeof(data), piece_came);
}

/* --- from record to record ----------------------------------------------- */

static void
begin_record(struct sdr_walk *walk)
{
	walk->got = 0;
	walk->has_next = false;
	walk->piece = walk->usual_piece;
	ask_piece(walk);
}

static void
forget_all(struct sdr_walk *walk)
{
	sdr_records_done(&walk->records);
	memset(walk->seen, 0, 0x10000 / 8);
	walk->looked = 0;
	walk->id = FIRST;
	walk->at_end = walk->info.count == 0;
}

static void
mark(struct sdr_walk *walk, uint16_t id)
{
	walk->seen[id / 8] |= (uint8_t)(1 << id % 8);
}

static bool
is_marked(const struct sdr_walk *walk, uint16_t id)
{
	return walk->seen[id / 8] & 1 << id % 8;
}

static void
end_of_records(struct sdr_walk *walk, bool cut)
{
	walk->records.cut = cut;
	walk->at_end = true;
	ask_info(walk);
}

static void
go_on(struct sdr_walk *walk)
{
	walk->looked++;
	if (walk->next == LAST) {
		end_of_records(walk, false);
	} else if (walk->next == FIRST || is_marked(walk, walk->next) ||
		   walk->looked >= SDR_RECORDS_MAX) {
		end_of_records(walk, true);
	} else {
		walk->id = walk->next;
		mark(walk, walk->id);
		begin_record(walk);
	}
}

static void
keep(struct sdr_walk *walk)
{
	struct sdr_sensor sensors[SDR_SHARE_MAX];
	bool odd;

	/* Its length says more than was asked for. */
	if (walk->got == SDR_RECORD_MAX)
		walk->record[4] = SDR_RECORD_MAX - SDR_HEADER_LEN;
	if (sdr_parse_record(walk->record, walk->got, sensors, &odd) > 0)
		sdr_records_add(&walk->records, walk->record, walk->got);
	else
		walk->records.skipped += odd;
	walk->usual_piece =
		walk->piece > PIECE_USUAL_MIN ? walk->piece : PIECE_USUAL_MIN;
	go_on(walk);
}

/* Nothing more is to be had of this record. */
static void
give_up(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	bool first = walk->id == FIRST;

	if (!walk->has_next && first) {
		finish(walk, reply->rc == IPMI_OK ? IPMI_BAD_REPLY : reply->rc,
		       reply->code,
		       reply->rc == IPMI_OK
			       ? "the BMC's answer is no sensor record"
			       : reply->text);
		return;
	}
	walk->records.skipped++;
	if (walk->has_next)
		go_on(walk);
	else
		end_of_records(walk, true);
}

/* --- a piece came -------------------------------------------------------- */

static bool
is_of_sensor(const struct sdr_walk *walk)
{
	return walk->record[3] == SDR_FULL || walk->record[3] == SDR_COMPACT;
}

static void
take_piece(struct sdr_walk *walk, const uint8_t *data, size_t len)
{
	size_t n = len < walk->count ? len : walk->count; /* no more */

	memcpy(walk->record + walk->got, data, n);
	walk->got += n;
	if (walk->got < SDR_HEADER_LEN) {
		ask_piece(walk);
		return;
	}
	/* The first has a name of its own behind the one it was asked by. */
	if (walk->id == FIRST)
		mark(walk, get_u16(walk->record));
	if (!is_of_sensor(walk))
		go_on(walk);
	else if (walk->got < wanted(walk))
		ask_piece(walk);
	else
		keep(walk);
}

static void
ask_for_less(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	walk->piece = walk->count / 2;
	if (walk->piece > 0)
		ask_piece(walk);
	else
		give_up(walk, reply);
}

/* Somebody else reads them, too, or they changed: the info tells. */
static void
take_loss(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	if (++walk->losses > SDR_LOSSES_MAX)
		fail(walk, reply);
	else
		ask_info(walk);
}

static void
take_refusal(struct sdr_walk *walk, const struct ipmi_reply *reply)
{
	switch (reply->code) {
	case LOST:
		take_loss(walk, reply);
		break;
	case BAD_LENGTH:
	case TOO_LONG:
	case CANNOT_RETURN:
	case UNSPECIFIED:
		ask_for_less(walk, reply);
		break;
	default:
		give_up(walk, reply);
		break;
	}
}

static void
piece_came(void *arg, const struct ipmi_reply *reply)
{
	struct sdr_walk *walk = arg;

	spend(walk, reply);
	if (reply->rc == IPMI_CC && !ipmi_code_is_busy(reply->code)) {
		take_refusal(walk, reply);
	} else if (reply->rc != IPMI_OK) {
		fail(walk, reply);
	} else if (reply->len < 3) {
		ask_for_less(walk, reply);
	} else {
		if (walk->got == 0)
			walk->next = get_u16(reply->data);
		walk->has_next = true;
		take_piece(walk, reply->data + 2, reply->len - 2);
	}
}

/* --- info, reservation --------------------------------------------------- */

static void
reserved(void *arg, const struct ipmi_reply *reply)
{
	struct sdr_walk *walk = arg;
	bool refused = reply->rc == IPMI_CC && !ipmi_code_is_busy(reply->code);

	spend(walk, reply);
	if (reply->rc != IPMI_OK && !refused) {
		fail(walk, reply);
		return;
	}
	/* Where there are none, none is needed. */
	walk->reservation = reply->rc == IPMI_OK && reply->len >= 2
				    ? get_u16(reply->data)
				    : 0;
	begin_record(walk);
}

static void
start_over(struct sdr_walk *walk, const struct sdr_info *info)
{
	if (++walk->starts >= SDR_STARTS_MAX) {
		forget_all(walk);
		finish(walk, IPMI_CC, LOST,
		       "the BMC's sensor records change faster than they can "
		       "be read");
		return;
	}
	walk->info = *info;
	forget_all(walk);
	if (walk->at_end)
		finish(walk, IPMI_OK, 0, "");
	else
		ask_or_end(walk, RESERVE, NULL, 0, reserved);
}

static void
info_came(void *arg, const struct ipmi_reply *reply)
{
	struct sdr_walk *walk = arg;
	struct sdr_info info;

	spend(walk, reply);
	if (reply->rc != IPMI_OK)
		fail(walk, reply);
	else if (!sdr_parse_info(reply->data, reply->len, &info))
		finish(walk, IPMI_BAD_REPLY, 0,
		       "the BMC's answer is no state of sensor records");
	else if (!sdr_info_equal(&info, &walk->info))
		start_over(walk, &info);
	else if (walk->at_end)
		finish(walk, IPMI_OK, 0, "");
	else
		ask_or_end(walk, RESERVE, NULL, 0, reserved);
}

/* --- life ---------------------------------------------------------------- */

struct sdr_walk *
sdr_walk_new(struct bmc *bmc, const struct sdr_info *info)
{
	struct sdr_walk *walk = xcalloc(1, sizeof(*walk));

	walk->bmc = bmc;
	walk->info = *info;
	walk->seen = xcalloc(0x10000 / 8, 1);
	walk->usual_piece = PIECE_FIRST;
	forget_all(walk);
	return walk;
}

bool
sdr_walk_run(struct sdr_walk *walk, int64_t budget_ms, sdr_walk_fn fn,
	     void *arg)
{
	walk->budget_ms = budget_ms;
	walk->fn = fn;
	walk->arg = arg;
	walk->starts = walk->losses = 0;
	return walk->at_end ? ask(walk, GET_INFO, NULL, 0, info_came)
			    : ask(walk, RESERVE, NULL, 0, reserved);
}

void
sdr_walk_cancel(struct sdr_walk *walk)
{
	bmc_cancel(walk->bmc, walk->request);
}

void
sdr_walk_free(struct sdr_walk *walk)
{
	if (walk == NULL)
		return;
	sdr_records_done(&walk->records);
	free(walk->seen);
	free(walk);
}

struct sdr_info
sdr_walk_take(struct sdr_walk *walk, struct sdr_records *ret_records)
{
	*ret_records = walk->records;
	walk->records = (struct sdr_records){ 0 };
	return walk->info;
}

struct sdr_info
sdr_walk_info(const struct sdr_walk *walk)
{
	return walk->info;
}
