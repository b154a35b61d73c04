"""What is written to the log: one line per event, as JSON or for the eye, and nothing about people in it.

No address of a page and no query is written, for a personal link is one; of an error that the program did not
foresee the kind and the place, and its words only where they are about the machine or the program. What looks
like a telephone number, a mail address or a token in any line is blotted out, and control characters are escaped.
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Flask, Response, g, has_app_context, request
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError

from .text import BEIJING

access = logging.getLogger("liaison.access")

FORMATS = ("json", "text")
LONGEST = 2000
# Errors whose words are about the machine or the program, never about what somebody typed.
TELLING = (OSError, RuntimeError, TypeError, AttributeError, NameError, ImportError)
_BLOTS = (
    (re.compile(r"(?<![\w.+-])[\w.+-]++@(?=[\w-]+\.)"), "***@"),
    # Mobile, landline, identity card.
    (re.compile(r"(?<![0-9A-Za-z_])(1[3-9]\d)(?:[ -]?\d){8}(?![0-9A-Za-z_])"), r"\1****"),
    (re.compile(r"(?<![0-9A-Za-z_])(0\d{2,3})[ -]?\d{4}[ -]?\d{3,4}(?![0-9A-Za-z_])"), r"\1****"),
    (re.compile(r"(?<![0-9A-Za-z_])(\d{4})\d{10,13}[\dXx](?![0-9A-Za-z_])"), r"\1****"),
    (re.compile(r"(/(?:a|t|feeds|setup|sign-in)/)[\w.~-]+"), r"\1***"),
    (re.compile(r"(?<![\w.-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[A-Za-z0-9_-]{24,}(?![\w.-])"), "***"),
    (re.compile(r"(://[^:/@\s]{0,200}:)[^@\s]{1,500}@"), r"\1***@"),
)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def configure(form: str) -> None:
    """Let every logger of this process write to the error stream in `form`, “json” or “text”."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # A log that cannot be written must not stop the work.
    logging.raiseExceptions = False
    # Asked for its version at every beat, it would say each time which database it met.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def init_app(app: Flask) -> None:
    """Write one line for each request, without its address. To be registered before whatever answers requests."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.monotonic()


def _end(response: Response) -> Response:
    account = g.get("account")
    fields = {
        "method": request.method,
        "endpoint": request.endpoint,
        "status": response.status_code,
        "ms": round((time.monotonic() - g.began) * 1000),
        "bytes": response.content_length,
        # By the identity map: after a rollback the row itself would be asked for again.
        "account": inspect(account).identity[0] if account is not None else None,
    }
    access.info("request", extra={"fields": fields})
    return response


def blotted(text: str) -> str:
    """Return `text` without what looks like a telephone number, a mail address, a token or a password."""
    for pattern, instead in _BLOTS:
        text = pattern.sub(instead, text)
    return text


def told(error: BaseException) -> str:
    """Return what may be said of an error: its kind, and its words where they are about no person."""
    kind = type(error).__name__
    if isinstance(error, DBAPIError):
        # A detail names the values that stood in the way.
        said = str(error.orig).partition("\n")[0]
        return f"{kind}: {type(error.orig).__name__}: {said}"
    if isinstance(error, OSError):
        return f"{kind}: {error.strerror or error.args[:1]}"
    return f"{kind}: {error}" if isinstance(error, TELLING) else kind


def _places(error: BaseException) -> Iterator[str]:
    """Give the chain of an error, the cause first: where it went, and what it was."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _places(before)
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} {frame.name}"
    yield told(error)


class Lines(logging.Formatter):
    """One line for the eye, and an error's places below it."""

    def format(self, record: logging.LogRecord) -> str:
        told = _told_of(record)
        words = [told.pop(name) for name in ("time", "level", "logger", "message")]
        places = told.pop("error", [])
        words += [f"{name}={value}" for name, value in told.items()]
        return "\n  ".join([" ".join(words), *places])


class JsonLines(logging.Formatter):
    """One JSON object a line; whatever is not plain ASCII is escaped, so that no line can pass for two."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_told_of(record), default=str)


def _told_of(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, BEIJING)
    told: dict[str, Any] = {
        "time": moment.isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": _clean(record.getMessage()),
    }
    if has_app_context() and (request_id := g.get("request_id")):
        told["request"] = request_id
    told |= {name: value for name, value in getattr(record, "fields", {}).items() if value is not None}
    if record.exc_info and record.exc_info[1] is not None:
        told["error"] = [_clean(place) for place in _places(record.exc_info[1])]
    return told


def _clean(text: str) -> str:
    """Return one line that a terminal and a reader of logs can be trusted with."""
    short = blotted(text)[:LONGEST]
    return _UNSEEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", short)
