/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host_model.h"

#include <string.h>

#include "agent/text.h"
#include "agent/xml.h"
#include "common/alloc.h"
#include "common/cleanup.h"

#define CPU_TEXT_MAX 65536
#define NAME_ROOM    256

char *
host_model_extract(const char *capabilities)
{
	const char *mode =
		strstr(capabilities, "<mode name='host-model' supported='yes'");
	const char *inside = mode != NULL ? strchr(mode, '>') : NULL;
	const char *end = inside != NULL ? strstr(inside, "</mode>") : NULL;

	if (end == NULL || end - inside > CPU_TEXT_MAX)
		return NULL;
	return xasprintf("<cpu>%.*s</cpu>", (int)(end - inside - 1),
			 inside + 1);
}

static void
take_element(const struct xml *xml, json_t *features, char *model)
{
	char name[NAME_ROOM], policy[16];

	if (xml_at(xml, "cpu/model"))
		xml_text(xml, model, NAME_ROOM);
	if (xml_at(xml, "cpu/feature") &&
	    xml_attr(xml, "policy", policy, sizeof(policy)) &&
	    strcmp(policy, "require") == 0 &&
	    xml_attr(xml, "name", name, sizeof(name)))
		json_array_append_new(features, message_string(name));
}

json_t *
host_model_describe(const char *cpu, const char *virt_type)
{
	cleanup_free struct xml *xml = xcalloc(1, sizeof(*xml));
	char model[NAME_ROOM] = "";
	json_t *features = json_array();
	int what;

	xml_start(xml, cpu);
	while ((what = xml_next(xml)) == XML_OPEN || what == XML_CLOSE)
		if (what == XML_OPEN)
			take_element(xml, features, model);
	if (what != XML_END) {
		json_decref(features);
		return NULL;
	}
	return json_pack("{s:o, s:o, s:s}", "features", features, "model",
			 message_string(model), "virt_type", virt_type);
}
