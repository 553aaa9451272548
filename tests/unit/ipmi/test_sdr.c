/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions of sensors: records made by hand, names, values, units, the
 * bytes of the file they are kept in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/crc32.h"
#include "ipmi/sdr_cache.h"
#include "ipmi/sensors.h"

/* --- records ------------------------------------------------------------- */

struct record {
	uint8_t bytes[SDR_RECORD_MAX];
	size_t len;
};

static void
put_name(struct record *record, size_t at, uint8_t type, const char *name,
	 size_t len)
{
	record->bytes[at] = (uint8_t)(type << 6 | len);
	memcpy(record->bytes + at + 1, name, len);
	record->len = at + 1 + len;
	record->bytes[4] = (uint8_t)(record->len - 5);
}

static struct record
full(const char *name)
{
	struct record record = {
		.bytes = { 1,    0, 0x51, 1, 0, 0x20, 0x00, 0x30, 3,    1, 0x7f,
			   0x44, 1, 1,    0, 0, 0,    0,    0x38, 0x38, 0, 1,
			   0,    0, 1,    0, 0, 0,    0,    0,    1,    42 },
	};

	put_name(&record, 47, 3, name, strlen(name));
	return record;
}

static struct record
compact(const char *name, uint8_t share, uint8_t modifier)
{
	struct record record = {
		.bytes = { 1, 0, 0x51, 2, 0, 0x20, 0x00, 0x0a, 10, 1, 0x67,
			   0x40, 0x08, 0x6f },
	};

	record.bytes[20] = 0xc0;
	record.bytes[23] = share;
	record.bytes[24] = modifier;
	put_name(&record, 31, 3, name, strlen(name));
	return record;
}

static size_t
parse(const struct record *record, struct sdr_sensor sensors[SDR_SHARE_MAX])
{
	bool odd;
	size_t n = sdr_parse_record(record->bytes, record->len, sensors, &odd);

	assert_false(odd);
	return n;
}

static void
a_full_record_is_a_sensor_with_formula_and_thresholds(void **state)
{
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = full("Core 1");

	(void)state;
	record.bytes[6] = 0x12;
	record.bytes[9] = 0x61;
	record.bytes[11] = 0x4c; /* fixed thresholds */
	record.bytes[18] = 0xff; /* six of them, two bits else */
	memcpy(record.bytes + 36, "\6\5\4\3\2\1", 6); /* highest first */
	record.bytes[20] = 0x8b; /* twos, per ms, no modifier, % */
	record.bytes[21] = 18;
	record.bytes[22] = 20;
	record.bytes[23] = 0x87;
	record.bytes[24] = 0x01;
	record.bytes[25] = 0x7f; /* M = 0x101; tolerance */
	record.bytes[26] = 0xfe;
	record.bytes[27] = 0xff; /* B = -2; accuracy */
	record.bytes[29] = 0x8f; /* r -8, b -1 */
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s->name, "Core 1");
	assert_int_equal(s->owner, 0x20);
	assert_int_equal(s->lun, 2);
	assert_int_equal(s->channel, 1);
	assert_int_equal(s->number, 0x30);
	assert_int_equal(s->entity, 3);
	assert_int_equal(s->instance, 0x61);
	assert_int_equal(s->type, 1);
	assert_int_equal(s->event_type, 1);
	assert_memory_equal(s->units, "\x8b\x12\x14", 3);
	assert_int_equal(s->formula.format, SDR_TWOS);
	assert_true(s->formula.known);
	assert_int_equal(s->formula.linearization, 7);
	assert_int_equal(s->formula.m, 0x101);
	assert_int_equal(s->formula.b, -2);
	assert_int_equal(s->formula.r_exp, -8);
	assert_int_equal(s->formula.b_exp, -1);
	assert_false(s->ask_thresholds);
	assert_int_equal(s->thresholds.mask, 0x3f);
	assert_memory_equal(s->thresholds.raw, "\1\2\3\4\5\6", 6);
	/* The largest and the smallest. */
	record.bytes[24] = 0xff;
	record.bytes[25] = 0x40;
	record.bytes[26] = 0x00;
	record.bytes[27] = 0x80;
	record.bytes[29] = 0x77;
	parse(&record, s);
	assert_int_equal(s->formula.m, 511);
	assert_int_equal(s->formula.b, -512);
	assert_int_equal(s->formula.r_exp, 7);
	assert_int_equal(s->formula.b_exp, 7);
}

static void
thresholds_are_asked_for_where_they_can_be_read(void **state)
{
	static const struct {
		uint8_t capabilities;
		bool asked;
		uint8_t mask;
	} cases[] = { { 0x40, false, 0 },
		      { 0x44, true, 0 },
		      { 0x48, true, 0 },
		      { 0x4c, false, 0x38 } };
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = full("X");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.bytes[11] = cases[i].capabilities;
		assert_int_equal(parse(&record, s), 1);
		assert_int_equal(s->ask_thresholds, cases[i].asked);
		assert_int_equal(s->thresholds.mask, cases[i].mask);
	}
	/* Discrete ones have none, whatever they say. */
	record.bytes[13] = 0x6f;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		record.bytes[11] = cases[i].capabilities;
		assert_int_equal(parse(&record, s), 1);
		assert_false(s->ask_thresholds);
		assert_int_equal(s->thresholds.mask, 0);
	}
}

static void
a_shared_record_is_many_sensors(void **state)
{
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = compact("PSU", 2, 0x81);

	(void)state;
	assert_int_equal(parse(&record, s), 2);
	assert_string_equal(s[0].name, "PSU1");
	assert_string_equal(s[1].name, "PSU2");
	assert_int_equal(s[0].number, 0x0a);
	assert_int_equal(s[1].number, 0x0b);
	assert_int_equal(s[0].instance, 1);
	assert_int_equal(s[1].instance, 2);
	assert_int_equal(s[1].type, 8);
	assert_int_equal(s[1].formula.format, SDR_NOT_ANALOG);
	/* The same entity, names by letter. */
	record = compact("Slot ", 0x1f, 24);
	assert_int_equal(parse(&record, s), 15);
	assert_string_equal(s[0].name, "Slot Y");
	assert_string_equal(s[1].name, "Slot Z");
	assert_string_equal(s[2].name, "Slot AA");
	assert_string_equal(s[14].name, "Slot AM");
	assert_int_equal(s[14].number, 0x0a + 14);
	assert_int_equal(s[14].instance, 1);
	record = compact("Slot ", 0x1f, 127);
	parse(&record, s);
	assert_string_equal(s[0].name, "Slot DX");
	assert_string_equal(s[14].name, "Slot EL");
	/* One alone needs nothing to tell it by. */
	record = compact("Slot ", 1, 7);
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s[0].name, "Slot");
	record = compact("Slot", 0, 7);
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s[0].name, "Slot");
	/* Numbers that run over. */
	record = compact("X", 15, 0x80 | 127);
	record.bytes[7] = 0xfe;
	record.bytes[9] = 0xff;
	assert_int_equal(parse(&record, s), 15);
	assert_int_equal(s[2].number, 0);
	assert_int_equal(s[1].instance, 0x80); /* its top bit is a flag */
	assert_string_equal(s[14].name, "X141");
}

static void
records_without_readings_are_left_out(void **state)
{
	static const uint8_t types[] = { 0, 3, 8, 9, 0x10, 0x11, 0x12, 0xc0 };
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = full("X");

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		record.bytes[3] = types[i];
		assert_int_equal(parse(&record, s), 0);
	}
}

static void
a_record_cut_anywhere_is_odd_or_a_sensor_with_a_name(void **state)
{
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record whole[] = { full("Ambient 12345678"),
				  compact("Ambient 12345678", 3, 1),
				  full("Ambient 12345678"),
				  full("Ambient 12345678"),
				  full("Ambient 12345678") };
	static const size_t least[] = { 48, 32, 48, 48, 48 };

	(void)state;
	for (size_t i = 0; i < 3; i++) /* the other kinds of names */
		whole[2 + i].bytes[47] = (uint8_t)(i << 6 | 16);
	for (size_t i = 0; i < 5; i++)
		for (size_t len = 0; len <= whole[i].len; len++) {
			/* On the heap, so that a byte too far is seen. */
			uint8_t *cut = malloc(len + 1);
			bool odd;

			assert_non_null(cut);
			memcpy(cut, whole[i].bytes, len);
			uint8_t *exact = realloc(cut, len > 0 ? len : 1);
			/* It says that it is longer than it is: */
			size_t n = sdr_parse_record(exact, len, s, &odd);
			assert_int_equal(n > 0, len == whole[i].len);
			assert_int_equal(odd, len < whole[i].len);
			/* or it is told so. */
			if (len >= 5) {
				exact[4] = (uint8_t)(len - 5);
				n = sdr_parse_record(exact, len, s, &odd);
				assert_int_equal(n > 0, len >= least[i]);
				assert_int_equal(odd, len < least[i]);
				if (n > 0)
					assert_true(s[0].name[0] != '\0');
			}
			free(exact);
		}
}

/* --- names --------------------------------------------------------------- */

static const char *
name_of(uint8_t type, const char *bytes, size_t len)
{
	static char name[SDR_NAME_MAX];
	uint8_t text[32] = { (uint8_t)(type << 6 | len) };

	memcpy(text + 1, bytes, len);
	sdr_parse_name(text, text + 1 + len, name);
	return name;
}

static void
names_of_each_kind_are_read(void **state)
{
	(void)state;
	assert_string_equal(name_of(3, "CPU Temp", 8), "CPU Temp");
	assert_string_equal(name_of(3,
				    "caf\xe9 \xb0"
				    "C",
				    7),
			    "caf\xc3\xa9 \xc2\xb0"
			    "C");
	assert_string_equal(name_of(3, "Fan\0\0xx", 7), "Fan");
	/* IPMI 2.0, 43.15: "IPMI" packed. */
	assert_string_equal(name_of(2, "\x29\xdc\xa6", 3), "IPMI");
	assert_string_equal(name_of(2, "\x29\xdc\xa6\x29", 4), "IPMII");
	assert_string_equal(name_of(1, "\x12\x3a\x4b\x5c\x6d\x7e\x8f", 7),
			    "123 4-5.6:7,8_");
	assert_string_equal(name_of(0, "A\0\xe9\0\xac\x20\0\0z\0", 10),
			    "A\xc3\xa9\xe2\x82\xac");
	assert_string_equal(name_of(0, "A\0B", 3), "A");
	assert_string_equal(name_of(3, "", 0), "");
}

static void
names_cannot_play_tricks_on_a_terminal(void **state)
{
	(void)state;
	assert_string_equal(name_of(3, "\x1b[2J\r\n\t\x7f", 8), "?[2J????");
	assert_string_equal(name_of(3,
				    "a\x9b"
				    "31m\x85\xad",
				    7),
			    "a?31m??");
	/* Right to left, invisible, halves of pairs, no characters. */
	assert_string_equal(name_of(0, "\x2e\x20\x0b\x20\x00\xd8\xff\xff", 8),
			    "????");
	assert_string_equal(name_of(0, "\x1b\0\x0a\0\x9b\0\x66\x20\xff\xfe",
				    10),
			    "?????");
}

static void
a_name_is_valid_utf8_whatever_is_in_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4 * 65536; i++) {
		char bytes[31];
		uint8_t type = i >> 16 & 3;

		for (size_t k = 0; k < sizeof(bytes); k += 2) {
			bytes[k] = (char)(i + k);
			if (k + 1 < sizeof(bytes))
				bytes[k + 1] = (char)(i >> 8);
		}
		const char *name = name_of(type, bytes, sizeof(bytes));
		for (const uint8_t *c = (const uint8_t *)name; *c != 0;) {
			size_t more = *c < 0x80 ? 0 : *c < 0xe0 ? 1 : 2;
			assert_true(*c >= 0x20 && *c != 0x7f && *c < 0xf0 &&
				    (*c < 0x80 || *c >= 0xc2));
			for (c++; more > 0; more--, c++)
				assert_true((*c & 0xc0) == 0x80);
		}
	}
}

static void
a_name_longer_than_its_record_is_cut(void **state)
{
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = full("Ambient");

	(void)state;
	record.bytes[47] = 0xc0 | 31;
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s->name, "Ambient");
	/* Bytes behind what the record says it has are not its own. */
	record.bytes[4] = (uint8_t)(48 + 3 - 5);
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s->name, "Amb");
}

static void
a_sensor_without_a_name_gets_one(void **state)
{
	struct sdr_sensor s[SDR_SHARE_MAX];
	struct record record = full("   ");

	(void)state;
	assert_int_equal(parse(&record, s), 1);
	assert_string_equal(s->name, "temperature 0x30");
	record = compact("", 3, 1);
	assert_int_equal(parse(&record, s), 3);
	assert_string_equal(s[2].name, "power supply 0x0c");
}

/* --- values -------------------------------------------------------------- */

static void
values_are_exact(void **state)
{
	static const struct {
		enum sdr_format format;
		int16_t m, b;
		int8_t b_exp, r_exp;
		uint8_t linearization, raw;
		int64_t micro;
	} cases[] = {
		{ SDR_UNSIGNED, 1, 0, 0, 0, 0, 42, 42000000 },
		{ SDR_UNSIGNED, 1, 0, 0, 0, 0, 255, 255000000 },
		{ SDR_TWOS, 1, 0, 0, 0, 0, 0xf6, -10000000 },
		{ SDR_TWOS, 1, 0, 0, 0, 0, 0x80, -128000000 },
		{ SDR_ONES, 1, 0, 0, 0, 0, 0xf6, -9000000 },
		{ SDR_ONES, 1, 0, 0, 0, 0, 0xff, 0 },
		{ SDR_ONES, 1, 0, 0, 0, 0, 0x80, -127000000 },
		{ SDR_ONES, 1, 0, 0, 0, 0, 0x7f, 127000000 },
		/* 63 x 190 mV; 69 x 128 - 208 x 100 mV */
		{ SDR_UNSIGNED, 63, 0, 0, -3, 0, 190, 11970000 },
		{ SDR_UNSIGNED, 69, -208, 2, -3, 0, 128, -11968000 },
		{ SDR_UNSIGNED, 50, 0, 0, 0, 0, 100, 5000000000 },
		/* Exponents of both signs: (3x2 + 5 x 0.01) x 10^-1 */
		{ SDR_UNSIGNED, 3, 5, -2, -1, 0, 2, 605000 },
		{ SDR_UNSIGNED, 3, 5, 2, 1, 0, 2, 5060000000 },
		{ SDR_UNSIGNED, 3, 5, -2, 3, 0, 2, 6050000000 },
		/* 1 x 10^-6, 10^-7: rounded to the nearest, away from 0 */
		{ SDR_UNSIGNED, 1, 0, 0, -6, 0, 1, 1 },
		{ SDR_UNSIGNED, 1, 0, 0, -7, 0, 4, 0 },
		{ SDR_UNSIGNED, 1, 0, 0, -7, 0, 5, 1 },
		{ SDR_TWOS, 1, 0, 0, -7, 0, 0xfb, -1 },
		{ SDR_TWOS, 1, 0, 0, -7, 0, 0xfc, 0 },
		{ SDR_UNSIGNED, 1, 0, 0, -8, 0, 149, 1 },
		{ SDR_UNSIGNED, 1, 0, 0, -8, 0, 151, 2 },
		{ SDR_UNSIGNED, 511, 511, 7, 3, 0, 255,
		  INT64_C(5110130305000000000) },
		{ SDR_UNSIGNED, 1, 511, -8, -8, 0, 0, 0 },
		{ SDR_UNSIGNED, 0, 0, 0, 7, 0, 255, 0 },
		{ SDR_UNSIGNED, 1, 1, -8, -8, 9, 0, 0 },
		/* 1/x, squares, cubes */
		{ SDR_UNSIGNED, 1, 0, 0, 0, 7, 8, 125000 },
		{ SDR_UNSIGNED, 1, 0, 0, 0, 7, 3, 333333 },
		{ SDR_TWOS, 1, 0, 0, 0, 7, 0xfd, -333333 },
		{ SDR_UNSIGNED, 3, 0, 0, -2, 7, 2, 16666667 },
		{ SDR_UNSIGNED, 1, 0, 0, 7, 7, 1, 0 },
		{ SDR_UNSIGNED, 1, 0, 0, -8, 7, 1, INT64_C(100000000000000) },
		{ SDR_TWOS, 2, 1, 0, -1, 8, 0xfd, 250000 },
		{ SDR_TWOS, 2, 1, 0, -1, 9, 0xfd, -125000 },
		{ SDR_UNSIGNED, 511, 511, -8, -8, 8, 255, 2 },
		{ SDR_UNSIGNED, 1, 0, 0, 2, 8, 255, INT64_C(650250000000000) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sdr_formula formula = {
			.format = cases[i].format,
			.known = true,
			.m = cases[i].m,
			.b = cases[i].b,
			.b_exp = cases[i].b_exp,
			.r_exp = cases[i].r_exp,
			.linearization = cases[i].linearization,
		};
		int64_t micro = -77;

		assert_int_equal(sdr_convert(&formula, cases[i].raw, &micro),
				 SDR_VALUE);
		if (micro != cases[i].micro)
			fail_msg("case %zu: %lld, not %lld", i,
				 (long long)micro, (long long)cases[i].micro);
	}
}

static void
what_has_no_exact_value_says_so(void **state)
{
	static const struct {
		struct sdr_formula formula;
		uint8_t raw;
		enum sdr_value is;
	} cases[] = {
		{ { SDR_NOT_ANALOG, true, 1, 0, 0, 0, 0 }, 1, SDR_NO_VALUE },
		{ { SDR_UNSIGNED, false, 1, 0, 0, 0, 0 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 1 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 6 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 10 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 11 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 0x70 }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 0x7f }, 1, SDR_NO_FORMULA },
		{ { SDR_UNSIGNED, true, 511, 511, 7, 7, 0 },
		  255,
		  SDR_OVERFLOW },
		{ { SDR_UNSIGNED, true, 1, 0, 0, 0, 7 }, 0, SDR_OVERFLOW },
		{ { SDR_UNSIGNED, true, 511, 511, -8, -8, 9 },
		  255,
		  SDR_OVERFLOW },
		{ { SDR_UNSIGNED, true, 511, 511, 7, 7, 8 },
		  255,
		  SDR_OVERFLOW },
		{ { SDR_UNSIGNED, true, 511, 511, 7, 7, 9 },
		  255,
		  SDR_OVERFLOW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t micro = -77;

		assert_int_equal(sdr_convert(&cases[i].formula, cases[i].raw,
					     &micro),
				 cases[i].is);
		assert_int_equal(micro, -77);
	}
}

/* All that ten, four and eight bits can say: no overflow of ours (build with
 * sanitizers), and near what floating point finds. */
static void
each_formula_is_near_what_floating_point_finds(void **state)
{
	static const int16_t tens[] = { -512, -511, -1, 0, 1, 7, 100, 511 };
	static const uint8_t raws[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	double ten[16];

	(void)state;
	ten[8] = 1;
	for (int i = 9; i < 16; i++)
		ten[i] = ten[i - 1] * 10;
	for (int i = 7; i >= 0; i--)
		ten[i] = ten[i + 1] / 10;
	for (int i = 0; i < 8 * 8 * 16 * 16 * 6; i++) {
		struct sdr_formula f = { .format = SDR_TWOS,
					 .known = true,
					 .m = tens[i % 8],
					 .b = tens[i / 8 % 8],
					 .b_exp = (int8_t)(i / 64 % 16 - 8),
					 .r_exp = (int8_t)(i / 1024 % 16 - 8) };
		uint8_t raw = raws[i / 16384];
		double y =
			(f.m * (double)(int8_t)raw + f.b * ten[f.b_exp + 8]) *
			ten[f.r_exp + 8] * 1e6;
		int64_t micro;

		if (y > 9.2e18 || y < -9.2e18)
			continue;
		assert_int_equal(sdr_convert(&f, raw, &micro), SDR_VALUE);
		double off = (double)micro - y;
		double bound = 0.5001 + (y < 0 ? -y : y) * 1e-12;
		assert_true(off <= bound && off >= -bound);
		for (f.linearization = 7; f.linearization < 10;
		     f.linearization++)
			(void)sdr_convert(&f, raw, &micro);
	}
}

static void
units_are_words(void **state)
{
	static const struct {
		uint8_t units[3];
		const char *text;
	} cases[] = {
		{ { 0x80, 1, 0 }, "degrees C" },
		{ { 0x00, 18, 0 }, "RPM" },
		{ { 0x00, 4, 9 }, "volts" },
		{ { 0x01, 0, 0 }, "%" },
		{ { 0x01, 18, 0 }, "% of RPM" },
		{ { 0x28, 88, 0 }, "errors per hour" },
		{ { 0x02, 36, 23 }, "unit 36/minutes" },
		{ { 0x04, 6, 24 }, "watts*hours" },
		{ { 0x06, 6, 24 }, "watts" },
		{ { 0x00, 0, 0 }, "" },
		{ { 0x00, 255, 0 }, "unit 255" },
	};
	char text[SDR_UNIT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(sdr_unit_text(cases[i].units, text),
				    cases[i].text);
	for (unsigned i = 0; i < 65536; i++) {
		const uint8_t units[3] = { (uint8_t)(i >> 8), (uint8_t)i, 90 };
		assert_true(strlen(sdr_unit_text(units, text)) <
			    SDR_UNIT_MAX - 1);
	}
}

/* --- readings ------------------------------------------------------------ */

static struct sdr_sensor
sensor_of(const struct record *record)
{
	struct sdr_sensor s[SDR_SHARE_MAX];

	assert_true(parse(record, s) > 0);
	return s[0];
}

static struct sensor
take(const struct sdr_sensor *sdr, const char *answer, size_t len)
{
	struct sensor sensor;

	sensor_describe(sdr, &sensor);
	sensor_take_reading(sdr, (const uint8_t *)answer, len, &sensor);
	return sensor;
}

static void
the_bmc_judges_a_value(void **state)
{
	static const struct {
		char bits;
		enum sensor_state is;
		enum ipmi_grade grade;
	} cases[] = {
		{ '\xc0', SENSOR_OK, IPMI_GRADE_INFO },
		{ '\x01', SENSOR_LOWER_NON_CRITICAL, IPMI_GRADE_WARNING },
		{ '\x03', SENSOR_LOWER_CRITICAL, IPMI_GRADE_CRITICAL },
		{ '\x07', SENSOR_LOWER_NON_RECOVERABLE, IPMI_GRADE_CRITICAL },
		{ '\x08', SENSOR_UPPER_NON_CRITICAL, IPMI_GRADE_WARNING },
		{ '\x10', SENSOR_UPPER_CRITICAL, IPMI_GRADE_CRITICAL },
		{ '\x38', SENSOR_UPPER_NON_RECOVERABLE, IPMI_GRADE_CRITICAL },
	};
	struct record record = full("T");
	const struct sdr_sensor sdr = sensor_of(&record);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char answer[] = { 95, '\xc0', cases[i].bits };
		struct sensor sensor = take(&sdr, answer, 3);

		assert_int_equal(sensor.state, cases[i].is);
		assert_int_equal(sensor.grade, cases[i].grade);
		assert_true(sensor.has_value && sensor.has_raw);
		assert_int_equal(sensor.raw, 95);
		assert_int_equal(sensor.value_micro, 95000000);
		assert_string_equal(sensor.unit, "degrees C");
		assert_string_equal(sensor.reason, "");
		assert_false(sensor.discrete);
	}
}

static void
a_sensor_that_does_not_scan_has_no_value(void **state)
{
	struct record record = full("T");
	const struct sdr_sensor sdr = sensor_of(&record);
	struct sensor sensor = take(&sdr, "\x5f\xe0\xff", 3);

	(void)state;
	assert_int_equal(sensor.state, SENSOR_UNAVAILABLE);
	assert_false(sensor.has_value || sensor.has_raw);
	assert_int_equal(sensor.grade, IPMI_GRADE_UNKNOWN);
	assert_true(sensor.reason[0] != '\0');
	sensor = take(&sdr, "\x5f\x80\xff", 3);
	assert_int_equal(sensor.state, SENSOR_UNAVAILABLE);
	assert_false(sensor.has_value);
	assert_string_equal(sensor.reason, "it is switched off");
	/* Answers that are too short. */
	for (size_t len = 0; len < 2; len++) {
		sensor = take(&sdr, "\x5f\xc0\xc0", len);
		assert_int_equal(sensor.state, SENSOR_UNKNOWN);
		assert_false(sensor.has_value);
		assert_true(sensor.reason[0] != '\0');
	}
	sensor = take(&sdr, "\x5f\xc0", 2);
	assert_int_equal(sensor.state, SENSOR_UNKNOWN);
	assert_int_equal(sensor.value_micro, 95000000);
	assert_true(sensor.reason[0] != '\0');
}

static void
a_formula_we_do_not_know_leaves_the_raw_value(void **state)
{
	struct record record = full("T");

	(void)state;
	record.bytes[23] = 0x70;
	const struct sdr_sensor sdr = sensor_of(&record);
	struct sensor sensor = take(&sdr, "\x5f\xc0\xc8", 3);
	assert_int_equal(sensor.state, SENSOR_UPPER_NON_CRITICAL);
	assert_false(sensor.has_value);
	assert_true(sensor.has_raw);
	assert_int_equal(sensor.raw, 0x5f);
	assert_string_equal(sensor.reason, "no formula for its value");
	struct sdr_thresholds thresholds = { 0x3f, { 1, 2, 3, 4, 5, 6 } };
	sensor_take_thresholds(&sdr, &thresholds, &sensor);
	for (size_t i = 0; i < SDR_THRESHOLDS; i++)
		assert_false(sensor.thresholds[i].is_set);
}

static void
states_are_words_with_the_gravest_grade(void **state)
{
	struct record record = compact("PSU", 1, 0);
	struct sdr_sensor sdr = sensor_of(&record);
	struct sensor sensor = take(&sdr, "\0\xc0\x03\x80", 4);

	(void)state;
	assert_true(sensor.discrete);
	assert_int_equal(sensor.states, 3);
	assert_string_equal(sensor.states_text, "present, failed");
	assert_int_equal(sensor.state, SENSOR_OK);
	assert_int_equal(sensor.grade, IPMI_GRADE_CRITICAL);
	assert_false(sensor.has_value || sensor.has_raw);
	assert_string_equal(sensor.reason, "");
	assert_string_equal(sensor.unit, "");
	sensor = take(&sdr, "\0\xc0\x05\x80", 4);
	assert_string_equal(sensor.states_text, "present, failure predicted");
	assert_int_equal(sensor.grade, IPMI_GRADE_WARNING);
	sensor = take(&sdr, "\0\xc0\x06\x80", 4);
	assert_int_equal(sensor.grade, IPMI_GRADE_CRITICAL);
	sensor = take(&sdr, "\0\xc0\0\x80", 4);
	assert_int_equal(sensor.states, 0);
	assert_string_equal(sensor.states_text, "");
	assert_int_equal(sensor.grade, IPMI_GRADE_INFO);
	/* States nobody has words for. */
	sensor = take(&sdr, "\0\xc0\0\x42", 4);
	assert_string_equal(sensor.states_text, "state 9, state 14");
	assert_int_equal(sensor.grade, IPMI_GRADE_UNKNOWN);
	/* Eight states only. */
	sensor = take(&sdr, "\0\xc0\x80", 3);
	assert_string_equal(sensor.states_text, "on standby");
	/* None told. */
	sensor = take(&sdr, "\0\xc0", 2);
	assert_int_equal(sensor.state, SENSOR_UNKNOWN);
	/* A generic type, and one with a value, too. */
	sdr.event_type = 0x0b;
	sensor = take(&sdr, "\0\xc0\x02\0", 4);
	assert_string_equal(sensor.states_text, "redundancy lost");
	record = full("X");
	record.bytes[13] = 0x07;
	sdr = sensor_of(&record);
	sensor = take(&sdr, "\x05\xc0\x02\0", 4);
	assert_int_equal(sensor.value_micro, 5000000);
	assert_string_equal(sensor.states_text, "ok to non-critical");
	/* Every state at once fits. */
	for (unsigned i = 0; i < 256; i++) {
		sdr.type = (uint8_t)i;
		sdr.event_type = i & 1 ? 0x6f : (uint8_t)i;
		sensor = take(&sdr, "\0\xc0\xff\xff", 4);
		assert_int_equal(sensor.states, 0x7fff);
		assert_true(strlen(sensor.states_text) > 100);
	}
}

static void
only_what_the_bmc_itself_has_can_be_asked(void **state)
{
	struct record record = full("X");
	struct sdr_sensor sdr = sensor_of(&record);

	(void)state;
	assert_null(sensor_out_of_reach(&sdr));
	sdr.lun = 1;
	assert_non_null(sensor_out_of_reach(&sdr));
	sdr.lun = 0;
	sdr.channel = 6;
	assert_non_null(sensor_out_of_reach(&sdr));
	sdr.channel = 0;
	sdr.owner = 0x2c;
	assert_non_null(sensor_out_of_reach(&sdr));
	sdr.owner = 0x21;
	assert_non_null(strstr(sensor_out_of_reach(&sdr), "software"));
}

static void
states_have_names(void **state)
{
	(void)state;
	assert_string_equal(sensor_state_name(SENSOR_UPPER_CRITICAL),
			    "upper critical");
	for (int i = 0; i < SENSOR_STATE_COUNT; i++)
		assert_non_null(sensor_state_name((enum sensor_state)i));
	assert_string_equal(sensor_state_name((enum sensor_state)99),
			    "unknown");
}

static void
answers_that_are_too_short_are_refused(void **state)
{
	static const uint8_t data[32];
	struct sdr_info info = { .count = 77 };
	struct sdr_thresholds thresholds = { .mask = 77 };

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		assert_int_equal(sdr_parse_info(data, len, &info), len >= 14);
		assert_int_equal(info.count, len >= 14 ? 0 : 77);
		assert_int_equal(sensor_parse_thresholds(data, len,
							 &thresholds),
				 len >= 7);
		assert_int_equal(thresholds.mask, len >= 7 ? 0 : 77);
	}
}

/* --- the file ------------------------------------------------------------ */

static struct sdr_key
some_key(void)
{
	struct sdr_key key = { .info = { 0x51, 300, 0x12345678, 0x9abcdef0 } };

	for (size_t i = 0; i < 16; i++)
		key.guid[i] = (uint8_t)(0xa0 + i);
	for (size_t i = 0; i < 15; i++)
		key.device[i] = (uint8_t)(1 + i);
	return key;
}

static struct sdr_records
some_records(void)
{
	struct sdr_records records = { .skipped = 5 };
	struct record one = full("One"), two = compact("Two", 3, 1);

	sdr_records_add(&records, one.bytes, one.len);
	sdr_records_add(&records, two.bytes, two.len);
	return records;
}

static void
records_survive_the_file(void **state)
{
	struct sdr_key key = some_key();
	struct sdr_records records = some_records(), back;
	size_t len;
	uint8_t *bytes = sdr_cache_encode(&key, &records, &len);

	(void)state;
	/* What the header says of the layout. */
	assert_int_equal(len, 60 + records.len + 4);
	assert_memory_equal(bytes, "ironsdr\n\1\0\2\0", 12);
	assert_memory_equal(bytes + 16, key.guid, 16);
	assert_memory_equal(bytes + 47, "\x51\x2c\x01\5\0\x78\x56\x34\x12", 9);
	assert_true(sdr_cache_decode(bytes, len, &key, &back));
	assert_int_equal(back.n, 2);
	assert_int_equal(back.skipped, 5);
	assert_int_equal(back.len, records.len);
	assert_memory_equal(back.bytes, records.bytes, records.len);
	sdr_records_done(&back);
	free(bytes);
	sdr_records_done(&records);
	bytes = sdr_cache_encode(&key, &records, &len);
	assert_true(sdr_cache_decode(bytes, len, &key, &back));
	assert_int_equal(back.n, 0);
	free(bytes);
}

static void
a_file_that_is_torn_or_changed_is_none(void **state)
{
	struct sdr_key key = some_key();
	struct sdr_records records = some_records(), back = { .n = 77 };
	size_t len;
	uint8_t *bytes = sdr_cache_encode(&key, &records, &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_false(sdr_cache_decode(bytes, cut, &key, &back));
	for (size_t i = 0; i < len * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(sdr_cache_decode(bytes, len, &key, &back));
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(back.n, 77);
	sdr_records_done(&records);
	free(bytes);
}

static void
seal(uint8_t *bytes, size_t len)
{
	uint32_t crc = crc32_of(bytes, len - 4);

	for (size_t i = 0; i < 4; i++)
		bytes[len - 4 + i] = (uint8_t)(crc >> 8 * i);
}

static void
a_forged_file_does_no_harm(void **state)
{
	/* Version, number of records, a record's length. */
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = { { 8, 2 },      { 10, 3 },        { 10, 1 },
		      { 11, 0xff },  { 60 + 4, 0xff }, { 60 + 4, 0 },
		      { 60 + 4, 75 } };
	struct sdr_key key = some_key();
	struct sdr_records records = some_records(), back;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *bytes = sdr_cache_encode(&key, &records, &len);

		bytes[cases[i].at] = cases[i].value;
		seal(bytes, len);
		assert_false(sdr_cache_decode(bytes, len, &key, &back));
		free(bytes);
	}
	/* One record, and something behind it. */
	uint8_t *bytes = sdr_cache_encode(&key, &records, &len);
	bytes[10] = 1;
	bytes[60 + 5 + bytes[60 + 4] + 4] = 0xff;
	seal(bytes, len);
	assert_false(sdr_cache_decode(bytes, len, &key, &back));
	free(bytes);
	sdr_records_done(&records);
}

static void
a_file_of_other_records_is_none(void **state)
{
	struct sdr_key key = some_key(), other;
	struct sdr_records records = some_records(), back;
	size_t len;
	uint8_t *bytes = sdr_cache_encode(&key, &records, &len);

	(void)state;
	other = key;
	other.guid[15] ^= 1;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	other = key;
	other.device[14] ^= 1;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	other = key;
	other.info.version++;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	other = key;
	other.info.count++;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	other = key;
	other.info.added_s++;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	other = key;
	other.info.erased_s++;
	assert_false(sdr_cache_decode(bytes, len, &other, &back));
	free(bytes);
	sdr_records_done(&records);
}

static void
a_guid_of_nothing_is_none(void **state)
{
	struct sdr_key key = { .guid = { 0 } };

	(void)state;
	assert_false(sdr_key_has_guid(&key));
	key.guid[15] = 1;
	assert_true(sdr_key_has_guid(&key));
	memset(key.guid, 0xff, sizeof(key.guid));
	assert_false(sdr_key_has_guid(&key));
	memset(key.guid, 0x20, sizeof(key.guid));
	assert_true(sdr_key_has_guid(&key));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_full_record_is_a_sensor_with_formula_and_thresholds),
		cmocka_unit_test(
			thresholds_are_asked_for_where_they_can_be_read),
		cmocka_unit_test(a_shared_record_is_many_sensors),
		cmocka_unit_test(records_without_readings_are_left_out),
		cmocka_unit_test(
			a_record_cut_anywhere_is_odd_or_a_sensor_with_a_name),
		cmocka_unit_test(names_of_each_kind_are_read),
		cmocka_unit_test(names_cannot_play_tricks_on_a_terminal),
		cmocka_unit_test(a_name_is_valid_utf8_whatever_is_in_it),
		cmocka_unit_test(a_name_longer_than_its_record_is_cut),
		cmocka_unit_test(a_sensor_without_a_name_gets_one),
		cmocka_unit_test(values_are_exact),
		cmocka_unit_test(what_has_no_exact_value_says_so),
		cmocka_unit_test(
			each_formula_is_near_what_floating_point_finds),
		cmocka_unit_test(units_are_words),
		cmocka_unit_test(the_bmc_judges_a_value),
		cmocka_unit_test(a_sensor_that_does_not_scan_has_no_value),
		cmocka_unit_test(a_formula_we_do_not_know_leaves_the_raw_value),
		cmocka_unit_test(states_are_words_with_the_gravest_grade),
		cmocka_unit_test(only_what_the_bmc_itself_has_can_be_asked),
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(answers_that_are_too_short_are_refused),
		cmocka_unit_test(records_survive_the_file),
		cmocka_unit_test(a_file_that_is_torn_or_changed_is_none),
		cmocka_unit_test(a_forged_file_does_no_harm),
		cmocka_unit_test(a_file_of_other_records_is_none),
		cmocka_unit_test(a_guid_of_nothing_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
