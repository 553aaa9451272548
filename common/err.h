/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/err.h - an error a person will read.
 *
 * The caller owns the struct; functions that can fail in more ways than a
 * number tells fill it and return a negative errno.  Layers above prefix:
 * "host h3: bmc 10.0.0.3: no answer in 5 s".  A NULL err is allowed everywhere.
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#define ERR_MAX 512

struct err {
	char text[ERR_MAX]; /* "" until set; cut, never overrun */
};

/* Set the text; returns `code` (a negative errno) so that callers can write
 * `return err_set(err, -EINVAL, ...)`. */
int err_set(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As err_set, followed by ": " and the system's words for `code`. */
int err_errno(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put a prefix and ": " before the text; returns `code`. */
int err_prefix(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
