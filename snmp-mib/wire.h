/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/wire.h - between the codec's values and net-snmp's, for the few
 * files that include net-snmp (poller, receiver, the agent's voice).
 */
#ifndef SNMP_MIB_WIRE_H
#define SNMP_MIB_WIRE_H

#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-includes.h>

#include "snmp-mib/codec.h"

/* Returns the length; `ret_name` has room for MAX_OID_LEN. */
size_t wire_from_oid(const struct codec_oid *from, oid *ret_name);

/* -EPROTO when it is longer than an OID may be. */
int wire_to_oid(const oid *name, size_t len, struct codec_oid *ret_oid);

/* True for noSuchObject, noSuchInstance and endOfMibView. */
bool wire_is_absent(const netsnmp_variable_list *var);

/*
 * The value of a variable; it points into `var` and, for OIDs, into
 * `ret_space`.  Types that the codec does not know become CODEC_OTHER.
 */
void wire_to_value(const netsnmp_variable_list *var,
		   struct codec_oid *ret_space, struct codec_value *ret_value);

/* The ASN.1 type and bytes for snmp_set_var_typed_value() and
 * snmp_pdu_add_variable(); `ret_space` holds what is not in `value`. */
union wire_space {
	long number;
	struct counter64 counter;
	oid name[MAX_OID_LEN];
};
u_char wire_from_value(const struct codec_value *value,
		       union wire_space *ret_space, const void **ret_data,
		       size_t *ret_len);

/* Reads until nothing is left or `most` packets came; never blocks. */
void wire_read(void *session, netsnmp_large_fd_set *fds, unsigned most);
/* For a socket that is ready and does not block. */
void wire_read_one(void *session, netsnmp_large_fd_set *fds);
void wire_set_nonblocking(int fd);

#endif
