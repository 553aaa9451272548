/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/verbs_own.h - what the files of verbs share: verbs.c the table
 * and the faults of the world, verbs_people.c what people and guests do.
 */
#ifndef SCHEDULER_SIM_VERBS_OWN_H
#define SCHEDULER_SIM_VERBS_OWN_H

#include "scheduler/sim/scenario.h"

struct world *verb_world(const struct moment *moment);

/* A text of the moment; "" when there is none of that key. */
const char *verb_text(const struct moment *moment, const char *key);

void verb_ha_pause(struct moment *moment);
void verb_ha_resume(struct moment *moment);
void verb_guest_shutdown(struct moment *moment);
void verb_qemu_kill(struct moment *moment);
void verb_guest_crash(struct moment *moment);
void verb_guest_silent(struct moment *moment);
void verb_external_move(struct moment *moment);
void verb_vm_cmd(struct moment *moment);

#endif
