/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/xml.h - a scanner of tags for XML that libvirt has written.
 *
 * Domain definitions hold text of users (names, metadata), so all of it is
 * hostile; but what is wanted are a few attributes and element texts.  This
 * goes from tag to tag without building a tree, refuses what libvirt never
 * writes (DOCTYPE, and with it entities of one's own), and allocates nothing.
 */
#ifndef AGENT_XML_H
#define AGENT_XML_H

#include <stdbool.h>
#include <stddef.h>

enum { XML_DEPTH_MAX = 64, XML_NAME_MAX = 64, XML_VALUE_MAX = 4096 };

enum xml_event { XML_OPEN, XML_CLOSE, XML_END };

struct xml {
	const char *at;
	char path[XML_DEPTH_MAX][XML_NAME_MAX]; /* open elements, root first */
	unsigned depth;    /* of the current element, counted from 1 */
	const char *attrs; /* of the element that was opened last */
	const char *attrs_end;
	const char *text; /* behind the tag that was opened last */
	bool empty;       /* <a/>: its XML_CLOSE comes next */
};

void xml_start(struct xml *xml, const char *text);

/* The next tag: XML_OPEN (depth is its own), XML_CLOSE (depth is its
 * parent's, the name stands at path[depth]), XML_END behind the root.
 * -EPROTO when the text is no XML of libvirt's. */
int xml_next(struct xml *xml);

/* Is the open element at path "domain/devices/disk"? */
bool xml_at(const struct xml *xml, const char *path);

/* An attribute of the element opened last, entities replaced; cut to `room`.
 * false when it has none of that name. */
bool xml_attr(const struct xml *xml, const char *name, char *ret_value,
	      size_t room);

/* The text right behind the tag opened last, up to the next tag. */
void xml_text(const struct xml *xml, char *ret_text, size_t room);

#endif
