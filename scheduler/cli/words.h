/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler/cli/words.h - the words of the API as a person should see them:
 * what is wrong is loud in capitals, so that it stands out without colours.
 */
#ifndef SCHEDULER_CLI_WORDS_H
#define SCHEDULER_CLI_WORDS_H

#include <jansson.h>
#include <stdbool.h>

/* From quiet to loud: the louder of two is the greater. */
enum tone { TONE_DIM, TONE_PLAIN, TONE_BOLD, TONE_GOOD, TONE_WARN, TONE_BAD };

struct word {
	const char *text; /* of the program, or of the JSON it came from */
	enum tone tone;
};

/* A word nobody told us about is shown as it is, and yellow: unknown is never
 * taken for good. */
struct word word_host_state(const json_t *host);
struct word word_health(const char *health);
struct word word_power(const char *power);
struct word word_bmc(const char *state);
struct word word_severity(const char *severity);
/* Of a sensor, as its BMC judges it; and how grave something is. */
struct word word_sensor_state(const char *state);
struct word word_grade(const char *grade);
/* State, phase and intent of a VM as one word. */
struct word word_vm(const json_t *vm);

/* Its load is of now: in every other state the figures are of the past. */
bool host_load_is_fresh(const json_t *host);

/* The escape sequence that starts a tone. */
const char *tone_sequence(enum tone tone);
#define TONE_END "\033[0m"

#endif
