# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What people get wrong, on the real thing: each a clear message, nothing lost.

CTL_ETC=$LAB_DIR/ctl/disk/etc/ironherd

# with_edit FILE SED COMMAND...: the coordinator runs with an edited file.
with_edit() {
	local file=$CTL_ETC/$1 edit=$2 ok=0
	shift 2
	cp -p "$file" "$file.good"
	lab stop-coordinator >/dev/null
	sed -i "$edit" "$file"
	lab start-coordinator >/dev/null
	"$@" || ok=1
	lab stop-coordinator >/dev/null
	mv "$file.good" "$file"
	lab start-coordinator >/dev/null
	return "$ok"
}

# A second coordinator with an edited configuration: it must end by itself.
second_says() {
	local edit=$1 want=$2 text code=0
	sed "$edit" "$CTL_ETC/coordinator.conf" >"$CTL_ETC/second.conf"
	text=$(lab exec ctl -- timeout 10 "$BIN/ironherd-coordinator" \
		-c /etc/ironherd/second.conf 2>&1) || code=$?
	rm -f "$CTL_ETC/second.conf"
	[ "$code" = 1 ] || fail "exit $code: $text" || return 1
	grep -q "$want" <<<"$text" || fail "no '$want' in: $text"
}

told_of_wrong_snmp_password() {
	local id
	within 30 alarm_stands agent-silent h1 || return 1
	id=$(last_event)
	ih status --json | jq -r '.alarms[].text' |
		grep -q "refuses our account" || fail "not told why" || return 1
	sleep 12
	! events_since "$id" .kind | grep -qE '^(fence-|vm-lost|vm-start)' ||
		fail "acted on it"
}

case_a_wrong_snmp_password_is_told_and_fences_nobody() {
	with_edit credentials 's/auth-password = ".*"/auth-password = "wrong-wrong"/' \
		told_of_wrong_snmp_password
}

told_of_wrong_bmc_password() {
	local says before after host
	within 120 alarm_stands bmc-trouble h1 || return 1
	says=$(ih status --json | jq -r '.clusters[].hosts[]
		| select(.name == "h1") | .bmc_state')
	for host in h1 h2 h3; do
		within 90 host_is_quarantined "$host" ||
			fail "BMC of $host is $says" || return 1
	done
	# Quiet from now on: accounts are locked by those who go on.
	before=$(bmc_packets)
	sleep 8
	after=$(bmc_packets)
	[ "$((after - before))" -le 4 ] ||
		fail "$((after - before)) packets to quarantined BMCs"
}

host_is_quarantined() {
	host_is "$1" up && [ "$(host_says "$1" .bmc_state)" = quarantined ]
}

# Packets that ctl sent on the BMC plane.
bmc_packets() {
	lab exec ctl -- sh -c 'cat /sys/class/net/bmc/statistics/tx_packets \
		2>/dev/null || ip -s -j link show bmc | jq ".[0].stats64.tx.packets"'
}

case_a_wrong_bmc_password_is_tried_three_times_and_then_told() {
	with_edit credentials 's/^\(\s*\)password = ".*"/\1password = "wrong"/' \
		told_of_wrong_bmc_password
}

case_a_second_coordinator_on_the_same_store_is_refused() {
	second_says 's/^site.*/site = "second"/' "lock\|coordinator"
}

case_a_port_in_use_is_named() {
	second_says 's|^state-dir.*|state-dir = "/run/second"|
		s|^api-socket.*|api-socket = "/run/second.sock"|' \
		"10.90.0.254:162"
}

case_a_full_disk_stops_commands_and_loses_nothing() {
	lab exec ctl -- sh -c 'mkdir -p /run/small &&
		mount -t tmpfs -o size=64k small /run/small' || return 1
	second_says 's|^state-dir.*|state-dir = "/run/small"|
		s|^api-socket.*|api-socket = "/run/small.sock"|' \
		"/run/small.*\(full\|space\)"
	local code=$?
	lab exec ctl -- umount /run/small
	return "$code"
}

case_a_corrupt_store_is_refused_and_kept() {
	lab exec ctl -- sh -c 'mkdir -p /run/bad &&
		printf "not a database, not at all, but long enough %0500d" 7 \
			>/run/bad/ironherd.db' || return 1
	second_says 's|^state-dir.*|state-dir = "/run/bad"|
		s|^api-socket.*|api-socket = "/run/bad.sock"|' \
		"/run/bad/ironherd.db" || return 1
	lab exec ctl -- grep -q "not a database" /run/bad/ironherd.db ||
		fail "the corrupt file was touched"
}

case_a_host_without_libvirtd_is_told_and_left_alone() {
	local id
	id=$(last_event)
	lab stop-libvirtd h2 >/dev/null
	sleep 20
	host_is h2 up || fail "h2 is $(host_says h2 .state)" || return 1
	! events_since "$id" .kind | grep -qE '^(fence-|vm-lost|vm-start)' ||
		fail "acted on it" || return 1
	[ "$(host_says h2 .health)" != ok ] ||
		fail "its health is still ok" || return 1
	lab cont-libvirtd h2 >/dev/null
}
