# An exception in a hook is passed on, and leaves the queue and its lock usable.
import queue


class Fragile(queue.Queue):
    fail = None

    def _check(self, name):
        if self.fail == name:
            raise ValueError("in " + name)

    def _init(self, maxsize):
        self._check("_init")
        super()._init(maxsize)

    def _qsize(self):
        self._check("_qsize")
        return super()._qsize()

    def _put(self, item):
        self._check("_put")
        super()._put(item)

    def _get(self):
        self._check("_get")
        return super()._get()


def error(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__, e)


q = Fragile(2)
q.put("first")
for hook, calls in (
    ("_put", (lambda: q.put(1), lambda: q.put(1, timeout=1), lambda: q.put_nowait(1))),
    ("_get", (q.get, lambda: q.get(timeout=1), q.get_nowait)),
    ("_qsize", (q.get, lambda: q.put(1), q.qsize, q.empty, q.full, lambda: q.get(timeout=1))),
):
    q.fail = hook
    for f in calls:
        error(f)
        print(q.mutex.locked())
    q.fail = None
    print(q.qsize(), q.unfinished_tasks)
print(q.get(), q.put("second"), q.get(), q.empty())
q.fail = "_init"
print(q.put("third"), q.get())
Fragile.fail = "_init"
error(Fragile)
