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
#include "agent/packages.h"
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

/* --- pure ----------------------------------------------------------------- */

struct cpu_sample *
cpu_samples_new(size_t n)
{
	struct cpu_sample *samples = xcalloc(n + 1, sizeof(*samples));
	bool *marks = xcalloc(n * n_cpu_features + 1, sizeof(*marks));

	for (size_t i = 0; i <= n; i++)
		samples[i].marks = marks + (i < n ? i * n_cpu_features : 0);
	return samples;
}

void
cpu_samples_free(struct cpu_sample *samples)
{
	if (samples != NULL)
		free(samples[0].marks);
	free(samples);
}

/* Extended family and model, as the kernel adds them up. */
void
cpu_decode_signature(uint32_t eax, struct cpu_sample *sample)
{
	sample->family = eax >> 8 & 15;
	sample->model = eax >> 4 & 15;
	sample->stepping = eax & 15;
	if (sample->family == 15)
		sample->family += eax >> 20 & 255;
	if (sample->family >= 6)
		sample->model += (eax >> 16 & 15) << 4;
}

/* CPUs that do not know a leaf say so by the highest one they know. */
void
cpu_mark_features(cpu_leaf_fn ask, void *arg, bool *ret_marks)
{
	uint32_t regs[CPU_REGISTERS] = { 0 };
	const struct cpu_feature *last = NULL;

	for (size_t i = 0; i < n_cpu_features; i++) {
		const struct cpu_feature *f = &cpu_features[i];

		if (last == NULL || f->leaf != last->leaf ||
		    f->subleaf != last->subleaf) {
			memset(regs, 0, sizeof(regs));
			ask(arg, f->leaf, f->subleaf, regs);
		}
		ret_marks[i] = (regs[f->reg] >> f->bit & 1) != 0;
		last = f;
	}
}

/* What all of them have; are they alike? */
static bool
intersect(const struct cpu_sample *samples, size_t n, bool *common)
{
	bool uniform = true;

	memcpy(common, samples[0].marks, n_cpu_features * sizeof(*common));
	for (size_t i = 1; i < n; i++) {
		uniform = uniform &&
			  strcmp(samples[i].microcode, samples[0].microcode) ==
				  0 &&
			  memcmp(samples[i].marks, samples[0].marks,
				 n_cpu_features * sizeof(*common)) == 0;
		for (size_t f = 0; f < n_cpu_features; f++)
			common[f] = common[f] && samples[i].marks[f];
	}
	return uniform;
}

json_t *
cpu_describe(const struct cpu_sample *samples, size_t n)
{
	cleanup_free bool *common = xcalloc(n_cpu_features, sizeof(*common));
	const struct cpu_sample *first = &samples[0];
	bool uniform = intersect(samples, n, common);

	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:b, s:I, s:o, s:o}",
			 "vendor", message_string(first->vendor), "model_name",
			 message_string(first->model_name), "family",
			 (json_int_t)first->family, "model",
			 (json_int_t)first->model, "stepping",
			 (json_int_t)first->stepping, "microcode",
			 message_string(first->microcode), "uniform", uniform,
			 "online", (json_int_t)n, "features",
			 cpu_name_features(common), "packages",
			 packages_describe(samples, n));
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

#if defined(__x86_64__) || defined(__i386__)

/* --- on the machine itself ------------------------------------------------ */

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

static void
ask_leaf(void *arg, uint32_t leaf, uint32_t subleaf,
	 uint32_t ret_regs[CPU_REGISTERS])
{
	(void)arg;
	__get_cpuid_count(leaf, subleaf, &ret_regs[CPU_EAX], &ret_regs[CPU_EBX],
			  &ret_regs[CPU_ECX], &ret_regs[CPU_EDX]);
}

static void
read_features(bool *marks)
{
	cpu_mark_features(ask_leaf, NULL, marks);
}

static void
read_text(unsigned cpu, const char *file, char *ret_text, size_t room)
{
	char path[96];

	ret_text[0] = '\0';
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/%s", cpu,
		 file);
	sysroot_read_line("/", path, ret_text, room);
}

/* Some machines say -1: then there is one. */
static uint32_t
read_place(unsigned cpu, const char *file)
{
	char path[96];
	int64_t number = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/%s", cpu,
		 file);
	sysroot_read_number("/", path, 0, UINT16_MAX, &number);
	return (uint32_t)number;
}

static void
read_vendor(struct cpu_sample *sample)
{
	unsigned a, regs[3];
	char vendor[13];

	__cpuid(0, a, regs[0], regs[2], regs[1]);
	memcpy(vendor, regs, 12);
	vendor[12] = '\0';
	text_copy(sample->vendor, sizeof(sample->vendor), vendor);
}

static void
read_model_name(struct cpu_sample *sample)
{
	unsigned regs[12] = { 0 };
	char name[sizeof(regs) + 1];

	for (unsigned i = 0; i < 3; i++) {
		unsigned *at = regs + (size_t)4 * i;

		__get_cpuid(0x80000002 + i, &at[0], &at[1], &at[2], &at[3]);
	}
	memcpy(name, regs, sizeof(regs));
	size_t len = sizeof(regs);
	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == '\0'))
		len--;
	name[len] = '\0';
	text_copy(sample->model_name, sizeof(sample->model_name),
		  name + strspn(name, " "));
}

static void
read_signature(struct cpu_sample *sample)
{
	unsigned a = 0, b, c, d;

	__get_cpuid(1, &a, &b, &c, &d);
	cpu_decode_signature(a, sample);
}

static void
sample_cpu(unsigned cpu, struct cpu_sample *sample)
{
	sample->cpu = cpu;
	sample->package = read_place(cpu, "topology/physical_package_id");
	sample->core = read_place(cpu, "topology/core_id");
	read_features(sample->marks);
	read_vendor(sample);
	read_model_name(sample);
	read_signature(sample);
	read_text(cpu, "microcode/version", sample->microcode,
		  sizeof(sample->microcode));
}

/* /sys has it only where the kernel would load a newer one: not below a
 * hypervisor, not with dis_ucode_ldr. */
static void
read_missing_microcode(struct cpu_sample *samples, size_t n)
{
	cleanup_free char *text = NULL;

	if (n > 0 && samples[0].microcode[0] == '\0' &&
	    file_read("/proc/cpuinfo", INFO_BYTES_MAX, &text, NULL, NULL) == 0)
		cpu_add_microcode(text, samples, n);
}

static json_t *
read_live(const unsigned *cpus, size_t n, struct err *err)
{
	struct cpu_sample *samples = cpu_samples_new(n);
	size_t read = 0;

	for (size_t i = 0; i < n; i++)
		if (run_on(cpus[i]))
			sample_cpu(cpus[i], &samples[read++]);
	read_missing_microcode(samples, read);
	json_t *result = read > 0 ? cpu_describe(samples, read) : NULL;
	if (result == NULL) {
		err_set(err, -EPERM, "no CPU lets us run on it");
	} else if (read < n) {
		json_object_set_new(result, "uniform", json_false());
		json_object_set_new(result, "online",
				    json_integer((json_int_t)n));
		json_object_set_new(
			result, "trouble",
			json_sprintf("%zu of %zu online CPUs could not be "
				     "read: is the agent confined to some?",
				     n - read, n));
	}
	cpu_samples_free(samples);
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
