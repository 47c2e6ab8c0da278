# A subclass of Condition with attributes and methods of its own.
import threading


class Mailbox(threading.Condition):
    def __init__(self, size):
        super().__init__(threading.Lock())
        self.size = size
        self.letters = []

    def send(self, letter):
        with self:
            self.wait_for(lambda: len(self.letters) < self.size)
            self.letters.append(letter)
            self.notify_all()

    def receive(self):
        with self:
            self.wait_for(lambda: self.letters)
            letter = self.letters.pop(0)
            self.notify_all()
            return letter


box = Mailbox(2)
thread = threading.Thread(target=lambda: [box.send(i) for i in range(20)])
thread.start()
print([box.receive() for i in range(20)])
thread.join()
print(box.letters, box.size, type(box).__name__, isinstance(box, threading.Condition))
print(box.acquire(), box.acquire(False), box.release())
