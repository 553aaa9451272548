/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/features.h"
#include "agent/text.h"
#include "agent/uuid.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/num.h"

#define FILE_BYTES_MAX 4096
#define HEAD           "ironherd-control 1"

void
control_preset(struct control *control)
{
	*control = (struct control){ .set = { .maintenance = SWITCH_OFF,
					      .overcommit = SWITCH_OFF,
					      .lease = SWITCH_OFF,
					      .lease_ms = LEASE_MS_PRESET } };
}

/* What is behind "NAME " on the next line; NULL when it is another. */
static const char *
take_line(char **rest, const char *name)
{
	char *line = *rest, *end = strchr(line, '\n');
	size_t len = strlen(name);

	if (end == NULL)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	if (strncmp(line, name, len) != 0)
		return NULL;
	if (line[len] == ' ')
		return line + len + 1;
	return line[len] == '\0' ? line + len : NULL;
}

static bool
take_switch(char **rest, const char *name, enum detail_switch *ret_value)
{
	const char *text = take_line(rest, name);
	bool on;

	if (text == NULL || num_parse_bool(text, &on) < 0)
		return false;
	*ret_value = on ? SWITCH_ON : SWITCH_OFF;
	return true;
}

static bool
take_number(char **rest, const char *name, uint32_t min, uint32_t max,
	    uint32_t *ret_value)
{
	const char *text = take_line(rest, name);
	uint64_t value;

	if (text == NULL || num_parse_u64(text, max, &value) < 0 || value < min)
		return false;
	*ret_value = (uint32_t)value;
	return true;
}

static bool
take_boot(char **rest, char ret_boot[REPORT_UUID_LEN])
{
	const char *text = take_line(rest, "looked-boot");

	if (text == NULL)
		return false;
	ret_boot[0] = '\0';
	return text[0] == '\0' || uuid_parse(text, ret_boot) == 0;
}

static bool
take_baseline(char **rest, char ret_name[REPORT_NAME_LEN])
{
	static const char line[] = "cpu-baseline ";

	ret_name[0] = '\0';
	if (strncmp(*rest, line, sizeof(line) - 1) != 0)
		return true;
	const char *name = take_line(rest, "cpu-baseline");
	if (!features_is_name(name) || strlen(name) >= REPORT_NAME_LEN)
		return false;
	text_copy(ret_name, REPORT_NAME_LEN, name);
	return true;
}

static bool
take_end(char **rest)
{
	const char *text = take_line(rest, "end");

	return text != NULL && text[0] == '\0' && **rest == '\0';
}

int
control_parse(const char *text, struct control *ret_control)
{
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy;
	struct control c = { 0 };
	const char *head = take_line(&rest, HEAD);

	if (head == NULL || head[0] != '\0' ||
	    !take_switch(&rest, "maintenance", &c.set.maintenance) ||
	    !take_switch(&rest, "overcommit", &c.set.overcommit) ||
	    !take_switch(&rest, "lease", &c.set.lease) ||
	    !take_number(&rest, "lease-ms", LEASE_MS_MIN, LEASE_MS_MAX,
			 &c.set.lease_ms) ||
	    !take_number(&rest, "renew", 0, UINT32_MAX, &c.set.renew) ||
	    !take_number(&rest, "fired", 0, UINT32_MAX, &c.times_fired) ||
	    !take_boot(&rest, c.looked_boot) ||
	    !take_baseline(&rest, c.set.cpu_baseline) || !take_end(&rest))
		return -EINVAL;
	*ret_control = c;
	return 0;
}

static const char *
word(enum detail_switch value)
{
	return value == SWITCH_ON ? "on" : "off";
}

char *
control_print(const struct control *control, size_t *ret_len)
{
	const struct detail_control *set = &control->set;
	const bool named = set->cpu_baseline[0] != '\0';
	char *text =
		xasprintf(HEAD "\nmaintenance %s\novercommit %s\n"
			       "lease %s\nlease-ms %" PRIu32 "\nrenew %" PRIu32
			       "\nfired %" PRIu32 "\nlooked-boot %s\n"
			       "%s%s%send\n",
			  word(set->maintenance), word(set->overcommit),
			  word(set->lease), set->lease_ms, set->renew,
			  control->times_fired, control->looked_boot,
			  named ? "cpu-baseline " : "", set->cpu_baseline,
			  named ? "\n" : "");

	*ret_len = strlen(text);
	return text;
}

void
control_load(const char *path, struct control *ret_control)
{
	cleanup_free char *text = NULL;
	struct err err = { "" };
	size_t len = 0;

	control_preset(ret_control);
	int rc = file_read(path, FILE_BYTES_MAX, &text, &len, &err);
	if (rc == -ENOENT)
		return;
	if (rc == 0 && strlen(text) == len &&
	    control_parse(text, ret_control) == 0)
		return;
	log_warn("control",
		 "%s is damaged%s%s: what was set from outside is off again",
		 path, err.text[0] != '\0' ? ": " : "", err.text);
}
