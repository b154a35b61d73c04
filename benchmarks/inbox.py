"""Replies from calendars: taken in, understood and written down, beside the least that any program must do for one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy

import icalendar
from sqlalchemy import select, text

from benchmarks import places
from benchmarks.tables import Table
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.inbox import mime, services
from liaison_app.inbox.kinds import MailState, Source
from liaison_app.inbox.models import ReceivedMail
from liaison_app.invitations.models import Invitation
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy
from tests.inbox.letters import mail, reply_object

MEETINGS, PEOPLE, ROUNDS = 10, 10, 3


def measure() -> Table:
    with places.installation():
        letters = _ask()
        bare = min(_time(lambda: _least(letters)) for _ in range(ROUNDS))
        reading = min(_time(lambda: [mime.read(raw) for raw in letters]) for _ in range(ROUNDS))
        whole = _time(lambda: _take(letters))
        settled = select(ReceivedMail.id).where(ReceivedMail.state == MailState.SETTLED)
        assert len(list(db.session.scalars(settled))) == len(letters)
        db.session.rollback()
        again = _time(lambda: _take(letters))
    table = Table(
        f"{len(letters)} replies by mail to {MEETINGS} meetings of {PEOPLE} people, SQLite, in one process",
        ["", "a second", "÷ the least"],
        "The least: parse the mail (email) and its object (icalendar), one UPDATE and one commit, synchronous=FULL; nothing "
        "is checked or kept. Whole: kept encrypted in one transaction, decided, written down and recorded in another. "
        f"Again: the same mails once more, which do nothing. The least and reading: best of {ROUNDS} rounds.",
    )
    for name, seconds in (
        ("the least", bare),
        ("read, no database", reading),
        ("whole", whole),
        ("again", again),
    ):
        table.add(name, f"{len(letters) / seconds:,.0f}", f"{seconds / bare:.2f}")
    return table


def _ask() -> list[bytes]:
    """Publish meetings, and return an acceptance of everybody who is asked."""
    starts_at = clock.now() + timedelta(days=20)
    with transaction():
        unit = make_unit("量一量街道人大工委")
        for number in range(MEETINGS):
            people = [make_deputy(email=f"p{number}.{one}@example.test") for one in range(PEOPLE)]
            plan = MeetingPlan(
                kind="forum",
                title=f"第{number}场",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=2),
                place_kind=PlaceKind.OUTSIDE,
                place_text="会议室",
                people=tuple(PlannedPerson(one.id, RoleCode.DEPUTY) for one in people),
            )
            meeting = scheduling.create_meeting(plan, unit_id=unit.id, by=None)
            scheduling.publish(meeting.id, version=meeting.version, by=None)
    return [_accept(one) for one in db.session.scalars(select(Invitation).order_by(Invitation.id))]


def _accept(invitation: Invitation) -> bytes:
    address = invitation.participant.person.email
    said = reply_object(invitation.meeting.uid, attendee=address, stamped_at=clock.now())
    return mail(said, sender=address)


def _least(letters: list[bytes]) -> None:
    for number, raw in enumerate(letters):
        message = message_from_bytes(raw, policy=policy.default)
        part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
        (event,) = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
        with transaction():
            found = {"partstat": event["attendee"].params["partstat"].lower(), "id": number + 1}
            db.session.execute(text("UPDATE invitation SET answered_by = :partstat WHERE id = :id"), found)


def _take(letters: list[bytes]) -> None:
    for raw in letters:
        with transaction():
            kept = services.receive(raw, Source.PIPE)
        if kept is not None:
            with transaction():
                services.settle(kept.id)


def _time(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
