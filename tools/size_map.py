#!/usr/bin/env python3
"""Says from the linker's map how many bytes of an executable are whose.

    python3 tools/size_map.py PROGRAM MAP OBJECTS [--title T] [--top N] [--json FILE] [--svg FILE]

PROGRAM is the stripped executable, MAP the linker's map, OBJECTS the folder that the objects of
MicroPython's build are in. Counted is what is linked in, after --gc-sections; RAM is what each
process has of its own from the start. --top N adds the N largest objects, --json FILE writes the
figures, --svg FILE a picture of them.
"""

import argparse
import json
import os
import re
import sys

# Component, and what of the object's name puts it there; the first that fits. The name is
# relative to OBJECTS where it is below; an archive's member is ARCHIVE(MEMBER).
COMPONENTS = (
    ("core", "modules/sync", r"^sync/"),
    ("modules", "modules/threading, modules/queue", r"^(threading|queue)/"),
    ("port", "variants/threads: thread port, GIL, print, cures", r"variants/threads/"),
    ("agent", "Python, frozen in: ssl, the agent", r"^_?frozen_content\.|^frozen"),
    ("tls", "mbedTLS and the ssl module", r"mbedtls|/library/\w+\.o$"),
    ("py", "MicroPython: compiler, VM, types", r"^py/"),
    ("extmod", "MicroPython: its modules", r"^(extmod|lib|shared)/"),
    ("unix", "MicroPython: unix port", r"^\w+\.o$"),
    ("libgcc", "the compiler's library", r"libgcc"),
    ("libc", "the C library", r"\.a\(|crt\w*\.o$|\.so\b"),
    ("linker", "tables for the dynamic linker, gaps", r""),
)
# An output section: its name starts the line. An input section is indented by one blank; a long
# name has its figures on the next line.
OUTPUT = re.compile(r"^(\.\S+)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+))?")
INPUT = re.compile(r"^ (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
FIGURES = re.compile(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)")
LONG_NAME = re.compile(r"^ (\.\S+|COMMON)$")

# What the dynamic linker needs, which the map puts down to whatever object came first.
DYNAMIC = (".interp", ".gnu.hash", ".hash", ".dyn", ".gnu.version", ".rel", ".plt", ".got")

# What takes no room in the file, and what takes none in memory.
IN_MEMORY_ONLY = (".bss", ".tbss")
IN_RAM = (".data", ".got", ".tdata", ".bss", ".tbss", ".init_array", ".fini_array", ".dynamic")


class Map:
    """Bytes by output section and object, from the linker's map."""

    def __init__(self, text, objects):
        self.objects = os.path.join(os.path.abspath(objects), "")
        self.sections = {}  # name: size
        self.inputs = []  # (output section, object, bytes)
        self.read(text.split("Linker script and memory map", 1)[-1].splitlines())

    def read(self, lines):
        section = name = None
        for line in lines:
            match = OUTPUT.match(line)
            if match:
                # Sections with no address are not in the program: debugging information.
                section, name = match.group(1), None
                self.open(section, match.group(2), match.group(3))
                continue
            if section in self.sections and self.sections[section] is None:
                match = FIGURES.match(line)
                if match:
                    self.open(section, *match.groups())
                continue
            if LONG_NAME.match(line):
                name = line.strip()
                continue
            match = INPUT.match(line)
            if match and section in self.sections and (match.group(1) or name):
                what, address, size, file = match.groups()
                if what != "*fill*" and int(address, 16):
                    self.inputs.append((section, self.short(file), int(size, 16)))
            name = None

    def open(self, section, address, size):
        if address is None:
            self.sections[section] = None
        elif int(address, 16) == 0 or int(size, 16) == 0:
            self.sections.pop(section, None)
        else:
            self.sections[section] = int(size, 16)

    def short(self, file):
        return file[len(self.objects):] if file.startswith(self.objects) else file

    def by_object(self):
        """{object: [bytes in the file, bytes of RAM that is not shared with the file]}"""
        result = {}
        placed = dict.fromkeys(self.sections, 0)
        for section, name, size in self.inputs:
            placed[section] += size
            add(result, "" if section.startswith(DYNAMIC) else name, section, size)
        for section, size in self.sections.items():
            # Gaps, and what the linker makes itself.
            add(result, "", section, (size or 0) - placed[section])
        return result


def add(result, name, section, size):
    sums = result.setdefault(name, [0, 0])
    if section not in IN_MEMORY_ONLY:
        sums[0] += size
    if section.startswith(IN_RAM):
        sums[1] += size


def component(name):
    return next(key for key, _, pattern in COMPONENTS if re.search(pattern, name))


def measure(program, text, objects):
    """{component: [file, RAM]}, and the same by object."""
    by_object = Map(text, objects).by_object()
    sums = {key: [0, 0] for key, _, _ in COMPONENTS}
    for name, sizes in by_object.items():
        for i in (0, 1):
            sums[component(name)][i] += sizes[i]
    # Headers, the table of sections, and what the pages' boundaries leave.
    sums["linker"][0] += os.path.getsize(program) - sum(size for size, _ in sums.values())
    return sums, by_object


def total(sums, i=0):
    return sum(sizes[i] for sizes in sums.values())


def table(sums):
    """Rows of (text, bytes in the file, bytes of RAM)."""
    rows = [(text, *sums[key]) for key, text, _ in COMPONENTS if any(sums[key])]
    return rows + [("the file", total(sums, 0), total(sums, 1))]


WIDTH = 760
BAR = 44  # height of a bar with its title
LINE = 20  # height of a line of the legend
COLOURS = dict(core="#b5179e", modules="#7209b7", port="#3a0ca3", agent="#f72585", tls="#4895ef",
               py="#2a9d8f", extmod="#8ab17d", unix="#e9c46a", libgcc="#f4a261", libc="#e76f51",
               linker="#999999")


def svg(bars):
    """bars: [(title, sums)]. A bar each, to one scale, and a legend in the order of the bars."""
    scale = (WIDTH - 20) / max(total(sums) for _, sums in bars)
    shown = [(key, text) for key, text, _ in COMPONENTS if any(sums[key][0] > 0 for _, sums in bars)]
    height = 10 + BAR * len(bars) + LINE * len(shown) + 10
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif"'
           ' font-size="13">' % (WIDTH, height),
           '<rect width="100%" height="100%" fill="#ffffff"/>']
    for i, (title, sums) in enumerate(bars):
        top = 10 + BAR * i
        out.append('<text x="10" y="%d">%s: %d bytes</text>' % (top + 12, title, total(sums)))
        left = 10.0
        for key, _ in shown:
            width = scale * max(sums[key][0], 0)
            out.append('<rect x="%.1f" y="%d" width="%.1f" height="18" fill="%s"/>'
                       % (left, top + 17, width, COLOURS[key]))
            left += width
    for i, (key, text) in enumerate(shown):
        top = 10 + BAR * len(bars) + LINE * i
        out += ['<rect x="10" y="%d" width="12" height="12" fill="%s"/>' % (top, COLOURS[key]),
                '<text x="30" y="%d">%s</text>' % (top + 11, text)]
    return "\n".join(out + ["</svg>", ""])


def print_rows(rows, width):
    for name, *numbers in rows:
        print("%-*s" % (width, name), *("%9s" % n for n in numbers))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("map")
    parser.add_argument("objects")
    parser.add_argument("--title", default="the program")
    parser.add_argument("--top", type=int, default=0, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--svg", metavar="FILE")
    options = parser.parse_args()
    with open(options.map) as file:
        sums, by_object = measure(options.program, file.read(), options.objects)
    print_rows([(options.title + " (bytes)", "file", "RAM")] + table(sums), 52)
    largest = sorted(by_object.items(), key=lambda item: -item[1][0])[:options.top]
    print_rows([(name or "(gaps)", *sizes) for name, sizes in largest], 52)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(sums, file)
    if options.svg:
        with open(options.svg, "w") as file:
            file.write(svg([(options.title, sums)]))


if __name__ == "__main__":
    sys.exit(main())
