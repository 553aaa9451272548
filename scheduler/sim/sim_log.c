/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/sim/sim_log.h"

#include <stdlib.h>

#include "common/log.h"
#include "scheduler/sim/sim_time.h"

static FILE *file;
static int64_t base;

void
sim_log_to(FILE *to)
{
	file = to;
}

void
sim_log_from(int64_t base_ms)
{
	base = base_ms;
}

void
log_start(const char *program, enum log_level least)
{
	(void)program, (void)least;
}

void
log_va(enum log_level level, const char *subsystem, const char *fmt, va_list ap)
{
	if (file == NULL || level == LOG_LEVEL_DEBUG)
		return;
	fprintf(file, "%10.3f %s: ", (double)(sim_now_ms() - base) / 1000,
		subsystem);
	vfprintf(file, fmt, ap);
	fputc('\n', file);
}

void
log_at(enum log_level level, const char *subsystem, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(level, subsystem, fmt, ap);
	va_end(ap);
}

void
log_fatal(const char *subsystem, const char *fmt, ...)
{
	va_list ap;

	sim_log_to(stderr);
	va_start(ap, fmt);
	log_va(LOG_LEVEL_ERROR, subsystem, fmt, ap);
	va_end(ap);
	exit(1);
}
