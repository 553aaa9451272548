/* SPDX-License-Identifier: Apache-2.0 */
/* Whose definition is it?  Only one plain answer is taken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/alloc.h"
#include "common/cleanup.h"
#include "scheduler/coordinator/virt_xml.h"

#define A  "11111111-1111-1111-1111-111111111111"
#define B  "22222222-2222-2222-2222-222222222222"
#define UA "<uuid>" A "</uuid>"
#define UB "<uuid>" B "</uuid>"

static void
the_uuid_directly_in_the_domain_is_found(void **state)
{
	static const char *const good[] = {
		"<domain type='kvm'>" UA "</domain>",
		"<?xml version='1.0'?>\n<!-- " UB " --><domain>" UA
		"</domain>\n",
		"<domain><uuid>\n\t" A "\r\n </uuid></domain>",
		"<domain a='<uuid>' b=\"/>\">" UA "</domain >",
		"<domain><metadata><x:y>" UB "</x:y></metadata>" UA "</domain>",
		"<domain><name><![CDATA[" UB "<]]></name>" UA "</domain>",
		"<domain><devices/><a></a>" UA "<b x='1'/></domain>",
		"<domain><uuids/><uuid >" A "</uuid></domain>",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char uuid[REPORT_UUID_LEN] = "";

		if (virt_xml_read_uuid(good[i], uuid) < 0)
			fail_msg("refused: %s", good[i]);
		assert_string_equal(uuid, A);
	}
}

static void
anything_doubtful_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"<",
		">",
		"<domain",
		"<domain>" UA,
		"<domain></domain>",
		"<domain/>",
		"<domain>" UA UB "</domain>",
		"<domain>" UA UA "</domain>",
		"<domain>" UA "</domain><domain>" UA "</domain>",
		"<network>" UA "</network>",
		"<domainsnapshot><domain>" UA "</domain></domainsnapshot>",
		"</domain><domain>" UA "</domain>",
		"<domain><uuid/></domain>",
		"<domain><uuid></uuid></domain>",
		"<domain><uuid>" A "0</uuid></domain>",
		"<domain><uuid>1111111-11111-1111-1111-111111111111</uuid></"
		"domain>",
		"<domain><uuid>11111111-1111-1111-1111-11111111111g</uuid></"
		"domain>",
		"<domain><x>" UA "</x></domain>",
		"<domain><!-- " UA "</domain>",
		"<domain><!-- " UA " --></domain>",
		"<!DOCTYPE domain><domain>" UA "</domain>",
		"<domain><!ENTITY a 'b'>" UA "</domain>",
		"<domain a='" UA "</domain>",
	};
	(void)state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char uuid[REPORT_UUID_LEN] = "untouched";

		if (virt_xml_read_uuid(bad[i], uuid) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(uuid, "untouched");
	}
}

static void
deep_nesting_is_refused(void **state)
{
	cleanup_free char *deep = xcalloc(1, 8 + 3 * 100000 + 1);
	char uuid[REPORT_UUID_LEN];
	(void)state;

	memcpy(deep, "<domain>", 8);
	for (size_t i = 0; i < 100000; i++)
		memcpy(deep + 8 + 3 * i, "<a>", 4);
	assert_int_equal(virt_xml_read_uuid(deep, uuid), -EINVAL);
}

/* Every beginning of a text, and the text with each byte changed: read within
 * its bounds (the sanitizers look), and never another VM's. */
static void
spoilt_text_gives_no_other_uuid(void **state)
{
	static const char text[] =
		"<domain a='b'><!-- c --><metadata><![CDATA[d]]></metadata>" UA
		"<devices x=\"y\"/></domain>";
	static const char changes[] = "<>/!'\"-[]? \x80";
	char uuid[REPORT_UUID_LEN];
	(void)state;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		cleanup_free char *copy = xstrdup(text);

		for (size_t k = 0; k < sizeof(changes); k++) {
			copy[i] = changes[k]; /* the last one ends the text */
			if (virt_xml_read_uuid(copy, uuid) == 0)
				assert_string_equal(uuid, A);
		}
	}
}

/* The paths found, with a blank behind each; "-" for none that can be read. */
static const char *
paths_of(const char *xml)
{
	static char text[512];
	char **paths = virt_xml_read_paths(xml);

	strcpy(text, paths == NULL ? "-" : "");
	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%s ", paths[i]);
	virt_xml_free_paths(paths);
	return text;
}

#define DISKS(text) "<domain>" UA "<devices>" text "</devices></domain>"

static void
the_paths_of_disks_are_found_and_no_others(void **state)
{
	(void)state;
	assert_string_equal(
		paths_of(DISKS(
			"<disk type='file'><driver name='qemu'/>"
			"<source file='/ds1/a.qcow2' index='1'/>"
			"<backingStore><source file=\"/ds2/b\"/></backingStore>"
			"</disk><disk><source startupPolicy='x' "
			"dev = '/dev/c'/></disk>")),
		"/ds1/a.qcow2 /ds2/b /dev/c ");
	assert_string_equal(
		paths_of(DISKS(
			"<disk type='network'><source protocol='nbd' name='v'>"
			"<host name='h'/></source></disk>"
			"<disk device='cdrom'/><disk><source "
			"file='rel'/></disk>"
			"<filesystem><source dir='/x' file='/y'/></filesystem>"
			"<interface><source dev='/z'/></interface>")),
		"");
	assert_string_equal(paths_of("<domain><metadata><disk><source file='/x'"
				     "/></disk></metadata></domain>"),
			    "");
	assert_string_equal(paths_of(DISKS(
				    "<!-- <disk><source file='/x'/></disk> -->"
				    "<disk><source file='/a&amp;b&apos;&zz;'/>"
				    "<source file='/tail'/></disk>")),
			    "/a&b'&zz; /tail ");
}

static void
paths_of_spoilt_text_are_not_read(void **state)
{
	static const char text[] =
		DISKS("<disk><source file='/a' dev=\"/b\"/></disk>");
	static const char changes[] = "<>/!?'\"a= \0";
	(void)state;

	assert_string_equal(paths_of(DISKS("<disk><source file='/a'")), "-");
	assert_string_equal(paths_of("<!DOCTYPE x><domain/>"), "-");
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		cleanup_free char *copy = xstrdup(text);

		for (size_t k = 0; k < sizeof(changes); k++) {
			copy[i] = changes[k];
			assert_true(strlen(paths_of(copy)) < sizeof(text));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_uuid_directly_in_the_domain_is_found),
		cmocka_unit_test(anything_doubtful_is_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(spoilt_text_gives_no_other_uuid),
		cmocka_unit_test(the_paths_of_disks_are_found_and_no_others),
		cmocka_unit_test(paths_of_spoilt_text_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
