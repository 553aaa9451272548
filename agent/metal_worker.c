/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "metal": chips and counters whose reading may take long.  It
 * lives on between answers, for the energy counters need the one before.
 */
#include "agent/cpu_speed.h"
#include "agent/edac.h"
#include "agent/hwmon.h"
#include "agent/rapl.h"
#include "agent/roles.h"
#include "agent/source.h"
#include "agent/text.h"
#include "common/worker.h"

static json_t *
read_metal(void *state, const json_t *request)
{
	const char *root = message_text(request, "root");
	json_t *sensors = json_array(), *powers = json_array();
	json_t *packages = json_array();

	if (message_bool(request, "chips"))
		hwmon_read(root, sensors);
	rapl_read(state, root, source_clock_us(), sensors, powers);
	cpu_speed_read(root, packages);
	json_t *reply = json_pack("{s:o, s:o, s:o}", "sensors", sensors,
				  "powers", powers, "packages", packages);
	json_t *ecc = edac_read(root);
	if (ecc != NULL)
		json_object_set_new(reply, "ecc", ecc);
	return reply;
}

int
metal_worker_serve(int fd)
{
	static struct rapl rapl;

	return worker_serve_requests(fd, read_metal, &rapl);
}
