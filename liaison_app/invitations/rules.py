"""When an answer can be taken, by when it is wanted, and what changes are worth telling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from liaison_app.core.text import from_local, local
from liaison_app.scheduling.kinds import MeetingState

from .errors import AnswerRefused, MeetingOff, MeetingOver, MeetingWaits, NoLongerAsked, StaleAnswer
from .kinds import AnswerState

ANSWER_HOUR = time(18)
LEAST_TO_ANSWER = timedelta(hours=1)
LONGEST_REASON = 300
LONGEST_NAME = 50
# Mails about one invitation within a day, after which a calendar that asks for another gets none by itself.
MOST_WRITTEN = 4
REFRESH_SPAN = timedelta(days=1)

# Fields of `MeetingRevised.changes` that invited people are told of; the public description is not one.
TOLD = ("title", "time", "place", "agenda")


@dataclass(frozen=True)
class Given:
    """An answer as somebody gives it; a stand-in is a person of the unit, or a name that a clerk looks at."""

    answer: AnswerState
    reason: str = ""
    stand_in_person_id: int | None = None
    stand_in_text: str = ""


def refusal(
    state: MeetingState, ends_at: datetime, *, is_withdrawn: bool, now: datetime
) -> AnswerRefused | None:
    """Return why no answer can be taken at `now`, or None."""
    if is_withdrawn:
        return NoLongerAsked()
    if state == MeetingState.CANCELLED:
        return MeetingOff()
    if state == MeetingState.POSTPONED:
        return MeetingWaits()
    if state != MeetingState.PUBLISHED or now >= ends_at:
        return MeetingOver()
    return None


def check_order(sequence: int, significant_sequence: int) -> None:
    """Raise StaleAnswer where an answer is to an older time or place (RFC 5546 2.1.4)."""
    if sequence < significant_sequence:
        raise StaleAnswer


def answer_by(starts_at: datetime, now: datetime) -> datetime:
    """Return until when an answer is asked for: 18:00 two days before, or one day before, else the start."""
    day = local(starts_at).date()
    for days in (2, 1):
        deadline = from_local(day - timedelta(days=days), ANSWER_HOUR)
        if deadline - now >= LEAST_TO_ANSWER:
            return deadline
    return starts_at


def merged(
    earlier: Iterable[tuple[str, str, str]], later: Iterable[tuple[str, str, str]]
) -> tuple[tuple[str, str, str], ...]:
    """Return two lists of (field, before, after), one after the other, as one; what was taken back is no change."""
    found = {field: (before, after) for field, before, after in earlier}
    for field, before, after in later:
        found[field] = (found.get(field, (before,))[0], after)
    return tuple((field, before, after) for field, (before, after) in found.items() if before != after)


def worth_telling(changes: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the changes that invited people are told of."""
    return [change for change in changes if change[0] in TOLD]
