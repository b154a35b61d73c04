"""A passkey without a browser: it signs what a real one signs, and, where a test wants it, what a real one would not."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, NEW_KEY = 0x01, 0x04, 0x40


class SoftKey:
    """One key pair (ES256). `count` rises with each proof; `counts=False` gives 0 always, as telephones do."""

    def __init__(self, origin: str, house: str, *, counts: bool = True):
        self.origin, self.house, self.counts = origin, house, counts
        self.count = 0
        self.name = secrets.token_bytes(32)
        self.handle = b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, question: dict[str, Any], *, verified: bool = True) -> str:
        """Return what a browser says after making the key for a question."""
        self.handle = _bytes(question["user"]["id"])
        point = self._key.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        made = bytes(16) + len(self.name).to_bytes(2) + self.name + key
        data = self._data(NEW_KEY | PRESENT | (VERIFIED if verified else 0)) + made
        return self._told(
            clientDataJSON=self._client("webauthn.create", question, self.origin),
            attestationObject=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}),
        )

    def prove(
        self,
        question: dict[str, Any],
        *,
        origin: str = "",
        house: str = "",
        verified: bool = True,
        handle: bytes | None = None,
    ) -> str:
        """Return what a browser says after proving the key for a question."""
        self.count += self.counts
        client = self._client("webauthn.get", question, origin or self.origin)
        data = self._data(PRESENT | (VERIFIED if verified else 0), house)
        signed = data + hashlib.sha256(client).digest()
        return self._told(
            clientDataJSON=client,
            authenticatorData=data,
            signature=self._key.sign(signed, ec.ECDSA(SHA256())),
            userHandle=self.handle if handle is None else handle,
        )

    def _data(self, flags: int, house: str = "") -> bytes:
        name = hashlib.sha256((house or self.house).encode()).digest()
        return name + bytes([flags]) + self.count.to_bytes(4)

    def _client(self, kind: str, question: dict[str, Any], origin: str) -> bytes:
        told = {"type": kind, "challenge": question["challenge"], "origin": origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _told(self, **response: bytes) -> str:
        name = _text(self.name)
        parts = {part: _text(value) for part, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": parts})


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
