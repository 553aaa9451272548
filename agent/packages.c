/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cpu_features.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/num.h"

struct package {
	uint32_t number;
	const struct cpu_sample *first, *oldest; /* by microcode */
	uint32_t cores, threads;
	bool *lacks; /* features that some CPU of it has not */
};

struct machine_packages {
	struct package packages[DETAIL_PACKAGES_MAX];
	size_t n;
	bool *some; /* features that any CPU has */
};

/* --- grouping ------------------------------------------------------------- */

static struct package *
package_of(struct machine_packages *all, uint32_t number)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->packages[i].number == number)
			return &all->packages[i];
	if (all->n == DETAIL_PACKAGES_MAX)
		return NULL;
	struct package *package = &all->packages[all->n++];
	*package = (struct package){
		.number = number,
		.lacks = xcalloc(n_cpu_features, sizeof(*package->lacks)),
	};
	return package;
}

/* "0x2000065" and, of other architectures, anything: 0. */
static uint64_t
microcode_number(const struct cpu_sample *sample)
{
	uint64_t number = 0;

	num_parse_u64(sample->microcode, UINT64_MAX, &number);
	return number;
}

static bool
is_counted(const struct cpu_sample *samples, size_t n,
	   const struct cpu_sample *sample)
{
	for (size_t i = 0; i < n; i++)
		if (samples[i].package == sample->package &&
		    samples[i].core == sample->core)
			return true;
	return false;
}

static void
add_sample(struct machine_packages *all, const struct cpu_sample *samples,
	   size_t i)
{
	const struct cpu_sample *sample = &samples[i];
	struct package *package = package_of(all, sample->package);

	for (size_t f = 0; f < n_cpu_features; f++)
		all->some[f] = all->some[f] || sample->marks[f];
	if (package == NULL)
		return;
	if (package->first == NULL)
		package->first = package->oldest = sample;
	if (microcode_number(sample) < microcode_number(package->oldest))
		package->oldest = sample;
	package->threads++;
	package->cores += !is_counted(samples, i, sample);
	for (size_t f = 0; f < n_cpu_features; f++)
		package->lacks[f] = package->lacks[f] || !sample->marks[f];
}

static int
by_number(const void *a, const void *b)
{
	const struct package *one = a, *other = b;

	return one->number < other->number ? -1 : one->number > other->number;
}

/* --- what differs --------------------------------------------------------- */

static bool
same_signature(const struct cpu_sample *a, const struct cpu_sample *b)
{
	return a->family == b->family && a->model == b->model &&
	       a->stepping == b->stepping && strcmp(a->vendor, b->vendor) == 0;
}

/* Appends as much as there is room for; of the rest there are dots. */
static void
say(char *text, size_t room, const char *words)
{
	size_t len = strlen(text);

	if (len + strlen(words) < room)
		memcpy(text + len, words, strlen(words) + 1);
	else if (len >= 3)
		memcpy(text + (len + 4 > room ? room - 4 : len), "...", 4);
}

static const struct cpu_sample *
newest_like(const struct cpu_sample *samples, size_t n,
	    const struct cpu_sample *sample)
{
	const struct cpu_sample *newest = sample;

	for (size_t i = 0; i < n; i++)
		if (same_signature(&samples[i], sample) &&
		    microcode_number(&samples[i]) > microcode_number(newest))
			newest = &samples[i];
	return newest;
}

static void
tell_signature(const struct package *package, const struct package *usual,
	       char *text, size_t room)
{
	char words[128];
	const struct cpu_sample *a = package->first, *b = usual->first;

	if (same_signature(a, b))
		return;
	snprintf(words, sizeof(words),
		 "family %u model %u stepping %u, package %u has %u/%u/%u; ",
		 a->family, a->model, a->stepping, usual->number, b->family,
		 b->model, b->stepping);
	say(text, room, words);
}

static void
tell_microcode(const struct package *package, const struct cpu_sample *samples,
	       size_t n, char *text, size_t room)
{
	const struct cpu_sample *oldest = package->oldest;
	const struct cpu_sample *newest = newest_like(samples, n, oldest);
	char words[192];

	if (microcode_number(newest) <= microcode_number(oldest))
		return;
	snprintf(words, sizeof(words),
		 "CPU %u has microcode %.24s, CPU %u of package %u %.24s; ",
		 oldest->cpu, oldest->microcode, newest->cpu, newest->package,
		 newest->microcode);
	say(text, room, words);
}

static void
tell_features(const struct package *package, const bool *some, char *text,
	      size_t room)
{
	const char *before = "lacks ";
	char words[REPORT_NAME_LEN + 8];

	for (size_t f = 0; f < n_cpu_features; f++) {
		if (!some[f] || !package->lacks[f])
			continue;
		snprintf(words, sizeof(words), "%s%s", before,
			 cpu_features[f].name);
		say(text, room, words);
		before = ", ";
	}
}

static void
drop_end(char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && strcmp(text + len - 2, "; ") == 0)
		text[len - 2] = '\0';
}

/* --- out ------------------------------------------------------------------ */

static json_t *
list_cpus(const struct cpu_sample *samples, size_t n, uint32_t package)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (samples[i].package == package)
			json_array_append_new(list,
					      json_integer(samples[i].cpu));
	return list;
}

static json_t *
describe(const struct package *package, const struct machine_packages *all,
	 const struct cpu_sample *samples, size_t n)
{
	const struct cpu_sample *first = package->first;
	char text[REPORT_TEXT_LEN] = "";

	tell_signature(package, &all->packages[0], text, sizeof(text));
	tell_microcode(package, samples, n, text, sizeof(text));
	tell_features(package, all->some, text, sizeof(text));
	drop_end(text);
	return json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:o, s:I, s:I, s:o, "
			 "s:s}",
			 "package", (json_int_t)package->number, "vendor",
			 message_string(first->vendor), "model_name",
			 message_string(first->model_name), "family",
			 (json_int_t)first->family, "model",
			 (json_int_t)first->model, "stepping",
			 (json_int_t)first->stepping, "microcode",
			 message_string(package->oldest->microcode), "cores",
			 (json_int_t)package->cores, "threads",
			 (json_int_t)package->threads, "cpus",
			 list_cpus(samples, n, package->number), "text", text);
}

json_t *
packages_describe(const struct cpu_sample *samples, size_t n)
{
	cleanup_free struct machine_packages *all = xcalloc(1, sizeof(*all));
	cleanup_free bool *some = xcalloc(n_cpu_features, sizeof(*some));
	json_t *list = json_array();

	all->some = some;
	for (size_t i = 0; i < n; i++)
		add_sample(all, samples, i);
	qsort(all->packages, all->n, sizeof(*all->packages), by_number);
	for (size_t i = 0; i < all->n; i++)
		json_array_append_new(list, describe(&all->packages[i], all,
						     samples, n));
	for (size_t i = 0; i < all->n; i++)
		free(all->packages[i].lacks);
	return list;
}

size_t
packages_to_rows(const json_t *packages, struct detail_package **ret_rows)
{
	size_t n = json_array_size(packages), kept = 0;
	struct detail_package *rows = xcalloc(n + 1, sizeof(*rows));

	for (size_t i = 0; i < n && kept < DETAIL_PACKAGES_MAX; i++) {
		const json_t *from = json_array_get(packages, i);
		struct detail_package *row = &rows[kept];

		row->package =
			(uint32_t)message_number(from, "package", UINT16_MAX);
		if (kept > 0 && row->package <= row[-1].package)
			continue;
		text_copy(row->vendor, sizeof(row->vendor),
			  message_text(from, "vendor"));
		text_copy(row->model_name, sizeof(row->model_name),
			  message_text(from, "model_name"));
		text_copy(row->microcode, sizeof(row->microcode),
			  message_text(from, "microcode"));
		text_copy(row->text, sizeof(row->text),
			  message_text(from, "text"));
		row->family =
			(uint32_t)message_number(from, "family", UINT32_MAX);
		row->model =
			(uint32_t)message_number(from, "model", UINT32_MAX);
		row->stepping =
			(uint32_t)message_number(from, "stepping", UINT32_MAX);
		row->cores = (uint32_t)message_number(from, "cores",
						      REPORT_CPUS_MAX);
		row->threads = (uint32_t)message_number(from, "threads",
							REPORT_CPUS_MAX);
		row->health =
			row->text[0] == '\0' ? HEALTH_OK : HEALTH_DEGRADED;
		kept++;
	}
	*ret_rows = rows;
	return kept;
}
