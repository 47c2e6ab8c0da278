"""The repetitions of a test of tests/variant: how many, and the seed that repeats one."""

import argparse
import time
import unittest

from variant import harness


def make(seed=5, stress=0, slow=1):
    options = argparse.Namespace(
        command=["true"], slow_factor=slow, timeout=40, stress=stress, seed=seed
    )
    return harness.Test("module.test", options)


def draws(t, n):
    """The seed and the first random number of each repetition."""
    return [(t.seed, t.random.random()) for _ in t.repeats(n)]


class Repeats(unittest.TestCase):
    def make(self, **options):
        t = make(**options)
        self.addCleanup(t.clean_up)
        return t

    def test_short_form(self):
        for slow, n in ((1, 20), (10, 2), (100, 1)):
            t = self.make(slow=slow)
            self.assertEqual(len(draws(t, 20)), n)
            self.assertEqual(t.counts, {"repetitions": n})

    def test_stress_goes_on_until_its_time_is_over(self):
        start = time.monotonic()
        seen = draws(self.make(stress=0.05), 1)
        self.assertGreaterEqual(time.monotonic() - start, 0.05)
        self.assertGreater(len(seen), 1)

    def test_stress_longer_than_its_time_runs_once(self):
        t = self.make(stress=0.01)
        self.assertEqual(len([time.sleep(0.02) for _ in t.repeats(20)]), 1)

    def test_seed_of_a_repetition_begins_with_it(self):
        seen = draws(self.make(seed=5), 20)
        self.assertEqual(len(set(seen)), 20)
        for seed, _ in seen:
            self.assertEqual(draws(self.make(seed=seed), 20)[0], seen[seed - 5])

    def test_failure_names_the_seed_of_its_repetition(self):
        t = self.make(seed=5)
        for number in t.repeats(20):
            if number == 7:
                break
        self.assertIn("seed: 12", t.describe(harness.Failure("text")))

    def test_each_repetition_has_its_own_time_limit(self):
        t = self.make()
        limits = [(time.sleep(0.001), t.deadline)[1] for _ in t.repeats(3)]
        self.assertEqual(len(set(limits)), 3)


if __name__ == "__main__":
    unittest.main()
