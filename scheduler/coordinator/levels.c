/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/levels.h"

#include <stdio.h>
#include <string.h>

void
device_word_take(struct device_word *word, const struct power_result *result)
{
	if (result->rc == IPMI_CANCELLED)
		return;
	word->power = result->rc == IPMI_OK && result->power == IPMI_POWER_OFF
			      ? POWER_OFF
		      : result->power == IPMI_POWER_ON ? POWER_ON
						       : POWER_UNKNOWN;
	word->read_ms = result->last_read_ms != 0 ? result->last_read_ms
						  : result->done_ms;
	word->off_reads = word->power != POWER_OFF ? 0
			  : result->verified       ? 2
						   : 1;
	word->off_since_ms =
		word->off_reads == 2 ? result->first_read_ms : word->read_ms;
	snprintf(word->text, sizeof(word->text), "%s", result->text);
}

/* --- together ------------------------------------------------------------ */

/* Of the devices of one level, the weakest word.  What two supplies say is
 * proof only if there was a time at which both said it. */
static struct device_word
level_word(const struct level_device *devices, size_t n, unsigned level)
{
	struct device_word all = { .power = POWER_OFF,
				   .off_reads = 2,
				   .read_ms = INT64_MAX,
				   .off_since_ms = INT64_MAX };
	int64_t all_off_ms = 0;

	for (size_t i = 0; i < n; i++) {
		const struct device_word *word = devices[i].word;

		if (devices[i].level != level)
			continue;
		if (word->power != POWER_OFF)
			all.power = POWER_UNKNOWN;
		if (word->off_reads < all.off_reads)
			all.off_reads = word->off_reads;
		if (word->read_ms < all.read_ms)
			all.read_ms = word->read_ms;
		if (word->off_since_ms < all.off_since_ms)
			all.off_since_ms = word->off_since_ms;
		if (word->off_since_ms > all_off_ms)
			all_off_ms = word->off_since_ms;
	}
	if (all_off_ms > all.read_ms && all.off_reads > 1)
		all.off_reads = 1;
	if (all.power != POWER_OFF)
		all.off_reads = 0;
	return all;
}

/* More reads, then the younger. */
static bool
is_better(const struct device_word *a, const struct device_word *b)
{
	return a->off_reads != b->off_reads ? a->off_reads > b->off_reads
					    : a->read_ms > b->read_ms;
}

static void
take_best_off(const struct level_device *devices, size_t n,
	      struct levels_word *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct device_word word =
			level_word(devices, n, devices[i].level);

		if (word.power != POWER_OFF || (ret->word.power == POWER_OFF &&
						!is_better(&word, &ret->word)))
			continue;
		ret->word = word;
		ret->level = devices[i].level;
	}
}

static const struct level_device *
find_on(const struct level_device *devices, size_t n, bool is_bmc)
{
	for (size_t i = 0; i < n; i++)
		if (devices[i].is_bmc == is_bmc &&
		    devices[i].word->power == POWER_ON)
			return &devices[i];
	return NULL;
}

static bool
any_bmc_tells(const struct level_device *devices, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (devices[i].is_bmc &&
		    devices[i].word->power != POWER_UNKNOWN)
			return true;
	return false;
}

static int64_t
youngest(const struct level_device *devices, size_t n)
{
	int64_t read_ms = 0;

	for (size_t i = 0; i < n; i++)
		if (devices[i].word->read_ms > read_ms)
			read_ms = devices[i].word->read_ms;
	return read_ms;
}

static void
say(const struct level_device *devices, size_t n, struct device_word *word)
{
	size_t at = 0;

	word->text[0] = '\0';
	if (n == 1) {
		memcpy(word->text, devices[0].word->text, sizeof(word->text));
		return;
	}
	for (size_t i = 0; i < n && at < sizeof(word->text); i++) {
		const struct device_word *from = devices[i].word;

		/* Whoever prints it calls the whole "BMC". */
		at += (size_t)snprintf(word->text + at, sizeof(word->text) - at,
				       "%s%s%s%s", i > 0 ? "; " : "",
				       i > 0 ? devices[i].name : "",
				       i > 0 ? ": " : "",
				       from->text[0] != '\0' ? from->text
							     : "not read yet");
	}
}

void
levels_combine(const struct level_device *devices, size_t n,
	       struct levels_word *ret_word)
{
	const struct level_device *on = find_on(devices, n, true);
	struct levels_word out = { .level = 0 };

	if (on != NULL) {
		out.word.power = POWER_ON;
		out.word.read_ms = on->word->read_ms;
	} else {
		out.word.read_ms = youngest(devices, n);
		take_best_off(devices, n, &out);
	}
	out.fed = !any_bmc_tells(devices, n) &&
		  find_on(devices, n, false) != NULL;
	say(devices, n, &out.word);
	*ret_word = out;
}
