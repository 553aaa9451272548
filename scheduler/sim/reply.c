/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/reply.h"

#include <stdio.h>

#include "common/log.h"
#include "scheduler/coordinator/api.h"

void
api_reply_error(struct api_reply *reply, int code, const char *error,
		const char *hint)
{
	(void)code, (void)hint;
	reply->refused = true;
	snprintf(reply->text, sizeof(reply->text), "%s", error);
	log_info("api", "refused: %s", error);
}

void
api_reply_json(struct api_reply *reply, json_t *body)
{
	reply->refused = false;
	json_decref(body);
}

const char *
api_reply_caller(const struct api_reply *reply)
{
	(void)reply;
	return "operator";
}
