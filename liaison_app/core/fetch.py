"""Ask another host for a file: the only way out to an address that somebody typed (SECURITY I8).

Only https, to public addresses. A name is looked up once, and the connection goes to just the address that was
judged, so that a name cannot turn into another address in between; certificate and `Host` are those of the name. Each
redirect is judged anew. Ten seconds and five megabytes in all, whatever the other side does; no cookies, no proxies of
the environment, nothing but the question itself.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from flask import current_app

from .errors import N_, Refused

LONGEST_SECONDS = 10.0
LARGEST_BYTES = 5 * 1024 * 1024
MOST_REDIRECTS = 3
LONGEST_ADDRESS = 2000
PORT = 443
AGENT = "liaison-station (calendar reader)"
Place = IPv4Address | IPv6Address
_STEP = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Networks of IPv6 in which a translator or tunnel leads on to an address of IPv4 that nobody has judged.
_LEADING_ON = tuple(
    map(IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10"))
)


class FetchRefused(Refused):
    """The file was not fetched. `code` names the reason and `message` says it to a person; neither holds the address."""

    code = "unreachable"
    message = N_("连不上这个网址的服务器。请稍后再试，或者核对网址。")


class NotAllowed(FetchRefused):
    code = "not_allowed"
    message = N_("这个网址不能用：只能读公网上以 https:// 开头的地址，不能带用户名和密码。")


class TooSlow(FetchRefused):
    code = "too_slow"
    message = N_("对方服务器太慢，10 秒内没有给完。")


class TooLarge(FetchRefused):
    code = "too_large"
    message = N_("文件太大，最多 5 MB。")


class NotSecure(FetchRefused):
    code = "not_secure"
    message = N_("对方服务器的证书不对，没有读。")


class TurnedAway(FetchRefused):
    """The other side answered, and gave no file; `answered` is the status of HTTP."""

    code = "turned_away"
    message = N_("对方服务器没有给文件（HTTP {answered}）。网址可能失效了。")

    def __init__(self, answered: int):
        self.answered = answered


class TooManyRedirects(FetchRefused):
    code = "redirects"
    message = N_("这个网址转来转去，没有到头。")


class Unpackable(FetchRefused):
    code = "unpackable"
    message = N_("对方给的文件解不开。")


@dataclass(frozen=True)
class Trust:
    """What an operator allows beyond the public net: hosts (`name` or `name:port`) of the own network, such as the
    calendar server of the office, and the file of its certificate authority."""

    hosts: frozenset[str] = frozenset()
    ca_file: str = ""

    def names(self, host: str, port: int) -> bool:
        return f"{host}:{port}" in self.hosts or (port == PORT and host in self.hosts)


def own_trust() -> Trust:
    """Return what this installation's operator allows."""
    settings = current_app.config["LIAISON"]
    return Trust(frozenset(settings.fetch_hosts), settings.fetch_ca_file)


@dataclass(frozen=True)
class Answer:
    """What came: None where nothing has changed since `etag` and `changed`, which are to be sent the next time."""

    body: bytes | None
    etag: str = ""
    changed: str = ""


def is_allowed(address: str, trust: Trust) -> bool:
    """Return whether an address may be asked at all, as far as can be told without looking its name up."""
    try:
        _parts(address, trust)
    except NotAllowed:
        return False
    return True


def fetch(address: str, *, trust: Trust, etag: str = "", changed: str = "", accept: str = "*/*") -> Answer:
    """Return the file at an address. Raises FetchRefused; at the latest after LONGEST_SECONDS."""
    deadline = time.monotonic() + LONGEST_SECONDS
    asked = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": AGENT, "Connection": "close"}
    asked |= {
        name: value for name, value in (("If-None-Match", etag), ("If-Modified-Since", changed)) if value
    }
    for _ in range(MOST_REDIRECTS + 1):
        parts = _parts(address, trust)
        try:
            found = _ask(parts, asked, trust, deadline)
        except FetchRefused:
            raise
        except TimeoutError as late:
            raise TooSlow from late
        except ssl.SSLError as error:
            raise NotSecure from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # What a server says may break the library in more than one way; none of it is a fault of ours.
            raise (TooSlow if time.monotonic() >= deadline else FetchRefused) from error
        if isinstance(found, Answer):
            return found
        address = _next(address, found)
    raise TooManyRedirects


def _parts(address: str, trust: Trust) -> SplitResult:
    """Return the parts of an address that may be asked, or raise NotAllowed."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or PORT
        host.encode("idna")
    except ValueError as error:
        raise NotAllowed from error
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if not is_plain or len(address) > LONGEST_ADDRESS or "\\" in address:
        raise NotAllowed
    if parts.scheme != "https" or not host or "@" in parts.netloc or "%" in parts.netloc:
        raise NotAllowed
    if port != PORT and not trust.names(host, port):
        raise NotAllowed
    return parts


def _ask(parts: SplitResult, asked: Mapping[str, str], trust: Trust, deadline: float) -> Answer | str:
    """Return what one host answers: a file, or where else to look."""
    host, port = parts.hostname or "", parts.port or PORT
    with _connected(_judged(host, port, trust, deadline), port, deadline) as plain:
        plain.settimeout(_left(deadline))
        # The authority of the office counts for the hosts that the operator named, and for no other.
        own = trust.ca_file if trust.names(host, port) else ""
        context = ssl.create_default_context(cafile=own or None)
        with context.wrap_socket(plain, server_hostname=host) as sock:
            connection = http.client.HTTPSConnection(host, port)
            connection.sock = _Hurried(sock, deadline)  # type: ignore[assignment]
            connection.request(
                "GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), headers=asked
            )
            answer = connection.getresponse()
            return _read(answer)


def _next(address: str, where: str) -> str:
    try:
        return urljoin(address, where)
    except ValueError as error:
        raise NotAllowed from error


def _read(answer: http.client.HTTPResponse) -> Answer | str:
    if answer.status in _REDIRECTS and (where := answer.getheader("Location")):
        return where
    etag, changed = answer.getheader("ETag") or "", answer.getheader("Last-Modified") or ""
    if answer.status == 304:
        return Answer(None, etag, changed)
    if answer.status != 200:
        raise TurnedAway(answer.status)
    return Answer(_unpacked(answer), etag, changed)


def _unpacked(answer: http.client.HTTPResponse) -> bytes:
    """Return the body, never holding more of it than is allowed, packed or not."""
    how = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if how not in {"identity", "gzip", "x-gzip"}:
        raise Unpackable
    opener = None if how == "identity" else zlib.decompressobj(wbits=31)
    body, packed = bytearray(), 0
    while chunk := answer.read(_STEP):
        packed += len(chunk)
        try:
            body += chunk if opener is None else opener.decompress(chunk, LARGEST_BYTES + 1 - len(body))
        except zlib.error as error:
            raise Unpackable from error
        if max(packed, len(body)) > LARGEST_BYTES:
            raise TooLarge
    if opener is not None and not opener.eof:
        raise Unpackable
    if answer.length:
        # Fewer bytes than were announced: half a file is none.
        raise FetchRefused
    return bytes(body)


def _judged(host: str, port: int, trust: Trust, deadline: float) -> list[Place]:
    """Return the addresses of a name to connect to, or raise NotAllowed: all of them must be public."""
    found = _look_up(host, port, deadline)
    if not trust.names(host, port) and not all(map(is_public, found)):
        raise NotAllowed
    return found


def _connected(places: Sequence[Place], port: int, deadline: float) -> socket.socket:
    """Return a connection to the first of these addresses that takes one."""
    for place in places[:-1]:
        with suppress(OSError):
            return _dialled(place, port, _left(deadline) / 2)
    return _dialled(places[-1], port, _left(deadline))


def _dialled(place: Place, port: int, seconds: float) -> socket.socket:
    """Return a connection to just this address; no name is looked up any more."""
    sock = socket.socket(socket.AF_INET if place.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((str(place), port))
    except BaseException:
        sock.close()
        raise
    return sock


def _look_up(host: str, port: int, deadline: float) -> list[Place]:
    """Return the addresses of a name; a resolver that does not answer is not waited for."""
    found: list[Place] = []
    failure: list[Exception] = []

    def look() -> None:
        try:
            for _family, _kind, _proto, _name, place in socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            ):
                found.append(ip_address(str(place[0]).partition("%")[0]))
        except (OSError, ValueError) as error:
            failure.append(error)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(_left(deadline))
    if looking.is_alive():
        raise TooSlow
    if failure or not found:
        raise FetchRefused
    return found


def is_public(place: Place) -> bool:
    """Return whether an address belongs to the public net, and to nothing behind a firewall of ours."""
    if isinstance(place, IPv6Address):
        if place.ipv4_mapped:
            return is_public(place.ipv4_mapped)
        if any(place in network for network in _LEADING_ON):
            return False
    return place.is_global and not (place.is_multicast or place.is_reserved or place.is_loopback)


def _left(deadline: float) -> float:
    """Return how many seconds are left. Raises TooSlow."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    return left


class _Hurried:
    """A connection of which no byte comes after the deadline, however slowly they drip."""

    def __init__(self, sock: ssl.SSLSocket, deadline: float):
        self.sock, self.deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self.sock.settimeout(_left(self.deadline))
        self.sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Drops(self.sock, self.deadline))

    def close(self) -> None:
        """The caller closes; http.client must not, before the body was read."""


class _Drops(io.RawIOBase):
    def __init__(self, sock: ssl.SSLSocket, deadline: float):
        self.sock, self.deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.sock.settimeout(_left(self.deadline))
        return self.sock.recv_into(buffer)
