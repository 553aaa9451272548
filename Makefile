# Ironherd.  `make help` lists the targets; house rules are in ARCHITECTURE.md.

PKG_CONFIG ?= pkg-config
CFLAGS     ?= -O2 -g
PREFIX     ?= /usr/local
# Where our objects hang below 1.3.6.1.4.1: net-snmp's playpen until there is
# an enterprise number.  The one place; MIB text and code both take it from here.
IRONHERD_ARC ?= 8072.9999.9999.7

VERSION := 0.1.0
B := build$(if $(SAN),-san)
Q := $(if $(V),,@)

comma := ,
empty :=
space := $(empty) $(empty)

# --- flags: ours here, the user's in CPPFLAGS, CFLAGS and LDFLAGS ----------
warn   := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
          -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef
harden := -fstack-protector-strong -fPIE
harden += $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
san    := $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
defs   := -D_GNU_SOURCE -DIRONHERD_VERSION='"$(VERSION)"' \
          -DIRONHERD_ARC=$(subst .,$(comma),$(IRONHERD_ARC))
own     = -std=c11 $(defs) -I. -MMD -MP $(warn) $(harden) $(san) $(pkg_cflags)
link    = $(san) -pie -Wl,--as-needed -Wl,-z,relro,-z,now $(LDFLAGS)

pkgs   := libevent libconfuse jansson libvirt hwloc sqlite3 smartcols libcurl libcrypto
pkg_cflags := $(filter-out -I/usr/include,$(shell $(PKG_CONFIG) --cflags $(pkgs) OpenIPMI 2>/dev/null))

# --- rooms: every .c but main.c goes into the room's archive ---------------
rooms  := common snmp-mib ipmi agent scheduler/policy scheduler/coordinator \
          scheduler/cli scheduler/sim
room_src = $(filter-out %/main.c,$(wildcard $1/*.c))
room_lib = $B/lib/$(subst /,-,$1).a

# What a program or a unit test of each room links, most dependent first.
closure-common                := common
closure-snmp-mib              := snmp-mib common
closure-ipmi                  := ipmi common
closure-agent                 := agent snmp-mib ipmi common
closure-scheduler/policy      := scheduler/policy
closure-scheduler/coordinator := scheduler/coordinator scheduler/policy snmp-mib ipmi common
closure-scheduler/cli         := scheduler/cli scheduler/policy common
closure-scheduler/sim         := scheduler/sim scheduler/coordinator scheduler/policy snmp-mib ipmi common

pc = $(shell $(PKG_CONFIG) --libs $1)
libs-common    = $(call pc,libevent libconfuse jansson)
libs-snmp-mib  = -lnetsnmp $(libs-common) -lcrypto
libs-ipmi      = $(call pc,OpenIPMI) -lOpenIPMIutils $(libs-common) -lcrypto
libs-agent     = -lnetsnmpagent -lnetsnmpmibs $(libs-snmp-mib) $(libs-ipmi) $(call pc,libvirt hwloc) -lpthread
libs-scheduler/policy      =
libs-scheduler/coordinator = -lnetsnmpagent -lnetsnmpmibs $(libs-snmp-mib) $(libs-ipmi) $(call pc,libvirt sqlite3) -lpthread
libs-scheduler/cli         = $(libs-common) $(call pc,smartcols libcurl)
libs-scheduler/sim         = $(libs-scheduler/coordinator)

programs := ironherd-agent ironherd-coordinator ironherd ironherd-sim
dir-ironherd-agent       := agent
dir-ironherd-coordinator := scheduler/coordinator
dir-ironherd             := scheduler/cli
dir-ironherd-sim         := scheduler/sim

# The policy folder of the tests belongs to scheduler/policy, and so on; what
# only its tests need is tests/support/policy_*.c.
test_room = $(if $(filter policy coordinator cli sim,$1),scheduler/$1,$1)
test_support = $(patsubst %.c,$B/obj/%.o,$(wildcard tests/support/$(firstword $(subst -, ,$1))_*.c))
tests    := $(patsubst tests/unit/%.c,$B/unit/%,$(wildcard tests/unit/*/test_*.c))
# An archive: a test links only what it uses, so fakes of one room need not
# link into another's tests.
support  := $B/lib/tests-support.a
mib      := $B/mibs/IRONHERD-MIB.txt $B/mibs/IRONHERD-CAPS-MIB.txt

all: $(programs:%=$B/bin/%) $(mib)        ## build the programs (default)

$(foreach r,$(rooms),$(eval $(call room_lib,$r): $(patsubst %.c,$B/obj/%.o,$(call room_src,$r))))
$(support): $(patsubst %.c,$B/obj/%.o,$(wildcard tests/support/*.c))

$B/lib/%.a:
	@mkdir -p $(@D)
	@echo "  AR   $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$B/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(own) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# All of the simulation's objects: its drivers take the place of what the
# archives have.
link-ironherd-sim := -Wl,--wrap=decide
objs-ironherd-sim := $(patsubst %.c,$B/obj/%.o,$(call room_src,scheduler/sim))

define program
$B/bin/$1: $B/obj/$(dir-$1)/main.o $(objs-$1) $(foreach r,$(closure-$(dir-$1)),$(call room_lib,$r))
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(CC) $$(link) $(link-$1) -o $$@ $$^ $$(libs-$(dir-$1))
endef
$(foreach p,$(programs),$(eval $(call program,$p)))

define unit
$B/unit/$1/test_%: $B/obj/tests/unit/$1/test_%.o $(call test_support,$1) $(support) $(foreach r,$(closure-$(call test_room,$1)),$(call room_lib,$r))
	@mkdir -p $$(@D)
	@echo "  LD   $$@"
	$$(Q)$$(CC) $$(link) -o $$@ $$^ $$(libs-$(call test_room,$1)) $$(call pc,cmocka)
endef
$(foreach d,$(notdir $(wildcard tests/unit/*)),$(eval $(call unit,$d)))

# The arc, as named nodes below enterprises.
$B/mibs/%.txt: snmp-mib/%.txt.in snmp-mib/arc.awk Makefile
	@mkdir -p $(@D)
	@echo "  MIB  $@"
	$(Q)awk -v arc=$(IRONHERD_ARC) -f snmp-mib/arc.awk $< >$@

# What is supported is what the MIB's compliances ask for.
$B/mibs/IRONHERD-CAPS-MIB.txt: snmp-mib/IRONHERD-CAPS-MIB.txt.in snmp-mib/IRONHERD-MIB.txt.in snmp-mib/caps.awk Makefile
	@mkdir -p $(@D)
	@echo "  MIB  $@"
	$(Q)awk -v version=$(VERSION) -f snmp-mib/caps.awk snmp-mib/IRONHERD-MIB.txt.in $< >$@

# --- the lab's small tools -------------------------------------------------
lab_tools := $B/lab/init $B/lab/oracle $B/lab/guest.bin $B/lab/bmcfarm
$B/lab/%: tests/lab/%.c
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(Q)$(CC) -std=c11 $(defs) -I. $(warn) $(harden) $(san) $(CFLAGS) -pie -o $@ $< $(call pc,jansson)
$B/lab/bmcfarm: $(patsubst %.c,$B/obj/%.o,$(wildcard tests/farm/*.c))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $^ -lcrypto
$B/lab/guest.bin: tests/lab/guest.asm
	@mkdir -p $(@D)
	@echo "  ASM  $@"
	$(Q)nasm -f bin -o $@ $<

# --- checks ----------------------------------------------------------------
# Standard MIBs for smilint, where there are some.
smi := $(or $(SMIPATH),$(abspath $(wildcard ../shared/mibs)))

check: check-layers check-unit check-sim check-lab ## everything: layers, units, simulation, lab

test-programs: all $(tests) $(lab_tools)       ## all that the checks run; with -j

check-unit: all $(tests) $B/lab/bmcfarm                       ## unit tests
	$(Q)$(and $(smi),SMIPATH=$(smi)) tests/run-units $(tests)

check-sim: $B/bin/ironherd-sim                 ## storms and scenarios, HOURS=10
	$(Q)SIM=$B/bin/ironherd-sim $(and $(HOURS),HOURS=$(HOURS)) tests/sim/run

storm: $B/bin/ironherd-sim                     ## HOURS=1000 of simulated faults, SEED=1
	$(Q)$B/bin/ironherd-sim storm --hours $(or $(HOURS),1000) --seed $(or $(SEED),1)

check-layers:                                  ## who may include whom
	$(Q)tests/check-layers
	$(Q)tests/check-layers --self-test

check-lab: all $(lab_tools)                    ## end to end in the lab (root)
	$(Q)LAB_BIN=$B/lab BIN=$B/bin tests/lab/selfcheck
	$(Q)LAB_BIN=$B/lab BIN=$B/bin tests/lab/run

check-model:                                   ## the model of who may start a VM (minutes)
	$(Q)WORK=$B/model tests/model/check

fuzz: $(patsubst tests/fuzz/fuzz_%.c,fuzz-%,$(wildcard tests/fuzz/fuzz_*.c)) ## fuzz each parser for SECONDS=60

fuzz-%: tests/fuzz/fuzz_%.c
	@mkdir -p $B/fuzz/$*
	$(Q)clang -std=c11 -g -O1 $(defs) -I. $(pkg_cflags) -fno-sanitize-recover=undefined \
	        -fsanitize=fuzzer,address,undefined -o $B/fuzz/fuzz_$* $< $(fuzz-src-$*) $(or $(fuzz-libs-$*),$(libs-snmp-mib))
	$(Q)$B/fuzz/fuzz_$* -max_total_time=$(or $(SECONDS),60) -timeout=5 $B/fuzz/$* $(wildcard tests/fuzz/corpus/$*)
fuzz-src-config := $(wildcard common/config*.c) common/err.c common/num.c common/alloc.c common/log.c common/file.c common/secret.c
fuzz-src-ipmi   := $(wildcard ipmi/*.c common/*.c) tests/support/ipmi_fake.c
fuzz-libs-ipmi   = $(libs-ipmi)
fuzz-src-sel    := $(fuzz-src-ipmi)
fuzz-libs-sel    = $(libs-ipmi)
fuzz-src-sdr    := $(fuzz-src-ipmi)
fuzz-libs-sdr    = $(libs-ipmi)
fuzz-src-pet    := $(fuzz-src-ipmi)
fuzz-libs-pet    = $(libs-ipmi)
fuzz-src-guest  := $(filter-out agent/vm_tell.c,$(wildcard agent/guest*.c agent/vm_*.c)) agent/virt_xml.c agent/xml.c agent/text.c agent/uuid.c \
                   agent/source.c agent/index.c agent/sysroot.c snmp-mib/node_report.c snmp-mib/node_detail.c \
                   $(wildcard common/*.c)
fuzz-libs-guest  = $(libs-common) -lcrypto
fuzz-src-net    := agent/netlink.c agent/lldp.c agent/mounts_parse.c agent/text.c $(wildcard common/*.c)
fuzz-libs-net    = $(libs-common)
fuzz-src-codec  := $(wildcard snmp-mib/codec*.c snmp-mib/detail_*.c snmp-mib/node_*.c) snmp-mib/notice.c snmp-mib/hex.c common/err.c common/num.c common/alloc.c common/log.c

# --- benches: figures beside those of peers, on the same machine and run ----
$B/bench/%: $B/obj/tests/bench/%.o $(foreach r,ipmi common,$(call room_lib,$r))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $^ $(libs-ipmi)

$B/bench/inform_bench: $B/obj/tests/bench/inform_bench.o $(foreach r,snmp-mib common,$(call room_lib,$r))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $^ -lnetsnmpagent $(libs-snmp-mib) -lpthread

$B/bench/snmp_%: $B/obj/tests/bench/snmp_%.o $(foreach r,snmp-mib common,$(call room_lib,$r))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(libs-snmp-mib)

$B/bench/snmp_farm: $(patsubst %.c,$B/obj/%.o,$(wildcard tests/bench/snmp_farm_*.c))

bench-ipmi: $B/bench/ipmi_bench $B/lab/bmcfarm  ## ipmi/ against ipmipower and others (root)
	$(Q)OUT=$B/bench FARM=$B/lab/bmcfarm BENCH=$B/bench/ipmi_bench tests/bench/ipmi

$B/bench/snmp_hung_bmc.so: tests/bench/snmp_hung_bmc.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) -std=c11 $(defs) $(warn) $(CFLAGS) -fPIC -shared -o $@ $<

bench_snmp := $(addprefix $B/bench/,snmp_bench snmp_farm snmp_walk snmp_hung_bmc.so)
bench-snmp: all $(bench_snmp) $(patsubst tests/%.c,$B/%,$(wildcard tests/bench/inform_bench.c)) ## SNMP against gosnmp and others (root)
	$(Q)OUT=$B/bench TOOLS=$B/bench AGENT=$B/bin/ironherd-agent tests/bench/snmp

$B/bench/decide_bench: $B/obj/tests/bench/decide_bench.o $(call room_lib,scheduler/policy)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $^

bench-decide: $B/bench/decide_bench            ## CPU time of a decision: 64 hosts, 2,000 VMs
	$(Q)$B/bench/decide_bench | tee $B/bench/decide.json

# --- a node with a true BMC; optional, minutes -----------------------------
$B/system/%: $B/obj/tests/system/%.o $(foreach r,ipmi common,$(call room_lib,$r))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(link) -o $@ $^ $(libs-ipmi)

$B/system/sim_more.so: tests/system/sim_more.c
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) -std=c11 $(defs) $(warn) $(CFLAGS) -fPIC -shared -o $@ $<

$B/system/memory_user: tests/system/memory_user.c
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) -std=c11 $(defs) $(warn) $(CFLAGS) -o $@ $<

check-node: all $(addprefix $B/system/,bmc_probe memory_user sim_more.so) ## a node with a true BMC (minutes)
	$(Q)BIN=$B/bin TOOLS=$B/system KERNEL=$B/node/kernel \
	        MIB=$B/mibs/IRONHERD-MIB.txt IRONHERD_ARC=$(IRONHERD_ARC) tests/system/node

lint:                                          ## clang-tidy and cppcheck
	$(Q)tests/lint $(defs) $(pkg_cflags)

check-churn: all $(lab_tools)                  ## the agent under valgrind for MINUTES=60 (root)
	$(Q)LAB_BIN=$B/lab BIN=$B/bin OUT=$B/churn tests/lab/churn

demo:                                          ## pull a plug and watch (root)
	$(Q)packaging/deps
	$(Q)$(MAKE) --no-print-directory all $(lab_tools)
	$(Q)LAB_BIN=$B/lab BIN=$B/bin tests/lab/demo

lab-up: all $(lab_tools)                       ## a lab of N=3 hosts (root)
	$(Q)LAB_BIN=$B/lab BIN=$B/bin tests/lab/lab up $(or $(N),3)

lab-down:                                      ## take the lab down again
	$(Q)LAB_BIN=$B/lab BIN=$B/bin tests/lab/lab down

# --- installation ----------------------------------------------------------
bindir  := $(DESTDIR)$(PREFIX)/bin
sbindir := $(DESTDIR)$(PREFIX)/sbin
mandir  := $(DESTDIR)$(PREFIX)/share/man
mibdir  := $(DESTDIR)$(PREFIX)/share/snmp/mibs

install: all                                   ## DESTDIR= PREFIX=
	install -d $(bindir) $(sbindir) $(mibdir) $(mandir)/man1 $(mandir)/man5 $(mandir)/man7 $(mandir)/man8
	install -m 755 $B/bin/ironherd $B/bin/ironherd-sim $(bindir)
	install -m 755 $B/bin/ironherd-agent $B/bin/ironherd-coordinator $(sbindir)
	install -m 644 $(mib) $(mibdir)
	install -D -m 644 packaging/completion/ironherd \
	        $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ironherd
	install -m 644 $(wildcard */*.1 scheduler/*/*.1) $(mandir)/man1
	install -m 644 $(wildcard */*.5 scheduler/*/*.5) $(mandir)/man5
	install -m 644 $(wildcard scheduler/*/*.7) $(mandir)/man7
	install -m 644 $(wildcard */*.8 scheduler/*/*.8) $(mandir)/man8

format:                                        ## lay the code out anew
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h')

clean:                                         ## remove what was built
	rm -rf build build-san

help:                                          ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16
	@echo "  V=1 shows commands; SAN=1 builds with sanitizers into build-san"

.SECONDARY:
.PHONY: all check check-unit check-layers check-lab check-node check-churn \
        check-model check-sim test-programs storm fuzz bench-ipmi bench-snmp \
        bench-decide lint demo lab-up lab-down install format clean help
-include $(shell find $B/obj -name '*.d' 2>/dev/null)
