/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/clock.h - the clocks.
 *
 * Only monotonic ones decide; wall time is for people and records.  A
 * source of its own, so that a simulation can bring another one.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void);
int64_t clock_wall_ms(void);
int64_t clock_boot_ms(void); /* monotonic, and on through a suspend */

#endif
