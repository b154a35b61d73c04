"""Look into a mailbox by IMAP: which mails are new there, their bytes, and that they were read."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlsplit

from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessageFlags, U
from imap_tools.errors import ImapToolsError

from liaison_app.core.text import clean_line

from .mime import LARGEST_MAIL

PORTS = {"imap": 143, "imaps": 993, "imap+starttls": 143}
FOLDER = "INBOX"
TIMEOUT_SECONDS = 60
LONGEST_SAID = 300
TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError)
_SIZE = re.compile(rb"RFC822\.SIZE\s+([0-9]{1,12})")


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


class Unreachable(Exception):
    """The mailbox could not be read; `why` is in the server's words."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Letter:
    """One mail as the server holds it; of one that is too large only the head came."""

    uid: int
    raw: bytes
    is_cut: bool


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


class Line:
    """An open folder on the server. Every method raises one of TROUBLE where the server does not answer well."""

    def __init__(self, box: BaseMailBox, uid_validity: int):
        self._box = box
        self.uid_validity = uid_validity

    def list_new(self, last_uid: int, since: date) -> list[int]:
        """Return the UIDs above `last_uid`, in order; where nothing was read yet, of mails since a day."""
        wanted = AND(uid=U(str(last_uid + 1), "*")) if last_uid else AND(date_gte=since)
        # “5:*” names the last mail also where its number is lower than 5 (RFC 9051 6.4.4).
        return sorted(uid for uid in map(int, self._box.uids(wanted)) if uid > last_uid)

    def fetch(self, uid: int) -> Letter | None:
        """Return one mail without marking it as read, or None where it is gone.

        What the server cannot give, or what is too large, comes as its head: a bad mail must not stop the others.
        """
        size = self._ask(uid, "(RFC822.SIZE)")
        if size is None:
            return None
        found = _SIZE.search(size)
        if found is None or int(found[1]) <= LARGEST_MAIL:
            whole = self._ask(uid, "(BODY.PEEK[])", body=True)
            if whole is not None:
                return Letter(uid, whole, False)
        head = self._ask(uid, "(BODY.PEEK[HEADER])", body=True)
        return Letter(uid, head or f"X-Unread: {self.uid_validity}.{uid}\r\n\r\n".encode(), True)

    def mark_read(self, uid: int) -> None:
        self._box.flag(str(uid), MailMessageFlags.SEEN, True)

    def _ask(self, uid: int, what: str, *, body: bool = False) -> bytes | None:
        status, answer = self._box.client.uid("FETCH", str(uid), what)
        for part in answer if status == "OK" else []:
            if isinstance(part, tuple):
                return part[1] if body else part[0]
            if isinstance(part, bytes) and not body:
                return part
        return None


@contextmanager
def connect(url: str) -> Iterator[Line]:
    """Give a line to the folder that `url` names, signed in; certificates are verified. Raises Unreachable."""
    try:
        server = parse(url)
        box = _open(server)
    except TROUBLE as error:
        raise Unreachable(_said(error)) from error
    try:
        yield _select(box, server.folder)
    except TROUBLE as error:
        raise Unreachable(_said(error)) from error
    finally:
        with suppress(*TROUBLE):
            box.logout()


def look_at(url: str) -> str:
    """Return why the mailbox cannot be read, in the server's words, or “”. Reads no mail."""
    try:
        with connect(url):
            return ""
    except Unreachable as trouble:
        return trouble.why


def _open(server: Server) -> BaseMailBox:
    host, port, wait = server.host, server.port, TIMEOUT_SECONDS
    if server.scheme == "imap":
        box: BaseMailBox = MailBoxUnencrypted(host, port, timeout=wait)
    else:
        secured = MailBox if server.scheme == "imaps" else MailBoxStartTls
        box = secured(host, port, timeout=wait, ssl_context=ssl.create_default_context())
    try:
        # No folder yet: 网易 calls a sign-in unsafe that has not said its name before (its error “Unsafe Login”).
        box.login(server.user, server.password, initial_folder=None)
        if "ID" in box.client.capabilities or b"ID" in box.client.capability()[1][0].split():
            box.client.xatom("ID", '("name" "liaison-station" "version" "0.1")')
    except BaseException:
        with suppress(*TROUBLE):
            box.client.shutdown()
        raise
    return box


def _select(box: BaseMailBox, folder: str) -> Line:
    box.folder.set(folder)
    _, numbers = box.client.response("UIDVALIDITY")
    return Line(box, int((numbers or [b"0"])[0] or 0))


def _said(error: Exception) -> str:
    if isinstance(error, BadServer):
        return f"LIAISON_IMAP_URL: {error}"
    return clean_line(f"{type(error).__name__}: {error}")[:LONGEST_SAID]
