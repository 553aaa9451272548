/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cell of a report into an SNMP value and back.  Values that come back
 * are hostile: anything outside the MIB's range is refused, and text is made
 * safe to print.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "snmp-mib/codec_own.h"
#include "snmp-mib/hex.h"

enum { HASH_OCTETS = 32 };
#define DATE_MAX_S UINT64_C(253402300799) /* the end of the year 9999 */

/* --- out ----------------------------------------------------------------- */

static uint32_t
clamp(const struct codec_column *column, uint64_t number)
{
	uint32_t max = column->max == 0 ? UINT32_MAX : column->max;

	return number > max ? max : (uint32_t)number;
}

static void
encode_enum(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	const unsigned *number = cell;

	(void)late;
	ret_value->type = CODEC_INTEGER;
	/* Out of range is a bug of the collector; "unknown" is the first. */
	ret_value->integer = *number < column->min || *number > column->max
				     ? column->min
				     : *number;
}

static void
encode_bool(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	const bool *truth = cell;

	(void)column;
	(void)late;
	ret_value->type = CODEC_INTEGER;
	ret_value->integer = *truth ? 1 : 2;
}

static void
encode_u32(const struct codec_column *column, const void *cell, uint32_t late,
	   struct codec_value *ret_value)
{
	const uint32_t *number = cell;

	(void)late;
	ret_value->type = CODEC_UNSIGNED;
	ret_value->number = clamp(column, *number);
}

static void
encode_age(const struct codec_column *column, const void *cell, uint32_t late,
	   struct codec_value *ret_value)
{
	const uint32_t *age = cell;

	ret_value->type = CODEC_UNSIGNED;
	/* Never stays never; the sum stops at it. */
	ret_value->number = clamp(column, (uint64_t)*age + late);
}

static void
encode_u64(const struct codec_column *column, const void *cell, uint32_t late,
	   struct codec_value *ret_value)
{
	const uint64_t *number = cell;

	(void)column;
	(void)late;
	ret_value->type = CODEC_COUNTER64;
	ret_value->number = *number;
}

static void
encode_rows(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	const size_t *rows = cell;

	(void)late;
	ret_value->type = CODEC_UNSIGNED;
	ret_value->number = clamp(column, *rows);
}

static void
encode_text(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	(void)late;
	ret_value->type = CODEC_OCTETS;
	ret_value->octets = cell;
	ret_value->n_octets = strnlen(cell, column->size - 1);
}

static void
encode_uuid(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	(void)column;
	(void)late;
	ret_value->type = CODEC_OCTETS;
	ret_value->octets = ret_value->small;
	ret_value->n_octets =
		hex_parse_uuid(cell, ret_value->small) ? HEX_UUID_OCTETS : 0;
}

static void
encode_hash(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	(void)column;
	(void)late;
	ret_value->type = CODEC_OCTETS;
	ret_value->octets = ret_value->small;
	ret_value->n_octets = hex_parse(cell, ret_value->small, HASH_OCTETS)
				      ? HASH_OCTETS
				      : 0;
}

static void
encode_i32(const struct codec_column *column, const void *cell, uint32_t late,
	   struct codec_value *ret_value)
{
	const int32_t *number = cell;

	(void)column;
	(void)late;
	ret_value->type = CODEC_INTEGER;
	ret_value->integer = *number;
}

static void
encode_ticks(const struct codec_column *column, const void *cell, uint32_t late,
	     struct codec_value *ret_value)
{
	const uint32_t *ticks = cell;

	(void)column;
	(void)late;
	ret_value->type = CODEC_TICKS;
	ret_value->number = *ticks;
}

static void
encode_counter32(const struct codec_column *column, const void *cell,
		 uint32_t late, struct codec_value *ret_value)
{
	const uint32_t *count = cell;

	(void)column;
	(void)late;
	ret_value->type = CODEC_COUNTER32;
	ret_value->number = *count;
}

static void
encode_octets(const struct codec_column *column, const void *cell,
	      uint32_t late, struct codec_value *ret_value)
{
	const uint8_t *octets = cell;

	(void)late;
	ret_value->type = CODEC_OCTETS;
	ret_value->octets = octets + 1;
	ret_value->n_octets =
		octets[0] < column->size ? octets[0] : column->size - 1;
}

/* RFC 2579: year (two octets), month, day, hour, minute, second, tenths,
 * then the distance to UTC. */
static void
encode_date(const struct codec_column *column, const void *cell, uint32_t late,
	    struct codec_value *ret_value)
{
	const uint64_t *seconds = cell;
	uint8_t *to = ret_value->small;
	time_t when = (time_t)*seconds;
	struct tm tm;

	(void)column;
	(void)late;
	ret_value->type = CODEC_OCTETS;
	ret_value->octets = to;
	ret_value->n_octets = 8;
	memset(to, 0, 11);
	if (*seconds == 0 || *seconds > DATE_MAX_S ||
	    gmtime_r(&when, &tm) == NULL)
		return;
	unsigned year = (unsigned)tm.tm_year + 1900;
	to[0] = (uint8_t)(year >> 8);
	to[1] = (uint8_t)year;
	to[2] = (uint8_t)(tm.tm_mon + 1);
	to[3] = (uint8_t)tm.tm_mday;
	to[4] = (uint8_t)tm.tm_hour;
	to[5] = (uint8_t)tm.tm_min;
	to[6] = (uint8_t)tm.tm_sec;
	to[8] = '+';
	ret_value->n_octets = 11;
}

static void
encode_zero_oid(const struct codec_column *column, const void *cell,
		uint32_t late, struct codec_value *ret_value)
{
	static const struct codec_oid zero = { .len = 2, .ids = { 0, 0 } };

	(void)column;
	(void)cell;
	(void)late;
	ret_value->type = CODEC_OID;
	ret_value->oid = &zero;
}

static void
encode_oid(const struct codec_column *column, const void *cell, uint32_t late,
	   struct codec_value *ret_value)
{
	const struct codec_oid *const *oid = cell;

	if (*oid == NULL) {
		encode_zero_oid(column, cell, late, ret_value);
		return;
	}
	ret_value->type = CODEC_OID;
	ret_value->oid = *oid;
}

/* --- in ------------------------------------------------------------------ */

static int
refuse(const struct codec_column *column, struct err *err, const char *why)
{
	return err_set(err, -EPROTO, "%s: %s", column->name, why);
}

static int
decode_enum(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	unsigned *number = ret_cell;

	if (value->integer < (int64_t)column->min ||
	    value->integer > (int64_t)column->max)
		return refuse(column, err, "not a value of this object");
	*number = (unsigned)value->integer;
	return 0;
}

static int
decode_bool(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	bool *truth = ret_cell;

	if (value->integer != 1 && value->integer != 2)
		return refuse(column, err, "neither true nor false");
	*truth = value->integer == 1;
	return 0;
}

static int
decode_u32(const struct codec_column *column, const struct codec_value *value,
	   void *ret_cell, struct err *err)
{
	uint32_t *number = ret_cell;

	if (value->number < column->min ||
	    value->number > (column->max == 0 ? UINT32_MAX : column->max))
		return refuse(column, err, "number out of range");
	*number = (uint32_t)value->number;
	return 0;
}

static int
decode_u64(const struct codec_column *column, const struct codec_value *value,
	   void *ret_cell, struct err *err)
{
	uint64_t *number = ret_cell;

	(void)column;
	(void)err;
	*number = value->number;
	return 0;
}

static int
decode_rows(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	(void)ret_cell; /* rows are counted, not believed */
	if (value->number > column->max)
		return err_set(err, -E2BIG, "%s: more than %u rows",
			       column->name, (unsigned)column->max);
	return 0;
}

/* Length of the UTF-8 sequence at `p`, 0 when it is none or not printable.
 * Overlong forms, surrogates and C1 controls are none. */
static size_t
printable_len(const uint8_t *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
	size_t n = p[0] < 0x80   ? 1
		   : p[0] < 0xc0 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf8 ? 4
				 : 0;
	if (n == 1)
		return p[0] >= ' ' && p[0] != 0x7f ? 1 : 0;
	if (n == 0 || n > left)
		return 0;

	uint32_t code = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return n;
}

static int
decode_text(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	char *text = ret_cell;
	size_t n = value->n_octets;

	if (n >= column->size)
		return refuse(column, err, "text too long");
	if (n == 0 && column->required)
		return refuse(column, err, "must not be empty");
	if (n > 0 && memchr(value->octets, '\0', n) != NULL)
		return refuse(column, err, "text with a zero octet");
	for (size_t i = 0; i < n;) {
		size_t len = printable_len(value->octets + i, n - i);

		if (len == 0)
			text[i++] = '?';
		for (; len > 0; len--, i++)
			text[i] = (char)value->octets[i];
	}
	text[n] = '\0';
	return 0;
}

static int
check_octets(const struct codec_column *column, const struct codec_value *value,
	     size_t n, struct err *err)
{
	if (value->n_octets == 0 && column->required)
		return refuse(column, err, "must not be empty");
	if (value->n_octets != 0 && value->n_octets != n)
		return refuse(column, err, "wrong length");
	return 0;
}

static int
decode_uuid(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	char *text = ret_cell;
	int rc = check_octets(column, value, HEX_UUID_OCTETS, err);

	if (rc < 0)
		return rc;
	text[0] = '\0';
	if (value->n_octets > 0)
		hex_print_uuid(value->octets, text);
	return 0;
}

static int
decode_hash(const struct codec_column *column, const struct codec_value *value,
	    void *ret_cell, struct err *err)
{
	int rc = check_octets(column, value, HASH_OCTETS, err);

	if (rc == 0)
		hex_print(value->octets, value->n_octets, ret_cell);
	return rc;
}

/* What only monitoring reads. */
static int
decode_nothing(const struct codec_column *column,
	       const struct codec_value *value, void *ret_cell, struct err *err)
{
	(void)value;
	(void)ret_cell;
	return refuse(column, err, "not an object of a report");
}

/* --- both ---------------------------------------------------------------- */

static const struct {
	enum codec_type type;
	void (*encode)(const struct codec_column *column, const void *cell,
		       uint32_t late, struct codec_value *ret_value);
	int (*decode)(const struct codec_column *column,
		      const struct codec_value *value, void *ret_cell,
		      struct err *err);
} cells[] = {
	[CELL_ENUM] = { CODEC_INTEGER, encode_enum, decode_enum },
	[CELL_BOOL] = { CODEC_INTEGER, encode_bool, decode_bool },
	[CELL_U32] = { CODEC_UNSIGNED, encode_u32, decode_u32 },
	[CELL_AGE] = { CODEC_UNSIGNED, encode_age, decode_u32 },
	[CELL_U64] = { CODEC_COUNTER64, encode_u64, decode_u64 },
	[CELL_COUNTER] = { CODEC_COUNTER64, encode_u64, decode_u64 },
	[CELL_TEXT] = { CODEC_OCTETS, encode_text, decode_text },
	[CELL_UUID] = { CODEC_OCTETS, encode_uuid, decode_uuid },
	[CELL_HASH] = { CODEC_OCTETS, encode_hash, decode_hash },
	[CELL_ROWS] = { CODEC_UNSIGNED, encode_rows, decode_rows },
	[CELL_I32] = { CODEC_INTEGER, encode_i32, decode_nothing },
	[CELL_TICKS] = { CODEC_TICKS, encode_ticks, decode_nothing },
	[CELL_OCTETS] = { CODEC_OCTETS, encode_octets, decode_nothing },
	[CELL_DATE] = { CODEC_OCTETS, encode_date, decode_nothing },
	[CELL_ZERO_OID] = { CODEC_OID, encode_zero_oid, decode_nothing },
	[CELL_OID] = { CODEC_OID, encode_oid, decode_nothing },
	[CELL_COUNTER32] = { CODEC_COUNTER32, encode_counter32,
			     decode_nothing },
};

_Static_assert(sizeof(enum report_health) == sizeof(unsigned) &&
		       sizeof(enum report_vm_state) == sizeof(unsigned),
	       "enums are read as unsigned");
_Static_assert((int)HASH_OCTETS <= (int)CODEC_SMALL_MAX,
	       "a hash fits into a value");

void
codec_cell_encode(const struct codec_column *column, const void *row,
		  uint32_t late_ms, struct codec_value *ret_value)
{
	ret_value->integer = 0;
	ret_value->number = 0;
	ret_value->octets = NULL;
	ret_value->n_octets = 0;
	ret_value->oid = NULL;
	cells[column->cell].encode(column, (const char *)row + column->offset,
				   late_ms, ret_value);
}

enum codec_type
codec_cell_type(const struct codec_column *column)
{
	return cells[column->cell].type;
}

int
codec_cell_decode(const struct codec_column *column,
		  const struct codec_value *value, void *ret_row,
		  struct err *err)
{
	if (value->type != cells[column->cell].type)
		return refuse(column, err, "wrong type of value");
	return cells[column->cell].decode(column, value,
					  (char *)ret_row + column->offset,
					  err);
}

void
codec_value_copy(struct codec_value *to, const struct codec_value *from)
{
	*to = *from;
	if (from->type == CODEC_OCTETS && from->octets == from->small)
		to->octets = to->small;
}
