"""A small client: keeps connections open and counts answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlencode

CONNECTIONS = 8


@dataclass
class Answer:
    headers: dict[str, str]
    body: bytes


class Connection:
    """One open HTTP/1.1 connection; nothing that costs time, so that the server is what is measured."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")

    def send(self, request: bytes, expect: int = 200) -> Answer:
        """Send a request and return its answer. Raises RuntimeError where that has another status."""
        self._socket.sendall(request)
        status = int(self._reader.readline().split()[1])
        headers = {}
        while (line := self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self._reader.read(int(headers["content-length"]))
        if status != expect:
            raise RuntimeError(f"{status} instead of {expect}: {body[:500]!r}")
        return Answer(headers, body)

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


def get(path: str, cookie: str = "") -> bytes:
    kept = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kept}\r\n".encode()


def post(path: str, fields: dict[str, str], cookie: str = "") -> bytes:
    body = urlencode(fields).encode()
    kept = f"Cookie: {cookie}\r\n" if cookie else ""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kept}Content-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Rounds:
    """What one target answered in each round: requests per second, and processor seconds per request."""

    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def add(self, answered: int, seconds: float, cpu: float) -> None:
        self.rates.append(answered / seconds)
        self.costs.append(cpu / answered)

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def cost(self) -> float:
        return median(self.costs)


def ratio(one: list[float], other: list[float]) -> float:
    """Return the median of the ratios round by round: what slowed one round slowed both in it."""
    return median(a / b for a, b in zip(one, other, strict=True))


def pour(port: int, visit: Callable[[Connection], None], seconds: float) -> tuple[int, float]:
    """Let visits be made over several connections for so long; return how many ended, and in what time.

    Raises whatever went wrong in a visit.
    """
    counts = [0] * CONNECTIONS
    until = time.monotonic() + seconds

    def client(number: int) -> None:
        with closing(Connection(port)) as connection:
            while time.monotonic() < until:
                visit(connection)
                counts[number] += 1

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(client, range(CONNECTIONS)))
    return sum(counts), time.monotonic() - began
