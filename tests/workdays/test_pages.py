"""Entering a year's notice through HTTP, and what then counts; on both engines."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.workdays import queries, services
from liaison_app.workdays.errors import YearChanged
from liaison_app.workdays.kinds import DayMark, YearState
from liaison_app.workdays.models import CalendarDay, CalendarYear
from liaison_app.workdays.rules import NoticeDay
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit

NOTICE = """2026-12-31 至 2027-01-03 休 元旦
2027-02-05 至 2027-02-12 休 春节
2027-01-31 班 春节
2027-05-01 至 2027-05-05 休 劳动节
2027-10-01 至 2027-10-07 休 国庆节"""
NEW_YEAR = date(2027, 1, 1)


@pytest.fixture(autouse=True)
def _november():
    with clock.frozen(datetime(2026, 11, 16, 1, tzinfo=UTC)):
        yield


@pytest.fixture
def office(app, client):
    with transaction():
        account = make_account(Role.OFFICE, make_unit("代表工作委员会"))
    return sign_in(client, account)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


def send(browser, *, looked: str = "", version: str = "0", days: str = NOTICE, state: str = "published"):
    given = {
        "days": days,
        "state": state,
        "source": "国办发明电〔2026〕9号",
        "version": version,
        "looked": looked,
    }
    return browser.post("/workdays/2027", data=given)


def entered() -> int:
    return db.session.scalar(select(func.count()).select_from(CalendarDay)) or 0


def test_a_notice_is_shown_with_what_changes_before_it_is_written(office):
    assert "还没有公布" in office.get("/workdays").text
    page = send(office).text
    assert "请看一遍会改什么" in page
    assert "2027年1月1日（星期五）" in page
    assert entered() == 0
    reply = send(office, looked=hidden(page, "looked"))
    assert reply.status_code == 303
    calendar = queries.calendar_between(date(2026, 12, 1), date(2027, 12, 31))
    assert calendar.is_certain(NEW_YEAR)
    assert not calendar.is_workday(date(2026, 12, 31))
    assert calendar.is_workday(date(2027, 1, 31))
    assert "已公布" in office.get("/workdays").text
    assert "国办发明电〔2026〕9号" in office.get("/workdays").text


def test_another_table_than_the_one_looked_at_is_shown_first(office):
    looked = hidden(send(office).text, "looked")
    page = send(office, looked=looked, days=NOTICE + "\n2027-06-09 休 端午节")
    assert page.status_code == 200
    assert "2027年6月9日" in page.text
    assert entered() == 0


def test_a_table_that_cannot_be_read_is_kept_and_writes_nothing(office):
    page = send(office, days=NOTICE + "\n2027-06-31 休 端午节")
    assert page.status_code == 422
    assert "第 6 行看不懂" in page.text
    assert "2027-06-31 休 端午节" in page.text
    assert entered() == 0


def test_the_calendar_shows_the_new_year_at_once(office):
    assert "还没有公布" in office.get("/calendar?month=2027-02").text
    send(office, looked=hidden(send(office).text, "looked"))
    page = office.get("/calendar?month=2027-02").text
    assert "还没有公布" not in page
    assert "春节" in page


def test_an_assumed_year_counts_and_says_what_it_is(office):
    page = send(office, days="2027-02-05 至 2027-02-11 休 春节", state="assumed").text
    send(office, days="2027-02-05 至 2027-02-11 休 春节", state="assumed", looked=hidden(page, "looked"))
    assert "先假定" in office.get("/calendar?month=2027-02").text
    assert not queries.calendar_between(NEW_YEAR, NEW_YEAR).is_workday(date(2027, 2, 5))


def test_what_was_entered_is_taken_out_only_after_a_yes(office):
    send(office, looked=hidden(send(office).text, "looked"))
    page = office.get("/workdays/2027/drop").text
    assert entered() > 0
    reply = office.post("/workdays/2027/drop", data={"version": hidden(page, "version")})
    assert reply.status_code == 303
    assert entered() == 0
    assert queries.get_year(2027).state is YearState.UNKNOWN


def test_who_looked_at_an_older_table_is_told_and_writes_nothing(app, office):
    page = send(office).text
    with transaction():
        services.enter_year(
            2027, [NoticeDay(NEW_YEAR, DayMark.OFF)], YearState.ASSUMED, source="", version=0, by=None
        )
    reply = send(office, looked=hidden(page, "looked"))
    assert reply.status_code == 422
    assert "刚被别人改过" in reply.text
    assert entered() == 1
    with pytest.raises(YearChanged), transaction():
        services.drop_year(2027, version=0, by=None)


def test_a_day_in_december_moves_to_the_notice_that_names_it_last(app):
    days = [NoticeDay(date(2026, 12, 31), DayMark.OFF)]
    with transaction():
        services.enter_year(2026, days, YearState.ASSUMED, source="", version=0, by=None)
        services.enter_year(2027, days, YearState.ASSUMED, source="", version=0, by=None)
    assert db.session.scalars(select(CalendarDay.year)).all() == [2027]
    assert set(db.session.scalars(select(CalendarYear.year))) == {2026, 2027}


def test_a_year_outside_the_calendar_is_not_there(office):
    assert office.get("/workdays/1999").status_code == 404
    assert office.get("/workdays/2101").status_code == 404
