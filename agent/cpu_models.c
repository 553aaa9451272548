/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cpu_models.h"

#include <string.h>

#include "agent/text.h"
#include "common/alloc.h"

/* Only as many octets as have a bit set, as SMI has it for BITS. */
static void
put_bit(struct detail_cpu_model *model, size_t bit)
{
	size_t octet = bit / 8;

	model->features[1 + octet] |= (uint8_t)(0x80 >> bit % 8);
	if (model->features[0] < octet + 1)
		model->features[0] = (uint8_t)(octet + 1);
}

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
	text_copy(model->name, sizeof(model->name), name);
	for (size_t i = 0; i < report->n_features; i++)
		if (has(&report->features[i], role))
			put_bit(model, i + 1);
		else
			model->missing++;
}

void
cpu_models_fill(const char *host_model, struct node_report *report)
{
	struct node_detail *detail = report->detail;

	detail->cpu_models =
		xcalloc(DETAIL_CPU_MODELS_MAX, sizeof(*detail->cpu_models));
	if (report->cpu.online > 0)
		add_model(DETAIL_CPU_HOST, report->cpu.model_name, report);
	if (host_model[0] != '\0')
		add_model(DETAIL_CPU_HOST_MODEL, host_model, report);
}
