/* SPDX-License-Identifier: Apache-2.0 */
/* common/crc32.h - CRC-32 of IEEE 802.3: tells a torn or foreign file. */
#ifndef COMMON_CRC32_H
#define COMMON_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Bit by bit: some kilobytes now and then are nothing. */
static inline uint32_t
crc32_of(const uint8_t *bytes, size_t n)
{
	uint32_t crc = ~UINT32_C(0);

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

#endif
