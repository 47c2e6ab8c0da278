# The server that ram_tls.py talks to: sends back each line. Runs on a build with PROFILE=full.
import socket, ssl

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/localhost.pem", "/localhost.key")
context.load_verify_locations("/ca.pem")
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(socket.getaddrinfo("127.0.0.1", 8883)[0][-1])
listener.listen(1)
while True:
    s = context.wrap_socket(listener.accept()[0], server_side=True)
    line = s.readline()
    while line:
        s.write(line)
        line = s.readline()
    s.close()
