"""What each step of a meeting's life says to each person, and what each answer does."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from icalendar import Calendar
from sqlalchemy import func, select

from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.invitations import itip, letters, queries, services
from liaison_app.invitations.errors import (
    MeetingOff,
    MeetingWaits,
    NoLongerAsked,
    NoStandIns,
    ReasonMissing,
    StaleAnswer,
    StandInMissing,
)
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.models import Invitation
from liaison_app.invitations.rules import Given
from liaison_app.messages.models import Channel, Message, MessageState
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import BusyElsewhere, PlanRefused
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import PlannedPerson, person_resource
from tests.invitations.conftest import NOON
from tests.parts.calendars import lines_of_file

ACCEPTED = Given(AnswerState.ACCEPTED)
DECLINED = Given(AnswerState.DECLINED, "当天住院复查")


def spoken(message: Message) -> tuple[str, str, int, str]:
    """Return (kind, METHOD, SEQUENCE, PARTSTAT) of a mail, read back from its bytes."""
    mail = message_from_bytes(message.raw, policy=policy.default)
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    raw = part.get_payload(decode=True)
    lines_of_file(raw)
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert part.get_param("method") == calendar["METHOD"]
    attendee = event["ATTENDEE"]
    assert str(attendee) == f"mailto:{message.to_address}"
    return message.kind, str(calendar["METHOD"]), event["SEQUENCE"], attendee.params.get("PARTSTAT", "")


def event_of(message: Message):
    mail = message_from_bytes(message.raw, policy=policy.default)
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    (event,) = Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
    return event


def deliver() -> None:
    """Let everything that waits be sent, as a worker would."""
    with transaction():
        for message in db.session.query(Message).filter_by(state=MessageState.QUEUED):
            message.state = MessageState.SENT


def answer(scene, person, given, *, sequence=None, door=Door.LINK):
    invitation_id = scene.invitation(person).id
    with transaction():
        return services.take_answer(
            invitation_id, given, sequence=scene.meeting.sequence if sequence is None else sequence, door=door
        )


def holds_time(scene, person) -> bool:
    wanted = select(Occupancy.id).where(
        Occupancy.meeting_id == scene.meeting_id,
        Occupancy.resource_id == person_resource(person.id),
        Occupancy.live,
    )
    return db.session.scalar(wanted) is not None


# --- publishing ---------------------------------------------------------------


def test_publishing_writes_one_message_a_person(published):
    told = {m.to_name: (m.channel, m.kind, m.state) for m in db.session.query(Message)}
    assert told == {
        "程试一": (Channel.EMAIL, "invite", MessageState.QUEUED),
        "王试三": (Channel.EMAIL, "invite", MessageState.QUEUED),
        "赵试四": (Channel.PHONE, "invite", MessageState.QUEUED),
    }
    assert all(one.answer == AnswerState.WAITING for one in queries.list_live(published.meeting_id))


def test_a_rollback_leaves_neither_a_published_meeting_nor_a_message(scene):
    with pytest.raises(RuntimeError), transaction():
        scheduling.publish(scene.meeting_id, version=scene.meeting.version, by=None)
        assert db.session.scalar(select(func.count()).select_from(Message)) == 3
        raise RuntimeError
    assert scene.meeting.state == "draft"
    for model in (Message, Invitation):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0


def test_the_calendar_part_says_what_the_meeting_is(published):
    (message,) = published.messages(published.deputy)
    event = event_of(message)
    meeting = published.meeting
    assert str(event["UID"]) == meeting.uid
    assert event["DTSTART"].dt == meeting.starts_at
    assert event["DTEND"].dt == meeting.ends_at
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert str(event["SUMMARY"]) == "供暖专场"
    assert str(event["LOCATION"]) == "测试街人大代表联络站 接待室（示例路 1 号）"
    assert "城管局局长 程试一" in event["DESCRIPTION"]
    assert published.link(published.deputy) in event["DESCRIPTION"]
    assert str(event["URL"]).endswith(f"/m/{meeting.code}")
    assert str(event["ORGANIZER"]) == "mailto:liaison@example.test"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert len(event.walk("VALARM")) == 1


def test_no_other_invited_person_is_an_attendee(published):
    (message,) = published.messages(published.deputy)
    assert b"head@example.test" not in message.raw
    assert "head@example.test" not in str(event_of(message))


def test_a_call_says_it_in_one_sms_and_the_link(published):
    (message,) = published.messages(published.by_phone)
    words, link = message.body.split("\n")
    assert len(words) <= 70
    assert "供暖专场" in words
    assert link.endswith(published.link(published.by_phone))
    assert message.to_address == "13900000004"


def test_an_sms_stays_short_with_the_longest_title_and_place(scene):
    scene.revise(title="长" * 100, room_id=None, place_kind="outside", place_text="远" * 150)
    scene.step("publish")
    for step in (lambda: scene.move(days=1), lambda: scene.step("postpone", reason="因" * 300)):
        step()
        assert len(scene.messages(scene.by_phone)[-1].body.split("\n")[0]) <= 70


def test_the_organizers_own_address_is_called_and_not_mailed(scene):
    with transaction():
        db.session.merge(scene.deputy).email = "Liaison@Example.test"
    scene.step("publish")
    assert scene.messages(scene.deputy)[-1].channel == Channel.PHONE


def test_an_address_that_no_mail_can_go_to_counts_as_none(scene):
    with transaction():
        db.session.merge(scene.deputy).email = "王 <x@example.test>"
    scene.step("publish")
    assert scene.messages(scene.deputy)[-1].channel == Channel.PHONE


def test_the_database_holds_the_digest_of_the_link_and_not_the_link(published):
    invitation = published.invitation(published.deputy)
    token = letters.answer_token(invitation)
    assert token not in str(invitation.token_hash)
    assert queries.get_by_token(token).id == invitation.id


# --- the meeting's life -------------------------------------------------------


def test_invite_move_reword_postpone_again_and_cancel_speak_in_order(published):
    person = published.deputy
    uid = published.meeting.uid
    steps = [
        (lambda: None, ("invite", "REQUEST", 0, "NEEDS-ACTION")),
        (lambda: published.move(days=1), ("update", "REQUEST", 1, "NEEDS-ACTION")),
        (lambda: answer(published, person, ACCEPTED), None),
        (lambda: published.revise(title="供暖保障专场"), ("update", "REQUEST", 1, "ACCEPTED")),
        (lambda: published.revise(about="不发信"), None),
        (lambda: published.step("postpone", reason="防汛会议"), ("postponed", "CANCEL", 2, "")),
        (lambda: published.move(days=7), None),
        (lambda: published.step("publish"), ("update", "REQUEST", 3, "NEEDS-ACTION")),
        (lambda: published.step("cancel", reason="并入下一场"), ("cancel", "CANCEL", 4, "")),
    ]
    told, stamps = 0, []
    for number, (step, expected) in enumerate(steps):
        with clock.frozen(NOON + timedelta(minutes=number)):
            step()
            deliver()
        messages = published.messages(person)
        if expected is None:
            assert len(messages) == told, number
            continue
        told += 1
        assert len(messages) == told, number
        assert spoken(messages[-1]) == expected, number
        assert str(event_of(messages[-1])["UID"]) == uid
        stamps.append(event_of(messages[-1])["DTSTAMP"].dt)
    assert stamps == sorted(set(stamps))
    assert len({message.message_id for message in published.messages(person)}) == told


def test_later_mails_refer_to_the_first(published):
    deliver()
    published.move(days=1)
    deliver()
    published.step("cancel", reason="并入下一场")
    first, *later = published.messages(published.deputy)
    references = [message_from_bytes(one.raw, policy=policy.default)["References"] for one in later]
    assert references == [first.message_id] * 2


def test_a_cancel_carries_the_reason_and_the_status(published):
    published.step("cancel", reason="市里临时开会")
    event = event_of(published.messages(published.deputy)[-1])
    assert (str(event["STATUS"]), str(event["COMMENT"])) == ("CANCELLED", "市里临时开会")


def test_an_older_message_that_has_not_left_is_dropped(published):
    published.step("cancel", reason="并入下一场")
    assert [message.state for message in published.messages(published.deputy)] == [
        MessageState.DROPPED,
        MessageState.QUEUED,
    ]


def test_who_has_heard_nothing_yet_is_invited_and_told_of_no_change(published):
    published.move(days=1)
    assert spoken(published.messages(published.deputy)[-1])[:3] == ("invite", "REQUEST", 1)


def test_another_time_or_place_asks_everybody_anew_and_says_what_changed(published):
    deliver()
    answer(published, published.deputy, ACCEPTED)
    answer(published, published.head, DECLINED)
    published.move(days=1)
    for person in (published.deputy, published.head, published.by_phone):
        invitation = published.invitation(person)
        assert invitation.answer == AnswerState.WAITING
        assert (invitation.reason, invitation.door, invitation.answered_at) == (None, None, None)
        ((field, before, after),) = invitation.changes
        assert (field, "11月20日" in before, "11月21日" in after) == ("time", True, True)
    body = published.messages(published.deputy)[-1].body
    assert "11月20日" in body
    assert "重新答复" in body


def test_other_words_leave_the_answers_and_those_on_leave_alone(published):
    deliver()
    answer(published, published.deputy, ACCEPTED)
    answer(published, published.head, DECLINED)
    published.revise(agenda="一、通报\n二、提问\n三、承诺")
    assert published.invitation(published.deputy).answer == AnswerState.ACCEPTED
    assert published.messages(published.deputy)[-1].kind == "update"
    assert published.messages(published.head)[-1].kind == "invite"


def test_who_is_added_is_invited_and_the_others_hear_nothing(published):
    deliver()
    before = {person.id: len(published.messages(person)) for person in (published.head, published.deputy)}
    published.revise(
        people=lambda people: [
            *people,
            PlannedPerson(
                published.deputy_head.id,
                RoleCode.BUREAU_HEAD,
                published.bureau.id,
                False,
                "副局长",
                None,
                "分管",
            ),
        ]
    )
    assert spoken(published.messages(published.deputy_head)[-1])[:3] == ("invite", "REQUEST", 0)
    assert {
        person.id: len(published.messages(person)) for person in (published.head, published.deputy)
    } == before


def test_who_is_taken_off_gets_a_cancel_of_a_higher_sequence_without_status(published):
    deliver()
    published.revise(people=lambda people: [one for one in people if one.person_id != published.deputy.id])
    message = published.messages(published.deputy)[-1]
    assert spoken(message) == ("withdrawn", "CANCEL", 1, "")
    assert "STATUS" not in event_of(message)
    assert published.invitation(published.deputy).withdrawn_at is not None
    assert len(published.messages(published.head)) == 1
    with pytest.raises(NoLongerAsked):
        answer(published, published.deputy, ACCEPTED)


def test_words_after_somebody_was_taken_off_go_out_under_the_sequence_people_have(published):
    deliver()
    published.revise(people=lambda people: [one for one in people if one.person_id != published.by_phone.id])
    published.revise(title="供暖保障专场")
    assert spoken(published.messages(published.deputy)[-1])[:3] == ("update", "REQUEST", 0)


def test_who_is_put_back_is_invited_again_by_the_same_link(published):
    deliver()
    link, people = published.link(published.deputy), scheduling.as_plan(published.meeting).people
    published.revise(people=lambda people: [one for one in people if one.person_id != published.deputy.id])
    deliver()
    published.revise(people=lambda _: people)
    assert spoken(published.messages(published.deputy)[-1])[:3] == ("invite", "REQUEST", 1)
    assert published.link(published.deputy) == link
    assert published.invitation(published.deputy).withdrawn_at is None


def test_who_left_the_list_while_the_meeting_had_no_time_is_told_so(published):
    deliver()
    published.step("postpone", reason="防汛会议")
    deliver()
    published.revise(people=lambda people: [one for one in people if one.person_id != published.deputy.id])
    assert published.messages(published.deputy)[-1].kind == "postponed"
    published.step("publish")
    assert spoken(published.messages(published.deputy)[-1]) == ("withdrawn", "CANCEL", 2, "")


# --- answers ------------------------------------------------------------------


def test_leave_frees_the_time_at_once_and_a_change_of_mind_takes_it_back(published):
    person = published.deputy
    assert holds_time(published, person)
    answer(published, person, DECLINED)
    assert not holds_time(published, person)
    answer(published, person, ACCEPTED)
    assert holds_time(published, person)
    invitation = published.invitation(person)
    assert (invitation.answer, invitation.reason, invitation.door) == (AnswerState.ACCEPTED, None, Door.LINK)
    assert (invitation.answered_sequence, invitation.answered_at) == (published.meeting.sequence, NOON)


def test_coming_after_all_is_refused_where_the_time_is_taken_by_now(published):
    person = published.deputy
    answer(published, person, DECLINED)
    meeting = published.meeting
    with transaction():
        plan = scheduling.as_plan(meeting)
        other = [one for one in plan.people if one.person_id == person.id]
        scheduling.create_meeting(
            type(plan)(
                kind="research", title="另一场", starts_at=meeting.starts_at, ends_at=meeting.ends_at,
                place_kind="outside", place_text="别处", people=tuple(other),
            ),
            unit_id=meeting.unit_id, by=None,
        )  # fmt: skip
    with pytest.raises(BusyElsewhere, match="王试三"):
        answer(published, person, ACCEPTED)
    assert published.invitation(person).answer == AnswerState.DECLINED


def test_the_same_answer_twice_does_nothing(published):
    answer(published, published.deputy, DECLINED)
    entries = db.session.scalar(select(func.count()).select_from(Entry))
    version = published.meeting.version
    with clock.frozen(NOON + timedelta(hours=1)):
        answer(published, published.deputy, DECLINED)
    assert published.invitation(published.deputy).answered_at == NOON
    assert db.session.scalar(select(func.count()).select_from(Entry)) == entries
    assert published.meeting.version == version


def test_leave_needs_a_reason_and_the_trail_does_not_hold_it(published):
    with pytest.raises(ReasonMissing):
        answer(published, published.deputy, Given(AnswerState.DECLINED, "　\n"))
    answer(published, published.deputy, DECLINED)
    sentences = [entry.sentence for entry in db.session.query(Entry)]
    assert "王试三 请假（链接）" in sentences
    assert not any("住院" in sentence for sentence in sentences)


def test_an_answer_to_the_old_time_is_refused_and_changes_nothing(published):
    deliver()
    old = published.meeting.sequence
    published.move(days=1)
    with pytest.raises(StaleAnswer):
        answer(published, published.deputy, DECLINED, sequence=old)
    assert published.invitation(published.deputy).answer == AnswerState.WAITING
    assert holds_time(published, published.deputy)


def test_an_answer_to_older_words_counts(published):
    deliver()
    old = published.meeting.sequence
    published.revise(title="供暖保障专场")
    assert answer(published, published.deputy, ACCEPTED, sequence=old).answer == AnswerState.ACCEPTED


@pytest.mark.parametrize(("step", "refusal"), [("postpone", MeetingWaits), ("cancel", MeetingOff)])
def test_no_answer_is_taken_once_the_meeting_has_lost_its_time(published, step, refusal):
    published.step(step, reason="防汛会议")
    with pytest.raises(refusal):
        answer(published, published.deputy, ACCEPTED)


def test_a_deputy_sends_nobody(published):
    with pytest.raises(NoStandIns):
        answer(published, published.deputy, Given(AnswerState.DELEGATED, "出差", None, "别人"))


def delegated(scene, person, reason="到市里开会"):
    return Given(AnswerState.DELEGATED, reason, person.id)


def test_a_named_deputy_head_is_invited_and_the_hold_moves_over(published):
    deliver()
    answer(published, published.head, delegated(published, published.deputy_head))
    assert (holds_time(published, published.head), holds_time(published, published.deputy_head)) == (
        False,
        True,
    )
    message = published.messages(published.deputy_head)[-1]
    assert spoken(message) == ("invite", "REQUEST", 0, "NEEDS-ACTION")
    assert "谁来答：城管局副局长 何试二" in message.body
    assert "身份：城管局副局长，代程试一参加" in message.body
    assert "程试一" not in event_of(message)["DESCRIPTION"]
    assert published.invitation(published.head).answer == AnswerState.DELEGATED
    assert published.invitation(published.deputy_head).participant.stand_in_for_id == published.head.id
    assert len(published.messages(published.deputy)) == 1


@pytest.mark.parametrize("is_told", [True, False])
def test_who_sends_somebody_else_is_told_so_and_both_calendars_know_of_the_other(published, is_told):
    if is_told:
        deliver()
    answer(published, published.head, delegated(published, published.deputy_head))
    message = published.messages(published.head)[-1]
    assert spoken(message) == ("delegated", "REQUEST", 0, "DELEGATED")
    assert "由何试二代您参加" in message.body
    params = event_of(message)["ATTENDEE"].params
    assert (str(params["DELEGATED-TO"]), params["RSVP"]) == ("mailto:second@example.test", "FALSE")
    asked = event_of(published.messages(published.deputy_head)[-1])["ATTENDEE"].params
    assert str(asked["DELEGATED-FROM"]) == "mailto:head@example.test"
    assert "DELEGATED-FROM" not in event_of(published.messages(published.deputy)[-1])["ATTENDEE"].params


def test_sending_the_same_stand_in_twice_does_nothing(published):
    answer(published, published.head, delegated(published, published.deputy_head))
    version = published.meeting.version
    answer(published, published.head, delegated(published, published.deputy_head))
    assert published.meeting.version == version
    assert len(published.messages(published.deputy_head)) == 1


def test_a_head_who_comes_after_all_takes_the_seat_back_from_the_stand_in(published):
    answer(published, published.head, delegated(published, published.deputy_head))
    deliver()
    answer(published, published.head, ACCEPTED)
    assert (holds_time(published, published.head), holds_time(published, published.deputy_head)) == (
        True,
        False,
    )
    message = published.messages(published.deputy_head)[-1]
    assert spoken(message) == ("withdrawn", "CANCEL", 1, "")
    assert published.invitation(published.deputy_head).withdrawn_at is not None
    assert published.invitation(published.head).answer == AnswerState.ACCEPTED


def test_a_stand_in_that_is_only_a_name_is_kept_for_the_clerk(published):
    answer(published, published.head, Given(AnswerState.DELEGATED, "出差", None, " 办公室\r\n李主任 "))
    invitation = published.invitation(published.head)
    assert (invitation.answer, invitation.stand_in_text) == (AnswerState.DELEGATED, "办公室 李主任")
    assert not holds_time(published, published.head)


def test_a_stand_in_must_be_somebody_and_of_the_own_unit(published):
    with pytest.raises(StandInMissing):
        answer(published, published.head, Given(AnswerState.DELEGATED, "出差"))
    with pytest.raises(PlanRefused, match="同一单位"):
        answer(published, published.head, delegated(published, published.deputy))
    assert published.invitation(published.head).answer == AnswerState.WAITING
    assert holds_time(published, published.head)


def test_a_stand_in_who_is_busy_leaves_everything_as_it_was(published):
    meeting = published.meeting
    with transaction():
        plan = scheduling.as_plan(meeting)
        scheduling.create_meeting(
            type(plan)(
                kind="research", title="另一场", starts_at=meeting.starts_at, ends_at=meeting.ends_at,
                place_kind="outside", place_text="别处",
                people=(PlannedPerson(published.deputy_head.id, RoleCode.BUREAU_STAFF, published.bureau.id),),
            ),
            unit_id=meeting.unit_id, by=None,
        )  # fmt: skip
    with pytest.raises(BusyElsewhere, match=r"^何试二 在 2026年11月20日.* 已经有别的安排。$"):
        answer(published, published.head, delegated(published, published.deputy_head))
    assert published.invitation(published.head).answer == AnswerState.WAITING
    assert holds_time(published, published.head)


def test_after_a_move_head_and_stand_in_are_asked_anew_and_may_settle_it_the_same_way(published):
    answer(published, published.head, delegated(published, published.deputy_head))
    deliver()
    published.move(days=1)
    assert published.invitation(published.head).answer == AnswerState.WAITING
    answer(published, published.head, delegated(published, published.deputy_head))
    answer(published, published.deputy_head, ACCEPTED)
    assert (holds_time(published, published.head), holds_time(published, published.deputy_head)) == (
        False,
        True,
    )


# --- sending again ------------------------------------------------------------


def test_a_reminder_goes_to_the_silent_alone_with_the_same_sequence_and_a_later_stamp(published):
    deliver()
    answer(published, published.head, ACCEPTED)
    with clock.frozen(NOON + timedelta(days=1)), transaction():
        assert services.remind_silent(published.meeting_id, by=None) == 2
    first, reminder = published.messages(published.deputy)
    assert spoken(reminder) == ("remind", "REQUEST", 0, "NEEDS-ACTION")
    assert event_of(reminder)["DTSTAMP"].dt > event_of(first)["DTSTAMP"].dt
    assert len(published.messages(published.head)) == 1


def test_sending_again_before_the_first_has_left_makes_one_message(published):
    with clock.frozen(NOON + timedelta(hours=1)), transaction():
        services.send_again(published.invitation(published.deputy).id, by=None)
    states = [(one.kind, one.state) for one in published.messages(published.deputy)]
    assert states == [("invite", MessageState.DROPPED), ("invite", MessageState.QUEUED)]


def test_a_button_pressed_twice_within_a_second_sends_once_and_not_never(published):
    deliver()
    with clock.frozen(NOON + timedelta(hours=1)):
        for _press in range(2):
            with transaction():
                services.send_again(published.invitation(published.deputy).id, by=None)
    states = [one.state for one in published.messages(published.deputy)]
    assert states == [MessageState.SENT, MessageState.QUEUED]


def test_a_move_while_the_invitation_is_on_the_wire_says_what_changed(published):
    with transaction():
        for message in published.messages(published.deputy):
            message.state = MessageState.SENDING
    published.move(days=1)
    assert spoken(published.messages(published.deputy)[-1]) == ("update", "REQUEST", 1, "NEEDS-ACTION")


# --- counts -------------------------------------------------------------------


def test_counts_leave_out_who_is_no_longer_asked(published):
    answer(published, published.head, DECLINED)
    published.revise(people=lambda people: [one for one in people if one.person_id != published.by_phone.id])
    assert queries.counts_for([published.meeting_id]) == {published.meeting_id: (0, 1, 0, 1, 2)}
    assert queries.counts_for([published.meeting_id])[published.meeting_id].answered == 1
    assert queries.counts_for([]) == {}


def test_who_is_silent(published):
    answer(published, published.head, ACCEPTED)
    assert {one.name for one in queries.list_silent(published.meeting_id)} == {"王试三", "赵试四"}


def test_a_reply_of_a_real_client_can_be_read_for_what_we_sent(published):
    """The round trip that the mailbox will make: our UID and attendee come back as we sent them."""
    request = event_of(published.messages(published.deputy)[-1])
    reply = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n"
        f"UID:{request['UID']}\r\nDTSTAMP:20261111T000000Z\r\nSEQUENCE:{request['SEQUENCE']}\r\n"
        f"ATTENDEE;PARTSTAT=ACCEPTED:{request['ATTENDEE']}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    read = itip.parse_reply(reply.encode())
    assert (read.uid, read.attendee, read.partstat) == (
        db.session.get_one(Meeting, published.meeting_id).uid,
        "deputy@example.test",
        "ACCEPTED",
    )
