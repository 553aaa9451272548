/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "ipmi/chassis.h"
#include "ipmi/dcmi.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/serve.h"

struct question {
	struct coordinator *co;
	size_t host;
	struct api_reply *reply;
	unsigned lamp_s; /* so long a lamp was asked to burn */
};

static struct question *
question_new(struct coordinator *co, size_t host, struct api_reply *reply)
{
	struct question *question = xcalloc(1, sizeof(*question));

	*question = (struct question){ co, host, reply, 0 };
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
	struct bmc *bmc = operate_find_own_bmc(co, host, reply, &index);

	if (bmc == NULL)
		return;
	struct question *question = question_new(co, index, reply);
	if (dcmi_read_power(bmc, 0, watts_came, question) == 0)
		refuse_busy(question);
}

/* A lamp burns until it is put out, or so long; 0: it is out. */
static void
tell_lamp(const struct question *question, const struct chassis_lamp *lamp)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s}", "host", name_of(question), "rc",
			  ipmi_rc_name(lamp->rc), "text", lamp->text);

	if (lamp->rc == IPMI_OK)
		json_object_update_new(
			json, json_pack("{s:b, s:b, s:i}", "on",
					lamp->forever || lamp->seconds > 0,
					"forever", lamp->forever, "seconds",
					(int)lamp->seconds));
	api_reply_json(question->reply, json);
}

static void
lamp_came(void *arg, const struct ipmi_reply *answer)
{
	cleanup_free struct question *question = arg;
	struct chassis_lamp lamp = {
		.rc = answer->rc,
		.seconds = question->lamp_s,
	};

	snprintf(lamp.text, sizeof(lamp.text), "%s", answer->text);
	tell_lamp(question, &lamp);
}

static void
forever_came(void *arg, const struct chassis_lamp *lamp)
{
	cleanup_free struct question *question = arg;

	tell_lamp(question, lamp);
}

/* Guarded like the power: who pulls out the machine that blinks relies on it.
 */
void
inspect_identify(void *arg, const char *host, const struct api_lamp *lamp,
		 struct api_reply *reply)
{
	struct coordinator *co = arg;
	size_t index;
	struct bmc *bmc = operate_find_own_bmc(co, host, reply, &index);
	uint64_t id;

	if (bmc == NULL)
		return;
	struct question *question = question_new(co, index, reply);
	question->lamp_s = lamp->seconds;
	if (lamp->forever)
		id = chassis_identify_forever(bmc, 0, forever_came, question);
	else
		id = chassis_identify(bmc, (uint8_t)lamp->seconds, 0, lamp_came,
				      question);
	if (id == 0)
		refuse_busy(question);
}
