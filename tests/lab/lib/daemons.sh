# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What runs in the nodes and how it is configured.

SNMP_USER=ironherd
BMC_USER="admin"

# Fresh passwords for each lab; a BMC takes 16 bytes at most in places.
credentials_write() {
	local auth priv bmc
	auth=$(od -An -tx1 -N12 /dev/urandom | tr -d ' \n')
	priv=$(od -An -tx1 -N12 /dev/urandom | tr -d ' \n')
	bmc=$(od -An -tx1 -N7 /dev/urandom | tr -d ' \n')
	(
		umask 077
		cat >"$LAB_DIR/credentials" <<-END
		snmp "agents" {
			user = "$SNMP_USER"
			auth-password = "$auth"
			priv-password = "$priv"
			auth = "SHA-256"
			priv = "AES"
		}
		bmc "bmcs" {
			user = "$BMC_USER"
			password = "$bmc"
		}
		END
	)
	credentials_load
}

credentials_load() {
	SNMP_AUTH=$(sed -n 's/^\s*auth-password = "\(.*\)"/\1/p' \
		"$LAB_DIR/credentials")
	SNMP_PRIV=$(sed -n 's/^\s*priv-password = "\(.*\)"/\1/p' \
		"$LAB_DIR/credentials")
	# shellcheck disable=SC2034  # used by bmc.sh
	BMC_PASSWORD=$(sed -n 's/^\s*password = "\(.*\)"/\1/p' \
		"$LAB_DIR/credentials")
}

# --- services ---------------------------------------------------------------

services_of() {
	if [ "$1" = ctl ]; then services_ctl; else services_host "$1"; fi
}

services_boot() {
	echo "run boot exec /bin/bash $LAB_SRC/boot $LAB_DIR $1" \
		"$LAB_ROOT $BIN $LAB_BIN"
}

services_ctl() {
	services_boot ctl
	echo "later coordinator exec $BIN/ironherd-coordinator"
}

# The agent removes libvirt's autostart links before libvirtd may start: a
# host that comes back must start nothing by itself.  If it fails, libvirtd
# does not start.  The datastore is tried until the storage answers.
services_host() {
	local fuse="nbdfuse /srv/ds1/heartbeat nbd://10.92.0.254:10810/ds1"
	services_boot "$1"
	echo "start datastore until $fuse; do sleep 1; done"
	echo "start snmpd exec snmpd -f -LE 4 -C -c /etc/snmp/snmpd.conf -I -smux"
	[ ! -x "$BIN/ironherd-agent" ] ||
		echo "run hold exec $BIN/ironherd-agent --hold-autostart"
	echo "start libvirtd exec libvirtd --listen"
	[ ! -x "$BIN/ironherd-agent" ] ||
		echo "start agent exec $BIN/ironherd-agent"
}

verb_kill_agent() {
	service_signal "$1" agent KILL
}

verb_start_agent() {
	service_start "$1" agent
}

verb_stop_libvirtd() {
	service_signal "$1" libvirtd STOP
}

verb_cont_libvirtd() {
	service_signal "$1" libvirtd CONT
}

verb_start_coordinator() {
	[ -x "$BIN/ironherd-coordinator" ] ||
		die "$BIN/ironherd-coordinator is not built"
	service_start ctl coordinator
}

verb_stop_coordinator() {
	service_signal ctl coordinator TERM
	wait_until 100 service_gone ctl coordinator ||
		die "the coordinator does not stop"
}

verb_kill_coordinator() {
	service_signal ctl coordinator KILL
	wait_until 20 service_gone ctl coordinator || true
}

# --- configuration ----------------------------------------------------------

agent_conf() {
	cat <<-END
	node {
		name = "$1"
		uuid = "$(uuid_of "$1")"
		memory-mib = 512
		cpus = 2
	}
	snmp {
		mode = agentx
		agentx-socket = "/var/agentx/master"
		account = "agents"
	}
	libvirt {
		uri = "qemu:///system"
		virt-type = qemu
	}
	datastore "ds1" {
		path = "/srv/ds1/heartbeat"
		slot = ${1#h}
	}
	inform {
		target = "udp:10.90.0.254:162"
		account = "agents"
	}
	credentials = "/etc/ironherd/credentials"
	END
}

coordinator_conf() {
	local host i
	cat <<-END
	site = "lab"
	state-dir = "/var/lib/ironherd"
	api-socket = "$LAB_DIR/ctl/api.sock"
	credentials = "/etc/ironherd/credentials"
	inform-listen = "udp:10.90.0.254:162"
	cluster "c1" {
		ha = on
		vm-failure = restart
		# Its hosts fail all day.
		set-aside-hosts = off
		set-aside-vms = off
	}
	datastore "ds1" {
		cluster = "c1"
	}
	END
	for host in $(hosts); do
		i=${host#h}
		cat <<-END
		host "$host" {
			cluster = "c1"
			agent = "10.90.0.$i:161"
			snmp-account = "agents"
			libvirt = "qemu+tcp://10.90.0.$i/system"
			bmc {
				address = "10.91.0.$i:623"
				account = "bmcs"
				cipher-suite = 3
			}
		}
		END
	done
}

# An engine id of its own, known in advance and the same after a power cut.
snmpd_conf() {
	local disk=$LAB_DIR/$1/disk engine
	engine=$(printf 'ironherd-%s' "$1" | od -An -tx1 | tr -d ' \n')
	(
		umask 077
		cat >"$disk/etc/snmp/snmpd.conf" <<-END
		agentaddress udp:10.90.0.${1#h}:161,udp:127.0.0.1:161
		exactEngineID 0x80001f8804$engine
		createUser $SNMP_USER SHA-256 "$SNMP_AUTH" AES "$SNMP_PRIV"
		rouser $SNMP_USER authpriv .1
		master agentx
		agentXSocket /var/agentx/master
		agentXTimeout 1
		agentXRetries 0
		sysName $1
		END
	)
}

verb_snmp() {
	local host=$1 how=$2
	shift 2
	host_check "$host"
	credentials_load
	install -d -m 700 "$LAB_DIR/ctl/disk/etc/snmp"
	(
		umask 077
		cat >"$LAB_DIR/ctl/disk/etc/snmp/snmp.conf" <<-END
		defVersion 3
		defSecurityName $SNMP_USER
		defSecurityLevel authPriv
		defAuthType SHA-256
		defPrivType AES
		defAuthPassphrase $SNMP_AUTH
		defPrivPassphrase $SNMP_PRIV
		END
	)
	MIBS=${MIBS-} node_exec ctl "snmp$how" "10.90.0.${host#h}" "$@"
}

# TCP without authentication: in the lab only.
libvirt_conf() {
	local etc=$LAB_DIR/$1/disk/etc/libvirt i=${1#h}
	cat >"$etc/libvirtd.conf" <<-END
	listen_tls = 0
	listen_tcp = 1
	listen_addr = "10.90.0.$i"
	auth_tcp = "none"
	host_uuid = "$(uuid_of "$1")"
	log_outputs = "3:stderr"
	END
	cat >"$etc/qemu.conf" <<-END
	security_driver = "none"
	user = "root"
	group = "root"
	cgroup_controllers = []
	namespaces = []
	remember_owner = 0
	stdio_handler = "file"
	migration_address = "10.93.0.$i"
	migration_host = "10.93.0.$i"
	END
	echo 'uri_default = "qemu:///system"' >"$etc/libvirt.conf"
}
