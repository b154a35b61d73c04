"""Encryption of a stream under a passphrase: AES-256-GCM in chunks, so that a file of any size fits into memory.

The key is scrypt of the passphrase and the file's own salt. Each chunk's nonce is its number and whether it is the
last, so that chunks can be neither swapped nor left out, and a file that was cut off is not taken for a whole one.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"LIAISON-SEALED-1"
SALT_BYTES, TAG_BYTES = 16, 16
CHUNK_BYTES = 1024 * 1024


class Unreadable(Exception):
    """The passphrase is not the file's, or the file was changed or cut off."""


class Sealer:
    """Takes what is written to it and writes it sealed to `file`; `close` writes the last chunk."""

    def __init__(self, file: BinaryIO, passphrase: str):
        salt = os.urandom(SALT_BYTES)
        self._file, self._cipher, self._number, self._waiting = (
            file,
            _cipher(passphrase, salt),
            0,
            bytearray(),
        )
        file.write(MAGIC + salt)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._put(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        self._put(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, MAGIC))
        self._number += 1


class Opener:
    """Gives what was sealed into `file`, piece by piece. Raises Unreadable."""

    def __init__(self, file: BinaryIO, passphrase: str):
        head = file.read(len(MAGIC) + SALT_BYTES)
        if not head.startswith(MAGIC):
            raise Unreadable("not a sealed file")
        self._file, self._cipher = file, _cipher(passphrase, head[len(MAGIC) :])
        self._number, self._open, self._is_over = 0, b"", False

    def read(self, size: int) -> bytes:
        while len(self._open) < size and not self._is_over:
            self._open += self._next()
        given, self._open = self._open[:size], self._open[size:]
        return given

    def _next(self) -> bytes:
        sealed = self._file.read(CHUNK_BYTES + TAG_BYTES)
        more = self._file.read(1)
        if more:
            self._file.seek(-1, os.SEEK_CUR)
        self._is_over = not more
        try:
            chunk = self._cipher.decrypt(_nonce(self._number, is_last=self._is_over), sealed, MAGIC)
        except (InvalidTag, ValueError) as flaw:
            raise Unreadable("wrong passphrase, or not a whole file") from flaw
        self._number += 1
        return chunk


def is_sealed(file: BinaryIO) -> bool:
    """Return whether a file that stands at its beginning is a sealed one; it stands there again afterwards."""
    head = file.read(len(MAGIC))
    file.seek(0)
    return head == MAGIC


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
