# get_ident and get_native_id: nonzero, the same number for one thread, different between threads.
import _thread
import threading


def work(numbers):
    numbers.append(threading.get_ident())
    numbers.append(threading.get_ident())
    numbers.append(_thread.get_ident())
    numbers.append(threading.get_native_id())
    numbers.append(threading.get_native_id())
    barrier.wait()


print(threading.get_ident() == threading.get_ident() == _thread.get_ident())
print(type(threading.get_ident()).__name__, threading.get_ident() > 0)
print(type(threading.get_native_id()).__name__, threading.get_native_id() > 0)
barrier = threading.Barrier(4)
results = [[] for _ in range(3)]
threads = [threading.Thread(target=work, args=(r,)) for r in results]
for t in threads:
    t.start()
barrier.wait()
for t, r in zip(threads, results):
    t.join()
    print(r[0] == r[1] == r[2] == t.ident, r[3] == r[4] == t.native_id)
print(len(set(r[0] for r in results)), len(set(r[3] for r in results)))
print(threading.get_ident() in [r[0] for r in results])
