/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks while VMs come and go: object names only ever increase, whichever
 * command walks, alone and behind snmpd, and every VM that stays is met.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/log.h"
#include "tests/unit/agent/speaker.h"

enum {
	PLACES = 100,   /* numbers that VMs may have; each third one stays */
	CHANGES = 2000, /* 1,000 VMs come and 1,000 go, and twice over */
	CHANGE_US = 2000
};

static struct tree tree;
static int port;
static char listen_at[64], engine[128], socket_path[128];

/* --- the child: another VM comes or goes with each report ------------------
 */

static bool
stays(uint32_t place)
{
	return place % 3 == 0;
}

static struct node_report *
report_of(const bool *there, uint32_t sequence)
{
	struct node_report *report = speaker_report(sequence);

	free(report->vms);
	report->vms = xcalloc(PLACES, sizeof(*report->vms));
	report->n_vms = 0;
	for (uint32_t i = 0; i < PLACES; i++) {
		struct report_vm *vm = &report->vms[report->n_vms];

		if (!there[i] && !stays(i))
			continue;
		vm->index = i + 1;
		SET(vm->uuid, report->host.uuid);
		snprintf(vm->name, sizeof(vm->name), stays(i) ? "stays" : "vm");
		vm->state = VM_STATE_RUNNING;
		vm->reason = VM_REASON_NONE;
		report->n_vms++;
	}
	return report;
}

static _Noreturn void
churn(struct voice_options *options)
{
	struct board *board = board_new(&board_of_reports);
	bool there[PLACES] = { false };
	struct voice *voice;
	uint32_t luck = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	options->source = board_source(board);
	board_post(board, report_of(there, 0), clock_mono_ms());
	if (voice_start(options, &voice, NULL) < 0)
		_exit(3);
	for (uint32_t i = 1;; i++) {
		luck = luck * 1664525 + 1013904223;
		bool *place = &there[(luck >> 16) % PLACES];
		*place = !*place;
		board_post(board, report_of(there, i), clock_mono_ms());
		usleep(CHANGE_US);
	}
}

static pid_t
start(struct voice_options *options)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		churn(options);
	assert_in_range(wait_for_answer(port, 8000), 0, 8000);
	return pid;
}

/* --- reading a walk --------------------------------------------------------
 */

#define THE_END " = No more variables left in this MIB View"

/* A line ".1.3.6 = ..."; false when it is none. */
static bool
read_name(const char *line, struct codec_oid *ret_oid)
{
	ret_oid->len = 0;
	while (*line == '.' && ret_oid->len < CODEC_OID_MAX) {
		char *end;

		ret_oid->ids[ret_oid->len++] =
			(uint32_t)strtoul(line + 1, &end, 10);
		line = end;
	}
	return ret_oid->len > 0 && strncmp(line, " = ", 3) == 0 &&
	       strncmp(line, THE_END, strlen(THE_END)) != 0;
}

/* The last line says that there is no more. */
static void
check_walk(const char *text)
{
	struct codec_oid last = { .len = 0 }, now;
	size_t stayed = 0;

	for (const char *line = text; *line != '\0';) {
		const char *end = strchr(line, '\n');

		if (!read_name(line, &now)) {
			if (strstr(line, THE_END) == NULL || end[1] != '\0')
				fail_msg("not an object: %.200s", line);
			break;
		}
		if (codec_oid_compare(&last, &now) >= 0)
			fail_msg("goes back at %.100s", line);
		last = now;
		line = end != NULL ? end + 1 : line + strlen(line);
	}
	for (const char *at = text; (at = strstr(at, "\"stays\"")) != NULL;
	     at++)
		stayed++;
	assert_int_equal(stayed, (PLACES + 2) / 3);
}

/* As long as it takes for so many changes. */
static void
walk_through(const char *const *commands, size_t n)
{
	int64_t until_ms =
		clock_mono_ms() + (int64_t)CHANGES * 2 * CHANGE_US / 1000;
	unsigned walks = 0;

	for (; clock_mono_ms() < until_ms; walks++)
		check_walk(ask(commands[walks % n], port, root_oid()));
	print_message("%u walks\n", walks);
	assert_in_range(walks, 3, 100000);
}

/* -Cc: the command itself shall not look at the order. */
static const char *const commands[] = {
	"bulkwalk -t 5 -Cc -Cr50",
	"bulkwalk -t 5 -Cc -Cr7",
	"walk -t 5 -Cc",
};

static void
names_increase_while_vms_come_and_go(void **state)
{
	struct voice_options options = { .listen = listen_at,
					 .account = &speaker_account,
					 .engine_file = engine };
	pid_t child = start(&options);

	(void)state;
	walk_through(commands, sizeof(commands) / sizeof(*commands));
	speaker_end(child);
}

static void
names_increase_behind_snmpd_too(void **state)
{
	struct voice_options options = { .agentx_socket = socket_path };
	pid_t master, child;

	(void)state;
	master = snmpd_start(&tree, port, socket_path, "");
	child = start(&options);
	walk_through(commands, sizeof(commands) / sizeof(*commands));
	speaker_end(child);
	speaker_end(master);
}

static int
setup(void **state)
{
	(void)state;
	tree_make(&tree);
	give_snmp_folder(&tree);
	port = free_port(SOCK_DGRAM);
	snprintf(listen_at, sizeof(listen_at), "udp:127.0.0.1:%d", port);
	snprintf(engine, sizeof(engine), "%s", tree_path(&tree, "engine"));
	snprintf(socket_path, sizeof(socket_path), "%s",
		 tree_path(&tree, "master"));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_increase_while_vms_come_and_go),
		cmocka_unit_test(names_increase_behind_snmpd_too),
	};

	log_start("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
