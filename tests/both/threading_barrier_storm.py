# Barrier: threads come and go while another resets, aborts or times out; nobody hangs or passes alone.
import threading

PARTIES = 3
ROUNDS = 60
guard = threading.Lock()
never = threading.Event()


def run(disturb):
    counts = [0, 0, 0]  # passed, broken, with a wrong index
    actions = []
    over = threading.Event()

    def party():
        while not over.is_set():
            try:
                index = barrier.wait(30)
                with guard:
                    counts[0] += 1
                    counts[2] += not 0 <= index < PARTIES
            except threading.BrokenBarrierError:
                with guard:
                    counts[1] += 1

    barrier = threading.Barrier(PARTIES, action=lambda: actions.append(1))
    threads = [threading.Thread(target=party) for _ in range(PARTIES)]
    for thread in threads:
        thread.start()
    while True:
        with guard:
            if counts[0] >= ROUNDS * PARTIES and counts[1] > 0:
                break
        disturb(barrier)
        never.wait(0.0005)
    over.set()
    # Who has not seen it yet waits in the barrier, or will.
    barrier.abort()
    for thread in threads:
        thread.join()
    print(counts[2], counts[0] <= len(actions) * PARTIES, barrier.broken, barrier.n_waiting)


def reset(barrier):
    barrier.reset()


def abort(barrier):
    barrier.abort()
    barrier.reset()


def short_wait(barrier):
    try:
        barrier.wait(0)
    except threading.BrokenBarrierError:
        barrier.reset()


for disturb in (reset, abort, short_wait):
    run(disturb)
