/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses memory in the node until it is ended: pages that are all alike, which
 * the kernel may merge, and pages that it has to write to swap.  Prints
 * "ready" when that is so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, ALIKE = 512, AWAY = 2048 };

static unsigned char *
take(size_t pages)
{
	void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED) {
		perror("memory_user");
		exit(EXIT_FAILURE);
	}
	return at;
}

int
main(void)
{
	unsigned char *alike = take(ALIKE), *away = take(AWAY);

	memset(alike, 0x55, (size_t)ALIKE * PAGE);
	for (size_t i = 0; i < AWAY; i++)
		memcpy(away + i * PAGE, &i, sizeof(i));
	if (madvise(alike, (size_t)ALIKE * PAGE, MADV_MERGEABLE) < 0 ||
	    madvise(away, (size_t)AWAY * PAGE, MADV_PAGEOUT) < 0) {
		perror("memory_user");
		return EXIT_FAILURE;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
