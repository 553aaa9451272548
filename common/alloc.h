/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/alloc.h - memory that is there or ends the process.
 *
 * A daemon that cannot get a few kilobytes cannot keep its promises either;
 * it logs, ends, and is started again.  A restart in the middle of a plan is
 * safe by design, a half-handled NULL is not.
 */
#ifndef COMMON_ALLOC_H
#define COMMON_ALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *xcalloc(size_t n, size_t size) __attribute__((malloc));
void *xrealloc(void *old, size_t n, size_t size); /* overflow checked */
char *xstrdup(const char *text) __attribute__((malloc, nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list ap)
	__attribute__((format(printf, 1, 0)));

/* How often this thread asked for memory here: a bench tells by it what a
 * steady state costs. */
unsigned long alloc_count(void);

#endif
