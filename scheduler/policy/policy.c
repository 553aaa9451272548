/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/policy.h"

#include "scheduler/policy/timeouts.h"

const char *
host_fail_name(enum host_fail what)
{
	static const char *const names[HOST_FAILS] = {
		[HOST_FAIL_RECOVER] = "recover",
		[HOST_FAIL_WAIT] = "wait",
	};

	return (unsigned)what < HOST_FAILS ? names[what] : "unknown";
}

const char *
store_fail_name(enum store_fail what)
{
	static const char *const names[STORE_FAILS] = {
		[STORE_FAIL_NONE] = "none",
		[STORE_FAIL_RECOVER] = "recover",
	};

	return (unsigned)what < STORE_FAILS ? names[what] : "unknown";
}

const char *
vm_fail_name(enum vm_fail what)
{
	static const char *const names[VM_FAILS] = {
		[VM_FAIL_NONE] = "none",
		[VM_FAIL_RESTART] = "restart",
		[VM_FAIL_ELSEWHERE] = "elsewhere",
		[VM_FAIL_OFF] = "off",
	};

	return (unsigned)what < VM_FAILS ? names[what] : "unknown";
}

const char *
rule_kind_name(enum rule_kind kind)
{
	static const char *const names[RULE_KINDS] = {
		[RULE_TOGETHER] = "together",
		[RULE_APART] = "apart",
		[RULE_HOSTS] = "hosts",
		[RULE_AFTER] = "after",
	};

	return (unsigned)kind < RULE_KINDS ? names[kind] : "unknown";
}

const char *
rule_force_name(enum rule_force force)
{
	static const char *const names[RULE_FORCES] = {
		[RULE_MUST] = "must",
		[RULE_SHOULD] = "should",
		[RULE_MUST_NOT] = "must-not",
		[RULE_SHOULD_NOT] = "should-not",
	};

	return (unsigned)force < RULE_FORCES ? names[force] : "unknown";
}

void
cluster_policy_init(struct cluster_policy *policy)
{
	*policy = (struct cluster_policy){
		.vm = { .ha = true, .priority = PRIORITY_PRESET },
		.guard_pct = GUARD_PCT,
		.set_aside_hosts = true,
		.set_aside_vms = true,
		.mass_window_ms = MASS_WINDOW_MS,
		.path_lost_ms = PATH_LOST_MS,
		.path_delay_ms = PATH_DELAY_MS,
		.starts_per_host = STARTS_PER_HOST,
	};
}
