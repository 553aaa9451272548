/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VMs whose only copy is proved dead are started again.
 *
 * The owner of a VM is the one host where a copy may exist.  It changes in the
 * same record that starts the VM elsewhere, and only once the old owner is
 * proved without that copy: then there is never a second host to ask about.
 * proof.h has the rules of proof.
 */
#include "scheduler/policy/draft.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/order.h"
#include "scheduler/policy/placement.h"
#include "scheduler/policy/proof.h"
#include "scheduler/policy/timeouts.h"

/* It is ours to start: by the policy, or because an operator ordered it.  Not
 * while HA is laid down. */
static bool
has_ha(const struct draft *draft, size_t vm)
{
	size_t owner = draft->vms[vm].owner;
	const struct snap_vm *v = &draft->snap->vms[vm];

	if (owner == NO_HOST || draft->vms[vm].intent != INTENT_RUN)
		return false;
	const struct snap_cluster *cluster =
		&draft->snap->clusters[draft->snap->hosts[owner].cluster];
	return !cluster->disarmed && v->order != INTENT_OFF &&
	       ((cluster->ha && v->policy.ha) || v->order == INTENT_RUN);
}

static const struct snap_host *
owner_of(const struct draft *draft, size_t vm)
{
	return &draft->snap->hosts[draft->vms[vm].owner];
}

/* What needs a person, but not in the first seconds. */
static void
raise_stuck(struct draft *draft, size_t vm, bool at_home, const char *why)
{
	if (owner_of(draft, vm)->state_age_ms < CANNOT_PROVE_AFTER_MS &&
	    draft->snap->vms[vm].start_failures == 0)
		return;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan,
			       at_home ? SEVERITY_WARNING : SEVERITY_CRITICAL,
			       at_home ? "vm-waits" : "vm-lost",
			       draft->snap->vms[vm].name);

	reason_set(alarm->text, "%s cannot be started: %s",
		   draft->snap->vms[vm].name, why);
}

/* What is DEAD was proved so; by what may not be told any more. */
static const char *
proof_of_death(const struct snap_host *host)
{
	const char *proof = host_proof(host);

	return proof != NULL ? proof : "is proved off";
}

/* NULL, or the proof that the host's failure ended the copy there. */
static const char *
proof_of_loss(const struct draft *draft, size_t vm)
{
	size_t owner = draft->vms[vm].owner;

	if (draft->states[owner] == HOST_DEAD)
		return proof_of_death(owner_of(draft, vm));
	return owner_of(draft, vm)->state == HOST_REJOINING &&
			       !came_after_boot(draft, vm)
		       ? proof_of_absence(draft, vm)
		       : NULL;
}

/* HA had started it there a short time ago, or was about to: with it came, or
 * so it may be, what killed the host. */
static bool
came_lately(const struct snap_vm *v)
{
	return v->phase == VM_STARTING ||
	       (v->recovered && v->record_age_ms < POISON_YOUNG_MS);
}

static void
mark_lost(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	struct draft_vm want = draft->vms[vm];

	if (want.phase == VM_LOST || !has_ha(draft, vm))
		return;
	/* A command to a host without power cannot arrive any more; to one
	 * that a watchdog has reset it may, after the boot. */
	if (v->starting && (draft->states[want.owner] != HOST_DEAD ||
			    host_is_dead_by_lease(owner_of(draft, vm))))
		return;
	const char *proof = proof_of_loss(draft, vm);
	if (proof == NULL)
		return;
	want.phase = VM_LOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	change->took_down =
		draft->states[want.owner] == HOST_DEAD && came_lately(v);
	reason_set(change->reason, "%s is lost: its host %s %s", v->name,
		   owner_of(draft, vm)->name, proof);
}

static int64_t
pause_ms(unsigned failures)
{
	int64_t pause_ms = START_RETRY_MS;

	for (unsigned i = 1; i < failures && pause_ms < START_RETRY_MAX_MS; i++)
		pause_ms *= 2;
	return pause_ms < START_RETRY_MAX_MS ? pause_ms : START_RETRY_MAX_MS;
}

static bool
must_wait(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	const struct snap_host *owner = owner_of(draft, vm);

	if (v->start_failures > 0 &&
	    v->command_age_ms < pause_ms(v->start_failures))
		return true;
	/* Its own host is coming back: seconds, and nothing has to move. */
	return owner->state == HOST_REJOINING &&
	       draft->states[draft->vms[vm].owner] == HOST_REJOINING &&
	       owner->state_age_ms < REJOIN_PATIENCE_MS;
}

/*
 * NULL, or why only its own host may start it.  Once that is back for a while
 * the VM is like any other: what was lost later than that was not lost by the
 * host's failure.
 */
static const char *
stays_home(const struct draft *draft, size_t vm)
{
	const struct vm_policy *policy = &draft->snap->vms[vm].policy;
	const struct snap_host *owner = owner_of(draft, vm);
	bool is_back = draft->states[draft->vms[vm].owner] == HOST_UP &&
		       owner->state == HOST_UP &&
		       owner->state_age_ms >= RETURN_HOME_MS;

	if (policy->host_fail == HOST_FAIL_WAIT &&
	    !(is_back && (policy->store_fail == STORE_FAIL_RECOVER ||
			  policy->vm_fail == VM_FAIL_ELSEWHERE)))
		return "it waits for its own host, as configured";
	if (!is_back && draft->mass[draft->vms[vm].owner] == MASS_WAIT)
		return "it waits for its own host, which failed when as many "
		       "as are recovered in one window had failed already";
	return NULL;
}

/* Its own host, or NO_HOST. */
static size_t
place_at_home(const struct draft *draft, size_t vm, const char *home,
	      char why[REASON_LEN])
{
	size_t owner = draft->vms[vm].owner;
	const char *refusal = place_refusal(draft, vm, owner);

	if (refusal == NULL)
		reason_set(why, "%s is its own host",
			   owner_of(draft, vm)->name);
	else
		reason_set(why, "%s: %s %s", home, owner_of(draft, vm)->name,
			   refusal);
	return refusal == NULL ? owner : NO_HOST;
}

static void
start(struct draft *draft, size_t vm, size_t host, const char *why)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	struct draft_vm want = draft->vms[vm];
	size_t old = want.owner;

	want.phase = VM_STARTING;
	want.recovered = want.recovered || host != old;
	want.owner = host;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason, "start %s on %s: %s %s; %s", v->name,
		   draft->snap->hosts[host].name, draft->snap->hosts[old].name,
		   draft->states[old] == HOST_DEAD
			   ? proof_of_death(&draft->snap->hosts[old])
			   : "lost it",
		   why);
	draft->starts[host]++;
	struct plan_step *step = draft_step(draft, STEP_START, host, vm);
	reason_set(step->reason, "%s", change->reason);
}

static void
say_no_proof(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	const struct snap_host *owner = owner_of(draft, vm);

	reason_set(why,
		   "nothing proves just now that %s does not run it: it is %s, "
		   "its power is %s%s%s",
		   owner->name,
		   host_state_name(draft->states[draft->vms[vm].owner]),
		   power_state_name(owner->power),
		   owner->power_text[0] != '\0' ? ", " : "", owner->power_text);
}

/* Paused at its owner: a migration on its way in, from we do not know where. */
static bool
is_coming(const struct draft *draft, size_t vm, char why[REASON_LEN])
{
	const struct snap_host *owner = owner_of(draft, vm);

	if (!host_vms_are_fresh(owner) ||
	    owner->vms_age_ms >= draft->snap->vms[vm].command_age_ms ||
	    !snapshot_shows_active(draft->snap, vm, draft->vms[vm].owner))
		return false;
	reason_set(why, "%s shows it paused: resume it or end it there",
		   owner->name);
	return true;
}

static bool
is_poison(const struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];

	return draft->snap->clusters[owner_of(draft, vm)->cluster]
		       .policy.set_aside_vms &&
	       v->hosts_lost_1h >= POISON_HOSTS && v->order != INTENT_RUN;
}

static void
raise_poison(struct draft *draft, size_t vm)
{
	const char *name = draft->snap->vms[vm].name;
	struct plan_alarm *alarm =
		plan_add_alarm(draft->plan, SEVERITY_CRITICAL, "vm-poison",
			       name);

	reason_set(alarm->text,
		   "%s is set aside for an hour: three hosts died in an hour, "
		   "each soon after it was started there; 'ironherd vm start' "
		   "starts it all the same",
		   name);
}

/*
 * LOST says that no copy was left at the owner.  The VM may have left alive
 * before that; and the host may have got power or come back since, and may run
 * it again: both are looked at now.  At its owner it may be started without a
 * proof about the owner, for there it cannot become a second copy.
 */
static void
try_to_start(struct draft *draft, size_t vm)
{
	char why[REASON_LEN], order[REASON_LEN];

	if (must_wait(draft, vm))
		return;
	if (!draft->snap->vms[vm].has_definition) {
		raise_stuck(draft, vm, false, "its definition was never read");
		return;
	}
	if (is_poison(draft, vm)) {
		raise_poison(draft, vm);
		return;
	}
	if (may_be_elsewhere(draft, vm, why) || is_coming(draft, vm, why)) {
		raise_stuck(draft, vm, false, why);
		return;
	}
	enum order_verdict verdict = order_judge(draft, vm, order);
	raise_order(draft, vm, verdict, order);
	if (verdict == ORDER_WAITS || order_is_full(draft, vm))
		return;
	const char *home = stays_home(draft, vm);
	size_t host = home != NULL ? place_at_home(draft, vm, home, why)
				   : place_vm(draft, vm, why);
	if (host == NO_HOST && home == NULL &&
	    place_later(draft, vm) != NO_HOST)
		return; /* it will be its turn */
	if (host != NO_HOST && host != draft->vms[vm].owner &&
	    proof_of_absence(draft, vm) == NULL) {
		say_no_proof(draft, vm, why);
		host = NO_HOST;
	}
	if (verdict == ORDER_RELEASED)
		reason_add(why, "; %s", order);
	if (host == NO_HOST)
		raise_stuck(draft, vm, home != NULL, why);
	else
		start(draft, vm, host, why);
}

static void
recover(struct draft *draft, size_t vm)
{
	if (draft->vms[vm].phase != VM_LOST || !has_ha(draft, vm))
		return;
	try_to_start(draft, vm);
	if (draft->vms[vm].phase == VM_LOST && stays_home(draft, vm) == NULL)
		order_hold(draft, vm);
}

/* Its host takes no VM any more, and does not run it. */
static void
give_up_start(struct draft *draft, size_t vm)
{
	struct draft_vm want = draft->vms[vm];

	if (proof_of_absence(draft, vm) == NULL)
		return;
	want.phase = VM_LOST;
	struct plan_vm_change *change = draft_vm(draft, vm, &want);
	reason_set(change->reason,
		   "%s did not start on %s, which takes no VM "
		   "now",
		   draft->snap->vms[vm].name, owner_of(draft, vm)->name);
}

/*
 * A start was recorded, but nobody knows how it ended: the coordinator was
 * killed, or the host's libvirt did not answer.  The VM may run at its owner
 * and nowhere else, so the same start is given to the same host again, once
 * its libvirt was read after the command and does not show the VM.
 */
static void
repeat_start(struct draft *draft, size_t vm)
{
	const struct snap_vm *v = &draft->snap->vms[vm];
	size_t owner = draft->vms[vm].owner;
	char why[REASON_LEN];

	if (draft->vms[vm].phase != VM_STARTING || v->phase != VM_STARTING ||
	    v->starting || !has_ha(draft, vm) ||
	    draft->states[owner] != HOST_UP ||
	    draft->snap->hosts[owner].cleaning ||
	    !host_vms_are_fresh(&draft->snap->hosts[owner]) ||
	    draft->snap->hosts[owner].vms_age_ms >= v->command_age_ms ||
	    snapshot_shows_active(draft->snap, vm, owner) ||
	    busy_refusal(draft, owner) != NULL ||
	    may_be_elsewhere(draft, vm, why))
		return;
	if (owner_of(draft, vm)->maintenance ||
	    owner_of(draft, vm)->set_aside) {
		give_up_start(draft, vm);
		return;
	}
	draft->starts[owner]++;
	struct plan_step *step = draft_step(draft, STEP_START, owner, vm);
	reason_set(step->reason,
		   "start %s on %s again: the outcome of the last start is "
		   "not known and it does not run there",
		   v->name, owner_of(draft, vm)->name);
}

void
recover_vms(struct draft *draft)
{
	size_t n = draft->snap->n_vms;
	struct start_order order;

	for (size_t vm = 0; vm < n; vm++)
		mark_lost(draft, vm);
	for (size_t vm = 0; vm < n; vm++)
		repeat_start(draft, vm);
	order_init(&order, draft);
	for (size_t i = 0; i < order.n; i++)
		recover(draft, order.vms[i]);
	order_done(&order);
}
