/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/log.h - one line per event on standard error.
 *
 * The first word is the subsystem ("ha", "bmc", "poll"), so that a reader can
 * filter.  Under systemd (JOURNAL_STREAM set) lines carry the <N> priority
 * prefix of sd-daemon(3) and no time; elsewhere a local time with ms.
 * Secrets never reach a log call.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR
};

/* `program` is kept, not copied. */
void log_start(const char *program, enum log_level least);

void log_at(enum log_level level, const char *subsystem, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_va(enum log_level level, const char *subsystem, const char *fmt,
	    va_list ap) __attribute__((format(printf, 3, 0)));

/* Logs and ends the process with exit status 1. */
void log_fatal(const char *subsystem, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#define log_debug(sub, ...) log_at(LOG_LEVEL_DEBUG, sub, __VA_ARGS__)
#define log_info(sub, ...)  log_at(LOG_LEVEL_INFO, sub, __VA_ARGS__)
#define log_warn(sub, ...)  log_at(LOG_LEVEL_WARN, sub, __VA_ARGS__)
#define log_error(sub, ...) log_at(LOG_LEVEL_ERROR, sub, __VA_ARGS__)

#endif
