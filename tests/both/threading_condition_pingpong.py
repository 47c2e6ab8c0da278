# Two threads take turns by one Condition.
import threading

condition = threading.Condition()
turn = 0
log = []


def player(me):
    global turn
    for i in range(100):
        with condition:
            while turn != me:
                condition.wait()
            log.append(me)
            turn = 1 - me
            condition.notify()


threads = [threading.Thread(target=player, args=(me,)) for me in (1, 0)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(len(log), log == [0, 1] * 100, turn)
