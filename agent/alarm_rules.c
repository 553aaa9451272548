/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/alarm_rules.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent/text.h"
#include "snmp-mib/node_detail.h"

#define FIELD(type, member)                                \
	{                                                  \
		offsetof(struct type, member),             \
			sizeof(((struct type *)0)->member) \
	}
#define WHOLE(member) .value = FIELD(node_report, member)
#define DETAIL_WHOLE(member) \
	.of_detail = true, .value = FIELD(node_detail, member)
#define ROWS_OF(part, table, type, number, name)                       \
	.rows = offsetof(struct part, table),                          \
	.n_rows = offsetof(struct part, n_##table),                    \
	.row_size = sizeof(struct type), .index = FIELD(type, number), \
	.subject = FIELD(type, name)
#define ROWS(table, type, number, name) \
	ROWS_OF(node_report, table, type, number, name)
#define DETAIL_ROWS(table, type, number, name) \
	.of_detail = true, ROWS_OF(node_detail, table, type, number, name)
#define BIT(value) (INT64_C(1) << (value))
#define IN_SET(set, is_over) \
	.test = TEST_IN_SET, .limit = (set), .back = (is_over)
#define ABOVE(most, is_over) \
	.test = TEST_ABOVE, .limit = (most), .back = (is_over)
#define BELOW(least, is_over) \
	.test = TEST_BELOW, .limit = (least), .back = (is_over)
#define GROWS(by, ms) .test = TEST_GROWS, .limit = (by), .within_ms = (ms)
#define BY_VALUE(array)        \
	.severities = (array), \
	.n_severities = sizeof(array) / sizeof((array)[0])

static const enum notice_severity by_health[] = {
	[HEALTH_DEGRADED] = NOTICE_WARNING,
	[HEALTH_CRITICAL] = NOTICE_CRITICAL,
	[HEALTH_FAILED] = NOTICE_CRITICAL,
};

static const enum notice_severity by_source[] = {
	[HEALTH_DEGRADED] = NOTICE_WARNING,
	[HEALTH_FAILED] = NOTICE_MAJOR,
};

#define UNWELL \
	(BIT(HEALTH_DEGRADED) | BIT(HEALTH_CRITICAL) | BIT(HEALTH_FAILED))
#define DATASTORE ROWS(datastores, report_datastore, index, name)
#define STATE     .value = FIELD(report_datastore, state)
#define WRITABLE  (BIT(DATASTORE_OK) | BIT(DATASTORE_SLOW))

const struct alarm_rule alarm_rules[] = {
	{ ALARM_DATASTORE_LOST, "datastore-lost", NOTICE_CRITICAL, DATASTORE,
	  STATE,
	  IN_SET(BIT(DATASTORE_LOST), WRITABLE | BIT(DATASTORE_READ_ONLY)),
	  .clear_ms = 3000, .before = "datastore ",
	  .raised = " does not answer any more", .cleared = " is back",
	  .tell_raised = NOTICE_DATASTORE_LOST,
	  .tell_cleared = NOTICE_DATASTORE_BACK },
	{ ALARM_DATASTORE_READ_ONLY, "datastore-read-only", NOTICE_CRITICAL,
	  DATASTORE, STATE, IN_SET(BIT(DATASTORE_READ_ONLY), WRITABLE),
	  .clear_ms = 3000, .before = "datastore ",
	  .raised = " can only be read", .cleared = " can be written again" },
	{ ALARM_DATASTORE_STALE, "datastore-stale", NOTICE_WARNING, DATASTORE,
	  STATE, IN_SET(BIT(DATASTORE_STALE), ~BIT(DATASTORE_STALE)),
	  .clear_ms = 3000, .before = "datastore ",
	  .raised = " keeps its probe waiting",
	  .cleared = " does not keep its probe waiting any more" },
	{ ALARM_SOURCE, "source", NOTICE_WARNING, BY_VALUE(by_source),
	  ROWS(sources, report_source, index, name),
	  .value = FIELD(report_source, status),
	  IN_SET(BIT(HEALTH_DEGRADED) | BIT(HEALTH_FAILED), BIT(HEALTH_OK)),
	  .detail = FIELD(report_source, last_error), .raise_ms = 3000,
	  .clear_ms = 3000, .before = "source ", .raised = " fails",
	  .cleared = " works again" },
	{ ALARM_CPUS_DIFFER, "cpus-differ", NOTICE_WARNING, WHOLE(cpu.uniform),
	  IN_SET(BIT(false), BIT(true)),
	  .only_if = FIELD(node_report, cpu.online), .before = "the CPUs of ",
	  .raised = " differ in features or microcode",
	  .cleared = " are all alike" },
	{ ALARM_HEALTH, "host-health", NOTICE_WARNING, BY_VALUE(by_health),
	  WHOLE(host.health), IN_SET(UNWELL, BIT(HEALTH_OK)), .raise_ms = 3000,
	  .clear_ms = 3000, .before = "host ", .raised = " is not well",
	  .cleared = " is well" },
	{ ALARM_BMC, "bmc-unreachable", NOTICE_MAJOR, WHOLE(bmc.reachable),
	  IN_SET(BIT(false), BIT(true)),
	  .only_if = FIELD(node_report, bmc.present), .raise_ms = 30000,
	  .clear_ms = 3000, .before = "the BMC of ",
	  .raised = " does not answer", .cleared = " answers again" },
	{ ALARM_MEMORY_PRESSURE, "memory-pressure", NOTICE_MAJOR,
	  WHOLE(load.psi_mem_full_pm), ABOVE(100, 50),
	  .only_if = FIELD(node_report, load.psi_present), .raise_ms = 10000,
	  .clear_ms = 10000, .before = "memory pressure on ",
	  .raised = ": everything waits", .cleared = " has eased",
	  .unit = "per mille of the time" },
	{ ALARM_IO_PRESSURE, "io-pressure", NOTICE_WARNING,
	  WHOLE(load.psi_io_full_pm), ABOVE(300, 150),
	  .only_if = FIELD(node_report, load.psi_present), .raise_ms = 10000,
	  .clear_ms = 10000, .before = "I/O pressure on ",
	  .raised = ": everything waits", .cleared = " has eased",
	  .unit = "per mille of the time" },
	{ ALARM_SWAPPING, "swapping", NOTICE_WARNING, WHOLE(load.swap_used_kib),
	  GROWS(16384, 10000), .clear_ms = 60000, .before = "host ",
	  .raised = " swaps", .cleared = " does not swap any more",
	  .unit = "KiB in swap" },
	{ ALARM_STOPPING, "stopping", NOTICE_WARNING, WHOLE(host.stopping),
	  IN_SET(BIT(true), BIT(false)), .before = "host ",
	  .raised = " is being stopped", .cleared = " is not being stopped",
	  .quiet = true },
	{ ALARM_SENSOR, "sensor", NOTICE_WARNING, BY_VALUE(by_health),
	  DETAIL_ROWS(sensors, detail_sensor, index, name),
	  .value = FIELD(detail_sensor, health), IN_SET(UNWELL, BIT(HEALTH_OK)),
	  .detail = FIELD(detail_sensor, text), .raise_ms = 3000,
	  .clear_ms = 30000, .before = "sensor ",
	  .raised = " is beyond its limits",
	  .cleared = " is within its limits" },
	{ ALARM_UPLINK, "uplink", NOTICE_WARNING, BY_VALUE(by_health),
	  DETAIL_ROWS(uplinks, detail_uplink, index, name),
	  .value = FIELD(detail_uplink, health), IN_SET(UNWELL, BIT(HEALTH_OK)),
	  .raise_ms = 1000, .clear_ms = 5000, .before = "uplink ",
	  .raised = " is not well", .cleared = " is well" },
	{ ALARM_MEMORY_ERROR, "memory-error", NOTICE_CRITICAL,
	  DETAIL_WHOLE(memory.ecc_uncorrected), ABOVE(0, 0),
	  .only_if = FIELD(node_detail, memory.ecc_present),
	  .detail = FIELD(node_detail, memory.ecc_text), .before = "memory of ",
	  .raised = " has uncorrected errors",
	  .cleared = " has none since it booted", .unit = "errors" },
	{ ALARM_MEMORY_ERRORS, "memory-errors", NOTICE_WARNING,
	  DETAIL_WHOLE(memory.ecc_corrected), GROWS(100, 3600000),
	  .clear_ms = 3600000,
	  .only_if = FIELD(node_detail, memory.ecc_present),
	  .detail = FIELD(node_detail, memory.ecc_text), .before = "memory of ",
	  .raised = " corrects many errors", .cleared = " corrects few errors",
	  .unit = "errors" },
	{ ALARM_THROTTLED, "cpu-throttled", NOTICE_WARNING,
	  DETAIL_ROWS(packages, detail_package, index, model_name),
	  .value = FIELD(detail_package, throttles), GROWS(1, 60000),
	  .clear_ms = 60000, .before = "CPU package ",
	  .raised = " is throttled", .cleared = " is not throttled any more",
	  .unit = "times" },
	{ ALARM_LEASE, "lease", NOTICE_CRITICAL, DETAIL_WHOLE(lease.state),
	  IN_SET(BIT(LEASE_STATE_LOST) | BIT(LEASE_STATE_NO_DEVICE) |
			 BIT(LEASE_STATE_FAILED),
		 BIT(LEASE_STATE_OFF) | BIT(LEASE_STATE_WAITING) |
			 BIT(LEASE_STATE_HELD)),
	  .detail = FIELD(node_detail, lease.text),
	  .before = "the watchdog lease of ", .raised = " does not hold",
	  .cleared = " is in order" },
	{ ALARM_GUEST, "guest-dead", NOTICE_MAJOR,
	  ROWS(vms, report_vm, index, name),
	  .value = FIELD(report_vm, liveness),
	  IN_SET(BIT(LIVENESS_DEAD), ~BIT(LIVENESS_DEAD)), .clear_ms = 3000,
	  .before = "the guest of VM ", .raised = " does not work any more",
	  .cleared = " works" },
};

const size_t n_alarm_rules = sizeof(alarm_rules) / sizeof(alarm_rules[0]);

uint32_t
alarm_condition(enum alarm_kind kind, uint32_t object)
{
	assert(kind > 0 && kind < 128);
	return (uint32_t)kind << 24 | (object & UINT32_C(0xffffff));
}

/* --- fields --------------------------------------------------------------- */

static int64_t
read_number(const char *base, struct alarm_field field)
{
	uint64_t wide = 0;
	uint32_t narrow = 0;
	uint8_t byte = 0;

	switch (field.size) {
	case sizeof(byte):
		memcpy(&byte, base + field.offset, sizeof(byte));
		return byte;
	case sizeof(narrow):
		memcpy(&narrow, base + field.offset, sizeof(narrow));
		return narrow;
	default:
		assert(field.size == sizeof(wide));
		memcpy(&wide, base + field.offset, sizeof(wide));
		return wide < INT64_MAX ? (int64_t)wide : INT64_MAX;
	}
}

static const char *
part_of(const struct alarm_rule *rule, const struct node_report *report)
{
	return rule->of_detail ? (const char *)report->detail
			       : (const char *)report;
}

size_t
alarm_rule_rows(const struct alarm_rule *rule, const struct node_report *report)
{
	const char *part = part_of(rule, report);
	size_t n = 1;

	if (part == NULL)
		return 0;
	if (rule->row_size != 0)
		memcpy(&n, part + rule->n_rows, sizeof(n));
	return n;
}

void
alarm_rule_look(const struct alarm_rule *rule, const struct node_report *report,
		size_t row, struct alarm_sight *ret_sight)
{
	const char *base = part_of(rule, report);
	struct alarm_sight sight = { .rule = rule,
				     .subject = report->host.name };

	if (rule->row_size != 0) {
		const char *rows;

		memcpy((void *)&rows, base + rule->rows, sizeof(rows));
		base = rows + row * rule->row_size;
	}
	sight.base = base;
	if (rule->index.size != 0)
		sight.object = (uint32_t)read_number(base, rule->index);
	if (rule->subject.size != 0)
		sight.subject = base + rule->subject.offset;
	sight.value = read_number(base, rule->value);
	sight.applies = rule->only_if.size == 0 ||
			read_number(base, rule->only_if) != 0;
	*ret_sight = sight;
}

/* --- judgement ------------------------------------------------------------ */

static bool
is_in(int64_t set, int64_t value)
{
	return value >= 0 && value < 64 &&
	       ((uint64_t)set >> (uint64_t)value & 1) != 0;
}

int
alarm_rule_judge(const struct alarm_sight *sight)
{
	const struct alarm_rule *rule = sight->rule;
	int64_t value = sight->value;

	if (!sight->applies)
		return -1;
	switch (rule->test) {
	case TEST_IN_SET:
		return is_in(rule->limit, value)  ? 1
		       : is_in(rule->back, value) ? -1
						  : 0;
	case TEST_ABOVE:
		return value > rule->limit ? 1 : value <= rule->back ? -1 : 0;
	case TEST_BELOW:
		return value < rule->limit ? 1 : value >= rule->back ? -1 : 0;
	case TEST_GROWS:
		break;
	}
	return -1;
}

enum notice_severity
alarm_rule_severity(const struct alarm_sight *sight)
{
	const struct alarm_rule *rule = sight->rule;

	if (sight->value >= 0 && (uint64_t)sight->value < rule->n_severities &&
	    rule->severities[sight->value] != 0)
		return rule->severities[sight->value];
	return rule->severity;
}

/* --- words ---------------------------------------------------------------- */

void
alarm_rule_print_over(const struct alarm_rule *rule, const char *subject,
		      char *ret_text)
{
	snprintf(ret_text, REPORT_TEXT_LEN, "%s%s%s", rule->before, subject,
		 rule->cleared);
}

void
alarm_rule_print(const struct alarm_sight *sight, bool raised, char *ret_text)
{
	const struct alarm_rule *rule = sight->rule;
	const char *detail =
		rule->detail.size != 0 ? sight->base + rule->detail.offset : "";
	char value[REPORT_NAME_LEN] = "", all[2 * REPORT_TEXT_LEN];

	if (!raised) {
		alarm_rule_print_over(rule, sight->subject, ret_text);
		return;
	}
	if (rule->unit != NULL)
		snprintf(value, sizeof(value), " (%lld %s)",
			 (long long)sight->value, rule->unit);
	snprintf(all, sizeof(all), "%s%s%s%s%s%s", rule->before, sight->subject,
		 rule->raised, value, detail[0] != '\0' ? ": " : "", detail);
	text_copy(ret_text, REPORT_TEXT_LEN, all);
}
