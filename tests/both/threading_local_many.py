# local: many threads after each other and many objects; values do not leak from thread to thread.
import gc
import threading


def work(number):
    clean.append(all(not hasattr(data, "value") for data in objects))
    for data in objects:
        data.value = number
    gc.collect()
    clean.append(all(data.value == number for data in objects))


objects = [threading.local() for _ in range(10)]
objects[3].value = "kept"
del objects[3].value
clean = []
for number in range(20):
    threads = [threading.Thread(target=work, args=(number * 3 + i,)) for i in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
print(len(clean), all(clean), any(hasattr(data, "value") for data in objects))
