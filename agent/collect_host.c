/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/pressure.h"
#include "agent/sysroot.h"
#include "common/alloc.h"
#include "common/clock.h"
#include "common/err.h"

#define FILE_MAX_BYTES 8192 /* of /proc/stat only the first line matters */

struct collect_host {
	struct loop_timer *timer;
	struct pressure *pressure; /* NULL: by time alone */
	loop_fn woken;
	void *arg;
	const char *root;
	struct source source;
	struct cpu_ticks ticks;
	bool has_ticks;
	struct report_load load;
	struct detail_pressure pressures[DETAIL_PRESSURES_MAX];
	size_t n_pressures;
	uint32_t uptime_s;
};

/* In the order of the table.  `load` is where avg10 goes into the report, 0
 * for nowhere. */
static const struct {
	const char *path, *word;
	enum detail_pressure_resource resource;
	enum detail_pressure_kind kind;
	size_t load;
} pressures[] = {
	{ "/proc/pressure/cpu", "some", PRESSURE_CPU, PRESSURE_SOME,
	  offsetof(struct report_load, psi_cpu_some_pm) },
	{ "/proc/pressure/cpu", "full", PRESSURE_CPU, PRESSURE_FULL, 0 },
	{ "/proc/pressure/memory", "some", PRESSURE_MEMORY, PRESSURE_SOME, 0 },
	{ "/proc/pressure/memory", "full", PRESSURE_MEMORY, PRESSURE_FULL,
	  offsetof(struct report_load, psi_mem_full_pm) },
	{ "/proc/pressure/io", "some", PRESSURE_IO, PRESSURE_SOME, 0 },
	{ "/proc/pressure/io", "full", PRESSURE_IO, PRESSURE_FULL,
	  offsetof(struct report_load, psi_io_full_pm) },
	{ "/proc/pressure/irq", "full", PRESSURE_IRQ, PRESSURE_FULL, 0 },
};

enum { PRESSURES = sizeof(pressures) / sizeof(*pressures) };
_Static_assert((int)PRESSURES <= (int)DETAIL_PRESSURES_MAX, "they all fit");

static int
read_stat(struct collect_host *host, char *text, struct err *err)
{
	struct cpu_ticks now;

	if (sysroot_read(host->root, "/proc/stat", text, FILE_MAX_BYTES) < 0 ||
	    host_parse_stat(text, &now) < 0)
		return err_set(err, -EINVAL, "/proc/stat makes no sense");
	if (host->has_ticks)
		host->load.cpu_use_pm =
			host_cpu_use(&host->ticks, &now, host->load.cpu_use_pm);
	host->ticks = now;
	host->has_ticks = true;
	return 0;
}

static int
read_meminfo(struct collect_host *host, char *text, struct err *err)
{
	if (sysroot_read(host->root, "/proc/meminfo", text, FILE_MAX_BYTES) <
		    0 ||
	    host_parse_meminfo(text, &host->load) < 0)
		return err_set(err, -EINVAL, "/proc/meminfo makes no sense");
	return 0;
}

static bool
read_line_of(const struct collect_host *host, size_t which, char *text,
	     struct detail_pressure *ret_row)
{
	*ret_row =
		(struct detail_pressure){ .resource = pressures[which].resource,
					  .kind = pressures[which].kind };
	return sysroot_read(host->root, pressures[which].path, text,
			    FILE_MAX_BYTES) >= 0 &&
	       host_parse_psi(text, pressures[which].word, ret_row) == 0;
}

/* Kernels may come without PSI or with it switched off, and older ones have
 * no line for some: that is no error, and psi_present says so. */
static void
read_pressure(struct collect_host *host, char *text)
{
	host->load.psi_present = true;
	host->n_pressures = 0;
	for (size_t i = 0; i < PRESSURES; i++) {
		struct detail_pressure *row =
			&host->pressures[host->n_pressures];
		bool there = read_line_of(host, i, text, row);
		uint32_t pm = there ? row->avg10_pm : 0;

		host->n_pressures += there;
		if (pressures[i].load == 0)
			continue;
		host->load.psi_present = host->load.psi_present && there;
		memcpy((char *)&host->load + pressures[i].load, &pm,
		       sizeof(pm));
	}
}

static void
read_uptime(struct collect_host *host, char *text)
{
	if (sysroot_read_line(host->root, "/proc/uptime", text,
			      FILE_MAX_BYTES) < 0)
		return;
	unsigned long long seconds = strtoull(text, NULL, 10);
	host->uptime_s = seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static void
read_all(void *arg)
{
	struct collect_host *host = arg;
	char text[FILE_MAX_BYTES];
	struct err err = { "" };
	int64_t start_us = source_clock_us();

	if (read_stat(host, text, &err) < 0 ||
	    read_meminfo(host, text, &err) < 0) {
		source_fail(&host->source, err.text);
	} else {
		read_pressure(host, text);
		read_uptime(host, text);
		int64_t end_us = source_clock_us();
		source_succeed(&host->source, end_us / 1000,
			       (uint64_t)(end_us - start_us));
	}
	loop_timer_start(host->timer, COLLECT_HOST_PERIOD_MS);
}

static void
wake(void *arg)
{
	struct collect_host *host = arg;

	read_all(host);
	if (host->woken != NULL)
		host->woken(host->arg);
}

struct collect_host *
collect_host_new(struct loop *loop, const char *root, loop_fn woken, void *arg)
{
	struct collect_host *host = xcalloc(1, sizeof(*host));

	host->root = root;
	source_init(&host->source, SOURCE_HOST, "host",
		    INT64_C(2) * COLLECT_HOST_PERIOD_MS);
	host->timer = loop_timer_new(loop, read_all, host);
	host->woken = woken;
	host->arg = arg;
	read_all(host);
	host->pressure = pressure_new(loop, root, wake, host);
	return host;
}

void
collect_host_free(struct collect_host *host)
{
	if (host == NULL)
		return;
	pressure_free(host->pressure);
	loop_timer_free(host->timer);
	free(host);
}

static void
fill_node(const struct collect_host *host, struct report_numa *node)
{
	char path[64], text[2048];
	uint64_t kib;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo",
		 node->node);
	if (sysroot_read(host->root, path, text, sizeof(text)) >= 0 &&
	    host_parse_node_free(text, &kib) == 0)
		node->mem_free_kib = kib;
	else if (host->load.mem_total_kib > 0)
		node->mem_free_kib = host->load.mem_free_kib;
}

void
collect_host_fill(const struct collect_host *host, struct node_report *report)
{
	struct node_detail *detail = report->detail;

	report->load = host->load;
	report->host.uptime_s = host->uptime_s;
	detail->pressures = xcalloc(PRESSURES, sizeof(*detail->pressures));
	detail->n_pressures = host->n_pressures;
	memcpy(detail->pressures, host->pressures,
	       host->n_pressures * sizeof(*detail->pressures));
	for (size_t i = 0; i < report->n_numa; i++)
		fill_node(host, &report->numa[i]);
}

const struct source *
collect_host_source(const struct collect_host *host)
{
	return &host->source;
}
