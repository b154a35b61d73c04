"""The trail page: each filter narrows, the file holds all that fits, the state of the chain is said."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.audit import chain, jobs, queries, services
from liaison_app.audit.kinds import Result
from liaison_app.audit.rules import About
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.text import local
from liaison_app.dashboards import trail
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.parts.databases import queries as statements

MORNING = "2026-11-20"


@pytest.fixture
def units(app):
    with transaction():
        district = make_unit("测试区", OrgKind.DISTRICT)
        one, two = (make_unit(f"第{n}街", parent=district) for n in (1, 2))
        return {"district": district.id, "one": one.id, "two": two.id}


@pytest.fixture
def auditor(app, client, units):
    with transaction():
        account = make_account(Role.AUDITOR, db.session.get_one(OrgUnit, units["district"]), login="auditor")
    return sign_in(client, account)


@pytest.fixture
def written(app, units):
    """One entry of each sort, an hour apart, on a day of its own."""
    with transaction():
        office = make_account(Role.OFFICE, db.session.get_one(OrgUnit, units["one"]), login="office")
        office.name = "顾试"
        start = local(clock.now()).replace(year=2026, month=11, day=20, hour=8, minute=0, second=0)
        rows = (
            (
                "scheduling:meeting:create",
                About("meeting", 7, units["one"]),
                office,
                "供暖专场",
                Result.SUCCEEDED,
            ),
            ("people:phone:reveal", About("person", 7, units["two"]), office, "王试", Result.SUCCEEDED),
            ("access:request:refuse", About("meeting", 8, units["two"]), office, "没有", Result.REFUSED),
            ("accounts:account:sign_in_failed", About("account", None), None, "", Result.FAILED),
        )
        for hour, (action, about, by, sentence, result) in enumerate(rows):
            with clock.frozen(start + timedelta(hours=hour)):
                services.record_about(action, about, by=by, sentence=sentence, result=result)


def shown(browser, query: str) -> list[str]:
    """Return the sentences or actions of that day's entries that the file holds."""
    path = f"/audit.csv?since={MORNING}&until={MORNING}&{query}"
    rows = csv.DictReader(io.StringIO(browser.get(path).data.decode("utf-8-sig"), newline=""))
    return [row["说明"] or row["做了什么"] for row in rows if row["做了什么"]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["登录失败", "没有", "王试", "供暖专场"]),
        ("q=供暖", ["供暖专场"]),
        ("who=顾", ["没有", "王试", "供暖专场"]),
        ("who=没有这个人", []),
        ("action=people:phone:reveal", ["王试"]),
        ("action=none", ["登录失败", "没有", "王试", "供暖专场"]),
        ("result=refused", ["没有"]),
        ("result=failed", ["登录失败"]),
        ("thing=meeting", ["没有", "供暖专场"]),
        ("thing=meeting&id=7", ["供暖专场"]),
        ("id=7", ["王试", "供暖专场"]),
        ("unit={one}", ["供暖专场"]),
        ("unit={district}", ["没有", "王试", "供暖专场"]),
        ("since_time=09:00&until_time=10:00", ["没有", "王试"]),
        ("since_time=09:30", ["登录失败", "没有"]),
        ("until_time=下午1点", ["登录失败", "没有", "王试", "供暖专场"]),
        ("since_time=nonsense", ["登录失败", "没有", "王试", "供暖专场"]),
    ],
)
def test_each_filter_narrows(auditor, written, units, query, wanted):
    query = query.format(**units)
    assert shown(auditor, query) == wanted
    page = auditor.get(f"/audit?since={MORNING}&until={MORNING}&{query}").text
    assert (f"共 {len(wanted)} 条" in page) if wanted else ("没有符合的记录" in page)


def test_a_foreign_unit_as_filter_opens_nothing(app, written, units):
    with transaction():
        account = make_account(
            Role.AUDITOR, db.session.get_one(OrgUnit, units["one"]), login="street-auditor"
        )
    browser = sign_in(app.test_client(), account)
    assert shown(browser, f"unit={units['two']}") == []
    assert shown(browser, "") == ["供暖专场"]
    assert "第2街" not in browser.get("/audit").text


def test_the_file_holds_all_with_who_from_where_and_its_place_in_the_chain(auditor, written, monkeypatch):
    monkeypatch.setattr(trail, "AT_A_TIME", 2)
    chain.seal()
    count = db.session.query(queries.Entry).count()
    text = auditor.get("/audit.csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == 1 + count + 2
    assert "账号 auditor" in rows[-1][0]
    assert f"共 {count} 条" in rows[-1][0]
    by_id = {row["编号"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    last = by_id[str(chain.verify().position)]
    assert last["校验值"] == chain.verify().hash
    assert {row["角色和单位"] for row in by_id.values() if row["谁"] == "顾试"} == {"代表工委·第1街"}


def test_a_cell_that_would_run_in_a_spreadsheet_does_not(auditor, app):
    with transaction():
        services.record("tests:thing:do", by=None, sentence="=HYPERLINK(1)", who="+86")
    text = auditor.get("/audit.csv?q=HYPER").data.decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in text
    assert "'+86" in text


def test_the_state_of_the_chain_is_said_in_one_line(auditor, app, written, monkeypatch):
    assert "还没有封进链里" in auditor.get("/audit").text
    chain.seal()
    assert "条，最近一次" in auditor.get("/audit").text
    jobs.check()
    assert "全部核对过，没有改动" in auditor.get("/audit").text
    with transaction():
        services.record(queries.CHECKED, by=None, sentence="记录被改过　记录编号 3", result=Result.FAILED)
    page = auditor.get("/audit").text
    assert "核对操作记录时发现对不上" in page
    assert "记录编号 3" in page


def test_a_result_that_somebody_wrote_by_hand_does_not_hide_the_trail(auditor, app):
    with transaction():
        db.session.add(queries.Entry(at=clock.now(), action="x:y:z", thing_kind="odd", result="maybe"))
    assert "x:y:z" in auditor.get("/audit").text
    assert "maybe" in auditor.get("/audit.csv").text


def test_the_page_asks_few_questions(auditor, written):
    with statements(at_most=16):
        auditor.get("/audit")
