/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The poller's door: accounts, hosts, and the start of pulses and reports.
 */
#include "snmp-mib/poller_own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/num.h"
#include "snmp-mib/hex.h"

/* --- accounts ------------------------------------------------------------ */

static struct account *
account_find(const struct poller *poller, const char *name)
{
	struct account *account = poller->accounts;

	while (account != NULL && strcmp(account->name, name) != 0)
		account = account->next;
	return account;
}

static void
account_free(struct account *account)
{
	free(account->name);
	free(account->user);
	explicit_bzero(account, sizeof(*account));
	free(account);
}

static int
make_ku(const struct account *account, const char *password, u_char *ret_ku,
	size_t *ret_len)
{
	*ret_len = USM_AUTH_KU_LEN;
	return generate_Ku(account->auth, (u_int)account->auth_len,
			   (const u_char *)password, strlen(password), ret_ku,
			   ret_len) == SNMPERR_SUCCESS
		       ? 0
		       : -EINVAL;
}

static int
account_fill(struct account *account, const struct snmp_account *from,
	     struct err *err)
{
	int auth = usm_lookup_auth_type(from->auth);
	int priv = usm_lookup_priv_type(from->priv);

	account->name = xstrdup(from->name);
	account->user = xstrdup(from->user);
	if (from->user[0] == '\0')
		return err_set(err, -EINVAL, "no user");
	if (auth <= NETSNMP_USMAUTH_NOAUTH)
		return err_set(err, -EINVAL,
			       "unknown authentication protocol \"%s\"",
			       from->auth);
	if (priv < 0 || priv == USM_CREATE_USER_PRIV_NONE)
		return err_set(err, -EINVAL, "unknown privacy protocol \"%s\"",
			       from->priv);
	account->auth = sc_get_auth_oid(auth, &account->auth_len);
	account->priv = sc_get_priv_oid(priv, &account->priv_len);
	if (strlen(from->auth_password) < USM_LENGTH_P_MIN ||
	    strlen(from->priv_password) < USM_LENGTH_P_MIN)
		return err_set(err, -EINVAL,
			       "a password shorter than %d characters",
			       USM_LENGTH_P_MIN);
	if (make_ku(account, from->auth_password, account->auth_ku,
		    &account->auth_ku_len) < 0 ||
	    make_ku(account, from->priv_password, account->priv_ku,
		    &account->priv_ku_len) < 0)
		return err_set(err, -EINVAL, "no key can be made of it");
	return 0;
}

int
poller_add_account(struct poller *poller, const struct snmp_account *from,
		   struct err *err)
{
	if (account_find(poller, from->name) != NULL)
		return err_set(err, -EEXIST, "SNMP account %s given twice",
			       from->name);

	struct account *account = xcalloc(1, sizeof(*account));
	int rc = account_fill(account, from, err);
	if (rc < 0) {
		account_free(account);
		return err_prefix(err, rc, "SNMP account %s", from->name);
	}
	account->next = poller->accounts;
	poller->accounts = account;
	return 0;
}

/* --- the poller ---------------------------------------------------------- */

struct poller *
poller_new(struct loop *loop, const char *cache)
{
	struct poller *poller = xcalloc(1, sizeof(*poller));

	poller->loop = loop;
	poller->cache = engine_cache_new(loop, cache);
	netsnmp_large_fd_set_init(&poller->fds, FD_SETSIZE);
	return poller;
}

void
poller_free(struct poller *poller)
{
	if (poller == NULL)
		return;
	while (poller->accounts != NULL) {
		struct account *account = poller->accounts;

		poller->accounts = account->next;
		account_free(account);
	}
	engine_cache_free(poller->cache);
	netsnmp_large_fd_set_cleanup(&poller->fds);
	free(poller);
}

/* --- hosts --------------------------------------------------------------- */

/*
 * Numeric only (a name would ask a resolver, which blocks), written anew as
 * net-snmp and the cache want it: "10.0.0.1:161" or "[fd00::1]:161".
 */
static int
parse_address(const char *text, char *ret_address, struct err *err)
{
	char host[ENGINE_ADDRESS_MAX];
	bool six = text[0] == '[';
	const char *open = six ? text + 1 : text;
	size_t len = strcspn(open, six ? "]" : ":");
	const char *rest = open + len;
	unsigned char bytes[16];
	uint64_t port = 161;
	bool good = len < sizeof(host) - 16;

	snprintf(host, sizeof(host), "%.*s", good ? (int)len : 0, open);
	good = good && inet_pton(six ? AF_INET6 : AF_INET, host, bytes) == 1;
	if (six && *rest++ != ']')
		good = false;
	else if (rest[0] != '\0')
		good = good && rest[0] == ':' &&
		       num_parse_u64(rest + 1, 65535, &port) == 0 && port != 0;
	if (!good)
		return err_set(err, -EINVAL,
			       "%s: not a numeric address with a port, as in "
			       "10.0.0.1:161 or [fd00::1]:161",
			       text);
	snprintf(ret_address, ENGINE_ADDRESS_MAX, six ? "[%s]:%u" : "%s:%u",
		 host, (unsigned)port);
	return 0;
}

static void
timer_fired(void *arg)
{
	host_settle(arg);
}

static void
host_link(struct poller_host *host)
{
	host->next = host->poller->hosts;
	if (host->next != NULL)
		host->next->prev = host;
	host->poller->hosts = host;
}

int
poller_host_new(struct poller *poller, const char *address, const char *account,
		struct poller_host **ret_host, struct err *err)
{
	struct poller_host *host = xcalloc(1, sizeof(*host));
	uint8_t id[ENGINE_ID_MAX];
	int rc = parse_address(address, host->address, err);

	if (rc < 0)
		goto fail;
	host->poller = poller;
	host->account = account_find(poller, account);
	if (host->account == NULL) {
		rc = err_set(err, -ENOKEY,
			     "no SNMP account \"%s\" in the credentials",
			     account);
		goto fail;
	}
	rc = session_open(host, err);
	if (rc < 0)
		goto fail;
	host->timer = loop_timer_new(poller->loop, timer_fired, host);
	host->pulse.job.host = host->report.job.host = host->number.job.host =
		host;
	host->pulse.job.kind = &pulse_kind;
	host->report.job.kind = &report_kind;
	host->number.job.kind = &number_kind;
	host_link(host);

	size_t len = engine_cache_get(poller->cache, host->address, id);
	if (len > 0)
		(void)session_set_engine(host, id, len);
	*ret_host = host;
	return 0;
fail:
	free(host);
	return rc;
}

void
poller_host_free(struct poller_host *host)
{
	if (host == NULL)
		return;
	if (host->prev != NULL)
		host->prev->next = host->next;
	else
		host->poller->hosts = host->next;
	if (host->next != NULL)
		host->next->prev = host->prev;
	queue_forget(host);
	session_close(host);
	loop_timer_free(host->timer);
	codec_reading_free(host->report.reading);
	node_report_free(host->report.report);
	host->freed = true;
	if (!host->settling)
		free(host);
}

/* --- asking -------------------------------------------------------------- */

int
poller_pulse(struct poller_host *host, int64_t deadline_ms, poller_pulse_fn fn,
	     void *arg)
{
	if (host->pulse.job.active)
		return -EBUSY;
	host->pulse.fn = fn;
	host->pulse.arg = arg;
	job_ask(&host->pulse.job,
		deadline_ms > 0 ? deadline_ms : POLLER_PULSE_MS);
	return 0;
}

int
poller_report(struct poller_host *host, const struct node_report *previous,
	      int64_t deadline_ms, poller_report_fn fn, void *arg)
{
	if (host->report.job.active)
		return -EBUSY;
	host->report.fn = fn;
	host->report.arg = arg;
	report_begin(&host->report, previous);
	queue_report(host, deadline_ms > 0 ? deadline_ms : POLLER_REPORT_MS);
	return 0;
}

int
poller_number(struct poller_host *host, const struct poller_ask *what,
	      int64_t deadline_ms, poller_number_fn fn, void *arg)
{
	if (host->number.job.active)
		return -EBUSY;
	host->number.fn = fn;
	host->number.arg = arg;
	host->number.ask = *what;
	job_ask(&host->number.job,
		deadline_ms > 0 ? deadline_ms : POLLER_NUMBER_MS);
	return 0;
}

void
poller_host_state(const struct poller_host *host,
		  struct poller_state *ret_state)
{
	*ret_state = (struct poller_state){
		.engine_known = host->engine_len > 0,
		.denied = host->denied,
		.denied_until_ms = host->denied >= POLLER_DENIED_MAX
					   ? host->denied_until_ms
					   : 0,
		.sent = host->sent,
		.received = host->received,
		.timeouts = host->timeouts,
	};
	hex_print(host->engine, host->engine_len, ret_state->engine_id);
}
