import os
import subprocess
import sys
import tempfile
import unittest

RESULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/arm-system/results.py")
CONSOLE = (b"init: Linux\r\ninit: script good.py 0 6 0 900\r\nhello\n"
           b"init: script bad.py 3 0 4 1000\r\noh!\ninit: exit status 0\r\n")


class ResultsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_results(self, *words, console=b""):
        done = subprocess.run([sys.executable, "-B", RESULTS, *words], input=console,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr

    def replay(self, *words):
        return self.run_results("replay", self.folder, sys.executable + " -S", *words)

    def test_unpack_and_replay(self):
        self.assertEqual(self.run_results("unpack", self.folder, console=CONSOLE)[0], 0)
        self.assertEqual(self.replay("/scripts/good.py"), (0, b"hello\n", b""))
        self.assertEqual(self.replay("bad.py"), (3, b"", b"oh!\n"))
        self.assertEqual(self.replay("other.py")[0], 127)

    def test_asks_the_interpreter(self):
        self.assertEqual(self.replay("-c", "print(1.5)"), (0, b"1.5\n", b""))
        self.assertEqual(self.replay("-c", "nothing")[0], 1)
