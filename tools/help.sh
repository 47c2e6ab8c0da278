#!/usr/bin/env bash
# Prints the targets of the makefile given, from the text after ## there, and the options.
set -euo pipefail

echo 'Usage: make [TARGET] [OPTION=VALUE]...'
echo
echo 'Targets:'
sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' "$1" |
    while IFS='|' read -r target text; do printf '  %-18s%s\n' "$target" "$text"; done
cat <<'TEXT'

Options:
  ARCH=host         build for this machine (the default), host-musl: static, with the C library
                    musl; or for armhf, armel, arm64, riscv64, mips (which run under QEMU), i386
  PROFILE=full      all that a desktop user expects (the default); small: for a board, without what
                    docs/sizes.md lists, and static with the C library musl
  LIBC=glibc        the C library, glibc or musl; without it the profile's own
  TLS=0             without TLS (the default); 12: the modules tls and ssl (lib/ssl.py) with TLS 1.2;
                    13: also with TLS 1.3
  TLS_RECORD=16     KB of a record that can be received, 4 or 16; variants/threads/tls_config.h
  MBEDTLS_TREE=/path  mbedTLS's tree; without it, Debian's source package 3.6 is fetched into build/
  PIE=1             with PROFILE=small and LIBC=glibc: at any address, 37 KB larger on ARM
  MACHINE=system    demo with ARCH=armhf: in a whole ARM Linux system instead of QEMU's user mode
  MPY_DIR=/path     MicroPython's tree, of which no byte is changed; without it, Debian's source
                    package 1.25.0 is fetched into build/
  AGENT=1           with the agent frozen in: build/ARCH/micropython -m agent CONFIG.json
  DEBUG=1           with assertions, debugging information and -Og; with THREADS_DEBUG in the
                    environment such a build tells at SIGQUIT which thread waits for whom
  RUNS=N JOBS=N     soak-demo: runs in all (1000, under QEMU 200) and at once (4)
  SECONDS=N         stress: for how long each test goes on (60)
  MINUTES=N         soak: for how long (10)
  AGENTS=N          fleet: how many (500)
  SEED=N            stress: the seed that a failure has named, to repeat it
  QUICK=1           bench-gil: only see that it runs, in less than half a minute
  CFLAGS_EXTRA=...  more flags for the compiler; LDFLAGS_EXTRA= for the linker

What a target lacks is installed with apt, with sudo when you are not root.
TEXT
