"""Tasks that begin by themselves: at times of the day, every so often, once, on events."""

import json
import time

from agent.commands import TRACE, trace
from agent.support import Broker, Device, Proxy, start, wait_for

# A clock that the test sets, in the place of both of the module's; run(seconds) lets time pass.
CLOCK = """
import agent.sched
from cutdisk import CutDisk, Cut, after_cuts
from heapq import heappush, heappop
class Clock:
    wall = 1800000000 - 1800000000 % 86400   # midnight
    mono = 0
    gmtime = __import__("time").gmtime
    def time(self):
        return self.wall
clock = Clock()
agent.sched.time = clock
agent.sched.monotonic = lambda: clock.mono
agent.sched.clock_is_set = lambda: clock.wall > 1e9
class Timers:
    def __init__(self):
        self.heap = []
        self.n = 0
    def at(self, when, function):
        self.n += 1
        entry = [when, self.n, function]
        heappush(self.heap, entry)
        return entry
    def cancel(self, entry):
        entry[2] = None
    def run(self, seconds):
        end = clock.mono + seconds
        while self.heap and self.heap[0][0] <= end:
            when, _, function = heappop(self.heap)
            if when > clock.mono:
                clock.wall += when - clock.mono
                clock.mono = when
            if function:
                function()
        clock.wall += end - clock.mono
        clock.mono = end
fired = []
known = set()   # as in the table of commands
asked = []
def fire(command):
    asked.append(command["id"])
    if command["id"] in known:
        return
    known.add(command["id"])
    fired.append((command["id"], int(clock.wall) // 60 % 1440))
def begin(disk):
    s = agent.sched.Schedules(disk, Timers(), fire)
    s.start()
    s.run = s.timers.run
    return s
def took():
    got = [minute for _, minute in fired]
    assert len(set(fired)) == len(fired)
    del fired[:]
    return got
def put(s, **task):
    s.set({"task": dict(task, run={"fn": "f"})})
"""


def test_canceled(t):
    """What is canceled takes no memory, however late it would be; the rest comes in order."""
    p = start(t, """
        import gc
        from agent.timers import Timers, monotonic
        timers = Timers()
        now = monotonic()
        got = []
        kept = [timers.at(now + 0.01 * k, lambda k=k: got.append(k)) for k in (3, 1, 4, 2, 5)]
        for i in range(5000):
            timers.cancel(timers.at(now + 86400 - i % 7, None))
        timers.cancel(kept[2])
        timers.cancel(kept[2])
        print(len(timers._heap))
        timers.at(now + 0.06, lambda: print(got))
        timers.start()
        timers.thread.join(0.5)
        """, options=("-X", "heapsize=120K"))
    p.line("4")
    p.line("[1, 2, 3, 5]")
    p.kill()


def test_cron_lines(t):
    """Fields, and the last minute that matches; against every minute of some days."""
    p = start(t, CLOCK + """
from agent.sched import Cron
import time
lines = ("* * * * *", "*/15 * * * *", "5,10-12 3 * * *", "0 0 1 * *", "30 6 * * 1-5", "0 12 * * 7",
    "0 12 13 * 5", "59 23 31 12 *", "10-50/20 */6 * 1,3 *", "3/20 0 * * *")
def matches(line, m):
    t = time.gmtime(m * 60)
    def fits(text, value, low, high):
        for part in text.split(","):
            span, _, step = part.partition("/")
            a, _, b = span.partition("-")
            if span == "*":
                a, b = low, high
            else:
                b = b or (high if step else a)
            if value in range(int(a), int(b) + 1, int(step or 1)):
                return True
        return False
    a, b, c, d, e = line.split()
    w = (t[6] + 1) % 7
    day = fits(c, t[2], 1, 31)
    week = fits(e, w, 0, 6) or w == 0 and "7" in e
    days = day or week if c != "*" and e != "*" else day and week
    return (fits(a, t[4], 0, 59) and fits(b, t[3], 0, 23) and fits(d, t[1], 1, 12) and days)
start = 1800000000 // 60
for line in lines:
    cron = Cron(line)
    want, n = None, 0
    for m in range(start + 1, start + 1440):
        if matches(line, m):
            want = m
            n += 1
        if m % 97 == 0:
            got = cron.latest(start, m)
            assert got == want, (line, m, got, want)
        assert (cron.latest(m - 1, m) == m) == matches(line, m), (line, m)
    print(line, n)
leap = Cron("0 0 29 2 *").latest(0, 1800000000 // 60)
print(time.gmtime(leap * 60)[:5])
print(Cron("0 0 30 2 *").latest(0, 1800000000 // 60))
bad = 0
for line in ("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "x * * * *", "5-3 * * * *", "*/0 * * * *", "1,,2 * * * *", "-1 * * * *", "* * * * * *"):
    try:
        Cron(line)
        print("accepted", line)
    except ValueError:
        bad += 1
print(bad)
""")
    got = {}
    for _ in range(10):
        line, _, n = p.next_line()[1].rpartition(" ")
        got[line] = int(n)
    assert got["* * * * *"] == 1439 and got["*/15 * * * *"] == 95, got
    p.line("(2024, 2, 29, 0, 0)")
    p.line("None")
    p.line("13")
    p.finish()


def test_cron(t):
    """Each match once, at its minute; after a restart too."""
    p = start(t, CLOCK + """
disk = CutDisk()
s = begin(disk)
put(s, id="a", cron="*/10 * * * *")
s.run(3601)
print(took())
s = begin(disk)
s.run(1800)
print(took())
s.delete({"task": "a"})
s.run(3600)
print(took(), s.list(), agent.sched.Schedules(disk, Timers(), fire).list())
""")
    p.line("[10, 20, 30, 40, 50, 60]")
    p.line("[70, 80, 90]")
    p.line("[] [] []")
    p.finish()


def test_missed(t):
    """The machine was off: what was missed is left out, or run once; a little late is on time."""
    p = start(t, CLOCK + """
disk = CutDisk()
s = begin(disk)
put(s, id="none", cron="0 * * * *")
s.run(3601)
print(took())
clock.wall += 5 * 3600 + 600
s = begin(disk)
s.run(60)
print(took())
clock.wall += 3600 - 660 + 90
s = begin(disk)
s.run(600)
print(took())
s.delete({"task": "none"})
put(s, id="one", cron="0 * * * *", catch_up="one")
s.run(3600)
print(took())
clock.wall += 5 * 3600
s = begin(disk)
s.run(60)
print(took())
del asked[:]
s = begin(disk)
s.run(60)
print(took(), asked)
""")
    p.line("[60]")
    p.line("[]")
    p.line("[421]")
    p.line("[480]")
    p.line("[791]")
    p.line("[] []")
    p.finish()


def test_limits(t):
    """Local time, Sunday by both its numbers, and no more tasks than the limit."""
    p = start(t, CLOCK + """
from agent.jobs import Refused
from agent.sched import Cron
m = int(clock.wall) // 60
print([Cron("0 12 * * 7").latest(0, m + d * 1440) == Cron("0 12 * * 0").latest(0, m + d * 1440)
       for d in range(7)] == [True] * 7, Cron("0 12 * * 7").latest(0, m) is not None)
disk = CutDisk()
s = agent.sched.Schedules(disk, Timers(), fire, utc_offset=120, limit=2)
s.start()
put(s, id="local", cron="0 3 * * *")
s.timers.run(7200)
print(took(), asked)
clock.wall += 7 * 86400 + 3600    # long after that minute
s.timers.run(120)
print(took())
put(s, id="two", every=5)
put(s, id="two", every=50)
try:
    put(s, id="three", every=5)
except Refused as e:
    print(e)
""")
    p.line("True True")
    p.line("[60] ['s-local-29999580']")
    p.line("[]")
    p.line("too many tasks")
    p.finish()


def test_clock(t):
    """Not set, set late, forward and backward: nothing is run twice, and it goes on."""
    p = start(t, CLOCK + """
disk = CutDisk()
true = clock.wall
clock.wall = 100
s = begin(disk)
put(s, id="a", cron="*/10 * * * *")
put(s, id="e", every=1000)
put(s, id="o", at=true + 4000)
s.run(1500)
print(took())                     # every, by itself
s.delete({"task": "e"})
clock.wall = true + 300           # set
s.run(600)
print(took())
clock.wall += 40 * 60             # 55: forward
s.run(600)
print(took())
clock.wall -= 30 * 60             # 35: back by less than an hour
s.run(1500)
print(took())                     # not again
s.run(1500)
print(took())
clock.wall -= 24 * 3600           # back by a day
s.run(1200)
print(took())
s.run(24 * 3600)                  # those minutes again
print(len(took()))
""")
    p.line("[18]")
    p.line("[10]")
    p.line("[60]")
    p.line("[]")
    p.line("[66, 70, 80]")
    p.line("[90, 100]")
    p.line("144")
    p.finish()


def test_once(t):
    """At a time, once; missed while off it is run, unless it shall not be."""
    p = start(t, CLOCK + """
disk = CutDisk()
s = begin(disk)
put(s, id="a", at=clock.wall + 605)
put(s, id="b", at=clock.wall + 5000, catch_up="none")
put(s, id="c", at=clock.wall + 5000)
s.run(604)
print(took())
s.run(2)
print(took())
s = begin(disk)
s.run(600)
print(took(), sorted(task["id"] for task in s.list()))
clock.wall += 6000
s = begin(disk)
s.run(60)
print(took(), s.list())
s = begin(disk)
s.run(600)
print(took())
""")
    p.line("[]")
    p.line("[10]")
    p.line("[] ['b', 'c']")
    p.line("[120] []")
    p.line("[]")
    p.finish()


def test_deleted_in_jitter(t):
    """What was deleted before it began does not begin."""
    p = start(t, CLOCK + """
disk = CutDisk()
s = begin(disk)
put(s, id="a", at=clock.wall + 5, jitter=1000)
put(s, id="b", at=clock.wall + 5, jitter=1000)
s.run(6)
s.delete({"task": "a"})
s.run(2000)
print([id[:3] for id in asked], s.list())
""")
    p.line("['s-b'] []")
    p.finish()


def test_every(t):
    """From the start on, in step; what was missed while the machine stood is left out."""
    p = start(t, CLOCK + """
disk = CutDisk()
s = begin(disk)
put(s, id="a", every=90)
put(s, id="b", every=60, jitter=30)
s.run(360)
b = [m for id, m in fired if id[:4] == "s-b-"]
print([m for id, m in fired if id[:4] == "s-a-"], len(b) in (5, 6))
del fired[:]
s.delete({"task": "b"})
clock.mono += 1000
s.run(90)
print(len(took()))                # the late one and the next
put(s, id="a", every=600)
s.run(1200)
print(len(took()))
""")
    p.line("[1, 3, 4, 6] True")
    p.line("2")
    p.line("2")
    p.finish()


def test_set_cut(t):
    """Power cut in a change of the tasks or in a run: the old tasks or the new ones, and with the

    table of commands what was to run once runs once.
    """
    p = start(t, CLOCK + """
from agent.table import Table
ran = []
clock0 = clock.wall
def start_all(disk):
    table = Table(disk, "jobs")
    def fire(command):
        if table.state(command["id"]) is None:
            table.accept(command)
            ran.append(command["id"])
    s = agent.sched.Schedules(disk, Timers(), fire)
    s.start()
    s.table = table
    return s
def scenario(disk):
    del ran[:]
    clock.wall, clock.mono = clock0, 0
    s = start_all(disk)
    put(s, id="a", at=clock0 + 100)
    put(s, id="b", cron="1 * * * *", catch_up="one")
    s.timers.run(150)
    s.delete({"task": "b"})
n = 0
for disk, where in after_cuts(scenario):
    if where[2] == "all":
        before = list(ran)
    ran[:] = before
    s = start_all(disk)
    ids = sorted(task["id"] for task in s.list())
    assert ids in ([], ["a"], ["a", "b"], ["b"]), (where, ids)
    clock.wall = clock0 + 200
    s.timers.run(100)
    # What had begun for certain is not begun again; what was set is not forgotten.
    again = ran[len(before):]
    assert len(set(again)) == len(again), (where, again)
    for id in again:
        assert id not in before, (where, before, again)
    if "a" in ids:
        assert s.table.state("s-a-%d" % (clock0 + 100)), (where, ran)
    n += 1
print("states", n)
""")
    p.match(r"states [1-9]\d\d?")
    p.finish()


def test_agent(t):
    """On boot, online and offline; every second; wrong tasks; kept over a kill."""
    broker = Broker(t)
    proxy = Proxy(t, broker.port)
    d = Device(t, TRACE, broker, port=proxy.port).start()
    assert trace(t) == []

    def task(id, **fields):
        run = {"fn": "trace", "args": {"word": id}}
        return d.ask("sched.set", task=dict(fields, id=id, run=run))

    for id in ("boot", "online", "offline"):
        assert task(id, on=id)["st"] == "succeeded"
    assert task("second", every=1)["st"] == "succeeded"
    assert task("soon", at=time.time() + 0.2)["st"] == "succeeded"
    wait_for(t, "two runs", lambda: trace(t).count("second") >= 2)
    assert trace(t).count("soon") == 1
    for reason, fields in (
        ("one of cron, every, at, on", {}),
        ("one of cron, every, at, on", {"cron": "* * * * *", "every": 5}),
        ("cron", {"cron": "* * * *"}),
        ("cron", {"cron": 5}),
        ("every", {"every": 0}),
        ("every", {"every": "5"}),
        ("at", {"at": None}),
        ("on", {"on": "fire"}),
        ("every", {"every": 5, "jitter": -1}),
        ("every", {"every": 5, "catch_up": "all"}),
    ):
        a = task("x", **fields)
        assert (a["st"], a["reason"]) == ("rejected", reason), a
    for wrong in (None, {"id": "x", "every": 5}, {"id": 5, "every": 5, "run": {}}):
        assert d.ask("sched.set", task=wrong)["st"] == "rejected"
    assert d.ask("sched.del", task="x")["reason"] == "unknown task"
    listed = d.ask("sched.list")["result"]
    assert sorted(each["id"] for each in listed) == ["boot", "offline", "online", "second"], listed
    assert d.ask("sched.del", task="second")["st"] == "succeeded"
    proxy.go_down()
    wait_for(t, "a run offline", lambda: "offline" in trace(t))
    proxy.down = False
    wait_for(t, "a run online", lambda: "online" in trace(t))
    d.until("its answer", lambda: [
        e for id, events in d.events.items() for e in events if e.get("result") == "offline"])
    d.kill()
    d.start()
    wait_for(t, "a run at boot", lambda: "boot" in trace(t))
    assert trace(t).count("soon") == 1
    saved = json.loads((d.data / "sched.json").read_text())["tasks"]
    assert sorted(each["id"] for each in saved) == ["boot", "offline", "online"]
    d.stop()
