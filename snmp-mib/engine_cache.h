/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/engine_cache.h - which SNMP engine lives at which address, kept in
 * a file so that a restarted poller gets its first answers at once.
 *
 * Ids only: localised keys come out of an account's key in microseconds, and
 * a file of keys would be a secret that outlives a change of password.
 */
#ifndef SNMP_MIB_ENGINE_CACHE_H
#define SNMP_MIB_ENGINE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"

enum {
	ENGINE_ID_MIN = 5, /* RFC 3411 */
	ENGINE_ID_MAX = 32,
	ENGINE_ADDRESS_MAX = 64,
	ENGINE_CACHE_MAX = 16384 /* addresses */
};

struct engine_cache;

/* `path` NULL: nothing is kept.  A damaged file is ignored with a warning. */
struct engine_cache *engine_cache_new(struct loop *loop, const char *path);
void engine_cache_free(struct engine_cache *cache); /* writes what is new */

/* Length of the id, 0 when unknown. */
size_t engine_cache_get(const struct engine_cache *cache, const char *address,
			uint8_t ret_id[ENGINE_ID_MAX]);
/* Written to the file a moment later. */
void engine_cache_put(struct engine_cache *cache, const char *address,
		      const uint8_t *id, size_t len);

#endif
