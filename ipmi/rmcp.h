/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp.h - a look at each datagram before OpenIPMI gets it.
 *
 * OpenIPMI 2.0.33 trusts too much:
 *  - it does not compare the algorithms in the answer to its Open Session
 *    Request with those asked for: a BMC, or somebody between, may talk it
 *    down to no integrity and no encryption;
 *  - within a session it takes answers whose sender did not set the
 *    "authenticated" flag, without checking anything: whoever can send a
 *    datagram with the BMC's address can say "off".
 * So what does not carry both flags within a session is dropped here, and a
 * session with other algorithms than asked for never comes to be.
 *
 * It also tells too little: a wrong password, a short answer and a timeout all
 * end as EINVAL.  How far the handshake came tells them apart.
 */
#ifndef IPMI_RMCP_H
#define IPMI_RMCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/bmc.h"

/* The three algorithms of a cipher suite. */
struct rmcp_suite {
	uint8_t authentication, integrity, confidentiality;
	int number;
};

/* RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128; and with SHA1, -96. */
extern const struct rmcp_suite rmcp_suite_17, rmcp_suite_3;

enum rmcp_kind {
	RMCP_INVALID,       /* to be dropped */
	RMCP_OTHER,         /* before a session, or of a protected session */
	RMCP_OPEN_RESPONSE, /* handshake, in this order */
	RMCP_RAKP_2,
	RMCP_RAKP_4
};

struct rmcp_packet {
	enum rmcp_kind kind;
	uint8_t status; /* of the handshake kinds; 0: accepted */
	struct rmcp_suite suite;
};

/* `data` holds the first OS_HANDLER_PEEK bytes of `len`, or all. */
struct rmcp_packet rmcp_look(const uint8_t *data, size_t len);

/* How far a handshake came. */
struct rmcp_progress {
	enum rmcp_kind step; /* last one that was accepted */
	bool answered;       /* something came at all */
	bool lied;           /* other algorithms than asked for */
};

/* The packet that comes next, if all goes well. */
enum rmcp_kind rmcp_awaited(const struct rmcp_progress *progress);

/* Takes note of a packet; false: to be dropped. */
bool rmcp_note(struct rmcp_progress *progress, const struct rmcp_suite *want,
	       const struct rmcp_packet *packet);

/* What a status other than 0 means, with words for a person.  OpenIPMI drops
 * a refusal that is cut short, as some BMCs send it, and asks for 7 s. */
enum ipmi_rc rmcp_classify_refusal(uint8_t status, const char **ret_text);

/* What OpenIPMI's error for an attempt means, with words for a person. */
enum ipmi_rc rmcp_classify(const struct rmcp_progress *progress, int error,
			   const char **ret_text);

#endif
