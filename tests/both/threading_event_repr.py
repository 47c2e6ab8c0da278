# repr() of Event and Barrier.
import threading


def plain(object):
    head, at, tail = repr(object).partition(" at 0x")
    address, colon, tail = tail.partition(":")
    return head + at + "ADDRESS" * (int(address, 16) > 0) + colon + tail


event = threading.Event()
print(plain(event))
event.set()
print(plain(event), str(event) == repr(event))
event.clear()
print(plain(event))

barrier = threading.Barrier(2)
print(plain(barrier))
thread = threading.Thread(target=barrier.wait)
thread.start()
while barrier.n_waiting < 1:
    pass
print(plain(barrier))
barrier.wait()
thread.join()
print(plain(barrier))
barrier.abort()
print(plain(barrier))
barrier.reset()
print(plain(barrier), str(barrier) == repr(barrier))
