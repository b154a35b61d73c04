"""The demo district counts what the field's papers count, and holds together on any day."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations

import pytest

from liaison_app.access.permissions import Role
from liaison_app.core.text import clean_name, from_local, local, mobile_normal
from liaison_app.demo import district
from liaison_app.demo.days import is_office_day
from liaison_app.demo.errors import TooEarly
from liaison_app.demo.values import Meeting
from liaison_app.scheduling.kinds import KINDS, SIGNUP_ROLES, MeetingState, RoleCode
from liaison_app.scheduling.rules import LONGEST, overlaps
from liaison_app.stations.kinds import Tier
from tests.architecture.test_names import real_names

UNITS = {unit.key: unit for unit in district.UNITS}
STATIONS = {station.key: station for station in district.STATIONS}
PEOPLE = {person.key: person for person in district.PEOPLE}
ROOMS = {room.key: room for station in district.STATIONS for room in station.rooms}
FACES = [meeting for meeting in district.HELD_2024 if meeting.kind == "face_bureau"]
# Sixty days over a year and a half: every weekday, make-up days, long holidays, a year not announced yet.
DAYS = [date(2025, 11, 20) + timedelta(days=9 * number) for number in range(60)]
HOLIDAYS = [date(2026, 2, 14), date(2026, 2, 18), date(2026, 10, 1), date(2026, 10, 10), date(2025, 10, 4)]
ANY_DAY = date(2026, 11, 25)


def on(day: date) -> tuple[Meeting, ...]:
    """Return the meetings that are not of 2024."""
    return district.meetings(day)[len(district.HELD_2024) :]


def named(key: str, day: date = ANY_DAY) -> Meeting:
    return next(meeting for meeting in district.meetings(day) if meeting.key == key)


def at_table(meeting: Meeting, role: RoleCode) -> int:
    """Count who comes in a role: invited and not away, or with a seat taken."""
    invited = sum(invitee.role is role and invitee.answer.state != "declined" for invitee in meeting.invitees)
    return invited + sum(
        sign_up.role is role and sign_up.state == "confirmed" for sign_up in meeting.sign_ups
    )


def everybody(meeting: Meeting) -> set[str]:
    """Return the keys of all who were ever asked to come, those who stand in among them."""
    stand_ins = {invitee.answer.stand_in for invitee in meeting.invitees}
    return ({invitee.person for invitee in meeting.invitees} | stand_ins) - {""}


# --- organisation and stations ----------------------------------------------------------------------


def test_the_tree_has_one_root_and_every_parent_comes_first():
    seen: set[str | None] = {None}
    for unit in district.UNITS:
        assert unit.parent in seen
        seen.add(unit.key)
    assert [unit.key for unit in district.UNITS if unit.parent is None] == ["shangjie"]


@pytest.mark.parametrize("field", ["key", "name", "phone", "protocol_order"])
def test_units_differ(field):
    assert len({getattr(unit, field) for unit in district.UNITS}) == len(district.UNITS)


def test_an_old_name_leads_to_one_unit_and_is_no_units_name_today():
    aliases = {alias.name: alias.unit for alias in district.ALIASES}
    assert len(aliases) == len(district.ALIASES)
    assert UNITS[aliases["国税局"]].short_name == "税务局"
    assert not aliases.keys() & {unit.name for unit in district.UNITS}
    assert set(aliases.values()) <= UNITS.keys()


def test_there_are_thirteen_bureaus_with_a_head_deputies_and_a_contact():
    assert len(district.BUREAUS) == 13
    for bureau in district.BUREAUS:
        posts = Counter(post.kind for post in district.POSTS if post.unit == bureau)
        assert (posts["head"], posts["contact"]) == (1, 1)
        assert 1 <= posts["deputy_head"] <= 2


def test_f1_there_are_eighteen_places_in_their_tiers():
    tiers = Counter(station.tier for station in district.STATIONS)
    assert tiers == {Tier.PROVINCIAL_DEMO: 1, Tier.CITY_DEMO: 1, Tier.DISTRICT: 11, Tier.SPECIAL: 5}
    assert [station.key for station in district.STATIONS] == [
        unit.key for unit in district.UNITS if unit.kind == "station"
    ]


def test_a_station_without_a_known_name_says_that_it_is_an_example():
    known = {
        "中安街人大代表联络站",
        "企业界代表联络站",
        "乡村振兴代表工作室",
        "装备制造代表创新工作室",
        "“邻听家音”流动代表工作室",
    }
    names = {UNITS[key].name for key in STATIONS}
    assert {name for name in names if not name.endswith("（示例）")} == known


def test_every_station_has_rooms_hours_a_telephone_and_somebody_to_ask():
    for station in district.STATIONS:
        assert 1 <= len(station.rooms) <= 3
        assert station.open_hours
        assert station.address
        assert station.access_notes
        kinds = [post.kind for post in district.POSTS if post.unit == station.key]
        assert sorted(kinds) == ["contact", "head"]
    names = {(room.key.split("/")[0], room.name) for room in ROOMS.values()}
    assert len(names) == sum(len(station.rooms) for station in district.STATIONS)
    reception = next(room for room in STATIONS["zhonganjie"].rooms if room.name == "二楼接待室")
    assert reception.capacity >= 20


def test_a_station_is_led_by_one_of_its_own_deputies():
    for post in district.POSTS:
        if post.unit in STATIONS and post.kind == "head":
            assert PEOPLE[post.person].station == post.unit


# --- people -------------------------------------------------------------------------------------------


def test_f2_there_are_253_deputies_of_five_levels_each_in_a_station():
    assert len(district.DEPUTIES) == 253
    levels = Counter(min(mandate.level for mandate in person.mandates) for person in district.DEPUTIES)
    assert levels == {1: 1, 2: 4, 3: 24, 4: 168, 5: 56}
    assert {person.station for person in district.DEPUTIES} == STATIONS.keys()


def test_twelve_deputies_hold_a_second_mandate_at_a_lower_level():
    held = [[mandate.level for mandate in person.mandates] for person in district.DEPUTIES]
    assert Counter(map(len, held)) == {1: 241, 2: 12}
    assert all(levels == sorted(set(levels)) for levels in held)
    assert all(mandate.state == "active" for person in district.DEPUTIES for mandate in person.mandates)


def test_every_station_has_eight_to_twenty_deputies_of_mixed_levels():
    for key in STATIONS:
        levels = [person.mandates[0].level for person in district.DEPUTIES if person.station == key]
        assert 8 <= len(levels) <= 20
        assert len(set(levels)) > 1


def test_the_three_outside_hold_no_mandate_and_belong_nowhere():
    assert [person.mandates[0].state for person in district.OUTSIDE] == ["suspended", "ended", "ended"]
    assert not any(person.station for person in district.OUTSIDE)
    assert all(mandate.reason and mandate.ended_on for p in district.OUTSIDE for mandate in p.mandates)


def test_the_deputies_are_mixed_as_a_congress_is():
    assert Counter(person.gender for person in district.DEPUTIES) == {"男": 152, "女": 101}
    occupations = Counter(person.occupation for person in district.DEPUTIES)
    assert occupations == {"worker_farmer": 96, "professional": 61, "enterprise": 45, "cadre": 51}
    assert len({person.ethnicity for person in district.DEPUTIES}) == 4
    ages = [2026 - person.born_on.year for person in district.DEPUTIES]
    assert (min(ages), max(ages)) == (26, 67)
    assert sum(bool(person.email) for person in district.DEPUTIES) == 85
    assert all(person.expertise and person.employer and person.job_title for person in district.DEPUTIES)


def test_a_constituency_elects_at_most_three():
    elected = Counter(
        (mandate.level, mandate.constituency)
        for person in district.DEPUTIES
        for mandate in person.mandates
        if mandate.level >= 4
    )
    assert max(elected.values()) <= 3


def test_nobody_shares_a_key_a_name_a_mobile_or_an_address():
    everyone = (*district.PEOPLE, *district.GUESTS)
    assert len(PEOPLE) == len(district.PEOPLE)
    assert len({person.name for person in everyone}) == len(everyone)
    assert len({person.mobile for person in everyone}) == len(everyone)
    mails = [person.email for person in district.PEOPLE if person.email]
    assert len(set(mails)) == len(mails)
    assert all(mail.endswith("@example.test") and mail.isascii() for mail in mails)


def test_numbers_and_names_are_written_as_the_product_keeps_them():
    for person in (*district.PEOPLE, *district.GUESTS):
        assert mobile_normal(person.mobile) == person.mobile
        assert person.mobile.startswith("1390000")
        assert clean_name(person.name) == person.name
    names = "".join(person.name for person in district.DEPUTIES)
    assert "·" in names
    assert any(ord(sign) > 0xFFFF for sign in names)


def test_nobody_in_the_demo_is_real():
    people = [f"{p.name} {p.employer} {p.job_title} {p.station}" for p in district.PEOPLE]
    guests = [f"{guest.name} {guest.organisation}" for guest in district.GUESTS]
    meetings = [f"{m.title} {m.about} {m.place} {m.reason}" for m in district.meetings(ANY_DAY)]
    assert [text for text in people + guests + meetings if real_names(text)] == []


def test_every_post_is_held_by_somebody_in_a_unit():
    assert {post.person for post in district.POSTS} <= PEOPLE.keys()
    assert {post.unit for post in district.POSTS} <= UNITS.keys()
    assert {person.key for person in district.OFFICIALS} <= {post.person for post in district.POSTS}


def test_every_role_has_an_account_on_a_unit_that_exists():
    assert {account.role for account in district.ACCOUNTS} == set(Role)
    assert len({account.login for account in district.ACCOUNTS}) == len(district.ACCOUNTS)
    assert {account.unit for account in district.ACCOUNTS} <= UNITS.keys()
    assert len({account.person for account in district.ACCOUNTS}) == len(district.ACCOUNTS)
    names = {account.login: PEOPLE[account.person].name for account in district.ACCOUNTS}
    assert names["zhonganjie"] == "白雪"


# --- 2024 ---------------------------------------------------------------------------------------------


def test_f5_and_f7_thirteen_meetings_raised_62_issues_of_which_43_are_solved():
    assert len(FACES) == 13
    assert all(meeting.state is MeetingState.CLOSED for meeting in FACES)
    assert sum(meeting.issues for meeting in FACES) == 62
    assert sum(meeting.solved for meeting in FACES) == 43


def test_f6_twelve_bureaus_came_with_their_head_and_one_sent_the_deputy_head_with_a_reason():
    heads = [
        invitee for meeting in FACES for invitee in meeting.invitees if invitee.role is RoleCode.BUREAU_HEAD
    ]
    assert len({invitee.unit for invitee in heads}) == 13
    assert Counter(invitee.answer.state for invitee in heads) == {"accepted": 12, "delegated": 1}
    (away,) = [invitee for invitee in heads if invitee.answer.state == "delegated"]
    assert away.answer.reason
    assert (away.answer.stand_in, "tongji", "deputy_head") in {
        (post.person, post.unit, post.kind) for post in district.POSTS
    }


def test_the_year_2024_is_the_table_of_the_papers():
    table = [
        (
            f"{local(meeting.starts_at):%m-%d}",
            UNITS[meeting.station].short_name,
            next(UNITS[invitee.unit].short_name for invitee in meeting.invitees if invitee.is_lead),
            "/".join(
                str(number)
                for number in (
                    at_table(meeting, RoleCode.DEPUTY),
                    at_table(meeting, RoleCode.CITIZEN),
                    at_table(meeting, RoleCode.ENTERPRISE_REP) + at_table(meeting, RoleCode.PROPERTY_REP),
                )
            ),
            meeting.issues,
            meeting.solved,
        )
        for meeting in FACES
    ]
    assert table == [
        ("02-27", "企业界站", "税务局", "5/2/4", 4, 3),
        ("03-14", "中心路站", "医保局", "6/6/0", 6, 5),
        ("04-18", "新安路站", "市场监管局", "5/4/3", 5, 4),
        ("05-16", "装备制造工作室", "生态环境分局", "6/2/4", 5, 3),
        ("05-30", "企业界站", "发改委", "4/0/6", 4, 2),
        ("06-20", "矿山站", "公安分局", "5/8/2", 5, 4),
        ("07-13", "企业界站", "科技局", "6/2/6", 5, 4),
        ("08-15", "新安路站", "教育局", "6/6/0", 5, 3),
        ("08-29", "峡窝镇站", "统计局", "4/4/4", 3, 2),
        ("09-12", "中心路站", "住建局", "6/6/2", 5, 3),
        ("10-24", "中安街站", "城管局", "6/4/2", 8, 6),
        ("11-14", "工业路站", "民政局", "6/8/1", 4, 2),
        ("12-05", "济源路站", "人社局", "5/4/4", 3, 2),
    ]


def test_f8_the_heating_meeting_of_2024_had_its_table():
    heating = named("2024-11")
    roles = (RoleCode.DEPUTY, RoleCode.CITIZEN, RoleCode.PROPERTY_REP, RoleCode.UTILITY)
    assert [at_table(heating, role) for role in roles] == [6, 4, 2, 1]
    assert [sign_up.guest.name for sign_up in heating.sign_ups] == [
        "李福根", "王桂枝", "赵一鸣", "陈月娥", "许静", "杜强",
    ]  # fmt: skip


def test_in_2024_one_meeting_lay_on_a_saturday_and_one_was_put_off_by_twenty_days():
    weekend = [meeting.key for meeting in district.HELD_2024 if not is_office_day(day_of(meeting))]
    assert weekend == ["2024-07"]
    (moved,) = [meeting for meeting in district.HELD_2024 if meeting.moved_at]
    assert moved.starts_at - moved.first_starts_at == timedelta(days=20)
    assert moved.reason
    assert moved.sequence == 1


def test_the_inspection_of_2024_counts_pupils_and_names_none():
    inspection = named("2024-inspection")
    assert UNITS[inspection.unit].name == "新安路街道人大工委"
    assert "曙光小学" in inspection.place
    roles = (RoleCode.LEGAL_OFFICER, RoleCode.DEPUTY, RoleCode.COUNCIL_CITIZEN)
    assert [at_table(inspection, role) for role in roles] == [1, 5, 4]
    assert dict(inspection.headcount).keys() == {RoleCode.SCHOOL}


# --- around any day -----------------------------------------------------------------------------------


def day_of(meeting: Meeting) -> date:
    return local(meeting.starts_at).date()


def spans(meeting: Meeting) -> set[tuple[datetime, datetime]]:
    """Return the times a meeting has or once had: a move must have been possible when it was made."""
    return {(meeting.starts_at, meeting.ends_at), (meeting.first_starts_at, meeting.first_ends_at)}


def needs(meeting: Meeting) -> set[str]:
    return everybody(meeting) | {meeting.room or meeting.place}


@pytest.mark.parametrize("day", DAYS + HOLIDAYS, ids=str)
def test_no_room_and_no_person_is_wanted_twice(day):
    for one, other in combinations(district.meetings(day), 2):
        if needs(one) & needs(other):
            assert not any(overlaps(a, b) for a in spans(one) for b in spans(other)), (one.key, other.key)


@pytest.mark.parametrize("day", DAYS + HOLIDAYS, ids=str)
def test_meetings_lie_on_working_days_around_the_day(day):
    meetings = on(day)
    assert all(is_office_day(local(start).date()) for m in meetings for start, _ in spans(m))
    past = [meeting for meeting in meetings if meeting.state is MeetingState.HELD]
    assert len(past) == 4
    assert all(day - timedelta(days=28) <= day_of(meeting) < day for meeting in past)
    assert all(day_of(meeting) >= day for meeting in meetings if meeting not in past)
    assert 7 <= (day_of(named("heating", day)) - day).days <= 20
    assert day_of(named("legal-visit", day)) == (day if is_office_day(day) else day_after(day))


def day_after(day: date) -> date:
    return next(other for n in range(1, 15) if is_office_day(other := day + timedelta(days=n)))


@pytest.mark.parametrize("day", DAYS + HOLIDAYS, ids=str)
def test_what_has_happened_happened_before_the_day_and_in_order(day):
    midnight = from_local(day, time(0))
    for meeting in on(day):
        told = meeting.published_at
        if told is None:
            assert meeting.state is MeetingState.DRAFT
            continue
        assert told < midnight
        # The rules of the stations print three days.
        assert meeting.first_starts_at - told >= timedelta(days=3)
        later = [meeting.moved_at, meeting.ended_at]
        later += [invitee.answered_at for invitee in meeting.invitees]
        later += [moment for s in meeting.sign_ups for moment in (s.signed_up_at, s.withdrawn_at)]
        assert all(told < moment < midnight for moment in later if moment)
        for sign_up in meeting.sign_ups:
            assert meeting.signup_opens_at <= sign_up.signed_up_at <= meeting.signup_closes_at


@pytest.mark.parametrize("day", [date(2026, 11, 25), date(2026, 2, 18), date(2027, 1, 1)], ids=str)
def test_a_seat_is_given_once_and_waiting_begins_when_all_are_taken(day):
    for meeting in district.meetings(day):
        pools = {pool.role: pool for pool in meeting.pools}
        assert len(pools) == len(meeting.pools)
        for role, pool in pools.items():
            states = Counter(s.state for s in meeting.sign_ups if s.role is role)
            assert states["confirmed"] <= pool.seats
            assert states["waiting"] <= pool.wait_places
            if states["waiting"]:
                assert states["confirmed"] == pool.seats
        assert {sign_up.role for sign_up in meeting.sign_ups} <= pools.keys() & set(SIGNUP_ROLES)
        mobiles = [sign_up.guest.mobile for sign_up in meeting.sign_ups]
        assert len(set(mobiles)) == len(mobiles)


def test_all_who_may_come_fit_into_the_room():
    for meeting in district.meetings(ANY_DAY):
        if meeting.room:
            by_invitation = sum(invitee.role is not RoleCode.DEPUTY for invitee in meeting.invitees)
            assert by_invitation + sum(pool.seats for pool in meeting.pools) <= ROOMS[meeting.room].capacity


def test_every_meeting_points_at_what_exists():
    logins = {account.login for account in district.ACCOUNTS}
    meetings = district.meetings(ANY_DAY)
    assert len({meeting.key for meeting in meetings}) == len(meetings)
    for meeting in meetings:
        assert meeting.kind in KINDS
        assert meeting.station in STATIONS
        assert meeting.unit in UNITS
        assert bool(meeting.room) != bool(meeting.place)
        if meeting.room:
            assert meeting.room in {room.key for room in STATIONS[meeting.station].rooms}
        assert everybody(meeting) <= PEOPLE.keys()
        assert len({invitee.person for invitee in meeting.invitees}) == len(meeting.invitees)
        assert {invitee.unit for invitee in meeting.invitees} - {""} <= UNITS.keys()
        assert {sign_up.entered_by for sign_up in meeting.sign_ups} - {""} <= logins
        assert meeting.starts_at.tzinfo is UTC
        assert timedelta(0) < meeting.ends_at - meeting.starts_at <= LONGEST


def test_whoever_does_not_come_says_why_and_whoever_sends_somebody_says_whom():
    for meeting in district.meetings(ANY_DAY):
        for invitee in meeting.invitees:
            answer = invitee.answer
            assert (answer.state in ("declined", "delegated")) == bool(answer.reason)
            assert (answer.state == "delegated") == bool(answer.stand_in)
            assert (answer.state == "waiting") == (invitee.answered_at is None)


def test_whoever_speaks_for_a_unit_or_stands_in_for_its_head_has_a_post_there():
    posts = {(post.person, post.unit) for post in district.POSTS}
    for meeting in district.meetings(ANY_DAY):
        for invitee in meeting.invitees:
            if invitee.unit:
                speakers = {invitee.person, invitee.answer.stand_in} - {""}
                assert {(speaker, invitee.unit) for speaker in speakers} <= posts


def test_a_deputy_is_invited_up_to_the_seats_of_the_deputies():
    for meeting in district.meetings(ANY_DAY):
        seats = {pool.role: pool.seats for pool in meeting.pools}
        invited = [i.person for i in meeting.invitees if i.role is RoleCode.DEPUTY]
        assert len(invited) == seats[RoleCode.DEPUTY]
        assert all(PEOPLE[key] in district.DEPUTIES for key in invited)


def test_the_heating_meeting_to_come_is_half_filled():
    heating = named("heating")
    assert (heating.station, f"{local(heating.starts_at):%H:%M}", f"{local(heating.ends_at):%H:%M}") == (
        "zhonganjie",
        "14:30",
        "16:30",
    )
    assert ROOMS[heating.room].name == "二楼接待室"
    assert [(pool.role.value, pool.seats) for pool in heating.pools] == [
        ("deputy", 6), ("citizen", 4), ("property_rep", 2),
    ]  # fmt: skip
    assert Counter(sign_up.role for sign_up in heating.sign_ups) == {
        RoleCode.CITIZEN: 2,
        RoleCode.PROPERTY_REP: 1,
    }
    assert all(sign_up.question for sign_up in heating.sign_ups)
    answers = Counter(i.answer.state for i in heating.invitees if i.role is RoleCode.DEPUTY)
    assert answers == {"accepted": 2, "declined": 1, "waiting": 3}


def test_every_state_that_a_page_must_show_occurs():
    meetings = on(ANY_DAY)
    kinds = Counter(meeting.kind for meeting in meetings if meeting.state is MeetingState.PUBLISHED)
    assert kinds["reception"] == 3
    assert kinds["inspection"] == kinds["enterprise"] == kinds["legal_visit"] == 1
    assert {meeting.state for meeting in meetings} == {
        MeetingState.DRAFT,
        MeetingState.PUBLISHED,
        MeetingState.HELD,
        MeetingState.CANCELLED,
    }
    assert [meeting.key for meeting in meetings if meeting.moved_at] == ["old-estates"]
    waiting = Counter(m.key for m in meetings for s in m.sign_ups if s.state == "waiting")
    assert waiting == {"technology": 2}
    assert sum(s.state == "withdrawn" for m in meetings for s in m.sign_ups) == 1
    assert sum(bool(s.entered_by) for m in meetings for s in m.sign_ups) == 1


def test_a_calendar_of_ones_own_is_followed():
    weekdays = district.meetings(date(2026, 10, 1), lambda day: day.weekday() < 5)
    assert date(2026, 10, 1) in map(day_of, weekdays)


def test_the_demo_cannot_stand_within_the_year_it_holds_as_past():
    with pytest.raises(TooEarly, match="2025-03-01"):
        district.meetings(date(2024, 10, 24))


def test_another_process_makes_the_same_district():
    program = (
        "from hashlib import sha256; from datetime import date; from liaison_app.demo import district as d;"
        "print(sha256(repr((d.UNITS, d.STATIONS, d.PEOPLE, d.POSTS, d.GUESTS, d.meetings(date(2026, 11, 25))))"
        ".encode()).hexdigest())"
    )
    prints = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
