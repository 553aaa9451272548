/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the judgement whether other hosts can reach a VM's disks, and of
 * the scanner below it, with XML that nobody would want to read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/disks.h"
#include "agent/host_model.h"
#include "agent/xml.h"

static char mounts[] =
	"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	"23 22 0:40 / /mnt/nfs rw,relatime shared:9 - nfs4 srv:/x rw\n"
	"24 23 8:2 / /mnt/nfs/local rw - xfs /dev/sdb rw\n"
	"25 22 0:41 / /mnt/gl rw - fuse.glusterfs g:/v rw\n"
	"26 22 0:42 / /mnt/odd\\040name rw - nfs srv:/y rw\n"
	"27 22 0:43 / /mnt/two rw - nfs srv:/z rw\n"
	"28 27 8:3 / /mnt/two rw - ext4 /dev/sdc rw\n"
	"garbage\n"
	"29 22\n";

static const char *folders[] = { "/srv/shared/", "/dev/vg_shared" };

#define DOMAIN(disks)                                                     \
	"<?xml version='1.0'?>\n<domain type='qemu'>\n<!-- <disk> -->"    \
	"<name>x</name><metadata><a:disk xmlns:a='u'><source file='/e'/>" \
	"</a:disk></metadata><devices>" disks "</devices></domain>\n"
#define FILE_DISK(path) \
	"<disk type='file' device='disk'><source file='" path "'/></disk>"

static bool
is_shared(const char *xml)
{
	const struct disks_rules rules = { .shared_folders = folders,
					   .n_shared_folders = 2,
					   .mountinfo = mounts };

	return disks_are_shared(xml, &rules);
}

static void
network_disks_are_shared_unless_served_here(void **state)
{
	(void)state;
	assert_true(is_shared(
		DOMAIN("<disk type='network'><source protocol='nbd' name='v'>"
		       "<host name='10.92.0.254' port='10809'/></source>"
		       "</disk>")));
	assert_false(is_shared(
		DOMAIN("<disk type='network'><source protocol='nbd' name='v'>"
		       "<host name='localhost' port='1'/></source></disk>")));
	assert_false(
		is_shared(DOMAIN("<disk type='network'><source protocol='nbd'>"
				 "<host name='127.0.0.1'/></source></disk>")));
	assert_false(
		is_shared(DOMAIN("<disk type='network'><source protocol='nbd'>"
				 "<host transport='unix' socket='/s'/></source>"
				 "</disk>")));
}

static void
files_are_shared_by_folder_or_by_file_system(void **state)
{
	(void)state;
	assert_true(is_shared(DOMAIN(FILE_DISK("/srv/shared/a.qcow2"))));
	assert_true(is_shared(DOMAIN(FILE_DISK("/mnt/nfs/a"))));
	assert_true(is_shared(DOMAIN(FILE_DISK("/mnt/gl/d/a"))));
	assert_true(is_shared(DOMAIN("<disk type='block'><source "
				     "dev='/dev/vg_shared/a'/></disk>")));
	assert_false(is_shared(DOMAIN(FILE_DISK("/var/lib/a"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/srv/shared2/a"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/mnt/nfsx/a"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/mnt/nfs/local/a"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/mnt/two/a"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/mnt/odd name/a"))));
	assert_false(is_shared(
		DOMAIN("<disk type='block'><source dev='/dev/sdx'/></disk>")));
}

static void
dots_do_not_lead_out_of_a_shared_folder(void **state)
{
	(void)state;
	assert_false(is_shared(DOMAIN(FILE_DISK("/srv/shared/../../etc/x"))));
	assert_false(is_shared(DOMAIN(FILE_DISK("/srv/shared/.."))));
	assert_false(is_shared(DOMAIN(FILE_DISK("relative"))));
}

static void
every_disk_and_every_layer_counts(void **state)
{
	(void)state;
	assert_false(
		is_shared(DOMAIN(FILE_DISK("/mnt/nfs/a") FILE_DISK("/var/b"))));
	assert_false(is_shared(
		DOMAIN("<disk type='file'><source file='/mnt/nfs/a'/>"
		       "<backingStore type='file'><source file='/var/base'/>"
		       "<backingStore/></backingStore></disk>")));
	assert_true(is_shared(DOMAIN(
		"<disk type='file'><source file='/mnt/nfs/a'/>"
		"<backingStore type='file'><source file='/mnt/nfs/base'/>"
		"<backingStore/></backingStore></disk>")));
	assert_false(is_shared(
		DOMAIN("<disk type='volume'><source pool='p'/></disk>")));
	assert_false(is_shared(
		DOMAIN("<disk type='dir'><source dir='/mnt/nfs/d'/></disk>")));
}

static void
an_empty_drive_and_no_disk_at_all_are_fine(void **state)
{
	(void)state;
	assert_true(is_shared(DOMAIN("")));
	assert_true(is_shared(
		DOMAIN("<disk type='file' device='cdrom'><target dev='hda'/>"
		       "</disk>")));
	assert_true(is_shared(
		DOMAIN("<disk type='file' device='cdrom'><source/></disk>")));
}

static void
xml_that_is_none_is_not_shared(void **state)
{
	static const char *const texts[] = {
		"",
		"no xml",
		"<domain>",
		"<domain></other>",
		"</domain>",
		"<domain><devices></domain></devices>",
		"<domain a=b></domain>",
		"<domain a='<'></domain>",
		"<domain a='x></domain>",
		"<!DOCTYPE d [<!ENTITY e 'x'>]><domain></domain>",
		"<domain><!-- </domain>",
		"<domain><![CDATA[ </domain>",
		"<domain/ >",
		"<",
		"<domain><>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(is_shared(texts[i]));
}

static void
deep_and_long_xml_is_refused_not_followed(void **state)
{
	char *deep = calloc(1, 4 * 100000 + 1);
	char name[XML_NAME_MAX + 8];

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		memcpy(deep + 3 * i, "<a>", 3);
	assert_false(is_shared(deep));
	free(deep);
	snprintf(name, sizeof(name), "<%0*d/>", XML_NAME_MAX, 0);
	memset(name + 1, 'n', XML_NAME_MAX);
	assert_false(is_shared(name));
}

static void
every_cut_of_a_definition_is_not_shared(void **state)
{
	const char *whole = DOMAIN(FILE_DISK("/mnt/nfs/a"));
	const size_t end = (size_t)(strstr(whole, "</domain>") - whole) + 9;

	(void)state;
	for (size_t n = 0; n < end; n++) {
		char *part = strndup(whole, n);

		assert_false(is_shared(part));
		free(part);
	}
	assert_true(is_shared(whole));
}

static void
attributes_are_decoded_and_found_by_their_whole_name(void **state)
{
	struct xml xml;
	char value[16];

	(void)state;
	xml_start(&xml, "<a><b xfile='no' file=\"&lt;&amp;'&quot;&foo;\" "
			"file2='n'>t&gt;x</b></a>");
	assert_int_equal(xml_next(&xml), XML_OPEN);
	assert_int_equal(xml_next(&xml), XML_OPEN);
	assert_true(xml_at(&xml, "a/b"));
	assert_false(xml_at(&xml, "a"));
	assert_false(xml_at(&xml, "a/b/"));
	assert_false(xml_at(&xml, "a/bb"));
	assert_true(xml_attr(&xml, "file", value, sizeof(value)));
	assert_string_equal(value, "<&'\"&foo;");
	assert_false(xml_attr(&xml, "fil", value, sizeof(value)));
	assert_true(xml_attr(&xml, "file", value, 3));
	assert_string_equal(value, "<&");
	xml_text(&xml, value, sizeof(value));
	assert_string_equal(value, "t>x");
	assert_int_equal(xml_next(&xml), XML_CLOSE);
	assert_int_equal(xml_next(&xml), XML_CLOSE);
	assert_int_equal(xml_next(&xml), XML_END);
}

/* --- the CPU of guests ---------------------------------------------------- */

static void
the_host_model_is_cut_out_whole_or_not_at_all(void **state)
{
	char *cpu = host_model_extract(
		"<a><mode name='host-model' supported='no'></mode>"
		"<mode name='host-model' supported='yes' x='1'>\n"
		"<model>M</model></mode><mode name='custom'></mode></a>");

	(void)state;
	assert_string_equal(cpu, "<cpu>\n<model>M</model></cpu>");
	free(cpu);
	assert_null(host_model_extract(""));
	assert_null(host_model_extract(
		"<mode name='host-model' supported='no'></mode>"));
	assert_null(host_model_extract(
		"<mode name='host-model' supported='yes'><model>M</model>"));
	assert_null(host_model_extract("<mode name='host-model' "
				       "supported='yes'"));
}

static void
only_required_features_count(void **state)
{
	json_t *reply = host_model_describe(
		"<cpu mode='custom'><model fallback='forbid'>EPYC</model>"
		"<feature policy='require' name='avx2'/>"
		"<feature policy='disable' name='rdseed'/>"
		"<feature name='x'/><feature policy='require'/></cpu>",
		"qemu");
	const json_t *names = json_object_get(reply, "features");

	(void)state;
	assert_int_equal(json_array_size(names), 1);
	assert_string_equal(json_string_value(json_array_get(names, 0)),
			    "avx2");
	assert_string_equal(json_string_value(json_object_get(reply, "model")),
			    "EPYC");
	json_decref(reply);
	assert_null(host_model_describe(
		"<cpu><feature policy='require' name='avx2'/>", "qemu"));
	assert_null(host_model_describe("", "qemu"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_disks_are_shared_unless_served_here),
		cmocka_unit_test(files_are_shared_by_folder_or_by_file_system),
		cmocka_unit_test(dots_do_not_lead_out_of_a_shared_folder),
		cmocka_unit_test(every_disk_and_every_layer_counts),
		cmocka_unit_test(an_empty_drive_and_no_disk_at_all_are_fine),
		cmocka_unit_test(xml_that_is_none_is_not_shared),
		cmocka_unit_test(deep_and_long_xml_is_refused_not_followed),
		cmocka_unit_test(every_cut_of_a_definition_is_not_shared),
		cmocka_unit_test(
			attributes_are_decoded_and_found_by_their_whole_name),
		cmocka_unit_test(the_host_model_is_cut_out_whole_or_not_at_all),
		cmocka_unit_test(only_required_features_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
