/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cpu.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "agent/cpu_features.h"
#include "agent/sysroot.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "snmp-mib/node_report.h"

#define INFO_BYTES_MAX (16u << 20) /* 4,096 CPUs with 2 KB each, twice */

int
cpu_parse_list(const char *text, unsigned *ret_cpus, size_t room)
{
	size_t n = 0;

	while (isdigit((unsigned char)*text)) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= REPORT_CPUS_MAX)
			return -EINVAL;
		for (; first <= last && n < room; first++)
			ret_cpus[n++] = (unsigned)first;
		text = *end == ',' ? end + 1 : end;
	}
	return n > 0 && (*text == '\0' || *text == '\n') ? (int)n : -EINVAL;
}

#if defined(__x86_64__) || defined(__i386__)

struct cpu_sample {
	bool *marks; /* one for each of cpu_features[] */
	char microcode[REPORT_NAME_LEN];
};

static bool
run_on(unsigned cpu)
{
	cpu_set_t *set = CPU_ALLOC(REPORT_CPUS_MAX);
	size_t size = CPU_ALLOC_SIZE(REPORT_CPUS_MAX);

	if (set == NULL)
		return false;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	int rc = sched_setaffinity(0, size, set);
	CPU_FREE(set);
	return rc == 0;
}

/* CPUs that do not know a leaf say so by the highest one they know. */
static void
read_features(bool *marks)
{
	unsigned regs[CPU_REGISTERS] = { 0 };
	const struct cpu_feature *last = NULL;

	for (size_t i = 0; i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];

		if (last == NULL || f->leaf != last->leaf ||
		    f->subleaf != last->subleaf) {
			memset(regs, 0, sizeof(regs));
			__get_cpuid_count(f->leaf, f->subleaf, &regs[CPU_EAX],
					  &regs[CPU_EBX], &regs[CPU_ECX],
					  &regs[CPU_EDX]);
		}
		marks[i] = (regs[f->reg] >> f->bit & 1) != 0;
		last = f;
	}
}

static void
read_microcode(const char *root, unsigned cpu, char *ret_text, size_t room)
{
	char path[80];

	ret_text[0] = '\0';
	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%u/microcode/version", cpu);
	sysroot_read_line(root, path, ret_text, room);
}

static void
sample_cpu(unsigned cpu, struct cpu_sample *sample)
{
	read_features(sample->marks);
	read_microcode("/", cpu, sample->microcode, sizeof(sample->microcode));
}

static void
put_vendor(json_t *result)
{
	unsigned a, regs[3];
	char vendor[13];

	__cpuid(0, a, regs[0], regs[2], regs[1]);
	memcpy(vendor, regs, 12);
	vendor[12] = '\0';
	json_object_set_new(result, "vendor", message_string(vendor));
}

static void
put_model_name(json_t *result)
{
	unsigned regs[12] = { 0 };
	char name[sizeof(regs) + 1];

	for (unsigned i = 0; i < 3; i++) {
		unsigned *at = regs + (size_t)4 * i;

		__get_cpuid(0x80000002 + i, &at[0], &at[1], &at[2], &at[3]);
	}
	memcpy(name, regs, sizeof(regs));
	name[sizeof(regs)] = '\0';
	json_object_set_new(result, "model_name",
			    message_string(name + strspn(name, " ")));
}

/* Extended family and model, as the kernel adds them up. */
static void
put_signature(json_t *result)
{
	unsigned a = 0, b, c, d;

	__get_cpuid(1, &a, &b, &c, &d);
	unsigned family = a >> 8 & 15, model = a >> 4 & 15;
	if (family == 15)
		family += a >> 20 & 255;
	if (family >= 6)
		model += (a >> 16 & 15) << 4;
	json_object_set_new(result, "family", json_integer(family));
	json_object_set_new(result, "model", json_integer(model));
	json_object_set_new(result, "stepping", json_integer(a & 15));
}

/* Sample all CPUs; `common` ends as what all of them have.  Returns how many
 * could not be read. */
static unsigned
sample_all(const unsigned *cpus, size_t n, struct cpu_sample *common,
	   bool *ret_uniform)
{
	cleanup_free bool *marks = xcalloc(n_cpu_features, sizeof(*marks));
	struct cpu_sample sample = { .marks = marks };
	unsigned unread = 0;
	bool first = true, uniform = true;

	for (size_t i = 0; i < n; i++) {
		if (!run_on(cpus[i])) {
			unread++;
			continue;
		}
		sample_cpu(cpus[i], first ? common : &sample);
		if (first) {
			first = false;
			continue;
		}
		uniform = uniform &&
			  strcmp(sample.microcode, common->microcode) == 0 &&
			  memcmp(marks, common->marks, n_cpu_features) == 0;
		for (size_t j = 0; j < n_cpu_features; j++)
			common->marks[j] = common->marks[j] && marks[j];
	}
	*ret_uniform = uniform && unread == 0 && !first;
	return unread;
}

static json_t *
read_live(const unsigned *cpus, size_t n, struct err *err)
{
	cleanup_free bool *marks = xcalloc(n_cpu_features, sizeof(*marks));
	struct cpu_sample common = { .marks = marks };
	bool uniform;
	unsigned unread = sample_all(cpus, n, &common, &uniform);

	if (unread == n) {
		err_set(err, -EPERM, "no CPU lets us run on it");
		return NULL;
	}
	json_t *result =
		json_pack("{s:s, s:b, s:I, s:o}", "microcode", common.microcode,
			  "uniform", uniform, "online", (json_int_t)n,
			  "features", cpu_name_features(marks));
	put_vendor(result);
	put_model_name(result);
	put_signature(result);
	if (unread > 0)
		json_object_set_new(
			result, "trouble",
			json_sprintf("%u of %zu online CPUs could not be read: "
				     "is the agent confined to some?",
				     unread, n));
	return result;
}

static json_t *
read_machine(struct err *err)
{
	cleanup_free unsigned *cpus = xcalloc(REPORT_CPUS_MAX, sizeof(*cpus));
	char list[4096];

	int n = sysroot_read_line("/", "/sys/devices/system/cpu/online", list,
				  sizeof(list)) < 0
			? -ENOENT
			: cpu_parse_list(list, cpus, REPORT_CPUS_MAX);
	if (n < 0) {
		err_set(err, n,
			"/sys/devices/system/cpu/online makes no sense");
		return NULL;
	}
	return read_live(cpus, (size_t)n, err);
}

#endif

json_t *
cpu_read(const char *root, struct err *err)
{
#if defined(__x86_64__) || defined(__i386__)
	if (strcmp(root, "/") == 0)
		return read_machine(err);
#endif
	cleanup_free char *path = sysroot_path(root, "/proc/cpuinfo");
	cleanup_free char *text = NULL;

	if (file_read(path, INFO_BYTES_MAX, &text, NULL, err) < 0)
		return NULL;
	return cpu_parse_info(text, err);
}
