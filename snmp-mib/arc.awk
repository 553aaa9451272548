# Put the arc of the module (-v arc=8072.9999.9999.7, below enterprises) into
# the MIB text.  Each number but the last becomes a named node: a path of bare
# numbers is legal SMI, but checkers complain of it.
BEGIN {
	n = split(arc, id, ".")
	parent = "enterprises"
	for (i = 1; i < n; i++) {
		name = "ihArc" i
		nodes = nodes sprintf("%s OBJECT IDENTIFIER ::= { %s %s }\n",
		                      name, parent, id[i])
		parent = name
	}
}
/^@NODES@$/ {
	if (n > 1)
		print nodes
	next
}
{
	sub(/@ARC@/, parent " " id[n])
	print
}
END {
	if (n == 0)
		exit 1
}
