/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/virt_lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

struct virt_lib virt_lib;

int
virt_lib_load(void)
{
	void *handle = dlopen(VIRT_LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return -ENOENT;
#define LOAD(name)                                         \
	*(void **)(&virt_lib.name) = dlsym(handle, #name); \
	if (virt_lib.name == NULL)                         \
		return -ENOSYS;
	VIRT_FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}
