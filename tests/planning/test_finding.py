"""Every time that is offered can be booked; where there is none, each way out that is named works; a day as a timeline."""

import random
import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.calendars import services as calendars
from liaison_app.calendars.reading import Busy, Reading
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.text import from_local, local, parse_time
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.models import PostKind
from liaison_app.planning import lanes, queries, solver
from liaison_app.planning.solver import Bureau, Part, Quality, Relaxation, Wish
from liaison_app.scheduling import rules as meetings
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.errors import Conflict
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_membership, make_room, make_station

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def span(day: date, begins: str, ends: str):
    return from_local(day, parse_time(begins)), from_local(day, parse_time(ends))


def wish(**given) -> Wish:
    usual = {
        "minutes": 120,
        "days": (MONDAY,),
        "not_before": NOW,
        "rooms": (1,),
        "bureaus": (Bureau(5, head=10, seconds=(11,)),),
        "deputies": (20, 21, 22),
        "needed": 2,
    }
    return Wish(**{**usual, **given})


# --- pure ---------------------------------------------------------------------


def test_a_free_day_offers_every_half_hour_of_office_time():
    offers = solver.find(wish(), {})
    assert [f"{local(one.starts_at):%H:%M}" for one in offers] == [
        "08:30", "09:00", "09:30", "10:00", "14:30", "15:00", "15:30", "16:00",
    ]  # fmt: skip
    assert {one.deputies for one in offers} == {(20, 21, 22)}


def test_touching_ends_do_not_stand_in_the_way():
    held = {10: [span(MONDAY, "8:30", "10:00"), span(MONDAY, "12:00", "15:00")]}
    offers = solver.find(wish(), held)
    assert [f"{local(one.starts_at):%H:%M}" for one in offers] == ["10:00", "15:00", "15:30", "16:00"]


def test_a_deputy_head_comes_only_where_that_is_allowed():
    held = {10: [span(MONDAY, "0:00", "23:00")]}
    assert solver.find(wish(), held) == []
    offers = solver.find(wish(with_seconds=True), held)
    assert {(one.comes, one.seconds) for one in offers} == {(((5, 11),), 1)}


def test_nobody_comes_for_two_bureaus_or_counts_twice():
    both = (Bureau(5, head=10), Bureau(6, head=10))
    assert solver.find(wish(bureaus=both), {}) == []
    offers = solver.find(wish(deputies=(10, 20), needed=1), {})
    assert {one.deputies for one in offers} == {(20,)}
    assert solver.find(wish(deputies=(10, 20), needed=2), {}) == []


def test_the_best_come_first_and_none_overlaps_a_better_one():
    held = {20: [span(MONDAY, "8:00", "12:00")]}
    best = solver.ranked(solver.find(wish(), held), limit=5)
    assert [f"{local(one.starts_at):%H:%M}" for one in best] == ["14:30", "08:30"]


def test_a_day_is_good_fair_or_poor():
    days = tuple(MONDAY + timedelta(days=n) for n in range(3))
    held = {
        20: [span(days[1], "0:00", "23:00")],
        10: [span(days[2], "0:00", "23:00")],
    }
    asked = wish(days=days)
    assert list(solver.qualities(asked, solver.find(asked, held)).values()) == [
        Quality.GOOD,
        Quality.FAIR,
        Quality.POOR,
    ]


def test_what_stands_in_the_way_at_one_time_is_named():
    held = {
        1: [span(MONDAY, "9:00", "10:00")],
        10: [span(MONDAY, "9:00", "10:00")],
        21: [span(MONDAY, "9:00", "10:00")],
    }
    assert solver.blockers(wish(), held, span(MONDAY, "9:30", "11:30")) == {
        "rooms": [1],
        "heads": [10],
        "deputies": [21],
    }


def random_world(chance: random.Random):
    """Return a wish and a ledger that hardly has room for it."""
    days = tuple(MONDAY + timedelta(days=n) for n in range(chance.randint(1, 3)))
    resources = [1, 2, 10, 11, 12, 13, 20, 21, 22, 23]
    held = {}
    for resource in resources:
        spans, at = [], from_local(days[0], time(8))
        while at < from_local(days[-1], time(21)):
            at += timedelta(minutes=15 * chance.randint(1, 16))
            ends = at + timedelta(minutes=15 * chance.randint(8, 60))
            spans.append((at, ends))
            at = ends
        held[resource] = spans
    asked = wish(
        days=days,
        rooms=(1,),
        minutes=chance.choice([60, 90, 120, 180]),
        bureaus=(Bureau(5, 10, (11,)), Bureau(6, 12, (13,))),
        deputies=(20, 21, 22, 23),
        needed=chance.randint(1, 4),
        part=chance.choice(list(Part)),
    )
    return asked, held


@pytest.mark.parametrize("seed", range(300))
def test_each_single_relaxation_that_is_offered_finds_a_time_and_changes_one_thing(seed):
    chance = random.Random(seed)
    asked, held = random_world(chance)
    more_days = tuple(MONDAY + timedelta(days=n) for n in range(30))
    ways = solver.relaxations(asked, held, more_rooms=[1, 2], more_days=more_days)
    if not solver.find(asked, held):
        assert ways, "beyond the ledger every day is free"
    for what, other in ways:
        assert solver.find(other, held)
        changed = {name for name in vars(asked) if getattr(asked, name) != getattr(other, name)}
        assert (
            changed
            == {
                Relaxation.SECONDS: {"with_seconds"},
                Relaxation.FEWER: {"needed"},
                Relaxation.ROOMS: {"rooms"},
                Relaxation.SHORTER: {"minutes"},
                Relaxation.HOURS: {"part"},
                Relaxation.DAYS: {"days"},
            }[what]
        )


@pytest.mark.parametrize("seed", range(50))
def test_a_look_by_halves_says_what_looking_at_all_spans_says(seed):
    asked, held = random_world(random.Random(seed))
    for resource, spans in held.items():
        for hour in range(7, 21):
            looked = (
                from_local(MONDAY, time(hour)),
                from_local(MONDAY, time(hour)) + timedelta(minutes=asked.minutes),
            )
            free = not any(meetings.overlaps(looked, one) for one in spans)
            assert solver.is_free(held, resource, looked) is free


# --- against the ledger ---------------------------------------------------------


class Town:
    """Two stations of three rooms, three bureaus of two people, eight deputies, and meetings all over three days."""

    def __init__(self, seed: int):
        chance = random.Random(seed)
        with transaction():
            street = make_unit(f"街道{seed}")
            self.unit = street.id
            places = [make_station(f"站{seed}-{n}", parent=street) for n in range(2)]
            self.rooms = [
                make_room(place, name=f"房{n}").id
                for n, place in enumerate([places[0], places[0], places[1]])
            ]
            self.bureaus = []
            for n in range(3):
                unit = make_unit(f"局{seed}-{n}", OrgKind.BUREAU)
                head = make_official(unit, f"局长{n}").id
                second = make_official(unit, f"副局{n}", kind=PostKind.DEPUTY_HEAD, title="副局长").id
                self.bureaus.append((unit.id, head, second))
            self.deputies = [make_deputy(f"代表{n}").id for n in range(8)]
        for n in range(40):
            self._try_to_book(chance, n)

    def _try_to_book(self, chance: random.Random, n: int) -> None:
        starts_at = from_local(MONDAY, time(8)) + timedelta(
            days=chance.randint(0, 2), minutes=15 * chance.randint(0, 40)
        )
        unit_id, head, _second = chance.choice(self.bureaus)
        people = [PlannedPerson(head, RoleCode.BUREAU_HEAD, unit_id)] if chance.random() < 0.5 else []
        people += [
            PlannedPerson(one, RoleCode.DEPUTY) for one in chance.sample(self.deputies, chance.randint(0, 4))
        ]
        plan = MeetingPlan(
            kind="forum",
            title=f"会{n}",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=15 * chance.randint(2, 10)),
            room_id=chance.choice(self.rooms),
            people=tuple(people),
        )
        try:
            with transaction():
                scheduling.create_meeting(plan, unit_id=self.unit, by=None)
        except Conflict:
            pass


@pytest.mark.parametrize("seed", range(6))
def test_every_time_that_is_offered_is_taken_by_the_booking(app, seed):
    with clock.frozen(NOW):
        town = Town(seed)
        chance = random.Random(seed)
        bureaus = tuple(
            Bureau(unit_id, meetings.person_resource(head), (meetings.person_resource(second),))
            for unit_id, head, second in chance.sample(town.bureaus, 2)
        )
        asked = Wish(
            minutes=chance.choice([60, 90, 120]),
            days=tuple(MONDAY + timedelta(days=n) for n in range(3)),
            not_before=NOW,
            part=Part.WHOLE,
            rooms=tuple(meetings.room_resource(one) for one in town.rooms),
            bureaus=bureaus,
            with_seconds=True,
            deputies=tuple(meetings.person_resource(one) for one in town.deputies),
            needed=2,
        )
        wanted = {*asked.rooms, *asked.deputies, *(one for b in bureaus for one in (b.head, *b.seconds))}
        held = queries.held_between(
            wanted, from_local(MONDAY, time(0)), from_local(MONDAY, time(0)) + timedelta(days=4)
        )
        offers = solver.find(asked, held)
        assert offers
        for offer in offers:
            plan = _plan(town, offer)
            with transaction():
                meeting = scheduling.create_meeting(plan, unit_id=town.unit, by=None)
                scheduling.cancel(meeting.id, version=meeting.version, by=None)


def _plan(town: Town, offer) -> MeetingPlan:
    def person(number: int) -> int:
        return meetings.resource_parts(number)[1]

    heads = {head for _unit_id, head, _second in town.bureaus}
    return MeetingPlan(
        kind="forum",
        title="找来的时间",
        starts_at=offer.starts_at,
        ends_at=offer.ends_at,
        room_id=meetings.resource_parts(offer.room)[1],
        people=(
            *(
                PlannedPerson(
                    person(one),
                    RoleCode.BUREAU_HEAD,
                    unit_id,
                    stand_in_reason="" if person(one) in heads else "另有会议",
                )
                for unit_id, one in offer.comes
            ),
            *(PlannedPerson(person(one), RoleCode.DEPUTY) for one in offer.deputies),
        ),
    )


# --- pages --------------------------------------------------------------------


@pytest.fixture
def world(app, client):
    with clock.frozen(NOW):
        with transaction():
            street = make_unit("济源路街道人大工委")
            station = make_station("中安街人大代表联络站", parent=street)
            room = make_room(station, name="二楼接待室", capacity=24)
            bureau = make_unit("城市管理局", OrgKind.BUREAU)
            head = make_official(bureau, "程建业")
            second = make_official(bureau, "何副局", kind=PostKind.DEPUTY_HEAD, title="副局长")
            deputies = [make_deputy(name) for name in ("陈立新", "王素梅")]
            for one in deputies:
                make_membership(station, one)
            elsewhere = make_unit("别的街道")
            clerk = make_account(Role.STREET, street)
            ids = {
                "station": station.id, "room": room.id, "bureau": bureau.id, "head": head.id, "second": second.id,
                "deputy": deputies[0].id, "unit": street.id, "elsewhere": elsewhere.id,
            }  # fmt: skip
        yield sign_in(client, clerk), ids


def book(ids, *, unit: str = "unit", title: str = "专场", day: date = MONDAY, people=(), room: bool = True):
    starts_at = from_local(day, parse_time("9:00"))
    with transaction():
        place = {"room_id": ids["room"]} if room else {"place_kind": "outside", "place_text": "学校"}
        plan = MeetingPlan(
            kind="forum",
            title=title,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            people=people,
            **place,
        )
        scheduling.create_meeting(plan, unit_id=ids[unit], by=None)


def asked(ids, **given) -> str:
    usual = {
        "bureaus": ids["bureau"], "station": 0, "group": ids["station"], "needed": 2, "minutes": 120,
        "part": "morning", "first_day": "2026-11-23", "last_day": "2026-11-24",
    }  # fmt: skip
    return "&".join(f"{name}={value}" for name, value in {**usual, **given}.items())


def test_a_time_that_is_found_leads_into_the_editor_with_everything_filled_in(world):
    browser, ids = world
    page = browser.get(f"/find-time?{asked(ids)}").text
    assert "程建业" in page
    assert "代表 2/2 有空" in page
    url = re.search(r'href="(/meetings/new\?[^"]+)"', page)[1].replace("&amp;", "&")
    editor = browser.get(url).text
    [chosen] = re.findall(rf'<option[^>]*value="{ids["bureau"]}:{ids["head"]}"[^>]*>', editor)
    assert "selected" in chosen
    assert editor.count("checked") >= 2
    assert 'value="2026-11-23"' in editor


def test_a_time_at_which_an_own_calendar_is_busy_is_offered_with_a_warning(world):
    browser, ids = world
    words = "本人日历上没空，请先问一声："
    assert words not in browser.get(f"/find-time?{asked(ids)}").text
    busy = [Busy(*span(day, "8:00", "12:30")) for day in (MONDAY, MONDAY + timedelta(days=1))]
    with transaction():
        calendars.add_file(ids["head"], Reading(busy), "", by=db.session.scalars(select(Account)).first())
    page = browser.get(f"/find-time?{asked(ids)}").text
    assert f"{words}程建业" in page
    assert "/meetings/new?" in page
    # In the afternoon nobody is warned of.
    assert words not in browser.get(f"/find-time?{asked(ids, part='afternoon')}").text


def test_where_nothing_is_found_each_way_out_leads_to_a_time(world):
    browser, ids = world
    busy = (PlannedPerson(ids["head"], RoleCode.BUREAU_HEAD, ids["bureau"]),)
    for n in range(2):
        book(ids, day=MONDAY + timedelta(days=n), people=busy, room=False)
    page = browser.get(f"/find-time?{asked(ids)}").text
    assert "这些日子排不上" in page
    ways = re.findall(r'href="(/find-time\?[^"#]+)#found"', page)
    assert ways
    for way in ways:
        assert "用这个时间" in browser.get(way.replace("&amp;", "&")).text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"last_day": "2026-11-01"}, "要在"),
        ({"last_day": "2028-01-01"}, "一次最多看 62 天"),
        ({"first_day": "2026-02-30"}, "2026-02-30"),
        ({"needed": 9}, "这个站只有 2 位代表"),
        ({"needed": -1}, "0 到 60 位"),
        ({"minutes": 7}, ""),
        ({"part": "night"}, ""),
    ],
)
def test_a_wish_that_cannot_be_is_refused_beside_its_field(world, given, said):
    browser, ids = world
    page = browser.get(f"/find-time?{asked(ids, **given)}")
    assert page.status_code == 422
    assert said in page.text


def test_a_day_shows_its_rooms_and_a_free_stretch_leads_to_the_editor(world):
    browser, ids = world
    book(ids, title="供暖专场")
    page = browser.get("/timeline?day=2026-11-23").text
    assert "供暖专场" in page
    assert "空闲 11:00–18:00，新建" in page
    assert f"room={ids['room']}" in page


def test_a_foreign_units_meeting_only_says_that_somebody_is_busy(world):
    browser, ids = world
    busy = (PlannedPerson(ids["deputy"], RoleCode.DEPUTY),)
    book(ids, unit="elsewhere", title="保密的会", people=busy)
    for path in ("/timeline?day=2026-11-23", "/timeline/people?day=2026-11-23"):
        page = browser.get(path).text
        assert "别的单位的活动" in page
        assert "保密的会" not in page


def test_who_is_free_all_day_is_counted_and_named(world):
    browser, ids = world
    book(ids, people=(PlannedPerson(ids["deputy"], RoleCode.DEPUTY),))
    page = browser.get("/timeline/people?day=2026-11-23").text
    assert "2 位里 1 位整天有空" in page
    assert "王素梅" in page


def test_a_day_that_cannot_be_read_is_today(world):
    browser, _ids = world
    for day in ("", "nonsense", "9999-12-31", "0001-01-01"):
        assert "2026年11月16日" in browser.get(f"/timeline?day={day}").text


@pytest.mark.parametrize(
    "taken",
    [
        [],
        [("6:00", "7:00")],
        [("6:00", "8:10"), ("8:10", "9:00"), ("17:50", "23:00")],
        [("21:00", "22:00")],
        [("9:05", "9:10")],
    ],
)
def test_the_cells_of_a_row_fill_the_day(taken):
    spans = [(*span(MONDAY, begins, ends), "x") for begins, ends in taken]
    found = lanes.cells(MONDAY, spans)
    assert sum(cell.width for cell in found) == lanes.QUARTERS
    assert all(cell.width > 0 for cell in found)
