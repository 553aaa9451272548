/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/request.c - any command: one exchange, again while the BMC is busy.
 */
#include "ipmi/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ipmi/bmc_own.h"

enum { BUSY_FIRST_MS = 50, BUSY_MAX_MS = 400 };

/* Node busy, timed out inside, starting. */
bool
ipmi_code_is_busy(uint8_t code)
{
	return code == 0xc0 || code == 0xc3 || code == 0xd2;
}

bool
bmc_request_step(struct bmc *bmc, int64_t now_ms, int64_t *due_ms)
{
	const struct operation *operation = bmc->queue;

	if (bmc->exchange.use == USE_REQUEST)
		return false;
	if (now_ms < operation->read_due_ms) {
		if (operation->read_due_ms < *due_ms)
			*due_ms = operation->read_due_ms;
		return false;
	}
	bmc_exchange_start(bmc, USE_REQUEST);
	bmc->queue->control_pending = operation->request.once;
	return true;
}

static void
ask_later(struct bmc *bmc, struct operation *operation)
{
	int64_t delay_ms = BUSY_FIRST_MS << operation->polls;

	if (delay_ms < BUSY_MAX_MS)
		operation->polls++;
	operation->read_due_ms = bmc_now(bmc) + delay_ms;
}

void
bmc_request_take(struct bmc *bmc, const uint8_t *data, size_t len)
{
	struct operation *operation = bmc->queue;
	struct request_work *work = &operation->request;

	operation->control_pending = false;
	work->code = data[0];
	if (ipmi_code_is_busy(data[0])) {
		ask_later(bmc, operation);
		return;
	}
	work->answer = data + 1;
	work->answer_len = data[0] == 0 ? len - 1 : 0;
	work->rtt_ms = bmc->rtt_ms;
	bmc_queue_finish(bmc, operation, data[0] == 0 ? IPMI_OK : IPMI_CC);
}

enum ipmi_rc
bmc_request_judge_deadline(const struct operation *operation)
{
	return operation->request.code != 0 ? IPMI_CC : IPMI_TIMEOUT;
}

static void
describe(const struct bmc *bmc, struct ipmi_reply *reply)
{
	if (reply->rc == IPMI_TIMEOUT)
		snprintf(reply->text, sizeof(reply->text),
			 "no answer in %" PRId64 " ms%s%.128s",
			 reply->done_ms - reply->asked_ms,
			 bmc->session.error[0] != '\0' ? ": " : "",
			 bmc->session.error);
	else if (reply->rc != IPMI_OK)
		bmc_describe_failure(bmc, reply->rc, reply->code, reply->text);
}

void
bmc_request_end(struct bmc *bmc, struct operation *operation, enum ipmi_rc rc)
{
	const struct request_work *work = &operation->request;
	struct ipmi_reply reply = {
		.rc = rc,
		.code = rc == IPMI_CC ? work->code : 0,
		.data = rc == IPMI_OK ? work->answer : NULL,
		.len = rc == IPMI_OK ? work->answer_len : 0,
		.asked_ms = operation->result.asked_ms,
		.done_ms = bmc_now(bmc),
		.rtt_ms = rc == IPMI_OK ? work->rtt_ms : -1,
	};

	describe(bmc, &reply);
	work->fn(operation->arg, &reply);
}

uint64_t
bmc_request(struct bmc *bmc, const struct ipmi_request *request,
	    int64_t deadline_ms, request_fn fn, void *arg)
{
	if (request->len > REQUEST_DATA_MAX)
		return 0;

	struct operation *operation =
		bmc_operation_new(bmc, OPERATION_REQUEST,
				  deadline_ms > 0 ? deadline_ms
						  : REQUEST_DEADLINE_MS);
	struct request_work *work = &operation->request;

	work->netfn = request->netfn;
	work->command = request->command;
	work->once = request->once;
	work->len = request->len;
	if (request->len > 0)
		memcpy(work->data, request->data, request->len);
	work->fn = fn;
	operation->arg = arg;
	return bmc_queue_add(bmc, operation);
}
