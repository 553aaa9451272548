/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/inspect.h"

#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "ipmi/chassis.h"
#include "ipmi/dcmi.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"

enum { LAMP_S = 60 };

struct question {
	struct coordinator *co;
	size_t host;
	struct api_reply *reply;
};

static struct question *
question_new(struct coordinator *co, size_t host, struct api_reply *reply)
{
	struct question *question = xcalloc(1, sizeof(*question));

	*question = (struct question){ co, host, reply };
	return question;
}

static void
refuse_busy(struct question *question)
{
	api_reply_error(question->reply, 503,
			"too much is waiting for this BMC",
			"try again in some seconds");
	free(question);
}

static const char *
name_of(const struct question *question)
{
	return question->co->reg.hosts[question->host].conf->name;
}

static void
watts_came(void *arg, const struct dcmi_power *power)
{
	cleanup_free struct question *question = arg;
	json_t *json;

	if (power->rc == IPMI_OK)
		json = json_pack("{s:s, s:s, s:s, s:b, s:i, s:i, s:i, s:i, "
				 "s:I}",
				 "host", name_of(question), "rc", "ok", "text",
				 "", "active", power->active, "watts",
				 (int)power->now_w, "min_watts",
				 (int)power->min_w, "max_watts",
				 (int)power->max_w, "average_watts",
				 (int)power->average_w, "period_ms",
				 (json_int_t)power->period_ms);
	else
		json = json_pack("{s:s, s:s, s:s}", "host", name_of(question),
				 "rc", ipmi_rc_name(power->rc), "text",
				 power->text);
	api_reply_json(question->reply, json);
}

void
inspect_watts(void *arg, const char *host, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index;
	struct bmc *bmc = operate_find_bmc(co, host, reply, &index);

	if (bmc == NULL)
		return;
	struct question *question = question_new(co, index, reply);
	if (dcmi_read_power(bmc, 0, watts_came, question) == 0)
		refuse_busy(question);
}

static void
lamp_came(void *arg, const struct ipmi_reply *answer)
{
	cleanup_free struct question *question = arg;

	api_reply_json(question->reply,
		       json_pack("{s:s, s:s, s:s}", "host", name_of(question),
				 "rc", ipmi_rc_name(answer->rc), "text",
				 answer->text));
}

void
inspect_identify(void *arg, const char *host, bool on, struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index;
	struct bmc *bmc = operate_find_bmc(co, host, reply, &index);

	if (bmc == NULL)
		return;
	struct question *question = question_new(co, index, reply);
	if (chassis_identify(bmc, on ? LAMP_S : 0, 0, lamp_came, question) == 0)
		refuse_busy(question);
}
