# SafeStream: builds build/libss.a and the programs in build/bin/.
#
#   make            build                make check    deps, build, every test
#   make run        deps, build, start   make lint     formatting and checkers
#   make install    PREFIX=/usr/local    make help     all targets and switches
#
# One Makefile, not recursive: what a target needs stands here and nowhere
# else. CFLAGS, CPPFLAGS and LDFLAGS belong to the user; what the code itself
# needs is added beside them. A change of flags or of the list of files
# rebuilds what it touches (the stamp $(B)/flags).

VERSION := 0.1.0

.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
SHELL := /bin/sh

# --- what may be set ------------------------------------------------------

# make's own defaults (cc) are no wish of the user's
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
FUZZ_CC ?= clang
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
SAN ?=
COV ?=
DEVELOPER ?=
V ?=

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d

SS_PORT ?= 8000
FUZZ_SECONDS ?= 60
BATS ?= bats
# bats runs files side by side only where GNU parallel is there; most tests
# wait for something, so there may be more of them than cores
BATS_FLAGS ?= $(shell command -v parallel >/dev/null 2>&1 && \
	parallel --version 2>/dev/null | grep -q GNU && echo --jobs 3)
TESTS ?= $(sort $(wildcard tests/*.bats))

# --- flags ----------------------------------------------------------------

comma := ,
B := build
ifneq ($(SAN),)
B := build/san-$(subst $(comma),-,$(SAN))
endif
ifneq ($(COV),)
B := build/cov
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wwrite-strings -Wformat=2 -fno-common
ifneq ($(DEVELOPER),)
WARN += -Werror
endif
STD := -std=c11 -D_POSIX_C_SOURCE=200809L
OWN_CPPFLAGS := -Ilib -I$(B)/gen -DSS_VERSION='"$(VERSION)"'
OWN_CFLAGS := $(STD) $(WARN) -fPIE -fstack-protector-strong
OWN_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
ifneq ($(SAN),)
# a finding ends the program, so that its test fails
# what they do at the end, a sandbox forbids
OWN_CPPFLAGS += -DSS_NO_SANDBOX
OWN_CFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
OWN_LDFLAGS += -fsanitize=$(SAN)
export ASAN_OPTIONS ?= detect_leaks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
else ifneq ($(COV),)
OWN_CPPFLAGS += -DSS_NO_SANDBOX
OWN_CFLAGS += --coverage -O0
OWN_LDFLAGS += --coverage
else
OWN_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# Libraries, per program. Expanded in recipes only: `make deps` may install
# them in the same run. Debian 12's libjq-dev has no pkg-config file; libcurl
# is loaded by lib/libcurl.c when it is needed.
JQ_CFLAGS ?=
JQ_LIBS ?= -ljq
WS_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libwebsockets)
WS_LIBS ?= $(shell $(PKG_CONFIG) --libs libwebsockets) -lev
CRYPTO_LIBS ?= $(shell $(PKG_CONFIG) --libs libcrypto)
URING_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags liburing)
URING_LIBS ?= $(shell $(PKG_CONFIG) --libs liburing)
SSL_LIBS ?= $(shell $(PKG_CONFIG) --libs libssl)
PCRE2_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libpcre2-8)
PCRE2_LIBS ?= $(shell $(PKG_CONFIG) --libs libpcre2-8)
CURL_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags libcurl)
ICU_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags icu-i18n icu-uc)
ICU_LIBS ?= $(shell $(PKG_CONFIG) --libs icu-i18n icu-uc)
SQLITE_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags sqlite3)
SQLITE_LIBS ?= $(shell $(PKG_CONFIG) --libs sqlite3)

LDLIBS.ss-dash = $(SQLITE_LIBS) $(CRYPTO_LIBS) -pthread
LDLIBS.ss-gateway = $(WS_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS) $(ICU_LIBS) \
	$(URING_LIBS)
LDLIBS.ss-load = $(CRYPTO_LIBS)
LDLIBS.ss-log = $(SQLITE_LIBS) -pthread
CFLAGS.cmd/ss-moderate/jobs = -pthread
LDLIBS.ss-moderate = -pthread $(JQ_LIBS) $(PCRE2_LIBS) $(ICU_LIBS)
LDLIBS.ss-token = $(CRYPTO_LIBS)
LDLIBS.ss-train = $(ICU_LIBS) -lz
# many square roots; vectors of them give the same bits
CFLAGS.cmd/ss-train/learn = -O3 -fno-math-errno
CFLAGS.cmd/ss-dash = $(SQLITE_CFLAGS) -pthread
CFLAGS.cmd/ss-log = $(SQLITE_CFLAGS) -pthread
CFLAGS.cmd/ss-gateway = $(WS_CFLAGS) $(URING_CFLAGS)
CFLAGS.lib/fetch = $(CURL_CFLAGS)
CFLAGS.lib/http = $(CURL_CFLAGS)
CFLAGS.lib/libcurl = $(CURL_CFLAGS)
CFLAGS.lib/filter = $(JQ_CFLAGS)
CFLAGS.lib/list/regex = $(PCRE2_CFLAGS)
CFLAGS.lib/skeleton = $(ICU_CFLAGS)
CFLAGS.lib/toxic/unicode = $(ICU_CFLAGS)

# --- what there is --------------------------------------------------------

LIB_SRC := $(sort $(wildcard lib/*.c lib/*/*.c))
PROGS := $(sort $(patsubst cmd/%.c,%,$(wildcard cmd/ss-*.c)) \
	$(patsubst cmd/%/,%,$(wildcard cmd/ss-*/)))
CMD_SRC := $(sort $(wildcard cmd/ss-*.c cmd/ss-*/*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
BENCH_SRC := $(sort $(wildcard tests/bench/*.c))
MAN := $(sort $(wildcard man/*.1 man/*.5 man/*.7))
C_SRC := $(LIB_SRC) $(CMD_SRC) $(UNIT_SRC) $(FUZZ_SRC) $(BENCH_SRC)
C_ALL = $(C_SRC) $(sort $(wildcard lib/*.h lib/*/*.h cmd/*/*.h tests/*/*.h))

# The programs with pages; a page may use what another program has. A name is
# the path that it is served under.
WWW_PROGS := $(sort $(patsubst cmd/%/www/index.html,%,\
	$(wildcard cmd/ss-*/www/index.html)))
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
WWW.ss-dash = $(CHART_JS) $(addprefix cmd/ss-gateway/www/,catalogue.js \
	follow.js icon.svg palette.css roles.js)
www_src = $(sort $(wildcard cmd/$(1)/www/*) $(WWW.$(1)))

GEN := $(B)/gen/phrases.inc $(B)/gen/phrases-tests.inc \
	$(B)/gen/usual.inc \
	$(WWW_PROGS:%=$(B)/gen/www-%.inc)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))
BIN := $(PROGS:%=$(B)/bin/%)
UNIT := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/%)
FUZZ := $(FUZZ_SRC:tests/fuzz/%.c=build/fuzz/%)
BENCH := $(BENCH_SRC:tests/bench/%.c=$(B)/bench/%)

# A quiet build says what it does in a word; make -s nothing, V=1 all of it.
ifneq ($(V),)
say = @:
Q :=
else
Q := @
ifneq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
say = @:
else
say = @printf '  %-4s %s\n'
endif
endif

# Targets that begin with `deps` must not compile before it is done.
FIRST :=
ifneq ($(filter check check-unit coverage run soak screenshots,$(MAKECMDGOALS)),)
FIRST := deps
endif

# --- building -------------------------------------------------------------

.PHONY: all programs unit FORCE
all: $(B)/libss.a programs
programs: $(BIN)
unit: $(UNIT)

$(B)/flags: FORCE | $(FIRST)
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(CC) $(OWN_CPPFLAGS) $(CPPFLAGS) \
		$(OWN_CFLAGS) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) $(JQ_CFLAGS) \
		$(JQ_LIBS) $(C_SRC) $(foreach p,$(WWW_PROGS),\
		$(call www_src,$(p))))' >$@.new
	@if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi

$(B)/obj/%.o: %.c $(B)/flags | $(FIRST)
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(CC) $(OWN_CPPFLAGS) $(CPPFLAGS) $(OWN_CFLAGS) $(CFLAGS) \
		$(CFLAGS.$(*)) $(CFLAGS.$(patsubst %/,%,$(dir $*))) \
		-MMD -MP -c -o $@ $<

# made of data: GEN
$(B)/gen/phrases.inc: lib/toxic/phrases.awk lib/toxic/phrases.txt
	$(say) AWK $@
	@mkdir -p $(@D)
	$(Q)awk -f $^ >$@
$(B)/gen/phrases-tests.inc: lib/toxic/phrases.awk lib/toxic/phrases.txt
	$(say) AWK $@
	@mkdir -p $(@D)
	$(Q)awk -v tests=1 -f $^ >$@
$(B)/gen/usual.inc: lib/toxic/usual.awk lib/toxic/usual.txt
	$(say) AWK $@
	@mkdir -p $(@D)
	$(Q)awk -f $^ >$@
$(B)/obj/lib/toxic/phrases.o: $(B)/gen/phrases.inc
$(B)/obj/lib/toxic/usual.o: $(B)/gen/usual.inc
$(B)/obj/tests/unit/phrases.o: $(B)/gen/phrases-tests.inc

# Debian's, as it is (libjs-chart.js)
$(CHART_JS): | $(FIRST)
	@test -e '$@' || { echo '$@ is missing: make deps' >&2; exit 1; }

# $(1): a program with pages; they are part of its pages.o
define pages
$$(B)/gen/www-$(1).inc: lib/www.sh $$(call www_src,$(1)) $$(B)/flags
	$$(say) WWW $$@
	@mkdir -p $$(@D)
	$$(Q)sh lib/www.sh $$(B)/gen/www-$(1) $$(call www_src,$(1)) >$$@
$$(B)/obj/cmd/$(1)/pages.o: $$(B)/gen/www-$(1).inc
endef
$(foreach p,$(WWW_PROGS),$(eval $(call pages,$(p))))

# the model is part of that file
$(B)/obj/lib/toxic/default.o: lib/toxic/default.ssm

$(B)/libss.a: $(call obj,$(LIB_SRC)) $(B)/flags
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# $(1): a program; its source is cmd/NAME.c or the folder cmd/NAME/
define program
$$(B)/bin/$(1): $$(call obj,$$(sort $$(wildcard cmd/$(1).c cmd/$(1)/*.c))) \
		$$(B)/libss.a
	$$(say) LD $$@
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS) $$(OWN_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ \
		$$(LDLIBS.$(1)) -lm
endef
$(foreach p,$(PROGS),$(eval $(call program,$(p))))

$(UNIT): $(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libss.a
	$(say) LD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ \
		$(JQ_LIBS) $(PCRE2_LIBS) $(ICU_LIBS) $(CRYPTO_LIBS) \
		$(URING_LIBS) -lm
# a part of a program that stands alone
$(B)/tests/burst: $(call obj,cmd/ss-gateway/burst.c)

$(BENCH): $(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/libss.a
	$(say) LD $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(URING_LIBS)

# lib/ once for all of them, and as an archive: what a target doesn't use is no
# part of it, and of no concern to the fuzzer
FUZZ_FLAGS = $(OWN_CPPFLAGS) -U_FORTIFY_SOURCE $(CPPFLAGS) $(STD) $(WARN) \
	-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	$(JQ_CFLAGS) $(CURL_CFLAGS) $(ICU_CFLAGS)
build/fuzz/obj/%.o: %.c $(GEN) $(B)/flags
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
build/fuzz/obj/lib/toxic/default.o: lib/toxic/default.ssm
build/fuzz/libss.a: $(LIB_SRC:%.c=build/fuzz/obj/%.o)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^
$(FUZZ): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o build/fuzz/libss.a
	$(say) LD $@
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(JQ_LIBS) $(PCRE2_LIBS) $(ICU_LIBS) $(CRYPTO_LIBS) -lm

-include $(patsubst %.c,$(B)/obj/%.d,$(C_SRC))
-include $(patsubst %.c,build/fuzz/obj/%.d,$(LIB_SRC) $(FUZZ_SRC))

# $(1) inside a JSON string, inside a shell's single quotes
json_sq = $(subst ','\'',$(subst ",\",$(subst \,\\,$(1))))
compile_commands.json: $(B)/flags
	@{ sep='['; for f in $(C_SRC); do \
		printf '%s\n{"directory":"%s","file":"%s","command":"%s %s"}' \
			"$$sep" "$$PWD" "$$f" '$(call json_sq,$(CC) \
			$(OWN_CPPFLAGS) $(CPPFLAGS) $(OWN_CFLAGS) $(CFLAGS) -c)' \
			"$$f"; sep=,; \
	done; printf '\n]\n'; } >$@

# --- what must be installed -----------------------------------------------

DEPS := gcc libc6-dev make pkg-config libwebsockets-dev \
	libwebsockets-evlib-ev libev-dev liburing-dev \
	libjq-dev libcurl4-openssl-dev \
	libpcre2-dev libicu-dev libssl-dev openssl \
	zlib1g-dev libsqlite3-dev sqlite3 jq curl socat bats bats-support \
	bats-assert parallel python3-websockets mandoc procps libjs-chart.js
LINT_DEPS := clang clang-format clang-tidy cppcheck mandoc shellcheck \
	codespell pmccabe
FUZZ_DEPS := clang
# the shell is Chromium without windows, and a test half as long
BROWSER_DEPS := chromium chromium-headless-shell fonts-noto-color-emoji

# $(1): Debian packages. Root and network are needed only where one is
# missing; on other systems it says what is needed and leaves it at that.
define apt
@command -v dpkg-query >/dev/null 2>&1 || { \
	echo 'no dpkg here; what is needed has these names in Debian:' $(1); \
	exit 0; }; \
have=$$(dpkg-query -W -f '$${db:Status-Status} $${Package}\n' $(1) \
	2>/dev/null | sed -n 's/^installed //p'); \
missing=; for p in $(1); do \
	printf '%s\n' "$$have" | grep -qxF -- "$$p" || missing="$$missing $$p"; \
done; \
test -n "$$missing" || exit 0; \
echo "installing:$$missing"; \
export DEBIAN_FRONTEND=noninteractive; \
sudo=; test "$$(id -u)" = 0 || sudo='sudo -E'; \
$$sudo apt-get -q update || echo 'apt-get update failed; trying anyway' >&2; \
$$sudo apt-get -q install -y --no-install-recommends $$missing </dev/null
endef

.PHONY: deps lint-deps fuzz-deps deps-browser
deps:
	$(call apt,$(DEPS))
lint-deps:
	$(call apt,$(LINT_DEPS))
fuzz-deps:
	$(call apt,$(FUZZ_DEPS))
# a browser for tests/browser.bats; who has a node of his own keeps it
deps-browser:
	$(call apt,$(BROWSER_DEPS) $(if $(shell command -v npm),,nodejs npm))
	@$(MAKE) -s tests/browser/node_modules/.package-lock.json
tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

# --- the model ------------------------------------------------------------

# MODDATA: a folder with train.tsv.gz and ml_train.tsv.gz; see lib/toxic/MODEL.md
# usual words first: they are part of how the trainer reads
.PHONY: model usual
usual:
	@test -n '$(MODDATA)' || { echo 'make $@ MODDATA=DIR' >&2; exit 2; }
	lib/toxic/usual-count.sh '$(MODDATA)/train.tsv.gz' \
		'$(MODDATA)/ml_train.tsv.gz' >lib/toxic/usual.txt.new
	cmp -s lib/toxic/usual.txt.new lib/toxic/usual.txt || \
		cp lib/toxic/usual.txt.new lib/toxic/usual.txt
	rm lib/toxic/usual.txt.new
model: usual
	$(MAKE) $(B)/bin/ss-train
	$(B)/bin/ss-train -o lib/toxic/default.ssm \
		'$(MODDATA)/train.tsv.gz' '$(MODDATA)/ml_train.tsv.gz' \
		lib/toxic/benign.tsv lib/toxic/abuse.tsv

# --- running and testing --------------------------------------------------

TEST_ENV = BINDIR='$(CURDIR)/$(B)/bin' UNITDIR='$(CURDIR)/$(B)/tests' LC_ALL=C

.PHONY: run check check-unit check-san check-bats coverage fuzz soak bench bench-quick bench-deps help \
	screenshots
run: deps all
	@PATH='$(CURDIR)/$(B)/bin':"$$PATH" SS_PORT='$(SS_PORT)' \
		exec examples/supervise.sh

# Where tests/unit.bats runs the unit tests, they are not run twice.
check: deps all unit $(BENCH) $(B)/tests/shim.so $(B)/tests/mallocs.so $(if $(wildcard tests/unit.bats),,check-unit)
	$(Q)$(TEST_ENV) $(BATS) $(BATS_FLAGS) $(TESTS)

# in a folder of their own: some write files
check-unit: unit
	@mkdir -p $(B)/check-unit && cd $(B)/check-unit && rc=0; \
	for t in $(abspath $(UNIT)); do echo "# $$t"; "$$t" || rc=1; done; \
	exit $$rc

check-san:
	$(MAKE) SAN=address,undefined check

# Lines that the tests ran, per file. Programs that a test kills with
# SIGKILL don't report theirs.
coverage:
	-$(MAKE) COV=1 check
	@cd build/cov && for o in $(patsubst %.c,obj/%.o,$(LIB_SRC) $(CMD_SRC)); \
	do gcov -n -o "$$o" "$$o" 2>/dev/null; done | awk -F"'" ' \
		/^File/ { f = $$2 } \
		/^Lines executed/ && f ~ /\.c$$/ { \
			split($$0, a, /[:% ]+/); p = a[3]; n = a[5]; \
			printf "%6.1f%% of %5d  %s\n", p, n, f; \
			t += n; s += p * n / 100; f = "" } \
		END { if (t) printf "%6.1f%% of %5d  total\n", 100 * s / t, t }'

# Kills everything for so long, and counts what is lost.
SECONDS ?= 60
SEED ?= 1
soak: deps all $(B)/tests/shim.so
	/usr/bin/python3 tests/faults/faults.py --bin $(B)/bin \
		--shim $(B)/tests/shim.so --seconds $(SECONDS) --seed $(SEED) \
		$(SOAK_FLAGS)

$(B)/tests/shim.so: tests/faults/shim.c
	$(say) LD $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -Wall -Wextra -O2 -fPIC -shared -o $@ $< -ldl

$(B)/tests/mallocs.so: tests/faults/mallocs.c
	$(say) LD $@
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -Wall -Wextra -O2 -fPIC -shared -o $@ $< -ldl

# the pictures in the README, taken anew
screenshots: deps-browser all
	node tests/browser/screenshots.mjs '$(CURDIR)/$(B)/bin' examples/screenshots

fuzz: fuzz-deps $(FUZZ)
	@for t in $(FUZZ); do \
		echo "# $$t, $(FUZZ_SECONDS) s"; \
		mkdir -p "$$t.corpus" "tests/fuzz/corpus/$${t##*/}"; \
		"$$t" -max_total_time=$(FUZZ_SECONDS) -max_len=8192 \
			-artifact_prefix="$$t." "$$t.corpus" \
			"tests/fuzz/corpus/$${t##*/}" || exit 1; \
	done

bench: all $(BENCH)
	@for t in $(sort $(wildcard tests/bench/*.sh)); do \
		PATH='$(CURDIR)/$(B)/bin:$(CURDIR)/$(B)/bench':"$$PATH" bash "$$t" || exit 1; \
	done
	@PATH='$(CURDIR)/$(B)/bin:$(CURDIR)/$(B)/bench':"$$PATH" \
		python3 tests/bench/fanout.py

# one short round of the fan-out's part, peers and all
bench-quick: all $(BENCH)
	@PATH='$(CURDIR)/$(B)/bin:$(CURDIR)/$(B)/bench':"$$PATH" \
		python3 tests/bench/fanout.py --quick

# the peers that `make bench` compares with; it says which are missing
bench-deps:
	RUNLEVEL=1 apt-get install -y --no-install-recommends nginx \
		libnginx-mod-nchan node-ws python3-fastapi python3-uvicorn \
		python3-websockets nats-server mosquitto jq s6 apache2-utils \
		$(if $(shell command -v npm),,nodejs npm)
	npm install --prefix build/npm --no-audit --no-fund --ignore-scripts \
		@trufflesuite/uws-js-unofficial@20.30.0-unofficial.0

help:
	@sed -n 's/^# \{0,1\}//; 1,/^$$/p' Makefile
	@echo 'targets: all check check-unit check-san lint format coverage'
	@echo '  fuzz soak bench bench-quick bench-deps model completions deps lint-deps'
	@echo '  deps-browser run screenshots install uninstall'
	@echo '  dist clean compile_commands.json'
	@echo 'switches: CC=clang SAN=address,undefined DEVELOPER=1 V=1'
	@echo '  TESTS="tests/meta.bats" BATS_FLAGS="-f NAME" FUZZ_SECONDS=60'
	@echo '  SECONDS=600 SEED=1 (soak)'
	@echo '  PREFIX DESTDIR BINDIR MANDIR BASHCOMPDIR ZSHCOMPDIR FISHCOMPDIR'

# --- completions ----------------------------------------------------------

.PHONY: completions
completions: all
	@PATH='$(CURDIR)/$(B)/bin':"$$PATH" completions/generate.sh completions

# --- lint -----------------------------------------------------------------

SH_SRC = $(sort $(wildcard .ci/run examples/*.sh completions/*.sh lib/*.sh \
	lib/*/*.sh \
	tests/*.bash tests/*.sh tests/*/*.sh))
LINT_CPP = $(OWN_CPPFLAGS) $(CPPFLAGS) $(WS_CFLAGS) $(CURL_CFLAGS) \
	$(PCRE2_CFLAGS) $(ICU_CFLAGS) $(SQLITE_CFLAGS)

# Each checker is a target of its own, so that `make -k lint` shows all.
LINTS := lint-format lint-warnings lint-tidy lint-cppcheck lint-man \
	lint-shell lint-spelling lint-size
.PHONY: lint format $(LINTS)
lint: $(LINTS)
$(LINTS): | lint-deps
format:
	clang-format -i --style=file $(C_ALL)

lint-format:
	clang-format --dry-run -Werror --style=file $(C_ALL)
lint-warnings lint-tidy lint-cppcheck: $(GEN)
lint-warnings lint-tidy: | deps
lint-warnings:
	@rc=0; for cc in gcc clang; do for f in $(C_SRC); do \
		$$cc $(LINT_CPP) $(STD) $(WARN) -O2 -Werror -fsyntax-only $$f || \
			rc=1; \
	done; done; exit $$rc
lint-tidy:
	@clang-tidy --quiet $(C_SRC) -- $(LINT_CPP) $(STD) 2>/dev/null
lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem -Ilib lib cmd
# Whether the pages that ours refer to are installed here doesn't matter;
# tests/meta.bats looks after those that are ours.
lint-man:
	@: what it finds is on stdout, and stderr would be mixed into its lines
	@mandoc -T lint -W style $(MAN) 2>/dev/null | awk ' \
		!/referenced manual not found/ { print; bad = 1 } \
		END { exit bad }'
lint-shell:
	shellcheck -x $(SH_SRC)
	@: bats assigns stderr, and each test is a subshell on purpose
	shellcheck -x -S warning --shell=bats -e SC2030,SC2031,SC2154 \
		$(sort $(wildcard tests/*.bats))
lint-spelling:
	@codespell
# Past 80 lines or a complexity of 20 (a switch counts as one) a function
# has to be cut. A table of options in main is long, but has no statements.
lint-size:
	@pmccabe $(LIB_SRC) $(CMD_SRC) | awk '$$1 > 20 || ($$5 > 80 && $$3 > 15) { \
		print $$0 ": too large"; bad = 1 } END { exit bad }'

# --- installing -----------------------------------------------------------

INST := $(DESTDIR)
.PHONY: install uninstall dist clean
# Shells look for a completion file by the command's name: one file, and a
# link to it per program.
install: all
	install -d '$(INST)$(BINDIR)' '$(INST)$(BASHCOMPDIR)' \
		'$(INST)$(ZSHCOMPDIR)' '$(INST)$(FISHCOMPDIR)'
	install -m 755 $(BIN) '$(INST)$(BINDIR)'
	for m in $(MAN); do \
		install -d '$(INST)$(MANDIR)'/man$${m##*.} && \
		install -m 644 $$m '$(INST)$(MANDIR)'/man$${m##*.} || exit 1; \
	done
	install -m 644 completions/ss.bash '$(INST)$(BASHCOMPDIR)'/ss.bash
	install -m 644 completions/_ss '$(INST)$(ZSHCOMPDIR)'/_ss
	install -m 644 completions/ss.fish '$(INST)$(FISHCOMPDIR)'/ss.fish
	for p in $(PROGS); do \
		ln -sf ss.bash '$(INST)$(BASHCOMPDIR)'/$$p && \
		ln -sf ss.fish '$(INST)$(FISHCOMPDIR)'/$$p.fish || exit 1; \
	done

uninstall:
	for p in $(PROGS); do \
		rm -f '$(INST)$(BINDIR)'/$$p '$(INST)$(BASHCOMPDIR)'/$$p \
			'$(INST)$(FISHCOMPDIR)'/$$p.fish; \
	done
	for m in $(notdir $(MAN)); do \
		rm -f '$(INST)$(MANDIR)'/man$${m##*.}/$$m; \
	done
	rm -f '$(INST)$(BASHCOMPDIR)'/ss.bash '$(INST)$(ZSHCOMPDIR)'/_ss \
		'$(INST)$(FISHCOMPDIR)'/ss.fish

dist:
	@mkdir -p build
	git archive --format=tar --prefix=safestream-$(VERSION)/ HEAD | \
		gzip -9n >build/safestream-$(VERSION).tar.gz

clean:
	rm -rf build compile_commands.json
