/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/virt_worker_internal.h - between the two files of the
 * worker of virt.h, the only ones that know libvirt.
 *
 * A word on proof.  That a VM is not active is proved by an answer of the
 * host's libvirtd given after our own attempt ended, and by nothing else: an
 * error of the attempt, a lost connection, a VM that could not be looked up
 * are all doubt.
 */
#ifndef SCHEDULER_COORDINATOR_VIRT_WORKER_INTERNAL_H
#define SCHEDULER_COORDINATOR_VIRT_WORKER_INTERNAL_H

#include <jansson.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "common/cleanup.h"
#include "scheduler/coordinator/virt.h"

#define VIRT_TEXT_LEN REPORT_TEXT_LEN

/* The connection is kept from one request to the next. */
struct virt_session {
	char *uri;
	virConnectPtr conn;
};

static inline void
virt_free_domain(virDomainPtr *dom)
{
	if (*dom != NULL)
		virDomainFree(*dom);
}

#define cleanup_domain cleanup(virt_free_domain)

/* NULL, and libvirt's last error. */
virConnectPtr virt_connect(struct virt_session *session, const char *uri);

/* First line, in ASCII: what JSON would refuse is replaced. */
void virt_copy_text(char text[VIRT_TEXT_LEN], const char *from);
void virt_copy_error(char text[VIRT_TEXT_LEN]);

/* The reply to what failed as a whole: rc and text. */
json_t *virt_pack_last_error(void);

/* "" when it is not there. */
const char *virt_get_string(const json_t *object, const char *key);

/* Operations; each gives a reply to a request. */
json_t *virt_handle_start(struct virt_session *session, const json_t *request);
json_t *virt_handle_clean(struct virt_session *session, const json_t *request);
json_t *virt_handle_stop(struct virt_session *session, const json_t *request);
json_t *virt_handle_resume(struct virt_session *session, const json_t *request);

#endif
