"""What the device is: the check of its configuration, its own key, and the certificate for it.

The file `id` has the certificate in use and its key; id.old those before; `key` a key that has no
certificate yet. They stay where they are when power goes between two steps.

This file is part of micropython-threading, MIT licence.
"""

import json

from agent.jobs import Refused


class ConfigError(ValueError):
    """The configuration cannot be used, and why."""


# What a configuration must have, and what else None may be.
_TYPES = {"device": "", "host": "", "data": "", "user": "", "password": "", "socket": ""}
_TYPES.update(tls={}, root="")

# What names in topics are made of.
_NAME = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:"


def is_name(text):
    return isinstance(text, str) and 0 < len(text) <= 64 and all(c in _NAME for c in text)


def _good(key, value, like):
    if isinstance(like, list) and not isinstance(value, list):
        return False
    if key == "backoff":
        low, high = value
        return 0 < low <= high
    if key == "device":
        return is_name(value)
    if key == "groups":
        return all(map(is_name, value))
    if isinstance(like, list):
        return all(isinstance(v, str) for v in value)
    if isinstance(like, dict):
        names = ("ca", "cert", "key", "server_hostname")
        return "ca" in value and all(k in names and isinstance(value[k], str) for k in value)
    if isinstance(like, (bool, str)):
        return type(value) is type(like)
    # A name is in a text of names: no other number's is a part of one of these.
    if type(value) is float:
        return key in "grace hold idle max_timeout timeout trial" and 0 <= value < 1e18
    return (
        type(value) is int
        and (value >= (key in "files memory port workers") or key == "utc_offset")
        and (value < 65536 or key not in "keepalive port")
    )


def check(config, defaults):
    """The configuration with what it leaves out, or ConfigError."""
    if not isinstance(config, dict):
        raise ConfigError("not an object")
    for key, value in config.items():
        like = _TYPES.get(key, defaults.get(key))
        if like is None:
            raise ConfigError(key + ": unknown")
        try:
            good = _good(key, value, like) if value is not None else defaults.get(key, 0) is None
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ConfigError("%s: %s" % (key, json.dumps(value)))
    for key in ("device", "host", "data"):
        if not config.get(key):
            raise ConfigError(key + ": missing")
    return dict(defaults, **config)


class Identity:
    """The operations raise Refused."""

    def __init__(self, disk, name):
        self.disk = disk
        self.name = name

    def request(self, command=None):
        """A request for a certificate, with a key that is made once."""
        import x509

        key = self.disk.read("key")
        if key is None:
            key = x509.make_key().encode()
            self.disk.replace("key", key)
        return x509.request(str(key, "ascii"), self.name)

    def put(self, command):
        """Takes the certificate; the same one again is as good. Its end, as six numbers."""
        import x509

        cert = command.get("cert")
        for name in ("key", "id"):
            key = self.disk.read(name)
            try:
                end = x509.check(cert, str(key or b"", "ascii"))
            except (ValueError, TypeError):
                continue
            if name == "key":
                old = self.disk.read("id")
                if old:
                    self.disk.replace("id.old", old)
                self.disk.replace("id", key + cert.encode())
                self.disk.remove("key")
            return end
        raise Refused("no certificate of the key that is here")
