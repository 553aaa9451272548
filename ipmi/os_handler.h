/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/os_handler.h - OpenIPMI's view of the world (memory, timers,
 * descriptors, random, logs) on our loop.  One for each process: the library
 * keeps it in globals.
 */
#ifndef IPMI_OS_HANDLER_H
#define IPMI_OS_HANDLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/loop.h"

struct os_handler_s; /* OpenIPMI's os_handler_t */

/* Says of each datagram, by its first bytes, before the library sees it,
 * whether it may.  `len` is the whole length; at most OS_HANDLER_PEEK bytes
 * are there. */
enum { OS_HANDLER_PEEK = 64 };
typedef bool (*os_handler_filter_fn)(void *arg, const struct sockaddr *from,
				     const uint8_t *data, size_t len);

struct os_handler_s *os_handler_new(struct loop *loop,
				    os_handler_filter_fn filter, void *arg);
void os_handler_free(struct os_handler_s *handler);

#endif
