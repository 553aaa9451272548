/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks over a report, and objects by their names: for the tests of the codec.
 */
#ifndef TESTS_CODEC_WALK_H
#define TESTS_CODEC_WALK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "snmp-mib/codec_own.h"
#include "tests/unit/snmp-mib/random_report.h"

static const struct random_sizes usual = { 4, 300, 100, 3, 20, 5 };

struct walked {
	struct codec_oid oid;
	struct codec_value value;
};

/* Everything, in the order of the walk. */
static inline struct walked *
walk(const struct node_report *report, uint32_t late_ms, size_t *ret_n)
{
	struct walked *all = NULL;
	struct codec_oid at = { .len = 0 };
	struct codec_value value;
	size_t n = 0, room = 0;

	while (codec_next(report, late_ms, &at, &at, &value) == 0) {
		if (n == room) {
			struct walked *old = all;

			room = room ? room * 2 : 1024;
			all = xcalloc(room, sizeof(*all));
			for (size_t i = 0; i < n; i++) {
				all[i].oid = old[i].oid;
				codec_value_copy(&all[i].value, &old[i].value);
			}
			free(old);
		}
		all[n].oid = at;
		codec_value_copy(&all[n++].value, &value);
	}
	*ret_n = n;
	return all;
}

static inline void
oid_named(const char *name, uint32_t instance, struct codec_oid *ret_oid)
{
	for (size_t s = 0; s < CODEC_SECTIONS; s++)
		for (size_t c = 0; c < codec_sections[s].n_columns; c++) {
			if (strcmp(codec_sections[s].columns[c].name, name) !=
			    0)
				continue;
			codec_oid_of(&codec_sections[s],
				     &codec_sections[s].columns[c], ret_oid);
			ret_oid->ids[ret_oid->len++] = instance;
			return;
		}
	fail_msg("no object %s", name);
}

#define INT(n) ((struct codec_value){ .type = CODEC_INTEGER, .integer = (n) })
#define UNS(n) ((struct codec_value){ .type = CODEC_UNSIGNED, .number = (n) })
#define OCT(text, n)                                              \
	((struct codec_value){ .type = CODEC_OCTETS,              \
			       .octets = (const uint8_t *)(text), \
			       .n_octets = (n) })

#endif
