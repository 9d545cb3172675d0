# All programs but fx-http in one file that is linked statically, and the archive of it for hosts
# without a compiler (docs/hosting.md). Included by the Makefile.

SINGLE_OTHER := $(filter-out http:%,$(PROGRAMS))
folder_of = $(firstword $(subst :, ,$(1)))
SINGLE_OBJ := $(WEB_PROGRAMS:%=$(B)/single/%.o) $(foreach p,$(SINGLE_OTHER),$(B)/single/$(call folder_of,$(p)).o)

# The names of one program mean nothing to the others, which have some of the same.
$(B)/single/%.o:
	$(call say,join,$@)
	@mkdir -p $(@D)
	$(Q)ld -r -o $@.all $^ && objcopy --redefine-sym main=single_$* --keep-global-symbol=single_$* $@.all $@
	@rm -f $@.all

$(foreach p,$(WEB_PROGRAMS),$(eval $(B)/single/$(p).o: $(call objects,cgi-bin/$(p))))
$(foreach p,$(SINGLE_OTHER),$(eval $(B)/single/$(call folder_of,$(p)).o: $(call objects,$(call folder_of,$(p)))))

SINGLE_LISTS = \
	'-DSINGLE_WEB(WEB)=$(foreach p,$(WEB_PROGRAMS),WEB($(p)))' \
	'-DSINGLE_OTHER(OTHER)=$(foreach p,$(SINGLE_OTHER),OTHER($(call folder_of,$(p)),"$(lastword $(subst :, ,$(p)))"))'
$(B)/obj/single/main.o: OURS += $(SINGLE_LISTS)

# The linker warns of what asks the host's libraries for accounts: single/main.c sees to that.
$(B)/single/fxbridge: $(B)/obj/single/main.o $(SINGLE_OBJ) $(B)/libfxweb.a $(B)/libfx.a
	$(call say,ld,$@)
	$(Q)$(CC) $(filter-out -pie,$(LINK)) -static-pie -s $^ -o $@ $(filter-out -lcurl,$(LIBS)) $(LDFLAGS) \
		2>$@.log || { cat $@.log; exit 1; }

# What a host is given: this file, what configures Apache, pages, examples, and the licences of all
# that is linked into it.
ARCHIVE := $(B)/fxbridge-$(VERSION)-linux-$(shell uname -m).tar.gz
ARCHIVED := README.md CHANGELOG.md LICENSE $(wildcard docs/*.md examples/*.* examples/*/* schema/openapi.yaml schema/*.json apache/*)

$(ARCHIVE): $(B)/single/fxbridge $(ARCHIVED) single/archive
	@single/archive $@ fxbridge-$(VERSION) $< $(ARCHIVED)
