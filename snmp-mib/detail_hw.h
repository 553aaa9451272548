/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snmp-mib/detail_hw.h - the metal of a node as rows for monitoring: sensors,
 * memory, CPU packages, what is built in.  Plain data, as node_report.h.
 *
 * Rows of standard MIBs have exactly the shape of those MIBs.  What could not
 * be read has a status or a mark that says so, never a zero.
 */
#ifndef SNMP_MIB_DETAIL_HW_H
#define SNMP_MIB_DETAIL_HW_H

#include "snmp-mib/node_report.h"

enum {
	DETAIL_SENSORS_MAX = 1024,
	DETAIL_PACKAGES_MAX = 64,
	DETAIL_HUGE_PAGES_MAX = 512, /* nodes by sizes */
	DETAIL_CPU_MODELS_MAX = 256,
	DETAIL_ENTITIES_MAX = 2048,
	DETAIL_POWERS_MAX = DETAIL_PACKAGES_MAX + 1,

	DETAIL_FEATURE_OCTETS = REPORT_FEATURES_MAX / 8 + 1,
	DETAIL_SERIAL_LEN = 33 /* as ENTITY-MIB has it, with the NUL */
};

/* --- sensors -------------------------------------------------------------- */

enum detail_sensor_source {
	DETAIL_SENSOR_IPMI = 1,
	DETAIL_SENSOR_HWMON,
	DETAIL_SENSOR_RAPL
};

/* EntitySensorDataType, which says the unit. */
enum detail_sensor_kind {
	DETAIL_KIND_OTHER = 1,
	DETAIL_KIND_UNKNOWN,
	DETAIL_KIND_VOLTS_AC,
	DETAIL_KIND_VOLTS_DC,
	DETAIL_KIND_AMPERES,
	DETAIL_KIND_WATTS,
	DETAIL_KIND_HERTZ,
	DETAIL_KIND_CELSIUS,
	DETAIL_KIND_PERCENT_RH,
	DETAIL_KIND_RPM,
	DETAIL_KIND_CMM,
	DETAIL_KIND_TRUTH
};

enum detail_sensor_status {
	DETAIL_SENSOR_OK = 1,
	DETAIL_SENSOR_UNAVAILABLE,
	DETAIL_SENSOR_BROKEN /* "nonoperational" */
};

/* In the order of the columns; a bit each, as SMI BITS count them. */
enum detail_threshold {
	DETAIL_LOW_FATAL,
	DETAIL_LOW_CRITICAL,
	DETAIL_LOW_WARNING,
	DETAIL_HIGH_WARNING,
	DETAIL_HIGH_CRITICAL,
	DETAIL_HIGH_FATAL,
	DETAIL_THRESHOLDS
};

/* What a sensor is about. */
enum detail_subsystem {
	DETAIL_ABOUT_OTHER,
	DETAIL_ABOUT_CPU,
	DETAIL_ABOUT_MEMORY,
	DETAIL_ABOUT_POWER,
	DETAIL_ABOUT_THERMAL,
	DETAIL_ABOUT_STORAGE
};

enum { DETAIL_SCALE_UNITS = 9 }; /* EntitySensorDataScale: 10^0 */

/* Value and thresholds are in the unit times 10^precision.  Of a sensor that
 * has states the value is their mask. */
struct detail_sensor {
	uint32_t index; /* entPhysicalIndex */
	char name[REPORT_NAME_LEN];
	enum detail_sensor_source source;
	enum detail_sensor_kind kind;
	enum detail_subsystem about;
	unsigned scale;
	int32_t precision;
	int32_t value; /* means nothing unless the status is OK */
	enum detail_sensor_status status;
	char unit[REPORT_NAME_LEN]; /* for people: "degrees C" */
	uint8_t has_threshold[1 + 1];
	int32_t thresholds[DETAIL_THRESHOLDS];
	enum report_health health;
	char text[REPORT_TEXT_LEN]; /* states, or why there is no value */
	uint32_t read_ticks;        /* when: 1/100 s since the agent's start */
	uint32_t update_ms;
};

/* --- memory --------------------------------------------------------------- */

enum detail_ksm {
	DETAIL_KSM_ABSENT = 1,
	DETAIL_KSM_STOPPED,
	DETAIL_KSM_RUNNING,
	DETAIL_KSM_UNMERGING
};

struct detail_memory {
	uint64_t vm_configured_kib; /* of all active VMs */
	uint64_t vm_rss_kib;        /* what their processes have */
	uint64_t balloon_kib;       /* taken back from them by balloons */
	uint32_t overcommit_pm;     /* configured to what VMs may use */
	enum detail_ksm ksm;
	uint64_t ksm_shared_kib;  /* pages that are shared */
	uint64_t ksm_sharing_kib; /* what is saved by that */
	int32_t ksm_profit_mib;   /* by the kernel; may be below zero */
	uint64_t ksm_full_scans;
	uint64_t swap_total_kib, swap_used_kib;
	uint64_t swap_in_kib, swap_out_kib; /* since boot */
	bool ecc_present;                   /* somebody counts */
	uint64_t ecc_corrected, ecc_uncorrected;
	char ecc_text[REPORT_TEXT_LEN]; /* which DIMMs had some */
	enum report_health health;
};

struct detail_huge_pages {
	uint32_t node, size_kib;
	uint32_t total, free, reserved, surplus; /* pages */
};

struct detail_numa_use {
	uint32_t node;
	uint64_t hits, misses, foreign; /* pages, since boot */
	uint64_t vms_kib;               /* of VMs, as far as measured */
};

/* --- processors ----------------------------------------------------------- */

/* Bits of `known`, as SMI BITS count them. */
enum {
	DETAIL_KNOWN_MHZ = 0x80,
	DETAIL_KNOWN_MAX_MHZ = 0x40,
	DETAIL_KNOWN_POWER = 0x20,
	DETAIL_KNOWN_THROTTLES = 0x10
};

struct detail_package {
	uint32_t index;   /* entPhysicalIndex */
	uint32_t package; /* the kernel's number: may have gaps */
	char vendor[REPORT_NAME_LEN];
	char model_name[REPORT_NAME_LEN];
	uint32_t family, model, stepping;
	char microcode[REPORT_NAME_LEN];
	uint32_t cores, threads;
	uint8_t known[1 + 1]; /* which of these are told */
	uint32_t mhz, max_mhz;
	uint32_t power_mw;
	uint64_t throttles; /* of the package and its cores, since boot */
	enum report_health health;
	char text[REPORT_TEXT_LEN]; /* in what it differs from the others */
};

enum detail_cpu_role {
	DETAIL_CPU_HOST = 1,   /* CPUID of all CPUs */
	DETAIL_CPU_HOST_MODEL, /* what libvirt gives a guest by itself */
	DETAIL_CPU_BASELINE,
	DETAIL_CPU_USABLE,
	DETAIL_CPU_BLOCKED
};

/* Bit n, the first being 0, is row n of ihFeatureTable: bit 0 is nobody's. */
struct detail_cpu_model {
	uint32_t index;
	enum detail_cpu_role role;
	char name[REPORT_NAME_LEN];
	uint8_t features[1 + DETAIL_FEATURE_OCTETS]; /* [0]: how many follow */
	bool usable; /* guests may have all of it here */
	/* Of host and hostModel: rows of the table that it does not have.  Of
	 * the named ones: features that guests cannot have here. */
	uint32_t missing;
	char blockers[REPORT_TEXT_LEN]; /* names of those, " ..." when cut */
};

/* --- the BMC -------------------------------------------------------------- */

struct detail_bmc {
	bool power_present; /* it measures */
	uint32_t now_w, min_w, max_w, average_w, period_s;
	bool cap_active;
	uint32_t cap_w;
	bool sel_present;
	uint32_t sel_entries, sel_percent;
	bool sel_overflow;
	bool watchdog_present, watchdog_running;
	uint32_t watchdog_left_ms;
};

/* --- health by subsystem -------------------------------------------------- */

struct detail_health {
	enum report_health total, cpu, memory, power, thermal, storage, network,
		virtualisation, bmc, sources;
	char text[REPORT_TEXT_LEN]; /* the gravest reasons */
};

/* --- ENTITY-MIB, RFC 6933 ------------------------------------------------- */

/* IANAPhysicalClass */
enum detail_class {
	DETAIL_CLASS_OTHER = 1,
	DETAIL_CLASS_UNKNOWN,
	DETAIL_CLASS_CHASSIS,
	DETAIL_CLASS_BACKPLANE,
	DETAIL_CLASS_CONTAINER,
	DETAIL_CLASS_POWER_SUPPLY,
	DETAIL_CLASS_FAN,
	DETAIL_CLASS_SENSOR,
	DETAIL_CLASS_MODULE,
	DETAIL_CLASS_PORT,
	DETAIL_CLASS_STACK,
	DETAIL_CLASS_CPU,
	DETAIL_CLASS_ENERGY_OBJECT,
	DETAIL_CLASS_BATTERY,
	DETAIL_CLASS_STORAGE_DRIVE
};

struct detail_entity {
	uint32_t index;
	char descr[REPORT_TEXT_LEN];
	uint32_t contained_in; /* 0: in nothing */
	enum detail_class class;
	int32_t position; /* among its parent's children of this class */
	char name[REPORT_NAME_LEN];
	char hardware_rev[REPORT_NAME_LEN];
	char firmware_rev[REPORT_NAME_LEN];
	char software_rev[REPORT_NAME_LEN];
	char serial[DETAIL_SERIAL_LEN];
	char vendor[REPORT_NAME_LEN];
	char model[REPORT_NAME_LEN];
	char alias[DETAIL_SERIAL_LEN];
	char asset[DETAIL_SERIAL_LEN];
	bool is_fru;
	uint64_t made_s; /* 0: not known */
	char uris[REPORT_NAME_LEN];
	char uuid[REPORT_UUID_LEN]; /* "": none */
};

struct detail_contains {
	uint32_t parent, child;
};

/* --- ENTITY-SENSOR-MIB, RFC 3433: columns of struct detail_sensor --------- */

/* --- ENTITY-STATE-MIB, RFC 4268 ------------------------------------------- */

enum detail_admin {
	DETAIL_ADMIN_UNKNOWN = 1,
	DETAIL_ADMIN_LOCKED,
	DETAIL_ADMIN_SHUTTING_DOWN,
	DETAIL_ADMIN_UNLOCKED
};

enum detail_oper {
	DETAIL_OPER_UNKNOWN = 1,
	DETAIL_OPER_DISABLED,
	DETAIL_OPER_ENABLED,
	DETAIL_OPER_TESTING
};

enum detail_usage {
	DETAIL_USAGE_UNKNOWN = 1,
	DETAIL_USAGE_IDLE,
	DETAIL_USAGE_ACTIVE,
	DETAIL_USAGE_BUSY
};

enum detail_standby {
	DETAIL_STANDBY_UNKNOWN = 1,
	DETAIL_STANDBY_HOT,
	DETAIL_STANDBY_COLD,
	DETAIL_STANDBY_PROVIDING
};

/* Bits of EntityAlarmStatus, the first octet of BITS. */
enum {
	DETAIL_ALARM_UNKNOWN = 0x80,
	DETAIL_ALARM_CRITICAL = 0x20,
	DETAIL_ALARM_MAJOR = 0x10,
	DETAIL_ALARM_MINOR = 0x08,
	DETAIL_ALARM_WARNING = 0x04
};

struct detail_state {
	uint32_t index;
	uint64_t changed_s;
	enum detail_admin admin;
	enum detail_oper oper;
	enum detail_usage usage;
	uint8_t alarm[1 + 1];
	enum detail_standby standby;
};

/* --- ENERGY-OBJECT-MIB, RFC 7460 ------------------------------------------ */

enum detail_caliber {
	DETAIL_CALIBER_UNAVAILABLE = 1,
	DETAIL_CALIBER_UNKNOWN,
	DETAIL_CALIBER_ACTUAL,
	DETAIL_CALIBER_ESTIMATED,
	DETAIL_CALIBER_STATIC
};

enum detail_current {
	DETAIL_CURRENT_AC = 1,
	DETAIL_CURRENT_DC,
	DETAIL_CURRENT_UNKNOWN
};

enum { /* ieee1621 of PowerStateSet */
       DETAIL_POWER_STATE_OFF = 257,
       DETAIL_POWER_STATE_SLEEP = 258,
       DETAIL_POWER_STATE_ON = 259
};

struct detail_power {
	uint32_t index; /* entPhysicalIndex */
	int32_t power;
	uint32_t nameplate; /* 0: nobody says */
	int32_t multiplier; /* powers of ten of the watt: 0, -3 */
	int32_t accuracy;   /* 0: not known, as the standard has it */
	enum detail_caliber caliber;
	enum detail_current current;
	bool local;
	int32_t admin, oper;
	char reason[REPORT_NAME_LEN];
};

/* Since the agent started. */
struct detail_power_state {
	uint32_t index; /* entPhysicalIndex */
	uint32_t state;
	int32_t max_power; /* -1: nobody says */
	int32_t multiplier;
	uint32_t total_ticks, entered;
};

#endif
