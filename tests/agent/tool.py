"""tools/dev, the technician's tool, with real agents and a real broker."""

import base64
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

from agent.support import ROOT, Broker, Device, Peer, free_port, wait_for
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
    env = {"DEV_BROKER": "127.0.0.1:%d" % port, "USER": "ada", **streams.pop("env", {})}
    p = Interpreter(t, command, "dev " + " ".join(map(str, words)), streams, env)
    t.processes.append(p)
    return p


def run(t, d, *words, status=0, stderr=None, **streams):
    """Its standard output, at its end."""
    return dev(t, d, *words, **streams).finish(status, None, stderr).stdout


def device(t, setup="", **config):
    (t.folder / "root").mkdir(exist_ok=True)
    return Device(t, setup, root=str(t.folder / "root"), reserve=4096, **config).start()


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
    run(t, d, "run", "dut", "warm", "speed=NaN", status=2,
        stderr=error("speed: expected a finite number, got NaN"))
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
        (("warm", "a=[-Infinity]"), 2, error("a: expected a finite number, got -Infinity")),
        (("warm", "speed=1e999"), 2, error("speed: expected a finite number, got 1e999")),
        (("warm", "--timeout", "nan"), 2, re.compile("--timeout: expected a finite number")),
        (("warm", "--wait", "inf"), 2, re.compile("--wait: expected a finite number, got inf")),
        ((), 2, error("run what?")),
        (("--timeout", "0.2", "--", "sleep", "100"), 124, "timed_out: signal 15\n"),
    ):
        run(t, d, "run", "dut", *words, status=status, stderr=text)
    run(t, d, "info", "dut", "more", status=2, stderr=re.compile("unrecognized: more"))
    run(t, d, "run", "dut", "warm", "--fast", status=2, stderr=re.compile("unrecognized: --fast"))
    id = run(t, d, "run", "--detach", "dut", "warm", "speed=1").strip()
    assert d.answer(id)["result"] == {"flow": 2}
    d.stop()


def test_characters(t):
    """Those beyond U+FFFF arrive as they are; what is no character is not sent."""
    face = "\N{GRINNING FACE}"
    d = device(t)
    assert run(t, d, "run", "dut", "--", "echo", face) == face + "\n"
    (t.folder / "e.py").write_text(face)
    run(t, d, "cp", "e.py", "dut:" + face)
    assert (t.folder / "root" / face).read_text() == face
    assert run(t, d, "ls", "dut:").split() == ["4", face]
    run(t, d, "run", "dut", "--", "echo", "\udcff", status=2, stderr=re.compile("dev: .*sent: "))
    d.stop()
    d = device(t, keys=[Signer(t).public])
    assert run(t, d, "run", "--sign", "key.sec", "dut", "--", "echo", face) == face + "\n"
    d.stop()


def test_bytes(t):
    """What a program writes need not be UTF-8."""
    d = device(t)
    odd = ("run", "dut", "--", "printf", "\\300\\200")
    run(t, d, *odd)
    assert json.loads(run(t, d, "--json", *odd).splitlines()[-1])["result"] == "\ufffd\ufffd"
    d.kill()  # stop() would read that, too


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
    os.write(master, b"cat\n")
    # A signal before cat has the terminal would be nobody's.
    p.wait_for("what cat writes", lambda: "cat\r\ncat\r\n" in p.stdout)
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
    # From a pipe nothing is lost while there is no prompt, nor is its end; ^E is paste mode.
    p = dev(t, d, "repl", "dut", "--timeout", 20, stdin=-1)
    p.write("import time; time.sleep(1.5)\nx = 6\n\5def f(y):\n    return x * y\n\4print(f(7))")
    p.popen.stdin.close()
    p.finish()
    assert "\n42\r" in p.stdout, p.stdout
    p = dev(t, d, "repl", "dut", "--timeout", 20, stdin=-1)
    p.write("import time; print(5 * 8); time.sleep(100)\n")
    p.wait_for("40", lambda: "\n40\r" in p.stdout)
    p.write("\3print(6 * 7)\n")
    p.popen.stdin.close()
    p.finish()
    assert "KeyboardInterrupt" in p.stdout and "\n42\r" in p.stdout, p.stdout
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
    run(t, d, "cp", "dut:copy", ".", status=125, stderr=error("rejected: no file"))
    assert not list(t.folder.glob("*.part"))
    for path in ("dut:", "dut:folder/", "dut:."):
        run(t, d, "cp", path, ".", status=2, stderr=error("that is no file: " + path))
    run(t, d, "cp", "dut:file", "none/x", status=1, stderr=re.compile("dev: .*No such file"))
    run(t, d, "cp", "file", "dut:none/x", status=125, stderr=error("rejected: no folder"))
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
    assert functions(d) == {"warm": [ver, "proc", {"speed": None, "seconds": "0"}]}
    for words, flow in ((("warm",), 3), (("--ver", "1.0", "warm"), 2)):
        text = run(t, d, "run", "dut", *words, "speed=1", stderr=re.compile("75"))
        assert json.loads(text) == {"flow": flow}
    # The text of an older version does not become the last one unasked.
    run(t, d, "fn", "push", "--ver", "2.0", "--mode", "thread", "warm.py", "dut")
    assert functions(d)["warm"][:2] == ["2.0", "thread"]
    run(t, d, "fn", "push", "warm.py", "dut", status=1, stderr=error(
        "version %s is this text, but the last one is 2.0: --ver gives it another name" % ver))
    run(t, d, "fn", "rm", "dut", "warm")
    assert run(t, d, "fn", "ls", "dut") == ""
    for text, message in (("def run(:", "invalid syntax"), ("x = 1", "has no function run")):
        (t.folder / "bad.py").write_text(text)
        run(t, d, "fn", "push", "bad.py", "dut", status=2, stderr=re.compile(message))
    d.stop()


def test_too_long(t):
    """What the device would leave out in silence is not sent: exactly that."""
    d = device(t)
    empty = len(json.dumps({"argv": ["true", ""], "stream": True, "id": "t-" + 12 * "0",
                            "exp": 10 ** 9, "v": 1, "op": "run", "by": "ada", "to": "d/dut"}))
    longest = 16384 - empty - len("d/dut/cmd") - 4
    run(t, d, "run", "dut", "--", "true", longest * "x")
    run(t, d, "run", "dut", "--", "true", (longest + 1) * "x", status=2,
        stderr=error("the message is too long: 16385 bytes, the device takes 16384"))
    (t.folder / "warm.py").write_text(WARM + "#" * 18000)
    run(t, d, "fn", "push", "warm.py", "dut", status=2, stderr=re.compile("is too long"))
    d.stop()


class Editor:
    """$EDITOR is a shell's lines, with the file as $1; what the tool keeps is in a folder here."""

    def __init__(self, t, d):
        self.t = t
        self.d = d
        (t.folder / "kept").mkdir()
        self.script = t.folder / "editor"

    def start(self, script, *words, **streams):
        self.script.write_text("#!/bin/sh\nset -e\n" + script)
        self.script.chmod(0o755)
        env = {"EDITOR": str(self.script), "TMPDIR": str(self.t.folder / "kept")}
        return dev(self.t, self.d, "fn", "edit", "dut", *words, env=env, **streams)

    def run(self, script, *words, status=0, stderr=None):
        return self.start(script, *words).finish(status, None, stderr).stdout

    def kept(self):
        """The texts of what was kept, which is then removed."""
        files = list((self.t.folder / "kept").glob("*/*"))
        texts = [file.read_text("utf-8", "replace") for file in files]
        for file in files:
            file.unlink()
            file.parent.rmdir()
        assert not list((self.t.folder / "kept").iterdir())
        return texts


def functions(d):
    """{name: [last version, mode, arguments]} that the device has."""
    return {f["fn"]: [f["ver"], f["mode"], f["args"]] for f in d.ask("fn.list")["result"]}


def test_fn_edit(t):
    """The text to $EDITOR, back, and run; what is unchanged or does not end well."""
    d = device(t)
    editor = Editor(t, d)
    three = "sed -i 's/speed \\* 2/speed * 3/' $1\n"
    d.ask("fn.put", fn="warm", ver="1.0", src=WARM, mode="thread")
    text = editor.run("test ${1##*/} = warm.py\n" + three, "warm")
    ver = re.fullmatch("warm ([0-9a-f]{8})\n", text).group(1)
    assert functions(d) == {"warm": [ver, "thread", {"speed": None, "seconds": "0"}]}
    assert d.ask("fn.get", fn="warm")["result"]["src"] == WARM.replace("* 2", "* 3")
    text = editor.run("sed -i 's/speed \\* 3/speed * 4/' $1\n", "warm", "--ver", "1.2", "--run",
                      "speed=5", stderr=re.compile("75 % warming up"))
    head, _, result = text.partition("\n")
    assert (head, json.loads(result)) == ("warm 1.2", {"flow": 20}), text
    lines = editor.run("echo '# more' >>$1\n", "warm", "--json", "--run", "speed=1").splitlines()
    assert json.loads(lines[0])["changed"] and json.loads(lines[-1])["result"] == {"flow": 4}
    now = functions(d)
    assert editor.run("touch $1\n", "warm", "--run", "speed=1", stderr="unchanged\n") == ""
    got = json.loads(editor.run("true\n", "warm", "--json"))
    assert got == {"ver": now["warm"][0], "changed": False}, got
    # The text of an older version is no new one by itself.
    (t.folder / "warm.py").write_text(WARM)
    ver = run(t, d, "fn", "push", "warm.py", "dut").split()[1]
    back = "cp %s $1\n" % (t.folder / "warm.py")
    d.ask("fn.put", fn="warm", ver="9", src=WARM + "# 9")
    editor.run(back, "warm", status=1, stderr=re.compile(
        r"\Adev: version %s is this text, but the last one is 9: --ver .*kept" % ver))
    assert editor.kept() == [WARM]
    assert editor.run(back, "warm", "--ver", "10") == "warm 10\n"
    # The editor fails.
    editor.run(three + "exit 3\n", "warm", status=1, stderr=re.compile("ended with 3; .*kept"))
    assert editor.kept() == [WARM.replace("* 2", "* 3")]
    editor.run("exit 3\n", "warm", status=1, stderr=re.compile(r"\Adev: \S+ ended with 3\n\Z"))
    editor.run("rm $1\n", "warm", status=1, stderr=re.compile("No such file"))
    run(t, d, "fn", "edit", "dut", "warm", env={"EDITOR": "none-such -x"}, status=1,
        stderr=re.compile("none-such"))
    # Nothing to edit.
    d.ask("fn.put", fn="made", ver="1", mpy=mpy(t))
    editor.run("true\n", "made", status=2, stderr=error("made was put as .mpy: edit its source"))
    editor.run("true\n", "none", status=125, stderr=error("rejected: unknown function"))
    editor.run("true\n", "warm", "speed=1", status=2, stderr=error("--run takes speed=1"))
    assert editor.kept() == []
    d.stop()


def mpy(t):
    """The smallest that the device takes, in base64."""
    p = t.run("import sys\nprint(sys.implementation._mpy & 255)")
    return base64.b64encode(bytes((77, int(p.stdout)))).decode()


def test_fn_edit_meanwhile(t):
    """Somebody else puts or removes the function while the editor is open: nothing is lost."""
    d = device(t)
    editor = Editor(t, d)
    (t.folder / "warm.py").write_text(WARM)
    tool = "%s -B %s" % (sys.executable, ROOT / "tools/dev")
    for n, other in enumerate(("fn push --ver 1b warm.py dut", "fn rm dut warm")):
        d.ask("fn.put", fn="warm", ver="1", src=WARM + "#")
        base, last = ("1", "1b") if not n else ("1b", "None")
        editor.run("%s %s >&2\necho '# mine' >>$1\n" % (tool, other), "warm", status=125,
                   stderr=re.compile(r"dev: rejected: the last version is %s; "
                                     r"what was made of %s is kept in \S+/warm\.py\n\Z"
                                     % (last, base)))
        assert [text.splitlines()[-1].endswith("# mine") for text in editor.kept()] == [True]
        assert (functions(d)["warm"][0] if not n else functions(d)) == ("1b" if not n else {})
    # The device goes away.
    d.ask("fn.put", fn="warm", ver="1", src=WARM)
    editor.run("kill -STOP %d\necho '# mine' >>$1\n" % d.process.pid, "warm", "--wait", 0.5,
               status=69, stderr=re.compile("no answer from dut in 0.5 s; .*kept"))
    assert editor.kept() == [WARM + "# mine\n"]
    d.process.signal(signal.SIGCONT)
    d.stop()


def test_fn_edit_errors(t):
    """What is no function is not sent. In a terminal it is edited again, if one likes."""
    d = device(t)
    editor = Editor(t, d)
    d.ask("fn.put", fn="warm", ver="1", src=WARM)
    for script, what in (("echo 'def run(:' >$1", "invalid syntax"),
                         ("echo x = 1 >$1", "has no function run"),
                         ("printf '\\377' >$1", "utf-8"), ("printf '\\0' >$1", "null byte")):
        editor.run(script + "\n", "warm", status=2,
                   stderr=re.compile(r"\Adev: .*%s.*; what was made of 1 is kept in" % what))
        assert len(editor.kept()) == 1
    # First wrong, then right.
    script = "if ! grep -q oops $1; then echo oops: >>$1; else sed 's/oops:/# good/' -i $1; fi\n"
    for answer, status in (("\n", 0), ("n\n", 2), ("\x04", 2), ("\x03", 130)):
        master, slave = pty.openpty()
        p = editor.start(script, "warm", stdin=slave)
        p.wait_for("the question", lambda: "invalid syntax" in p.stderr)
        if answer == "\x03":
            p.signal(signal.SIGINT)
        else:
            os.write(master, answer.encode())
        p.finish(status, stderr=re.compile("is kept in" if status else "edit it again"))
        os.close(master)
        os.close(slave)
        assert len(editor.kept()) == bool(status)
        if not status:
            assert d.ask("fn.get", fn="warm")["result"]["src"] == WARM + "# good\n"
    d.stop()


def doctor(t, d, status, *words):
    """{check: [ok or bad, text, remedy or None]}"""
    found = {}
    for line in run(t, d, "doctor", "dut", *words, status=status).splitlines():
        name, verdict, text, remedy = re.fullmatch(
            r"(\w+) +(ok|bad) +(.*?)(?: -> (.+))?", line).groups()
        found[name] = [verdict, text, remedy]
    return found


def test_doctor(t):
    """A device that is well, and one that has everything; the status says so."""
    d = device(t)
    found = doctor(t, d, 0)
    assert list(found) == ["agent", "clock", "cert", "flash", "store", "commands", "jobs", "link",
                           "log"], found
    assert all(v == "ok" and remedy is None for v, _, remedy in found.values()), found
    lines = [json.loads(line) for line in run(t, d, "doctor", "--json", "dut").splitlines()]
    assert [line["check"] for line in lines] == list(found)
    assert all(line["ok"] and line["text"] and line["remedy"] is None for line in lines), lines
    d.stop()
    d.start("""
        info = agent.info
        agent.ops["info"] = lambda _: dict(
            info(), now=info()["now"] - 1000, cert="data/id.old", free=5000,
            stored=[40, 2], dropped=[7, 0, 2], refused=3, stuck=1, ver="0.9",
            versions={"id": "x", "app": "1.0", "runtime": "2"}, slot="a")
        for i in range(30):
            agent.log.put(30, "offline: gone")
        agent.log.put(40, "it \x1b[31mburns")
        agent.log.flush()
        """)
    found = doctor(t, d, 1)
    for name, text, remedy in (
        ("agent", "0.9 runs, slot a has 1.0", "ota"), ("clock", "1000 s behind", "ntp"),
        ("cert", "id.old", "cert"), ("flash", "5000 bytes", "rm"),
        ("store", "7 of the log, 2 events", "store"), ("commands", "3 ", "slower"),
        ("jobs", "1 ", "restart"), ("link", "30 times", "network"),
        ("log", "\\x1b[31mburns", "logs"),
    ):
        assert found[name][::2] == ["bad", remedy] and text in found[name][1], (name, found)
    d.stop()
    # Nobody is there to be looked at.
    run(t, d, "doctor", "dut", status=69, stderr=re.compile("is not there"))


def test_doctor_clock(t):
    """A clock that is ahead voids all other commands of the tool; one that was never set, none."""
    ahead = """
        import time
        from agent import commands, core
        class Clock:
            @staticmethod
            def time():
                return %s
        commands.time = core.time = Clock
        """
    d = device(t, ahead % "time.time() + 1000")
    run(t, d, "info", "dut", status=125, stderr=error("rejected: expired"))
    assert re.match(r"(999|100[0-9]) s ahead", doctor(t, d, 1)["clock"][1])
    d.kill()
    d.start(ahead % "5000")
    assert doctor(t, d, 1)["clock"] == ["bad", "was never set", "ntp"]
    d.stop()


def test_doctor_unread(t):
    """A log that cannot be read; the rescue."""
    d = device(t, """
        def no(command):
            raise Refused("not signed")
        from agent.jobs import Refused
        agent.ops["file.ls"] = no
        """)
    assert doctor(t, d, 1)["log"] == ["bad", "not read: rejected: not signed", "sign"]
    d.stop()
    d.start("""agent.ops.pop("file.ls")""")
    assert doctor(t, d, 1)["agent"][::2] == ["bad", "ota"]
    d.stop()


def test_watch(t):
    """Who is there, and each change: as lines, as JSON, as a table in a terminal."""
    d = device(t)
    d.peer.publish("d/old/state", '{"s": "off", "ver": "0.9"}', retain=True)
    d.peer.publish("d/odd/state", "nonsense", retain=True)
    p, q = dev(t, d, "watch"), dev(t, d, "watch", "--json")
    stamp = r"\d+-\d\d-\d\d \d\d:\d\d:\d\d"
    p.match(r"dut +ready +\S+ +before %s" % stamp)
    p.match(r"old +off +0.9 +before %s" % stamp)
    first = [json.loads(q.next_line()[1]) for _ in range(2)]
    assert [(s["device"], s["s"], s["since"]) for s in first] == [
        ("dut", "ready", None), ("old", "off", None)], first
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    table = dev(t, d, "watch", "--interval", 0.2, stdout=slave, stderr=slave)
    os.set_blocking(master, False)
    shown = []

    def last(pattern):
        """Waits for a table of these lines."""
        def look():
            try:
                shown.append(os.read(master, 65536).decode())
            except BlockingIOError:
                pass
            text = "".join(shown).rpartition("\x1b[J")[2]
            return re.fullmatch(pattern, text.replace("\r", ""))
        wait_for(t, "a table like " + pattern, look)

    last(r"1 off, 1 ready\nold +off .*\ndut +ready .*before.*\n")
    d.kill()
    last(r"1 lost, 1 off\ndut +lost +\S+ +%s\nold .*\n" % stamp)
    p.match(r"dut +lost +\S+ +%s" % stamp)
    d.start()
    p.match(r"dut +ready +\S+ +%s" % stamp)
    d.peer.publish("d/old/state", "", retain=True)
    p.match(r"old +removed +%s" % stamp)
    last(r"1 ready\ndut +ready +\S+ +%s\n" % stamp)
    states = [json.loads(q.next_line()[1]) for _ in range(3)]
    assert [(s["device"], s["s"]) for s in states] == [
        ("dut", "lost"), ("dut", "ready"), ("old", None)], states
    assert all(type(s["since"]) is int for s in states), states
    for process in (p, q, table):
        process.signal(signal.SIGINT)
        process.finish()
    last(r"1 ready\ndut .*\n")
    os.close(master)
    os.close(slave)
    d.stop()


def test_watch_without_broker(t):
    """It goes on when that is there again."""
    broker = Broker(t)
    p = dev(t, broker, "watch", "--interval", 0.2)

    def wait_for_filter(n):
        p.wait_for("its filter", lambda: broker.log().count("d/+/state") >= n)

    wait_for_filter(1)
    for word in ("away", "there again"):
        broker.kill() if word == "away" else broker.start()
        p.wait_for(word, lambda: "[the broker is %s]" % word in p.stderr)
    wait_for_filter(2)
    Peer(t, broker).publish("d/dut/state", '{"s": "lost", "ver": ["odd"]}', retain=True)
    p.match(r"dut +lost .*")
    p.signal(signal.SIGINT)
    p.finish(stderr=re.compile("away"))


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
    run(t, d, "sched", "add", "dut", "x", "--every", 1, "--at", 5, "warm", status=2,
        stderr=re.compile("--at: not allowed with argument --every"))
    for words in (("warm",), ()):
        run(t, d, "sched", "add", "dut", "x", "--every", 1, "* * * * *", *words, status=2,
            stderr=error("when? both * * * * * and --every"))
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
    # What others look at meanwhile does not end it.
    run(t, d, "logs", "-n", 1, "--level", "error", "dut")
    say("warm again", 30)
    p.match(".*warning .*: warm again")
    q = dev(t, d, "logs", "-f", "-n", 1, "--level", "warning", "dut")
    q.match(".*warm again")
    q.signal(signal.SIGINT)
    q.finish()
    say("still warm", 30)
    p.match(".*warning .*: still warm")
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
