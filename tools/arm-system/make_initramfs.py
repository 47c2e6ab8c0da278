#!/usr/bin/env python3
"""Writes an initramfs, a cpio archive of the "newc" form, without root and without cpio.

    python3 make_initramfs.py ARCHIVE PATH=FILE...

PATH is the name in the archive, FILE what it holds. Folders above PATH come by themselves;
/dev (with the console), /proc and /tmp are always there.
"""

import os
import stat
import sys

# Fields of a newc header, each eight hexadecimal digits: inode, mode, owner, group, links, time,
# size, device major and minor, node major and minor, length of the name, checksum (unused).
MAGIC = b"070701"
END = "TRAILER!!!"

# The console's device number (Documentation/admin-guide/devices.txt of Linux).
CONSOLE = (5, 1)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


class Archive:
    def __init__(self, file):
        self.file = file
        self.inode = 0
        self.folders = set()

    def entry(self, name, mode, data=b"", node=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0) + node + (len(name), 0)
        header = MAGIC + b"".join(b"%08X" % field for field in fields)
        self.file.write(padded(header + name) + padded(data))

    def folder(self, name):
        if name and name not in self.folders:
            self.folder(os.path.dirname(name))
            self.folders.add(name)
            self.entry(name, stat.S_IFDIR | 0o755)

    def add(self, name, file_name):
        self.folder(os.path.dirname(name))
        with open(file_name, "rb") as file:
            data = file.read()
        self.entry(name, stat.S_IFREG | 0o755, data)


def main(target, *contents):
    with open(target + ".part", "wb") as file:
        archive = Archive(file)
        for name in ("dev", "proc", "tmp"):
            archive.folder(name)
        archive.entry("dev/console", stat.S_IFCHR | 0o600, node=CONSOLE)
        for content in contents:
            path, file_name = content.split("=", 1)
            archive.add(path.lstrip("/"), file_name)
        archive.entry(END, 0)
    os.replace(target + ".part", target)


if __name__ == "__main__":
    main(*sys.argv[1:])
