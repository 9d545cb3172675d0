# What tests, checks and measures. Included by the Makefile.

UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))

# Files of programs that have unit tests.
UNIT_OBJ := $(addprefix $(B)/obj/runner/,answer.o blot.o clear.o desk.o lines.o measure.o pipe.o saved.o) \
	$(filter-out %/main.o,$(call objects,cgi-bin/events))

$(B)/tests/%_test: $(B)/obj/tests/unit/%_test.o $(UNIT_OBJ) $(B)/libfxweb.a $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ -lcmocka $(LIBS) $(LDFLAGS)

# Preloaded into programs to make their calls fail. It is no part of them: no sanitizer.
$(B)/tests/fault.so: tests/lib/fault.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) $(CFLAGS) -shared -fPIC $< -o $@ -ldl

# Fills a home with what no test has the time to make by sending it.
$(B)/tests/fill: $(B)/obj/tests/lib/fill.o $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ $(LIBS) $(LDFLAGS)

# The objects of tests are kept, though make only meets them on the way to a program.
.SECONDARY:

.PHONY: unit built e2e crash matrix checks format check check-all bench
unit: $(UNIT:%=$(B)/tests/%) ## unit tests
	@for t in $^; do $$t >$$t.log 2>&1 || { cat $$t.log; echo "failed: $$t"; exit 1; }; done
	@echo "$(words $(UNIT)) unit test programs passed"

# The tests of a build. Half of the time a test waits for something.
CORES := $(shell nproc)
pytest = PYTHONDONTWRITEBYTECODE=1 FX_BUILD=$(1) /usr/bin/python3 -m pytest -q -n $(shell expr 2 '*' $(CORES))

e2e: TESTS = tests/e2e
e2e: all $(B)/tests/fault.so $(B)/tests/fill $(if $(VARIANT),,$(ARCHIVE)) ## end-to-end tests behind a real web server; TESTS=FILE chooses
	@$(call pytest,$(B)) $(TESTS)

crash: all ## kill tests
	@$(call pytest,$(B)) tests/crash

matrix: FRONTS = all
matrix: all ## each case behind each front end (tests/matrix); FRONTS="NAME NAME" chooses
	@FX_FRONTS="$(FRONTS)" $(call pytest,$(B)) tests/matrix

checks: ## layers, circles, headers alone, comments, references, forbidden functions, formatting
	@/usr/bin/python3 tests/checks/layers.py
	@/usr/bin/python3 tests/checks/circles.py
	@/usr/bin/python3 tests/checks/banned.py
	@/usr/bin/python3 tests/checks/comments.py
	@/usr/bin/python3 tests/checks/records.py
	@/usr/bin/python3 tests/checks/references.py
	@CC="$(CC)" FLAGS="$(OURS)" tests/checks/headers.sh
	@clang-format --dry-run -Werror $(SOURCES) && echo "formatting is as it should be"

format: ## format the C sources
	clang-format -i $(SOURCES)

SOURCES = $(shell git ls-files '*.c' '*.h')

# Fuzz targets are compiled here, so that whoever changes what they call sees it at once.
built: all $(UNIT:%=$(B)/tests/%) $(B)/tests/fault.so $(B)/tests/fill $(call objects,tests/fuzz) $(if $(VARIANT),,$(ARCHIVE))

check: ## build, tests, checks, a third of the tests also under ASan and UBSan, samples of the rest
	@echo "This takes 20 minutes at most on two idle cores. It needs the Debian packages of .ci/packages,"
	@echo "the npm registry once, for libraries that a dozen tests use, and, where root calls it, Debian's"
	@echo "archive for a machine that has nothing; nothing else from outside."
	@.ci/deps run check
	@MAKE="$(MAKE)" tests/tools/check.sh
check-all: deps-tools ## all there is to check, all of it also under ASan and UBSan
	@MAKE="$(MAKE)" tests/tools/check.sh all

.PHONY: freshcheck
freshcheck: ## the README, as it is pasted, on a Debian 12 that has nothing; needs root
	@tests/fresh/run

# What is measured against, and scripts that take no time of their own.
BENCH := $(addprefix $(B)/bench/,nothing spawn_loop stamp true echo sink commits slow_flush.so)

$(B)/bench/%: tests/bench/%.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) $< -o $@ $(if $(filter nothing,$*),-pthread -lfcgi) \
		$(if $(filter stamp true echo,$*),-static)

$(B)/bench/commits: $(B)/obj/tests/bench/commits.o $(B)/libfx.a
	$(call say,ld,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINK) $^ -o $@ $(LIBS) $(LDFLAGS)

$(B)/bench/%.so: tests/bench/%.c
	$(call say,cc,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(OURS) $(CFLAGS) -fPIC -shared $< -o $@

bench: deps-check all $(ARCHIVE) $(BENCH) $(B)/tests/fill ## measure; prints name, value, unit and writes build/bench.json; FRONTS=all: all front ends
	@FX_FRONTS='$(FRONTS)' /usr/bin/python3 tests/bench/bench.py

include tests/tools.mk
