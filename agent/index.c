/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/num.h"
#include "snmp-mib/node_report.h"

#define FILE_BYTES_MAX (8u << 20)
#define NUMBER_MAX     INT32_MAX /* what an SNMP index of ours may be */
#define HEAD           "ironherd-index 1\n"

struct entry {
	enum index_kind kind;
	uint32_t number;
	char key[REPORT_NAME_LEN];
};

struct index {
	struct entry *entries; /* sorted by kind and key */
	size_t n, room;
	uint32_t next;
	bool dirty;
};

static const char *const kinds[INDEX_KINDS] = { "vm", "datastore", "entity",
						"model" };

/* The lowest number that a thing of this kind may have. */
static uint32_t
first_of(enum index_kind kind)
{
	return kind == INDEX_MODEL ? INDEX_MODEL_FIRST : 1;
}

static int
compare(const struct entry *entry, enum index_kind kind, const char *key)
{
	if (entry->kind != kind)
		return entry->kind < kind ? -1 : 1;
	return strcmp(entry->key, key);
}

static size_t
place_of(const struct index *index, enum index_kind kind, const char *key)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&index->entries[middle], kind, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_there(const struct index *index, size_t place, enum index_kind kind,
	 const char *key)
{
	return place < index->n &&
	       compare(&index->entries[place], kind, key) == 0;
}

static void
insert(struct index *index, size_t place, enum index_kind kind, const char *key,
       uint32_t number)
{
	if (index->n == index->room) {
		index->room = index->room * 2 + 64;
		index->entries = xrealloc(index->entries, index->room,
					  sizeof(*index->entries));
	}
	memmove(&index->entries[place + 1], &index->entries[place],
		(index->n - place) * sizeof(*index->entries));
	struct entry *entry = &index->entries[place];
	entry->kind = kind;
	entry->number = number;
	snprintf(entry->key, sizeof(entry->key), "%s", key);
	index->n++;
}

/* The kind that takes up most: a BMC that renames its sensors all the time
 * must not cost VMs their numbers. */
static enum index_kind
largest_kind(const struct index *index)
{
	size_t counts[INDEX_KINDS] = { 0 };
	unsigned largest = 0;

	for (size_t i = 0; i < index->n; i++)
		counts[index->entries[i].kind]++;
	for (unsigned kind = 1; kind < INDEX_KINDS; kind++)
		if (counts[kind] > counts[largest])
			largest = kind;
	return (enum index_kind)largest;
}

/* What was given a number first has most likely been gone for longest; if it
 * does come back, it gets a new one, and a layout change is seen. */
static void
forget_oldest(struct index *index)
{
	enum index_kind kind = largest_kind(index);
	size_t oldest = index->n;

	for (size_t i = 0; i < index->n; i++)
		if (index->entries[i].kind == kind &&
		    (oldest == index->n ||
		     index->entries[i].number < index->entries[oldest].number))
			oldest = i;
	index->n--;
	memmove(&index->entries[oldest], &index->entries[oldest + 1],
		(index->n - oldest) * sizeof(*index->entries));
}

uint32_t
index_of(struct index *index, enum index_kind kind, const char *key)
{
	size_t place = place_of(index, kind, key);

	if (is_there(index, place, kind, key))
		return index->entries[place].number;
	if (index->n == INDEX_ENTRIES_MAX) {
		forget_oldest(index);
		place = place_of(index, kind, key);
	}
	if (index->next < first_of(kind))
		index->next = first_of(kind);
	if (index->next > NUMBER_MAX)
		log_fatal("index", "two thousand million numbers are used up: "
				   "remove the file index in the state folder");
	index->dirty = true;
	insert(index, place, kind, key, index->next);
	return index->next++;
}

/* --- the file ------------------------------------------------------------- */

static int
parse_entry(struct index *index, char *line)
{
	char *key = strchr(line, ' ');
	char *number = key != NULL ? strrchr(line, ' ') : NULL;
	uint64_t value;

	if (key == NULL || number == key)
		return -EINVAL;
	*key++ = *number++ = '\0';
	if (num_parse_u64(number, index->next - 1, &value) < 0 || value == 0 ||
	    strlen(key) >= REPORT_NAME_LEN || index->n == INDEX_ENTRIES_MAX)
		return -EINVAL;
	for (unsigned kind = 0; kind < INDEX_KINDS; kind++) {
		if (strcmp(kinds[kind], line) != 0)
			continue;
		size_t place = place_of(index, kind, key);
		if (is_there(index, place, kind, key) || value < first_of(kind))
			return -EINVAL;
		insert(index, place, kind, key, (uint32_t)value);
		return 0;
	}
	return -EINVAL;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static bool
has_twins(const struct index *index)
{
	cleanup_free uint32_t *numbers =
		xcalloc(index->n + 1, sizeof(*numbers));

	for (size_t i = 0; i < index->n; i++)
		numbers[i] = index->entries[i].number;
	qsort(numbers, index->n, sizeof(*numbers), by_number);
	for (size_t i = 1; i < index->n; i++)
		if (numbers[i] == numbers[i - 1])
			return true;
	return false;
}

static int
parse(struct index *index, char *text)
{
	char *line, *rest = NULL;
	uint64_t next;

	if (strncmp(text, HEAD, strlen(HEAD)) != 0)
		return -EINVAL;
	line = strtok_r(text + strlen(HEAD), "\n", &rest);
	if (line == NULL || strncmp(line, "next ", 5) != 0 ||
	    num_parse_u64(line + 5, NUMBER_MAX, &next) < 0 || next == 0)
		return -EINVAL;
	index->next = (uint32_t)next;
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL)
		if (strcmp(line, "end") == 0) /* only then it is all there */
			return strtok_r(NULL, "\n", &rest) == NULL &&
					       !has_twins(index)
				       ? 0
				       : -EINVAL;
		else if (parse_entry(index, line) < 0)
			return -EINVAL;
	return -EINVAL;
}

struct index *
index_load(const char *path, uint32_t first)
{
	struct index *index = xcalloc(1, sizeof(*index));
	cleanup_free char *text = NULL;
	struct err err = { "" };
	size_t len = 0;

	index->next = 1;
	int rc = file_read(path, FILE_BYTES_MAX, &text, &len, &err);
	if (rc == -ENOENT)
		return index;
	if (rc == 0 && strlen(text) == len && parse(index, text) == 0)
		return index;
	log_warn("index",
		 "%s is damaged%s%s: rows of VMs and datastores get new "
		 "numbers",
		 path, err.text[0] != '\0' ? ": " : "", err.text);
	index->n = 0;
	index->next = first > 0 && first < NUMBER_MAX / 2 ? first : 1;
	index->dirty = true;
	return index;
}

void
index_free(struct index *index)
{
	if (index == NULL)
		return;
	free(index->entries);
	free(index);
}

bool
index_is_dirty(const struct index *index)
{
	return index->dirty;
}

char *
index_print(struct index *index, size_t *ret_len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_len);

	if (to == NULL)
		log_fatal("index", "out of memory");
	fprintf(to, HEAD "next %" PRIu32 "\n", index->next);
	for (size_t i = 0; i < index->n; i++)
		fprintf(to, "%s %s %" PRIu32 "\n",
			kinds[index->entries[i].kind], index->entries[i].key,
			index->entries[i].number);
	fputs("end\n", to);
	if (fclose(to) != 0)
		log_fatal("index", "out of memory");
	index->dirty = false;
	return text;
}
