#!/usr/bin/env python3
"""Compares measured sizes with their budgets, or writes them into docs/sizes.md.

    python3 tools/sizes.py check|docs FOLDER

FOLDER holds NAME.json of tools/size_map.py for each build of BUILDS (`docs`) or of those that have
a budget (`check`). tools/size.sh makes them.
"""

import json
import os
import sys

import size_map

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../docs")
BEGIN = "<!-- From here on written by `make size-docs`. -->\n"
END = "<!-- Up to here. -->\n"

# Name: title in the table, bytes that the file may have. All are for armhf.
BUILDS = {
    "full": ("full", None),
    "small": ("small", 262000),
    "small-tls12": ("small, TLS=12", None),
    "small-tls13": ("small, TLS=13", 362000),
    "small-tls13-glibc": ("small, TLS=13, LIBC=glibc", 285000),
    "small-tls13-agent": ("small, TLS=13, AGENT=1", 440000),
}

# What `AGENT=1` leaves beside the interpreter; of the bundle what is no part of upgrades.
FILES = (
    ("launcher", "../armhf/launcher", 10240),
    ("bundle without agent/upgrade.py", "agent.romfs", 40960),
)

# In the build `small`: text, components, bytes that they may have.
PARTS = (
    ("threading, queue and the core", ("core", "modules"), 20000),
    ("variants/threads", ("port",), 8000),
)


def read(folder, name):
    with open(os.path.join(folder, name + ".json")) as file:
        return json.load(file)


def check(folder):
    """(passed, failed), after a line for each budget."""
    results = []
    for name, (title, budget) in BUILDS.items():
        if budget:
            results.append(compare(title, size_map.total(read(folder, name)), budget))
    small = read(folder, "small")
    for title, keys, budget in PARTS:
        results.append(compare(title, sum(small[key][0] for key in keys), budget))
    for title, path, budget in FILES:
        results.append(compare(title, os.path.getsize(os.path.join(folder, path)), budget))
    return results.count(True), results.count(False)


def compare(title, size, budget):
    good = size <= budget
    print("%s %-32s %7d of %7d bytes" % ("ok  " if good else "FAIL", title, size, budget))
    return good


def markdown(folder):
    sums = {name: read(folder, name) for name in BUILDS}
    lines = ["| bytes | " + " | ".join(title for title, _ in BUILDS.values()) + " |",
             "| --- |" + " ---: |" * len(BUILDS)]
    for key, text, _ in size_map.COMPONENTS:
        if any(any(s[key]) for s in sums.values()):
            lines.append(row(text, [s[key][0] for s in sums.values()]))
    lines.append(row("**the file**", [size_map.total(s) for s in sums.values()]))
    lines.append(row("budget", [budget or "" for _, budget in BUILDS.values()]))
    lines.append(row("RAM for data, bss and tables",
                     [size_map.total(s, 1) for s in sums.values()]))
    return "\n".join(lines) + "\n"


def row(text, cells):
    return "| " + " | ".join([text] + [str(cell) for cell in cells]) + " |"


def write_docs(folder):
    path = os.path.join(DOCS, "sizes.md")
    with open(path) as file:
        before, rest = file.read().split(BEGIN)
        after = rest.split(END)[1]
    with open(path, "w") as file:
        file.write(before + BEGIN + "\n" + markdown(folder) + "\n" + END + after)
    with open(os.path.join(DOCS, "sizes.svg"), "w") as file:
        file.write(size_map.svg([(title, read(folder, name))
                                 for name, (title, _) in BUILDS.items()]))


def main():
    command, folder = sys.argv[1:]
    if command == "docs":
        write_docs(folder)
        return 0
    passed, failed = check(folder)
    print("sizes: %d passed, %d failed, 0 skipped" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
