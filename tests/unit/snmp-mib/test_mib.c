/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MIB text and the codec's table say the same: every object's place,
 * name, type, range and access, both ways; and every notification's objects.
 *
 * net-snmp parses the text as `make` built it.  Modules that it imports are
 * not part of the project, so the few definitions needed are given here.
 */
#include <net-snmp/net-snmp-config.h>
/* net-snmp wants its config first */
#include <net-snmp/net-snmp-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the above */
#include <cmocka.h>

#include "snmp-mib/codec_own.h"
#include "snmp-mib/notice.h"

#include "tests/unit/snmp-mib/temp_folder.h"

static char folder[] = "/tmp/test_mib.XXXXXX";

static const struct {
	const char *name, *text;
} modules[] = {
	{ "SNMPv2-SMI", "SNMPv2-SMI DEFINITIONS ::= BEGIN\n"
			"org OBJECT IDENTIFIER ::= { iso 3 }\n"
			"dod OBJECT IDENTIFIER ::= { org 6 }\n"
			"internet OBJECT IDENTIFIER ::= { dod 1 }\n"
			"private OBJECT IDENTIFIER ::= { internet 4 }\n"
			"enterprises OBJECT IDENTIFIER ::= { private 1 }\n"
			"END\n" },
	{ "SNMPv2-TC",
	  "SNMPv2-TC DEFINITIONS ::= BEGIN\n"
	  "DateAndTime ::= TEXTUAL-CONVENTION STATUS current\n"
	  "DESCRIPTION \"\" SYNTAX OCTET STRING (SIZE (8 | 11))\n"
	  "TruthValue ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\"\n"
	  "SYNTAX INTEGER { true(1), false(2) }\n"
	  "PhysAddress ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\"\n"
	  "SYNTAX OCTET STRING\n"
	  "END\n" },
	{ "SNMPv2-CONF", "SNMPv2-CONF DEFINITIONS ::= BEGIN\nEND\n" },
	{ "SNMP-FRAMEWORK-MIB",
	  "SNMP-FRAMEWORK-MIB DEFINITIONS ::= BEGIN\n"
	  "SnmpAdminString ::= TEXTUAL-CONVENTION DISPLAY-HINT \"255t\"\n"
	  "STATUS current DESCRIPTION \"\"\n"
	  "SYNTAX OCTET STRING (SIZE (0..255))\n"
	  "END\n" },
	{ "HCNUM-TC",
	  "HCNUM-TC DEFINITIONS ::= BEGIN\n"
	  "CounterBasedGauge64 ::= TEXTUAL-CONVENTION STATUS current\n"
	  "DESCRIPTION \"\" SYNTAX Counter64\n"
	  "END\n" },
	{ "UUID-TC-MIB", "UUID-TC-MIB DEFINITIONS ::= BEGIN\n"
			 "UUIDorZero ::= TEXTUAL-CONVENTION STATUS current\n"
			 "DESCRIPTION \"\" SYNTAX OCTET STRING (SIZE (0|16))\n"
			 "END\n" },
	{ "VM-MIB", "VM-MIB DEFINITIONS ::= BEGIN\n"
		    "IMPORTS internet FROM SNMPv2-SMI;\n"
		    "mib2 OBJECT IDENTIFIER ::= { internet 2 1 }\n"
		    "vmEntry OBJECT IDENTIFIER ::= { mib2 236 1 4 1 }\n"
		    "vmIndex OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS "
		    "not-accessible STATUS current DESCRIPTION \"\"\n"
		    "::= { vmEntry 1 }\n"
		    "END\n" },
};

/* --- the parsed tree ----------------------------------------------------- */

static const struct tree *
child(const struct tree *node, u_long subid)
{
	for (node = node->child_list; node != NULL; node = node->next_peer)
		if (node->subid == subid)
			return node;
	return NULL;
}

static const struct tree *
node_at(const struct codec_oid *oid)
{
	const struct tree *node = get_tree_head();

	while (node != NULL && node->subid != oid->ids[0])
		node = node->next_peer;
	for (size_t i = 1; i < oid->len && node != NULL; i++)
		node = child(node, oid->ids[i]);
	return node;
}

static const char *
label_at(const struct codec_oid *oid)
{
	const struct tree *node = node_at(oid);

	return node != NULL ? node->label : "(nothing)";
}

static const char *
convention(const struct tree *node)
{
	const char *name = get_tc_descriptor(node->tc_index);

	return name != NULL ? name : "";
}

/* --- table to text ------------------------------------------------------- */

static const struct {
	int type;
	const char *convention; /* NULL: any */
} syntaxes[] = {
	[CELL_ENUM] = { TYPE_INTEGER, NULL },
	[CELL_BOOL] = { TYPE_INTEGER, "TruthValue" },
	[CELL_U32] = { 0, NULL }, /* Gauge32 or Unsigned32 */
	[CELL_AGE] = { TYPE_GAUGE, "IhAge" },
	[CELL_U64] = { TYPE_COUNTER64, "CounterBasedGauge64" },
	[CELL_COUNTER] = { TYPE_COUNTER64, "" },
	[CELL_TEXT] = { TYPE_OCTETSTR, "SnmpAdminString" },
	[CELL_UUID] = { TYPE_OCTETSTR, "UUIDorZero" },
	[CELL_HASH] = { TYPE_OCTETSTR, "IhHash" },
	[CELL_ROWS] = { TYPE_GAUGE, "" },
	[CELL_I32] = { TYPE_INTEGER32, "" },
	[CELL_TICKS] = { TYPE_TIMETICKS, NULL },
	[CELL_OCTETS] = { TYPE_OCTETSTR, NULL },
	[CELL_DATE] = { TYPE_OCTETSTR, "DateAndTime" },
	[CELL_ZERO_OID] = { TYPE_OBJID, NULL },
	[CELL_OID] = { TYPE_OBJID, NULL },
	[CELL_COUNTER32] = { TYPE_COUNTER, NULL },
};

static void
check_enum(const struct codec_column *column, const struct tree *node)
{
	unsigned n = 0;

	for (const struct enum_list *e = node->enums; e != NULL; e = e->next) {
		assert_in_range(e->value, column->min, column->max);
		n++;
	}
	assert_int_equal(n, column->max - column->min + 1);
}

static void
check_range(const struct codec_column *column, const struct tree *node,
	    uint32_t low, uint32_t high)
{
	const struct range_list *range = node->ranges;

	if (range == NULL || range->next != NULL ||
	    (uint32_t)range->low != low || (uint32_t)range->high != high)
		fail_msg("%s: not (%u..%u)", column->name, low, high);
}

static void
check_syntax(const struct codec_column *column, const struct tree *node)
{
	const char *want = syntaxes[column->cell].convention;

	if (column->cell == CELL_U32)
		assert_true(node->type == TYPE_GAUGE ||
			    node->type == TYPE_UNSIGNED32);
	else if (column->cell == CELL_OCTETS)
		assert_true(node->type == TYPE_OCTETSTR ||
			    node->type == TYPE_BITSTRING);
	else
		assert_int_equal(node->type, syntaxes[column->cell].type);
	if (want != NULL && strcmp(convention(node), want) != 0)
		fail_msg("%s is a \"%s\", not a \"%s\"", column->name,
			 convention(node), want);
	if (column->cell == CELL_ENUM)
		check_enum(column, node);
	if (column->cell == CELL_TEXT)
		check_range(column, node, column->required ? 1 : 0,
			    (uint32_t)column->size - 1);
	if (column->cell == CELL_ROWS ||
	    (column->cell == CELL_U32 && column->max > 0))
		check_range(column, node, column->min, column->max);
	if (column->cell == CELL_U32 && column->max == 0)
		assert_null(node->ranges);
}

/* Our own module; the standard ones are test_standard.c's. */
static const struct codec_tree *
own_tree(void)
{
	for (size_t i = 0; codec_node_trees[i] != NULL; i++)
		if (codec_node_trees[i]->under == &codec_objects)
			return codec_node_trees[i];
	return NULL;
}

/* A node's and a coordinator's part of our module. */
enum { OWN_TREES = 2 };

static const struct codec_tree *
own_tree_at(size_t i)
{
	return i == 0 ? own_tree() : codec_site_trees[0];
}

static void
check_column(const struct codec_section *section,
	     const struct codec_column *column)
{
	struct codec_oid oid;

	codec_oid_of(section, column, &oid);
	assert_string_equal(label_at(&oid), column->name);
	assert_int_equal(node_at(&oid)->access, column->writable
							? MIB_ACCESS_READWRITE
							: MIB_ACCESS_READONLY);
	check_syntax(column, node_at(&oid));
}

static void
check_columns(const struct codec_tree *tree)
{
	for (size_t s = 0; s < tree->n_sections; s++)
		for (size_t c = 0; c < tree->sections[s]->n_columns; c++)
			check_column(tree->sections[s],
				     &tree->sections[s]->columns[c]);
}

static void
every_column_of_the_table_is_in_the_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < OWN_TREES; i++)
		check_columns(own_tree_at(i));
}

static void
check_index_syntax(const struct codec_index *want, const struct tree *node)
{
	uint32_t low = UINT32_MAX, high = 0;

	if (node->type == TYPE_UNSIGNED32) {
		low = (uint32_t)node->ranges->low;
		high = (uint32_t)node->ranges->high;
	} else {
		assert_int_equal(node->type, TYPE_INTEGER);
	}
	for (const struct enum_list *e = node->enums; e != NULL; e = e->next) {
		low = (uint32_t)e->value < low ? (uint32_t)e->value : low;
		high = (uint32_t)e->value > high ? (uint32_t)e->value : high;
	}
	assert_int_equal(low, want->min);
	assert_int_equal(high, want->max);
}

static void
check_index(const struct codec_section *section, const struct tree *entry)
{
	const struct index_list *index = entry->indexes;
	u_long own = 0;

	for (size_t i = 0; i < section->n_index; i++) {
		const struct codec_index *want = &section->index[i];

		assert_non_null(index);
		assert_string_equal(index->ilabel, want->name);
		assert_false(index->isimplied);
		if (strncmp(want->name, "ih", 2) != 0) {
			index = index->next; /* of another module */
			continue;
		}
		const struct tree *node = child(entry, ++own);
		assert_string_equal(node->label, want->name);
		assert_int_equal(node->access, MIB_ACCESS_NOACCESS);
		check_index_syntax(want, node);
		index = index->next;
	}
	assert_null(index);
}

/* A table that augments another has no index of its own. */
static void
check_indexes(const struct codec_tree *tree)
{
	for (size_t s = 0; s < tree->n_sections; s++) {
		const struct codec_section *section = tree->sections[s];
		struct codec_oid oid = *tree->under;

		assert_int_equal(section->n_path, 1);
		oid.ids[oid.len++] = section->path[0];
		assert_string_equal(label_at(&oid), section->name);
		if (section->n_index == 0)
			continue;
		oid.ids[oid.len++] = 1;
		if (node_at(&oid)->augments == NULL)
			check_index(section, node_at(&oid));
	}
}

static void
every_table_has_its_name_and_index_in_the_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < OWN_TREES; i++)
		check_indexes(own_tree_at(i));
}

/* --- text to table ------------------------------------------------------- */

static void
check_leaf(const struct codec_tree *tree, const struct tree *node,
	   struct codec_oid *oid, unsigned *count)
{
	const struct codec_section *section;
	const struct codec_column *column;
	size_t rest;

	if (node->access == MIB_ACCESS_READONLY ||
	    node->access == MIB_ACCESS_READWRITE) {
		++*count;
		if (codec_find_in(tree, oid, &section, &column, &rest) < 0)
			fail_msg("%s is not served", node->label);
		assert_string_equal(node->label, column->name);
		if (column->writable != (node->access == MIB_ACCESS_READWRITE))
			fail_msg("%s: who may write it?", node->label);
	} else if (node->access != MIB_ACCESS_NOTIFY &&
		   node->access != MIB_ACCESS_NOACCESS) {
		fail_msg("%s can be created", node->label);
	}
}

static void
check_below(const struct codec_tree *tree, const struct tree *node,
	    struct codec_oid *oid, unsigned *count)
{
	for (node = node->child_list; node != NULL; node = node->next_peer) {
		oid->ids[oid->len++] = (uint32_t)node->subid;
		if (node->child_list != NULL)
			check_below(tree, node, oid, count);
		else
			check_leaf(tree, node, oid, count);
		oid->len--;
	}
}

static void
every_readable_object_of_the_text_is_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < OWN_TREES; i++) {
		const struct codec_tree *tree = own_tree_at(i);
		struct codec_oid oid = *tree->under;
		unsigned count = 0, columns = 0;

		for (size_t s = 0; s < tree->n_sections; s++)
			columns += (unsigned)tree->sections[s]->n_columns;
		check_below(tree, node_at(&oid), &oid, &count);
		assert_int_equal(count, columns);
	}
}

/* --- notifications ------------------------------------------------------- */

static void
every_notification_carries_what_the_text_says(void **state)
{
	struct codec_oid oid = *codec_root();
	unsigned kinds = 0;

	(void)state;
	oid.ids[oid.len++] = 0;
	for (const struct tree *node = node_at(&oid)->child_list; node != NULL;
	     node = node->next_peer, kinds++) {
		struct node_notice notice = { .kind = (int)node->subid,
					      .vm_index = 1,
					      .datastore_index = 1 };
		struct notice_bind binds[NOTICE_BINDS_MAX];
		size_t n = notice_encode(&notice, binds), i = 1;

		assert_int_equal(node->type, TYPE_NOTIFTYPE);
		assert_string_equal(label_at(binds[0].value.oid), node->label);
		for (const struct varbind_list *v = node->varbinds; v != NULL;
		     v = v->next, i++) {
			assert_true(i < n);
			binds[i].oid.len--; /* the instance */
			assert_string_equal(label_at(&binds[i].oid),
					    v->vblabel);
		}
		assert_int_equal(i, n);
	}
	assert_int_equal(kinds, NOTICE_STORM);
}

/* --- smilint ------------------------------------------------------------- */

/* Wants the real base modules, which no package brings: by SMIPATH. */
static void
lint(const char *module)
{
	char mib[128], path[4096], said[512] = "";
	int out[2], status;

	if (getenv("SMIPATH") == NULL) {
		print_message("skipped: SMIPATH names no base modules\n");
		skip();
	}
	snprintf(mib, sizeof(mib), "%s/%s.txt", folder, module);
	/* The folder's own base modules are cut short, and come last. */
	snprintf(path, sizeof(path), "%s:%s", getenv("SMIPATH"), folder);
	assert_int_equal(pipe(out), 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		dup2(out[1], STDERR_FILENO);
		setenv("SMIPATH", path, 1);
		execlp("smilint", "smilint", "-l", "6", mib, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	ssize_t n = read(out[0], said, sizeof(said) - 1);
	close(out[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		print_message("skipped: no smilint here\n");
		skip();
	}
	if (n > 0)
		fail_msg("%s", said);
}

static void
smilint_has_nothing_to_say(void **state)
{
	(void)state;
	lint("IRONHERD-MIB");
	lint("IRONHERD-CAPS-MIB");
}

/* --- capabilities -------------------------------------------------------- */

/* By the names of modules; smilint knows the rest. */
static void
every_module_that_is_served_is_in_the_capabilities(void **state)
{
	char path[128], line[256], want[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/IRONHERD-CAPS-MIB.txt", folder);
	for (size_t i = 0; codec_node_trees[i] != NULL; i++) {
		FILE *file = fopen(path, "r");
		bool found = false;

		assert_non_null(file);
		snprintf(want, sizeof(want), "    SUPPORTS    %s\n",
			 codec_node_trees[i]->module);
		while (!found && fgets(line, sizeof(line), file) != NULL)
			found = strcmp(line, want) == 0;
		fclose(file);
		if (!found)
			fail_msg("%s is not in the capabilities",
				 codec_node_trees[i]->module);
	}
}

/* ------------------------------------------------------------------------- */

static void
write_modules(void)
{
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/%s.txt", folder,
			 modules[i].name);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(modules[i].text, file);
		fclose(file);
	}
}

/* build/unit/snmp-mib/test_mib -> build/mibs/IRONHERD-MIB.txt */
static int
link_mib(const char *module)
{
	char self[4096], from[4200], to[128];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	for (unsigned up = 0; up < 3; up++)
		*strrchr(self, '/') = '\0';
	snprintf(from, sizeof(from), "%s/mibs/%s.txt", self, module);
	snprintf(to, sizeof(to), "%s/%s.txt", folder, module);
	if (access(from, R_OK) != 0)
		fail_msg("%s is not built: run make", from);
	return symlink(from, to);
}

static int
set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	write_modules();
	assert_int_equal(link_mib("IRONHERD-MIB"), 0);
	assert_int_equal(link_mib("IRONHERD-CAPS-MIB"), 0);
	setenv("MIBDIRS", folder, 1);
	setenv("MIBS", "IRONHERD-MIB", 1);
	setenv("SNMP_PERSISTENT_DIR", folder, 1);
	setenv("SNMPCONFPATH", folder, 1);
	netsnmp_init_mib();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shutdown_mib();
	return temp_folder_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_column_of_the_table_is_in_the_text),
		cmocka_unit_test(
			every_table_has_its_name_and_index_in_the_text),
		cmocka_unit_test(
			every_readable_object_of_the_text_is_in_the_table),
		cmocka_unit_test(every_notification_carries_what_the_text_says),
		cmocka_unit_test(
			every_module_that_is_served_is_in_the_capabilities),
		cmocka_unit_test(smilint_has_nothing_to_say),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
