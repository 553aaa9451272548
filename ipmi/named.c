/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/named.c - a BMC that is found by name: which address it has just now.
 *
 * Asked before a handshake, never during a session, and only when the address
 * is not known or no session came of it.
 */
#include <stdio.h>

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

	if (ipmi_address_from(found, wire->name_port, &address) == 0)
		ipmi_env_move(wire->env, wire, &address);
}

/* An address that once was right may still be: DNS has failed, not the BMC. */
static void
came(void *arg, const struct sockaddr *found, socklen_t len, const char *why)
{
	struct wire *wire = arg;

	(void)len;
	wire->resolving = NULL;
	if (found != NULL)
		take_address(wire, found);
	else
		log_debug("bmc", "%s: %s", wire->name, why);
	if (wire->address.family != 0) {
		ipmi_wire_open_now(wire);
		return;
	}
	snprintf(wire->name_text, sizeof(wire->name_text),
		 "\"%.60s\" has no address: %.100s", wire->name, why);
	ipmi_wire_fail(wire, IPMI_NO_SESSION, wire->name_text);
}

bool
ipmi_named_ask(struct wire *wire)
{
	bool known = wire->address.family != 0 && !wire->name_is_stale;

	if (wire->name == NULL)
		return false;
	/* Until a session comes of it, see wire_is_up(). */
	wire->name_is_stale = true;
	if (known)
		return false;
	wire->resolving =
		resolve_start(resolver_of(wire->env), wire->name, came, wire);
	return true;
}

void
ipmi_named_cancel(struct wire *wire)
{
	resolve_cancel(wire->resolving);
	wire->resolving = NULL;
}

void
ipmi_env_set_dns(struct ipmi_env *env, const char *server)
{
	env->dns = xstrdup(server);
}
