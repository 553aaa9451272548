/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/frame. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/frame.h"

static json_t *
number(int n)
{
	return json_pack("{s:i}", "n", n);
}

static void
put_number(struct frame_buffer *out, int n)
{
	json_t *message = number(n);

	frame_put(out, message);
	json_decref(message);
}

static void
put_raw(struct frame_buffer *buffer, uint32_t len, const char *text)
{
	uint32_t head = htonl(len);

	buffer->len = buffer->room = sizeof(head) + strlen(text);
	buffer->data = xcalloc(1, buffer->room);
	memcpy(buffer->data, &head, sizeof(head));
	memcpy(buffer->data + sizeof(head), text, strlen(text));
}

static void
messages_come_out_as_they_went_in(void **state)
{
	struct frame_buffer buffer = { 0 };
	json_t *message = NULL;

	(void)state;
	for (int i = 0; i < 3; i++)
		put_number(&buffer, i);
	for (int i = 0; i < 3; i++) {
		json_t *expected = number(i);

		assert_int_equal(frame_take(&buffer, &message), 1);
		assert_true(json_equal(message, expected));
		json_decref(message);
		json_decref(expected);
	}
	assert_int_equal(frame_take(&buffer, &message), 0);
	frame_buffer_done(&buffer);
}

static void
half_a_message_waits_for_the_rest(void **state)
{
	struct frame_buffer whole = { 0 }, part = { 0 };
	json_t *message = NULL;

	(void)state;
	put_number(&whole, 7);
	part.data = xcalloc(1, whole.len);
	part.room = whole.len;
	for (size_t i = 0; i < whole.len; i++) {
		assert_int_equal(frame_take(&part, &message), 0);
		part.data[part.len++] = whole.data[i];
	}
	assert_int_equal(frame_take(&part, &message), 1);
	json_decref(message);
	frame_buffer_done(&whole);
	frame_buffer_done(&part);
}

static void
nonsense_is_refused(void **state)
{
	static const struct {
		uint32_t len;
		const char *text;
	} cases[] = {
		{ FRAME_MAX + 1, "" },
		{ UINT32_MAX, "" },
		{ 0, "" },
		{ 2, "[]" },
		{ 1, "7" },
		{ 3, "{\"a" },
		{ 4, "{}{}" },
		{ 13, "{\"a\":1,\"a\":2}" },
		{ 8, "{\"a\":\xff\xfe}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_buffer buffer = { 0 };
		json_t *message = NULL;

		put_raw(&buffer, cases[i].len, cases[i].text);
		assert_int_equal(frame_take(&buffer, &message), -EPROTO);
		assert_null(message);
		frame_buffer_done(&buffer);
	}
}

static void
big_messages_pass_a_socket_piece_by_piece(void **state)
{
	struct frame_buffer out = { 0 }, in = { 0 };
	size_t len = 5u << 20;
	cleanup_free char *text = xcalloc(1, len + 1);
	json_t *message, *came = NULL;
	unsigned rounds = 0;
	int fds[2], rc;

	(void)state;
	memset(text, 'x', len);
	message = json_pack("{s:s}", "text", text);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    fds),
			 0);
	assert_int_equal(frame_fill(&in, fds[1]), -EAGAIN);
	frame_put(&out, message);
	while ((rc = frame_take(&in, &came)) == 0) {
		rc = frame_flush(&out, fds[0]);
		assert_true(rc == 0 || rc == -EAGAIN);
		assert_true(frame_fill(&in, fds[1]) > 0);
		rounds++;
	}
	assert_int_equal(rc, 1);
	assert_true(rounds > 1);
	assert_true(json_equal(message, came));
	close(fds[0]);
	assert_int_equal(frame_fill(&in, fds[1]), 0);
	put_number(&out, 1);
	assert_int_equal(frame_flush(&out, fds[1]), -EPIPE);
	close(fds[1]);
	json_decref(message);
	json_decref(came);
	frame_buffer_done(&out);
	frame_buffer_done(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_as_they_went_in),
		cmocka_unit_test(half_a_message_waits_for_the_rest),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(big_messages_pass_a_socket_piece_by_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
