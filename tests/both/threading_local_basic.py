# local: each thread has its own attributes.
import threading


def work(number):
    seen.append(hasattr(data, "value"))
    data.value = number
    data.list = [number]
    barrier.wait()
    data.list.append(data.value)
    results.append((number, data.value, data.list))
    barrier.wait()


data = threading.local()
data.value = "main"
data.other = "only here"
barrier = threading.Barrier(4)
seen = []
results = []
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(seen)
print(sorted(results))
print(data.value, data.other, hasattr(data, "list"))

# Objects are separate as well.
second = threading.local()
print(hasattr(second, "value"))
second.value = "second"
print(data.value, second.value)

# Deletion concerns the calling thread only.
def remove():
    data.value = 1
    del data.value
    results.append(hasattr(data, "value"))


results = []
thread = threading.Thread(target=remove)
thread.start()
thread.join()
print(results, data.value)
del data.value
print(hasattr(data, "value"), data.other)
setattr(data, "value", "again")
print(getattr(data, "value"), getattr(data, "missing", "default"))
delattr(data, "value")
print(hasattr(data, "value"))
