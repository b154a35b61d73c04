"""What a mail from outside does: `incoming(state, mail)` decides, and nothing else does (RFC 5546 3.2.3, SECURITY F).

Pure: no database, no clock, no mailbox. Nothing changes an answer but a REPLY to a meeting of ours from the very
address of the person it is about; all else is laid before a clerk, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from liaison_app.invitations.itip import Answer, Partstat
from liaison_app.invitations.kinds import AnswerState, Weight
from liaison_app.invitations.rules import Given
from liaison_app.scheduling.rules import Span

from .kinds import Reason
from .mime import Mail, Trust

# 网易 writes its local clock and calls it UTC.
LOCAL_CLOCK = timedelta(hours=8)
APPLE_RELAY = "noreply@email.apple.com"
# Calendars do not ask why; scheduling wants a word where somebody else is sent.
NO_REASON = "日历答复，没有写原因"

ANSWERS: dict[Partstat, AnswerState] = {
    "ACCEPTED": AnswerState.ACCEPTED,
    "DECLINED": AnswerState.DECLINED,
    "TENTATIVE": AnswerState.TENTATIVE,
    "DELEGATED": AnswerState.DELEGATED,
}
_FLAWS = {"too large": Reason.TOO_LARGE}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One invitation to the meeting that a mail names, as it stands now.

    The person is invited at `address`; the answer may also come from `others`, the own second one or the secretary's.
    `kept` is the place of the answer in force. `colleagues` are those of the same unit, by address.
    """

    invitation_id: int
    address: str
    others: frozenset[str] = frozenset()
    sequence: int
    significant_sequence: int
    starts_at: datetime
    kept: tuple[int, datetime] | None = None
    is_closed: bool = False
    colleagues: Mapping[str, int] = field(default_factory=dict)

    @property
    def addresses(self) -> frozenset[str]:
        return self.others | {self.address}


@dataclass(frozen=True, kw_only=True)
class State:
    """All that is known when a mail is read.

    `asked` are the invitations to the meeting it names; `answered_id` is the invitation whose mail it answers;
    `returned_id` is our own mail that it reports as undeliverable, to that very address. `is_ours` says that the mail
    itself is one of ours.
    """

    own_address: str
    asked: tuple[Asked, ...] = ()
    answered_id: int | None = None
    returned_id: int | None = None
    is_ours: bool = False


class Verdict(StrEnum):
    """COUNT changes an answer, KEEP notes one that lost, PROPOSE lays another time before the host, RESEND sends what
    stands once more, RETURN marks a mail of ours, REVIEW asks a clerk."""

    COUNT = "count"
    PROPOSE = "propose"
    KEEP = "keep"
    RESEND = "resend"
    RETURN = "return"
    REVIEW = "review"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do about a mail. With `weight`, the answer is kept in the history although it changes nothing."""

    verdict: Verdict
    reason: Reason
    invitation_id: int | None = None
    given: Given | None = None
    sequence: int = 0
    given_at: datetime | None = None
    weight: Weight | None = None
    wish: Span | None = None
    comment: str = ""


def incoming(state: State, mail: Mail, arrived_at: datetime) -> Decision:
    """Decide about one mail; the same mail twice does not get here."""
    if state.is_ours or (mail.sender and mail.sender == state.own_address):
        return _review(Reason.LOOP, state)
    if mail.bounce is not None:
        if state.returned_id is not None:
            return Decision(verdict=Verdict.RETURN, reason=Reason.BOUNCED, invitation_id=state.answered_id)
        return _review(Reason.UNKNOWN_BOUNCE, state)
    if mail.is_receipt:
        return _review(Reason.RECEIPT, state)
    if mail.automatic:
        return _review(Reason.AUTOMATIC, state)
    if mail.spoken is None:
        return _review(_without_calendar(mail), state)
    if mail.spoken.method not in {"REPLY", "COUNTER", "REFRESH"}:
        return _review(Reason.OTHER_METHOD, state)
    return _spoken(state, mail, mail.spoken.answer, arrived_at)


def _without_calendar(mail: Mail) -> Reason:
    if mail.flaw:
        return _FLAWS.get(mail.flaw, Reason.UNREADABLE)
    return Reason.ATTACHMENT if mail.attachments else Reason.NO_CALENDAR


def _spoken(state: State, mail: Mail, answer: Answer, arrived_at: datetime) -> Decision:
    if not state.asked:
        return _review(Reason.UNKNOWN_MEETING, state)
    if answer.organizer and answer.organizer != state.own_address:
        return _review(Reason.FOREIGN_ORGANIZER, state)
    found = _invited(state, answer.attendee)
    if len(found) > 1:
        return _review(Reason.AMBIGUOUS, state)
    asked = found[0] if found else None
    if (reason := _who_says_so(state, mail, answer, asked)) is not None or asked is None:
        return _review(reason or Reason.NOT_INVITED, state, asked)
    if (
        mail.spoken is not None
        and mail.spoken.method == "COUNTER"
        and answer.starts_at
        and mail.spoken.ends_at
    ):
        return Decision(
            verdict=Verdict.PROPOSE,
            reason=Reason.PROPOSED,
            invitation_id=asked.invitation_id,
            sequence=answer.order(current_sequence=asked.sequence, arrived_at=arrived_at)[0],
            wish=(answer.starts_at, mail.spoken.ends_at),
            comment=answer.comment,
        )
    if mail.spoken is not None and mail.spoken.method == "COUNTER":
        return _review(Reason.COUNTER, state, asked)
    if mail.spoken is not None and mail.spoken.method == "REFRESH":
        return Decision(verdict=Verdict.RESEND, reason=Reason.REFRESHED, invitation_id=asked.invitation_id)
    if not answer.decides:
        return _review(Reason.UNDECIDED, state, asked)
    return _ordered(asked, answer, arrived_at)


def _invited(state: State, attendee: str) -> list[Asked]:
    """Return whom the answer is about: who is invited at that address, else who also has it; several may share one."""
    found = [one for one in state.asked if one.address == attendee]
    found = found or [one for one in state.asked if attendee in one.others]
    answered = [one for one in found if one.invitation_id == state.answered_id]
    return answered or found


def _who_says_so(state: State, mail: Mail, answer: Answer, asked: Asked | None) -> Reason | None:
    """Return why the mail cannot be taken for that person's own word (CALENDAR R22-R24), or None."""
    if not mail.sender:
        return Reason.UNCLEAR_SENDER
    if mail.trust is Trust.DOUBTFUL:
        return Reason.DOUBTFUL
    if asked is None:
        is_theirs = state.answered_id is not None and answer.attendee == mail.sender
        return Reason.UNKNOWN_ALIAS if is_theirs else Reason.NOT_INVITED
    if mail.sender in asked.addresses:
        return None
    # Apple answers for its users; believed only where our own server vouches for it.
    is_relayed = (
        mail.sender == APPLE_RELAY and mail.trust is Trust.GENUINE and mail.reply_to in asked.addresses
    )
    return None if is_relayed else Reason.NOT_SENDER


def _ordered(asked: Asked, answer: Answer, arrived_at: datetime) -> Decision:
    """Decide which of several answers of one person counts: SEQUENCE, then DTSTAMP, then arrival (RFC 5546 2.1.5)."""
    sequence, given_at = answer.order(current_sequence=asked.sequence, arrived_at=arrived_at)
    counts = Decision(
        verdict=Verdict.COUNT,
        reason=Reason.COUNTED,
        invitation_id=asked.invitation_id,
        given=_given(asked, answer),
        sequence=sequence,
        given_at=given_at,
    )
    asks = replace(counts, verdict=Verdict.REVIEW)
    if asked.is_closed:
        return replace(asks, reason=Reason.CLOSED, weight=Weight.LATE)
    if sequence < asked.significant_sequence:
        return replace(asks, reason=Reason.STALE, weight=Weight.STALE)
    if _is_other_time(asked.starts_at, answer):
        return replace(asks, reason=Reason.OTHER_TIME, weight=Weight.STALE)
    if asked.kept is not None and (sequence, given_at) < (
        asked.kept[0],
        asked.kept[1].replace(microsecond=0),
    ):
        return replace(counts, verdict=Verdict.KEEP, reason=Reason.OLDER, weight=Weight.OLDER)
    if answer.partstat == "DELEGATED" and answer.delegated_to not in asked.colleagues:
        return replace(asks, reason=Reason.DELEGATE_UNKNOWN)
    return counts


def _is_other_time(starts_at: datetime, answer: Answer) -> bool:
    """Whether the answer is to another time than ours, where it names one (SECURITY F7)."""
    moments = [moment for moment in (answer.starts_at, answer.recurrence) if moment is not None]
    return any(moment not in (starts_at, starts_at + LOCAL_CLOCK) for moment in moments)


def _given(asked: Asked, answer: Answer) -> Given:
    state = ANSWERS[answer.partstat]
    reason = answer.comment
    if not reason and state in (AnswerState.DECLINED, AnswerState.DELEGATED):
        reason = NO_REASON
    stand_in = asked.colleagues.get(answer.delegated_to) if state is AnswerState.DELEGATED else None
    return Given(
        state, reason, stand_in, "" if stand_in or state is not AnswerState.DELEGATED else answer.delegated_to
    )


def _review(reason: Reason, state: State, asked: Asked | None = None) -> Decision:
    return Decision(
        verdict=Verdict.REVIEW,
        reason=reason,
        invitation_id=asked.invitation_id if asked else state.answered_id,
    )
