/* SPDX-License-Identifier: Apache-2.0 */
#include "common/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"

static _Thread_local unsigned long count;

unsigned long
alloc_count(void)
{
	return count;
}

static void *
must(void *ptr)
{
	count++;
	if (ptr == NULL)
		log_fatal("memory", "out of memory");
	return ptr;
}

void *
xcalloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *
xrealloc(void *old, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size)
		log_fatal("memory", "size overflow");
	return must(realloc(old, n != 0 && size != 0 ? n * size : 1));
}

char *
xstrdup(const char *text)
{
	return must(strdup(text));
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		log_fatal("memory", "out of memory");
	return text;
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return text;
}
