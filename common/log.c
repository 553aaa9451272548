/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static const char *log_program = "ironherd";
static enum log_level log_least = LOG_LEVEL_INFO;
static bool log_journal;

static const struct {
	char name[8];
	int priority; /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_WARN] = { "warning", 4 },
	[LOG_LEVEL_ERROR] = { "error", 3 },
};

void
log_start(const char *program, enum log_level least)
{
	log_program = program;
	log_least = least;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

static int
put_head(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	char stamp[32];

	if (log_journal)
		return snprintf(line, size, "<%d>", levels[level].priority);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%F %T", &tm);
	return snprintf(line, size, "%s.%03ld %s[%d] %s ", stamp,
			now.tv_nsec / 1000000, log_program, (int)getpid(),
			levels[level].name);
}

/* One write() a line, so that lines of several processes never mix. */
void
log_va(enum log_level level, const char *subsystem, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	const size_t room = sizeof(line) - 1; /* the newline */

	if (level < log_least)
		return;
	int len = put_head(line, room, level);
	len += snprintf(line + len, room - (size_t)len, "%s: ", subsystem);
	len += vsnprintf(line + len, room - (size_t)len, fmt, ap);
	if ((size_t)len >= room)
		len = (int)room - 1;
	for (int i = 0; i < len; i++) /* foreign text must not forge lines */
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* nowhere left to complain */
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

	va_start(ap, fmt);
	log_va(LOG_LEVEL_ERROR, subsystem, fmt, ap);
	va_end(ap);
	exit(EXIT_FAILURE);
}
