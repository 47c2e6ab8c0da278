# q.queue is a deque, or a list for the other two: what programs do with it under q.mutex.
# not-pure: q.queue has only what the queues use of a deque
import queue


def error(f, *args):
    try:
        print("no error:", f(*args))
    except Exception as e:
        print(type(e).__name__)


def delete(items, index):
    del items[index]


q = queue.Queue()
for i in range(8):
    q.put(i % 5)
with q.mutex:
    d = q.queue
    print(type(d).__name__, len(d), d.maxlen, d[0], d[-1], 3 in d, 9 in d)
    print(d.count(1), d.count(9), d.index(2), d.index(2, 3), d.index(2, 3, 8))
    error(d.index, 9)
    error(d.index, 2, 3, 5)
    print(d.remove(1), list(d))
    error(d.remove, 9)
    print(d.insert(0, "first"), d.insert(-1, "last but one"), d.insert(99, "last"), list(d))
    print(d.reverse(), list(d))
    for n in (1, -1, 3, 25, -25, 0):
        print(d.rotate(n), list(d))
    d.rotate()
    print(d.extendleft("ab"), d.extend("yz"), list(d))
    del d[0]
    del d[-1]
    error(delete, d, 99)
    d[1] = "set"
    error(lambda: d[1:2])
    other = d.copy()
    print(other == d, other is d, other != d, type(other).__name__)
    other.append("more")
    print(other == d, list(other) == list(d) + ["more"], d == list(d), d < other)
    print(d.appendleft("left"), d.popleft(), d.pop(), d)
print(q.qsize(), [q.get() for _ in range(q.qsize())])
with q.mutex:
    q.queue.rotate(3)
    q.queue.reverse()
    error(q.queue.pop)
    error(q.queue.popleft)
    q.queue.insert(5, "only")
    q.queue.rotate(2)
print(q.get(), q.empty())

# Long ones, in and out of the memory that a short queue keeps.
for i in range(300):
    q.put(i)
for i in range(100):
    q.get()
with q.mutex:
    q.queue.insert(100, "here")
    q.queue.rotate(-50)
    for i in range(199):
        q.queue.remove(i + 100)
print(sorted(str(q.get()) for _ in range(q.qsize())))


# A comparison that changes what is searched.
class Equal:
    def __eq__(self, other):
        q.queue.append("changed")
        return False


q = queue.Queue()
q.put(1)
q.put(Equal())
q.put(2)
try:
    q.queue.remove(3)
except (IndexError, ValueError, RuntimeError) as e:
    print("refused", q.queue[0], q.queue[-1] == "changed")

for kind in (queue.LifoQueue, queue.PriorityQueue):
    q = kind()
    for i in (3, 1, 2, 5, 4):
        q.put(i)
    with q.mutex:
        print(isinstance(q.queue, list), sorted(q.queue), len(q.queue[1:3]))
        q.queue.remove(5)
        q.queue.sort()
        q.queue[:] = [i * 10 for i in q.queue]
        q.queue.insert(1, 15)
        print(q.queue.index(15), q.queue.count(15), q.queue.pop(1), q.queue)
    print([q.get() for _ in range(q.qsize())])
