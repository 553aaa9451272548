/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/cluster_message.h - a cluster view as a message between the
 * processes of a coordinator: by the codec's columns, one array for each row.
 */
#ifndef SNMP_MIB_CLUSTER_MESSAGE_H
#define SNMP_MIB_CLUSTER_MESSAGE_H

#include <jansson.h>

#include "common/err.h"
#include "snmp-mib/cluster_view.h"

/* Text that is no UTF-8 comes through with '?' for what is beyond ASCII. */
json_t *cluster_message_pack(const struct cluster_view *view);

/* Input is hostile: -EPROTO, naming the object, for types, ranges, lengths,
 * rows that are too many or not in order.  The view is the caller's. */
int cluster_message_unpack(const json_t *message,
			   struct cluster_view **ret_view, struct err *err);

#endif
