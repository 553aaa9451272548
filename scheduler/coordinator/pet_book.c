/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a trap is, whether it is news, and how much of it is too much. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/alloc.h"
#include "ipmi/address.h"
#include "scheduler/coordinator/guard.h"
#include "scheduler/coordinator/pet.h"
#include "scheduler/policy/snapshot.h"

/* --- whose --------------------------------------------------------------- */

/* IPv4 as IPv6 writes it: a socket for both tells it so. */
static bool
parse_host(const char *text, struct in6_addr *ret_address)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, ret_address) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memset(ret_address, 0, sizeof(*ret_address));
	memset(ret_address->s6_addr + 10, 0xff, 2);
	memcpy(ret_address->s6_addr + 12, &v4, 4);
	return true;
}

static bool
is_at(const struct pet_site *site, const struct in6_addr *from)
{
	struct ipmi_address parsed;
	struct in6_addr address;

	return site->address != NULL &&
	       ipmi_address_parse(site->address, &parsed, NULL) == 0 &&
	       parse_host(parsed.host, &address) &&
	       memcmp(&address, from, sizeof(address)) == 0;
}

static bool
has_guid_of(const struct pet_site *site, const struct pet *pet)
{
	return site->address != NULL && site->has_guid &&
	       guard_same_guid(site->guid, pet->guid);
}

size_t
pet_find_host(size_t n_hosts, pet_site_fn site, const void *arg,
	      const struct pet *pet, const char *from)
{
	struct in6_addr address;
	bool numeric = parse_host(from, &address);
	size_t by_guid = NO_HOST, by_address = NO_HOST;

	for (size_t i = 0; i < n_hosts; i++) {
		const struct pet_site seen = site(arg, i);
		bool is = has_guid_of(&seen, pet);
		bool at = numeric && is_at(&seen, &address);

		if (is && at)
			return i;
		if (is && by_guid == NO_HOST)
			by_guid = i;
		if (at && by_address == NO_HOST)
			by_address = i;
	}
	return by_guid != NO_HOST ? by_guid : by_address;
}

/* --- news, within bounds ------------------------------------------------- */

struct page {
	struct pet kept[PET_KEPT]; /* a ring */
	int64_t kept_ms[PET_KEPT];
	size_t n;
	int64_t second; /* in which `in_second` came */
	unsigned in_second;
	int64_t look_ms; /* 0: never */
};

struct pet_book {
	struct page **pages; /* by host; NULL: nothing ever came */
	size_t n_pages;
	int64_t told_until_ms; /* told events reach so far; see may_tell() */
};

struct pet_book *
pet_book_new(size_t n_hosts)
{
	struct pet_book *book = xcalloc(1, sizeof(*book));

	book->pages = xcalloc(n_hosts, sizeof(struct page *));
	book->n_pages = n_hosts;
	return book;
}

void
pet_book_free(struct pet_book *book)
{
	if (book == NULL)
		return;
	for (size_t i = 0; i < book->n_pages; i++)
		free(book->pages[i]);
	free(book->pages);
	free(book);
}

static bool
too_many(struct page *page, int64_t now_ms)
{
	int64_t second = now_ms / 1000;

	if (second != page->second)
		page->in_second = 0;
	page->second = second;
	if (page->in_second >= PET_HOST_PER_S)
		return true;
	page->in_second++;
	return false;
}

static bool
is_copy(const struct page *page, const struct pet *pet, int64_t now_ms)
{
	size_t n = page->n < PET_KEPT ? page->n : PET_KEPT;

	for (size_t i = 0; i < n; i++)
		if (now_ms - page->kept_ms[i] < PET_SAME_MS &&
		    pet_is_same(&page->kept[i], pet))
			return true;
	return false;
}

static void
keep(struct page *page, const struct pet *pet, int64_t now_ms)
{
	size_t at = page->n++ % PET_KEPT;

	page->kept[at] = *pet;
	page->kept_ms[at] = now_ms;
}

static bool
may_look(struct page *page, int64_t now_ms)
{
	if (page->look_ms != 0 && now_ms - page->look_ms < PET_LOOK_MS)
		return false;
	page->look_ms = now_ms;
	return true;
}

/* Each event takes PET_EVENT_MS; they may reach a burst into the future. */
static bool
may_tell(struct pet_book *book, int64_t now_ms)
{
	if (book->told_until_ms < now_ms)
		book->told_until_ms = now_ms;
	if (book->told_until_ms - now_ms >
	    (int64_t)(PET_EVENT_BURST - 1) * PET_EVENT_MS)
		return false;
	book->told_until_ms += PET_EVENT_MS;
	return true;
}

struct pet_advice
pet_book_judge(struct pet_book *book, size_t host, const struct pet *pet,
	       int64_t now_ms)
{
	struct page *page = book->pages[host];

	if (page == NULL)
		page = book->pages[host] = xcalloc(1, sizeof(*page));
	if (too_many(page, now_ms))
		return (struct pet_advice){ 0 };
	/* The acknowledgement of the first was lost, or is under way. */
	if (is_copy(page, pet, now_ms))
		return (struct pet_advice){ .acknowledge = true };
	keep(page, pet, now_ms);
	return (struct pet_advice){ .acknowledge = true,
				    .look = may_look(page, now_ms),
				    .tell = may_tell(book, now_ms) };
}
