/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/policy_scene.h - snapshots by hand, for one question each.
 *
 * A scene begins well: every host is up and was read a second ago, and the
 * coordinator runs for an hour.  A test then breaks what it is about.
 */
#ifndef TESTS_SUPPORT_POLICY_SCENE_H
#define TESTS_SUPPORT_POLICY_SCENE_H

#include "scheduler/policy/snapshot.h"

enum { SCENE_HOSTS = 5, SCENE_VMS = 8, SCENE_SIGHTINGS = 40 };

struct scene {
	struct snapshot snap;
	struct snap_cluster clusters[2];
	struct snap_host hosts[SCENE_HOSTS]; /* "h0", "h1", ... */
	struct snap_vm vms[SCENE_VMS];       /* "vm0", ... */
	struct snap_sighting sightings[SCENE_SIGHTINGS];
};

void scene_init(struct scene *scene, size_t n_hosts);

/* A VM that runs at its host, recorded and seen. */
size_t scene_add_vm(struct scene *scene, size_t host);

/* What the host's last report shows of the VM; replaces what it showed. */
void scene_see(struct scene *scene, size_t vm, size_t host,
	       enum report_vm_state state, enum report_vm_reason reason);
void scene_unsee(struct scene *scene, size_t vm, size_t host);

/* --- what can be known of a host ------------------------------------------ */

void scene_silence(struct scene *scene, size_t host, int64_t silent_ms);
void scene_hang(struct scene *scene, size_t host);      /* has power only */
void scene_power_off(struct scene *scene, size_t host); /* proved */
void scene_isolate(struct scene *scene, size_t host);   /* writes its slot */
void scene_kill_agent(struct scene *scene, size_t host);
void scene_restart(struct scene *scene, size_t host); /* answers, new boot */

#endif
