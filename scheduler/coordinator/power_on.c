/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Powering a host on at an operator's order: when its feed and rack allow,
 * its outlets first where a fence took them, then by its BMC.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "scheduler/coordinator/power_internal.h"
#include "scheduler/coordinator/stagger.h"

/* A BMC whose outlets come back starts itself first. */
enum { ON_AFTER_OUTLETS_MS = 180000 };

struct outlet_order {
	struct device *device;
	uint64_t serial;
};

static void
end(struct line *line, enum ipmi_rc rc, const char *text)
{
	struct power_result result = { .rc = rc, .rtt_ms = -1 };
	power_fn fn = line->on_fn;

	line->on_fn = NULL;
	line->on_serial++;
	loop_timer_stop(line->on_timer);
	snprintf(result.text, sizeof(result.text), "%s", text);
	fn(line->on_arg, &result);
}

void
line_give_up_on(struct line *line, const char *why)
{
	char text[BMC_TEXT_MAX];

	if (line->on_fn == NULL)
		return;
	snprintf(text, sizeof(text), "cancelled: %s", why);
	end(line, IPMI_CANCELLED, text);
}

void
power_cancel_on(struct coordinator *co, size_t host)
{
	line_give_up_on(&co->power->lines[host], "a power-off has precedence");
}

/* --- on ------------------------------------------------------------------ */

static void
turn_on(struct line *line, int64_t deadline_ms)
{
	struct device *own = device_own(line);
	power_fn fn = line->on_fn;
	line->on_fn = NULL; /* what comes now ends by the BMC's queue */
	line->on_serial++;
	if (power_turn_on(own->bmc, deadline_ms, fn, line->on_arg) != 0)
		return;
	line->on_fn = fn;
	end(line, IPMI_CANCELLED, "too much is waiting for its BMC");
}

static void
outlet_is_on(void *arg, const struct power_result *result)
{
	struct outlet_order order = *(struct outlet_order *)arg;
	struct line *line = order.device->line;

	free(arg);
	if (line->co->power == NULL)
		return;
	device_take(order.device, result);
	if (line->on_fn == NULL || order.serial != line->on_serial)
		return;
	/* One supply may be enough; the BMC tells. */
	if (--line->on_outlets == 0)
		turn_on(line, ON_AFTER_OUTLETS_MS);
}

static void
order_outlet(struct device *device)
{
	struct line *line = device->line;
	struct outlet_order *order = xcalloc(1, sizeof(*order));

	*order = (struct outlet_order){ device, line->on_serial };
	if (outlet_turn_on(device->outlet, OUTLET_ON_DEADLINE_MS, outlet_is_on,
			   order))
		line->on_outlets++;
	else
		free(order);
}

/* As a fence left it, or as it was found since the coordinator started. */
static bool
is_known_off(const struct device *device)
{
	const struct readiness_state *ready = readiness_get(device->readiness);

	return ready->known && ready->checked_ms > device->word.read_ms
		       ? ready->power == IPMI_POWER_OFF
		       : device->word.power == POWER_OFF;
}

/* Those that a fence took; what was never read is left as it is. */
static void
order_outlets(struct line *line)
{
	line->on_outlets = 0;
	for (size_t i = 0; i < line->n_devices; i++)
		if (line->devices[i].outlet != NULL &&
		    is_known_off(&line->devices[i]))
			order_outlet(&line->devices[i]);
}

static void
try_on(void *arg)
{
	struct line *line = arg;
	const struct host_settings *conf = line->co->reg.hosts[line->host].conf;
	int64_t wait_ms = stagger_take(line->co->power->stagger, conf->feed,
				       conf->rack, clock_mono_ms());

	if (wait_ms > 0) {
		loop_timer_start(line->on_timer, wait_ms);
		return;
	}
	order_outlets(line);
	if (line->on_outlets == 0)
		turn_on(line, 0);
}

bool
power_order_on(struct coordinator *co, size_t host, power_fn fn, void *arg)
{
	struct line *line = &co->power->lines[host];

	if (line->on_fn != NULL)
		return false;
	if (line->on_timer == NULL)
		line->on_timer = loop_timer_new(co->loop, try_on, line);
	line->on_fn = fn;
	line->on_arg = arg;
	/* From a clean stack: nobody is called back before this returns. */
	loop_timer_start(line->on_timer, 0);
	return true;
}
