/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cpu_models.h"

#include <stdlib.h>
#include <string.h>

#include "agent/features.h"
#include "agent/text.h"
#include "common/alloc.h"

#define CUT " ..."

/* No name of libvirt's. */
#define BASELINE_KEY "(baseline)"

/* Besides host, host-model and baseline. */
enum { NAMED_ROWS_MAX = DETAIL_CPU_MODELS_MAX - DETAIL_CPU_BASELINE };

struct cpu_models {
	struct index *index;
	/* What the rows were made of, held: no other object can come to lie
	 * where one of them was. */
	json_t *hardware, *usable, *named;
	struct detail_cpu_model *rows;
	size_t n;
};

/* Only as many octets as have a bit set, as SMI has it for BITS. */
static void
put_bit(struct detail_cpu_model *model, size_t bit)
{
	size_t octet = bit / 8;

	model->features[1 + octet] |= (uint8_t)(0x80 >> bit % 8);
	if (model->features[0] < octet + 1)
		model->features[0] = (uint8_t)(octet + 1);
}

/* --- named models --------------------------------------------------------- */

/* The next of the names in a text, which are separated by single blanks; ""
 * at the end, and of what is no name: a worker may be of another version. */
static const char *
next_word(const char *at, char *ret_word)
{
	size_t len = strcspn(at, " ");

	ret_word[0] = '\0';
	if (len < REPORT_NAME_LEN) {
		memcpy(ret_word, at, len);
		ret_word[len] = '\0';
	}
	return at + len + (at[len] != '\0');
}

static int
compare_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct report_feature *)row)->name);
}

static const struct report_feature *
find_feature(const struct node_report *report, const char *name)
{
	if (report->n_features == 0)
		return NULL;
	return bsearch(name, report->features, report->n_features,
		       sizeof(*report->features), compare_name);
}

/* Whole names only; room for the end is kept.  Once cut, it stays so. */
static void
add_blocker(struct detail_cpu_model *model, const char *name)
{
	char *text = model->blockers;
	size_t len = strlen(text), more = strlen(name) + (len > 0);

	model->missing++;
	if (len >= strlen(CUT) && strcmp(text + len - strlen(CUT), CUT) == 0)
		return;
	if (len + more + strlen(CUT) >= sizeof(model->blockers)) {
		memcpy(text + len, CUT, sizeof(CUT));
		return;
	}
	if (len > 0)
		text[len++] = ' ';
	memcpy(text + len, name, strlen(name) + 1);
}

/* Bits of all its features that have a row.  Those that guests cannot have
 * keep it out, unless libvirt itself says what does. */
static void
read_features(const json_t *from, const struct node_report *report,
	      struct detail_cpu_model *model)
{
	const char *at = message_text(from, "features");
	const bool judge = model->role == DETAIL_CPU_BLOCKED &&
			   message_text(from, "blockers")[0] == '\0';
	char name[REPORT_NAME_LEN];

	while (*at != '\0') {
		at = next_word(at, name);
		if (!features_is_name(name))
			continue;
		const struct report_feature *row = find_feature(report, name);
		if (row != NULL)
			put_bit(model, (size_t)(row - report->features) + 1);
		if (judge && (row == NULL || !row->usable))
			add_blocker(model, name);
	}
}

static void
read_blockers(const json_t *from, struct detail_cpu_model *model)
{
	const char *at = message_text(from, "blockers");
	char name[REPORT_NAME_LEN];

	while (model->role == DETAIL_CPU_BLOCKED && *at != '\0') {
		at = next_word(at, name);
		if (features_is_name(name))
			add_blocker(model, name);
	}
}

static int
by_index(const void *a, const void *b)
{
	const struct detail_cpu_model *one = a, *other = b;

	return one->index < other->index ? -1 : one->index > other->index;
}

/* The same name twice would be the same row twice. */
static size_t
without_twins(struct detail_cpu_model *rows, size_t n)
{
	size_t kept = 0;

	qsort(rows, n, sizeof(*rows), by_index);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || rows[kept - 1].index != rows[i].index)
			rows[kept++] = rows[i];
	return kept;
}

static void
compute(struct cpu_models *models, const struct node_report *report)
{
	size_t n = json_array_size(models->named), kept = 0;

	n = n < NAMED_ROWS_MAX ? n : NAMED_ROWS_MAX;
	free(models->rows);
	models->rows = xcalloc(n + 1, sizeof(*models->rows));
	for (size_t i = 0; i < n; i++) {
		const json_t *from = json_array_get(models->named, i);
		struct detail_cpu_model *row = &models->rows[kept];
		const char *name = message_text(from, "name");

		if (!features_is_name(name))
			continue;
		row->index = index_of(models->index, INDEX_MODEL, name);
		row->usable = message_bool(from, "usable");
		row->role =
			row->usable ? DETAIL_CPU_USABLE : DETAIL_CPU_BLOCKED;
		text_copy(row->name, sizeof(row->name), name);
		read_features(from, report, row);
		read_blockers(from, row);
		kept++;
	}
	models->n = without_twins(models->rows, kept);
}

static bool
hold(json_t **held, const json_t *now)
{
	if (*held == now)
		return false;
	json_decref(*held);
	*held = json_incref((json_t *)now);
	return true;
}

static void
refresh(struct cpu_models *models, const struct cpu_models_parts *parts,
	const struct node_report *report)
{
	bool stale = hold(&models->hardware, parts->hardware);

	stale |= hold(&models->usable, parts->usable);
	stale |= hold(&models->named, parts->named);
	if (stale)
		compute(models, report);
}

/* --- the host's own ------------------------------------------------------- */

static bool
has(const struct report_feature *feature, enum detail_cpu_role role)
{
	return role == DETAIL_CPU_HOST ? feature->hardware : feature->usable;
}

static void
add_model(enum detail_cpu_role role, const char *name,
	  struct node_report *report)
{
	struct node_detail *detail = report->detail;
	struct detail_cpu_model *model =
		&detail->cpu_models[detail->n_cpu_models++];

	model->index = (uint32_t)role;
	model->role = role;
	model->usable = true;
	text_copy(model->name, sizeof(model->name), name);
	for (size_t i = 0; i < report->n_features; i++) {
		const struct report_feature *feature = &report->features[i];

		if (!has(feature, role)) {
			model->missing++;
			continue;
		}
		put_bit(model, i + 1);
		model->usable = model->usable && feature->usable;
	}
}

/* --- what the cluster agreed upon ------------------------------------------
 */

/* A row of its own of the model that has this name; when libvirt does not know
 * it here, one without features. */
static void
describe_baseline(const struct cpu_models *models, const char *name,
		  struct detail_cpu_model *ret_model)
{
	memset(ret_model, 0, sizeof(*ret_model));
	text_copy(ret_model->name, sizeof(ret_model->name), name);
	for (size_t i = 0; i < models->n; i++)
		if (strcmp(models->rows[i].name, name) == 0)
			*ret_model = models->rows[i];
	ret_model->index = index_of(models->index, INDEX_MODEL, BASELINE_KEY);
	ret_model->role = DETAIL_CPU_BASELINE;
}

/* Where its index has it. */
static void
add_baseline(const struct cpu_models *models, const char *name,
	     struct node_detail *detail)
{
	struct detail_cpu_model model;
	size_t at = detail->n_cpu_models++;

	describe_baseline(models, name, &model);
	for (; at > 0 && detail->cpu_models[at - 1].index > model.index; at--)
		detail->cpu_models[at] = detail->cpu_models[at - 1];
	detail->cpu_models[at] = model;
}

/* --- the whole ------------------------------------------------------------ */

struct cpu_models *
cpu_models_new(struct index *index)
{
	struct cpu_models *models = xcalloc(1, sizeof(*models));

	models->index = index;
	return models;
}

void
cpu_models_free(struct cpu_models *models)
{
	if (models == NULL)
		return;
	json_decref(models->hardware);
	json_decref(models->usable);
	json_decref(models->named);
	free(models->rows);
	free(models);
}

void
cpu_models_fill(struct cpu_models *models, const struct cpu_models_parts *parts,
		struct node_report *report)
{
	struct node_detail *detail = report->detail;

	refresh(models, parts, report);
	detail->cpu_models = xcalloc(DETAIL_CPU_BASELINE + models->n,
				     sizeof(*detail->cpu_models));
	if (report->cpu.online > 0)
		add_model(DETAIL_CPU_HOST, report->cpu.model_name, report);
	if (parts->host_model[0] != '\0')
		add_model(DETAIL_CPU_HOST_MODEL, parts->host_model, report);
	if (models->n > 0)
		memcpy(&detail->cpu_models[detail->n_cpu_models], models->rows,
		       models->n * sizeof(*models->rows));
	detail->n_cpu_models += models->n;
	if (parts->named != NULL && parts->baseline != NULL &&
	    parts->baseline[0] != '\0')
		add_baseline(models, parts->baseline, detail);
}
