/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp_alg.h - our own RAKP and integrity routines in OpenIPMI's tables:
 * HMAC-SHA256, which it lacks (cipher suite 17), and HMAC-SHA1 in place of its
 * own (suite 3), which compares secrets in a time that tells about them.
 */
#ifndef IPMI_RMCP_ALG_H
#define IPMI_RMCP_ALG_H

/* After ipmi_init(); takes RAKP-none and HMAC-MD5 out, too.  0, or the
 * library's error. */
int rmcp_alg_register(void);
void rmcp_alg_unregister(void);

#endif
