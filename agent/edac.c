/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/edac.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/sysroot.h"
#include "agent/text.h"

#define FOLDER    "/sys/devices/system/edac/mc"
#define COUNT_MAX (INT64_C(1) << 53)

static int64_t
read_count(const char *root, const char *folder, const char *file)
{
	char path[256];
	int64_t count = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return sysroot_read_number(root, path, 0, COUNT_MAX, &count) == 0
		       ? count
		       : 0;
}

static void
read_dimm(const char *root, const char *controller, const char *dimm,
	  json_t *dimms)
{
	char folder[192], path[256], label[64], key[160];

	snprintf(folder, sizeof(folder), FOLDER "/%s/%s", controller, dimm);
	snprintf(path, sizeof(path), "%s/dimm_label", folder);
	snprintf(key, sizeof(key), "%s/%s", controller, dimm);
	if (sysroot_read_line(root, path, label, sizeof(label)) <= 0)
		snprintf(label, sizeof(label), "%.60s", key);
	json_array_append_new(
		dimms,
		json_pack("{s:o, s:o, s:I, s:I, s:I}", "key",
			  message_string(key), "label", message_string(label),
			  "corrected",
			  (json_int_t)read_count(root, folder, "dimm_ce_count"),
			  "uncorrected",
			  (json_int_t)read_count(root, folder, "dimm_ue_count"),
			  "mib", (json_int_t)read_count(root, folder, "size")));
}

static void
read_dimms(const char *root, const char *controller, json_t *dimms)
{
	static const char *const kinds[] = { "dimm", "rank" };
	struct sysroot_names names;
	char folder[128];

	snprintf(folder, sizeof(folder), FOLDER "/%s", controller);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		sysroot_list(root, folder, kinds[k], EDAC_DIMMS_MAX, &names);
		for (size_t i = 0; i < names.n; i++)
			if (json_array_size(dimms) < EDAC_DIMMS_MAX)
				read_dimm(root, controller, names.names[i],
					  dimms);
		free(names.names);
	}
}

json_t *
edac_read(const char *root)
{
	struct sysroot_names names;
	int64_t corrected = 0, uncorrected = 0;
	char folder[128];

	sysroot_list(root, FOLDER, "mc", EDAC_CONTROLLERS_MAX, &names);
	json_t *dimms = json_array();
	for (size_t i = 0; i < names.n; i++) {
		snprintf(folder, sizeof(folder), FOLDER "/%s", names.names[i]);
		corrected += read_count(root, folder, "ce_count");
		uncorrected += read_count(root, folder, "ue_count");
		read_dimms(root, names.names[i], dimms);
	}
	free(names.names);
	if (names.n == 0) {
		json_decref(dimms);
		return NULL;
	}
	return json_pack("{s:I, s:I, s:o}", "corrected", (json_int_t)corrected,
			 "uncorrected", (json_int_t)uncorrected, "dimms",
			 dimms);
}
