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

/* The word of a person counts where no BMC says otherwise. */
bool
host_is_proved_off(const struct snap_host *host)
{
	bool word = host->word_of[0] != '\0' && host->power != POWER_ON;

	return host->link != LINK_OK && host->link != LINK_NO_AGENT &&
	       host->link != LINK_REFUSED && (host->off_proved || word) &&
	       host->libvirt != WITNESS_ALIVE &&
	       host->datastore != WITNESS_ALIVE;
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
		return VERDICT_OFF;
	if (host->libvirt == WITNESS_ALIVE)
		return VERDICT_NO_AGENT;
	if (host->datastore == WITNESS_ALIVE)
		return snap->clusters[host->cluster].fence_isolated &&
				       is_hung(host)
			       ? VERDICT_HUNG
			       : VERDICT_ISOLATED;
	return is_hung(host) ? VERDICT_HUNG : VERDICT_UNSURE;
}
