/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virt.h through its real worker and libvirt's own test driver.  This program
 * is its own worker: there, some libvirt functions are replaced by ones that
 * fail or hang on demand (the program's symbols come before the library's).
 */
#include <dlfcn.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/virt.h"
#include "scheduler/policy/timeouts.h"

#define UUID_A   "11111111-1111-1111-1111-111111111111"
#define UUID_B   "22222222-2222-2222-2222-222222222222"
#define UUID_C   "44444444-4444-4444-4444-444444444444"
#define UUID_NEW "33333333-3333-3333-3333-333333333333"

#define DOMAIN(name, uuid)                                               \
	"<domain type='test'><name>" name "</name><uuid>" uuid "</uuid>" \
	"<memory>8388608</memory><vcpu>1</vcpu>"                         \
	"<os><type>hvm</type></os></domain>"

static const char node_xml[] =
	"<node>" DOMAIN("running", UUID_A) DOMAIN("other", UUID_B) "</node>";

/* --- in the worker: libvirt with faults ---------------------------------- */

/* FAULT="A,B": those functions always fail; "A:hang": it never returns.  A
 * worker has the environment of its own start. */
static bool
is_to_fail(const char *name)
{
	const char *fault = getenv("FAULT");
	size_t len = strlen(name);

	for (; fault != NULL; fault = strchr(fault, ',')) {
		fault += *fault == ',';
		if (strncmp(fault, name, len) != 0)
			continue;
		while (strcmp(fault + len, ":hang") == 0)
			pause();
		return true;
	}
	return false;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): these are types and lists */
#define FAULTY(type, name, failure, params, args)                 \
	type name params                                          \
	{                                                         \
		type(*real) params;                               \
		*(void **)&real = dlsym(RTLD_NEXT, #name);        \
		return is_to_fail(#name) ? (failure) : real args; \
	}
/* NOLINTEND(bugprone-macro-parentheses) */

FAULTY(int, virDomainCreate, -1, (virDomainPtr dom), (dom))
FAULTY(int, virDomainDestroy, -1, (virDomainPtr dom), (dom))
FAULTY(int, virDomainIsActive, -1, (virDomainPtr dom), (dom))
FAULTY(int, virDomainSetAutostart, -1, (virDomainPtr dom, int on), (dom, on))
FAULTY(int, virDomainHasManagedSaveImage, 1, (virDomainPtr dom, unsigned flags),
       (dom, flags))
FAULTY(int, virDomainUndefineFlags, -1, (virDomainPtr dom, unsigned flags),
       (dom, flags))

/* --- in the parent -------------------------------------------------------- */

struct fixture {
	struct loop *loop;
	struct virt *virt;
	char path[64], uri[80];
	struct loop_timer *tick;
	unsigned ticks;
	bool in_call; /* callbacks must not come now */

	unsigned awaited; /* callbacks, then the loop stops */
	unsigned called;
	char order[16]; /* a letter for each callback */

	enum virt_answer answer;
	enum virt_start_result result;
	int rc;
	char text[REPORT_TEXT_LEN];
	char hash[REPORT_HASH_LEN];
	char *xml;
	struct virt_domain domains[8];
	struct virt_clean_result cleaned[8];
	size_t n;
	bool spares_running; /* cleanings leave what runs alone */
};

static void
count_tick(void *arg)
{
	struct fixture *f = arg;

	f->ticks++;
	loop_timer_start(f->tick, 10);
}

static int
set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	unsetenv("FAULT");
	strcpy(f->path, "/tmp/ironherd-virt-XXXXXX");
	int fd = mkstemp(f->path);
	if (fd < 0 || write(fd, node_xml, sizeof(node_xml) - 1) < 0)
		return -1;
	close(fd);
	snprintf(f->uri, sizeof(f->uri), "test://%s", f->path);
	f->loop = loop_new();
	f->virt = virt_new(f->loop);
	f->tick = loop_timer_new(f->loop, count_tick, f);
	loop_timer_start(f->tick, 10);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	virt_free(f->virt);
	loop_timer_free(f->tick);
	loop_free(f->loop);
	unlink(f->path);
	free(f->xml);
	free(f);
	return 0;
}

static void
await(struct fixture *f, unsigned n)
{
	f->awaited = f->called + n;
	if (n > 0)
		loop_run(f->loop);
}

static void
note(struct fixture *f, char letter, const char *text)
{
	assert_false(f->in_call);
	if (f->called < sizeof(f->order) - 1)
		f->order[f->called] = letter;
	snprintf(f->text, sizeof(f->text), "%s", text);
	if (++f->called == f->awaited)
		loop_stop(f->loop);
}

static void
probed(void *arg, enum virt_answer answer, const char *text)
{
	struct fixture *f = arg;

	f->answer = answer;
	note(f, 'p', text);
}

static void
defined(void *arg, int rc, const struct virt_definition *definition,
	const char *text)
{
	struct fixture *f = arg;

	f->rc = rc;
	assert_true((rc == 0) == (definition != NULL));
	if (definition != NULL) {
		snprintf(f->hash, sizeof(f->hash), "%s", definition->hash);
		free(f->xml);
		f->xml = xstrdup(definition->xml);
	}
	note(f, 'd', text);
}

static void
listed(void *arg, int rc, const struct virt_domain *domains, size_t n,
       const char *text)
{
	struct fixture *f = arg;

	f->rc = rc;
	f->n = n;
	for (size_t i = 0; i < n && i < 8; i++)
		f->domains[i] = domains[i];
	note(f, 'l', text);
}

static void
started(void *arg, enum virt_start_result result, const char *text)
{
	struct fixture *f = arg;

	f->result = result;
	note(f, 's', text);
}

static void
cleaned(void *arg, const struct virt_clean_result *results, size_t n,
	const char *text)
{
	struct fixture *f = arg;

	f->n = n;
	for (size_t i = 0; i < n && i < 8; i++)
		f->cleaned[i] = results[i];
	note(f, 'c', text);
}

static void
probe(struct fixture *f, const char *uri)
{
	f->in_call = true;
	virt_probe(f->virt, uri, probed, f);
	f->in_call = false;
	await(f, 1);
}

static void
expect_start(struct fixture *f, const char *uuid, const char *xml,
	     enum virt_start_result result, const char *words)
{
	f->in_call = true;
	virt_start(f->virt, f->uri, uuid, xml, started, f);
	f->in_call = false;
	await(f, 1);
	if (f->result != result || strstr(f->text, words) == NULL)
		fail_msg("%s: %s", virt_start_result_name(f->result), f->text);
}

static void
clean(struct fixture *f, const char *const *uuids, size_t n)
{
	f->in_call = true;
	struct virt_stale stale[8];

	assert_in_range(n, 1, 8);
	for (size_t i = 0; i < n; i++)
		stale[i] = (struct virt_stale){ uuids[i], !f->spares_running };
	virt_clean(f->virt, f->uri, stale, n, cleaned, f);
	f->in_call = false;
	await(f, 1);
	assert_int_equal(f->n, n);
}

/* --- probe ---------------------------------------------------------------- */

/* A socket on loopback that the kernel connects to and nobody serves. */
static int
listen_deaf(char uri[96])
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&to, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&to, &len);
	snprintf(uri, 96, "qemu+tcp://127.0.0.1:%u/system", ntohs(to.sin_port));
	return fd;
}

static void
a_libvirt_that_answers_is_alive(void **state)
{
	struct fixture *f = *state;

	probe(f, f->uri);
	assert_int_equal(f->answer, VIRT_ALIVE);
	assert_string_equal(f->text, "");
}

static void
a_port_where_nobody_listens_is_refused(void **state)
{
	struct fixture *f = *state;
	char uri[96];

	close(listen_deaf(uri));
	probe(f, uri);
	assert_int_equal(f->answer, VIRT_REFUSED);
	assert_non_null(strstr(f->text, "refused"));
}

static void
one_that_never_answers_is_silent_at_its_deadline(void **state)
{
	struct fixture *f = *state;
	char uri[96];
	cleanup_close int fd = listen_deaf(uri);
	int64_t began = clock_mono_ms();

	for (unsigned i = 0; i < 3; i++) { /* the worker comes anew */
		f->ticks = 0;
		probe(f, uri);
		assert_int_equal(f->answer, VIRT_SILENT);
		assert_non_null(strstr(f->text, "no answer in 1500 ms"));
		/* The loop went on meanwhile. */
		assert_true(f->ticks > PROBE_TIMEOUT_MS / 10 / 2);
	}
	assert_true(clock_mono_ms() - began >= 3L * PROBE_TIMEOUT_MS);
	assert_true(clock_mono_ms() - began < 4L * PROBE_TIMEOUT_MS);
	(void)fd;
}

static void
what_cannot_be_asked_is_unknown_and_never_silent(void **state)
{
	static const char *const uris[] = {
		"qemu+unix:///system?socket=/nonexistent/libvirt-sock",
		"nonsense://127.0.0.1/system",
		"%",
		"",
		"test:///nonexistent",
		"test://\xff\xfe",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		probe(f, uris[i]);
		assert_int_equal(f->answer, VIRT_UNKNOWN);
		assert_string_not_equal(f->text, "");
	}
}

/* --- read ----------------------------------------------------------------- */

static void
all_vms_are_listed(void **state)
{
	struct fixture *f = *state;

	virt_list(f->virt, f->uri, listed, f);
	await(f, 1);
	assert_int_equal(f->rc, 0);
	assert_int_equal(f->n, 2);
	size_t a = strcmp(f->domains[0].uuid, UUID_A) == 0 ? 0 : 1;
	assert_string_equal(f->domains[a].uuid, UUID_A);
	assert_string_equal(f->domains[a].name, "running");
	assert_int_equal(f->domains[a].state, VM_STATE_RUNNING);
	assert_true(f->domains[a].active);
	assert_string_equal(f->domains[1 - a].uuid, UUID_B);
}

static void
a_definition_comes_with_its_hash(void **state)
{
	struct fixture *f = *state;
	char first[REPORT_HASH_LEN];

	virt_read_definition(f->virt, f->uri, UUID_A, defined, f);
	await(f, 1);
	assert_int_equal(f->rc, 0);
	assert_int_equal(strlen(f->hash), REPORT_HASH_LEN - 1);
	assert_non_null(strstr(f->xml, "<uuid>" UUID_A "</uuid>"));
	memcpy(first, f->hash, sizeof(first));
	virt_read_definition(f->virt, f->uri, UUID_A, defined, f);
	await(f, 1);
	assert_string_equal(f->hash, first);
	virt_read_definition(f->virt, f->uri, UUID_B, defined, f);
	await(f, 1);
	assert_string_not_equal(f->hash, first);
}

static void
an_unknown_vm_has_no_definition(void **state)
{
	struct fixture *f = *state;

	virt_read_definition(f->virt, f->uri, UUID_NEW, defined, f);
	await(f, 1);
	assert_int_equal(f->rc, -ENOENT);
	virt_read_definition(f->virt, f->uri, "\xff", defined, f);
	await(f, 1);
	assert_int_equal(f->rc, -ECANCELED);
	virt_read_definition(f->virt, f->uri, "no uuid", defined, f);
	await(f, 1);
	assert_int_equal(f->rc, -EIO);
	virt_list(f->virt, "test:///nonexistent", listed, f);
	await(f, 1);
	assert_int_equal(f->rc, -EIO);
	assert_string_not_equal(f->text, "");
}

/* --- start ---------------------------------------------------------------- */

static void
a_vm_is_started_once(void **state)
{
	struct fixture *f = *state;

	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_DONE, "");
	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_ALREADY,
		     "");
}

static void
a_vm_that_was_defined_already_is_started(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainUndefineFlags", 1);
	clean(f, (const char *const[]){ UUID_A }, 1); /* destroys it only */
	assert_false(f->cleaned[0].gone);
	assert_true(f->cleaned[0].was_active);
	expect_start(f, UUID_A, DOMAIN("running", UUID_A), VIRT_START_DONE, "");
}

static void
a_name_that_another_vm_has_is_refused(void **state)
{
	struct fixture *f = *state;

	expect_start(f, UUID_NEW, DOMAIN("other", UUID_NEW), VIRT_START_ABSENT,
		     "already exists");
}

static void
a_definition_of_another_vm_is_never_sent(void **state)
{
	static const char *const bad[] = {
		DOMAIN("new", UUID_A),
		"",
		"no XML at all",
		"<domain/>",
		"<!DOCTYPE x [<!ENTITY u 'x'>]>" DOMAIN("new", UUID_NEW),
		DOMAIN("new", UUID_NEW) DOMAIN("new", UUID_NEW),
		"<domain>\xff<uuid>" UUID_NEW "</uuid></domain>",
	};
	struct fixture *f = *state;

	setenv("FAULT", "virDomainCreate:hang", 1); /* were it sent */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		expect_start(f, UUID_NEW, bad[i], VIRT_START_IN_DOUBT,
			     "not sent");

	cleanup_free char *huge = xcalloc(1, VIRT_XML_MAX + 1000);
	memset(huge, ' ', VIRT_XML_MAX + 10);
	snprintf(huge + VIRT_XML_MAX + 10, 990, "%s", DOMAIN("new", UUID_NEW));
	expect_start(f, UUID_NEW, huge, VIRT_START_IN_DOUBT, "not sent");
}

static void
a_definition_that_libvirt_refuses_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	expect_start(f, UUID_NEW,
		     "<domain type='xen'><uuid>" UUID_NEW "</uuid></domain>",
		     VIRT_START_ABSENT, "");
	assert_string_not_equal(f->text, "");
}

static void
a_start_that_fails_is_proved_absent_and_tidied_up(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainCreate", 1);
	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_ABSENT,
		     "");
	/* Left behind, it would keep the name from others. */
	expect_start(f, UUID_C, DOMAIN("new", UUID_C), VIRT_START_ABSENT, "");
	assert_null(strstr(f->text, "already exists"));
}

static void
a_definition_that_was_there_before_stays_when_the_start_fails(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainUndefineFlags,virDomainCreate", 1);
	clean(f, (const char *const[]){ UUID_A }, 1); /* destroys it only */
	expect_start(f, UUID_A, DOMAIN("running", UUID_A), VIRT_START_ABSENT,
		     "");
	expect_start(f, UUID_C, DOMAIN("running", UUID_C), VIRT_START_ABSENT,
		     "already exists");
}

static void
a_start_without_autostart_off_is_no_start(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainSetAutostart", 1);
	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_ABSENT,
		     "");
}

static void
a_saved_memory_image_is_a_refusal(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainUndefineFlags,virDomainHasManagedSaveImage",
	       1);
	clean(f, (const char *const[]){ UUID_B }, 1); /* off, still defined */
	expect_start(f, UUID_B, DOMAIN("other", UUID_B), VIRT_START_ABSENT,
		     "saved memory image");
}

static void
a_start_that_cannot_be_seen_is_in_doubt(void **state)
{
	struct fixture *f = *state;

	setenv("FAULT", "virDomainIsActive", 1);
	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_IN_DOUBT,
		     "");
	expect_start(f, UUID_A, DOMAIN("running", UUID_A), VIRT_START_IN_DOUBT,
		     "");
}

static void
a_start_on_a_host_that_refuses_is_in_doubt(void **state)
{
	struct fixture *f = *state;
	char uri[96];

	close(listen_deaf(uri));
	virt_start(f->virt, uri, UUID_NEW, DOMAIN("new", UUID_NEW), started, f);
	await(f, 1);
	assert_int_equal(f->result, VIRT_START_IN_DOUBT);
	assert_non_null(strstr(f->text, "refused"));
}

static void
a_probe_does_not_wait_behind_a_start_that_hangs(void **state)
{
	struct fixture *f = *state;
	const struct virt_stale stale = { UUID_B, true };

	setenv("FAULT", "virDomainCreate:hang", 1);
	virt_start(f->virt, f->uri, UUID_NEW, DOMAIN("new", UUID_NEW), started,
		   f);
	virt_clean(f->virt, f->uri, &stale, 1, cleaned, f);
	virt_probe(f->virt, f->uri, probed, f);
	virt_list(f->virt, f->uri, listed, f);
	await(f, 2);
	assert_null(strchr(f->order, 's'));
	assert_null(strchr(f->order, 'c'));

	f->in_call = true;
	virt_cancel(f->virt, f->uri);
	f->in_call = false;
	await(f, 2);
	assert_string_equal(f->order + 2, "sc");
	assert_int_equal(f->result, VIRT_START_IN_DOUBT);
	assert_false(f->cleaned[0].gone);
	assert_non_null(strstr(f->cleaned[0].text, "not sent"));

	setenv("FAULT", "", 1); /* and after that all is as ever */
	expect_start(f, UUID_NEW, DOMAIN("new", UUID_NEW), VIRT_START_DONE, "");
}

/* --- clean ---------------------------------------------------------------- */

static void
what_is_left_of_vms_is_removed(void **state)
{
	static const char *const uuids[] = { UUID_A, UUID_NEW, UUID_B };
	struct fixture *f = *state;

	clean(f, uuids, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(f->cleaned[i].uuid, uuids[i]);
		assert_true(f->cleaned[i].gone);
		assert_string_equal(f->cleaned[i].text, "");
	}
	assert_true(f->cleaned[0].was_active);
	assert_false(f->cleaned[1].was_active);
	clean(f, uuids, 3);
	assert_false(f->cleaned[0].was_active);
}

static void
a_copy_that_runs_is_left_alone_unless_it_is_to_end(void **state)
{
	struct fixture *f = *state;
	const char *uuid = UUID_A;

	f->spares_running = true;
	clean(f, &uuid, 1);
	assert_false(f->cleaned[0].gone);
	assert_true(f->cleaned[0].was_active);
	f->spares_running = false;
	clean(f, &uuid, 1);
	assert_true(f->cleaned[0].gone);
	assert_true(f->cleaned[0].was_active); /* it ran on until now */
}

static void
a_copy_that_does_not_die_is_not_gone_and_stays_defined(void **state)
{
	struct fixture *f = *state;
	const char *uuid = UUID_A;

	setenv("FAULT", "virDomainDestroy", 1);
	clean(f, &uuid, 1);
	assert_false(f->cleaned[0].gone);
	assert_true(f->cleaned[0].was_active);
	assert_string_not_equal(f->cleaned[0].text, "");
}

static void
nothing_is_gone_that_could_not_be_looked_at(void **state)
{
	static const char *const uuids[] = { UUID_A, "no uuid" };
	struct fixture *f = *state;

	setenv("FAULT", "virDomainIsActive", 1);
	clean(f, uuids, 2);
	assert_false(f->cleaned[0].gone);
	assert_false(f->cleaned[1].gone);
	const struct virt_stale stale[] = { { uuids[0], true },
					    { uuids[1], true } };
	virt_clean(f->virt, "test:///nonexistent", stale, 2, cleaned, f);
	await(f, 1);
	assert_int_equal(f->n, 2);
	assert_false(f->cleaned[0].gone);
	assert_string_not_equal(f->cleaned[0].text, "");
}

/* --- queues --------------------------------------------------------------- */

static void
many_hosts_are_asked_at_once_and_each_answers(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 12; i++) { /* more than read at once */
		char uri[96];

		snprintf(uri, sizeof(uri), "test://%s?%u", f->path, i);
		virt_list(f->virt, uri, listed, f);
		virt_read_definition(f->virt, uri, UUID_A, defined, f);
	}
	await(f, 24);
	assert_int_equal(f->called, 24);
	assert_int_equal(f->rc, 0);
}

static void
nothing_is_called_after_the_end(void **state)
{
	struct fixture *f = *state;

	virt_probe(f->virt, f->uri, probed, f);
	virt_list(f->virt, f->uri, listed, f);
	virt_list(f->virt, f->uri, listed, f);
	virt_start(f->virt, f->uri, UUID_NEW, "", started, f);
	virt_free(f->virt);
	f->virt = virt_new(f->loop);
	probe(f, f->uri);
	assert_string_equal(f->order, "p");
}

int
main(int argc, char *argv[])
{
	static const struct worker_role roles[] = { { VIRT_ROLE, virt_serve } };
	int status = worker_main(argc, argv, roles, 1);

	if (status >= 0)
		return status;
	log_start("test_virt", LOG_LEVEL_ERROR + 1);
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(a_libvirt_that_answers_is_alive),
		CASE(a_port_where_nobody_listens_is_refused),
		CASE(one_that_never_answers_is_silent_at_its_deadline),
		CASE(what_cannot_be_asked_is_unknown_and_never_silent),
		CASE(all_vms_are_listed),
		CASE(a_definition_comes_with_its_hash),
		CASE(an_unknown_vm_has_no_definition),
		CASE(a_vm_is_started_once),
		CASE(a_vm_that_was_defined_already_is_started),
		CASE(a_name_that_another_vm_has_is_refused),
		CASE(a_definition_of_another_vm_is_never_sent),
		CASE(a_definition_that_libvirt_refuses_leaves_nothing),
		CASE(a_start_that_fails_is_proved_absent_and_tidied_up),
		CASE(a_definition_that_was_there_before_stays_when_the_start_fails),
		CASE(a_start_without_autostart_off_is_no_start),
		CASE(a_saved_memory_image_is_a_refusal),
		CASE(a_start_that_cannot_be_seen_is_in_doubt),
		CASE(a_start_on_a_host_that_refuses_is_in_doubt),
		CASE(a_probe_does_not_wait_behind_a_start_that_hangs),
		CASE(what_is_left_of_vms_is_removed),
		CASE(a_copy_that_runs_is_left_alone_unless_it_is_to_end),
		CASE(a_copy_that_does_not_die_is_not_gone_and_stays_defined),
		CASE(nothing_is_gone_that_could_not_be_looked_at),
		CASE(many_hosts_are_asked_at_once_and_each_answers),
		CASE(nothing_is_called_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
