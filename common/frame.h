/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/frame.h - JSON messages on a stream: a 32-bit big-endian length, then
 * the text.
 */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <jansson.h>
#include <stddef.h>

#define FRAME_MAX (64u << 20) /* bytes of one message */

/* Bytes that have come in and are not a whole message yet. */
struct frame_buffer {
	char *data;
	size_t len, room;
};

void frame_buffer_done(struct frame_buffer *buffer);

/* Append a whole framed message. */
void frame_put(struct frame_buffer *out, const json_t *message);

/* Read what is there.  Returns > 0: bytes read; 0: end of file; -EAGAIN:
 * nothing now; other negative errno. */
int frame_fill(struct frame_buffer *in, int fd);

/* Write what fits.  Returns 0 when the buffer is empty, -EAGAIN when some is
 * left, other negative errno. */
int frame_flush(struct frame_buffer *out, int fd);

/* Take the first whole message.  Returns 1 and the message (the caller's), 0
 * when it is not all there yet, -EPROTO when it is no message of ours. */
int frame_take(struct frame_buffer *in, json_t **ret_message);

#endif
