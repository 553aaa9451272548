/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virt_stop() and virt_resume() through their real worker and libvirt's own
 * test driver.  As in test_virt.c this program is its own worker, where some
 * libvirt functions fail on demand.
 */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/virt.h"

#define UUID_A   "11111111-1111-1111-1111-111111111111"
#define UUID_NEW "33333333-3333-3333-3333-333333333333"

static const char node_xml[] =
	"<node><domain type='test'><name>a</name><uuid>" UUID_A "</uuid>"
	"<memory>8388608</memory><vcpu>1</vcpu><os><type>hvm</type></os>"
	"</domain></node>";

/* --- in the worker -------------------------------------------------------- */

static bool
is_to_fail(const char *name)
{
	const char *fault = getenv("FAULT");

	while (fault != NULL && strcmp(fault, name) == 0) {
		if (getenv("HANG") == NULL)
			return true;
		pause();
	}
	return false;
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int
virDomainDestroy(virDomainPtr dom)
{
	int (*call)(virDomainPtr);

	*(void **)&call = real("virDomainDestroy");
	return is_to_fail("destroy") ? -1 : call(dom);
}

int
virDomainIsActive(virDomainPtr dom)
{
	int (*call)(virDomainPtr);

	*(void **)&call = real("virDomainIsActive");
	return is_to_fail("active") ? -1 : call(dom);
}

int
virDomainResume(virDomainPtr dom)
{
	int (*call)(virDomainPtr);

	*(void **)&call = real("virDomainResume");
	return is_to_fail("resume") ? -1 : call(dom);
}

/* The test driver knows no I/O errors and no panics. */
int
virDomainGetState(virDomainPtr dom, int *state, int *reason, unsigned flags)
{
	int (*call)(virDomainPtr, int *, int *, unsigned);
	const char *as = getenv("STATE");
	int unused;

	*(void **)&call = real("virDomainGetState");
	if (as == NULL)
		return call(dom, state, reason, flags);
	*state = atoi(as);
	*(reason != NULL ? reason : &unused) = atoi(strchr(as, ',') + 1);
	return 0;
}

/* --- in the parent -------------------------------------------------------- */

struct fixture {
	struct loop *loop;
	struct virt *virt;
	char path[64], uri[80];
	enum virt_stop_result stopped;
	enum virt_resume_result resumed;
	char text[REPORT_TEXT_LEN];
};

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	unsetenv("FAULT");
	unsetenv("HANG");
	unsetenv("STATE");
	strcpy(f->path, "/tmp/ironherd-virt-XXXXXX");
	int fd = mkstemp(f->path);
	if (fd < 0 || write(fd, node_xml, sizeof(node_xml) - 1) < 0)
		return -1;
	close(fd);
	snprintf(f->uri, sizeof(f->uri), "test://%s", f->path);
	f->loop = loop_new();
	f->virt = virt_new(f->loop);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	virt_free(f->virt);
	loop_free(f->loop);
	unlink(f->path);
	free(f);
	return 0;
}

static void
stopped(void *arg, enum virt_stop_result result, const char *text)
{
	struct fixture *f = arg;

	f->stopped = result;
	snprintf(f->text, sizeof(f->text), "%s", text);
	loop_stop(f->loop);
}

static void
resumed(void *arg, enum virt_resume_result result, const char *text)
{
	struct fixture *f = arg;

	f->resumed = result;
	snprintf(f->text, sizeof(f->text), "%s", text);
	loop_stop(f->loop);
}

static void
expect_stop(struct fixture *f, const char *uuid, bool spare,
	    enum virt_stop_result result)
{
	virt_stop(f->virt, f->uri, uuid, spare, stopped, f);
	loop_run(f->loop);
	if (f->stopped != result)
		fail_msg("%s: %s", virt_stop_result_name(f->stopped), f->text);
}

static void
expect_resume(struct fixture *f, const char *uuid,
	      enum virt_resume_result result)
{
	virt_resume(f->virt, f->uri, uuid, resumed, f);
	loop_run(f->loop);
	if (f->resumed != result)
		fail_msg("%s: %s", virt_resume_result_name(f->resumed),
			 f->text);
}

/* --- stop ----------------------------------------------------------------- */

static void
what_runs_is_ended_once_and_is_absent_then(void **state)
{
	struct fixture *f = *state;

	expect_stop(f, UUID_A, false, VIRT_STOP_DONE);
	assert_string_equal(f->text, "");
	expect_stop(f, UUID_A, false, VIRT_STOP_ABSENT);
	expect_stop(f, UUID_NEW, false, VIRT_STOP_ABSENT);
}

static void
what_does_not_die_is_in_doubt(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "destroy", 1);
	expect_stop(f, UUID_A, false, VIRT_STOP_IN_DOUBT);
	assert_string_not_equal(f->text, "");
}

static void
what_cannot_be_looked_at_is_in_doubt(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "active", 1);
	expect_stop(f, UUID_A, false, VIRT_STOP_IN_DOUBT);
	virt_stop(f->virt, "test:///nowhere", UUID_A, false, stopped, f);
	loop_run(f->loop);
	assert_int_equal(f->stopped, VIRT_STOP_IN_DOUBT);
	expect_stop(f, "no uuid", false, VIRT_STOP_IN_DOUBT);
}

static void
a_host_that_dies_leaves_its_stop_in_doubt(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "destroy", 1);
	setenv("HANG", "1", 1);
	virt_stop(f->virt, f->uri, UUID_A, false, stopped, f);
	virt_cancel(f->virt, f->uri);
	loop_run(f->loop);
	assert_int_equal(f->stopped, VIRT_STOP_IN_DOUBT);
}

static void
a_guest_that_runs_is_spared_where_only_a_dead_one_was_meant(void **state)
{
	struct fixture *f = *state;

	expect_stop(f, UUID_A, true, VIRT_STOP_SPARED);
	setenv("STATE", "6,1", 1); /* crashed, panicked: it does not run */
	virt_free(f->virt);
	f->virt = virt_new(f->loop);
	expect_stop(f, UUID_A, true, VIRT_STOP_DONE);
}

/* --- resume --------------------------------------------------------------- */

_Static_assert(VIR_DOMAIN_PAUSED == 3 && VIR_DOMAIN_PAUSED_IOERROR == 5 &&
		       VIR_DOMAIN_PAUSED_USER == 1 && VIR_DOMAIN_CRASHED == 6,
	       "the numbers given as STATE");

static void
only_what_an_io_error_paused_goes_on(void **state)
{
	struct fixture *f = *state;

	expect_resume(f, UUID_A, VIRT_RESUME_DONE); /* it runs */
	expect_resume(f, UUID_NEW, VIRT_RESUME_REFUSED);
	setenv("STATE", "3,1", 1); /* by its user, or by a migration */
	virt_free(f->virt);
	f->virt = virt_new(f->loop);
	expect_resume(f, UUID_A, VIRT_RESUME_REFUSED);
	setenv("STATE", "3,5", 1);
	setenv("FAULT", "resume", 1);
	virt_free(f->virt);
	f->virt = virt_new(f->loop);
	expect_resume(f, UUID_A, VIRT_RESUME_IN_DOUBT);
}

int
main(int argc, char **argv)
{
	static const struct worker_role roles[] = { { VIRT_ROLE, virt_serve } };
	int status = worker_main(argc, argv, roles, 1);

	if (status >= 0)
		return status;
	log_start("test_virt_stop", LOG_LEVEL_ERROR + 1);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(what_runs_is_ended_once_and_is_absent_then),
		CASE(what_does_not_die_is_in_doubt),
		CASE(what_cannot_be_looked_at_is_in_doubt),
		CASE(a_host_that_dies_leaves_its_stop_in_doubt),
		CASE(a_guest_that_runs_is_spared_where_only_a_dead_one_was_meant),
		CASE(only_what_an_io_error_paused_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
