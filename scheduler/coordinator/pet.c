/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/coordinator/pet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "common/clock.h"
#include "common/log.h"
#include "scheduler/coordinator/bmc_log.h"
#include "scheduler/coordinator/power.h"
#include "scheduler/coordinator/record.h"

/* Of one host; the acknowledgement under way calls back to it. */
struct answer {
	bool under_way;
};

struct pets {
	struct pet_book *book;
	struct answer *answers; /* by host */
};

void
pet_open(struct coordinator *co)
{
	struct pets *pets = xcalloc(1, sizeof(*pets));

	pets->book = pet_book_new(co->reg.n_hosts);
	pets->answers = xcalloc(co->reg.n_hosts, sizeof(*pets->answers));
	co->pets = pets;
}

void
pet_close(struct coordinator *co)
{
	struct pets *pets = co->pets;

	if (pets == NULL)
		return;
	co->pets = NULL;
	pet_book_free(pets->book);
	free(pets->answers);
	free(pets);
}

static struct pet_site
site_of(const void *arg, size_t host)
{
	const struct coordinator *co = arg;
	const struct bmc *bmc = power_bmc(co, host);
	struct bmc_health health;
	struct pet_site site = { .address = NULL };

	if (bmc == NULL)
		return site;
	bmc_get_health(bmc, &health);
	site.address = co->reg.hosts[host].conf->bmc.address;
	site.has_guid = health.has_guid;
	memcpy(site.guid, health.guid, sizeof(site.guid));
	return site;
}

/* That it failed is no matter: the BMC sends its copy. */
static void
acknowledged(void *arg, const struct ipmi_reply *reply)
{
	struct answer *answer = arg;

	(void)reply;
	answer->under_way = false;
}

static void
acknowledge(struct coordinator *co, size_t host, const struct pet *pet)
{
	struct answer *answer = &co->pets->answers[host];

	/* A dry run changes nothing, not even what a BMC repeats. */
	if (answer->under_way || co->ops == &ops_dry)
		return;
	answer->under_way = pet_acknowledge(power_bmc(co, host), pet, 0,
					    acknowledged, answer) != 0;
}

/* Never critical: whoever reads it must not take it for a fact. */
static void
tell(struct coordinator *co, size_t host, const struct pet *pet)
{
	char text[REASON_LEN];

	snprintf(text, sizeof(text),
		 "unproved trap of %s's BMC: %s; it is being looked at",
		 co->reg.hosts[host].conf->name, pet->text);
	record_event(&co->reg, co->store,
		     pet->grade >= IPMI_GRADE_WARNING ? SEVERITY_WARNING
						      : SEVERITY_INFO,
		     "bmc-trap", host, "", text, clock_wall_ms());
	coordinator_tell(co);
}

void
pet_came(void *arg, const char *from, int32_t specific, const uint8_t *octets,
	 size_t len)
{
	struct coordinator *co = arg;
	struct pet pet;

	if (!pet_parse(specific, octets, len, &pet)) {
		log_debug("pet", "%s: a trap that makes no sense", from);
		return;
	}
	size_t host = pet_find_host(co->reg.n_hosts, site_of, co, &pet, from);
	if (host == NO_HOST) {
		log_debug("pet", "%s: a trap of nobody we know: %s", from,
			  pet.text);
		return;
	}
	struct pet_advice advice =
		pet_book_judge(co->pets->book, host, &pet, clock_mono_ms());
	if (advice.look) {
		power_probe(co, host);
		bmc_log_hint(co, host);
	}
	if (advice.acknowledge)
		acknowledge(co, host, &pet);
	if (advice.tell)
		tell(co, host, &pet);
}
