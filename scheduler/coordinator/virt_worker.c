/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker of virt.h: the only file here that knows libvirt.  It blocks, and
 * is killed when that takes too long.
 *
 * A word on proof.  That a VM is not active is proved by an answer of the
 * host's libvirtd given after our own attempt ended, and by nothing else: an
 * error of the attempt, a lost connection, a VM that could not be looked up
 * are all doubt.
 */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/worker.h"
#include "scheduler/coordinator/virt.h"
#include "scheduler/coordinator/virt_xml.h"

#define TEXT_LEN       REPORT_TEXT_LEN
#define DEFINITION_TRIES 3

#if VIR_DOMAIN_PMSUSPENDED + 2 != 9
#error "enum report_vm_state no longer follows virDomainState"
#endif

/* The connection is kept from one request to the next. */
struct session {
	char *uri;
	virConnectPtr conn;
};

static void
free_domain(virDomainPtr *dom)
{
	if (*dom != NULL)
		virDomainFree(*dom);
}

#define cleanup_domain cleanup(free_domain)

/* --- words --------------------------------------------------------------- */

/* First line, and what JSON would refuse replaced. */
static void
copy_text(char text[TEXT_LEN], const char *from)
{
	size_t i = 0;

	for (; i < TEXT_LEN - 1 && from[i] != '\0' && from[i] != '\n'; i++)
		text[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	text[i] = '\0';
}

static void
copy_error(char text[TEXT_LEN])
{
	copy_text(text, virGetLastErrorMessage());
}

static int
error_code(void)
{
	return virGetLastErrorCode();
}

static json_t *
pack_failure(int rc, const char *text)
{
	return json_pack("{s:i, s:s}", "rc", rc, "text", text);
}

static json_t *
pack_last_error(void)
{
	char text[TEXT_LEN];

	copy_error(text);
	return pack_failure(error_code() == VIR_ERR_NO_DOMAIN ? -ENOENT : -EIO,
	                    text);
}

static const char *
get_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* --- connections --------------------------------------------------------- */

static void
disconnect(struct session *session)
{
	if (session->conn != NULL)
		virConnectClose(session->conn);
	session->conn = NULL;
	free(session->uri);
	session->uri = NULL;
}

/* virConnectOpen() and not ...Auth(): nobody is there to be asked for a
 * password. */
static virConnectPtr
connect_anew(struct session *session, const char *uri)
{
	disconnect(session);
	session->conn = virConnectOpen(uri);
	session->uri = xstrdup(uri);
	return session->conn;
}

/* One round trip shows whether the old connection is still of use; the host
 * may have been away since. */
static virConnectPtr
connect_to(struct session *session, const char *uri)
{
	unsigned long version;

	if (session->conn != NULL && strcmp(session->uri, uri) == 0 &&
	    virConnectGetLibVersion(session->conn, &version) == 0)
		return session->conn;
	return connect_anew(session, uri);
}

/* --- probe --------------------------------------------------------------- */

/* What a failure to connect says about the host.  The rest is unknown. */
static const struct {
	int code;  /* libvirt's */
	int sys;   /* errno with VIR_ERR_SYSTEM_ERROR */
	enum virt_answer answer;
} verdicts[] = {
	{ VIR_ERR_SYSTEM_ERROR, ECONNREFUSED, VIRT_REFUSED },
	{ VIR_ERR_SYSTEM_ERROR, ETIMEDOUT, VIRT_SILENT },
	{ VIR_ERR_SYSTEM_ERROR, EHOSTUNREACH, VIRT_SILENT },
	{ VIR_ERR_SYSTEM_ERROR, EHOSTDOWN, VIRT_SILENT },
	{ VIR_ERR_AUTH_FAILED, 0, VIRT_ALIVE },
	{ VIR_ERR_AUTH_CANCELLED, 0, VIRT_ALIVE },
	{ VIR_ERR_AUTH_UNAVAILABLE, 0, VIRT_ALIVE },
	{ VIR_ERR_ACCESS_DENIED, 0, VIRT_ALIVE },
};

static enum virt_answer
judge_failure(void)
{
	const virError *error = virGetLastError();

	for (size_t i = 0; error && i < sizeof(verdicts) / sizeof(*verdicts);
	     i++)
		if (error->code == verdicts[i].code &&
		    (verdicts[i].sys == 0 || error->int1 == verdicts[i].sys))
			return verdicts[i].answer;
	return VIRT_UNKNOWN;
}

/* Always a connection of its own: the answer must be of now. */
static json_t *
handle_probe(struct session *session, const json_t *request)
{
	char text[TEXT_LEN] = "";
	enum virt_answer answer = VIRT_ALIVE;
	virConnectPtr conn = connect_anew(session, get_string(request, "uri"));

	if (conn == NULL)
		answer = judge_failure();
	if (conn == NULL || virConnectNumOfDomains(conn) < 0)
		copy_error(text);
	disconnect(session);
	return json_pack("{s:i, s:s}", "answer", (int)answer, "text", text);
}

/* --- read ---------------------------------------------------------------- */

/*
 * The rule of definition hashes, the same in the agent's libvirt worker:
 * SHA-256, in lower-case hex, over the bytes of virDomainGetXMLDesc(domain,
 * VIR_DOMAIN_XML_INACTIVE): what the VM will be at its next start, without
 * secrets, so that an agent's account need not be allowed to see them.
 */
static int
hash_definition(virDomainPtr dom, char ret_hash[REPORT_HASH_LEN])
{
	cleanup_free char *xml =
		virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE);
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (xml == NULL)
		return -EIO;
	if (EVP_Digest(xml, strlen(xml), sum, &len, EVP_sha256(), NULL) != 1)
		return -EIO;
	for (unsigned i = 0; i < len; i++)
		snprintf(ret_hash + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

/* The hash before and after, so that it is of this very XML. */
static char *
read_xml(virDomainPtr dom, char ret_hash[REPORT_HASH_LEN])
{
	const unsigned flags = VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE;
	char before[REPORT_HASH_LEN] = "";

	for (unsigned i = 0; i < DEFINITION_TRIES; i++) {
		if (hash_definition(dom, before) < 0)
			return NULL;
		cleanup_free char *xml = virDomainGetXMLDesc(dom, flags);
		if (xml == NULL || hash_definition(dom, ret_hash) < 0)
			return NULL;
		if (strcmp(before, ret_hash) != 0)
			continue;
		char *result = xml;
		xml = NULL;
		return result;
	}
	return NULL;
}

static json_t *
handle_definition(struct session *session, const json_t *request)
{
	virConnectPtr conn = connect_to(session, get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char hash[REPORT_HASH_LEN] = "";

	if (conn == NULL)
		return pack_last_error();
	dom = virDomainLookupByUUIDString(conn, get_string(request, "uuid"));
	if (dom == NULL)
		return pack_last_error();
	virResetLastError();
	cleanup_free char *xml = read_xml(dom, hash);
	if (xml == NULL && error_code() == VIR_ERR_OK)
		return pack_failure(-EAGAIN, "it changes all the time");
	if (xml == NULL)
		return pack_last_error();
	if (strlen(xml) > VIRT_XML_MAX)
		return pack_failure(-EFBIG, "the definition is too large");
	json_t *reply = json_pack("{s:i, s:s, s:s, s:s}", "rc", 0, "name",
	                          virDomainGetName(dom), "hash", hash, "xml",
	                          xml);
	return reply ? reply : pack_failure(-EILSEQ, "it is not UTF-8");
}

static json_t *
pack_domain(virDomainPtr dom)
{
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	char name[REPORT_NAME_LEN];
	int state = VIR_DOMAIN_NOSTATE;
	int active = virDomainIsActive(dom);

	/* A VM that vanished meanwhile gives errors: leave it out. */
	if (virDomainGetUUIDString(dom, uuid) < 0 || active < 0 ||
	    virDomainGetState(dom, &state, NULL, 0) < 0)
		return NULL;
	snprintf(name, sizeof(name), "%s", virDomainGetName(dom));
	json_t *packed = json_pack("{s:s, s:s, s:i, s:b}", "uuid", uuid, "name",
	                           name, "state", state + 2, "active", active);
	return packed ? packed :
	                json_pack("{s:s, s:s, s:i, s:b}", "uuid", uuid, "name",
	                          "?", "state", state + 2, "active", active);
}

static json_t *
handle_list(struct session *session, const json_t *request)
{
	virConnectPtr conn = connect_to(session, get_string(request, "uri"));
	virDomainPtr *all = NULL;
	int n = conn ? virConnectListAllDomains(conn, &all, 0) : -1;

	if (n < 0)
		return pack_last_error();
	json_t *domains = json_array();
	for (int i = 0; i < n; i++) {
		json_t *packed = pack_domain(all[i]);

		if (packed != NULL)
			json_array_append_new(domains, packed);
		virDomainFree(all[i]);
	}
	free(all); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion) */
	return json_pack("{s:i, s:o}", "rc", 0, "domains", domains);
}

/* --- look ---------------------------------------------------------------- */

enum found { FOUND_UNSURE, FOUND_NOTHING, FOUND_OFF, FOUND_ACTIVE };

/* With FOUND_OFF and FOUND_ACTIVE the domain is the caller's. */
static enum found
look(virConnectPtr conn, const char *uuid, virDomainPtr *ret_dom)
{
	cleanup_domain virDomainPtr dom =
		virDomainLookupByUUIDString(conn, uuid);

	if (dom == NULL)
		return error_code() == VIR_ERR_NO_DOMAIN ? FOUND_NOTHING :
		                                           FOUND_UNSURE;
	int active = virDomainIsActive(dom);
	if (active < 0)
		return error_code() == VIR_ERR_NO_DOMAIN ? FOUND_NOTHING :
		                                           FOUND_UNSURE;
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
		FULL, BASE, 0
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		if (virDomainUndefineFlags(dom, sets[i]) == 0)
			return 0;
		if (error_code() != VIR_ERR_INVALID_ARG)
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
                  char text[TEXT_LEN])
{
	cleanup_domain virDomainPtr dom = virDomainDefineXMLFlags(conn, xml, 0);
	char defined[VIR_UUID_STRING_BUFLEN] = "";

	if (dom == NULL) {
		copy_error(text);
		return -EIO;
	}
	/* Not ours?  Then libvirt has read the XML otherwise than we did. */
	if (virDomainGetUUIDString(dom, defined) < 0 ||
	    strcasecmp(defined, uuid) != 0) {
		copy_text(text, "the definition is of another VM");
		return -EINVAL;
	}
	/* Before it runs: a host that boots must not start it by itself. */
	if (virDomainSetAutostart(dom, 0) < 0 || virDomainCreate(dom) < 0) {
		copy_error(text);
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
	const char *uuid = get_string(request, "uuid");
	char text[TEXT_LEN] = "";
	int rc = define_and_create(conn, uuid, get_string(request, "xml"),
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

static json_t *
handle_start(struct session *session, const json_t *request)
{
	const char *uuid = get_string(request, "uuid");
	virConnectPtr conn = connect_to(session, get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char text[TEXT_LEN];

	enum found found = conn ? look(conn, uuid, &dom) : FOUND_UNSURE;
	if (found == FOUND_UNSURE) {
		copy_error(text);
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
remove_domain(virDomainPtr dom, bool active, char text[TEXT_LEN])
{
	int persistent = virDomainIsPersistent(dom);

	/* First, in case the host reboots in the midst of this. */
	if (persistent != 0 && virDomainSetAutostart(dom, 0) < 0)
		copy_error(text);
	/* One that does not die stays defined: undefined, it would run on
	 * without a trace. */
	if (active && virDomainDestroy(dom) < 0) {
		copy_error(text);
		return;
	}
	if (persistent != 0 && undefine(dom) < 0)
		copy_error(text);
}

static json_t *
clean_one(virConnectPtr conn, const char *uuid)
{
	cleanup_domain virDomainPtr dom = NULL;
	char text[TEXT_LEN] = "";
	enum found before = look(conn, uuid, &dom);
	enum found after = before;

	if (before == FOUND_UNSURE)
		copy_error(text);
	if (dom != NULL) {
		remove_domain(dom, before == FOUND_ACTIVE, text);
		after = look(conn, uuid, NULL);
	}
	if (after == FOUND_NOTHING)
		text[0] = '\0';
	else if (text[0] == '\0')
		copy_text(text, "it is still there");
	return json_pack("{s:b, s:b, s:s}", "gone", after == FOUND_NOTHING,
	                 "active", before == FOUND_ACTIVE, "text", text);
}

static json_t *
handle_clean(struct session *session, const json_t *request)
{
	virConnectPtr conn = connect_to(session, get_string(request, "uri"));
	json_t *results, *uuid;
	size_t i;

	if (conn == NULL)
		return pack_last_error();
	results = json_array();
	json_array_foreach(json_object_get(request, "uuids"), i, uuid)
		json_array_append_new(results,
		                      clean_one(conn, json_string_value(uuid)));
	return json_pack("{s:i, s:o}", "rc", 0, "results", results);
}

/* --- serve --------------------------------------------------------------- */

static const struct {
	const char *name;
	json_t *(*handle)(struct session *session, const json_t *request);
} operations[] = {
	{ "probe", handle_probe }, { "definition", handle_definition },
	{ "list", handle_list },   { "start", handle_start },
	{ "clean", handle_clean },
};

static json_t *
handle(void *state, const json_t *request)
{
	const char *name = get_string(request, "op");

	virResetLastError();
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		if (strcmp(operations[i].name, name) == 0)
			return operations[i].handle(state, request);
	return pack_failure(-ENOSYS, "no such operation");
}

/* Errors go to the caller, not to standard error. */
static void
keep_quiet(void *arg, virErrorPtr error)
{
	(void)arg;
	(void)error;
}

int
virt_serve(int fd)
{
	struct session session = { NULL, NULL };

	virSetErrorFunc(NULL, keep_quiet);
	if (virInitialize() < 0)
		return EXIT_FAILURE;
	int status = worker_serve_requests(fd, handle, &session);
	disconnect(&session);
	return status;
}
