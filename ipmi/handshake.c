/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/handshake.c - what the packets of a handshake tell about it, before
 * OpenIPMI gets them.
 */
#include "common/clock.h"
#include "ipmi/openipmi_own.h"

/* The library sends RAKP 1 right after the Open Session Response.  A BMC that
 * gets it twice makes new numbers for it, while we go on with its first answer:
 * then it finds our proof wrong, although the password is right (its own proof
 * was good).  Next time it gets more time. */
static void
note_time(struct dial *dial, const struct rmcp_packet *packet)
{
	int64_t now_ms = clock_mono_ms();

	if (packet->kind != rmcp_awaited(&dial->progress))
		return;
	if (packet->kind == RMCP_OPEN_RESPONSE)
		dial->rakp_1_ms = now_ms;
	if (packet->kind == RMCP_RAKP_2 &&
	    now_ms - dial->rakp_1_ms >= DIAL_MESSAGE_MS)
		dial->rakp_1_repeats = true;
}

static void
refused(struct wire *wire, const struct rmcp_packet *packet)
{
	const char *text;
	enum ipmi_rc why = rmcp_classify_refusal(packet->status, &text);

	if (packet->kind == RMCP_RAKP_4 && why == IPMI_AUTH &&
	    wire->dial->rakp_1_repeats) {
		wire->slow_handshake = true;
		why = IPMI_NO_SESSION;
		text = "the BMC is too slow in the handshake";
	}
	ipmi_wire_fail(wire, why, text);
}

bool
ipmi_wire_note(struct wire *wire, const struct rmcp_packet *packet)
{
	struct rmcp_progress *progress = &wire->dial->progress;

	if (packet->kind != RMCP_OTHER && packet->status != 0) {
		/* One of an earlier step is the answer to a repetition of ours
		 * that came late. */
		if (packet->kind == rmcp_awaited(progress))
			refused(wire, packet);
		return false;
	}
	note_time(wire->dial, packet);
	if (rmcp_note(progress, wire->suite, packet))
		return true;
	if (progress->lied)
		ipmi_wire_fail(
			wire, IPMI_ALGORITHM,
			"the BMC answered with other algorithms than asked "
			"for");
	return false;
}
