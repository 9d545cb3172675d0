# What looks at the code from other sides. Each is one word, says what it saw, and fails
# when it finds something. Included by tests.mk.

.PHONY: deps-tools coverage tidy valgrind tsan fuzz fuzz-programs fuzz-keep sizes dist distcheck
deps-tools: ## the same, with what coverage, valgrind and their like need
	@.ci/deps run check tools deb

# Programs run 5 to 30 times slower under valgrind and the thread sanitizer, so each gets few
# end-to-end tests: the sanitizer those that send much at the same time, valgrind those of fxctl.
# Web programs serve nobody under valgrind 3.19, which does not know pidfd_open: they cannot
# tell who it is that connects.
valgrind: TESTS = tests/e2e/test_fxctl_verify.py
tsan: TESTS = tests/e2e/test_idempotency.py tests/e2e/test_slow_peer.py

ifeq ($(VARIANT),coverage)
LINK += -Wl,--wrap=_exit
$(CGI) $(BIN) $(UNIT:%=$(B)/tests/%): $(B)/obj/tests/tools/exit.o
endif

# Lines are counted as written, so nothing is optimized away.
coverage: deps-tools ## which lines the tests run: a table, and build/coverage/report/
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=coverage CFLAGS='-O0 -g' built
	@find build/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory VARIANT=coverage CFLAGS='-O0 -g' unit
	@/usr/bin/python3 tests/tools/coverage.py build/coverage unit
	@$(MAKE) --no-print-directory VARIANT=coverage CFLAGS='-O0 -g' e2e
	@/usr/bin/python3 tests/tools/coverage.py build/coverage unit e2e

# One file at a time: clang-tidy 14 takes what it knows of one va_list to the next file.
tidy: deps-tools ## clang-tidy with the checks of .clang-tidy
	@printf '%s\n' $(filter %.c,$(SOURCES)) | xargs -P $(CORES) -I{} tests/tools/tidy.sh {} \
		$(filter-out -Werror -MMD -MP $(HARDENING),$(OURS)) $(SINGLE_LISTS)
	@echo "clang-tidy has nothing to say about $(words $(filter %.c,$(SOURCES))) files"

# Programs that start those of build/valgrind under valgrind.
UNDER_VALGRIND := $(patsubst $(B)/%,build/under-valgrind/%,$(CGI) $(BIN))
$(UNDER_VALGRIND): tests/tools/valgrind.sh
	@mkdir -p $(@D)
	@ln -sf $(CURDIR)/$< $@

# forbid_test forbids a process to start programs, and valgrind dies where that fails.
VALGRIND_UNIT := $(filter-out forbid_test,$(UNIT))
valgrind: deps-tools $(UNDER_VALGRIND) ## unit tests and a few others under valgrind; TESTS=FILE chooses
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=valgrind CFLAGS='-O1 -g' built
	@printf '%s\n' $(VALGRIND_UNIT:%=build/valgrind/tests/%) | xargs -P $(CORES) -I{} tests/tools/valgrind.sh --test {}
	@echo "$(words $(VALGRIND_UNIT)) unit test programs passed under valgrind"
	@$(call pytest,build/under-valgrind) $(TESTS)

tsan: deps-tools ## the same under the thread sanitizer
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=tsan built
	@$(MAKE) --no-print-directory VARIANT=tsan unit
	@$(call pytest,build/tsan) $(TESTS)

# Fuzzing: libFuzzer with ASan and UBSan. The objects are clang's.
T ?= 60

# Targets that send whole requests have all that the web programs have, and undo what requests
# change (tests/fuzz/served.h).
FUZZ_OBJ := $(B)/obj/tests/fuzz/served.o $(UNIT_OBJ) $(filter-out %/main.o, \
	$(call objects,cgi-bin/status cgi-bin/pipelines cgi-bin/triggers cgi-bin/console cgi-bin/ops http))

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%_fuzz.o $(FUZZ_OBJ) $(B)/libfxweb.a $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) -fsanitize=fuzzer -Wl,--wrap=store_submit $^ -o $@ $(LIBS) $(LDFLAGS)

fuzz-programs: $(FUZZ:%=$(B)/fuzz/%)

fuzz: deps-check ## every fuzz target for T=60 seconds each, as many at a time as there are cores
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=fuzz CC=clang fuzz-programs
	@rm -f build/fuzz/*.log
	@printf '%s\n' $(FUZZ) | xargs -P $(CORES) -I{} tests/fuzz/run.sh {} $(T)
	@cat build/fuzz/*.log | awk '/^stat::number_of_executed_units:/ { sum += $$2 } \
		END { printf "fuzz: %d executions in all\n", sum }'

fuzz-keep: ## keeps the fewest inputs that reach as much as all that fuzzing has found
	@$(MAKE) --no-print-directory -j$(CORES) VARIANT=fuzz CC=clang fuzz-programs
	@for target in $(FUZZ); do tests/fuzz/keep.sh $$target || exit 1; done

sizes: ## how large functions, files and headers are; fails beyond the bound
	@/usr/bin/python3 tests/checks/sizes.py

dist: $(ARCHIVE) ## the tarball of what is committed, and the archive for hosts without a compiler
	@git archive --prefix=fxbridge-$(VERSION)/ -o build/fxbridge-$(VERSION).tar.gz HEAD
	@ls -s --block-size=K build/fxbridge-$(VERSION).tar.gz $(ARCHIVE)

distcheck: dist ## does the tarball build, pass its unit tests and install, and the archive run, all by themselves?
	@tests/tools/distcheck.sh build/fxbridge-$(VERSION).tar.gz $(VERSION) $(ARCHIVE)
