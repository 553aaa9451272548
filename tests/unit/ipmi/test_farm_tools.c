/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/farm as ipmitool, FreeIPMI and bare packets see it, without ipmi/: it
 * is what it says, and each of its faults really happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/ipmi_farm.h"

enum { COUNT = 16, PACKET = 512, HEADER_20 = 16 };

static struct ipmi_farm farm;
static int suite = 17;

/* --- asking -------------------------------------------------------------- */

static const char *
state(void)
{
	return ipmi_farm_tell(&farm, "0 state");
}

static void
tell(const char *line)
{
	if (strcmp(ipmi_farm_tell(&farm, line), "ok\n") != 0)
		fail_msg("the farm does not know \"%s\"", line);
}

static void
expect_state(const char *part)
{
	if (strstr(state(), part) == NULL)
		fail_msg("not %s: %s", part, state());
}

static const char *
run(const char *command)
{
	static char out[16384];
	/* NOLINTNEXTLINE(cert-env33-c): ours */
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	out[fread(out, 1, sizeof(out) - 1, pipe)] = '\0';
	pclose(pipe);
	return out;
}

static void
need(const char *tool)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s", tool);
	if (run(command)[0] == '\0') {
		print_message("%s is not installed\n", tool);
		skip();
	}
}

static const char *
ipmitool(const char *words)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "ipmitool -I lanplus -C %d -N 1 -R 1 -H 127.0.92.1 -p %u "
		 "-U admin -P secret %s 2>&1",
		 suite, farm.port, words);
	return run(command);
}

static void
expect(const char *words, const char *part)
{
	const char *out = ipmitool(words);

	if (strstr(out, part) == NULL)
		fail_msg("%s: no \"%s\" in: %s", words, part, out);
}

static void
obey(const char *words)
{
	const char *out = ipmitool(words);

	if (strstr(out, "rsp=") != NULL || strstr(out, "Unable") != NULL)
		fail_msg("%s: %s", words, out);
}

static void
pause_ms(long ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- bare packets -------------------------------------------------------- */

static int
open_socket(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	return fd;
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t len = sizeof(own);

	getsockname(fd, (struct sockaddr *)&own, &len);
	return ntohs(own.sin_port);
}

static void
send_to_bmc(int fd, const uint8_t *packet, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	to.sin_addr.s_addr = inet_addr("127.0.92.1");
	to.sin_port = htons((in_port_t)farm.port);
	assert_int_equal(sendto(fd, packet, len, 0, (struct sockaddr *)&to,
				sizeof(to)),
			 len);
}

/* Length of the next packet, 0: none in that time. */
static size_t
receive(int fd, uint8_t packet[PACKET], int wait_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	memset(packet, 0, PACKET);
	if (poll(&wait, 1, wait_ms) < 1)
		return 0;
	ssize_t len = recv(fd, packet, PACKET, 0);
	return len > 0 ? (size_t)len : 0;
}

static void
ping(int fd)
{
	static const uint8_t packet[12] = { 6,    0,    0xff, 6, 0, 0,
					    0x11, 0xbe, 0x80, 7, 0, 0 };

	send_to_bmc(fd, packet, sizeof(packet));
}

static unsigned
pongs(int fd, int wait_ms)
{
	uint8_t packet[PACKET];
	unsigned n = 0;

	for (; receive(fd, packet, wait_ms) > 0; n++)
		assert_int_equal(packet[8], 0x40);
	return n;
}

/* The status of the answer, which goes to reply. */
static uint8_t
open_session(int fd, uint8_t reply[PACKET])
{
	uint8_t packet[48] = { 6, 0, 0xff, 7, 6, 0x10, [14] = 32 };
	uint8_t *p = packet + HEADER_20;
	const uint8_t algorithms[3] = { 3, 4, 1 };

	p[0] = 0x77;
	memcpy(p + 4, "ours", 4);
	for (int i = 0; i < 3; i++) {
		p[8 + 8 * i] = (uint8_t)i;
		p[11 + 8 * i] = 8;
		p[12 + 8 * i] = algorithms[i];
	}
	send_to_bmc(fd, packet, sizeof(packet));
	assert_true(receive(fd, reply, 1000) >= HEADER_20 + 8);
	assert_int_equal(reply[5], 0x11);
	assert_int_equal(reply[HEADER_20], 0x77);
	return reply[HEADER_20 + 1];
}

/* --- the fixture --------------------------------------------------------- */

static int
set_up(void **test)
{
	(void)test;
	suite = 17;
	ipmi_farm_start(&farm, COUNT);
	return 0;
}

static int
tear_down(void **test)
{
	(void)test;
	ipmi_farm_stop(&farm);
	return 0;
}

/* --- as the tools see it ------------------------------------------------- */

static void
ipmitool_sees_a_whole_bmc(void **test)
{
	static const char *const asks[][2] = {
		{ "mc info", "Intel Corporation" },
		{ "mc guid", "F2F3F4F5F6F7F8F9FAFBFCFDFEFF" },
		{ "session info active", "ADMINISTRATOR" },
		{ "chassis status", "Restore Policy : previous" },
		{ "sdr list full", "N12V             | -11.97 Volts" },
		{ "sdr elist all", "OS Stop          | 0Ch | ns  | 35.1 |" },
		{ "sdr elist all", "Dynamic MC @ 20h" },
		{ "sdr elist all", "Logical FRU @00h" },
		{ "sdr elist compact", "Presence detected" },
		{ "sensor list", "42.000     | degrees C  | ok    |" },
		{ "sensor list", "| -10.000   | 2.000     | na" },
		{ "mc watchdog get", "Stopped" },
		{ "dcmi discover", "Power management available" },
		{ "dcmi power reading", "180 Watts" },
		{ "power off", "Down/Off" },
		{ "power on", "Up/On" },
		{ "power soft", "Soft" },
		{ "power status", "is off" },
		{ "sel elist", "Power off/down | Asserted" },
		{ "sel elist", "Power off/down | Deasserted" },
		{ "power on", "Up/On" },
		{ "chassis restart_cause", "chassis power control" },
		{ "raw 0x06 0x99", "Invalid command" },
	};

	(void)test;
	need("ipmitool");
	for (suite = 3; suite <= 17; suite += 14)
		for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
			expect(asks[i][0], asks[i][1]);
	expect_state("open 0");
}

/* option: where it keeps what it reads of sensors, or "". */
static const char *
freeipmi(const char *tool, const char *option, const char *words)
{
	char command[1024];

	need(tool);
	snprintf(command, sizeof(command),
		 "dir=$(mktemp -d); "
		 "%s -D LAN_2_0 -I %d -u admin -p secret %s %s 2>&1; "
		 "rm -r \"$dir\"",
		 tool, suite, option, words);
	return run(command);
}

static const char in_dir[] = "--sdr-cache-directory=$dir --quiet-cache";

static void
ipmipower_sees_sixteen_at_once(void **test)
{
	char words[64];

	(void)test;
	snprintf(words, sizeof(words), "-h '127.0.92.[1-16]:%u' --stat",
		 farm.port);
	tell("4-7 power off");
	for (suite = 3; suite <= 17; suite += 14) {
		const char *at = freeipmi("ipmipower", "", words);
		unsigned on = 0, off = 0;

		for (; (at = strchr(at, ':')) != NULL; at++) {
			on += strncmp(at, ": on", 4) == 0;
			off += strncmp(at, ": off", 5) == 0;
		}
		assert_int_equal(on, 12);
		assert_int_equal(off, 4);
	}
}

static void
freeipmi_reads_the_same_sensors(void **test)
{
	char words[64];

	(void)test;
	snprintf(words, sizeof(words), "-h 127.0.92.1:%u", farm.port);
	const char *out = freeipmi("ipmi-sensors", in_dir, words);
	assert_non_null(strstr(out, "| N12V       | Voltage      | -11.9"));
	assert_non_null(strstr(out, "| 5000.00    | RPM"));
}

/* --- the network --------------------------------------------------------- */

static void
it_is_silent_slow_doubled_and_lossy_when_told_so(void **test)
{
	int fd = open_socket();

	(void)test;
	ping(fd);
	assert_int_equal(pongs(fd, 100), 1);
	tell("0 silent 1");
	ping(fd);
	assert_int_equal(pongs(fd, 100), 0);
	tell("0 silent 0");
	tell("0 slow 250");
	int64_t begin_ms = now_ms();
	ping(fd);
	assert_int_equal(pongs(fd, 1000), 1);
	assert_true(now_ms() - begin_ms >= 250 + 1000);
	tell("0 slow 0");
	tell("0 twice 1");
	ping(fd);
	assert_int_equal(pongs(fd, 100), 2);
	tell("0 twice 0");
	tell("0 loss 500");
	for (int i = 0; i < 200; i++)
		ping(fd);
	/* half of half of them; the luck is the same in every run */
	assert_in_range(pongs(fd, 200), 30, 70);
	close(fd);
}

/* What the BMC has seen already it does not obey again. */
static unsigned
relay_doubled(FILE *pipe, int front, int back)
{
	struct pollfd wait[3] = { { .fd = fileno(pipe), .events = POLLIN },
				  { .fd = front, .events = POLLIN },
				  { .fd = back, .events = POLLIN } };
	struct sockaddr_in client = { .sin_family = AF_INET };
	socklen_t client_len = sizeof(client);
	uint8_t packet[PACKET];
	unsigned doubled = 0;
	char text[256];

	for (;;) {
		assert_true(poll(wait, 3, 10000) > 0);
		if (wait[1].revents != 0) {
			ssize_t len = recvfrom(front, packet, PACKET, 0,
					       (struct sockaddr *)&client,
					       &client_len);
			bool in_session = len > 10 && packet[5] == 0xc0;

			for (int i = 0; i < (in_session ? 3 : 1); i++)
				send_to_bmc(back, packet, (size_t)len);
			doubled += in_session;
		} else if (wait[2].revents != 0) {
			size_t len = receive(back, packet, 0);

			sendto(front, packet, len, 0,
			       (struct sockaddr *)&client, client_len);
		} else if (wait[0].revents != 0 &&
			   fgets(text, sizeof(text), pipe) == NULL) {
			return doubled;
		}
	}
}

static void
a_doubled_request_is_obeyed_once(void **test)
{
	int front = open_socket(), back = open_socket();
	char command[256];

	(void)test;
	need("ipmitool");
	snprintf(command, sizeof(command),
		 "ipmitool -I lanplus -C 17 -H 127.0.0.1 -p %u -U admin -P "
		 "secret power status 2>&1",
		 port_of(front));
	/* NOLINTNEXTLINE(cert-env33-c): ours */
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(relay_doubled(pipe, front, back) >= 3);
	assert_int_equal(pclose(pipe), 0);
	expect_state("reads 1 ");
	close(front);
	close(back);
}

/* --- sessions ------------------------------------------------------------ */

static void
a_session_is_refused_lied_about_and_dropped_when_told_so(void **test)
{
	uint8_t reply[PACKET];
	int fd = open_socket();

	(void)test;
	assert_int_equal(open_session(fd, reply), 0);
	assert_int_equal(reply[HEADER_20 + 16], 3);
	expect_state("open 1");
	tell("0 drop-sessions");
	expect_state("open 0");
	tell("0 sessions 0");
	assert_int_equal(open_session(fd, reply), 0x01);
	tell("0 sessions 1");
	assert_int_equal(open_session(fd, reply), 0);
	assert_int_equal(open_session(fd, reply), 0x01);
	tell("0 sessions 15");
	tell("0 refuse-suite 17");
	assert_int_equal(open_session(fd, reply), 0x11);
	tell("0 refuse-suite 0");
	tell("0 lie 3");
	assert_int_equal(open_session(fd, reply), 0);
	assert_int_equal(reply[HEADER_20 + 16], 1);
	assert_int_equal(reply[HEADER_20 + 24], 1);
	tell("0 lie 0");
	assert_int_equal(open_session(fd, reply), 0);
	assert_int_equal(reply[HEADER_20 + 16], 0);
	assert_int_equal(reply[HEADER_20 + 32], 0);
	close(fd);
}

static void
a_user_is_locked_limited_and_has_another_password_when_told_so(void **test)
{
	static const char none[] = "Unable to establish";

	(void)test;
	need("ipmitool");
	tell("0 lock 1");
	expect("power status", none);
	tell("0 lock 0");
	tell("0 privilege 2");
	expect("-L OPERATOR power status", none);
	expect_state("sessions 0 ");
	expect("-L USER power status", "is on");
	expect("-L USER power off", "Insufficient privilege");
	expect_state("on offs 0");
	tell("0 privilege 4");
	tell("0 password 12345678901234567890");
	expect("power status", none);
	for (suite = 3; suite <= 17; suite += 14)
		expect("-P 12345678901234567890 power status", "is on");
}

static void
an_answer_is_busy_short_and_of_another_guid_when_told_so(void **test)
{
	static const uint8_t ask[] = { 6, 0,    0xff, 7,    0,    0,
				       0, 0,    0,    0,    0,    0,
				       0, 9,    0x20, 0x18, 0xc8, 0x81,
				       0, 0x38, 0x8e, 0x04, 0xb5 };
	uint8_t reply[PACKET];
	int fd = open_socket();

	(void)test;
	send_to_bmc(fd, ask, sizeof(ask));
	assert_int_equal(receive(fd, reply, 500), 14 + 16);
	tell("0 short 1");
	send_to_bmc(fd, ask, sizeof(ask));
	assert_int_equal(receive(fd, reply, 500), 14 + 7 + 2);
	tell("0 short 0");
	close(fd);
	need("ipmitool");
	tell("0 busy 1");
	expect("-v power status", "busy");
	expect("power status", "is on");
	tell("0 guid 000102030405060708090a0b0c0d0e0f");
	expect("raw 6 0x37", "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e");
}

/* --- chassis ------------------------------------------------------------- */

static void
a_chassis_disobeys_delays_refuses_and_lies_when_told_so(void **test)
{
	(void)test;
	need("ipmitool");
	tell("0 stuck 1");
	expect("power off", "Down/Off");
	expect_state("on offs 1");
	tell("0 stuck 0");
	tell("0 control-code 0xd5");
	expect("power off", "not supported in present state");
	expect_state("on offs 1");
	tell("0 control-code 0");
	tell("0 hw-delay 800");
	expect("power off", "Down/Off");
	expect("power status", "is on");
	pause_ms(900);
	expect("power status", "is off");
	tell("0 power on");
	tell("0 early-yes 1");
	expect("power off", "Down/Off");
	expect("power status", "is off");
	expect_state("on offs 3");
	pause_ms(900);
	expect_state("off offs 3");
	assert_string_equal(ipmi_farm_tell(&farm, "states"),
			    "0111111111111111\n");
}

static void
a_cycle_goes_off_and_on_and_a_reset_stays_on(void **test)
{
	(void)test;
	need("ipmitool");
	tell("0 policy 2");
	expect("chassis status", "Restore Policy : always-on");
	tell("0 power off");
	expect("power cycle", "not supported in present state");
	expect("power reset", "not supported in present state");
	tell("0 power on");
	expect("chassis restart_cause", "pushbutton");
	tell("0 sel-clear");
	expect("power reset", "Reset");
	expect("power status", "is on");
	expect("chassis restart_cause", "chassis power control");
	expect("power cycle", "Cycle");
	expect_state("off ");
	pause_ms(1100);
	expect_state("on ");
	expect_state("cycles 2 ");
	expect_state("resets 2 ");
	expect("chassis status", "Last Power Event     : command");
	expect("sel elist", "Initiated by hard reset");
	expect("sel elist", "Power cycle | Asserted");
}

/* use, action, pre-timeout interval, flags, 300 ms */
#define WATCHDOG(use, action, interval) \
	"raw 6 0x24 " use " " action " " interval " 0x3e 3 0"

static void
a_watchdog_warns_resets_powers_off_and_cycles(void **test)
{
	(void)test;
	need("ipmitool");
	expect("raw 6 0x22", "rsp=0x80");
	obey(WATCHDOG("4", "1", "0"));
	expect("mc watchdog reset", "countdown restarted");
	expect("raw 6 0x25", "44 01 00 00 03 00");
	pause_ms(350);
	expect("mc watchdog get", "Expiration Flags: (0x10)");
	expect("chassis restart_cause", "watchdog expired");
	expect_state("on ");
	expect("sel elist", "Watchdog | Hard reset | Asserted");
	obey(WATCHDOG("4", "2", "0"));
	expect("mc watchdog reset", "countdown restarted");
	pause_ms(350);
	expect_state("off ");
	expect("sel elist", "Watchdog | Power down | Asserted");
	tell("0 power on");
	obey(WATCHDOG("4", "0x23", "1"));
	expect("mc watchdog reset", "countdown restarted");
	expect("sel elist", "Watchdog | Timer interrupt | Asserted");
	pause_ms(350);
	expect_state("off ");
	pause_ms(1100);
	expect_state("on ");
	expect("chassis restart_cause", "watchdog expired");
	tell("0 stuck 1");
	obey(WATCHDOG("4", "2", "0"));
	expect("mc watchdog reset", "countdown restarted");
	pause_ms(350);
	expect_state("on ");
}

/* --- records, sensors, watts --------------------------------------------- */

static void
a_reservation_is_lost_and_reads_are_limited_when_told_so(void **test)
{
	static const char lost[] = "rsp=0xc5", long_[] = "rsp=0xca";

	(void)test;
	need("ipmitool");
	expect("raw 0x0a 0x23 0 0 1 0 4 1", lost);
	expect("raw 0x0a 0x22", " 01 00");
	expect("raw 0x0a 0x23 1 0 1 0 4 1", "02 00 33");
	tell("0 lose 1");
	expect("raw 0x0a 0x23 1 0 1 0 4 1", lost);
	expect("raw 0x0a 0x23 1 0 1 0 4 1", lost);
	expect("raw 0x0a 0x22", " 02 00");
	tell("0 read-max 8");
	expect("raw 0x0a 0x23 2 0 1 0 5 9", long_);
	expect("raw 0x0a 0x23 2 0 1 0 5 8", "02 00 20 00 03");
	expect("raw 0x0a 0x23 2 0 99 0 0 5", "rsp=0xcb");
	tell("0 sdr-change 1");
	expect("raw 0x0a 0x23 2 0 1 0 5 8", lost);
	expect("sdr get 'CPU Temp'", "84 (+/- 0) degrees C");
}

static void
a_sensor_says_what_it_is_told(void **test)
{
	(void)test;
	need("ipmitool");
	tell("0 sensor 3 95");
	expect("sdr get 'CPU Temp'", "95 (+/- 0) degrees C");
	expect("sdr get 'CPU Temp'", "Upper Critical");
	tell("0 sensor 4 0xf0");
	expect("sdr get 'Inlet Temp'", "-16 (+/- 0) degrees C");
	expect("sdr get 'Inlet Temp'", "Lower Critical");
	tell("0 sensor 10 0x0b");
	expect("sdr get PSU", "Power Supply AC lost");
	tell("0 power off");
	expect("sdr get 'Fan 1'", "No Reading");
	expect("sdr get 'Power Unit'", "Power off/down");
}

static void
a_log_is_added_to_rolls_over_and_is_cleared(void **test)
{
	(void)test;
	need("ipmitool");
	expect("raw 0x0a 0x44 0 0 2 0 0 0 0 0x20 0 4 0x20 12 0x6f 1 255 255",
	       "01 00");
	expect("sel elist", "OS Stop");
	expect("raw 0x0a 0x47 0 0 0x43 0x4c 0x52 0xaa", "rsp=0xc5");
	for (int i = 0; i < 40; i++)
		tell("0 sel-add 0x12");
	expect("sel info", "Overflow         : true");
	expect("raw 0x0a 0x43 0 0 1 0 0 0xff", "rsp=0xcb");
	expect("raw 0x0a 0x43 0 0 0 0 0 0xff", "0b 00 0a 00 02");
	tell("0 lose 1");
	expect("sel clear", "Reservation cancelled");
	expect("sel clear", "Clearing");
	expect("sel list", "no entries");
	obey("raw 0x0a 0x49 0 0 0 0x60");
	expect("raw 0x0a 0x48", "00 60");
}

static void
a_watt_limit_is_kept_and_heeded(void **test)
{
	(void)test;
	need("ipmitool");
	expect("dcmi power get_limit", "No Active Power Limit");
	expect("raw 0x2c 4 0xdc 0 0 0 0 5 0 0 0 0 0 0 0 1 0", "rsp=0x84");
	expect("raw 0x2c 4 0xdc 0 0 0 0x11 150 0 0xe8 3 0 0 0 0 1 0", "dc");
	expect("dcmi power reading", "180 Watts");
	expect("dcmi power activate", "activated");
	expect("dcmi power get_limit", "150 Watts");
	expect("dcmi power reading", "150 Watts");
	expect("dcmi power deactivate", "deactivated");
	expect("dcmi power reading", "180 Watts");
}

/* --- traps --------------------------------------------------------------- */

/* Where the 47 bytes begin. */
static const uint8_t *
binding_of(const uint8_t *packet, size_t len)
{
	static const uint8_t before[] = { 0x2b, 6, 1, 4, 1, 0x98,
					  0x6f, 1, 1, 1, 4, 47 };
	const uint8_t *at = memmem(packet, len, before, sizeof(before));

	assert_non_null(at);
	return at + sizeof(before);
}

/* Sequence and time have their low byte first here. */
static void
acknowledge(const uint8_t *b)
{
	char words[128];

	snprintf(words, sizeof(words),
		 "raw 4 0x17 %u %u %u %u %u %u %u %u %u %u %u %u", b[17], b[16],
		 b[21], b[20], b[19], b[18], b[25], b[27], b[28], b[31], b[32],
		 b[33]);
	obey(words);
}

static void
a_trap_is_told_again_until_it_is_acknowledged(void **test)
{
	static const uint8_t specific[] = { 2, 1, 6, 2, 3, 0x23, 0x6f, 2 };
	uint8_t first[PACKET], second[PACKET];
	int fd = open_socket();
	char line[64];

	(void)test;
	need("ipmitool");
	snprintf(line, sizeof(line), "0 pet 127.0.0.1:%u", port_of(fd));
	tell(line);
	size_t len = receive(fd, first, 500);
	assert_non_null(memmem(first, len, specific, sizeof(specific)));
	const uint8_t *b = binding_of(first, len);
	assert_int_equal(b[0], 0x00);
	assert_int_equal(b[15], 0xff);
	expect("sel elist", "Watchdog | Power down | Asserted");
	size_t again = receive(fd, second, 1500);
	assert_memory_equal(binding_of(second, again), b, 47);
	first[b + 16 - first] ^= 1; /* another's */
	acknowledge(b);
	expect_state("acknowledged 0");
	first[b + 16 - first] ^= 1;
	acknowledge(b);
	expect_state("acknowledged 1");
	while (receive(fd, second, 0) > 0)
		;
	assert_int_equal(receive(fd, second, 1500), 0);
	tell("0 silent 1");
	tell(line);
	assert_int_equal(receive(fd, second, 300), 0);
	close(fd);
}

static void
ipmi_pet_reads_and_acknowledges_a_trap(void **test)
{
	char words[400];
	uint8_t packet[PACKET];
	int fd = open_socket(), at = 0;

	(void)test;
	need("ipmi-pet");
	snprintf(words, sizeof(words), "0 pet 127.0.0.1:%u", port_of(fd));
	tell(words);
	size_t len = receive(fd, packet, 500);
	const uint8_t *b = binding_of(packet, len);
	char hex[47 * 3 + 1];
	for (int i = 0; i < 47; i++)
		at += snprintf(hex + at, sizeof(hex) - (size_t)at, " %02x",
			       b[i]);
	snprintf(words, sizeof(words), "-h 127.0.92.1:%u 2322178%s", farm.port,
		 hex);
	const char *out = freeipmi("ipmi-pet", in_dir, words);
	assert_non_null(strstr(out, "Watchdog 2"));
	assert_non_null(strstr(out, "Power Down"));
	snprintf(words, sizeof(words),
		 "-h 127.0.92.1:%u --pet-acknowledge 2322178%s", farm.port,
		 hex);
	freeipmi("ipmi-pet", in_dir, words);
	expect_state("acknowledged 1");
	close(fd);
}

/* --- many ---------------------------------------------------------------- */

static void
four_thousand_are_there_and_each_is_its_own(void **test)
{
	(void)test;
	ipmi_farm_stop(&farm);
	int64_t begin_ms = now_ms();
	ipmi_farm_start(&farm, 4096);
	print_message("4096 BMCs after %lld ms\n",
		      (long long)(now_ms() - begin_ms));
	tell("4095 power off");
	const char *states = ipmi_farm_tell(&farm, "states");
	assert_int_equal(strlen(states), 4097);
	assert_int_equal(strspn(states, "1"), 4095);
	tell("all power off");
	assert_int_equal(strspn(ipmi_farm_tell(&farm, "states"), "0"), 4096);
	assert_non_null(strstr(ipmi_farm_tell(&farm, "stat"), "cpu-ms"));
	assert_non_null(strstr(ipmi_farm_tell(&farm, "4096 state"), "error"));
	assert_non_null(strstr(ipmi_farm_tell(&farm, "0 fly 1"), "error"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ipmitool_sees_a_whole_bmc),
		TEST(ipmipower_sees_sixteen_at_once),
		TEST(freeipmi_reads_the_same_sensors),
		TEST(it_is_silent_slow_doubled_and_lossy_when_told_so),
		TEST(a_doubled_request_is_obeyed_once),
		TEST(a_session_is_refused_lied_about_and_dropped_when_told_so),
		TEST(a_user_is_locked_limited_and_has_another_password_when_told_so),
		TEST(an_answer_is_busy_short_and_of_another_guid_when_told_so),
		TEST(a_chassis_disobeys_delays_refuses_and_lies_when_told_so),
		TEST(a_cycle_goes_off_and_on_and_a_reset_stays_on),
		TEST(a_watchdog_warns_resets_powers_off_and_cycles),
		TEST(a_reservation_is_lost_and_reads_are_limited_when_told_so),
		TEST(a_sensor_says_what_it_is_told),
		TEST(a_log_is_added_to_rolls_over_and_is_cleared),
		TEST(a_watt_limit_is_kept_and_heeded),
		TEST(a_trap_is_told_again_until_it_is_acknowledged),
		TEST(ipmi_pet_reads_and_acknowledges_a_trap),
		TEST(four_thousand_are_there_and_each_is_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
