"""A COUNTER becomes a card for the host; it moves nothing, and what cannot be a card waits for a clerk."""

from __future__ import annotations

from datetime import datetime, timedelta

from liaison_app.core.db import db
from liaison_app.inbox.kinds import MailState, Reason
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.messages.models import Message
from liaison_app.proposals.kinds import ProposalState
from liaison_app.proposals.models import Proposal
from tests.inbox.conftest import arrive
from tests.inbox.letters import mail, reply_object
from tests.invitations.conftest import STARTS

WISHED = STARTS + timedelta(days=3)


def counter(published, start: datetime = WISHED, **letter):
    """Let the head ask for another time from the calendar, Outlook's way."""
    ends = start + timedelta(hours=2)
    more = (f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{ends:%Y%m%dT%H%M%SZ}", "COMMENT:那天在外地")
    said = reply_object(published.meeting.uid, "TENTATIVE", method="COUNTER", more=more)
    return arrive(mail(said, method="COUNTER", **letter))


def proposals() -> list[Proposal]:
    return list(db.session.query(Proposal))


def test_a_counter_from_the_calendar_is_a_card_and_moves_nothing(published):
    before = db.session.query(Message).count()
    kept = counter(published)
    (card,) = proposals()
    assert (kept.state, kept.reason) == (MailState.SETTLED, Reason.PROPOSED)
    assert (card.state, card.door, card.comment) == (ProposalState.OPEN, Door.CALENDAR, "那天在外地")
    assert (card.starts_at, card.ends_at) == (WISHED, WISHED + timedelta(hours=2))
    assert published.meeting.starts_at == STARTS
    assert published.invitation(published.head).answer == AnswerState.WAITING
    assert db.session.query(Message).count() == before


def test_a_counter_of_somebody_else_is_no_card(published):
    kept = counter(published, sender="stranger@example.test")
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.NOT_SENDER)
    assert proposals() == []


def test_a_counter_that_cannot_be_waits_for_a_clerk_with_the_reason(published):
    kept = counter(published, STARTS)
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.COUNTER)
    assert "现在就是这个时间" in kept.words
    assert proposals() == []


def test_a_counter_to_the_old_time_is_kept_and_waits_for_nobody(published):
    published.move(days=1)
    counter(published)
    assert [one.state for one in proposals()] == [ProposalState.LAPSED]
