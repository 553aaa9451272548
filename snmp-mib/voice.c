/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of the voice: net-snmp's descriptors and timers on a loop of its
 * own.
 *
 * After every event the descriptors are compared with those that are watched.
 * Their numbers are not enough where the library's alarms ran: a session that
 * they reopened may have the number of the closed one, and the loop would wait
 * on the dead one for ever.  So inodes are compared then, which no two sockets
 * share; to make all watches anew each time costs half of an answer behind
 * snmpd.
 */
#include "snmp-mib/voice_own.h"

#include <errno.h>
#include <net-snmp/library/large_fd_set.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/loop.h"

enum {
	FDS_MAX = 4096, /* of net-snmp, in one process */
	READY_MAX = 64,
	READS_MAX = 16, /* until others have their turn */
	NEXT_MS = 1     /* the next question follows at once, or not */
};

struct watched {
	int fd;
	ino_t inode;
	struct loop_watch *watch;
};

struct voice {
	struct voice_options options; /* of the thread: source, socket */
	char *socket;
	pthread_t thread;
	int stop_fd; /* eventfd */

	struct loop *loop;
	struct loop_timer *timer;
	struct loop_watch *stop_watch;
	struct watched *watches;
	size_t n_watches;
	int64_t due_ms; /* when the timer fires; 0: it does not run */

	struct loop_timer *seek; /* AgentX: until snmpd is there */
	bool open, lost;
	struct voice_queue *queue; /* notices for snmpd */
	struct loop_watch *queue_watch;
	struct voice_refusals *refusals; /* alone only */
};

void
voice_prepare(void)
{
	/* The library looks for its files by these. */
	/* Nothing can be made below this one, not even by root. */
	setenv("SNMPCONFPATH", "/dev/null", 1);
	setenv("SNMP_PERSISTENT_DIR", "/dev/null", 1);
	setenv("MIBS", "", 1);
	setenv("MIBDIRS", "", 1);
	/* Its timers are run by our loop, not by SIGALRM. */
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_ALARM_DONT_USE_SIG, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
	netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
			       NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
	snmp_disable_log();
	snmp_enable_calllog();
}

/* --- descriptors and timers ----------------------------------------------- */

static void ready(void *arg, int fd, unsigned what);

static void
drop_watches(struct voice *voice)
{
	for (size_t i = 0; i < voice->n_watches; i++)
		loop_watch_free(voice->watches[i].watch);
	voice->n_watches = 0;
}

static bool
is_same(const struct watched *watched)
{
	struct stat now;

	return fstat(watched->fd, &now) == 0 && now.st_ino == watched->inode;
}

/* Are these descriptors, and no others, watched already? */
static bool
are_watched(const struct voice *voice, int n_fds, netsnmp_large_fd_set *set,
	    bool may_be_new)
{
	size_t n = 0;

	for (int fd = 0; fd < n_fds && fd < FDS_MAX; fd++) {
		if (!NETSNMP_LARGE_FD_ISSET(fd, set))
			continue;
		if (n == voice->n_watches || voice->watches[n].fd != fd ||
		    (may_be_new && !is_same(&voice->watches[n])))
			return false;
		n++;
	}
	return n == voice->n_watches;
}

static void
watch_all(struct voice *voice, int n_fds, netsnmp_large_fd_set *set)
{
	drop_watches(voice);
	voice->watches = xrealloc(voice->watches, (size_t)n_fds + 1,
				  sizeof(*voice->watches));
	for (int fd = 0; fd < n_fds && fd < FDS_MAX; fd++) {
		struct stat now = { .st_ino = 0 };

		if (!NETSNMP_LARGE_FD_ISSET(fd, set))
			continue;
		(void)fstat(fd, &now);
		voice->watches[voice->n_watches++] = (struct watched){
			.fd = fd,
			.inode = now.st_ino,
			.watch = loop_watch_new(voice->loop, fd, LOOP_READ,
						ready, voice),
		};
	}
}

/* A timer that fires too early is only set again. */
static void
set_timer(struct voice *voice, const struct timeval *timeout)
{
	/* Rounded up: an alarm that is not due yet is not run. */
	int64_t wait_ms = timeout->tv_sec * 1000 + timeout->tv_usec / 1000 + 1;
	int64_t due_ms = clock_mono_ms() + wait_ms;

	if (voice->due_ms != 0 && voice->due_ms <= due_ms)
		return;
	voice->due_ms = due_ms;
	loop_timer_start(voice->timer, wait_ms);
}

/* Once for each loss: a stopped snmpd listens, too, and is not to be tried
 * more often than the library does. */
static void
seek_if_lost(struct voice *voice)
{
	bool lost = !voice_agentx_is_connected();

	if (lost && !voice->lost)
		loop_timer_start(voice->seek, VOICE_SEEK_MS);
	voice->lost = lost;
}

/* `may_be_new`: behind the same number, for sessions may have been opened. */
static void
synchronise(struct voice *voice, bool may_be_new)
{
	netsnmp_large_fd_set set;
	struct timeval timeout = { 0 };
	int n_fds = 0, block = 1;

	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&set);
	snmp_select_info2(&n_fds, &set, &timeout, &block);
	if (!are_watched(voice, n_fds, &set, may_be_new))
		watch_all(voice, n_fds, &set);
	netsnmp_large_fd_set_cleanup(&set);
	if (!block)
		set_timer(voice, &timeout);
	if (voice->open)
		seek_if_lost(voice);
}

/* A descriptor of the library that can be read, those behind `last` first; -1:
 * none within that time. */
static int
find_ready(int last, int wait_ms)
{
	netsnmp_large_fd_set set;
	struct pollfd fds[READY_MAX];
	struct timeval timeout = { 0 };
	int n_fds = 0, block = 1, found = -1;
	nfds_t n = 0;

	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	NETSNMP_LARGE_FD_ZERO(&set);
	snmp_select_info2(&n_fds, &set, &timeout, &block);
	for (int fd = 0; fd < n_fds && n < READY_MAX; fd++)
		if (NETSNMP_LARGE_FD_ISSET(fd, &set))
			fds[n++] = (struct pollfd){ fd, POLLIN, 0 };
	netsnmp_large_fd_set_cleanup(&set);
	if (poll(fds, n, wait_ms) <= 0)
		return -1;
	for (nfds_t i = 0; i < n; i++) {
		if (fds[i].revents == 0)
			continue;
		if (found < 0 || (found <= last && fds[i].fd > last))
			found = fds[i].fd;
	}
	return found;
}

/*
 * A read of what is not there blocks, in the library's pipes for ever; and to
 * read one descriptor may read another.  So that it is ready is asked of the
 * kernel right before each single read, and what the loop says is no more than
 * a reason to ask: it may have said so before the last read.
 *
 * Who walks asks on as soon as he has the answer.  That is waited for here,
 * because the way through the loop costs as much as the answer.
 */
static void
ready(void *arg, int fd, unsigned what)
{
	struct voice *voice = arg;
	netsnmp_large_fd_set set;

	(void)what;
	netsnmp_large_fd_set_init(&set, FD_SETSIZE);
	fd = find_ready(fd - 1, 0);
	for (int i = 0; i < READS_MAX && fd >= 0; i++) {
		NETSNMP_LARGE_FD_ZERO(&set);
		NETSNMP_LARGE_FD_SET(fd, &set);
		snmp_read2(&set);
		netsnmp_check_outstanding_agent_requests();
		fd = find_ready(fd, NEXT_MS);
	}
	netsnmp_large_fd_set_cleanup(&set);
	synchronise(voice, false);
}

static void
time_passed(void *arg)
{
	struct voice *voice = arg;

	voice->due_ms = 0;
	snmp_timeout();
	run_alarms(); /* pings and reconnects */
	netsnmp_check_outstanding_agent_requests();
	synchronise(voice, true);
}

static void
stop(void *arg, int fd, unsigned what)
{
	struct voice *voice = arg;

	(void)fd;
	(void)what;
	loop_stop(voice->loop);
}

/* --- notices -------------------------------------------------------------- */

static void
notices_came(void *arg, int fd, unsigned what)
{
	struct voice *voice = arg;

	(void)fd;
	(void)what;
	voice_queue_send(voice->queue);
	synchronise(voice, false);
}

/* Not before the first opening: until then they wait. */
static void
watch_notices(struct voice *voice)
{
	voice->queue_watch =
		loop_watch_new(voice->loop, voice_queue_fd(voice->queue),
			       LOOP_READ, notices_came, voice);
}

void
voice_notify(struct voice *voice, const struct node_notice *notice)
{
	const struct voice_news news = { .notice = *notice };

	voice_queue_put(voice->queue, &news);
}

void
voice_notify_vm(struct voice *voice, const struct vm_notice *notice)
{
	const struct voice_news news = { .kind = NEWS_VM, .vm = *notice };

	voice_queue_put(voice->queue, &news);
}

void
voice_notify_vms(struct voice *voice, const struct vm_bulk *bulk)
{
	const struct voice_news news = { .kind = NEWS_VMS, .vms = *bulk };

	voice_queue_put(voice->queue, &news);
}

/* --- the thread ----------------------------------------------------------- */

static void
open_first(struct voice *voice)
{
	struct err err = { "" };

	voice->open = true;
	if (voice_agentx_open(&voice->options, &err) < 0)
		log_error("snmp", "%s", err.text);
	watch_notices(voice);
}

/* The library tries a socket that is not there again only after a ping
 * interval, in whole seconds.  Neither a host that boots nor a restart of
 * snmpd should wait for that. */
static void
seek_snmpd(void *arg)
{
	struct voice *voice = arg;

	if (voice->open && voice_agentx_is_connected())
		return;
	if (!voice_agentx_listens(voice->socket)) {
		loop_timer_start(voice->seek, VOICE_SEEK_MS);
		return;
	}
	if (voice->open)
		voice_agentx_hurry();
	else
		open_first(voice);
	synchronise(voice, true);
}

static void *
speak(void *arg)
{
	struct voice *voice = arg;

	if (voice->socket != NULL)
		seek_snmpd(voice);
	else
		synchronise(voice, true);
	loop_run(voice->loop);
	drop_watches(voice);
	if (voice->socket == NULL)
		voice_standalone_close();
	else if (voice->open) {
		voice_queue_send(voice->queue); /* that we stop, perhaps */
		voice_agentx_close();
	}
	return NULL;
}

static void
voice_free(struct voice *voice)
{
	loop_watch_free(voice->stop_watch);
	loop_watch_free(voice->queue_watch);
	voice_refusals_free(voice->refusals);
	voice_queue_free(voice->queue);
	loop_timer_free(voice->timer);
	loop_timer_free(voice->seek);
	loop_free(voice->loop);
	close(voice->stop_fd);
	free(voice->watches);
	free(voice->socket);
	free(voice);
}

/* Signals are the main loop's. */
static int
start_thread(struct voice *voice)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = -pthread_create(&voice->thread, NULL, speak, voice);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static int
open_alone(struct voice *voice, const struct voice_options *options,
	   struct err *err)
{
	int rc = voice_standalone_open(options, err);

	if (rc == 0)
		voice->refusals =
			voice_refusals_new(voice->loop,
					   options->refusals_ms > 0
						   ? options->refusals_ms
						   : VOICE_REFUSALS_MS);
	return rc;
}

int
voice_start(const struct voice_options *options, struct voice **ret_voice,
	    struct err *err)
{
	struct voice *voice = xcalloc(1, sizeof(*voice));
	int rc = 0;

	voice->options.source = options->source;
	if (options->agentx_socket != NULL)
		voice->socket = xstrdup(options->agentx_socket);
	voice->options.agentx_socket = voice->socket;
	voice->loop = loop_new();
	voice->queue = voice_queue_new();
	voice->timer = loop_timer_new(voice->loop, time_passed, voice);
	voice->seek = loop_timer_new(voice->loop, seek_snmpd, voice);
	voice->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (voice->stop_fd < 0)
		log_fatal("snmp", "no event descriptor");
	voice->stop_watch = loop_watch_new(voice->loop, voice->stop_fd,
					   LOOP_READ, stop, voice);
	/* Alone nothing blocks at the start, and mistakes can be told. */
	if (voice->socket == NULL)
		rc = open_alone(voice, options, err);
	if (rc == 0) {
		rc = start_thread(voice);
		if (rc < 0)
			err_errno(err, rc, "snmp: no thread");
	}
	if (rc < 0) {
		voice_free(voice);
		return rc;
	}
	*ret_voice = voice;
	return 0;
}

bool
voice_stop(struct voice *voice)
{
	const uint64_t one = 1;
	struct timespec until;

	if (voice == NULL)
		return true;
	if (write(voice->stop_fd, &one, sizeof(one)) < 0)
		log_warn("snmp", "cannot stop the thread");
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)(VOICE_STOP_MS % 1000) * 1000000;
	until.tv_sec += VOICE_STOP_MS / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(voice->thread, NULL, &until) != 0) {
		log_warn("snmp", "snmpd holds our thread; not waiting for it");
		return false;
	}
	voice_free(voice);
	return true;
}
