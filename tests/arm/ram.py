# What the other scripts of this folder share: the resident set, in KB. (/proc/self/status is only
# about right.) Each prints what it has measured, and whether that is within its limit.


def resident():
    # Read at once: a line is read byte by byte, and after each byte others may run.
    with open("/proc/self/smaps_rollup", "rb") as file:
        words = file.read(400).split()
    return int(words[words.index(b"Rss:") + 1])


def report(what, value, limit):
    print(what, value, "KB, at most", limit, "ok" if value <= limit else "TOO MUCH")
