/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/orders.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"

struct orders {
	struct voice_writer writer;
	struct loop_watch *watch;
	int fd; /* eventfd */
	bool can_notify;
	orders_fn fn;
	void *arg;

	pthread_mutex_t lock; /* of the following */
	struct detail_control now;
	struct orders_news news;
	char *models; /* names, each between two newlines; or NULL */

	/* The voice's own. */
	struct detail_control before;
	int64_t applied_ms;
	uint32_t applied_measure;
};

/* --- on the voice's thread ------------------------------------------------ */

static void
read_now(void *arg, void *ret_part)
{
	struct orders *orders = arg;

	pthread_mutex_lock(&orders->lock);
	*(struct detail_control *)ret_part = orders->now;
	pthread_mutex_unlock(&orders->lock);
}

static bool
measures_are_full(struct orders *orders)
{
	pthread_mutex_lock(&orders->lock);
	bool full = orders->news.n_measure == ORDERS_MEASURE_MAX;
	pthread_mutex_unlock(&orders->lock);
	return full;
}

/* What was set before is accepted as it is. */
static bool
is_model(struct orders *orders, const char *name)
{
	char line[REPORT_NAME_LEN + 2];

	snprintf(line, sizeof(line), "\n%s\n", name);
	pthread_mutex_lock(&orders->lock);
	bool is = name[0] == '\0' ||
		  strcmp(name, orders->now.cpu_baseline) == 0 ||
		  (strchr(name, '\n') == NULL && orders->models != NULL &&
		   strstr(orders->models, line) != NULL);
	pthread_mutex_unlock(&orders->lock);
	return is;
}

/* What a value alone does not say: renewals do not go back, what cannot be
 * sent is not switched on, and a model is one that there is. */
static int
check(void *arg, const void *part)
{
	const struct detail_control *wanted = part;
	const struct orders *orders = arg;
	struct detail_control now;

	read_now(arg, &now);
	if (!orders->can_notify &&
	    (wanted->vm_notices || wanted->vm_bulk_notices))
		return -EINVAL;
	if (wanted->measure_vm != 0 && measures_are_full(arg))
		return -EINVAL;
	if (!is_model(arg, wanted->cpu_baseline))
		return -EINVAL;
	return wanted->renew < now.renew ? -EINVAL : 0;
}

static int
apply(void *arg, const void *part)
{
	struct orders *orders = arg;

	read_now(orders, &orders->before);
	/* Now, not at the commit: behind snmpd the answer may be there
	 * first, and who got it counts from then. */
	orders->applied_ms = clock_boot_ms();
	pthread_mutex_lock(&orders->lock);
	orders->now = *(const struct detail_control *)part;
	orders->applied_measure = orders->now.measure_vm;
	orders->now.measure_vm = 0;
	pthread_mutex_unlock(&orders->lock);
	return 0;
}

static void
commit(void *arg)
{
	struct orders *orders = arg;
	const uint64_t one = 1;

	pthread_mutex_lock(&orders->lock);
	if (orders->now.renew > orders->before.renew)
		orders->news.renewed_ms = orders->applied_ms;
	if (orders->applied_measure != 0 &&
	    orders->news.n_measure < ORDERS_MEASURE_MAX)
		orders->news.measure[orders->news.n_measure++] =
			orders->applied_measure;
	orders->applied_measure = 0;
	pthread_mutex_unlock(&orders->lock);
	if (write(orders->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_error("control", "cannot wake the main loop");
}

static void
undo(void *arg)
{
	struct orders *orders = arg;

	pthread_mutex_lock(&orders->lock);
	orders->now = orders->before;
	orders->applied_measure = 0;
	pthread_mutex_unlock(&orders->lock);
}

/* --- on the main loop ----------------------------------------------------- */

static void
tell(void *arg, int fd, unsigned what)
{
	struct orders *orders = arg;
	struct detail_control now;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&orders->lock);
	now = orders->now;
	const struct orders_news news = orders->news;
	orders->news = (struct orders_news){ .renewed_ms = -1 };
	pthread_mutex_unlock(&orders->lock);
	orders->fn(orders->arg, &now, &news);
}

struct orders *
orders_new(struct loop *loop, const struct detail_control *first,
	   bool can_notify, orders_fn fn, void *arg)
{
	struct orders *orders = xcalloc(1, sizeof(*orders));

	*orders = (struct orders){
		.writer = { .part = PART_CONTROL,
			    .size = sizeof(struct detail_control),
			    .read = read_now,
			    .check = check,
			    .apply = apply,
			    .commit = commit,
			    .undo = undo,
			    .arg = orders },
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.can_notify = can_notify,
		.fn = fn,
		.arg = arg,
		.now = *first,
		.news.renewed_ms = -1,
	};
	if (orders->fd < 0)
		log_fatal("control", "no event descriptor");
	pthread_mutex_init(&orders->lock, NULL);
	orders->watch =
		loop_watch_new(loop, orders->fd, LOOP_READ, tell, orders);
	return orders;
}

void
orders_free(struct orders *orders)
{
	if (orders == NULL)
		return;
	loop_watch_free(orders->watch);
	close(orders->fd);
	pthread_mutex_destroy(&orders->lock);
	free(orders->models);
	free(orders);
}

void
orders_take_models(struct orders *orders, char *names)
{
	pthread_mutex_lock(&orders->lock);
	char *before = orders->models;
	orders->models = names;
	pthread_mutex_unlock(&orders->lock);
	free(before);
}

const struct voice_writer *
orders_writer(struct orders *orders)
{
	return &orders->writer;
}
