/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over XML that knows tags, depth, comments and CDATA; no more. */
#include "scheduler/coordinator/virt_xml.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 1000
#define BLANKS    " \t\r\n"

struct walk {
	const char *at;
	unsigned depth;   /* open elements */
	bool root_seen;   /* and it is a domain */
	unsigned uuids;   /* found directly in the domain */
	const char *uuid; /* text of the last of them */
	size_t uuid_len;
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
	if (end[-1] != '/' && ++walk->depth > DEPTH_MAX)
		return -EINVAL;
	return 0;
}

int
virt_xml_read_uuid(const char *xml, char ret_uuid[REPORT_UUID_LEN])
{
	struct walk walk = { .at = xml };
	char uuid[REPORT_UUID_LEN];

	while ((walk.at = strchr(walk.at, '<')) != NULL) {
		int rc = skip_special(&walk);

		if (rc == 0)
			rc = walk_tag(&walk);
		if (rc < 0)
			return rc;
	}
	if (walk.depth != 0 || walk.uuids != 1 ||
	    walk.uuid_len != sizeof(uuid) - 1)
		return -EINVAL;
	memcpy(uuid, walk.uuid, sizeof(uuid) - 1);
	uuid[sizeof(uuid) - 1] = '\0';
	if (!virt_uuid_is_valid(uuid))
		return -EINVAL;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}
