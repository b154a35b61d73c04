"""What a wished time must be, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from liaison_app.scheduling.rules import FARTHEST_AHEAD, LONGEST, SHORTEST, Span, office_windows

from .errors import BadLength, SameTime, TimeOver, TooFar
from .kinds import Condition, Grade

LONGEST_COMMENT = 300
MOST_OFFERS = 3


def check_span(span: Span, present: Span, now: datetime) -> None:
    """Raise ProposalRefused where nobody could ever meet at `span`, or where it is the `present` time."""
    length = span[1] - span[0]
    if not SHORTEST <= length <= LONGEST:
        raise BadLength
    if span[0] <= now:
        raise TimeOver
    if span[0] > now + FARTHEST_AHEAD:
        raise TooFar
    if span == present:
        raise SameTime


def is_in_office_hours(span: Span, midnight: datetime) -> bool:
    """Return whether `span` lies within the hours in which offices meet, on the day that begins at `midnight`."""
    return any(opens <= span[0] and span[1] <= closes for opens, closes in office_windows([midnight]))


def grade(*, is_blocked: bool, conditions: Sequence[Condition]) -> Grade:
    """Return how good a time is, by what stands in its way and what goes with it."""
    if is_blocked:
        return Grade.NOT
    return Grade.IF if conditions else Grade.AS_ASKED
