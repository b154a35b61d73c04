"""The list of erasures as a file beside the database: it is not rolled back with it.

A line holds a keyed hash, a kind and a moment, and nothing personal. It is on the disk before the erasure is
committed: at worst something is erased again that somebody asked to erase.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from liaison_app.core.web import current_settings

NAME = "erasures.jsonl"


@dataclass(frozen=True)
class Line:
    """One erasure. `at` is aware."""

    at: datetime
    what: str
    key: str
    rows: int


def path() -> Path:
    return current_settings().data / NAME


def append(line: Line) -> None:
    """Write a line through to the disk. Raises OSError."""
    body = json.dumps(asdict(line) | {"at": line.at.astimezone(UTC).isoformat()}) + "\n"
    file = os.open(path(), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(file).st_size
        # After a crash in the middle of a line the next one must stand by itself.
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, (b"\n" if torn else b"") + body.encode())
        os.fsync(file)
    finally:
        os.close(file)


def read() -> Iterator[Line]:
    """Yield the lines that can be read; one that a crash has torn is left out."""
    if not path().exists():
        return
    for text in path().read_text(encoding="utf-8").splitlines():
        try:
            found = json.loads(text)
            yield Line(datetime.fromisoformat(found["at"]), found["what"], found["key"], found["rows"])
        except (ValueError, KeyError, TypeError):
            continue
