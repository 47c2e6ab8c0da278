# repr() of RLock shows the owner and the true count, whoever asks.
import threading


def plain(object):
    # Replaces the address, and the main thread's ident.
    text = repr(object).replace("owner=%d " % main, "owner=MAIN ")
    head, at, tail = text.partition(" at 0x")
    return head + at + "ADDRESS" * (int(tail.rstrip(">"), 16) > 0) + ">"


def show():
    results = []
    thread = threading.Thread(target=lambda: results.append(plain(lock)))
    thread.start()
    thread.join()
    print(plain(lock))
    print(results[0] == plain(lock))


main = threading.get_ident()
lock = threading.RLock()
show()
lock.acquire()
show()
lock.acquire()
show()
lock.release()
show()
lock.release()
show()

# Held by another thread.
held = threading.Event()
done = threading.Event()


def hold():
    with lock:
        held.set()
        done.wait()


thread = threading.Thread(target=hold)
thread.start()
held.wait()
print(plain(lock).replace("owner=%d " % thread.ident, "owner=OTHER "))
done.set()
thread.join()
show()
