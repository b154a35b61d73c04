"""A mail from outside, read: who sent it, what it answers, what it says (CALENDAR R16-R18, SECURITY F).

Pure, and raises nothing: whatever cannot be read is left out, and `flaw` says so. A mail quoted inside a mail is
looked into for one thing only, the Message-ID of a mail of ours that came back.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from enum import StrEnum

from liaison_app.core.text import clean_line, clean_text
from liaison_app.invitations.content_lines import decoded
from liaison_app.invitations.errors import NotAReply
from liaison_app.invitations.itip import Spoken, own_parts, parse

# Of what is larger only the head is kept; an answer of any calendar is some kilobytes.
LARGEST_MAIL = 2_000_000
LARGEST_HEAD = 64_000
LONGEST_TEXT = 20_000
LONGEST_SUBJECT = 200
MOST_IDS = 60
MOST_PARTS = 200

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"')
_COMMENT = re.compile(r"\([^()]*+\)")
_SIGN = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]"
_BARE = rf"({_SIGN}{{1,64}}@[A-Za-z0-9.-]{{1,255}})"
_NAMED = re.compile(rf"[^<>@,;:]*+<\s*+{_BARE}\s*+>")
_ALONE = re.compile(_BARE)
_ID = re.compile(r"<[^<>\s]{1,250}>")
# Only what we write into Message-ID ourselves.
_OWN_ID = re.compile(r"<[0-9a-f]{32}@[A-Za-z0-9.-]{1,255}>")
_ADDRESS = re.compile(_BARE)
_TAG = re.compile(r"<[^<>]*+>")
_LINE_TAG = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*+>", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\s]+")
_RESULT = re.compile(r"\b(dmarc|spf|dkim)\s*+=\s*+([a-z]++)([^;]*+)", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?:header\.(?:d|i|from)|smtp\.mailfrom)\s*+=\s*+\"?(?:[^\s@;\"]*@)?([A-Za-z0-9.-]+)", re.IGNORECASE
)
_AUTOMATIC_SUBJECT = re.compile(
    r"(自动回复|自动答复|自動回覆|外出|休假自动|automatic reply|auto[- ]?reply|out of office)", re.IGNORECASE
)
_BOUNCE_SUBJECT = re.compile(
    r"(系统退信|退信|undeliver|delivery status notification|returned mail|failure notice)", re.IGNORECASE
)
_POSTMEN = ("mailer-daemon", "postmaster")


class Trust(StrEnum):
    """What our own mail server says of the sender: nothing (none is named), genuine, or not."""

    UNASKED = "unasked"
    GENUINE = "genuine"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """A report that a mail could not be delivered; all of it is the word of a stranger."""

    message_ids: tuple[str, ...]
    recipients: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a mail says. Addresses are in lower case; `sender` is "" where it is not exactly one.

    `answers_to` are the Message-IDs of In-Reply-To and References. `automatic` names what shows that a machine
    wrote it. `flaw` says why a calendar object could not be read, `spoken` what it says.
    """

    message_id: str = ""
    sender: str = ""
    sender_shown: str = ""
    reply_to: str = ""
    subject: str = ""
    text: str = ""
    answers_to: tuple[str, ...] = ()
    automatic: str = ""
    is_receipt: bool = False
    bounce: Bounce | None = None
    spoken: Spoken | None = None
    flaw: str = ""
    attachments: tuple[str, ...] = ()
    trust: Trust = Trust.UNASKED


@dataclass
class _Parts:
    """The leaves of a mail, and whether they are all."""

    leaves: list[Message] = field(default_factory=list)
    flaw: str = ""


def digest_of(raw: bytes) -> str:
    """Return what two copies of one mail have in common, by whatever way and with whatever line ends they came.

    The trace that servers write on the way differs; Message-ID, sender and content do not.
    """
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = [
        line
        for line in re.sub(rb"\n[ \t]+", b" ", head).split(b"\n")
        if line.lower().startswith((b"message-id:", b"from:"))
    ]
    return hashlib.sha256(b"\n".join([*sorted(kept), b"", body.rstrip()])).hexdigest()


def head_of(raw: bytes) -> bytes:
    """Return a mail as it is kept: all of it, or the head of one that is too large to be an answer."""
    if len(raw) <= LARGEST_MAIL:
        return raw
    head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return head[:LARGEST_HEAD] + b"\n\n"


def read(raw: bytes, *, authserv: str = "", is_cut: bool = False) -> Mail:
    """Read a mail. `authserv` is the name under which our own mail server writes Authentication-Results."""
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(raw[:LARGEST_MAIL])
    except RecursionError:
        message = BytesParser(policy=policy.compat32).parsebytes(head_of_lines(raw), headersonly=True)
        return _read(message, _Parts(flaw="nested too deeply"), authserv)
    parts = _parts_of(message)
    if is_cut:
        parts.flaw = "too large"
    return _read(message, parts, authserv)


def head_of_lines(raw: bytes) -> bytes:
    """Return the head of a mail alone."""
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0][:LARGEST_HEAD] + b"\n\n"


def _read(message: Message, parts: _Parts, authserv: str) -> Mail:
    headers = _headers(message)
    sender = _one_address(headers.get("from", []))
    subject = _words(_first(headers, "subject"))[:LONGEST_SUBJECT]
    text = _text(parts.leaves)
    spoken, flaw = _spoken(parts, sender)
    content_type, report = message.get_content_type(), _param(message, "report-type")
    is_receipt = report == "disposition-notification" or _has(message, "message/disposition-notification")
    bounce = None if is_receipt else _bounce(message, content_type, report, sender, subject, text)
    return Mail(
        message_id=next(iter(_ID.findall(_first(headers, "message-id"))), "")[:200],
        sender=sender,
        sender_shown=_words(", ".join(headers.get("from", [])))[:LONGEST_SUBJECT],
        reply_to=_one_address(headers.get("reply-to", [])),
        subject=subject,
        text=text,
        answers_to=_ids(headers),
        automatic=_automatic(headers, subject),
        is_receipt=is_receipt,
        bounce=bounce,
        spoken=spoken,
        flaw=flaw,
        attachments=_attachments(parts.leaves),
        trust=_trust(headers, authserv, sender),
    )


# --- the head ------------------------------------------------------------------


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), []).append(re.sub(r"[\r\n]+", " ", str(value)))
    return found


def _first(headers: dict[str, list[str]], name: str) -> str:
    return next(iter(headers.get(name, [])), "")


def _words(raw: str) -> str:
    """Return a header as a person reads it, in whatever charset it was meant."""
    words = []
    try:
        for part, charset in decode_header(_plain(raw)):
            words.append(part if isinstance(part, str) else decoded(part, charset))
    except (HeaderParseError, ValueError, binascii.Error):
        words = [_plain(raw)]
    return clean_line("".join(words))


def _plain(raw: str) -> str:
    """Return raw 8-bit letters of a header as letters."""
    if raw.isascii():
        return raw
    return decoded(raw.encode("utf-8", "surrogateescape"), None)


def _one_address(values: list[str]) -> str:
    """Return the one address of a header that stands there once and names one mailbox, else "".

    Read by our own strict rule, for lenient readers take a name for the address (SECURITY F1).
    """
    if len(values) != 1:
        return ""
    plain = _COMMENT.sub(" ", _QUOTED.sub(" ", values[0])).strip()
    found = _NAMED.fullmatch(plain) or _ALONE.fullmatch(plain)
    return found[1].lower() if found else ""


def _ids(headers: dict[str, list[str]]) -> tuple[str, ...]:
    written = " ".join(headers.get("in-reply-to", []) + headers.get("references", []))
    return tuple(dict.fromkeys(_ID.findall(written)))[:MOST_IDS]


def _automatic(headers: dict[str, list[str]], subject: str) -> str:
    """Return what shows that no person wrote this mail (RFC 3834 2 and 5), or ""."""
    submitted = _first(headers, "auto-submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return "Auto-Submitted"
    for name in ("x-autoreply", "x-autorespond", "x-auto-reply"):
        if headers.get(name):
            return name.title()
    if _first(headers, "precedence").strip().lower() in {"bulk", "auto_reply", "junk"}:
        return "Precedence"
    if _first(headers, "return-path").strip() == "<>":
        return "Return-Path"
    return "Subject" if _AUTOMATIC_SUBJECT.match(subject) else ""


def _trust(headers: dict[str, list[str]], authserv: str, sender: str) -> Trust:
    """Return what our own mail server found out; its line is the topmost, and no other is believed (RFC 8601 5)."""
    if not authserv:
        return Trust.UNASKED
    server, _, results = _COMMENT.sub(" ", _first(headers, "authentication-results")).partition(";")
    if (server.split() or [""])[0].lower() != authserv.lower():
        return Trust.DOUBTFUL
    domain = sender.rpartition("@")[2]
    for method, result, _ in _RESULT.findall(results):
        said = result.lower()
        if method.lower() == "dmarc" and said in {"pass", "fail"}:
            return Trust.GENUINE if said == "pass" else Trust.DOUBTFUL
    passed = (facts for _, result, facts in _RESULT.findall(results) if result.lower() == "pass")
    own = any(_is_of(domain, found) for facts in passed for found in _DOMAIN.findall(facts))
    return Trust.GENUINE if own else Trust.DOUBTFUL


def _is_of(domain: str, signer: str) -> bool:
    signer = signer.lower().strip(".")
    return "." in signer and (domain == signer or domain.endswith("." + signer))


# --- the body ------------------------------------------------------------------


def _parts_of(message: Message) -> _Parts:
    parts = _Parts()
    try:
        for part in own_parts(message):
            parts.leaves.append(part)
            if len(parts.leaves) >= MOST_PARTS:
                break
    except RecursionError:
        parts.flaw = "nested too deeply"
    return parts


def _content(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return content if isinstance(content, bytes) else b""


def _spoken(parts: _Parts, sender: str) -> tuple[Spoken | None, str]:
    """Return what the first readable calendar object says, or why none could be read."""
    flaw = parts.flaw
    for part in _calendar_parts(parts.leaves):
        try:
            return parse(
                _once_more(_content(part)),
                charset=_charset(part),
                sender=sender,
                method=_param(part, "method"),
            ), ""
        except NotAReply as error:
            flaw = flaw or error.why
    return None, flaw


def _calendar_parts(leaves: list[Message]) -> Iterator[Message]:
    for wanted in ("text/calendar", "application/ics"):
        yield from (part for part in leaves if part.get_content_type() == wanted)
    for part in leaves:
        if part.get_content_type() not in {"text/calendar", "application/ics"} and _name_of(
            part
        ).lower().endswith(".ics"):
            yield part


def _once_more(content: bytes) -> bytes:
    """Undo base64 inside another transfer encoding, as some gateways leave it."""
    if b"BEGIN:" in content[:2000].upper() or not _BASE64.fullmatch(content.strip()[:2000] or b"!"):
        return content
    try:
        return base64.b64decode(b"".join(content.split()))
    except (binascii.Error, ValueError):
        return content


def _charset(part: Message) -> str | None:
    return _param(part, "charset") or None


def _param(part: Message, name: str) -> str:
    """Return a parameter of Content-Type in lower case; it may be damaged in any way."""
    try:
        value = part.get_param(name, "")
    except (ValueError, LookupError, TypeError):
        return ""
    if isinstance(value, tuple):
        value = value[2]
    return str(value or "").strip().lower()


def _name_of(part: Message) -> str:
    try:
        return clean_line(_words(part.get_filename("") or ""))[:80]
    except (ValueError, LookupError, TypeError):
        return ""


def _attachments(leaves: list[Message]) -> tuple[str, ...]:
    return tuple(filter(None, map(_name_of, leaves)))[:20]


def _text(leaves: list[Message]) -> str:
    """Return the words of a mail as plain text, of a mail that has HTML alone what is left without it (SECURITY F17)."""
    for wanted, plain in (("text/plain", str), ("text/html", _without_html)):
        for part in leaves:
            if part.get_content_type() == wanted and not _name_of(part):
                written = decoded(_content(part)[: LONGEST_TEXT * 8], _charset(part))
                return clean_text(plain(written))[:LONGEST_TEXT]
    return ""


def _without_html(written: str) -> str:
    for name in ("script", "style", "head"):
        written = _without_element(written, name)
    words = html.unescape(_TAG.sub(" ", _LINE_TAG.sub("\n", written)))
    return "\n".join(filter(None, map(clean_line, words.split("\n"))))


def _without_element(written: str, name: str) -> str:
    kept, low, at = [], written.lower(), 0
    while (start := low.find(f"<{name}", at)) >= 0:
        kept.append(written[at:start])
        end = low.find(f"</{name}", start)
        if end < 0:
            return "".join(kept)
        at = end
    return "".join([*kept, written[at:]])


# --- bounces -------------------------------------------------------------------


def _bounce(
    message: Message, content_type: str, report: str, sender: str, subject: str, text: str
) -> Bounce | None:
    """Return what a bounce says (RFC 3464), also one in words alone; a mere delay is none."""
    is_report = report == "delivery-status" or _has(message, "message/delivery-status")
    is_postman = sender.partition("@")[0] in _POSTMEN and bool(_BOUNCE_SUBJECT.search(subject))
    if not is_report and not is_postman:
        return None
    blocks = [
        block
        for part in _walk(message)
        if part.get_content_type() == "message/delivery-status"
        for block in _blocks(part)
    ]
    failed = [block for block in blocks if str(block.get("action", "failed")).strip().lower() == "failed"]
    if blocks and not any(block.get("action") for block in failed):
        return Bounce(message_ids=(), recipients=(), why="")
    recipients = [
        _ADDRESS.findall(str(block.get(name, "")))
        for block in failed
        for name in ("final-recipient", "original-recipient")
    ]
    found = [address.lower() for some in recipients for address in some]
    if not blocks:
        found = [address.lower() for address in _ADDRESS.findall(text)]
    why = next(
        (clean_line(str(block["diagnostic-code"])) for block in failed if block.get("diagnostic-code")), ""
    )
    return Bounce(
        message_ids=tuple(dict.fromkeys([*_returned_ids(message), *_OWN_ID.findall(text)]))[:MOST_IDS],
        recipients=tuple(dict.fromkeys(found))[:MOST_IDS],
        why=(why or subject)[:300],
    )


def _returned_ids(message: Message) -> list[str]:
    ids: list[str] = []
    for part in list(_walk(message))[1:]:
        ids += _ID.findall(str(part.get("message-id", "")))
        if part.get_content_type() == "text/rfc822-headers":
            ids += _ID.findall(decoded(_content(part), None)[:LARGEST_HEAD])
    return ids


def _blocks(part: Message) -> list[Message]:
    return (
        [block for block in part.get_payload() if isinstance(block, Message)] if part.is_multipart() else []
    )


def _has(message: Message, content_type: str) -> bool:
    return any(part.get_content_type() == content_type for part in _walk(message))


def _walk(message: Message, depth: int = 0) -> Iterator[Message]:
    """Yield a mail and all that is in it, mails in the mail too, some levels deep."""
    yield message
    # Asked first, for the content of a leaf is decoded on the way, and may be in a charset that is none.
    if depth < 6 and message.is_multipart():
        for part in list(message.get_payload())[:MOST_PARTS]:
            if isinstance(part, Message):
                yield from _walk(part, depth + 1)
