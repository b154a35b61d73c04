"""The exact bytes of one mail to one person, with or without a calendar object (RFC 5322, RFC 6047).

Pure. Headers are encoded here and not by the library: its header parser reads encoded words inside
typed text, so that a title could end the header and replace the mail. The finished bytes are read again
and compared with what was meant; whatever differs is a `BadMessage`, which no retry can mend.
The same values give the same bytes.
"""

import hashlib
import re
from base64 import encodebytes
from datetime import datetime
from email import policy
from email.header import Header
from email.message import Message
from email.parser import BytesParser
from email.utils import format_datetime

from liaison_app.core.text import clean_line, local

from .errors import BadMessage

LONGEST_LINE = 998
LONGEST_TEXT = 200
LONGEST_ADDRESS = 254

# Everything but NDR: Exchange must go on telling us what it could not deliver.
QUIET = "DR, RN, NRN, OOF, AutoReply"

# The older policy writes method=REQUEST as it is given, without quotes, as every calendar does.
_WIRE = policy.compat32.clone(linesep="\r\n", mangle_from_=False)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+>")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[^?]*\?[^?]*\?=")
_EQUALS_BEFORE_MARK = re.compile(r"=+(?=\?)")
_LINE_END = re.compile(r"\r\n?|\n")
# Short enough to need no fold, and for a name without signs that a reader takes for syntax.
_PLAIN_TEXT = re.compile(r"[ -~]{0,60}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 ]{1,60}")


def is_address(text: str) -> bool:
    """Whether `text` is exactly one address that a mail may go to: ASCII, no name, no list, no comment.

    A domain in Chinese characters must come in its `xn--` form.
    """
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None and text.index("@") <= 64


def header_text(text: str) -> str:
    """Return `text` fit for a header: one line, no control character, no encoded word, at most 200 characters."""
    line = clean_line(_ENCODED_WORD.sub("", clean_line(text[: 4 * LONGEST_TEXT])))
    return _EQUALS_BEFORE_MARK.sub("", line)[:LONGEST_TEXT].rstrip()


def build(
    *,
    sender_name: str,
    sender_address: str,
    to_name: str,
    to_address: str,
    subject: str,
    text: str,
    html: str | None = None,
    calendar: bytes | None = None,
    method: str | None = None,
    message_id: str,
    date: datetime,
    references: str | None = None,
) -> bytes:
    """Return the mail as it goes over the wire: ASCII, CRLF, every part in base64.

    `calendar` is one iTIP object and `method` the METHOD inside; it is sent in the alternative, where
    calendars look for it, and once more as a file to open. `message_id` and `references` (one or more,
    separated by spaces) come with their angle brackets; `date` is aware.
    Raises: BadMessage for anything that could reach another person or say another thing than meant.
    """
    _check_envelope(sender_address, to_address, message_id, references, date)
    if calendar is not None or method is not None:
        _check_calendar(calendar, method)
    headers = {
        "From": _mailbox("From", sender_name, sender_address),
        "To": _mailbox("To", to_name, to_address),
        "Subject": _encoded("Subject", header_text(subject)),
        "Date": format_datetime(local(date)),
        "Message-ID": message_id,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": QUIET,
    }
    if references:
        headers["References"] = "\r\n ".join(references.split())
    headers["MIME-Version"] = "1.0"
    seed = hashlib.sha256(message_id.encode("ascii")).hexdigest()[:24]
    body = _body(text, html, calendar, method, seed)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw = head.encode() + body.as_bytes()
    _check_finished(raw, {*headers, *body.keys()}, sender_address, to_address)
    return raw


# --- parts -------------------------------------------------------------------


def _body(text: str, html: str | None, calendar: bytes | None, method: str | None, seed: str) -> Message:
    parts = [_part("text/plain; charset=utf-8", _wire(text))]
    if html is not None:
        parts.append(_part("text/html; charset=utf-8", _wire(html)))
    if calendar is None:
        return _multipart("alternative", parts, seed) if len(parts) > 1 else parts[0]
    # Last of the alternatives and no attachment: only there do Outlook and Thunderbird offer to answer.
    parts.append(_part(f"text/calendar; method={method}; charset=UTF-8", calendar))
    name = "cancel.ics" if method == "CANCEL" else "invite.ics"
    # Not text/calendar again: Apple Mail would show two invitations.
    file = _part(f'application/ics; name="{name}"', calendar)
    file["Content-Disposition"] = f'attachment; filename="{name}"'
    return _multipart("mixed", [_multipart("alternative", parts, seed), file], seed)


def _part(content_type: str, content: bytes) -> Message:
    part = Message(policy=_WIRE)
    part["Content-Type"] = content_type
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(encodebytes(content).decode("ascii"))
    return part


def _multipart(kind: str, parts: list[Message], seed: str) -> Message:
    # "_" never stands in base64, so no part can hold the boundary.
    part = Message(policy=_WIRE)
    part["Content-Type"] = f'multipart/{kind}; boundary="=_{kind}_{seed}"'
    for one in parts:
        part.attach(one)
    return part


def _wire(text: str) -> bytes:
    return _LINE_END.sub("\r\n", text).encode("utf-8", "replace")


def _mailbox(field: str, name: str, address: str) -> str:
    phrase = header_text(name)
    if not phrase:
        return address
    header = Header(header_name=field)
    header.append(phrase, "us-ascii" if _PLAIN_NAME.fullmatch(phrase) else "utf-8")
    header.append(f"<{address}>", "us-ascii")
    return header.encode(linesep="\r\n")


def _encoded(field: str, text: str) -> str:
    charset = "us-ascii" if _PLAIN_TEXT.fullmatch(text) else "utf-8"
    return Header(text, charset, header_name=field).encode(linesep="\r\n")


# --- checks ------------------------------------------------------------------


def _check_envelope(
    sender_address: str, to_address: str, message_id: str, references: str | None, date: datetime
) -> None:
    if not is_address(sender_address):
        raise BadMessage("the sender is not one plain address")
    if not is_address(to_address):
        raise BadMessage("the recipient is not one plain address")
    if not all(_MESSAGE_ID.fullmatch(word) for word in (message_id, *(references or "").split())):
        raise BadMessage("a message id is malformed")
    if date.tzinfo is None:
        raise BadMessage("the date has no time zone")


def _check_calendar(calendar: bytes | None, method: str | None) -> None:
    if calendar is None or f"\r\nMETHOD:{method}\r\n".encode() not in calendar:
        raise BadMessage("the method of the mail is not that of the calendar object")


def _check_finished(raw: bytes, expected: set[str], sender_address: str, to_address: str) -> None:
    if not raw.isascii() or max(map(len, raw.split(b"\r\n"))) > LONGEST_LINE:
        raise BadMessage("a raw header or a line that is too long")
    if any(mark in raw.replace(b"\r\n", b"") for mark in b"\r\n"):
        raise BadMessage("a bare line end")
    mail = BytesParser(policy=policy.default).parsebytes(raw)
    if sorted(mail.keys()) != sorted(expected):
        raise BadMessage("the headers read back are not the headers written")
    for field, address in (("From", sender_address), ("To", to_address)):
        if [found.addr_spec for found in mail[field].addresses] != [address]:
            raise BadMessage(f"{field} reads back as somebody else")
    if any(part.defects for part in mail.walk()):
        raise BadMessage("the parts do not hold together")
