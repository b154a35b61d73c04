"""When the door works, and what was typed or scanned there; pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from unicodedata import normalize

from liaison_app.scheduling.kinds import MeetingState

from .errors import Unreadable
from .kinds import Way

# A volunteer's telephone reads nothing before and nothing after (SECURITY A13).
DOOR_OPENS_BEFORE = timedelta(hours=2)
DOOR_SHUTS_AFTER = timedelta(hours=2)
PIN_DIGITS = 6
SPARE_LINES = 5
MOST_PHOTOS = 10
_TICKET = re.compile(r"/t/([A-Za-z0-9_-]{20,64})(?:[/?#]|$)")
_DEAD = frozenset({MeetingState.DRAFT, MeetingState.POSTPONED, MeetingState.CANCELLED})


class Query(NamedTuple):
    """What somebody was looked for by: the way, and its six digits, four digits or token."""

    way: Way
    value: str


def is_door_open(state: MeetingState, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Return whether the door page of a meeting answers at all."""
    opens, shuts = starts_at - DOOR_OPENS_BEFORE, ends_at + DOOR_SHUTS_AFTER
    return state not in _DEAD and opens <= now <= shuts


def may_note(state: MeetingState, starts_at: datetime, now: datetime) -> bool:
    """Return whether the staff may note who came: from when the door opens, and afterwards from the paper."""
    return state not in _DEAD and now >= starts_at - DOOR_OPENS_BEFORE


def read_query(typed: str) -> Query:
    """Read a six-digit code, the last four digits of a number, or the address that a ticket's QR code holds.

    Digits may be full-width and stand in groups. Raises Unreadable.
    """
    text = normalize("NFKC", typed).strip()
    if found := _TICKET.search(text):
        return Query(Way.SCAN, found[1])
    digits = re.sub(r"[\s\-]", "", text)
    if re.fullmatch("[0-9]{6}", digits):
        return Query(Way.CODE, digits)
    if re.fullmatch("[0-9]{4}", digits):
        return Query(Way.DIGITS, digits)
    raise Unreadable


def row_code(number: int, letter: str = "A") -> str:
    """Return the mark of a line of the paper sheet: A01 for who is expected, B01 for who comes anyhow."""
    return f"{letter}{number:02}"
