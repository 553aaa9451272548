/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers of agent/collect_host.h: files of /proc as text. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect_host.h"

#define STAT_FIELDS 8 /* user nice system idle iowait irq softirq steal */
#define STAT_IDLE   3
#define STAT_IOWAIT 4

/* A number behind blanks; moves *text behind it. */
static int
take_number(const char **text, uint64_t *ret_value)
{
	const char *at = *text + strspn(*text, " \t");
	char *end;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	errno = 0;
	uint64_t value = strtoull(at, &end, 10);
	if (errno != 0)
		return -ERANGE;
	*text = end;
	*ret_value = value;
	return 0;
}

/* What follows `word` at the beginning of a line, NULL without such a line. */
static const char *
find_line(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (text != NULL && strncmp(text, word, len) != 0) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL ? text + len : NULL;
}

int
host_parse_stat(const char *text, struct cpu_ticks *ret_ticks)
{
	struct cpu_ticks ticks = { 0 };
	const char *at = find_line(text, "cpu ");

	if (at == NULL)
		return -EINVAL;
	for (unsigned i = 0; i < STAT_FIELDS; i++) {
		uint64_t value;

		if (take_number(&at, &value) < 0 || value > UINT64_MAX / 16)
			return -EINVAL;
		ticks.total += value;
		if (i != STAT_IDLE && i != STAT_IOWAIT)
			ticks.busy += value;
	}
	*ret_ticks = ticks;
	return 0;
}

uint32_t
host_cpu_use(const struct cpu_ticks *before, const struct cpu_ticks *now,
	     uint32_t last)
{
	if (now->total <= before->total || now->busy < before->busy)
		return last;

	uint64_t total = now->total - before->total;
	uint64_t busy = now->busy - before->busy;
	if (busy >= total)
		return 1000;
	return total > UINT64_MAX / 1000 ? last
					 : (uint32_t)(busy * 1000 / total);
}

static int
take_kib(const char *text, const char *word, uint64_t *ret_kib)
{
	const char *at = find_line(text, word);

	return at != NULL ? take_number(&at, ret_kib) : -EINVAL;
}

int
host_parse_meminfo(const char *text, struct report_load *ret_load)
{
	uint64_t total, available, swap_total = 0, swap_free = 0, spare = 0;

	if (take_kib(text, "MemTotal:", &total) < 0 ||
	    take_kib(text, "MemFree:", &spare) < 0)
		return -EINVAL;
	if (take_kib(text, "MemAvailable:", &available) < 0)
		available = spare; /* kernels before 3.14 */
	take_kib(text, "SwapTotal:", &swap_total);
	take_kib(text, "SwapFree:", &swap_free);
	ret_load->mem_total_kib = total;
	ret_load->mem_free_kib = spare;
	ret_load->mem_available_kib = available;
	ret_load->swap_used_kib =
		swap_total > swap_free ? swap_total - swap_free : 0;
	return 0;
}

/* " avg10=12.34" as per mille; moves *text behind it. */
static int
take_share(const char **text, const char *name, uint32_t *ret_pm)
{
	const char *at = *text;
	uint64_t percent, tenths = 0;

	if (strncmp(at, name, strlen(name)) != 0)
		return -EINVAL;
	at += strlen(name);
	if (take_number(&at, &percent) < 0 || percent > 100)
		return -EINVAL;
	if (at[0] == '.' && isdigit((unsigned char)at[1]))
		tenths = (uint64_t)(at[1] - '0');
	*text = at + strcspn(at, " \n");
	*ret_pm = percent == 100 ? 1000 : (uint32_t)(percent * 10 + tenths);
	return 0;
}

int
host_parse_psi(const char *text, const char *word,
	       struct detail_pressure *ret_row)
{
	struct detail_pressure row = *ret_row;
	const char *at = find_line(text, word);

	if (at == NULL || take_share(&at, " avg10=", &row.avg10_pm) < 0 ||
	    take_share(&at, " avg60=", &row.avg60_pm) < 0 ||
	    take_share(&at, " avg300=", &row.avg300_pm) < 0 ||
	    strncmp(at, " total=", 7) != 0)
		return -EINVAL;
	at += 7;
	if (take_number(&at, &row.total_us) < 0)
		return -EINVAL;
	*ret_row = row;
	return 0;
}

int
host_parse_node_free(const char *text, uint64_t *ret_kib)
{
	const char *at = strstr(text, " MemFree:");

	if (at == NULL)
		return -EINVAL;
	at += strlen(" MemFree:");
	return take_number(&at, ret_kib);
}
