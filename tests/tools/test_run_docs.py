"""run_docs must find every example and every name, and see what is missing or different."""

import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import gen_differences
import run_docs

MANUAL = """\
Example::

    print(1)        # -> 1

.. A remark::

.. function:: wait(timeout=None)
              hold()

    Text. ::

        # since 3.14
        for i in range(2):

            print(i)
        # -> 0
        # -> 1

    More text.

.. class:: Lock(size, *, name=None)

.. method:: Lock.take(n=1)
"""

STUB = """\
from typing import Any
_T = Any
class _Base:
    def __init__(self, size: int, *, name: Any = None) -> None: ...
class Lock(_Base):
    def take(self, n: int = 1) -> bool: ...
    def _give(self) -> None: ...
def wait(timeout: Any = None) -> None: ...
def hold() -> None: ...
"""


class RunDocs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        values = {"MANUAL": self.folder, "TYPINGS": self.folder, "MODULES": ("x",)}
        patch = mock.patch.multiple(run_docs, **values)
        patch.start()
        self.addCleanup(patch.stop)
        self.write(MANUAL, STUB)

    def write(self, manual, stub):
        (self.folder / "x.rst").write_text(manual)
        (self.folder / "x.pyi").write_text(stub)

    def test_examples(self):
        one, two = run_docs.examples()
        self.assertEqual((one.name, one.since, one.output), ("x.rst:1", (0, 0), "1\n"))
        self.assertEqual(one.text, "print(1)        # -> 1\n")
        self.assertEqual((two.name, two.since, two.output), ("x.rst:10", (3, 14), "0\n1\n"))
        self.assertIn("\nfor i in range(2):\n\n    print(i)\n", two.text)

    def test_stub(self):
        stub = run_docs.Stub("x")
        self.assertEqual(stub.names["Lock"], "size, *, name=None")
        self.assertEqual(stub.members("Lock")["take"], "n=1")
        self.assertEqual(sorted(stub.members("Lock")), ["__init__", "_give", "take"])
        self.assertEqual(stub.names["wait"], "timeout=None")

    def test_manual(self):
        self.assertEqual(run_docs.check_manual("x"), [])
        for old, new, fault in (
            ("              hold()\n", "", "hold: not in the manual"),
            ("hold()", "hold(x)", "hold(x): the stub has ()"),
            ("wait(timeout=None)", "wait(timeout=-1)", "wait(timeout=-1): the stub has"),
            ("Lock.take", "Lock.grab", "Lock.grab: not in the stub"),
            ("*, name", "name", "Lock(size, name=None): the stub has"),
        ):
            with self.subTest(new=new):
                self.write(MANUAL.replace(old, new, 1), STUB)
                self.assertIn(fault, "\n".join(run_docs.check_manual("x")))

    def test_calls(self):
        calls = dict(run_docs.calls("f", "a, b=None, *, c=None"))
        self.assertEqual(
            list(calls),
            ["f(*many)", "f()", "f(None, a=None)", "f(None, None, b=None)"]
            + ["f(c=None, nonsense=None)"],
        )
        text = "f() takes {} positional arguments but 20 were given"
        self.assertRegex(text.format(2), calls["f(*many)"])
        self.assertNotRegex(text.format(3), calls["f(*many)"])


class GenDifferences(unittest.TestCase):
    def test_docstring_is_demanded(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.py"
            path.write_text('"""\ncategories: A,b\ndescription: c\n"""\n')
            with self.assertRaises(ValueError):
                gen_differences.Difference(path)

    def test_page(self):
        difference = SimpleNamespace(
            path=Path("x.py"), categories="A,b", description="What", cause="Why.",
            workaround="How.", cpython="1\n2\n", micropython="",
        )
        self.assertIn(
            "\n## A: b\n\n**What.** Why. *Workaround:* How.\n\n"
            "```\nCPython:     1\n             2\nMicroPython:\n```\n",
            gen_differences.page([difference]),
        )


if __name__ == "__main__":
    unittest.main()
