"""A year's reception days in the browser's own words: laid out, left out, put back, changed together; on both engines."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.text import from_local, local, parse_time
from liaison_app.messages.models import Message
from liaison_app.planning import queries, services
from liaison_app.planning.errors import AlreadyInSeries, DateRefused, NothingToDo
from liaison_app.planning.kinds import DateState, Facet, HolidayPolicy, Repeat
from liaison_app.planning.models import Series, SeriesDate
from liaison_app.planning.rules import Choice, Rule
from liaison_app.scheduling import services as scheduling
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from liaison_app.workdays import rules as workdays
from liaison_app.workdays import services as calendar
from liaison_app.workdays.kinds import YearState
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy
from tests.factories.stations import make_room, make_station

NOW = datetime(2026, 9, 1, 1, tzinfo=UTC)
MONDAYS = Rule(Repeat.WEEKLY, weekdays=(0,))
NEXT = HolidayPolicy.NEXT_WORKDAY
LAST = date(2026, 10, 19)
ASKED = {"repeat": "weekly", "weekdays": "0", "policy": "next_workday", "last_day": "2026-10-19"}


@pytest.fixture(autouse=True)
def _september():
    with clock.frozen(NOW):
        yield


class Street:
    """A street's clerk, a station with two rooms, a deputy, and a reception on Monday 14 September 2026."""

    def __init__(self):
        with transaction():
            street = make_unit("济源路街道人大工委")
            station = make_station("中安街人大代表联络站", parent=street)
            self.room, self.other_room = (
                make_room(station, name="一楼").id,
                make_room(station, name="二楼").id,
            )
            self.foreign_room = make_room(make_station("别处的站"), name="别处").id
            self.deputy = make_deputy("陈立新").id
            self.unit = street.id
            self.clerk = make_account(Role.STREET, street)
            self.first = scheduling.create_meeting(
                self.plan(date(2026, 9, 14)), unit_id=street.id, by=None
            ).id

    def plan(self, day: date, *, room: int = 0, title: str = "接待选民日", at: str = "9:00") -> MeetingPlan:
        starts_at = from_local(day, parse_time(at))
        return MeetingPlan(
            kind="reception",
            title=title,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            room_id=room or self.room,
            seats=((RoleCode.CITIZEN, 8),),
            people=(PlannedPerson(self.deputy, RoleCode.DEPUTY),),
        )

    def meeting(self) -> Meeting:
        return db.session.get_one(Meeting, self.first, populate_existing=True)

    def lay_out(self, choices=None) -> Series:
        with transaction():
            return services.make_series(
                self.first, MONDAYS, NEXT, LAST, choices or {}, version=self.meeting().version, by=self.clerk
            )


@pytest.fixture
def street(app):
    return Street()


@pytest.fixture
def browser(street, client):
    return sign_in(client, street.clerk)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


def days(series: Series) -> list[date]:
    rows = db.session.scalars(
        select(Meeting)
        .join(SeriesDate, SeriesDate.meeting_id == Meeting.id)
        .where(SeriesDate.series_id == series.id, Meeting.state != MeetingState.CANCELLED)
        .order_by(Meeting.starts_at)
    )
    return [local(one.starts_at).date() for one in rows]


def number_of(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_season_of_mondays_is_looked_at_and_then_drafted(browser, street):
    address = f"/meetings/{street.first}/series?{urlencode(ASKED)}"
    page = browser.get(address).text
    assert "会排 6 场" in page
    assert "国庆节" in page
    assert "10月8日（星期四）" in page
    assert number_of(Meeting) == 1
    reply = browser.post(address, data={"looked": hidden(page, "looked"), "version": hidden(page, "version")})
    assert reply.status_code == 303
    shown = browser.get(reply.location).text
    assert "每周星期一；遇放假顺延到下一个工作日" in shown
    series = db.session.scalars(select(Series)).one()
    assert days(series) == [
        date(2026, 9, 14), date(2026, 9, 21), date(2026, 9, 28), date(2026, 10, 8), date(2026, 10, 12),
        date(2026, 10, 19),
    ]  # fmt: skip
    assert number_of(Occupancy) == 12
    assert browser.get(f"/meetings/{street.first}/series").location.endswith(f"/series/{series.id}")


def test_a_date_that_clashes_is_named_and_its_ways_out_are_taken(browser, street):
    with transaction():
        scheduling.create_meeting(
            street.plan(date(2026, 9, 21), title="保密的会"), unit_id=street.unit, by=None
        )
    address = f"/meetings/{street.first}/series?{urlencode(ASKED)}"
    page = browser.get(address).text
    assert "1 场还排不上" in page
    assert "存 5 场草稿" not in page
    assert "保密的会" not in page
    choice = {"do-2026-09-21": "shift", "day-2026-09-21": "2026-09-22", "do-2026-09-28": "skip"}
    page = browser.post(address, data={**choice, "do": "look", "version": hidden(page, "version")}).text
    assert "存 4 场草稿" in page
    given = {**choice, "looked": hidden(page, "looked"), "version": hidden(page, "version")}
    assert browser.post(address, data=given).status_code == 303
    series = db.session.scalars(select(Series)).one()
    assert days(series)[:3] == [date(2026, 9, 14), date(2026, 9, 22), date(2026, 10, 8)]
    states = [one.state for one in queries.get_series(series.id).dates]
    assert states[1:3] == [DateState.SHIFTED, DateState.SKIPPED]


def test_what_changed_since_it_was_looked_at_is_shown_and_not_written(browser, street):
    address = f"/meetings/{street.first}/series?{urlencode(ASKED)}"
    page = browser.get(address).text
    given = {"looked": hidden(page, "looked"), "version": hidden(page, "version"), "do-2026-09-21": "skip"}
    again = browser.post(address, data=given)
    assert again.status_code == 422
    assert "请再看一遍" in again.text
    assert number_of(Series) == 0


def test_a_room_of_another_station_is_not_taken(browser, street):
    address = f"/meetings/{street.first}/series?{urlencode(ASKED)}"
    page = browser.get(address).text
    given = {"version": hidden(page, "version"), "room-2026-09-21": str(street.foreign_room)}
    # The room decides nothing: the dates are still those that were looked at.
    assert browser.post(address, data={**given, "looked": hidden(page, "looked")}).status_code == 303
    assert db.session.scalar(select(func.count()).where(Meeting.room_id == street.foreign_room)) == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"last_day": ""}, "请填最后一天"),
        ({"last_day": "2026-02-31"}, "没有"),
        ({"last_day": "2026-09-01"}, "最后一天要在第一场以后"),
        ({"last_day": "2032-01-01"}, "两年以后"),
        ({"weekdays": "9"}, "星期几"),
        ({"repeat": "dates", "dates": "\n".join(["2026-10-12"] * 5000)}, "请少列几个"),
        ({"repeat": "dates", "dates": "不知道"}, "看不懂日期"),
        ({"repeat": "month_days", "month_days": "32"}, "1 到 31 号"),
        ({"repeat": "month_days", "month_days": "初一"}, "只写数字"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_beside_its_field(browser, street, asked, said):
    page = browser.get(f"/meetings/{street.first}/series?{urlencode({**ASKED, **asked})}")
    assert page.status_code == 422
    assert said in page.text
    assert number_of(Series) == 0


def test_a_series_is_drafted_whole_or_not_at_all(street):
    with transaction():
        scheduling.create_meeting(street.plan(date(2026, 10, 12)), unit_id=street.unit, by=None)
    before = number_of(Meeting), number_of(Occupancy)
    with pytest.raises(DateRefused) as said:
        street.lay_out()
    assert said.value.day == date(2026, 10, 12)
    db.session.rollback()
    assert (number_of(Meeting), number_of(Occupancy), number_of(Series)) == (*before, 0)


def test_a_meeting_belongs_to_one_series(street):
    street.lay_out()
    with pytest.raises(AlreadyInSeries):
        street.lay_out()
    db.session.rollback()


def test_one_date_alone_makes_no_series(street):
    choices = {date(2026, 9, 21) + timedelta(weeks=n): Choice(DateState.SKIPPED) for n in range(5)}
    with pytest.raises(NothingToDo):
        street.lay_out(choices)
    db.session.rollback()


def test_the_first_meeting_keeps_its_uid_and_its_version(street):
    uid, version = street.meeting().uid, street.meeting().version
    street.lay_out()
    assert (street.meeting().uid, street.meeting().version) == (uid, version)
    assert db.session.scalar(select(func.count(func.distinct(Meeting.uid)))) == 6


def test_a_date_is_left_out_and_put_back_when_the_room_is_free_again(browser, street):
    series = street.lay_out()
    series_id = series.id
    row = queries.get_series(series_id).dates[1]
    address = f"/series/{series_id}/dates/{row.id}"
    assert browser.get(f"{address}/skip").status_code == 200
    assert browser.post(f"{address}/skip", data={}).status_code == 303
    with transaction():
        other = scheduling.create_meeting(street.plan(date(2026, 9, 21)), unit_id=street.unit, by=None)
        other_id, version = other.id, other.version
    assert "房间或者人有安排" in browser.get(f"/series/{series_id}").text
    refused = browser.post(f"{address}/restore", data={"day": "2026-09-21"})
    assert refused.status_code == 422
    assert "9月21日（星期一）排不上" in refused.text
    with transaction():
        scheduling.cancel(other_id, version=version, by=None)
    assert "房间和人现在都有空" in browser.get(f"/series/{series_id}").text
    assert browser.post(f"{address}/restore", data={"day": "2026-09-21"}).status_code == 303
    assert date(2026, 9, 21) in days(series)
    assert browser.post(f"{address}/restore", data={"day": "2026-09-22"}).status_code == 303
    assert len(days(series)) == 6


def test_calling_off_what_people_were_told_of_asks_for_the_reason(browser, street):
    series = street.lay_out()
    row = queries.get_series(series.id).dates[1]
    with transaction():
        meeting = db.session.get_one(Meeting, row.meeting_id)
        scheduling.publish(meeting.id, version=meeting.version, by=None)
    address = f"/series/{series.id}/dates/{row.id}/skip"
    refused = browser.post(address, data={"reason": " "})
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    assert browser.post(address, data={"reason": "暴雪"}).status_code == 303
    assert db.session.get_one(Meeting, row.meeting_id, populate_existing=True).state == MeetingState.CANCELLED


def test_one_meetings_hours_go_to_the_chosen_others_and_exceptions_survive(browser, street):
    series = street.lay_out()
    rows = queries.get_series(series.id).dates
    own_way = rows[4].meeting
    with transaction():
        scheduling.revise(
            own_way.id, street.plan(date(2026, 10, 12), at="15:00"), version=own_way.version, by=None
        )
        second = db.session.get_one(Meeting, rows[1].meeting_id)
        scheduling.revise(
            second.id, street.plan(date(2026, 9, 21), at="10:00"), version=second.version, by=None
        )
    page = browser.get(f"/meetings/{rows[1].meeting_id}/series/carry").text
    ticked = {int(id) for id in re.findall(r'name="targets" value="(\d+)" checked', page)}
    assert own_way.id not in ticked
    assert len(ticked) == 3
    versions = dict(re.findall(r'name="(version-\d+)" value="(\d+)"', page))
    given = {**versions, "facets": ["time"], "targets": [str(id) for id in ticked]}
    assert browser.post(f"/meetings/{rows[1].meeting_id}/series/carry", data=given).status_code == 303
    hours = [local(one.meeting.starts_at).hour for one in queries.get_series(series.id).dates if one.meeting]
    assert hours == [9, 10, 10, 10, 15, 10]
    shown = browser.get(f"/series/{series.id}").text
    assert shown.count("单独改过") == 2


def test_a_stale_or_clashing_carry_changes_nothing(street):
    series = street.lay_out()
    rows = queries.get_series(series.id).dates
    with transaction():
        scheduling.create_meeting(
            street.plan(date(2026, 10, 12), room=street.other_room, at="14:00"), unit_id=street.unit, by=None
        )
        second = db.session.get_one(Meeting, rows[1].meeting_id)
        scheduling.revise(
            second.id, street.plan(date(2026, 9, 21), at="14:00"), version=second.version, by=None
        )
    targets = {one.meeting_id: one.meeting.version for one in rows[2:]}
    with pytest.raises(DateRefused) as said, transaction():
        services.carry_on(rows[1].meeting_id, [Facet.TIME], targets, by=None)
    assert said.value.day == date(2026, 10, 12)
    assert "陈立新" in str(said.value)
    hours = [local(one.meeting.starts_at).hour for one in queries.get_series(series.id).dates[2:]]
    assert set(hours) == {9}


def test_all_drafts_are_published_together_with_an_invitation_each(browser, street):
    series = street.lay_out()
    page = browser.get(f"/series/{series.id}/publish").text
    versions = dict(re.findall(r'name="(version-\d+)" value="(\d+)"', page))
    assert browser.post(f"/series/{series.id}/publish", data=versions).status_code == 303
    states = db.session.scalars(select(Meeting.state)).all()
    assert states == [MeetingState.PUBLISHED] * 6
    assert number_of(Message) == 6


def test_the_rest_of_a_series_is_called_off(client, street):
    series = street.lay_out()
    with clock.frozen(NOW + timedelta(days=15)):
        browser = sign_in(client, street.clerk)
        assert "取消 5 场" in browser.get(f"/series/{series.id}/end").text
        assert browser.post(f"/series/{series.id}/end", data={"reason": ""}).status_code == 303
    assert days(series) == [date(2026, 9, 14)]


def test_a_new_notice_lists_what_it_moves_and_one_step_mends_it(browser, street):
    with transaction():
        meeting = scheduling.create_meeting(street.plan(date(2027, 2, 8)), unit_id=street.unit, by=None)
        meeting_id = meeting.id
    assert "那一年的放假还没公布" in browser.get("/repairs").text
    notice = "2027-01-01 休 元旦\n2027-02-05 ~ 2027-02-11 休 春节\n2027-05-01 休 劳动节\n2027-10-01 休 国庆节"
    with transaction():
        read = workdays.read_notice(notice, 2027, YearState.PUBLISHED)
        calendar.enter_year(2027, read, YearState.PUBLISHED, source="", version=0, by=None)
    page = browser.get("/repairs").text
    assert "春节" in page
    assert "2月12日（星期五）" in page
    asked = browser.get(f"/meetings/{meeting_id}/shift").text
    assert 'value="2027-02-12"' in asked
    given = {"day": "2027-02-12", "version": hidden(asked, "version")}
    assert browser.post(f"/meetings/{meeting_id}/shift", data=given).status_code == 303
    assert "没有要改的" in browser.get("/repairs").text
    moved = db.session.get_one(Meeting, meeting_id, populate_existing=True)
    assert local(moved.starts_at).date() == date(2027, 2, 12)
    stale = browser.post(f"/meetings/{meeting_id}/shift", data={**given, "day": "2027-02-15"})
    assert stale.status_code == 422


def test_a_list_of_series_shows_what_is_ahead(browser, street):
    assert "还没有系列" in browser.get("/series").text
    street.lay_out()
    page = browser.get("/series").text
    assert "每周星期一" in page
    assert "6 场" in page
