/* SPDX-License-Identifier: Apache-2.0 */
/* What is worth telling of a BMC's log, and how much of it is too much. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scheduler/coordinator/bmc_log.h"

/* --- rows ---------------------------------------------------------------- */

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
parse_record(const char *hex, uint8_t ret_record[SEL_RECORD_LEN])
{
	size_t len = strlen(hex);

	for (size_t i = 0; i < SEL_RECORD_LEN; i++) {
		int high = digit(hex[2 * i]);
		int low = high < 0 ? -1 : digit(hex[2 * i + 1]);

		if (low < 0)
			return false;
		ret_record[i] = (uint8_t)(high << 4 | low);
	}
	return len == (size_t)2 * SEL_RECORD_LEN;
}

bool
bmc_log_to_position(const struct store_bmc_log *row,
		    struct sel_position *ret_position)
{
	struct sel_position position = { .known = true,
					 .erased_s = row->erased_s,
					 .any = row->record[0] != '\0',
					 .id = row->entry };

	if (position.any && !parse_record(row->record, position.record))
		return false;
	*ret_position = position;
	return true;
}

void
bmc_log_from_position(const struct sel_position *position,
		      struct store_bmc_log *row)
{
	row->erased_s = position->erased_s;
	row->entry = position->any ? position->id : 0;
	row->record[0] = '\0';
	for (size_t i = 0; position->any && i < SEL_RECORD_LEN; i++)
		snprintf(row->record + 2 * i, 3, "%02x", position->record[i]);
}

/* --- the budget ---------------------------------------------------------- */

/* Each event takes BMC_LOG_EVENT_MS; they may reach a burst into the future. */
static bool
may_tell(struct bmc_log_budget *budget, int grade, int64_t now_ms)
{
	int64_t *until_ms = &budget->until_ms[grade];

	if (*until_ms < now_ms)
		*until_ms = now_ms;
	if (*until_ms - now_ms >
	    (int64_t)(BMC_LOG_BURST - 1) * BMC_LOG_EVENT_MS) {
		budget->hidden[grade]++;
		return false;
	}
	*until_ms += BMC_LOG_EVENT_MS;
	return true;
}

static bool
may_tell_more(struct bmc_log_budget *budget, int64_t now_ms)
{
	if (budget->hidden[BMC_LOG_WARNING] == 0 &&
	    budget->hidden[BMC_LOG_CRITICAL] == 0)
		return false;
	if (budget->more_ms != 0 && now_ms - budget->more_ms < BMC_LOG_MORE_MS)
		return false;
	budget->more_ms = now_ms;
	return true;
}

/* --- words --------------------------------------------------------------- */

struct writer {
	struct record_news *news;
	size_t n;
};

static void tell(struct writer *to, enum severity severity, const char *fmt,
		 ...) __attribute__((format(printf, 3, 4)));

static void
tell(struct writer *to, enum severity severity, const char *fmt, ...)
{
	struct record_news *news = &to->news[to->n++];
	va_list ap;

	news->severity = severity;
	va_start(ap, fmt);
	vsnprintf(news->text, sizeof(news->text), fmt, ap);
	va_end(ap);
}

static void
tell_entry(struct writer *to, const char *host, const struct sel_entry *entry,
	   int grade)
{
	time_t time_s = (time_t)entry->time_s;
	struct tm tm;
	char when[48] = "";

	if (entry->time_s >= 0 && gmtime_r(&time_s, &tm) != NULL)
		strftime(when, sizeof(when),
			 ", %Y-%m-%d %H:%M:%S UTC by its clock", &tm);
	tell(to,
	     grade == BMC_LOG_CRITICAL ? SEVERITY_CRITICAL : SEVERITY_WARNING,
	     "%s's BMC logged: %s (entry 0x%x%s)", host, entry->text,
	     (unsigned)entry->id, when);
}

static void
tell_entries(struct writer *to, const struct sel_result *result,
	     struct bmc_log_budget *budget, int64_t now_ms, const char *host)
{
	for (size_t i = 0; i < result->n; i++) {
		const struct sel_entry *entry = &result->entries[i];
		int grade = entry->grade == IPMI_GRADE_CRITICAL
				    ? BMC_LOG_CRITICAL
				    : BMC_LOG_WARNING;

		if (entry->grade >= IPMI_GRADE_WARNING &&
		    may_tell(budget, grade, now_ms))
			tell_entry(to, host, entry, grade);
	}
}

static void
tell_more(struct writer *to, struct bmc_log_budget *budget, int64_t now_ms,
	  const char *host)
{
	unsigned *hidden = budget->hidden;

	if (!may_tell_more(budget, now_ms))
		return;
	tell(to,
	     hidden[BMC_LOG_CRITICAL] > 0 ? SEVERITY_CRITICAL
					  : SEVERITY_WARNING,
	     "%s's BMC logged more than is told here: %u critical and %u "
	     "warning entries besides; 'ironherd power sel %s' shows the last",
	     host, hidden[BMC_LOG_CRITICAL], hidden[BMC_LOG_WARNING], host);
	memset(budget->hidden, 0, sizeof(budget->hidden));
}

/* --- a reading ----------------------------------------------------------- */

/* Of a reading that failed early it is not known. */
static void
take_overflow(struct writer *to, const struct sel_result *result,
	      struct store_bmc_log *row)
{
	if (result->rc != IPMI_OK)
		return;
	if (result->overflow && !row->overflow)
		tell(to, SEVERITY_WARNING,
		     "the event log of %s's BMC is full and loses events; "
		     "save and erase it",
		     row->host);
	row->overflow = result->overflow;
}

size_t
bmc_log_take(const struct sel_result *result, bool first,
	     struct bmc_log_budget *budget, int64_t now_ms,
	     struct store_bmc_log *row, struct record_news *ret_news)
{
	struct writer to = { ret_news, 0 };

	bmc_log_from_position(&result->position, row);
	if (!first && result->erased)
		tell(&to, SEVERITY_INFO,
		     "the event log of %s's BMC was erased; what it logged "
		     "between the last look and then is lost",
		     row->host);
	take_overflow(&to, result, row);
	if (!first) {
		tell_entries(&to, result, budget, now_ms, row->host);
		tell_more(&to, budget, now_ms, row->host);
	}
	return to.n;
}
