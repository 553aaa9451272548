/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/edac.h - memory errors that the controllers counted
 * (/sys/devices/system/edac).  Runs in the worker "metal": some drivers ask
 * the firmware.
 */
#ifndef AGENT_EDAC_H
#define AGENT_EDAC_H

#include <jansson.h>

enum { EDAC_CONTROLLERS_MAX = 64, EDAC_DIMMS_MAX = 512 };

/*
 * { "corrected", "uncorrected",
 *   "dimms": [ { "key", "label", "corrected", "uncorrected", "mib" } ... ] }
 * Of DIMMs that the driver cannot tell apart there are ranks or rows instead.
 * NULL: there is no controller, nobody counts.
 */
json_t *edac_read(const char *root);

#endif
