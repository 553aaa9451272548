/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices on their way to snmpd: put in by the main loop, sent on the thread
 * of the voice, because sending may block.
 */
#include "snmp-mib/voice_own.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/log.h"
#include "snmp-mib/wire.h"

enum { QUEUE_MAX = 256 }; /* then the oldest is dropped */

struct voice_queue {
	pthread_mutex_t lock;
	struct voice_news news[QUEUE_MAX]; /* a ring */
	size_t first, n;
	int fd; /* eventfd */
};

struct voice_queue *
voice_queue_new(void)
{
	struct voice_queue *queue = xcalloc(1, sizeof(*queue));

	pthread_mutex_init(&queue->lock, NULL);
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0)
		log_fatal("snmp", "no event descriptor");
	return queue;
}

void
voice_queue_free(struct voice_queue *queue)
{
	close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

int
voice_queue_fd(const struct voice_queue *queue)
{
	return queue->fd;
}

void
voice_queue_put(struct voice_queue *queue, const struct voice_news *news)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&queue->lock);
	if (queue->n == QUEUE_MAX) {
		queue->first = (queue->first + 1) % QUEUE_MAX;
		queue->n--;
	}
	queue->news[(queue->first + queue->n++) % QUEUE_MAX] = *news;
	pthread_mutex_unlock(&queue->lock);
	if (write(queue->fd, &one, sizeof(one)) < 0)
		log_debug("snmp", "notices wait for the thread");
}

static bool
take(struct voice_queue *queue, struct voice_news *ret_news)
{
	pthread_mutex_lock(&queue->lock);
	bool some = queue->n > 0;
	if (some) {
		*ret_news = queue->news[queue->first];
		queue->first = (queue->first + 1) % QUEUE_MAX;
		queue->n--;
	}
	pthread_mutex_unlock(&queue->lock);
	return some;
}

static size_t
encode(const struct voice_news *news, struct notice_bind *ret_binds)
{
	switch (news->kind) {
	case NEWS_VM:
		return vm_notice_encode(&news->vm, ret_binds);
	case NEWS_VMS:
		return vm_bulk_encode(&news->vms, ret_binds);
	default:
		return notice_encode(&news->notice, ret_binds);
	}
}

static void
send_trap(const struct voice_news *news)
{
	struct notice_bind binds[NOTICE_BINDS_MAX];
	netsnmp_variable_list *list = NULL;
	size_t n = encode(news, binds);

	for (size_t i = 0; i < n; i++) {
		oid name[MAX_OID_LEN];
		union wire_space space;
		const void *data;
		size_t len, name_len = wire_from_oid(&binds[i].oid, name);
		u_char type =
			wire_from_value(&binds[i].value, &space, &data, &len);

		snmp_varlist_add_variable(&list, name, name_len, type, data,
					  len);
	}
	if (list != NULL)
		send_v2trap(list);
	snmp_free_varbind(list);
}

void
voice_queue_send(struct voice_queue *queue)
{
	struct voice_news news;
	uint64_t many;

	if (read(queue->fd, &many, sizeof(many)) < 0 && errno != EAGAIN)
		log_debug("snmp", "notices: no event");
	while (take(queue, &news))
		send_trap(&news);
}
