/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster view: its numbers last, and decisions and alarms are in it.
 */
#include "tests/unit/coordinator/view_site.h"

static void
numbers_stay_with_their_names(void **state)
{
	struct host_settings fewer[2] = { hosts[3], hosts[1] };
	char h2[16];

	(void)state;
	look();
	for (size_t i = 1; i < site.view->n_members; i++)
		assert_true(site.view->members[i - 1].index <
			    site.view->members[i].index);
	uint32_t h2_index = member("h2")->index, h4 = member("h4")->index;
	uint32_t c1 = cluster("c1")->index;

	/* A host is new, others are gone, the order is another. */
	stop_site();
	SET(h2, "a0");
	fewer[0].name = h2;
	fewer[0].cluster = 0;
	site.settings.hosts = fewer;
	site.settings.n_hosts = 2;
	start_site();
	look();
	assert_int_equal(member("h2")->index, h2_index);
	assert_true(member("a0")->index > h4);
	assert_int_equal(cluster("c1")->index, c1);
	assert_ptr_equal(member("a0"), &site.view->members[1]);
}

static int64_t
decide(enum store_command_kind kind, const char *vm, const char *from)
{
	struct store_command command = { .kind = kind,
					 .host = "h2",
					 .snapshot = 77,
					 .reason = "h1 is proved off",
					 .recorded_ms = WALL_MS + 1000 };

	SET(command.vm, vm);
	SET(command.from, from);
	store_begin(site.co.store);
	int64_t id = store_add_command(site.co.store, &command);
	assert_int_equal(store_commit(site.co.store, NULL), 0);
	return id;
}

static void
a_decision_is_there_from_record_to_end(void **state)
{
	(void)state;
	own_vm(UUID_1, 0, INTENT_RUN);
	decide(COMMAND_FENCE, "", "");
	int64_t id = decide(COMMAND_START, UUID_1, "h1");
	const struct cluster_view *view = look();
	assert_int_equal(view->n_decisions, 2);
	assert_int_equal(view->site.decision, id);
	assert_int_equal(view->decisions[0].kind, VIEW_DECISION_FENCE);
	assert_string_equal(view->decisions[0].to, "");
	const struct view_decision *d = &view->decisions[1];
	assert_int_equal(d->number, id);
	assert_int_equal(d->kind, VIEW_DECISION_START);
	assert_int_equal(d->state, VIEW_DECISION_OPEN);
	assert_int_equal(d->time_s, WALL_MS / 1000 + 1);
	assert_int_equal(d->end_s, 0);
	assert_string_equal(d->host, "h2");
	assert_string_equal(d->from, "h1");
	assert_string_equal(d->to, "h2");
	assert_string_equal(d->vm_uuid, UUID_1);
	assert_string_equal(d->vm_name, "vm");
	assert_string_equal(d->reason, "h1 is proved off");
	assert_int_equal(d->snapshot, 77);

	store_begin(site.co.store);
	store_end_command(site.co.store, id, OUTCOME_IN_DOUBT, "no answer",
			  WALL_MS + 5000);
	assert_int_equal(store_commit(site.co.store, NULL), 0);
	d = &look()->decisions[1];
	assert_int_equal(d->state, VIEW_DECISION_IN_DOUBT);
	assert_int_equal(d->end_s, WALL_MS / 1000 + 5);
	assert_string_equal(d->result, "no answer");
}

static void
only_the_last_decisions_are_told(void **state)
{
	int64_t last = 0;

	(void)state;
	for (int i = 0; i < VIEW_DECISIONS_MAX + 20; i++)
		last = decide(COMMAND_FENCE, "", "");
	const struct cluster_view *view = look();
	assert_int_equal(view->n_decisions, VIEW_DECISIONS_MAX);
	assert_int_equal(view->decisions[VIEW_DECISIONS_MAX - 1].number, last);
	assert_int_equal(view->decisions[0].number,
			 last - VIEW_DECISIONS_MAX + 1);
}

static void
set_alarms(const struct reg_alarm *alarms, size_t n)
{
	struct registry *reg = &site.co.reg;

	free(reg->alarms);
	reg->alarms = xcalloc(n, sizeof(*alarms));
	memcpy(reg->alarms, alarms, n * sizeof(*alarms));
	reg->n_alarms = n;
}

static void
an_alarm_keeps_its_number_and_is_counted(void **state)
{
	struct reg_alarm all[] = {
		{ { "fence-failed", "h2", SEVERITY_CRITICAL, 0, 0, "a" },
		  .since_ms = 10,
		  .since_wall_ms = WALL_MS,
		  .told = true },
		{ { "two-copies", "vm1", SEVERITY_CRITICAL, 0, 0, "b" },
		  .since_ms = 11 }, /* not told yet */
		{ { "bmc-trouble", "h2", SEVERITY_WARNING, 0, 0, "c" },
		  .since_ms = 12,
		  .told = true },
		{ { "bmc-trouble", "h2", SEVERITY_WARNING, 0, 0, "once more" },
		  .since_ms = 12,
		  .told = true },
	};

	(void)state;
	set_alarms(all, 4);
	const struct cluster_view *view = look();
	assert_int_equal(view->n_alarms, 2);
	assert_int_equal(view->site.alarms_critical, 1);
	assert_int_equal(view->site.alarms_warning, 1);
	assert_int_equal(view->site.alarms_info, 0);
	assert_int_equal(member("h2")->alarms, 2);
	assert_int_equal(cluster("c1")->alarms, 2);
	assert_int_equal(member("h1")->alarms, 0);
	assert_string_equal(view->alarms[1].kind, "fence-failed");
	assert_string_equal(view->alarms[1].subject, "h2");
	assert_string_equal(view->alarms[1].text, "a");
	assert_int_equal(view->alarms[1].severity, VIEW_SEVERITY_CRITICAL);
	assert_int_equal(view->alarms[1].since_s, WALL_MS / 1000);
	assert_int_equal(view->alarms[1].count, 1);
	uint32_t first = view->alarms[1].index;

	set_alarms(all + 2, 1); /* it is over */
	assert_int_equal(look()->n_alarms, 1);
	all[0].since_ms = 500; /* and comes again */
	set_alarms(all, 1);
	view = look();
	assert_int_equal(view->n_alarms, 1);
	assert_int_equal(view->alarms[0].index, first);
	assert_int_equal(view->alarms[0].count, 2);
	assert_int_equal(look()->alarms[0].count, 2);
}

static void
more_alarms_than_are_remembered_do_no_harm(void **state)
{
	enum { N = VIEW_ALARMS_MAX };
	struct reg_alarm *all = xcalloc(N, sizeof(*all));

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < N; i++) {
			all[i] = (struct reg_alarm){ .since_ms = 1,
						     .told = true };
			SET(all[i].alarm.kind, "vm-off");
			snprintf(all[i].alarm.subject, REPORT_NAME_LEN,
				 "vm%d-%d", round, i);
		}
		set_alarms(all, N);
		assert_int_equal(look()->n_alarms, N);
		uint32_t first = site.view->alarms[0].index;
		assert_int_equal(look()->alarms[0].index, first);
	}
	free(all);
}

static void
text_is_cut_between_characters(void **state)
{
	struct reg_host *h1 = &site.co.reg.hosts[0];

	(void)state;
	snprintf(h1->state_reason, sizeof(h1->state_reason), "%0254d%s", 0,
		 "\xc3\xa4\xc3\xa4");
	look();
	assert_int_equal(strlen(member("h1")->state_text), 254);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(numbers_stay_with_their_names),
		CASE(a_decision_is_there_from_record_to_end),
		CASE(only_the_last_decisions_are_told),
		CASE(an_alarm_keeps_its_number_and_is_counted),
		CASE(more_alarms_than_are_remembered_do_no_harm),
		CASE(text_is_cut_between_characters),
	};

	log_start("test_view", LOG_LEVEL_ERROR + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
