# since 3.14
# Thread(context=None) is accepted, by keyword only.
import threading

thread = threading.Thread(target=print, args=("runs",), context=None)
thread.start()
thread.join()
try:
    threading.Thread(None, print, None, (), None, None)
except TypeError:
    print("TypeError")


class Mine(threading.Thread):
    def __init__(self):
        super().__init__(name="mine", daemon=True, context=None)


print(Mine().name, Mine().daemon)
