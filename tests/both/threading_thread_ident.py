# Thread.ident and native_id: None before start, set when start() returns, kept after the end.
import threading


def error_type(f, *args, **kwargs):
    try:
        print("no error:", f(*args, **kwargs))
    except Exception as e:
        print(type(e).__name__)


def work():
    me = threading.current_thread()
    seen.append((me.ident, me.native_id, threading.get_ident(), threading.get_native_id()))
    done.wait()


done = threading.Event()
seen = []
threads = [threading.Thread(target=work) for _ in range(3)]
print([(t.ident, t.native_id) for t in threads])
for t in threads:
    t.start()
    print(isinstance(t.ident, int), isinstance(t.native_id, int), t.ident != 0, t.native_id > 0)
print(len(set(t.ident for t in threads + [threading.main_thread()])))
print(len(set(t.native_id for t in threads + [threading.main_thread()])))
before = sorted((t.ident, t.native_id) for t in threads)
done.set()
for t in threads:
    t.join()
print(sorted((ident, native) for ident, native, i, n in seen) == before)
print(all(ident == i and native == n for ident, native, i, n in seen))
print(sorted((t.ident, t.native_id) for t in threads) == before)
error_type(setattr, threads[0], "ident", 5)
error_type(setattr, threads[0], "native_id", 5)
print(sorted((t.ident, t.native_id) for t in threads) == before)
main = threading.main_thread()
print(main.ident == threading.get_ident(), main.native_id == threading.get_native_id())
