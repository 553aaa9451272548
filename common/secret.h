/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/secret.h - memory for passwords: kept out of swap and core dumps
 * where the system allows it, and wiped before it is given back.
 */
#ifndef COMMON_SECRET_H
#define COMMON_SECRET_H

#include <stddef.h>

void *secret_new(size_t size); /* zeroed */
void secret_free(void *secret, size_t size);

#endif
