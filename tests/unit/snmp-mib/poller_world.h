/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A poller, fake agents in processes of their own, and what came of a question:
 * for the tests of the poller.
 */
#ifndef TESTS_POLLER_WORLD_H
#define TESTS_POLLER_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "common/log.h"
#include "snmp-mib/poller.h"

#include "tests/unit/snmp-mib/fake_agent.h"
#include "tests/unit/snmp-mib/temp_folder.h"

#define ENGINE_A "80001f888000112233445566778899aabb"
#define ENGINE_B "80001f8880ffeeddccbbaa998877665544"

static const struct random_sizes usual = { 4, 200, 30, 2, 5, 4 };

static char folder[] = "/tmp/test_poller.XXXXXX";
static char engine_file[64], cache_file[64];
static struct loop *loop;

struct fixture {
	struct poller *poller;
	struct fake_agent agent;
	struct poller_host *host;
};

struct outcome {
	bool done;
	int code;
	char text[512];
	uint32_t took_us;
	bool engine_answered;
	struct node_pulse pulse;
	struct node_report *report;
};

static inline void
add_account(struct poller *poller, const char *name, const char *auth,
	    const char *priv)
{
	struct snmp_account account = { .auth = "SHA-256", .priv = "AES" };
	struct err err = { "" };

	snprintf(account.name, sizeof(account.name), "%s", name);
	snprintf(account.user, sizeof(account.user), FAKE_USER);
	snprintf(account.auth_password, sizeof(account.auth_password), "%s",
		 auth);
	snprintf(account.priv_password, sizeof(account.priv_password), "%s",
		 priv);
	if (poller_add_account(poller, &account, &err) < 0)
		fail_msg("%s", err.text);
}

static inline struct poller *
make_poller(const char *cache)
{
	struct poller *poller = poller_new(loop, cache);

	add_account(poller, "right", FAKE_AUTH, FAKE_PRIV);
	add_account(poller, "wrong-auth", "wrong-auth-password", FAKE_PRIV);
	add_account(poller, "wrong-priv", FAKE_AUTH, "wrong-priv-password");
	return poller;
}

static inline struct poller_host *
make_host(struct poller *poller, uint16_t port, const char *account)
{
	struct poller_host *host;
	struct err err = { "" };
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	if (poller_host_new(poller, address, account, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static inline struct fake_agent
make_agent(const char *mode, uint16_t port, struct random_sizes sizes)
{
	struct fake_options options = { .engine = engine_file,
					.seed = 1,
					.sizes = sizes,
					.mode = mode,
					.port = port };
	struct fake_agent agent = fake_agent_start(&options);

	if (agent.port == 0)
		fail_msg("no agent on port %u", port);
	return agent;
}

static inline struct fixture
make_fixture(const char *mode, const char *account)
{
	struct fixture f = { .agent = make_agent(mode, 0, usual),
			     .poller = make_poller(NULL) };

	f.host = make_host(f.poller, f.agent.port, account);
	return f;
}

static inline void
drop_fixture(struct fixture *f)
{
	poller_host_free(f->host);
	poller_free(f->poller);
	fake_agent_stop(&f->agent);
}

static inline void
note(struct outcome *outcome, const struct poller_answer *answer)
{
	outcome->done = true;
	outcome->code = answer->code;
	outcome->took_us = answer->took_us;
	outcome->engine_answered = answer->engine_answered;
	snprintf(outcome->text, sizeof(outcome->text), "%s", answer->text);
	loop_stop(loop);
}

static inline void
pulse_done(void *arg, const struct poller_answer *answer,
	   const struct node_pulse *pulse)
{
	struct outcome *outcome = arg;

	if (pulse != NULL)
		outcome->pulse = *pulse;
	assert_true((answer->code == 0) == (pulse != NULL));
	assert_true((answer->code == 0) == (answer->text[0] == '\0'));
	note(outcome, answer);
}

static inline void
report_done(void *arg, const struct poller_answer *answer,
	    struct node_report *report)
{
	struct outcome *outcome = arg;

	outcome->report = report;
	assert_true((answer->code == 0) == (report != NULL));
	note(outcome, answer);
}

static inline struct outcome
pulse(struct poller_host *host)
{
	struct outcome outcome = { 0 };

	assert_int_equal(poller_pulse(host, 0, pulse_done, &outcome), 0);
	assert_false(outcome.done); /* never from inside */
	while (!outcome.done)
		loop_run(loop);
	return outcome;
}

static inline struct outcome
report_of(struct poller_host *host, const struct node_report *previous)
{
	struct outcome outcome = { 0 };

	assert_int_equal(poller_report(host, previous, 0, report_done,
				       &outcome),
			 0);
	assert_false(outcome.done);
	while (!outcome.done)
		loop_run(loop);
	return outcome;
}

static inline uint64_t
sent_by(const struct poller_host *host)
{
	struct poller_state state;

	poller_host_state(host, &state);
	return state.sent;
}

static inline void
assert_serves(const struct node_report *got, struct random_sizes sizes)
{
	struct node_report *served = random_report(1, &sizes);

	assert_string_equal(report_difference(served, got), "");
	node_report_free(served);
}

static inline int
set_up(void **state)
{
	struct err err = { "" };

	(void)state;
	log_start("poller_world", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	snprintf(engine_file, sizeof(engine_file), "%s/engine", folder);
	snprintf(cache_file, sizeof(cache_file), "%s/cache", folder);
	fake_engine_write(engine_file, ENGINE_A, 1);
	loop = loop_new();
	return snmp_engine_start("poller_world", NULL, &err);
}

static inline int
tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return temp_folder_remove(folder);
}

#endif
