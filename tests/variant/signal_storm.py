"""SIGUSR1, SIGALRM and SIGCHLD at any thread, at random microseconds (storm.c), under the tests of
interrupt_random, with their Ctrl-C, and of signals: nothing is lost, and no timeout is missed.
"""

import functools
import shutil
import subprocess
from pathlib import Path

from variant import interrupt_random, signals
from variant.harness import Failure, Skip, stress

HERE = Path(__file__).resolve().parent


def bring_storm(t):
    """Whatever the test starts from now on stands in a storm. Returns a function that counts."""
    compiler = shutil.which("cc")
    if not compiler or t.emulated or t.musl or len(t.command) > 1:
        raise Skip("storm.c cannot be loaded into this build")
    library = t.folder / "storm.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-pthread", "-o", str(library)]
        + [str(HERE / "storm.c")],
        check=True,
    )
    count = t.folder / "storm"
    start = t.start

    def start_in_storm(*args, **how):
        env = {"LD_PRELOAD": str(library), "STORM_COUNT": str(count)}
        env["STORM_SEED"] = str(t.random.randrange(2**32))
        return start(*args, env=env, **how)

    t.start = start_in_storm

    def done():
        t.start = start
        n = sum(map(int, count.read_text().split()))
        count.unlink()
        t.counts["signals"] += n
        if n < 20:
            raise Failure("expected a storm, there were %d signals" % n)

    return done


def in_storm(test):
    @stress
    @functools.wraps(test)
    def stormy(t):
        done = bring_storm(t)
        test(t)
        done()

    return stormy


for _name, _test in list(vars(interrupt_random).items()):
    if _name.startswith("test_"):
        globals()[_name] = in_storm(_test)


# Every wait with a timeout, in the main thread and beside it.
@stress
def test_timed_waits(t):
    for _ in t.repeats(1):
        done = bring_storm(t)
        signals.timed_waits_under(t, lambda p: None)
        done()
