"""The agent's commands and jobs: each ends in exactly one terminal state, whatever happens."""

import json
import os
import re
import signal
import struct
import subprocess
import time
import zlib

from agent.support import (
    PUBACK, PUBLISH, ROOT, SUBACK, SUBSCRIBE, TERMINAL, Broker, Device, FakeBroker, Proxy,
    parse_publish, publish, start, wait_for,
)
from agent.processes import alive

# A built-in function that leaves a trace of each run.
TRACE = """
def trace(job, word):
    with open("trace", "a") as f:
        f.write(word + "\\n")
    return word
agent.builtins["trace"] = trace
"""

# One that runs until the test lets it go, or until it shall end.
HOLD = """
import os
def hold(job, name="go", deaf=False):
    job.progress(1, "holding")
    while name not in os.listdir():
        if job.wait(0.01) and not deaf:
            return "let go"
agent.builtins["hold"] = hold
"""


def trace(t):
    path = t.folder / "trace"
    return path.read_text().split() if path.exists() else []


def test_answers(t):
    """Each is answered, the wrong ones too."""
    d = Device(t, TRACE).start()
    assert d.states == ["ready"]
    a = d.ask("ping")
    assert a["st"] == "succeeded" and a["result"]["now"] > 1e9, a
    a = d.ask("info")
    assert a["st"] == "succeeded" and a["result"]["dropped"] == [0, 0, 0], a
    a = d.ask("run", fn="trace", args={"word": "one"})
    assert (a["st"], a["result"]) == ("succeeded", "one"), a
    for reason, fields in (
        ("unsupported", {"op": "fly"}),
        ("unsupported", {"op": None}),
        ("unknown function", {"op": "run", "fn": "none"}),
        ("fn", {"op": "run"}),
        ("fn", {"op": "run", "fn": "../x"}),
        ("args", {"op": "run", "fn": "trace", "args": [1]}),
        ("expired", {"op": "run", "fn": "trace", "args": {"word": "late"}, "exp": 1700000000}),
        ("version", {"op": "ping", "v": 2}),
        ("timeout", {"op": "run", "fn": "trace", "timeout": -1}),
        ("timeout", {"op": "run", "fn": "trace", "timeout": "1"}),
        ("prio", {"op": "run", "fn": "trace", "prio": "high"}),
        ("argv", {"op": "run", "argv": []}),
        ("unknown job", {"op": "cancel", "job": "c1"}),
        ("unknown job", {"op": "cancel"}),
    ):
        a = d.ask(**fields)
        assert (a["st"], a["reason"]) == ("rejected", reason), (a, fields)
    a = d.ask("cancel", job=[1])  # what nobody has thought of
    assert (a["st"], a["reason"][:9]) == ("failed", "TypeError"), a
    for payload in (b"", b"{", b"[]", b"1", b'{"op": "ping"}', b'{"id": 5}', b"\xff\xfe",
                    b'{"id": "%s"}' % (b"x" * 65)):
        n = len(d.events.get(None, ()))
        d.peer.publish("d/dut/cmd", payload)
        d.until("a rejection of %r" % payload, lambda: len(d.events.get(None, ())) > n)
    size = (d.data / "jobs").stat().st_size
    for op in ("ping", "info", "jobs", "fn.list", "sched.list"):
        assert d.ask(op)["st"] == "succeeded"
    assert (d.data / "jobs").stat().st_size == size  # what only reads is not written down
    for args, kind in (({}, "TypeError"), ({"word": 1}, "TypeError")):
        a = d.ask("run", fn="trace", args=args)
        assert a["st"] == "failed" and a["reason"].startswith(kind), a
    assert trace(t) == ["one"]
    d.stop()


def test_duplicates(t):
    """A command that comes again has the same answer and is not run again, also after a kill."""
    d = Device(t, TRACE).start()
    first = d.ask("run", id="same", fn="trace", args={"word": "once"})

    def again(n):
        d.send("run", id="same", fn="trace", args={"word": "twice"})
        d.until("the answer again", lambda: len(
            [e for e in d.events["same"] if e["st"] == "succeeded"]) >= n)

    again(2)
    d.kill()
    d.start()
    n = len([e for e in d.events["same"] if e["st"] == "succeeded"])
    again(n + 1)
    answers = [e for e in d.events["same"] if e["st"] == "succeeded"]
    assert all(e == first for e in answers), answers
    assert trace(t) == ["once"]
    d.stop()


def test_malformed(t):
    """What was cut, and ids that are no part of a topic: refused, and the next is answered."""
    d = Device(t, TRACE).start()
    whole = json.dumps({"id": "m", "op": "run", "fn": "trace", "args": {"word": "cut"}})
    texts = [whole[:n] for n in range(len(whole))] + [whole + "}", whole + ",0", whole * 2, "{}]"]
    texts += [whole[:-1] + ', "n": %s}' % number for number in ("1e999", "[{\"a\": -1e999}]")]
    # Of the last ones a broker refuses some, and the connection with them.
    ids = ("+", "a#", "a/b", "\0", "a\n", "", "x" * 65, 7, None, [], {}, "\x7f", "\x85", "\uffff")
    texts += [json.dumps({"id": id, "op": "fn.del"}) for id in ids]
    for text in texts:
        d.peer.publish("d/dut/cmd", text)
        e = d.answer(None)
        assert (e["st"], e["reason"]) == ("rejected", "malformed"), e
        del d.events[None]
    for id in ids:
        a = d.ask("sched.set", task={"id": id, "every": 1, "run": {"fn": "trace"}})
        assert (a["st"], a["reason"]) == ("rejected", "id"), a
    assert trace(t) == []
    d.stop()


def test_acknowledged_when_journalled(t):
    """PUBACK for a command comes when it is on flash, and not before."""
    broker = FakeBroker(t)
    d = Device(t, broker=broker)
    d.run(HOLD)
    link = broker.accept()
    while True:
        kind, flags, body = link.packet()
        if kind == SUBSCRIBE:
            link.send(SUBACK, body[:2] + b"\1")
        elif kind == PUBLISH:
            m = parse_publish(flags, body)
            link.send(PUBACK, struct.pack("!H", m[3]))
            if m[0] == "d/dut/cmd/get":
                break
    for i in range(5):
        command = json.dumps({"id": "journal-%d" % i, "op": "run", "fn": "hold"}).encode()
        link.raw(publish("d/dut/cmd", command, i + 1))
        while True:
            kind, flags, body = link.packet()
            if kind == PUBACK:
                break
            if kind == PUBLISH:
                link.send(PUBACK, struct.pack("!H", parse_publish(flags, body)[3]))
        assert b"journal-%d" % i in (d.data / "jobs").read_bytes()
    d.kill()


def test_busy(t):
    """A full queue refuses, and takes commands again when there is room."""
    d = Device(t, HOLD, workers=1, queue=2).start()
    ids = [d.send("run", fn="hold")]
    d.running(ids[0])
    ids += [d.send("run", fn="hold") for _ in range(2)]
    a = d.ask("run", fn="hold")
    assert (a["st"], a["reason"]) == ("rejected", "busy"), a
    (t.folder / "go").touch()
    for id in ids:
        assert d.answer(id)["st"] == "succeeded"
    assert d.ask("run", fn="hold")["st"] == "succeeded"
    d.stop()
    for id, events in d.events.items():
        assert len([e for e in events if e["st"] in TERMINAL]) == 1, events


def test_priority(t):
    """The urgent ones first, then in the order in which they came."""
    d = Device(t, HOLD + TRACE, workers=1).start()
    first = d.send("run", fn="hold")
    d.running(first)
    ids = [
        d.send("run", fn="trace", args={"word": word}, prio=prio)
        for word, prio in (("a0", 0), ("b-1", -1), ("c5", 5), ("d0", 0), ("e5", 5))
    ]
    assert len(d.ask("jobs")["result"]) == 6
    (t.folder / "go").touch()
    for id in ids:
        d.answer(id)
    assert trace(t) == ["c5", "e5", "a0", "d0", "b-1"], trace(t)
    d.stop()


def test_expired_in_queue(t):
    """A command whose time is over when a worker takes it is not begun."""
    d = Device(t, HOLD + TRACE, workers=1).start()
    first = d.send("run", fn="hold")
    d.running(first)
    end = time.time() + 0.3 * t.slow
    late = d.send("run", fn="trace", args={"word": "late"}, exp=end)
    good = d.send("run", fn="trace", args={"word": "good"}, exp=end + 100)
    d.until("them to wait", lambda: good in d.events)
    wait_for(t, "the end", lambda: time.time() > end)
    (t.folder / "go").touch()
    a = d.answer(late)
    assert (a["st"], a["reason"]) == ("rejected", "expired"), a
    assert d.answer(good)["st"] == "succeeded" and trace(t) == ["good"]
    d.stop()


def test_expired_clock(t):
    """A clock that was never set says nothing."""
    p = start(t, """
        from agent import commands
        class Clock:
            now = 1800000000
            def time(self):
                return self.now
        commands.time = clock = Clock()
        for clock.now in (1800000000, 1800000011, 1000, 1700000000):
            print([commands.expired(c) for c in ({"exp": 1800000010}, {"exp": 500}, {})])
        """)
    for line in ("[False, True, False]", "[True, True, False]", "[False, False, False]",
                 "[False, False, False]"):
        p.line(line)
    p.finish()


def test_cancel(t):
    """Queued, running in a thread, running in a process, and one that does not want to."""
    d = Device(t, HOLD + TRACE, workers=2).start()
    thread = d.send("run", fn="hold")
    stubborn = d.send("run", argv=["sh", "-c", "trap '' TERM; echo $$; while :; do sleep 1; done"],
                      stream=True)
    d.running(thread, pct=1, msg="holding")
    d.until("output", lambda: d.other)
    pid = int(d.other[0][1])
    queued = d.send("run", fn="trace", args={"word": "queued"})
    assert d.ask("cancel", job=queued)["st"] == "succeeded"
    assert d.answer(queued)["st"] == "canceled"
    d.send("cancel", job=thread)
    a = d.answer(thread)
    assert (a["st"], a["result"]) == ("canceled", "let go"), a
    d.send("cancel", job=stubborn)
    a = d.answer(stubborn)
    assert (a["st"], a["reason"]) == ("canceled", "signal 9"), a
    wait_for(t, "the process to end", lambda: not alive(pid))
    assert d.ask("cancel", job=stubborn)["reason"] == "unknown job"
    deaf = d.send("run", fn="hold", args={"deaf": True})
    d.running(deaf, pct=1, msg="holding")
    d.send("cancel", job=deaf)
    a = d.answer(deaf)
    assert (a["st"], a["reason"]) == ("canceled", "does not end"), a
    assert trace(t) == []
    d.stop()


def test_canceled_long_ago(t):
    """A canceled job that has ended is not stuck when so many others were answered meanwhile."""
    d = Device(t, HOLD).start()
    gone = d.send("run", argv=["sleep", "300"])
    d.running(gone)
    d.send("cancel", job=gone)
    assert d.answer(gone)["st"] == "canceled"
    for id in [d.send("none") for _ in range(70)]:
        assert d.answer(id)["reason"] == "unsupported"
    # When this one has its answer the first one's time is over, too.
    deaf = d.send("run", fn="hold", args={"deaf": True})
    d.running(deaf)
    d.send("cancel", job=deaf)
    assert d.answer(deaf)["reason"] == "does not end"
    assert d.ask("info")["result"]["stuck"] == 1
    (t.folder / "go").touch()
    d.stop()


def test_canceled_in_queue(t):
    """What is canceled takes no place from others."""
    d = Device(t, HOLD, workers=1, queue=2).start()
    d.running(d.send("run", fn="hold"))
    for _ in range(8):
        for id in [d.send("run", fn="hold") for _ in range(2)]:
            assert d.ask("cancel", job=id)["st"] == "succeeded"
            assert d.answer(id)["st"] == "canceled"
    a = d.ask("run", fn="hold")
    assert (a["st"], a["reason"]) == ("rejected", "busy"), a  # what a worker has still to see
    (t.folder / "go").touch()
    d.stop()


def test_deadline(t):
    """Time over: TERM, then KILL, for all that the job has started; the worker is free again."""
    d = Device(t, TRACE + HOLD, workers=1).start()
    a = d.ask("run", argv=["sh", "-c", "sleep 300 & echo $!; sleep 300"], timeout=0.2)
    assert (a["st"], a["reason"]) == ("timed_out", "signal 15"), a
    wait_for(t, "the group to end", lambda: not alive(int(a["out"])))
    a = d.ask("run", argv=["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.01; done"],
              timeout=0.2)
    assert (a["st"], a["rc"]) == ("timed_out", 3), a
    a = d.ask("run", fn="hold", timeout=0.2)
    assert (a["st"], a["result"]) == ("timed_out", "let go"), a
    assert d.ask("run", fn="trace", args={"word": "x"})["st"] == "succeeded"
    d.stop()


def test_old_kernel(t):
    """The same where no descriptor tells of a process's end (Linux before 5.3)."""
    d = Device(t, """
        from agent import process
        import posix
        class Old:
            def __getattr__(self, name):
                if name == "pidfd_open":
                    raise OSError(38)
                return getattr(posix, name)
        process.posix = Old()
        """).start()
    assert d.ask("run", argv=["echo", "x"])["result"] == "x\n"
    a = d.ask("run", argv=["sh", "-c", "sleep 300 & echo $!; exit 4"])
    assert a["rc"] == 4, a
    wait_for(t, "the rest to end", lambda: not alive(int(a["out"])))
    for script in ("sleep 300 & echo $!; sleep 300", "trap '' TERM; echo $$; while :; do :; done"):
        a = d.ask("run", argv=["sh", "-c", script], timeout=0.2)
        assert a["st"] == "timed_out" and a["reason"] in ("signal 15", "signal 9"), a
        wait_for(t, "the group to end", lambda: not alive(int(a["out"])))
    d.stop()


def test_stuck(t):
    """A thread that does not end loses its place to another one; too many, and jobs are refused

    until one ends.
    """
    d = Device(t, TRACE + HOLD, workers=1).start()
    for i in range(3):
        a = d.ask("run", fn="hold", args={"deaf": True, "name": "go%d" % i}, timeout=0.1)
        assert (a["st"], a["reason"]) == ("timed_out", "does not end"), a
        if i < 2:
            a = d.ask("run", fn="trace", args={"word": "x"})
            assert a["st"] == "succeeded"
    assert d.ask("info")["result"]["stuck"] == 3
    a = d.ask("run", fn="trace", args={"word": "x"})
    assert (a["st"], a["reason"]) == ("rejected", "stuck"), a
    for i in (2, 0):
        (t.folder / ("go%d" % i)).touch()
        left = {2: 2, 0: 1}[i]
        wait_for(t, "it to end", lambda: d.ask("info")["result"]["stuck"] == left)
        assert d.ask("run", fn="trace", args={"word": "x"})["st"] == "succeeded"
    (t.folder / "go1").touch()
    wait_for(t, "the last to end", lambda: d.ask("info")["result"]["stuck"] == 0)
    # Who has lost its place has gone: there is one worker.
    ids = [d.send("run", fn="hold", args={"name": "end"}) for _ in range(3)]
    d.running(ids[0])
    assert sorted(job["st"] for job in d.ask("jobs")["result"]) == ["queued"] * 2 + ["running"]
    (t.folder / "end").touch()
    d.stop()


def test_program(t):
    """Output, exit status, signals, limits, and what cannot start."""
    d = Device(t, memory=200 << 20).start()
    a = d.ask("run", argv=["echo", "hello"])
    assert (a["st"], a["result"]) == ("succeeded", "hello\n"), a
    a = d.ask("run", argv=["sh", "-c", "echo out; echo err >&2; exit 5"])
    assert (a["st"], a["reason"], a["rc"], a["out"]) == ("failed", "exit 5", 5, "out\nerr\n"), a
    a = d.ask("run", argv=["sh", "-c", "kill -11 $$"])
    assert (a["st"], a["reason"]) == ("failed", "signal 11"), a
    a = d.ask("run", argv=["/nowhere"])
    assert a["st"] == "failed" and "cannot start" in a["reason"], a
    a = d.ask("run", argv=["printf", "\\377x"])
    assert (a["st"], a["result"]) == ("succeeded", "?x"), a
    a = d.ask("run", argv=["sh", "-c", "ulimit -v; ulimit -n; pwd"])
    # QEMU needs address space of its own and leaves this limit out.
    space = "unlimited" if t.emulated else 200 << 10
    assert a["result"] == "%s\n32\n%s\n" % (space, os.path.realpath(str(d.data / "tmp"))), a
    a = d.ask("run", argv=["dd", "if=/dev/zero", "of=big", "bs=1000000", "count=3"])
    assert a["st"] == "failed" and (d.data / "tmp/big").stat().st_size <= 1 << 20, a
    # What a program leaves behind goes with it.
    a = d.ask("run", argv=["sh", "-c", "sleep 300 & echo $!"])
    assert a["st"] == "succeeded", a
    wait_for(t, "the rest to end", lambda: not alive(int(a["result"])))
    d.config["exec"] = False
    d.stop()
    d.start()
    a = d.ask("run", argv=["echo"])
    assert (a["st"], a["reason"]) == ("rejected", "exec is not allowed"), a
    d.stop()


def test_stream(t):
    """All output of a program that writes faster than the broker takes it, in order."""
    d = Device(t).start()
    id = d.send("run", argv=["seq", "1", "60000"], stream=True)
    a = d.answer(id)
    whole = "".join("%d\n" % i for i in range(1, 60001)).encode()

    def output():
        parts = {int(topic.split("/")[2]): data for topic, data in d.other}
        return b"".join(parts[offset] for offset in sorted(parts))

    d.until("all output", lambda: len(output()) == len(whole))
    assert output() == whole
    assert a["result"] == whole[-1024:].decode(), a
    d.stop()


def test_stream_without_broker(t):
    """A program goes on while nobody takes its output."""
    d = Device(t, keepalive=1).start()
    d.broker.signal(signal.SIGSTOP)
    d.broker.signal(signal.SIGCONT)
    id = d.send("run", argv=["sh", "-c", "while [ ! -e ../../go ]; do sleep 0.05; done;"
                                         "seq 1 100000; touch ../../done"], stream=True)
    d.running(id)
    d.broker.signal(signal.SIGSTOP)
    (t.folder / "go").touch()
    wait_for(t, "the program to end", lambda: (t.folder / "done").exists())
    d.broker.signal(signal.SIGCONT)
    assert d.answer(id)["st"] == "succeeded"
    d.stop()


def test_killed(t):
    """After kill -9: what waited is run, what ran is lost, or run again if it may be."""
    d = Device(t, TRACE + HOLD, workers=2).start()
    ran = d.send("run", fn="hold")
    idem = d.send("run", fn="hold", idem=True)
    d.running(ran)
    d.running(idem)
    waited = d.send("run", fn="trace", args={"word": "waited"})
    d.until("it to wait", lambda: waited in d.events)
    d.kill()
    (t.folder / "go").touch()
    d.start()
    a = d.answer(ran)
    assert (a["st"], a["reason"]) == ("lost", "restarted"), a
    assert d.answer(idem)["st"] == "succeeded"
    assert d.answer(waited)["st"] == "succeeded"
    assert trace(t) == ["waited"]
    d.kill()
    d.start()
    d.stop()
    assert trace(t) == ["waited"]


def test_offline(t):
    """Jobs go on without the broker, and their answers come when it is back."""
    broker = Broker(t)
    proxy = Proxy(t, broker.port)
    d = Device(t, TRACE + HOLD, broker, workers=1, port=proxy.port).start()
    ids = [d.send("run", fn="hold")]
    d.running(ids[0])
    ids += [d.send("run", fn="trace", args={"word": "w%d" % i}) for i in range(10)]
    d.until("them to wait", lambda: ids[-1] in d.events)
    proxy.go_down()
    (t.folder / "go").touch()
    wait_for(t, "the jobs to run", lambda: len(trace(t)) == 10)
    proxy.down = False
    for id in ids:
        assert d.answer(id)["st"] == "succeeded"
    d.stop()


def test_reconcile(t):
    """At every connect the agent asks for commands and says which it has; it takes a list."""
    d = Device(t, TRACE + HOLD, workers=1).start()
    held = d.send("run", fn="hold")
    d.running(held)
    d.kill()
    d.setup = TRACE
    d.run()
    d.until("cmd/get", lambda: any(topic == "cmd/get" for topic, _ in d.other))
    topic, payload = [m for m in d.other if m[0] == "cmd/get"][0]
    assert json.loads(payload)["open"] == [], payload  # it is answered: lost
    commands = [
        {"id": "l%d" % i, "op": "run", "fn": "trace", "args": {"word": "l%d" % i}}
        for i in range(5)
    ]
    d.peer.publish("d/dut/cmd/list", json.dumps({"cmds": commands + [commands[0], 7]}))
    for i in range(5):
        assert d.answer("l%d" % i)["st"] == "succeeded"
    assert sorted(trace(t)) == ["l%d" % i for i in range(5)]
    d.stop()


def test_greeting(t):
    """The queue is full when the broker comes: the device says that it is there all the same."""
    d = Device(t, """
        from queue import Full
        try:
            while True:
                agent.client.publish("d/dut/fill", "x" * 500, urgent=True)
        except Full:
            pass
        """).start()
    assert set(d.states) == {"ready"}  # twice, if there was room for one of its two messages
    d.stop()


def test_results(t):
    """What is no JSON or too long fails; many long answers do not fill RAM."""
    d = Device(t, """
        agent.builtins["value"] = lambda job, n: "x" * n
        agent.builtins["set"] = lambda job: {1, 2}
        agent.builtins["keys"] = lambda job: {"a": [{1: 2}]}
        agent.builtins["bytes"] = lambda job: (b"",)
        agent.builtins["nan"] = lambda job: float("nan")
        def leave(job):
            raise SystemExit(3)
        agent.builtins["leave"] = leave
        agent.builtins["good"] = lambda job: [True, None, {"a": [1.5, False]}, "b"]
        def talk(job):
            raise ValueError("x" * 30000)
        agent.builtins["talk"] = talk
        """).start()
    assert d.ask("run", fn="good")["result"] == [True, None, {"a": [1.5, False]}, "b"]
    assert len(d.ask("run", fn="talk")["reason"]) == 512
    for what in ("set", "keys", "bytes", "nan"):
        a = d.ask("run", fn=what)
        assert (a["st"], a["reason"]) == ("failed", "the result is not JSON"), (what, a)
    a = d.ask("run", fn="value", args={"n": 5000})
    assert (a["st"], a["reason"]) == ("failed", "the result is too long"), a
    a = d.ask("run", fn="leave")
    assert (a["st"], a["reason"]) == ("failed", "SystemExit: 3"), a
    ids = [d.send("run", fn="value", args={"n": 4000}) for i in range(30)]
    for id in ids:
        a = d.answer(id)
        assert a["st"] == "succeeded" or a["reason"] == "busy", a
        assert a.get("dropped") or a["st"] == "rejected" or len(a["result"]) == 4000
    d.stop()


def test_unreadable(t):
    """What an older version wrote and nobody can read is left out; the agent starts."""
    d = Device(t, TRACE).start()
    assert d.ask("run", fn="trace", args={"word": "a"})["st"] == "succeeded"
    d.stop()
    record = b'{"id": "i", "cmd": {"id": "i", "op": "run", "n": inf}}'
    with open(str(d.data / "jobs"), "ab") as file:
        file.write(b"%08x %s\n" % (zlib.crc32(record), record))
    (d.data / "sched.json").write_text('{"tasks": [inf], "last": {}}')
    (d.data / "fn/odd/sub").mkdir(parents=True)
    (d.data / "fn/odd/sub/sub").mkdir()
    d.start()
    assert d.ask("run", fn="trace", args={"word": "b"})["st"] == "succeeded"
    assert d.ask("sched.list")["result"] == []
    d.kill()


def test_long_answers(t):
    """An answer that no message holds is told so, and what came with its command is handled."""
    d = Device(t, TRACE).start()
    for i in range(30):
        task = {"id": "t%d" % i, "every": 1e6, "run": {"fn": "trace", "args": {"word": "x" * 900}}}
        assert d.ask("sched.set", task=task)["st"] == "succeeded"
    cmds = [{"id": "long", "op": "sched.list"},
            {"id": "next", "op": "run", "fn": "trace", "args": {"word": "next"}}]
    d.peer.publish("d/dut/cmd", json.dumps({"cmds": cmds}))
    a = d.answer("long")
    assert (a["st"], a["reason"]) == ("failed", "the result is too long"), a
    assert d.answer("next")["st"] == "succeeded" and trace(t) == ["next"]
    d.stop()


def test_no_memory(t):
    """An answer that is not kept is made shorter when there is no memory for it; others wait."""
    d = Device(t, """
        agent.builtins["value"] = lambda job, n: "x" * n
        publish = agent.client.publish
        failed = set()
        def fail_once(topic, payload=b"", *args, **how):
            if len(payload) > 2000 and topic not in failed:
                failed.add(topic)
                raise MemoryError
            return publish(topic, payload, *args, **how)
        agent.client.publish = fail_once
        """).start()
    for i in range(4):
        task = {"id": "t%d" % i, "every": 1e6, "run": {"fn": "value", "args": {"n": "x" * 900}}}
        assert d.ask("sched.set", task=task)["st"] == "succeeded"
    a = d.ask("sched.list")
    assert (a["st"], a["reason"]) == ("failed", "the result is too long"), a
    assert d.ask("run", fn="value", args={"n": 3000})["result"] == "x" * 3000
    d.kill()


def test_report(t):
    """A log that cannot be written is no fault of who reports to it."""
    p = start(t, """
        from agent import mqtt
        def report(e):
            raise OSError(28)
        mqtt.report = report
        mqtt.print_exception(ValueError("x"))
        print("goes on")
        """)
    p.line("goes on")
    p.finish(stderr=re.compile("ValueError: x"))


def test_retained(t):
    """A command that the broker keeps would be run at every connect: it is refused."""
    d = Device(t, TRACE)
    command = {"id": "kept", "op": "run", "fn": "trace", "args": {"word": "kept"}}
    d.peer.publish("d/dut/cmd", json.dumps(command), retain=True)
    d.start()
    a = d.answer(None)
    assert (a["st"], a["reason"]) == ("rejected", "retained"), a
    d.stop()
    assert trace(t) == []


def test_answers_wait(t):
    """On a slow link commands wait until their answers have room: none is lost."""
    d = Device(t, """
        import time
        agent.table.keep = 8
        publish = agent.client.publish
        def slow(topic, *args, **how):
            if "/evt/" in topic:
                time.sleep(0.02)
            return publish(topic, *args, **how)
        agent.client.publish = slow
        """).start()
    for id in [d.send("none") for _ in range(60)]:
        assert d.answer(id)["reason"] == "unsupported"
    assert d.ask("info")["result"]["unsent"][1] == 0
    d.stop()


def test_table_keeps(t):
    """So many answers that were sent, and so many that were not."""
    p = start(t, """
        from agent.table import Table
        from cutdisk import CutDisk
        disk = CutDisk()
        table = Table(disk, "jobs", keep=3)
        for i in range(2):
            table.answer({"id": "a%d" % i, "st": "succeeded"})
        for i in range(9):
            table.answer({"id": "b%d" % i, "st": "succeeded"})
            table.sent("b%d" % i)
        print(table.unsent, table.dropped, table.state("b8") is not None)
        print(len(table.answers))
        for i in (2, 3):
            table.answer({"id": "a%d" % i, "st": "succeeded"})
        print(table.unsent, table.dropped)
        again = Table(disk, "jobs", keep=3)
        print(again.unsent)
        """)
    p.line("['a0', 'a1'] 0 True")
    p.line("6")
    p.line("['a1', 'a2', 'a3'] 1")
    p.line("['a1', 'a2', 'a3']")
    p.finish()


def test_thread_ends(t):
    """A part that is no more ends the agent, so that it is started again."""
    d = Device(t, """
        from agent import core
        core.WATCH = 0.01
        def leave():
            raise SystemExit
        agent.timers.at(0, leave)
        """)
    d.run()
    d.process.finish(70, stderr=re.compile("no sign of life: timers"))


def test_thread_hangs(t):
    """So does one that is there and does not come round."""
    d = Device(t, """
        import time
        from agent import core
        core.WATCH = 0.01
        core.HANG = 2
        agent.timers.at(core.monotonic() + 2, lambda: time.sleep(1000))
        """)
    d.start()
    d.process.finish(70, stderr=re.compile(r"\Ano sign of life: timers\n\Z"))


def test_module(t):
    """python -m agent CONFIG.json, from where the sources are and from elsewhere."""
    d = Device(t)
    (t.folder / "config.json").write_text(json.dumps(d.config))
    command = [*t.command, "-m", "agent", str(t.folder / "config.json")]
    for folder, path in ((ROOT, ""), (t.folder, "%s:.frozen" % ROOT)):
        d.states = []
        environment = {"MICROPYPATH": path} if path else {}
        p = subprocess.Popen(command, env=environment, cwd=str(folder))
        try:
            d.until("it to be ready", lambda: "ready" in d.states)
            d.ask("fn.put", fn="f", ver="1", src="def run(job):\n    return 5\n")
            a = d.ask("run", fn="f")
            assert a.get("result") == 5, a
            p.send_signal(signal.SIGTERM)
            assert p.wait(20) == 0
            d.until("the state off", lambda: d.states[-1] == "off")
        finally:
            p.kill()
            p.wait()
    for wrong in ({"device": "a/b"}, {"device": ""}, {"colour": 1}):
        (t.folder / "config.json").write_text(json.dumps(dict(d.config, **wrong)))
        p = subprocess.run(command, env=environment, cwd="/", capture_output=True, timeout=20)
        assert p.returncode == 78, p


def test_output_before_answer(t):
    """The broker has all output before the answer: who has that need not wait for more."""
    p = start(t, """
import os, threading, time
from agent.jobs import Job
from agent.process import Process
landed = []
flying = []
process = Process(Job(None, {"id": "j"}), ["echo", "text"], online=lambda: True,
    send=lambda offset, data, done: flying.append(done))
def run():
    process.run()
    print("ended", landed)
thread = threading.Thread(target=run)
thread.start()
def there():
    try:
        os.stat("/proc/%d" % process.pid)
        return True
    except OSError:
        return False
while there() or not flying:
    time.sleep(0.001)
time.sleep(0.1)  # a fault shows in it
landed.append(True)
flying.pop()()
thread.join()
""")
    p.line("ended [True]")
    p.finish()
