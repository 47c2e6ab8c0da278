"""Upgrades: every cut of power, what is refused, and the real thing under its launcher."""

import re

from agent.support import start

# From versions that are made to be so.
UNHEALTHY = re.compile("^(not healthy: .*\n)+$")
NO_SPACE = re.compile("^(not healthy: .*\n|Traceback.*\n|  File .*\n|OSError: 28\n)+$")

# Slot a has version 1.0 of all; the new runtime comes in three frames.
BOARD = """
import random
from board import *
from cutdisk import CutDisk, Cut, after_cuts
random.seed(1)
old = bytes(random.getrandbits(8) for _ in range(5000))
new = old[:2000] + b"new" + old[2100:]
bundle = b"bundle" * 50
def manifest(kind="runtime", data=new, payload=b"", **more):
    m = {"id": "m-1", "kind": kind, "version": "2.0", "hw": "board", "size": len(data),
         "sha256": hexsum(data), "packed": len(payload)}
    m.update(more)
    return m
def setup(board):
    board.setup({"a": {"micropython": old, "agent.romfs": bundle,
        "meta.json": b'{"id": "m-0", "app": "1.0", "runtime": "1.0"}'}})
def board_with(m, payload, disk=None, **more):
    board = Board(disk or CutDisk(), m, payload, **more)
    setup(board)
    return board
def whole(disk, slot):
    return {n: disk.read(slot + "/" + n) for n in ("micropython", "agent.romfs")}
payload = full(new, 2000)
"""


def test_cut_everywhere(t):
    """Power goes at every step of upgrades of runtime and bundle, up and back: each ends in the new

    version, and nothing is half or left over.
    """
    p = start(t, BOARD + """
new_bundle = b"another" * 40
contents = {"micropython": old, "agent.romfs": bundle}
chain = []  # (manifest, payload, what the slot has then)
def then(kind, data, base=None, **more):
    name = "agent.romfs" if kind == "app" else "micropython"
    payload = full(data, 2000) if base is None else frame(0, (bytes(
        (a - b) & 255 for a, b in zip(data, base)), data[len(base):], 0))
    if base is not None:
        more["base"] = hexsum(base)
    contents[name] = data
    chain.append((manifest(kind, data, payload, id="u-%d" % len(chain), **more), payload,
                  dict(contents)))
then("runtime", new)
then("app", new_bundle)
then("runtime", old, new, version="1.0", allow_downgrade=True)
then("app", bundle, version="1.0", allow_downgrade=True)
def go_on(disk, first=0):
    global at
    board = Board(disk)
    for at in range(first, len(chain)):
        board.manifest, board.payload, after = chain[at]
        assert board.run()[0] == "succeeded", (at, board.end)
        slot = board.starts[-1]
        assert board.upgrades.slot == slot and whole(disk, slot) == after, at
        # A bundle leaves the other slot as it is, for there is room for two of them.
        slots = ["a", "b"] if at % 2 else ["b"]
        assert disk.names() == slots + ["boot", "floor", "stage"], (at, disk.names())
        for slot in slots:
            assert disk.names(slot) == ["agent.romfs", "meta.json", "micropython"], slot
states = 0
def scenario(disk):
    setup(Board(disk))
    go_on(disk)
for disk, where in after_cuts(scenario):
    if where[0] < 10:
        continue
    if where[2] == "all":
        first = at  # what was under way
    go_on(disk, first)
    states += 1
print("states", states)
""")
    p.match(r"states [1-9]\d{3}")
    p.finish()


def test_unhealthy_cut_everywhere(t):
    """The same with a version that does not become healthy: the old one runs, and says so."""
    p = start(t, BOARD + """
m = manifest(payload=payload)
def scenario(disk):
    board = board_with(m, payload, disk, healthy=False)
    end = board.run()
    assert end == ("failed", "rolled back: b exit 70"), end
    assert board.starts == ["a", "b", "b", "b", "a"], board.starts
states = 0
for disk, where in after_cuts(scenario):
    if where[0] < 10:
        continue
    board = Board(disk, m, payload, healthy=False)
    end = board.run()
    assert end[0] == "failed" and end[1].startswith("rolled back: "), (where, end)
    assert board.starts[-1] == "a" and board.starts.count("b") <= 6, (where, board.starts)
    assert whole(disk, "a") == {"micropython": old, "agent.romfs": bundle}, where
    assert "b/micropython" not in disk.seen, where
    # The same manifest does not come in again.
    m2 = dict(m, id="m-2")
    board.manifest = m2
    board.healthy = True
    assert board.run()[0] == "succeeded", where
    states += 1
print("states", states)
""")
    p.match(r"states [1-9]\d\d")
    p.finish(stderr=UNHEALTHY)


def test_disk_full(t):
    """From any step on there is no space, until it is there again: the old version stays whole."""
    p = start(t, BOARD + """
m = manifest(payload=payload)
ends = set()
whole_run = board_with(m, payload)
before = whole_run.disk.steps
whole_run.run()
for fail_at in range(before + 1, whole_run.disk.steps):
    for fail_until in (fail_at, fail_at + 3, 1 << 30):
        disk = CutDisk()
        board = board_with(m, payload, disk)
        disk.fail_at, disk.fail_until = fail_at, fail_until
        try:
            end = board.run()
        except OSError as e:     # the launcher's own record
            assert e.errno == 28
            end = ("launcher", "no space")
        ends.add(end[0])
        if end[0] == "failed":
            # Then nothing of it is left that could begin later.
            assert end[1] == "no space", (fail_at, end)
            assert disk.read("boot") in (None, upgrade.record("a")), fail_at
            assert whole(disk, "a") == {"micropython": old, "agent.romfs": bundle}, fail_at
        disk.fail_at = 0
        board.end = None
        board.run()
        assert board.end[0] == "succeeded", (fail_at, end, board.end)
        assert whole(disk, "b") == {"micropython": new, "agent.romfs": bundle}, fail_at
print(sorted(ends))
""")
    p.line("['failed', 'launcher', 'succeeded']")
    p.finish(stderr=NO_SPACE)


def test_refused(t):
    """Each manifest that is not for this device has its reason, and leaves nothing on flash."""
    p = start(t, BOARD + """
def refused(**more):
    board = board_with(manifest(payload=payload, **more), payload)
    before = board.disk.steps
    board.run()
    assert board.disk.steps == before, board.disk.trace[before:]
    return board.end
def check(expected, **more):
    end = refused(**more)
    if end != ("rejected", expected):
        print(more, end)
check("malformed", version="2.x")
check("malformed", version="../2")
check("malformed", version=2)
check("malformed", kind="launcher")
check("malformed", kind=None)
check("malformed", id=7)
check("malformed", size="1")
check("malformed", packed=None)
check("malformed", sha256=0)
check("malformed", hw=None)
check("malformed", min_from="x")
check("malformed", max_bytes="1")
for window in ("ab", [2], [1, 2, 3], ["1", "2"], 5):
    check("malformed", window=window)
check("hw", hw="other")
check("downgrade", version="1.0")
check("downgrade", version="0.9.9")
check("downgrade", version="0", kind="app")
check("min_from", min_from="1.1")
board = board_with(manifest(payload=payload), payload)
up = upgrade.Upgrades(board, lambda text: text, None)
up._decided.set()
try:
    up.resolve({"id": "u", "manifest": json.dumps(board.manifest)})
except Refused as e:
    print(e)
up.opened = lambda text: None
try:
    up.resolve({"id": "u", "manifest": json.dumps(board.manifest)})
except Refused as e:
    print(e)
# One that has come to an end does not come again; an older one does when its maker says so.
board = board_with(manifest(payload=payload), payload)
print(board.run()[0])
board.manifest = manifest(payload=payload, id="m-9", version="1.5")
print(board.run())
board.manifest["allow_downgrade"] = True
print(board.run()[0])
board.manifest = manifest(payload=payload, version="3.0")
print(board.run())
""")
    p.line("no launcher")
    p.line("signature")
    p.line("succeeded")
    p.line("('rejected', 'downgrade')")
    p.line("succeeded")
    p.line("('rejected', 'replayed')")
    p.finish()


def test_pieces(t):
    """The server may send anything, as often as it likes: there are never more than four pieces."""
    p = start(t, BOARD + """
import board as here
most = 0
class Client(here.Client):
    def publish(self, topic, text, *rest):
        global most
        r = json.loads(text)
        board.requests += 1
        up = board.upgrades
        data = payload[r["off"] :][: r["len"]]
        for at, piece in (
            ("x", data), ("-1", data), (str(r["off"] + 1), data), ("", data), ("1e3", data),
            (str(r["off"]), data), (str(r["off"]), b"y"), (str(r["off"]), data),
        ):
            up.feed(r["id"], at, piece)
            up.feed("other", at, piece)
        most = max(most, len(up._chunks))
board = board_with(manifest(payload=payload), payload)
board.client = Client(board)
print(board.run()[0], most, len(board.upgrades._chunks))
""")
    p.match("succeeded [1-4] 0")
    p.finish()


def test_other_slot(t):
    """The record's slot crashes, and the launcher runs the other one: that is upgraded and kept."""
    p = start(t, BOARD + """
for kind, data in (("app", b"another" * 40), ("runtime", bytes(reversed(old)))):
    first = manifest("app", b"first" * 30, full(b"first" * 30))
    board = board_with(first, full(b"first" * 30))
    assert board.run()[0] == "succeeded" and board.starts[-1] == "b"
    # As the launcher does when b has crashed three times.
    boots = iter("a")
    launch = here = board.launch
    def other():
        for slot in boots:
            board.starts.append(slot)
            try:
                board.agent(slot)
                return False
            except Restart:
                return True
        return launch()
    board.launch = other
    # The same image again, which is no reason to take away the slot that runs.
    print(board.run())
    boots = iter("a")
    board.payload = full(data)
    board.manifest = manifest(kind, data, board.payload, id="m-2", version="3.0")
    print(board.run()[0], board.starts[-2:], sorted(board.disk.names("a")))
""".replace("from board import *", "from board import *\nfrom board import Restart"))
    for _ in range(2):
        p.match(r"\('failed', 'rolled back: .*'\)")
        p.match(r"succeeded \['a', 'b'\] .*")
    p.finish()


def test_canceled_on_trial(t):
    """What is heard after the cancel does not make the new version stay, nor the other way round."""
    p = start(t, BOARD + """
import board as here
for late in (False, True):
    board = board_with(manifest(payload=payload), payload, healthy=False)
    job = here.Job("u")
    class Stop(Exception):
        pass
    def exit(status):
        if board.upgrades.slot == "b":
            left.append(status)
        else:
            raise here.Restart(status)
    left = []
    board.exit = exit
    def agent(slot):
        up = board.upgrades = upgrade.Upgrades(board, lambda text: text, None)
        up.slot = slot
        up.meta = up._meta(slot)
        up._smoke = lambda job, m: None
        up.start()
        if slot == "a":
            up.resolve({"id": "u", "manifest": json.dumps(board.manifest)})(job)
        if late:
            up.greeted()
            up._look()
            up._give_back(job)
        else:
            up._give_back(job)
            up.greeted()
            up._look()
        print(up._boot(), left, up._decided.is_set())
    board.agent = agent
    board.launch()
    board.launch()
""")
    p.line("('a', '-') [75] False")
    p.line("('b', '-') [] True")
    p.finish()


def test_window(t):
    """Installed between two hours of the device's day, also over midnight; fetched before."""
    p = start(t, BOARD + """
import board as here
class Clock:
    @staticmethod
    def time():
        return now
upgrade.time = Clock
class Job(here.Job):
    def wait(self, seconds):
        global now, waited
        assert board.requests > 0
        now += seconds
        waited += seconds
here.Job = Job
for window, hour, hours in (
    ([2, 4], 5, 21), ([2, 4], 2, 0), ([2, 4], 4, 22), ([22, 2], 23, 0), ([22, 2], 1, 0),
    ([22, 2], 2, 20), ([2, 24], 1, 1), (None, 5, 0),
):
    now = 1800000000 // 86400 * 86400 + (hour - 1) * 3600 + 59
    waited = 0
    board = board_with(manifest(payload=payload, window=window), payload)
    board.config["utc_offset"] = 60
    assert board.run()[0] == "succeeded", board.end
    if not 0 <= hours * 3600 - waited < 90:
        print(window, hour, waited)
print("done")
""")
    p.line("done")
    p.finish()


def test_payload(t):
    """What the server sends may be anything: it ends, and the new file is right or is not there."""
    p = start(t, BOARD + """
def run(data=payload, files=None, **more):
    more.setdefault("packed", len(payload))
    board = board_with(manifest(**more), data)
    end = board.run()
    if end[0] == "succeeded":
        assert whole(board.disk, "b")["micropython"] == new
    else:
        assert whole(board.disk, "a") == {"micropython": old, "agent.romfs": bundle}
        assert board.starts == ["a"] and "b/micropython" not in board.disk.seen
    return end
print(run()[0])
print(run(max_bytes=len(payload))[0], run(max_bytes=len(payload) - 1))
print(run(b""), run(payload[:3000]), run(payload + b"x")[0])
print(run(sha256="00"))
print(run(size=len(new) - 1), run(size=len(new) + 1))
# Bits of it, all through. Some do not matter.
reasons = set()
for at in range(0, len(payload), 7):
    data = bytearray(payload)
    data[at] ^= 1 << at % 8
    end = run(bytes(data))
    if end[0] == "failed":
        reasons.add(end[1].split(":")[0])
print(sorted(reasons))
# A delta: forward, backward, and with what is not there.
sum = hexsum(old)
delta = frame(10, (bytes(100), b"abc", -60), (b"\\1" * 50, b"", 0))
made = old[10:110] + b"abc" + bytes((b + 1) & 255 for b in old[50:100])
board = board_with(manifest(data=made, payload=delta, base=sum), delta)
print(board.run()[0], board.disk.read("b/micropython") == made)
board = board_with(manifest(data=made, payload=delta, base="00"), delta)
print(board.run())
for bad in (frame(4990, (bytes(100), b"", 0)), frame(0, (bytes(10), b"", -50), (bytes(1), b"", 0))):
    print(board_with(manifest(data=made, payload=bad, base=sum), bad).run())
long = frame(0, (b"", bytes(70000), 0))
print(board_with(manifest(size=70000, payload=long), long).run())
""")
    p.line("succeeded")
    p.line("succeeded ('failed', 'max_bytes')")
    p.line("('failed', 'gone') ('failed', 'gone') succeeded")
    p.line("('failed', 'sha256')")
    p.line("('failed', 'bad frame') ('failed', 'sha256')")
    p.line("['bad frame']")
    p.line("succeeded True")
    p.line("('failed', 'base')")
    p.line("('failed', 'bad frame')")
    p.line("('failed', 'bad frame')")
    p.line("('failed', 'bad frame')")
    p.finish()
