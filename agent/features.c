/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/features.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"

bool
features_is_name(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len >= REPORT_NAME_LEN)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) &&
		    strchr("-_.", *text) == NULL)
			return false;
	return true;
}

static size_t
append(struct report_feature *rows, size_t n, const json_t *names,
       enum report_feature_set set)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (!features_is_name(name))
			continue;
		text_copy(rows[n].name, sizeof(rows[n].name), name);
		rows[n].hardware = set == FEATURES_HARDWARE;
		rows[n].usable = set == FEATURES_USABLE;
		n++;
	}
	return n;
}

static int
by_name(const void *a, const void *b)
{
	const struct report_feature *one = a, *other = b;

	return strcmp(one->name, other->name);
}

/* Equal names become one row that is in both sets. */
static size_t
unite(struct report_feature *rows, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept > 0 &&
		    strcmp(rows[kept - 1].name, rows[i].name) == 0) {
			rows[kept - 1].hardware |= rows[i].hardware;
			rows[kept - 1].usable |= rows[i].usable;
		} else {
			rows[kept++] = rows[i];
		}
	}
	return kept < REPORT_FEATURES_MAX ? kept : REPORT_FEATURES_MAX;
}

size_t
features_merge(const json_t *hardware, const json_t *usable,
	       struct report_feature **ret_rows)
{
	size_t room = json_array_size(hardware) + json_array_size(usable);
	struct report_feature *rows = xcalloc(room + 1, sizeof(*rows));
	size_t n = append(rows, 0, hardware, FEATURES_HARDWARE);

	n = append(rows, n, usable, FEATURES_USABLE);
	qsort(rows, n, sizeof(*rows), by_name);
	*ret_rows = rows;
	return unite(rows, n);
}
