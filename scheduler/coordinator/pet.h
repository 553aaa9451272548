/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/pet.h - the traps of BMCs: a reason to look at once.
 *
 * They are forged by whoever likes.  So a trap leads to three things only, and
 * each within bounds: a probe of the host's BMC over our own session, an
 * acknowledgement over the same, and an event that says it is unproved.
 */
#ifndef SCHEDULER_COORDINATOR_PET_H
#define SCHEDULER_COORDINATOR_PET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipmi/pet.h"

struct coordinator;
struct pet_book;

/* After power_open().  pet_close() comes after power_close(), whose ending
 * requests still call back. */
void pet_open(struct coordinator *co);
void pet_close(struct coordinator *co);

/* Fits inform_options.pet; `arg` is the coordinator. */
void pet_came(void *arg, const char *from, int32_t specific,
	      const uint8_t *octets, size_t len);

/* --- pure ---------------------------------------------------------------- */

enum {
	PET_HOST_PER_S = 5,   /* traps of one host that are looked at at all */
	PET_KEPT = 8,         /* of one host, to know copies by */
	PET_SAME_MS = 600000, /* for so long */
	PET_LOOK_MS = 1000,   /* between two probes of one host */
	PET_EVENT_MS = 1000,  /* events of all hosts: one in so long, */
	PET_EVENT_BURST = 20  /* after the first so many */
};

/* What is known of a host's BMC. */
struct pet_site {
	const char *address; /* "10.0.0.1:623", "[fd00::1]:623"; NULL: no BMC */
	bool has_guid;
	uint8_t guid[16];
};

typedef struct pet_site (*pet_site_fn)(const void *arg, size_t host);

/* Whose trap it is, or NO_HOST: that of GUID and address, else of the GUID (in
 * any byte order), else of the address; `from` is numeric, without a port. */
size_t pet_find_host(size_t n_hosts, pet_site_fn site, const void *arg,
		     const struct pet *pet, const char *from);

struct pet_advice {
	bool acknowledge, look, tell;
};

struct pet_book *pet_book_new(size_t n_hosts);
void pet_book_free(struct pet_book *book);
struct pet_advice pet_book_judge(struct pet_book *book, size_t host,
				 const struct pet *pet, int64_t now_ms);

#endif
