"""tools/sign: what it makes, and what it says of what it does not make."""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

PATH = str(Path(__file__).resolve().parents[2] / "tools/sign")

LOADER = importlib.machinery.SourceFileLoader("sign", PATH)
sign = importlib.util.module_from_spec(importlib.util.spec_from_loader("sign", LOADER))
LOADER.exec_module(sign)

NEEDED = ("--key", "key.sec", "--kind", "runtime", "--version", "2.1", "--hw", "pump", "-o",
          "image")


class Sign(unittest.TestCase):
    def setUp(self):
        for program in ("signify-openbsd", "bsdiff"):
            if not shutil.which(program):
                self.skipTest(program + " is not here")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.signify("-G", "-n", "-p", "key.pub", "-s", "key.sec")
        self.new = os.urandom(70000) + bytes(200000)
        Path("new").write_bytes(self.new)
        Path("old").write_bytes(self.new[:1000] + b"old" + self.new[1000:])

    def signify(self, *words):
        subprocess.run(["signify-openbsd", *words], check=True, stdout=subprocess.DEVNULL)

    def run_sign(self, *words):
        """(status, what it printed)"""
        text = io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            try:
                status = sign.main(list(words))
            except SystemExit as e:
                status = e.code
        return status, text.getvalue()

    def make(self, *words):
        """(manifest, payload, what it printed)"""
        status, text = self.run_sign(*NEEDED, *words)
        self.assertEqual(status, 0, text)
        head, payload = self.split()
        Path("head").write_bytes(head)
        self.signify("-V", "-e", "-p", "key.pub", "-x", "head", "-m", "message")
        manifest = json.loads(Path("message").read_bytes())
        self.assertEqual(manifest["packed"], len(payload))
        return manifest, payload, text

    def split(self):
        lines = Path("image").read_bytes().split(b"\n", 3)
        return b"\n".join(lines[:3]) + b"\n", lines[3]

    def test_full(self):
        manifest, payload, text = self.make("new", "--id", "a.b-1")
        self.assertEqual(manifest, {
            "id": "a.b-1", "kind": "runtime", "version": "2.1", "hw": "pump", "size": 270000,
            "sha256": hashlib.sha256(self.new).hexdigest(), "packed": len(payload)})
        self.assertEqual(sign.applied(payload), self.new)
        self.assertEqual(text, "runtime 2.1 for pump, id a.b-1: %d bytes (full)\n" % len(payload))

    def test_options(self):
        words = ("--min-from", "1.4", "--window", "22-4", "--max-bytes", "300000",
                 "--allow-downgrade")
        manifest, _, _ = self.make("new", *words)
        self.assertEqual(
            [manifest[k] for k in ("min_from", "window", "max_bytes", "allow_downgrade")],
            ["1.4", [22, 4], 300000, True])
        self.assertNotEqual(manifest["id"], self.make("new")[0]["id"])

    def test_delta(self):
        manifest, payload, text = self.make("new", "--base", "old")
        base = Path("old").read_bytes()
        self.assertEqual(manifest["base"], hashlib.sha256(base).hexdigest())
        self.assertLess(len(payload), 1000)
        self.assertIn("(delta, ", text)
        self.assertEqual(sign.applied(payload, base), self.new)

    def test_delta_that_is_no_smaller(self):
        Path("new").write_bytes(b"new")
        manifest, payload, text = self.make("new", "--base", "old")
        self.assertNotIn("base", manifest)
        self.assertIn("(full: as a delta ", text)
        self.assertEqual(sign.applied(payload), b"new")

    def test_app(self):
        Path("app").write_bytes(sign.ROMFS + b"rest")
        self.assertEqual(self.make("app", "--kind", "app")[0]["kind"], "app")
        for words, text in ((("new", "--kind", "app"), "new is no ROMFS: not what --kind app is"),
                            (("app",), "app is a ROMFS: not what --kind runtime is")):
            self.assertEqual(self.run_sign(*NEEDED, *words), (1, "sign: " + text + "\n"))

    def test_refused(self):
        Path("empty").touch()
        Path("image").write_bytes(b"as it was")
        for words, status, text in (
            (("none",), 1, "No such file"),
            (("empty",), 1, "empty is empty"),
            (("new", "--base", "none"), 1, "No such file"),
            (("new", "--key", "none"), 1, "signify-openbsd ended with"),
            (("new", "-o", "none/image"), 1, "No such file"),
            (("new", "--max-bytes", "1000"), 1, "--max-bytes 1000: it has "),
            (("new", "--max-bytes", "0"), 2, "'0' is no number of bytes"),
            (("new", "--max-bytes", "-1"), 2, "--max-bytes"),
            (("new", "--version", "2.x"), 2, "'2.x' is not numbers with dots between"),
            (("new", "--version", ""), 2, "is not numbers"),
            (("new", "--min-from", "v1"), 2, "'v1' is not numbers"),
            (("new", "--window", "2"), 2, "'2' is not two hours, as 2-4"),
            (("new", "--window", "4-4"), 2, "is not two hours"),
            (("new", "--window", "0-24"), 2, "is not two hours"),
            (("new", "--window", "23-25"), 2, "is not two hours"),
            (("new", "--id", "a/b"), 2, "'a/b' is not 1 to 40 letters"),
            (("new", "--id", "x" * 41), 2, "is not 1 to 40 letters"),
            (("new", "--kind", "launcher"), 2, "invalid choice"),
            ((), 2, "required"),
        ):
            got, printed = self.run_sign(*NEEDED, *words)
            self.assertEqual(got, status, (words, printed))
            self.assertIn(text, printed)
            self.assertEqual(Path("image").read_bytes(), b"as it was")

    def test_programs_that_are_not_here(self):
        path = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = "/nowhere"
        self.assertEqual(self.run_sign(*NEEDED, "new"),
                         (1, "sign: needs signify-openbsd (Debian: signify-openbsd)\n"))
        self.assertEqual(self.run_sign(*NEEDED, "new", "--base", "old"),
                         (1, "sign: needs bsdiff (Debian: bsdiff)\n"))


if __name__ == "__main__":
    unittest.main()
