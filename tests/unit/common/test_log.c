/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/log, by what arrives on standard error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"

static char said[8192];
static int saved_fd, pipe_fds[2];

static void
listen_to_stderr(void)
{
	assert_int_equal(pipe(pipe_fds), 0);
	saved_fd = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
}

static const char *
what_was_said(void)
{
	dup2(saved_fd, STDERR_FILENO);
	close(saved_fd);
	ssize_t n = read(pipe_fds[0], said, sizeof(said) - 1);

	close(pipe_fds[0]);
	said[n > 0 ? n : 0] = '\0';
	return said;
}

static void
lines_name_program_level_and_subsystem(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	log_start("test", LOG_LEVEL_INFO);
	listen_to_stderr();
	log_debug("ha", "not shown");
	log_warn("bmc", "host %s", "h3");
	const char *text = what_was_said();
	assert_non_null(strstr(text, " test["));
	assert_non_null(strstr(text, "] warning bmc: host h3\n"));
	assert_null(strstr(text, "not shown"));
}

static void
the_journal_gets_priorities(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_start("test", LOG_LEVEL_DEBUG);
	unsetenv("JOURNAL_STREAM");
	listen_to_stderr();
	log_debug("ha", "d");
	log_error("ha", "e");
	assert_string_equal(what_was_said(), "<7>ha: d\n<3>ha: e\n");
}

static void
foreign_text_cannot_forge_or_overrun_a_line(void **state)
{
	cleanup_free char *text = xcalloc(1, 5001);

	(void)state;
	memset(text, 'x', 5000);
	memcpy(text, "a\n<3>b\x1b[31m", 11);
	log_start("test", LOG_LEVEL_DEBUG);
	listen_to_stderr();
	log_info("ha", "%s", text);
	const char *line = what_was_said();
	size_t len = strlen(line);
	assert_true(len > 1000 && len <= 2048);
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	assert_null(strchr(line, 0x1b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_name_program_level_and_subsystem),
		cmocka_unit_test(the_journal_gets_priorities),
		cmocka_unit_test(foreign_text_cannot_forge_or_overrun_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
