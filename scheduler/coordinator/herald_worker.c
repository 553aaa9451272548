/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker "voice": takes views and answers SNMP from the last one.
 *
 * The first message says how to serve, too.  It reads the credentials file
 * itself, so that no password passes through a message.  A voice that does not
 * start ends the process: net-snmp cannot be started twice in one.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/log.h"
#include "common/worker.h"
#include "scheduler/coordinator/herald.h"
#include "scheduler/coordinator/settings_internal.h"
#include "snmp-mib/board.h"
#include "snmp-mib/cluster_message.h"

enum { SILENCE_MAX_S = 3600 };

struct speaker {
	struct board *board;
	struct voice *voice; /* NULL: not started yet */
};

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Behind snmpd its own configuration says who may read. */
static int
start_agentx(struct speaker *speaker, const char *socket, struct err *err)
{
	const struct voice_options options = {
		.source = board_source(speaker->board),
		.agentx_socket = socket,
	};

	return voice_start(&options, &speaker->voice, err);
}

static int
start_with_account(struct speaker *speaker, const json_t *how,
		   const struct snmp_account *account, struct err *err)
{
	const struct voice_options options = {
		.source = board_source(speaker->board),
		.listen = text_of(how, "listen"),
		.account = account,
		.engine_file = text_of(how, "engine"),
	};

	if (account == NULL)
		return err_set(err, -ENOENT, "there is no snmp \"%s\" in %s",
			       text_of(how, "account"),
			       text_of(how, "credentials"));
	return voice_start(&options, &speaker->voice, err);
}

static int
start_alone(struct speaker *speaker, const json_t *how, struct err *err)
{
	const char *path = text_of(how, "credentials");
	struct config *config =
		config_load_secret(path, settings_secret_options);
	size_t n = 0;

	if (config_count_errors(config) > 0) {
		config_free(config);
		return err_set(err, -EINVAL,
			       "%s has mistakes: --check shows them", path);
	}
	struct snmp_account *accounts =
		snmp_accounts_new(config_root(config), &n);
	config_free(config);
	int rc = start_with_account(speaker, how,
				    snmp_accounts_find(accounts, n,
						       text_of(how, "account")),
				    err);
	snmp_accounts_free(accounts, n);
	return rc;
}

static int
start_voice(struct speaker *speaker, const json_t *how, struct err *err)
{
	static const char *const words[] = { "listen", "account", "credentials",
					     "engine" };

	if (text_of(how, "agentx") != NULL)
		return start_agentx(speaker, text_of(how, "agentx"), err);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (text_of(how, words[i]) == NULL)
			return err_set(err, -EPROTO,
				       "message: \"%s\" is missing", words[i]);
	return start_alone(speaker, how, err);
}

static int
take(struct speaker *speaker, const json_t *message, struct err *err)
{
	const json_t *made = json_object_get(message, "made_ms");
	json_int_t silence_s =
		json_integer_value(json_object_get(message, "silence_s"));
	struct cluster_view *view;

	if (!json_is_integer(made))
		return err_set(err, -EPROTO, "message: \"made_ms\" is missing");
	if (silence_s < 1 || silence_s > SILENCE_MAX_S)
		return err_set(err, -EPROTO,
			       "message: \"silence_s\" is out of range");
	int rc = cluster_message_unpack(json_object_get(message, "view"), &view,
					err);
	if (rc < 0)
		return rc;
	alarm((unsigned)silence_s);
	board_post(speaker->board, view, json_integer_value(made));
	return speaker->voice != NULL
		       ? 0
		       : start_voice(speaker, json_object_get(message, "how"),
				     err);
}

/* One message; false: it cannot go on. */
static bool
serve_one(struct speaker *speaker, int fd, const json_t *message)
{
	struct err err = { "" };
	int rc = take(speaker, message, &err);
	json_t *reply =
		rc < 0 ? json_pack("{s:s}", "error", err.text) : json_object();
	bool sent = reply != NULL && worker_send(fd, reply) == 0;

	json_decref(reply);
	return sent && speaker->voice != NULL;
}

int
herald_serve(int fd)
{
	struct speaker speaker = { .board = board_new(&board_of_views) };
	json_t *message;
	bool goes_on = true;

	log_start("ironherd-coordinator", LOG_LEVEL_INFO);
	prctl(PR_SET_DUMPABLE, 0); /* keys stay in our memory from here on */
	signal(SIGALRM, SIG_DFL);
	alarm(HERALD_SILENCE_S);
	while (goes_on && (message = worker_receive(fd)) != NULL) {
		goes_on = serve_one(&speaker, fd, message);
		json_decref(message);
	}
	alarm(0);
	if (!voice_stop(speaker.voice))
		_exit(EXIT_FAILURE); /* its thread still reads the board */
	board_free(speaker.board);
	return goes_on ? EXIT_SUCCESS : EXIT_FAILURE;
}
