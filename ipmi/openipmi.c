/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/openipmi.c - OpenIPMI in this process: starting and ending it, the
 * filter before it, and the making of BMCs on it.
 *
 * RAKP-none and HMAC-MD5 are taken out of its tables (rmcp_alg.h).  Integrity
 * "none" and confidentiality "none" cannot be: ipmi/rmcp.h refuses them.
 */
#include <errno.h>
#include <OpenIPMI/ipmi_auth.h>
#include <OpenIPMI/ipmi_lan.h>
#include <OpenIPMI/ipmiif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/resolve.h"
#include "common/secret.h"
#include "ipmi/openipmi_own.h"
#include "ipmi/rmcp_alg.h"

enum { LOCAL_MAX = 100 }; /* /dev/ipmiN: the library refuses more */

static struct ipmi_env *the_env; /* OpenIPMI is one for each process */

/* --- the filter ---------------------------------------------------------- */

static bool
is_from(const struct wire *wire, const struct sockaddr *from)
{
	const struct sockaddr *own =
		(const struct sockaddr *)&wire->address.socket;

	if (wire->local || own->sa_family != from->sa_family)
		return false;
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *a = (const void *)own;
		const struct sockaddr_in *b = (const void *)from;
		return a->sin_port == b->sin_port &&
		       a->sin_addr.s_addr == b->sin_addr.s_addr;
	}
	const struct sockaddr_in6 *a = (const void *)own;
	const struct sockaddr_in6 *b = (const void *)from;
	return a->sin6_port == b->sin6_port &&
	       memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0;
}

static struct wire **
bucket_of(struct ipmi_env *env, const struct sockaddr *address)
{
	const uint8_t *bytes;
	size_t len;
	uint32_t hash = 2166136261u; /* FNV-1a */

	if (address->sa_family == AF_INET) {
		bytes = (const void *)&((const struct sockaddr_in *)address)
				->sin_addr;
		len = 4;
	} else {
		bytes = (const void *)&((const struct sockaddr_in6 *)address)
				->sin6_addr;
		len = 16;
	}
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return &env->wires[hash % WIRE_BUCKETS];
}

static struct wire **
bucket_of_wire(struct ipmi_env *env, const struct wire *wire)
{
	return bucket_of(env, (const struct sockaddr *)&wire->address.socket);
}

void
ipmi_env_add(struct ipmi_env *env, struct wire *wire)
{
	struct wire **bucket = bucket_of_wire(env, wire);

	wire->next = *bucket;
	*bucket = wire;
}

bool
ipmi_env_is_busy_at(struct ipmi_env *env, const struct wire *wire)
{
	const struct sockaddr *own =
		(const struct sockaddr *)&wire->address.socket;

	for (const struct wire *w = *bucket_of(env, own); w != NULL;
	     w = w->next)
		if (w != wire && ipmi_wire_is_opening(w) && is_from(w, own))
			return true;
	return false;
}

static bool
env_filter(void *arg, const struct sockaddr *from, const uint8_t *data,
	   size_t len)
{
	struct ipmi_env *env = arg;
	const struct rmcp_packet packet = rmcp_look(data, len);

	if (packet.kind == RMCP_INVALID)
		return false;
	if (packet.kind == RMCP_OTHER)
		return true;
	for (struct wire *wire = *bucket_of(env, from); wire != NULL;
	     wire = wire->next)
		if (ipmi_wire_is_opening(wire) && is_from(wire, from))
			return ipmi_wire_note(wire, &packet);
	return false;
}

/* --- accounts ------------------------------------------------------------ */

static bool
same_account(const struct ipmi_account *a, const struct ipmi_account *b)
{
	return strcmp(a->user, b->user) == 0 &&
	       strcmp(a->password, b->password) == 0;
}

static struct shared_account *
account_share(struct ipmi_env *env, const struct ipmi_account *account)
{
	struct shared_account *shared = env->accounts;

	while (shared != NULL && !same_account(shared->account, account))
		shared = shared->next;
	if (shared == NULL) {
		shared = xcalloc(1, sizeof(*shared));
		shared->account = secret_new(sizeof(*shared->account));
		*shared->account = *account;
		shared->next = env->accounts;
		env->accounts = shared;
	}
	shared->refs++;
	return shared;
}

static void
account_release(struct ipmi_env *env, struct shared_account *shared)
{
	struct shared_account **at = &env->accounts;

	if (shared == NULL || --shared->refs > 0)
		return;
	while (*at != shared)
		at = &(*at)->next;
	*at = shared->next;
	secret_free(shared->account, sizeof(*shared->account));
	free(shared);
}

static void
unlink_wire(struct ipmi_env *env, const struct wire *wire)
{
	struct wire **at = bucket_of_wire(env, wire);

	while (*at != wire)
		at = &(*at)->next;
	*at = wire->next;
}

void
ipmi_env_forget(struct ipmi_env *env, const struct wire *wire)
{
	unlink_wire(env, wire);
	account_release(env, wire->account);
}

void
ipmi_env_move(struct ipmi_env *env, struct wire *wire,
	      const struct ipmi_address *address)
{
	unlink_wire(env, wire);
	wire->address = *address;
	ipmi_env_add(env, wire);
}

/* --- what the others see ------------------------------------------------- */

struct ipmi_env *
ipmi_env_new(struct loop *loop, struct err *err)
{
	struct ipmi_env *env = xcalloc(1, sizeof(*env));

	if (the_env != NULL) {
		free(env);
		err_set(err, -EBUSY, "IPMI is in use already");
		return NULL;
	}
	env->loop = loop;
	env->handler = os_handler_new(loop, env_filter, env);
	int rv = ipmi_init(env->handler);
	if (rv == 0)
		rv = rmcp_alg_register();
	if (rv != 0) {
		err_set(err, -EIO, "OpenIPMI does not start: error 0x%x",
			(unsigned)rv);
		os_handler_free(env->handler);
		free(env);
		return NULL;
	}
	ipmi_window_init(env);
	the_env = env;
	return env;
}

void
ipmi_env_free(struct ipmi_env *env)
{
	if (env == NULL)
		return;
	the_env = NULL;
	ipmi_window_done(env);
	resolver_free(env->resolver);
	free(env->dns);
	if (env->orphans > 0) {
		/* The library still has timers on them. */
		log_debug("openipmi", "left to the end of the process");
		return;
	}
	rmcp_alg_unregister();
	ipmi_shutdown();
	os_handler_free(env->handler);
	free(env);
}

static const unsigned privileges[] = {
	[IPMI_OPERATOR] = IPMI_PRIVILEGE_OPERATOR,
	[IPMI_ADMINISTRATOR] = IPMI_PRIVILEGE_ADMIN,
};

struct bmc *
bmc_new_lan(struct ipmi_env *env, const struct bmc_target *target,
	    const struct ipmi_account *account, struct err *err)
{
	struct ipmi_address address = { .family = 0 };
	uint16_t port = 0;
	char *name = ipmi_address_name(target->address, &port);

	if (name == NULL &&
	    ipmi_address_parse(target->address, &address, err) < 0)
		return NULL;
	if (target->cipher_suite != 17 && target->cipher_suite != 3) {
		err_set(err, -EINVAL,
			"bmc %s: cipher suite %d is not supported; use 17, or "
			"3 for a BMC that cannot do 17",
			target->address, target->cipher_suite);
		free(name);
		return NULL;
	}

	struct wire *wire = ipmi_wire_new(env);
	wire->address = address;
	wire->named = name != NULL ? ipmi_named_new(name, port) : NULL;
	wire->privilege = privileges[target->privilege];
	wire->account = account_share(env, account);
	wire->may_suite_3 = target->cipher_suite == 3;
	ipmi_env_add(env, wire);
	return bmc_new(&wire->transport, target->address);
}

struct bmc *
bmc_new_local(struct ipmi_env *env, unsigned ifnum, struct err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "/dev/ipmi%u", ifnum);
	if (ifnum >= LOCAL_MAX || access(name, R_OK | W_OK) < 0) {
		err_errno(err, ifnum >= LOCAL_MAX ? -ENOENT : -errno,
			  "no local BMC at %s (load ipmi_devintf and ipmi_si "
			  "where there is one)",
			  name);
		return NULL;
	}

	struct wire *wire = ipmi_wire_new(env);
	wire->local = true;
	wire->ifnum = ifnum;
	ipmi_env_add(env, wire);
	return bmc_new(&wire->transport, name);
}
