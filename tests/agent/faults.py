"""Power cuts and kills: no command is lost, none is run twice, each has one terminal state."""

import shutil
import signal
import time

from agent.support import TERMINAL, Broker, Device, Proxy, start, wait_for
from variant.harness import Failure, stress

# Commands and jobs on a disk in memory, in one thread: what is queued is run by run_all().
PARTS = """
from agent.commands import Commands
from agent.jobs import Jobs, Refused
from agent.table import Table
from cutdisk import CutDisk, Cut, after_cuts
class Timers:
    def at(self, when, function):
        pass
    def cancel(self, entry):
        pass
ran = []
sent = []       # terminal events that the server has
class Agent:
    def __init__(self, disk):
        self.table = Table(disk, "jobs", keep=8, journal_size=900)
        self.jobs = Jobs(
            self.table, Timers(), self.resolve, lambda e: None, self.deliver, workers=0)
        ops = {"set": lambda command: command["id"], "fail": lambda command: 1 // 0}
        self.commands = Commands(self.table, self.jobs, ops, ("ping",), lambda e: None)
        self.jobs.start()
        self.deliver()
        self.run_all()
    def resolve(self, command):
        def function(job):
            ran.append(job.id)
            return "x" * 40
        return function
    def deliver(self):
        # As the outbox: what is not known to have arrived is sent, now and then.
        for id in list(self.table.unsent):
            event = self.table.state(id)
            sent.append((id, event["st"]))
            if len(sent) % 3:
                self.table.sent(id)
    def run_all(self):
        while self.jobs._queue.qsize():
            self.jobs._run(self.jobs._queue.get()[2])
"""


def test_commands_cut(t):
    """At every step: a command that was acknowledged to the broker is answered, and one that was

    not comes again; a function is begun once at most.
    """
    p = start(t, PARTS + """
commands = []
for i in range(14):
    op = ("run", "run", "set", "run", "fail")[i % 5]
    commands.append({"id": "c%d" % i, "op": op, "idem": i % 3 == 2})
acknowledged = []
def scenario(disk):
    for l in (ran, sent, acknowledged):
        del l[:]
    agent = Agent(disk)
    for i, command in enumerate(commands):
        agent.commands.handle(command)
        acknowledged.append(command["id"])
        if i % 3 == 1:
            agent.run_all()
    agent.run_all()
states = 0
for disk, where in after_cuts(scenario):
    if where[2] == "all":
        before = list(ran), list(sent)
    ran[:], sent[:] = before
    agent = Agent(disk)
    for command in commands:
        # The broker sends what it has no acknowledgement for, and perhaps what it has.
        if command["id"] not in acknowledged[:-4]:
            agent.commands.handle(command)
    agent.run_all()
    agent.deliver()
    for command in commands:
        id = command["id"]
        ends = set(st for i, st in sent if i == id)
        assert len(ends) == 1, (where, id, ends)
        n = ran.count(id)
        if command["op"] != "run":
            assert n == 0
        elif command["idem"]:
            assert n >= 1, (where, id, n)
        else:
            assert n <= 1, (where, id, n)
            assert n == 1 or ends == {"lost"}, (where, id, n, ends)
    states += 1
print("states", states)
""")
    p.match(r"states [1-9]\d\d")
    p.finish()


def test_commands_disk_full(t):
    """From any step on nothing can be written: every command has its answer, none is run twice."""
    p = start(t, PARTS + """
states = 0
for fail_at in range(1, 30):
    for l in (ran, sent):
        del l[:]
    disk = CutDisk(fail_at=fail_at)
    agent = Agent(disk)
    for i in range(6):
        agent.commands.handle({"id": "c%d" % i, "op": ("run", "set")[i % 2]})
        agent.run_all()
    ends = {}
    for id, st in sent:
        assert ends.get(id, st) == st
        ends[id] = st
    assert len(ends) == 6, (fail_at, ends)
    for id in set(ran):
        assert ran.count(id) == 1
    disk.fail_at = 0
    agent.commands.handle({"id": "last", "op": "run"})
    agent.run_all()
    assert "last" in ran
    states += 1
print("states", states)
""")
    p.line("states 29")
    p.popen.wait(20)


def test_commands_full(t):
    """What finds no room among the commands is not acknowledged; the rest is, in order."""
    p = start(t, PARTS + """
import json
class Message:
    retain = False
    def __init__(self, n):
        self.n = n
        self.payload = json.dumps({"id": "m%d" % n, "op": "set"}).encode()
    def ack(self):
        acked.append(self.n)
acked = []
agent = Agent(CutDisk())
ops = {"set": lambda command: 1}
again = []
agent.commands = Commands(agent.table, agent.jobs, ops, (), lambda e: None, size=3,
                          again=lambda: again.append(list(acked)))
for n in range(5):
    agent.commands.on_message(Message(n))
print(acked, agent.commands.dropped, again)
agent.commands.start()
while not again:
    pass
agent.commands.on_message(Message(5))
while len(acked) < 4:
    pass
print(acked, agent.table.last, again)
""")
    p.line("[] 2 []")
    p.line("[0, 1, 2, 5] ['m0', 'm1', 'm2', 'm5'] [[0, 1, 2]]")
    p.finish()


def test_table(t):
    """Its size is bounded: the last answers, the long ones shortened, the journal rewritten."""
    p = start(t, """
from agent.table import Table
from cutdisk import CutDisk
disk = CutDisk()
table = Table(disk, "jobs", keep=10, journal_size=2000)
most = 0
for i in range(200):
    id = "c%d" % i
    table.accept({"id": id, "op": "run"})
    table.begin(id)
    table.answer({"id": id, "st": "succeeded", "result": "x" * (600 if i % 2 else 10)})
    if i % 3:
        table.sent(id)
    most = max(most, len(disk.read("jobs")))
# So many that were sent, and so many that were not.
print(most < 30000, len(table.answers) == 20, all(table.state("c%d" % i) for i in range(190, 200)))
print(table.state("c0"), table.state("c199").get("dropped"), table.state("c197")["dropped"])
again = Table(disk, "jobs", keep=10)
print(again.order, sorted(again.last) == sorted(table.last), again.unsent)
table.answer({"id": "c300", "st": "failed"})
again = Table(disk, "jobs", keep=10)
print(again.unsent == table.unsent, table.answer({"id": "c300", "st": "lost"}))
for i in range(3):
    table.accept({"id": "o%d" % i})
table.begin("o1")
again = Table(disk, "jobs", keep=10)
print(again.order, again.begun, again.state("o0"), again.state("o1"))
# Many long answers that cannot be sent, and a journal that is rewritten beneath open commands.
for i in range(20):
    table.answer({"id": "l%d" % i, "st": "succeeded", "result": "x" * 600})
for table in (table, Table(disk, "jobs", keep=10)):
    kept = [id for id in table.last if len(table.answers[id].get("result", "")) > 512]
    print(kept == ["l%d" % i for i in range(12, 20)], table.order, table.begun)
""")
    p.line("True True True")
    p.line("None True True")
    p.line("[] True %s" % (["c%d" % i for i in range(174, 199, 3)] + ["c199"]))
    p.line("True False")
    p.line("['o0', 'o1', 'o2'] {'o1'} {'id': 'o0', 'st': 'queued'} {'id': 'o1', 'st': 'running'}")
    for _ in range(2):
        p.line("True ['o0', 'o1', 'o2'] {'o1'}")
    p.finish()


COUNT = """
def count(job, n):
    with open("ran", "a") as f:
        f.write(job.id + "\\n")
        f.flush()
    job.wait(n / 1000)
    return n
agent.builtins["count"] = count
"""


@stress
def test_killed_anywhere(t):
    """kill -9 at random moments while commands, functions and tasks come: as above, with a real

    disk and broker. Four kills in each repetition.
    """
    for _ in t.repeats(2):
        (t.folder / "ran").write_text("")
        d = Device(t, COUNT, queue=40)
        shutil.rmtree(str(d.data))
        d.data.mkdir()
        d.start()
        ids, put = [], []
        for kill in range(4):
            for _ in range(8):
                n = t.random.randrange(20)
                ids.append(d.send("run", fn="count", args={"n": n}, prio=n % 3))
            name = "f%d" % kill
            put.append(d.send("fn.put", fn=name, ver="1", src="def run(job):\n    return 1\n"))
            task = {"id": name, "every": 1000, "run": {"fn": name}}
            put.append(d.send("sched.set", task=task))
            time.sleep(t.random.random() * 0.15)
            d.kill()
            d.run()
        for id in ids:
            d.answer(id)
        for id in put:
            assert d.answer(id)["st"] == "succeeded", d.answer(id)
        names = ["f%d" % kill for kill in range(4)]
        assert sorted(f["fn"] for f in d.ask("fn.list")["result"]) == names
        assert sorted(task["id"] for task in d.ask("sched.list")["result"]) == names
        d.stop()
        ran = (t.folder / "ran").read_text().split()
        for id in ids:
            ends = {e["st"] for e in d.events[id] if e["st"] in TERMINAL}
            if ran.count(id) > 1 or len(ends) != 1 or ends - {"succeeded", "lost"}:
                raise Failure("%s: %d runs, %s" % (id, ran.count(id), d.events[id]))
            if ends == {"succeeded"} and ran.count(id) != 1:
                raise Failure("%s: succeeded, never ran" % id)
            t.counts["lost"] += ends == {"lost"}
        t.counts["kills"] += 4
        d.broker.kill()


def test_telemetry(t):
    """Stored while the broker is away, sent in order when it is back; nothing is written to flash

    while it is there.
    """
    broker = Broker(t, "max_queued_messages 100000")
    proxy = Proxy(t, broker.port)
    d = Device(t, """
        def feed(job, first, count):
            for i in range(first, first + count):
                agent.store(1, "tel/flow", "%d" % i)
                job.wait(0.001)
        agent.builtins["feed"] = feed
        """, broker, hold=0.1, port=proxy.port).start()
    q = d.data / "q"
    assert d.ask("run", fn="feed", args={"first": 0, "count": 50})["st"] == "succeeded"

    def got():
        return [int(payload) for topic, payload in d.other if topic == "tel/flow"]

    d.until("telemetry", lambda: len(got()) == 50)
    assert got() == list(range(50)) and not list(q.iterdir())
    id = d.send("run", fn="feed", args={"first": 50, "count": 300})
    d.running(id)
    proxy.go_down()
    wait_for(t, "segments on flash", lambda: list(q.iterdir()))
    wait_for(t, "all of it", lambda: b"349" in b"".join(p.read_bytes() for p in q.iterdir()))
    d.kill()
    proxy.down = False
    d.run()
    d.until("the rest", lambda: 349 in got())
    # In order; some of it twice, if the acknowledgement was cut off.
    first = sorted(set(got()), key=got().index)
    assert first == list(range(350)), got()
    wait_for(t, "flash to be empty", lambda: not list(q.iterdir()))
    d.kill()


def test_stopped(t):
    """SIGTERM without the broker: what is in RAM is written, and sent by the next run."""
    broker = Broker(t)
    proxy = Proxy(t, broker.port)
    d = Device(t, """
        def feed(job):
            for i in range(20):
                agent.store(1, "tel/flow", "%d" % i)
            open("fed", "w").close()
        agent.builtins["feed"] = feed
        """, broker, hold=1000, port=proxy.port).start()
    proxy.go_down()
    d.until("the will", lambda: d.states[-1] == "lost")
    d.peer.publish("d/dut/cmd", '{"id": "feed", "op": "run", "fn": "feed"}')
    proxy.down = False
    wait_for(t, "the messages", lambda: (t.folder / "fed").exists())
    proxy.go_down()
    d.process.signal(signal.SIGTERM)
    d.process.popen.wait(30)
    proxy.down = False
    d.run()

    def got():
        return {int(payload) for topic, payload in d.other if topic == "tel/flow"}

    d.until("all", lambda: got() == set(range(20)))
    d.kill()


def test_small_heap(t):
    """Hundreds of commands in a heap that holds little more than the agent, which here is compiled

    into it: no MemoryError, and memory as planned.
    """
    d = Device(t, """
        agent.builtins["long"] = lambda job: "x" * 3000
        """, options=("-X", "heapsize=416K"), queue=40).start()
    d.ask("fn.put", fn="f", ver="1", src="def run(job):\n    return 'y' * 1000\n")
    for _ in range(8):
        ids = [d.send("run", fn="long") for _ in range(20)]
        ids += [d.send("run", argv=["seq", "5000"], stream=True) for _ in range(2)]
        ids += [d.send("run", fn="f"), d.send("fn.list"), d.send("info")]
        for id in ids:
            a = d.answer(id)
            assert a["st"] == "succeeded", a
    if t.musl and not t.emulated:
        assert d.process.resident() < 1100 * 1024, d.process.resident()
    d.stop()


def test_idle(t):
    """Online and idle: no write to flash, and little CPU."""
    d = Device(t, keepalive=2).start()
    assert d.ask("run", argv=["true"])["st"] == "succeeded"

    def written():
        text = open("/proc/%d/io" % d.process.pid).read()
        return int(text.split("write_bytes: ")[1].split()[0])

    def busy():
        fields = open("/proc/%d/stat" % d.process.pid).read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def pings():
        return d.broker.log().count("PINGREQ from dut")

    n = pings()
    wait_for(t, "a ping", lambda: pings() > n)
    before = written(), busy(), switches(d.process)
    n = pings()
    wait_for(t, "two pings", lambda: pings() >= n + 2)
    assert written() == before[0]
    assert busy() - before[1] <= t.slow  # ticks of 10 ms, in 4 s; an emulator has to translate
    assert switches(d.process) - before[2] <= 16
    d.stop()


def switches(p):
    return sum(int(p.status_of(tid)["voluntary_ctxt_switches"]) for tid in p.tasks())
