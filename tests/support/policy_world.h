/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/policy_world.h - a small world for the mind to fail in.
 *
 * Hosts with power, planes and BMCs, VMs with users, and a model of the
 * coordinator that keeps its contract to the letter: freeze, decide, record,
 * then act; killed at any point; results late or lost.  Time goes in steps of
 * WORLD_STEP_MS; all luck comes from one seed.  The truth is kept apart from
 * what the coordinator believes, and is checked after each step.
 *
 * The mind comes in by a pointer, so that a test can put a bug around it.
 */
#ifndef TESTS_SUPPORT_POLICY_WORLD_H
#define TESTS_SUPPORT_POLICY_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scheduler/policy/plan.h"
#include "scheduler/policy/snapshot.h"
#include "scheduler/policy/timeouts.h"

enum {
	WORLD_STEP_MS = 250,
	WORLD_HOSTS_MAX = 5,
	WORLD_VMS_MAX = 10,
	WORLD_COMMANDS_MAX = 128,
	WORLD_TEXT_LEN = 256
};

/* Broken promises of the coordinator, to prove that they matter. */
enum world_sabotage {
	SABOTAGE_NONE = 0,
	SABOTAGE_OLD_PROOF = 1 << 0,   /* off once is off for ever */
	SABOTAGE_ACT_FIRST = 1 << 1,   /* commands before their record */
	SABOTAGE_ORPHANS = 1 << 2,     /* workers outlive their coordinator */
	SABOTAGE_SEEN_THERE = 1 << 3,  /* every record counts as confirmed */
	SABOTAGE_CLEAN_HARD = 1 << 4,  /* cleaning ends what runs, anywhere */
	SABOTAGE_ENDED_FENCE = 1 << 5, /* only ended fences are counted */
};

struct mind {
	struct plan *(*decide)(const struct snapshot *snap);
	void (*plan_free)(struct plan *plan);
};

/* --- the hosts and their VMs -------------------------------------------- */

enum copy_state { COPY_OFF, COPY_INCOMING, COPY_RUNNING };

/* A VM as one host's libvirt has it. */
struct world_copy {
	bool defined, autostart;
	enum copy_state state;
	enum report_vm_reason reason;
};

struct world_reading {
	int64_t at_ms;
	unsigned boot, revision;
	struct world_copy copies[WORLD_VMS_MAX];
};

struct world_host {
	bool on, hung;
	bool mgmt_cut, storage_cut, bmc_cut, bmc_lags;
	bool agent_dead, libvirt_hung;
	unsigned boot;
	int64_t ready_ms;            /* agent and libvirtd are up */
	int64_t off_ms, switched_ms; /* last power change */
	int64_t back_ms;             /* when it gets power again, or 0 */
	int64_t slot_ms;             /* last write of its datastore slot */
	int64_t glitch_ms;           /* last false off read */
	int64_t silent_ms;           /* its agent could not be reached */
	int64_t mute_ms;             /* its libvirt could not be reached */
	int64_t idle_ms;             /* its slot was not written, or not seen */
	unsigned fences;
	unsigned revision;
	struct world_copy copies[WORLD_VMS_MAX];
	struct world_reading reading; /* what its agent has */
};

struct world_vm {
	bool wants_run;      /* its user's last word */
	bool known_off;      /* and the coordinator had time to note it */
	int64_t off_seen_ms; /* reported off by wish, or 0 */
	bool unsettled; /* somebody acted, the record does not show it yet */
	bool excused;   /* and its host died before that */
	int64_t autostart_ms; /* a boot without the hold started a copy */
	size_t home;          /* where it ran last */
	size_t to;            /* migrating to, or NO_HOST */
	bool keeps_definition;
	int64_t move_ends_ms;
};

struct world_command {
	enum step_kind kind; /* STEP_KINDS: free */
	size_t host, vm;
	unsigned vms;  /* STEP_CLEAN: a bit each */
	unsigned ends; /* STEP_CLEAN: those that are ended when they run */
	unsigned boot; /* it was sent to; 0: an orphan, any boot */
	unsigned life; /* of the coordinator that waits */
	unsigned serial;
	int64_t due_ms, deadline_ms;
	bool arrives, answer_lost;
};

/* --- the coordinator ---------------------------------------------------- */

struct co_host {
	/* recorded */
	enum host_state state;
	int64_t state_ms;
	unsigned trusted_boot;
	int64_t fences_ms[FENCES_PER_HOUR];
	unsigned n_fences;

	/* all below dies with the process */
	bool fencing, cleaning;
	int64_t fence_ended_ms, clean_ended_ms, probed_ms;
	enum link_state link;
	int64_t heard_ms, missed_ms;
	unsigned boot, revision;
	enum witness libvirt;
	int64_t libvirt_asked_ms, libvirt_due_ms;
	enum power_state power, first_read;
	int64_t power_ms, probe_due_ms;
	bool off_twice;
	int64_t report_due_ms, report_ms;
	struct world_reading report;
	int64_t slot_ages[WORLD_HOSTS_MAX]; /* AGE_NEVER: storage lost */
	bool storage_lost;
};

struct co_vm {
	/* recorded */
	size_t owner;
	enum vm_intent intent;
	enum vm_phase phase;
	bool recovered, has_definition;
	unsigned start_failures;
	size_t failed_on;

	/* all below dies with the process */
	bool starting;
	size_t came_from; /* its last record took it from there */
	int64_t seen_ms, command_ended_ms, record_ms, counted_ms;
	unsigned absences, serial; /* of its open command */
};

struct coordinator_model {
	bool alive;
	unsigned life;
	int64_t started_ms, back_ms;
	struct co_host hosts[WORLD_HOSTS_MAX];
	struct co_vm vms[WORLD_VMS_MAX];
};

/* --- all of it ---------------------------------------------------------- */

struct world {
	uint64_t seed, luck;
	int64_t now_ms, begun_ms, healed_ms;
	bool storm;  /* faults happen */
	bool single; /* one at a time */
	bool hold;   /* agents hold autostart back at boot */
	bool agentx; /* a dead agent shows as LINK_NO_AGENT */
	unsigned sabotage;
	size_t n_hosts, n_vms;
	struct world_host hosts[WORLD_HOSTS_MAX];
	struct world_vm vms[WORLD_VMS_MAX];
	struct world_command commands[WORLD_COMMANDS_MAX];
	struct coordinator_model co;
	struct mind mind;

	FILE *transcript; /* NULL: none */
	char alarms[2 *
		    WORLD_TEXT_LEN]; /* kinds and subjects, of the last plan */
	uint32_t two_copies;         /* VMs with that alarm in the last plan */
	char violation[WORLD_TEXT_LEN]; /* the first one; "" */
	struct {
		unsigned faults, starts, fences, cleans, kills, moves;
		unsigned lost, decisions, commands;
	} count;
};

void world_init(struct world *w, uint64_t seed, struct mind mind);

/* Three hosts, two VMs on each, no luck in it. */
void world_init_plain(struct world *w, struct mind mind);

/* One step: physics, luck, coordinator, truth. */
void world_step(struct world *w);

/* Run for so long, or until a violation. */
void world_run(struct world *w, int64_t ms);

/* End every fault, then wait until all is well: a violation after limit_ms. */
void world_heal(struct world *w, int64_t limit_ms);

/* The first violation is kept; later ones follow from it. */
void world_violate(struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void world_say(const struct world *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* 0 .. n-1. */
uint64_t world_draw(struct world *w, uint64_t n);

/* --- between the files of the world -------------------------------------- */

bool world_is_up(const struct world *w, size_t host);   /* OS runs */
bool world_reaches(const struct world *w, size_t host); /* by management */
void world_power_off(struct world *w, size_t host);
void world_power_on(struct world *w, size_t host, int64_t boot_ms);
size_t world_running_on(const struct world *w, size_t vm, size_t *ret_first);
enum power_state world_read_bmc(struct world *w, size_t host);
struct world_command *world_send(struct world *w, enum step_kind kind,
				 size_t host);
void world_carry_out(struct world *w); /* commands that are due */
void world_draw_faults(struct world *w);
void world_end_faults(struct world *w);

void coordinator_start(struct world *w);
void coordinator_kill(struct world *w, int64_t for_ms);
void coordinator_step(struct world *w);
void coordinator_poll(struct world *w);
void coordinator_probe(struct world *w, size_t host);
bool coordinator_is_listed(const struct world_copy *copy);
void coordinator_freeze(struct world *w, struct snapshot *snap);
void coordinator_hear_end(struct world *w, const struct world_command *command,
			  int result);
enum { RESULT_DOUBT, RESULT_DONE, RESULT_ABSENT };

void truth_check(struct world *w);
void truth_check_step(struct world *w, const struct plan_step *step);
bool truth_is_well(const struct world *w, char why[WORLD_TEXT_LEN]);

#endif
