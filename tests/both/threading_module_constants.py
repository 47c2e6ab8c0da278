# Constants and exceptions.
import threading

print(threading.TIMEOUT_MAX, type(threading.TIMEOUT_MAX).__name__)
print(threading.ThreadError is RuntimeError)
print(issubclass(threading.BrokenBarrierError, RuntimeError))
print(threading.BrokenBarrierError is RuntimeError)
print(threading.BrokenBarrierError.__name__, str(threading.BrokenBarrierError("text")))
print(threading.__name__)
print(issubclass(threading.BoundedSemaphore, threading.Semaphore))
print(issubclass(threading.Timer, threading.Thread))
for name in ("Condition", "Semaphore", "BoundedSemaphore", "Event", "Timer", "Barrier", "Thread"):
    print(name, isinstance(getattr(threading, name), type), getattr(threading, name).__name__)
print(isinstance(threading.local, type), callable(threading.Lock), callable(threading.RLock))
print(type(threading.Lock()).__name__, type(threading.RLock()).__name__)
