# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What comes when a BMC does not help: the outlets of a PDU (an snmpd of its
# own, in ctl's network), which take the host's power and its BMC's.

PDU=$LAB_DIR/pdu

# Both supplies are off: so is the machine, BMC and all.
pdu_hook() {
	cat <<-END
	#!/bin/bash
	export LAB=$LAB LAB_DIR=$LAB_DIR BIN=$BIN LAB_BIN=$LAB_BIN
	case \$(cat $PDU/outlet.1)\$(cat $PDU/outlet.2) in
	offoff)
		$SRC/lab power-cut h1
		$SRC/lab bmc-silence h1 ;;
	onon) $SRC/lab bmc-speak h1 ;;
	esac
	END
}

pdu_start() {
	mkdir -p "$PDU"
	echo on >"$PDU/outlet.1"
	echo on >"$PDU/outlet.2"
	pdu_hook >"$PDU/hook"
	chmod +x "$PDU/hook"
	cat >"$PDU/snmpd.conf" <<-END
	createUser pdus SHA-256 pdu-auth-password AES pdu-priv-password
	rwuser pdus priv
	pass_persist .1.3.6.1.4.1.318.1.1.26.9.2 $SRC/../support/pdu $PDU
	END
	SNMP_PERSISTENT_DIR=$PDU MIBS='' \
		nsenter --net="/run/netns/$LAB-ctl" \
		snmpd -f -Lf "$PDU/log" -C -c "$PDU/snmpd.conf" -I -smux \
		udp:127.0.0.1:16161 >/dev/null 2>&1 &
	echo $! >"$PDU/pid"
}

pdu_stop() {
	kill "$(cat "$PDU/pid")"
	wait "$(cat "$PDU/pid")" 2>/dev/null
	rm -rf "$PDU"
}

# with_pdu COMMAND...: h1 has two outlets of it.
with_pdu() {
	local ok=0
	pdu_start
	# shellcheck disable=SC2016 # $ is sed's
	with_edit credentials '$a snmp "pdus" { user = "pdus" auth-password = "pdu-auth-password" priv-password = "pdu-priv-password" }' \
		with_edit coordinator.conf '/^datastore/i pdu "p1" { address = "127.0.0.1:16161" snmp-account = "pdus" kind = apc-rpdu2 }
s/^host "h1" {/&\n level "supplies" { outlet "left" { pdu = "p1" number = "1" } outlet "right" { pdu = "p1" number = "2" } }/' \
		"$@" || ok=1
	pdu_stop
	return "$ok"
}

levels_are() {
	[ "$(host_says h1 '.fence_levels | map("\(.device) \(.ready)") | join(" ")')" = "$1" ]
}

hung_behind_a_silent_bmc() {
	local vms id text
	within 30 host_is h1 up || return 1
	within 30 levels_are "BMC true supplies/left true supplies/right true" ||
		return 1
	vms=$(guests_on h1)
	id=$(last_event)
	lab bmc-silence h1 >/dev/null
	lab hang h1 >/dev/null
	# shellcheck disable=SC2086 # a list
	recovered_from h1 $vms || return 1
	text=$(events_since "$id" 'select(.kind == "fence-done") | .text')
	grep -q "supplies/right: off, read twice" <<<"$text" ||
		fail "fenced by: $text" || return 1
	[ "$(cat "$PDU/outlet.1" "$PDU/outlet.2" | sort -u)" = off ] ||
		fail "an outlet is on" || return 1
	# The outlets first, then the BMC that wakes up behind them.
	ih power on h1 >/dev/null || fail "was not powered on" || return 1
	[ "$(cat "$PDU/outlet.1" "$PDU/outlet.2" | sort -u)" = on ] ||
		fail "an outlet is off" || return 1
	within 60 host_is h1 up
}

case_a_hung_host_with_a_silent_bmc_is_fenced_by_its_outlets() {
	with_pdu hung_behind_a_silent_bmc
}

is_told_of_supply() {
	ih status --json | jq -r '.alarms[] | "\(.kind) \(.text)"' |
		grep -q "^bmc-trouble h1.*supplies/right says off while the host answers"
}

a_supply_that_is_off_is_told() {
	echo off >"$PDU/outlet.2"
	within 120 is_told_of_supply
}

case_an_outlet_that_is_off_on_a_living_host_is_told() {
	with_pdu a_supply_that_is_off_is_told
}
