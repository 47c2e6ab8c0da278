# Joining the main thread with a timeout while it lives.
import threading

log = []


def work():
    main = threading.main_thread()
    log.append(main.join(0.02))
    log.append(main.join(0))
    log.append(main.is_alive())


thread = threading.Thread(target=work)
thread.start()
thread.join()
print(log)
