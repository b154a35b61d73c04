"""What an organizer does with meetings, on both engines."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from liaison_app.core import clock, events
from liaison_app.core.db import db, transaction
from liaison_app.core.errors import Stale
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.models import Mandate, MandateState, PostKind
from liaison_app.scheduling import queries, rules, services
from liaison_app.scheduling.errors import Conflict, NotAllowedNow, PlanRefused, ReasonMissing
from liaison_app.scheduling.events import MeetingPublished, MeetingRevised
from liaison_app.scheduling.kinds import MeetingState, PlaceKind, RoleCode
from liaison_app.scheduling.models import CalendarEntry, Meeting, Occupancy
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_room

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
START = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)


@pytest.fixture(autouse=True)
def _monday_morning():
    with clock.frozen(NOW):
        yield


class World:
    """A street with two rooms, a bureau with head and deputy head, and two deputies."""

    def __init__(self):
        with transaction():
            street = make_unit()
            bureau = make_unit("城市管理局", OrgKind.BUREAU)
            room, other_room = make_room(), make_room()
            head = make_official(bureau, "程建业")
            second = make_official(bureau, "罗振华", kind=PostKind.DEPUTY_HEAD, title="副局长")
            deputy, other_deputy = make_deputy("陈立新"), make_deputy("王素梅")
            self.unit, self.bureau = street.id, bureau.id
            self.room, self.other_room = room.id, other_room.id
            self.head, self.second = head.id, second.id
            self.deputy, self.other_deputy = deputy.id, other_deputy.id

    def plan(self, **given) -> MeetingPlan:
        usual = MeetingPlan(
            kind="face_bureau",
            title="供暖专场",
            starts_at=START,
            ends_at=START + TWO_HOURS,
            room_id=self.room,
            seats=((RoleCode.DEPUTY, 6), (RoleCode.CITIZEN, 4), (RoleCode.PROPERTY_REP, 2)),
            people=(
                PlannedPerson(self.head, RoleCode.BUREAU_HEAD, self.bureau, is_lead=True, title="局长"),
                PlannedPerson(self.deputy, RoleCode.DEPUTY),
            ),
        )
        return replace(usual, **given)

    def draft(self, **given) -> int:
        with transaction():
            return services.create_meeting(self.plan(**given), unit_id=self.unit, by=None).id

    def published(self, **given) -> int:
        id = self.draft(**given)
        with transaction():
            services.publish(id, version=1, by=None)
        return id


@pytest.fixture
def world(app) -> World:
    return World()


def live_rows() -> int:
    return db.session.query(Occupancy).filter(Occupancy.live).count()


def meeting(id: int) -> Meeting:
    db.session.rollback()
    return queries.get_meeting(id)


def test_a_draft_holds_its_room_and_everybody_at_once(world):
    world.draft()
    assert live_rows() == 3


def test_the_same_form_sent_twice_makes_one_meeting(world):
    with transaction():
        first = services.create_meeting(world.plan(), unit_id=world.unit, by=None, form_token="once").id
    with transaction():
        assert (
            services.create_meeting(world.plan(), unit_id=world.unit, by=None, form_token="once").id == first
        )


def test_a_refusal_names_the_blocker_with_its_time_and_place_and_writes_nothing(world):
    id = world.draft(title="消防培训")
    with pytest.raises(Conflict) as refusal:
        world.draft(starts_at=START + timedelta(hours=1), ends_at=START + timedelta(hours=3))
    blockers = refusal.value.blockers
    assert {blocker.meeting_id for blocker in blockers} == {id}
    assert {blocker.kind for blocker in blockers} == {"room", "person"}
    assert "消防培训" in str(refusal.value)
    assert "2026年11月20日（星期五）14:30–16:30" in str(refusal.value)
    db.session.rollback()
    assert db.session.query(Meeting).count() == 1
    assert live_rows() == 3


def test_one_busy_person_is_enough_to_refuse_the_whole_booking(world):
    world.draft()
    with pytest.raises(Conflict) as refusal:
        world.draft(
            room_id=world.other_room, people=(PlannedPerson(world.deputy, RoleCode.DEPUTY),), kind="reception"
        )
    assert [blocker.who for blocker in refusal.value.blockers] == ["陈立新"]
    db.session.rollback()
    assert live_rows() == 3


def test_a_meeting_may_begin_the_moment_another_ends(world):
    world.draft()
    world.draft(starts_at=START + TWO_HOURS, ends_at=START + TWO_HOURS * 2)
    assert live_rows() == 6


def test_cancelling_and_postponing_free_room_and_people_at_once(world):
    first = world.published()
    with transaction():
        services.postpone(first, reason="暴雪红色预警", version=2, by=None)
    second = world.draft()
    with transaction():
        services.cancel(second, reason="并到下周", version=1, by=None)
    world.draft()
    assert live_rows() == 3


def test_a_postponed_meeting_gets_a_new_time_under_the_same_uid_and_a_higher_sequence(world):
    id = world.published()
    uid = meeting(id).uid
    with transaction():
        services.postpone(id, reason="暴雪红色预警", version=2, by=None)
    assert meeting(id).sequence == 1
    later = START + timedelta(days=7)
    with transaction():
        services.revise(id, world.plan(starts_at=later, ends_at=later + TWO_HOURS), version=3, by=None)
    assert meeting(id).sequence == 1
    with transaction():
        services.publish(id, version=4, by=None)
    again = meeting(id)
    assert (again.uid, again.sequence, again.state) == (uid, 2, MeetingState.PUBLISHED)
    assert again.significant_sequence == 2


def test_moving_a_published_meeting_raises_the_sequence_and_a_change_of_words_does_not(world):
    told: list[MeetingRevised] = []
    events.on(MeetingRevised)(told.append)
    id = world.published()
    with transaction():
        services.revise(id, world.plan(about="暖气不够热"), version=2, by=None)
    assert (meeting(id).sequence, told[-1].is_significant) == (0, False)
    with transaction():
        services.revise(id, world.plan(about="暖气不够热", room_id=world.other_room), version=3, by=None)
    moved = meeting(id)
    assert (moved.sequence, moved.significant_sequence, told[-1].is_significant) == (1, 1, True)
    assert [change[0] for change in told[-1].changes] == ["place"]


def test_moving_takes_the_new_time_and_gives_the_old_one_back(world):
    id = world.published()
    with transaction():
        services.revise(
            id, world.plan(starts_at=START + TWO_HOURS, ends_at=START + TWO_HOURS * 2), version=2, by=None
        )
    world.draft()
    with pytest.raises(Conflict):
        world.draft(starts_at=START + TWO_HOURS, ends_at=START + TWO_HOURS * 2)


def test_a_move_onto_somebody_elses_time_changes_nothing(world):
    world.draft(starts_at=START + TWO_HOURS, ends_at=START + TWO_HOURS * 2)
    id = world.published()
    with pytest.raises(Conflict), transaction():
        services.revise(
            id, world.plan(starts_at=START + TWO_HOURS, ends_at=START + TWO_HOURS * 2), version=2, by=None
        )
    unmoved = meeting(id)
    assert (unmoved.starts_at, unmoved.sequence, unmoved.version) == (START, 0, 2)


def test_publishing_tells_those_above_in_the_same_transaction(world):
    told: list[MeetingPublished] = []
    events.on(MeetingPublished)(told.append)
    id = world.draft()
    with transaction():
        services.publish(id, version=1, by=None)
    assert told[-1].meeting_id == id
    assert db.session.get(CalendarEntry, id) is not None


def test_a_stale_form_changes_nothing(world):
    id = world.published()
    with pytest.raises(Stale), transaction():
        services.revise(id, world.plan(title="别的"), version=1, by=None)
    assert meeting(id).title == "供暖专场"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"ends_at": START}, "ends_at"),
        ({"ends_at": START - TWO_HOURS}, "ends_at"),
        ({"ends_at": START + timedelta(minutes=5)}, "ends_at"),
        ({"ends_at": START + timedelta(hours=13)}, "ends_at"),
        ({"starts_at": NOW - TWO_HOURS, "ends_at": NOW}, "starts_at"),
        (
            {"starts_at": NOW + timedelta(days=800), "ends_at": NOW + timedelta(days=800, hours=1)},
            "starts_at",
        ),
        ({"room_id": None}, "room_id"),
        ({"room_id": 999_999}, "room_id"),
        ({"place_kind": PlaceKind.OUTSIDE, "room_id": None}, "place_text"),
        ({"place_kind": PlaceKind.ONLINE, "place_text": "腾讯会议"}, "place_text"),
        ({"signup_closes_at": START + TWO_HOURS}, "signup_closes_at"),
        ({"seats": ((RoleCode.CITIZEN, -1),)}, "seats"),
        ({"kind": "party"}, "kind"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_beside_its_field(world, change, field):
    with pytest.raises(PlanRefused) as refusal:
        world.draft(**change)
    assert refusal.value.field == field
    assert str(refusal.value)
    db.session.rollback()
    assert db.session.query(Meeting).count() == 0


def test_a_deputy_head_comes_only_with_a_reason(world):
    stand_in = PlannedPerson(world.second, RoleCode.BUREAU_HEAD, world.bureau, stand_in_for_id=world.head)
    with pytest.raises(PlanRefused, match="请写原因"):
        world.draft(people=(stand_in,))
    world.draft(people=(replace(stand_in, stand_in_reason="局长在外地开会"),))


def test_somebody_from_another_house_cannot_sit_as_the_bureaus_head(world):
    with pytest.raises(PlanRefused, match="不在这个部门任职"):
        world.draft(people=(PlannedPerson(world.deputy, RoleCode.BUREAU_HEAD, world.bureau),))


def test_a_deputy_without_a_living_mandate_is_not_invited(world):
    with transaction():
        db.session.query(Mandate).filter_by(person_id=world.deputy).one().state = MandateState.SUSPENDED
    with pytest.raises(PlanRefused, match="陈立新的代表资格已经暂停或终止"):
        world.draft()


def test_a_meeting_with_a_bureau_is_not_published_without_one(world):
    id = world.draft(people=())
    with pytest.raises(PlanRefused, match="请先选主办部门"), transaction():
        services.publish(id, version=1, by=None)


def test_leave_frees_the_persons_time_and_coming_back_takes_it_again_if_it_is_free(world):
    id = world.published()
    one = next(p for p in meeting(id).participants if p.person_id == world.deputy).id
    with transaction():
        services.decline(one)
    other = world.draft(
        kind="reception", room_id=world.other_room, people=(PlannedPerson(world.deputy, RoleCode.DEPUTY),)
    )
    with pytest.raises(Conflict), transaction():
        services.rejoin(one)
    with transaction():
        services.cancel(other, reason="不开了", version=1, by=None)
    with transaction():
        services.rejoin(one)
    assert live_rows() == 3


def test_a_stand_in_takes_the_seat_and_the_time_and_the_head_is_free(world):
    id = world.published()
    one = next(p for p in meeting(id).participants if p.person_id == world.head).id
    with transaction():
        services.send_stand_in(one, world.second, "局长在外地开会")
    coming = [p.person_id for p in meeting(id).participants if p.is_expected]
    assert world.second in coming
    assert world.head not in coming
    assert not queries.find_blockers({rules.person_resource(world.head)}, START, START + TWO_HOURS)
    assert queries.find_blockers({rules.person_resource(world.second)}, START, START + TWO_HOURS)


def test_a_head_may_come_for_the_own_deputy_head_and_be_recalled_again(world):
    comes = PlannedPerson(
        world.second, RoleCode.BUREAU_HEAD, world.bureau, True, "副局长", world.head, "局长在外地开会"
    )
    id = world.published(people=(comes,))
    one = meeting(id).participants[0].id
    with transaction():
        services.send_stand_in(one, world.head, "局长回来了")
    assert [p.person_id for p in meeting(id).participants if p.is_expected] == [world.head]
    with transaction():
        services.recall_stand_in(one)
        services.rejoin(one)
    assert [p.person_id for p in meeting(id).participants if p.is_expected] == [world.second]
    assert not queries.find_blockers({rules.person_resource(world.head)}, START, START + TWO_HOURS)


def test_a_person_taken_off_the_list_is_free_and_the_others_stay(world):
    id = world.published()
    with transaction():
        services.revise(id, world.plan(people=world.plan().people[:1]), version=2, by=None)
    assert not queries.find_blockers({rules.person_resource(world.deputy)}, START, START + TWO_HOURS)
    assert meeting(id).sequence == 1
    assert meeting(id).significant_sequence == 0


@pytest.mark.parametrize("step", ["publish", "postpone", "cancel", "hold", "close"])
@pytest.mark.parametrize("state", list(MeetingState))
def test_each_step_works_from_the_states_of_the_table_and_from_no_other(world, step, state):
    id = world.draft()
    with transaction():
        db.session.get(Meeting, id).state = state
    after = NOW + timedelta(days=5) if step == "hold" else NOW
    reason = {"reason": "天气"} if step in rules.STEPS_FOR_REASON else {}
    verb = {"hold": services.hold_meeting, "close": services.close_meeting}.get(step) or getattr(
        services, step
    )
    expected = rules.next_state(step, state)
    with clock.frozen(after):
        if expected is None:
            with pytest.raises(NotAllowedNow), transaction():
                verb(id, version=1, by=None, **reason)
        else:
            with transaction():
                verb(id, version=1, by=None, **reason)
    assert meeting(id).state == (expected or state)


def test_postponing_without_a_reason_is_refused(world):
    id = world.published()
    with pytest.raises(ReasonMissing), transaction():
        services.postpone(id, reason="  ", version=2, by=None)
    assert meeting(id).state == MeetingState.PUBLISHED


def test_a_meeting_is_not_noted_as_held_before_it_began(world):
    id = world.published()
    with pytest.raises(NotAllowedNow), transaction():
        services.hold_meeting(id, version=2, by=None)


def test_suggested_times_are_free_and_are_accepted_by_the_booking(world):
    world.draft()
    wanted = {rules.room_resource(world.room), rules.person_resource(world.head)}
    spans = queries.suggest_times(wanted, START, START + TWO_HOURS, NOW, None)
    assert len(spans) == 3
    for start, end in spans:
        assert not queries.find_blockers(wanted, start, end)
    world.draft(starts_at=spans[0][0], ends_at=spans[0][1])
