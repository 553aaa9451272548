/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/xml.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	char value;
} entities[] = {
	{ "&lt;", '<' },   { "&gt;", '>' },    { "&amp;", '&' },
	{ "&quot;", '"' }, { "&apos;", '\'' },
};

void
xml_start(struct xml *xml, const char *text)
{
	memset(xml, 0, sizeof(*xml));
	xml->at = text;
	xml->attrs = xml->attrs_end = xml->text = "";
}

static bool
is_name_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("_-.:", c));
}

static size_t
name_len(const char *at)
{
	size_t len = 0;

	while (is_name_char(at[len]))
		len++;
	return len;
}

/* Behind a comment, CDATA or processing instruction; NULL when it is none of
 * these or has no end. */
static const char *
skip_other(const char *at)
{
	static const struct {
		const char *open, *close;
	} kinds[] = {
		{ "<!--", "-->" },
		{ "<![CDATA[", "]]>" },
		{ "<?", "?>" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].open);

		if (strncmp(at, kinds[i].open, len) != 0)
			continue;
		const char *end = strstr(at + len, kinds[i].close);
		return end != NULL ? end + strlen(kinds[i].close) : NULL;
	}
	return NULL;
}

/* name="value" pairs up to '>' or "/>"; NULL when they are malformed. */
static const char *
skip_attrs(const char *at)
{
	for (;;) {
		at += strspn(at, " \t\r\n");
		if (*at == '>' || (at[0] == '/' && at[1] == '>'))
			return at;
		size_t len = name_len(at);
		if (len == 0 || at[len] != '=' ||
		    (at[len + 1] != '"' && at[len + 1] != '\''))
			return NULL;
		const char *value = at + len + 2;
		const char *end = strchr(value, at[len + 1]);
		if (end == NULL || memchr(value, '<', (size_t)(end - value)))
			return NULL;
		at = end + 1;
	}
}

static int
open_tag(struct xml *xml)
{
	size_t len = name_len(xml->at + 1);

	if (len == 0 || len >= XML_NAME_MAX || xml->depth == XML_DEPTH_MAX)
		return -EPROTO;
	memcpy(xml->path[xml->depth], xml->at + 1, len);
	xml->path[xml->depth][len] = '\0';
	xml->attrs = xml->at + 1 + len;
	xml->attrs_end = skip_attrs(xml->attrs);
	if (xml->attrs_end == NULL)
		return -EPROTO;
	xml->depth++;
	xml->empty = *xml->attrs_end == '/';
	xml->at = xml->attrs_end + (xml->empty ? 2 : 1);
	xml->text = xml->empty ? "<" : xml->at;
	return XML_OPEN;
}

static int
close_tag(struct xml *xml)
{
	const char *name = xml->at + 2;
	size_t len = name_len(name);
	const char *end = name + len + strspn(name + len, " \t\r\n");

	if (xml->depth == 0 || *end != '>' ||
	    strncmp(xml->path[xml->depth - 1], name, len) != 0 ||
	    xml->path[xml->depth - 1][len] != '\0')
		return -EPROTO;
	xml->depth--;
	xml->at = end + 1;
	return XML_CLOSE;
}

int
xml_next(struct xml *xml)
{
	const bool begun = xml->path[0][0] != '\0';

	if (xml->empty) {
		xml->empty = false;
		xml->depth--;
		return XML_CLOSE;
	}
	if (begun && xml->depth == 0)
		return XML_END;
	for (;;) {
		xml->at = strchr(xml->at, '<');
		if (xml->at == NULL)
			return -EPROTO;
		if (xml->at[1] != '!' && xml->at[1] != '?')
			break;
		xml->at = skip_other(xml->at);
		if (xml->at == NULL)
			return -EPROTO;
	}
	return xml->at[1] == '/' ? close_tag(xml) : open_tag(xml);
}

bool
xml_at(const struct xml *xml, const char *path)
{
	for (unsigned i = 0; i < xml->depth; i++) {
		size_t len = strlen(xml->path[i]);

		if (strncmp(path, xml->path[i], len) != 0)
			return false;
		path += len;
		if (*path == '/')
			path++;
		else if (*path != '\0' || i + 1 < xml->depth)
			return false;
	}
	return *path == '\0' && path[-1] != '/';
}

/* Entities that we do not know are left as they stand. */
static void
decode(const char *from, const char *end, char *to, size_t room)
{
	size_t n = 0;

	while (from < end && n + 1 < room) {
		size_t i = 0, len = 0;

		for (; i < sizeof(entities) / sizeof(*entities); i++) {
			len = strlen(entities[i].name);
			if (strncmp(from, entities[i].name, len) == 0)
				break;
		}
		if (i < sizeof(entities) / sizeof(*entities) &&
		    from + len <= end) {
			to[n++] = entities[i].value;
			from += len;
		} else {
			to[n++] = *from++;
		}
	}
	to[n] = '\0';
}

bool
xml_attr(const struct xml *xml, const char *name, char *ret_value, size_t room)
{
	const char *at = xml->attrs;

	for (;;) {
		at += strspn(at, " \t\r\n");
		if (at >= xml->attrs_end)
			return false;
		size_t len = name_len(at);
		const char *value = at + len + 2;
		const char *end = strchr(value, at[len + 1]);
		if (len == strlen(name) && memcmp(at, name, len) == 0) {
			decode(value, end, ret_value, room);
			return true;
		}
		at = end + 1;
	}
}

void
xml_text(const struct xml *xml, char *ret_text, size_t room)
{
	decode(xml->text, xml->text + strcspn(xml->text, "<"), ret_text, room);
}
