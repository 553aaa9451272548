/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments, help, completion: what is wrong is said, and what was meant.
 */
#include "tests/unit/cli/fake_api.h"

#include "common/file.h"

static void
an_unknown_command_names_the_nearest(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, NULL, "stauts");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: unknown command \"stauts\"\n"
		   "          did you mean `ironherd status`?\n");
	run_command(&run, NULL, "ev");
	assert_has(run.err, "`ironherd events`");
	run_done(&run);
	run_command(&run, NULL, "xylophone");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: unknown command \"xylophone\"\n"
		   "          `ironherd help` lists the commands\n");
	run_command(&run, NULL, "help powr");
	assert_has(run.err, "`ironherd power`");
	run_done(&run);
}

static void
an_unknown_option_names_the_nearest(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, NULL, "status --jsn");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: unknown option \"--jsn\"\n"
		   "          did you mean --json?\n");
	run_command(&run, NULL, "status -q");
	assert_run(&run, CLI_USAGE, "",
		   "ironherd: unknown option \"-q\"\n"
		   "          `ironherd help COMMAND` lists its options\n");
}

static void
mistaken_arguments_are_refused_before_anything_is_asked(void **state)
{
	static const struct {
		const char *line, *complaint;
	} cases[] = {
		{ "status --follow",
		  "`ironherd status` has no option --follow" },
		{ "status extra", "too many arguments" },
		{ "explain", "missing arguments" },
		{ "explain 12x", "\"12x\" is not the number of an event" },
		{ "explain -- -1", "\"-1\" is not the number of an event" },
		{ "events -n", "--number needs a value: N" },
		{ "events -n many", "-n: \"many\" is not a number" },
		{ "events -n100001", "is not a number from 0 to 100000" },
		{ "events --follow=yes", "--follow takes no value" },
		{ "status --timeout 0", "--timeout: \"0\" is not a number" },
		{ "status --timeout nan",
		  "--timeout: \"nan\" is not a number" },
		{ "status --timeout 3s", "--timeout: \"3s\" is not a number" },
		{ "power sattus h1", "did you mean status?" },
		{ "power explode h1", "usage: power VERB HOSTS" },
		{ "ha enalbe c1", "did you mean enable?" },
		{ "status a b c d e", "too many arguments: \"a\"" },
	};
	struct run run;

	(void)state;
	setenv(CLI_SOCKET_ENV, "/nonexistent", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		run_command(&run, NULL, cases[i].line);
		assert_has(run.err, cases[i].complaint);
		assert_string_equal(run.out, "");
		assert_int_equal(run.status, CLI_USAGE);
		run_done(&run);
	}
}

static void
too_many_names_are_told_to_be_written_as_ranges(void **state)
{
	char **argv = xcalloc(CLI_ARGS_MAX + 4, sizeof(*argv));
	char(*names)[8] = xcalloc(CLI_ARGS_MAX, sizeof(*names));
	struct cli good = { .io = run_io }, bad = { .io = run_io };
	char *text = NULL;
	size_t len;
	int argc = 0;

	(void)state;
	good.io.err = bad.io.err = open_memstream(&text, &len);
	good.io.out = bad.io.out = bad.io.err;
	argv[argc++] = (char *)"ironherd";
	argv[argc++] = (char *)"power";
	argv[argc++] = (char *)"status";
	for (int i = 0; i < CLI_ARGS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "h%d", i);
		argv[argc++] = names[i];
	}
	assert_int_equal(cli_parse(&good, argc - 1, argv), CLI_OK);
	assert_int_equal(cli_parse(&bad, argc, argv), CLI_USAGE);
	fclose(bad.io.err);
	assert_string_equal(text,
			    "ironherd: more than 4096 hosts: \"h4096\"\n"
			    "          write ranges such as rack2-[01-16], "
			    "@CLUSTER or @all\n");
	free(text);
	free(names);
	free(argv);
}

static void
a_hostile_argument_cannot_reach_the_terminal(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, NULL, "\033[31mstatus");
	assert_lacks(run.err, "\033");
	assert_has(run.err, "unknown command \"?[31mstatus\"");
	run_done(&run);
}

static void
without_arguments_help_is_shown_and_the_status_is_usage(void **state)
{
	struct run run;

	(void)state;
	run_command(&run, NULL, "");
	assert_has(run.out, "usage: ironherd COMMAND");
	assert_int_equal(run.status, CLI_USAGE);
	run_done(&run);
	run_command(&run, NULL, "--help");
	assert_has(run.out, "usage: ironherd COMMAND");
	assert_int_equal(run.status, CLI_OK);
	run_done(&run);
}

static void
assert_lines_fit(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		assert_true(len <= 80);
		text += len + (text[len] == '\n');
	}
}

static void
help_tells_every_command_within_80_columns(void **state)
{
	struct run run;
	char line[64];

	(void)state;
	for (const struct command *c = cli_commands; c->name != NULL; c++) {
		snprintf(line, sizeof(line), "help %s", c->name);
		run_command(&run, NULL, line);
		assert_has(run.out, c->name);
		assert_has(run.out, c->help);
		assert_int_equal(run.status, CLI_OK);
		assert_lines_fit(run.out);
		run_done(&run);
	}
	run_command(&run, NULL, "help");
	assert_lines_fit(run.out);
	for (const struct command *c = cli_commands; c->name != NULL; c++)
		assert_has(run.out, c->help);
	run_done(&run);
}

static void
version_needs_no_coordinator(void **state)
{
	struct run run;

	(void)state;
	setenv(CLI_SOCKET_ENV, "/nonexistent", 1);
	run_command(&run, NULL, "version");
	assert_run(&run, CLI_OK, "ironherd " IRONHERD_VERSION "\n", "");
	run_command(&run, NULL, "--version");
	assert_run(&run, CLI_OK, "ironherd " IRONHERD_VERSION "\n", "");
}

static char *
load(const char *path)
{
	struct err err;
	char *text;

	if (file_read(path, 1 << 20, &text, NULL, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

static void
completion_and_manual_know_every_command_and_option(void **state)
{
	cleanup_free char *completion = load("packaging/completion/ironherd");
	cleanup_free char *manual = load("scheduler/cli/ironherd.1");
	char line[256];

	(void)state;
	for (const struct command *c = cli_commands; c->name != NULL; c++) {
		int len = snprintf(line, sizeof(line), "\n\t[%s]=\"", c->name);
		for (size_t i = 0; i < OPTIONS; i++)
			if (c->options & (1u << i))
				len += snprintf(line + len,
						sizeof(line) - (size_t)len,
						"--%s ", cli_options[i].name);
		if (line[len - 1] == ' ')
			len--;
		snprintf(line + len, sizeof(line) - (size_t)len, "\"");
		if (strstr(completion, line) == NULL)
			fail_msg("completion lacks: %s", line);
		snprintf(line, sizeof(line), "\n.It Cm %s", c->name);
		if (strstr(manual, line) == NULL)
			fail_msg("the manual lacks: %s", line);
	}
	for (size_t i = 0; i < OPTIONS; i++) {
		snprintf(line, sizeof(line), "Fl -%s", cli_options[i].name);
		if (strstr(manual, line) == NULL)
			fail_msg("the manual lacks: %s", line);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_command_names_the_nearest),
		cmocka_unit_test(an_unknown_option_names_the_nearest),
		cmocka_unit_test(
			mistaken_arguments_are_refused_before_anything_is_asked),
		cmocka_unit_test(
			too_many_names_are_told_to_be_written_as_ranges),
		cmocka_unit_test(a_hostile_argument_cannot_reach_the_terminal),
		cmocka_unit_test(
			without_arguments_help_is_shown_and_the_status_is_usage),
		cmocka_unit_test(help_tells_every_command_within_80_columns),
		cmocka_unit_test(version_needs_no_coordinator),
		cmocka_unit_test(
			completion_and_manual_know_every_command_and_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
