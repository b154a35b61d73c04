"""What a wished time does, and what its settling does."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.core.errors import Stale
from liaison_app.invitations import services as invitations
from liaison_app.invitations.errors import MeetingOff, MeetingWaits, NoLongerAsked, StaleAnswer
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.rules import Given
from liaison_app.messages.models import Channel, Message
from liaison_app.proposals import queries, services
from liaison_app.proposals.errors import (
    AlreadySettled,
    BadLength,
    NotPossible,
    OfferGone,
    SameTime,
    TimeOver,
    TooFar,
)
from liaison_app.proposals.kinds import Condition, Grade, ProposalState
from liaison_app.proposals.models import Proposal
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson, person_resource
from tests.factories.stations import make_room
from tests.invitations.conftest import NOON, STARTS
from tests.parts.calendars import lines_of_file
from tests.proposals.conftest import WISHED


def book(scene, *, room=None, people=(), starts_at=WISHED) -> Meeting:
    """Let another meeting of the same house take a room or people for two hours."""
    with transaction():
        plan = MeetingPlan(
            kind="forum", title="座谈会", starts_at=starts_at, ends_at=starts_at + timedelta(hours=2),
            place_kind="room" if room else "outside", room_id=room.id if room else None,
            place_text="" if room else "小学礼堂", people=tuple(PlannedPerson(one.id, RoleCode.DEPUTY) for one in people),
        )  # fmt: skip
        return scheduling.create_meeting(plan, unit_id=scene.host.id, by=None)


def accept(proposal: Proposal) -> None:
    with transaction():
        services.accept(proposal.id, version=proposal.meeting.version, by=None)


def decline(proposal: Proposal, reply: str = "", offers=None) -> Message:
    with transaction():
        chosen = queries.list_feasible(proposal) if offers is None else offers
        return services.decline(proposal.id, chosen, reply, by=None)


def told(message: Message):
    """Return (METHOD, the VEVENT) of a mail, read back from its bytes."""
    mail = message_from_bytes(message.raw, policy=policy.default)
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    raw = part.get_payload(decode=True)
    lines_of_file(raw)
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    assert part.get_param("method") == calendar["METHOD"]
    return str(calendar["METHOD"]), event


# --- the wish ------------------------------------------------------------------


def test_a_wish_waits_and_moves_nothing(published, wish):
    before = (published.meeting.starts_at, published.meeting.version, db.session.query(Message).count())
    proposal = wish()
    assert (proposal.state, proposal.comment, proposal.door) == (ProposalState.OPEN, "那天在外地", Door.LINK)
    assert (
        published.meeting.starts_at,
        published.meeting.version,
        db.session.query(Message).count(),
    ) == before
    assert published.invitation(published.head).answer == AnswerState.WAITING
    actions = db.session.scalars(select(Entry.action)).all()
    assert actions.count("proposals:proposal:make") == 1


def test_the_same_wish_twice_is_one_and_another_takes_its_place(published, wish):
    first = wish()
    assert wish().id == first.id
    second = wish(WISHED + timedelta(days=1))
    assert [one.id for one in queries.list_open(published.meeting_id)] == [second.id]
    assert db.session.get_one(Proposal, first.id).state == ProposalState.LAPSED


def test_the_database_keeps_one_person_from_two_open_wishes(published, wish):
    first = wish()
    with pytest.raises(IntegrityError), transaction():
        row = {c.key: getattr(first, c.key) for c in Proposal.__table__.columns if c.key != "id"}
        db.session.add(Proposal(**row))
        db.session.flush()


@pytest.mark.parametrize(
    ("span", "refusal"),
    [
        ((STARTS, STARTS + timedelta(hours=2)), SameTime),
        ((NOON - timedelta(hours=1), NOON + timedelta(hours=1)), TimeOver),
        ((NOON + timedelta(days=800), NOON + timedelta(days=800, hours=1)), TooFar),
        ((WISHED, WISHED), BadLength),
        ((WISHED, WISHED - timedelta(hours=1)), BadLength),
        ((WISHED, WISHED + timedelta(minutes=5)), BadLength),
        ((WISHED, WISHED + timedelta(hours=13)), BadLength),
    ],
)
def test_what_nobody_could_do_is_refused(published, span, refusal):
    invitation = published.invitation(published.head)
    with pytest.raises(refusal), transaction():
        services.propose(invitation.id, span, "", sequence=0, door=Door.LINK)


@pytest.mark.parametrize(("step", "refusal"), [("cancel", MeetingOff), ("postpone", MeetingWaits)])
def test_nobody_wishes_for_a_meeting_that_is_off(published, wish, step, refusal):
    open_wish = wish()
    published.step(step, reason="暴雪")
    assert db.session.get_one(Proposal, open_wish.id).state == ProposalState.LAPSED
    with pytest.raises(refusal):
        wish()


def test_who_is_taken_off_the_list_wishes_no_more(published, wish):
    published.revise(people=lambda people: people[:1])
    with pytest.raises(NoLongerAsked):
        wish(person=published.deputy)


def test_a_wish_to_the_old_time_is_refused_on_a_page_and_kept_from_a_calendar(published, wish):
    published.move(days=1)
    with pytest.raises(StaleAnswer):
        wish(sequence=0)
    kept = wish(sequence=0, door=Door.CALENDAR)
    assert kept.state == ProposalState.LAPSED


# --- whether it can be -----------------------------------------------------------


def test_a_free_time_can_be_as_asked_and_says_whom_it_touches(published, wish):
    with transaction():
        invitations.take_answer(
            published.invitation(published.deputy).id,
            Given(AnswerState.ACCEPTED),
            sequence=0,
            door=Door.PHONE,
        )
    verdict = queries.judge(wish())
    assert (verdict.grade, verdict.conditions, verdict.blockers) == (Grade.AS_ASKED, (), ())
    assert (verdict.asked_anew, verdict.had_accepted, verdict.signed_up) == (3, 1, 0)


@pytest.mark.parametrize("who", ["head", "deputy"])
def test_a_time_at_which_somebody_is_busy_cannot_be(published, wish, who):
    person = getattr(published, who)
    if who == "deputy":
        book(published, people=[person])
    else:
        with transaction():
            plan = MeetingPlan(
                kind="forum", title="别处", starts_at=WISHED, ends_at=WISHED + timedelta(hours=1), place_kind="outside",
                place_text="礼堂", people=(PlannedPerson(person.id, RoleCode.BUREAU_HEAD, published.bureau.id, True, "局长"),),
            )  # fmt: skip
            scheduling.create_meeting(plan, unit_id=published.host.id, by=None)
    proposal = wish()
    verdict = queries.judge(proposal)
    assert verdict.grade == Grade.NOT
    assert [one.who for one in verdict.blockers] == [person.name]
    with pytest.raises(NotPossible, match=person.name):
        accept(proposal)
    assert published.meeting.starts_at == STARTS


def test_a_taken_room_is_changed_for_another_that_holds_everybody(published, wish):
    with transaction():
        make_room(published.room.station, name="小屋", capacity=2)
        other = make_room(published.room.station, name="大厅", capacity=published.room.capacity)
    book(published, room=published.room)
    proposal = wish()
    verdict = queries.judge(proposal)
    assert (verdict.grade, verdict.conditions, verdict.room.id) == (
        Grade.IF,
        (Condition.OTHER_ROOM,),
        other.id,
    )
    accept(proposal)
    assert (published.meeting.room_id, published.meeting.starts_at) == (other.id, WISHED)


def test_a_taken_room_without_another_cannot_be(published, wish):
    book(published, room=published.room)
    assert queries.judge(wish()).grade == Grade.NOT


@pytest.mark.parametrize(
    ("start", "condition"),
    [
        (STARTS + timedelta(days=1), Condition.NO_WORKDAY),
        (WISHED + timedelta(hours=5), Condition.OFF_HOURS),
        (NOON + timedelta(days=1, hours=3), Condition.LATE_NOTICE),
    ],
)
def test_what_goes_with_a_time_is_said(published, wish, start, condition):
    verdict = queries.judge(wish(start))
    assert (verdict.grade, condition in verdict.conditions) == (Grade.IF, True)


def test_signing_up_ends_at_the_earlier_start(published, wish):
    published.revise(signup_closes_at=STARTS - timedelta(hours=1))
    proposal = wish(STARTS - timedelta(days=1))
    assert Condition.SIGNUP_ENDS in queries.judge(proposal).conditions
    accept(proposal)
    assert published.meeting.signup_closes_at == published.meeting.starts_at


# --- accepting -------------------------------------------------------------------


def test_accepting_moves_the_meeting_and_asks_everybody_anew_under_the_next_sequence(published, wish):
    proposal = wish()
    other = wish(WISHED + timedelta(days=2), person=published.deputy)
    accept(proposal)
    meeting = published.meeting
    assert (meeting.starts_at, meeting.sequence, meeting.significant_sequence) == (WISHED, 1, 1)
    assert db.session.get_one(Proposal, proposal.id).state == ProposalState.ACCEPTED
    assert db.session.get_one(Proposal, other.id).state == ProposalState.LAPSED
    for person in (published.head, published.deputy):
        method, event = told(published.messages(person)[-1])
        assert (method, event["SEQUENCE"], event["ATTENDEE"].params["PARTSTAT"]) == (
            "REQUEST",
            1,
            "NEEDS-ACTION",
        )
        assert event["DTSTART"].dt == WISHED
    assert published.messages(published.by_phone)[-1].channel == Channel.PHONE


def test_who_had_asked_leave_is_held_again_at_the_own_wished_time(published, wish):
    with transaction():
        given = Given(AnswerState.DECLINED, "那天在外地")
        invitations.take_answer(published.invitation(published.head).id, given, sequence=0, door=Door.LINK)
    accept(wish())
    held = db.session.scalars(
        select(Occupancy.starts_at).where(
            Occupancy.resource_id == person_resource(published.head.id), Occupancy.live
        )
    ).all()
    assert held == [WISHED]


def test_a_card_from_before_another_change_moves_nothing(published, wish):
    proposal = wish()
    version = published.meeting.version
    published.revise(title="供暖专场（二）")
    with pytest.raises(Stale), transaction():
        services.accept(proposal.id, version=version, by=None)
    published.move(days=1)
    with pytest.raises(AlreadySettled), transaction():
        services.accept(proposal.id, version=published.meeting.version, by=None)
    assert published.meeting.starts_at == STARTS + timedelta(days=1)


def test_a_wish_is_settled_once(published, wish):
    proposal = wish()
    accept(proposal)
    with pytest.raises(AlreadySettled):
        decline(proposal, offers=())
    with pytest.raises(AlreadySettled):
        accept(proposal)


# --- refusing --------------------------------------------------------------------


def test_a_refusal_goes_out_as_a_declinecounter_that_repeats_nothing_of_the_meeting(published, wish):
    message = decline(wish(), "那天全市开会。")
    method, event = told(message)
    assert (method, event["UID"], event["SEQUENCE"]) == ("DECLINECOUNTER", published.meeting.uid, 0)
    assert not {"ATTENDEE", "DTSTART", "DTEND", "SUMMARY", "LOCATION", "STATUS"} & set(event)
    assert not event.subcomponents
    assert "那天全市开会。" in event["COMMENT"]
    assert "ORGANIZER" in event
    assert published.meeting.starts_at == STARTS
    # An invitation that waits still goes out.
    assert published.messages(published.head)[-1].superseded_at is None


def test_the_times_that_go_with_a_refusal_are_free_workdays_in_office_hours(published, wish):
    book(published, people=[published.deputy])
    proposal = wish()
    offers = queries.list_feasible(proposal)
    assert 1 <= len(offers) <= 3
    for start, end in offers:
        other = Proposal(
            meeting=published.meeting, invitation=proposal.invitation, starts_at=start, ends_at=end,
            meeting_id=published.meeting_id,
        )  # fmt: skip
        assert queries.judge(other).grade == Grade.AS_ASKED
    message = decline(proposal)
    body = message.body
    assert "/propose" in body
    assert all(str(start.astimezone(WISHED.tzinfo).year) in body for start, _end in offers)


def test_only_times_that_are_free_when_it_is_sent_go_along(published, wish):
    proposal = wish()
    offers = queries.list_feasible(proposal)
    book(published, people=[published.deputy], starts_at=offers[0][0])
    decline(proposal, offers=[*offers, (NOON + timedelta(days=3), NOON + timedelta(days=3, hours=2))])
    kept = db.session.get_one(Proposal, proposal.id).offered_spans
    assert offers[0] not in kept
    assert set(kept) <= set(offers)


def test_who_has_no_address_is_told_by_telephone(published, wish):
    message = decline(wish(person=published.by_phone))
    assert message.channel == Channel.PHONE
    assert "时间不变" in message.body
    assert "/propose" in message.body


def test_an_offered_time_can_be_chosen_once_more_and_then_waits_for_the_host(published, wish):
    proposal = wish()
    decline(proposal)
    invitation = published.invitation(published.head)
    (first, *_others) = queries.list_offers(invitation.id, NOON)
    with transaction():
        chosen = services.take_offer(invitation.id, first[0].isoformat(), sequence=0, door=Door.LINK)
    assert (chosen.state, chosen.is_offered, chosen.starts_at) == (ProposalState.OPEN, True, first[0])
    assert published.meeting.starts_at == STARTS
    accept(chosen)
    assert published.meeting.starts_at == first[0]


@pytest.mark.parametrize("what", ["never offered", "moved since", "over"])
def test_what_is_not_offered_any_more_is_refused(published, wish, what):
    decline(wish())
    invitation = published.invitation(published.head)
    start = queries.list_offers(invitation.id, NOON)[0][0]
    if what == "never offered":
        start += timedelta(minutes=15)
    elif what == "moved since":
        published.move(hours=1)
    else:
        assert queries.list_offers(invitation.id, NOON + timedelta(days=60)) == []
        return
    with pytest.raises(OfferGone), transaction():
        services.take_offer(
            invitation.id, start.isoformat(), sequence=published.meeting.sequence, door=Door.LINK
        )
