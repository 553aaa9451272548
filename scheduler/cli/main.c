/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ironherd - the operator's command; see ironherd(1).
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/num.h"
#include "scheduler/cli/cli.h"

enum { WIDTH_MAX = 1000 };

/* $COLUMNS outranks the terminal; without either there is no limit. */
static size_t
find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns != NULL && num_parse_u64(columns, WIDTH_MAX, &width) == 0)
		return (size_t)width;
	if (isatty(STDOUT_FILENO) &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 0;
}

static bool
wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(STDOUT_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

int
main(int argc, char **argv)
{
	setlocale(LC_ALL, "");
	log_start("ironherd", LOG_LEVEL_WARN);

	struct cli_io io = {
		.in = stdin,
		.out = stdout,
		.err = stderr,
		.can_ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO),
		.color = wants_color(),
		.width = find_width(),
		.now_ms = clock_wall_ms,
	};

	return cli_run(&io, argc, argv);
}
