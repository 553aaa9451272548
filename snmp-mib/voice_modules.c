/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host's snmpd would say of any host, for the voice that stands
 * alone: net-snmp's own modules.
 *
 * They answer on the voice's thread, so only those are taken that read /proc
 * and ask the kernel about interfaces.  Left out is what can hang or costs
 * too much:
 *
 *	hrStorage, hrFS, UCD dskTable	statfs on every mount: hangs with NFS;
 *					the first and the last are our own
 *					(detail_storage.c, detail_disk.c)
 *	hrDisk, hrPartition		open every disk: hang with their paths
 *	hrSWRun, hrSystemProcesses	read every process: hang with one whose
 *					memory is locked, and are long
 *	hrPrinter			starts lpstat
 */
#include "snmp-mib/voice_own.h"

#include <dlfcn.h>
#include <errno.h>

#define MODULES "libnetsnmpmibs.so.40"

/* In the order of need: what reads the host before what shows it. */
static const char *const host_modules[] = {
	"init_cpu",       "init_cpu_linux",  "init_hw_mem",
	"init_interface", "init_ifTable",    "init_ifXTable",
	"init_memory",    "init_loadave",    "init_vmstat",
	"init_diskio",    "init_hr_system",  "init_hr_device",
	"init_hr_proc",   "init_hr_network", NULL
};

static const char *const own_modules[] = {
	"init_vacm_vars",  "init_usmUser",  "init_snmpEngine",
	"init_system_mib", "init_snmp_mib", "init_usmStats", NULL
};

static const char *const host_views[] = {
	"view ironherd included .1.3.6.1.2.1.2",  /* IF-MIB */
	"view ironherd included .1.3.6.1.2.1.31", /* its ifXTable */
	/* HOST-RESOURCES-MIB: hrSystem without the number of processes,
	 * hrStorage (ours, of codec_host_trees), hrDevice */
	"view ironherd included .1.3.6.1.2.1.25.1",
	"view ironherd excluded .1.3.6.1.2.1.25.1.6",
	"view ironherd included .1.3.6.1.2.1.25.2",
	"view ironherd included .1.3.6.1.2.1.25.3",
	/* UCD-SNMP-MIB: memory, file systems (ours), load, CPU counters;
	 * UCD-DISKIO-MIB */
	"view ironherd included .1.3.6.1.4.1.2021.4",
	"view ironherd included .1.3.6.1.4.1.2021.9",
	"view ironherd included .1.3.6.1.4.1.2021.10",
	"view ironherd included .1.3.6.1.4.1.2021.11",
	"view ironherd included .1.3.6.1.4.1.2021.13.15", NULL
};

/* Of the modules: interfaces of VMs that are gone stay for half a minute, and
 * devices without a disk have no row. */
static const char *const host_lines[] = { "interface_fadeout 30",
					  "diskio_exclude_fd yes",
					  "diskio_exclude_loop yes",
					  "diskio_exclude_ram yes", NULL };

static void *
find(void *library, const char *name, struct err *err)
{
	void *found = dlsym(library, name);

	if (found == NULL)
		err_set(err, -ENOSYS, "snmp: %s lacks %s", MODULES, name);
	return found;
}

static int
start_modules(void *library, const char *const *names, struct err *err)
{
	for (; *names != NULL; names++) {
		void (*init)(void);

		*(void **)(&init) = find(library, *names, err);
		if (init == NULL)
			return -ENOSYS;
		init();
	}
	return 0;
}

/* Else the counters of the CPUs were zero until the first reading after some
 * seconds: to a poller a jump from boot to now. */
static int
read_cpus(void *library, struct err *err)
{
	int (*load)(netsnmp_cache * cache, void *magic);

	*(void **)(&load) = find(library, "netsnmp_cpu_arch_load", err);
	if (load == NULL)
		return -ENOSYS;
	load(NULL, NULL);
	return 0;
}

/* The library of MIB modules brings Perl, sensors and udev along: 3 MB that
 * an agent behind snmpd does without, so it is loaded here. */
int
voice_modules_start(bool host_mibs, struct err *err)
{
	void *library = dlopen(MODULES, RTLD_NOW | RTLD_GLOBAL);

	if (library == NULL)
		return err_set(err, -ENOENT, "snmp: cannot load %s", MODULES);
	int rc = start_modules(library, own_modules, err);
	if (rc == 0 && host_mibs)
		rc = start_modules(library, host_modules, err);
	if (rc == 0 && host_mibs)
		rc = read_cpus(library, err);
	return rc;
}

static void
configure(const char *const *lines)
{
	char line[128];

	for (; *lines != NULL; lines++) {
		snprintf(line, sizeof(line), "%s", *lines);
		netsnmp_config(line);
	}
}

void
voice_modules_configure(void)
{
	configure(host_lines);
	configure(host_views);
}
