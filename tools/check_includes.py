#!/usr/bin/env python3
"""Checks who includes whom: the layers of the repository, by their #include and import lines.

    python3 tools/check_includes.py [FOLDER]        without FOLDER: this repository

RULES is the whole truth. Prints each line that breaks one and closes with
`includes: N passed, N failed, N skipped`, counted in files.
"""

import ast
import os
import re
import sys

# ISO C headers that say nothing about an operating system; signal.h, threads.h and time.h do.
C = frozenset(
    "assert ctype errno float inttypes limits math setjmp stdalign stdarg stdatomic stdbool"
    " stddef stdint stdio stdlib string".split()
)

# Modules of MicroPython's unix port as it comes, which CPython has too or which a program can
# do without.
STOCK = frozenset(
    "__future__ _thread array asyncio binascii builtins cmath collections cryptolib deflate errno"
    " gc hashlib heapq io json machine marshal math micropython os platform random re select"
    " socket ssl struct sys time tls uctypes vfs".split()
)

# Folder: what its C files may include. A word that ends in / is a folder of this repository or
# of MicroPython's tree, taken without the folders below it for this repository; "C" is the set
# above, "OS" any other header in angle brackets. The longest folder that fits a file counts.
# The queues share the glue between the core and MicroPython with threading, which holds it.
C_RULES = {
    "modules/sync": ("C", "modules/sync/"),
    "modules/sync/port": ("C", "OS", "modules/sync/", "modules/sync/port/"),
    "modules/threading": ("C", "py/", "modules/sync/", "modules/threading/"),
    "modules/queue": ("C", "py/", "modules/sync/", "modules/threading/", "modules/queue/"),
    "modules/posix": ("C", "OS", "py/"),
    "modules/signify": ("C", "py/", "mbedtls/", "compat.h", "ge25519.h", "sha2.h"),
    "modules/x509": ("C", "py/", "mbedtls/"),
    "variants/threads": (
        ("C", "OS", "py/", "mbedtls/", "variants/", "modules/sync/", "modules/sync/port/")
        + ("variants/threads/",)
    ),
}

# Folder: the modules that its Python files may import, besides those of the folder itself.
PYTHON_RULES = {
    "lib": STOCK | {"threading", "queue"},
    "agent": STOCK | {"threading", "queue", "posix", "signify", "x509"},
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)[>"]', re.MULTILINE)


def files(root, folder, endings):
    for path, folders, names in os.walk(os.path.join(root, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(path, name), root)


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as file:
        return file.read()


def kind_of_include(name, bracket, header, headers):
    """What a rule calls an included header: "C", "OS" or a folder with / at its end.

    The repository's own headers are found as the compiler finds them: beside the file, else by
    one of the -I folders, hence by the end of their path.
    """
    if bracket == "<":
        return "C" if header[: -len(".h")] in C else "OS"
    beside = os.path.normpath(os.path.join(os.path.dirname(name), header))
    if beside in headers:
        return os.path.dirname(beside) + "/"
    for candidate in headers:
        if candidate.endswith("/" + header):
            return os.path.dirname(candidate) + "/"
    return header.split("/")[0] + "/" if "/" in header else header


def check_c(root, name, allowed, headers):
    text = read(root, name)
    for match in INCLUDE.finditer(text):
        kind = kind_of_include(name, match.group(1), match.group(2), headers)
        if kind not in allowed:
            line = text.count("\n", 0, match.start(2)) + 1
            yield "{}:{}: may not include {}".format(name, line, match.group(2))


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module.split(".")[0]


def check_python(root, name, allowed):
    for line, module in imports(ast.parse(read(root, name), name)):
        if module not in allowed:
            yield "{}:{}: may not import {}".format(name, line, module)


def own_modules(root, folder):
    inside = os.listdir(os.path.join(root, folder))
    return {folder} | {name[: -len(".py")] for name in inside if name.endswith(".py")}


def check(root):
    """Yields (file, its faults) for every file that a rule is about."""
    headers = sorted(
        name
        for top in sorted(os.listdir(root))
        if top != "build" and os.path.isdir(os.path.join(root, top)) and not top.startswith(".")
        for name in files(root, top, ".h")
    )
    for top in ("modules", "variants"):
        for name in files(root, top, (".c", ".h")):
            folder = os.path.dirname(name)
            while folder and folder not in C_RULES:
                folder = os.path.dirname(folder)
            if folder:
                yield name, list(check_c(root, name, C_RULES[folder], headers))
            else:
                yield name, ["{}: no rule for this folder".format(name)]
    for folder, allowed in PYTHON_RULES.items():
        if os.path.isdir(os.path.join(root, folder)):
            own = own_modules(root, folder)
            for name in files(root, folder, ".py"):
                if os.path.basename(name) != "manifest.py":
                    yield name, list(check_python(root, name, allowed | own))


def main(arguments):
    root = arguments[0] if arguments else os.path.join(os.path.dirname(__file__), "..")
    passed = failed = 0
    for _, faults in check(os.path.abspath(root)):
        for fault in faults:
            print("FAIL " + fault)
        passed += not faults
        failed += bool(faults)
    print("includes: {} passed, {} failed, 0 skipped".format(passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
