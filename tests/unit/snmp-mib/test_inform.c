/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices: their bindings both ways, and the receiver of informs against
 * net-snmp's own snmpinform, traps, garbage and a port that is taken.
 */
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
static char self[4096]; /* our program */
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

static struct node_notice
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

struct heard {
	unsigned n;
	struct node_notice last;
};

static void
hear(void *arg, const struct node_notice *notice)
{
	struct heard *heard = arg;

	heard->n++;
	heard->last = *notice;
}

static void
enough(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
run_for(int64_t ms)
{
	loop_timer_start(limit, ms);
	loop_run(loop);
}

static uint16_t
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

static struct inform *
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

static struct inform *
open_at(uint16_t port, struct heard *heard)
{
	return open_for(port, hear, NULL, heard);
}

/* A binding as arguments of snmpinform. */
static void
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
static int
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

static int
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

static bool
no_tool(int status)
{
	if (status == 127)
		print_message("skipped: no snmpinform here\n");
	return status == 127;
}

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

/* --- traps of BMCs ------------------------------------------------------- */

struct pets {
	unsigned n, notices;
	char from[64];
	int32_t specific;
	uint8_t octets[128];
	size_t len;
};

static void
hear_no_notice(void *arg, const struct node_notice *notice)
{
	struct pets *pets = arg;

	(void)notice;
	pets->notices++;
}

static void
hear_pet(void *arg, const char *from, int32_t specific, const uint8_t *octets,
	 size_t len)
{
	struct pets *pets = arg;

	pets->n++;
	snprintf(pets->from, sizeof(pets->from), "%s", from);
	pets->specific = specific;
	assert_true(len <= sizeof(pets->octets));
	memcpy(pets->octets, octets, len);
	pets->len = len;
}

/* A trap as BER.  Every length is below 128. */
struct trap {
	uint8_t version;  /* 0: SNMPv1 */
	uint8_t pdu;      /* 0xa4: Trap-PDU */
	uint8_t last_arc; /* of the enterprise 1.3.6.1.4.1.3183.1.x */
	uint8_t generic;
	uint8_t value_type; /* of the binding; 0x04: octets */
	uint8_t bind_arc;   /* 1.3.6.1.4.1.3183.1.x.1 */
};

static const struct trap pet_trap = { 0, 0xa4, 1, 6, 0x04, 1 };

static size_t
wrap(uint8_t type, uint8_t *bytes, size_t len)
{
	assert_true(len < 128);
	memmove(bytes + 2, bytes, len);
	bytes[0] = type;
	bytes[1] = (uint8_t)len;
	return len + 2;
}

static size_t
put(uint8_t *to, const void *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return len;
}

static size_t
build_bindings(const struct trap *trap, uint8_t *to)
{
	const uint8_t name[] = { 0x06, 10, 0x2b,           6, 1, 4, 1, 0x98,
				 0x6f, 1,  trap->bind_arc, 1 };
	size_t n = put(to, name, sizeof(name));

	to[n] = trap->value_type;
	to[n + 1] = 46;
	for (unsigned i = 0; i < 46; i++)
		to[n + 2 + i] = (uint8_t)(0xa0 + i);
	n = wrap(0x30, to, n + 2 + 46);
	return wrap(0x30, to, n);
}

static size_t
build_trap(const struct trap *trap, uint8_t *to)
{
	const uint8_t head[] = { 0x06, 9, 0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1,
				 trap->last_arc,
				 /* agent, generic, specific, time */
				 0x40, 4, 10, 9, 8, 7, 0x02, 1, trap->generic,
				 0x02, 3, 0x23, 0x6f, 0x02, 0x43, 1, 5 };
	const uint8_t front[] = { 0x02, 1,   trap->version, 0x04, 6,  'p',
				  'u',  'b', 'l',           'i',  'c' };
	uint8_t body[128];
	size_t n = put(body, head, sizeof(head));

	n += build_bindings(trap, body + n);
	n = wrap(trap->pdu, body, n);
	size_t m = put(to, front, sizeof(front));
	return wrap(0x30, to, m + put(to + m, body, n));
}

static void
send_traps(uint16_t port, const struct trap *trap, unsigned n)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[256];
	size_t len = build_trap(trap, bytes);

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sendto(fd, bytes, len, 0,
					(struct sockaddr *)&in, sizeof(in)),
				 len);
	close(fd);
	run_for(50);
}

static void
the_trap_of_a_bmc_is_handed_on(void **state)
{
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	send_traps(port, &pet_trap, 1);
	assert_int_equal(pets.n, 1);
	assert_string_equal(pets.from, "127.0.0.1"); /* not what it claims */
	assert_int_equal(pets.specific, 0x236f02);
	assert_int_equal(pets.len, 46);
	assert_int_equal(pets.octets[0], 0xa0);
	assert_int_equal(pets.octets[45], 0xcd);
	assert_int_equal(pets.notices, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 1);
	assert_int_equal(counts.insecure, 0);
	inform_close(inform);
}

static void
a_trap_sent_by_net_snmp_is_handed_on(void **state)
{
	struct pets pets = { 0 };
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);
	char command[512];

	(void)state;
	snprintf(command, sizeof(command),
		 "MIBS= SNMPCONFPATH=/nonexistent SNMP_PERSISTENT_DIR=%s "
		 "snmptrap -v1 -c public 127.0.0.1:%u 1.3.6.1.4.1.3183.1.1 "
		 "10.9.8.7 6 2322178 5 1.3.6.1.4.1.3183.1.1.1 x "
		 "'00112233' >%s/tool.log 2>&1",
		 folder, port, folder);
	int status = run_tool(command);
	if (no_tool(status)) {
		inform_close(inform);
		skip();
	}
	run_for(50);
	assert_int_equal(status, 0);
	assert_int_equal(pets.n, 1);
	assert_int_equal(pets.specific, 2322178);
	assert_int_equal(pets.len, 4);
	assert_memory_equal(pets.octets, "\x00\x11\x22\x33", 4);
	inform_close(inform);
}

static void
all_other_traps_stay_refused(void **state)
{
	static const struct trap others[] = {
		{ 0, 0xa4, 2, 6, 0x04, 1 }, /* enterprise */
		{ 0, 0xa4, 1, 3, 0x04, 1 }, /* generic */
		{ 1, 0xa4, 1, 6, 0x04, 1 }, /* version */
		{ 0, 0xa7, 1, 6, 0x04, 1 }, /* PDU */
	};
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		send_traps(port, &others[i], 1);
	(void)send_by_tool("snmptrap", "-v2c -c public", port, &crash);
	assert_int_equal(pets.n, 0);
	assert_int_equal(pets.notices, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 0);
	assert_true(counts.insecure >= 2);
	inform_close(inform);
}

static void
nobody_hears_traps_who_did_not_ask(void **state)
{
	struct heard heard = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);

	(void)state;
	send_traps(port, &pet_trap, 3);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 0);
	assert_int_equal(counts.insecure, 3);
	assert_int_equal(heard.n, 0);
	inform_close(inform);
}

static void
a_trap_without_its_octets_is_malformed(void **state)
{
	static const struct trap others[] = {
		{ 0, 0xa4, 1, 6, 0x44, 1 }, /* opaque */
		{ 0, 0xa4, 1, 6, 0x04, 2 }, /* of another */
	};
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		send_traps(port, &others[i], 1);
	assert_int_equal(pets.n, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.malformed, 2);
	inform_close(inform);
}

static void
a_flood_of_traps_is_cut_to_a_trickle(void **state)
{
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		send_traps(port, &pet_trap, 100);
	inform_counts(inform, &counts);
	/* One second, or the end of one and the beginning of the next. */
	assert_in_range(pets.n, INFORM_PETS_PER_S, 2 * INFORM_PETS_PER_S);
	assert_int_equal(counts.pets, pets.n);
	assert_int_equal(counts.pets + counts.pets_dropped, 500);
	/* Informs are heard all the same. */
	int status = send_by_tool("snmpinform", RIGHT, port, &crash);
	if (status != 127)
		assert_int_equal(pets.notices, 1);
	run_for(1000);
	unsigned before = pets.n;
	send_traps(port, &pet_trap, 1);
	assert_int_equal(pets.n, before + 1);
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

static int
set_up(void **state)
{
	char engine[64];
	struct err err = { "" };

	(void)state;
	log_start("test_inform", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(folder));
	snprintf(engine, sizeof(engine), "%s/engine", folder);
	loop = loop_new();
	limit = loop_timer_new(loop, enough, NULL);
	return snmp_engine_start("test_inform", engine, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	loop_timer_free(limit);
	loop_free(loop);
	return temp_folder_remove(folder);
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
		cmocka_unit_test(the_trap_of_a_bmc_is_handed_on),
		cmocka_unit_test(a_trap_sent_by_net_snmp_is_handed_on),
		cmocka_unit_test(all_other_traps_stay_refused),
		cmocka_unit_test(nobody_hears_traps_who_did_not_ask),
		cmocka_unit_test(a_trap_without_its_octets_is_malformed),
		cmocka_unit_test(a_flood_of_traps_is_cut_to_a_trickle),
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
