/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker of virt.h: connections, what is read, and the serving.  It blocks,
 * and is killed when that takes too long.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/worker.h"
#include "scheduler/coordinator/virt_worker_internal.h"

#define DEFINITION_TRIES 3

/* enum report_vm_state follows virDomainState, two behind. */
#define STATE_SHIFT 2
_Static_assert(VIR_DOMAIN_NOSTATE + STATE_SHIFT == VM_STATE_NO_STATE &&
		       VIR_DOMAIN_PMSUSPENDED + STATE_SHIFT ==
			       VM_STATE_PM_SUSPENDED,
	       "the two enums have parted");

/* --- words --------------------------------------------------------------- */

/* First line, and what JSON would refuse replaced. */
void
virt_copy_text(char text[VIRT_TEXT_LEN], const char *from)
{
	size_t i = 0;

	for (; i < VIRT_TEXT_LEN - 1 && from[i] != '\0' && from[i] != '\n'; i++)
		text[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	text[i] = '\0';
}

void
virt_copy_error(char text[VIRT_TEXT_LEN])
{
	virt_copy_text(text, virGetLastErrorMessage());
}

static json_t *
pack_failure(int rc, const char *text)
{
	return json_pack("{s:i, s:s}", "rc", rc, "text", text);
}

json_t *
virt_pack_last_error(void)
{
	char text[VIRT_TEXT_LEN];

	virt_copy_error(text);
	return pack_failure(virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? -ENOENT
								       : -EIO,
			    text);
}

const char *
virt_get_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* --- connections --------------------------------------------------------- */

static void
disconnect(struct virt_session *session)
{
	if (session->conn != NULL)
		virConnectClose(session->conn);
	session->conn = NULL;
	free(session->uri);
	session->uri = NULL;
}

/* virConnectOpen() and not ...Auth(): nobody is there to be asked for a
 * password.  An empty URI would be libvirt's default: the wrong host. */
static virConnectPtr
connect_anew(struct virt_session *session, const char *uri)
{
	disconnect(session);
	if (uri[0] == '\0')
		return NULL;
	session->conn = virConnectOpen(uri);
	session->uri = xstrdup(uri);
	return session->conn;
}

/* One round trip shows whether the old connection is still of use; the host
 * may have been away since. */
virConnectPtr
virt_connect(struct virt_session *session, const char *uri)
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
	int code; /* libvirt's */
	int sys;  /* errno with VIR_ERR_SYSTEM_ERROR */
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
handle_probe(struct virt_session *session, const json_t *request)
{
	char text[VIRT_TEXT_LEN] = "";
	enum virt_answer answer = VIRT_ALIVE;
	virConnectPtr conn =
		connect_anew(session, virt_get_string(request, "uri"));

	if (conn == NULL)
		answer = judge_failure();
	if (conn == NULL || virConnectNumOfDomains(conn) < 0)
		virt_copy_error(text);
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
		snprintf(ret_hash + (size_t)2 * i, 3, "%02x", sum[i]);
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
handle_definition(struct virt_session *session, const json_t *request)
{
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	cleanup_domain virDomainPtr dom = NULL;
	char hash[REPORT_HASH_LEN] = "";

	if (conn == NULL)
		return virt_pack_last_error();
	dom = virDomainLookupByUUIDString(conn,
					  virt_get_string(request, "uuid"));
	if (dom == NULL)
		return virt_pack_last_error();
	virResetLastError();
	cleanup_free char *xml = read_xml(dom, hash);
	if (xml == NULL && virGetLastErrorCode() == VIR_ERR_OK)
		return pack_failure(-EAGAIN, "it changes all the time");
	if (xml == NULL)
		return virt_pack_last_error();
	if (strlen(xml) > VIRT_XML_MAX)
		return pack_failure(-EFBIG, "the definition is too large");
	json_t *reply =
		json_pack("{s:i, s:s, s:s, s:s}", "rc", 0, "name",
			  virDomainGetName(dom), "hash", hash, "xml", xml);
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
	json_t *packed =
		json_pack("{s:s, s:s, s:i, s:b}", "uuid", uuid, "name", name,
			  "state", state + STATE_SHIFT, "active", active);
	return packed ? packed
		      : json_pack("{s:s, s:s, s:i, s:b}", "uuid", uuid, "name",
				  "?", "state", state + STATE_SHIFT, "active",
				  active);
}

static json_t *
handle_list(struct virt_session *session, const json_t *request)
{
	virConnectPtr conn =
		virt_connect(session, virt_get_string(request, "uri"));
	virDomainPtr *all = NULL;
	int n = conn ? virConnectListAllDomains(conn, &all, 0) : -1;

	if (n < 0)
		return virt_pack_last_error();
	json_t *domains = json_array();
	for (int i = 0; i < n; i++) {
		json_t *packed = pack_domain(all[i]);

		if (packed != NULL)
			json_array_append_new(domains, packed);
		virDomainFree(all[i]);
	}
	free(all); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion)
		    */
	return json_pack("{s:i, s:o}", "rc", 0, "domains", domains);
}

/* --- serve --------------------------------------------------------------- */

static const struct {
	const char *name;
	json_t *(*handle)(struct virt_session *session, const json_t *request);
} operations[] = {
	{ "probe", handle_probe },        { "definition", handle_definition },
	{ "list", handle_list },          { "start", virt_handle_start },
	{ "clean", virt_handle_clean },   { "stop", virt_handle_stop },
	{ "resume", virt_handle_resume },
};

static json_t *
handle(void *state, const json_t *request)
{
	const char *name = virt_get_string(request, "op");

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
	struct virt_session session = { NULL, NULL };

	virSetErrorFunc(NULL, keep_quiet);
	if (virInitialize() < 0)
		return EXIT_FAILURE;
	int status = worker_serve_requests(fd, handle, &session);
	disconnect(&session);
	return status;
}
