/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/sdr_walk.h - reading the records of a BMC (IPMI 2.0, 33.9 to 33.12).
 *
 *	reserve, record by record in parts, then info again: as before?
 *
 * What a walk meets, and what becomes of it:
 *	the BMC cannot return so many bytes	half as many, down to 1
 *	the reservation is lost (another reader took it)
 *		info again; the same: a new one, and on with this record; at
 *		most SDR_LOSSES_MAX times
 *	the records changed	all anew, at most SDR_STARTS_MAX times
 *	a record that cannot be read, or is odd		skipped and counted
 *	numbers in a loop, more than SDR_RECORDS_MAX, a record that does not
 *	name the next one	the walk ends there, and the records say `cut`
 *
 * Only records of sensors are read whole.
 *
 * A walk that ran out of time, or was cancelled, or lost too many reservations,
 * can be run again and goes on where it was.
 */
#ifndef IPMI_SDR_WALK_H
#define IPMI_SDR_WALK_H

#include "ipmi/bmc.h"
#include "ipmi/sdr.h"

enum { SDR_STARTS_MAX = 4, SDR_LOSSES_MAX = 32 };

struct sdr_walk;

struct sdr_walk_end {
	enum ipmi_rc rc;
	uint8_t code;            /* with IPMI_CC; 0xc5: they change too often */
	int64_t left_ms;         /* of the time given */
	char text[BMC_TEXT_MAX]; /* why not; "" with IPMI_OK */
};

typedef void (*sdr_walk_fn)(void *arg, const struct sdr_walk_end *end);

/* info: as just read. */
struct sdr_walk *sdr_walk_new(struct bmc *bmc, const struct sdr_info *info);

/* False: refused, as bmc_request() does.  fn may free the walk. */
bool sdr_walk_run(struct sdr_walk *walk, int64_t budget_ms, sdr_walk_fn fn,
		  void *arg);
/* fn is called with IPMI_CANCELLED before it returns. */
void sdr_walk_cancel(struct sdr_walk *walk);
/* Not while it runs; NULL is allowed. */
void sdr_walk_free(struct sdr_walk *walk);

/* After IPMI_OK; the records are the caller's then. */
struct sdr_info sdr_walk_take(struct sdr_walk *walk,
			      struct sdr_records *ret_records);
/* Which records it is at. */
struct sdr_info sdr_walk_info(const struct sdr_walk *walk);

#endif
