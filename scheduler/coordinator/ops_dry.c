/* SPDX-License-Identifier: Apache-2.0 */
/* The dry run: says what it would do.  Probes are real, they change nothing. */
#include "common/log.h"
#include "scheduler/coordinator/coordinator.h"

static void
dry_probe(struct coordinator *co, size_t host)
{
	ops_real.probe(co, host);
}

static void
dry_fence(struct coordinator *co, size_t host, int64_t command)
{
	(void)command;
	log_warn("dry-run", "would power off %s",
		 co->reg.hosts[host].conf->name);
}

static void
dry_clean(struct coordinator *co, size_t host, const struct ops_stale *stale,
	  size_t n, int64_t command)
{
	(void)command;
	for (size_t i = 0; i < n; i++)
		log_warn("dry-run", "would remove %s from %s",
			 co->reg.vms[stale[i].vm].name,
			 co->reg.hosts[host].conf->name);
}

static void
dry_start(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	(void)command;
	log_warn("dry-run", "would start %s on %s", co->reg.vms[vm].name,
		 co->reg.hosts[host].conf->name);
}

static void
dry_stop(struct coordinator *co, size_t host, size_t vm, bool spare,
	 int64_t command)
{
	(void)command;
	log_warn("dry-run", "would force off %s on %s%s", co->reg.vms[vm].name,
		 co->reg.hosts[host].conf->name,
		 spare ? ", if it does not run" : "");
}

static void
dry_resume(struct coordinator *co, size_t host, size_t vm, int64_t command)
{
	(void)command;
	log_warn("dry-run", "would let %s go on, on %s", co->reg.vms[vm].name,
		 co->reg.hosts[host].conf->name);
}

static void
dry_forget(struct coordinator *co, size_t host)
{
	(void)co;
	(void)host;
}

const struct ops ops_dry = {
	.name = "dry run",
	.probe = dry_probe,
	.fence = dry_fence,
	.clean = dry_clean,
	.start = dry_start,
	.stop = dry_stop,
	.resume = dry_resume,
	.forget = dry_forget,
};
