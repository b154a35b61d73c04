"""Whatever people do in whatever order: what is booked and who has a seat stays right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from liaison_app.core import clock
from liaison_app.core.db import db, get, transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.invitations import services as invitations
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.models import Invitation
from liaison_app.invitations.rules import Given
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.models import PostKind
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import Conflict
from liaison_app.scheduling.kinds import MeetingState, PlaceKind, RoleCode
from liaison_app.scheduling.models import Meeting, Participant, Pool
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.signups import queries as seats
from liaison_app.signups import services as signups
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from liaison_app.signups.rules import Applicant
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_room
from tests.parts.databases import Database
from tests.parts.ledgers import GUARD_OFF, count_overlaps, live_rows, owed_rows

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
CAPACITIES = (3, 5, 30)
HEAD, DEPUTY_HEAD, DEPUTIES = 0, 1, (2, 3, 4)

places = st.sampled_from([0, 1, 2, None])
spans = st.tuples(st.integers(1, 2), st.sampled_from([1.0, 1.5, 2.0, 3.0]), st.sampled_from([0.5, 1.0, 2.0]))
tables = st.sets(st.integers(0, 4), max_size=3)
seat_numbers = st.fixed_dictionaries(
    {RoleCode.CITIZEN: st.integers(0, 3)},
    optional={RoleCode.PROPERTY_REP: st.integers(0, 2), RoleCode.DEPUTY: st.integers(0, 2)},
)
limits = st.sampled_from([None, None, 2, 4])
answers = st.sampled_from([AnswerState.ACCEPTED, AnswerState.DECLINED, AnswerState.DELEGATED])


class Bookings(RuleBasedStateMachine):
    """Three rooms, five people, two days; organizers, invited people and citizens."""

    meetings = Bundle("meetings")
    taken = Bundle("taken")

    def __init__(self, database: Database, *spoilt: str):
        super().__init__()
        database.empty()
        database.spoil(*spoilt)
        self.world = ExitStack()
        self.world.enter_context(clock.frozen(NOW))
        self.world.enter_context(database.app.app_context())
        with transaction():
            bureau = make_unit("城市管理局", OrgKind.BUREAU)
            people = [
                make_official(bureau, "程建业"),
                make_official(bureau, "罗振华", kind=PostKind.DEPUTY_HEAD, title="副局长"),
                *(make_deputy() for _ in DEPUTIES),
            ]
            self.unit, self.bureau = make_unit().id, bureau.id
            self.rooms = [make_room(capacity=capacity).id for capacity in CAPACITIES]
            self.people = [person.id for person in people]
        self.uids: dict[int, str] = {}
        self.sequences: dict[int, int] = {}
        self.seated: set[int] = set()

    def teardown(self) -> None:
        self.world.close()

    @initialize(
        target=meetings, numbers=seat_numbers, place=st.sampled_from([0, 1]), comers=st.integers(3, 6)
    )
    def begin_with_a_full_meeting(self, numbers, place, comers):
        made = self.create(place, (1, 1.0, 2.0), {HEAD, 2}, {RoleCode.CITIZEN: 2, **numbers}, None, True)
        for who in range(comers):
            self.sign_up(made, who, who)
        return made

    # --- what organizers do ---

    @rule(
        target=meetings, place=places, span=spans, table=tables, numbers=seat_numbers, limit=limits,
        and_publish=st.booleans(),
    )  # fmt: skip
    def create(self, place, span, table, numbers, limit, and_publish):
        plan = self.placed(
            MeetingPlan("reception", "接待选民日", NOW, NOW, seats=tuple(numbers.items()), seat_limit=limit),
            place,
            span,
        )
        plan = replace(plan, people=self.seated_at(table))
        made = self.attempt(lambda: scheduling.create_meeting(plan, unit_id=self.unit, by=None).id)
        if made is None:
            return multiple()
        if and_publish:
            self.publish(made)
        return made

    @rule(meeting=meetings, place=places, span=spans)
    def move(self, meeting, place, span):
        self.revise(meeting, lambda plan: self.placed(plan, place, span))

    @rule(meeting=meetings, table=tables)
    def set_people(self, meeting, table):
        self.revise(meeting, lambda plan: replace(plan, people=self.seated_at(table)))

    @rule(meeting=meetings, numbers=seat_numbers, limit=limits)
    def set_seats(self, meeting, numbers, limit):
        self.revise(meeting, lambda plan: replace(plan, seats=tuple(numbers.items()), seat_limit=limit))

    @rule(meeting=meetings)
    def publish(self, meeting):
        self.attempt(lambda: scheduling.publish(meeting, version=self.version(meeting), by=None))

    @rule(meeting=meetings)
    def postpone(self, meeting):
        self.attempt(
            lambda: scheduling.postpone(meeting, reason="暴雪", version=self.version(meeting), by=None)
        )

    @rule(meeting=meetings)
    def cancel(self, meeting):
        self.attempt(
            lambda: scheduling.cancel(meeting, reason="不开了", version=self.version(meeting), by=None)
        )

    @rule(meeting=meetings, and_close=st.booleans())
    def hold(self, meeting, and_close):
        with clock.frozen(NOW + timedelta(days=3)):
            self.attempt(lambda: scheduling.hold_meeting(meeting, version=self.version(meeting), by=None))
            if and_close:
                self.attempt(
                    lambda: scheduling.close_meeting(meeting, version=self.version(meeting), by=None)
                )

    # --- what invited people do ---

    @rule(meeting=meetings, place=st.integers(0, 4))
    def decline(self, meeting, place):
        self.answer(meeting, place, scheduling.decline)

    @rule(meeting=meetings, place=st.integers(0, 4))
    def rejoin(self, meeting, place):
        self.answer(meeting, place, scheduling.rejoin)

    @rule(meeting=meetings, place=st.integers(0, 4), person=st.sampled_from([HEAD, DEPUTY_HEAD]))
    def send_stand_in(self, meeting, place, person):
        self.answer(
            meeting, place, lambda id: scheduling.send_stand_in(id, self.people[person], "在外地开会").id
        )

    @rule(
        meeting=meetings, place=st.integers(0, 4), answer=answers, person=st.sampled_from([HEAD, DEPUTY_HEAD])
    )
    def answer_by_link(self, meeting, place, answer, person):
        """The same by the personal link, which takes a stand-in off again where somebody else comes."""

        def step(participant_id: int) -> None:
            invitation = db.session.query(Invitation).filter_by(participant_id=participant_id).one_or_none()
            if invitation is not None:
                sent = self.people[person] if answer == AnswerState.DELEGATED else None
                given = Given(answer, "在外地开会", sent)
                invitations.take_answer(
                    invitation.id, given, sequence=invitation.meeting.sequence, door=Door.LINK
                )

        self.answer(meeting, place, step)

    # --- what citizens do ---

    @rule(target=taken, meeting=meetings, role=st.integers(0, 2), who=st.integers(0, 9))
    def sign_up(self, meeting, role, who):
        pools = db.session.scalars(db.select(Pool.id).where(Pool.meeting_id == meeting)).all()
        if not pools:
            return multiple()
        applicant = Applicant(name=f"群众{who}", mobile=f"1380000000{who // 2}")
        got = self.attempt(lambda: signups.sign_up(pools[role % len(pools)], applicant).id)
        return multiple() if got is None else got

    @rule(one=taken)
    def withdraw(self, one):
        if self.attempt(lambda: signups.withdraw(one).id):
            self.seated.discard(one)

    @rule(one=taken)
    def come_back(self, one):
        self.attempt(lambda: signups.come_back(one).id)

    # --- what holds after every step ---

    @invariant()
    def nobody_and_no_room_is_booked_twice(self):
        assert count_overlaps() == 0

    @invariant()
    def the_ledger_holds_what_meetings_need_and_nothing_else(self):
        assert live_rows() == owed_rows()

    @invariant()
    def seats_go_to_who_waits_first_and_never_beyond_the_room(self):
        now_seated: set[int] = set()
        for meeting in db.session.query(Meeting).all():
            now_seated |= self.check_seats(meeting)
        # A seat that somebody has is taken back by nobody else.
        assert self.seated <= now_seated
        self.seated = now_seated

    @invariant()
    def a_uid_is_for_life_and_the_sequence_never_falls(self):
        for meeting in db.session.query(Meeting).all():
            assert meeting.uid == self.uids.setdefault(meeting.id, meeting.uid)
            assert self.sequences.get(meeting.id, 0) <= meeting.sequence
            assert meeting.significant_sequence <= meeting.sequence
            self.sequences[meeting.id] = meeting.sequence
        db.session.rollback()

    def check_seats(self, meeting: Meeting) -> set[int]:
        found = (
            db.session.query(SignUp).filter_by(meeting_id=meeting.id).order_by(SignUp.signed_up_at, SignUp.id)
        )
        confirmed = [one for one in found if one.state == SignUpState.CONFIRMED]
        waiting = [one for one in found if one.state == SignUpState.WAITING]
        table = Counter(
            one.role
            for one in db.session.query(Participant).filter_by(meeting_id=meeting.id)
            if one.is_expected
        )
        taken = table + Counter(one.pool.role for one in confirmed)
        limits = [meeting.seat_limit, meeting.room.capacity if meeting.room else None]
        room = min((limit for limit in limits if limit is not None), default=999) - taken.total()

        # Fewer seats or a smaller room take nobody's seat away, but nobody is given one then.
        fresh = {one.pool.role: one.pool for one in confirmed if one.id not in self.seated}
        assert not fresh or room >= 0
        for role, pool in fresh.items():
            assert taken[role] <= pool.seats

        for pool in {one.pool for one in waiting}:
            places = [seats.find_place(one) for one in waiting if one.pool is pool]
            assert places == list(range(1, len(places) + 1))
            if meeting.state == MeetingState.PUBLISHED:
                assert room <= 0 or taken[pool.role] >= pool.seats
        return {one.id for one in confirmed}

    # --- how a step is taken ---

    def attempt(self, step: Callable[[], Any]) -> Any:
        """Take a step in a transaction of its own; None where it was refused, which must be for a reason."""
        try:
            with transaction():
                return step()
        except Conflict as refusal:
            held = live_rows()
            for blocker in refusal.blockers:
                assert any(
                    (row[0], row[2], row[3]) == (blocker.meeting_id, blocker.starts_at, blocker.ends_at)
                    for row in held
                )
            assert str(refusal)
        except LiaisonError as refusal:
            assert str(refusal)
        return None

    def revise(self, meeting: int, change: Callable[[MeetingPlan], MeetingPlan]) -> None:
        def step() -> None:
            plan = change(scheduling.as_plan(get(Meeting, meeting)))
            scheduling.revise(meeting, plan, version=self.version(meeting), by=None)

        self.attempt(step)

    def answer(self, meeting: int, place: int, step: Callable[[int], Any]) -> None:
        invited = db.session.scalars(
            db.select(Participant.id).where(Participant.meeting_id == meeting).order_by(Participant.id)
        ).all()
        if invited:
            self.attempt(lambda: step(invited[place % len(invited)]))

    def version(self, meeting: int) -> int:
        return get(Meeting, meeting).version

    def placed(self, plan: MeetingPlan, place: int | None, span: tuple[int, float, float]) -> MeetingPlan:
        day, hour, length = span
        starts_at = NOW + timedelta(days=day, hours=hour)
        return replace(
            plan,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=length),
            place_kind=PlaceKind.OUTSIDE if place is None else PlaceKind.ROOM,
            place_text="" if place is not None else "曙光小学 多功能厅",
            station_id=None,
            room_id=None if place is None else self.rooms[place],
        )

    def seated_at(self, table: set[int]) -> tuple[PlannedPerson, ...]:
        return tuple(
            PlannedPerson(self.people[one], RoleCode.DEPUTY)
            if one in DEPUTIES
            else PlannedPerson(
                self.people[one], RoleCode.BUREAU_HEAD, self.bureau, stand_in_reason="局长在外地"
            )
            for one in sorted(table)
        )


def run(machine: Callable[[], Bookings], examples: int, steps: int, profile: str, *phases: Phase) -> None:
    chosen = settings(
        settings.get_profile(profile), max_examples=examples, stateful_step_count=steps, phases=phases
    )
    run_state_machine_as_test(machine, settings=chosen)


# Without the phase that explains a failure: it takes minutes where each step commits.
USUAL = (Phase.explicit, Phase.generate, Phase.shrink)


def test_nothing_that_people_do_in_any_order_breaks_the_ledger_or_the_seats(database: Database):
    run(lambda: Bookings(database), 25, 30, "suite", *USUAL)


def test_without_the_guard_the_same_steps_book_double(database: Database, spoil):
    with pytest.raises(AssertionError, match="count_overlaps"):
        run(lambda: Bookings(database, *GUARD_OFF[database.engine]), 25, 30, "suite", Phase.generate)


@pytest.mark.storm
def test_nor_does_anything_they_do_for_long(database: Database):
    run(lambda: Bookings(database), 80, 60, "storm", *USUAL)
