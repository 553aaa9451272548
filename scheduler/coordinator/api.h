/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/api.h - the local HTTP/JSON door, a unix socket.
 *
 *	GET  /v1/status
 *	GET  /v1/events?after=ID&limit=N&wait_ms=M
 *	GET  /v1/events/ID
 *	GET  /v1/snapshots/N
 *	GET  /v1/hosts/NAME/power
 *	POST /v1/hosts/NAME/power   {"want": "on"|"off"|"soft", "force": bool,
 *	                             "then_off_s": N}
 *	GET  /v1/hosts/NAME/watts
 *	GET  /v1/hosts/NAME/sensors
 *	GET  /v1/hosts/NAME/sel?n=N  the last N entries of the BMC's log
 *	POST /v1/hosts/NAME/identify {"on": bool, "seconds": N,
 *	                              "forever": bool}
 *	POST /v1/hosts/NAME/maintenance {"on": bool}
 *	POST /v1/hosts/NAME/set-aside   {"on": false}
 *	POST /v1/vms/NAME/order     {"want": "run"|"off"}; NAME or UUID
 *	POST /v1/clusters/NAME/ha   {"enabled": bool}
 *	POST /v1/clusters/NAME/armed {"armed": bool}
 *
 * Knows HTTP, bounds and callers; what the answers mean is the business of
 * struct api_ops.  Who may connect is a matter of the socket's mode (0660);
 * POST is for root and the coordinator's own user, known from the kernel
 * (SO_PEERCRED), never from what the request says.
 */
#ifndef SCHEDULER_COORDINATOR_API_H
#define SCHEDULER_COORDINATOR_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/loop.h"

#define API_BODY_MAX        (64u << 10)
#define API_HEADERS_MAX     (16u << 10)
#define API_CONNECTIONS_MAX 128
#define API_WAITERS_MAX     64
#define API_WAIT_MAX_MS     60000
#define API_EVENTS_MAX      1000 /* of one answer */
#define API_TIMEOUT_S       20   /* a request must be whole, an answer read */
#define API_NAME_LEN        64
#define API_THEN_OFF_MAX_S  600
#define API_LAMP_MAX_S      255
#define API_LAMP_S          60 /* unless it is said */
#define API_SEL_MAX         256
#define API_SEL             20 /* unless it is said */

struct api;

/* An answer that is owed.  Give it exactly once, now or later, by one of the
 * two functions below; the client may be gone by then, or the api freed. */
struct api_reply;

/* HTTP 200.  Steals the reference; NULL is answered as 500. */
void api_reply_json(struct api_reply *reply, json_t *body);

/* `code` 400, 404, 409, 500, 503; `error` what went wrong, `hint` what to do
 * next. */
void api_reply_error(struct api_reply *reply, int code, const char *error,
		     const char *hint);

enum api_power { API_POWER_OFF, API_POWER_ON, API_POWER_SOFT };

struct api_order {
	enum api_power want;
	bool force;
	/* With soft: its power is cut when it has not gone by then; 0: not. */
	unsigned then_off_s;
};

struct api_lamp {
	bool forever;
	unsigned seconds; /* 0: out, unless it is forever */
};

struct api_ops {
	void (*status)(void *arg, struct api_reply *reply);

	/*
	 * Events after an id (-N: the last N), oldest first, now:
	 * {"events": [...], "last": ID}, a new reference; NULL and err when
	 * they cannot be read.  Waiting for events is done here, see
	 * api_wake().
	 */
	json_t *(*events)(void *arg, int64_t after, unsigned limit,
			  struct err *err);
	void (*event)(void *arg, int64_t id, struct api_reply *reply);
	void (*snapshot)(void *arg, uint64_t number, struct api_reply *reply);

	void (*power_get)(void *arg, const char *host, struct api_reply *reply);
	void (*power_set)(void *arg, const char *host,
			  const struct api_order *order,
			  struct api_reply *reply);
	void (*watts)(void *arg, const char *host, struct api_reply *reply);
	void (*sensors)(void *arg, const char *host, struct api_reply *reply);
	void (*sel)(void *arg, const char *host, unsigned n,
		    struct api_reply *reply);
	void (*identify)(void *arg, const char *host,
			 const struct api_lamp *lamp, struct api_reply *reply);
	void (*confirm_off)(void *arg, const char *host,
			    struct api_reply *reply);
	void (*ha_set)(void *arg, const char *cluster, bool enabled,
		       struct api_reply *reply);
	void (*arm_set)(void *arg, const char *cluster, bool armed,
			struct api_reply *reply);
	void (*maintenance_set)(void *arg, const char *host, bool on,
				struct api_reply *reply);
	void (*release)(void *arg, const char *host, struct api_reply *reply);
	void (*vm_set)(void *arg, const char *vm, bool run,
		       struct api_reply *reply);
};

/* Who asks: the name of the user at the other end, "uid 1234" when he has
 * none.  For power_set and ha_set, and as long as the reply is owed. */
const char *api_reply_caller(const struct api_reply *reply);

/*
 * Listen on `path`; its folder is made when missing.  A socket that is left
 * from before is replaced; one that answers is -EADDRINUSE, anything else
 * there is -EEXIST.  `ops` is kept.
 */
int api_start(struct loop *loop, const char *path, const struct api_ops *ops,
	      void *arg, struct api **ret_api, struct err *err);
void api_stop(struct api *api); /* closes, removes the socket, frees */

/* There are new events: answer those who wait. */
void api_wake(struct api *api);

#endif
