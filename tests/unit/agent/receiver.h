/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/agent/receiver.h - the receiver of informs that the coordinator
 * has, and settings of an agent that sends to it.
 */
#ifndef TESTS_UNIT_AGENT_RECEIVER_H
#define TESTS_UNIT_AGENT_RECEIVER_H

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/account.h"
#include "agent/settings.h"
#include "snmp-mib/engine.h"
#include "snmp-mib/inform.h"
#include "tests/unit/agent/tree.h"

static struct tree tree;
static struct loop *loop;
static char credentials[128], target[64];
static struct settings settings;
static struct report_host self = {
	.name = "h1",
	.uuid = "00112233-4455-6677-8899-aabbccddeeff",
	.boot_id = "ffeeddcc-bbaa-9988-7766-554433221100",
};

static struct node_notice got[16];
static size_t n_got;

static inline int
free_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t size = sizeof(any);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &size), 0);
	close(fd);
	return ntohs(any.sin_port);
}

static inline int
setup(void **state)
{
	struct err err;

	(void)state;
	tree_make(&tree);
	tree_write(&tree, "cred",
		   "snmp \"agents\" { user = \"u ser\" "
		   "auth-password = \"pass \\\"word\" "
		   "priv-password = \"87654321\" }\n");
	snprintf(credentials, sizeof(credentials), "%s",
		 tree_path(&tree, "cred"));
	chmod(credentials, 0600);
	snprintf(target, sizeof(target), "udp:127.0.0.1:%d", free_port());
	settings = (struct settings){ .inform_target = target,
				      .inform_account = "agents",
				      .credentials = credentials };
	assert_int_equal(snmp_engine_start("test", tree_path(&tree, "engine"),
					   &err),
			 0);
	loop = loop_new();
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	loop_free(loop);
	tree_remove(&tree);
	return 0;
}

static inline void
take_notice(void *arg, const struct node_notice *notice)
{
	(void)arg;
	if (n_got < 16)
		got[n_got++] = *notice;
}

static inline struct inform *
open_receiver(void)
{
	struct snmp_account *account;
	struct inform *inform;
	struct err err;

	n_got = 0;
	assert_int_equal(account_load(credentials, "agents", &account, &err),
			 0);
	const struct inform_options options = { .listen = target,
						.accounts = account,
						.n_accounts = 1,
						.fn = take_notice };
	assert_int_equal(inform_open(loop, &options, &inform, &err), 0);
	account_free(account);
	return inform;
}

#endif
