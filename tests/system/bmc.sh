# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The BMC of the node: what it is made of, and how it is changed while it
# runs.  A part of lib.sh.

bmc_conf() {
	cat <<-END
		name "node"
		set_working_mc 0x20
		  startlan 1
		    addr $ADDRESS $LAN_PORT
		    priv_limit admin
		    allowed_auths_callback none
		    allowed_auths_user none
		    allowed_auths_operator none
		    allowed_auths_admin none
		    guid $GUID
		  endlan
		  serial 15 $ADDRESS $VM_PORT codec VM
		  startcmd "$DIR/start"
		  startnow true
		  poweroff_wait 2
		  kill_wait 3
		  user 1 false "" "" user 10 none
		  user 2 true "admin" "secret" admin 10 none
		console $ADDRESS $CONSOLE_PORT
		loadlib "$TOOLS/sim_more.so" "$GUID"
	END
}

# --- sensors ----------------------------------------------------------------

NO_EVENTS="per-state 000000000000000 000000000000000 000000000000000 000000000000000"

# name_bytes TEXT: eight-bit characters, as a record has them
name_bytes() {
	printf '0x%02x' $((0xc0 | ${#1}))
	printf %s "$1" | od -An -v -tx1 | sed 's/ / 0x/g'
}

# record NUMBER NAME TYPE ENTITY INSTANCE UNIT M B EXPONENTS THRESHOLDS: a full
# record (IPMI 2.0, 43.1), value = (M x raw + B) x 10^..., unsigned
record() {
	local m b
	m=$(printf '0x%02x 0x%02x' $(($7 & 255)) $(($7 >> 2 & 0xc0)))
	b=$(printf '0x%02x 0x%02x' $(($8 & 255)) $(($8 >> 2 & 0xc0)))
	echo "main_sdr_add 0x20 0 0 0x51 1 $((43 + ${#2})) 0x20 0 $1" \
		"$4 $5 0x7f 0x68 $3 1 0 0 0 0 ${10} ${10} 0 $6 0 0 $m $b" \
		"0 $9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 $(name_bytes "$2")"
	echo "sensor_add 0x20 0 $1 $3 1"
	echo "sensor_set_event_support 0x20 0 $1 enable scanning $NO_EVENTS"
}

# discrete NUMBER NAME TYPE ENTITY INSTANCE STATES: a compact record (43.2)
discrete() {
	echo "main_sdr_add 0x20 0 0 0x51 2 $((27 + ${#2})) 0x20 0 $1" \
		"$4 $5 0x67 0x40 $3 0x6f $6 0 $6 0 $6 0 0xc0 0 0" \
		"1 0 0 0 0 0 0 0 $(name_bytes "$2")"
	echo "sensor_add 0x20 0 $1 $3 0x6f"
	echo "sensor_set_event_support 0x20 0 $1 enable scanning $NO_EVENTS"
}

# Thresholds are given as bits and values from the highest down: upper not
# recoverable, critical, not critical, then lower ones likewise.
bmc_sensors() {
	record 1 Core 1 3 1 1 1 0 0 0x38
	echo "sensor_set_threshold 0x20 0 1 settable 111000 160 144 112 0 0 0"
	echo "sensor_set_value 0x20 0 1 42 0"
	record 2 Inlet 1 0x37 1 1 1 -100 0 0
	echo "sensor_set_value 0x20 0 2 95 0" # -5 degrees
	record 3 'Fan 1' 4 29 1 18 75 0 0 0x03
	echo "sensor_set_threshold 0x20 0 3 settable 000011 0 0 0 0 10 20"
	echo "sensor_set_value 0x20 0 3 80 0" # 6000 RPM
	record 4 '+12 V' 2 7 1 4 62 0 0xd0 0x3f
	echo "sensor_set_threshold 0x20 0 4 settable 111111" \
		"215 210 205 170 175 180"
	echo "sensor_set_value 0x20 0 4 195 0" # 12.09 V
	discrete 5 PSU1 8 10 1 0x0b
	echo "sensor_set_bit 0x20 0 5 0 1 0" # present
	record 6 'PSU1 power' 0x0b 10 1 6 2 0 0 0
	echo "sensor_set_value 0x20 0 6 60 0" # 120 W
	# It has a value, but is not scanned.
	record 7 'Fan 2' 4 29 2 18 75 0 0 0x03
	echo "sensor_set_threshold 0x20 0 7 settable 000011 0 0 0 0 10 20"
	echo "sensor_set_value 0x20 0 7 70 0"
	echo "sensor_set_event_support 0x20 0 7 enable no-scanning $NO_EVENTS"
}

# --- the whole --------------------------------------------------------------

# "Core" was over its threshold.
SEL_EVENT="sel_add 0x20 2 0 0 0 0 0x20 0 4 1 1 1 0x59 0x96 0x90"

# Sensor 0 is the watchdog.
bmc_emu() {
	cat <<-'END'
		mc_setbmc 0x20
		mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
		sel_enable 0x20 64 0x0a
		sensor_add 0x20 0 0 35 0x6f event-only
		sensor_set_event_support 0x20 0 0 enable scanning per-state 000000000001111 000000000000000 000000000001111 000000000000000
	END
	bmc_sensors
	for _ in 1 2 3 4 5 6 7; do
		echo "$SEL_EVENT"
	done
	echo "mc_enable 0x20"
}

bmc_start() {
	mkdir "$DIR/state"
	bmc_conf >"$DIR/conf"
	bmc_emu >"$DIR/emu"
	ipmi_sim -n -c "$DIR/conf" -f "$DIR/emu" -s "$DIR/state" \
		</dev/null >"$DIR/sim.log" 2>&1 8>&- 9>&- &
	# shellcheck disable=SC2034  # lib.sh ends it
	sim=$!
}

# bmc_change LINE...: of the emulator's language, while it runs
bmc_change() {
	local console
	exec {console}<>"/dev/tcp/$ADDRESS/$CONSOLE_PORT" || return
	printf '%s\r\n' "$@" >&"$console"
	sleep 0.5 # it is typed to, as it were
	exec {console}>&-
}

# tool ARGUMENT...: ipmitool, over the network
tool() {
	IPMI_PASSWORD=secret ipmitool -I lanplus -C 3 -N 2 -H "$ADDRESS" \
		-p "$LAN_PORT" -U admin -E "$@" 2>>"$DIR/tool.log"
}
