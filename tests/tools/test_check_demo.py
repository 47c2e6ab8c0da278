"""check_demo must accept the output that is asked for, and see each way in which one differs."""

import unittest

import check_demo

GOOD = """\
<_MainThread(MainThread, started 140104763766528)> 2017-09-29T14:01:20 Started.
<Thread(t1, started 140104739841792)> 2017-09-29T14:01:20 enqueue 0
<Thread(t2, started 140104731449088)> 2017-09-29T14:01:20 dequeue 0
<Thread(t1, started 140104739841792)> 2017-09-29T14:01:21 enqueue 1
<Thread(t2, started 140104731449088)> 2017-09-29T14:01:21 dequeue 1
<Thread(t1, started 140104739841792)> 2017-09-29T14:01:22 enqueue 2
<Thread(t2, started 140104731449088)> 2017-09-29T14:01:22 dequeue 2
<Thread(t1, started 140104739841792)> 2017-09-29T14:01:23 enqueue 3
<Thread(t2, started 140104731449088)> 2017-09-29T14:01:23 dequeue 3
<Thread(t1, started 140104739841792)> 2017-09-29T14:01:24 finished iterations, exiting.
<Thread(t2, started 140104731449088)> 2017-09-29T14:01:24 received stop message, exiting.
<_MainThread(MainThread, started 140104763766528)> 2017-09-29T14:01:24 finished.
"""

# What one replacement, at its first place, does to the good output: (old, new, part of fault).
MUTATIONS = (
    ("Started.", "Started", "line 1: expected"),
    ("Started.\n", "Started.\n\n", "13 lines"),
    ("enqueue 0", "enqueue  0", "line 2: expected"),
    ("dequeue 0", "dequeue 1", "line 3: expected"),
    ("<Thread(t1, started 140104739841792)>", "<Thread(t1, started 5)>", "id was 5 before"),
    ("started 140104763766528", "started 0", "line 1: expected"),
    ("started 140104763766528", "started -5", "line 1: expected"),
    ("started 140104763766528", "started 0140104763766528", "line 1: expected"),
    ("started 140104763766528", "started 0x7f", "line 1: expected"),
    ("started 140104763766528", "stopped 140104763766528", "line 1: expected"),
    ("_MainThread(", "Thread(", "line 1: expected"),
    ("T14:01:20", "T14:01:60", "no date and time"),
    ("2017-09-29T14:01:20", "2017-9-29T14:01:20", "line 1: expected"),
    ("2017-09-29T14:01:20", "2017-09-29 14:01:20", "line 1: expected"),
    ("2017-09-29T14:01:20", "2018-09-29T14:01:20", "line 2: the clock goes back"),
    (" Started", "Started", "line 1: expected"),
    ("Started.", "Started.\r", "line 1: expected"),
)


class CheckDemo(unittest.TestCase):
    def test_good(self):
        self.assertEqual(check_demo.check(GOOD), [])

    def test_other_ids(self):
        output = GOOD.replace("140104739841792", "2").replace("140104731449088", "30")
        self.assertEqual(check_demo.check(output), [])

    def test_mutations(self):
        for old, new, fault in MUTATIONS:
            with self.subTest(old=old, new=new):
                faults = check_demo.check(GOOD.replace(old, new, 1))
                self.assertIn(fault, "\n".join(faults))

    def test_same_id(self):
        faults = check_demo.check(GOOD.replace("140104739841792", "140104731449088"))
        self.assertIn("same id", faults[0])

    def test_cut_anywhere(self):
        for end in range(len(GOOD)):
            self.assertTrue(check_demo.check(GOOD[:end]), "accepts {} characters".format(end))

    def test_lines_swapped(self):
        lines = GOOD.splitlines(True)
        for i in range(len(lines) - 1):
            swapped = lines[:i] + [lines[i + 1], lines[i]] + lines[i + 2 :]
            self.assertTrue(check_demo.check("".join(swapped)))

    def test_line_in_line(self):
        output = GOOD.replace(" 2017-09-29T14:01:20 enqueue 0\n<Thread(t2", "<Thread(t2", 1)
        self.assertTrue(check_demo.check(output))
