"""
categories: Modules,threading
description: Ctrl-C typed while a thread waits in input() interrupts that thread, not the main one
cause: input() sets the terminal to raw mode, where Ctrl-C is a character for whoever reads it.
workaround: Call input() in the main thread only; other threads read with sys.stdin.readline().
"""

import threading


def ask():
    try:
        input("Press Ctrl-C: ")
    except KeyboardInterrupt:
        print("the thread")


try:
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
except KeyboardInterrupt:
    print("the main thread")
