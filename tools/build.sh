#!/usr/bin/env bash
# Builds MicroPython for ARCH.
#
#   tools/build.sh [threads|debug|sanitized|explore|stock|standard|stock-gil|no-floats|least|no-hook|mpy-cross]
#
# threads   our variant with our modules, to build/ARCH/micropython (the default)
# debug     the same with DEBUG=1, to build/ARCH/micropython-debug
# sanitized the same with AddressSanitizer and UBSan, to build/ARCH/micropython-sanitized
# explore   our modules on threads that tests/explore schedules, to build/ARCH/micropython-explore
# stock     upstream's standard variant as it is, to build/ARCH/micropython-stock
# standard  upstream's standard variant with our modules, to build/ARCH/micropython-standard
# stock-gil upstream's standard variant with upstream's GIL, to build/ARCH/micropython-stock-gil
# no-floats stock-gil without floats and long integers, to build/ARCH/micropython-no-floats
# least     upstream's unix port with little more than _thread, to build/ARCH/micropython-least
# no-hook   ours without its hook in the VM, to build/ARCH/micropython-no-hook: the hook's price
# mpy-cross upstream's compiler to .mpy files, to build/host/mpy-cross
#
# MicroPython's tree is only read: objects go to build/ARCH/obj-KEY, where KEY stands for all
# that makes objects differ, so that two trees or two sets of options never mix.
set -euo pipefail
. "$(dirname "$0")/common.sh"

kind=${1:-threads}
check_options
targets=(host)
[ -z "$(cross_prefix)" ] || targets+=("$ARCH")
[ "$(libc)/$(cross_prefix)" != musl/ ] || targets+=(host-musl)
# The front door's own options are not MicroPython's: its make must not see them.
debug=${DEBUG:-}
case $kind in debug | sanitized | explore) debug=1 ;; esac
export -n ARCH PROFILE LIBC PIE TLS TLS_RECORD MBEDTLS_TREE SIGNIFY_TREE AGENT DEBUG MACHINE RUNS JOBS QUICK SEED AGENTS SECONDS
"$ROOT/tools/deps.sh" "${targets[@]}"
find_micropython
[ "$(libc)" != musl ] || [ -z "$(cross_prefix)" ] ||
    "$ROOT/tools/fetch-musl.sh" "$OUT/musl-$ARCH" "$ARCH"
if [ "$TLS" != 0 ] && [ -z "${MBEDTLS_TREE:-}" ]; then
    MBEDTLS_TREE=$OUT/mbedtls-3.6
    "$ROOT/tools/fetch-mbedtls.sh" "$MBEDTLS_TREE"
fi
if [ -n "${AGENT:-}" ] && [ -z "${SIGNIFY_TREE:-}" ]; then
    SIGNIFY_TREE=$OUT/signify
    "$ROOT/tools/fetch-signify.sh" "$SIGNIFY_TREE"
fi
export -n MPY_DIR
lock "$OUT/build.lock"

export LC_ALL=C
# Python's byte code and git's index refresh would be written into the tree; and a tree that is
# no git checkout must not take its version from the checkout around it.
export PYTHONDONTWRITEBYTECODE=1 GIT_OPTIONAL_LOCKS=0
GIT_CEILING_DIRECTORIES=$(dirname "$MPY_DIR")
export GIT_CEILING_DIRECTORIES

# The libraries that Debian's source package leaves out are not built into upstream's variants.
without_libraries=(MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 FROZEN_MANIFEST=)

mpy_make() {
    # Jobs are counted here: the outer make's job server does not reach through a script.
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j"$(nproc)" PYTHON="$PYTHON" "$@"
}

key() { printf '%s\n' "$@" | sha1sum | cut -c 1-8; }

# Upstream's makefile would build it inside the tree.
build_mpy_cross() {
    local folder
    folder=$OUT/mpy-cross-$(key "$ROOT" "$MPY_DIR")
    MICROPY_MPYCROSS=$folder/mpy-cross
    phase "Building mpy-cross" "$folder.log" \
        mpy_make -C "$MPY_DIR/mpy-cross" BUILD="$folder" USER_C_MODULES=
    mkdir -p "$OUT/host"
    ln -sfn "$MICROPY_MPYCROSS" "$OUT/host/mpy-cross"
}

# Python files are frozen in: with AGENT=1 the agent's, with TLS the module ssl. It takes mpy-cross.
add_freeze_options() {
    local manifests=()
    if [ -n "${AGENT:-}" ]; then
        manifests+=("$ROOT/agent/manifest.py")
        options+=(AGENT=1 SIGNIFY_TREE="$SIGNIFY_TREE")
    fi
    [ "$TLS" = 0 ] || manifests+=("$ROOT/variants/threads/manifest_ssl.py")
    [ "${#manifests[@]}" -gt 0 ] || return 0
    options+=(FROZEN_MANIFEST="${manifests[*]}")
    [ -n "${MICROPY_MPYCROSS:-}" ] || build_mpy_cross
    options+=(MICROPY_MPYCROSS="$MICROPY_MPYCROSS")
    # Upstream's rule insists on micropython-lib, which the manifest does not use.
    [ -e "$MPY_DIR/lib/micropython-lib/README.md" ] || options+=(MPY_LIB_DIR="$MPY_DIR")
}

# Upstream scans a source for names when it is newer than the last scan. It misses a source that
# enters or leaves the list, and a header or makefile that changes what a scan finds: those start
# all scans again.
forget_stale_scan() {
    local seen=$objects/ours
    mkdir -p "$objects"
    {
        find "$ROOT/modules" "$ROOT/variants" -name '*.[ch]' | sort
        find "$ROOT/modules" "$ROOT/variants" -name '*.mk' -exec cat {} +
        find "$ROOT/modules" "$ROOT/variants" -name '*.h' -exec \
            grep -h -E 'MP_(QSTR_|REGISTER_|ERROR_TEXT)|MICROPY_' {} + || true
    } >"$seen.new"
    cmp -s "$seen.new" "$seen" || rm -rf "$objects/genhdr" "$objects/frozen_content.c"
    mv "$seen.new" "$seen"
}

# A static program of a C library other than the compiler's own. It has a fixed address; code that
# works at any would only be larger. That C library comes without the kernel's headers: links to
# the compiler's leave its own headers out of sight.
add_musl_options() {
    local headers=$OUT/$ARCH/kernel-headers compiler=musl-gcc name path
    [ -z "$(cross_prefix)" ] || compiler="$(cross_prefix)gcc -specs=$OUT/musl-$ARCH/musl-gcc.specs"
    mkdir -p "$headers"
    for name in linux asm asm-generic; do
        path=$(echo "#include <$name/types.h>" | "$(cross_prefix)gcc" -E - |
            sed -n "s|.*\"\(/.*/$name\)/types.h\".*|\1|p" | head -n 1)
        ln -sfn "$path" "$headers/$name"
    done
    launcher=("$compiler" -idirafter "$headers" -static -fno-pie -no-pie -Wl,-z,norelro -Wl,-z,noseparate-code
        -Wl,-z,common-page-size=16)
    options+=(CC="$compiler" CFLAGS_EXTRA="-idirafter $headers -fno-pie ${CFLAGS_EXTRA:-}"
        LDFLAGS_EXTRA="-static ${LDFLAGS_EXTRA:-}")
}

# The first error ends the program. As in upstream's own run, copies of no bytes from or to null are
# not looked at: py/ has many.
add_sanitizers() {
    local flags="-fsanitize=address,undefined -fno-sanitize=nonnull-attribute -fno-sanitize-recover=all"
    export CFLAGS_EXTRA="${CFLAGS_EXTRA:-} $flags" LDFLAGS_EXTRA="${LDFLAGS_EXTRA:-} $flags"
}

# What starts the agent, and its last version but one when the last does not hold.
launcher=("$(cross_prefix)gcc")
build_launcher() {
    local result=$OUT/$ARCH/launcher
    # The compiler may be a command of several words.
    read -ra compiler <<<"${launcher[0]}"
    phase "Building launcher ($ARCH)" "$result.log" "${compiler[@]}" "${launcher[@]:1}" -Os -s -Wall -Wextra -Werror \
        -ffunction-sections -Wl,--gc-sections -fno-unwind-tables -fno-asynchronous-unwind-tables \
        -Wl,--build-id=none -o "$result.new" "$ROOT/launcher/launcher.c"
    mv "$result.new" "$result"
    say "$(short "$result"): $(stat -c %s "$result") bytes"
}

# The agent as one file, which takes the place of the one that is frozen in.
build_bundle() {
    local result=$OUT/$ARCH/agent.romfs
    phase "Building agent.romfs ($ARCH)" "$result.log" \
        "$PYTHON" -B "$ROOT/tools/bundle.py" "$MPY_DIR" "$MICROPY_MPYCROSS" -o "$result"
    say "$(short "$result"): $(stat -c %s "$result") bytes"
}

if [ "$kind" = mpy-cross ]; then
    build_mpy_cross
    exit 0
fi

options=(CROSS_COMPILE="$(cross_prefix)" DEBUG="$debug")
name=micropython-$kind
case $kind in
    threads | debug | sanitized)
        [ "$kind" != threads ] || name=micropython
        options+=(VARIANT_DIR="$ROOT/variants/threads" USER_C_MODULES="$ROOT/modules")
        options+=(PROFILE="$PROFILE" PIE="${PIE:-}" TLS="$TLS")
        [ "$TLS" = 0 ] || options+=(MBEDTLS_TREE="$MBEDTLS_TREE" TLS_RECORD="${TLS_RECORD:-16}")
        add_freeze_options
        [ "$kind" != sanitized ] || add_sanitizers
        ;;
    explore) options+=(VARIANT_DIR="$ROOT/tests/explore" USER_C_MODULES="$ROOT/modules") ;;
    stock) options+=("${without_libraries[@]}") ;;
    standard) options+=("${without_libraries[@]}" USER_C_MODULES="$ROOT/modules") ;;
    stock-gil) options+=("${without_libraries[@]}" VARIANT_DIR="$ROOT/benchmarks/stock-gil") ;;
    no-floats)
        options+=("${without_libraries[@]}" VARIANT_DIR="$ROOT/benchmarks/stock-gil")
        CFLAGS_EXTRA="${CFLAGS_EXTRA:-} -DMICROPY_FLOAT_IMPL=MICROPY_FLOAT_IMPL_NONE"
        export CFLAGS_EXTRA="$CFLAGS_EXTRA -DMICROPY_LONGINT_IMPL=MICROPY_LONGINT_IMPL_NONE"
        ;;
    least) options+=("${without_libraries[@]}" VARIANT_DIR="$ROOT/tests/least") ;;
    no-hook)
        options+=(VARIANT_DIR="$ROOT/variants/threads" USER_C_MODULES="$ROOT/modules")
        add_freeze_options
        export CFLAGS_EXTRA="${CFLAGS_EXTRA:-} -DMP_THREAD_VM_HOOK="
        ;;
    *) die "build.sh: unknown kind $kind" ;;
esac
[ "$(libc)" != musl ] || add_musl_options
# The flags of our makefiles are part of what makes objects differ.
flags=$(cat "$ROOT"/modules/*/*.mk "$ROOT"/variants/*/*.mk "$ROOT"/tests/*/*.mk)
objects=$OUT/$ARCH/obj-$(key "$ROOT" "$MPY_DIR" "${options[@]}" "${CFLAGS_EXTRA:-}" "${LDFLAGS_EXTRA:-}" "$flags")
forget_stale_scan
phase "Building $name ($ARCH)" "$OUT/$ARCH/$name.log" \
    mpy_make -C "$MPY_DIR/ports/unix" BUILD="$objects" "${options[@]}"

# Replaced by renaming: a run that is under way keeps the file that it started with.
result=$OUT/$ARCH/$name
if ! cmp -s "$objects/micropython" "$result"; then
    cp "$objects/micropython" "$result.new"
    mv "$result.new" "$result"
fi
ln -sfn "$(basename "$objects")" "$OUT/$ARCH/obj-$kind"
say "$(short "$result"): $(stat -c %s "$result") bytes"
if [ -n "${AGENT:-}" ] && [ "$kind" = threads ]; then
    build_launcher
    build_bundle
fi
