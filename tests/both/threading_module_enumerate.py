# active_count and enumerate: live threads, daemons included; not those that wait for start().
import threading

done = threading.Event()
before = threading.Thread()
threads = [threading.Thread(target=done.wait, daemon=i == 1) for i in range(3)]
print(threading.active_count(), threading.enumerate() == [threading.main_thread()])
for number, t in enumerate(threads):
    t.start()
    print(threading.active_count(), t in threading.enumerate(), before in threading.enumerate())
print(len(threading.enumerate()), all(t in threading.enumerate() for t in threads))
print(threading.main_thread() in threading.enumerate())
seen = []
inner = threading.Thread(target=lambda: seen.append(threading.active_count()))
inner.start()
inner.join()
print(seen, threading.active_count(), inner in threading.enumerate())
# The list is the caller's.
threading.enumerate().clear()
print(threading.active_count())
done.set()
for t in threads:
    t.join()
    print(t in threading.enumerate())
print(threading.active_count(), threading.enumerate() == [threading.main_thread()])
