"""tools/dev, the technician's tool, with real agents and a real broker."""

import fcntl
import importlib.util
import json
import os
import pty
import re
import signal
import struct
import sys
import termios

from agent.support import ROOT, Broker, Device, free_port, wait_for
from agent.signed import Signer
from variant.harness import Interpreter, Skip

# A shell's background jobs ignore Ctrl-C, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

WARM = """\
def run(job, speed, seconds=0):
    for percent in (25, 75):
        job.progress(percent, "warming up")
        job.wait(seconds)
    return {"flow": speed * 2}
"""


def dev(t, d, *words, **streams):
    """Starts the tool."""
    if importlib.util.find_spec("paho") is None:
        raise Skip("paho-mqtt is not here")
    command = [sys.executable, "-B", str(ROOT / "tools/dev"), *map(str, words)]
    port = d.port if isinstance(d, Broker) else d.broker.port
    env = {"DEV_BROKER": "127.0.0.1:%d" % port, "USER": "ada"}
    p = Interpreter(t, command, "dev " + " ".join(map(str, words)), streams, env)
    t.processes.append(p)
    return p


def run(t, d, *words, status=0, stderr=None, **streams):
    """Its standard output, at its end."""
    return dev(t, d, *words, **streams).finish(status, None, stderr).stdout


def device(t, **config):
    (t.folder / "root").mkdir(exist_ok=True)
    return Device(t, root=str(t.folder / "root"), reserve=4096, **config).start()


def error(text):
    return "dev: " + text + "\n"


def test_ls_info(t):
    """Which there are, also those that are off; what one says of itself."""
    d = device(t)
    d.peer.publish("d/old/state", '{"s": "off"}', retain=True)
    assert run(t, d, "ls").split() == ["dut", "ready", "old", "off"]
    assert json.loads(run(t, d, "ls", "--json"))["old"] == {"s": "off"}
    assert json.loads(run(t, d, "--json", "info", "dut"))["ver"]
    assert '"ver"' in run(t, d, "info", "dut")
    d.stop()


def test_run(t):
    """A function's progress and result; a program's output, its exit status for one's own."""
    d = device(t)
    (t.folder / "warm.py").write_text(WARM)
    assert re.fullmatch("warm [0-9a-f]{8}\n", run(t, d, "fn", "push", "warm.py", "dut"))
    progress = re.compile("25 % warming up\n 75 % warming up\n")
    text = run(t, d, "run", "dut", "warm", "speed=21", stderr=progress)
    assert json.loads(text) == {"flow": 42}
    lines = run(t, d, "run", "dut", "--json", "--timeout", 50, "warm", "speed=21").splitlines()
    events = [json.loads(line) for line in lines]
    assert events[-1]["result"] == {"flow": 42} and events[-1]["st"] == "succeeded", events
    assert [e["pct"] for e in events if "pct" in e] == [25, 75], events
    p = dev(t, d, "run", "dut", "--", "sh", "-c", "seq 5000; echo oops >&2; exit 7")
    want = "".join("%d\n" % i for i in range(1, 5001)) + "oops\n"
    p.finish(7, want, "failed: exit 7\n")
    events = [json.loads(line) for line in
              run(t, d, "run", "--json", "dut", "--", "echo", "out").splitlines()]
    assert {"out": "out\n"} in events and events[-1]["st"] == "succeeded", events
    for words, status, text in (
        (("none",), 125, "rejected: unknown function\n"),
        (("warm",), 1, re.compile("failed: TypeError")),
        (("warm", "speed"), 2, error("expected NAME=VALUE, got speed")),
        ((), 2, error("run what?")),
        (("--timeout", "0.2", "--", "sleep", "100"), 124, "timed_out: signal 15\n"),
    ):
        run(t, d, "run", "dut", *words, status=status, stderr=text)
    run(t, d, "info", "dut", "more", status=2, stderr=re.compile("unrecognized: more"))
    run(t, d, "run", "dut", "warm", "--fast", status=2, stderr=re.compile("unrecognized: --fast"))
    id = run(t, d, "run", "--detach", "dut", "warm", "speed=1").strip()
    assert d.answer(id)["result"] == {"flow": 2}
    d.stop()


def test_cancel(t):
    """Ctrl-C cancels the job; dev cancel too; the second Ctrl-C leaves it alone."""
    d = device(t)
    program = ("--", "sh", "-c", "echo ready; sleep 1000")
    p = dev(t, d, "run", "dut", *program)
    p.line("ready")
    p.signal(signal.SIGINT)
    p.finish(130, stderr=re.compile("canceling.*\ncanceled"))
    p = dev(t, d, "run", "dut", *program)
    p.line("ready")
    job = json.loads(run(t, d, "jobs", "dut", "--json"))[0]["id"]
    assert job in run(t, d, "jobs", "dut")
    run(t, d, "cancel", "dut", job)
    p.finish(130, stderr="canceled: signal 15\n")
    p = dev(t, d, "run", "dut", "--", "sh", "-c", "trap '' INT TERM; echo ready; sleep 1000")
    p.line("ready")
    d.process.signal(signal.SIGSTOP)
    p.signal(signal.SIGINT)
    p.wait_for("the word", lambda: "canceling" in p.stderr)
    p.signal(signal.SIGINT)
    p.finish(130, stderr=re.compile("canceling"))
    d.process.signal(signal.SIGCONT)
    run(t, d, "cancel", "dut", "none", status=125, stderr=error("rejected: unknown job"))
    d.stop()


def test_sh(t):
    """In a pipe and in a terminal: what is typed and seen, Ctrl-C, ~., the status."""
    d = device(t)
    p = dev(t, d, "sh", "dut", stdin=-1)
    p.write("echo $((40 + 2)); exit 3\n")
    p.finish(3, stderr="failed: exit 3\n")
    assert "42" in p.stdout, p.stdout
    p = dev(t, d, "sh", "dut", stdin=-1)
    p.write("cd /; pw" + "d -P; echo e''nd\n")
    p.wait_for("the end", lambda: "end\r" in p.stdout)
    p.popen.stdin.close()
    p.finish()
    assert run(t, d, "sh", "dut", "--", "echo", "out") == "out\r\n"
    master, slave = pty.openpty()
    p = dev(t, d, "sh", "dut", "--", "env", "PS1=there>\n", "sh", stdin=slave)

    def prompts(n):
        p.wait_for("prompt %d" % n, lambda: p.stdout.count("there>\r\n") == n)

    prompts(1)
    os.write(master, b"stty size\n")
    prompts(2)
    assert "\n24 80\r\n" in p.stdout, p.stdout
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", 25, 81, 0, 0))
    p.signal(signal.SIGWINCH)
    os.write(master, b"stty size; cat\n")
    p.wait_for("the new size", lambda: "\n25 81\r\n" in p.stdout)
    os.write(master, b"\x03")
    prompts(3)
    os.write(master, b"\n")
    prompts(4)
    os.write(master, b"~")
    p.wait_blocked()
    os.write(master, b"x\n")
    prompts(5)
    assert "~x" in p.stdout, p.stdout
    os.write(master, b"~.")
    p.finish(130, stderr="canceled: signal 1\n")
    os.close(master)
    os.close(slave)
    d.stop()


def test_repl(t):
    d = device(t)
    p = dev(t, d, "repl", "dut", stdin=-1)
    p.wait_for("its banner", lambda: "Ctrl-D" in p.stdout)
    p.write("print(6 * 7)\r")
    p.wait_for("42", lambda: "\n42\r" in p.stdout)
    p.write("\x04")
    p.finish()
    d.stop()


def test_cp(t):
    """Both ways, and on from where it was."""
    d = device(t)
    data = t.random.randbytes(30000)
    (t.folder / "file").write_bytes(data)
    got = json.loads(run(t, d, "cp", "--json", "file", "dut:copy"))
    assert got["sent"] == 30000 and (t.folder / "root/copy").read_bytes() == data, got
    assert json.loads(run(t, d, "cp", "--json", "file", "dut:copy"))["sent"] == 0
    assert run(t, d, "cp", "dut:copy", "back") == ""
    assert (t.folder / "back").read_bytes() == data
    master, slave = pty.openpty()
    dev(t, d, "cp", "file", "dut:other", stderr=slave).finish()
    assert b"\x1b[Jfile: 30000 of 30000 bytes\r\n" in os.read(master, 10000)
    os.close(master)
    os.close(slave)
    run(t, d, "rm", "dut:other")
    # What is there of it is not sent again; of something else it is no part.
    for begin, n in ((data[:10000], 20000), (b"x" * 10000, 30000)):
        (t.folder / "root/copy").unlink()
        (t.folder / "root/copy.part").write_bytes(begin)
        assert json.loads(run(t, d, "cp", "--json", "file", "dut:copy"))["sent"] == n
        assert (t.folder / "root/copy").read_bytes() == data
        (t.folder / "back.part").write_bytes(begin)
        got = json.loads(run(t, d, "cp", "--json", "dut:copy", "back"))
        assert got["received"] == n and (t.folder / "back").read_bytes() == data, got
        assert not (t.folder / "back.part").exists()
    for size in (0, 1, 4096, 8192):
        (t.folder / "file").write_bytes(data[:size])
        run(t, d, "cp", "file", "dut:")
        run(t, d, "cp", "dut:file", ".")
        assert (t.folder / "file").read_bytes() == data[:size]
    assert sorted(run(t, d, "ls", "dut:").split()) == ["30000", "8192", "copy", "file"]
    assert json.loads(run(t, d, "ls", "--json", "dut:")) == [["copy", 30000], ["file", 8192]]
    run(t, d, "rm", "dut:copy")
    run(t, d, "cp", "dut:copy", "x", status=125, stderr=error("rejected: no file"))
    run(t, d, "cp", "file", "dut:../x", status=125, stderr=error("rejected: path"))
    run(t, d, "cp", "none", "dut:x", status=1, stderr=re.compile("No such file"))
    run(t, d, "cp", "file", "x", status=2, stderr=error("expected DEVICE:PATH, got file"))
    d.stop()


def test_cp_interrupted(t):
    """The device is killed in the middle; the same command goes on when it is back."""
    d = device(t)
    data = t.random.randbytes(400000)
    (t.folder / "file").write_bytes(data)
    p = dev(t, d, "cp", "--wait", 0.3 * t.slow, "--json", "file", "dut:copy")
    part = t.folder / "root/copy.part"
    wait_for(t, "a part", lambda: part.exists() and part.stat().st_size > 20000)
    d.kill()
    p.finish(69)
    assert "goes on from there" in p.stdout, p.stdout
    have = part.stat().st_size
    assert 0 < have < 400000
    d.start()
    assert json.loads(run(t, d, "cp", "--json", "file", "dut:copy"))["sent"] <= 400000 - have
    assert (t.folder / "root/copy").read_bytes() == data
    d.stop()


def test_fn(t):
    d = device(t)
    (t.folder / "warm.py").write_text(WARM)
    run(t, d, "fn", "push", "--ver", "1.0", "warm.py", "dut")
    assert run(t, d, "fn", "ls", "dut").split() == ["warm", "1.0", "speed", "seconds=0"]
    (t.folder / "warm.py").write_text(WARM.replace("* 2", "* 3"))
    run(t, d, "fn", "push", "--base", "0.9", "warm.py", "dut", status=125,
        stderr=error("rejected: the last version is 1.0"))
    ver = json.loads(run(t, d, "fn", "push", "--json", "warm.py", "dut"))["ver"]
    run(t, d, "fn", "push", "warm.py", "dut")  # the same again is nothing new
    assert json.loads(run(t, d, "fn", "ls", "--json", "dut"))[0]["ver"] == ver
    for words, flow in ((("warm",), 3), (("--ver", "1.0", "warm"), 2)):
        text = run(t, d, "run", "dut", *words, "speed=1", stderr=re.compile("75"))
        assert json.loads(text) == {"flow": flow}
    run(t, d, "fn", "rm", "dut", "warm")
    assert run(t, d, "fn", "ls", "dut") == ""
    for text, message in (("def run(:", "invalid syntax"), ("x = 1", "has no function run")):
        (t.folder / "bad.py").write_text(text)
        run(t, d, "fn", "push", "bad.py", "dut", status=2, stderr=re.compile(message))
    d.stop()


def test_sched(t):
    d = device(t)
    run(t, d, "sched", "add", "dut", "night", "0 3 * * *", "warm", "speed=1", "--jitter", 60)
    run(t, d, "sched", "add", "dut", "often", "--every", 90, "warm", "speed=2")
    tasks = json.loads(run(t, d, "sched", "ls", "--json", "dut"))
    assert tasks[0] == {"id": "night", "cron": "0 3 * * *", "jitter": 60,
                        "run": {"fn": "warm", "args": {"speed": 1}}}, tasks
    assert tasks[1]["every"] == 90, tasks
    lines = run(t, d, "sched", "ls", "dut").splitlines()
    assert "0 3 * * *" in lines[0] and "every 90" in lines[1], lines
    run(t, d, "sched", "rm", "dut", "night")
    tasks = json.loads(run(t, d, "sched", "ls", "--json", "dut"))
    assert [task["id"] for task in tasks] == ["often"], tasks
    run(t, d, "sched", "rm", "dut", "night", status=125, stderr=error("rejected: unknown task"))
    run(t, d, "sched", "add", "dut", "x", status=2, stderr=re.compile("when?"))
    run(t, d, "sched", "add", "dut", "x", "99 * * * *", "warm", status=125,
        stderr=error("rejected: cron"))
    d.stop()


def test_logs(t):
    d = device(t)
    source = "def run(job, text, level=20):\n    job.log(text, level)\n"
    d.ask("fn.put", fn="say", ver="1", src=source, mode="thread")

    def say(text, level):
        d.ask("run", fn="say", args={"text": text, "level": level})

    say("hot\x1b[31m", 40)
    text = run(t, d, "logs", "dut", "--level", "error")
    assert re.fullmatch(r"\d+-\d\d-\d\d \d\d:\d\d:\d\d error   \S+: hot\\x1b\[31m\n", text), text
    assert "say" not in text and "fn.put" in run(t, d, "logs", "dut")
    assert len(run(t, d, "logs", "-n", 2, "dut").splitlines()) == 2
    line = json.loads(run(t, d, "logs", "--json", "--level", 40, "dut"))
    assert line["level"] == 40 and line["text"].endswith("hot\x1b[31m"), line
    p = dev(t, d, "logs", "-f", "-n", 1, "--level", "warning", "dut")
    p.match(".*hot.*")
    say("cold", 20)
    say("warm", 30)
    p.match(".*warning .*: warm")
    p.signal(signal.SIGINT)
    p.finish()
    d.stop()


def test_away(t):
    """A device that is off, unknown or frozen, no broker: said in one line, with a status."""
    d = device(t)
    run(t, d, "info", "dot", "--wait", 0.5, status=69,
        stderr=error("dot: the broker knows no such device"))
    text = json.loads(run(t, d, "info", "--json", "a/b", status=2))
    assert text == {"error": "that is no name of a device: a/b", "status": 2}, text
    d.process.signal(signal.SIGSTOP)
    for words in (("info", "dut"), ("run", "dut", "warm"), ("sh", "dut"), ("jobs", "dut")):
        run(t, d, "--wait", 0.5, *words, status=69, stderr=error("no answer from dut in 0.5 s"))
    d.process.signal(signal.SIGCONT)
    d.stop()
    for words in (("info", "dut"), ("run", "dut", "x"), ("sh", "dut"), ("logs", "dut")):
        run(t, d, *words, status=69, stderr=error("dut is not there: its last word was 'off'"))
    run(t, d, "ls", "--broker", "127.0.0.1:%d" % free_port(), status=69,
        stderr=re.compile(r"\Adev: no broker at 127.0.0.1:\d+: .*refused\n\Z"))
    # It is done when the device is back.
    id = run(t, d, "run", "--detach", "dut", "none").strip()
    d.start()
    assert d.answer(id)["reason"] == "unknown function"
    d.stop()


def test_sign(t):
    """A device that has keys takes nothing else."""
    signer = Signer(t)
    d = device(t, keys=[signer.public])
    sign = ("--sign", "key.sec")
    run(t, d, "run", "dut", "--", "echo", status=125, stderr="rejected: not signed\n")
    assert run(t, d, "run", *sign, "dut", "--", "echo", "out") == "out\n"
    (t.folder / "file").write_bytes(bytes(9000))
    run(t, d, "cp", "file", "dut:copy", status=125, stderr=error("rejected: not signed"))
    run(t, d, "cp", *sign, "file", "dut:copy")
    assert (t.folder / "root/copy").read_bytes() == bytes(9000)
    id = run(t, d, "run", *sign, "--detach", "dut", "--", "true").strip()
    assert d.answer(id)["st"] == "succeeded"
    run(t, d, "info", "--sign", "none", "dut", status=2, stderr=re.compile("cannot sign"))
    d.stop()


def test_refused_by_broker(t):
    (t.folder / "passwords").write_text("")
    broker = Broker(t, "allow_anonymous false\npassword_file %s/passwords" % t.folder)
    run(t, broker, "ls", status=69, stderr=re.compile("the broker refuses: .*not authori"))
