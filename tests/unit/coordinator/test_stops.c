/* SPDX-License-Identifier: Apache-2.0 */
/* How stops and resumes end, in the registry and on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/coordinator/execute.h"
#include "scheduler/coordinator/record.h"

#define UUID "11111111-1111-1111-1111-111111111111"

static struct host_settings hosts_conf[] = { { .name = "h0" },
					     { .name = "h1" } };
static struct cluster_settings clusters_conf[] = { { .name = "c1",
						     .ha = true } };
static const struct settings settings = {
	.site = "test",
	.clusters = clusters_conf,
	.n_clusters = 1,
	.hosts = hosts_conf,
	.n_hosts = 2,
};

static char dir[64];
static struct coordinator co;
static struct reg_vm *vm;

/* Being stopped at h0 by command 7. */
static int
begin(void **state)
{
	struct err err;

	(void)state;
	strcpy(dir, "/tmp/ironherd-stops-XXXXXX");
	co = (struct coordinator){ .settings = &settings };
	registry_init(&co.reg, &settings, 1000, 1000);
	if (mkdtemp(dir) == NULL || store_open(dir, &co.store, &err) < 0 ||
	    record_load(&co.reg, co.store, 1000, 1000, &err) < 0)
		return -1;
	vm = registry_add_vm(&co.reg, UUID, "vm1");
	vm->owner = 0;
	vm->intent = INTENT_RUN;
	vm->phase = VM_STOPPING;
	vm->failed_on = 0;
	vm->stopping = true;
	vm->command = 7;
	return 0;
}

static int
finish(void **state)
{
	char command[96];

	(void)state;
	store_close(co.store);
	registry_done(&co.reg);
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	return system(command); /* NOLINT(cert-env33-c) */
}

/* "phase intent owner failed_on" as a coordinator finds it that starts now. */
static const char *
stored(void)
{
	static char text[256];
	struct store_state *found;
	struct err err;

	assert_int_equal(store_load(co.store, 1000, &found, &err), 0);
	snprintf(text, sizeof(text), "none");
	if (found->n_vms == 1)
		snprintf(text, sizeof(text), "%s %s %s %s",
			 vm_phase_name(found->vms[0].phase),
			 vm_intent_name(found->vms[0].intent),
			 found->vms[0].owner, found->vms[0].failed_on);
	store_state_free(found);
	return text;
}

/* Both were sent to the same host; its libvirt was slow. */
static void
the_late_end_of_an_older_start_is_not_that_of_the_newer(void **state)
{
	(void)state;
	vm->phase = VM_STARTING;
	vm->stopping = false;
	vm->starting = true;
	vm->command = 8;
	outcome_start(&co, 0, UUID, 7, VIRT_START_ABSENT, "");
	assert_true(vm->starting);
	assert_int_equal(vm->phase, VM_STARTING);
	outcome_start(&co, 0, UUID, 8, VIRT_START_DONE, "");
	assert_false(vm->starting);
	assert_int_equal(vm->phase, VM_SETTLED);
	assert_string_equal(stored(), "settled run h0 ");
}

static void
a_proved_stop_is_a_lost_vm_on_the_disk(void **state)
{
	(void)state;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_DONE, "");
	assert_string_equal(stored(), "lost run h0 h0");
	assert_int_equal(vm->phase, VM_LOST);
	assert_false(vm->stopping);
	assert_int_not_equal(vm->command_ended_ms, 0);
}

static void
one_that_was_off_already_is_lost_as_well(void **state)
{
	(void)state;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_ABSENT, "");
	assert_string_equal(stored(), "lost run h0 h0");
}

static void
by_its_intent_it_stays_off_and_it_is_known_by_whom(void **state)
{
	(void)state;
	vm->intent = INTENT_OFF;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_DONE, "");
	assert_string_equal(stored(), "settled off h0 h0");
}

static void
a_stop_in_doubt_changes_nothing_but_has_ended(void **state)
{
	(void)state;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_IN_DOUBT, "no answer");
	assert_int_equal(vm->phase, VM_STOPPING);
	assert_false(vm->stopping);
	assert_string_equal(stored(), "stopping run h0 h0");
}

static void
one_that_was_spared_is_wanted_where_it_runs(void **state)
{
	(void)state;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_SPARED, "");
	assert_string_equal(stored(), "settled run h0 ");
}

static void
the_end_of_another_command_or_host_means_nothing(void **state)
{
	(void)state;
	outcome_stop(&co, 0, UUID, 6, VIRT_STOP_DONE, "");
	assert_true(vm->stopping);
	assert_int_equal(vm->phase, VM_STOPPING);
	vm->owner = 1; /* its host died, and it was given to another */
	vm->phase = VM_STARTING;
	outcome_stop(&co, 0, UUID, 7, VIRT_STOP_DONE, "");
	assert_false(vm->stopping);
	assert_int_equal(vm->phase, VM_STARTING);
	assert_string_equal(stored(), "none");
}

static void
the_end_of_a_resume_frees_the_vm_for_the_next_command(void **state)
{
	(void)state;
	vm->stopping = false;
	vm->resuming = true;
	vm->phase = VM_SETTLED;
	outcome_resume(&co, 0, UUID, 6, VIRT_RESUME_DONE, "");
	assert_true(vm->resuming);
	outcome_resume(&co, 0, UUID, 7, VIRT_RESUME_REFUSED, "not paused");
	assert_false(vm->resuming);
	assert_int_equal(vm->phase, VM_SETTLED);
}

int
main(void)
{
	log_start("test_stops", LOG_LEVEL_ERROR + 1);
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)
	const struct CMUnitTest tests[] = {
		TEST(the_late_end_of_an_older_start_is_not_that_of_the_newer),
		TEST(a_proved_stop_is_a_lost_vm_on_the_disk),
		TEST(one_that_was_off_already_is_lost_as_well),
		TEST(by_its_intent_it_stays_off_and_it_is_known_by_whom),
		TEST(a_stop_in_doubt_changes_nothing_but_has_ended),
		TEST(one_that_was_spared_is_wanted_where_it_runs),
		TEST(the_end_of_another_command_or_host_means_nothing),
		TEST(the_end_of_a_resume_frees_the_vm_for_the_next_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
