/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/sim/reply.h - an operator's orders without the socket: what the
 * daemon's API would have answered.
 */
#ifndef SCHEDULER_SIM_REPLY_H
#define SCHEDULER_SIM_REPLY_H

#include <stdbool.h>

struct api_reply {
	bool refused;
	char text[256]; /* why */
};

#endif
