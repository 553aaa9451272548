/* SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"

#include <string.h>
#include <sys/mman.h>

#include "common/log.h"

/* Pages of its own: mlock() and MADV_DONTDUMP work on whole pages, and
 * munlock() of a page shared with another secret would unlock that, too. */
void *
secret_new(size_t size)
{
	void *secret = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (secret == MAP_FAILED)
		log_fatal("memory", "out of memory");
	/* Both are best effort: RLIMIT_MEMLOCK may be small. */
	(void)mlock(secret, size);
	(void)madvise(secret, size, MADV_DONTDUMP);
	return secret;
}

void
secret_free(void *secret, size_t size)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, size);
	munmap(secret, size ? size : 1);
}
