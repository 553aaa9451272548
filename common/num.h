/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/num.h - numbers out of hostile text: all of it, in range, or -EINVAL.
 */
#ifndef COMMON_NUM_H
#define COMMON_NUM_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal (or 0x..) without sign, blanks or trailing text. */
int num_parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
int num_parse_i64(const char *text, int64_t min, int64_t max,
		  int64_t *ret_value);

/* true: on yes true 1; false: off no false 0; else -EINVAL. */
int num_parse_bool(const char *text, bool *ret_value);

#endif
