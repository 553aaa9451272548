/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/hwmon.h - the kernel's own sensors: temperatures, fans, voltages,
 * currents and powers of /sys/class/hwmon.
 *
 * Runs in the worker "metal", never on the main loop: each file is a question
 * to a chip, over I2C or ACPI for tens of milliseconds each, and a driver
 * with a stuck bus waits for ever.
 */
#ifndef AGENT_HWMON_H
#define AGENT_HWMON_H

#include <jansson.h>

enum { HWMON_DEVICES_MAX = 256, HWMON_SENSORS_MAX = 512 };

/*
 * Appends sensors to the array, each
 * { "key", "name", "source", "kind", "status", "micro", "health", "text",
 *   "low_critical", "low_warning", "high_warning", ... }
 * Values are millionths of the kind's unit and there only where they are
 * known.  `key` stays the same when the kernel numbers its devices anew.
 *
 * A threshold that makes no sense (a maximum of zero, a range turned around,
 * as chips have them that nobody has set up) is none.  A value is judged by
 * its thresholds; the chip's own alarms, which stay on for ever where nobody
 * has set them up, count only where there are none.
 */
void hwmon_read(const char *root, json_t *sensors);

#endif
