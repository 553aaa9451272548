/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of common/config: what a file gives, and how its mistakes read. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/config.h"

static const char *const modes[] = { "agentx", "standalone", NULL };

static int
check_address(const char *value, struct err *err)
{
	return strchr(value, ':') != NULL
		       ? 0
		       : err_set(err, -EINVAL, "is not HOST:PORT");
}

static int
check_title(const char *value, struct err *err)
{
	return value[0] != '\0' ? 0 : err_set(err, -EINVAL, "is empty");
}

static const struct config_option bmc_options[] = { { .name = "address",
						      .type = CONFIG_TEXT,
						      .required = true,
						      .check = check_address },
						    { .name = "cipher-suite",
						      .type = CONFIG_INT,
						      .preset = "3",
						      .min = 3,
						      .max = 17 },
						    { .name = NULL } };
static const struct config_option host_options[] = {
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true },
	{ .name = "bmc", .type = CONFIG_SECTION, .sections = bmc_options },
	{ .name = NULL }
};
static const struct config_option cluster_options[] = {
	{ .name = "members", .type = CONFIG_TEXTS, .check = check_title },
	{ .name = "ha", .type = CONFIG_BOOL, .preset = "off" },
	{ .name = "weight", .type = CONFIG_INT },
	{ .name = NULL }
};
static const struct config_option snmp_options[] = { { .name = "mode",
						       .type = CONFIG_WORD,
						       .words = modes,
						       .preset = "agentx" },
						     { .name = "period-ms",
						       .type = CONFIG_INT,
						       .preset = "2000",
						       .min = 100,
						       .max = 60000 },
						     { .name = NULL } };
static const struct config_option options[] = {
	{ .name = "site", .type = CONFIG_TEXT, .required = true },
	{ .name = "note", .type = CONFIG_TEXT },
	{ .name = "snmp", .type = CONFIG_SECTION, .sections = snmp_options },
	{ .name = "cluster",
	  .type = CONFIG_LIST,
	  .sections = cluster_options,
	  .check = check_title },
	{ .name = "host", .type = CONFIG_LIST, .sections = host_options },
	{ .name = NULL }
};

static char folder[] = "/tmp/test-config-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/t.conf", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void
write_bytes(const char *bytes, size_t len, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static struct config *
load_text(const char *text)
{
	write_bytes(text, strlen(text), 0644);
	return config_load(path, options);
}

/* What the errors read like, with the folder's name cut off each line. */
static char *
errors_of(const struct config *config)
{
	char *text = NULL;
	size_t len, head = strlen(folder) + 1;
	FILE *to = open_memstream(&text, &len);

	config_print_errors(config, to);
	fclose(to);
	for (char *at = text; (at = strstr(at, folder)) != NULL;)
		memmove(at, at + head, strlen(at + head) + 1);
	return text;
}

static void
expect_errors(const char *text, const char *expected)
{
	struct config *config = load_text(text);
	cleanup_free char *errors = errors_of(config);

	assert_string_equal(errors, expected);
	config_free(config);
}

static char *
effective_of(const struct config *config)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	config_print_effective(config, to);
	fclose(to);
	return text;
}

/* --- what a good file gives ---------------------------------------------- */

static void
values_come_typed(void **state)
{
	struct config *config = load_text(
		"# shell\n/* C\n */ site = lab // C++\n"
		"snmp { mode = standalone period-ms = 500 }\n"
		"cluster \"c1\" { ha = on weight = -7 }\n"
		"cluster 'c2' { }\n"
		"host h1 { cluster = \"c1\" bmc { address = \"a:1\" } }");
	const struct config_section *root = config_root(config), *sub;

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	assert_string_equal(config_text(root, "site"), "lab");
	assert_null(config_text(root, "note"));
	sub = config_sub(root, "snmp");
	assert_int_equal(config_word(sub, "mode"), 1);
	assert_int_equal(config_int(sub, "period-ms"), 500);
	assert_int_equal(config_list_len(root, "cluster"), 2);
	sub = config_list_at(root, "cluster", 0);
	assert_true(config_bool(sub, "ha"));
	assert_int_equal(config_int(sub, "weight"), -7);
	sub = config_list_at(root, "cluster", 1);
	assert_string_equal(config_title(sub), "c2");
	assert_false(config_bool(sub, "ha"));
	assert_false(config_is_set(sub, "ha"));
	sub = config_list_at(root, "host", 0);
	assert_string_equal(config_title(sub), "h1");
	sub = config_sub(sub, "bmc");
	assert_string_equal(config_text(sub, "address"), "a:1");
	assert_int_equal(config_int(sub, "cipher-suite"), 3);
	config_free(config);
}

static void
absent_sections_are_null(void **state)
{
	struct config *config = load_text("site = lab");

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	assert_null(config_sub(config_root(config), "snmp"));
	assert_false(config_is_set(config_root(config), "snmp"));
	assert_int_equal(config_list_len(config_root(config), "host"), 0);
	config_free(config);
}

static void
texts_know_their_escapes(void **state)
{
	struct config *config =
		load_text("site = \"a\\\"b\\\\c\\$\\{d\\n\\te # {} = é\"\n");

	(void)state;
	assert_int_equal(config_count_errors(config), 1); /* the \{ */
	config_free(config);
	config = load_text("site = \"a\\\"b\\\\c\\${d\\n\\te # {} = é\"\n"
			   "note = '${x}\\y\\\\\\''\n");
	assert_int_equal(config_count_errors(config), 0);
	assert_string_equal(config_text(config_root(config), "site"),
			    "a\"b\\c${d\n\te # {} = é");
	assert_string_equal(config_text(config_root(config), "note"),
			    "${x}\\y\\'");
	config_free(config);
}

static void
byte_order_mark_and_carriage_returns_are_blanks(void **state)
{
	struct config *config =
		load_text("\xef\xbb\xbfsite = \"lab\"\r\nsnmp {\r\n}\r\n");

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	config_free(config);
}

static void
effective_form_reads_back_the_same(void **state)
{
	struct config *config = load_text(
		"site = \"l\\\"a\\\\b${\" note='x\"y${z}'\n"
		"snmp { } host \"h 1\" { cluster = c bmc { address = ':' } }");

	(void)state;
	config_free(config); /* ${ is a mistake there */
	config = load_text(
		"site = \"l\\\"a\\\\b\" note='x\"y${z}'\n"
		"cluster a { members = {'x y', \"z\"} }\n"
		"snmp { } host \"h 1\" { cluster = c bmc { address = ':' } }");
	assert_int_equal(config_count_errors(config), 0);
	cleanup_free char *first = effective_of(config);
	assert_non_null(strstr(first, "period-ms = 2000"));
	assert_non_null(strstr(first, "members = {\"x y\", \"z\"}\n"));
	config_free(config);
	config = load_text(first);
	assert_int_equal(config_count_errors(config), 0);
	cleanup_free char *second = effective_of(config);
	assert_string_equal(first, second);
	config_free(config);
}

/* --- mistakes ------------------------------------------------------------ */

static void
lists_keep_their_order(void **state)
{
	struct config *config =
		load_text("site = x\ncluster a { members = {c, 'b 2', # not\n"
			  "\"a\",} weight = 7 }\ncluster b { members = {} }\n"
			  "cluster c { members = one weight = 8 }\n");
	const struct config_section *root = config_root(config);
	const struct config_section *a = config_list_at(root, "cluster", 0);
	const struct config_section *b = config_list_at(root, "cluster", 1);
	const struct config_section *c = config_list_at(root, "cluster", 2);

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	assert_int_equal(config_texts_len(a, "members"), 3);
	assert_string_equal(config_texts_at(a, "members", 0), "c");
	assert_string_equal(config_texts_at(a, "members", 1), "b 2");
	assert_string_equal(config_texts_at(a, "members", 2), "a");
	assert_int_equal(config_int(a, "weight"), 7);
	assert_int_equal(config_texts_len(b, "members"), 0);
	assert_false(config_is_set(b, "members"));
	assert_int_equal(config_texts_len(c, "members"), 1);
	assert_string_equal(config_texts_at(c, "members", 0), "one");
	config_free(config);
}

static void
five_different_mistakes_are_told_at_once(void **state)
{
	(void)state;
	expect_errors("# the lab\n"
		      "siet = \"lab\"\n"
		      "snmp {\n"
		      "\tmode = agentxx\n"
		      "\tperiod-ms = \"3 s\"\n"
		      "}\n"
		      "cluster \"c1\" { ha = maybe }\n"
		      "host \"h1\" {\n"
		      "\tbmc { address = \"10.0.0.1\" }\n"
		      "}\n",
		      "t.conf:2: unknown option \"siet\"; did you mean "
		      "\"site\"?\n"
		      "    | siet = \"lab\"\n"
		      "t.conf:4: mode: \"agentxx\" is not one of agentx, "
		      "standalone\n"
		      "    | \tmode = agentxx\n"
		      "t.conf:5: period-ms: \"3 s\" is not a whole number\n"
		      "    | \tperiod-ms = \"3 s\"\n"
		      "t.conf:7: ha: \"maybe\" is neither on nor off\n"
		      "    | cluster \"c1\" { ha = maybe }\n"
		      "t.conf:8: \"h1\" lacks the option cluster\n"
		      "    | host \"h1\" {\n"
		      "t.conf:9: address: \"10.0.0.1\" is not HOST:PORT\n"
		      "    | \tbmc { address = \"10.0.0.1\" }\n");
}

static void
numbers_out_of_range_name_the_range(void **state)
{
	(void)state;
	expect_errors("site = x\nsnmp { period-ms = 99 }\n",
		      "t.conf:2: period-ms: \"99\" is out of range: 100 to "
		      "60000\n"
		      "    | snmp { period-ms = 99 }\n");
	expect_errors("site = x\n"
		      "cluster c { weight = 99999999999999999999 }\n",
		      "t.conf:2: weight: \"99999999999999999999\" is not a "
		      "whole number\n"
		      "    | cluster c { weight = 99999999999999999999 }\n");
}

static void
only_the_statement_with_the_mistake_is_lost(void **state)
{
	struct config *config =
		load_text("site = x cluster \"c1\" { haa = on weight = 4 }\n"
			  "host h1 { bcm { address = 1 } cluster = c1 }\n");
	const struct config_section *cluster =
		config_list_at(config_root(config), "cluster", 0);

	(void)state;
	assert_int_equal(config_count_errors(config), 2);
	assert_int_equal(config_int(cluster, "weight"), 4);
	assert_string_equal(config_text(config_list_at(config_root(config),
						       "host", 0),
					"cluster"),
			    "c1");
	config_free(config);
}

static void
one_mistake_gives_one_message(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "site\n", "site" }, /* also the end of the file */
		{ "site =\n", "the file ends in the middle" },
		{ "site =\nnote = x\n", "site: the value is missing" },
		{ "site =\nhost \"h\" { cluster = c }\n",
		  "site: the value is missing" },
		{ "site =\nsnmp { mode = agentx }\n",
		  "site: the value is missing" },
		{ "site = = x\n", "unexpected \"=\"" },
		{ "site x\nnote = y\n", "missing equal sign" },
		{ "site = a = b\n", "unexpected \"=\"" },
		{ "site = a, b\n", "unexpected \",\"" },
		{ "site = { a, b }\n", "unexpected \"{\"" },
		{ "site = x\ncluster a { weight = { 1 } }\n",
		  "unexpected \"{\"" },
		{ "site = x\ncluster a { members = { x y } weight = 1 }\n",
		  "unexpected \"y\"" },
		{ "site = x\ncluster a { members = {, x} }\n",
		  "unexpected \",\"" },
		{ "site = x\ncluster a { members = {x, \"\"} }\n",
		  "members: \"\" is empty" },
		{ "site = x\ncluster a { members = {x} members = {y} }\n",
		  "members: given twice" },
		{ "site = x\ncluster a { members = {x\nweight = 1 }\n",
		  "= { is never closed" },
		{ "site = x\ncluster a { members = {x\n}\n", "never closed" },
		{ "site = x\ncluster a { members = {x, {y} } }\n",
		  "= { is never closed" },
		{ "site = x\ncluster a { members = {\"x} }\n",
		  "closing quote" },
		{ "site = x\n= y\n", "unexpected \"=\"" },
		{ "site = \"x\nnote = y\n", "closing quote" },
		{ "site = 'x\n", "closing quote" },
		{ "site = x\nsnmp { mode = \"agentx }\n", "closing quote" },
		{ "site = x\nsnmp mode = agentx\n", "missing opening brace" },
		{ "site = x\nhost { cluster = c }\n", "missing title" },
		{ "site = x\nhost \"h\" \"i\" { cluster = c }\n",
		  "missing opening brace" },
		{ "site = x\nhost \"h\" { cluster = c\nnote = y\n",
		  "never closed" },
		{ "host \"h\" {\nsite = x\n", "never closed" },
		{ "site = x }\n", "closes nothing" },
		{ "site = x /* no end\nsite = y { {\n", "comment without end" },
		{ "site = \"${HOME}\"\n", "environment" },
		{ "site = ${HOME}\n", "environment" },
		{ "site = \"a\\x41\"\n", "unknown \\" },
		{ "site = x\nsite = y\n", "given twice, first in line 1" },
		{ "site = x\nsnmp { }\nsnmp { }\n",
		  "given twice, first in line 2" },
		{ "site = x\ncluster a { }\ncluster b { }\ncluster a { }\n",
		  "cluster \"a\": given twice, also in line 2" },
		{ "site = x\ncluster \"\" { }\n", "cluster \"\" is empty" },
		{ "site = x\ninclude(\"/etc/passwd\")\n",
		  "unknown option \"include\"" },
		{ "site = x\nsnmp|mode = standalone\n",
		  "unknown option \"snmp|mode\"" },
		{ "site = x\n\"note\" = y\n", "unknown option \"note\"" },
		{ "site = x\n1 = y\n", "unknown option \"1\"" },
		{ "site = x;\nfoo { a { b = c } d = { e } }\n",
		  "unknown option \"foo\"" },
		{ "site = x\nsnmp = agentx\n", "missing opening brace" },
		{ "site { }\n", "missing equal sign" },
		{ "", "the option site is missing" },
		{ "\n\n", "the option site is missing" },
		{ "stie = x\n", "did you mean \"site\"?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = load_text(cases[i].text);
		cleanup_free char *errors = errors_of(config);

		if (config_count_errors(config) != 1 ||
		    strstr(errors, cases[i].message) == NULL)
			fail_msg("%s\ngave\n%s", cases[i].text, errors);
		config_free(config);
	}
}

static void
messages_come_in_the_order_of_lines(void **state)
{
	struct config *config = load_text("site = x\n"
					  "cluster a { weight = b }\n"
					  "foo = 1\n"
					  "cluster a { weight = c }\n"
					  "bar = \"1\n");
	cleanup_free char *errors = errors_of(config);
	unsigned last = 0, n = 0;

	(void)state;
	for (char *at = errors; (at = strstr(at, "t.conf:")) != NULL;) {
		at += strlen("t.conf:");
		unsigned line = (unsigned)strtoul(at, NULL, 10);
		assert_true(line >= last);
		last = line;
		n++;
	}
	assert_int_equal(n, 5);
	config_free(config);
}

static void
complaints_of_the_program_join_the_others(void **state)
{
	struct config *config = load_text("site = x\nfoo = y\n"
					  "host h1 {\n cluster = c9 }\n");
	const struct config_section *host =
		config_list_at(config_root(config), "host", 0);

	(void)state;
	config_complain(config, host, "cluster", "no cluster \"%s\"", "c9");
	config_complain(config, host, NULL, "host without BMC");
	config_complain(config, config_root(config), "note", "no note");
	cleanup_free char *errors = errors_of(config);
	assert_string_equal(errors, "t.conf: no note\n"
				    "t.conf:2: unknown option \"foo\"\n"
				    "    | foo = y\n"
				    "t.conf:3: host without BMC\n"
				    "    | host h1 {\n"
				    "t.conf:4: no cluster \"c9\"\n"
				    "    |  cluster = c9 }\n");
	config_free(config);
}

static void
missing_file_is_a_mistake_of_the_file(void **state)
{
	struct config *config;

	(void)state;
	unlink(path);
	config = config_load(path, options);
	cleanup_free char *errors = errors_of(config);
	assert_string_equal(errors, "t.conf: No such file or directory\n");
	assert_null(config_text(config_root(config), "site"));
	config_free(config);
}

static void
a_folder_is_no_file(void **state)
{
	struct config *config = config_load("/tmp", options);

	(void)state;
	assert_int_equal(config_count_errors(config), 1);
	config_free(config);
}

/* --- hostile files --------------------------------------------------------*/

static void
odd_bytes_are_told_by_line_and_never_shown(void **state)
{
	static const char bytes[] = "site = x\nnote = \"a\0b\"\n# \xe9\n"
				    "# \x1b[31m\n# \xf4\x90\n# \xe2\x82";
	struct config *config;

	(void)state;
	write_bytes(bytes, sizeof(bytes) - 1, 0644);
	config = config_load(path, options);
	cleanup_free char *errors = errors_of(config);
	assert_int_equal(config_count_errors(config), 5);
	assert_non_null(strstr(errors, "t.conf:2: byte 0x00 is not text"));
	assert_non_null(strstr(errors, "t.conf:3: byte 0xe9"));
	assert_non_null(strstr(errors, "t.conf:4: byte 0x1b"));
	assert_non_null(strstr(errors, "t.conf:5: byte 0xf4"));
	assert_non_null(strstr(errors, "t.conf:6: byte 0xe2"));
	assert_null(strchr(errors, 0x1b));
	config_free(config);
}

static void
too_large_a_file_is_refused(void **state)
{
	size_t len = CONFIG_BYTES_MAX + 1;
	cleanup_free char *bytes = xcalloc(1, len);
	struct config *config;

	(void)state;
	memset(bytes, '\n', len);
	write_bytes(bytes, len, 0644);
	config = config_load(path, options);
	cleanup_free char *errors = errors_of(config);
	assert_string_equal(errors, "t.conf: larger than 4194304 bytes\n");
	config_free(config);
}

static void
repeat_and_load(const char *unit, size_t times, size_t most_errors)
{
	size_t len = strlen(unit);
	cleanup_free char *text = xcalloc(times + 1, len);

	for (size_t i = 0; i < times; i++)
		memcpy(text + i * len, unit, len);
	struct config *config = load_text(text);
	cleanup_free char *errors = errors_of(config);
	assert_in_range(config_count_errors(config), 1, most_errors);
	config_free(config);
}

static void
floods_of_anything_end_soon(void **state)
{
	(void)state;
	repeat_and_load("{", 100000, 3);
	repeat_and_load("}", 100000, CONFIG_ERRORS_MAX);
	repeat_and_load("host h {", 100000, 3);
	repeat_and_load("host h { } ", 10000, CONFIG_ERRORS_MAX);
	repeat_and_load("\"", 100001, 3);
	repeat_and_load("=", 100000, 3);
	repeat_and_load("a ", 100000, 3);
	repeat_and_load("a = b\n", 10000, CONFIG_ERRORS_MAX);
	repeat_and_load("site = b\n", 10000, CONFIG_ERRORS_MAX);
	repeat_and_load("/*", 100000, 3);
	repeat_and_load("x", CONFIG_BYTES_MAX - 1, 3);
	repeat_and_load("\0\1", 1, 3);
}

static void
the_hundredth_mistake_is_the_last_told(void **state)
{
	char text[150 * 6 + 1] = "";

	(void)state;
	for (size_t i = 0; i < 150; i++)
		memcpy(text + i * 6, "a = b\n", 6);
	struct config *config = load_text(text);
	cleanup_free char *errors = errors_of(config);
	assert_int_equal(config_count_errors(config), CONFIG_ERRORS_MAX);
	assert_non_null(strstr(errors, "more mistakes than the 100 shown"));
	config_free(config);
}

/* --- secrets --------------------------------------------------------------*/

static struct config *
load_secret(const char *text, mode_t mode)
{
	write_bytes(text, strlen(text), mode);
	return config_load_secret(path, options);
}

static void
secrets_never_reach_a_message(void **state)
{
	struct config *config =
		load_secret("site = hush hush2\n"
			    "hush3 = \"hush\nsnmp { mode = hush }\n"
			    "hush { hush = hush }\n"
			    "cluster a { weight = hush ha = 'hush' }\n"
			    "host a { bmc { address = hush } }\n",
			    0600);
	cleanup_free char *errors = errors_of(config);

	(void)state;
	assert_int_equal(config_count_errors(config), 8);
	assert_null(strstr(errors, "hush"));
	config_free(config);
}

static void
secrets_are_hidden_in_the_effective_form(void **state)
{
	struct config *config = load_secret("site = hush\n", 0600);

	(void)state;
	assert_int_equal(config_count_errors(config), 0);
	assert_string_equal(config_text(config_root(config), "site"), "hush");
	cleanup_free char *effective = effective_of(config);
	assert_string_equal(effective, "site = \"(hidden)\"\n");
	config_free(config);
}

static void
secrets_open_to_others_are_refused(void **state)
{
	struct config *config = load_secret("site = hush\n", 0640);
	cleanup_free char *errors = errors_of(config);

	(void)state;
	assert_int_equal(config_count_errors(config), 1);
	assert_string_equal(errors, "t.conf: mode 0640 lets others read the "
				    "passwords; run 'chmod 600 t.conf'\n");
	assert_null(config_text(config_root(config), "site"));
	config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_typed),
		cmocka_unit_test(absent_sections_are_null),
		cmocka_unit_test(texts_know_their_escapes),
		cmocka_unit_test(
			byte_order_mark_and_carriage_returns_are_blanks),
		cmocka_unit_test(effective_form_reads_back_the_same),
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(five_different_mistakes_are_told_at_once),
		cmocka_unit_test(numbers_out_of_range_name_the_range),
		cmocka_unit_test(only_the_statement_with_the_mistake_is_lost),
		cmocka_unit_test(one_mistake_gives_one_message),
		cmocka_unit_test(messages_come_in_the_order_of_lines),
		cmocka_unit_test(complaints_of_the_program_join_the_others),
		cmocka_unit_test(missing_file_is_a_mistake_of_the_file),
		cmocka_unit_test(a_folder_is_no_file),
		cmocka_unit_test(odd_bytes_are_told_by_line_and_never_shown),
		cmocka_unit_test(too_large_a_file_is_refused),
		cmocka_unit_test(floods_of_anything_end_soon),
		cmocka_unit_test(the_hundredth_mistake_is_the_last_told),
		cmocka_unit_test(secrets_never_reach_a_message),
		cmocka_unit_test(secrets_are_hidden_in_the_effective_form),
		cmocka_unit_test(secrets_open_to_others_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
