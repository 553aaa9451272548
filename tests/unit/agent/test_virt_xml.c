/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what is read out of the definition of a VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/virt_xml.h"

static struct vm_about
read_about(const char *xml)
{
	struct vm_about about;
	json_t *message = virt_xml_describe(xml);

	assert_non_null(message);
	vm_about_parse(message, &about);
	json_decref(message);
	return about;
}

static const char usual[] =
	"<domain type='kvm' id='3'>\n"
	" <name>vm1</name>\n"
	" <vcpu placement='static' cpuset='0-7' current='2'>4</vcpu>\n"
	" <memtune><min_guarantee unit='KiB'>524288</min_guarantee></memtune>\n"
	" <cputune><vcpupin vcpu='1' cpuset='4-5'/><vcpupin vcpu='0'"
	" cpuset='2'/></cputune>\n"
	" <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
	" <cpu mode='custom' match='exact'><model fallback='forbid'>"
	"Cascadelake-Server</model><feature policy='disable' name='invtsc'/>"
	"</cpu>\n"
	" <devices>\n"
	"  <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
	"<source file='/srv/a&amp;b.qcow2'/><backingStore type='file'><format"
	" type='raw'/><source file='/srv/base'/></backingStore>"
	"<target dev='vdb' bus='virtio'/></disk>\n"
	"  <disk type='network' device='disk'><driver type='raw'/><source"
	" protocol='nbd' name='vm1'><host name='192.0.2.1'/></source>"
	"<target dev='vda' bus='virtio'/></disk>\n"
	"  <disk type='file' device='cdrom'><target dev='sda' bus='sata'/>"
	"<readonly/></disk>\n"
	"  <interface type='bridge'><mac address='52:54:00:00:00:01'/>"
	"<source bridge='br0'/><target dev='vnet3'/><model type='virtio'/>"
	"<alias name='net4'/></interface>\n"
	"  <interface type='direct'><mac address='52:54:00:00:00:02'/>"
	"<source dev='eth1' mode='bridge'/><target dev='macvtap0'/>"
	"<model type='e1000'/><alias name='net0'/></interface>\n"
	"  <channel type='unix'><target type='virtio'"
	" name='org.qemu.guest_agent.0' state='connected'/></channel>\n"
	"  <memballoon model='virtio'><stats period='10'/></memballoon>\n"
	" </devices>\n"
	"</domain>\n";

static void
a_definition_is_read(void **state)
{
	struct vm_about about = read_about(usual);

	(void)state;
	assert_string_equal(about.os, "hvm");
	assert_string_equal(about.machine, "pc-q35-7.2");
	assert_string_equal(about.cpu_model, "Cascadelake-Server");
	assert_int_equal(about.vcpus, 2);
	assert_int_equal(about.vcpus_max, 4);
	assert_int_equal(about.min_memory_kib, 524288);
	assert_int_equal(about.agent, GUEST_AGENT_CONNECTED);
	assert_int_equal(about.stats_period_s, 10);
	assert_string_equal(about.cpuset, "0-7");
	assert_string_equal(about.blocker, "");
	assert_int_equal(about.n_pins, 2);
	assert_int_equal(about.pins[0].vcpu, 0);
	assert_string_equal(about.pins[0].cpus, "2");
	assert_string_equal(about.pins[1].cpus, "4-5");
	vm_about_done(&about);
}

static void
disks_have_numbers_of_their_names(void **state)
{
	struct vm_about about = read_about(usual);

	(void)state;
	assert_int_equal(about.n_disks, 3);
	assert_int_equal(about.disks[0].index, 10001);
	assert_string_equal(about.disks[0].target, "vda");
	assert_string_equal(about.disks[0].source, "vm1");
	assert_string_equal(about.disks[0].type, "network");
	assert_int_equal(about.disks[1].index, 10002);
	assert_string_equal(about.disks[1].source, "/srv/a&b.qcow2");
	assert_string_equal(about.disks[1].format, "qcow2");
	assert_string_equal(about.disks[1].bus, "virtio");
	assert_false(about.disks[1].read_only);
	assert_int_equal(about.disks[2].index, 20001);
	assert_string_equal(about.disks[2].device, "cdrom");
	assert_string_equal(about.disks[2].source, "");
	assert_true(about.disks[2].read_only);
	vm_about_done(&about);
}

static void
interfaces_have_numbers_of_their_aliases(void **state)
{
	struct vm_about about = read_about(usual);

	(void)state;
	assert_int_equal(about.n_nics, 2);
	assert_int_equal(about.nics[0].index, 1);
	assert_string_equal(about.nics[0].parent, "eth1");
	assert_string_equal(about.nics[0].model, "e1000");
	assert_int_equal(about.nics[1].index, 5);
	assert_string_equal(about.nics[1].mac, "52:54:00:00:00:01");
	assert_string_equal(about.nics[1].dev, "vnet3");
	assert_string_equal(about.nics[1].parent, "br0");
	vm_about_done(&about);
}

static void
the_first_thing_that_blocks_a_migration_is_told(void **state)
{
	static const char *const cases[][2] = {
		{ "<devices><hostdev mode='subsystem' type='pci'><source/>"
		  "</hostdev></devices>",
		  "a PCI device of the host" },
		{ "<devices><hostdev mode='subsystem' type='scsi'/></devices>",
		  "" },
		{ "<devices><hostdev type='mdev'/></devices>",
		  "a mediated device of the host" },
		{ "<devices><interface type='hostdev'><mac address='x'/>"
		  "</interface></devices>",
		  "a network device of the host" },
		{ "<devices><interface type='hostdev'><teaming"
		  " type='transient' persistent='a'/></interface></devices>",
		  "" },
		{ "<devices><filesystem type='mount'/></devices>",
		  "a folder of the host" },
		{ "<devices><tpm model='tpm-crb'><backend type='passthrough'/>"
		  "</tpm></devices>",
		  "the TPM of the host" },
		{ "<devices><tpm><backend type='emulator'/></tpm></devices>",
		  "" },
		{ "<launchSecurity type='sev'/>", "its memory is encrypted" },
		{ "<cpu mode='host-passthrough'/>", "" },
		{ "<cpu mode='host-passthrough' migratable='off'/>",
		  "its CPU is the host's, with what cannot move" },
		{ "<cpu><feature policy='require' name='invtsc'/></cpu>",
		  "its clock (invtsc) is the host's" },
		{ "<cpu><feature policy='require' name='invtsc'/></cpu>"
		  "<clock><timer name='tsc' frequency='5'/></clock>",
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char xml[512];

		snprintf(xml, sizeof(xml), "<domain>%s</domain>", cases[i][0]);
		struct vm_about about = read_about(xml);
		assert_string_equal(about.blocker, cases[i][1]);
		vm_about_done(&about);
	}
}

static void
channels_tell_of_the_agent(void **state)
{
	struct vm_about none = read_about("<domain/>");
	struct vm_about other = read_about(
		"<domain><devices><channel><target name='com.redhat.spice.0'"
		" state='connected'/></channel></devices></domain>");
	struct vm_about silent = read_about(
		"<domain><devices><channel><target"
		" name='org.qemu.guest_agent.0' state='disconnected'/>"
		"</channel></devices></domain>");

	(void)state;
	assert_int_equal(none.agent, GUEST_AGENT_NONE);
	assert_int_equal(other.agent, GUEST_AGENT_NONE);
	assert_int_equal(silent.agent, GUEST_AGENT_DISCONNECTED);
	vm_about_done(&none);
	vm_about_done(&other);
	vm_about_done(&silent);
}

static void
broken_definitions_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"<domain>",
		"<domain></x>",
		"<network/>",
		"<!DOCTYPE a><domain/>",
		"<domain a=b/>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_null(virt_xml_describe(texts[i]));
}

static void
odd_values_are_left_out(void **state)
{
	struct vm_about about = read_about(
		"<domain><vcpu current='-1'>many</vcpu>"
		"<memtune><min_guarantee unit='bogo'>5</min_guarantee>"
		"</memtune><cputune><vcpupin/><vcpupin vcpu='9999999999'"
		" cpuset='0'/></cputune><devices><disk/><disk/><disk>"
		"<target dev='vd'/></disk><disk><target dev='vdaaaaaaaaaaaaa'/>"
		"</disk><disk><target dev='vda1'/></disk><interface>"
		"<alias name='net-5'/></interface><memballoon>"
		"<stats period='99999999999999999999'/></memballoon></devices>"
		"</domain>");

	(void)state;
	assert_int_equal(about.vcpus, 0);
	assert_int_equal(about.vcpus_max, 0);
	assert_int_equal(about.min_memory_kib, 0);
	assert_int_equal(about.stats_period_s, 0);
	assert_int_equal(about.n_pins, 1);
	assert_int_equal(about.pins[0].vcpu, 0);
	assert_int_equal(about.n_disks, 5);
	for (size_t i = 0; i < about.n_disks; i++)
		assert_int_equal(about.disks[i].index, i + 1);
	assert_int_equal(about.n_nics, 1);
	assert_int_equal(about.nics[0].index, 1);
	vm_about_done(&about);
}

static void
messages_without_sense_give_an_empty_vm(void **state)
{
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"disks\": 5, \"nics\": {}, \"pins\": \"x\", \"agent\": 99}",
		"{\"disks\": [1], \"nics\": [null], \"pins\": [[]]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *message = json_loads(texts[i], 0, NULL);
		struct vm_about about;

		vm_about_parse(message, &about);
		assert_int_equal(about.agent, GUEST_AGENT_UNKNOWN);
		assert_int_equal(about.n_pins, 0);
		assert_string_equal(about.cpu_model, "");
		vm_about_done(&about);
		json_decref(message);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_definition_is_read),
		cmocka_unit_test(disks_have_numbers_of_their_names),
		cmocka_unit_test(interfaces_have_numbers_of_their_aliases),
		cmocka_unit_test(
			the_first_thing_that_blocks_a_migration_is_told),
		cmocka_unit_test(channels_tell_of_the_agent),
		cmocka_unit_test(broken_definitions_are_refused),
		cmocka_unit_test(odd_values_are_left_out),
		cmocka_unit_test(messages_without_sense_give_an_empty_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
