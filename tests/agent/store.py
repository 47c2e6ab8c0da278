"""agent/store.py: what is on flash whenever power goes, and the order and limits of the ring."""

from agent.support import start

# What the scripts below say at their end, so that a loop that did not run is seen.
STATES = r"states [1-9]\d\d?\d?"


def run(t, script):
    p = start(t, script)
    p.match(STATES)
    p.finish()


def test_replace_cut(t):
    """The old content or the new one; the new one once replace() has returned."""
    run(t, """
        from cutdisk import after_cuts
        done = []
        def scenario(disk):
            del done[:]
            disk.make_folder("a")
            for i in range(4):
                disk.replace("a/file", b"%d" % i * 100)
                done.append(i)
        n = 0
        for disk, where in after_cuts(scenario):
            got = disk.read("a/file")
            want = [b"%d" % i * 100 for i in range(4)]
            if done:
                assert got in (want + [None])[done[-1]:done[-1] + 2], (where, got)
            else:
                assert got in (None, want[0]), (where, got)
            # and goes on from there, over what is left
            disk.make_folder("a")
            disk.replace("a/file", b"more")
            assert disk.after("synced").read("a/file") == b"more"
            n += 1
        print("states", n)
        """)


def test_journal_cut(t):
    """Every record that append() returned for, in order, perhaps the next one, and no other."""
    run(t, """
        from agent.store import Journal
        from cutdisk import after_cuts
        done = []
        def scenario(disk):
            del done[:]
            journal = Journal(disk, "journal")
            list(journal.read())
            for i in range(12):
                journal.append({"id": i, "text": "x" * i})
                done.append(i)
                if i == 7:
                    done.append("rewriting")
                    journal.rewrite(list(journal.read())[5:])
                    done.pop()
                    del done[:5]
        n = 0
        for disk, where in after_cuts(scenario):
            journal = Journal(disk, "journal")
            got = [record["id"] for record in journal.read()]
            if done and done[-1] == "rewriting":
                assert got in ([5, 6, 7], list(range(8))), (where, got)
            else:
                after = (done[-1] if done else -1) + 1
                assert got == done or got == done + [after] and after < 12, (where, got, done)
            journal.append({"id": "more"})
            again = Journal(disk.after("synced"), "journal")
            assert [record["id"] for record in again.read()] == got + ["more"], where
            n += 1
        print("states", n)
        """)


def test_journal_damage(t):
    """Whatever byte is wrong: the records before it are read, and what is appended then is too."""
    run(t, """
        from agent.store import Journal
        from cutdisk import CutDisk, Node
        disk = CutDisk()
        journal = Journal(disk, "journal")
        for i in range(5):
            journal.append({"id": i})
        data = disk.read("journal")
        lengths = [len(line) + 1 for line in data.split(b"\\n")[:-1]]
        n = 0
        for at in range(len(data)):
            rest = data[at:]
            for wrong in (data[:at], data[:at] + b"\\xff" + rest[1:], data[:at] + b"0" + rest):
                disk = CutDisk()
                disk.seen["journal"] = Node(wrong, wrong)
                journal = Journal(disk, "journal")
                got = [record["id"] for record in journal.read()]
                whole, left = 0, at
                while whole < 5 and left >= lengths[whole]:
                    left -= lengths[whole]
                    whole += 1
                assert got == list(range(whole)), (at, got, whole)
                journal.append({"id": "more"})
                assert [r["id"] for r in Journal(disk, "journal").read()] == got + ["more"]
                n += 1
        print("states", n)
        """)


def test_journal_full(t):
    """append() raises when there is no space; what was there stays, and later appends are read."""
    run(t, """
        from agent.store import Journal
        from cutdisk import CutDisk
        n = 0
        for fail_at in range(1, 15):
            disk = CutDisk(fail_at=fail_at)
            journal = Journal(disk, "journal")
            done = []
            for i in range(5):
                try:
                    journal.append({"id": i})
                    done.append(i)
                except OSError as e:
                    assert e.errno == 28
                if i == 3:
                    disk.fail_at = 0
                assert [r["id"] for r in journal.read()] == done
                n += 1
            assert [r["id"] for r in Journal(disk, "journal").read()] == done
            assert 4 in done
        print("states", n)
        """)


RING = """
from queue import Full
from agent.store import Ring
class Link:
    def __init__(self):
        self.sent = []
        self.waiting = []
        self.room = 1000
    def send(self, topic, payload, done):
        if not self.room:
            raise Full
        self.room -= 1
        self.sent.append(int(payload[:4]))
        self.waiting.append(done)
    def acknowledge(self, n=1000):
        while self.waiting and n:
            self.waiting.pop(0)()
            n -= 1
def message(i, size=300):
    return b"%04d" % i + b"x" * size
def drain(ring, link):
    while True:
        before = len(link.sent)
        ring.work(True)
        link.acknowledge()
        if len(link.sent) == before:
            ring.work(True)
            return link.sent
"""


def test_ring_cut(t):
    """What was on flash and not acknowledged is sent after the cut, in order, and nothing else."""
    run(t, RING + """
from cutdisk import after_cuts
safe, put, landed = [], [], []
def scenario(disk):
    for list in (safe, put, landed):
        del list[:]
    disk.make_folder("q")
    link = Link()
    ring = Ring(disk, "q", link.send, segment=1000, hold=0)
    for i in range(12):
        put.append(i)
        ring.put(1, "t", message(i))
        if i % 2:
            ring.work(False)
            safe.extend(range(len(safe), i + 1))
    for _ in range(4):
        ring.work(True)
        landed.extend(link.sent[len(landed):][:2])
        link.acknowledge(2)
    for i in range(12, 16):
        put.append(i)
        ring.put(1, "t", message(i))
    ring.flush()
    safe.extend(range(12, 16))
n = 0
for disk, where in after_cuts(scenario):
    link = Link()
    sent = drain(Ring(disk, "q", link.send, segment=1000), link)
    assert sorted(set(sent)) == sent, (where, sent)
    assert set(sent) <= set(put), (where, sent)
    lost = set(safe) - set(landed) - set(sent)
    assert not lost, (where, lost)
    assert disk.names("q") == [], disk.names("q")
    n += 1
print("states", n)
""")


def test_ring_online(t):
    """While the broker is there nothing is written; the window is kept; the order too."""
    p = start(t, RING + """
from cutdisk import CutDisk
disk, link = CutDisk(), Link()
ring = Ring(disk, "q", link.send, window=3)
for i in range(10):
    ring.put(0, "t", message(i))
ring.put(2, "t", message(99))
print(ring.work(True), link.sent)
link.acknowledge(1)
ring.work(True)
print(link.sent, ring.waiting())
link.room = 1
link.acknowledge(2)
print(ring.work(True), link.sent, ring.waiting())
link.room = 100
print(drain(ring, link), ring.waiting(), disk.steps, ring.dropped)
""")
    p.line("None [99, 0, 1]")
    p.line("[99, 0, 1, 2] (0, 10)")
    p.line("1 [99, 0, 1, 2, 3] (0, 8)")
    p.line("%s (0, 0) 0 [0, 0, 0]" % ([99] + list(range(10))))
    p.finish()


def test_ring_offline(t):
    """Written when a segment is full or the time is over, sent before what came later."""
    p = start(t, RING + """
from cutdisk import CutDisk
from time import sleep
disk, link = CutDisk(), Link()
disk.make_folder("q")
ring = Ring(disk, "q", link.send, segment=4096, hold=0.05)
ring.put(0, "t", message(0))
rest = ring.work(False)
print(0 < rest <= 0.05, disk.names("q"))
for i in range(1, 15):
    ring.put(0, "t", message(i))
ring.work(False)
print(disk.names("q"), ring.waiting())
ring.put(0, "t", message(15))
while ring.work(False) is not None:
    sleep(0.005)
print(disk.names("q"), ring.waiting())
ring.put(0, "t", message(16))
print(drain(ring, link) == list(range(17)), disk.names("q"), ring.waiting())
""")
    p.line("True []")
    p.line("['0-00000001', '0-00000002'] (2, 0)")
    p.line("['0-00000001', '0-00000002'] (2, 0)")
    p.line("True [] (0, 0)")
    p.finish()


def test_ring_limits(t):
    """The oldest of the lowest class goes first, is counted, and never for a lower one."""
    p = start(t, RING + """
from cutdisk import CutDisk
disk, link = CutDisk(), Link()
disk.make_folder("q")
ring = Ring(disk, "q", link.send, segment=1000, limit=5 * 4096, hold=0)
n = 0
def fill(kind, count):
    global n
    for _ in range(count):
        for _ in range(3):
            ring.put(kind, "t", message(n))
            n += 1
        ring.work(False)
    print(disk.names("q"), ring.dropped)
fill(0, 3)
fill(1, 3)
fill(2, 4)
fill(0, 1)
fill(1, 2)
sent = drain(ring, link)
print(sent)
print(len(set(sent)) + sum(ring.dropped) == n)
big = Ring(disk, "q", link.send, segment=1000, limit=5 * 4096, hold=0)
big.put(2, "t", message(1, 30000))
big.work(False)
print(big.dropped, disk.names("q"))
""")
    p.line("['0-00000001', '0-00000002', '0-00000003'] [0, 0, 0]")
    p.line("['0-00000002', '0-00000003', '1-00000004', '1-00000005', '1-00000006'] [3, 0, 0]")
    p.line("['1-00000006', '2-00000007', '2-00000008', '2-00000009', '2-00000010'] [9, 6, 0]")
    p.line("['1-00000006', '2-00000007', '2-00000008', '2-00000009', '2-00000010'] [12, 6, 0]")
    _, names = p.next_line()
    assert "'1-" in names and names.endswith("[12, 12, 0]"), names
    p.line(str(list(range(18, 30)) + [36, 37, 38]))
    p.line("True")
    p.match(r"\[0, 0, 1\] \[\]")
    p.finish()


def test_ring_disk_full(t):
    """No space: older messages give way, then the new ones; work() does not raise; it recovers."""
    run(t, RING + """
from cutdisk import CutDisk
n = 0
for fail_at in range(3, 40):
    # For a while, or once.
    until = (1 << 30, fail_at // 2)[fail_at % 2]
    disk, link = CutDisk(fail_at=fail_at // 2, fail_until=until), Link()
    disk.seen["q"] = None
    ring = Ring(disk, "q", link.send, segment=700, hold=0)
    for i in range(10):
        ring.put(0, "t", message(i))
        ring.work(False)
    disk.fail_at = 0
    ring.put(0, "t", message(10))
    ring.work(False)
    sent = drain(ring, link)
    assert sorted(sent) == sent and sent[-1] == 10, sent
    assert len(sent) + ring.dropped[0] == 11, (sent, ring.dropped)
    n += 1
print("states", n)
""")


def test_ring_damage(t):
    """Whatever byte of a segment is wrong: the messages before it are sent, and other segments."""
    run(t, RING + """
from cutdisk import CutDisk, Node
disk = CutDisk()
disk.make_folder("q")
ring = Ring(disk, "q", None, segment=100, hold=0)
for i in range(6):
    ring.put(0, "t", message(i, 15))
ring.work(False)
name = "q/0-00000001"
data = disk.read(name)
n = 0
for at in range(len(data)):
    for wrong in (data[:at], data[:at] + bytes((data[at] ^ 1,)) + data[at + 1:]):
        disk.seen[name] = Node(wrong, wrong)
        disk.seen["q/0-00000002"] = Node(data, data)
        disk.seen["q/other"] = Node(data, data)
        link = Link()
        sent = drain(Ring(disk, "q", link.send), link)
        assert sent == list(range(at // 30)) + [0, 1, 2], (at, sent)
        n += 1
print("states", n)
""")


def test_ring_unacknowledged(t):
    """What is sent and not acknowledged when the program ends is sent again by the next run."""
    p = start(t, RING + """
from cutdisk import CutDisk
disk, link = CutDisk(), Link()
disk.make_folder("q")
ring = Ring(disk, "q", link.send, window=3)
for i in range(5):
    ring.put(0, "t", message(i))
ring.work(True)
link.acknowledge(1)
ring.flush()
print(link.sent)
print(drain(Ring(disk, "q", link.send), link))
""")
    p.line("[0, 1, 2]")
    p.line("[0, 1, 2, 1, 2, 3, 4]")
    p.finish()


def test_ring_link_lost(t):
    """What is on its way when the broker goes is written after a while, without anything new."""
    p = start(t, RING + """
from cutdisk import CutDisk
from time import sleep
disk, link = CutDisk(), Link()
disk.make_folder("q")
ring = Ring(disk, "q", link.send, hold=0.02)
ring.put(0, "t", message(7))
ring.work(True)
while ring.work(False) is not None:
    sleep(0.005)
print(link.sent, disk.names("q"), ring.waiting())
link.acknowledge()
print(ring.work(False), disk.names("q"))
print(drain(Ring(disk, "q", link.send), link), disk.names("q"))
""")
    p.line("[7] ['0-00000001'] (1, 0)")
    p.line("None ['0-00000001']")
    p.line("[7, 7] []")
    p.finish()


def test_ring_sending(t):
    """What is written while a segment is being sent goes to another one, and is sent after it."""
    p = start(t, RING + """
from cutdisk import CutDisk
disk, link = CutDisk(), Link()
disk.make_folder("q")
ring = Ring(disk, "q", link.send, window=1, hold=0)
for i in range(4):
    ring.put(0, "t", message(i))
    ring.work(False)
print(disk.names("q"))
ring.work(True)
ring.put(0, "t", message(4))
ring.work(False)
print(disk.names("q"))
link.acknowledge()
print(drain(ring, link), disk.names("q"))
""")
    p.line("['0-00000001']")
    p.line("['0-00000001', '0-00000002']")
    p.line("[0, 1, 2, 3, 4] []")
    p.finish()


def test_ring_ram(t):
    """RAM takes four segments when nobody writes or sends them; what goes is counted."""
    p = start(t, RING + """
from cutdisk import CutDisk
ring = Ring(CutDisk(), "q", None, segment=1000)
for i in range(30):
    ring.put(1, "t", message(i, 85))
ring.put(0, "t", message(30, 285))
print(ring.waiting(), ring.dropped)
for i in range(30):
    ring.put(1, "t", message(i, 85))
print(ring.waiting(), ring.dropped)
""")
    p.line("(0, 31) [0, 0, 0]")
    p.line("(0, 40) [1, 20, 0]")
    p.finish()


def test_ring_threads(t):
    """Threads put while one works: all is sent once, in each thread's order."""
    p = start(t, RING + """
import threading
from cutdisk import CutDisk
disk, link = CutDisk(), Link()
disk.make_folder("q")
link.room = 1 << 30
ring = Ring(disk, "q", link.send, hold=0, limit=1 << 30)
left = [4]
def work(n):
    for i in range(200):
        while ring.waiting()[1] > 20:
            pass
        ring.put(n % 2, "t", message(n * 1000 + i, 50))
    left[0] -= 1
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for thread in threads:
    thread.start()
online = False
while left[0]:
    ring.work(online)
    link.acknowledge()
    online = not online
sent = drain(ring, link)
for n in range(4):
    assert [m for m in sent if m // 1000 == n] == list(range(n * 1000, n * 1000 + 200)), (n, sent)
print(len(sent), ring.dropped, disk.names("q"))
""")
    p.line("800 [0, 0, 0] []")
    p.finish()


def test_real_disk(t):
    """The same on files."""
    p = start(t, """
        import os
        from agent.store import Disk, Journal, load, save
        os.mkdir("data")
        disk = Disk("data")
        print(disk.read("none"), disk.names("none"), disk.free() > 0)
        disk.make_folder("a")
        disk.make_folder("a")
        save(disk, "a/x.json", {"k": 1})
        save(disk, "a/x.json", {"k": [2]})
        print(load(disk, "a/x.json", 0), load(disk, "a/y.json", 0), disk.names("a"), disk.names())
        journal = Journal(disk, "j")
        journal.append("one")
        journal.append("two")
        journal.rewrite(["two"])
        journal.append("three")
        print(list(Journal(disk, "j").read()), journal.size == len(disk.read("j")))
        disk.remove("a/x.json")
        disk.remove("a/x.json")
        print(disk.names("a"))
        try:
            Disk("/proc").replace("x", b"")
        except OSError as e:
            print("OSError")
        """)
    p.line("None [] True")
    p.line("{'k': [2]} 0 ['x.json'] ['a']")
    p.line("['two', 'three'] True")
    p.line("[]")
    p.line("OSError")
    p.finish()
