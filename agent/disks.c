/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/disks.h"

#include <stdlib.h>
#include <string.h>

#include "agent/sysroot.h"
#include "agent/xml.h"
#include "common/alloc.h"
#include "common/cleanup.h"
#include "common/file.h"

#define PATH_ROOM 4096

#define MOUNTINFO_MAX (4u << 20)

/* File systems that all hosts of a cluster can have mounted at once. */
static const char *const shared_types[] = {
	"nfs",   "nfs4", "ceph", "fuse.ceph", "fuse.glusterfs", "gfs2",
	"ocfs2", "cifs", "smb3", "lustre",    "gpfs",           "beegfs",
};

void
disks_rules_load(struct disks_rules *rules, const json_t *folders,
		 const char *root)
{
	cleanup_free char *path = sysroot_path(root, "/proc/self/mountinfo");
	size_t n = json_array_size(folders);

	memset(rules, 0, sizeof(*rules));
	rules->shared_folders = xcalloc(n + 1, sizeof(*rules->shared_folders));
	for (size_t i = 0; i < n; i++)
		if (json_is_string(json_array_get(folders, i)))
			rules->shared_folders[rules->n_shared_folders++] =
				json_string_value(json_array_get(folders, i));
	if (file_read(path, MOUNTINFO_MAX, &rules->mountinfo, NULL, NULL) < 0)
		rules->mountinfo = xstrdup("");
}

void
disks_rules_done(struct disks_rules *rules)
{
	free(rules->shared_folders);
	free(rules->mountinfo);
	memset(rules, 0, sizeof(*rules));
}

/* Is `path` below `folder`?  By whole components, and without "..", which
 * could lead out of it again. */
static bool
is_below(const char *path, const char *folder, size_t len)
{
	while (len > 0 && folder[len - 1] == '/')
		len--;
	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static bool
is_plain(const char *path)
{
	size_t len = strlen(path);

	return path[0] == '/' && len < PATH_ROOM - 1 &&
	       strstr(path, "/../") == NULL &&
	       (len < 3 || strcmp(path + len - 3, "/..") != 0);
}

/* Field `n` (from 0) of a line whose fields are parted by single blanks. */
static const char *
field(const char *line, unsigned n, size_t *ret_len)
{
	for (; n > 0; n--) {
		line += strcspn(line, " \n");
		if (*line != ' ')
			return NULL;
		line++;
	}
	*ret_len = strcspn(line, " \n");
	return line;
}

static bool
is_shared_type(const char *type, size_t len)
{
	for (size_t i = 0; i < sizeof(shared_types) / sizeof(*shared_types);
	     i++)
		if (strlen(shared_types[i]) == len &&
		    memcmp(shared_types[i], type, len) == 0)
			return true;
	return false;
}

/* The longest mount point above the path decides; of two the later one, which
 * covers the other.  Mount points with blanks are written \040 and then match
 * nothing: not shared. */
static bool
is_on_shared_mount(const char *mountinfo, const char *path)
{
	size_t best = 0;
	bool shared = false;

	for (const char *line = mountinfo; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len, type_len;
		const char *point = field(line, 4, &len);
		const char *dash = strstr(line, " - ");

		if (point == NULL || dash == NULL || len < best ||
		    dash > line + strcspn(line, "\n") ||
		    (!is_below(path, point, len) &&
		     !(strlen(path) == len && memcmp(path, point, len) == 0)))
			continue;
		const char *type = field(dash + 3, 0, &type_len);
		best = len;
		shared = is_shared_type(type, type_len);
	}
	return shared;
}

static bool
is_shared_path(const char *path, const struct disks_rules *rules)
{
	if (!is_plain(path))
		return false;
	for (size_t i = 0; i < rules->n_shared_folders; i++)
		if (is_below(path, rules->shared_folders[i],
			     strlen(rules->shared_folders[i])))
			return true;
	return is_on_shared_mount(rules->mountinfo, path);
}

/* A <source> of type file, block, ...; an empty drive has none at all. */
static bool
judge_source(const struct xml *xml, const char *type,
	     const struct disks_rules *rules, char *path)
{
	if (strcmp(type, "file") == 0)
		return !xml_attr(xml, "file", path, PATH_ROOM) ||
		       is_shared_path(path, rules);
	if (strcmp(type, "block") == 0)
		return !xml_attr(xml, "dev", path, PATH_ROOM) ||
		       is_shared_path(path, rules);
	/* Network: its <host> elements are judged when they come. */
	return strcmp(type, "network") == 0;
}

static bool
judge_host(const struct xml *xml)
{
	char name[256] = "", transport[32] = "";

	xml_attr(xml, "transport", transport, sizeof(transport));
	xml_attr(xml, "name", name, sizeof(name));
	return strcmp(transport, "unix") != 0 &&
	       strcmp(name, "localhost") != 0 && strcmp(name, "::1") != 0 &&
	       strncmp(name, "127.", 4) != 0;
}

/* One element below <disk>.  Types nest: a disk, its backing stores and its
 * mirror have their own; each <source> follows its parent's. */
static bool
judge_element(const struct xml *xml, char (*types)[32],
	      const struct disks_rules *rules, char *path)
{
	const char *name = xml->path[xml->depth - 1];

	types[xml->depth][0] = '\0';
	xml_attr(xml, "type", types[xml->depth], sizeof(*types));
	if (strcmp(name, "source") == 0)
		return judge_source(xml, types[xml->depth - 1], rules, path);
	if (strcmp(name, "host") == 0 &&
	    strcmp(xml->path[xml->depth - 2], "source") == 0)
		return judge_host(xml);
	return true;
}

bool
disks_are_shared(const char *text, const struct disks_rules *rules)
{
	cleanup_free struct xml *xml = xcalloc(1, sizeof(*xml));
	cleanup_free char *path = xcalloc(1, PATH_ROOM);
	char types[XML_DEPTH_MAX + 1][32] = { "" };
	bool shared = true;
	int what;

	xml_start(xml, text);
	while ((what = xml_next(xml)) == XML_OPEN || what == XML_CLOSE)
		if (what == XML_OPEN && xml->depth >= 3 &&
		    strcmp(xml->path[0], "domain") == 0 &&
		    strcmp(xml->path[1], "devices") == 0 &&
		    strcmp(xml->path[2], "disk") == 0)
			shared = judge_element(xml, types, rules, path) &&
				 shared;
	return what == XML_END && shared;
}
