"""size_map must put each byte of a linker's map down to one component, whatever the map's shape."""

import os
import tempfile
import unittest

import size_map

MAP = """
Archive member included to satisfy reference by file (symbol)

.text           0x00000000        0x99 /build/obj/py/discarded.o

Linker script and memory map

LOAD /build/obj/py/gc.o

.init           0x00010000        0x8
 *(SORT_NONE(.init))
 .init          0x00010000        0x8 /lib/crti.o

.text           0x00010100       0xa0
 .text.gc       0x00010100       0x10 /build/obj/py/gc.o
 .text.a_name_too_long_for_its_column
                0x00010110       0x20 /build/obj/queue/queue.o
 *fill*         0x00010130        0x4
 .text.lock     0x00010134       0x2c /build/obj/threading/lock.o
                0x00010134                lock_acquire
 .text          0x00010160        0x8 /build/obj/sync/sync.o
 .text          0x00010168        0x8 /build/obj//home/me/variants/threads/gil.o
 .text          0x00010170       0x10 /usr/lib/libc.a(vfprintf.lo)
 .text          0x00010180       0x20 /build/obj//home/me/mbedtls-3.6/library/rsa.o

.a_section_with_a_long_name
                0x00010200        0x4
 .a_section_with_a_long_name
                0x00010200        0x4 /build/obj/main.o

.rel.dyn        0x00010300       0x18
 .rel.text      0x00010300       0x18 /lib/crti.o

.bss            0x00010400       0x40
 .bss.heap      0x00010400       0x30 /build/obj/py/gc.o
 COMMON         0x00010430       0x10 /build/obj/extmod/vfs.o

.debug_info     0x00000000     0x5000
 .debug_info    0x00000000     0x5000 /build/obj/py/gc.o
"""
FILE_SIZE = 0x8 + 0xA0 + 0x4 + 0x18 + 100  # and headers

# Component: bytes in the file, bytes of RAM.
WANT = {
    "core": [8, 0],
    "modules": [0x20 + 0x2C, 0],
    "port": [8, 0],
    "agent": [0, 0],
    "tls": [0x20, 0],
    "py": [0x10, 0x30],
    "extmod": [0, 0x10],
    "unix": [4, 0],
    "libgcc": [0, 0],
    "libc": [0x10 + 8, 0],
    "linker": [4 + 0x18 + 100, 0],
}


class SizeMap(unittest.TestCase):
    def setUp(self):
        self.program = tempfile.NamedTemporaryFile()
        self.program.write(b"x" * FILE_SIZE)
        self.program.flush()
        self.addCleanup(self.program.close)

    def test_components(self):
        sums, by_object = size_map.measure(self.program.name, MAP, "/build/obj")
        self.assertEqual(sums, WANT)
        self.assertEqual(size_map.total(sums), os.path.getsize(self.program.name))
        self.assertEqual(by_object["queue/queue.o"], [0x20, 0])
        self.assertNotIn("py/discarded.o", by_object)

    def test_picture(self):
        picture = size_map.svg([("one", WANT)])
        self.assertIn("one: %d bytes" % FILE_SIZE, picture)
        self.assertNotIn("agent", picture)


if __name__ == "__main__":
    unittest.main()
