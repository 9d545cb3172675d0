# FX Bridge. `make help` prints what can be asked for; `make run` and `make check`
# are all a new user needs.
#
# Everything generated goes to build/; variants build in folders of their own
# (build/asan), so switching never needs `clean`. CFLAGS, LDFLAGS, PREFIX and
# DESTDIR are the user's and come last.

V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = @printf '  %-6s %s\n' $(1) $(2)

VARIANT ?=
B := build$(if $(VARIANT),/$(VARIANT))

CC ?= gcc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
ifneq ($(DEVELOPER),0)
WARN += -Werror
endif
OURS := -std=gnu11 -D_GNU_SOURCE -Icommon -I. $(WARN) -MMD -MP -pthread \
	-ffunction-sections -fdata-sections -fstack-protector-strong
LINK := -pthread -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now

SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANITIZE_tsan := -fsanitize=thread
OURS += $(SANITIZE_$(VARIANT))
LINK += $(SANITIZE_$(VARIANT))

LIBS_store := -llmdb
LIBS_base := -ljson-c -lcrypto -linih -lm

# What there is, by name. A new program is one folder and one word here.

PROGRAMS := events status pipelines triggers console

BASE := alive base64 buf clock config crypto err home id json json_names json_tree json_walk \
	json_write log meter pack summon utf8 wake
MODEL := cloudevent cloudevent_type credential cron definition event execution field filter json_value name pipeline retry \
	scheme scheme_message scheme_verify trigger url whsec
STORE := actions attempts cid commit credentials dead_letters dedupe events executions explain key map pipeline_json \
	pipelines queue scripts store table trigger_json triggers txn
WEB := auth body cgi fastcgi listing receive reply request route serve webhook

events := cloudevents form handshake intake main provider submit
status := main openapi openapi_json results
pipelines := main definitions runs
triggers := main control
console := main letters

DISPATCHER := main address claim frame instance leftovers loop orphans pending pool record route tick turn
RUNNER := runner_main answer attempt child environment frame http_step leftovers lines link orphans output \
	persistent script step worker
HTTP := http_main address frame http_call http_client
FXCTL := main action credential dead_letter execution fxctl help init input key listing operand options \
	pipeline publish secret status table text trigger verify when

UNIT := address alive attempts base64 buf clock cloudevent config credential credentials cron crypto \
	dead_letters definition event events execution executions filter frame home id json json_tree \
	json_value lines log name pack pipeline pipelines queue receive retry route scheme store \
	trigger triggers url wake whsec

COMMON_OBJ := $(BASE:%=$(B)/obj/common/base/%.o) $(MODEL:%=$(B)/obj/common/model/%.o) \
	$(STORE:%=$(B)/obj/common/store/%.o)
WEB_OBJ := $(WEB:%=$(B)/obj/common/web/%.o)

CGI := $(PROGRAMS:%=$(B)/cgi-bin/%.fcgi)

BIN := $(addprefix $(B)/bin/,fxctl fx-dispatcher fx-runner fx-http)

.PHONY: all run check help clean install deps-run deps-check
all: $(CGI) $(BIN) ## build everything
	@:

help: ## print this
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: FX_HOME (build/home) and FX_PORT (8080) for run; VARIANT=asan|tsan; V=1; CFLAGS; PREFIX; DESTDIR"

# What a fresh machine lacks is installed where that is allowed, else named.
deps-run:
	@.ci/deps run
deps-check:
	@.ci/deps run check

run: deps-run ## build, make a home, start the web server and the dispatcher on 127.0.0.1
	@$(MAKE) --no-print-directory all
	@lighttpd/run

$(B)/obj/%.o: %.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) -c $< -o $@

$(B)/obj/%.o: %.S
	$(call say,as,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

$(B)/obj/cgi-bin/status/openapi_json.o: schema/openapi.json # .incbin leaves no trace in a .d

$(B)/libfx.a: $(COMMON_OBJ) Makefile
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(B)/libfxweb.a: $(WEB_OBJ) Makefile
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

define program
$(B)/cgi-bin/$(1).fcgi: $$($(1):%=$(B)/obj/cgi-bin/$(1)/%.o) $(B)/libfxweb.a $(B)/libfx.a
	$$(call say,ld,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LINK) $$^ -o $$@ -lfcgi $(LIBS_store) $(LIBS_base) $$(LDFLAGS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(B)/bin/fxctl: $(FXCTL:%=$(B)/obj/fxctl/%.o) $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ $(LIBS_store) $(LIBS_base) $(LDFLAGS)

$(B)/bin/fx-dispatcher: $(DISPATCHER:%=$(B)/obj/dispatcher/%.o) $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ $(LIBS_store) $(LIBS_base) $(LDFLAGS)

$(B)/bin/fx-runner: $(RUNNER:%=$(B)/obj/dispatcher/%.o) $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ $(LIBS_store) $(LIBS_base) $(LDFLAGS)

$(B)/bin/fx-http: $(HTTP:%=$(B)/obj/dispatcher/%.o) $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ -lcurl $(LIBS_base) $(LDFLAGS)

# Tests.

UNIT_OBJ := $(addprefix $(B)/obj/dispatcher/,address.o answer.o frame.o lines.o)

$(B)/tests/%_test: $(B)/obj/tests/unit/%_test.o $(UNIT_OBJ) $(B)/libfxweb.a $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ -lcmocka -lfcgi $(LIBS_store) $(LIBS_base) $(LDFLAGS)

# Test names in cmocka begin with what they are about, so that files need no prototypes.
$(B)/obj/tests/%.o: OURS += -Idispatcher

.SECONDARY:

.PHONY: unit built e2e crash checks format asan bench
unit: $(UNIT:%=$(B)/tests/%_test) ## unit tests
	@for t in $^; do $$t >$$t.log 2>&1 || { cat $$t.log; echo "failed: $$t"; exit 1; }; done
	@echo "$(words $(UNIT)) unit test programs passed"

# Half of the time a test waits for something.
CORES := $(shell nproc)
PYTEST := PYTHONDONTWRITEBYTECODE=1 FX_BUILD=$(B) /usr/bin/python3 -m pytest -q -p no:cacheprovider \
	-n $(shell expr 2 '*' $(CORES))

e2e: all ## end-to-end tests behind a real web server
	@$(PYTEST) tests/e2e

crash: all ## kill tests
	@$(PYTEST) tests/crash

checks: ## layers, headers alone, forbidden functions, formatting
	@/usr/bin/python3 tests/checks/layers.py
	@/usr/bin/python3 tests/checks/banned.py
	@/usr/bin/python3 tests/checks/records.py
	@CC="$(CC)" FLAGS="$(OURS)" tests/checks/headers.sh
	@clang-format --dry-run -Werror $(SOURCES) && echo "formatting is as it should be"

format: ## format the C sources
	clang-format -i $(SOURCES)

SOURCES = $(shell git ls-files '*.c' '*.h')

built: all $(UNIT:%=$(B)/tests/%_test)

check: deps-check ## everything: build, tests, checks, and all again under ASan and UBSan
	@$(MAKE) --no-print-directory -j$(CORES) built
	@$(MAKE) --no-print-directory unit checks e2e crash
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=asan built
	@$(MAKE) --no-print-directory VARIANT=asan unit e2e crash

# What is measured against, and scripts that take no time of their own.
BENCH := $(addprefix $(B)/bench/,nothing spawn_loop stamp true echo sink)

$(B)/bench/%: tests/bench/%.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) $< -o $@ $(if $(filter nothing,$*),-pthread -lfcgi) \
		$(if $(filter stamp true echo,$*),-static)

bench: deps-check all $(BENCH) ## measure; prints name, value, unit and writes build/bench.json
	@/usr/bin/python3 tests/bench/bench.py

# Beside the target and renamed, so that a program in use is never cut short.
install: all ## install to PREFIX
	@for f in $(BIN); do install -D -m 755 $$f $(DESTDIR)$(PREFIX)/bin/$$(basename $$f).new && \
		mv $(DESTDIR)$(PREFIX)/bin/$$(basename $$f).new $(DESTDIR)$(PREFIX)/bin/$$(basename $$f); done
	@for f in $(CGI); do install -D -m 755 $$f $(DESTDIR)$(PREFIX)/lib/fxbridge/$$(basename $$f).new && \
		mv $(DESTDIR)$(PREFIX)/lib/fxbridge/$$(basename $$f).new $(DESTDIR)$(PREFIX)/lib/fxbridge/$$(basename $$f); done

clean: ## remove build/
	rm -rf build

-include $(shell find build -name '*.d' 2>/dev/null)
