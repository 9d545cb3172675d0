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
# A fault in memory is to end a program, not to be of use to somebody: canaries, stacks that
# grow page by page, no jump or return into the middle of code, no stale bytes in locals.
# Variants go without: sanitizers bring checks of their own, and valgrind looks for the very
# bytes that would be zero.
ifeq ($(VARIANT),)
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
HARDENING += $(if $(filter x86_64 i386 i686,$(shell uname -m)),-fcf-protection=full)
HARDENING += $(if $(filter aarch64,$(shell uname -m)),-mbranch-protection=standard)
HARDENING += $(if $(filter -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif

OURS := -std=gnu11 -D_GNU_SOURCE -Icommon -I. $(WARN) -MMD -MP -pthread \
	-ffunction-sections -fdata-sections $(HARDENING)
LINK := -pthread -pie -Wl,--gc-sections -Wl,--as-needed -Wl,-z,relro,-z,now

INSTRUMENT_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
INSTRUMENT_tsan := -fsanitize=thread
INSTRUMENT_fuzz := $(INSTRUMENT_asan) -fsanitize=fuzzer-no-link
# gcov's own execve would write counters between vfork and exec, as another account perhaps.
INSTRUMENT_coverage := --coverage -fprofile-update=atomic -fno-builtin-execve
OURS += $(INSTRUMENT_$(VARIANT))
LINK += $(INSTRUMENT_$(VARIANT))

VERSION := $(shell sed -n 's/^.define FX_VERSION "\(.*\)"/\1/p' common/base/version.h)

# What there is: each folder below is one layer of the library, or one program. A new
# program is one folder and one word here.
LAYERS := base home model proc store view
WEB_PROGRAMS := events status pipelines triggers console ops
PROGRAMS := dispatcher:fx-dispatcher runner:fx-runner http:fx-http fxctl:fxctl

objects = $(patsubst %,$(B)/obj/%.o,$(basename $(wildcard $(addsuffix /*.[cS],$(1)) $(addsuffix /*/*.[cS],$(1)))))

# What a web server starts: the web programs, what starts them for one that does not, and what
# bounds its logs.
CGI := $(WEB_PROGRAMS:%=$(B)/cgi-bin/%.fcgi) $(B)/cgi-bin/fx-holder $(B)/cgi-bin/fx-log
BIN := $(foreach p,$(PROGRAMS),$(B)/bin/$(lastword $(subst :, ,$(p))))

# --as-needed: a program is linked with those alone whose functions it calls.
LIBS := -lcurl -llmdb -ljson-c -lcrypto -linih -lz -lm

# A build/ that root has made, under sudo perhaps, would fail at some file in the middle.
ALIEN := $(shell find build -type d ! -writable -print -quit 2>/dev/null)
ifneq ($(ALIEN),)
$(error $(ALIEN) is not yours to write; take it back: sudo chown -R $(shell id -un) build)
endif

.PHONY: all run check help clean deps deps-check
all: $(CGI) $(BIN) ## build everything
	@:

help: ## print this
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(filter %akefile %.mk,$(MAKEFILE_LIST))
	@echo "Variables: FX_HOME (~/.fxbridge), FX_PORT (8080) and FRONT (lighttpd) for run; VARIANT=asan|tsan; V=1; CFLAGS; PREFIX; DESTDIR"

# What a fresh machine lacks is installed where that is allowed, else named.
deps: ## install what building and running needs; once, as root
	@.ci/deps run $(FRONT)
deps-check: ## the same, with what tests need
	@.ci/deps run check

# The web server, and how it runs the programs: lighttpd, lighttpd-cgi, apache (which is
# apache-fcgid), apache-proxy, apache-cgid, apache-cgi, nginx.
FRONT ?= lighttpd
run: deps ## build, make a home, start the web server and the dispatcher on 127.0.0.1
	@.ci/caller $(MAKE) --no-print-directory -j$(CORES) all
	@.ci/caller .ci/serve $(FRONT)

$(B)/obj/%.o: %.c Makefile
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) -c $< -o $@

$(B)/obj/%.o: %.S Makefile
	$(call say,as,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -c $< -o $@

# .incbin leaves no trace in a .d
$(B)/obj/cgi-bin/status/openapi_json.o: schema/openapi.json
$(B)/obj/fxctl/man_page.o: fxctl/fxctl.1 fxctl/fx.conf.5 dispatcher/fx-dispatcher.8
$(B)/obj/fxctl/htaccess.o: apache/htaccess
$(B)/obj/fxctl/completion_script.o: $(wildcard fxctl/completion.*sh)

$(B)/libfx.a: $(call objects,$(LAYERS:%=common/%))
$(B)/libfxweb.a: $(call objects,common/web)
$(B)/libfx.a $(B)/libfxweb.a: Makefile $(B)/sources
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

# A library is made anew also when a file has gone, which is no prerequisite any more.
.PHONY: FORCE
$(B)/sources: FORCE
	@mkdir -p $(@D)
	@echo $(sort $(wildcard common/*/*.c)) | cmp -s - $@ || echo $(sort $(wildcard common/*/*.c)) >$@

# Folder, file, libraries.
define program
$(B)/$(2): $$(call objects,$(1)) $(3)
	$$(call say,ld,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(LINK) $$^ -o $$@ $$(LIBS) $$(LDFLAGS)
endef
$(foreach p,$(WEB_PROGRAMS),$(eval \
	$(call program,cgi-bin/$(p),cgi-bin/$(p).fcgi,$(B)/libfxweb.a $(B)/libfx.a)))
$(eval $(call program,holder,cgi-bin/fx-holder,$(B)/libfx.a))
$(eval $(call program,logger,cgi-bin/fx-log,$(B)/libfx.a))
$(foreach p,$(PROGRAMS),$(eval \
	$(call program,$(firstword $(subst :, ,$(p))),bin/$(lastword $(subst :, ,$(p))),$(B)/libfx.a)))

include single/single.mk
include tests/tests.mk

include system/install.mk

# Nothing can make the events and keys of a home again.
clean: ## remove build/, unless there is a home in it
	@key=$$(find build -name secret.key -print -quit 2>/dev/null); [ -z "$$key" ] || { \
		echo "there is a home in $${key%/*}: move it to another place first" >&2; exit 1; }
	rm -rf build

-include $(shell find build -path build/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
