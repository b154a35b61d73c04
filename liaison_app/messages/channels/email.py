"""Hand mails to the mail server of the settings, by SMTP.

What the server says before it has heard of the recipient concerns the server and not the mail: wrong
password, sender not allowed, certificate expired. All of that is temporary, for an operator can mend it.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from liaison_app.core import clock
from liaison_app.core.text import clean_line
from liaison_app.messages.errors import PermanentFailure, TemporaryFailure
from liaison_app.messages.kinds import Outcome

TIMEOUT_SECONDS = 60
PARTING_SECONDS = 5
LONGEST_SAID = 300
# As in a mail: “Wed, 25 Nov 2026 10:00:00 +0800”.
DATE = re.compile(r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}")
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
TROUBLE = (OSError, smtplib.SMTPException, ValueError)


@dataclass(frozen=True)
class Server:
    """Where the mail server is. `scheme` is smtp (in the clear), smtps or smtp+starttls."""

    scheme: str
    host: str
    port: int
    user: str
    password: str


class BadServer(ValueError):
    """LIAISON_SMTP_URL cannot be read; the text says why and holds no password."""


def parse(url: str) -> Server:
    """Read `smtp://user:password@host:port`; user and password are percent-encoded. Raises BadServer."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        raise BadServer(f"the scheme is none of {', '.join(PORTS)}")
    if not parts.hostname:
        raise BadServer("there is no host")
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise BadServer("the port is not a number up to 65535") from error
    return Server(
        parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
    )


@contextmanager
def connect(url: str, *, own_host: str) -> Iterator[smtplib.SMTP]:
    """Give a line to the mail server, secured and signed in as `url` says; `own_host` is our name in EHLO.

    Certificates are verified against those that the machine trusts. Raises TemporaryFailure.
    """
    try:
        line = _open(parse(url), own_host)
    except TROUBLE as error:
        raise TemporaryFailure(Outcome.UNREACHABLE, _said(error)) from error
    try:
        yield line
    finally:
        _part(line)


@dataclass(frozen=True)
class Look:
    """What a look at a mail server showed: why it would take nothing from us, in its words, or “”; until when its
    certificate holds, where the line is secured; and how far its clock is from ours, where its greeting says the time.
    """

    trouble: str = ""
    expires: datetime | None = None
    apart: timedelta | None = None


def look_at(url: str, *, own_host: str) -> Look:
    """Look at the mail server. Sends nothing."""
    try:
        with connect(url, own_host=own_host) as line:
            return Look("", _expiry(line), _apart(line))
    except TemporaryFailure as failure:
        return Look(failure.why)


def _apart(line: smtplib.SMTP) -> timedelta | None:
    """Read the time out of a greeting: Exchange and sendmail end theirs with it, others say none (RFC 5321 4.2)."""
    found = DATE.search(getattr(line, "greeting", b"").decode("ascii", "replace"))
    return clock.apart_from(found[0]) if found else None


def _expiry(line: smtplib.SMTP) -> datetime | None:
    if not isinstance(line.sock, ssl.SSLSocket):
        return None
    until = (line.sock.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None


def send(line: smtplib.SMTP, *, sender: str, recipient: str, raw: bytes) -> None:
    """Give one mail to the server, which is bound to deliver it once this returns.

    Raises TemporaryFailure or PermanentFailure. With the outcome `unsure` the server may have taken the
    mail: the connection broke before it said so.
    """
    try:
        _address(line, sender, recipient)
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(Outcome.CUT, _said(error)) from error
    try:
        _judge(*line.data(raw))
    except smtplib.SMTPDataError as error:
        _judge(error.smtp_code, error.smtp_error)
        raise TemporaryFailure(Outcome.LATER, _said(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(Outcome.UNSURE, _said(error)) from error


class _Plain(smtplib.SMTP):
    """A line that remembers how it was greeted."""

    greeting = b""

    def connect(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        code, self.greeting = super().connect(*args, **kwargs)
        return code, self.greeting


class _Secured(_Plain, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


def _open(server: Server, own_host: str) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        line: smtplib.SMTP = _Secured(
            server.host, server.port, own_host, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        line = _Plain(server.host, server.port, own_host, timeout=TIMEOUT_SECONDS)
    try:
        if server.scheme == "smtp+starttls":
            line.starttls(context=ssl.create_default_context())
        line.ehlo_or_helo_if_needed()
        if server.user:
            line.login(server.user, server.password)
    except BaseException:
        line.close()
        raise
    return line


def _address(line: smtplib.SMTP, sender: str, recipient: str) -> None:
    code, said = line.mail(sender)
    if code != 250:
        outcome = Outcome.LATER if 400 <= code < 500 else Outcome.DENIED
        raise TemporaryFailure(outcome, _answer(code, said))
    _judge(*line.rcpt(recipient))


def _judge(code: int, said: bytes | str) -> None:
    """Return where the server agrees, else raise by its code: 4xx later, 5xx never."""
    if 200 <= code < 300:
        return
    if 500 <= code < 600:
        raise PermanentFailure(Outcome.REFUSED, _answer(code, said))
    raise TemporaryFailure(Outcome.LATER, _answer(code, said))


def _part(line: smtplib.SMTP) -> None:
    # Nothing is left to learn: whether the server says good-bye changes nothing about the mail.
    with suppress(OSError, smtplib.SMTPException):
        if line.sock:
            line.sock.settimeout(PARTING_SECONDS)
            line.quit()
    line.close()


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    if isinstance(error, BadServer):
        return f"LIAISON_SMTP_URL: {error}"
    return clean_line(f"{type(error).__name__}: {error}")[:LONGEST_SAID]


def _answer(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return clean_line(f"{code} {words}")[:LONGEST_SAID]
