/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/hex.h - octets as hexadecimal text, UUIDs with their hyphens.
 */
#ifndef SNMP_MIB_HEX_H
#define SNMP_MIB_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEX_UUID_OCTETS = 16 };

/* The text must be exactly n octets; false leaves ret_octets undefined. */
bool hex_parse(const char *text, uint8_t *ret_octets, size_t n);
bool hex_parse_uuid(const char *text, uint8_t ret_octets[HEX_UUID_OCTETS]);

/* Lower case and a NUL: 2 * n + 1 characters, 37 for a UUID. */
void hex_print(const uint8_t *octets, size_t n, char *ret_text);
void hex_print_uuid(const uint8_t octets[HEX_UUID_OCTETS], char *ret_text);

#endif
