/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ipmi_farm.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "bmcfarm: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Beside the tests: build/unit/ROOM/test_x, build/lab/bmcfarm. */
static void
find_program(char path[PATH_MAX + 32])
{
	const char *given = getenv("BMCFARM");
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (given != NULL) {
		snprintf(path, PATH_MAX, "%s", given);
		return;
	}
	if (len < 0)
		die("/proc/self/exe");
	path[len] = '\0';
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(path, '/');
		if (slash == NULL)
			die(path);
		*slash = '\0';
	}
	snprintf(path + strlen(path), 32, "/lab/bmcfarm");
}

static _Noreturn void
run_farm(const struct ipmi_farm *farm, unsigned count, int out)
{
	char path[PATH_MAX + 32], text[16];

	find_program(path);
	snprintf(text, sizeof(text), "%u", count);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, STDOUT_FILENO);
	execl(path, "bmcfarm", "--count", text, "--base", "127.0.92.1",
	      "--control", farm->control, (char *)NULL);
	die(path);
}

void
ipmi_farm_start(struct ipmi_farm *farm, unsigned count)
{
	int out[2];

	strcpy(farm->dir, "/tmp/ironherd-farm-XXXXXX");
	if (mkdtemp(farm->dir) == NULL || pipe(out) < 0)
		die(farm->dir);
	snprintf(farm->control, sizeof(farm->control), "%s/control", farm->dir);
	farm->pid = fork();
	if (farm->pid < 0)
		die("fork");
	if (farm->pid == 0)
		run_farm(farm, count, out[1]);
	close(out[1]);
	char line[64] = "";
	FILE *said = fdopen(out[0], "r");
	if (said == NULL || fgets(line, sizeof(line), said) == NULL ||
	    strncmp(line, "ready ", 6) != 0)
		die("it did not start");
	farm->port = (unsigned)strtoul(line + 6, NULL, 10);
	fclose(said);
}

const char *
ipmi_farm_tell(const struct ipmi_farm *farm, const char *line)
{
	static char answer[8192];
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, farm->control, strlen(farm->control) + 1);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    write(fd, line, strlen(line)) < 0)
		die(line);
	ssize_t len = read(fd, answer, sizeof(answer) - 1);
	if (len <= 0)
		die(line);
	answer[len] = '\0';
	close(fd);
	return answer;
}

void
ipmi_farm_stop(struct ipmi_farm *farm)
{
	if (farm->pid <= 0)
		return;
	kill(farm->pid, SIGTERM);
	waitpid(farm->pid, NULL, 0);
	unlink(farm->control);
	rmdir(farm->dir);
	farm->pid = 0;
}
