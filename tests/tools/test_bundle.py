"""bundle must make one module of several that does what they did, or say why it cannot."""

import base64
import os
import subprocess
import tempfile
import unittest

import bundle

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build")
MPY_DIR = os.environ.get("MPY_DIR") or os.path.join(BUILD, "micropython-1.25.0")
MPY_CROSS = os.path.join(BUILD, "host/mpy-cross")

HOUSE = """
from micropython import const
import time
_WIDTH = const(3)
_HEIGHT = 4
SIZE = 7
report = None
class House:
    def __init__(self):
        self._doors = 1
        self._open()
    def _open(self):
        self._doors += _WIDTH
    def doors(self):
        if report:
            report(self._doors)
        return self._doors
def _area(name):
    return _HEIGHT * SIZE
def area():
    return _area(1)
"""
GARDEN = """
from time import time
from agent import house as place
from agent.house import House
_WIDTH = 5
SIZE = 9
class Garden:
    def __init__(self):
        self._house = House()
        self._trees = _WIDTH
    def _open(self):
        return self._house.doors() + self._trees
    def all(self):
        return self._open(), SIZE, place.SIZE, place.area()
def _area(name):
    return -1
def watch(list):
    place.report = list.append
"""
CORE = """
import time
from agent.garden import Garden, watch
from agent.release import KEYS, VERSION
def main():
    from agent.garden import _area
    from agent import child
    seen = []
    watch(seen)
    return Garden().all(), seen, _area(0), VERSION, KEYS
"""
WANT = ((9, 9, 7, 28), [4], -1, "0.1", ())


class Merge(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write(house=HOUSE, garden=GARDEN, core=CORE, child="import sys\n",
                   release='VERSION = "0.1"\nKEYS = ()\n')

    def write(self, **modules):
        for name, source in modules.items():
            with open(os.path.join(self.folder, name + ".py"), "w") as f:
                f.write(source)

    def source(self, *how):
        return bundle.Bundle(MPY_DIR, MPY_CROSS, *how, folder=self.folder).source("core")

    def run_core(self, *how):
        """What main() returns; CPython has no agent.child."""
        source = self.source(*how).replace("from agent import child", "pass")
        space = {"const": lambda x: x, "__name__": "core"}
        exec(source, space)
        return space["main"]()

    def test_same(self):
        self.assertEqual(self.run_core(), WANT)
        self.assertEqual(self.run_core("1.2", ["key"])[3:], ("1.2", ("key",)))

    def test_short(self):
        source = self.source()
        for name in ("_doors", "_area", "_open", "_house", "agent.garden"):
            self.assertNotIn(name, source)
        self.assertEqual(source, self.source())

    def test_many_names(self):
        """The mention of those that are used often is not run."""
        more = "".join("name%d = %d\n" % (i, i) for i in range(200))
        self.write(core=more + "name7\n" * 9 + CORE)
        self.assertEqual(self.run_core(), WANT)
        self.assertRegex(self.source(), r"\A__name__ or _\.name7\.")

    def stops(self, text, **modules):
        self.write(**modules)
        with self.assertRaisesRegex(bundle.Stop, text):
            self.source()

    def test_parameter(self):
        self.stops("agent/garden.py:.*: SIZE is also a global name",
                   garden=GARDEN + "def f(SIZE):\n    pass\n")

    def test_class_attribute(self):
        self.stops("agent/garden.py:.*: SIZE is also a global name",
                   garden=GARDEN + "class C:\n    SIZE = 1\n")

    def test_local(self):
        self.stops("report is also a local name",
                   garden=GARDEN + "def f():\n    report = 1\n    return place.report\n")

    def test_unknown(self):
        self.stops("agent.house has no roof", garden=GARDEN + "def f():\n    return place.roof\n")
        self.stops("cannot merge the import of roof", garden="from agent.house import roof\n")

    def test_string(self):
        self.stops("_doors is also a string",
                   core=CORE + "def f(x):\n    return getattr(x, '_doors')\n")

    def test_base(self):
        self.stops("_put of Line may be its base's",
                   house=HOUSE + "import queue\nclass Line(queue.Queue):\n"
                   "    def _put(self, x):\n        pass\n")

    def test_class_private(self):
        self.stops("_floors of C is no method", core=CORE + "class C:\n    _floors = 1\n")

    def test_other_object(self):
        self.stops("_doors of another object is set",
                   house=HOUSE + "class C:\n    def f(self, x):\n        x._doors = 1\n")


@unittest.skipUnless(os.path.exists(MPY_CROSS), "mpy-cross is not here: tools/build.sh mpy-cross")
class Image(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "agent.romfs")
        self.key = os.path.join(folder.name, "key.pub")

    def make(self, *options):
        p = subprocess.run(
            ["python3", "-B", bundle.__file__, MPY_DIR, MPY_CROSS, "-o", self.out, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        if p.returncode:
            return p.stderr
        with open(self.out, "rb") as f:
            image = f.read()
        self.assertRegex(p.stdout, r"(?m)^all +%d$" % len(image))
        return image

    def test_image(self):
        line = base64.b64encode(b"Ed" + bytes(range(40))).decode()
        with open(self.key, "w") as f:
            f.write("untrusted comment: a key\n%s\n" % line)
        image = self.make("--version", "17.4.1", "--key", self.key)
        self.assertEqual(image[:3], b"\xd2\xcd\x31")
        self.assertIn(b"17.4.1\0", image)
        self.assertIn(line.encode() + b"\0", image)
        self.assertEqual(image, self.make("--version", "17.4.1", "--key", self.key))
        self.assertLess(len(self.make("--without", "upgrade")), len(image))

    def test_wrong(self):
        self.assertIn("error: --version", self.make("--version", "v1"))
        with open(self.key, "w") as f:
            f.write("untrusted comment: a key\nRWQ=\n")
        self.assertIn("no public key", self.make("--key", self.key))
        self.assertIn("error: ", self.make("--key", self.key + "x"))
        self.assertFalse(os.path.exists(self.out))


if __name__ == "__main__":
    unittest.main()
