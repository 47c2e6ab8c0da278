"""check_includes must see an include and an import that its rules forbid."""

import os
import tempfile
import unittest

import check_includes

# File: its text, and whether it keeps the rules. sync.h, futex.h and gil.h are found by name.
FILES = {
    "modules/sync/sync.h": ("#include <stdint.h>\n", True),
    "modules/sync/sync.c": ('#include "sync.h"\n#  include <string.h>\n', True),
    "modules/sync/bad_os.c": ("#include <pthread.h>\n", False),
    "modules/sync/bad_clock.c": ("#include <time.h>\n", False),
    "modules/sync/bad_py.c": ('#include "py/obj.h"\n', False),
    "modules/sync/bad_port.c": ('#include "futex.h"\n', False),
    "modules/sync/port/futex.h": ("#include <linux/futex.h>\n", True),
    "modules/sync/port/bad_py.c": ('#include "py/obj.h"\n', False),
    "modules/threading/good.c": ('#include "py/runtime.h"\n#include "sync.h"\n', True),
    "modules/threading/bad_os.c": ("#include <unistd.h>\n", False),
    "modules/threading/bad_variant.c": ('#include "gil.h"\n', False),
    "modules/queue/bad_tests.c": ('#include "../../tests/probe.h"\n', False),
    "tests/probe.h": ("", None),
    "variants/threads/gil.h": ("", True),
    "variants/threads/good.c": ('#include <pthread.h>\n#include "futex.h"\n', True),
    "variants/threads/bad.c": ('#include "modules/threading/private.h"\n', False),
    "modules/threading/private.h": ("", True),
    "lib/good.py": ("import time, _thread\nimport good\n", True),
    "lib/bad.py": ("def f():\n    from subprocess import run\n", False),
    "agent/good.py": ("import threading\nfrom queue import Queue\n", True),
    "agent/bad.py": ("import tests.both\n", False),
}


class CheckIncludes(unittest.TestCase):
    def test_rules(self):
        with tempfile.TemporaryDirectory() as root:
            for name, (text, _) in FILES.items():
                path = os.path.join(root, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(text)
            found = {name: not faults for name, faults in check_includes.check(root)}
        expected = {name: good for name, (_, good) in FILES.items() if good is not None}
        self.assertEqual(found, expected)
