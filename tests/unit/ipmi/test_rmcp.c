/* SPDX-License-Identifier: Apache-2.0 */
/* The look at datagrams, addresses and accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <OpenIPMI/ipmi_err.h>
#include <stdlib.h>

#include "ipmi/address.h"
#include "ipmi/rmcp.h"

enum { PACKET = 64, HEADER = 16 };

/* A packet of 2.0: type and flags, session id, body. */
static size_t
packet_20(uint8_t data[PACKET], uint8_t payload, uint8_t session,
	  size_t body_len)
{
	memset(data, 0, PACKET);
	data[0] = 6;
	data[2] = 0xff;
	data[3] = 7;
	data[4] = 6;
	data[5] = payload;
	data[6] = session;
	data[14] = (uint8_t)body_len;
	return HEADER + body_len;
}

static size_t
open_response(uint8_t data[PACKET], uint8_t auth, uint8_t integ, uint8_t conf)
{
	size_t len = packet_20(data, 0x11, 0, 36);

	data[HEADER + 16] = auth;
	data[HEADER + 24] = integ;
	data[HEADER + 32] = conf;
	return len;
}

static void
within_a_session_only_protected_packets_pass(void **state)
{
	uint8_t data[PACKET];

	(void)state;
	for (unsigned flags = 0; flags < 4; flags++) {
		size_t len = packet_20(data, (uint8_t)(flags << 6), 3, 20);
		assert_int_equal(rmcp_look(data, len).kind,
				 flags == 3 ? RMCP_OTHER : RMCP_INVALID);
	}
}

static void
packets_of_version_15_pass_only_without_a_session(void **state)
{
	uint8_t data[PACKET] = { 6, 0, 0xff, 7 };

	(void)state;
	assert_int_equal(rmcp_look(data, 30).kind, RMCP_OTHER);
	data[9] = 1;
	assert_int_equal(rmcp_look(data, 30).kind, RMCP_INVALID);
}

static void
short_packets_are_dropped_at_every_length(void **state)
{
	uint8_t data[PACKET];

	(void)state;
	size_t whole = open_response(data, 1, 1, 1);
	for (size_t len = 0; len < whole; len++) {
		/* Its own block: the sanitizer sees a byte too far. */
		uint8_t *copy = malloc(len + 1);
		memcpy(copy, data, len);
		assert_int_equal(rmcp_look(copy, len).kind, RMCP_INVALID);
		free(copy);
	}
	assert_int_equal(rmcp_look(data, whole).kind, RMCP_OPEN_RESPONSE);
}

static void
other_algorithms_than_asked_for_are_a_lie(void **state)
{
	uint8_t data[PACKET];

	(void)state;
	for (uint8_t i = 0; i < 27; i++) {
		struct rmcp_progress progress = { 0 };
		uint8_t a = i % 3, b = i / 3 % 3, c = i / 9;
		size_t len = open_response(data, a, b, c);
		struct rmcp_packet packet = rmcp_look(data, len);
		bool right = a == 1 && b == 1 && c == 1;
		const char *text = "";

		assert_int_equal(rmcp_note(&progress, &rmcp_suite_3, &packet),
				 right);
		assert_int_equal(progress.lied, !right);
		if (!right)
			assert_int_equal(rmcp_classify(&progress, EINVAL,
						       &text),
					 IPMI_ALGORITHM);
	}
}

static void
a_wrong_password_is_told_from_a_timeout(void **state)
{
	uint8_t data[PACKET];
	struct rmcp_progress progress = { 0 };
	const char *text = "";

	(void)state;
	assert_int_equal(rmcp_classify(&progress, EINVAL, &text), IPMI_TIMEOUT);
	struct rmcp_packet packet =
		rmcp_look(data, open_response(data, 1, 1, 1));
	assert_true(rmcp_note(&progress, &rmcp_suite_3, &packet));
	assert_int_equal(rmcp_classify(&progress, EINVAL, &text), IPMI_TIMEOUT);
	packet = rmcp_look(data, packet_20(data, 0x13, 0, 40));
	assert_true(rmcp_note(&progress, &rmcp_suite_3, &packet));
	assert_int_equal(rmcp_classify(&progress, EINVAL, &text), IPMI_AUTH);
	assert_int_equal(rmcp_classify(&progress,
				       IPMI_IPMI_ERR_VAL(IPMI_TIMEOUT_CC),
				       &text),
			 IPMI_TIMEOUT);
}

static void
each_status_of_the_handshake_has_its_result(void **state)
{
	static const struct {
		uint8_t status;
		enum ipmi_rc rc;
	} cases[] = {
		{ 0x01, IPMI_NO_SESSION }, { 0x04, IPMI_ALGORITHM },
		{ 0x05, IPMI_ALGORITHM },  { 0x09, IPMI_AUTH },
		{ 0x0a, IPMI_AUTH },       { 0x0b, IPMI_NO_SESSION },
		{ 0x0d, IPMI_AUTH },       { 0x0f, IPMI_AUTH },
		{ 0x10, IPMI_ALGORITHM },  { 0x11, IPMI_ALGORITHM },
		{ 0x7f, IPMI_NO_SESSION },
	};
	const struct rmcp_progress progress = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = "";
		assert_int_equal(rmcp_classify(&progress,
					       IPMI_RMCPP_ERR_VAL(
						       cases[i].status),
					       &text),
				 cases[i].rc);
		assert_string_not_equal(text, "");
	}
}

static void
only_codes_about_the_privilege_are_the_accounts_fault(void **state)
{
	static const struct {
		unsigned code;
		enum ipmi_rc rc;
	} cases[] = {
		{ 0x80, IPMI_AUTH },       { 0x81, IPMI_AUTH },
		{ 0xd4, IPMI_AUTH },       { 0xc0, IPMI_NO_SESSION },
		{ 0xc1, IPMI_NO_SESSION }, { 0xc3, IPMI_TIMEOUT },
		{ 0xc4, IPMI_NO_SESSION }, { 0xcf, IPMI_NO_SESSION },
		{ 0xd5, IPMI_NO_SESSION }, { 0xff, IPMI_NO_SESSION },
	};
	const struct rmcp_progress progress = { .step = RMCP_RAKP_4,
						.answered = true };
	const char *text = "";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int error = (int)IPMI_IPMI_ERR_VAL(cases[i].code);

		text = "";
		assert_int_equal(rmcp_classify(&progress, error, &text),
				 cases[i].rc);
		assert_string_not_equal(text, "");
	}
	/* Another privilege than asked for, or a short answer. */
	assert_int_equal(rmcp_classify(&progress, EINVAL, &text),
			 IPMI_NO_SESSION);
	assert_int_equal(rmcp_classify(&progress, ECANCELED, &text),
			 IPMI_TIMEOUT);
}

static void
addresses_are_checked(void **state)
{
	static const char *const good[] = { "10.91.0.1:623", "[fd00::1]:623",
					    "127.0.0.1:65535", "[::1]:1",
					    "bmc1:623" };
	static const char *const bad[] = {
		"",          "10.91.0.1",      "10.91.0.1:",
		":623",      "10.91.0.1:0",    "10.91.0.1:65536",
		"bmc_1:623", "fd00::1",        "fd00::1:623",
		"[fd00::1]", "[]:623",         "[10.0.0.1]:623",
		"1.2.3:623", "10.91.0.1:62x",  "10.91.0.1 :623",
		"[::1:623",  "10.91.0.1:+623", "[::1]x:623",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(bmc_check_address(good[i], &err), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(bmc_check_address(bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "10.0.0.1:623"));
	}
	char endless[200];
	memset(endless, '1', sizeof(endless));
	memcpy(endless + sizeof(endless) - 5, ":623", 5);
	assert_int_equal(bmc_check_address(endless, &err), -EINVAL);
}

static void
an_address_is_taken_apart(void **state)
{
	struct ipmi_address address;

	(void)state;
	assert_int_equal(ipmi_address_parse("[fd00::1]:1623", &address, NULL),
			 0);
	assert_int_equal(address.family, AF_INET6);
	assert_string_equal(address.host, "fd00::1");
	assert_string_equal(address.port, "1623");
	assert_int_equal(
		ntohs(((struct sockaddr_in6 *)&address.socket)->sin6_port),
		1623);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(within_a_session_only_protected_packets_pass),
		cmocka_unit_test(
			packets_of_version_15_pass_only_without_a_session),
		cmocka_unit_test(short_packets_are_dropped_at_every_length),
		cmocka_unit_test(other_algorithms_than_asked_for_are_a_lie),
		cmocka_unit_test(a_wrong_password_is_told_from_a_timeout),
		cmocka_unit_test(each_status_of_the_handshake_has_its_result),
		cmocka_unit_test(
			only_codes_about_the_privilege_are_the_accounts_fault),
		cmocka_unit_test(addresses_are_checked),
		cmocka_unit_test(an_address_is_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
