/* SPDX-License-Identifier: Apache-2.0 */
#include "common/resolve.h"

#include <ctype.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/log.h"

struct resolver {
	struct loop *loop;
	char *server;
	struct evdns_base *dns; /* NULL: read the files first */
	unsigned asking;
	bool stale; /* to be read anew when nobody asks */
};

/* evdns answers at once what it knows without asking, and calls back from
 * cancelling: the timer makes one of both. */
struct resolve {
	struct resolver *resolver;
	resolve_fn fn;
	void *arg;
	struct evdns_getaddrinfo_request *request; /* under way */
	struct loop_timer *timer;
	bool ended, cancelled;
	struct sockaddr_storage address;
	socklen_t len; /* 0: none */
	char why[128];
};

/* --- the resolver -------------------------------------------------------- */

static void
resolver_drop(struct resolver *resolver)
{
	if (resolver->dns != NULL)
		evdns_base_free(resolver->dns, 0);
	resolver->dns = NULL;
	resolver->stale = false;
}

static void
set_option(struct evdns_base *dns, const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	(void)evdns_base_set_option(dns, name, text);
}

/* Each question tells its own failure. */
static void
log_line(int is_warning, const char *text)
{
	(void)is_warning;
	log_debug("dns", "%s", text);
}

static struct evdns_base *
dns_of(struct resolver *resolver)
{
	if (resolver->stale && resolver->asking == 0)
		resolver_drop(resolver);
	if (resolver->dns != NULL)
		return resolver->dns;
	resolver->dns = evdns_base_new(loop_base(resolver->loop),
				       EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (resolver->dns == NULL)
		return NULL;
	/* Without a file there is nobody to ask, which each question says. */
	if (resolver->server != NULL)
		(void)evdns_base_nameserver_ip_add(resolver->dns,
						   resolver->server);
	else
		(void)evdns_base_resolv_conf_parse(resolver->dns,
						   DNS_OPTIONS_ALL,
						   "/etc/resolv.conf");
	set_option(resolver->dns, "timeout:", RESOLVE_TIMEOUT_S);
	set_option(resolver->dns, "attempts:", RESOLVE_ATTEMPTS);
	set_option(resolver->dns, "randomize-case:", 0); /* some are confused */
	return resolver->dns;
}

struct resolver *
resolver_new(struct loop *loop, const char *server)
{
	struct resolver *resolver = xcalloc(1, sizeof(*resolver));

	evdns_set_log_fn(log_line);
	resolver->loop = loop;
	if (server != NULL)
		resolver->server = xstrdup(server);
	return resolver;
}

void
resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	resolver_drop(resolver);
	free(resolver->server);
	free(resolver);
}

/* --- a question ---------------------------------------------------------- */

static void
resolve_free(struct resolve *resolve)
{
	loop_timer_free(resolve->timer);
	free(resolve);
}

static void
tell(void *arg)
{
	struct resolve *resolve = arg;
	bool found = resolve->len > 0;

	resolve->fn(resolve->arg,
		    found ? (const struct sockaddr *)&resolve->address : NULL,
		    resolve->len, resolve->why);
	resolve_free(resolve);
}

static void
keep_first(struct resolve *resolve, const struct evutil_addrinfo *list)
{
	const struct evutil_addrinfo *best = list;

	while (best != NULL && best->ai_family != AF_INET)
		best = best->ai_next;
	if (best == NULL)
		best = list;
	if (best == NULL || best->ai_addrlen > sizeof(resolve->address))
		return;
	memcpy(&resolve->address, best->ai_addr, best->ai_addrlen);
	resolve->len = (socklen_t)best->ai_addrlen;
}

static void
fail(struct resolve *resolve, int code)
{
	resolve->resolver->stale = true;
	snprintf(resolve->why, sizeof(resolve->why), "%s",
		 code == 0 ? "the name has no address"
			   : evutil_gai_strerror(code));
}

static void
came(int code, struct evutil_addrinfo *list, void *arg)
{
	struct resolve *resolve = arg;

	resolve->resolver->asking--;
	resolve->request = NULL;
	if (code == 0)
		keep_first(resolve, list);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	if (resolve->cancelled) {
		resolve_free(resolve);
		return;
	}
	if (resolve->len == 0)
		fail(resolve, code);
	resolve->ended = true;
	loop_timer_start(resolve->timer, 0);
}

struct resolve *
resolve_start(struct resolver *resolver, const char *name, resolve_fn fn,
	      void *arg)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
					       .ai_socktype = SOCK_DGRAM };
	struct resolve *resolve = xcalloc(1, sizeof(*resolve));
	struct evdns_base *dns = dns_of(resolver);

	resolve->resolver = resolver;
	resolve->fn = fn;
	resolve->arg = arg;
	resolve->timer = loop_timer_new(resolver->loop, tell, resolve);
	if (dns == NULL) {
		fail(resolve, EVUTIL_EAI_FAIL);
		loop_timer_start(resolve->timer, 0);
		return resolve;
	}
	resolver->asking++;
	struct evdns_getaddrinfo_request *request =
		evdns_getaddrinfo(dns, name, NULL, &hints, came, resolve);
	if (!resolve->ended)
		resolve->request = request;
	return resolve;
}

void
resolve_cancel(struct resolve *resolve)
{
	if (resolve == NULL)
		return;
	if (resolve->request == NULL) {
		resolve_free(resolve);
		return;
	}
	resolve->cancelled = true;
	evdns_getaddrinfo_cancel(resolve->request); /* calls back soon */
}

/* --- names --------------------------------------------------------------- */

static bool
is_label(const char *text, size_t len)
{
	if (len == 0 || len > 63 || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-')
			return false;
	return true;
}

bool
resolve_is_name(const char *text)
{
	const char *label = text;

	if (strlen(text) >= RESOLVE_NAME_MAX)
		return false;
	for (;;) {
		size_t len = strcspn(label, ".");

		if (!is_label(label, len))
			return false;
		if (label[len] == '\0')
			return strspn(label, "0123456789") != len;
		label += len + 1;
	}
}
