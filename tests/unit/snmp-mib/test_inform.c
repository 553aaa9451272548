/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: their bindings both ways, and the receiver of informs against
 * net-snmp's own snmpinform, garbage and a port that is taken.
 */
#include "tests/unit/snmp-mib/inform_world.h"

static char self[4096]; /* our program */

static void
assert_same_notice(const struct node_notice *a, const struct node_notice *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->host_name, b->host_name);
	assert_string_equal(a->host_uuid, b->host_uuid);
	assert_string_equal(a->boot_id, b->boot_id);
	assert_int_equal(a->condition, b->condition);
	assert_int_equal(a->sequence, b->sequence);
	assert_int_equal(a->severity, b->severity);
	assert_string_equal(a->subject, b->subject);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->vm_index, b->vm_index);
	assert_string_equal(a->vm_uuid, b->vm_uuid);
	assert_string_equal(a->vm_name, b->vm_name);
	assert_int_equal(a->datastore_index, b->datastore_index);
	assert_string_equal(a->datastore_name, b->datastore_name);
	assert_string_equal(a->alarm, b->alarm);
	assert_int_equal(a->suppressed, b->suppressed);
}

/* --- bindings ------------------------------------------------------------ */

static void
every_kind_of_notice_survives_the_way_out_and_in(void **state)
{
	(void)state;
	for (unsigned kind = NOTICE_AGENT_START; kind <= NOTICE_STORM; kind++) {
		struct node_notice notice = notice_of(kind), back;
		struct notice_bind binds[NOTICE_BINDS_MAX];
		struct err err = { "" };
		size_t n = notice_encode(&notice, binds);

		assert_true(n >= 9 && n < NOTICE_BINDS_MAX);
		assert_int_equal(notice_decode(binds, n, &back, &err), 0);
		assert_same_notice(&notice, &back);
		assert_string_not_equal(notice_kind_name(kind), "unknown");
	}
	assert_string_equal(notice_kind_name(0), "unknown");
	assert_string_equal(notice_kind_name(99), "unknown");
}

static void
a_notice_without_any_one_of_its_bindings_is_refused(void **state)
{
	struct node_notice notice = notice_of(NOTICE_VM_CRASH), back;
	struct notice_bind binds[NOTICE_BINDS_MAX], some[NOTICE_BINDS_MAX];
	size_t n = notice_encode(&notice, binds);

	(void)state;
	for (size_t but = 0; but < n; but++) {
		struct err err = { "" };
		size_t m = 0;

		for (size_t i = 0; i < n; i++)
			if (i != but)
				some[m++] = binds[i];
		assert_int_equal(notice_decode(some, m, &back, &err),
				 but == 0 ? -ENOENT : -EPROTO);
		assert_true(err.text[0] != '\0');
	}
}

static void
notices_of_others_and_of_newer_agents_are_told_apart(void **state)
{
	struct node_notice notice = notice_of(NOTICE_AGENT_START), back;
	struct notice_bind binds[NOTICE_BINDS_MAX];
	struct codec_oid kind;
	size_t n = notice_encode(&notice, binds);

	(void)state;
	kind = *binds[0].value.oid;
	binds[0].value.oid = &kind;
	kind.ids[kind.len - 1] = 77;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -ENOENT);
	kind.len--;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -ENOENT);
	kind.len = 0;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -ENOENT);
	binds[0].value.type = CODEC_OCTETS;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -ENOENT);
	assert_int_equal(notice_decode(binds, 0, &back, NULL), -ENOENT);
}

static void
instances_and_values_of_a_notice_are_checked(void **state)
{
	struct node_notice notice = notice_of(NOTICE_VM_CRASH), back;
	struct notice_bind binds[NOTICE_BINDS_MAX];
	size_t n = notice_encode(&notice, binds);

	(void)state;
	struct codec_oid *vm = &binds[n - 1].oid;
	vm->ids[vm->len - 1] = 0;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -EPROTO);
	vm->ids[vm->len - 1] = UINT32_MAX;
	assert_int_equal(notice_decode(binds, n, &back, NULL), -EPROTO);
	vm->ids[vm->len - 1] = 3;
	assert_int_equal(notice_decode(binds, n, &back, NULL), 0);
	binds[6].value.integer = 6; /* severity */
	assert_int_equal(notice_decode(binds, n, &back, NULL), -EPROTO);
}

/* --- the receiver -------------------------------------------------------- */

static void
informs_are_acknowledged_and_read(void **state)
{
	struct heard heard = { 0 };
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);

	(void)state;
	for (unsigned kind = NOTICE_AGENT_START; kind <= NOTICE_STORM; kind++) {
		struct node_notice notice = notice_of(kind);
		int status = send_by_tool("snmpinform", RIGHT, port, &notice);

		if (no_tool(status)) {
			inform_close(inform);
			skip();
		}
		assert_int_equal(status, 0); /* 1: not acknowledged */
		assert_int_equal(heard.n, kind);
		assert_same_notice(&heard.last, &notice);
		assert_int_equal(strncmp(heard.last.source, "[127.0.0.1]:", 12),
				 0);
	}
	inform_close(inform);
}

static void
informs_of_strangers_are_not_heard(void **state)
{
	static const char *const options[] = {
		"-v3 -u ironherd -l authPriv -a SHA-256 -A wrong-password "
		"-x AES -X priv-password",
		"-v3 -u ironherd -l authPriv -a SHA-256 -A auth-password "
		"-x AES -X wrong-password",
		"-v3 -u nobody -l authPriv -a SHA-256 -A auth-password "
		"-x AES -X priv-password",
		"-v3 -u ironherd -l noAuthNoPriv",
		"-v3 -u ironherd -l authNoPriv -a SHA-256 -A auth-password",
		"-v2c -c public",
	};
	struct heard heard = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int status =
			send_by_tool("snmpinform", options[i], port, &crash);

		if (no_tool(status)) {
			inform_close(inform);
			skip();
		}
		assert_int_not_equal(status, 0);
	}
	(void)send_by_tool("snmptrap", "-v2c -c public", port, &crash);
	(void)send_by_tool("snmptrap", RIGHT, port, &crash);
	assert_int_equal(heard.n, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.accepted, 0);
	assert_true(counts.insecure >= 4);
	inform_close(inform);
}

static void
foreign_and_malformed_notifications_are_counted(void **state)
{
	struct node_notice notice = notice_of(NOTICE_AGENT_STOP);
	struct heard heard = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);

	(void)state;
	/* snmpinform's arguments are cut by an extra "uptime kind": coldStart
	 * without bindings of ours. */
	char options[512];
	snprintf(options, sizeof(options),
		 RIGHT " 127.0.0.1:%u 1 "
		       "1.3.6.1.6.3.1.1.5.1 #",
		 port);
	int status = send_by_tool("snmpinform", options, port, &notice);
	if (no_tool(status)) {
		inform_close(inform);
		skip();
	}
	assert_int_equal(status, 0);
	char root[128];
	codec_oid_print(codec_root(), root, sizeof(root));
	snprintf(options, sizeof(options), RIGHT " 127.0.0.1:%u 1 %s.0.1 #",
		 port, root);
	assert_int_equal(send_by_tool("snmpinform", options, port, &notice), 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.foreign, 1);
	assert_int_equal(counts.malformed, 1);
	assert_int_equal(heard.n, 0);
	inform_close(inform);
}

/* Random bytes, and messages of every length that begin well. */
static void
garbage_does_no_harm(void **state)
{
	static const uint8_t start[] = { 0x30, 0x82, 0x01, 0x00, 0x02, 0x01,
					 0x03, 0x30, 0x0e, 0x02, 0x01, 0x01,
					 0x02, 0x03, 0x00, 0xff, 0xe3, 0x04,
					 0x01, 0x07, 0x02, 0x01, 0x03, 0x04 };
	struct heard heard = { 0 };
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned seed = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[300];
		size_t n = (size_t)rand_r(&seed) % sizeof(bytes);

		for (size_t j = 0; j < n; j++)
			bytes[j] = (uint8_t)rand_r(&seed);
		if (i % 2 == 0)
			memcpy(bytes, start, n < 24 ? n : 24);
		if (i % 4 == 0 && n > 4)
			bytes[3] = (uint8_t)(n - 4), bytes[2] = 0;
		(void)sendto(fd, bytes, n, 0, (struct sockaddr *)&in,
			     sizeof(in));
		if (i % 50 == 0)
			run_for(1);
	}
	run_for(100);
	close(fd);
	assert_int_equal(heard.n, 0);
	int status = send_by_tool("snmpinform", RIGHT, port, &crash);
	if (status != 127)
		assert_int_equal(heard.n, 1);
	inform_close(inform);
}

static void
a_port_that_is_taken_is_named(void **state)
{
	struct snmp_account account = { .name = "agents" };
	struct inform *inform = NULL;
	struct err err = { "" };
	char listen[40];
	int fd;
	uint16_t port = free_port(&fd);
	struct inform_options options = { .listen = listen,
					  .accounts = &account,
					  .n_accounts = 0 };

	(void)state;
	snprintf(listen, sizeof(listen), "udp:127.0.0.1:%u", port);
	assert_int_equal(inform_open(loop, &options, &inform, &err),
			 -EADDRINUSE);
	assert_non_null(strstr(err.text, "127.0.0.1:"));
	close(fd);
	snprintf(listen, sizeof(listen), "udp:192.0.2.1:162");
	assert_int_equal(inform_open(loop, &options, &inform, &err),
			 -EADDRNOTAVAIL);
	snprintf(listen, sizeof(listen), "nowhere");
	assert_int_equal(inform_open(loop, &options, &inform, &err), -EINVAL);
	assert_null(inform);
}

static void
two_receivers_cannot_share_a_port(void **state)
{
	struct heard heard = { 0 };
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard), *second = NULL;
	char listen[40];
	struct inform_options options = { .listen = listen };

	(void)state;
	snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
	assert_int_equal(inform_open(loop, &options, &second, NULL),
			 -EADDRINUSE);
	inform_close(inform);
}

/* --- the engine's file --------------------------------------------------- */

/* In a child each, for the library starts once per process. */
static void
start_in_child(const char *path, int expect)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(self, self, "engine", path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), expect);
}

struct kept {
	char id[64], boots[16];
};

static struct kept
read_kept(const char *path)
{
	struct kept kept = { .id = "" };
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "ironherd-engine 1 id %63s boots %15s",
				kept.id, kept.boots),
			 2);
	fclose(file);
	return kept;
}

static void
boots_grow_with_each_start_and_the_id_stays(void **state)
{
	char path[64];
	struct kept first, second;

	(void)state;
	snprintf(path, sizeof(path), "%s/boots", folder);
	start_in_child(path, 1);
	first = read_kept(path);
	start_in_child(path, 2);
	second = read_kept(path);
	assert_string_equal(first.id, second.id);
	assert_string_equal(first.boots, "1");
	assert_string_equal(second.boots, "2");

	/* Damaged: a new id; readable by others: refused. */
	assert_int_equal(truncate(path, 30), 0);
	start_in_child(path, 1);
	assert_int_equal(chmod(path, 0644), 0);
	start_in_child(path, 100);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_kind_of_notice_survives_the_way_out_and_in),
		cmocka_unit_test(
			a_notice_without_any_one_of_its_bindings_is_refused),
		cmocka_unit_test(
			notices_of_others_and_of_newer_agents_are_told_apart),
		cmocka_unit_test(instances_and_values_of_a_notice_are_checked),
		cmocka_unit_test(informs_are_acknowledged_and_read),
		cmocka_unit_test(informs_of_strangers_are_not_heard),
		cmocka_unit_test(
			foreign_and_malformed_notifications_are_counted),
		cmocka_unit_test(garbage_does_no_harm),
		cmocka_unit_test(a_port_that_is_taken_is_named),
		cmocka_unit_test(two_receivers_cannot_share_a_port),
		cmocka_unit_test(boots_grow_with_each_start_and_the_id_stays),
	};

	if (argc == 3 && strcmp(argv[1], "engine") == 0)
		return snmp_engine_start("child", argv[2], NULL) < 0
			       ? 100
			       : (int)snmpv3_local_snmpEngineBoots();
	if (realpath(argv[0], self) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
