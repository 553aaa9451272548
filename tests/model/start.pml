/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/model/start.pml - who may start a VM, and when: term, record, epoch,
 * fence, lease and start, with 2 coordinators, 3 hosts, 2 VMs, messages that
 * are lost, doubled and late for any time, and crashes of everything.
 *
 * One process takes one step of anybody at a time; each step is atomic.  A
 * coordinator that was paused is one whose steps come late: between what it
 * proved, what it records and what it sends, anything may happen.
 *
 *	S1	a VM runs on one host at most
 *	S2	its owner changes only when no copy runs, not even by luck
 *	S12	a command has an effect only while its epoch is the VM's
 *	S13	no agent takes commands of two coordinators in one term
 *
 * -DNO_... leaves a guard out; each of them must break a promise: ./check.
 */
#ifndef FAULTS
#define FAULTS 1 /* of hosts, VMs and coordinators, in one run */
#endif
#ifndef TERMS
#define TERMS 2
#endif
#ifndef EPOCHS
#define EPOCHS 1 /* owner changes of each VM */
#endif
#define HOSTS 3
#define VMS   2
#define NET   2 /* starts under way */
#define NOT   7 /* no host, no coordinator */

/*
 * Ticks: a contact holds the watchdog over the next tick, and it fires at the
 * one behind; who waits for it has seen two ticks go by.
 */
#define BOUND 2

/* --- the truth ----------------------------------------------------------- */

bit on[HOSTS], boot[HOSTS];
bit mgmt[HOSTS], storage[HOSTS], bmc[HOSTS]; /* its lines hold */
bit armed[HOSTS], fresh[HOSTS];              /* its watchdog */
byte runs[HOSTS];                            /* a bit for each VM */

/* What its agent remembers; lost with the boot, but for `lease`. */
bit lease[HOSTS]; /* turned on */
byte term_seen[HOSTS], epoch_seen[HOSTS * VMS];

byte faults;
bit returned[HOSTS]; /* got power again; once in a run */
byte took[TERMS + 1]; /* the coordinator whose command was taken in a term */

/* What else there is in this run; one of them, to keep it small. */
#define PLAIN  0
#define UNREAD 1 /* host 0 has a datastore that no other host reads */
#define OFF    2 /* the first leader has leases off, at host 0 */
byte story;

/* --- the store, which both coordinators reach ---------------------------- */

byte term, owner[VMS], epoch[VMS];
bit told[HOSTS]; /* recorded as armed */

/* --- the coordinators ---------------------------------------------------- */

#define IDLE     0
#define PROVED   1
#define RECORDED 2

byte leader;
byte my_term[2], step[2], my_vm[2], my_host[2];
bit my_boot[2], off_sent[2];
/* The leader's: ticks since the last contact that is known of, and whether a
 * renewal is out that was not answered. */
byte quiet[HOSTS];
bit unanswered[HOSTS];

/* --- on the wire --------------------------------------------------------- */

typedef command {
	bit used, vm, from, boot;
	byte host, term, epoch
};
command net[NET];
byte renewal[HOSTS]; /* 1: a number that is new to its agent; 2: a copy */
byte turn_off;       /* the term of "lease off" to host 0; 0: none */

/* --- hosts --------------------------------------------------------------- */

/* An agent that has contact arms its watchdog; who is answered counts anew. */
#define IN_TOUCH(h) (on[h] && (mgmt[h] || storage[h]))

inline settle(h)
{
	if
	:: IN_TOUCH(h) ->
		fresh[h] = 1;
		armed[h] = armed[h] || lease[h];
		quiet[h] = 0;
		unanswered[h] = 0
	:: else
	fi
}

/* It comes back with its lines to management and storage; what was on its way
 * to its watchdog is no matter then. */
inline die(h)
{
	on[h] = 0;
	mgmt[h] = 1;
	storage[h] = 1;
	renewal[h] = 0;
	runs[h] = 0;
	armed[h] = 0;
	fresh[h] = 0;
	term_seen[h] = 0;
	epoch_seen[h * VMS] = 0;
	epoch_seen[h * VMS + 1] = 0
}

/* What is in touch is renewed before each tick.  A slot that moves is seen by
 * others, unless nobody reads that datastore. */
inline tick_host(h)
{
	if
	:: IN_TOUCH(h) -> fresh[h] = 1
	:: else ->
		if
		:: on[h] && armed[h] && !fresh[h] -> die(h)
		:: else
		fi;
		fresh[h] = 0
	fi;
	if
	:: on[h] && mgmt[h] ->
		quiet[h] = 0;
		unanswered[h] = 0
	:: on[h] && !mgmt[h] && storage[h] && !(story == UNREAD && h == 0) ->
		quiet[h] = 0
	:: else ->
		if
		:: quiet[h] < 2 * BOUND -> quiet[h]++
		:: else
		fi
	fi
}

/* --- proof --------------------------------------------------------------- */

#ifdef NO_OUTSTANDING
#define WAIT(h) BOUND
#else
#define WAIT(h) (unanswered[h] -> 2 * BOUND : BOUND)
#endif
#ifdef NO_ARMED
#define TOLD(h) true
#else
#define TOLD(h) told[h]
#endif
#ifdef NO_WITNESS
#define SEEN(h) true
#else
#define SEEN(h) !(story == UNREAD && h == 0)
#endif
#ifdef NO_BMC_WORD
#define BMC_ON(h) false
#else
#define BMC_ON(h) (bmc[h] && on[h])
#endif

#define BY_LEASE(h)                                                     \
	(!(on[h] && mgmt[h]) && TOLD(h) && SEEN(h) && !BMC_ON(h) &&     \
	 quiet[h] >= WAIT(h))

#if defined(NO_UNKNOWN)
#define BY_BMC(h) (!bmc[h] || !on[h]) /* no answer is taken for off */
#elif defined(NO_READBACK)
#define BY_BMC(h) (bmc[h] && !mgmt[h]) /* "off" was taken: enough */
#else
#define BY_BMC(h) (bmc[h] && !on[h])
#endif

#define BY_REPORT(h, v) (on[h] && mgmt[h] && !(runs[h] & (1 << v)))

#ifdef NO_PROOF
#define PROVED_AWAY(h, v) true
#else
#define PROVED_AWAY(h, v) (BY_BMC(h) || BY_LEASE(h) || BY_REPORT(h, v))
#endif

#define COPIES(v)                                                       \
	(((runs[0] >> v) & 1) + ((runs[1] >> v) & 1) + ((runs[2] >> v) & 1))

/* --- commands ------------------------------------------------------------ */

inline send(c, h, v, e, b)
{
	i = (net[0].used -> 1 : 0);
	net[i].used = 1;
	net[i].host = h;
	net[i].vm = v;
	net[i].from = c;
	net[i].term = my_term[c];
	net[i].epoch = e;
	net[i].boot = b
}

#define ROOM (!net[0].used || !net[1].used)

inline forget(n)
{
	net[n].used = 0;
	net[n].host = 0;
	net[n].vm = 0;
	net[n].from = 0;
	net[n].term = 0;
	net[n].epoch = 0;
	net[n].boot = 0
}

#ifdef NO_TERM
#define TERM_IS_GOOD(h, t) true
#else
#define TERM_IS_GOOD(h, t) (t >= term_seen[h])
#endif
#ifdef NO_EPOCH
#define EPOCH_IS_GOOD(n) true
#else
#define EPOCH_IS_GOOD(n)                                                \
	(net[n].epoch >= epoch_seen[net[n].host * VMS + net[n].vm])
#endif
#ifdef NO_BOOT
#define BOOT_IS_GOOD(n) true
#else
#define BOOT_IS_GOOD(n) (net[n].boot == boot[net[n].host])
#endif
#define IS_TAKEN(n)                                                     \
	(on[net[n].host] && TERM_IS_GOOD(net[n].host, net[n].term) &&   \
	 EPOCH_IS_GOOD(n) && BOOT_IS_GOOD(n) &&                         \
	 !(runs[net[n].host] & (1 << net[n].vm)))

inline take(n)
{
	h = net[n].host;
	v = net[n].vm;
	t = net[n].term;
	assert(net[n].epoch == epoch[v]); /* S12 */
	assert(took[t] == 0 || took[t] == 1 + net[n].from); /* S13 */
	took[t] = 1 + net[n].from;
	term_seen[h] = t;
	epoch_seen[h * VMS + v] = net[n].epoch;
	runs[h] = runs[h] | (1 << v);
	assert(COPIES(v) <= 1) /* S1 */
}

/* The new owner, and an epoch of its own. */
inline record(c)
{
	v = my_vm[c];
	assert(COPIES(v) == 0); /* S2 */
	owner[v] = my_host[c];
	epoch[v]++
}

#ifdef NO_CAS
#define MAY_WRITE(c) true
#else
#define MAY_WRITE(c) (my_term[c] == term)
#endif
#define LEADS(c) (leader == c && my_term[c] == term)

#ifdef NO_NUMBER
#define RENEWS(h) (on[h] && renewal[h] != 0)
#else
#define RENEWS(h) (on[h] && renewal[h] == 1)
#endif

#ifdef NO_OWN_START
#define AT_START (2 * BOUND) /* its own absence is taken for silence */
#else
#define AT_START 0
#endif
#define WANTS_LEASE(h) !(story == OFF && h == 0 && term == 1)

inline lead(c)
{
	leader = c;
#ifdef NO_ELECTION
	if
	:: term == 0 -> term = 1
	:: else
	fi;
#else
	term++;
#endif
	my_term[c] = term;
	step[c] = IDLE;
	unanswered[0] = 1;
	unanswered[1] = 1;
	unanswered[2] = 1;
	quiet[0] = AT_START;
	quiet[1] = AT_START;
	quiet[2] = AT_START;
	h = 0
}

inline crash(c)
{
	step[c] = IDLE;
	my_vm[c] = 0;
	my_host[c] = 0;
	my_boot[c] = 0;
	off_sent[c] = 0;
	if
	:: leader == c -> leader = NOT
	:: else
	fi
}

/* --- everybody ----------------------------------------------------------- */

/* Proves, and bars what may be under way to a host that answers. */
inline prove(c, o)
{
	if
	:: BY_REPORT(o, v) ->
		epoch_seen[o * VMS + v] = epoch[v] + 1;
		term_seen[o] = my_term[c]
	:: else
	fi;
	my_vm[c] = v;
	my_host[c] = h;
	my_boot[c] = boot[h];
	step[c] = PROVED
}

#ifdef NO_RECORD
#define FIRST  (step[c] == PROVED && ROOM)
#define SECOND (step[c] == RECORDED)
#else
#define FIRST  (step[c] == PROVED)
#define SECOND (step[c] == RECORDED && ROOM)
#endif

/* The record, then the command; without the guard the other way round. */
inline first(c)
{
#ifdef NO_RECORD
	send(c, my_host[c], my_vm[c], epoch[my_vm[c]] + 1, my_boot[c]);
	step[c] = RECORDED
#else
	if
	:: MAY_WRITE(c) ->
		record(c);
		step[c] = RECORDED
	:: else -> step[c] = IDLE
	fi
#endif
}

inline second(c)
{
#ifdef NO_RECORD
	if
	:: MAY_WRITE(c) -> record(c)
	:: else
	fi;
#else
	send(c, my_host[c], my_vm[c], epoch[my_vm[c]], my_boot[c]);
#endif
	step[c] = IDLE;
	my_vm[c] = 0;
	my_host[c] = 0;
	my_boot[c] = 0
}

/* Turning the lease off: struck out of the record, then sent. */
inline lease_off(c)
{
#ifndef NO_STRIKE
	told[0] = 0;
#endif
	off_sent[c] = 1;
	turn_off = my_term[c]
}

active proctype world()
{
	byte h, v, c, i, t;

	d_step {
		for (h : 0 .. HOSTS - 1) {
			on[h] = 1;
			mgmt[h] = 1;
			storage[h] = 1;
			bmc[h] = 1;
			lease[h] = 1;
			armed[h] = 1;
			fresh[h] = 1
		}
		for (h : 0 .. HOSTS - 1) {
			told[h] = 1
		}
		term = 1;
		my_term[0] = 1;
		owner[1] = 1;
		runs[0] = 1;
		runs[1] = 2;
		/* A copy of the start of VM 0 is under way still. */
		net[0].used = 1;
		net[0].term = 1;
		h = 0
	}
	if
	:: story = PLAIN
	:: story = UNREAD
	:: story = OFF
	fi;
	do
	/* Time. */
	:: d_step {
		tick_host(0);
		tick_host(1);
		tick_host(2)
	}
	/* Coordinators. */
	:: atomic {
		select(c : 0 .. 1);
		if
		:: leader != c && term < TERMS -> d_step { lead(c) }
		:: LEADS(c) && step[c] == IDLE ->
			select(v : 0 .. VMS - 1);
			select(h : 0 .. HOSTS - 1);
			if
			:: h != owner[v] && on[h] && mgmt[h] &&
			   epoch[v] < EPOCHS && PROVED_AWAY(owner[v], v) ->
				d_step { prove(c, owner[v]) }
			/* Recorded there, and it does not run: again. */
			:: h == owner[v] && BY_REPORT(h, v) && ROOM ->
				d_step { send(c, h, v, epoch[v], boot[h]) }
			:: else
			fi
		:: FIRST -> d_step { first(c) }
		:: SECOND -> d_step { second(c) }
		:: LEADS(c) ->
			select(h : 0 .. HOSTS - 1);
			if
			/* Asked in its own term: what an older leader sent to
			 * turn it off has no effect from then on. */
			:: !told[h] && on[h] && mgmt[h] && armed[h] &&
			   WANTS_LEASE(h) ->
				d_step {
					term_seen[h] = my_term[c];
					told[h] = 1
				}
			/* Silent: power off. */
			:: on[h] && !mgmt[h] && bmc[h] ->
#ifdef NO_READBACK
				if
				:: d_step { die(h) }
				:: skip
				fi
#else
				d_step { die(h) }
#endif
			:: else
			fi
		/* It is off in the configuration of the first leader only. */
		:: story == OFF && LEADS(c) && term == 1 && !off_sent[c] &&
		   on[0] && mgmt[0] -> d_step { lease_off(c) }
		:: LEADS(c) && WANTS_LEASE(0) && !lease[0] && on[0] && mgmt[0] ->
			d_step {
				lease[0] = 1;
				term_seen[0] = my_term[c];
				settle(0)
			}
		:: step[c] != IDLE && faults < FAULTS || LEADS(c) && faults < FAULTS ->
			d_step {
				faults++;
				crash(c)
			}
		:: else
		fi;
		d_step { c = 0; v = 0; h = 0; i = 0; t = 0 }
	}
	/* The wire: late, doubled, lost. */
	:: atomic {
		select(i : 0 .. NET - 1);
		if
		:: net[i].used && IS_TAKEN(i) -> d_step { take(i) }
		:: else
		fi;
		if
		:: d_step { forget(i) }
		:: skip
		fi;
		d_step { i = 0; h = 0; v = 0; t = 0 }
	}
	:: d_step {
		turn_off != 0 ->
		if
		:: on[0] && TERM_IS_GOOD(0, turn_off) ->
			lease[0] = 0;
			armed[0] = 0;
			term_seen[0] = turn_off
		:: else
		fi;
		turn_off = 0
	}
	:: atomic {
		select(h : 0 .. 1);
		if
		:: RENEWS(h) ->
			d_step {
				fresh[h] = 1;
				armed[h] = armed[h] || lease[h];
				renewal[h] = 2
			}
		:: renewal[h] != 0 -> renewal[h] = 0 /* lost */
		:: else
		fi;
		h = 0
	}
	/* Hosts and their VMs. */
	:: atomic {
		select(h : 0 .. 1);
		if
		:: on[h] && faults < FAULTS ->
			d_step {
				faults++;
				die(h)
			}
			if
			:: bmc[h] = 0
			:: skip
			fi
		:: on[h] && mgmt[h] && faults < FAULTS ->
			d_step {
				faults++;
				mgmt[h] = 0
			}
			if
			:: storage[h] = 0
			:: skip
			fi;
			if
			:: bmc[h] = 0
			:: skip
			fi;
			/* A renewal was on its way, or a copy of one. */
			if
			:: renewal[h] = 1; unanswered[h] = 1
			:: renewal[h] = 2
			:: skip
			fi
		:: (runs[h] & 1) && faults < FAULTS ->
			faults++;
			runs[h] = runs[h] & 2
		:: !on[h] && !returned[h] ->
			d_step {
				returned[h] = 1;
				on[h] = 1;
				boot[h] = !boot[h];
				settle(h)
			}
		:: else
		fi;
		h = 0
	}
	od
}
