/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver of informs and the traps of BMCs (PET): handed on, bounded, and
 * no others.
 */
#include "tests/unit/snmp-mib/inform_world.h"

struct pets {
	unsigned n, notices;
	char from[64];
	int32_t specific;
	uint8_t octets[128];
	size_t len;
};

static void
hear_no_notice(void *arg, const struct node_notice *notice)
{
	struct pets *pets = arg;

	(void)notice;
	pets->notices++;
}

static void
hear_pet(void *arg, const char *from, int32_t specific, const uint8_t *octets,
	 size_t len)
{
	struct pets *pets = arg;

	pets->n++;
	snprintf(pets->from, sizeof(pets->from), "%s", from);
	pets->specific = specific;
	assert_true(len <= sizeof(pets->octets));
	memcpy(pets->octets, octets, len);
	pets->len = len;
}

/* A trap as BER.  Every length is below 128. */
struct trap {
	uint8_t version;  /* 0: SNMPv1 */
	uint8_t pdu;      /* 0xa4: Trap-PDU */
	uint8_t last_arc; /* of the enterprise 1.3.6.1.4.1.3183.1.x */
	uint8_t generic;
	uint8_t value_type; /* of the binding; 0x04: octets */
	uint8_t bind_arc;   /* 1.3.6.1.4.1.3183.1.x.1 */
};

static const struct trap pet_trap = { 0, 0xa4, 1, 6, 0x04, 1 };

static size_t
wrap(uint8_t type, uint8_t *bytes, size_t len)
{
	assert_true(len < 128);
	memmove(bytes + 2, bytes, len);
	bytes[0] = type;
	bytes[1] = (uint8_t)len;
	return len + 2;
}

static size_t
put(uint8_t *to, const void *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return len;
}

static size_t
build_bindings(const struct trap *trap, uint8_t *to)
{
	const uint8_t name[] = { 0x06, 10, 0x2b,           6, 1, 4, 1, 0x98,
				 0x6f, 1,  trap->bind_arc, 1 };
	size_t n = put(to, name, sizeof(name));

	to[n] = trap->value_type;
	to[n + 1] = 46;
	for (unsigned i = 0; i < 46; i++)
		to[n + 2 + i] = (uint8_t)(0xa0 + i);
	n = wrap(0x30, to, n + 2 + 46);
	return wrap(0x30, to, n);
}

static size_t
build_trap(const struct trap *trap, uint8_t *to)
{
	const uint8_t head[] = { 0x06, 9, 0x2b, 6, 1, 4, 1, 0x98, 0x6f, 1,
				 trap->last_arc,
				 /* agent, generic, specific, time */
				 0x40, 4, 10, 9, 8, 7, 0x02, 1, trap->generic,
				 0x02, 3, 0x23, 0x6f, 0x02, 0x43, 1, 5 };
	const uint8_t front[] = { 0x02, 1,   trap->version, 0x04, 6,  'p',
				  'u',  'b', 'l',           'i',  'c' };
	uint8_t body[128];
	size_t n = put(body, head, sizeof(head));

	n += build_bindings(trap, body + n);
	n = wrap(trap->pdu, body, n);
	size_t m = put(to, front, sizeof(front));
	return wrap(0x30, to, m + put(to + m, body, n));
}

static void
send_traps(uint16_t port, const struct trap *trap, unsigned n)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t bytes[256];
	size_t len = build_trap(trap, bytes);

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sendto(fd, bytes, len, 0,
					(struct sockaddr *)&in, sizeof(in)),
				 len);
	close(fd);
	run_for(50);
}

static void
the_trap_of_a_bmc_is_handed_on(void **state)
{
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	send_traps(port, &pet_trap, 1);
	assert_int_equal(pets.n, 1);
	assert_string_equal(pets.from, "127.0.0.1"); /* not what it claims */
	assert_int_equal(pets.specific, 0x236f02);
	assert_int_equal(pets.len, 46);
	assert_int_equal(pets.octets[0], 0xa0);
	assert_int_equal(pets.octets[45], 0xcd);
	assert_int_equal(pets.notices, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 1);
	assert_int_equal(counts.insecure, 0);
	inform_close(inform);
}

static void
a_trap_sent_by_net_snmp_is_handed_on(void **state)
{
	struct pets pets = { 0 };
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);
	char command[512];

	(void)state;
	snprintf(command, sizeof(command),
		 "MIBS= SNMPCONFPATH=/nonexistent SNMP_PERSISTENT_DIR=%s "
		 "snmptrap -v1 -c public 127.0.0.1:%u 1.3.6.1.4.1.3183.1.1 "
		 "10.9.8.7 6 2322178 5 1.3.6.1.4.1.3183.1.1.1 x "
		 "'00112233' >%s/tool.log 2>&1",
		 folder, port, folder);
	int status = run_tool(command);
	if (no_tool(status)) {
		inform_close(inform);
		skip();
	}
	run_for(50);
	assert_int_equal(status, 0);
	assert_int_equal(pets.n, 1);
	assert_int_equal(pets.specific, 2322178);
	assert_int_equal(pets.len, 4);
	assert_memory_equal(pets.octets, "\x00\x11\x22\x33", 4);
	inform_close(inform);
}

static void
all_other_traps_stay_refused(void **state)
{
	static const struct trap others[] = {
		{ 0, 0xa4, 2, 6, 0x04, 1 }, /* enterprise */
		{ 0, 0xa4, 1, 3, 0x04, 1 }, /* generic */
		{ 1, 0xa4, 1, 6, 0x04, 1 }, /* version */
		{ 0, 0xa7, 1, 6, 0x04, 1 }, /* PDU */
	};
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		send_traps(port, &others[i], 1);
	(void)send_by_tool("snmptrap", "-v2c -c public", port, &crash);
	assert_int_equal(pets.n, 0);
	assert_int_equal(pets.notices, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 0);
	assert_true(counts.insecure >= 2);
	inform_close(inform);
}

static void
nobody_hears_traps_who_did_not_ask(void **state)
{
	struct heard heard = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_at(port, &heard);

	(void)state;
	send_traps(port, &pet_trap, 3);
	inform_counts(inform, &counts);
	assert_int_equal(counts.pets, 0);
	assert_int_equal(counts.insecure, 3);
	assert_int_equal(heard.n, 0);
	inform_close(inform);
}

static void
a_trap_without_its_octets_is_malformed(void **state)
{
	static const struct trap others[] = {
		{ 0, 0xa4, 1, 6, 0x44, 1 }, /* opaque */
		{ 0, 0xa4, 1, 6, 0x04, 2 }, /* of another */
	};
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		send_traps(port, &others[i], 1);
	assert_int_equal(pets.n, 0);
	inform_counts(inform, &counts);
	assert_int_equal(counts.malformed, 2);
	inform_close(inform);
}

static void
a_flood_of_traps_is_cut_to_a_trickle(void **state)
{
	struct pets pets = { 0 };
	struct inform_counts counts;
	uint16_t port = free_port(NULL);
	struct inform *inform = open_for(port, hear_no_notice, hear_pet, &pets);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		send_traps(port, &pet_trap, 100);
	inform_counts(inform, &counts);
	/* One second, or the end of one and the beginning of the next. */
	assert_in_range(pets.n, INFORM_PETS_PER_S, 2 * INFORM_PETS_PER_S);
	assert_int_equal(counts.pets, pets.n);
	assert_int_equal(counts.pets + counts.pets_dropped, 500);
	/* Informs are heard all the same. */
	int status = send_by_tool("snmpinform", RIGHT, port, &crash);
	if (status != 127)
		assert_int_equal(pets.notices, 1);
	run_for(1000);
	unsigned before = pets.n;
	send_traps(port, &pet_trap, 1);
	assert_int_equal(pets.n, before + 1);
	inform_close(inform);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_trap_of_a_bmc_is_handed_on),
		cmocka_unit_test(a_trap_sent_by_net_snmp_is_handed_on),
		cmocka_unit_test(all_other_traps_stay_refused),
		cmocka_unit_test(nobody_hears_traps_who_did_not_ask),
		cmocka_unit_test(a_trap_without_its_octets_is_malformed),
		cmocka_unit_test(a_flood_of_traps_is_cut_to_a_trickle),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
