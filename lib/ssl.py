# CPython's ssl on the module tls that a build with TLS=12 or TLS=13 has.
#
#     context = ssl.create_default_context(cafile="ca.pem")
#     s = context.wrap_socket(s, server_hostname="broker.example")
#
# A client verifies the server's certificate and its name, unless verify_mode says otherwise.
# Certificates and keys are files or, as cadata, bytes or text, in PEM or DER. There are no CRLs: a CA
# that is withdrawn is taken out of the file of CAs, and the next context does not trust it.
#
# This file is part of micropython-threading, MIT licence.

import tls
from tls import CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED, PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER

SSLError = OSError
SSLCertVerificationError = ValueError


def _read(name):
    with open(name, "rb") as file:
        return file.read()


class SSLContext:
    def __init__(self, protocol=PROTOCOL_TLS_CLIENT):
        self._context = tls.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def load_cert_chain(self, certfile, keyfile=None):
        cert = _read(certfile)
        self._context.load_cert_chain(cert, _read(keyfile) if keyfile else cert)

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if capath or not (cafile or cadata):
            raise ValueError("cafile or cadata required")
        self._context.load_verify_locations(_read(cafile) if cafile else cadata)

    def get_ciphers(self):
        return [{"name": name} for name in self._context.get_ciphers()]

    def set_ciphers(self, ciphers):
        self._context.set_ciphers(ciphers.split(":"))

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        return self._context.wrap_socket(
            sock,
            server_side=server_side,
            do_handshake_on_connect=do_handshake_on_connect,
            server_hostname=server_hostname,
        )


def create_default_context(cafile=None, cadata=None):
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    if cafile or cadata:
        context.load_verify_locations(cafile, None, cadata)
    return context
