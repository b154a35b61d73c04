"""The last seat is given once, whoever asks at the same moment; with the guard off it is given more often."""

import re
import threading
from collections import Counter
from datetime import timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, get, transaction
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups import queries
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.scheduling import make_meeting, make_pool
from tests.factories.signups import make_signup
from tests.factories.stations import make_room
from tests.parts.crowds import Call, Crowd
from tests.races.seekers import arrivals, arrive, arrive_of_firm, leave, take_offer, take_offer_unguarded

PEOPLE = 50


def given_pool(seats=1) -> tuple[int, int]:
    with transaction():
        pool = make_pool(seats=seats)
        return pool.meeting_id, pool.id


def given_small_room() -> tuple[int, list[int]]:
    """Add a meeting whose room holds 5, with two roles of 4 seats each."""
    with transaction():
        seats = {RoleCode.CITIZEN: 4, RoleCode.PROPERTY_REP: 4}
        meeting = make_meeting(room=make_room(capacity=5), seats=seats)
        return meeting.id, [pool.id for pool in meeting.pools]


def into_both(pools: list[int], *, guarded: bool = True) -> list[Call]:
    half = PEOPLE // 2
    return [
        *arrivals(pools[0], half, guarded=guarded),
        *arrivals(pools[1], half, first=PEOPLE, guarded=guarded),
    ]


def seats_taken(meeting_id: int) -> list[int]:
    return [pool.taken for pool in queries.list_seats(meeting_id)]


def check_last_seat(crowd: Crowd) -> None:
    meeting, pool = given_pool()
    assert Counter(crowd.rush(arrivals(pool, PEOPLE))) == {"confirmed": 1, "waiting": PEOPLE - 1}
    assert seats_taken(meeting) == [1]
    assert sorted(queries.queue_places(meeting).values()) == list(range(1, PEOPLE))


def check_small_room(crowd: Crowd) -> None:
    meeting, pools = given_small_room()
    assert Counter(crowd.rush(into_both(pools))) == {"confirmed": 5, "waiting": PEOPLE - 5}
    taken = seats_taken(meeting)
    assert sum(taken) == 5
    assert max(taken) <= 4


def test_fifty_people_want_the_last_seat(app, crowd):
    check_last_seat(crowd)


def test_without_the_guard_the_last_seat_is_given_more_than_once(app, crowd):
    meeting, pool = given_pool()
    endings = Counter(crowd.rush(arrivals(pool, PEOPLE, guarded=False)))
    assert endings["confirmed"] > 1
    assert seats_taken(meeting) == [endings["confirmed"]]


def test_two_roles_that_fill_up_at_once_never_exceed_the_room(app, crowd):
    check_small_room(crowd)


def test_without_the_guard_they_exceed_the_room(app, crowd):
    meeting, pools = given_small_room()
    crowd.rush(into_both(pools, guarded=False))
    assert sum(seats_taken(meeting)) > 5


def given_shared_seats() -> tuple[int, list[int]]:
    """Add a meeting past the hour from which its seats are shared out: two of citizens, three of firms."""
    with transaction():
        seats = {RoleCode.CITIZEN: 2, RoleCode.PROPERTY_REP: 3}
        starts_at = clock.now() + timedelta(hours=5)
        meeting = make_meeting(room=make_room(capacity=4), seats=seats, starts_at=starts_at, spill_hours=24)
        return meeting.id, [pool.id for pool in meeting.pools]


def test_seats_shared_out_among_roles_are_given_once_and_all_of_them(app, crowd):
    meeting, pools = given_shared_seats()
    assert Counter(crowd.rush(into_both(pools))) == {"confirmed": 4, "waiting": PEOPLE - 4}
    assert sum(seats_taken(meeting)) == 4
    assert all(taken <= seats for taken, seats in zip(seats_taken(meeting), (2, 3), strict=True))


def test_without_the_guard_shared_seats_are_given_more_than_once(app, crowd):
    meeting, pools = given_shared_seats()
    crowd.rush(into_both(pools, guarded=False))
    assert sum(seats_taken(meeting)) > 4


def given_offer() -> tuple[int, list[int]]:
    """Add a meeting near its start whose one seat is kept for the first who waits; return its pool and both."""
    with transaction():
        pool = make_pool(make_meeting(starts_at=clock.now() + timedelta(hours=40)), seats=1)
        first = make_signup(pool, offer_until=clock.now() + timedelta(minutes=1))
        second = make_signup(pool, SignUpState.WAITING)
        return pool.id, [first.id, second.id]


def accepted() -> int:
    return db.session.query(Entry).filter_by(action="signups:signup:accept").count()


def test_an_offer_taken_by_two_taps_at_once_is_taken_once_and_no_newcomer_gets_the_seat(app, crowd):
    pool, (first, second) = given_offer()
    endings = crowd.rush([(take_offer, first)] * 5 + arrivals(pool, 10))
    assert Counter(endings) == {"confirmed": 5, "waiting": 10}
    assert accepted() == 1
    assert get(SignUp, second).state == "waiting"


def test_without_the_guard_it_is_taken_more_than_once(app, crowd):
    _, (first, _) = given_offer()
    crowd.rush([(take_offer_unguarded, first)] * 10)
    assert accepted() > 1


def test_one_firm_never_passes_its_limit_however_many_sign_up_at_once(app, crowd):
    with transaction():
        pool = make_pool(make_meeting(firm_limit=2), RoleCode.PROPERTY_REP, 30).id
    rush = crowd.rush([(arrive_of_firm, pool, *one[2:4]) for one in arrivals(pool, PEOPLE)])
    assert Counter(rush) == {"confirmed": 2, "FirmFull": PEOPLE - 2}


def test_a_freed_seat_goes_to_who_waits_and_never_to_a_newcomer(app, crowd):
    with transaction():
        pool = make_pool(seats=1)
        first = make_signup(pool)
        waiting = [make_signup(pool, SignUpState.WAITING) for _ in range(2)]
        ids, pool_id = [one.id for one in (first, *waiting)], pool.id
    endings = crowd.rush([(leave, ids[0]), (leave, ids[0]), *arrivals(pool_id, 10)])
    assert Counter(endings) == {"withdrawn": 2, "waiting": 10}
    assert [get(SignUp, id).state for id in ids] == ["withdrawn", "confirmed", "waiting"]


def test_one_form_sent_many_times_at_once_makes_one_row(app, crowd):
    meeting, pool = given_pool(seats=5)
    call = (arrive, pool, "王桂枝", "13900000003", "one")
    assert crowd.rush([call] * 10) == ["confirmed"] * 10
    assert len(queries.list_roster(meeting)) == 1


def test_one_person_by_many_forms_at_once_holds_one_place(app, crowd):
    meeting, pool = given_pool(seats=5)
    calls = [(arrive, pool, "王桂枝", "13900000003", str(n)) for n in range(10)]
    assert Counter(crowd.rush(calls)) == {"confirmed": 1, "AlreadySignedUp": 9}
    assert seats_taken(meeting) == [1]


class Citizen:
    """Somebody with a browser of their own."""

    def __init__(self, base: str, code: str, number: int):
        self.address, self.number = f"{base}/m/{code}", number
        self.browser = build_opener(HTTPCookieProcessor(CookieJar()))
        self.page = self.browser.open(self.address, timeout=60).read().decode()

    def hand_in(self) -> str:
        """Send the form; return what stands on the page it leads to."""
        filled = {
            "name": f"群众{self.number}",
            "mobile": f"138{self.number:08}",
            "role": "citizen",
            "consent": "y",
            **{
                name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', self.page)[1]
                for name in ("csrf_token", "form_token")
            },
        }
        return self.browser.open(self.address, urlencode(filled).encode(), timeout=60).read().decode()


def test_fifty_people_press_the_button_at_once(gunicorn_server, app):
    with transaction():
        code = make_meeting(seats={RoleCode.CITIZEN: 1}).code
    citizens = [Citizen(gunicorn_server.url, code, number) for number in range(PEOPLE)]
    tickets: list[str] = []
    threads = [
        threading.Thread(target=lambda citizen=citizen: tickets.append(citizen.hand_in()))
        for citizen in citizens
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    places = sorted(int(found[1]) for ticket in tickets if (found := re.search("候补第 ([0-9]+) 位", ticket)))
    assert sum("有您的席位" in ticket for ticket in tickets) == 1
    assert places == list(range(1, PEOPLE))


@pytest.mark.storm
@pytest.mark.parametrize("number", range(20))
def test_the_last_seat_again_and_again(app, crowd, number):
    check_last_seat(crowd)


@pytest.mark.storm
@pytest.mark.parametrize("number", range(20))
def test_the_small_room_again_and_again(app, crowd, number):
    check_small_room(crowd)
