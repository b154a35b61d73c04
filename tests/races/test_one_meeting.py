"""Several people work on one meeting at once: nothing is made twice, overwritten unseen, or answered too late."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from liaison_app.core import clock
from liaison_app.core.db import db, get, lock, transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.invitations import services as invitations
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.models import Invitation
from liaison_app.invitations.rules import Given
from liaison_app.scheduling import services
from liaison_app.scheduling.kinds import PlaceKind, RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy
from tests.parts.crowds import Call, Crowd

ORGANIZERS = 12


@pytest.fixture
def plan(app) -> MeetingPlan:
    """A meeting outside, with one deputy."""
    with transaction():
        deputy = make_deputy().id
    return plan_for(deputy, 1)


def plan_for(deputy: int, days: int) -> MeetingPlan:
    starts_at = clock.now() + timedelta(days=days)
    return MeetingPlan(
        kind="reception",
        title="接待选民日",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        place_kind=PlaceKind.OUTSIDE,
        place_text="曙光小学 多功能厅",
        people=(PlannedPerson(deputy, RoleCode.DEPUTY),),
    )


def add_unit() -> int:
    with transaction():
        return make_unit().id


def send(plan: MeetingPlan, unit_id: int, form_token: str | None) -> int:
    with transaction():
        return services.create_meeting(plan, unit_id=unit_id, by=None, form_token=form_token).id


def revise(meeting_id: int, title: str, version: int | None) -> str:
    """Change the title; a form without `version` overwrites whatever there is."""
    try:
        with transaction():
            plan = replace(services.as_plan(get(Meeting, meeting_id)), title=title)
            version = version or lock(Meeting, meeting_id).version
            services.revise(meeting_id, plan, version=version, by=None)
    except LiaisonError as refusal:
        return type(refusal).__name__
    return "done"


def move(meeting_id: int, hours: int) -> str:
    with transaction():
        meeting = get(Meeting, meeting_id)
        plan = services.as_plan(meeting)
        later = timedelta(hours=hours)
        plan = replace(plan, starts_at=plan.starts_at + later, ends_at=plan.ends_at + later)
        services.revise(meeting_id, plan, version=meeting.version, by=None)
    return "moved"


def accept(invitation_id: int, sequence: int) -> str:
    try:
        with transaction():
            given = Given(AnswerState.ACCEPTED)
            invitations.take_answer(invitation_id, given, sequence=sequence, door=Door.LINK)
    except LiaisonError as refusal:
        return type(refusal).__name__
    return "accepted"


def test_one_form_sent_many_times_at_once_makes_one_meeting(crowd: Crowd, plan):
    unit = add_unit()
    assert len(set(crowd.rush([(send, plan, unit, "one form")] * ORGANIZERS))) == 1
    assert db.session.query(Meeting).count() == 1


def test_without_its_token_the_form_makes_as_many_as_are_sent(crowd: Crowd, plan):
    unit = add_unit()
    crowd.rush([(send, replace(plan, people=()), unit, None)] * ORGANIZERS)
    assert db.session.query(Meeting).count() == ORGANIZERS


def test_of_many_who_change_one_version_the_first_does_and_the_others_are_told(crowd: Crowd, plan):
    meeting = send(plan, add_unit(), None)
    calls: list[Call] = [(revise, meeting, f"{n} 号改的", 1) for n in range(ORGANIZERS)]
    outcomes = crowd.rush(calls)
    assert Counter(outcomes) == {"done": 1, "Stale": ORGANIZERS - 1}
    changed = get(Meeting, meeting)
    assert (changed.version, changed.title) == (2, f"{outcomes.index('done')} 号改的")


def test_without_its_version_each_overwrites_the_other(crowd: Crowd, plan):
    meeting = send(plan, add_unit(), None)
    calls: list[Call] = [(revise, meeting, f"{n} 号改的", None) for n in range(ORGANIZERS)]
    assert Counter(crowd.rush(calls)) == {"done": ORGANIZERS}


def test_an_answer_that_meets_a_move_is_to_the_new_time_or_none(crowd: Crowd, app):
    unit = add_unit()
    with transaction():
        deputies = [make_deputy().id for _ in range(10)]
    calls: list[Call] = []
    for n, deputy in enumerate(deputies):
        meeting = send(plan_for(deputy, n + 1), unit, None)
        with transaction():
            services.publish(meeting, version=1, by=None)
        invitation = db.session.query(Invitation).filter_by(meeting_id=meeting).one().id
        db.session.rollback()
        calls += [(accept, invitation, 0), (move, meeting, 3)]
    outcomes = Counter(crowd.rush(calls))
    assert outcomes["moved"] == len(deputies)
    assert outcomes["accepted"] + outcomes["StaleAnswer"] == len(deputies)
    for invitation in db.session.query(Invitation):
        assert invitation.meeting.significant_sequence == 1
        assert invitation.answer == AnswerState.WAITING
