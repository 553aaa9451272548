/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/dns_fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER = 12, TYPE_A = 1, NAME_ERROR = 3, NAME_LEN = 256 };

static void
die(const char *what)
{
	perror(what);
	abort();
}

static FILE *
open_in(const struct dns_fake *dns, const char *name, const char *mode)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", dns->dir, name);
	return fopen(path, mode);
}

/* --- the server ---------------------------------------------------------- */

/* Of a question: where its type begins. */
static size_t
end_of_name(const uint8_t *packet, size_t len, char name[NAME_LEN])
{
	size_t at = HEADER, n = 0;

	while (at < len && packet[at] != 0) {
		size_t label = packet[at++];

		for (size_t i = 0; i < label && at < len && n < NAME_LEN - 2;
		     i++)
			name[n++] = (char)packet[at++];
		name[n++] = '.';
	}
	name[n > 0 ? n - 1 : 0] = '\0';
	return at + 1;
}

static bool
knows(const struct dns_fake *dns, const char *name, struct in_addr *ret_address)
{
	char known[NAME_LEN], address[64];
	FILE *file = open_in(dns, "host", "r");
	bool found = file != NULL &&
		     fscanf(file, "%255s %63s", known, address) == 2 &&
		     strcasecmp(known, name) == 0 &&
		     inet_pton(AF_INET, address, ret_address) == 1;

	if (file != NULL)
		fclose(file);
	return found;
}

static void
count(const struct dns_fake *dns)
{
	FILE *file = open_in(dns, "asked", "a");

	if (file == NULL)
		die("asked");
	fputc('\n', file);
	fclose(file);
}

/* Into the question's own packet; returns the length. */
static size_t
answer(const struct dns_fake *dns, uint8_t *packet, size_t len)
{
	uint8_t record[16] = {
		0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4
	};
	char name[NAME_LEN];
	struct in_addr address;
	size_t at = end_of_name(packet, len, name);
	bool known = knows(dns, name, &address);
	bool a = packet[at + 1] == TYPE_A;

	packet[2] = 0x81;
	packet[3] = (uint8_t)(0x80 | (known ? 0 : NAME_ERROR));
	packet[7] = known && a;
	packet[9] = packet[11] = 0;
	if (!known || !a)
		return at + 4;
	memcpy(record + 12, &address, 4);
	memcpy(packet + at + 4, record, sizeof(record));
	return at + 4 + sizeof(record);
}

static void
serve(const struct dns_fake *dns, int fd)
{
	uint8_t packet[600];
	struct sockaddr_in from;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		socklen_t from_len = sizeof(from);
		ssize_t len = recvfrom(fd, packet, 512, 0,
				       (struct sockaddr *)&from, &from_len);
		FILE *silence = open_in(dns, "silent", "r");

		if (len < HEADER + 5)
			continue;
		count(dns);
		if (silence != NULL) {
			fclose(silence);
			continue;
		}
		size_t out = answer(dns, packet, (size_t)len);
		(void)sendto(fd, packet, out, 0, (struct sockaddr *)&from,
			     from_len);
	}
}

/* --- the test's side ----------------------------------------------------- */

void
dns_fake_start(struct dns_fake *dns)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(dns->dir, sizeof(dns->dir), "/tmp/dns_fake.XXXXXX");
	if (mkdtemp(dns->dir) == NULL || fd < 0 ||
	    bind(fd, (struct sockaddr *)&in, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		die("dns_fake");
	snprintf(dns->address, sizeof(dns->address), "127.0.0.1:%u",
		 ntohs(in.sin_port));
	dns->pid = fork();
	if (dns->pid == 0)
		serve(dns, fd);
	close(fd);
}

void
dns_fake_stop(struct dns_fake *dns)
{
	static const char *const files[] = { "host", "asked", "silent" };
	char path[96];

	kill(dns->pid, SIGKILL);
	waitpid(dns->pid, NULL, 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dns->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(dns->dir);
}

void
dns_fake_set(const struct dns_fake *dns, const char *name, const char *address)
{
	FILE *file = open_in(dns, "host", "w");

	if (file == NULL)
		die("host");
	if (name != NULL)
		fprintf(file, "%s %s\n", name, address);
	fclose(file);
}

void
dns_fake_silence(const struct dns_fake *dns, bool on)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/silent", dns->dir);
	if (!on) {
		(void)unlink(path);
		return;
	}
	FILE *file = fopen(path, "w");
	if (file == NULL)
		die(path);
	fclose(file);
}

unsigned
dns_fake_asked(const struct dns_fake *dns)
{
	FILE *file = open_in(dns, "asked", "r");
	unsigned n = 0;

	while (file != NULL && fgetc(file) != EOF)
		n++;
	if (file != NULL)
		fclose(file);
	return n;
}
