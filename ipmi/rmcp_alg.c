/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipmi/rmcp_alg.c - our own RAKP and integrity routines in OpenIPMI's tables.
 *
 *	Open Session -> start() sends RAKP 1 -> rakp_2_came() checks the BMC's
 *	proof, makes the keys, sends RAKP 3 -> rakp_4_came() checks the
 *	session's -> done()
 *
 * The library keeps keys in 20 bytes each.  SHA-256 makes 32: K1 goes straight
 * to the integrity routine, which the library starts from within set(), and
 * AES wants 16 bytes of K2 only.
 */
#include "ipmi/rmcp_alg.h"

#include <errno.h>
#include <OpenIPMI/ipmi_addr.h>
#include <OpenIPMI/ipmi_auth.h>
#include <OpenIPMI/ipmi_err.h>
#include <OpenIPMI/ipmi_lan.h>
#include <OpenIPMI/ipmiif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/alloc.h"
#include "ipmi/rmcp_keys.h"

enum {
	RAKP_1_LEN = 44, /* without the rest of a shorter user name */
	RAKP_2_LEN = 40, /* lengths without the codes at their ends */
	RAKP_3_LEN = 8,
	RAKP_4_LEN = 8,
	LIBRARY_KEY_LEN = 20,
	NEXT_HEADER = 0x07,
	UNSIGNED_LEN = 4 /* RMCP's own header is not signed */
};

/* A handshake under way. */
struct rakp {
	ipmi_rmcpp_auth_t *info;
	ipmi_rmcpp_set_info_cb set;
	ipmi_rmcpp_finish_auth_cb done;
	void *arg;
	int addr_num;
	uint8_t tag;
	struct rmcp_exchange x;
	struct rmcp_keys keys;
};

/* The keys of the session that set() is making just now. */
static const struct rakp *setting;

/* --- bytes --------------------------------------------------------------- */

static void
put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = value >> 8 * i & 0xff;
}

static uint32_t
get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* --- handshake ----------------------------------------------------------- */

static void
rakp_free(struct rakp *rakp)
{
	explicit_bzero(rakp, sizeof(*rakp));
	free(rakp);
	rmcp_forget_keys();
}

static int
rakp_end(struct rakp *rakp, ipmi_con_t *con, int error)
{
	rakp->done(con, error, rakp->addr_num, rakp->arg);
	rakp_free(rakp);
	return IPMI_MSG_ITEM_NOT_USED;
}

static int
rakp_send(const struct rakp *rakp, ipmi_con_t *con, unsigned payload,
	  uint8_t *data, size_t len, ipmi_ll_rsp_handler_t handler,
	  ipmi_msgi_t *item)
{
	ipmi_rmcpp_addr_t to = {
		.addr_type = (int)(IPMI_RMCPP_ADDR_START + payload),
	};
	ipmi_msg_t message = {
		.netfn = IPMI_RMCPP_DUMMY_NETFN,
		.data = data,
		.data_len = (unsigned short)len,
	};

	item->data1 = (void *)rakp;
	return ipmi_lan_send_command_forceip(con, rakp->addr_num,
					     (ipmi_addr_t *)&to, sizeof(to),
					     &message, handler, item);
}

/* What the library, or the BMC, has to say against an answer; 0: nothing. */
static int
answer_error(const ipmi_con_t *con, const ipmi_msg_t *msg, size_t len,
	     uint32_t console_id)
{
	if (con == NULL)
		return ECANCELED;
	if (msg->data_len == 1) /* the library's own: a timeout */
		return (int)IPMI_IPMI_ERR_VAL(msg->data[0]);
	if (msg->data_len >= 2 && msg->data[1] != 0)
		return (int)IPMI_RMCPP_ERR_VAL(msg->data[1]);
	if (msg->data_len < len)
		return E2BIG;
	return get_u32(msg->data + 4) == console_id ? 0 : EINVAL;
}

static int
rakp_4_came(ipmi_con_t *con, ipmi_msgi_t *item)
{
	struct rakp *rakp = item->data1;
	const ipmi_msg_t *msg = &item->msg;
	size_t check_len = rmcp_check_len(rakp->x.hash);
	uint8_t code[RMCP_HASH_MAX];
	int error = answer_error(con, msg, RAKP_4_LEN + check_len,
				 rakp->x.console_id);

	if (error == 0) {
		rmcp_prove_session(&rakp->x, &rakp->keys, code);
		/* As the BMC would say it: the two sides' keys differ. */
		if (!rmcp_same(code, msg->data + RAKP_4_LEN, check_len))
			error = (int)IPMI_RMCPP_ERR_VAL(
				IPMI_RMCPP_INVALID_INTEGRITY_CHECK_VALUE);
	}
	return rakp_end(rakp, con, error);
}

static void
give_library_key(unsigned char *to, unsigned room, const uint8_t *key)
{
	memcpy(to, key, room < LIBRARY_KEY_LEN ? room : LIBRARY_KEY_LEN);
}

static void
give_library_keys(const struct rakp *rakp)
{
	unsigned room;
	unsigned char *to = ipmi_rmcpp_auth_get_sik(rakp->info, &room);

	give_library_key(to, room, rakp->keys.sik);
	ipmi_rmcpp_auth_set_sik_len(rakp->info, LIBRARY_KEY_LEN);
	to = ipmi_rmcpp_auth_get_k1(rakp->info, &room);
	give_library_key(to, room, rakp->keys.k1);
	ipmi_rmcpp_auth_set_k1_len(rakp->info, LIBRARY_KEY_LEN);
	to = ipmi_rmcpp_auth_get_k2(rakp->info, &room);
	give_library_key(to, room, rakp->keys.k2);
	ipmi_rmcpp_auth_set_k2_len(rakp->info, LIBRARY_KEY_LEN);
}

/* Check RAKP 2, and make the keys out of it. */
static int
take_rakp_2(struct rakp *rakp, ipmi_con_t *con, const ipmi_msg_t *msg)
{
	size_t hash_len = rmcp_hash_len(rakp->x.hash);
	uint8_t code[RMCP_HASH_MAX];
	unsigned room;
	int error = answer_error(con, msg, RAKP_2_LEN + hash_len,
				 rakp->x.console_id);

	if (error != 0)
		return error;
	memcpy(rakp->x.bmc_random, msg->data + 8, 16);
	memcpy(rakp->x.bmc_guid, msg->data + 24, 16);
	rmcp_prove_bmc(&rakp->x,
		       ipmi_rmcpp_auth_get_password(rakp->info, &room), code);
	if (!rmcp_same(code, msg->data + RAKP_2_LEN, hash_len))
		return EINVAL;
	rmcp_make_keys(&rakp->x, ipmi_rmcpp_auth_get_bmc_key(rakp->info, &room),
		       &rakp->keys);
	give_library_keys(rakp);
	setting = rakp;
	error = rakp->set(con, rakp->addr_num, rakp->info, rakp->arg);
	setting = NULL;
	return error;
}

static int
send_rakp_3(const struct rakp *rakp, ipmi_con_t *con, ipmi_msgi_t *item)
{
	uint8_t data[RAKP_3_LEN + RMCP_HASH_MAX] = { rakp->tag };
	unsigned room;

	put_u32(data + 4, rakp->x.bmc_id);
	rmcp_prove_console(&rakp->x,
			   ipmi_rmcpp_auth_get_password(rakp->info, &room),
			   data + RAKP_3_LEN);
	return rakp_send(rakp, con, IPMI_RMCPP_PAYLOAD_TYPE_RAKP_3, data,
			 RAKP_3_LEN + rmcp_hash_len(rakp->x.hash), rakp_4_came,
			 item);
}

/* So that the BMC need not keep the half-open session; nobody waits for an
 * answer.  True: the item is in use. */
static bool
send_refusal(const struct rakp *rakp, ipmi_con_t *con, ipmi_msgi_t *item)
{
	uint8_t data[RAKP_3_LEN] = { rakp->tag,
				     IPMI_RMCPP_INVALID_INTEGRITY_CHECK_VALUE };

	put_u32(data + 4, rakp->x.bmc_id);
	return rakp_send(rakp, con, IPMI_RMCPP_PAYLOAD_TYPE_RAKP_3, data,
			 sizeof(data), NULL, item) == 0;
}

static int
rakp_2_came(ipmi_con_t *con, ipmi_msgi_t *item)
{
	struct rakp *rakp = item->data1;
	int error = take_rakp_2(rakp, con, &item->msg);

	if (error == 0)
		error = send_rakp_3(rakp, con, item);
	if (error == 0)
		return IPMI_MSG_ITEM_USED;
	bool used = con != NULL && send_refusal(rakp, con, item);
	(void)rakp_end(rakp, con, error);
	return used ? IPMI_MSG_ITEM_USED : IPMI_MSG_ITEM_NOT_USED;
}

static int
send_rakp_1(const struct rakp *rakp, ipmi_con_t *con, ipmi_msgi_t *item)
{
	uint8_t data[RAKP_1_LEN] = { rakp->tag };
	size_t len = RAKP_1_LEN - RMCP_USER_MAX + rakp->x.user_len;

	put_u32(data + 4, rakp->x.bmc_id);
	memcpy(data + 8, rakp->x.console_random, 16);
	data[24] = rakp->x.role;
	data[27] = rakp->x.user_len;
	memcpy(data + 28, rakp->x.user, rakp->x.user_len);
	return rakp_send(rakp, con, IPMI_RMCPP_PAYLOAD_TYPE_RAKP_1, data, len,
			 rakp_2_came, item);
}

static int
fill_exchange(struct rmcp_exchange *x, enum rmcp_hash hash,
	      ipmi_rmcpp_auth_t *info)
{
	unsigned room, len = ipmi_rmcpp_auth_get_username_len(info);
	const unsigned char *user = ipmi_rmcpp_auth_get_username(info, &room);

	if (len > RMCP_USER_MAX || len > room)
		return EINVAL;
	x->hash = hash;
	x->console_id = ipmi_rmcpp_auth_get_my_session_id(info);
	x->bmc_id = ipmi_rmcpp_auth_get_mgsys_session_id(info);
	x->role = ipmi_rmcpp_auth_get_role(info);
	x->user_len = (uint8_t)len;
	memcpy(x->user, user, len);
	return getrandom(x->console_random, 16, 0) == 16 ? 0 : EIO;
}

static int
start(enum rmcp_hash hash, ipmi_con_t *con, int addr_num, uint8_t tag,
      ipmi_rmcpp_auth_t *info, ipmi_rmcpp_set_info_cb set,
      ipmi_rmcpp_finish_auth_cb done, void *arg)
{
	ipmi_msgi_t *item = ipmi_alloc_msg_item();
	struct rakp *rakp = xcalloc(1, sizeof(*rakp));

	*rakp = (struct rakp){ .info = info,
			       .set = set,
			       .done = done,
			       .arg = arg,
			       .addr_num = addr_num,
			       .tag = tag };
	int error = fill_exchange(&rakp->x, hash, info);
	if (error == 0)
		error = send_rakp_1(rakp, con, item);
	if (error == 0)
		return 0;
	ipmi_free_msg_item(item);
	rakp_free(rakp);
	return error;
}

static int
start_sha1(ipmi_con_t *con, int addr_num, unsigned char tag,
	   ipmi_rmcpp_auth_t *info, ipmi_rmcpp_set_info_cb set,
	   ipmi_rmcpp_finish_auth_cb done, void *arg)
{
	return start(RMCP_SHA1, con, addr_num, tag, info, set, done, arg);
}

static int
start_sha256(ipmi_con_t *con, int addr_num, unsigned char tag,
	     ipmi_rmcpp_auth_t *info, ipmi_rmcpp_set_info_cb set,
	     ipmi_rmcpp_finish_auth_cb done, void *arg)
{
	return start(RMCP_SHA256, con, addr_num, tag, info, set, done, arg);
}

/* --- integrity of packets ------------------------------------------------ */

struct integrity {
	enum rmcp_hash hash;
	uint8_t k1[RMCP_HASH_MAX];
};

/* Only from within our set(), and for the hash that the handshake used. */
static int
integrity_init(enum rmcp_hash hash, void **ret_integrity)
{
	if (setting == NULL || setting->x.hash != hash)
		return EINVAL;

	struct integrity *integrity = xcalloc(1, sizeof(*integrity));
	integrity->hash = hash;
	memcpy(integrity->k1, setting->keys.k1, sizeof(integrity->k1));
	*ret_integrity = integrity;
	return 0;
}

static int
init_sha1(ipmi_con_t *con, ipmi_rmcpp_auth_t *info, void **ret_integrity)
{
	(void)con;
	(void)info;
	return integrity_init(RMCP_SHA1, ret_integrity);
}

static int
init_sha256(ipmi_con_t *con, ipmi_rmcpp_auth_t *info, void **ret_integrity)
{
	(void)con;
	(void)info;
	return integrity_init(RMCP_SHA256, ret_integrity);
}

static void
integrity_free(ipmi_con_t *con, void *arg)
{
	(void)con;
	explicit_bzero(arg, sizeof(struct integrity));
	free(arg);
	rmcp_forget_keys();
}

/* So that pad length and next header end on a multiple of four. */
static int
integrity_pad(ipmi_con_t *con, void *arg, unsigned char *packet, unsigned *len,
	      unsigned room)
{
	unsigned pads = (4 - (*len + 2) % 4) % 4;

	(void)con;
	(void)arg;
	if (*len + pads + 1 > room)
		return E2BIG;
	memset(packet + *len, 0xff, pads);
	packet[*len + pads] = (unsigned char)pads;
	*len += pads + 1;
	return 0;
}

static int
integrity_add(ipmi_con_t *con, void *arg, unsigned char *packet, unsigned *len,
	      unsigned room)
{
	const struct integrity *integrity = arg;
	size_t check_len = rmcp_check_len(integrity->hash);
	uint8_t code[RMCP_HASH_MAX];

	(void)con;
	if (*len < UNSIGNED_LEN || *len + 1 + check_len > room)
		return E2BIG;
	packet[(*len)++] = NEXT_HEADER;
	rmcp_hmac(integrity->hash, integrity->k1,
		  rmcp_hash_len(integrity->hash), packet + UNSIGNED_LEN,
		  *len - UNSIGNED_LEN, code);
	memcpy(packet + *len, code, check_len);
	*len += (unsigned)check_len;
	return 0;
}

/* `len` ends before the next header. */
static int
integrity_check(ipmi_con_t *con, void *arg, unsigned char *packet, unsigned len,
		unsigned total)
{
	const struct integrity *integrity = arg;
	size_t check_len = rmcp_check_len(integrity->hash);
	uint8_t code[RMCP_HASH_MAX];

	(void)con;
	if (len < UNSIGNED_LEN || total < len || total - len != 1 + check_len)
		return EINVAL;
	rmcp_hmac(integrity->hash, integrity->k1,
		  rmcp_hash_len(integrity->hash), packet + UNSIGNED_LEN,
		  len + 1 - UNSIGNED_LEN, code);
	return rmcp_same(code, packet + len + 1, check_len) ? 0 : EINVAL;
}

/* --- the library's tables ------------------------------------------------ */

enum { AUTH_HMAC_SHA256 = 3, INTEGRITY_HMAC_SHA256_128 = 4 }; /* 13.28, 4 */

static ipmi_rmcpp_authentication_t authentications[RMCP_HASHES] = {
	[RMCP_SHA1] = { start_sha1 },
	[RMCP_SHA256] = { start_sha256 },
};

static ipmi_rmcpp_integrity_t integrities[RMCP_HASHES] = {
	[RMCP_SHA1] = { init_sha1, integrity_free, integrity_pad, integrity_add,
			integrity_check },
	[RMCP_SHA256] = { init_sha256, integrity_free, integrity_pad,
			  integrity_add, integrity_check },
};

/* NULL takes a number out; one that is taken is not given again. */
static int
enter_authentication(unsigned number, ipmi_rmcpp_authentication_t *ours)
{
	ipmi_rmcpp_register_authentication(number, NULL);
	return ours != NULL ? ipmi_rmcpp_register_authentication(number, ours)
			    : 0;
}

static int
enter_integrity(unsigned number, ipmi_rmcpp_integrity_t *ours)
{
	ipmi_rmcpp_register_integrity(number, NULL);
	return ours != NULL ? ipmi_rmcpp_register_integrity(number, ours) : 0;
}

int
rmcp_alg_register(void)
{
	int error = 0;

	error |= enter_authentication(
		IPMI_LANP_AUTHENTICATION_ALGORITHM_RAKP_NONE, NULL);
	error |= enter_authentication(
		IPMI_LANP_AUTHENTICATION_ALGORITHM_RAKP_HMAC_MD5, NULL);
	error |= enter_authentication(
		IPMI_LANP_AUTHENTICATION_ALGORITHM_RAKP_HMAC_SHA1,
		&authentications[RMCP_SHA1]);
	error |= enter_authentication(AUTH_HMAC_SHA256,
				      &authentications[RMCP_SHA256]);
	error |= enter_integrity(IPMI_LANP_INTEGRITY_ALGORITHM_HMAC_MD5_128,
				 NULL);
	error |= enter_integrity(IPMI_LANP_INTEGRITY_ALGORITHM_MD5_128, NULL);
	error |= enter_integrity(IPMI_LANP_INTEGRITY_ALGORITHM_HMAC_SHA1_96,
				 &integrities[RMCP_SHA1]);
	error |= enter_integrity(INTEGRITY_HMAC_SHA256_128,
				 &integrities[RMCP_SHA256]);
	return error;
}

void
rmcp_alg_unregister(void)
{
	(void)enter_authentication(AUTH_HMAC_SHA256, NULL);
	(void)enter_integrity(INTEGRITY_HMAC_SHA256_128, NULL);
}
