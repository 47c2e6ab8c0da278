# Eight threads at work beside a live TLS connection, in a heap of 256 KB.
import hashlib, json, socket, ssl, threading, time
from ram import resident, report

context = ssl.create_default_context(cafile="/ca.pem")
context.load_cert_chain("/device.pem", "/device.key")
for attempt in range(100):
    s = socket.socket()
    try:
        s.connect(socket.getaddrinfo("127.0.0.1", 8883)[0][-1])
        break
    except OSError:
        s.close()
        time.sleep(0.1)
s = context.wrap_socket(s, server_hostname="localhost")
print(s.cipher()[1])
rounds = [0] * 8
stop = False


def work(i):
    while not stop:
        text = json.dumps({"n": list(range(50)), "s": "x" * 100})
        hashlib.sha256(json.loads(text)["s"]).digest()
        rounds[i] += 1


threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
for thread in threads:
    thread.start()
answers = 0
most = 0
while answers < 20 or min(rounds) < 5:
    s.write(b"ping\n")
    assert s.readline() == b"ping\n"
    answers += 1
    most = max(most, resident())
stop = True
for thread in threads:
    thread.join()
report("8 threads and TLS", most, 1000)
