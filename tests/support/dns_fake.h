/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/dns_fake.h - a DNS server for IPv4 addresses on a port of
 * 127.0.0.1, in a process of its own.
 *
 * Needs libc only.
 */
#ifndef TESTS_SUPPORT_DNS_FAKE_H
#define TESTS_SUPPORT_DNS_FAKE_H

#include <stdbool.h>
#include <sys/types.h>

struct dns_fake {
	char dir[64];
	char address[32]; /* "127.0.0.1:40001" */
	pid_t pid;
};

/* Ends the test process when it cannot. */
void dns_fake_start(struct dns_fake *dns);
void dns_fake_stop(struct dns_fake *dns);

/* The one name it knows; NULL: none. */
void dns_fake_set(const struct dns_fake *dns, const char *name,
		  const char *address);
void dns_fake_silence(const struct dns_fake *dns, bool on);
unsigned dns_fake_asked(const struct dns_fake *dns); /* questions so far */

#endif
