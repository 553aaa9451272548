/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/hosts_arg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/num.h"

enum { DIGITS_MAX = 9, PIECE_MAX = 512 };

bool
hosts_arg_is_list(const char *arg)
{
	return strpbrk(arg, ",[]@") != NULL;
}

int
hosts_arg_add_name(struct hosts_arg *hosts, const char *name, struct err *err)
{
	if (name[0] == '\0' || strlen(name) >= HOSTS_ARG_NAME_LEN)
		return err_set(err, -EINVAL, "\"%.70s\" is no name of a host",
			       name);
	for (size_t i = 0; i < hosts->n; i++)
		if (strcmp(hosts->names[i], name) == 0)
			return 0;
	if (hosts->n == HOSTS_ARG_MAX)
		return err_set(err, -E2BIG, "more than %d hosts",
			       HOSTS_ARG_MAX);
	hosts->names =
		xrealloc(hosts->names, hosts->n + 1, sizeof(hosts->names[0]));
	snprintf(hosts->names[hosts->n++], HOSTS_ARG_NAME_LEN, "%s", name);
	return 0;
}

void
hosts_arg_done(struct hosts_arg *hosts)
{
	free(hosts->names);
	*hosts = (struct hosts_arg){ NULL, 0 };
}

/* --- ranges -------------------------------------------------------------- */

/* "08" of a range; its width in digits. */
static int
read_number(const char *text, size_t len, uint64_t *ret_number)
{
	char digits[DIGITS_MAX + 1];

	if (len == 0 || len > DIGITS_MAX)
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return num_parse_u64(digits, 999999999, ret_number);
}

/* One piece with what stands before and behind its brackets. */
struct piece {
	const char *piece;
	int head_len;
	const char *tail;
	int tail_len;
};

static int
add_range(struct hosts_arg *hosts, const struct piece *p, const char *range,
	  size_t len, struct err *err)
{
	const char *dash = memchr(range, '-', len);
	size_t first_len = dash != NULL ? (size_t)(dash - range) : len;
	uint64_t first, last;

	if (read_number(range, first_len, &first) < 0 ||
	    read_number(dash != NULL ? dash + 1 : range,
			dash != NULL ? len - first_len - 1 : len, &last) < 0 ||
	    last < first)
		return err_set(err, -EINVAL,
			       "\"%.*s\" is no range such as 1-16 or 01-16",
			       (int)(len < 60 ? len : 60), range);
	if (last - first >= HOSTS_ARG_MAX)
		return err_set(err, -E2BIG, "more than %d hosts",
			       HOSTS_ARG_MAX);
	for (uint64_t i = first; i <= last; i++) {
		char name[2 * PIECE_MAX];

		snprintf(name, sizeof(name), "%.*s%0*llu%.*s", p->head_len,
			 p->piece, (int)first_len, (unsigned long long)i,
			 p->tail_len, p->tail);
		int rc = hosts_arg_add_name(hosts, name, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
add_ranges(struct hosts_arg *hosts, const struct piece *p, const char *open,
	   const char *close, struct err *err)
{
	const char *at = open + 1;

	for (;;) {
		const char *comma = memchr(at, ',', (size_t)(close - at));
		const char *end = comma != NULL ? comma : close;
		int rc = add_range(hosts, p, at, (size_t)(end - at), err);

		if (rc < 0 || comma == NULL)
			return rc;
		at = comma + 1;
	}
}

static int
add_piece(struct hosts_arg *hosts, const char *piece, size_t len,
	  struct err *err)
{
	const char *open = memchr(piece, '[', len);
	const char *close = memchr(piece, ']', len);

	if (len == 0 || len > PIECE_MAX)
		return err_set(err, -EINVAL, "\"%.*s\" is no name of a host",
			       (int)(len < 60 ? len : 60), piece);
	if (open == NULL && close == NULL) {
		char name[PIECE_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", (int)len, piece);
		return hosts_arg_add_name(hosts, name, err);
	}
	size_t after = close != NULL ? len - (size_t)(close + 1 - piece) : 0;
	if (open == NULL || close == NULL || close < open ||
	    memchr(open + 1, '[', (size_t)(piece + len - open - 1)) != NULL ||
	    memchr(close + 1, ']', after) != NULL)
		return err_set(err, -EINVAL,
			       "the brackets of \"%.*s\" do not fit together",
			       (int)(len < 60 ? len : 60), piece);
	const struct piece p = { .piece = piece,
				 .head_len = (int)(open - piece),
				 .tail = close + 1,
				 .tail_len = (int)after };
	return add_ranges(hosts, &p, open, close, err);
}

/* Commas part the pieces, but for those within brackets. */
int
hosts_arg_add(struct hosts_arg *hosts, const char *arg, struct err *err)
{
	const char *start = arg;
	bool inside = false;

	for (const char *c = arg;; c++) {
		inside = *c == '[' || (inside && *c != ']');
		if (*c != '\0' && (*c != ',' || inside))
			continue;
		int rc = add_piece(hosts, start, (size_t)(c - start), err);
		if (rc < 0)
			return rc;
		if (*c == '\0')
			return 0;
		start = c + 1;
	}
}
