/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator killed at every step of a failover.
 *
 * The world (which VM runs on which host) lies in shared memory; coordinators
 * are child processes with the real registry, mind, record, executor and
 * SQLite store, and with ops that act on that world.  A child ends itself with
 * _exit() at its n-th step; the next one resumes from the store alone.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/record.h"
#include "scheduler/coordinator/turn.h"

enum { N_HOSTS = 3, N_VMS = 4, DEAD_HOST = 0, OFF_VM = 3, TURNS = 12 };

/* Ground truth, read by no product code. */
struct world {
	bool runs[N_VMS][N_HOSTS];
	unsigned starts[N_VMS];
	bool two_copies;
	bool host_dead;
	bool start_is_lost; /* the command works, its answer never comes */
	unsigned steps;
};

static struct world *world;
static unsigned kill_at; /* step; 0: never */
static char state_dir[64];

static const char *const vm_uuids[N_VMS] = {
	"00000000-0000-4000-8000-000000000001",
	"00000000-0000-4000-8000-000000000002",
	"00000000-0000-4000-8000-000000000003",
	"00000000-0000-4000-8000-000000000004",
};

static void
step(void)
{
	if (++world->steps == kill_at)
		_exit(9);
}

static size_t
vm_of(const char *uuid)
{
	for (size_t i = 0; i < N_VMS; i++)
		if (strcmp(vm_uuids[i], uuid) == 0)
			return i;
	fail_msg("unknown VM %s", uuid);
	return 0;
}

/* --- ops on the shared world --------------------------------------------- */

static void
fake_probe(struct coordinator *co, size_t host)
{
	(void)co;
	(void)host;
}

static void
fake_fence(struct coordinator *co, size_t host, int64_t command)
{
	(void)co;
	(void)command;
	fail_msg("host %zu is off already: nothing is to be fenced", host);
}

static void
fake_clean(struct coordinator *co, size_t host, const struct ops_stale *stale,
	   size_t n, int64_t command)
{
	(void)stale;
	(void)n;
	outcome_clean(co, host, command, true, "", NULL);
}

static void
fake_start(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	char uuid[REPORT_UUID_LEN];
	size_t v = vm_of(co->reg.vms[vm].uuid);

	memcpy(uuid, co->reg.vms[vm].uuid, sizeof(uuid));
	assert_int_not_equal(command, 0);
	step(); /* recorded, not sent */
	for (size_t h = 0; h < N_HOSTS; h++)
		if (h != host && world->runs[v][h])
			world->two_copies = true;
	bool ran = world->runs[v][host];
	world->runs[v][host] = true;
	world->starts[v] += !ran;
	step(); /* done, not answered */
	if (world->start_is_lost) {
		world->start_is_lost = false;
		outcome_start(co, host, uuid, command, VIRT_START_IN_DOUBT,
			      "no answer in 60000 ms");
		return;
	}
	outcome_start(co, host, uuid, command,
		      ran ? VIRT_START_ALREADY : VIRT_START_DONE, "");
	step(); /* answered and recorded */
}

static void
fake_forget(struct coordinator *co, size_t host)
{
	(void)co;
	(void)host;
}

static const struct ops fake_ops = {
	.name = "fake",
	.probe = fake_probe,
	.fence = fake_fence,
	.clean = fake_clean,
	.start = fake_start,
	.forget = fake_forget,
};

/* --- what the coordinator sees -------------------------------------------- */

static struct host_settings hosts_conf[N_HOSTS] = {
	{ .name = "h1", .libvirt = "test://h1", .has_bmc = true },
	{ .name = "h2", .libvirt = "test://h2", .has_bmc = true },
	{ .name = "h3", .libvirt = "test://h3", .has_bmc = true },
};
static struct cluster_settings clusters_conf[] = { { .name = "c1", .ha = true } };
static const struct settings settings = {
	.site = "test",
	.clusters = clusters_conf,
	.n_clusters = 1,
	.hosts = hosts_conf,
	.n_hosts = N_HOSTS,
};

static struct report_vm
vm_report(size_t v, size_t h)
{
	struct report_vm vm = { .index = (uint32_t)v + 1,
				.vcpus = 1,
				.memory_kib = 65536,
				.shared_storage = true,
				.persistent = true };

	snprintf(vm.uuid, sizeof(vm.uuid), "%s", vm_uuids[v]);
	snprintf(vm.name, sizeof(vm.name), "vm%zu", v + 1);
	vm.state = world->runs[v][h] ? VM_STATE_RUNNING : VM_STATE_SHUT_OFF;
	vm.reason = world->runs[v][h] ? VM_REASON_NONE : VM_REASON_SHUTDOWN;
	return vm;
}

static struct node_report *
make_report(size_t h)
{
	struct node_report *report = node_report_new();

	snprintf(report->host.boot_id, REPORT_UUID_LEN, "boot-%zu", h);
	report->capacity.cpus = 4;
	report->capacity.memory_kib = 1 << 20;
	report->sources = xcalloc(1, sizeof(*report->sources));
	report->n_sources = 1;
	snprintf(report->sources[0].name, REPORT_NAME_LEN, "libvirt");
	report->vms = xcalloc(N_VMS, sizeof(*report->vms));
	for (size_t v = 0; v < N_VMS; v++)
		if (world->runs[v][h] || (v == OFF_VM && h == DEAD_HOST))
			report->vms[report->n_vms++] = vm_report(v, h);
	return report;
}

static void
see(struct coordinator *co, size_t h, int64_t now_ms)
{
	struct reg_host *host = &co->reg.hosts[h];

	host->asked_ms = now_ms - 60000;
	if (h == DEAD_HOST && world->host_dead) {
		host->link = LINK_SILENT;
		host->power = POWER_OFF;
		host->power_ms = now_ms - 100;
		host->off_reads = 2;
		host->off_since_ms = now_ms - 400;
		return;
	}
	host->link = LINK_OK;
	host->heard_ms = now_ms;
	snprintf(host->pulse.boot_id, REPORT_UUID_LEN, "boot-%zu", h);
	registry_take_report(&co->reg, h, make_report(h), now_ms);
}

static void
learn_all(struct coordinator *co)
{
	for (size_t i = 0; i < co->reg.n_vms; i++) {
		struct reg_vm *vm = &co->reg.vms[i];

		if (vm->definition_hash[0] != '\0' || vm->owner == NO_HOST)
			continue;
		store_begin(co->store);
		store_put_definition(co->store, vm->uuid, "hash", "<domain/>",
				     clock_wall_ms());
		assert_int_equal(store_commit(co->store, NULL), 0);
		snprintf(vm->definition_hash, sizeof(vm->definition_hash),
			 "hash");
	}
}

static void
take_turns(struct coordinator *co, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		int64_t now_ms = clock_mono_ms();

		for (size_t h = 0; h < N_HOSTS; h++)
			see(co, h, now_ms);
		step();
		turn_take(co, now_ms);
		step();
		learn_all(co);
		usleep(2000); /* a report is younger than the last command */
	}
}

/* One life of a coordinator; ends at kill_at or after its turns. */
static void
live(unsigned turns)
{
	struct coordinator co = { .settings = &settings, .ops = &fake_ops };
	struct err err;

	registry_init(&co.reg, &settings, clock_mono_ms() - 60000,
		      clock_wall_ms());
	if (store_open(state_dir, &co.store, &err) < 0 ||
	    record_load(&co.reg, co.store, clock_mono_ms(), clock_wall_ms(),
			&err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		_exit(1);
	}
	take_turns(&co, turns);
	store_close(co.store);
	registry_done(&co.reg);
}

/* Runs a life in a child; true when it was killed at its step. */
static bool
run_life(unsigned turns, unsigned at)
{
	int status;

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		log_start("resume", LOG_LEVEL_ERROR);
		kill_at = at;
		world->steps = 0;
		live(turns);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9);
	return WEXITSTATUS(status) == 9;
}

static void
begin_world(void)
{
	memset(world, 0, sizeof(*world));
	for (size_t v = 0; v < N_VMS; v++)
		world->runs[v][DEAD_HOST] = v != OFF_VM;
	snprintf(state_dir, sizeof(state_dir), "/tmp/resume-XXXXXX");
	assert_non_null(mkdtemp(state_dir));
	assert_false(run_life(3, 0)); /* all is well, and known */
	for (size_t v = 0; v < N_VMS; v++)
		world->runs[v][DEAD_HOST] = false;
	world->host_dead = true;
}

static void
end_world(void)
{
	struct dirent *entry;
	char path[512];
	DIR *dir = opendir(state_dir);

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", state_dir, entry->d_name);
		assert_int_equal(unlink(path), 0);
	}
	closedir(dir);
	assert_int_equal(rmdir(state_dir), 0);
}

static void
check_outcome(unsigned at)
{
	assert_false(world->two_copies);
	for (size_t v = 0; v < N_VMS; v++) {
		unsigned copies = 0;

		for (size_t h = 0; h < N_HOSTS; h++)
			copies += world->runs[v][h];
		if (copies != (v != OFF_VM))
			fail_msg("killed at step %u: vm%zu runs %u times", at,
				 v + 1, copies);
		assert_int_equal(world->starts[v], v != OFF_VM);
	}
}

static void
recovers_every_vm_exactly_once_wherever_it_is_killed(void **state)
{
	bool killed = true;
	unsigned at;

	(void)state;
	for (at = 1; killed; at++) {
		begin_world();
		killed = run_life(TURNS, at);
		assert_false(run_life(TURNS, 0));
		check_outcome(at);
		end_world();
	}
	assert_true(at > 2 * TURNS); /* it was killed at many places indeed */
}

static void
recovers_when_it_is_killed_twice(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 12; at++) {
		begin_world();
		run_life(TURNS, at);
		run_life(TURNS, at + 1);
		assert_false(run_life(TURNS, 0));
		check_outcome(at);
		end_world();
	}
}

static void
asks_the_same_host_when_the_answer_to_a_start_was_lost(void **state)
{
	(void)state;
	begin_world();
	world->start_is_lost = true;
	assert_false(run_life(TURNS, 0));
	check_outcome(0);
	end_world();
}

static int
map_world(void **state)
{
	(void)state;
	cluster_policy_init(&clusters_conf[0].policy);
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return world == MAP_FAILED ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			recovers_every_vm_exactly_once_wherever_it_is_killed),
		cmocka_unit_test(recovers_when_it_is_killed_twice),
		cmocka_unit_test(
			asks_the_same_host_when_the_answer_to_a_start_was_lost),
	};

	return cmocka_run_group_tests_name("resume", tests, map_world, NULL);
}
