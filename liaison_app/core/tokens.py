"""Personal links: made from the installation's secret, kept only as a hash.

A token is 160 bits of HMAC over purpose, id and generation. The database holds its SHA-256, so a copy
of the database opens nothing; the worker can write the same link into a later mail without keeping it.
Raising the generation and storing the new digest revokes every older link.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

from .db import derived_key


def make(purpose: str, id: int, generation: int = 0) -> str:
    """Return the 27-character link token of one thing, the same each time."""
    seed = f"{purpose}:{id}:{generation}".encode()
    return urlsafe_b64encode(hmac.digest(derived_key("link"), seed, hashlib.sha256)[:20]).decode().rstrip("=")


def digest(token: str) -> str:
    """Return the hex under which a token is stored and looked up."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def stamp(purpose: str) -> str:
    """Return a one-time mark for a form: random, and signed, so that nobody else can choose it."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_seal(purpose, nonce)}"


def is_stamp(purpose: str, text: str) -> bool:
    """Return whether `text` is a mark that `stamp` gave out for this purpose."""
    nonce, _, seal = text.partition(".")
    return hmac.compare_digest(seal.encode("utf-8", "replace"), _seal(purpose, nonce).encode())


def _seal(purpose: str, nonce: str) -> str:
    seed = f"{purpose}:{nonce}".encode("utf-8", "replace")
    return urlsafe_b64encode(hmac.digest(derived_key("stamp"), seed, hashlib.sha256)[:15]).decode()
