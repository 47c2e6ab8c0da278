"""Signed texts, as `signify-openbsd -S -e` writes them: a comment, a line with the signature, and

what was signed, to the last byte.

This file is part of micropython-threading, MIT licence.
"""

from binascii import a2b_base64

from signify import verify


class Keys:
    """Public keys: of each the second line of its .pub file."""

    def __init__(self, lines):
        self.keys = [a2b_base64(line) for line in lines]
        for key in self.keys:
            if len(key) != 42 or key[:2] != b"Ed":
                raise ValueError("keys")

    def opened(self, text):
        """What was signed with one of them, or None."""
        try:
            _, line, message = text.split(b"\n", 2)
            signature = a2b_base64(line)
        except ValueError:
            return None
        for key in self.keys:
            # The algorithm and the key's number come before both.
            if signature[:10] == key[:10] and verify(key[10:], message, signature[10:]):
                return message
