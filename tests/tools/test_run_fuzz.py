"""The comparison of random programs: what differs, crashes or hangs is found, shortened and named."""

import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FUZZ = os.path.join(ROOT, "tests", "run_fuzz.py")

# An interpreter with a fault: what it prints for what.
FAULTY = """#!{python}
import subprocess, sys
text = subprocess.run([{python!r}, *sys.argv[1:]], stdout=subprocess.PIPE).stdout.decode()
{fault}
sys.stdout.write(text)
"""


class RunFuzz(unittest.TestCase):
    def fuzz(self, fault):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "python")
            with open(path, "w") as f:
                f.write(FAULTY.format(python=sys.executable, fault=fault))
            os.chmod(path, 0o755)
            command = [sys.executable, FUZZ, "--micropython", path, "--cpython", sys.executable]
            command += ["--programs", "30", "--seed", "1", "--timeout", "2"]
            p = subprocess.run(command, stdout=subprocess.PIPE)
        return p.returncode, p.stdout.decode()

    def test_equal(self):
        status, output = self.fuzz("")
        self.assertEqual(status, 0, output)
        self.assertIn("\n30 programs\n", output)

    def test_different(self):
        status, output = self.fuzz("text = text.replace('Empty', 'Full')")
        self.assertEqual(status, 1)
        self.assertRegex(output, r"failed: seed \d+\n")
        self.assertIn("CPython Empty, MicroPython Full", output)
        # One object and one call are left.
        first = output[output.index("failed: seed") :].split("failed: ")[1].splitlines()
        self.assertEqual(len([line for line in first if line.startswith("    ")]), 2, first)

    def test_crash(self):
        status, output = self.fuzz("import os; 'Empty' in text and os.abort()")
        self.assertEqual(status, 1)
        self.assertIn("MicroPython: exit status -6", output)


if __name__ == "__main__":
    unittest.main()
