# A target that is false, but not None, is called.
import threading


class Falsy:
    def __init__(self, name):
        self.name = name

    def __bool__(self):
        return False

    def __len__(self):
        return 0

    def __call__(self, *args):
        print(self.name, args)


thread = threading.Thread(target=Falsy("called"), args=(1,))
thread.start()
thread.join()
threading.Thread(target=Falsy("directly"), args=[2]).run()
thread = threading.Timer(0, Falsy("by the timer"))
thread.start()
thread.join()

# One that cannot be called fails in the thread.
failures = []
threading.excepthook = lambda args: failures.append(args.exc_type.__name__)
for target in (0, "text", []):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
print(failures)
