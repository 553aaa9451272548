/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/execute.h - carry out the steps of a recorded plan,
 * and take in how each ended.
 *
 * A step's command is on disk before it is sent (record_plan).  Its end is
 * recorded before it is believed; when it cannot be recorded the store's
 * trouble stops all further commands, and the state stays what the last record
 * says: a start in doubt, a fence to be repeated.
 */
#ifndef SCHEDULER_COORDINATOR_EXECUTE_H
#define SCHEDULER_COORDINATOR_EXECUTE_H

#include "scheduler/coordinator/coordinator.h"

void execute(struct coordinator *co, const struct plan *plan,
	     const int64_t *commands);

/* How a command ended.  `proved_off` with reads in detail (JSON or NULL). */
void outcome_fence(struct coordinator *co, size_t host, int64_t command,
		   bool proved_off, const char *text, const char *detail);
void outcome_clean(struct coordinator *co, size_t host, int64_t command,
		   bool all_gone, const char *text, const char *detail);
void outcome_start(struct coordinator *co, size_t host, const char *vm_uuid,
		   int64_t command, enum virt_start_result result,
		   const char *text);
void outcome_stop(struct coordinator *co, size_t host, const char *vm_uuid,
		  int64_t command, enum virt_stop_result result,
		  const char *text);
void outcome_resume(struct coordinator *co, size_t host, const char *vm_uuid,
		    int64_t command, enum virt_resume_result result,
		    const char *text);

#endif
