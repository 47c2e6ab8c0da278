# local: __dict__ holds the calling thread's attributes.
import threading


def work():
    results.append(len(data.__dict__))
    data.y = 2
    results.append(data.__dict__ == {"y": 2})
    results.append("x" in data.__dict__)


class Mine(threading.local):
    pass


for kind in (threading.local, Mine):
    data = kind()
    print(data.__dict__ == {})
    data.x = 1
    print(data.__dict__ == {"x": 1}, "x" in data.__dict__, "y" in data.__dict__)
    results = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print(results)
    print(data.__dict__ == {"x": 1}, list(data.__dict__), data.__dict__["x"])
    data.__dict__["z"] = 3
    print(data.z, sorted(data.__dict__.items()))
    data.__dict__.update({"x": 5})
    print(data.x)
    del data.x
    print(data.__dict__ == {"z": 3})
