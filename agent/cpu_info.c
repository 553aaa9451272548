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

static json_t *
text_value(const char *block, const char *key)
{
	const char *value = find_value(block, key);
	char text[NAME_ROOM], line[256];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(value, "\n"), value);
	text_copy(text, sizeof(text), line);
	return message_string(text);
}

static json_t *
number_value(const char *block, const char *key)
{
	unsigned long value = strtoul(find_value(block, key), NULL, 10);

	return json_integer(value <= UINT32_MAX ? (json_int_t)value : 0);
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

static bool
same_line(const char *a, const char *b)
{
	size_t len = strcspn(a, "\n");

	return len == strcspn(b, "\n") && memcmp(a, b, len) == 0;
}

static bool
looks_same(const char *a, const char *b)
{
	return same_line(find_value(a, "flags"), find_value(b, "flags")) &&
	       same_line(find_value(a, "microcode"),
			 find_value(b, "microcode"));
}

json_t *
cpu_name_features(const bool *marks)
{
	json_t *names = json_array();

	for (size_t i = 0; i < n_cpu_features; i++)
		if (marks[i])
			json_array_append_new(names,
					      json_string(
						      cpu_features[i].name));
	return names;
}

static bool
intersect(const char *first, bool *common, unsigned *ret_online)
{
	cleanup_free bool *marks = xcalloc(n_cpu_features, sizeof(*marks));
	bool uniform = true;
	unsigned online = 0;

	mark_flags(first, common);
	for (const char *block = first; block != NULL;
	     block = next_block(block)) {
		if (online++ >= REPORT_CPUS_MAX)
			break;
		if (looks_same(first, block))
			continue;
		uniform = false;
		memset(marks, 0, n_cpu_features * sizeof(*marks));
		mark_flags(block, marks);
		for (size_t i = 0; i < n_cpu_features; i++)
			common[i] = common[i] && marks[i];
	}
	*ret_online = online;
	return uniform;
}

json_t *
cpu_parse_info(const char *text, struct err *err)
{
	cleanup_free bool *common = xcalloc(n_cpu_features, sizeof(*common));
	unsigned online = 0;

	if (strncmp(text, "processor", 9) != 0) {
		err_set(err, -EINVAL, "/proc/cpuinfo makes no sense");
		return NULL;
	}
	bool uniform = intersect(text, common, &online);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:o}",
			 "vendor", text_value(text, "vendor_id"), "model_name",
			 text_value(text, "model name"), "family",
			 number_value(text, "cpu family"), "model",
			 number_value(text, "model"), "stepping",
			 number_value(text, "stepping"), "microcode",
			 text_value(text, "microcode"), "uniform", uniform,
			 "online", (int)online, "features",
			 cpu_name_features(common));
}
