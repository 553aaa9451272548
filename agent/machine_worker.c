/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "machine": what hwloc, the CPUs and the firmware say.  In a
 * process of its own because it moves from CPU to CPU, may wait for a busy one,
 * and because hwloc's memory is given back this way.
 */
#include "agent/cpu.h"
#include "agent/devices.h"
#include "agent/dmi.h"
#include "agent/roles.h"
#include "agent/text.h"
#include "agent/topology.h"
#include "common/worker.h"

static void
put(json_t *reply, const char *key, json_t *value, const struct err *err)
{
	if (value != NULL)
		json_object_set_new(reply, key, value);
	else
		json_object_set_new(reply, "trouble",
				    message_string(err->text));
}

static json_t *
read_machine(void *state, const json_t *request)
{
	const char *root = message_text(request, "root");
	json_t *reply = json_object();
	struct err err = { "" };

	(void)state;
	put(reply, "topology", topology_read(root, &err), &err);
	put(reply, "cpu", cpu_read(root, &err), &err);
	json_t *things = json_array();
	dmi_read(root, things);
	devices_read(root, things);
	json_object_set_new(reply, "things", things);
	return reply;
}

int
machine_worker_serve(int fd)
{
	return worker_serve_requests(fd, read_machine, NULL);
}
