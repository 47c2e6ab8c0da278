# repr() of a thread in each state.
import threading


def plain(thread):
    text = repr(thread)
    if thread.ident is not None:
        text = text.replace(" %d)>" % thread.ident, " IDENT)>")
    return text


class Mine(threading.Thread):
    pass


def work():
    print(plain(threading.current_thread()))
    ready.set()
    done.wait()


ready = threading.Event()
done = threading.Event()
for kind in (threading.Thread, Mine):
    for daemon in (False, True):
        ready.clear()
        done.clear()
        thread = kind(target=work, name="name", daemon=daemon)
        print(plain(thread))
        thread.start()
        ready.wait()
        print(plain(thread), str(thread) == repr(thread))
        done.set()
        # Nobody joins it: it becomes stopped by itself.
        while "started" in repr(thread):
            pass
        print(plain(thread))
        thread.join()
        print(plain(thread))
print(plain(threading.Thread()))
print(plain(threading.Timer(1, print)))
print(plain(threading.main_thread()))
print(threading.main_thread().ident > 0)
