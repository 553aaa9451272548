/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/named.c - a BMC that is found by name: which address it has just now.
 *
 * Asked before a handshake, never during a session, and only when the address
 * is not known or no session came of it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/resolve.h"
#include "ipmi/openipmi_own.h"

static struct resolver *
resolver_of(struct ipmi_env *env)
{
	if (env->resolver == NULL)
		env->resolver = resolver_new(env->loop, env->dns);
	return env->resolver;
}

static void
take_address(struct wire *wire, const struct sockaddr *found)
{
	struct ipmi_address address;

	if (ipmi_address_from(found, wire->named->port, &address) == 0)
		ipmi_env_move(wire->env, wire, &address);
}

/* An address that once was right may still be: DNS has failed, not the BMC. */
static void
came(void *arg, const struct sockaddr *found, socklen_t len, const char *why)
{
	struct wire *wire = arg;

	(void)len;
	wire->named->resolving = NULL;
	if (found != NULL)
		take_address(wire, found);
	else
		log_debug("bmc", "%s: %s", wire->named->name, why);
	if (wire->address.family != 0) {
		ipmi_wire_open_now(wire);
		return;
	}
	snprintf(wire->named->text, sizeof(wire->named->text),
		 "\"%.60s\" has no address: %.100s", wire->named->name, why);
	ipmi_wire_fail(wire, IPMI_NO_SESSION, wire->named->text);
}

bool
ipmi_named_ask(struct wire *wire)
{
	struct named *named = wire->named;

	if (named == NULL)
		return false;
	bool known = wire->address.family != 0 && !named->is_stale;
	named->is_stale = true; /* until a session comes of it */
	if (known)
		return false;
	named->resolving =
		resolve_start(resolver_of(wire->env), named->name, came, wire);
	return true;
}

bool
ipmi_named_is_asking(const struct wire *wire)
{
	return wire->named != NULL && wire->named->resolving != NULL;
}

void
ipmi_named_cancel(struct wire *wire)
{
	if (wire->named == NULL)
		return;
	resolve_cancel(wire->named->resolving);
	wire->named->resolving = NULL;
}

void
ipmi_named_was_right(struct wire *wire)
{
	if (wire->named != NULL)
		wire->named->is_stale = false;
}

struct named *
ipmi_named_new(char *name, uint16_t port)
{
	struct named *named = xcalloc(1, sizeof(*named));

	named->name = name;
	named->port = port;
	return named;
}

void
ipmi_named_free(struct named *named)
{
	if (named == NULL)
		return;
	free(named->name);
	free(named);
}

void
ipmi_env_set_dns(struct ipmi_env *env, const char *server)
{
	env->dns = xstrdup(server);
}
