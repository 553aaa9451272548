/* SPDX-License-Identifier: Apache-2.0 */
/* Processors out of the text of /proc/cpuinfo, for agent/cpu.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cpu.h"
#include "agent/cpu_features.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "snmp-mib/node_report.h"

#define NAME_ROOM 64

/* "key<blanks>: value" in the block of one processor, "" without it. */
static const char *
find_value(const char *block, const char *key)
{
	size_t len = strlen(key);

	for (; block != NULL && *block != '\0' && *block != '\n';
	     block = strchr(block, '\n'), block = block ? block + 1 : NULL) {
		if (strncmp(block, key, len) != 0)
			continue;
		const char *at = block + len + strspn(block + len, " \t");
		if (*at == ':')
			return at + 1 + strspn(at + 1, " \t");
	}
	return "";
}

static void
text_value(const char *block, const char *key, char *ret_text, size_t room)
{
	const char *value = find_value(block, key);
	char line[256];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(value, "\n"), value);
	text_copy(ret_text, room, line);
}

static uint32_t
number_value(const char *block, const char *key)
{
	unsigned long value = strtoul(find_value(block, key), NULL, 10);

	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

/* Marks of features by their place in cpu_features[]. */
static void
mark_flags(const char *block, bool *marks)
{
	const char *at = find_value(block, "flags");

	while (*at != '\0' && *at != '\n') {
		char name[NAME_ROOM];
		size_t len = strcspn(at, " \t\n");

		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		const struct cpu_feature *feature = cpu_feature_find(name);
		if (feature != NULL)
			marks[feature - cpu_features] = true;
		at += len;
		at += strspn(at, " \t");
	}
}

static const char *
next_block(const char *block)
{
	const char *end = strstr(block, "\n\n");

	return end != NULL && strncmp(end + 2, "processor", 9) == 0 ? end + 2
								    : NULL;
}

static size_t
count_blocks(const char *block)
{
	size_t n = 0;

	for (; block != NULL && n < REPORT_CPUS_MAX; block = next_block(block))
		n++;
	return n;
}

static void
take_block(const char *block, struct cpu_sample *sample)
{
	sample->cpu = number_value(block, "processor");
	sample->package = number_value(block, "physical id") & UINT16_MAX;
	sample->core = number_value(block, "core id") & UINT16_MAX;
	sample->family = number_value(block, "cpu family");
	sample->model = number_value(block, "model");
	sample->stepping = number_value(block, "stepping");
	text_value(block, "vendor_id", sample->vendor, sizeof(sample->vendor));
	text_value(block, "model name", sample->model_name,
		   sizeof(sample->model_name));
	text_value(block, "microcode", sample->microcode,
		   sizeof(sample->microcode));
	mark_flags(block, sample->marks);
}

json_t *
cpu_parse_info(const char *text, struct err *err)
{
	if (strncmp(text, "processor", 9) != 0) {
		err_set(err, -EINVAL, "/proc/cpuinfo makes no sense");
		return NULL;
	}
	size_t n = count_blocks(text);
	struct cpu_sample *samples = cpu_samples_new(n);
	for (size_t i = 0; i < n; i++, text = next_block(text))
		take_block(text, &samples[i]);
	json_t *result = cpu_describe(samples, n);
	cpu_samples_free(samples);
	return result;
}

void
cpu_add_microcode(const char *text, struct cpu_sample *samples, size_t n)
{
	for (const char *block = text; block != NULL;
	     block = next_block(block)) {
		uint32_t cpu = number_value(block, "processor");

		for (size_t i = 0; i < n; i++)
			if (samples[i].cpu == cpu &&
			    samples[i].microcode[0] == '\0')
				text_value(block, "microcode",
					   samples[i].microcode,
					   sizeof(samples[i].microcode));
	}
}
