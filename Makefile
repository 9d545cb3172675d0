# FX Bridge. `make help` prints what can be asked for.
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
	-Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef
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

PROGRAMS := events status pipelines triggers

BASE := alive base64 buf clock config crypto err home id json json_names json_tree json_walk \
	json_write log pack utf8 wake
MODEL := credential cron definition event execution field filter json_value name pipeline retry \
	trigger url
STORE := cid commit credentials events executions key pipeline_json pipelines queue scripts store \
	trigger_json triggers
WEB := auth body cgi fastcgi receive reply request route serve

events := main accept
status := main results
pipelines := main definitions
triggers := main control

DISPATCHER := main claim frame instance loop orphans pool record route turn
RUNNER := runner_main attempt child environment frame lines orphans
FXCTL := main execution fxctl init input key operand options pipeline publish status table text \
	trigger when

COMMON_OBJ := $(BASE:%=$(B)/obj/common/base/%.o) $(MODEL:%=$(B)/obj/common/model/%.o) \
	$(STORE:%=$(B)/obj/common/store/%.o)
WEB_OBJ := $(WEB:%=$(B)/obj/common/web/%.o)

CGI := $(PROGRAMS:%=$(B)/cgi-bin/%.fcgi)

BIN := $(addprefix $(B)/bin/,fxctl fx-dispatcher fx-runner)

.PHONY: all
all: $(CGI) $(BIN)

$(B)/obj/%.o: %.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) -c $< -o $@

$(B)/libfx.a: $(COMMON_OBJ)
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/libfxweb.a: $(WEB_OBJ)
	$(call say,ar,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

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

-include $(shell find build -name '*.d' 2>/dev/null)
