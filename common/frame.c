/* SPDX-License-Identifier: Apache-2.0 */
#include "common/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"

#define HEAD_BYTES sizeof(uint32_t)

void
frame_buffer_done(struct frame_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct frame_buffer){ 0 };
}

static void
reserve(struct frame_buffer *buffer, size_t more)
{
	size_t need = buffer->len + more;

	if (need <= buffer->room)
		return;
	buffer->room = need > 2 * buffer->room ? need : 2 * buffer->room;
	buffer->data = xrealloc(buffer->data, buffer->room, 1);
}

static void
drop_front(struct frame_buffer *buffer, size_t n)
{
	buffer->len -= n;
	memmove(buffer->data, buffer->data + n, buffer->len);
	if (buffer->len == 0) /* a big message must not stay in memory */
		frame_buffer_done(buffer);
}

void
frame_put(struct frame_buffer *out, const json_t *message)
{
	cleanup_free char *text = json_dumps(message, JSON_COMPACT);

	if (text == NULL)
		log_fatal("frame", "message cannot be written as JSON");
	size_t len = strlen(text);
	uint32_t head = htonl((uint32_t)len);

	reserve(out, HEAD_BYTES + len);
	memcpy(out->data + out->len, &head, HEAD_BYTES);
	memcpy(out->data + out->len + HEAD_BYTES, text, len);
	out->len += HEAD_BYTES + len;
}

int
frame_fill(struct frame_buffer *in, int fd)
{
	reserve(in, 4096);

	ssize_t n = read(fd, in->data + in->len, in->room - in->len);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	in->len += (size_t)n;
	return (int)n;
}

int
frame_flush(struct frame_buffer *out, int fd)
{
	while (out->len > 0) {
		ssize_t n = send(fd, out->data, out->len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		drop_front(out, (size_t)n);
	}
	return 0;
}

int
frame_take(struct frame_buffer *in, json_t **ret_message)
{
	uint32_t head;

	if (in->len < HEAD_BYTES)
		return 0;
	memcpy(&head, in->data, HEAD_BYTES);
	size_t len = ntohl(head);
	if (len > FRAME_MAX)
		return -EPROTO;
	if (in->len < HEAD_BYTES + len)
		return 0;

	json_t *message = json_loadb(in->data + HEAD_BYTES, len,
				     JSON_REJECT_DUPLICATES, NULL);
	drop_front(in, HEAD_BYTES + len);
	if (!json_is_object(message)) {
		json_decref(message);
		return -EPROTO;
	}
	*ret_message = message;
	return 1;
}
