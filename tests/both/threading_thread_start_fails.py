# start() that the system refuses: RuntimeError, and the thread is nowhere to be seen.
import sys
import threading

done = threading.Event()
# No address space holds this stack, or two of it where addresses have 32 bits.
threading.stack_size(2**48 if sys.maxsize > 2**32 else 0x7FFF0000)
threads = []
failed = None
while not failed and len(threads) < 4:
    thread = threading.Thread(target=done.wait, name="refused")
    try:
        thread.start()
        threads.append(thread)
    except RuntimeError as e:
        failed = e
        print(type(e).__name__, e, isinstance(e, threading.ThreadError))
print(thread.is_alive(), thread.ident, thread in threading.enumerate())
print(threading.active_count() == 1 + len(threads))
try:
    thread.join()
except RuntimeError as e:
    print(e)
done.set()
for t in threads:
    t.join()

# With room again, others start.
threading.stack_size(0)
thread = threading.Thread()
print(thread.start(), thread.join(), thread.is_alive(), threading.active_count())
