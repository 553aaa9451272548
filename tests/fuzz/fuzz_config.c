/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzer of common/config: any bytes may come as a file.  Checked besides
 * crashes and leaks: the effective form of a good file reads back as the same
 * form, and a bad file never comes without a message.
 *
 *	clang -fsanitize=fuzzer,address,undefined ... fuzz_config.c common/X.c
 *	./fuzz_config tests/fuzz/corpus/config
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const modes[] = { "agentx", "standalone", NULL };

static const struct config_option inner[] = {
	{ .name = "address", .type = CONFIG_TEXT, .required = true },
	{ .name = "suite", .type = CONFIG_INT, .preset = "3", .max = 17 },
	{ .name = NULL }
};
static const struct config_option host[] = {
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true },
	{ .name = "bmc", .type = CONFIG_SECTION, .sections = inner },
	{ .name = "disk", .type = CONFIG_LIST, .sections = inner },
	{ .name = NULL }
};
static const struct config_option options[] = {
	{ .name = "site", .type = CONFIG_TEXT },
	{ .name = "ha", .type = CONFIG_BOOL, .preset = "on" },
	{ .name = "mode", .type = CONFIG_WORD, .words = modes },
	{ .name = "bmc", .type = CONFIG_SECTION, .sections = inner },
	{ .name = "host", .type = CONFIG_LIST, .sections = host },
	{ .name = NULL }
};

static struct config *
load_bytes(const void *data, size_t size)
{
	char path[32];
	int fd = memfd_create("config", 0);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct config *config = config_load(path, options);
	close(fd);
	return config;
}

static char *
effective_of(const struct config *config, size_t *ret_len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_len);

	config_print_effective(config, to);
	fclose(to);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = load_bytes(data, size);
	size_t len, again_len;
	char *text = NULL;

	if (config_count_errors(config) > 0) {
		FILE *to = open_memstream(&text, &len);

		config_print_errors(config, to);
		fclose(to);
		if (len == 0)
			abort();
		free(text);
		config_free(config);
		return 0;
	}
	text = effective_of(config, &len);
	config_free(config);
	config = load_bytes(text, len);
	char *again = effective_of(config, &again_len);
	if (config_count_errors(config) > 0 || len != again_len ||
	    memcmp(text, again, len) != 0)
		abort();
	config_free(config);
	free(text);
	free(again);
	return 0;
}
