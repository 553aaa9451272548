/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/world.h - the truth of a simulation: hosts with power, BMCs and
 * libvirts, VMs, datastores, and the planes of network between them.
 *
 * Nothing of the product reads it but through the drivers that take the place
 * of the real ones: node.c (what an agent says), poller.c (SNMP), virt.c
 * (libvirt), bmc.c (IPMI).  Whatever changes here is put into the trace.
 * Times are ms of sim_now_ms().
 */
#ifndef SCHEDULER_SIM_WORLD_H
#define SCHEDULER_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scheduler/sim/trace.h"
#include "snmp-mib/node_report.h"

enum {
	WORLD_NAME_LEN = REPORT_NAME_LEN,
	WORLD_STORES_MAX = 8,
	WORLD_BMCS_MAX = 2 /* of one host */
};
#define WORLD_NONE SIZE_MAX

enum plane {
	PLANE_MGMT, /* coordinator to host: SNMP, libvirt */
	PLANE_BMC,  /* coordinator to BMC */
	PLANE_STORAGE,
	PLANE_MIGRATE,
	PLANE_PEER,
	PLANES
};

enum { TO_HOST = 1, FROM_HOST = 2, BOTH_WAYS = 3 };

/* --- VMs ------------------------------------------------------------------ */

enum copy_state {
	COPY_OFF,
	COPY_STARTING,
	COPY_INCOMING, /* a migration on its way in */
	COPY_RUNNING,
	COPY_PAUSED, /* by an I/O error */
	COPY_CRASHED /* its guest panicked; QEMU is there */
};

/* A VM as one host's libvirt has it. */
struct copy {
	bool defined, autostart;
	enum copy_state state;
	enum report_vm_reason reason;
	enum report_vm_event event;
	int64_t event_ms; /* 0: none yet */
};

/* What goes wrong with a VM, as its scenario says. */
struct vm_faults {
	unsigned start_times; /* so many starts fail */
	uint64_t start_hosts; /* on these only; 0: anywhere */
	unsigned migrate_times;
	bool stop;              /* it cannot be ended */
	int64_t crash_after_ms; /* of its start; 0: never */
	bool kills_host;        /* by being started there */
};

struct vm {
	char name[WORLD_NAME_LEN];
	char uuid[REPORT_UUID_LEN];
	uint64_t memory_kib;
	uint32_t vcpus;
	uint32_t cpu_use_pm; /* of one CPU */
	int64_t start_ms, migrate_ms;
	uint64_t stores; /* a bit each */
	bool local;      /* its disks are of its first host alone */
	bool movable;    /* by live migration */
	enum report_guest_agent tools;
	bool silent; /* its guest hangs */
	struct vm_faults faults;
	size_t last; /* the host where it ran last */
	size_t to;   /* migrating to; WORLD_NONE: not */
	bool cold;   /* it is ended for that, and started there */
};

/* --- hosts -----------------------------------------------------------------
 */

struct bmc_model {
	bool absent;  /* none is configured */
	bool no_feed; /* it has no power itself */
	bool unreachable, refuses_account;
	int64_t latency_ms;   /* one way */
	unsigned drops_pm;    /* lost messages, per mille */
	int64_t off_delay_ms; /* between the answer and the effect */
	bool early_yes;       /* and it tells the effect at once */
	bool errors_when_off; /* off of what is off is an error */
	bool off_is_soft;     /* off only asks the system */
	bool no_cycle, on_fails;
	bool glitches; /* it tells off once by mistake, never twice in 1 s */
	int64_t glitch_ms;  /* when it did last */
	bool state_unknown; /* its status cannot be read */
	int fixed;          /* -1: the truth; else what it always says */
	size_t wired_to;    /* the host whose power it has */
};

struct host {
	char name[WORLD_NAME_LEN];
	char uuid[REPORT_UUID_LEN];
	uint64_t memory_kib;
	uint32_t cpus;
	bool on, hung;
	unsigned boot;        /* counts */
	int64_t ready_ms;     /* its services are up */
	unsigned cut[PLANES]; /* TO_HOST | FROM_HOST */
	bool sticky_cut;      /* its cuts outlive a restart */
	bool agent_dead, agent_hung, libvirt_hung;
	bool replies_lost;      /* of its libvirt, to commands */
	bool stopping;          /* an orderly shutdown is under way */
	int64_t reply_delay_ms; /* of its heartbeats */
	unsigned loss_pm;       /* of its heartbeats */
	unsigned bmcs;
	struct bmc_model bmc[WORLD_BMCS_MAX];
	enum report_datastore_state stores[WORLD_STORES_MAX];
	int64_t slot_ms;     /* it could not write its heartbeat since then */
	unsigned revision;   /* of its VMs */
	int64_t touched_ms;  /* when that changed */
	struct copy *copies; /* by VM */

	/* What its agent has read of its libvirt. */
	int64_t read_ms; /* 0: nothing */
	unsigned read_revision;
	struct copy *read;
};

struct world {
	struct trace *trace;
	uint64_t luck; /* xorshift64*, never 0 */
	struct host *hosts;
	size_t n_hosts;
	struct vm *vms;
	size_t n_vms;
	char stores[WORLD_STORES_MAX][WORLD_NAME_LEN];
	size_t n_stores;
	bool heartbeats;  /* agents write them to stores[0] */
	int64_t boot_ms;  /* from power to services */
	unsigned errands; /* under way, of starts, moves and the like */
};

/* The names and sizes are the caller's to fill before the first step. */
void world_init(struct world *world, struct trace *trace, uint64_t seed,
		size_t n_hosts, size_t n_vms);
void world_done(struct world *world);

/* 0 .. n-1, by the seed. */
uint64_t world_draw(struct world *world, uint64_t n);

size_t world_find_host(const struct world *world, const char *name);
size_t world_find_vm(const struct world *world, const char *name);
size_t world_find_uuid(const struct world *world, const char *uuid);

/* --- power -----------------------------------------------------------------
 */

void world_power_off(struct world *world, size_t host);
void world_power_on(struct world *world, size_t host);

/* It has power, does not hang, and its services are up. */
bool world_is_up(const struct world *world, size_t host);

/* Anything of it is not as it should be, its BMC aside. */
bool world_is_faulty(const struct world *world, size_t host);

/* Does a message on that plane get there, and back? */
bool world_reaches(const struct world *world, size_t host, enum plane plane,
		   unsigned ways);

/* --- VMs: world_vm.c --------------------------------------------------------
 */

size_t world_runs_on(const struct world *world, size_t vm, size_t *ret_first);

/* A host's libvirt takes it up: 0, or -errno and the reason.  `fn` is called
 * when it ended; 0: it runs. */
typedef void (*world_fn)(void *arg, int rc);
int world_start(struct world *world, size_t host, size_t vm, world_fn fn,
		void *arg);

/* Its QEMU is ended at once.  -EBUSY: it cannot be. */
int world_destroy(struct world *world, size_t host, size_t vm,
		  enum report_vm_reason reason);

/* One that an I/O error paused goes on.  False: it is not paused. */
bool world_resume(struct world *world, size_t host, size_t vm);

/* Live, from where it runs. */
int world_migrate(struct world *world, size_t vm, size_t to);

/* What a guest does by itself. */
void world_crash(struct world *world, size_t vm);

/* A datastore is lost to a host, or comes back to it. */
void world_set_path(struct world *world, size_t host, size_t store,
		    enum report_datastore_state state);

bool world_has_path(const struct world *world, size_t host, size_t store);
bool world_has_paths(const struct world *world, size_t host, size_t vm);

/* Somebody changed something of that host's VMs. */
void world_touch(struct world *world, size_t host);

/* --- the heartbeat on the datastore ------------------------------------------
 */

/* Before anything changes that decides whether the host writes it. */
void world_note_slot(struct world *world, size_t host);
/* ms since the host last wrote it. */
int64_t world_slot_age(const struct world *world, size_t host);

#endif
