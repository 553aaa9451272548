/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/autostart.h - keeps libvirtd from starting VMs on its own at boot.
 *
 * A host that comes back after a failure still has the definitions of VMs
 * that run elsewhere by now; libvirtd would start those marked for autostart
 * a second time, on the same disks.  So the marks, links in libvirt's folder,
 * are removed before libvirtd starts; the coordinator decides what runs.
 */
#ifndef AGENT_AUTOSTART_H
#define AGENT_AUTOSTART_H

#include "common/err.h"

#define AUTOSTART_FOLDER "/etc/libvirt/qemu/autostart"
#define AUTOSTART_RECORD "held-autostart"

/*
 * Remove the links NAME.xml below `root`, and nothing else; their names are
 * added to the file held-autostart in `state_dir`, for the operator.  Returns
 * how many were removed, or the first error: then libvirtd must not start.
 * That the record cannot be written is logged only.
 */
int autostart_hold(const char *root, const char *state_dir, struct err *err);

#endif
