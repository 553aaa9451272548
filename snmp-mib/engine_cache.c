/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file: "ironherd-engines 1", then lines of "ADDRESS HEX".
 */
#include "snmp-mib/engine_cache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "snmp-mib/hex.h"

enum {
	LINE_MAX_LEN = ENGINE_ADDRESS_MAX + 2 * ENGINE_ID_MAX + 2,
	FILE_BYTES_MAX = ENGINE_CACHE_MAX * LINE_MAX_LEN + 64,
	SAVE_DELAY_MS = 2000 /* many hosts are met at once after a start */
};

static const char first_line[] = "ironherd-engines 1\n";

struct entry {
	char address[ENGINE_ADDRESS_MAX];
	uint8_t id[ENGINE_ID_MAX];
	size_t len;
};

struct engine_cache {
	char *path;
	struct loop_timer *timer;
	bool dirty;
	struct entry *entries; /* sorted by address */
	size_t n, room;
};

/* The place of an address, or where it belongs. */
static size_t
search(const struct engine_cache *cache, const char *address)
{
	size_t low = 0, high = cache->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(cache->entries[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
is_at(const struct engine_cache *cache, size_t at, const char *address)
{
	return at < cache->n &&
	       strcmp(cache->entries[at].address, address) == 0;
}

/* True when that is news. */
static bool
set(struct engine_cache *cache, const char *address, const uint8_t *id,
    size_t len)
{
	size_t at = search(cache, address);

	if (strlen(address) >= ENGINE_ADDRESS_MAX)
		return false;
	if (is_at(cache, at, address)) {
		struct entry *old = &cache->entries[at];
		if (old->len == len && memcmp(old->id, id, len) == 0)
			return false;
	} else {
		if (cache->n == ENGINE_CACHE_MAX)
			return false;
		if (cache->n == cache->room) {
			cache->room = cache->room ? cache->room * 2 : 64;
			cache->entries = xrealloc(cache->entries, cache->room,
						  sizeof(*cache->entries));
		}
		memmove(&cache->entries[at + 1], &cache->entries[at],
			(cache->n - at) * sizeof(*cache->entries));
		cache->n++;
	}

	struct entry *entry = &cache->entries[at];
	memset(entry, 0, sizeof(*entry));
	snprintf(entry->address, sizeof(entry->address), "%s", address);
	memcpy(entry->id, id, len);
	entry->len = len;
	return true;
}

/* --- the file ------------------------------------------------------------ */

static bool
parse_line(struct engine_cache *cache, const char *line)
{
	char address[ENGINE_ADDRESS_MAX], hex[2 * ENGINE_ID_MAX + 1];
	uint8_t id[ENGINE_ID_MAX];
	int used = 0;

	if (sscanf(line, "%63[0-9a-fA-F.:%%] %64[0-9a-f]%n", address, hex,
		   &used) != 2 ||
	    line[used] != '\0')
		return false;

	size_t len = strlen(hex) / 2;
	if (len < ENGINE_ID_MIN || !hex_parse(hex, id, len))
		return false;
	(void)set(cache, address, id, len);
	return true;
}

static bool
parse(struct engine_cache *cache, char *text)
{
	char *save = NULL;

	if (strncmp(text, first_line, strlen(first_line)) != 0)
		return false;
	for (char *line = strtok_r(text + strlen(first_line), "\n", &save);
	     line != NULL; line = strtok_r(NULL, "\n", &save))
		if (!parse_line(cache, line))
			return false;
	return true;
}

static void
load(struct engine_cache *cache)
{
	cleanup_free char *text = NULL;
	struct err err = { "" };
	int rc = file_read_secret(cache->path, FILE_BYTES_MAX, &text, NULL,
				  &err);

	if (rc == -ENOENT)
		return;
	if (rc < 0) {
		log_warn("snmp", "%s; engines will be asked for again",
			 err.text);
	} else if (!parse(cache, text)) {
		log_warn("snmp", "%s: damaged; engines will be asked for again",
			 cache->path);
		cache->n = 0;
	}
}

static void
save(void *arg)
{
	struct engine_cache *cache = arg;
	cleanup_free char *text = NULL;
	size_t len = 0;
	struct err err = { "" };

	if (!cache->dirty || cache->path == NULL)
		return;

	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return;
	fputs(first_line, out);
	for (size_t i = 0; i < cache->n; i++) {
		char hex[2 * ENGINE_ID_MAX + 1];

		hex_print(cache->entries[i].id, cache->entries[i].len, hex);
		fprintf(out, "%s %s\n", cache->entries[i].address, hex);
	}
	if (fclose(out) != 0)
		return;
	cache->dirty = false;
	if (file_write_atomic(cache->path, 0600, text, len, &err) < 0)
		log_warn("snmp", "engine ids not kept: %s", err.text);
}

/* --- the door ------------------------------------------------------------ */

struct engine_cache *
engine_cache_new(struct loop *loop, const char *path)
{
	struct engine_cache *cache = xcalloc(1, sizeof(*cache));

	cache->timer = loop_timer_new(loop, save, cache);
	if (path != NULL) {
		cache->path = xstrdup(path);
		load(cache);
	}
	return cache;
}

void
engine_cache_free(struct engine_cache *cache)
{
	if (cache == NULL)
		return;
	save(cache);
	loop_timer_free(cache->timer);
	free(cache->entries);
	free(cache->path);
	free(cache);
}

size_t
engine_cache_get(const struct engine_cache *cache, const char *address,
		 uint8_t ret_id[ENGINE_ID_MAX])
{
	size_t at = search(cache, address);

	if (!is_at(cache, at, address))
		return 0;
	memcpy(ret_id, cache->entries[at].id, cache->entries[at].len);
	return cache->entries[at].len;
}

void
engine_cache_put(struct engine_cache *cache, const char *address,
		 const uint8_t *id, size_t len)
{
	if (len < ENGINE_ID_MIN || len > ENGINE_ID_MAX ||
	    !set(cache, address, id, len))
		return;
	cache->dirty = true;
	loop_timer_start(cache->timer, SAVE_DELAY_MS);
}
