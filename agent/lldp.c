/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two layouts are understood: that of "-f json", where names become keys and
 * a list of one is no list, and that of "-f json0", where everything is one.
 */
#include "agent/lldp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/roles.h"
#include "agent/text.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/worker.h"

const char *
lldp_command(void)
{
	static const char *const paths[] = { "/usr/sbin/lldpcli",
					     "/usr/bin/lldpcli",
					     "/usr/local/sbin/lldpcli" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

/* --- what it says -----------------------------------------------------------
 */

static const json_t *
first_of(const json_t *value)
{
	return json_is_array(value) ? json_array_get(value, 0) : value;
}

static const json_t *
member(const json_t *object, const char *key)
{
	return first_of(json_object_get(object, key));
}

static const char *
value_of(const json_t *object, const char *key)
{
	const json_t *value = member(object, key);

	if (json_is_object(value))
		value = json_object_get(value, "value");
	return json_string_value(value);
}

static const char *
system_name(const json_t *chassis)
{
	const char *name = value_of(chassis, "name");

	if (name == NULL && json_object_size(chassis) == 1) {
		const char *key = json_object_iter_key(
			json_object_iter((json_t *)chassis));

		if (json_is_object(first_of(json_object_get(chassis, key))) &&
		    value_of(chassis, key) == NULL)
			name = key;
	}
	return name != NULL ? name : value_of(chassis, "id");
}

/* Its own name of the port, but for a bare MAC. */
static const char *
port_name(const json_t *port)
{
	const char *type =
		json_string_value(json_object_get(member(port, "id"), "type"));
	const char *id = value_of(port, "id");
	const char *descr = value_of(port, "descr");
	bool good = type != NULL &&
		    (strcmp(type, "ifname") == 0 || strcmp(type, "local") == 0);

	if (id == NULL || (!good && descr != NULL))
		return descr;
	return id;
}

struct found {
	struct lldp_neighbour *list;
	size_t n;
};

static void
add_neighbour(struct found *found, const char *link, const json_t *from)
{
	const char *name = system_name(member(from, "chassis"));
	const char *port = port_name(member(from, "port"));

	if (strlen(link) >= UPLINK_NAME_LEN ||
	    found->n == LLDP_NEIGHBOURS_MAX || (name == NULL && port == NULL))
		return;
	for (size_t i = 0; i < found->n; i++)
		if (strcmp(found->list[i].link, link) == 0)
			return;
	struct lldp_neighbour *one = &found->list[found->n++];
	text_copy(one->link, sizeof(one->link), link);
	text_copy(one->name, sizeof(one->name), name);
	text_copy(one->port, sizeof(one->port), port);
}

static void
add_interface(struct found *found, const json_t *interface)
{
	const char *name =
		json_string_value(json_object_get(interface, "name"));
	const char *key;
	json_t *value;

	if (name != NULL) {
		add_neighbour(found, name, interface);
		return;
	}
	json_object_foreach ((json_t *)interface, key, value)
		add_neighbour(found, key, first_of(value));
}

size_t
lldp_parse(const json_t *answer, struct lldp_neighbour **ret_list)
{
	const json_t *interfaces =
		json_object_get(member(answer, "lldp"), "interface");
	struct found found = { 0 };

	found.list = xcalloc(LLDP_NEIGHBOURS_MAX, sizeof(*found.list));
	if (json_is_array(interfaces))
		for (size_t i = 0; i < json_array_size(interfaces); i++)
			add_interface(&found, json_array_get(interfaces, i));
	else
		add_interface(&found, interfaces);
	*ret_list = found.list;
	return found.n;
}

/* --- asking it ---------------------------------------------------------------
 */

static _Noreturn void
become(const char *command, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* we are killed when it hangs */
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(126);
	close_range(3, ~0U, 0);
	execl(command, command, "-f", "json", "show", "neighbors",
	      (char *)NULL);
	_exit(127);
}

static size_t
read_all(int fd, char *text, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, text + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

static int
run_command(const char *command, char *text, size_t room, size_t *ret_len,
	    struct err *err)
{
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "lldpcli");
	pid_t pid = fork();
	if (pid == 0)
		become(command, ends[1]);
	close(ends[1]);
	if (pid > 0)
		*ret_len = read_all(ends[0], text, room);
	close(ends[0]);
	if (pid < 0)
		return err_errno(err, -EAGAIN, "lldpcli");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, -EIO, "lldpcli fails; does lldpd run?");
	return *ret_len < room ? 0
			       : err_set(err, -EFBIG, "lldpcli says too much");
}

static json_t *
describe_all(const json_t *answer)
{
	cleanup_free struct lldp_neighbour *list = NULL;
	size_t n = lldp_parse(answer, &list);
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			all, json_pack("{s:o, s:o, s:o}", "link",
				       message_string(list[i].link), "name",
				       message_string(list[i].name), "port",
				       message_string(list[i].port)));
	return json_pack("{s:o}", "neighbours", all);
}

/* { "command" } -> { "neighbours": [{ "link", "name", "port" }] } or "error" */
static json_t *
ask_lldpd(void *state, const json_t *request)
{
	cleanup_free char *text = xcalloc(1, LLDP_BYTES_MAX);
	size_t len = 0;
	struct err err = { "" };

	(void)state;
	if (run_command(message_text(request, "command"), text, LLDP_BYTES_MAX,
			&len, &err) < 0)
		return json_pack("{s:o}", "error", message_string(err.text));
	json_t *answer = json_loadb(text, len, 0, NULL);
	if (answer == NULL)
		return json_pack("{s:s}", "error",
				 "what lldpcli says is no JSON");
	json_t *reply = describe_all(answer);
	json_decref(answer);
	return reply;
}

int
lldp_worker_serve(int fd)
{
	return worker_serve_requests(fd, ask_lldpd, NULL);
}
