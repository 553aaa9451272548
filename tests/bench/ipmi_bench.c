/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement of ipmi/ against tests/farm; prints one JSON object.
 *
 *	ipmi_bench SCENARIO COUNT BASE PORT SUITE CONTROL
 *
 * tests/bench/ipmi calls it, and its peers, and makes the table.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "common/loop.h"
#include "ipmi/power.h"

enum { ROUNDS = 20, HW_MS = 800, STUCK_MS = 2000, IDLE_S = 50 };

struct asked {
	struct power_result result;
	double at_ms;
	bool done;
};

static struct loop *loop;
static struct bmc **bmcs;
static struct asked *asked;
static unsigned n_bmcs, waiting;
static const char *control;
static double start_ms;

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

static void
tell_farm(const char *line)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char answer[64] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", control);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    write(fd, line, strlen(line)) < 0 ||
	    read(fd, answer, sizeof(answer) - 1) <= 0 ||
	    strcmp(answer, "ok\n") != 0) {
		fprintf(stderr, "ipmi_bench: the farm says: %s", answer);
		exit(1);
	}
	close(fd);
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
ended(void *arg, const struct power_result *result)
{
	struct asked *a = arg;

	a->result = *result;
	a->at_ms = now_ms();
	a->done = true;
	if (--waiting == 0)
		loop_stop(loop);
}

typedef uint64_t (*ask_fn)(struct bmc *bmc, int64_t deadline_ms, power_fn fn,
			   void *arg);

/* Everybody is asked; ms until the last has ended. */
static double
round_of(ask_fn ask, int64_t deadline_ms)
{
	double begin_ms = now_ms();

	waiting = n_bmcs;
	for (unsigned i = 0; i < n_bmcs; i++) {
		asked[i].done = false;
		if (ask(bmcs[i], deadline_ms, ended, &asked[i]) == 0)
			exit(1);
	}
	loop_run(loop);
	return now_ms() - begin_ms;
}

static void
must_all(enum ipmi_rc rc)
{
	for (unsigned i = 0; i < n_bmcs; i++)
		if (asked[i].result.rc != rc) {
			fprintf(stderr, "ipmi_bench: %s: %s\n",
				bmc_name(bmcs[i]), asked[i].result.text);
			exit(1);
		}
}

static void
pause_ms(int64_t ms)
{
	struct loop_timer *timer =
		loop_timer_new(loop, (loop_fn)loop_stop, loop);

	loop_timer_start(timer, ms);
	loop_run(loop);
	loop_timer_free(timer);
}

/* --- scenarios ----------------------------------------------------------- */

static void
cold(void)
{
	round_of(power_read, 30000);
	must_all(IPMI_OK);
	printf("{\"ms\": %.2f}\n", now_ms() - start_ms);
}

static void
warm(void)
{
	double ms[ROUNDS];

	round_of(power_read, 30000);
	must_all(IPMI_OK);
	pause_ms(300); /* identities are being read */
	round_of(power_read, 1500);
	unsigned long before = alloc_count();
	for (int i = 0; i < ROUNDS; i++)
		ms[i] = round_of(power_read, 1500);
	must_all(IPMI_OK);
	printf("{\"ms\": %.3f, \"allocations\": %lu}\n", median(ms, ROUNDS),
	       alloc_count() - before);
}

static double base_kb;

static void
held(void)
{
	round_of(power_read, 60000);
	must_all(IPMI_OK);
	pause_ms(3000);
	double kb = rss_kb() - base_kb;
	double cpu_ms = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	pause_ms((int64_t)IDLE_S * 1000);
	cpu_ms = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu_ms;
	printf("{\"kb_each\": %.2f, \"cpu_pct\": %.3f}\n", kb / n_bmcs,
	       cpu_ms / (IDLE_S * 10.0));
}

static void
silent(void)
{
	double living_ms = 0, dead_ms = 0;
	char line[64];

	round_of(power_read, 30000);
	must_all(IPMI_OK);
	snprintf(line, sizeof(line), "0-%u silent 1", n_bmcs / 10 - 1);
	tell_farm(line);
	double begin_ms = now_ms();
	round_of(power_read, 0);
	for (unsigned i = 0; i < n_bmcs; i++) {
		double ms = asked[i].at_ms - begin_ms;
		bool dead = i < n_bmcs / 10;
		double *worst = dead ? &dead_ms : &living_ms;

		if (asked[i].result.rc != (dead ? IPMI_TIMEOUT : IPMI_OK))
			exit(1);
		if (ms > *worst)
			*worst = ms;
	}
	tell_farm("all silent 0");
	printf("{\"living_ms\": %.2f, \"verdict_ms\": %.1f}\n", living_ms,
	       dead_ms);
}

static void
loss(void)
{
	double ms[ROUNDS];

	round_of(power_read, 30000);
	must_all(IPMI_OK);
	pause_ms(300);
	tell_farm("all loss 50");
	for (int i = 0; i < ROUNDS; i++)
		ms[i] = round_of(power_read, 3000);
	tell_farm("all loss 0");
	printf("{\"slowest_ms\": %.1f}\n", median(ms, ROUNDS));
}

static void
off(void)
{
	char line[64];

	round_of(power_read, 30000);
	snprintf(line, sizeof(line), "all hw-delay %d", HW_MS);
	tell_farm(line);
	double ms = round_of(power_turn_off, 0);
	must_all(IPMI_OK);
	for (unsigned i = 0; i < n_bmcs; i++)
		if (!asked[i].result.verified)
			exit(1);
	tell_farm("all hw-delay 0");
	tell_farm("all power on");
	printf("{\"over_hardware_ms\": %.1f}\n", ms - HW_MS);
}

static void
stuck(void)
{
	round_of(power_read, 30000);
	tell_farm("all stuck 1");
	double ms = round_of(power_turn_off, STUCK_MS);
	must_all(IPMI_STUCK);
	tell_farm("all stuck 0");
	printf("{\"over_deadline_ms\": %.1f}\n", ms - STUCK_MS);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "cold", cold },     { "warm", warm }, { "held", held },
	{ "silent", silent }, { "loss", loss }, { "off", off },
	{ "stuck", stuck },
};

/* --- setting up ---------------------------------------------------------- */

static void
open_all(struct ipmi_env *env, char *const *argv)
{
	static const struct ipmi_account account = { "bench", "admin",
						     "secret" };
	struct in_addr base;

	if (inet_aton(argv[3], &base) == 0)
		exit(2);
	bmcs = xcalloc(n_bmcs, sizeof(struct bmc *));
	asked = xcalloc(n_bmcs, sizeof(*asked));
	for (unsigned i = 0; i < n_bmcs; i++) {
		struct in_addr own = { htonl(ntohl(base.s_addr) + i) };
		char text[BMC_ADDRESS_MAX];
		struct err err;

		snprintf(text, sizeof(text), "%s:%s", inet_ntoa(own), argv[4]);
		const struct bmc_target target = {
			.address = text,
			.cipher_suite = (int)strtol(argv[5], NULL, 10),
			.privilege = IPMI_OPERATOR,
		};
		bmcs[i] = bmc_new_lan(env, &target, &account, &err);
		if (bmcs[i] == NULL) {
			fprintf(stderr, "ipmi_bench: %s\n", err.text);
			exit(1);
		}
	}
}

int
main(int argc, char **argv)
{
	struct err err;
	size_t i = 0;

	start_ms = now_ms();
	if (argc != 7)
		return 2;
	log_start("ipmi_bench", LOG_LEVEL_ERROR);
	n_bmcs = (unsigned)strtoul(argv[2], NULL, 10);
	control = argv[6];
	loop = loop_new();
	struct ipmi_env *env = ipmi_env_new(loop, &err);
	if (env == NULL || n_bmcs == 0)
		return 1;
	base_kb = rss_kb();
	open_all(env, argv);
	while (strcmp(scenarios[i].name, argv[1]) != 0)
		if (++i == sizeof(scenarios) / sizeof(scenarios[0]))
			return 2;
	scenarios[i].run();
	for (i = 0; i < n_bmcs; i++)
		bmc_free(bmcs[i]);
	ipmi_env_free(env);
	loop_free(loop);
	free(bmcs);
	free(asked);
	return 0;
}
