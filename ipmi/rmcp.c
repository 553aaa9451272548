/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp.c - a look at each datagram before OpenIPMI gets it.
 */
#include "ipmi/rmcp.h"

#include <OpenIPMI/ipmi_auth.h>
#include <OpenIPMI/ipmi_err.h>
#include <OpenIPMI/ipmi_lan.h>
#include <stddef.h>

enum {
	AUTHTYPE = 4, /* offsets; same in the formats of 1.5 and 2.0 */
	PAYLOAD = 5,
	SESSION_15 = 9,
	SESSION_20 = 6,
	BODY = 16, /* of 2.0: after type, session, sequence and length */
	OPEN_LEN = 36,
	RAKP_2_LEN = 40,
	RAKP_4_LEN = 8,
	FLAGS_PROTECTED = 0xc0, /* encrypted and authenticated */
	PAYLOAD_MASK = 0x3f,
	ALGORITHM_MASK = 0x3f
};

const struct rmcp_suite rmcp_suite_17 = {
	3, 4, IPMI_LANP_CONFIDENTIALITY_ALGORITHM_AES_CBC_128, 17
};

const struct rmcp_suite rmcp_suite_3 = {
	IPMI_LANP_AUTHENTICATION_ALGORITHM_RAKP_HMAC_SHA1,
	IPMI_LANP_INTEGRITY_ALGORITHM_HMAC_SHA1_96,
	IPMI_LANP_CONFIDENTIALITY_ALGORITHM_AES_CBC_128,
	3,
};

static const struct {
	uint8_t payload;
	enum rmcp_kind kind;
	size_t len; /* of an accepting body */
} handshake[] = {
	{ IPMI_RMCPP_PAYLOAD_TYPE_OPEN_SESSION_RESPONSE, RMCP_OPEN_RESPONSE,
	  OPEN_LEN },
	{ IPMI_RMCPP_PAYLOAD_TYPE_RAKP_2, RMCP_RAKP_2, RAKP_2_LEN },
	{ IPMI_RMCPP_PAYLOAD_TYPE_RAKP_4, RMCP_RAKP_4, RAKP_4_LEN },
};

static bool
is_zero(const uint8_t *data)
{
	return (data[0] | data[1] | data[2] | data[3]) == 0;
}

static struct rmcp_packet
look_at_handshake(const uint8_t *data, size_t len)
{
	struct rmcp_packet packet = { .kind = RMCP_INVALID };

	for (size_t i = 0; i < sizeof(handshake) / sizeof(handshake[0]); i++) {
		if ((data[PAYLOAD] & PAYLOAD_MASK) != handshake[i].payload)
			continue;
		packet.status = data[BODY + 1];
		if (packet.status == 0 && len < BODY + handshake[i].len)
			return packet;
		packet.kind = handshake[i].kind;
	}
	if (packet.kind == RMCP_OPEN_RESPONSE && packet.status == 0)
		packet.suite = (struct rmcp_suite){
			data[BODY + 16] & ALGORITHM_MASK,
			data[BODY + 24] & ALGORITHM_MASK,
			data[BODY + 32] & ALGORITHM_MASK,
			0,
		};
	return packet;
}

struct rmcp_packet
rmcp_look(const uint8_t *data, size_t len)
{
	const struct rmcp_packet invalid = { .kind = RMCP_INVALID };
	const struct rmcp_packet other = { .kind = RMCP_OTHER };

	if (len < SESSION_15 + 4)
		return invalid;
	/* 1.5 is for Get Channel Authentication Capabilities, before any
	 * session; we open none of that kind. */
	if ((data[AUTHTYPE] & 0x0f) != IPMI_AUTHTYPE_RMCP_PLUS)
		return is_zero(data + SESSION_15) ? other : invalid;
	if (len < BODY + 2)
		return invalid;
	if (is_zero(data + SESSION_20))
		return look_at_handshake(data, len);
	return (data[PAYLOAD] & FLAGS_PROTECTED) == FLAGS_PROTECTED ? other
								    : invalid;
}

static bool
same_suite(const struct rmcp_suite *a, const struct rmcp_suite *b)
{
	return a->authentication == b->authentication &&
	       a->integrity == b->integrity &&
	       a->confidentiality == b->confidentiality;
}

enum rmcp_kind
rmcp_awaited(const struct rmcp_progress *progress)
{
	return progress->step < RMCP_OPEN_RESPONSE
		       ? RMCP_OPEN_RESPONSE
		       : (enum rmcp_kind)(progress->step + 1);
}

bool
rmcp_note(struct rmcp_progress *progress, const struct rmcp_suite *want,
	  const struct rmcp_packet *packet)
{
	if (packet->kind == RMCP_INVALID)
		return false;
	progress->answered = true;
	if (packet->kind == RMCP_OTHER || packet->status != 0)
		return true;
	if (packet->kind == RMCP_OPEN_RESPONSE &&
	    !same_suite(&packet->suite, want)) {
		progress->lied = true;
		return false;
	}
	progress->step = packet->kind;
	return true;
}

/* --- errors -------------------------------------------------------------- */

static const char no_answer[] = "no answer to the handshake";
static const char wrong_account[] = "wrong user name or password";
static const char not_our_suite[] =
	"the BMC does not do the cipher suite asked for";

static const struct {
	uint8_t status;
	enum ipmi_rc rc;
	const char *text;
} statuses[] = {
	{ IPMI_RMCPP_INSUFFICIENT_RESOURCES_FOR_SESSION, IPMI_NO_SESSION,
	  "the BMC has no session left; others hold them, or they have to "
	  "time out" },
	{ IPMI_RMCPP_INSUFFICIENT_RESOURCES_FOR_ROLE, IPMI_NO_SESSION,
	  "the BMC has no session left for this privilege" },
	{ IPMI_RMCPP_INVALID_AUTHENTICATION_ALGORITHM, IPMI_ALGORITHM,
	  not_our_suite },
	{ IPMI_RMCPP_INVALID_INTEGRITY_ALGORITHM, IPMI_ALGORITHM,
	  not_our_suite },
	{ IPMI_RMCPP_NO_MATCHING_AUTHENTICATION_PAYLOAD, IPMI_ALGORITHM,
	  not_our_suite },
	{ IPMI_RMCPP_NO_MATCHING_INTEGRITY_PAYLOAD, IPMI_ALGORITHM,
	  not_our_suite },
	{ IPMI_RMCPP_INVALID_CONFIDENTIALITY_ALGORITHM, IPMI_ALGORITHM,
	  not_our_suite },
	{ IPMI_RMCPP_NO_CIPHER_SUITE_MATCHES, IPMI_ALGORITHM, not_our_suite },
	{ IPMI_RMCPP_INVALID_ROLE, IPMI_AUTH,
	  "the user may not have the privilege asked for" },
	{ IPMI_RMCPP_UNAUTHORIZED_ROLE_OR_PRIVILEGE, IPMI_AUTH,
	  "the user may not have the privilege asked for" },
	{ IPMI_RMCPP_INVALID_NAME_LENGTH, IPMI_AUTH, wrong_account },
	{ IPMI_RMCPP_UNAUTHORIZED_NAME, IPMI_AUTH, wrong_account },
	{ IPMI_RMCPP_UNAUTHORIZED_GUID, IPMI_AUTH, wrong_account },
	{ IPMI_RMCPP_INVALID_INTEGRITY_CHECK_VALUE, IPMI_AUTH, wrong_account },
};

enum ipmi_rc
rmcp_classify_refusal(uint8_t status, const char **ret_text)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status) {
			*ret_text = statuses[i].text;
			return statuses[i].rc;
		}
	*ret_text = "the BMC refused the session";
	return IPMI_NO_SESSION;
}

/* Completion codes by which a BMC says that this user may not: by Set Session
 * Privilege Level, and 0xd4 by any command.  Whatever else it says there (busy,
 * no memory, not now) is no fault of the account, and no reason to ever call it
 * locked. */
static bool
refuses_privilege(unsigned code)
{
	return code == 0x80 || code == 0x81 || code == 0xd4;
}

/* The BMC, asked for the privilege or before, answered with an error. */
static enum ipmi_rc
classify_code(unsigned code, const char **ret_text)
{
	if (code == IPMI_TIMEOUT_CC) {
		*ret_text = no_answer;
		return IPMI_TIMEOUT;
	}
	if (refuses_privilege(code)) {
		*ret_text = "the BMC refused the privilege asked for";
		return IPMI_AUTH;
	}
	*ret_text = code == IPMI_NODE_BUSY_CC
			    ? "the BMC is too busy to open a session"
			    : "the BMC ended the opening of the session with "
			      "an error";
	return IPMI_NO_SESSION;
}

/* The library's own findings, after the BMC's last good answer. */
static enum ipmi_rc
classify_finding(enum rmcp_kind step, const char **ret_text)
{
	/* The BMC's proof of the password was wrong: the two sides know
	 * different ones. */
	if (step == RMCP_RAKP_2) {
		*ret_text = wrong_account;
		return IPMI_AUTH;
	}
	/* The password was right, so there is nothing to lock. */
	if (step == RMCP_RAKP_4) {
		*ret_text = "the BMC gave another privilege than asked for, or "
			    "an answer that makes no sense";
		return IPMI_NO_SESSION;
	}
	*ret_text = no_answer;
	return IPMI_TIMEOUT;
}

enum ipmi_rc
rmcp_classify(const struct rmcp_progress *progress, int error,
	      const char **ret_text)
{
	unsigned e = (unsigned)error;

	/* OpenIPMI says ENOENT of a BMC without RMCP+, and of one that did not
	 * answer its first question. */
	if (progress->lied || (error == ENOENT && progress->answered)) {
		*ret_text = not_our_suite;
		return IPMI_ALGORITHM;
	}
	if (IPMI_IS_RMCPP_ERR(e))
		return rmcp_classify_refusal(IPMI_GET_RMCPP_ERR(e), ret_text);
	if (IPMI_IS_IPMI_ERR(e))
		return classify_code(IPMI_GET_IPMI_ERR(e), ret_text);
	if (error == EINVAL || error == E2BIG)
		return classify_finding(progress->step, ret_text);
	*ret_text = no_answer;
	return IPMI_TIMEOUT;
}
