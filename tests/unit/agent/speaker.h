/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/agent/speaker.h - a child process that speaks SNMP with a report
 * made by hand, and net-snmp's commands to ask it.
 */
#ifndef TESTS_UNIT_AGENT_SPEAKER_H
#define TESTS_UNIT_AGENT_SPEAKER_H

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "snmp-mib/board.h"
#include "snmp-mib/codec.h"
#include "snmp-mib/node_detail.h"
#include "snmp-mib/voice.h"
#include "tests/unit/agent/tree.h"

#define USER     "tester"
#define PASSWORD "pass \"word"

static const struct snmp_account speaker_account = {
	.name = "test",
	.user = USER,
	.auth_password = PASSWORD,
	.priv_password = PASSWORD,
	.auth = "SHA-256",
	.priv = "AES",
};

static inline int
free_port(int type)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t size = sizeof(any);
	int fd = socket(AF_INET, type, 0);

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &size), 0);
	close(fd);
	return ntohs(any.sin_port);
}

/* 20 VMs, 2 sources, no gaps. */
static inline struct node_report *
speaker_report(uint32_t sequence)
{
	struct node_report *report = node_report_new();

	SET(report->host.name, "by-hand");
	SET(report->host.uuid, "00112233-4455-6677-8899-aabbccddeeff");
	SET(report->host.boot_id, "ffeeddcc-bbaa-9988-7766-554433221100");
	report->host.sample_seq = sequence;
	report->n_vms = 20;
	report->vms = calloc(report->n_vms, sizeof(*report->vms));
	for (uint32_t i = 0; i < report->n_vms; i++) {
		struct report_vm *vm = &report->vms[i];

		vm->index = 3 * i + 1;
		SET(vm->uuid, report->host.uuid);
		snprintf(vm->name, sizeof(vm->name), "vm%u", i);
		vm->state = VM_STATE_RUNNING;
		vm->reason = VM_REASON_NONE;
	}
	report->detail = node_detail_new();
	report->detail->memory_size_kib = 4096;
	report->detail->n_storages = 2;
	report->detail->storages = calloc(2, sizeof(*report->detail->storages));
	for (uint32_t i = 0; i < 2; i++) {
		struct detail_storage *row = &report->detail->storages[i];

		row->index = 31 + i;
		row->type = detail_storage_type(STORAGE_FIXED_DISK);
		row->size = row->used = row->unit_bytes = 1024;
		SET(row->descr, i == 0 ? "/" : "/var");
	}
	report->detail->n_disks = 1;
	report->detail->disks = calloc(1, sizeof(*report->detail->disks));
	report->detail->disks[0].index = 1;
	SET(report->detail->disks[0].path, "/var");
	report->n_sources = 2;
	report->sources = calloc(2, sizeof(*report->sources));
	for (uint32_t i = 0; i < 2; i++) {
		report->sources[i].index = i + 1;
		report->sources[i].status = HEALTH_OK;
		SET(report->sources[i].name, "source");
	}
	return report;
}

/* Complete, as voice_notify() wants it. */
static inline void
speaker_notify(struct voice *voice)
{
	struct node_notice notice = { .kind = NOTICE_ALARM_RAISED,
				      .severity = NOTICE_MAJOR,
				      .condition = 7,
				      .sequence = 1,
				      .alarm = "by-hand" };

	SET(notice.host_name, "by-hand");
	SET(notice.host_uuid, "00112233-4455-6677-8899-aabbccddeeff");
	SET(notice.boot_id, "ffeeddcc-bbaa-9988-7766-554433221100");
	SET(notice.text, "a notice by hand");
	voice_notify(voice, &notice);

	struct vm_notice vm = { .change = VM_CHANGE_PAUSED,
				.before = VM_OPER_RUNNING,
				.index = 4,
				.name = "a vm by hand" };
	SET(vm.uuid, "00112233-4455-6677-8899-aabbccddeeff");
	voice_notify_vm(voice, &vm);

	struct vm_bulk bulk = { .change = VM_CHANGE_CRASHED };
	vm_bulk_add(&bulk, 8);
	vm_bulk_add(&bulk, 17);
	voice_notify_vms(voice, &bulk);
}

/* Posts a report ten times a second until it is killed, behind snmpd a notice
 * with each; 3: no start. */
static inline _Noreturn void
speaker_run(struct voice_options *options)
{
	struct board *board = board_new(&board_of_reports);
	struct voice *voice;
	struct err err = { "" };

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* whatever becomes of the test */
	signal(SIGPIPE, SIG_IGN);
	options->source = board_source(board);
	board_post(board, speaker_report(1), clock_mono_ms());
	if (voice_start(options, &voice, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		_exit(3);
	}
	for (uint32_t i = 2;; i++) {
		usleep(100000);
		board_post(board, speaker_report(i), clock_mono_ms());
		if (options->agentx_socket != NULL)
			speaker_notify(voice);
	}
}

static inline pid_t
speaker_start(struct voice_options *options)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		speaker_run(options);
	return pid;
}

static inline int
speaker_end(pid_t pid)
{
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return status;
}

/* Where net-snmp's tools may write; made whole, or their first run says so on
 * its output. */
static inline void
give_snmp_folder(const struct tree *tree)
{
	assert_int_equal(file_mkdirs(tree_path(tree, "snmp/cert_indexes"), 0700,
				     NULL),
			 0);
	setenv("SNMP_PERSISTENT_DIR", tree_path(tree, "snmp"), 1);
}

static inline pid_t
snmpd_run(const char *conf)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	/* Silent, and gone with this test. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("snmpd", "snmpd", "-f", "-Ln", "-C", "-c", conf, "-I", "-smux",
	       (char *)NULL);
	_exit(127);
}

/* A private snmpd that is a master for agents; the same each time, with more
 * lines of its configuration. */
static inline pid_t
snmpd_start(const struct tree *tree, int port, const char *socket_path,
	    const char *more)
{
	char conf[1024];

	snprintf(conf, sizeof(conf),
		 "agentaddress udp:127.0.0.1:%d\n"
		 "createUser " USER " SHA-256 \"pass \\\"word\" AES "
		 "\"pass \\\"word\"\n"
		 "rouser " USER " priv .1\n"
		 "master agentx\nagentXSocket %s\n"
		 "agentXTimeout 1\nagentXRetries 0\n%s",
		 port, socket_path, more);
	tree_write(tree, "snmpd.conf", conf);
	return snmpd_run(tree_path(tree, "snmpd.conf"));
}

/* --- asking --------------------------------------------------------------- */

/* What a command prints, both streams; good until the next call. */
static inline const char *
run(const char *command)
{
	static char out[1 << 20];
	FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): ours */

	assert_non_null(pipe);
	size_t n = fread(out, 1, sizeof(out) - 1, pipe);
	out[n] = '\0';
	pclose(pipe);
	return out;
}

/* snmpget and the like, numeric, as the one who may; waits 1 s, unless `what`
 * says "-t SECONDS". */
static inline const char *
ask(const char *what, int port, const char *oid)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "snmp%s -m '' -On -r 0 "
		 "-v3 -u " USER " -l authPriv -a SHA-256 -A 'pass \"word' "
		 "-x AES -X 'pass \"word' udp:127.0.0.1:%d %s 2>&1",
		 what, port, oid);
	return run(command);
}

/* The name of the host, the first object of ours. */
static inline const char *
name_oid(void)
{
	static char text[256];
	struct node_report *report = speaker_report(1);
	struct codec_oid oid;
	struct codec_value value;

	assert_int_equal(codec_next(report, 0, codec_root(), &oid, &value), 0);
	text[0] = '.';
	codec_oid_print(&oid, text + 1, sizeof(text) - 1);
	node_report_free(report);
	return text;
}

static inline const char *
root_oid(void)
{
	static char text[256];

	codec_oid_print(codec_root(), text, sizeof(text));
	return text;
}

static inline bool
answers(int port)
{
	return strstr(ask("get -t 0.2", port, name_oid()), "\"by-hand\"") !=
	       NULL;
}

/* Milliseconds until it answers; -1: not within the limit. */
static inline int64_t
wait_for_answer(int port, int64_t limit_ms)
{
	int64_t start_ms = clock_mono_ms();

	while (clock_mono_ms() - start_ms < limit_ms) {
		if (answers(port))
			return clock_mono_ms() - start_ms;
		usleep(50000);
	}
	return -1;
}

#endif
