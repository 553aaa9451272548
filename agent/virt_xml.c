/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a definition to a message.  A table of places in the XML, and what is
 * done at each; all texts of users go through message_string().
 */
#include "agent/virt_xml.h"

#include <stdlib.h>
#include <string.h>

#include "agent/text.h"
#include "agent/xml.h"
#include "common/alloc.h"
#include "common/cleanup.h"

#define AGENT_CHANNEL "org.qemu.guest_agent.0"

struct reader {
	struct xml xml;
	char value[XML_VALUE_MAX];
	json_t *about, *disks, *nics, *pins;
	json_t *now; /* the disk or network interface that is open */

	/* Why it cannot move; the first that is found is told. */
	const char *blocker;
	const char *device; /* of the open interface or host device */
	bool invtsc, tsc_fixed;
};

static const char *
attr(struct reader *reader, const char *name)
{
	reader->value[0] = '\0';
	xml_attr(&reader->xml, name, reader->value, sizeof(reader->value));
	return reader->value;
}

static bool
attr_is(struct reader *reader, const char *name, const char *value)
{
	return strcmp(attr(reader, name), value) == 0;
}

static const char *
text(struct reader *reader)
{
	xml_text(&reader->xml, reader->value, sizeof(reader->value));
	return reader->value;
}

static void
set_text(json_t *object, const char *key, const char *value)
{
	if (value[0] != '\0')
		json_object_set_new(object, key, message_string(value));
}

static void
set_number(json_t *object, const char *key, const char *value)
{
	char *end;
	unsigned long long number = strtoull(value, &end, 10);

	if (value[0] >= '0' && value[0] <= '9' && *end == '\0' &&
	    number <= INT64_MAX)
		json_object_set_new(object, key,
				    json_integer((json_int_t)number));
}

static void
block(struct reader *reader, const char *why)
{
	if (reader->blocker == NULL)
		reader->blocker = why;
}

/* --- the machine ---------------------------------------------------------- */

static void
read_os(struct reader *reader)
{
	set_text(reader->about, "machine", attr(reader, "machine"));
	set_text(reader->about, "os", text(reader));
}

/* <vcpu current='2' cpuset='0-3'>4</vcpu> */
static void
read_vcpu(struct reader *reader)
{
	set_text(reader->about, "cpuset", attr(reader, "cpuset"));
	set_number(reader->about, "vcpus_max", text(reader));
	set_number(reader->about, "vcpus", reader->value);
	set_number(reader->about, "vcpus", attr(reader, "current"));
}

static void
read_pin(struct reader *reader)
{
	json_t *pin = json_object();

	set_number(pin, "vcpu", attr(reader, "vcpu"));
	set_text(pin, "cpus", attr(reader, "cpuset"));
	json_array_append_new(reader->pins, pin);
}

/* Memory in KiB unless a unit says otherwise; libvirt writes KiB. */
static void
read_min_memory(struct reader *reader)
{
	const char *unit = attr(reader, "unit");

	if (unit[0] == '\0' || strcmp(unit, "KiB") == 0)
		set_number(reader->about, "min_kib", text(reader));
}

static void
read_cpu(struct reader *reader)
{
	if (!attr_is(reader, "mode", "host-passthrough"))
		return;
	set_text(reader->about, "cpu", reader->value);
	if (attr_is(reader, "migratable", "off"))
		block(reader, "its CPU is the host's, with what cannot move");
}

static void
read_cpu_model(struct reader *reader)
{
	set_text(reader->about, "cpu", text(reader));
}

static void
read_cpu_feature(struct reader *reader)
{
	if (attr_is(reader, "name", "invtsc") &&
	    (attr_is(reader, "policy", "require") ||
	     attr_is(reader, "policy", "force")))
		reader->invtsc = true;
}

static void
read_timer(struct reader *reader)
{
	if (attr_is(reader, "name", "tsc") &&
	    attr(reader, "frequency")[0] != '\0')
		reader->tsc_fixed = true;
}

static void
read_security(struct reader *reader)
{
	block(reader, "its memory is encrypted");
}

/* --- devices -------------------------------------------------------------- */

static void
read_disk(struct reader *reader)
{
	reader->now = json_object();
	json_array_append_new(reader->disks, reader->now);
	set_text(reader->now, "type", attr(reader, "type"));
	set_text(reader->now, "device", attr(reader, "device"));
}

static void
read_disk_source(struct reader *reader)
{
	static const char *const names[] = { "file", "dev", "name", "dir",
					     "volume" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		set_text(reader->now, "source", attr(reader, names[i]));
}

static void
read_disk_target(struct reader *reader)
{
	set_text(reader->now, "target", attr(reader, "dev"));
	set_text(reader->now, "bus", attr(reader, "bus"));
}

static void
read_disk_driver(struct reader *reader)
{
	set_text(reader->now, "format", attr(reader, "type"));
}

static void
read_disk_read_only(struct reader *reader)
{
	json_object_set_new(reader->now, "read_only", json_true());
}

static void
read_nic(struct reader *reader)
{
	reader->now = json_object();
	json_array_append_new(reader->nics, reader->now);
	reader->device = attr_is(reader, "type", "hostdev")
				 ? "a network device of the host"
				 : NULL;
}

static void
read_nic_mac(struct reader *reader)
{
	set_text(reader->now, "mac", attr(reader, "address"));
}

static void
read_nic_model(struct reader *reader)
{
	set_text(reader->now, "model", attr(reader, "type"));
}

static void
read_nic_target(struct reader *reader)
{
	set_text(reader->now, "dev", attr(reader, "dev"));
}

static void
read_nic_source(struct reader *reader)
{
	set_text(reader->now, "parent", attr(reader, "dev"));
	set_text(reader->now, "parent", attr(reader, "bridge"));
}

/* "net3": libvirt's own name, which stays when others are taken away. */
static void
read_nic_alias(struct reader *reader)
{
	const char *name = attr(reader, "name");

	if (strncmp(name, "net", 3) == 0)
		set_number(reader->now, "number", name + 3);
}

/* A device of the host that libvirt may take out before a migration. */
static void
read_teaming(struct reader *reader)
{
	if (attr_is(reader, "type", "transient"))
		reader->device = NULL;
}

static void
read_host_device(struct reader *reader)
{
	static const char *const types[][2] = {
		{ "pci", "a PCI device of the host" },
		{ "usb", "a USB device of the host" },
		{ "mdev", "a mediated device of the host" },
		{ "scsi_host", "a SCSI adapter of the host" },
	};

	reader->device = NULL;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (attr_is(reader, "type", types[i][0]))
			reader->device = types[i][1];
}

static void
close_device(struct reader *reader)
{
	if (reader->device != NULL)
		block(reader, reader->device);
	reader->device = NULL;
}

static void
read_folder(struct reader *reader)
{
	block(reader, "a folder of the host");
}

static void
read_tpm(struct reader *reader)
{
	if (attr_is(reader, "type", "passthrough"))
		block(reader, "the TPM of the host");
}

static void
read_channel(struct reader *reader)
{
	if (!attr_is(reader, "name", AGENT_CHANNEL))
		return;
	json_object_set_new(reader->about, "agent",
			    json_integer(attr_is(reader, "state", "connected")
						 ? GUEST_AGENT_CONNECTED
						 : GUEST_AGENT_DISCONNECTED));
}

static void
read_balloon(struct reader *reader)
{
	set_number(reader->about, "period", attr(reader, "period"));
}

static const struct {
	const char *path;
	void (*open)(struct reader *reader);
	void (*close)(struct reader *reader);
} places[] = {
	{ "domain/os/type", read_os, NULL },
	{ "domain/vcpu", read_vcpu, NULL },
	{ "domain/cputune/vcpupin", read_pin, NULL },
	{ "domain/memtune/min_guarantee", read_min_memory, NULL },
	{ "domain/cpu", read_cpu, NULL },
	{ "domain/cpu/model", read_cpu_model, NULL },
	{ "domain/cpu/feature", read_cpu_feature, NULL },
	{ "domain/clock/timer", read_timer, NULL },
	{ "domain/launchSecurity", read_security, NULL },
	{ "domain/devices/disk", read_disk, NULL },
	{ "domain/devices/disk/source", read_disk_source, NULL },
	{ "domain/devices/disk/target", read_disk_target, NULL },
	{ "domain/devices/disk/driver", read_disk_driver, NULL },
	{ "domain/devices/disk/readonly", read_disk_read_only, NULL },
	{ "domain/devices/interface", read_nic, close_device },
	{ "domain/devices/interface/mac", read_nic_mac, NULL },
	{ "domain/devices/interface/model", read_nic_model, NULL },
	{ "domain/devices/interface/target", read_nic_target, NULL },
	{ "domain/devices/interface/source", read_nic_source, NULL },
	{ "domain/devices/interface/alias", read_nic_alias, NULL },
	{ "domain/devices/interface/teaming", read_teaming, NULL },
	{ "domain/devices/hostdev", read_host_device, close_device },
	{ "domain/devices/hostdev/teaming", read_teaming, NULL },
	{ "domain/devices/filesystem", read_folder, NULL },
	{ "domain/devices/tpm/backend", read_tpm, NULL },
	{ "domain/devices/channel/target", read_channel, NULL },
	{ "domain/devices/memballoon/stats", read_balloon, NULL },
};

static void
at_place(struct reader *reader, bool opened)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		void (*what)(struct reader * reader) =
			opened ? places[i].open : places[i].close;

		if (what != NULL && xml_at(&reader->xml, places[i].path))
			what(reader);
	}
}

/* Behind a closing tag the scanner stands at its parent: its name is still in
 * the path. */
static void
at_close(struct reader *reader)
{
	reader->xml.depth++;
	at_place(reader, false);
	reader->xml.depth--;
}

static json_t *
finish(struct reader *reader)
{
	json_t *about = reader->about;

	if (reader->invtsc && !reader->tsc_fixed)
		block(reader, "its clock (invtsc) is the host's");
	if (reader->blocker != NULL)
		set_text(about, "blocker", reader->blocker);
	json_object_set(about, "disks", reader->disks);
	json_object_set(about, "nics", reader->nics);
	json_object_set(about, "pins", reader->pins);
	return json_incref(about);
}

json_t *
virt_xml_describe(const char *definition)
{
	cleanup_free struct reader *reader = xcalloc(1, sizeof(*reader));
	json_t *about = NULL;
	int what;

	reader->about = json_pack("{s:i}", "agent", GUEST_AGENT_NONE);
	reader->disks = json_array();
	reader->nics = json_array();
	reader->pins = json_array();
	xml_start(&reader->xml, definition);
	while ((what = xml_next(&reader->xml)) == XML_OPEN || what == XML_CLOSE)
		if (what == XML_OPEN)
			at_place(reader, true);
		else
			at_close(reader);
	if (what == XML_END && strcmp(reader->xml.path[0], "domain") == 0)
		about = finish(reader);
	json_decref(reader->about);
	json_decref(reader->disks);
	json_decref(reader->nics);
	json_decref(reader->pins);
	return about;
}
