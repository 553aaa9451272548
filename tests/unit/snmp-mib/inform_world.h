/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver of informs on a free port, and net-snmp's own tools that send to
 * it: for the tests of the receiver.
 */
#ifndef TESTS_INFORM_WORLD_H
#define TESTS_INFORM_WORLD_H

#include "snmp-mib/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "common/alloc.h"
#include "common/log.h"
#include "snmp-mib/inform.h"

#include "tests/unit/snmp-mib/temp_folder.h"

static char folder[] = "/tmp/test_inform.XXXXXX";
static struct loop *loop;
static struct loop_timer *limit;

static const struct node_notice crash = {
	.kind = NOTICE_VM_CRASH,
	.host_name = "h1",
	.host_uuid = "00112233-4455-6677-8899-aabbccddeeff",
	.boot_id = "ffeeddcc-bbaa-9988-7766-554433221100",
	.condition = 7,
	.sequence = 42,
	.severity = NOTICE_MAJOR,
	.subject = "web",
	.text = "guest panic",
	.vm_index = 3,
	.vm_uuid = "01234567-89ab-cdef-0123-456789abcdef",
	.vm_name = "web"
};

static inline struct node_notice
notice_of(enum notice_kind kind)
{
	struct node_notice notice = crash;

	notice.kind = kind;
	if (kind == NOTICE_VM_CRASH)
		return notice;
	notice.vm_index = 0;
	memset(notice.vm_uuid, 0, sizeof(notice.vm_uuid));
	memset(notice.vm_name, 0, sizeof(notice.vm_name));
	if (kind == NOTICE_DATASTORE_LOST || kind == NOTICE_DATASTORE_BACK) {
		notice.datastore_index = 9;
		snprintf(notice.datastore_name, sizeof(notice.datastore_name),
			 "ds1");
	}
	if (kind == NOTICE_ALARM_RAISED || kind == NOTICE_ALARM_CLEARED)
		snprintf(notice.alarm, sizeof(notice.alarm), "source");
	if (kind == NOTICE_STORM)
		notice.suppressed = UINT32_MAX;
	return notice;
}

struct heard {
	unsigned n;
	struct node_notice last;
};

static inline void
hear(void *arg, const struct node_notice *notice)
{
	struct heard *heard = arg;

	heard->n++;
	heard->last = *notice;
}

static inline void
enough(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static inline void
run_for(int64_t ms)
{
	loop_timer_start(limit, ms);
	loop_run(loop);
}

static inline uint16_t
free_port(int *ret_fd)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	if (ret_fd != NULL)
		*ret_fd = fd;
	else
		close(fd);
	return ntohs(in.sin_port);
}

static inline struct inform *
open_for(uint16_t port, inform_fn fn, inform_pet_fn pet, void *arg)
{
	struct snmp_account account = { .name = "agents",
					.user = "ironherd",
					.auth_password = "auth-password",
					.priv_password = "priv-password",
					.auth = "SHA-256",
					.priv = "AES" };
	char listen[40];
	struct inform_options options = { .listen = listen,
					  .accounts = &account,
					  .n_accounts = 1,
					  .fn = fn,
					  .pet = pet,
					  .arg = arg };
	struct inform *inform = NULL;
	struct err err = { "" };

	snprintf(listen, sizeof(listen), "udp:127.0.0.1:%u", port);
	if (inform_open(loop, &options, &inform, &err) < 0)
		fail_msg("%s", err.text);
	return inform;
}

static inline struct inform *
open_at(uint16_t port, struct heard *heard)
{
	return open_for(port, hear, NULL, heard);
}

/* A binding as arguments of snmpinform. */
static inline void
print_bind(const struct notice_bind *bind, char *command, size_t room)
{
	char oid_text[256], *end = command + strlen(command);
	size_t left = room - strlen(command);

	codec_oid_print(&bind->oid, oid_text, sizeof(oid_text));
	int n = snprintf(end, left, " %s ", oid_text);
	end += n;
	left -= (size_t)n;
	if (bind->value.type == CODEC_INTEGER)
		snprintf(end, left, "i %lld", (long long)bind->value.integer);
	else if (bind->value.type == CODEC_UNSIGNED)
		snprintf(end, left, "u %llu",
			 (unsigned long long)bind->value.number);
	else {
		n = snprintf(end, left, "x '");
		for (size_t i = 0; i < bind->value.n_octets; i++)
			n += snprintf(end + n, left - (size_t)n, "%02x",
				      bind->value.octets[i]);
		snprintf(end + n, left - (size_t)n, "'");
	}
}

/* Runs a net-snmp tool beside the loop; its exit status. */
static inline int
run_tool(const char *command)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < 100; i++) {
		run_for(50);
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

static inline int
send_by_tool(const char *tool, const char *options, uint16_t port,
	     const struct node_notice *notice)
{
	struct notice_bind binds[NOTICE_BINDS_MAX];
	size_t n = notice_encode(notice, binds);
	char command[4096], kind[256];

	snprintf(command, sizeof(command),
		 "MIBS= SNMPCONFPATH=/nonexistent SNMP_PERSISTENT_DIR=%s %s "
		 "-r 1 -t 1 %s 127.0.0.1:%u 1 %s",
		 folder, tool, options, port,
		 codec_oid_print(binds[0].value.oid, kind, sizeof(kind)));
	for (size_t i = 1; i < n; i++)
		print_bind(&binds[i], command, sizeof(command));
	snprintf(command + strlen(command), sizeof(command) - strlen(command),
		 " >%s/tool.log 2>&1", folder);
	return run_tool(command);
}

#define RIGHT                                                      \
	"-v3 -u ironherd -l authPriv -a SHA-256 -A auth-password " \
	"-x AES -X priv-password"

static inline bool
no_tool(int status)
{
	if (status == 127)
		print_message("skipped: no snmpinform here\n");
	return status == 127;
}

static inline int
set_up(void **state)
{
	char engine[64];
	struct err err = { "" };

	(void)state;
	log_start("inform_world", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	snprintf(engine, sizeof(engine), "%s/engine", folder);
	loop = loop_new();
	limit = loop_timer_new(loop, enough, NULL);
	return snmp_engine_start("inform_world", engine, &err);
}

static inline int
tear_down(void **state)
{
	(void)state;
	loop_timer_free(limit);
	loop_free(loop);
	return temp_folder_remove(folder);
}

#endif
