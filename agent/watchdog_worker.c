/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "watchdog": holds the device for as long as the lease is on.  It
 * ends with the agent, without stopping the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/roles.h"
#include "agent/text.h"
#include "agent/watchdog_own.h"
#include "common/clock.h"
#include "common/num.h"
#include "common/worker.h"

struct keeper {
	int fd, status;
	struct loop *loop;
	watchdog_open_fn open;
	char root[REPORT_TEXT_LEN];
	/* One of them, by the first ask. */
	struct watchdog_file *file;
	struct watchdog_bmc *bmc;
};

static void
end(struct keeper *keeper, int status)
{
	keeper->status = status;
	loop_stop(keeper->loop);
}

static void
reply(void *arg, const struct watchdog_answer *answer)
{
	struct keeper *keeper = arg;
	json_t *message = json_pack("{s:i, s:b, s:b, s:I, s:o, s:o}", "result",
				    (int)answer->result, "missing",
				    answer->missing, "fired", answer->fired,
				    "fires", (json_int_t)answer->fires_ms,
				    "name", message_string(answer->name),
				    "text", message_string(answer->text));

	if (worker_send(keeper->fd, message) < 0)
		end(keeper, EXIT_FAILURE);
	json_decref(message);
}

static void
open_device(struct keeper *keeper, const json_t *request)
{
	const char *device = message_text(request, "device");

	if (keeper->file != NULL || keeper->bmc != NULL)
		return;
	if (message_bool(request, "bmc")) {
		keeper->bmc =
			watchdog_bmc_new(keeper->loop, device, keeper->open);
		return;
	}
	text_copy(keeper->root, sizeof(keeper->root),
		  message_text(request, "root"));
	keeper->file = watchdog_file_new(keeper->loop, device, keeper->root);
}

static void
handle(struct keeper *keeper, const json_t *request)
{
	const struct watchdog_ask ask = {
		.op = (enum watchdog_op)message_number(request, "op",
						       WATCHDOG_OPS - 1),
		.until_ms =
			(int64_t)message_number(request, "until", INT64_MAX),
		.sent_by_ms =
			(int64_t)message_number(request, "sent_by", INT64_MAX),
		.step_ms = (int64_t)message_number(request, "step", INT32_MAX),
		.action =
			(enum watchdog_action)message_number(request, "action",
							     WATCHDOG_CYCLE),
	};
	struct watchdog_answer answer;

	open_device(keeper, request);
	if (keeper->bmc != NULL) {
		watchdog_bmc_ask(keeper->bmc, &ask, reply, keeper);
		return;
	}
	watchdog_file_ask(keeper->file, &ask, &answer);
	reply(keeper, &answer);
}

static void
take_request(void *arg, int fd, unsigned what)
{
	struct keeper *keeper = arg;
	json_t *request = worker_receive(fd);

	(void)what;
	if (request == NULL) {
		end(keeper, EXIT_SUCCESS);
		return;
	}
	handle(keeper, request);
	json_decref(request);
}

int
watchdog_serve(int fd, watchdog_open_fn open)
{
	struct keeper keeper = { .fd = fd, .loop = loop_new(), .open = open };
	struct loop_watch *watch = loop_watch_new(keeper.loop, fd, LOOP_READ,
						  take_request, &keeper);

	loop_run(keeper.loop);
	loop_watch_free(watch);
	watchdog_file_free(keeper.file);
	watchdog_bmc_free(keeper.bmc);
	loop_free(keeper.loop);
	return keeper.status;
}

/* "/dev/ipmi0" */
static struct bmc *
open_local(struct ipmi_env *env, const char *device, struct err *err)
{
	static const char before[] = "/dev/ipmi";
	uint64_t number;

	if (strncmp(device, before, strlen(before)) != 0 ||
	    num_parse_u64(device + strlen(before), UINT8_MAX, &number) < 0) {
		(void)err_set(err, -EINVAL, "%s is no local BMC", device);
		return NULL;
	}
	return bmc_new_local(env, (unsigned)number, err);
}

int
watchdog_worker_serve(int fd)
{
	return watchdog_serve(fd, open_local);
}
