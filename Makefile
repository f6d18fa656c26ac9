# SPDX-License-Identifier: MIT
# A front to CMake and scripts/, for hands and for CI. `make help` says what there is.

PREFIX ?= /usr/local
DESTDIR ?=
export DESTDIR

.PHONY: all demo check bench install uninstall coverage format tidy fuzz clean help

all:
	@mkdir -p build
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) >build/release.log 2>&1 || \
	    { cat build/release.log; \
	      echo "To install what is missing: scripts/install-dependencies"; exit 1; }
	@cmake --build --preset release

demo:
	@scripts/demo

check:
	@scripts/check

bench:
	@scripts/bench $(ROWS)

install: all
	cmake --install build/release

uninstall:
	cmake --build --preset release --target uninstall

coverage:
	@scripts/coverage

format:
	@scripts/format

tidy:
	@cmake --preset debug
	@scripts/tidy build/debug

fuzz:
	@scripts/fuzz

clean:
	rm -rf build/release build/release-strict build/debug build/sanitize build/sanitize-clang \
	    build/sanitize-thread build/fuzz build/coverage

help:
	@echo 'make              build the library and the command in build/release'
	@echo 'make demo         send a message to a server of our own and show what arrived'
	@echo 'make check        all tests, as CI runs them (installs what they need)'
	@echo 'make bench        [QUICK=1] [ROUNDS=7] [ROWS="lock tls"] compare with other clients'
	@echo 'make install      [PREFIX=/usr/local] [DESTDIR=]'
	@echo 'make uninstall    remove what the last install wrote'
	@echo 'make coverage     which lines of src/ the tests run'
	@echo 'make format       format the C sources'
	@echo 'make tidy         clang-tidy alone'
	@echo 'make fuzz         [SECONDS_EACH=60] fuzz each target'
	@echo 'make clean        remove the build folders'
