/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/exchange.c - one question to the BMC, sent again until it is answered.
 *
 * Only what may be repeated as often as one likes, and requests that say they
 * are to be sent once: these wait for their answer in silence.  An answer
 * counts as made after the *first* sending, so a late one is never taken for
 * newer than it is; answers to anything but the read under way are dropped.
 */
#include "ipmi/bmc_own.h"

enum {
	RESENDS_EVEN = 3, /* at even distances, then at doubling ones */
	/* RFC 6298 in whole numbers: kept as eighths and fourths of a
	 * millisecond. */
	MEAN_PARTS = 8,
	VARIATION_PARTS = 4
};

static const struct {
	uint8_t netfn, command;
} reads[] = {
	[USE_OPERATION] = { 0x00, 0x01 }, /* Get Chassis Status */
	[USE_STATUS] = { 0x00, 0x01 },
	[USE_DEVICE] = { 0x06, 0x01 }, /* Get Device ID */
	[USE_GUID] = { 0x06, 0x37 },   /* Get System GUID */
};

static struct transport_message
message_of(const struct bmc *bmc, enum exchange_use use)
{
	if (use != USE_REQUEST)
		return (struct transport_message){
			.netfn = reads[use].netfn,
			.command = reads[use].command,
		};
	const struct request_work *work = &bmc->queue->request;
	return (struct transport_message){
		.netfn = work->netfn,
		.command = work->command,
		.data = work->data,
		.len = work->len,
		.once = work->once,
	};
}

static void
exchange_send(struct bmc *bmc)
{
	struct exchange *exchange = &bmc->exchange;
	struct transport_message message = message_of(bmc, exchange->use);

	message.tag = ++bmc->last_tag;
	exchange->last_tag = message.tag;
	exchange->last_sent_ms = bmc_now(bmc);
	exchange->sent_ms[message.tag % EXCHANGE_SENT_MAX] =
		exchange->last_sent_ms;
	/* A failure is as good as a loss: it is sent again, or doubted. */
	(void)bmc->transport->ops->send(bmc->transport, &message);
}

/* The mean round trip and four times its variation; but not less than two round
 * trips, for a BMC may be even for long, and then busy for once. */
static int64_t
first_resend_ms(const struct bmc *bmc)
{
	const struct round_trips *trips = &bmc->trips;

	if (trips->mean_8 == 0)
		return BMC_RESEND_FIRST_MS;
	int64_t mean_ms = trips->mean_8 / MEAN_PARTS;
	int64_t margin_ms = trips->variation_4; /* of it four times a fourth */
	int64_t delay_ms =
		mean_ms + (margin_ms > mean_ms ? margin_ms : mean_ms);

	if (delay_ms < BMC_RESEND_MIN_MS)
		return BMC_RESEND_MIN_MS;
	return delay_ms < BMC_RESEND_MAX_MS ? delay_ms : BMC_RESEND_MAX_MS;
}

/* Each sending has a tag, so it is known which one was answered: what Karn's
 * rule is about does not occur. */
static void
note_round_trip(struct bmc *bmc, int64_t ms)
{
	struct round_trips *trips = &bmc->trips;

	bmc->rtt_ms = ms;
	if (trips->mean_8 == 0) {
		trips->mean_8 = MEAN_PARTS * ms;
		trips->variation_4 = VARIATION_PARTS * ms / 2;
	} else {
		int64_t off_ms = ms - trips->mean_8 / MEAN_PARTS;

		trips->variation_4 += (off_ms < 0 ? -off_ms : off_ms) -
				      trips->variation_4 / VARIATION_PARTS;
		trips->mean_8 += off_ms;
	}
	if (trips->mean_8 == 0)
		trips->mean_8 = 1; /* known, and shorter than can be told */
}

void
bmc_exchange_start(struct bmc *bmc, enum exchange_use use)
{
	struct exchange *exchange = &bmc->exchange;

	*exchange = (struct exchange){
		.use = use,
		.first_tag = bmc->last_tag + 1,
		.first_sent_ms = bmc_now(bmc),
		.resend_ms = first_resend_ms(bmc),
	};
	exchange_send(bmc);
}

static enum exchange_use
idle_use(const struct bmc *bmc)
{
	if (bmc_wants_guid(bmc))
		return USE_GUID;
	if (!bmc->status_read)
		return USE_STATUS;
	if (!bmc->device_asked)
		return USE_DEVICE;
	return bmc->guid_asked ? USE_NONE : USE_GUID;
}

/* Nobody asks anything: learn who the BMC is, and keep the session warm. */
static bool
idle_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	if (bmc->queue != NULL)
		return false;

	enum exchange_use use = idle_use(bmc);
	/* On whole seconds: thousands of BMCs wake the process once. */
	int64_t keepalive_ms = (bmc->ok_ms + BMC_KEEPALIVE_MS) / 1000 * 1000;

	if (use == USE_NONE && now_ms >= keepalive_ms)
		use = USE_STATUS;
	if (use == USE_NONE) {
		if (keepalive_ms < *due_ms)
			*due_ms = keepalive_ms;
		return false;
	}
	bmc_exchange_start(bmc, use);
	return true;
}

static bool
is_sent_once(const struct bmc *bmc)
{
	return bmc->exchange.use == USE_REQUEST && bmc->queue->request.once;
}

bool
bmc_exchange_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	struct exchange *exchange = &bmc->exchange;

	if (bmc->session.phase != SESSION_OPEN)
		return false;
	if (exchange->use == USE_NONE)
		return idle_step(bmc, now_ms, due_ms);

	int64_t doubt_ms = exchange->first_sent_ms + bmc->session.patience_ms;
	if (now_ms >= doubt_ms) {
		bmc_session_doubt(bmc, "the BMC does not answer");
		return true;
	}

	int64_t again_ms = is_sent_once(bmc) ? BMC_NEVER
					     : exchange->last_sent_ms +
						       exchange->resend_ms;
	if (now_ms >= again_ms) {
		if (++exchange->resends >= RESENDS_EVEN)
			exchange->resend_ms *= 2;
		exchange_send(bmc);
		return true;
	}
	if (again_ms < *due_ms)
		*due_ms = again_ms;
	if (doubt_ms < *due_ms)
		*due_ms = doubt_ms;
	return false;
}

bool
bmc_exchange_take(struct bmc *bmc, uint32_t tag, enum exchange_use *ret_use,
		  int64_t *ret_sent_ms)
{
	struct exchange *exchange = &bmc->exchange;

	/* Tags run from first to last, perhaps over 2^32. */
	if (exchange->use == USE_NONE ||
	    tag - exchange->first_tag >
		    exchange->last_tag - exchange->first_tag)
		return false;

	*ret_use = exchange->use;
	*ret_sent_ms = exchange->first_sent_ms;
	/* Of a sending that is too long ago only the first one's time is
	 * known, which errs on the patient side. */
	bool known = exchange->last_tag - tag < EXCHANGE_SENT_MAX;
	note_round_trip(
		bmc, bmc_now(bmc) -
			     (known ? exchange->sent_ms[tag % EXCHANGE_SENT_MAX]
				    : exchange->first_sent_ms));
	exchange->use = USE_NONE;
	return true;
}

enum ipmi_power
bmc_exchange_read_power(const uint8_t *data, size_t len)
{
	/* Code, power state, last event, misc; more is optional. */
	if (len < 4 || data[0] != 0)
		return IPMI_POWER_UNKNOWN;
	return data[1] & 1 ? IPMI_POWER_ON : IPMI_POWER_OFF;
}
