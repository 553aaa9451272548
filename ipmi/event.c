/* SPDX-License-Identifier: Apache-2.0 */
/* ipmi/event.c - IPMI 2.0, tables 42-2 and 42-3, and sentences of them. */
#include "ipmi/event.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { THRESHOLD = 1 };

struct meaning {
	uint8_t kind; /* sensor type, or event type of the generic ones */
	uint8_t offset;
	enum ipmi_grade grade;
	const char *text;
};

#define I IPMI_GRADE_INFO
#define W IPMI_GRADE_WARNING
#define C IPMI_GRADE_CRITICAL

/* By event type. */
static const struct meaning generic[] = {
	{ 0x01, 0x0, W, "lower non-critical, going low" },
	{ 0x01, 0x1, I, "lower non-critical, going high" },
	{ 0x01, 0x2, C, "lower critical, going low" },
	{ 0x01, 0x3, W, "lower critical, going high" },
	{ 0x01, 0x4, C, "lower non-recoverable, going low" },
	{ 0x01, 0x5, C, "lower non-recoverable, going high" },
	{ 0x01, 0x6, I, "upper non-critical, going low" },
	{ 0x01, 0x7, W, "upper non-critical, going high" },
	{ 0x01, 0x8, W, "upper critical, going low" },
	{ 0x01, 0x9, C, "upper critical, going high" },
	{ 0x01, 0xa, C, "upper non-recoverable, going low" },
	{ 0x01, 0xb, C, "upper non-recoverable, going high" },
	{ 0x02, 0x0, I, "idle" },
	{ 0x02, 0x1, I, "active" },
	{ 0x02, 0x2, I, "busy" },
	{ 0x03, 0x0, I, "state not asserted" },
	{ 0x03, 0x1, I, "state asserted" },
	{ 0x04, 0x0, I, "no failure predicted" },
	{ 0x04, 0x1, W, "failure predicted" },
	{ 0x05, 0x0, I, "limit not exceeded" },
	{ 0x05, 0x1, W, "limit exceeded" },
	{ 0x06, 0x0, I, "performance met" },
	{ 0x06, 0x1, W, "performance lags" },
	{ 0x07, 0x0, I, "ok" },
	{ 0x07, 0x1, W, "ok to non-critical" },
	{ 0x07, 0x2, C, "less severe to critical" },
	{ 0x07, 0x3, C, "less severe to non-recoverable" },
	{ 0x07, 0x4, W, "more severe to non-critical" },
	{ 0x07, 0x5, C, "non-recoverable to critical" },
	{ 0x07, 0x6, C, "non-recoverable" },
	{ 0x07, 0x7, I, "monitored" },
	{ 0x07, 0x8, I, "informational" },
	{ 0x08, 0x0, I, "absent" },
	{ 0x08, 0x1, I, "present" },
	{ 0x09, 0x0, I, "disabled" },
	{ 0x09, 0x1, I, "enabled" },
	{ 0x0a, 0x0, I, "running" },
	{ 0x0a, 0x1, I, "in test" },
	{ 0x0a, 0x2, I, "off" },
	{ 0x0a, 0x3, I, "on line" },
	{ 0x0a, 0x4, W, "off line" },
	{ 0x0a, 0x5, I, "off duty" },
	{ 0x0a, 0x6, W, "degraded" },
	{ 0x0a, 0x7, I, "saving power" },
	{ 0x0a, 0x8, W, "installation error" },
	{ 0x0b, 0x0, I, "fully redundant" },
	{ 0x0b, 0x1, W, "redundancy lost" },
	{ 0x0b, 0x2, W, "redundancy degraded" },
	{ 0x0b, 0x3, W, "not redundant, from redundant" },
	{ 0x0b, 0x4, W, "not redundant, from insufficient" },
	{ 0x0b, 0x5, C, "not redundant, insufficient resources" },
	{ 0x0b, 0x6, W, "redundancy degraded, from full" },
	{ 0x0b, 0x7, W, "redundancy degraded, from none" },
	{ 0x0c, 0x0, I, "D0" },
	{ 0x0c, 0x1, I, "D1" },
	{ 0x0c, 0x2, I, "D2" },
	{ 0x0c, 0x3, I, "D3" },
};

/* By sensor type, for event type 0x6f. */
static const struct meaning specific[] = {
	{ 0x05, 0x0, W, "chassis opened" },
	{ 0x05, 0x1, W, "drive bay opened" },
	{ 0x05, 0x2, W, "card area opened" },
	{ 0x05, 0x3, W, "processor area opened" },
	{ 0x05, 0x4, W, "network cable unplugged" },
	{ 0x05, 0x5, W, "unauthorised dock" },
	{ 0x05, 0x6, W, "fan area opened" },
	{ 0x06, 0x0, W, "secure mode violated" },
	{ 0x06, 0x1, W, "wrong user password before boot" },
	{ 0x06, 0x2, W, "wrong setup password before boot" },
	{ 0x06, 0x3, W, "wrong network boot password" },
	{ 0x06, 0x4, W, "wrong password before boot" },
	{ 0x06, 0x5, W, "wrong password out of band" },
	{ 0x07, 0x0, C, "internal error (IERR)" },
	{ 0x07, 0x1, C, "thermal trip" },
	{ 0x07, 0x2, C, "self-test failed" },
	{ 0x07, 0x3, C, "hung in power-on self-test" },
	{ 0x07, 0x4, C, "did not start" },
	{ 0x07, 0x5, C, "configuration error" },
	{ 0x07, 0x6, C, "uncorrectable error (SMBIOS)" },
	{ 0x07, 0x7, I, "present" },
	{ 0x07, 0x8, W, "disabled" },
	{ 0x07, 0x9, I, "terminator present" },
	{ 0x07, 0xa, W, "throttled" },
	{ 0x07, 0xb, C, "uncorrectable machine check" },
	{ 0x07, 0xc, W, "correctable machine check" },
	{ 0x08, 0x0, I, "present" },
	{ 0x08, 0x1, C, "failed" },
	{ 0x08, 0x2, W, "failure predicted" },
	{ 0x08, 0x3, C, "input lost" },
	{ 0x08, 0x4, C, "input lost or out of range" },
	{ 0x08, 0x5, W, "input out of range" },
	{ 0x08, 0x6, W, "configuration error" },
	{ 0x08, 0x7, I, "on standby" },
	{ 0x09, 0x0, W, "power off" },
	{ 0x09, 0x1, W, "power cycle" },
	{ 0x09, 0x2, C, "240 VA power off" },
	{ 0x09, 0x3, C, "interlock power off" },
	{ 0x09, 0x4, C, "mains lost" },
	{ 0x09, 0x5, C, "power control failed" },
	{ 0x09, 0x6, C, "failed" },
	{ 0x09, 0x7, W, "failure predicted" },
	{ 0x0c, 0x0, W, "correctable ECC error" },
	{ 0x0c, 0x1, C, "uncorrectable ECC error" },
	{ 0x0c, 0x2, C, "parity error" },
	{ 0x0c, 0x3, C, "scrub failed" },
	{ 0x0c, 0x4, W, "module disabled" },
	{ 0x0c, 0x5, W, "too many correctable ECC errors, not logged further" },
	{ 0x0c, 0x6, I, "present" },
	{ 0x0c, 0x7, C, "configuration error" },
	{ 0x0c, 0x8, I, "spare" },
	{ 0x0c, 0x9, W, "throttled" },
	{ 0x0c, 0xa, C, "too hot" },
	{ 0x0d, 0x0, I, "present" },
	{ 0x0d, 0x1, C, "fault" },
	{ 0x0d, 0x2, W, "failure predicted" },
	{ 0x0d, 0x3, I, "hot spare" },
	{ 0x0d, 0x4, I, "consistency check" },
	{ 0x0d, 0x5, C, "in a critical array" },
	{ 0x0d, 0x6, C, "in a failed array" },
	{ 0x0d, 0x7, I, "rebuilding" },
	{ 0x0d, 0x8, W, "rebuild aborted" },
	{ 0x0f, 0x0, C, "firmware error" },
	{ 0x0f, 0x1, C, "firmware hang" },
	{ 0x0f, 0x2, I, "firmware progress" },
	{ 0x10, 0x0, W, "correctable memory errors are not logged further" },
	{ 0x10, 0x1, W, "a kind of event is not logged further" },
	{ 0x10, 0x2, I, "log cleared" },
	{ 0x10, 0x3, W, "nothing is logged further" },
	{ 0x10, 0x4, W, "log full" },
	{ 0x10, 0x5, W, "log almost full" },
	{ 0x10, 0x6, W, "correctable machine checks are not logged further" },
	{ 0x11, 0x0, C, "reset by firmware" },
	{ 0x11, 0x1, C, "reset by the system" },
	{ 0x11, 0x2, C, "shutdown by the system" },
	{ 0x11, 0x3, C, "power off by the system" },
	{ 0x11, 0x4, C, "power cycle by the system" },
	{ 0x11, 0x5, C, "NMI" },
	{ 0x11, 0x6, C, "expired" },
	{ 0x11, 0x7, W, "about to expire" },
	{ 0x12, 0x0, I, "reconfigured" },
	{ 0x12, 0x1, I, "maker's boot event" },
	{ 0x12, 0x2, C, "hardware failure of unknown cause" },
	{ 0x12, 0x3, I, "entry in the auxiliary log" },
	{ 0x12, 0x4, I, "an event filter acted" },
	{ 0x12, 0x5, I, "clock set" },
	{ 0x13, 0x0, C, "NMI by button" },
	{ 0x13, 0x1, C, "bus timeout" },
	{ 0x13, 0x2, C, "I/O channel check NMI" },
	{ 0x13, 0x3, C, "software NMI" },
	{ 0x13, 0x4, C, "PCI PERR" },
	{ 0x13, 0x5, C, "PCI SERR" },
	{ 0x13, 0x6, C, "EISA fail-safe timeout" },
	{ 0x13, 0x7, W, "correctable bus error" },
	{ 0x13, 0x8, C, "uncorrectable bus error" },
	{ 0x13, 0x9, C, "fatal NMI" },
	{ 0x13, 0xa, C, "fatal bus error" },
	{ 0x13, 0xb, W, "bus degraded" },
	{ 0x14, 0x0, I, "power button" },
	{ 0x14, 0x1, I, "sleep button" },
	{ 0x14, 0x2, I, "reset button" },
	{ 0x14, 0x3, I, "latch opened" },
	{ 0x14, 0x4, I, "service button" },
	{ 0x19, 0x0, C, "power control failed" },
	{ 0x19, 0x1, C, "thermal trip" },
	{ 0x1b, 0x0, I, "connected" },
	{ 0x1b, 0x1, W, "wrongly connected" },
	{ 0x1d, 0x0, I, "boot by power-on" },
	{ 0x1d, 0x1, I, "boot by hard reset" },
	{ 0x1d, 0x2, I, "boot by warm reset" },
	{ 0x1d, 0x3, I, "network boot by a user" },
	{ 0x1d, 0x4, I, "boot into diagnostics" },
	{ 0x1d, 0x5, I, "hard reset by the system" },
	{ 0x1d, 0x6, I, "warm reset by the system" },
	{ 0x1d, 0x7, I, "restart" },
	{ 0x1e, 0x0, C, "no bootable medium" },
	{ 0x1e, 0x1, C, "no diskette" },
	{ 0x1e, 0x2, C, "no network boot server" },
	{ 0x1e, 0x3, C, "bad boot sector" },
	{ 0x1e, 0x4, C, "nobody chose what to boot" },
	{ 0x1f, 0x0, I, "booted from A:" },
	{ 0x1f, 0x1, I, "booted from C:" },
	{ 0x1f, 0x2, I, "booted from the network" },
	{ 0x1f, 0x3, I, "diagnostics booted" },
	{ 0x1f, 0x4, I, "booted from CD" },
	{ 0x1f, 0x5, I, "booted from ROM" },
	{ 0x1f, 0x6, I, "booted" },
	{ 0x1f, 0x7, I, "installation started" },
	{ 0x1f, 0x8, I, "installation completed" },
	{ 0x1f, 0x9, W, "installation aborted" },
	{ 0x1f, 0xa, C, "installation failed" },
	{ 0x20, 0x0, C, "critical stop while starting" },
	{ 0x20, 0x1, C, "critical stop (panic)" },
	{ 0x20, 0x2, I, "stopped in order" },
	{ 0x20, 0x3, I, "shut down in order" },
	{ 0x20, 0x4, I, "shut down by an event filter" },
	{ 0x20, 0x5, W, "its agent does not answer" },
	{ 0x21, 0x0, C, "fault" },
	{ 0x21, 0x1, I, "identified" },
	{ 0x21, 0x2, I, "occupied" },
	{ 0x21, 0x3, I, "ready for installation" },
	{ 0x21, 0x4, I, "ready for removal" },
	{ 0x21, 0x5, I, "slot off" },
	{ 0x21, 0x6, I, "removal requested" },
	{ 0x21, 0x7, W, "interlock" },
	{ 0x21, 0x8, W, "disabled" },
	{ 0x21, 0x9, I, "holds a spare" },
	{ 0x22, 0x0, I, "working (S0)" },
	{ 0x22, 0x1, I, "sleeping (S1)" },
	{ 0x22, 0x2, I, "sleeping (S2)" },
	{ 0x22, 0x3, I, "sleeping (S3)" },
	{ 0x22, 0x4, I, "suspended to disk (S4)" },
	{ 0x22, 0x5, I, "soft off (S5)" },
	{ 0x22, 0x6, I, "soft off (S4 or S5)" },
	{ 0x22, 0x7, I, "mechanically off (G3)" },
	{ 0x22, 0x8, I, "sleeping" },
	{ 0x22, 0x9, I, "sleeping (G1)" },
	{ 0x22, 0xa, W, "off by holding the button" },
	{ 0x22, 0xb, I, "on (legacy)" },
	{ 0x22, 0xc, I, "off (legacy)" },
	{ 0x22, 0xe, I, "state unknown" },
	{ 0x23, 0x0, C, "expired" },
	{ 0x23, 0x1, C, "hard reset" },
	{ 0x23, 0x2, C, "power off" },
	{ 0x23, 0x3, C, "power cycle" },
	{ 0x23, 0x8, W, "about to expire" },
	{ 0x24, 0x0, I, "page sent" },
	{ 0x24, 0x1, I, "alert sent" },
	{ 0x24, 0x2, I, "trap sent" },
	{ 0x24, 0x3, I, "maker's trap sent" },
	{ 0x25, 0x0, I, "present" },
	{ 0x25, 0x1, I, "absent" },
	{ 0x25, 0x2, I, "disabled" },
	{ 0x27, 0x0, W, "heartbeat lost" },
	{ 0x27, 0x1, I, "heartbeat" },
	{ 0x28, 0x0, W, "sensor out of reach or degraded" },
	{ 0x28, 0x1, W, "controller out of reach or degraded" },
	{ 0x28, 0x2, W, "controller off line" },
	{ 0x28, 0x3, W, "controller unavailable" },
	{ 0x28, 0x4, W, "sensor failed" },
	{ 0x28, 0x5, W, "FRU failed" },
	{ 0x29, 0x0, W, "low" },
	{ 0x29, 0x1, C, "failed" },
	{ 0x29, 0x2, I, "present" },
	{ 0x2b, 0x0, I, "hardware changed" },
	{ 0x2b, 0x1, I, "firmware changed" },
	{ 0x2b, 0x2, W, "hardware does not fit" },
	{ 0x2b, 0x3, W, "firmware does not fit" },
	{ 0x2b, 0x4, W, "invalid hardware version" },
	{ 0x2b, 0x5, W, "invalid firmware version" },
	{ 0x2b, 0x6, I, "hardware change succeeded" },
	{ 0x2b, 0x7, I, "firmware change succeeded" },
	{ 0x2c, 0x0, I, "not installed" },
	{ 0x2c, 0x1, I, "inactive" },
	{ 0x2c, 0x2, I, "activation requested" },
	{ 0x2c, 0x3, I, "activating" },
	{ 0x2c, 0x4, I, "active" },
	{ 0x2c, 0x5, I, "deactivation requested" },
	{ 0x2c, 0x6, I, "deactivating" },
	{ 0x2c, 0x7, W, "communication lost" },
};

#undef I
#undef W
#undef C

static const char *const sensor_types[] = {
	[0x01] = "temperature",
	[0x02] = "voltage",
	[0x03] = "current",
	[0x04] = "fan",
	[0x05] = "physical security",
	[0x06] = "platform security",
	[0x07] = "processor",
	[0x08] = "power supply",
	[0x09] = "power unit",
	[0x0a] = "cooling device",
	[0x0b] = "other sensor",
	[0x0c] = "memory",
	[0x0d] = "drive slot",
	[0x0e] = "memory resize",
	[0x0f] = "system firmware",
	[0x10] = "event log",
	[0x11] = "watchdog (old)",
	[0x12] = "system",
	[0x13] = "critical interrupt",
	[0x14] = "button",
	[0x15] = "module",
	[0x16] = "microcontroller",
	[0x17] = "add-in card",
	[0x18] = "chassis",
	[0x19] = "chipset",
	[0x1a] = "other FRU",
	[0x1b] = "cable",
	[0x1c] = "terminator",
	[0x1d] = "boot",
	[0x1e] = "boot error",
	[0x1f] = "operating system boot",
	[0x20] = "operating system",
	[0x21] = "slot",
	[0x22] = "ACPI state",
	[0x23] = "watchdog",
	[0x24] = "platform alert",
	[0x25] = "entity presence",
	[0x26] = "monitor chip",
	[0x27] = "LAN",
	[0x28] = "management subsystem",
	[0x29] = "battery",
	[0x2a] = "session audit",
	[0x2b] = "version",
	[0x2c] = "FRU state",
};

static const struct meaning *
find_in(const struct meaning *table, size_t n, uint8_t kind, uint8_t offset)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].kind == kind && table[i].offset == offset)
			return &table[i];
	return NULL;
}

static const struct meaning *
meaning_of(const struct ipmi_event *event)
{
	if (event->type == IPMI_EVENT_SPECIFIC)
		return find_in(specific, COUNT(specific), event->sensor_type,
			       event->offset);
	return find_in(generic, COUNT(generic), event->type, event->offset);
}

enum ipmi_grade
ipmi_event_grade(const struct ipmi_event *event)
{
	const struct meaning *meaning = meaning_of(event);

	if (meaning == NULL)
		return IPMI_GRADE_UNKNOWN;
	return event->deasserted ? IPMI_GRADE_INFO : meaning->grade;
}

const char *
ipmi_event_meaning(const struct ipmi_event *event)
{
	const struct meaning *meaning = meaning_of(event);

	return meaning != NULL ? meaning->text : NULL;
}

static const char *
sensor_name(uint8_t sensor_type)
{
	return sensor_type < COUNT(sensor_types) ? sensor_types[sensor_type]
						 : NULL;
}

const char *
ipmi_sensor_type_name(uint8_t sensor_type)
{
	const char *name = sensor_name(sensor_type);

	return name != NULL          ? name
	       : sensor_type >= 0xc0 ? "maker's sensor"
				     : "unknown sensor";
}

const char *
ipmi_grade_name(enum ipmi_grade grade)
{
	static const char *const names[] = { "unknown", "info", "warning",
					     "critical" };

	return (unsigned)grade < COUNT(names) ? names[grade] : names[0];
}

/* --- words --------------------------------------------------------------- */

struct words {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
say(struct words *words, const char *fmt, ...)
{
	size_t left = IPMI_EVENT_TEXT_MAX - words->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(words->text + words->len, left, fmt, ap);
	va_end(ap);
	words->len += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

/* What the other two bytes are, by the upper half of the first. */
static void
say_threshold(struct words *words, const struct ipmi_event *event)
{
	bool reading = event->data[0] >> 6 == 1;
	bool threshold = (event->data[0] >> 4 & 3) == 1;

	if (reading)
		say(words, ", reading 0x%02x", event->data[1]);
	if (threshold)
		say(words, ", threshold 0x%02x", event->data[2]);
	if (reading || threshold)
		say(words, " (raw)");
}

static void
say_data(struct words *words, const struct ipmi_event *event)
{
	bool second = event->data[0] >> 6 != 0 && event->data[1] != 0xff;
	bool third = (event->data[0] >> 4 & 3) != 0 && event->data[2] != 0xff;

	if (second)
		say(words, ", data2 0x%02x", event->data[1]);
	if (third)
		say(words, ", data3 0x%02x", event->data[2]);
}

const char *
ipmi_event_text(const struct ipmi_event *event,
		char ret_text[IPMI_EVENT_TEXT_MAX])
{
	const struct meaning *meaning = meaning_of(event);
	struct words words = { ret_text, 0 };

	say(&words, "%s 0x%02x: ", ipmi_sensor_type_name(event->sensor_type),
	    event->sensor);
	if (meaning != NULL)
		say(&words, "%s", meaning->text);
	else
		say(&words, "event type 0x%02x, offset %u", event->type,
		    event->offset);
	if (event->type == THRESHOLD)
		say_threshold(&words, event);
	else
		say_data(&words, event);
	if (event->deasserted)
		say(&words, ", no longer");
	return ret_text;
}
