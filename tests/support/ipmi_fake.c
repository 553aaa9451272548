/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ipmi_fake.h"

#include <assert.h>
#include <string.h>

static struct fake *
fake_of(struct transport *transport)
{
	return (struct fake *)transport;
}

static void
push(struct fake *fake, struct fake_event event)
{
	bool drop = false;

	event.at_ms += fake->now_ms;
	if (fake->meddle != NULL)
		fake->meddle(fake, &event, &drop);
	if (drop)
		return;
	assert(fake->n_events < FAKE_EVENTS_MAX);
	fake->events[fake->n_events++] = event;
}

/* --- operations ---------------------------------------------------------- */

static int64_t
fake_mono_ms(struct transport *transport)
{
	return fake_of(transport)->now_ms;
}

static int64_t
fake_wall_ms(struct transport *transport)
{
	return 1700000000000 + fake_of(transport)->now_ms;
}

static void
fake_arm(struct transport *transport, int64_t delay_ms)
{
	struct fake *fake = fake_of(transport);

	assert(delay_ms >= 0);
	fake->tick_ms = fake->now_ms + delay_ms;
}

static int
fake_open(struct transport *transport, struct err *err)
{
	struct fake *fake = fake_of(transport);

	(void)err;
	assert(!fake->open && !fake->opening);
	fake->opening = true;
	fake->opens++;
	fake->session++;
	fake->begun_ms = fake->now_ms + fake->line_ms;
	if (!fake->silent)
		push(fake,
		     (struct fake_event){
			     .kind = fake->refuse == IPMI_OK ? FAKE_UP
							     : FAKE_DOWN,
			     .at_ms = fake->line_ms + 2 * fake->latency_ms,
			     .session = fake->session });
	return 0;
}

static void
fake_close(struct transport *transport)
{
	struct fake *fake = fake_of(transport);

	fake->closes += fake->open || fake->opening;
	fake->open = fake->opening = false;
}

static int
fake_send(struct transport *transport, const struct transport_message *message)
{
	struct fake *fake = fake_of(transport);

	struct fake_event event = {
		.kind = FAKE_REQUEST,
		.at_ms = fake->latency_ms,
		.session = fake->session,
		.tag = message->tag,
		.netfn = message->netfn,
		.command = message->command,
		.data = message->len > 0 ? message->data[0] : 0,
		.len = message->len,
	};

	assert(fake->open && message->len <= sizeof(event.bytes));
	if (message->len > 0)
		memcpy(event.bytes, message->data, message->len);
	push(fake, event);
	return 0;
}

static void
fake_free(struct transport *transport)
{
	fake_of(transport)->freed = true;
}

static int64_t
fake_begun_ms(const struct transport *transport)
{
	const struct fake *fake = (const struct fake *)transport;

	return fake->now_ms < fake->begun_ms ? BEGUN_NEVER : fake->begun_ms;
}

static const struct transport_ops fake_ops = {
	.mono_ms = fake_mono_ms,
	.wall_ms = fake_wall_ms,
	.arm = fake_arm,
	.open = fake_open,
	.close = fake_close,
	.send = fake_send,
	.free = fake_free,
	.begun_ms = fake_begun_ms,
};

void
fake_init(struct fake *fake)
{
	*fake = (struct fake){
		.transport = { .ops = &fake_ops },
		.now_ms = 1000000,
		.tick_ms = -1,
		.on = true,
		.obeys = true,
		.latency_ms = 1,
		.read_len = 4,
	};
}

/* --- the BMC ------------------------------------------------------------- */

static void
answer(struct fake *fake, const struct fake_event *request,
       const uint8_t *reply, size_t len)
{
	struct fake_event event = { .kind = FAKE_ANSWER,
				    .at_ms = fake->latency_ms,
				    .session = request->session,
				    .tag = request->tag,
				    .len = len };

	memcpy(event.bytes, reply, len);
	push(fake, event);
}

static bool
count_down(unsigned *counter)
{
	if (*counter == 0)
		return false;
	--*counter;
	return true;
}

static void
chassis_status(struct fake *fake, const struct fake_event *request)
{
	bool on = fake->on && !(fake->early_yes && fake->going_off);
	const uint8_t reply[4] = { fake->read_code, on, 0x10, 0x40 };

	fake->reads++;
	if (!on)
		fake->off_read_ms = fake->now_ms;
	if (!count_down(&fake->lose_reads))
		answer(fake, request, reply, fake->read_len);
}

static void
chassis_control(struct fake *fake, const struct fake_event *request)
{
	bool accepted = fake->control_code == 0 || fake->act_despite_code;

	if (count_down(&fake->lose_control_requests))
		return;
	fake->controls++;
	fake->offs += request->data == 0;
	fake->ons += request->data == 1;
	fake->softs += request->data == 5;
	fake->last_control_ms = fake->now_ms;
	if (accepted && fake->obeys)
		fake->going_off = request->data != 1 && fake->on;
	if (accepted && fake->obeys)
		fake_set_power(fake, request->data == 1, fake->obey_ms);
	if (!count_down(&fake->lose_control_answers))
		answer(fake, request, &fake->control_code, 1);
}

static void
other_command(struct fake *fake, const struct fake_event *request)
{
	uint8_t reply[FAKE_REPLY_MAX] = { 0, 1, 2, 3 };
	size_t len = request->command == 0x01 ? 16 : 17;

	fake->others++;
	if (fake->serve != NULL)
		len = fake->serve(fake, request, reply);
	if (len > 0)
		answer(fake, request, reply, len);
}

static void
serve(struct fake *fake, const struct fake_event *request)
{
	if (fake->silent)
		return;
	if (request->netfn == 0x00 && request->command == 0x01)
		chassis_status(fake, request);
	else if (request->netfn == 0x00 && request->command == 0x02)
		chassis_control(fake, request);
	else
		other_command(fake, request);
}

/* --- time ---------------------------------------------------------------- */

static void
change_power(struct fake *fake, bool on)
{
	fake->on = on;
	fake->going_off = false;
}

void
fake_set_power(struct fake *fake, bool on, int64_t in_ms)
{
	if (in_ms == 0)
		change_power(fake, on);
	else
		push(fake, (struct fake_event){ .kind = FAKE_POWER,
						.at_ms = in_ms,
						.on = on });
}

void
fake_press_button(struct fake *fake, bool on, int64_t in_ms)
{
	push(fake, (struct fake_event){ .kind = FAKE_POWER,
					.at_ms = in_ms,
					.on = on,
					.by_person = true });
}

void
fake_drop_session(struct fake *fake)
{
	fake->open = false;
	fake->transport.hooks->down(fake->transport.arg, IPMI_TIMEOUT, "lost");
}

static void
handshake_ends(struct fake *fake, const struct fake_event *event)
{
	const struct transport *t = &fake->transport;

	if (!fake->opening || event->session != fake->session)
		return;
	fake->opening = false;
	fake->open = event->kind == FAKE_UP;
	if (fake->open)
		t->hooks->up(t->arg);
	else
		t->hooks->down(t->arg, fake->refuse,
			       fake->refuse_text ? fake->refuse_text : "no");
}

static void
power_changes(struct fake *fake, const struct fake_event *event)
{
	if (event->by_person && event->on && !fake->on)
		fake->person_on_ms = fake->now_ms;
	change_power(fake, event->on);
}

static void
happen(struct fake *fake, const struct fake_event *event)
{
	const struct transport *t = &fake->transport;

	if (event->kind == FAKE_UP || event->kind == FAKE_DOWN)
		handshake_ends(fake, event);
	else if (event->kind == FAKE_REQUEST)
		serve(fake, event);
	else if (event->kind == FAKE_POWER)
		power_changes(fake, event);
	else if (fake->open && event->session == fake->session)
		t->hooks->answer(t->arg, event->tag, event->bytes, event->len);
}

static size_t
earliest(const struct fake *fake)
{
	size_t best = 0;

	for (size_t i = 1; i < fake->n_events; i++)
		if (fake->events[i].at_ms < fake->events[best].at_ms)
			best = i;
	return best;
}

/* The next thing until end_ms; false: there is none. */
static bool
fake_step(struct fake *fake, int64_t end_ms)
{
	size_t i = earliest(fake);
	bool tick =
		fake->tick_ms >= 0 &&
		(fake->n_events == 0 || fake->tick_ms < fake->events[i].at_ms);
	int64_t at_ms = tick                 ? fake->tick_ms
			: fake->n_events > 0 ? fake->events[i].at_ms
					     : INT64_MAX;

	if (at_ms > end_ms || fake->freed)
		return false;
	if (at_ms > fake->now_ms)
		fake->now_ms = at_ms;
	if (tick) {
		fake->tick_ms = -1;
		fake->transport.hooks->tick(fake->transport.arg);
		return true;
	}
	const struct fake_event event = fake->events[i];
	memmove(&fake->events[i], &fake->events[i + 1],
		(fake->n_events - i - 1) * sizeof(event));
	fake->n_events--;
	happen(fake, &event);
	return true;
}

void
fake_run(struct fake *fake, int64_t ms)
{
	int64_t end_ms = fake->now_ms + ms;

	while (fake_step(fake, end_ms))
		;
	if (!fake->freed)
		fake->now_ms = end_ms;
}
