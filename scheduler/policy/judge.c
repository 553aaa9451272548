/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/policy/judge.h"

#include "scheduler/policy/timeouts.h"

static void
say_silence(const struct snap_host *host, char why[REASON_LEN])
{
	reason_set(why, "no heartbeat for %lld.%lld s",
		   (long long)(host->silent_ms / 1000),
		   (long long)(host->silent_ms % 1000 / 100));
}

static void
say_lease(const struct snap_host *host, char why[REASON_LEN])
{
	int64_t left_ms = host->lease_left_ms;

	if (!host->lease_armed)
		return;
	if (left_ms == AGE_NEVER) {
		reason_add(why, "; watchdog lease: armed, but nobody sees all "
				"that may renew it");
		return;
	}
	bool over = left_ms <= 0;
	int64_t ms = over ? -left_ms : left_ms;

	reason_add(why,
		   "; its watchdog lease %s %lld.%lld s%s: armed, last renewed "
		   "%lld.%lld s ago at the latest",
		   over ? "ended" : "ends in", (long long)(ms / 1000),
		   (long long)(ms % 1000 / 100), over ? " ago" : "",
		   (long long)(host->lease_renewed_ms / 1000),
		   (long long)(host->lease_renewed_ms % 1000 / 100));
}

static void
say_channels(const struct snap_host *host, char why[REASON_LEN])
{
	static const char *const words[] = { "not asked yet", "answers",
					     "does not answer" };

	say_silence(host, why);
	reason_add(why, "; BMC: %s",
		   host->power_text[0] != '\0' ? host->power_text
		   : host->can_fence           ? "not read yet"
					       : "none configured");
	if (host->word_of[0] != '\0')
		reason_add(why, "; %s says that it is off", host->word_of);
	reason_add(why, "; libvirt: %s", words[host->libvirt]);
	if (host->datastore_age_ms == AGE_NEVER)
		reason_add(why, "; datastore heartbeat: no other host sees it");
	else
		reason_add(why,
			   "; datastore heartbeat: %lld ms old, seen by %s%s",
			   (long long)host->datastore_age_ms,
			   host->datastore_witness,
			   host->datastore == WITNESS_UNKNOWN
				   ? ", not telling yet"
				   : "");
	say_lease(host, why);
}

/*
 * Has power, or is fed at least and may have a BMC that hangs with it, and
 * every other channel was asked and is silent.  Where no other
 * host can see the datastore heartbeat the others must be silent twice as
 * long: a missing witness is not a witness of silence.
 */
static bool
is_hung(const struct snap_host *host)
{
	int64_t wait_ms = host->datastore == WITNESS_SILENT
				  ? FENCE_AFTER_MS
				  : 2 * FENCE_AFTER_MS;

	return (host->power == POWER_ON || host->fed) &&
	       host->libvirt == WITNESS_SILENT && host->silent_ms >= wait_ms;
}

static bool
lease_is_over(const struct snap_host *host)
{
	return host->lease_armed && host->lease_left_ms <= 0;
}

/* What was heard after the end shows a watchdog that did not fire. */
static bool
lease_proves(const struct snap_host *host)
{
	return lease_is_over(host) && host->silent_ms >= -host->lease_left_ms &&
	       host->libvirt == WITNESS_SILENT && host->power != POWER_ON;
}

static bool
shows_life(const struct snap_host *host)
{
	return host->link == LINK_OK || host->link == LINK_NO_AGENT ||
	       host->link == LINK_REFUSED || host->libvirt == WITNESS_ALIVE ||
	       host->datastore == WITNESS_ALIVE;
}

/* The word of a person counts where no BMC says otherwise. */
static bool
power_proves(const struct snap_host *host)
{
	return host->off_proved ||
	       (host->word_of[0] != '\0' && host->power != POWER_ON);
}

bool
host_is_dead_by_lease(const struct snap_host *host)
{
	return !shows_life(host) && !power_proves(host) && lease_proves(host);
}

const char *
host_proof(const struct snap_host *host)
{
	if (!shows_life(host) && power_proves(host))
		return "is proved off";
	return host_is_dead_by_lease(host)
		       ? "is proved dead by its watchdog lease"
		       : NULL;
}

bool
host_is_proved_off(const struct snap_host *host)
{
	return host_proof(host) != NULL;
}

bool
host_outlived_its_lease(const struct snap_host *host)
{
	return lease_is_over(host) && host->link != LINK_OK &&
	       host->power == POWER_ON;
}

/* Power may have come back since the last reading: none is called dead by an
 * older one.  The next one is a second away, and a turn follows it at once. */
static bool
is_read_just_now(const struct snap_host *host)
{
	return host->state == HOST_DEAD || host->off_age_ms <= OFF_FRESH_MS ||
	       host->word_of[0] != '\0' || host_is_dead_by_lease(host);
}

enum verdict
judge_host(const struct snapshot *snap, size_t index, char why[REASON_LEN])
{
	const struct snap_host *host = &snap->hosts[index];

	why[0] = '\0';
	if (host->link == LINK_OK ||
	    (host->link != LINK_NO_AGENT && host->link != LINK_REFUSED &&
	     host->silent_ms < SUSPECT_AFTER_MS))
		return VERDICT_LIVES;

	say_channels(host, why);
	if (host->link == LINK_NO_AGENT || host->link == LINK_REFUSED) {
		say_silence(host, why);
		reason_add(why, "; its SNMP master answers%s",
			   host->link == LINK_REFUSED
				   ? " but refuses our account"
				   : " without its agent");
		return VERDICT_NO_AGENT;
	}
	if (host_is_proved_off(host))
		return is_read_just_now(host) ? VERDICT_OFF : VERDICT_UNSURE;
	if (host->libvirt == WITNESS_ALIVE)
		return VERDICT_NO_AGENT;
	if (host->datastore == WITNESS_ALIVE)
		return snap->clusters[host->cluster].fence_isolated &&
				       is_hung(host)
			       ? VERDICT_HUNG
			       : VERDICT_ISOLATED;
	return is_hung(host) ? VERDICT_HUNG : VERDICT_UNSURE;
}
