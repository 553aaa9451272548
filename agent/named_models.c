/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/named_models.h"

#include <string.h>

#include "agent/features.h"
#include "agent/host_model.h"
#include "agent/text.h"
#include "agent/xml.h"
#include "common/alloc.h"
#include "common/cleanup.h"

/* One text instead of an array: of some thousand names kept for an hour, the
 * array takes ten times as much. */
struct words {
	char text[NAMED_WORDS_MAX];
	size_t len;
	bool too_long;
};

struct reader {
	struct xml xml;
	json_t *models;
	json_t *last; /* model that blockers may follow, NULL for none */
	struct words blockers;
	bool custom, expand;
};

static void
add_word(struct words *words, const char *word)
{
	size_t len = strlen(word), blank = words->len > 0;

	words->too_long |= words->len + blank + len >= sizeof(words->text);
	if (words->too_long)
		return;
	if (blank)
		words->text[words->len++] = ' ';
	memcpy(words->text + words->len, word, len + 1);
	words->len += len;
}

static void
take_mode(struct reader *reader)
{
	char name[16], supported[8];

	reader->last = NULL;
	reader->custom = xml_attr(&reader->xml, "name", name, sizeof(name)) &&
			 strcmp(name, "custom") == 0 &&
			 xml_attr(&reader->xml, "supported", supported,
				  sizeof(supported)) &&
			 strcmp(supported, "yes") == 0;
}

static void
take_model(struct reader *reader)
{
	char name[REPORT_NAME_LEN + 1], usable[16] = "";

	reader->last = NULL;
	xml_attr(&reader->xml, "usable", usable, sizeof(usable));
	xml_text(&reader->xml, name, sizeof(name));
	const bool yes = strcmp(usable, "yes") == 0;
	if (!reader->custom || (!yes && strcmp(usable, "no") != 0) ||
	    !features_is_name(name) ||
	    json_array_size(reader->models) == NAMED_MODELS_MAX)
		return;
	reader->last = json_pack("{s:s, s:b}", "name", name, "usable", yes);
	json_array_append_new(reader->models, reader->last);
}

static void
start_blockers(struct reader *reader)
{
	char name[REPORT_NAME_LEN + 1];

	memset(&reader->blockers, 0, sizeof(reader->blockers));
	if (!xml_attr(&reader->xml, "model", name, sizeof(name)) ||
	    strcmp(name, message_text(reader->last, "name")) != 0)
		reader->last = NULL;
}

static void
take_blocker(struct reader *reader)
{
	char name[REPORT_NAME_LEN + 1];

	if (xml_attr(&reader->xml, "name", name, sizeof(name)) &&
	    features_is_name(name))
		add_word(&reader->blockers, name);
}

static void
end_blockers(struct reader *reader)
{
	if (reader->last != NULL && reader->blockers.len > 0 &&
	    !reader->blockers.too_long)
		json_object_set_new(reader->last, "blockers",
				    json_string(reader->blockers.text));
	reader->last = NULL;
}

static void
take_arch(struct reader *reader)
{
	char arch[16];

	xml_text(&reader->xml, arch, sizeof(arch));
	reader->expand = strcmp(arch, "x86_64") == 0;
}

static const struct {
	const char *path;
	void (*take)(struct reader *reader);
} elements[] = {
	{ "domainCapabilities/arch", take_arch },
	{ "domainCapabilities/cpu/mode", take_mode },
	{ "domainCapabilities/cpu/mode/model", take_model },
	{ "domainCapabilities/cpu/mode/blockers", start_blockers },
	{ "domainCapabilities/cpu/mode/blockers/feature", take_blocker },
};

static void
take_event(struct reader *reader, int what)
{
	const struct xml *xml = &reader->xml;

	if (what == XML_CLOSE && xml->depth == 3 &&
	    strcmp(xml->path[3], "blockers") == 0)
		end_blockers(reader);
	for (size_t i = 0;
	     what == XML_OPEN && i < sizeof(elements) / sizeof(*elements); i++)
		if (xml_at(xml, elements[i].path))
			elements[i].take(reader);
}

json_t *
named_models_read(const char *capabilities, bool *ret_expand)
{
	cleanup_free struct reader *reader = xcalloc(1, sizeof(*reader));
	int what;

	reader->models = json_array();
	xml_start(&reader->xml, capabilities);
	while ((what = xml_next(&reader->xml)) == XML_OPEN || what == XML_CLOSE)
		take_event(reader, what);
	if (what != XML_END)
		json_array_clear(reader->models);
	*ret_expand = reader->expand;
	return reader->models;
}

char *
named_model_cpu(const json_t *model)
{
	return xasprintf("<cpu><arch>x86_64</arch><model>%s</model></cpu>",
			 message_text(model, "name"));
}

void
named_model_describe(const char *cpu, json_t *model)
{
	cleanup_free struct words *words = xcalloc(1, sizeof(*words));
	json_t *full = host_model_describe(cpu, "");
	const json_t *names = json_object_get(full, "features");

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (features_is_name(name))
			add_word(words, name);
	}
	if (words->len > 0 && !words->too_long)
		json_object_set_new(model, "features",
				    json_string(words->text));
	json_decref(full);
}
