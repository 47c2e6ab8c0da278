"""What a program that has gone wrong finds: no memory that is both writable and executable."""

from pathlib import Path


def test_memory(t):
    p = t.start("""
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        print("ready")
        threading.Event().wait()
    """)
    p.line("ready")
    p.wait_blocked()
    lines = Path("/proc/%d/maps" % p.pid).read_text().splitlines()
    if not t.emulated:
        p.check_equal("writable and executable", [], [li for li in lines if "wx" in li.split()[1]])
    if not t.emulated and not t.musl:
        # Constants that hold addresses, as all of py/ and modules/ have, are sealed at the start.
        mine = [li.split()[1] for li in lines if li.endswith("/" + t.program.name)]
        p.check_equal("read-only data before the writable", ["r--p", "rw-p"], mine[-2:])
    p.kill()
