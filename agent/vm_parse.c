/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's texts about the process of a VM, for agent/vm_process.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/vm_process.h"

#define MACHINE "machine-qemu"

/* Numbers too great stop at the greatest. */
static bool
take_number(const char **at, uint64_t *ret_number)
{
	const char *p = *at;
	uint64_t number = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		number = number > (UINT64_MAX - digit) / 10
				 ? UINT64_MAX
				 : number * 10 + digit;
	}
	*at = p;
	*ret_number = number;
	return true;
}

static uint64_t
sum_of(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t
product_of(uint64_t a, uint64_t b)
{
	return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

/* --- status, schedstat, comm ---------------------------------------------- */

static bool
find_kib(const char *text, const char *word, uint64_t *ret_kib)
{
	size_t len = strlen(word);

	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, word, len) != 0)
			continue;
		const char *at = line + len + strspn(line + len, " \t");
		return take_number(&at, ret_kib) && strncmp(at, " kB", 3) == 0;
	}
	return false;
}

int
vm_parse_status(const char *text, struct vm_memory *ret_memory)
{
	struct vm_memory memory = { 0 };

	if (!find_kib(text, "VmRSS:", &memory.rss_kib) ||
	    !find_kib(text, "VmSwap:", &memory.swapped_kib))
		return -EINVAL;
	if (!find_kib(text, "HugetlbPages:", &memory.huge_kib))
		memory.huge_kib = 0;
	*ret_memory = memory;
	return 0;
}

int
vm_parse_schedstat(const char *text, uint64_t *ret_wait_ns)
{
	uint64_t ran, waited;

	if (!take_number(&text, &ran) || *text++ != ' ' ||
	    !take_number(&text, &waited) || *text != ' ')
		return -EINVAL;
	*ret_wait_ns = waited;
	return 0;
}

/* Fields are counted from 1.  The second is a name in brackets that may hold
 * anything, blanks and brackets, too. */
static bool
find_field(const char *text, unsigned wanted, uint64_t *ret_number)
{
	const char *at = strrchr(text, ')');

	if (at == NULL)
		return false;
	at++;
	for (unsigned field = 2; field < wanted; field++) {
		at = strchr(at, ' ');
		if (at == NULL)
			return false;
		at++;
	}
	return take_number(&at, ret_number) && *at == ' ';
}

int
vm_parse_start(const char *text, uint64_t hz, uint64_t *ret_ms)
{
	uint64_t ticks;

	if (hz == 0 || !find_field(text, 22, &ticks))
		return -EINVAL;
	*ret_ms = product_of(ticks / hz, 1000) + ticks % hz * 1000 / hz;
	return 0;
}

int
vm_parse_cpu(const char *text, uint64_t hz, uint64_t *ret_ns)
{
	uint64_t user, system;

	if (hz == 0 || !find_field(text, 14, &user) ||
	    !find_field(text, 15, &system))
		return -EINVAL;
	*ret_ns = product_of(sum_of(user, system), 1000000000 / hz);
	return 0;
}

bool
vm_is_vcpu(const char *comm)
{
	uint64_t number;

	/* One thread for all of them: TCG of old. */
	if (strncmp(comm, "ALL CPUs/", 9) == 0)
		return true;
	if (strncmp(comm, "CPU ", 4) != 0)
		return false;
	comm += 4;
	return take_number(&comm, &number) && *comm == '/';
}

/* --- NUMA ----------------------------------------------------------------- */

/* "N3=12" at the start of a word. */
static bool
take_node(const char *word, uint64_t *ret_node, uint64_t *ret_amount)
{
	if (*word++ != 'N' || !take_number(&word, ret_node) || *word++ != '=')
		return false;
	return take_number(&word, ret_amount) && *ret_node < REPORT_NUMA_MAX &&
	       (*word == ' ' || *word == '\n' || *word == '\0');
}

/* The size of pages stands behind the nodes. */
static uint64_t
page_kib(const char *line)
{
	static const char word[] = " kernelpagesize_kB=";
	const char *at = strstr(line, word);
	uint64_t kib;

	if (at == NULL)
		return 4;
	at += sizeof(word) - 1;
	return take_number(&at, &kib) && kib > 0 && kib <= 1u << 30 ? kib : 4;
}

void
vm_numa_add_map(struct vm_numa *numa, const char *line)
{
	uint64_t page = page_kib(line), node, pages;

	for (const char *word = line; *word != '\0';
	     word += strcspn(word, " "), word += strspn(word, " "))
		if (take_node(word, &node, &pages))
			numa->kib[node] = sum_of(numa->kib[node],
						 product_of(pages, page));
}

/* Lines of what a guest's memory is made of; the others are parts of these
 * or memory of the kernel. */
static bool
is_guest_memory(const char *line)
{
	return strncmp(line, "anon ", 5) == 0 || strncmp(line, "file ", 5) == 0;
}

int
vm_numa_add_stat(struct vm_numa *numa, const char *text)
{
	bool found = false;

	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		uint64_t node, bytes;

		if (!is_guest_memory(line))
			continue;
		for (const char *word = line; word < line + len;
		     word += strcspn(word, " \n"), word += *word == ' ') {
			if (!take_node(word, &node, &bytes))
				continue;
			numa->kib[node] = sum_of(numa->kib[node], bytes / 1024);
			found = true;
		}
	}
	return found ? 0 : -EINVAL;
}

void
vm_numa_describe(const struct vm_numa *numa, char *ret_nodes, size_t room,
		 uint32_t *ret_local_pm)
{
	uint64_t all = 0, most = 0;
	size_t len = 0;

	ret_nodes[0] = '\0';
	for (unsigned node = 0; node < REPORT_NUMA_MAX; node++) {
		uint64_t mib = numa->kib[node] / 1024; /* leave room to sum */
		char text[16];

		if (numa->kib[node] == 0)
			continue;
		all = sum_of(all, mib);
		most = mib > most ? mib : most;
		int n = snprintf(text, sizeof(text), "%s%u", len > 0 ? "," : "",
				 node);
		if (len + (size_t)n >= room)
			continue;
		memcpy(ret_nodes + len, text, (size_t)n + 1);
		len += (size_t)n;
	}
	*ret_local_pm = REPORT_UNMEASURED;
	if (all > 0)
		*ret_local_pm = (uint32_t)(most > UINT64_MAX / 1000
						   ? most / (all / 1000)
						   : most * 1000 / all);
}

bool
vm_parse_cgroup(const char *text, char *ret_path, size_t room)
{
	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		const char *path = line + 3;
		size_t len = strcspn(path, "\n");
		const char *machine = strstr(path, "/" MACHINE);

		if (machine == NULL || machine >= path + len)
			return false;
		len = (size_t)(machine - path) + 1 +
		      strcspn(machine + 1, "/\n");
		if (len >= room)
			return false;
		memcpy(ret_path, path, len);
		ret_path[len] = '\0';
		return strstr(ret_path, "/..") == NULL;
	}
	return false;
}
