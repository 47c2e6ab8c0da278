#!/usr/bin/env python3
"""Installs the edition in Python as users do, runs a program on it, and measures its heap.

    python3 tests/run_package.py --mpy-dir MICROPYTHON --mpy-cross MPY_CROSS --micropython STOCK

STOCK is a command, which may have arguments: an emulator's. The installer is mpremote's, from MicroPython's tree, with a folder in the place of the board.
The last line is `package: N passed, N failed, N skipped`.
"""

import argparse
import functools
import http.server
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import types
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("threading", "queue", "lines")

# How much heap both modules may take, by the interpreter's bits.
MOST = {32: 24 * 1024, 64: 36 * 1024}

PROGRAM = """
import gc
gc.collect()
start = gc.mem_alloc()
import threading, queue
gc.collect()
print(gc.mem_alloc() - start)
import sys, lines
print(64 if sys.maxsize >> 32 else 32)
q = queue.Queue(1)
t = threading.Thread(target=lambda: [q.put(i) for i in range(3)])
t.start()
print([q.get() for _ in range(3)], t.join(), t.is_alive())
print(threading.__file__)
"""


class Folder:
    """What the installer needs of a board."""

    def fs_exists(self, path):
        return os.path.exists(path)

    def fs_mkdir(self, path):
        os.mkdir(path)

    def fs_writefile(self, path, data, progress_callback=None):
        Path(path).write_bytes(data)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Package(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lib = Path(folder.name) / "lib"
        self.lib.mkdir()

    def mip_install(self, package):
        # The installer alone: no serial port is opened.
        for name in ("serial", "serial.tools", "serial.tools.list_ports"):
            sys.modules.setdefault(name, types.ModuleType(name))
        sys.path.insert(0, str(options.mpy_dir / "tools" / "mpremote"))
        sys.dont_write_bytecode = True
        from mpremote import mip

        mip._install_package(Folder(), package, "", str(self.lib), None, False)

    def check(self, ending):
        """The heap that both modules take."""
        run = subprocess.run(
            options.micropython + ["-c", PROGRAM],
            env=dict(os.environ, MICROPYPATH=str(self.lib)),
            stdout=subprocess.PIPE,
            check=True,
        )
        heap, bits, result, name = run.stdout.decode().splitlines()
        self.assertEqual(result, "[0, 1, 2] None False")
        self.assertEqual(name, str(self.lib / "threading") + ending)
        self.assertLess(int(heap), MOST[int(bits)])
        return heap

    def test_from_a_folder(self):
        self.mip_install(str(ROOT / "package.json"))
        print("heap of .py: {} bytes".format(self.check(".py")))

    def test_from_a_server(self):
        handler = functools.partial(QuietHandler, directory=str(ROOT))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.mip_install("http://127.0.0.1:{}".format(server.server_port))
        self.check(".py")

    def test_compiled(self):
        size = 0
        for name in MODULES:
            target = self.lib / (name + ".mpy")
            subprocess.run(
                [options.mpy_cross, "-O3", str(ROOT / "lib" / (name + ".py")), "-o", str(target)],
                check=True,
            )
            size += target.stat().st_size
        print("heap of .mpy: {} bytes; files: {} bytes".format(self.check(".mpy"), size))

    def test_manifest_and_package_name_the_same(self):
        frozen = re.findall(r'"(\w+\.py)"', (ROOT / "lib" / "manifest.py").read_text())
        urls = json.loads((ROOT / "package.json").read_text())["urls"]
        self.assertIn("threading.py", frozen)
        self.assertEqual([[name, "lib/" + name] for name in frozen], urls)


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mpy-dir", type=Path, required=True)
    parser.add_argument("--mpy-cross", type=os.path.abspath, required=True)
    parser.add_argument("--micropython", type=shlex.split, required=True)
    options = parser.parse_args()
    options.micropython[-1] = os.path.abspath(options.micropython[-1])
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Package)
    result = unittest.TextTestRunner(sys.stdout, verbosity=0).run(tests)
    failed = len(result.errors) + len(result.failures)
    print("package: {} passed, {} failed, 0 skipped".format(result.testsRun - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
