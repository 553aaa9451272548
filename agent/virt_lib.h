/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/virt_lib.h - libvirt, for the files of the worker "virt" alone.
 *
 * It is loaded when the worker starts rather than linked: with what it pulls
 * in it takes 9 MB that the agent itself can do without.
 */
#ifndef AGENT_VIRT_LIB_H
#define AGENT_VIRT_LIB_H

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define VIRT_LIBRARY "libvirt.so.0"

/* clang-format off */
#define VIRT_FUNCTIONS(X) \
	X(virConnectBaselineCPU) X(virConnectBaselineHypervisorCPU) \
	X(virConnectClose) \
	X(virConnectDomainEventRegisterAny) \
	X(virConnectGetAllDomainStats) \
	X(virConnectGetDomainCapabilities) X(virConnectGetType) \
	X(virConnectGetVersion) X(virConnectOpen) \
	X(virConnectRegisterCloseCallback) X(virConnectSetKeepAlive) \
	X(virDomainFree) X(virDomainGetAutostart) X(virDomainGetControlInfo) X(virDomainGetInfo) \
	X(virDomainGetName) X(virDomainGetUUID) \
	X(virDomainGetUUIDString) X(virDomainGetXMLDesc) \
	X(virDomainHasManagedSaveImage) \
	X(virDomainIsPersistent) X(virDomainSnapshotNum) \
	X(virDomainLookupByUUIDString) X(virDomainStartDirtyRateCalc) \
	X(virDomainStatsRecordListFree) \
	X(virEventAddHandle) X(virEventRegisterDefaultImpl) \
	X(virEventRunDefaultImpl) X(virGetLastErrorMessage) \
	X(virSetErrorFunc) X(virTypedParamsGetInt)
/* clang-format on */

struct virt_lib {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member */
#define VIRT_POINTER(name) __typeof__(name) *name;
	VIRT_FUNCTIONS(VIRT_POINTER)
#undef VIRT_POINTER
};

extern struct virt_lib virt_lib;

/* 0; -ENOENT: it is not installed; -ENOSYS: it is too old. */
int virt_lib_load(void);

#endif
