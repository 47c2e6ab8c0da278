# A Timer still running holds the exit until it has fired.
import threading


def fire(text):
    threading.main_thread().join()
    print(text)


threading.Timer(0.05, fire, ["fired"]).start()
cancelled = threading.Timer(60, fire, ["never"])
cancelled.start()
cancelled.cancel()
print("main ends")
