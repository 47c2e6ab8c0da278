"""A disk in memory whose power goes before, in the middle of, or after any step.

    for disk in after_cuts(scenario):    # what may be there after each step of scenario(disk)
        ...

A step is a write, fsync, rename, remove or mkdir. What was written is on flash for certain after
fsync of the file, a name after fsync of its folder. What was not may be there or not: each
way is one of VARIANTS.
"""

import io

from agent.store import Disk

VARIANTS = ("all", "synced", "names first", "torn", "zeros")


class Cut(BaseException):
    pass


class Node:
    def __init__(self, seen=b"", synced=b""):
        self.seen = seen  # by programs
        self.synced = synced


class CutDisk(Disk):
    def __init__(self, cut_at=0, fail_at=0, fail_until=1 << 30):
        super().__init__("/")
        self.steps = 0
        self.off = False
        self.cut_at = cut_at
        self.fail_at = fail_at  # from this step on there is no space, to the other one
        self.fail_until = fail_until
        self.seen = {}  # name: Node, None for a folder
        self.synced = {}
        self.moved = []  # folders, since the one above was synced
        self.trace = []

    def _step(self, *what):
        if self.off:
            raise Cut()
        self.steps += 1
        self.trace.append(what)
        if self.steps == self.cut_at:
            self.off = True
            return True
        if what[0] in ("rename", "mkdir", "link") and self._full():
            raise OSError(28)

    def _full(self):
        return self.fail_at and self.fail_at <= self.steps <= self.fail_until

    def _write(self, name, mode, data, at=0):
        data = bytes(data)
        cut = self._step("write", name)
        if self._full():
            self._put(name, mode, data[: len(data) // 3], at)
            raise OSError(28)
        self._put(name, mode, data[: len(data) // 2] if cut else data, at)
        if cut:
            raise Cut()

    def _put(self, name, mode, data, at):
        node = self.seen.get(name)
        if node is None:
            node = self.seen[name] = Node()
        if mode == "ab":
            node.seen += data
        elif mode == "wb":
            node.seen = data
        else:
            node.seen = node.seen[:at] + data + node.seen[at + len(data) :]

    def _sync(self, name):
        if self._step("fsync", name):
            raise Cut()
        node = self.seen.get(name) if name else None
        if node is not None:
            node.synced = node.seen
            return
        for old, new in list(self.moved):
            if new.rpartition("/")[0] == name:
                self._move(self.synced, old, new)
                self.moved.remove((old, new))
        for names in (self.synced, self.seen):
            for full in list(names):
                if full.rpartition("/")[0] == name:
                    if full in self.seen:
                        self.synced[full] = self.seen[full]
                    else:
                        del self.synced[full]

    def _rename(self, old, new):
        if self._step("rename", new):
            raise Cut()
        self.seen[new] = self.seen.pop(old)
        self._move(self.seen, old, new)
        self.moved.append((old, new))

    def _move(self, names, old, new):
        """What is in a folder goes with it."""
        for name in list(names):
            if name.startswith(old + "/"):
                names[new + name[len(old) :]] = names.pop(name)

    def _link(self, old, new):
        if self._step("link", new):
            raise Cut()
        if new in self.seen:
            raise OSError(17)
        self.seen[new] = self.seen[old]

    def _chmod(self, name, mode):
        if self._step("chmod", name):
            raise Cut()

    def _remove(self, name):
        if self._step("remove", name):
            raise Cut()
        if name not in self.seen:
            raise OSError(2)
        del self.seen[name]

    def _mkdir(self, name):
        if self._step("mkdir", name):
            raise Cut()
        self.seen[name] = None

    def _rmdir(self, name):
        if self._step("rmdir", name):
            raise Cut()
        if self.names(name):
            raise OSError(39)
        self.seen.pop(name, None)

    def names(self, folder=""):
        return sorted(
            name.rpartition("/")[2] for name in self.seen if name.rpartition("/")[0] == folder
        )

    def exists(self, name):
        return name in self.seen

    def open(self, name):
        data = self.read(name)
        if data is None:
            raise OSError(2)
        return io.BytesIO(data)

    def pieces(self, name):
        data = self.read(name) or b""
        for at in range(0, len(data), 10):
            yield data[at : at + 10]

    def size(self, name):
        return len(self.seen[name].seen)

    def read(self, name):
        node = self.seen.get(name)
        return None if node is None else node.seen

    def free(self):
        return 1 << 30

    def after(self, variant):
        """The disk as it is when power is back."""
        disk = CutDisk()
        names = self.synced if variant in ("synced", "torn") else self.seen
        for name, node in names.items():
            if node is not None:
                content = node.synced
                if variant == "all":
                    content = node.seen
                elif variant == "torn":
                    content = node.seen[: (len(node.synced) + len(node.seen)) // 2]
                elif variant == "zeros" and node.seen.startswith(node.synced):
                    content = node.synced + bytes(len(node.seen) - len(node.synced))
                node = Node(content, content)
            disk.seen[name] = disk.synced[name] = node
        return disk


def after_cuts(scenario):
    """Yields (disk, where) for every step of scenario(disk), every variant, and the end."""
    n = 0
    while True:
        n += 1
        cut = CutDisk(n)
        try:
            scenario(cut)
            ended = True
        except Cut:
            ended = False
        for variant in VARIANTS:
            yield cut.after(variant), (n, cut.trace[-1], variant)
        if ended:
            return
