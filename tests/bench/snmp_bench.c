/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement of the poller against a farm of agents (snmp_farm.c);
 * prints one JSON object.
 *
 *	snmp_bench SCENARIO COUNT BASE PORT
 *
 * tests/bench/snmp calls it, and its peers, and makes the table.
 */
#include "snmp-mib/wire.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/loop.h"
#include "snmp-mib/poller.h"

enum { ROUNDS = 5, DEAD_EVERY = 20, ROUND_MS = 120000 };

struct asked {
	struct poller_host *host;
	double begin_ms, took_ms;
	bool dead;
};

typedef void (*ask_fn)(struct asked *asked);

static struct loop *loop;
static struct poller *poller;
static struct asked *asked;
static unsigned n_hosts, n_dead, waiting, living;
static double round_begin_ms, living_ms;
static size_t n_values; /* of one report */
static struct in_addr base;
static const char *port;

/* --- tools --------------------------------------------------------------- */

static double
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double
now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static double
cpu_ms(void)
{
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static double
rss_kb(void)
{
	char line[128] = "", *resident;
	FILE *file = fopen("/proc/self/statm", "re");

	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		exit(1);
	fclose(file);
	(void)strtol(line, &resident, 10); /* the whole size */
	return (double)strtol(resident, NULL, 10) *
	       (double)sysconf(_SC_PAGESIZE) / 1024;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

/* --- asking -------------------------------------------------------------- */

static void
ended(struct asked *a, const struct poller_answer *answer)
{
	a->took_ms = now_ms() - a->begin_ms;
	if (answer->code != 0 && !a->dead) {
		fprintf(stderr, "snmp_bench: %s\n", answer->text);
		exit(1);
	}
	if (!a->dead && --living == 0)
		living_ms = now_ms() - round_begin_ms;
	if (--waiting == 0)
		loop_stop(loop);
}

static void
pulse_came(void *arg, const struct poller_answer *answer,
	   const struct node_pulse *pulse)
{
	(void)pulse;
	ended(arg, answer);
}

static size_t
values_of(const struct node_report *report)
{
	const size_t rows[CODEC_TABLES] = {
		[CODEC_SCALARS] = 1,
		[CODEC_NUMA] = report->n_numa,
		[CODEC_DISTANCES] = report->n_distances,
		[CODEC_FEATURES] = report->n_features,
		[CODEC_VMS] = report->n_vms,
		[CODEC_DATASTORES] = report->n_datastores,
		[CODEC_HEARTBEATS] = report->n_heartbeats,
		[CODEC_SOURCES] = report->n_sources,
	};
	struct codec_oid columns[CODEC_WIDTH_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < CODEC_TABLES; i++)
		n += rows[i] * codec_list_columns((enum codec_table)i, columns,
						  CODEC_WIDTH_MAX);
	return n;
}

static void
report_came(void *arg, const struct poller_answer *answer,
	    struct node_report *report)
{
	if (report != NULL && n_values == 0)
		n_values = values_of(report);
	node_report_free(report);
	ended(arg, answer);
}

static void
ask_pulse(struct asked *a)
{
	if (poller_pulse(a->host, ROUND_MS, pulse_came, a) < 0)
		exit(1);
}

static void
ask_report(struct asked *a)
{
	if (poller_report(a->host, NULL, ROUND_MS, report_came, a) < 0)
		exit(1);
}

/* As the coordinator does it: the dead are given up in time. */
static void
ask_report_in_time(struct asked *a)
{
	if (poller_report(a->host, NULL, 0, report_came, a) < 0)
		exit(1);
}

/* Everybody at once: the worst case, for the coordinator spreads them. */
static void
round_of(ask_fn ask, bool dead_too)
{
	living = n_hosts - n_dead;
	waiting = dead_too ? n_hosts : living;
	round_begin_ms = now_ms();
	for (unsigned i = 0; i < n_hosts; i++) {
		if (asked[i].dead && !dead_too)
			continue;
		asked[i].begin_ms = now_ms();
		ask(&asked[i]);
	}
	loop_run(loop);
}

/* --- scenarios ----------------------------------------------------------- */

/* The dead are behind the farm's last agent. */
static void
open_hosts(void)
{
	for (unsigned i = 0; i < n_hosts; i++) {
		unsigned at = i + (asked[i].dead ? n_hosts : 0);
		struct in_addr own = { htonl(ntohl(base.s_addr) + at) };
		char text[64];
		struct err err;

		snprintf(text, sizeof(text), "%s:%s", inet_ntoa(own), port);
		if (poller_host_new(poller, text, "bench", &asked[i].host,
				    &err) < 0) {
			fprintf(stderr, "snmp_bench: %s\n", err.text);
			exit(1);
		}
	}
}

static double base_kb;

static void
rounds(ask_fn ask)
{
	double cpu[ROUNDS], wall[ROUNDS], cold;

	open_hosts();
	double begin_ms = now_ms();
	round_of(ask, true);
	cold = now_ms() - begin_ms;
	for (int i = 0; i < ROUNDS; i++) {
		double begin_cpu = cpu_ms();

		begin_ms = now_ms();
		round_of(ask, true);
		wall[i] = now_ms() - begin_ms;
		cpu[i] = cpu_ms() - begin_cpu;
	}
	printf("{\"cpu_s\": %.4f, \"wall_ms\": %.1f, \"cold_ms\": %.1f, "
	       "\"kb_each\": %.2f, \"values\": %zu}\n",
	       median(cpu, ROUNDS) / 1e3, median(wall, ROUNDS), cold,
	       (rss_kb() - base_kb) / n_hosts, n_values);
}

static void
report(void)
{
	rounds(ask_report);
}

static void
pulse(void)
{
	rounds(ask_pulse);
}

/* The living alone, and among the dead; the best of the rounds, for other
 * work on the machine only adds. */
static void
dead(void)
{
	double alone[ROUNDS], among[ROUNDS];

	for (unsigned i = 0; i < n_hosts; i += DEAD_EVERY, n_dead++)
		asked[i].dead = true;
	open_hosts();
	round_of(ask_report_in_time, true);
	for (int i = 0; i < ROUNDS; i++) {
		round_of(ask_report_in_time, false);
		alone[i] = living_ms;
		round_of(ask_report_in_time, true);
		among[i] = living_ms;
	}
	qsort(alone, ROUNDS, sizeof(*alone), compare);
	qsort(among, ROUNDS, sizeof(*among), compare);
	double before = alone[0], after = among[0];
	printf("{\"alone_ms\": %.1f, \"among_ms\": %.1f, "
	       "\"change_pct\": %.2f}\n",
	       before, after, (after - before) / before * 100);
}

static void
late_pulse_came(void *arg, const struct poller_answer *answer,
		const struct node_pulse *pulse)
{
	double *took_ms = arg;

	(void)pulse;
	*took_ms = answer->code == 0 ? answer->took_us / 1e3 : ROUND_MS;
	if (--waiting == 0)
		loop_stop(loop);
}

/* Everybody's pulse while everybody's report is being read. */
static void
busy(void)
{
	double *took_ms = xcalloc(n_hosts, sizeof(*took_ms));

	open_hosts();
	round_of(ask_report, true);
	waiting = 2 * n_hosts;
	living = n_hosts;
	for (unsigned i = 0; i < n_hosts; i++)
		ask_report(&asked[i]);
	for (unsigned i = 0; i < n_hosts; i++)
		if (poller_pulse(asked[i].host, 0, late_pulse_came,
				 &took_ms[i]) < 0)
			exit(1);
	loop_run(loop);
	printf("{\"pulse_median_ms\": %.1f, ", median(took_ms, n_hosts));
	printf("\"pulse_slowest_ms\": %.1f}\n", took_ms[n_hosts - 1]);
	free(took_ms);
}

/* What it would save to keep localised keys in a file. */
static void
keys(void)
{
	static const u_char ku[USM_LENGTH_KU_HASHBLOCK] = "a key of a password";
	u_char engine[17] = "an engine's id", kul[USM_AUTH_KU_LEN];
	enum { TIMES = 10000 };
	double begin_ms = cpu_ms();

	for (unsigned i = 0; i < TIMES; i++) {
		size_t len = sizeof(kul);

		memcpy(engine + 12, &i, sizeof(i));
		if (generate_kul(usmHMAC192SHA256AuthProtocol,
				 OID_LENGTH(usmHMAC192SHA256AuthProtocol),
				 engine, sizeof(engine), ku, 32, kul,
				 &len) != SNMPERR_SUCCESS)
			exit(1);
	}
	printf("{\"us_each\": %.2f}\n", (cpu_ms() - begin_ms) * 1e3 / TIMES);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "report", report }, { "pulse", pulse }, { "dead", dead },
	{ "busy", busy },     { "keys", keys },
};

/* --- setting up ---------------------------------------------------------- */

static void
open_poller(void)
{
	static const struct snmp_account account = {
		.name = "bench",
		.user = "bench",
		.auth = "SHA-256",
		.auth_password = "bench-auth-password",
		.priv = "AES",
		.priv_password = "bench-priv-password",
	};
	struct err err;

	loop = loop_new();
	if (snmp_engine_start("snmp_bench", NULL, &err) < 0)
		exit(1);
	poller = poller_new(loop, NULL);
	if (poller_add_account(poller, &account, &err) < 0)
		exit(1);
	asked = xcalloc(n_hosts, sizeof(*asked));
	base_kb = rss_kb();
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	size_t i = 0;

	if (argc != 5 || inet_aton(argv[3], &base) == 0)
		return 2;
	log_start("snmp_bench", LOG_LEVEL_ERROR);
	n_hosts = (unsigned)strtoul(argv[2], NULL, 10);
	port = argv[4];
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	open_poller();
	while (strcmp(scenarios[i].name, argv[1]) != 0)
		if (++i == sizeof(scenarios) / sizeof(scenarios[0]))
			return 2;
	scenarios[i].run();
	for (i = 0; i < n_hosts; i++)
		if (asked[i].host != NULL)
			poller_host_free(asked[i].host);
	poller_free(poller);
	loop_free(loop);
	free(asked);
	return 0;
}
