/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/stagger.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"

enum { TOKEN = 1000 }; /* counted in thousandths: per second is per ms */

struct bucket {
	bool is_rack;
	char *name;
	int64_t fill; /* thousandths of a token */
	int64_t at_ms;
};

struct stagger {
	int64_t per_second, full;
	struct bucket *buckets;
	size_t n;
};

struct stagger *
stagger_new(unsigned per_second, unsigned burst)
{
	struct stagger *stagger = xcalloc(1, sizeof(*stagger));

	stagger->per_second = per_second;
	stagger->full = (int64_t)burst * TOKEN;
	return stagger;
}

void
stagger_free(struct stagger *stagger)
{
	if (stagger == NULL)
		return;
	for (size_t i = 0; i < stagger->n; i++)
		free(stagger->buckets[i].name);
	free(stagger->buckets);
	free(stagger);
}

static size_t
find_bucket(struct stagger *stagger, bool is_rack, const char *name,
	    int64_t now_ms)
{
	for (size_t i = 0; i < stagger->n; i++)
		if (stagger->buckets[i].is_rack == is_rack &&
		    strcmp(stagger->buckets[i].name, name) == 0)
			return i;
	stagger->buckets = xrealloc(stagger->buckets, stagger->n + 1,
				    sizeof(*stagger->buckets));
	stagger->buckets[stagger->n] = (struct bucket){
		.is_rack = is_rack,
		.name = xstrdup(name),
		.fill = stagger->full,
		.at_ms = now_ms,
	};
	return stagger->n++;
}

/* ms until there is a token. */
static int64_t
refill(const struct stagger *stagger, struct bucket *bucket, int64_t now_ms)
{
	int64_t passed_ms = now_ms - bucket->at_ms;
	int64_t room = stagger->full - bucket->fill;

	/* Full long before this can overflow. */
	if (passed_ms > room / stagger->per_second)
		bucket->fill = stagger->full;
	else if (passed_ms > 0)
		bucket->fill += passed_ms * stagger->per_second;
	bucket->at_ms = now_ms;
	if (bucket->fill >= TOKEN)
		return 0;
	return (TOKEN - bucket->fill + stagger->per_second - 1) /
	       stagger->per_second;
}

int64_t
stagger_take(struct stagger *stagger, const char *feed, const char *rack,
	     int64_t now_ms)
{
	const char *names[] = { feed, rack };
	size_t at[2] = { 0, 0 };
	int64_t wait_ms = 0;

	for (int i = 0; i < 2; i++) {
		if (names[i] == NULL)
			continue;
		at[i] = find_bucket(stagger, i == 1, names[i], now_ms);
		int64_t ms = refill(stagger, &stagger->buckets[at[i]], now_ms);
		if (ms > wait_ms)
			wait_ms = ms;
	}
	if (wait_ms > 0)
		return wait_ms;
	for (int i = 0; i < 2; i++)
		if (names[i] != NULL)
			stagger->buckets[at[i]].fill -= TOKEN;
	return 0;
}
