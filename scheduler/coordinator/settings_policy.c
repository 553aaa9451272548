/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of VMs when something fails: by cluster, by set, by VM. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "scheduler/coordinator/settings_internal.h"

#define HANG_MS_LEAST 5000 /* less is the pause of a guest that is busy */

/* In the order of their enums. */
const char *const settings_host_fails[] = { "recover", "wait", NULL };
const char *const settings_store_fails[] = { "none", "recover", NULL };
const char *const settings_vm_fails[] = { "none", "restart", "elsewhere", "off",
					  NULL };

/* As libvirt has it: nearly everything is a name. */
int
settings_check_vm_name(const char *value, struct err *err)
{
	size_t len = strlen(value);

	if (len == 0 || len >= REPORT_NAME_LEN)
		return err_set(err, -EINVAL, "a VM's name has 1 to %d bytes",
			       REPORT_NAME_LEN - 1);
	for (const char *c = value; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c) || *c == '/')
			return err_set(err, -EINVAL,
				       "a VM's name has no '/' and no control "
				       "characters");
	return 0;
}

#define OVERRIDES                                                     \
	{ .name = "cluster", .type = CONFIG_TEXT, .required = true }, \
		{ .name = "ha", .type = CONFIG_BOOL },                \
		SETTINGS_VM_POLICY(NULL, NULL, NULL, NULL, NULL)

const struct config_option settings_vm_options[] = {
	OVERRIDES,
	{ .name = NULL },
};

static const struct config_option member_options[] = { { .name = NULL } };

const struct config_option settings_vms_options[] = {
	OVERRIDES,
	{ .name = "vm",
	  .type = CONFIG_LIST,
	  .sections = member_options,
	  .check = settings_check_vm_name },
	{ .name = NULL },
};

/* --- policies ------------------------------------------------------------ */

/* What the section says; what it does not say stays as it is. */
static void
read_vm_policy(struct settings *s, const struct config_section *sec,
	       struct vm_policy *policy)
{
	if (config_is_set(sec, "host-failure"))
		policy->host_fail =
			(enum host_fail)config_word(sec, "host-failure");
	if (config_is_set(sec, "storage-failure"))
		policy->store_fail =
			(enum store_fail)config_word(sec, "storage-failure");
	if (config_is_set(sec, "vm-failure"))
		policy->vm_fail = (enum vm_fail)config_word(sec, "vm-failure");
	if (config_is_set(sec, "priority"))
		policy->priority = (unsigned)config_int(sec, "priority");
	if (!config_is_set(sec, "hang-ms"))
		return;
	policy->hang_ms = config_int(sec, "hang-ms");
	if (policy->hang_ms > 0 && policy->hang_ms < HANG_MS_LEAST)
		config_complain(s->config, sec, "hang-ms",
				"must be 0 (no hang is looked for) or %d to "
				"3600000",
				HANG_MS_LEAST);
}

void
settings_read_policy(struct settings *s, const struct config_section *sec,
		     struct cluster_policy *policy)
{
	cluster_policy_init(policy);
	read_vm_policy(s, sec, &policy->vm);
	policy->guard_pct = (unsigned)config_int(sec, "guard-percent");
	policy->mass_hosts = (unsigned)config_int(sec, "mass-hosts");
	policy->mass_window_ms = config_int(sec, "mass-window") * 1000;
	policy->survive_hosts = (unsigned)config_int(sec, "survive-hosts");
	policy->fence_stuck = config_bool(sec, "fence-stuck");
	policy->set_aside_hosts = config_bool(sec, "set-aside-hosts");
	policy->set_aside_vms = config_bool(sec, "set-aside-vms");
	policy->path_lost_ms = config_int(sec, "path-lost") * 1000;
	policy->path_delay_ms = config_int(sec, "path-delay") * 1000;
	policy->starts_per_host = (unsigned)config_int(sec, "starts-per-host");
	policy->starts = (unsigned)config_int(sec, "starts");
}

/* --- overrides ------------------------------------------------------------ */

static int
compare(size_t cluster, const char *name, const struct vm_settings *vm)
{
	if (cluster != vm->cluster)
		return cluster < vm->cluster ? -1 : 1;
	return strcmp(name, vm->name);
}

static int
compare_vms(const void *left, const void *right)
{
	const struct vm_settings *a = left;

	return compare(a->cluster, a->name, right);
}

static struct vm_settings *
find_vm(const struct settings *s, size_t cluster, const char *name)
{
	for (size_t i = 0; i < s->n_vms; i++)
		if (compare(cluster, name, &s->vms[i]) == 0)
			return &s->vms[i];
	return NULL;
}

/* Over the cluster's policy, or over that of the set it is in. */
static void
override(struct settings *s, const struct config_section *sec,
	 struct vm_settings *vm)
{
	if (config_is_set(sec, "ha"))
		vm->policy.ha = config_bool(sec, "ha");
	read_vm_policy(s, sec, &vm->policy);
}

static struct vm_settings *
add_vm(struct settings *s, size_t cluster, const char *name)
{
	struct vm_settings *vm = &s->vms[s->n_vms++];

	*vm = (struct vm_settings){
		.name = name,
		.cluster = cluster,
		.policy = s->clusters[cluster].policy.vm,
	};
	return vm;
}

static void
read_set(struct settings *s, const struct config_section *sec)
{
	size_t cluster = settings_find_cluster(s, sec);

	for (size_t i = 0; i < config_list_len(sec, "vm"); i++) {
		const struct config_section *member =
			config_list_at(sec, "vm", i);
		const char *name = config_title(member);

		if (find_vm(s, cluster, name) != NULL)
			config_complain(s->config, member, NULL,
					"this VM is in another set already");
		else
			override(s, sec, add_vm(s, cluster, name));
	}
	if (config_list_len(sec, "vm") == 0)
		config_complain(s->config, sec, NULL, "no VM is in this set");
}

static void
read_vm(struct settings *s, const struct config_section *sec)
{
	size_t cluster = settings_find_cluster(s, sec);
	struct vm_settings *vm = find_vm(s, cluster, config_title(sec));

	if (vm == NULL)
		vm = add_vm(s, cluster, config_title(sec));
	override(s, sec, vm);
}

static size_t
count(const struct config_section *root)
{
	size_t n = config_list_len(root, "vm");

	for (size_t i = 0; i < config_list_len(root, "vms"); i++)
		n += config_list_len(config_list_at(root, "vms", i), "vm");
	return n;
}

/* Sets first: what a VM has of its own counts more. */
void
settings_read_vms(struct settings *s, const struct config_section *root)
{
	size_t n = count(root);

	if (s->n_clusters == 0)
		return; /* complained of already */
	if (n > SETTINGS_VMS_MAX) {
		config_complain(s->config, root, NULL,
				"more than %d VMs have a policy of their own",
				SETTINGS_VMS_MAX);
		return;
	}
	s->vms = xcalloc(n, sizeof(*s->vms));
	for (size_t i = 0; i < config_list_len(root, "vms"); i++)
		read_set(s, config_list_at(root, "vms", i));
	for (size_t i = 0; i < config_list_len(root, "vm"); i++)
		read_vm(s, config_list_at(root, "vm", i));
	qsort(s->vms, s->n_vms, sizeof(*s->vms), compare_vms);
}

const struct vm_policy *
settings_vm_policy(const struct settings *s, size_t cluster, const char *name)
{
	size_t low = 0, high = s->n_vms;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(cluster, name, &s->vms[middle]);

		if (order == 0)
			return &s->vms[middle].policy;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return &s->clusters[cluster].policy.vm;
}
