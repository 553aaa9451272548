/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail.h - the sections of struct node_detail, for codec_tree.c.
 * Each area's are in detail_AREA.c.
 */
#ifndef SNMP_MIB_DETAIL_H
#define SNMP_MIB_DETAIL_H

#include "snmp-mib/codec_own.h"

/* detail_host.c */
extern const struct codec_section detail_pressures;

#endif
