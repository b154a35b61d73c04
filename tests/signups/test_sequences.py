"""Whatever people do one after the other, no seat is given twice and none stays empty while somebody waits for it."""

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liaison_app.core import clock
from liaison_app.core.db import get, transaction
from liaison_app.core.errors import LiaisonError
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.signups import queries, services
from liaison_app.signups.kinds import SignUpState
from tests.factories.people import make_deputy
from tests.factories.scheduling import make_meeting, make_participant
from tests.factories.signups import make_applicant
from tests.factories.stations import make_room

START = datetime(2026, 11, 10, tzinfo=UTC)
CAPACITY = 5
SEATS = {RoleCode.CITIZEN: 2, RoleCode.PROPERTY_REP: 2}
WAIT_PLACES = 3
# Enough people to fill the room before anything is tried.
CROWD = [("arrive", number % 2) for number in range(5)]

steps = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.integers(0, 1)),
        st.tuples(st.sampled_from(["leave", "come_back"]), st.integers(0, 7)),
        st.tuples(st.just("decline"), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=20,
)


class World:
    """A small room, two roles whose seats exceed it, and two deputies at the table."""

    def __init__(self):
        meeting = make_meeting(
            room=make_room(capacity=CAPACITY), seats=SEATS, starts_at=START + timedelta(days=9)
        )
        self.meeting_id, self.pools = meeting.id, [pool.id for pool in meeting.pools]
        for pool in meeting.pools:
            pool.wait_places = WAIT_PLACES
        self.deputies = [make_participant(meeting, make_deputy()).id for _ in range(2)]
        self.signups: list[int] = []

    def take(self, verb: str, number: int) -> None:
        if verb == "arrive":
            self.signups.append(services.sign_up(self.pools[number], make_applicant()).id)
        elif verb == "decline":
            scheduling.decline(self.deputies[number])
        elif self.signups:
            getattr(services, {"leave": "withdraw"}.get(verb, verb))(self.signups[number % len(self.signups)])

    def check(self) -> None:
        meeting = get(Meeting, self.meeting_id)
        pools = queries.list_seats(meeting.id)
        expected = sum(one.is_expected for one in meeting.participants)
        live = queries.list_live(self.meeting_id)
        confirmed = [one for one in live if one.state == SignUpState.CONFIRMED]
        assert len(confirmed) + expected <= CAPACITY
        for pool in pools:
            assert pool.taken == sum(one.pool_id == pool.pool_id for one in confirmed) <= pool.seats
            assert pool.waiting <= WAIT_PLACES
            assert not (pool.waiting and pool.openings), "a seat stays empty while somebody waits"
            places = [queries.find_place(one) for one in live if one.pool_id == pool.pool_id]
            assert sorted(filter(None, places)) == list(range(1, pool.waiting + 1))
        codes = [one.ticket_code for one in queries.list_roster(self.meeting_id)]
        assert len(set(codes)) == len(codes)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taken=steps)
def test_no_seat_is_given_twice_and_none_stays_empty(app, taken):
    with clock.frozen(START), transaction():
        world = World()
    for minute, step in enumerate([*CROWD, *taken]):
        with clock.frozen(START + timedelta(minutes=minute)):
            try:
                with transaction():
                    world.take(*step)
            except LiaisonError:
                continue
            world.check()
