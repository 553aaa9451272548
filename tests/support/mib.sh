# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Objects by name, for tests that ask an agent.  The caller sets MIB, the text
# of IRONHERD-MIB, and ROOT_OID, where it is.

# oid_of NAME: where the MIB's own text puts an object.
oid_of() {
	awk -v want="$1" -v root="$ROOT_OID" '
		/ OBJECT-TYPE$/ || / OBJECT IDENTIFIER ::=/ { name = $1 }
		/::= \{ ih|::= \{ ironherd/ {
			line = $0
			sub(/.*::= \{ */, "", line)
			split(line, at, " ")
			parent[name] = at[1]; arc[name] = at[2]
		}
		END {
			for (n = want; n != "ironherd"; n = parent[n]) {
				if (!(n in parent))
					exit 1
				path = "." arc[n] path
			}
			print root path
		}' "$MIB"
}

same() { # WHAT SAID TRUE
	[ "$2" = "$3" ] || fail "$1 is said to be '$2' and is '$3'"
}

between() { # WHAT LOW SAID HIGH
	if [ "$3" -lt "$2" ] || [ "$3" -gt "$4" ]; then
		fail "$1 is said to be $3, not between $2 and $4"
	fi
}
