# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What an agent says against what virsh and the kernel say at the same time,
# value by value; and what it says while all that it asks hangs.

# shellcheck disable=SC2034  # for mib.sh
MIB=$BIN/../mibs/IRONHERD-MIB.txt

# shellcheck source=/dev/null  # it is checked on its own
. "$SRC/../support/mib.sh"

# said HOST NAME [INDEX]: one value as the agent gives it; octets in hex.
said() {
	local oid
	oid=$(oid_of "$2") || fail "no object $2 in the MIB" || return 1
	lab snmp "$1" get -Oqv "${4:--OU}" "$oid.${3:-0}" | tr -d '"'
}

# column HOST NAME: "INDEX VALUE" for each row.
column() {
	local oid
	oid=$(oid_of "$2") || fail "no object $2 in the MIB" || return 1
	lab snmp "$1" bulkwalk -On -Oq "$oid" |
		sed -n "s/^$oid\.\([0-9.]*\) \"\{0,1\}\(.*[^\"]\)\"\{0,1\}\$/\1 \2/p"
}

# stat_of HOST VM: the figures of virsh domstats.
stat_of() {
	lab virsh "$1" domstats "$2"
}

figure() { # DOMSTATS NAME
	sed -n "s/^ *$2=//p" <<<"$1" | head -n 1
}

vm_agrees() { # HOST VM INDEX
	local before after info cpu
	before=$(stat_of "$1" "$2")
	info=$(lab virsh "$1" dominfo "$2")
	sleep 3 # a round of the agent
	cpu=$(said "$1" ihVmCpuTime "$3")
	after=$(stat_of "$1" "$2")
	between "CPU time of $2" \
		"$(($(figure "$before" cpu.time) / 1000000 - 4000))" \
		"$cpu" "$(($(figure "$after" cpu.time) / 1000000))" || return 1
	same "state of $2" "$(said "$1" ihVmState "$3")" \
		"$(($(figure "$after" state.state) + 2))" || return 1
	same "vCPUs of $2" "$(said "$1" ihVmVcpus "$3")" \
		"$(figure "$after" vcpu.current)" || return 1
	same "memory of $2" "$(said "$1" ihVmMemory "$3")" \
		"$(figure "$after" balloon.maximum)" || return 1
	same "balloon of $2" "$(said "$1" ihVmMemoryNow "$3")" \
		"$(figure "$after" balloon.current)" || return 1
	same "UUID of $2" \
		"$(said "$1" ihVmUuid "$3" -Ox | tr -d ' ' | tr A-F a-f)" \
		"$(lab virsh "$1" domuuid "$2" | tr -d '\n-')" || return 1
	same "persistence of $2" "$(said "$1" ihVmPersistent "$3")" \
		"$(grep -q '^Persistent: *yes' <<<"$info" && echo 1 || echo 2)" ||
		return 1
	same "autostart of $2" "$(said "$1" ihVmAutostart "$3")" \
		"$(grep -q '^Autostart: *enable' <<<"$info" && echo 1 || echo 2)"
}

case_what_the_agent_says_of_vms_is_what_virsh_says() {
	local index name names
	names=$(column h1 ihVmName)
	same "the list of VMs" \
		"$(cut -d ' ' -f 2- <<<"$names" | sort | xargs)" \
		"$(lab virsh h1 list --all --name | sort | xargs)" || return 1
	while read -r index name; do
		vm_agrees h1 "$name" "$index" || return 1
	done <<<"$names"
}

node_agrees() { # NODE
	local sys=/sys/devices/system/node/node$1
	same "CPUs of node $1" "$(said h1 ihNumaCpus "$1")" \
		"$(cat "$sys/cpulist")" || return 1
	same "memory of node $1" "$(said h1 ihNumaMemTotal "$1")" \
		"$(awk '/MemTotal/ { print $4 }' "$sys/meminfo")" || return 1
	same "distances from node $1" \
		"$(column h1 ihNumaDistValue |
			sed -n "s/^$1\.[0-9]* //p" | xargs)" \
		"$(xargs <"$sys/distance")"
}

case_what_the_agent_says_of_the_machine_is_what_the_kernel_says() {
	local node before after
	same "memory" "$(said h1 ihMemTotal)" \
		"$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" || return 1
	same "CPUs online" "$(said h1 ihCpuOnline)" \
		"$(getconf _NPROCESSORS_ONLN)" || return 1
	same "the boot id" \
		"$(said h1 ihHostBootId 0 -Ox | tr -d ' ' | tr A-F a-f)" \
		"$(lab exec h1 -- cat /proc/sys/kernel/random/boot_id |
			tr -d '\n-')" || return 1
	for node in /sys/devices/system/node/node[0-9]*; do
		node_agrees "${node##*/node}" || return 1
	done
	before=$(sed -n 's/^some.*total=//p' /proc/pressure/cpu)
	sleep 3
	after=$(said h1 ihPressureTotal 1.1)
	between "time under CPU pressure" "$before" "$after" \
		"$(sed -n 's/^some.*total=//p' /proc/pressure/cpu)"
}

# What VM-MIB has no column of ours for.
VM_MIB=.1.3.6.1.2.1.236.1

rows_of() { # HOST OID: the values of a column, sorted
	lab snmp "$1" bulkwalk -On -Oq -Oe "$2" | grep "^$2\." |
		sed 's/^[^ ]* //; s/^"\(.*\)"$/\1/' | sort
}

case_what_vm_mib_says_is_what_virsh_says() {
	local vm names=''
	same "vmName" "$(rows_of h1 $VM_MIB.4.1.2 | xargs)" \
		"$(lab virsh h1 list --all --name | sort | xargs)" || return 1
	same "vmNumber" "$(lab snmp h1 get -Oqv $VM_MIB.2.0)" \
		"$(lab virsh h1 list --all --name | grep -c .)" || return 1
	same "memory unit" "$(rows_of h1 $VM_MIB.4.1.12 | sort -u)" 1048576 ||
		return 1
	for vm in $(lab virsh h1 list --all --name); do
		names+=$(lab virsh h1 domblklist "$vm" | awk 'NR > 2 && NF {
			print $2 }')$'\n'
	done
	same "vmStorageSourceType" "$(rows_of h1 $VM_MIB.7.1.4 | wc -l)" \
		"$(grep -c . <<<"$names")"
}

link_agrees() { # INDEX NAME
	local truth
	truth=$(lab exec h1 -- ip -j link show dev "$2" | jq -r '.[0] |
		"\(.ifindex) \(.address)"')
	same "the index of $2" "$1" "${truth% *}" || return 1
	same "the address of $2" "$(said h1 ihUplinkPhysAddress "$1" -Ox | xargs |
		tr 'A-F ' 'a-f:')" "${truth#* }"
}

case_what_the_agent_says_of_links_and_memory_is_what_the_kernel_says() {
	local index name node size at
	column h1 ihUplinkName >"$LAB_DIR/uplinks"
	[ -s "$LAB_DIR/uplinks" ] || fail "no uplinks" || return 1
	while read -r index name; do
		link_agrees "$index" "$name" || return 1
	done <"$LAB_DIR/uplinks"
	for at in /sys/devices/system/node/node*/hugepages/hugepages-*; do
		[ -d "$at" ] || continue
		node=${at#*/node/node} size=${at##*-}
		same "huge pages of ${size} on ${node%%/*}" \
			"$(said h1 ihHugePageTotal "${node%%/*}.${size%kB}")" \
			"$(cat "$at/nr_hugepages")" || return 1
	done
	same "swap" "$(said h1 ihMemUseSwapTotal)" \
		"$(awk '/^SwapTotal/ { print $2 }' /proc/meminfo)"
}

# --- nothing stalls it ------------------------------------------------------

# median_of N: milliseconds of the median of N questions, the client's own
# start included.  Each is asked once; snmpd waits 1 s for the agent, and says
# genError when it hangs.  How long an answer takes says more of the guests,
# which spin while their disks hang: `make bench-snmp` has that figure.
median_of() {
	local i begin oid
	oid=$(oid_of ihHostSampleSeq) || return 1
	for ((i = 0; i < $1; i++)); do
		begin=$(now_ms)
		lab snmp h1 get -t 4 -r 0 -Oqv "$oid.0" >/dev/null || return 1
		echo $(($(now_ms) - begin))
	done | sort -n | sed -n "$((($1 + 1) / 2))p"
}

case_libvirtd_bmc_and_storage_hang_and_the_agent_answers_on() {
	local well hung sequence
	well=$(median_of 20) || return 1
	lab stop-libvirtd h1
	lab bmc-silence h1
	lab storage-stop
	sleep 12 # every deadline has passed
	sequence=$(said h1 ihHostSampleSeq)
	hung=$(median_of 20) || hung=
	[ "$(said h1 ihHostSampleSeq)" -gt "$sequence" ] ||
		fail "no new samples" || hung=
	lab storage-cont
	lab bmc-speak h1
	lab cont-libvirtd h1
	echo "  the median of 20 questions: $well ms well, ${hung:-no} ms hung"
	[ -n "$hung" ] || fail "it did not answer" || return 1
	within 60 host_is h1 up || return 1
	within 60 all_known
}

# --- churn ------------------------------------------------------------------

# disorder WALK: its names that are not after the one before.
disorder() {
	awk '$1 ~ /^\.1\./ {
		n = split(substr($1, 2), now, ".")
		for (i = 1; i <= n && i <= m && now[i] == last[i]; i++)
			;
		if (i > n || (i <= m && now[i] + 0 < last[i] + 0))
			print before " then " $1
		m = split(substr($1, 2), last, ".")
		before = $1
	}' "$1"
}

# A round of churn: define and undefine 20 VMs, in one connection of virsh.
churn_round() { # XML DISK
	local i
	for ((i = 0; i < 20; i++)); do
		sed "s/NAME/churn$i/" "$1" >"$2/etc/churn$i.xml"
		echo "define /etc/churn$i.xml"
		echo "undefine churn$i"
	done | lab exec h1 -- virsh -q >/dev/null
}

# At least CHURN VMs, and on until the walks are done: a machine may be quick
# at the one and slow at the other.
churn() { # XML DISK DONE
	local n=0
	while [ "$n" -lt "${CHURN:-60}" ] ||
		{ [ ! -e "$3" ] && [ "$n" -lt 2000 ]; }; do
		churn_round "$1" "$2" || return 1
		n=$((n + 20))
	done
}

case_walks_are_in_order_while_vms_come_and_go() {
	local disk=$LAB_DIR/h1/disk xml=$LAB_DIR/churn.xml walk=$LAB_DIR/walk
	local done=$LAB_DIR/churn.done pid walks=0 seen=0
	cat >"$xml" <<-END
	<domain type='qemu'><name>NAME</name><memory unit='MiB'>1</memory>
	<os><type arch='x86_64'>hvm</type></os></domain>
	END
	churn "$xml" "$disk" "$done" &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		lab snmp h1 bulkwalk -t 5 -Cc -On -Oq "$ROOT_OID" |
			grep -v 'No more variables' >"$walk"
		same "names out of order" "$(disorder "$walk")" '' || return 1
		seen=$((seen + $(grep -c 'churn' "$walk")))
		walks=$((walks + 1))
		[ "$walks" -lt 5 ] || [ "$seen" -lt 1 ] || touch "$done"
	done
	wait "$pid" || fail "virsh failed" || return 1
	rm -f "$disk"/etc/churn*.xml
	echo "  $walks walks, $seen times a VM that was to go"
	[ "$walks" -ge 3 ] || fail "too few walks" || return 1
	[ "$seen" -ge 1 ] || fail "no walk saw any of them" || return 1
	within 60 column_is h1 ihVmName "$(lab virsh h1 list --all --name |
		sort | xargs)" ||
		fail "the agent still says: $(column h1 ihVmName | xargs)"
}

column_is() {
	[ "$(column "$1" "$2" | cut -d ' ' -f 2- | sort | xargs)" = "$3" ]
}
