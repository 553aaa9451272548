# The capabilities statement: the groups of both compliances, out of the MIB
# text, which is the first file, put into the second; and -v version=0.1.0.
FNR == NR && /^ih[A-Za-z]+Compliance MODULE-COMPLIANCE/ {
	in_one = $1 ~ /^ihCoordinator/ ? "coordinator" : "agent"
}
FNR == NR && /^ +::=/ {
	in_one = ""
}
FNR == NR && in_one != "" && !/DESCRIPTION/ {
	line = $0
	while (match(line, /ih[A-Za-z]+Group/)) {
		name = substr(line, RSTART, RLENGTH)
		if (!seen[name]++) {
			groups[in_one] = groups[in_one] separator[in_one] name
			separator[in_one] = ",\n                  "
		}
		line = substr(line, RSTART + RLENGTH)
	}
}
FNR == NR {
	next
}
{
	sub(/@VERSION@/, version)
	sub(/@AGENT-GROUPS@/, groups["agent"])
	sub(/@COORDINATOR-GROUPS@/, groups["coordinator"])
	print
}
END {
	if (groups["agent"] == "" || groups["coordinator"] == "")
		exit 1
}
