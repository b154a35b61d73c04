"""Whether a web server or a worker of this installation runs: each holds one file as long as it lives."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "running"
_held: list[int] = []


def hold(data: Path) -> None:
    """Note, until this process and its children end, that the installation is in use; however it ends."""
    file = os.open(data / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.set_inheritable(file, True)
    _held.append(file)


@contextmanager
def nobody_else(data: Path) -> Iterator[bool]:
    """Give whether nobody else uses the installation; while that is so, nobody can begin to."""
    file = os.open(data / MARK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)
