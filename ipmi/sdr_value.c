/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sdr_value.c - values of analog sensors in whole numbers (36.3), and
 * their units (43.17).
 */
#include <stdio.h>

#include "ipmi/sdr.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* 127 bits hold no higher power of ten. */
enum { MICRO_EXP = 6, TEN_EXP_MAX = 38 };

/* n x 10^exp */
struct decimal {
	__int128 n;
	int exp;
};

static __int128
ten_to(int exp)
{
	__int128 ten = 1;

	while (exp-- > 0)
		ten *= 10;
	return ten;
}

/* To the nearest, halves away from zero; b > 0. */
static __int128
divide(__int128 a, __int128 b)
{
	__int128 rest = a % b, whole = a / b;

	if (rest < 0)
		rest = -rest;
	if (rest >= b - rest)
		whole += a < 0 ? -1 : 1;
	return whole;
}

static bool
fits(__int128 n, int64_t *ret)
{
	if (n < INT64_MIN || n > INT64_MAX)
		return false;
	*ret = (int64_t)n;
	return true;
}

static bool
to_micro(struct decimal d, int64_t *ret_micro)
{
	int exp = d.exp + MICRO_EXP;
	__int128 n = d.n;

	if (n == 0 || exp < -TEN_EXP_MAX)
		n = 0;
	else if (exp < 0)
		n = divide(n, ten_to(-exp));
	else if (exp > TEN_EXP_MAX ||
		 __builtin_mul_overflow(n, ten_to(exp), &n))
		return false;
	return fits(n, ret_micro);
}

/* 10^6 / d: the exponent of d is -16 to 7. */
static bool
inverse(struct decimal d, int64_t *ret_micro)
{
	int exp = MICRO_EXP - d.exp;
	__int128 above = ten_to(exp), below = d.n;

	if (below == 0)
		return false;
	if (exp < 0)
		below *= ten_to(-exp);
	if (below < 0) {
		above = -above;
		below = -below;
	}
	return fits(divide(above, below), ret_micro);
}

static bool
to_the_power(struct decimal d, int power, int64_t *ret_micro)
{
	struct decimal y = d;

	for (int i = 1; i < power; i++) {
		if (__builtin_mul_overflow(y.n, d.n, &y.n))
			return false;
		y.exp += d.exp;
	}
	return to_micro(y, ret_micro);
}

static int
signed_of(enum sdr_format format, uint8_t raw)
{
	if (format == SDR_UNSIGNED || raw < 0x80)
		return raw;
	return format == SDR_TWOS ? raw - 0x100 : raw - 0xff;
}

static struct decimal
linear(const struct sdr_formula *f, uint8_t raw)
{
	__int128 mx = (__int128)f->m * signed_of(f->format, raw);

	if (f->b_exp >= 0)
		return (struct decimal){ mx + f->b * ten_to(f->b_exp),
					 f->r_exp };
	return (struct decimal){ mx * ten_to(-f->b_exp) + f->b,
				 f->b_exp + f->r_exp };
}

enum sdr_value
sdr_convert(const struct sdr_formula *formula, uint8_t raw, int64_t *ret_micro)
{
	if (formula->format == SDR_NOT_ANALOG)
		return SDR_NO_VALUE;
	if (!formula->known)
		return SDR_NO_FORMULA;

	struct decimal d = linear(formula, raw);
	bool ok;

	switch (formula->linearization) {
	case SDR_LINEAR:
		ok = to_micro(d, ret_micro);
		break;
	case SDR_INVERSE:
		ok = inverse(d, ret_micro);
		break;
	case SDR_SQUARE:
		ok = to_the_power(d, 2, ret_micro);
		break;
	case SDR_CUBE:
		ok = to_the_power(d, 3, ret_micro);
		break;
	default:
		return SDR_NO_FORMULA;
	}
	return ok ? SDR_VALUE : SDR_OVERFLOW;
}

/* --- units --------------------------------------------------------------- */

enum { UNIT_PERCENT = 1, MODIFIER_DIVIDES = 1, MODIFIER_MULTIPLIES = 2 };

/* Those that sensors of computers have. */
static const char *const units[] = {
	[1] = "degrees C",
	[2] = "degrees F",
	[3] = "kelvin",
	[4] = "volts",
	[5] = "amps",
	[6] = "watts",
	[7] = "joules",
	[8] = "coulombs",
	[9] = "VA",
	[10] = "nits",
	[11] = "lumen",
	[12] = "lux",
	[13] = "candela",
	[14] = "kPa",
	[15] = "PSI",
	[16] = "newton",
	[17] = "CFM",
	[18] = "RPM",
	[19] = "Hz",
	[20] = "microseconds",
	[21] = "milliseconds",
	[22] = "seconds",
	[23] = "minutes",
	[24] = "hours",
	[25] = "days",
	[26] = "weeks",
	[28] = "inches",
	[29] = "feet",
	[32] = "mm",
	[33] = "cm",
	[34] = "m",
	[37] = "litres",
	[41] = "revolutions",
	[42] = "cycles",
	[43] = "g",
	[54] = "ohms",
	[58] = "ppm",
	[60] = "dB",
	[61] = "dBA",
	[62] = "dBC",
	[65] = "kelvin (colour)",
	[66] = "bits",
	[67] = "kilobits",
	[68] = "megabits",
	[69] = "gigabits",
	[70] = "bytes",
	[71] = "kilobytes",
	[72] = "megabytes",
	[73] = "gigabytes",
	[74] = "words",
	[78] = "hits",
	[79] = "misses",
	[80] = "retries",
	[81] = "resets",
	[82] = "overruns",
	[83] = "underruns",
	[84] = "collisions",
	[85] = "packets",
	[86] = "messages",
	[87] = "characters",
	[88] = "errors",
	[89] = "correctable errors",
	[90] = "uncorrectable errors",
	[91] = "fatal errors",
	[92] = "grams",
};

static void
base_text(uint8_t unit, char text[20 + 1])
{
	if (unit == 0)
		text[0] = '\0';
	else if (unit < COUNT(units) && units[unit] != NULL)
		snprintf(text, 20 + 1, "%s", units[unit]);
	else
		snprintf(text, 20 + 1, "unit %u", unit);
}

const char *
sdr_unit_text(const uint8_t bytes[3], char ret_text[SDR_UNIT_MAX])
{
	static const char *const rates[8] = { "",         " per us",
					      " per ms",  " per s",
					      " per min", " per hour",
					      " per day", "" };
	char base[20 + 1], second[20 + 1];
	unsigned modifier = bytes[0] >> 1 & 3;
	const char *join = modifier == MODIFIER_DIVIDES      ? "/"
			   : modifier == MODIFIER_MULTIPLIES ? "*"
							     : "";
	const char *percent = !(bytes[0] & UNIT_PERCENT) ? ""
			      : bytes[1] == 0            ? "%"
							 : "% of ";

	base_text(bytes[1], base);
	base_text(join[0] != '\0' ? bytes[2] : 0, second);
	snprintf(ret_text, SDR_UNIT_MAX, "%s%s%s%s%s", percent, base, join,
		 second, rates[bytes[0] >> 3 & 7]);
	return ret_text;
}
