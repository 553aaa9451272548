# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Networks.  One switch namespace holds a bridge per plane; a node's end of a
# veth is named after the plane.  Storage is different: each host has a link
# of its own to a storage namespace of its own, so that each host's writes
# land in a log of its own (see storage.sh).  Nothing is ever made in the
# machine's root namespace.
#
# MAC addresses are fixed: a host that comes back after a power cut is found
# at once, without waiting for old neighbour entries to age.

declare -A PLANE_NET=([management]=90 [bmc]=91 [storage]=92 [migration]=93)
declare -A PLANE_MAC=([management]=0 [bmc]=1 [storage]=2 [migration]=3)

net_up() {
	local plane
	net_space sw
	for plane in management bmc migration; do
		ip -n "$LAB-sw" link add "br-$plane" type bridge
		ip -n "$LAB-sw" link set "br-$plane" up
	done
}

net_space() {
	ip netns add "$LAB-$1"
	ip -n "$LAB-$1" link set lo up
}

# net_attach NODE PLANE NUMBER: a leg of the node on a bridged plane.
net_attach() {
	local node=$1 plane=$2 number=$3 mac
	mac=$(printf '02:1b:00:0%d:00:%02x' "${PLANE_MAC[$plane]}" "$number")
	ip -n "$LAB-sw" -batch - <<-END
	link add $node-$plane type veth peer name $plane address $mac netns $LAB-$node
	link set $node-$plane master br-$plane up
	END
	net_address "$node" "$plane" "$number"
}

net_address() {
	ip -n "$LAB-$1" -batch - <<-END
	addr add 10.${PLANE_NET[$2]}.0.$3/24 dev $2
	link set $2 up
	END
}

# net_attach_storage H: the host's own link to its own storage namespace.
net_attach_storage() {
	local i=${1#h} mac
	mac=$(printf '02:1b:00:02:00:%02x' "$i")
	ip -n "$LAB-st$i" -batch - <<-END
	link add storage address 02:1b:00:02:00:fe type veth peer name storage address $mac netns $LAB-$1
	addr add 10.92.0.254/24 dev storage
	link set storage up
	END
	net_address "$1" storage "$i"
}

# A fresh network for a host at each power-on.  net_unplug must have gone
# before: the kernel would go on sending what a dead host's sockets still
# hold, and a write of the dead would reach the disk after the cut.
net_host_new() {
	local host=$1 plane
	net_unplug "$host"
	ip netns del "$LAB-$host" 2>/dev/null || true
	net_space "$host"
	net_attach "$host" management "${host#h}"
	net_attach "$host" migration "${host#h}"
	net_attach_storage "$host"
	for plane in management storage migration; do
		[ ! -e "$LAB_DIR/$host/cut.$plane" ] ||
			net_link "$host" "$plane" down
	done
}

net_unplug() {
	ip -n "$LAB-sw" -force -batch - 2>/dev/null <<-END || true
	link del $1-management
	link del $1-migration
	END
	ip -n "$LAB-st${1#h}" link del storage 2>/dev/null || true
}

# net_link H PLANE up|down: the far end of the cable.
net_link() {
	case $2 in
	storage) ip -n "$LAB-st${1#h}" link set storage "$3" ;;
	bmc) ip -n "$LAB-sw" link set "bmc${1#h}-bmc" "$3" ;;
	*) ip -n "$LAB-sw" link set "$1-$2" "$3" ;;
	esac
}

planes_of() {
	local plane
	# shellcheck disable=SC2153  # PLANES is set in base.sh
	[ "$1" != all ] || { echo "$PLANES"; return; }
	for plane in $PLANES; do
		[ "$plane" != "$1" ] || { echo "$1"; return; }
	done
	die "no plane '$1': one of $PLANES or all"
}

# A host that is off has no cables to cut, only a mark for its next start.
net_each() {
	local host=$1 word=$3 plane planes
	host_check "$host"
	planes=$(planes_of "$2")
	event "$([ "$word" = down ] && echo cut || echo mend)" "$host" "$2"
	for plane in $planes; do
		if [ "$word" = down ]; then
			touch "$LAB_DIR/$host/cut.$plane"
		else
			rm -f "$LAB_DIR/$host/cut.$plane"
		fi
		if [ "$plane" = bmc ] || host_pid "$host" >/dev/null; then
			net_link "$host" "$plane" "$word"
		fi
	done
}

verb_cut() {
	net_each "$1" "$2" down
}

verb_mend() {
	net_each "$1" "$2" up
}
