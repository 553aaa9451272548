/* SPDX-License-Identifier: Apache-2.0 */
/* ironherd-sim cases: play scenarios, one trace for each. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "scheduler/sim/commands.h"
#include "scheduler/sim/scenario.h"
#include "scheduler/sim/scratch.h"

struct run {
	const char *trace; /* folder; NULL: none is written */
	const char *only;
	const char *scratch;
	unsigned played, skipped, failed;
};

static void
play(struct run *run, const json_t *json)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	cleanup_free char *path =
		run->trace != NULL ? xasprintf("%s/%s.jsonl", run->trace, id)
				   : NULL;
	cleanup_fclose FILE *to = path != NULL ? fopen(path, "we") : NULL;
	struct err err;

	if (path != NULL && to == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		run->failed++;
		return;
	}
	scratch_empty(run->scratch);
	if (scenario_play(json, run->scratch, to, &err) < 0) {
		printf("FAILED %s: %s\n", id, err.text);
		run->failed++;
		return;
	}
	run->played++;
}

static void
take(struct run *run, const json_t *json)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	const char *missing;

	if (run->only != NULL && strcmp(id, run->only) != 0)
		return;
	missing = scenario_missing(json);
	if (missing != NULL) {
		printf("skipped %s: %s is not offered\n", id, missing);
		run->skipped++;
		return;
	}
	play(run, json);
}

static int
take_file(struct run *run, const char *path)
{
	cleanup_fclose FILE *from = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t size = 0, number = 0;

	if (from == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 2;
	}
	while (getline(&line, &size, from) > 0) {
		json_error_t why;
		json_t *json = json_loads(line, 0, &why);

		number++;
		if (json == NULL ||
		    !json_is_string(json_object_get(json, "id"))) {
			fprintf(stderr, "%s:%zu: no scenario: %s\n", path,
				number, json == NULL ? why.text : "no id");
			json_decref(json);
			return 2;
		}
		take(run, json);
		json_decref(json);
	}
	return 0;
}

int
sim_cases(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "trace", required_argument, NULL, 't' },
		{ "only", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	struct run run = { .trace = NULL };
	int opt, status = 0;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 't')
			run.trace = optarg;
		else if (opt == 'o')
			run.only = optarg;
		else
			return 2;
	}
	if (optind == argc) {
		fprintf(stderr, "ironherd-sim cases: no file is named\n");
		return 2;
	}
	if (run.trace != NULL)
		mkdir(run.trace, 0755);
	cleanup_free char *scratch = scratch_new();
	run.scratch = scratch;
	while (status == 0 && optind < argc)
		status = take_file(&run, argv[optind++]);
	scratch_remove(scratch);
	printf("%u played, %u skipped, %u failed\n", run.played, run.skipped,
	       run.failed);
	return status != 0 ? status : run.failed > 0;
}
