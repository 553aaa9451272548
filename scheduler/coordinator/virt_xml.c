/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over XML that knows tags, depth, comments and CDATA; no more. */
#include "scheduler/coordinator/virt_xml.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/alloc.h"

#define DEPTH_MAX 1000
#define BLANKS    " \t\r\n"

struct walk {
	const char *at;
	unsigned depth;   /* open elements */
	bool root_seen;   /* and it is a domain */
	unsigned uuids;   /* found directly in the domain */
	const char *uuid; /* text of the last of them */
	size_t uuid_len;

	bool in_devices, in_disk;
	char **paths; /* NULL: not asked for */
	size_t n_paths;
};

bool
virt_uuid_is_valid(const char *uuid)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(uuid) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)uuid[i])
				   : uuid[i] != '-')
			return false;
	return true;
}

/* Things that are skipped whole, by how they begin and end. */
static const struct {
	const char *begin, *end;
} skipped[] = {
	{ "<!--", "-->" },
	{ "<![CDATA[", "]]>" },
	{ "<?", "?>" },
};

/* 1: skipped; 0: it is none of these; -EINVAL: it does not end, or is a
 * DOCTYPE or the like. */
static int
skip_special(struct walk *walk)
{
	for (size_t i = 0; i < sizeof(skipped) / sizeof(*skipped); i++) {
		size_t len = strlen(skipped[i].begin);

		if (strncmp(walk->at, skipped[i].begin, len) != 0)
			continue;
		const char *end = strstr(walk->at + len, skipped[i].end);
		if (end == NULL)
			return -EINVAL;
		walk->at = end + strlen(skipped[i].end);
		return 1;
	}
	return walk->at[1] == '!' ? -EINVAL : 0;
}

/* The '>' of the tag at `at`; quoted values may hold others. */
static const char *
find_tag_end(const char *at)
{
	char quote = '\0';

	for (; *at != '\0'; at++) {
		if (quote != '\0')
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at;
	}
	return NULL;
}

static bool
tag_is(const char *tag, const char *name)
{
	size_t len = strlen(name);

	return strncmp(tag, name, len) == 0 &&
	       strchr(BLANKS "/>", tag[len]) != NULL;
}

static void
note_uuid(struct walk *walk, const char *text)
{
	walk->uuids++;
	walk->uuid = text + strspn(text, BLANKS);
	walk->uuid_len = strcspn(walk->uuid, BLANKS "<");
}

/* The value of an attribute between `tag` and `end`, or NULL. */
static const char *
find_value(const char *tag, const char *end, const char *name, size_t *ret_len)
{
	size_t len = strlen(name);

	for (const char *at = tag + strcspn(tag, BLANKS "/>"); at < end;) {
		at += strspn(at, BLANKS);
		const char *key = at;
		at += strcspn(at, "=" BLANKS "/>");
		size_t key_len = (size_t)(at - key);
		at += strspn(at, BLANKS "=");
		if (at >= end || (*at != '"' && *at != '\''))
			return NULL;
		const char *value = at + 1;
		at = strchr(value, *at);
		if (at == NULL || at > end)
			return NULL;
		if (key_len == len && memcmp(key, name, len) == 0) {
			*ret_len = (size_t)(at - value);
			return value;
		}
		at++;
	}
	return NULL;
}

static const struct {
	const char *entity;
	char letter;
} entities[] = { { "&amp;", '&' },
		 { "&lt;", '<' },
		 { "&gt;", '>' },
		 { "&quot;", '"' },
		 { "&apos;", '\'' } };

static char *
unescape(const char *value, size_t len)
{
	char *text = xcalloc(len + 1, 1);

	for (size_t i = 0, n = 0; i < len; n++) {
		text[n] = value[i];
		size_t used = 1;
		for (size_t k = 0; k < sizeof(entities) / sizeof(*entities);
		     k++) {
			size_t part = strlen(entities[k].entity);

			if (len - i < part ||
			    memcmp(value + i, entities[k].entity, part) != 0)
				continue;
			text[n] = entities[k].letter;
			used = part;
		}
		i += used;
	}
	return text;
}

static void
note_path(struct walk *walk, const char *tag, const char *end)
{
	size_t len;
	const char *value = find_value(tag, end, "file", &len);

	if (value == NULL)
		value = find_value(tag, end, "dev", &len);
	if (value == NULL || value[0] != '/')
		return;
	walk->paths = xrealloc(walk->paths, walk->n_paths + 2, sizeof(char *));
	walk->paths[walk->n_paths++] = unescape(value, len);
	walk->paths[walk->n_paths] = NULL;
}

/* Where the walk is: in a disk's sources, or elsewhere. */
static void
note_place(struct walk *walk, const char *tag, const char *end)
{
	if (walk->depth == 1)
		walk->in_devices = tag_is(tag, "devices");
	if (walk->depth == 2)
		walk->in_disk = walk->in_devices && tag_is(tag, "disk");
	if (walk->depth > 2 && walk->in_disk && walk->paths != NULL &&
	    tag_is(tag, "source"))
		note_path(walk, tag, end);
}

static int
walk_tag(struct walk *walk)
{
	const char *tag = walk->at + 1;
	const char *end = find_tag_end(tag);

	if (end == NULL)
		return -EINVAL;
	walk->at = end + 1;
	if (*tag == '/')
		return walk->depth-- > 0 ? 0 : -EINVAL;
	if (walk->depth == 0) {
		if (walk->root_seen || !tag_is(tag, "domain"))
			return -EINVAL;
		walk->root_seen = true;
	}
	if (walk->depth == 1 && tag_is(tag, "uuid"))
		note_uuid(walk, end + 1);
	note_place(walk, tag, end);
	if (end[-1] != '/' && ++walk->depth > DEPTH_MAX)
		return -EINVAL;
	return 0;
}

static int
walk_all(struct walk *walk)
{
	while ((walk->at = strchr(walk->at, '<')) != NULL) {
		int rc = skip_special(walk);

		if (rc == 0)
			rc = walk_tag(walk);
		if (rc < 0)
			return rc;
	}
	return walk->depth == 0 ? 0 : -EINVAL;
}

char **
virt_xml_read_paths(const char *xml)
{
	struct walk walk = { .at = xml, .paths = xcalloc(1, sizeof(char *)) };

	if (walk_all(&walk) == 0)
		return walk.paths;
	virt_xml_free_paths(walk.paths);
	return NULL;
}

void
virt_xml_free_paths(char **paths)
{
	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++)
		free(paths[i]);
	free(paths); /* NOLINT(bugprone-multi-level-implicit-pointer-conversion)
		      */
}

int
virt_xml_read_uuid(const char *xml, char ret_uuid[REPORT_UUID_LEN])
{
	struct walk walk = { .at = xml };
	char uuid[REPORT_UUID_LEN];
	int rc = walk_all(&walk);

	if (rc < 0)
		return rc;
	if (walk.uuids != 1 || walk.uuid_len != sizeof(uuid) - 1)
		return -EINVAL;
	memcpy(uuid, walk.uuid, sizeof(uuid) - 1);
	uuid[sizeof(uuid) - 1] = '\0';
	if (!virt_uuid_is_valid(uuid))
		return -EINVAL;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}
