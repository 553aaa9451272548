/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/resolve.h - the address of a name, by DNS and /etc/hosts, without
 * blocking the loop (libevent's evdns).
 *
 * What DNS says is not authentic; who must be sure has to prove the peer.
 */
#ifndef COMMON_RESOLVE_H
#define COMMON_RESOLVE_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/err.h"
#include "common/loop.h"

enum {
	RESOLVE_NAME_MAX = 254, /* with the NUL; RFC 1035, 2.3.4 */
	RESOLVE_TIMEOUT_S = 2,  /* of one server, then the next */
	RESOLVE_ATTEMPTS = 2
};

struct resolver;
struct resolve; /* a question, until it has called back */

/* `server` is "ADDRESS:PORT", NULL for what /etc/resolv.conf and /etc/hosts
 * say, which are read when they are needed, and anew after a failure. */
struct resolver *resolver_new(struct loop *loop, const char *server);
void resolver_free(struct resolver *resolver); /* its questions first */

/* `address` has port 0 and is valid during the call; NULL when there is none,
 * and `why` says so ("no such name"). */
typedef void (*resolve_fn)(void *arg, const struct sockaddr *address,
			   socklen_t len, const char *why);

/* Calls back once, never from inside; IPv4 is preferred.  Not after
 * resolve_cancel(). */
struct resolve *resolve_start(struct resolver *resolver, const char *name,
			      resolve_fn fn, void *arg);
void resolve_cancel(struct resolve *resolve);

/* Letters, digits, dashes and dots, as hosts are named (RFC 1123, 2.1), with
 * a letter in its last part, which sets it apart from an address. */
bool resolve_is_name(const char *text);

#endif
