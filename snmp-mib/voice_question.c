/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What snmpd asks, answered where it comes in.
 *
 * The library would copy the question three times, pass it through two pipes
 * to an agent inside itself and wait for both: most of the sixteen system calls
 * of an answer.  A walk behind snmpd is a question for each value, so that is
 * most of what it costs.  What sets values, and all else, goes the
 * library's way, as does a question in another context than ours.
 */
#include "snmp-mib/voice_own.h"

#include <sys/socket.h>

#include "snmp-mib/codec.h"
#include "snmp-mib/wire.h"

/* RFC 2741, 6.1: types of messages, and a flag. */
enum {
	AGENTX_GET = 5,
	AGENTX_GETNEXT = 6,
	AGENTX_RESPONSE = 18,
	AGENTX_OTHER_CONTEXT = 0x08,
	AGENTX_NETWORK_ORDER = 0x10
};

static const struct voice_source *answers;
static netsnmp_callback usual; /* the library's way */

static int
get(const struct voice_reading *reading, netsnmp_variable_list *var)
{
	const struct codec_tree *const *tree = answers->trees;
	struct codec_oid name;

	if (wire_to_oid(var->name, var->name_length, &name) < 0)
		return SNMP_ERR_GENERR;
	for (; *tree != NULL; tree++)
		if (codec_oid_starts_with(&name, codec_tree_root(*tree)))
			return voice_reading_get(reading, *tree, var);
	return SNMP_NOSUCHOBJECT;
}

/* The null OID as an end, which has a zero first, stands for none. */
static int
next(const struct voice_reading *reading, netsnmp_variable_list *var)
{
	const struct codec_tree *const *tree = answers->trees;
	const oid *end = var->val.objid;
	const struct voice_range range = {
		.inclusive = var->type == ASN_PRIV_INCL_RANGE,
		.end = end,
		.end_len = var->val_len > 0 && end[0] != 0
				   ? var->val_len / sizeof(*end)
				   : 0,
	};

	for (; *tree != NULL; tree++) {
		int rc = voice_reading_next(reading, *tree, &range, var);

		if (rc != SNMP_ENDOFMIBVIEW)
			return rc;
	}
	return SNMP_ENDOFMIBVIEW;
}

/* RFC 2741, 7.2.3: what is not there is an exception, not an error. */
static void
answer_all(int command, netsnmp_pdu *answer)
{
	netsnmp_variable_list *var = answer->variables;
	struct voice_reading reading;
	long index = 1;

	voice_reading_open(answers, &reading);
	for (; var != NULL && answer->errstat == SNMP_ERR_NOERROR;
	     var = var->next_variable, index++) {
		int rc = command == AGENTX_GET ? get(&reading, var)
					       : next(&reading, var);

		if (rc == SNMP_ERR_GENERR) {
			answer->errstat = rc;
			answer->errindex = index;
		} else if (rc != SNMP_ERR_NOERROR) {
			snmp_set_var_typed_value(var, (u_char)rc, NULL, 0);
		}
	}
	voice_reading_close(&reading);
}

/* The variables of the question become those of the answer. */
static netsnmp_pdu *
answer_to(netsnmp_pdu *question)
{
	netsnmp_pdu *answer = snmp_pdu_create(AGENTX_RESPONSE);

	if (answer == NULL)
		return NULL;
	answer->version = question->version;
	answer->flags = question->flags & AGENTX_NETWORK_ORDER;
	answer->sessid = question->sessid;
	answer->transid = question->transid;
	answer->reqid = question->reqid;
	answer->errstat = SNMP_ERR_NOERROR;
	answer->errindex = 0;
	answer->variables = question->variables;
	question->variables = NULL;
	answer_all(question->command, answer);
	return answer;
}

static bool
is_for_us(int operation, const netsnmp_pdu *pdu)
{
	return operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE &&
	       (pdu->command == AGENTX_GET || pdu->command == AGENTX_GETNEXT) &&
	       !(pdu->flags & AGENTX_OTHER_CONTEXT);
}

static int
question_came(int operation, netsnmp_session *session, int reqid,
	      netsnmp_pdu *pdu, void *magic)
{
	if (!is_for_us(operation, pdu))
		return usual(operation, session, reqid, pdu, magic);
	/* It lives, so the library need not ping it: the alarm of that is kept
	 * in a field that AgentX has no other use for. */
	if (session->securityModel != SNMP_DEFAULT_SECMODEL)
		snmp_alarm_reset((unsigned)session->securityModel);

	netsnmp_pdu *answer = answer_to(pdu);
	if (answer != NULL && snmp_send(session, answer) == 0)
		snmp_free_pdu(answer);
	return 1;
}

/* The library's own way asks the kernel for our address each time. */
static int
receive(netsnmp_transport *transport, void *buffer, int size, void **ret_opaque,
	int *ret_opaque_len)
{
	*ret_opaque = NULL;
	*ret_opaque_len = 0;
	return (int)recv(transport->sock, buffer, (size_t)size, MSG_DONTWAIT);
}

void
voice_question_take(netsnmp_session *session, const struct voice_source *source)
{
	netsnmp_transport *transport =
		snmp_sess_transport(snmp_sess_pointer(session));

	answers = source;
	usual = session->callback;
	session->callback = question_came;
	transport->f_recv = receive;
}
