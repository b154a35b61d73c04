"""From the bytes of a mail to the answer on the board."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.inbox import rules, services
from liaison_app.inbox.kinds import MailState, Reason
from liaison_app.inbox.models import ReceivedMail
from liaison_app.invitations import services as invitations
from liaison_app.invitations.kinds import AnswerState, Door, Weight
from liaison_app.invitations.models import AnswerRecord
from liaison_app.invitations.rules import Given
from liaison_app.jobs import worker
from liaison_app.messages.kinds import MessageState, Outcome
from liaison_app.messages.models import Message
from liaison_app.people import queries as registers
from liaison_app.people import services as people
from liaison_app.proposals.models import Proposal
from liaison_app.scheduling.models import Occupancy
from liaison_app.scheduling.rules import person_resource
from tests.factories.accounts import make_account
from tests.inbox.conftest import arrive
from tests.inbox.letters import HEAD, SENT_AT, bounce, mail, reply_object, stamp


def standing(scene):
    invitation = scene.invitation(scene.head)
    return invitation.answer, invitation.door


def holds_time(scene, person) -> bool:
    wanted = select(Occupancy.id).where(
        Occupancy.meeting_id == scene.meeting_id,
        Occupancy.resource_id == person_resource(person.id),
        Occupancy.live,
    )
    return db.session.scalar(wanted) is not None


@pytest.mark.parametrize(
    ("partstat", "answer", "holds"),
    [
        ("ACCEPTED", AnswerState.ACCEPTED, True),
        ("DECLINED", AnswerState.DECLINED, False),
        ("TENTATIVE", AnswerState.TENTATIVE, True),
    ],
)
def test_an_answer_from_the_calendar_is_taken(published, reply, partstat, answer, holds):
    kept = reply(partstat)
    assert standing(published) == (answer, Door.CALENDAR)
    assert (kept.state, kept.reason, kept.raw) == (MailState.SETTLED, Reason.COUNTED, None)
    assert holds_time(published, published.head) is holds
    (record,) = db.session.scalars(select(AnswerRecord))
    assert (record.answer, record.door, record.weight, record.given_at) == (
        answer,
        Door.CALENDAR,
        Weight.COUNTED,
        SENT_AT,
    )


@pytest.mark.parametrize(
    ("days", "state", "reason", "proposals"),
    [(11, MailState.SETTLED, Reason.PROPOSED, 1), (-30, MailState.REVIEW, Reason.COUNTER, 0)],
)
def test_another_time_from_the_calendar_is_laid_before_the_host_and_moves_nothing(
    published, reply, days, state, reason, proposals
):
    wished, starts_at = SENT_AT + timedelta(days=days), published.meeting.starts_at
    more = (f"DTSTART:{stamp(wished)}", f"DTEND:{stamp(wished + timedelta(hours=2))}", "COMMENT:那天在外地")
    kept = reply("TENTATIVE", method="COUNTER", more=more)
    assert (kept.state, kept.reason) == (state, reason)
    assert bool(kept.words) is (proposals == 0)
    found = list(db.session.scalars(select(Proposal)))
    assert [(one.starts_at, one.comment, one.door) for one in found] == [
        (wished, "那天在外地", Door.CALENDAR)
    ] * proposals
    assert (published.meeting.starts_at, standing(published)[0]) == (starts_at, AnswerState.WAITING)


def test_a_calendar_that_asks_for_the_invitation_gets_what_stands_a_few_times_a_day(published, reply):
    before = list(db.session.scalars(select(Message.id)))
    asks = {"method": "REFRESH", "letter": {"method": "REFRESH"}}
    kept = reply("NEEDS-ACTION", **asks)
    assert (kept.state, kept.reason) == (MailState.SETTLED, Reason.REFRESHED)
    (again,) = db.session.scalars(select(Message).where(Message.id.not_in(before)))
    assert again.to_address == HEAD
    sequence = published.invitation(published.head).sent_sequence
    assert f"SEQUENCE:{sequence}".encode() in again.calendar
    assert b"METHOD:REQUEST" in again.calendar
    assert standing(published)[0] == AnswerState.WAITING
    began = clock.now()
    for minutes in range(1, 7):
        with clock.frozen(began + timedelta(minutes=minutes)):
            last = reply("NEEDS-ACTION", **asks)
    assert (last.state, last.reason) == (MailState.REVIEW, Reason.REFRESH)


def test_a_delegation_moves_the_hold_in_the_same_step(published, reply):
    reply("DELEGATED", params=';DELEGATED-TO="mailto:second@example.test"')
    assert standing(published) == (AnswerState.DELEGATED, Door.CALENDAR)
    assert (holds_time(published, published.head), holds_time(published, published.deputy_head)) == (
        False,
        True,
    )
    assert published.messages(published.deputy_head)[0].kind == "invite"


def test_a_delegation_that_cannot_be_is_laid_before_a_clerk_and_changes_nothing(published, reply):
    with transaction():
        # The deputy head comes for the head, who therefore cannot come for the deputy head.
        invitations.take_answer(
            published.invitation(published.head).id,
            Given(AnswerState.DELEGATED, "开会", published.deputy_head.id),
            sequence=0,
            door=Door.LINK,
        )
    before = db.session.scalar(select(func.count()).select_from(AnswerRecord))
    with clock.frozen(SENT_AT + timedelta(hours=1)):
        kept = arrive(
            mail(
                reply_object(
                    published.meeting.uid,
                    "DELEGATED",
                    attendee="second@example.test",
                    sequence=1,
                    stamped_at=SENT_AT + timedelta(hours=1),
                    params=';DELEGATED-TO="mailto:head@example.test"',
                ),
                sender="second@example.test",
            )
        )
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.REFUSED)
    assert kept.words
    assert db.session.scalar(select(func.count()).select_from(AnswerRecord)) == before
    assert holds_time(published, published.deputy_head)


def test_the_same_mail_twice_does_nothing(published):
    raw = mail(reply_object(published.meeting.uid, "DECLINED"))
    assert arrive(raw) is not None
    again = raw.replace(b"\n", b"\r\n")
    assert arrive(b"Received: from other\r\n" + again) is None
    assert db.session.scalar(select(func.count()).select_from(ReceivedMail)) == 1
    assert db.session.scalar(select(func.count()).select_from(AnswerRecord)) == 1


def test_an_older_answer_that_comes_later_loses_and_is_kept(published, reply):
    reply("ACCEPTED")
    kept = reply("DECLINED", stamped_at=SENT_AT - timedelta(minutes=5))
    assert standing(published) == (AnswerState.ACCEPTED, Door.CALENDAR)
    assert (kept.state, kept.reason) == (MailState.SETTLED, Reason.OLDER)
    assert {(one.answer, one.weight) for one in db.session.scalars(select(AnswerRecord))} == {
        (AnswerState.ACCEPTED, Weight.COUNTED),
        (AnswerState.DECLINED, Weight.OLDER),
    }


def test_a_later_answer_wins_by_whichever_door(published, reply):
    with transaction():
        invitations.take_answer(
            published.invitation(published.head).id, Given(AnswerState.ACCEPTED), sequence=0, door=Door.LINK
        )
    with clock.frozen(SENT_AT + timedelta(minutes=5)):
        reply("DECLINED", stamped_at=SENT_AT - timedelta(minutes=1))
        assert standing(published) == (AnswerState.ACCEPTED, Door.LINK)
        reply("DECLINED", stamped_at=SENT_AT + timedelta(minutes=1))
    assert standing(published) == (AnswerState.DECLINED, Door.CALENDAR)


def test_the_person_is_told_once_a_day_that_a_mail_has_changed_the_answer(published, reply):
    reply("ACCEPTED")
    assert [one.kind for one in published.messages(published.head)] == ["invite"]
    for minutes, partstat in ((1, "DECLINED"), (2, "ACCEPTED"), (3, "DECLINED")):
        with clock.frozen(SENT_AT + timedelta(minutes=minutes)):
            reply(partstat, stamped_at=SENT_AT + timedelta(minutes=minutes))
    (told,) = db.session.scalars(select(Message).where(Message.kind == "noted"))
    assert (told.to_address, told.calendar) == (HEAD, None)
    assert "改成了“请假”" in told.body
    assert b"Auto-Submitted: auto-generated" in told.raw


def test_saying_the_same_again_keeps_an_older_mail_from_undoing_it(published, reply):
    with clock.frozen(SENT_AT + timedelta(minutes=5)):
        reply("ACCEPTED")
        reply("ACCEPTED", stamped_at=SENT_AT + timedelta(minutes=2))
        kept = reply("DECLINED", stamped_at=SENT_AT + timedelta(minutes=1))
    assert (kept.reason, standing(published)[0]) == (Reason.OLDER, AnswerState.ACCEPTED)


def test_an_answer_after_somebody_was_taken_off_is_still_to_the_current_meeting(published, reply):
    published.revise(people=lambda people: people[:-1])
    assert published.meeting.sequence == 1
    assert reply("ACCEPTED").reason is Reason.COUNTED
    with clock.frozen(SENT_AT + timedelta(minutes=5)):
        assert reply("DECLINED", stamped_at=SENT_AT + timedelta(minutes=5)).reason is Reason.COUNTED


def test_an_answer_to_the_old_time_waits_for_a_clerk(published, reply):
    published.move(days=1)
    kept = reply("ACCEPTED")
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.STALE)
    assert standing(published) == (AnswerState.WAITING, None)
    assert kept.raw is not None
    assert reply("ACCEPTED", sequence=1).reason is Reason.COUNTED


def test_a_reply_after_the_end_reopens_nothing(published, reply):
    published.step("cancel", reason="停电")
    kept = reply("ACCEPTED", sequence=1)
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.CLOSED)
    assert db.session.scalar(select(AnswerRecord.weight)) == Weight.LATE


def test_a_stranger_in_the_heads_name_changes_nothing(published, reply):
    kept = reply("DECLINED", letter={"sender": "程试一 <stranger@evil.example>"})
    assert (kept.state, kept.reason, kept.invitation_id) == (
        MailState.REVIEW,
        Reason.NOT_SENDER,
        published.invitation(published.head).id,
    )
    assert standing(published) == (AnswerState.WAITING, None)
    assert holds_time(published, published.head)


def test_without_the_look_at_the_sender_the_stranger_would_have_been_believed(published, reply, monkeypatch):
    monkeypatch.setattr(rules, "_who_says_so", lambda *_: None)
    reply("DECLINED", letter={"sender": "stranger@evil.example"})
    assert standing(published) == (AnswerState.DECLINED, Door.CALENDAR)


def test_a_secretary_counts_once_the_address_is_known(published, reply):
    by_secretary = {"sender": "bai@example.test"}
    kept = reply("ACCEPTED", params=';SENT-BY="mailto:bai@example.test"', letter=by_secretary)
    assert kept.reason is Reason.NOT_SENDER
    with transaction():
        clerk = make_account(Role.STREET, db.session.merge(published.host))
        services.add_sender(kept.id, published.head.id, by=clerk)
    assert standing(published) == (AnswerState.ACCEPTED, Door.CALENDAR)
    assert db.session.get_one(ReceivedMail, kept.id).state == MailState.SETTLED
    with clock.frozen(SENT_AT + timedelta(minutes=5)):
        reply("DECLINED", stamped_at=SENT_AT + timedelta(minutes=5), letter=by_secretary)
    assert standing(published)[0] == AnswerState.DECLINED
    with transaction():
        (address,) = registers.list_addresses([published.head.id])
        people.end_address(published.head.id, address.id, by=clerk)
    with clock.frozen(SENT_AT + timedelta(minutes=9)):
        kept = reply("ACCEPTED", stamped_at=SENT_AT + timedelta(minutes=9), letter=by_secretary)
    assert kept.reason is Reason.NOT_SENDER


def sent_mail(scene):
    (message,) = scene.messages(scene.head)
    with transaction():
        message = db.session.merge(message)
        message.state = MessageState.SENT
    return scene.messages(scene.head)[0]


def test_a_bounce_marks_the_mail_that_came_back(published):
    message = sent_mail(published)
    kept = arrive(bounce(message.message_id, HEAD))
    assert (kept.state, kept.reason, kept.outbox_id) == (MailState.SETTLED, Reason.BOUNCED, message.id)
    message = published.messages(published.head)[0]
    assert (message.state, message.failure) == (MessageState.FAILED, Outcome.BOUNCED)
    assert "user unknown" in message.last_error
    assert standing(published) == (AnswerState.WAITING, None)


@pytest.mark.parametrize(
    ("message_id", "recipient", "facts"),
    [
        ("<0123456789abcdef0123456789abcdef@example.test>", HEAD, {}),
        (None, "somebody.else@example.test", {}),
        (None, HEAD, {"action": "delayed", "status": "4.4.1"}),
    ],
)
def test_a_bounce_that_is_not_of_our_mail_to_that_address_silences_nobody(
    published, message_id, recipient, facts
):
    message = sent_mail(published)
    kept = arrive(bounce(message_id or message.message_id, recipient, **facts))
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.UNKNOWN_BOUNCE)
    assert published.messages(published.head)[0].state == MessageState.SENT


def test_our_own_invitation_that_comes_back_answers_nothing(published):
    kept = arrive(sent_mail(published).raw)
    assert (kept.state, kept.reason) == (MailState.REVIEW, Reason.LOOP)


def test_mails_are_answered_by_nobody(published, reply):
    before = db.session.scalar(select(func.count()).select_from(Message))
    for headers in ((("Auto-Submitted", "auto-replied"),), (("Precedence", "bulk"),), ()):
        reply("DECLINED", letter={"sender": "z@evil.example", "headers": headers})
    assert db.session.scalar(select(func.count()).select_from(Message)) == before


def test_the_worker_reads_what_was_taken_in_and_a_bad_mail_stops_no_other(published, monkeypatch):
    raws = [mail(reply_object(published.meeting.uid)), b"\xff\x00 nonsense", mail(text="我参加")]
    for raw in raws:
        with transaction():
            services.receive(raw, services.Source.PIPE)
    read = services.mime.read

    def fails_once(raw, **more):
        if b"nonsense" in raw:
            raise RuntimeError("a fault of the reader")
        return read(raw, **more)

    monkeypatch.setattr(services.mime, "read", fails_once)
    worker.drain()
    states = [one.state for one in db.session.scalars(select(ReceivedMail).order_by(ReceivedMail.id))]
    assert states == [MailState.SETTLED, MailState.NEW, MailState.REVIEW]
    assert standing(published)[0] == AnswerState.ACCEPTED
