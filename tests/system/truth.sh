# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the agent says against what ipmitool says of the BMC and what the
# node's own /sys, /proc and firmware say, value by value.  The agent asks over
# /dev/ipmi0, ipmitool over the network, at the same time.

# shellcheck source=/dev/null  # it is checked on its own
. "$SRC/../support/mib.sh"
# shellcheck disable=SC2034  # for mib.sh
ROOT_OID=.1.3.6.1.4.1.$ARC
ENTITY=.1.3.6.1.2.1.47.1.1.1.1 # entPhysicalTable
ENTITY_SENSOR=.1.3.6.1.2.1.99.1.1.1

# The agent asks its BMC for more than power each 30 s, and then only with the
# next reading of that, each 10 s.
SEEN_S=60

# --- asking -----------------------------------------------------------------

# said NAME [INDEX [OPTION]]: one value as the agent gives it
said() {
	local oid
	oid=$(oid_of "$1") || fail "no object $1 in the MIB" || return
	SNMPCONFPATH=$DIR snmpget -m '' -Oqv "${3:--OU}" -t 2 -r 2 \
		"$ADDRESS:$SNMP_PORT" "$oid.${2:-0}" 2>&1 | tr -d '"'
}

# walk OID: "COLUMN.INDEX VALUE" for each
walk() {
	SNMPCONFPATH=$DIR snmpbulkwalk -m '' -Onq -t 2 -r 2 \
		"$ADDRESS:$SNMP_PORT" "$1" 2>&1 |
		sed -n "s/^$1\.\([0-9.]*\) \"\{0,1\}\([^\"]*\)\"\{0,1\} *\$/\1 \2/p"
}

# table NAME: of ours, by the name of its column with all before
table() {
	walk "$(oid_of "$1").1"
}

# cell WALK COLUMN.INDEX
cell() {
	sed -n "s/^$2 //p" <<<"$1"
}

# facts PATTERN...: "PATH:LINE" for each line of the node's files
facts() {
	# Not from the file itself: the shell asks for one byte each, and gets
	# none of some.
	inside 30 "for f in $*; do" \
		"cat \$f | while read -r l; do echo \"\$f:\$l\"; done; done"
}

# fact FACTS PATH [WORD]: a file of one line, or what is behind a word
fact() {
	sed -n "s|^$2:${3:+$3[: \t]*}||p" <<<"$1"
}

says_so() { # NAME INDEX TRUE
	[ "$(said "$1" "$2")" = "$3" ]
}

told() { # NAME TRUE
	same "$1" "$(said "$1")" "$2"
}

# --- the BMC ----------------------------------------------------------------

# field TEXT NAME: of what ipmitool prints, "NAME  : VALUE", without the unit
field() {
	sed -n "s/^ *$2 *: *\([^ ]*\).*/\1/p" <<<"$1"
}

# As ipmitool shows it: the whole turned around.
guid_of_tool() {
	tool mc guid | sed -n 's/^System GUID *: *//p' | tr -d - |
		sed 's/../& /g' | awk '{
			for (i = NF; i > 0; i--) printf "%s", $i
		}'
}

yes_or_no() {
	case $1 in
	true | Running | Started/Running | on) echo 1 ;;
	*) echo 2 ;;
	esac
}

sel_agrees() {
	local info
	info=$(tool sel info) || fail "ipmitool tells nothing" || return
	told ihBmcMoreSelPresent 1 &&
		told ihBmcMoreSelEntries "$(field "$info" Entries)" &&
		told ihBmcMoreSelFill \
			"$(field "$info" 'Percent Used' | tr -d %)" &&
		told ihBmcMoreSelOverflow \
			"$(yes_or_no "$(field "$info" Overflow)")"
}

watchdog_runs() {
	tool mc watchdog get |
		sed -n 's|^Watchdog Timer Is: *\([A-Z][a-z]*\).*|\1|p'
}

watchdog_agrees() {
	case $(watchdog_runs) in
	Started) told ihBmcMoreWatchdogRunning 1 ;;
	Stopped) told ihBmcMoreWatchdogRunning 2 &&
		told ihBmcMoreWatchdogLeft 0 ;;
	*) fail "ipmitool says nothing of it" ;;
	esac
}

power_agrees() {
	local reading limit
	reading=$(tool dcmi power reading)
	limit=$(tool dcmi power get_limit)
	told ihBmcMorePowerPresent 1 &&
		told ihBmcMorePowerNow \
			"$(field "$reading" 'Instantaneous power reading')" &&
		told ihBmcMorePowerMin \
			"$(field "$reading" 'Minimum during sampling period')" &&
		told ihBmcMorePowerMax \
			"$(field "$reading" 'Maximum during sampling period')" &&
		told ihBmcMorePowerAverage "$(field "$reading" \
			'Average power reading over sample period')" &&
		told ihBmcMorePowerPeriod "$((10#$(sed -n \
			's/.*Sampling period: *\([0-9]*\) Seconds.*/\1/p' \
			<<<"$reading")))" &&
		told ihBmcMoreCapActive 1 &&
		told ihBmcMoreCap "$(field "$limit" 'Power Limit')"
}

case_what_the_agent_says_of_its_bmc_is_what_ipmitool_says() {
	local firmware
	firmware=$(field "$(tool mc info)" 'Firmware Revision')
	[ -n "$firmware" ] || fail "ipmitool tells no firmware" || return
	# Who it is, the agent learns after its first reading.
	within $SEEN_S says_so ihBmcFirmware 0 "$firmware" &&
		within $SEEN_S says_so ihBmcMoreWatchdogPresent 0 1 || return
	told ihBmcPresent 1 && told ihBmcReachable 1 &&
		same "the GUID" \
			"$(said ihBmcGuid 0 -Ox | tr -d ' ' | tr A-F a-f)" \
			"$(guid_of_tool)" || return
	[ "$(tool chassis power status)" = "Chassis Power is on" ] ||
		fail "ipmitool says that it is off" || return
	told ihBmcPower 2 && sel_agrees && told ihBmcMoreWatchdogPresent 1 &&
		watchdog_agrees && power_agrees
}

# ipmi_sim lets a timer run on that was put off: until then no other is armed.
WATCHDOG_S=70
quiet_at=0

case_an_event_and_a_running_watchdog_are_told_as_ipmitool_tells_them() {
	local before left
	before=$(field "$(tool sel info)" Entries)
	bmc_change "$SEL_EVENT" || return
	# shellcheck disable=SC2034  # for a case of ./node
	quiet_at=$((SECONDS + WATCHDOG_S + 2))
	inside 60 bmc_probe local arm $WATCHDOG_S off >/dev/null || return
	within $SEEN_S says_so ihBmcMoreWatchdogRunning 0 1 || return
	left=$(tool mc watchdog get |
		sed -n 's/^Present Countdown: *\([0-9]*\)\..*/\1/p')
	same "the watchdog" "$(watchdog_runs)" Started &&
		between "what is left" $((left * 1000)) \
			"$(said ihBmcMoreWatchdogLeft)" $((WATCHDOG_S * 1000)) &&
		same "the log of ipmitool" \
			"$(field "$(tool sel info)" Entries)" \
			$((before + 1)) && sel_agrees || return
	inside 60 bmc_probe local disarm >/dev/null || return
	within $SEEN_S says_so ihBmcMoreWatchdogRunning 0 2 || return
	watchdog_agrees
}

# --- its sensors ------------------------------------------------------------

# "NAME|VALUE|UNIT|STATUS|" and six thresholds; without a reading there is no
# unit, and of a discrete one the states are two octets.
sensors_of_tool() {
	tool sensor | awk -F ' *[|] *' -v OFS='|' '{
		sub(/ *$/, "")
		if ($3 == "discrete") {
			$2 = $4
			$4 = "discrete"
			$3 = ""
		}
		$3 = tolower($3)
		print $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
	}' | sort
}

# The same of ihSensorTable: its walk, then the octets of its thresholds.
sensors_of_agent() {
	local oid
	oid=$(oid_of ihSensorTable) || return
	{
		walk "$oid.1"
		SNMPCONFPATH=$DIR snmpbulkwalk -m '' -Onqx -t 2 -r 2 \
			"$ADDRESS:$SNMP_PORT" "$oid.1.9" |
			sed -n 's/.*\.\([0-9]*\) "\(..\) "$/mask.\1 \2/p'
	} | awk -v OFS='|' '
		function number(value, precision) {
			return sprintf("%.3f", value / 10 ^ precision)
		}
		function threshold(i, nth,   bit) {
			bit = substr("8421842184218421", nth + 1, 1)
			digit = substr(mask[i], nth < 4 ? 1 : 2, 1)
			digit = index("0123456789ABCDEF", digit) - 1
			return int(digit / bit) % 2 ? \
				number(cell[i, 10 + nth], cell[i, 8]) : "na"
		}
		{
			split($1, at, ".")
			if (at[1] == "mask") { mask[at[2]] = $2; next }
			cell[at[2], at[1]] = substr($0, length($1) + 2)
			if (at[1] == 2) rows[at[2]] = 1
		}
		END {
			split("na ok nc cr nr", words, " ")
			for (i in rows) {
				if (cell[i, 3] != 1)
					continue
				unit = tolower(cell[i, 5])
				status = words[cell[i, 16]]
				value = number(cell[i, 7], cell[i, 8])
				if (unit == "") {
					value = sprintf("0x%02x%02x",
						cell[i, 7] % 256,
						cell[i, 7] / 256)
					status = "discrete"
				}
				if (cell[i, 6] != 1) {
					value = "na"
					unit = ""
				}
				print cell[i, 2], value, unit, status,
					threshold(i, 0), threshold(i, 1),
					threshold(i, 2), threshold(i, 3),
					threshold(i, 4), threshold(i, 5)
			}
		}' | sort
}

# What a standard manager makes of ENTITY-MIB and ENTITY-SENSOR-MIB: name,
# value, unit.
sensors_of_entities() {
	{
		walk $ENTITY.5 | sed -n 's/^\([0-9]*\) 8$/is.\1/p' # sensor
		walk $ENTITY.7 | sed 's/^/name./'
		walk $ENTITY_SENSOR
	} | awk -v OFS='|' '
		{
			split($1, at, ".")
			cell[at[2], at[1]] = substr($0, length($1) + 2)
			if (at[1] == "is") rows[at[2]] = 1
		}
		END {
			for (i in rows) {
				# units(9)
				value = cell[i, 2] == 9 ? sprintf("%.3f",
					cell[i, 4] / 10 ^ cell[i, 3]) : "scale?"
				unit = tolower(cell[i, 6])
				if (unit == "")
					value = "states"
				if (cell[i, 5] != 1) {
					value = "na"
					unit = ""
				}
				print cell[i, "name"], value, unit
			}
		}' | sort
}

three_of_tool() {
	sensors_of_tool | awk -F '|' -v OFS='|' '{
		if ($4 == "discrete") $2 = "states"
		print $1, $2, $3
	}' | sort
}

# row_named NAME: its index, of ihSensorTable
row_named() {
	walk "$(oid_of ihSensorName)" | sed -n "s/^\([0-9]*\) $1\$/\1/p"
}

# Of PSU1, which has states: ipmitool has the words of the standard.
states_of_tool() {
	tool sdr elist | sed -n 's/^PSU1  .*| *//p' |
		sed 's/Presence detected/present/; s/Failure detected/failed/'
}

states_of_agent() {
	said ihSensorText "$(row_named PSU1)"
}

health_of() { # NAME
	said ihSensorHealth "$(row_named "$1")"
}

sensors_agree() {
	local tool
	tool=$(sensors_of_tool)
	[ -n "$tool" ] && [ "$(sensors_of_agent)" = "$tool" ] &&
		[ "$(sensors_of_entities)" = "$(three_of_tool)" ] &&
		[ "$(states_of_agent)" = "$(states_of_tool)" ]
}

tell_sensors() {
	printf 'ipmitool:\n%s\nihSensorTable:\n%s\nENTITY-SENSOR-MIB:\n%s\n' \
		"$(sensors_of_tool)" "$(sensors_of_agent)" \
		"$(sensors_of_entities)" >&2
	printf 'PSU1: %s; %s\n' "$(states_of_tool)" "$(states_of_agent)" >&2
}

all_agree() {
	within $SEEN_S sensors_agree || { tell_sensors; return 1; }
}

# has_row TEXT: so says ipmitool, and what it says has been compared.
has_row() {
	sensors_of_tool | grep -Fxq "$1" || fail "ipmitool has no row '$1'"
}

case_sensors_are_told_as_ipmitool_tells_them() {
	all_agree || return
	has_row 'Core|42.000|degrees c|ok|na|na|na|112.000|144.000|160.000' &&
		has_row 'Fan 2|na||na|na|750.000|1500.000|na|na|na' &&
		same "sensors of ENTITY-SENSOR-MIB" \
			"$(sensors_of_entities | wc -l)" 7 &&
		same "the health of PSU1" "$(health_of PSU1)" 2
}

# Unavailable, over a threshold, below one, failed; and back.
case_sensors_that_change_are_told_as_ipmitool_tells_them() {
	bmc_change "sensor_set_value 0x20 0 1 150 0" \
		"sensor_set_value 0x20 0 2 103 0" \
		"sensor_set_value 0x20 0 3 15 0" \
		"sensor_set_event_support 0x20 0 4 enable no-scanning $NO_EVENTS" \
		"sensor_set_bit 0x20 0 5 1 1 0" \
		"sensor_set_event_support 0x20 0 7 enable scanning $NO_EVENTS" ||
		return
	has_row 'Core|150.000|degrees c|cr|na|na|na|112.000|144.000|160.000' &&
		has_row 'Inlet|3.000|degrees c|ok|na|na|na|na|na|na' &&
		has_row 'Fan 1|1125.000|rpm|nc|na|750.000|1500.000|na|na|na' &&
		has_row '+12 V|na||na|10.540|10.850|11.160|12.710|13.020|13.330' &&
		has_row 'Fan 2|5250.000|rpm|ok|na|750.000|1500.000|na|na|na' &&
		all_agree &&
		same "the health of PSU1" "$(health_of PSU1)" 4 || return
	bmc_change "sensor_set_value 0x20 0 1 42 0" \
		"sensor_set_value 0x20 0 2 95 0" \
		"sensor_set_value 0x20 0 3 80 0" \
		"sensor_set_event_support 0x20 0 4 enable scanning $NO_EVENTS" \
		"sensor_set_bit 0x20 0 5 1 0 0" \
		"sensor_set_event_support 0x20 0 7 enable no-scanning $NO_EVENTS" ||
		return
	has_row 'Core|42.000|degrees c|ok|na|na|na|112.000|144.000|160.000' &&
		all_agree
}

# --- memory and NUMA nodes --------------------------------------------------

NODES=/sys/devices/system/node

nodes_of_agent() {
	table ihNumaTable | sed -n 's/^2\.//p' | cut -d ' ' -f 1 | xargs
}

has_both_nodes() {
	[ "$(nodes_of_agent)" = "0 1" ]
}

node_agrees() { # FACTS NODE
	local at=$NODES/node$2 kib free
	kib=$(sed -n "s|^$at/meminfo:.*MemTotal: *\([0-9]*\) .*|\1|p" <<<"$1")
	free=$(sed -n "s|^$at/meminfo:.*MemFree: *\([0-9]*\) .*|\1|p" <<<"$1")
	same "CPUs of node $2" "$(said ihNumaCpus "$2")" \
		"$(fact "$1" "$at/cpulist")" &&
		same "CPUs in number" "$(said ihNumaCpuCount "$2")" 2 &&
		same "memory of node $2" "$(said ihNumaMemTotal "$2")" "$kib" &&
		between "free memory of node $2" $((free - 4096)) \
			"$(said ihNumaMemFree "$2")" $((free + 4096)) &&
		same "distances of node $2" \
			"$(said ihNumaDistValue "$2.0")" \
			"$(fact "$1" "$at/distance" | cut -d ' ' -f 1)" &&
		same "distances of node $2" \
			"$(said ihNumaDistValue "$2.1")" \
			"$(fact "$1" "$at/distance" | cut -d ' ' -f 2)"
}

# counters_agree BEFORE AFTER NODE: with a reading of the agent between
counters_agree() {
	local pair at=$NODES/node$3/numastat
	for pair in Hits:numa_hit Misses:numa_miss Foreign:numa_foreign; do
		between "${pair%:*} of node $3" \
			"$(fact "$1" "$at" "${pair#*:}")" \
			"$(said "ihNumaUse${pair%:*}" "$3")" \
			"$(fact "$2" "$at" "${pair#*:}")" || return
	done
}

case_what_the_agent_says_of_numa_nodes_is_what_the_kernel_says() {
	local before after said file files=''
	for file in cpulist meminfo distance numastat; do
		files+=" $NODES/node*/$file"
	done
	within 60 has_both_nodes || return
	before=$(facts "$files") || return
	node_agrees "$before" 0 && node_agrees "$before" 1 || return
	sleep 6 # a reading of the agent
	said=$(said ihNumaUseHits 0)
	after=$(facts "$files") || return
	[ "$said" -gt 0 ] || fail "no hits at all" || return
	counters_agree "$before" "$after" 0 &&
		counters_agree "$before" "$after" 1
}

huge_agrees() {
	local f node
	f=$(facts "$NODES/node*/hugepages/hugepages-2048kB/*") || return
	for node in 0 1; do
		local at=$NODES/node$node/hugepages/hugepages-2048kB
		[ "$(said ihHugePageTotal $node.2048)" = \
			"$(fact "$f" $at/nr_hugepages)" ] &&
			[ "$(said ihHugePageFree $node.2048)" = \
				"$(fact "$f" $at/free_hugepages)" ] &&
			[ "$(said ihHugePageSurplus $node.2048)" = \
				"$(fact "$f" $at/surplus_hugepages)" ] ||
			return
	done
}

case_huge_pages_are_told_by_node_and_size() {
	local at=hugepages/hugepages-2048kB/nr_hugepages
	inside 20 "echo 3 >$NODES/node0/$at; echo 5 >$NODES/node1/$at" ||
		return
	within 20 huge_agrees || fail "$(table ihHugePageTable)" || return
	same "of node 0" "$(said ihHugePageTotal 0.2048)" 3 &&
		same "of node 1" "$(said ihHugePageTotal 1.2048)" 5 || return
	inside 20 "echo 0 >$NODES/node0/$at; echo 0 >$NODES/node1/$at"
	within 20 huge_agrees
}

KSM=/sys/kernel/mm/ksm

# What settles.
memory_agrees() {
	local f total free
	f=$(facts /proc/meminfo "$KSM/run" "$KSM/pages_shar*") || return
	total=$(fact "$f" /proc/meminfo SwapTotal)
	free=$(fact "$f" /proc/meminfo SwapFree)
	told_now ihMemUseKsm $(($(fact "$f" $KSM/run) + 2)) &&
		told_now ihMemUseKsmShared \
			$(($(fact "$f" $KSM/pages_shared) * 4)) &&
		told_now ihMemUseKsmSharing \
			$(($(fact "$f" $KSM/pages_sharing) * 4)) &&
		told_now ihMemUseSwapTotal "${total% kB}" &&
		told_now ihMemUseSwapUsed $((${total% kB} - ${free% kB}))
}

told_now() { # NAME TRUE
	wrong="$1 $(said "$1") $2"
	[ "$(said "$1")" = "$2" ]
}

memory_is_used() {
	[ "$(said ihMemUseSwapUsed)" -gt 4096 ] &&
		[ "$(said ihMemUseKsmSharing)" -gt 1024 ]
}

case_merged_pages_and_swap_are_told_as_the_kernel_tells_them() {
	local before after said wrong
	told ihMemUseSwapTotal 0 && told ihMemUseKsm 2 || return
	inside 60 'insmod /modules/brd.ko* rd_nr=1 rd_size=16384 &&
		mkswap /dev/ram0 >/dev/null && swapon /dev/ram0' || return
	inside 60 "echo 1000 >$KSM/pages_to_scan; echo 1 >$KSM/run;" \
		'memory_user >/run/user.log 2>&1 & echo $! >/run/user.pid' ||
		return
	within 60 memory_is_used ||
		fail "$(inside 9 cat /run/user.log)" || return
	within 30 memory_agrees || fail "$wrong" || return
	before=$(facts /proc/vmstat $KSM/full_scans) || return
	sleep 6 # a reading of the agent
	said="$(said ihMemUseKsmFullScans) $(said ihMemUseSwapOut)
		$(said ihMemUseSwapIn)"
	after=$(facts /proc/vmstat $KSM/full_scans) || return
	# shellcheck disable=SC2086
	set -- $said
	between "full scans" "$(fact "$before" $KSM/full_scans)" "$1" \
		"$(fact "$after" $KSM/full_scans)" &&
		between "swapped out" \
			$(($(fact "$before" /proc/vmstat 'pswpout') * 4)) "$2" \
			$(($(fact "$after" /proc/vmstat 'pswpout') * 4)) &&
		between "swapped in" \
			$(($(fact "$before" /proc/vmstat 'pswpin') * 4)) "$3" \
			$(($(fact "$after" /proc/vmstat 'pswpin') * 4)) ||
		return
	# shellcheck disable=SC2016  # the node expands it
	inside 20 'kill $(cat /run/user.pid)' "; echo 2 >$KSM/run"
	within 30 memory_agrees || fail "$wrong"
}

# --- pressure ---------------------------------------------------------------

# stall FACTS PATH WORD FIELD: "some avg10=1.25 ... total=77", in per mille
stall() {
	sed -n "s|^$2:$3 .*$4=\([0-9.]*\).*|\1|p" <<<"$1" |
		awk -v f="$4" '{ printf "%d\n", f == "total" ? $1 : $1 * 10 }'
}

# pressure_agrees BEFORE AFTER SAID: with one reading of the agent between.
# What is an average may have turned in between.
pressure_agrees() {
	local resource kind n=0 k low high name swap
	for resource in cpu memory io; do
		n=$((n + 1)) k=0
		for kind in some full; do
			k=$((k + 1))
			between "$resource $kind total" \
				"$(stall "$1" /proc/pressure/$resource $kind total)" \
				"$(cell "$3" "6.$n.$k")" \
				"$(stall "$2" /proc/pressure/$resource $kind total)" ||
				return
			for name in 3:avg10 4:avg60 5:avg300; do
				low=$(stall "$1" /proc/pressure/$resource \
					$kind "${name#*:}")
				high=$(stall "$2" /proc/pressure/$resource \
					$kind "${name#*:}")
				[ "$low" -le "$high" ] ||
					{ swap=$low; low=$high; high=$swap; }
				between "$resource $kind $name" \
					$((low - 150)) \
					"$(cell "$3" "${name%:*}.$n.$k")" \
					$((high + 150)) || return
			done
		done
	done
}

# Ten that want four CPUs, for some seconds.
case_pressure_is_told_as_the_kernel_tells_it() {
	local before after rows
	inside 20 'for i in 1 2 3 4 5 6 7 8 9 10; do
		(while [ ! -e /run/enough ]; do :; done) & done' || return
	sleep 10
	inside 20 'echo >/run/enough' || return
	before=$(facts "/proc/pressure/*") || return
	sleep 5 # a reading of the agent
	rows=$(table ihPressureTable)
	after=$(facts "/proc/pressure/*") || return
	[ "$(stall "$before" /proc/pressure/cpu some total)" -gt 1000000 ] ||
		fail "there was none" || return
	pressure_agrees "$before" "$after" "$rows"
}

# --- processors and parts ---------------------------------------------------

# of_cpu FACTS CPU NAME: a line of /proc/cpuinfo
of_cpu() {
	sed -n "s|^/proc/cpuinfo:||p" <<<"$1" | awk -F ':' -v cpu="$2" -v name="$3" '
		{ key = $1; sub(/[ \t]+$/, "", key) }
		key == "processor" { now = $2 + 0 }
		key == name && now == cpu {
			sub(/^[^:]*: */, ""); print; exit
		}'
}

package_agrees() { # ROWS FACTS PACKAGE CPU
	local pair
	for pair in 3:vendor_id '4:model name' '5:cpu family' 6:model \
		7:stepping 8:microcode '9:cpu cores' 10:siblings; do
		same "package $3, ${pair#*:}" "$(cell "$1" "${pair%%:*}.$3")" \
			"$(of_cpu "$2" "$4" "${pair#*:}")" || return
	done
	same "the health of package $3" "$(cell "$1" "16.$3")" 2 &&
		same "what differs" "$(cell "$1" "17.$3")" ''
}

case_what_the_agent_says_of_packages_is_what_the_kernel_says() {
	local rows f p0 p1
	f=$(facts /proc/cpuinfo) || return
	rows=$(table ihPackageTable)
	p0=$(of_cpu "$f" 0 'physical id') p1=$(of_cpu "$f" 2 'physical id')
	same "the packages" "$(sed -n 's/^3\.\([0-9]*\) .*/\1/p' <<<"$rows" |
		xargs)" "$p0 $p1" &&
		package_agrees "$rows" "$f" "$p0" 0 &&
		package_agrees "$rows" "$f" "$p1" 2
}

# things CLASS: "INDEX NAME" for each row of entPhysicalTable
things() {
	local index
	walk $ENTITY.5 | sed -n "s/^\([0-9]*\) $1\$/\1/p" |
		while read -r index; do
			echo "$index $(cell "$names" "$index")"
		done
}

# dmi TYPE NTH NAME: of the node's own dmidecode
dmi() {
	sed -n "s/^\t$3: //p" <<<"${dmi_said[$1]}" | sed -n "$2p" |
		sed 's/ *$//'
}

# thing_agrees INDEX TYPE NTH COLUMN:NAME...: columns of entPhysicalTable
thing_agrees() {
	local index=$1 type=$2 nth=$3 pair
	shift 3
	for pair; do
		same "entity $index, ${pair#*:}" \
			"$(cell "$entities" "${pair%%:*}.$index")" \
			"$(dmi "$type" "$nth" "${pair#*:}")" || return
	done
}

# index_named CLASS NAME
index_named() {
	things "$1" | sed -n "s/^\([0-9]*\) $2\$/\1/p"
}

# inside_of INDEX: entPhysicalContainedIn, by name
inside_of() {
	cell "$names" "$(cell "$entities" "4.$1")"
}

memory_modules_agree() {
	local nth index name
	for nth in 1 2; do
		name=$(dmi 17 $nth Locator)
		index=$(index_named 9 "$name")
		[ -n "$index" ] || fail "no module '$name'" || return
		thing_agrees "$index" 17 $nth 7:Locator 12:Manufacturer \
			'11:Serial Number' '15:Asset Tag' '13:Part Number' &&
			same "what it is" "$(cell "$entities" "2.$index")" \
				"memory module, 16384 MiB, 2933 MT/s" || return
	done
}

# Two, each in its NUMA node.
processors_agree() {
	local nth index name
	same "CPUs" "$(things 12 | wc -l)" 2 || return
	for nth in 1 2; do
		name=$(dmi 4 $nth 'Socket Designation')
		index=$(index_named 12 "$name")
		[ -n "$index" ] || fail "no CPU '$name'" || return
		thing_agrees "$index" 4 $nth 12:Manufacturer 13:Version &&
			same "where it is" "$(inside_of "$index")" \
				"node $((nth - 1))" || return
	done
}

case_the_parts_of_the_node_are_told_as_its_firmware_tells_them() {
	local type chassis psu entities names
	local -A dmi_said
	for type in 0 1 2 4 17 39; do
		dmi_said[$type]=$(inside 20 dmidecode -t $type) || return
	done
	entities=$(walk $ENTITY)
	names=$(walk $ENTITY.7)
	chassis=$(things 3 | cut -d ' ' -f 1)
	same "the chassis" "$(cell "$names" "$chassis")" n1 &&
		thing_agrees "$chassis" 1 1 12:Manufacturer '13:Product Name' \
			'11:Serial Number' &&
		thing_agrees "$chassis" 0 1 9:Version || return
	psu=$(index_named 6 "$(dmi 39 1 Name)")
	[ -n "$psu" ] || fail "no power supply: $(things 6)" || return
	thing_agrees "$psu" 39 1 12:Manufacturer '11:Serial Number' \
		'13:Model Part Number' 8:Revision &&
		same "where PSU1 is measured" \
			"$(inside_of "$(index_named 8 'PSU1 power')")" \
			"$(dmi 39 1 Name)" &&
		memory_modules_agree && processors_agree
}
