/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/ready.h - tells the service manager how far we are: sd_notify(3)'s
 * protocol, one datagram.
 */
#ifndef AGENT_READY_H
#define AGENT_READY_H

/* "READY=1", "STOPPING=1"; nothing happens without a manager. */
void ready_tell(const char *state);

#endif
