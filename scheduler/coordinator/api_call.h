/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/coordinator/api_call.h - what a request says, between its arrival
 * and the function of its route: parameters and body, checked against tables.
 *
 * What does not fit is refused here, with what would fit.
 */
#ifndef SCHEDULER_COORDINATOR_API_CALL_H
#define SCHEDULER_COORDINATOR_API_CALL_H

#include <event2/keyvalq_struct.h>

#include "scheduler/coordinator/api_internal.h"

#define SEE_MANUAL "see ironherd-coordinator(8) for what can be asked"

/* A request on its way; functions of routes answer by its reply. */
struct call {
	struct api *api;
	struct api_reply *reply;
	char name[API_NAME_LEN]; /* what "*" of the route stands for */
	struct evkeyvalq query;
	json_t *body; /* of a POST, an object */
};

/* Tables of both end with a name of NULL. */
struct param {
	const char *name;
	int64_t preset, min, max;
};

struct field {
	const char *name;
	enum { FIELD_BOOL, FIELD_TEXT, FIELD_NUMBER } type;
	bool required;
	int64_t max; /* of a number; the least is 1 */
};

void call_refuse(struct api_reply *reply, int code, const char *hint,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Values in the order of the table; false when the request was refused. */
bool call_read_query(struct call *call, const struct param *params,
		     int64_t *ret_values);
/* For routes that take none. */
bool call_has_no_query(struct call *call);

/* Into call->body; false when the request was refused. */
bool call_read_body(struct call *call, const struct field *fields);

/* Fields of the body: false, 0 when it was not given. */
bool call_is_set(const struct call *call, const char *field);
unsigned call_number(const struct call *call, const char *field);

#endif
