/* SPDX-License-Identifier: Apache-2.0 */
/* The judge: who wrote to which guest's disk, and when, told from the storage
 * server's own logs and nothing else.
 *
 *   oracle [--json] [--since EPOCH-MS] HOST.log...
 *
 * Each log is that of the nbdkit log filter serving one host, so the log's
 * name is the host.  A writer is one NBD connection; a QEMU that writes has
 * one at a time.  An instance is one boot of a guest: the guest writes to a
 * ring whose place on the disk is its token (see guest.asm).  A disk has
 * double writers if the times of two writers, or of two instances, overlap:
 * the first proves two QEMUs at once, the second an older boot that went on
 * after a newer one began, through whatever connection.
 *
 * Exit: 0 clean, 1 double writers, 2 the logs cannot be read. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_SIZE 64
#define LINE_SIZE 1024
/* Where the rings begin, and the size of one: see guest.asm. */
#define RING_OFFSET UINT64_C(0x8000)
#define RING_BYTES  UINT64_C(0x1000)

/* From the first write to the last. */
struct span {
	int64_t first_us;
	int64_t last_us;
	uint64_t writes;
};

/* A writer (number: its connection) or an instance (number: its token). */
struct party {
	unsigned int disk;
	uint64_t number;
	const char *first_host;
	const char *last_host;
	struct span span;
};

struct parties {
	struct party *list;
	unsigned int n;
};

struct disk {
	char name[NAME_SIZE];
};

struct oracle {
	int64_t since_us;
	struct disk *disks;
	unsigned int n_disks;
	struct parties writers;
	struct parties instances;
	char **hosts; /* writers and instances point to these */
	unsigned int n_hosts;
};

/* Room for one more; doubles at powers of two. */
static void *
grow(void *array, unsigned int n, size_t size)
{
	if (n & (n - 1))
		return array;
	array = realloc(array, (n ? 2 * (size_t)n : 1) * size);
	if (!array) {
		fputs("oracle: out of memory\n", stderr);
		exit(2);
	}
	return array;
}

static struct party *
party_new(struct parties *parties, unsigned int disk, uint64_t number,
	  const char *host)
{
	struct party *party;

	parties->list = grow(parties->list, parties->n, sizeof(*party));
	party = &parties->list[parties->n++];
	*party = (struct party){ .disk = disk,
				 .number = number,
				 .first_host = host,
				 .last_host = host };
	return party;
}

static void
party_add(struct party *party, int64_t at_us, const char *host)
{
	struct span *span = &party->span;

	if (!span->writes || at_us < span->first_us) {
		span->first_us = at_us;
		party->first_host = host;
	}
	if (!span->writes || at_us > span->last_us) {
		span->last_us = at_us;
		party->last_host = host;
	}
	span->writes++;
}

/* Equal microseconds count: better a false alarm than a missed one. */
static bool
span_overlaps(const struct span *a, const struct span *b)
{
	return a->writes && b->writes && a->first_us <= b->last_us &&
	       b->first_us <= a->last_us;
}

static json_int_t
ms(int64_t us)
{
	return us / 1000;
}

/* --- reading the logs ---------------------------------------------------- */

static unsigned int
disk_find(struct oracle *oracle, const char *name)
{
	struct disk *disk;

	for (unsigned int i = 0; i < oracle->n_disks; i++)
		if (strcmp(oracle->disks[i].name, name) == 0)
			return i;
	oracle->disks = grow(oracle->disks, oracle->n_disks, sizeof(*disk));
	disk = &oracle->disks[oracle->n_disks];
	memset(disk, 0, sizeof(*disk));
	snprintf(disk->name, sizeof(disk->name), "%s", name);
	return oracle->n_disks++;
}

/* The newest connection of that number: nbdkit counts anew when restarted. */
static struct party *
writer_find(struct oracle *oracle, const char *host, uint64_t connection)
{
	for (unsigned int i = oracle->writers.n; i-- > 0;) {
		struct party *writer = &oracle->writers.list[i];

		if (writer->number == connection &&
		    strcmp(writer->first_host, host) == 0)
			return writer;
	}
	return NULL;
}

static struct party *
instance_find(struct oracle *oracle, unsigned int disk, uint64_t token,
	      const char *host)
{
	for (unsigned int i = 0; i < oracle->instances.n; i++) {
		struct party *instance = &oracle->instances.list[i];

		if (instance->disk == disk && instance->number == token)
			return instance;
	}
	return party_new(&oracle->instances, disk, token, host);
}

/* "2026-08-06 02:07:23.080415 ", UTC; ret_rest points behind it. */
static bool
time_parse(const char *line, int64_t *ret_us, const char **ret_rest)
{
	struct tm tm = { 0 };
	const char *rest = strptime(line, "%Y-%m-%d %H:%M:%S", &tm);
	char *end = NULL;
	long us;

	if (!rest || *rest != '.')
		return false;
	us = strtol(rest + 1, &end, 10);
	if (end != rest + 7 || *end != ' ')
		return false;
	*ret_us = (int64_t)timegm(&tm) * 1000000 + us;
	*ret_rest = end + 1;
	return true;
}

static bool
field_number(const char *text, const char *name, uint64_t *ret_number)
{
	const char *at = strstr(text, name);
	char *end = NULL;
	uint64_t number;

	if (!at)
		return false;
	at += strlen(name);
	errno = 0;
	number = strtoull(at, &end, 0);
	/* A log that is being written may end in the middle of a number. */
	if (end == at || *end != ' ' || errno)
		return false;
	*ret_number = number;
	return true;
}

static void
connect_parse(struct oracle *oracle, const char *host, uint64_t connection,
	      const char *text)
{
	const char *at = strstr(text, "export=");
	char name[NAME_SIZE];

	if (!at)
		return;
	at += strlen("export=");
	at += strspn(at, "\"'");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, "\"' "), at);
	party_new(&oracle->writers, disk_find(oracle, name), connection, host);
}

static void
write_add(struct oracle *oracle, struct party *writer, int64_t at_us,
	  uint64_t offset)
{
	const char *host = writer->first_host;

	if (at_us < oracle->since_us)
		return;
	party_add(writer, at_us, host);
	if (offset < RING_OFFSET)
		return;
	party_add(instance_find(oracle, writer->disk,
				(offset - RING_OFFSET) / RING_BYTES, host),
		  at_us, host);
}

/* "connection=1 Write id=4 offset=0x200 count=0x200 ..." */
static void
line_parse(struct oracle *oracle, const char *host, const char *line)
{
	static const char *const changes[] = { "Write ", "Zero ", "Trim " };
	struct party *writer;
	uint64_t connection;
	uint64_t offset;
	const char *rest;
	int64_t at_us;

	if (!time_parse(line, &at_us, &rest) ||
	    strncmp(rest, "connection=", 11) != 0 ||
	    !field_number(rest, "connection=", &connection))
		return;
	rest = strchr(rest, ' ') + 1;
	if (strncmp(rest, "Connect ", 8) == 0) {
		connect_parse(oracle, host, connection, rest);
		return;
	}
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (strncmp(rest, changes[i], strlen(changes[i])) != 0)
			continue;
		writer = writer_find(oracle, host, connection);
		if (writer && field_number(rest, "offset=", &offset))
			write_add(oracle, writer, at_us, offset);
	}
}

/* The name of the log without folder and ending. */
static const char *
host_add(struct oracle *oracle, const char *path)
{
	const char *base = strrchr(path, '/');
	char *host = strdup(base ? base + 1 : path);

	if (!host)
		exit(2);
	host[strcspn(host, ".")] = '\0';
	oracle->hosts =
		grow(oracle->hosts, oracle->n_hosts, sizeof(*oracle->hosts));
	oracle->hosts[oracle->n_hosts++] = host;
	return host;
}

static int
log_read(struct oracle *oracle, const char *path)
{
	const char *host = host_add(oracle, path);
	char line[LINE_SIZE];
	FILE *file = fopen(path, "re");

	if (!file) {
		fprintf(stderr, "oracle: %s: %s\n", path, strerror(errno));
		return -1;
	}
	while (fgets(line, sizeof(line), file))
		line_parse(oracle, host, line);
	fclose(file);
	return 0;
}

/* --- telling ------------------------------------------------------------- */

/* "number" is told under the name the party gives it. */
static json_t *
parties_json(const struct parties *parties, unsigned int disk,
	     const char *number_name)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < parties->n; i++) {
		const struct party *it = &parties->list[i];

		if (it->disk != disk || !it->span.writes)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:I, s:s, s:s, s:I, s:I, s:I}", number_name,
				  (json_int_t)it->number, "first_host",
				  it->first_host, "last_host", it->last_host,
				  "first_ms", ms(it->span.first_us), "last_ms",
				  ms(it->span.last_us), "writes",
				  (json_int_t)it->span.writes));
	}
	return list;
}

/* Every pair on that disk that wrote at the same time. */
static void
doubles_add(const struct parties *parties, unsigned int disk, const char *what,
	    json_t *list)
{
	for (unsigned int i = 0; i < parties->n; i++)
		for (unsigned int j = i + 1; j < parties->n; j++) {
			const struct party *a = &parties->list[i];
			const struct party *b = &parties->list[j];

			if (a->disk != disk || b->disk != disk ||
			    !span_overlaps(&a->span, &b->span))
				continue;
			json_array_append_new(
				list,
				json_sprintf("%s %" PRIu64 " on %s and "
					     "%s %" PRIu64 " on %s",
					     what, a->number, a->last_host,
					     what, b->number, b->last_host));
		}
}

static json_t *
vm_json(const struct oracle *oracle, unsigned int disk)
{
	json_t *doubles = json_array();

	doubles_add(&oracle->writers, disk, "connection", doubles);
	doubles_add(&oracle->instances, disk, "token", doubles);
	return json_pack("{s:s, s:o, s:o, s:o}", "name",
			 oracle->disks[disk].name, "instances",
			 parties_json(&oracle->instances, disk, "token"),
			 "writers",
			 parties_json(&oracle->writers, disk, "connection"),
			 "doubles", doubles);
}

/* Both outputs are made from this one tree. */
static json_t *
verdict_new(const struct oracle *oracle)
{
	json_t *vms = json_array();
	int with_doubles = 0;

	for (unsigned int i = 0; i < oracle->n_disks; i++) {
		json_t *vm = vm_json(oracle, i);

		with_doubles +=
			json_array_size(json_object_get(vm, "doubles")) > 0;
		json_array_append_new(vms, vm);
	}
	return json_pack("{s:i, s:o}", "double_writers", with_doubles, "vms",
			 vms);
}

static long long
number(const json_t *item, const char *key)
{
	return json_integer_value(json_object_get(item, key));
}

static const char *
word(const json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

static void
vm_print(const json_t *vm)
{
	const json_t *doubles = json_object_get(vm, "doubles");
	const json_t *item;
	size_t i;

	printf("%s: %s\n", word(vm, "name"),
	       json_array_size(doubles) ? "DOUBLE WRITERS" : "clean");
	json_array_foreach (json_object_get(vm, "instances"), i, item)
		printf("  token %5lld  from %lld to %lld (%lld writes) "
		       "first on %s, last on %s\n",
		       number(item, "token"), number(item, "first_ms"),
		       number(item, "last_ms"), number(item, "writes"),
		       word(item, "first_host"), word(item, "last_host"));
	json_array_foreach (doubles, i, item)
		printf("  both wrote: %s\n", json_string_value(item));
}

static void
text_print(const json_t *verdict)
{
	const json_t *vm;
	size_t i;

	json_array_foreach (json_object_get(verdict, "vms"), i, vm)
		vm_print(vm);
}

static void
oracle_done(struct oracle *oracle)
{
	for (unsigned int i = 0; i < oracle->n_hosts; i++)
		free(oracle->hosts[i]);
	free(oracle->hosts);
	free(oracle->disks);
	free(oracle->writers.list);
	free(oracle->instances.list);
}

static int
verdict_print(struct oracle *oracle, bool as_json)
{
	json_t *verdict = verdict_new(oracle);
	json_int_t doubles =
		json_integer_value(json_object_get(verdict, "double_writers"));

	if (as_json) {
		json_dumpf(verdict, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		text_print(verdict);
	}
	json_decref(verdict);
	return doubles ? 1 : 0;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 's' },
		{ 0 },
	};
	struct oracle oracle = { 0 };
	bool as_json = false;
	int status = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			as_json = true;
		else if (option == 's')
			oracle.since_us = strtoll(optarg, NULL, 10) * 1000;
		else
			return 2;
	}
	if (optind == argc) {
		fputs("usage: oracle [--json] [--since EPOCH-MS] HOST.log...\n",
		      stderr);
		return 2;
	}
	for (int i = optind; i < argc && status == 0; i++)
		if (log_read(&oracle, argv[i]) < 0)
			status = 2;
	if (status == 0)
		status = verdict_print(&oracle, as_json);
	oracle_done(&oracle);
	return status;
}
