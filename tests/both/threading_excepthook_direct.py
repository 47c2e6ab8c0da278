# The default hook called directly: with a thread, without one, for SystemExit.
# stderr
import threading

thread = threading.Thread(name="worker")
hook = threading.excepthook
print(hook(threading.ExceptHookArgs((ValueError, ValueError("given"), None, thread))))
print(hook(threading.ExceptHookArgs((ValueError, ValueError("no thread"), None, None))))
print(hook(threading.ExceptHookArgs((SystemExit, SystemExit(1), None, thread))))
