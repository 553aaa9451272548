# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Guests: the boot sector of guest.asm on a network disk.

DISK_BYTES=$(((64 + 65536 * 8) * 512)) # sparse: rings of 65536 instances

guest_xml() {
	cat <<-END
	<domain type='qemu'>
	  <name>$1</name>
	  <uuid>$(uuid_of "$1")</uuid>
	  <memory unit='MiB'>16</memory>
	  <vcpu>1</vcpu>
	  <os><type arch='x86_64' machine='pc'>hvm</type></os>
	  <features><acpi/></features>
	  <on_poweroff>destroy</on_poweroff>
	  <on_reboot>restart</on_reboot>
	  <on_crash>destroy</on_crash>
	  <devices>
	    <emulator>$(command -v qemu-system-x86_64)</emulator>
	    <disk type='network' device='disk'>
	      <driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='stop'/>
	      <source protocol='nbd' name='$1'>
	        <host name='10.92.0.254' port='10809'/>
	      </source>
	      <target dev='vda' bus='virtio'/>
	    </disk>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <panic model='isa'/>
	  </devices>
	</domain>
	END
}

guest_check() {
	[ -f "$LAB_DIR/guests/$1.xml" ] || die "no guest '$1' was made here"
}

guest_disk() {
	echo "$LAB_DIR/storage/disks/$1"
}

verb_guest() {
	local vm=$1 host=$2 disk
	[[ $vm =~ ^[a-z][a-z0-9]{0,15}$ ]] || die "guest '$vm': a-z and 0-9"
	host_check "$host"
	disk=$(guest_disk "$vm")
	if [ ! -e "$disk" ]; then
		cp "$LAB_BIN/guest.bin" "$disk.part"
		truncate -s "$DISK_BYTES" "$disk.part"
		mv "$disk.part" "$disk"
	fi
	guest_xml "$vm" >"$LAB_DIR/guests/$vm.xml"
	event guest "$vm" "$host"
	node_exec "$host" virsh -q "define $LAB_DIR/guests/$vm.xml; start $vm"
}

# guest_qemu HOST VM: pid of its QEMU as the host sees it, if it lives.
guest_qemu() {
	local init pid
	init=$(host_pid "$1") || return 1
	pid=$(cat "/proc/$init/root/run/libvirt/qemu/$2.pid" 2>/dev/null) ||
		return 1
	[ -d "/proc/$init/root/proc/$pid" ] && echo "$pid"
}

# guest_hosts VM: where it runs; asks no libvirtd, so it works without one.
guest_hosts() {
	local host
	for host in $(hosts); do
		! guest_qemu "$host" "$1" >/dev/null || echo "$host"
	done
}

guest_host() {
	local on
	guest_check "$1"
	on=$(guest_hosts "$1" | head -n 1)
	[ -n "$on" ] || die "$1 runs nowhere"
	echo "$on"
}

verb_crash_guest() {
	local host
	host=$(guest_host "$1")
	event crash-guest "$1" "$host"
	node_exec "$host" kill -9 "$(guest_qemu "$host" "$1")"
}

# guest_command VM LETTER: the guest looks at sector 2 twice a second.
guest_command() {
	guest_host "$1" >/dev/null
	printf %s "$2" | dd of="$(guest_disk "$1")" bs=512 seek=2 conv=notrunc \
		status=none
}

verb_panic_guest() {
	event panic-guest "$1"
	guest_command "$1" P
}

verb_poweroff_guest() {
	event poweroff-guest "$1"
	guest_command "$1" O
}

guest_virsh() {
	local host
	host=$(guest_host "$2")
	event "$1-guest" "$2" "$host"
	node_exec "$host" virsh -q "$1" "$2"
}

verb_shutdown_guest() {
	guest_virsh shutdown "$1"
}

verb_destroy_guest() {
	guest_virsh destroy "$1"
}

verb_virsh() {
	local host=$1
	shift
	host_check "$host"
	node_exec "$host" virsh "$@"
}
