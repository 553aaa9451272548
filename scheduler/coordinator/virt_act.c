/* SPDX-License-Identifier: Apache-2.0 */
/* The worker of virt.h: what is done to VMs, and how its effect is proved. */
#include <errno.h>
#include <string.h>

#include "scheduler/coordinator/virt_worker_internal.h"

/* --- look ---------------------------------------------------------------- */

enum found { FOUND_UNSURE, FOUND_NOTHING, FOUND_OFF, FOUND_ACTIVE };

/* With FOUND_OFF and FOUND_ACTIVE the domain is the caller's. */
static enum found
look(virConnectPtr conn, const char *uuid, virDomainPtr *ret_dom)
{
	cleanup_domain virDomainPtr dom =
		virDomainLookupByUUIDString(conn, uuid);

	if (dom == NULL)
		return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN
			       ? FOUND_NOTHING
			       : FOUND_UNSURE;
	int active = virDomainIsActive(dom);
	if (active < 0)
		return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN
			       ? FOUND_NOTHING
			       : FOUND_UNSURE;
	if (ret_dom != NULL) {
		*ret_dom = dom;
		dom = NULL;
	}
	return active ? FOUND_ACTIVE : FOUND_OFF;
}

/*
 * Older libvirt and other drivers refuse flags they do not know; so the next
 * set is tried.  Leaving out KEEP_ flags is safe: a driver that does not know
 * KEEP_NVRAM keeps none, and QEMU's refuses to undefine a VM with NVRAM when
 * it is not told what to do with it.
 */
static int
undefine(virDomainPtr dom)
{
	enum {
		BASE = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
		       VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
		FULL = BASE | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
		       VIR_DOMAIN_UNDEFINE_KEEP_NVRAM,
	};
	static const unsigned sets[] = {
#if LIBVIR_VERSION_NUMBER >= 8009000
		FULL | VIR_DOMAIN_UNDEFINE_KEEP_TPM,
#endif
		FULL,
		BASE,
		0
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		if (virDomainUndefineFlags(dom, sets[i]) == 0)
			return 0;
		if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
			break;
	}
	return -EIO;
}

/* --- start --------------------------------------------------------------- */

static json_t *
pack_start(enum virt_start_result result, const char *text)
{
	return json_pack("{s:i, s:s}", "result", (int)result, "text", text);
}

/* A saved memory image would be resumed over disks that have changed since. */
static bool
has_saved_image(virDomainPtr dom)
{
	return dom != NULL && virDomainHasManagedSaveImage(dom, 0) == 1;
}

/* Returns 0 when libvirt says that it started; what is true is looked up. */
static int
define_and_create(virConnectPtr conn, const char *uuid, const char *xml,
		  char text[VIRT_TEXT_LEN])
{
	cleanup_domain virDomainPtr dom = virDomainDefineXMLFlags(conn, xml, 0);
	char defined[VIR_UUID_STRING_BUFLEN] = "";

	if (dom == NULL) {
		virt_copy_error(text);
		return -EIO;
	}
	/* Not ours?  Then libvirt has read the XML otherwise than we did. */
	if (virDomainGetUUIDString(dom, defined) < 0 ||
	    strcasecmp(defined, uuid) != 0) {
		virt_copy_text(text, "the definition is of another VM");
		return -EINVAL;
	}
	/* Before it runs: a host that boots must not start it by itself. */
	if (virDomainSetAutostart(dom, 0) < 0 || virDomainCreate(dom) < 0) {
		virt_copy_error(text);
		return -EIO;
	}
	return 0;
}

/* The attempt failed: is it active all the same?  If not, take our definition
 * away again. */
static json_t *
conclude_failure(virConnectPtr conn, const char *uuid, bool added,
		 const char *text)
{
	cleanup_domain virDomainPtr dom = NULL;
	enum found found = look(conn, uuid, &dom);

	if (found == FOUND_ACTIVE)
		return pack_start(VIRT_START_DONE, text);
	if (found == FOUND_UNSURE)
		return pack_start(VIRT_START_IN_DOUBT, text);
	/* When this fails the definition stays behind, off and without
	 * autostart. */
	if (found == FOUND_OFF && added)
		(void)undefine(dom);
	return pack_start(VIRT_START_ABSENT, text);
}

static json_t *
start_absent(virConnectPtr conn, const json_t *request, bool added)
{
	const char *uuid = virt_get_string(request, "uuid");
	char text[VIRT_TEXT_LEN] = "";
	int rc = define_and_create(conn, uuid, virt_get_string(request, "xml"),
				   text);

	if (rc < 0)
		return conclude_failure(conn, uuid, added, text);
	switch (look(conn, uuid, NULL)) {
	case FOUND_ACTIVE:
		return pack_start(VIRT_START_DONE, "");
	case FOUND_UNSURE:
		return pack_start(VIRT_START_IN_DOUBT,
				  "started, then it could not be seen");
	default:
		return conclude_failure(conn, uuid, added,
					"it ended right after its start");
	}
}

json_t *
virt_handle_start(struct virt_session *session, const json_t *request)
{
	const char *uuid = virt_get_string(request, "uuid");
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char text[VIRT_TEXT_LEN];

	enum found found = conn ? look(conn, uuid, &dom) : FOUND_UNSURE;
	if (found == FOUND_UNSURE) {
		virt_copy_error(text);
		return pack_start(VIRT_START_IN_DOUBT, text);
	}
	if (found == FOUND_ACTIVE)
		return pack_start(VIRT_START_ALREADY, "");
	if (has_saved_image(dom))
		return pack_start(VIRT_START_ABSENT,
				  "a saved memory image of it is on this host; "
				  "see 'virsh managedsave-remove'");
	return start_absent(conn, request, found == FOUND_NOTHING);
}

/* --- clean --------------------------------------------------------------- */

static void
remove_domain(virDomainPtr dom, bool active, char text[VIRT_TEXT_LEN])
{
	int persistent = virDomainIsPersistent(dom);

	/* First, in case the host reboots in the midst of this. */
	if (persistent != 0 && virDomainSetAutostart(dom, 0) < 0)
		virt_copy_error(text);
	/* One that does not die stays defined: undefined, it would run on
	 * without a trace. */
	if (active && virDomainDestroy(dom) < 0) {
		virt_copy_error(text);
		return;
	}
	if (persistent != 0 && undefine(dom) < 0)
		virt_copy_error(text);
}

static json_t *
clean_one(virConnectPtr conn, const char *uuid, bool end_running)
{
	cleanup_domain virDomainPtr dom = NULL;
	char text[VIRT_TEXT_LEN] = "";
	enum found before = look(conn, uuid, &dom);
	enum found after = before;

	if (before == FOUND_UNSURE)
		virt_copy_error(text);
	if (before == FOUND_ACTIVE && !end_running) {
		virt_copy_text(text, "it runs there and is left alone");
	} else if (dom != NULL) {
		remove_domain(dom, before == FOUND_ACTIVE, text);
		after = look(conn, uuid, NULL);
	}
	if (after == FOUND_NOTHING)
		text[0] = '\0';
	else if (text[0] == '\0')
		virt_copy_text(text, "it is still there");
	return json_pack("{s:b, s:b, s:s}", "gone", after == FOUND_NOTHING,
			 "active", before == FOUND_ACTIVE, "text", text);
}

json_t *
virt_handle_clean(struct virt_session *session, const json_t *request)
{
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	if (conn == NULL)
		return virt_pack_last_error();

	const json_t *uuids = json_object_get(request, "uuids");
	const json_t *ends = json_object_get(request, "ends");
	json_t *results = json_array();
	for (size_t i = 0; i < json_array_size(uuids); i++)
		json_array_append_new(
			results,
			clean_one(conn,
				  json_string_value(json_array_get(uuids, i)),
				  json_is_true(json_array_get(ends, i))));
	return json_pack("{s:i, s:o}", "rc", 0, "results", results);
}

/* --- stop ---------------------------------------------------------------- */

static json_t *
pack_stop(enum virt_stop_result result, const char *text)
{
	return json_pack("{s:i, s:s}", "result", (int)result, "text", text);
}

/* What panicked, or was paused, is active and does not run. */
static bool
guest_runs(virDomainPtr dom)
{
	int state = VIR_DOMAIN_NOSTATE;

	return virDomainGetState(dom, &state, NULL, 0) < 0 ||
	       state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED;
}

/* Our attempt is over, however it ended: what is true is looked up. */
static json_t *
conclude_stop(virConnectPtr conn, const char *uuid, const char *text)
{
	switch (look(conn, uuid, NULL)) {
	case FOUND_OFF:
	case FOUND_NOTHING:
		return pack_stop(VIRT_STOP_DONE, "");
	default:
		return pack_stop(VIRT_STOP_IN_DOUBT,
				 text[0] != '\0' ? text : "it is still active");
	}
}

json_t *
virt_handle_stop(struct virt_session *session, const json_t *request)
{
	const char *uuid = virt_get_string(request, "uuid");
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char text[VIRT_TEXT_LEN] = "";
	enum found found = conn ? look(conn, uuid, &dom) : FOUND_UNSURE;

	if (found == FOUND_UNSURE) {
		virt_copy_error(text);
		return pack_stop(VIRT_STOP_IN_DOUBT, text);
	}
	/* One that we end must not come back by itself when its host boots;
	 * where that fails the agent's hold is left. */
	if (dom != NULL && virDomainIsPersistent(dom) == 1)
		(void)virDomainSetAutostart(dom, 0);
	if (found != FOUND_ACTIVE)
		return pack_stop(VIRT_STOP_ABSENT, "");
	if (json_is_true(json_object_get(request, "spare")) && guest_runs(dom))
		return pack_stop(VIRT_STOP_SPARED, "");
	if (virDomainDestroy(dom) < 0)
		virt_copy_error(text);
	return conclude_stop(conn, uuid, text);
}

/* --- resume -------------------------------------------------------------- */

static json_t *
pack_resume(enum virt_resume_result result, const char *text)
{
	return json_pack("{s:i, s:s}", "result", (int)result, "text", text);
}

/* 1: it is paused by an I/O error; 0: it is not; -1: nobody knows. */
static int
waits_for_disk(virDomainPtr dom, int *ret_state)
{
	int reason = 0;

	if (virDomainGetState(dom, ret_state, &reason, 0) < 0)
		return -1;
	return *ret_state == VIR_DOMAIN_PAUSED &&
	       reason == VIR_DOMAIN_PAUSED_IOERROR;
}

/* A VM may be paused for a migration, a snapshot or by its user: only the one
 * reason counts, looked up right before. */
json_t *
virt_handle_resume(struct virt_session *session, const json_t *request)
{
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char text[VIRT_TEXT_LEN] = "";
	int state = VIR_DOMAIN_NOSTATE;

	if (conn == NULL || look(conn, virt_get_string(request, "uuid"),
				 &dom) == FOUND_UNSURE) {
		virt_copy_error(text);
		return pack_resume(VIRT_RESUME_IN_DOUBT, text);
	}
	int waits = dom != NULL ? waits_for_disk(dom, &state) : 0;
	if (waits == 0 && state == VIR_DOMAIN_RUNNING)
		return pack_resume(VIRT_RESUME_DONE, "");
	if (waits == 0)
		return pack_resume(VIRT_RESUME_REFUSED,
				   "it is not paused by an I/O error");
	if (waits < 0 || virDomainResume(dom) < 0) {
		virt_copy_error(text);
		return pack_resume(VIRT_RESUME_IN_DOUBT, text);
	}
	return pack_resume(VIRT_RESUME_DONE, "");
}
