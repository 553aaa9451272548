# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# BMCs: one ipmi_sim per host, in a namespace of its own, so that it lives on
# when the host is dead, frozen or cut.  Power goes through ./chassis.

bmc_start() {
	local host=$1 i=${1#h} dir=$LAB_DIR/bmc${1#h}
	net_space "bmc$i"
	net_attach "bmc$i" bmc "$i"
	install -d -m 700 "$dir" "$dir/state"
	bmc_conf "$host" >"$dir/conf"
	bmc_emu >"$dir/emu"
	# Not ip netns exec: it hides the control groups from ./chassis.
	background "$dir/pid" "$dir/log" nsenter --net="/run/netns/$LAB-bmc$i" \
		ipmi_sim -n -c "$dir/conf" -f "$dir/emu" -s "$dir/state"
}

# Only suite 3 is asked for by anybody; the simulator knows no 17.
bmc_conf() {
	local i=${1#h} guid
	guid=$(uuid_of "$1" | tr -d -)
	cat <<-END
	name "bmc$i"
	set_working_mc 0x20
	  startlan 1
	    addr 10.91.0.$i 623
	    priv_limit admin
	    allowed_auths_callback none
	    allowed_auths_user none
	    allowed_auths_operator none
	    allowed_auths_admin none
	    guid $guid
	  endlan
	  chassis_control "$LAB_SRC/chassis $LAB $LAB_DIR $1"
	  user 1 false "" "" user 10 none
	  user 2 true "$BMC_USER" "$BMC_PASSWORD" admin 10 none
	END
}

# One sensor, "Core": 42 degrees C, which is fine up to 112.
bmc_emu() {
	cat <<-'END'
	mc_setbmc 0x20
	mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
	sel_enable 0x20 1000 0x0a
	sensor_add 0x20 0 1 0x01 0x01
	sensor_set_event_support 0x20 0 1 enable scanning per-state \
	  000000000000000 000000000000000 000000000000000 000000000000000
	sensor_set_value 0x20 0 1 0x2a 0
	sensor_set_threshold 0x20 0 1 settable 111000 0xa0 0x90 0x70 00 00 00
	main_sdr_add 0x20 \
	  0x00 0x00 0x51 0x01 0x2f 0x20 0x00 0x01 0x03 0x01 0x7f 0x68 \
	  0x01 0x01 0x00 0x00 0x00 0x00 0x38 0x38 0x00 0x01 0x00 0x00 \
	  0x01 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 \
	  0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0xc4 \
	  0x43 0x6f 0x72 0x65
	mc_enable 0x20
	END
}

bmc_signal() {
	host_check "$1"
	event "$3" "$1"
	pid_kill "$LAB_DIR/bmc${1#h}/pid" "$2" || die "the BMC of $1 is gone"
}

verb_bmc_silence() {
	bmc_signal "$1" STOP bmc-silence
}

verb_bmc_speak() {
	bmc_signal "$1" CONT bmc-speak
}

bmc_status() {
	local pid stat
	pid=$(pid_of "$LAB_DIR/bmc${1#h}/pid") || { echo "  BMC gone"; return; }
	stat=$(proc_stat "$pid")
	[ "${stat% *}" != T ] || echo "  BMC silent"
}

# The password travels in the environment, not on the command line.
verb_ipmi() {
	local host=$1
	shift
	host_check "$host"
	credentials_load
	IPMI_PASSWORD=$BMC_PASSWORD node_exec ctl ipmitool -I lanplus -C 3 \
		-N 1 -R 2 -H "10.91.0.${host#h}" -U "$BMC_USER" -E "$@"
}
