/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on a terminal: harmless, measured, wrapped, with units.
 */
#include "scheduler/cli/text.h"

#include "tests/unit/cli/fake_api.h"

static void
assert_safe(const char *text, const char *wanted)
{
	cleanup_free char *safe = text_safe(text);

	assert_string_equal(safe, wanted);
}

static void
control_characters_become_question_marks(void **state)
{
	(void)state;
	assert_safe("plain", "plain");
	assert_safe("\033[2J\007x\177", "?[2J?x?");
	assert_safe("a\nb\tc\rd", "a b c d");
	assert_safe("\xc2\x9b"
		    "31m",
		    "?31m"); /* CSI of C1 */
}

static void
characters_that_turn_or_hide_text_become_question_marks(void **state)
{
	(void)state;
	assert_safe("a\xe2\x80\xae"
		    "b\xe2\x80\x8b"
		    "c\xef\xbb\xbf"
		    "d",
		    "a?b?c?d");
	assert_safe("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

static void
broken_utf8_becomes_question_marks(void **state)
{
	(void)state;
	assert_safe("\xff\xfe", "??");
	assert_safe("x\xc3", "x?");
	assert_safe("\xe2\x28\xa1", "?(?");
}

static void
endless_text_is_cut(void **state)
{
	char *text = xcalloc(1, 1 << 20);

	(void)state;
	memset(text, 'x', (1 << 20) - 1);
	cleanup_free char *safe = text_safe(text);
	assert_int_equal(strlen(safe), TEXT_SAFE_MAX + 2);
	assert_string_equal(safe + TEXT_SAFE_MAX, "..");
	free(text);
}

static void
assert_wrapped(const char *text, size_t width, const char *wanted)
{
	cleanup_free char *wrapped = text_wrap(text, width);

	assert_string_equal(wrapped, wanted);
}

static void
lines_break_between_words_and_never_exceed_the_width(void **state)
{
	(void)state;
	assert_wrapped("one two three", 0, "one two three");
	assert_wrapped("one two three", 7, "one two\nthree");
	assert_wrapped("one two three", 8, "one two\nthree");
	assert_wrapped("one two three", 5, "one\ntwo\nthree");
	assert_wrapped("abcdefghij", 4, "abcd\nefgh\nij");
	assert_wrapped("a bcdefghij k", 4, "a\nbcde\nfghi\nj k");
	assert_wrapped("", 4, "");
}

static void
wide_characters_count_as_two_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_wrapped("\xe6\x97\xa5\xe6\x9c\xac", 3,
		       "\xe6\x97\xa5\n\xe6\x9c\xac");
}

static void
cut_text_ends_in_dots_within_the_width(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *wanted;
	} cases[] = {
		{ "abcdef", 6, "abcdef" },
		{ "abcdef", 5, "abc.." },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 3, ".." },
		{ "gr\xc3\xbc\xc3\x9f"
		  "e",
		  4, "gr.." },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup_free char *cut =
			text_cut(cases[i].text, cases[i].width);
		assert_string_equal(cut, cases[i].wanted);
	}
}

static void
ages_have_one_unit(void **state)
{
	static const struct {
		int64_t ms;
		const char *wanted;
	} cases[] = {
		{ -1, "?" },
		{ 0, "0 ms" },
		{ 999, "999 ms" },
		{ 3000, "3 s" },
		{ 119999, "119 s" },
		{ 120000, "2 min" },
		{ 7200000, "2 h" },
		{ 172800000, "2 d" },
		{ INT64_MAX, "106751991167 d" },
	};
	char buf[TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(text_age(buf, cases[i].ms),
				    cases[i].wanted);
}

static void
memory_is_shown_in_binary_units(void **state)
{
	char buf[TEXT_LEN];

	(void)state;
	assert_string_equal(text_memory(buf, 512), "512 KiB");
	assert_string_equal(text_memory(buf, 32 << 10), "32 MiB");
	assert_string_equal(text_memory(buf, 3 << 19), "1.5 GiB");
	assert_string_equal(text_memory(buf, INT64_C(5) << 29), "2.5 TiB");
	assert_string_equal(text_memory(buf, -1), "?");
	assert_string_equal(text_memory_use(buf, 1 << 20, 4 << 20),
			    "1.0/4.0 GiB");
	assert_string_equal(text_memory_use(buf, -1, 4 << 20), "?/4.0 GiB");
	assert_string_equal(text_memory_use(buf, 1, -1), "-/?");
}

static void
times_carry_the_date_only_when_it_is_not_today(void **state)
{
	char buf[TEXT_LEN];

	(void)state;
	assert_string_equal(text_time(buf, NOW_MS, NOW_MS), "03:12:45");
	assert_string_equal(text_time(buf, NOW_MS - 86400000, NOW_MS),
			    "2026-03-03 03:12:45");
	assert_string_equal(text_time(buf, -1, NOW_MS), "?");
	assert_string_equal(text_time(buf, INT64_MAX, NOW_MS), "?");
	assert_string_equal(text_time_exact(buf, NOW_MS + 7),
			    "2026-03-04 03:12:45.007");
}

static void
a_bmc_that_cannot_be_relied_on_is_loud(void **state)
{
	(void)state;
	assert_string_equal(word_bmc("up").text, "up");
	assert_int_equal(word_bmc("up").tone, TONE_PLAIN);
	assert_string_equal(word_bmc("wrong-host").text, "WRONG HOST");
	assert_int_equal(word_bmc("wrong-host").tone, TONE_BAD);
	assert_int_equal(word_bmc("silent").tone, TONE_BAD);
	/* Not told, or a word of a later version: neither is good. */
	assert_string_equal(word_bmc("").text, "?");
	assert_int_equal(word_bmc("").tone, TONE_WARN);
	assert_int_equal(word_bmc("dreaming").tone, TONE_WARN);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_question_marks),
		cmocka_unit_test(
			characters_that_turn_or_hide_text_become_question_marks),
		cmocka_unit_test(broken_utf8_becomes_question_marks),
		cmocka_unit_test(endless_text_is_cut),
		cmocka_unit_test(
			lines_break_between_words_and_never_exceed_the_width),
		cmocka_unit_test(wide_characters_count_as_two_columns),
		cmocka_unit_test(cut_text_ends_in_dots_within_the_width),
		cmocka_unit_test(ages_have_one_unit),
		cmocka_unit_test(memory_is_shown_in_binary_units),
		cmocka_unit_test(
			times_carry_the_date_only_when_it_is_not_today),
		cmocka_unit_test(a_bmc_that_cannot_be_relied_on_is_loud),
	};

	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
