"""Look into a mailbox by IMAP."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORTS = {"imap": 143, "imaps": 993, "imap+starttls": 143}
FOLDER = "INBOX"


@dataclass(frozen=True)
class Server:
    """Where the mailbox is. `scheme` is imaps, imap+starttls or imap (in the clear)."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str


class BadServer(ValueError):
    """LIAISON_IMAP_URL cannot be read; the text says why and holds no password."""


def parse(url: str) -> Server:
    """Read `imaps://user:password@host:port/folder`; user and password are percent-encoded. Raises BadServer."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise BadServer(f"the scheme is none of {', '.join(PORTS)}")
    if not parts.hostname:
        raise BadServer("there is no host")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise BadServer("the port is not a number up to 65535") from error
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(
        parts.scheme, parts.hostname, port, user, password, unquote(parts.path.strip("/")) or FOLDER
    )


def name_of(url: str) -> str:
    """Return under what name the state of a mailbox is kept: whose it is and where, without the password."""
    try:
        server = parse(url)
    except BadServer:
        return "?"
    return f"{server.user}@{server.host}:{server.port}/{server.folder}"
