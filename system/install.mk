# What `make install` puts where. Included by the Makefile.
#
# One list is gone through for install and for uninstall: MODE:PLACE:FILE. A place is below
# PREFIX, or below DESTDIR alone where it begins with "/". Those of PREFIX that a file names are
# filled in where it is put there.

# Pages are made by the program that has the tables.
PAGES := fxctl.1 fx.conf.5 fx-dispatcher.8
$(PAGES:%=$(B)/man/%): $(B)/man/%: $(B)/bin/fxctl
	@mkdir -p $(@D)
	$(Q)$(B)/bin/fxctl man $(basename $*) >$@

each = $(foreach f,$(3),$(1):$(2)/$(notdir $(f)):$(f))
# With the folder that it is in here.
kept = $(foreach f,$(2),$(if $(filter %.sh %/start,$(f)),755,644):$(1)/$(f):$(f))

INSTALLED := $(call each,755,bin,$(filter %/fxctl %/fx-dispatcher,$(BIN))) \
	$(call each,755,libexec/fxbridge,$(filter-out %/fxctl %/fx-dispatcher,$(BIN))) \
	$(call each,755,lib/fxbridge,$(CGI)) \
	$(foreach p,$(PAGES),644:share/man/man$(lastword $(subst ., ,$(p)))/$(p):$(B)/man/$(p)) \
	644:share/bash-completion/completions/fxctl:fxctl/completion.bash \
	644:share/zsh/$(or $(ZSH_SITE),site-functions)/_fxctl:fxctl/completion.zsh \
	644:share/fish/vendor_completions.d/fxctl.fish:fxctl/completion.fish \
	$(call kept,share/doc/fxbridge,LICENSE README.md CHANGELOG.md $(shell find docs examples -type f)) \
	$(call each,644,share/fxbridge/schema,$(wildcard schema/*.json schema/*.yaml)) \
	$(call kept,share/fxbridge,$(wildcard $(foreach f,lighttpd apache nginx,$(f)/*.conf $(f)/htaccess $(f)/*.md $(f)/start)))

# What a system has once. Somebody's own PREFIX, in a home, gets none of it.
ifneq ($(filter /usr /usr/local,$(PREFIX)),)
INSTALLED += $(call each,644,$(or $(UNITS),lib/systemd/system),$(wildcard system/fxbridge-*)) \
	644:lib/sysusers.d/fxbridge.conf:system/sysusers.conf \
	644:lib/tmpfiles.d/fxbridge.conf:system/tmpfiles.conf \
	644:/etc/logrotate.d/fxbridge:system/logrotate.conf \
	644:/etc/fxbridge/home:system/home
endif

# Sockets that fxbridge-web.target starts.
WANTED := $(WEB_PROGRAMS:%=Wants=fxbridge-web@%.socket)

.PHONY: install uninstall
install: all $(PAGES:%=$(B)/man/%) ## install to PREFIX
	@PREFIX='$(PREFIX)' WANTED='$(WANTED)' system/install put $(INSTALLED)
uninstall: ## remove from PREFIX what install puts there; homes stay
	@PREFIX='$(PREFIX)' system/install remove $(INSTALLED)

# Packages of Debian, from this tree as it is.
.PHONY: deb deps-deb debcheck
deps-deb:
	@.ci/deps run deb
deb: deps-deb ## build/deb/*.deb: fxbridge, fxbridge-apache and fxbridge-lighttpd
	@CORES=$(CORES) system/deb $(VERSION)

debcheck: deb ## install, use, upgrade, remove and purge them on a Debian 12 that has nothing; needs root
	@tests/fresh/run deb
