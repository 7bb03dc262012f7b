# make            builds the shared and the static library
# make test       all tests, of Rust and of C; ends with the counts
# make models     the models of the protocols, deeper than in make test, each for some minutes: PREEMPTIONS=3 SECONDS=300
# make soak       all objects under random load, and the misuse fuzzer: SECONDS=1800 SEED=... (docs/testing.md)
# make fuzz       the misuse fuzzer that is guided by coverage: SECONDS=300 SEED=...; needs clang with libFuzzer
# make sanitize   the C suites under the compiler's sanitizers, and the examples under Valgrind; ends with a table
#                 (docs/testing.md). A part of it: TOOLS="asan ubsan tsan memcheck helgrind"
# make demo       installs pirn into a folder of the build, builds the examples against that, and counts words: DIR=...
# make bench      measures pirn beside its peers: ROWS=1,2a PEERS=pirn,pthread REPS=9 (docs/bench/README.md)
# make python     the Python package: a wheel with the library inside, in build/python/dist
# make reproducible   builds a second time in another folder: the same bytes
# make audit      cargo-deny: advisories, licences, sources of the dependencies; needs the network
# make install    PREFIX=/usr/local DESTDIR=
# make docs       the reference manual in HTML, in the build folder; needs doxygen
# make headers    writes include/ anew after a change in src/capi; make exports the list in c-tests/exports.txt
# make abi-baseline    what the headers say becomes what later versions are compared with (docs/abi.md)
# make lint       formatting and clippy; make fmt formats
# make clean      removes what was built, and leaves the tools that were set up
#
# BUILD is the build folder, JOBS how many things run at once, PREFIX where `make install` puts the library.

BUILD = build
JOBS = $(shell nproc 2>/dev/null || echo 2)
PREFIX = /usr/local
DIR =
PREEMPTIONS = 3

version = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
build_dir = $(if $(filter /%,$(BUILD)),$(BUILD),$(CURDIR)/$(BUILD))

# rustup's folder comes last: it serves a shell that was opened before Rust was installed.
export PATH := $(build_dir)/tools/bin:$(PATH):$(HOME)/.cargo/bin
export CMAKE_GENERATOR := Ninja

.PHONY: build setup configure test models soak fuzz sanitize bench demo docs python reproducible audit install headers exports abi-baseline fmt lint clean
.NOTPARALLEL:

build: configure
	cmake --build "$(build_dir)" -j $(JOBS) --target pirn_cargo

setup:
	scripts/setup.sh "$(build_dir)"

configure: setup
	cmake -S . -B "$(build_dir)" --log-level=NOTICE

test: build
	cmake --build "$(build_dir)" -j $(JOBS)
	scripts/test.sh "$(build_dir)" $(JOBS)

models: setup
	LOOM_MAX_PREEMPTIONS=$(PREEMPTIONS) LOOM_MAX_DURATION=$(or $(SECONDS),300) scripts/models.sh "$(build_dir)" $(JOBS) --show-output

soak: build
	cmake --build "$(build_dir)" -j $(JOBS)
	scripts/soak.sh "$(build_dir)" $(or $(SECONDS),1800) $(SEED)

fuzz: configure
	cmake --build "$(build_dir)" -j $(JOBS) --target fuzz_guided
	c-tests/fuzz/guided.sh "$(build_dir)" $(or $(SECONDS),300) $(SEED)

sanitize: build
	scripts/sanitize.sh "$(build_dir)" $(JOBS) $(TOOLS)

bench: build
	$(MAKE) -C bench BUILD="$(build_dir)"

demo: build
	scripts/demo.sh "$(build_dir)" "$(DIR)"

docs:
	scripts/docs.sh "$(build_dir)/html" "$(version)"

python: build
	scripts/python.sh "$(build_dir)" wheel

reproducible: build
	scripts/reproducible.sh "$(build_dir)"

audit: setup
	scripts/audit.sh "$(build_dir)"

# Under sudo there is often no cargo to build with: then what was built before is installed.
install:
	if command -v cargo >/dev/null || [ ! -e "$(build_dir)/lib/libpirn.so" ]; then $(MAKE) build; fi
	DESTDIR="$(DESTDIR)" cmake --install "$(build_dir)" --prefix "$(PREFIX)"

headers:
	PIRN_WRITE_HEADERS=1 cargo test --locked --test headers headers_are_fresh

exports: headers
	sh c-tests/exports.sh write "$(build_dir)/lib" include

abi-baseline:
	python3 -B c-tests/abi/abi.py write

fmt:
	cargo fmt

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --features annotate -- -D warnings
	RUSTFLAGS="--cfg loom" cargo clippy --locked --all-targets --target-dir target/loom -- -D warnings

clean:
	if [ -d "$(build_dir)" ]; then find "$(build_dir)" -mindepth 1 -maxdepth 1 ! -name tools -exec rm -rf {} +; fi
	cargo clean
