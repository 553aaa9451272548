# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Passwords are where they belong and nowhere else.

# The passwords of this lab, a line each; read by grep -f, so that the search
# itself shows none.
secrets() {
	sed -n 's/^\s*\(auth-\|priv-\|\)password = "\(.*\)"/\2/p' \
		"$LAB_DIR/credentials"
}

# Every process of ours on this machine, workers included.
our_processes() {
	local pid exe
	for pid in /proc/[0-9]*; do
		exe=$(readlink "$pid/exe" 2>/dev/null) || continue
		[[ $exe == "$BIN"/ironherd* ]] && echo "$pid"
	done
}

shows_no_secret() {
	local where=$1
	! tr '\0' '\n' | grep -qF -f <(secrets) ||
		fail "a password shows in $where"
}

case_passwords_are_in_no_argument_environment_log_record_or_answer() {
	local pid file id n=0
	[ "$(secrets | wc -l)" = 3 ] || fail "no passwords to look for" ||
		return 1
	# The search finds what is there.
	! shows_no_secret test <"$LAB_DIR/credentials" 2>/dev/null ||
		fail "the search finds nothing" || return 1
	for pid in $(our_processes); do
		n=$((n + 1))
		for file in cmdline environ; do
			shows_no_secret "$pid/$file" \
				< <(cat "$pid/$file" 2>/dev/null) || return 1
		done
	done
	[ "$n" -ge 7 ] || fail "only $n processes of ours" || return 1
	for file in "$LAB_DIR"/*/log/* "$LAB_DIR"/ctl/disk/var/lib/ironherd/*; do
		[ -f "$file" ] || continue
		shows_no_secret "$file" <"$file" || return 1
	done
	id=$(last_event)
	{
		ih status --json
		ih events --json -n 1000
		ih explain --json "$id"
		ih power status h1 --json
	} | shows_no_secret "the answers of the API"
}
