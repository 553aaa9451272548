/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to one BMC through ipmi/, inside the node or from outside:
 *
 *	bmc_probe local VERB [ARGUMENT...]
 *	bmc_probe ADDRESS:PORT VERB [ARGUMENT...]	suite 3, admin, secret
 *
 * Prints lines of "WHAT VALUE"; exit status 0 only for IPMI_OK.  tests/system/
 * node calls it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "ipmi/power.h"
#include "ipmi/sel.h"
#include "ipmi/sensors.h"
#include "ipmi/watchdog.h"

enum { PATIENCE_MS = 30000, LOOK_MS = 100, SEL_LAST = 20 };

static struct loop *loop;
static struct bmc *bmc;
static char **arguments;
static int status = EXIT_FAILURE;

static void
end(enum ipmi_rc rc, const char *text)
{
	if (rc == IPMI_OK)
		status = EXIT_SUCCESS;
	printf("result %s\n", ipmi_rc_name(rc));
	if (text[0] != '\0')
		printf("text %s\n", text);
	loop_stop(loop);
}

/* --- who it is ----------------------------------------------------------- */

static struct loop_timer *look;
static unsigned looks;

static void
print_hex(const char *what, const uint8_t *data, size_t len)
{
	printf("%s ", what);
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

/* The BMC is asked who it is when there is nothing else to do. */
static void
look_again(void *arg)
{
	struct bmc_health health;

	(void)arg;
	bmc_get_health(bmc, &health);
	bool all = health.has_device && health.has_guid;
	if (!all && ++looks < PATIENCE_MS / LOOK_MS) {
		loop_timer_start(look, LOOK_MS);
		return;
	}
	printf("name %s\nstate %s\nrtt_ms %lld\n", bmc_name(bmc),
	       bmc_state_name(health.state), (long long)health.rtt_ms);
	if (health.has_device)
		print_hex("device", health.device, sizeof(health.device));
	if (health.has_guid)
		print_hex("guid", health.guid, sizeof(health.guid));
	end(all ? IPMI_OK : IPMI_TIMEOUT, health.error);
}

static void
ask_identity(void)
{
	look = loop_timer_new(loop, look_again, NULL);
	loop_timer_start(look, 0);
}

/* --- power --------------------------------------------------------------- */

static void
power_ended(void *arg, const struct power_result *result)
{
	(void)arg;
	printf("power %s\nverified %d\ncommands %u\ntook_ms %lld\n",
	       ipmi_power_name(result->power), result->verified,
	       result->commands_sent,
	       (long long)(result->done_ms - result->asked_ms));
	end(result->rc, result->text);
}

static void
ask_power(void)
{
	power_read(bmc, PATIENCE_MS, power_ended, NULL);
}

static void
ask_prove_off(void)
{
	power_prove_off(bmc, PATIENCE_MS, power_ended, NULL);
}

static void
ask_off(void)
{
	power_turn_off(bmc, PATIENCE_MS, power_ended, NULL);
}

static void
ask_on(void)
{
	power_turn_on(bmc, PATIENCE_MS, power_ended, NULL);
}

/* --- event log and sensors ----------------------------------------------- */

static void
sel_came(void *arg, const struct sel_result *result)
{
	(void)arg;
	for (size_t i = 0; i < result->n; i++)
		printf("event %u %s\n", result->entries[i].id,
		       result->entries[i].text);
	end(result->rc, result->text);
}

static void
ask_sel(void)
{
	sel_tail(bmc, SEL_LAST, PATIENCE_MS, sel_came, NULL);
}

static void
sensors_came(void *arg, const struct sensors_result *result)
{
	(void)arg;
	for (size_t i = 0; i < result->n; i++) {
		const struct sensor *sensor = &result->sensors[i];

		printf("sensor %s: %s, %lld %s\n", sensor->name,
		       sensor_state_name(sensor->state),
		       (long long)(sensor->value_micro / 1000000),
		       sensor->unit);
	}
	end(result->rc, result->text);
}

static struct sensors *sensors;

static void
ask_sensors(void)
{
	sensors = sensors_new(bmc, NULL);
	sensors_read(sensors, PATIENCE_MS, sensors_came, NULL);
}

/* --- watchdog ------------------------------------------------------------ */

static void
watchdog_ended(void *arg, const struct watchdog_state *state)
{
	(void)arg;
	printf("lost %d\n", state->lost);
	end(state->rc, state->text);
}

/* arm SECONDS off|reset|nothing */
static void
ask_arm(void)
{
	enum watchdog_action action = WATCHDOG_NOTHING;

	if (strcmp(arguments[1], "off") == 0)
		action = WATCHDOG_OFF;
	else if (strcmp(arguments[1], "reset") == 0)
		action = WATCHDOG_RESET;
	watchdog_arm(bmc, strtol(arguments[0], NULL, 10) * 1000, action,
		     PATIENCE_MS, watchdog_ended, NULL);
}

static void
ask_kick(void)
{
	watchdog_kick(bmc, PATIENCE_MS, watchdog_ended, NULL);
}

static void
ask_disarm(void)
{
	watchdog_disarm(bmc, PATIENCE_MS, watchdog_ended, NULL);
}

/* ------------------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int arity;
	void (*ask)(void);
} verbs[] = {
	{ "identity", 0, ask_identity },
	{ "power", 0, ask_power },
	{ "prove-off", 0, ask_prove_off },
	{ "off", 0, ask_off },
	{ "on", 0, ask_on },
	{ "sel", 0, ask_sel },
	{ "sensors", 0, ask_sensors },
	{ "arm", 2, ask_arm },
	{ "kick", 0, ask_kick },
	{ "disarm", 0, ask_disarm },
};

static const struct verb *
find_verb(const char *name, int arity)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0 && verbs[i].arity == arity)
			return &verbs[i];
	return NULL;
}

static struct bmc *
open_bmc(struct ipmi_env *env, const char *where, struct err *err)
{
	static const struct ipmi_account account = { "node", "admin",
						     "secret" };
	const struct bmc_target target = { .address = where,
					   .cipher_suite = 3,
					   .privilege = IPMI_ADMINISTRATOR };

	if (strcmp(where, "local") == 0)
		return bmc_new_local(env, 0, err);
	return bmc_new_lan(env, &target, &account, err);
}

int
main(int argc, char **argv)
{
	struct err err = { "" };
	const struct verb *verb =
		argc < 3 ? NULL : find_verb(argv[2], argc - 3);

	if (verb == NULL)
		return fprintf(stderr, "bmc_probe: see its source\n"), 2;
	log_start("bmc_probe", LOG_LEVEL_ERROR);
	arguments = argv + 3;
	loop = loop_new();
	struct ipmi_env *env = ipmi_env_new(loop, &err);
	if (env != NULL)
		bmc = open_bmc(env, argv[1], &err);
	if (bmc == NULL) {
		printf("result none\ntext %s\n", err.text);
	} else {
		verb->ask();
		loop_run(loop);
	}
	sensors_free(sensors);
	loop_timer_free(look);
	bmc_free(bmc);
	ipmi_env_free(env);
	loop_free(loop);
	return status;
}
