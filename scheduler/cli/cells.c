/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/cli/cells.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/cli/text.h"

static void
put(struct cell cell, enum tone tone, const char *text)
{
	table_set(cell.table, cell.row, cell.column, tone, text);
}

void
cell_text(struct cell cell, const json_t *object, const char *key)
{
	put(cell, TONE_PLAIN, field_text(object, key));
}

void
cell_word(struct cell cell, struct word word)
{
	put(cell, word.tone, word.text);
}

void
cell_count(struct cell cell, const json_t *object, const char *key)
{
	char buf[TEXT_LEN] = "?";
	int64_t n = field_number(object, key);

	if (n >= 0)
		snprintf(buf, sizeof(buf), "%lld", (long long)n);
	put(cell, TONE_PLAIN, buf);
}

void
cell_age(struct cell cell, const json_t *object, const char *key)
{
	char buf[TEXT_LEN];

	if (json_is_null(json_object_get(object, key)))
		put(cell, TONE_WARN, "never");
	else
		put(cell, TONE_PLAIN, text_age(buf, field_number(object, key)));
}

void
cell_since(struct cell cell, const json_t *object, const char *key,
	   int64_t now_ms)
{
	char buf[TEXT_LEN];
	int64_t since_ms = field_number(object, key);

	/* Clocks are set now and then: never an age below zero. */
	if (since_ms < 0)
		put(cell, TONE_PLAIN, "?");
	else
		put(cell, TONE_PLAIN,
		    text_age(buf, since_ms < now_ms ? now_ms - since_ms : 0));
}

void
cell_host_cpu(struct cell cell, const json_t *host)
{
	char buf[TEXT_LEN];

	if (!host_load_is_fresh(host))
		put(cell, TONE_DIM, "-");
	else
		put(cell, TONE_PLAIN,
		    text_share(buf, field_number(host, "cpu_use_pm")));
}

void
cell_host_memory(struct cell cell, const json_t *host)
{
	char buf[TEXT_LEN];

	if (!host_load_is_fresh(host))
		put(cell, TONE_DIM, "-");
	else
		put(cell, TONE_PLAIN,
		    text_memory_use(buf, field_number(host, "memory_used_kib"),
				    field_number(host, "memory_kib")));
}

static bool
vm_runs(const json_t *vm)
{
	return strcmp(word_vm(vm).text, "running") == 0;
}

void
cell_vm_cpu(struct cell cell, const json_t *vm)
{
	char buf[TEXT_LEN];

	if (!vm_runs(vm))
		put(cell, TONE_DIM, "-");
	else
		put(cell, TONE_PLAIN,
		    text_share(buf, field_number(vm, "cpu_use_pm")));
}

void
cell_vm_memory(struct cell cell, const json_t *vm)
{
	char buf[TEXT_LEN];

	put(cell, vm_runs(vm) ? TONE_PLAIN : TONE_DIM,
	    text_memory(buf, field_number(vm, "memory_kib")));
}

void
cell_bmc(struct cell cell, const json_t *host)
{
	struct word state = word_bmc(field_text(host, "bmc_state"));

	put(cell, state.tone, state.text);
}
