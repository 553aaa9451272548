/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of CPU models: libvirt's names for them out of its XML, however that
 * looks, and the rows of them all, which are not computed twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/cpu_models.h"
#include "agent/features.h"
#include "agent/named_models.h"
#include "agent/text.h"

#define CAPABILITIES(models)                                          \
	"<domainCapabilities><arch>x86_64</arch><cpu>"                \
	"<mode name='host-model' supported='yes'>"                    \
	"<model usable='yes'>Host</model></mode>"                     \
	"<mode name='custom' supported='yes'>" models "</mode></cpu>" \
	"<model usable='yes'>Else</model></domainCapabilities>"

static const char *
member(const json_t *models, size_t i, const char *key)
{
	return message_text(json_array_get(models, i), key);
}

/* --- libvirt's XML -------------------------------------------------------- */

static void
models_are_told_with_whether_they_are_usable(void **state)
{
	bool expand = false;
	json_t *models = named_models_read(
		CAPABILITIES("<model usable='yes' vendor='AMD'>EPYC</model>\n"
			     "<model usable='unknown'>Conroe</model>"
			     "<model>Penryn</model>"
			     "<model usable='no'>486</model>"),
		&expand);

	(void)state;
	assert_true(expand);
	assert_int_equal(json_array_size(models), 2);
	assert_string_equal(member(models, 0, "name"), "EPYC");
	assert_true(message_bool(json_array_get(models, 0), "usable"));
	assert_string_equal(member(models, 1, "name"), "486");
	assert_false(message_bool(json_array_get(models, 1), "usable"));
	char *cpu = named_model_cpu(json_array_get(models, 1));
	assert_string_equal(cpu,
			    "<cpu><arch>x86_64</arch><model>486</model></cpu>");
	free(cpu);
	json_decref(models);
}

static void
blockers_belong_to_the_model_they_name(void **state)
{
	bool expand;
	json_t *models = named_models_read(
		CAPABILITIES("<model usable='no'>A</model>"
			     "<blockers model='A'><feature name='hle'/>"
			     "<feature name='&lt;'/><feature name='rtm'/>"
			     "</blockers><model usable='no'>B</model>"
			     "<blockers model='C'><feature name='x'/>"
			     "</blockers>"
			     "<blockers model='B'><feature name='y'/>"
			     "</blockers>"),
		&expand);

	(void)state;
	assert_string_equal(member(models, 0, "blockers"), "hle rtm");
	assert_string_equal(member(models, 1, "blockers"), "");
	json_decref(models);
}

static void
names_that_are_none_are_left_out(void **state)
{
	bool expand;
	json_t *models = named_models_read(
		CAPABILITIES("<model usable='yes'>a b</model>"
			     "<model usable='yes'>a\nb</model>"
			     "<model usable='yes'/><model usable='yes'></model>"
			     "<model usable='yes'>&lt;x/&gt;</model>"
			     "<model usable='yes'>"
			     "0123456789012345678901234567890123456789"
			     "0123456789012345678901234</model>"
			     "<deep><model usable='yes'>Deep</model></deep>"
			     "<model usable='yes'>z14.2-base</model>"),
		&expand);

	(void)state;
	assert_int_equal(json_array_size(models), 1);
	assert_string_equal(member(models, 0, "name"), "z14.2-base");
	json_decref(models);
}

static void
xml_that_is_cut_anywhere_tells_no_model(void **state)
{
	static const char text[] =
		CAPABILITIES("<model usable='no'>A</model>"
			     "<blockers model='A'><feature name='hle'/>"
			     "</blockers>");
	char cut[sizeof(text)];
	bool expand;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		memcpy(cut, text, len);
		cut[len] = '\0';
		json_t *models = named_models_read(cut, &expand);
		assert_int_equal(json_array_size(models), 0);
		json_decref(models);
	}
}

static void
thousands_of_models_are_bounded(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	bool expand;

	(void)state;
	fputs("<domainCapabilities><arch>ppc64</arch><cpu>"
	      "<mode name='custom' supported='yes'>",
	      to);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(to, "<model usable='no'>m%u</model>", i);
	fputs("<blockers model='m4999'>", to);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(to, "<feature name='f%u'/>", i);
	fputs("</blockers></mode></cpu></domainCapabilities>", to);
	fclose(to);
	json_t *models = named_models_read(text, &expand);
	assert_int_equal(json_array_size(models), NAMED_MODELS_MAX);
	assert_false(expand);
	json_decref(models);
	free(text);
}

static void
features_are_told_whole_or_not_at_all(void **state)
{
	json_t *model = json_pack("{s:s}", "name", "A");
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	named_model_describe("<cpu><feature policy='require' name='x'/>",
			     model);
	fputs("<cpu><model>A</model>", to);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(to, "<feature policy='require' name='f%u'/>", i);
	fputs("</cpu>", to);
	fclose(to);
	named_model_describe(text, model);
	free(text);
	assert_null(json_object_get(model, "features"));
	named_model_describe("<cpu><model>A</model>"
			     "<feature policy='require' name='apic'/>"
			     "<feature policy='disable' name='svm'/>"
			     "<feature policy='require' name='no name'/>"
			     "<feature policy='require' name='avx2'/></cpu>",
			     model);
	assert_string_equal(message_text(model, "features"), "apic avx2");
	json_decref(model);
}

/* --- rows ----------------------------------------------------------------- */

/* Hardware has avx, avx2, sse; guests may have avx and sse. */
struct scene {
	struct index *index;
	struct cpu_models *models;
	json_t *hardware, *usable, *named;
	struct node_report *report;
	const char *baseline;
};

static void
make_scene(struct scene *scene, json_t *named)
{
	scene->index = index_load("/nonexistent/index", 1);
	scene->models = cpu_models_new(scene->index);
	scene->hardware = json_pack("[s, s, s]", "sse", "avx", "avx2");
	scene->usable = json_pack("[s, s]", "avx", "sse");
	scene->named = named;
	scene->report = NULL;
	scene->baseline = "";
}

static void
drop_scene(struct scene *scene)
{
	node_report_free(scene->report);
	json_decref(scene->hardware);
	json_decref(scene->usable);
	json_decref(scene->named);
	cpu_models_free(scene->models);
	index_free(scene->index);
}

static const struct detail_cpu_model *
fill(struct scene *scene)
{
	const struct cpu_models_parts parts = { .host_model = "",
						.hardware = scene->hardware,
						.usable = scene->usable,
						.named = scene->named,
						.baseline = scene->baseline };
	struct node_report *report = node_report_new();

	node_report_free(scene->report);
	scene->report = report;
	report->detail = node_detail_new();
	report->n_features = features_merge(scene->hardware, scene->usable,
					    &report->features);
	cpu_models_fill(scene->models, &parts, report);
	return report->detail->cpu_models;
}

static void
models_are_bits_that_name_rows_of_features(void **state)
{
	struct cpu_models_parts parts = { .host_model = "" };
	struct node_report *report = node_report_new();
	struct cpu_models *cache = cpu_models_new(NULL);

	(void)state;
	report->detail = node_detail_new();
	report->n_features = 9;
	report->features = calloc(9, sizeof(*report->features));
	report->features[0].hardware = true; /* row 1 */
	report->features[6].hardware = report->features[6].usable = true;
	report->features[8].usable = true; /* row 9 */
	cpu_models_fill(cache, &parts, report);
	assert_int_equal(report->detail->n_cpu_models, 0);
	free(report->detail->cpu_models);
	report->cpu.online = 2;
	text_copy(report->cpu.model_name, sizeof(report->cpu.model_name),
		  "Fast CPU");
	parts.host_model = "Skylake";
	cpu_models_fill(cache, &parts, report);
	const struct detail_cpu_model *models = report->detail->cpu_models;
	assert_int_equal(report->detail->n_cpu_models, 2);
	assert_int_equal(models[0].role, DETAIL_CPU_HOST);
	assert_string_equal(models[0].name, "Fast CPU");
	assert_int_equal(models[0].features[0], 1);
	assert_int_equal(models[0].features[1], 0x41);
	assert_int_equal(models[0].missing, 7);
	assert_int_equal(models[1].features[0], 2);
	assert_int_equal(models[1].features[1], 0x01);
	assert_int_equal(models[1].features[2], 0x40);
	assert_false(models[0].usable); /* guests do not get row 1 */
	assert_true(models[1].usable);
	node_report_free(report);
	cpu_models_free(cache);
}

static void
blocked_models_name_what_guests_cannot_have(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene,
		   json_pack("[{s:s,s:b,s:s}, {s:s,s:b,s:s}, {s:s,s:b}, "
			     "{s:s,s:b,s:s,s:s}]",
			     "name", "Old", "usable", 1, "features", "sse mmx",
			     "name", "New", "usable", 0, "features",
			     "avx avx2 sse sse4a", "name", "486", "usable", 0,
			     "name", "Told", "usable", 0, "features",
			     "avx avx2", "blockers", "vmx-ept rtm"));
	const struct detail_cpu_model *rows = fill(&scene);
	assert_int_equal(scene.report->detail->n_cpu_models, 4);
	assert_int_equal(rows[0].index, 3);
	assert_int_equal(rows[0].role, DETAIL_CPU_USABLE);
	assert_int_equal(rows[0].features[1], 0x10); /* row 3 */
	assert_int_equal(rows[0].missing, 0);
	assert_string_equal(rows[0].blockers, "");
	assert_int_equal(rows[1].role, DETAIL_CPU_BLOCKED);
	assert_int_equal(rows[1].features[1], 0x70);
	assert_int_equal(rows[1].missing, 2);
	assert_string_equal(rows[1].blockers, "avx2 sse4a");
	assert_int_equal(rows[2].features[0], 0);
	assert_int_equal(rows[2].missing, 0);
	assert_string_equal(rows[3].blockers, "vmx-ept rtm");
	assert_int_equal(rows[3].missing, 2);
	drop_scene(&scene);
}

static void
rows_are_sorted_and_none_comes_twice(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene,
		   json_pack("[{s:s,s:b}, {s:s,s:b}, {s:s,s:b}, i, "
			     "{s:s}]",
			     "name", "B", "usable", 1, "name", "A", "usable", 1,
			     "name", "B", "usable", 0, 7, "name", "a\nb"));
	assert_int_equal(index_of(scene.index, INDEX_VM, "A"), 1);
	assert_int_equal(index_of(scene.index, INDEX_MODEL, "A"), 3);
	const struct detail_cpu_model *rows = fill(&scene);
	assert_int_equal(scene.report->detail->n_cpu_models, 2);
	assert_string_equal(rows[0].name, "A");
	assert_int_equal(rows[0].index, 3);
	assert_string_equal(rows[1].name, "B");
	assert_int_equal(rows[1].index, 4);
	drop_scene(&scene);
}

static void
long_lists_are_cut_between_names(void **state)
{
	char features[NAMED_WORDS_MAX] = "";
	struct scene scene;

	(void)state;
	for (unsigned i = 100; i < 200; i++)
		snprintf(features + strlen(features), 8, "%sfx%u",
			 i > 100 ? " " : "", i);
	make_scene(&scene, json_pack("[{s:s,s:b,s:s}]", "name", "A", "usable",
				     0, "features", features));
	const struct detail_cpu_model *row = fill(&scene);
	size_t len = strlen(row->blockers);
	assert_int_equal(row->missing, 100);
	assert_int_equal(len, sizeof(row->blockers) - 1);
	assert_string_equal(row->blockers + len - 10, " fx141 ...");
	drop_scene(&scene);
}

static void
more_models_than_rows_are_left_out(void **state)
{
	struct scene scene;
	json_t *named = json_array();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		json_array_append_new(named, json_pack("{s:s}", "name", name));
	}
	make_scene(&scene, named);
	fill(&scene);
	assert_int_equal(scene.report->detail->n_cpu_models,
			 DETAIL_CPU_MODELS_MAX - 3);
	drop_scene(&scene);
}

/* Seen by a change behind the cache's back, which nobody makes. */
static void
rows_are_computed_anew_only_for_other_objects(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene, json_pack("[{s:s,s:b,s:s}]", "name", "A", "usable",
				     0, "features", "avx2"));
	assert_string_equal(fill(&scene)->blockers, "avx2");
	json_t *model = json_array_get(scene.named, 0);
	json_object_set_new(model, "features", json_string("rtm"));
	assert_string_equal(fill(&scene)->blockers, "avx2");
	json_decref(scene.hardware);
	scene.hardware = json_pack("[s]", "avx");
	assert_string_equal(fill(&scene)->blockers, "rtm");
	json_decref(scene.usable);
	scene.usable = json_pack("[s, s]", "rtm", "avx");
	assert_string_equal(fill(&scene)->blockers, "");
	json_decref(scene.named);
	scene.named = NULL;
	fill(&scene);
	assert_int_equal(scene.report->detail->n_cpu_models, 0);
	drop_scene(&scene);
}

static const struct detail_cpu_model *
baseline_of(struct scene *scene)
{
	const struct detail_cpu_model *rows = fill(scene), *found = NULL;

	for (size_t i = 0; i < scene->report->detail->n_cpu_models; i++) {
		assert_true(i == 0 || rows[i - 1].index < rows[i].index);
		if (rows[i].role == DETAIL_CPU_BASELINE) {
			assert_null(found);
			found = &rows[i];
		}
	}
	return found;
}

static void
a_baseline_is_a_row_with_the_judgement_of_its_model(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene,
		   json_pack("[{s:s,s:b,s:s}, {s:s,s:b,s:s}]", "name", "Old",
			     "usable", 1, "features", "sse", "name", "New",
			     "usable", 0, "features", "avx avx2 sse4a"));
	assert_null(baseline_of(&scene));
	scene.baseline = "New";
	const struct detail_cpu_model *row = baseline_of(&scene);
	uint32_t index = row->index;
	assert_string_equal(row->name, "New");
	assert_false(row->usable);
	assert_int_equal(row->missing, 2);
	assert_string_equal(row->blockers, "avx2 sse4a");
	assert_int_equal(row->features[1], 0x60);
	scene.baseline = "Old";
	row = baseline_of(&scene);
	assert_string_equal(row->name, "Old");
	assert_true(row->usable);
	assert_int_equal(row->index, index);
	assert_int_equal(row->features[1], 0x10);
	/* Three rows: that of the model itself stays. */
	assert_int_equal(scene.report->detail->n_cpu_models, 3);
	drop_scene(&scene);
}

static void
a_baseline_that_libvirt_does_not_know_is_not_usable(void **state)
{
	struct scene scene;

	(void)state;
	make_scene(&scene, json_array());
	scene.baseline = "Gone";
	const struct detail_cpu_model *row = baseline_of(&scene);
	assert_string_equal(row->name, "Gone");
	assert_false(row->usable);
	assert_int_equal(row->features[0], 0);
	/* As long as it has not been asked, nothing is said. */
	json_decref(scene.named);
	scene.named = NULL;
	assert_null(baseline_of(&scene));
	drop_scene(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models_are_told_with_whether_they_are_usable),
		cmocka_unit_test(blockers_belong_to_the_model_they_name),
		cmocka_unit_test(names_that_are_none_are_left_out),
		cmocka_unit_test(xml_that_is_cut_anywhere_tells_no_model),
		cmocka_unit_test(thousands_of_models_are_bounded),
		cmocka_unit_test(features_are_told_whole_or_not_at_all),
		cmocka_unit_test(models_are_bits_that_name_rows_of_features),
		cmocka_unit_test(blocked_models_name_what_guests_cannot_have),
		cmocka_unit_test(rows_are_sorted_and_none_comes_twice),
		cmocka_unit_test(long_lists_are_cut_between_names),
		cmocka_unit_test(more_models_than_rows_are_left_out),
		cmocka_unit_test(rows_are_computed_anew_only_for_other_objects),
		cmocka_unit_test(
			a_baseline_is_a_row_with_the_judgement_of_its_model),
		cmocka_unit_test(
			a_baseline_that_libvirt_does_not_know_is_not_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
