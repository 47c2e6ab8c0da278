# A new thread is a daemon if the one that creates it is.
import threading


def make():
    made.append(threading.Thread())
    made.append(threading.Thread(daemon=False))
    made.append(threading.Thread(daemon=True))
    made.append(threading.Timer(1, make))


for daemon in (False, True):
    made = []
    thread = threading.Thread(target=make, daemon=daemon)
    thread.start()
    thread.join()
    print(daemon, [t.daemon for t in made])

# The creator counts, not the starter.
thread = threading.Thread()
starter = threading.Thread(target=thread.start, daemon=True)
starter.start()
starter.join()
thread.join()
print(thread.daemon)
