"""docs/upgrade.md names a test for each transition, and each test that it names is there."""

import os
import re
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
FILES = {"launcher": "tests/run_launcher.py", "board": "tests/board/upgrade.py"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


class TestUpgradeDocs(unittest.TestCase):
    def setUp(self):
        self.text = read("docs/upgrade.md")
        self.rows = re.findall(r"^\| ([\d, ]*) \|.*\| (`[a-z_]+\..*) \|$", self.text, re.M)

    def test_each_transition_has_a_row(self):
        drawn = set(re.findall(r"-->.*: (\d+)", self.text))
        told = {n for numbers, _ in self.rows for n in numbers.split(", ") if n}
        self.assertEqual(drawn, told)
        self.assertGreater(len(drawn), 10)

    def test_each_test_is_there(self):
        for _, tests in self.rows:
            for module, name in re.findall(r"`(\w+)\.(\w+)`", tests):
                source = read(FILES.get(module, "tests/agent/%s.py" % module))
                self.assertTrue("\ndef test_%s(" % name in source, module + "." + name)


if __name__ == "__main__":
    unittest.main()
