"""modules/posix: pipes, programs and signals."""

import signal

from agent.support import wait_for


def test_output_and_status(t):
    t.run(
        """
        import posix
        reader, writer = posix.pipe()
        pid = posix.spawn(["sh", "-c", "cat; echo $A$B; pwd; echo oops >&2; exit 7"],
            fds=(-1, writer, writer), env=["A=one", "B=two", "PATH=/bin:/usr/bin"], cwd="/")
        posix.close(writer)
        data = b""
        while True:
            part = posix.read(reader, 100)
            if not part:
                break
            data += part
        print(data)
        got, status = posix.waitpid(pid, 0)
        print(got == pid, status >> 8, status & 127)
        """,
        stdout="b'onetwo\\n/\\noops\\n'\nTrue 7 0\n",
    )


def test_descriptors(t):
    """They go to the places asked for, also when these are taken crosswise; no other is open."""
    t.run(
        """
        import os, posix
        os.system("echo before")
        files = [open("file%d" % i, "w+") for i in range(4)]
        pid = posix.spawn(
            ["sh", "-c", "echo a >&3; echo b; echo c >&2; ls /proc/self/fd | tr '\\n' ' ' >&3"],
            fds=(files[0].fileno(), files[2].fileno(), files[1].fileno(), files[3].fileno()))
        print(posix.waitpid(pid, 0)[1])
        for f in files:
            f.seek(0)
            print(f.read().split())
        """,
        # One more than the four: ls reads the folder.
        stdout="before\n0\n[]\n['c']\n['b']\n['a', '0', '1', '2', '3', '4']\n",
    )


def test_umask(t):
    t.run(
        """
        import posix
        old = posix.umask(0o077)
        with open("private", "w"):
            pass
        print(posix.umask(0o027) == 0o077, posix.umask(old) == 0o027, posix.umask(old) == old)
        """,
        stdout="True True True\n",
    )
    assert (t.folder / "private").stat().st_mode & 0o777 == 0o600


def test_map(t):
    """A file as it is, for good; what is none, or has nothing, is an error."""
    t.run(
        """
        import gc, os, posix
        with open("file", "wb") as f:
            f.write(bytes(range(256)) * 1000)
        before = gc.mem_alloc()
        view = posix.map("file")
        print(gc.mem_alloc() - before < 1000)
        os.remove("file")
        print(len(view), view[257], bytes(view[-2:]))
        try:
            view[0] = 1
        except TypeError:
            print("read only")
        open("empty", "w").close()
        for name in ("empty", "file", "."):
            try:
                posix.map(name)
            except OSError as e:
                print(e.errno)
        """,
        stdout="True\n256000 1 b'\\xfe\\xff'\nread only\n22\n2\n19\n",
    )


def test_errors(t):
    t.run(
        """
        import posix
        def attempt(*args, **kwargs):
            try:
                posix.spawn(*args, **kwargs)
            except Exception as e:
                print(type(e).__name__, e.args[0])
        attempt(["/nowhere/program"])
        attempt(["/etc/passwd"])
        attempt(["sh"], cwd="/nowhere")
        attempt(["sh"], fds=(99,))
        attempt([])
        attempt([1])
        for call in (lambda: posix.read(99, 1), lambda: posix.write(99, b"a"),
                     lambda: posix.close(99), lambda: posix.kill(0x7ffffffe, 0),
                     lambda: posix.waitpid(-1, 0)):
            try:
                call()
            except OSError as e:
                print(e.errno)
        """,
        stdout="OSError 2\nOSError 13\nOSError 2\nOSError 9\nValueError argv must not be empty\n"
        "TypeError can't convert 'int' object to str implicitly\n9\n9\n9\n3\n10\n",
    )


def test_limits(t):
    p = t.run(
        """
        import posix
        pid = posix.spawn(["sh", "-c", "ulimit -n; ulimit -t; ulimit -f; ulimit -v"],
            limits=((posix.RLIMIT_NOFILE, 33), (posix.RLIMIT_AS, 1 << 27), (posix.RLIMIT_CPU, 5),
                    (posix.RLIMIT_FSIZE, 1 << 20)))
        print(posix.waitpid(pid, 0)[1])
        """,
    )
    lines = p.stdout.splitlines()
    if t.emulated:
        del lines[3]  # QEMU needs address space of its own and leaves this limit out
    assert lines == ["33", "5", "2048"] + ["131072"] * (not t.emulated) + ["0"], lines


def test_group(t):
    """A signal to -pid reaches what the program has started, and is not blocked there."""
    p = t.start(
        """
        import posix
        pid = posix.spawn(["sh", "-c", "sleep 100 & echo $!; wait"])
        print(pid)
        posix.read(0, 1)
        posix.kill(-pid, posix.SIGTERM)
        print(posix.waitpid(pid, 0)[1])
        """,
        stdin=-1,
    )
    pids = {int(p.next_line()[1]), int(p.next_line()[1])}
    p.popen.stdin.write(b"\n")
    p.popen.stdin.flush()
    p.line("15")
    p.finish()
    for pid in pids:
        wait_for(t, "the group to end", lambda: not alive(pid))


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_killed_with_parent(t):
    p = t.start(
        """
        import posix, time
        print(posix.spawn(["sleep", "100"]))
        time.sleep(100)
        """
    )
    pid = int(p.next_line()[1])
    assert alive(pid)
    p.signal(signal.SIGKILL)
    wait_for(t, "the program to end with its parent", lambda: not alive(pid))


def test_others_run(t):
    """While one thread waits for a program another runs; where the kernel has it, poll() waits."""
    t.run(
        """
        import posix, select, threading
        reader, writer = posix.pipe()
        pid = posix.spawn(["cat"], fds=(reader, 1, 2))
        posix.close(reader)
        poll = select.poll()
        try:
            poll.register(posix.pidfd_open(pid), select.POLLIN)
        except OSError as e:
            assert e.errno == 38, e
            poll = None
        assert not poll or not poll.poll(0)
        def wait():
            print("status", posix.waitpid(pid, 0)[1])
        thread = threading.Thread(target=wait)
        thread.start()
        print("others run")
        posix.write(writer, b"text\\n")
        posix.close(writer)
        assert not poll or poll.poll(10000)
        thread.join()
        """,
        stdout="others run\ntext\nstatus 0\n",
    )


def test_many(t):
    """Programs started from many threads at once, beside others that collect."""
    t.run(
        """
        import gc, posix, threading
        def run(n):
            for i in range(20):
                reader, writer = posix.pipe()
                pid = posix.spawn(["echo", "%d-%d" % (n, i)], fds=(-1, writer, 2))
                posix.close(writer)
                text = posix.read(reader, 100)
                assert text == b"%d-%d\\n" % (n, i), text
                assert posix.waitpid(pid, 0) == (pid, 0)
                posix.close(reader)
                gc.collect()
        threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print("ended")
        """,
        stdout="ended\n",
    )


def test_sigterm(t):
    """As Ctrl-C, in a script and in a module; Ctrl-C too."""
    for how in ({}, {"module": "main"}):
        for number in (signal.SIGTERM, signal.SIGINT):
            p = t.start(
                """
                import posix, time
                posix.sigterm_interrupts()
                print("ready")
                try:
                    time.sleep(100)
                except KeyboardInterrupt:
                    print("interrupted")
                """,
                **how
            )
            p.line("ready")
            p.wait_blocked()
            p.signal(number)
            p.line("interrupted")
            p.finish()


def test_terminal(t):
    """A terminal of its own: Ctrl-C, its size, and EIO when nobody has it any more."""
    t.run(
        """
        import posix
        master, slave = posix.openpty()
        posix.tcsetwinsize(master, (7, 90))
        pid = posix.spawn(
            ["sh", "-c", "trap 'echo int; exit 3' INT; trap 'stty size' WINCH; tty; stty size;"
             "echo ready; while :; do read x; done"], fds=(slave, slave, slave))
        posix.close(slave)
        def until(word):
            data = b""
            while word not in data:
                data += posix.read(master, 100)
            return data
        lines = until(b"ready").split()
        print(lines[0][:5], lines[1:])
        posix.tcsetwinsize(master, (8, 91))
        until(b"8 91")
        posix.write(master, b"\\x03")
        until(b"int")
        print(posix.waitpid(pid, 0)[1] >> 8)
        try:
            while True:
                posix.read(master, 100)
        except OSError as e:
            print(e.errno)
        for wrong in (1, (1,), ("a", 1)):
            try:
                posix.tcsetwinsize(master, wrong)
            except (TypeError, ValueError) as e:
                print(type(e).__name__)
        try:
            posix.tcsetwinsize(0, (1, 1))
        except OSError as e:
            print(e.errno)
        """,
        stdout="b'/dev/' [b'7', b'90', b'ready']\n3\n5\nTypeError\nValueError\nTypeError\n25\n",
    )


