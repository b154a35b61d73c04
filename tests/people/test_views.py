"""The staff's pages of deputies, through HTTP."""

import re

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.people.models import Mandate, MandateState, PostKind
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official, make_person
from tests.factories.stations import make_membership, make_station
from tests.parts.databases import queries

MOBILE = "13900000001"


class District:
    """Two stations below one root, a deputy in the first, and who looks at them."""

    def __init__(self, app):
        self.app = app
        with transaction():
            root = make_unit("本区")
            self.station, other = make_station("甲站", parent=root), make_station("乙站", parent=root)
            person = make_deputy(
                "王素梅", level=3, mobile=MOBILE, email="wang@example.test", pinyin="wang su mei",
                employer="机修厂", job_title="班长", expertise="供热、物业", ethnicity="汉族",
            )  # fmt: skip
            make_membership(self.station, person)
            make_membership(other, make_deputy("陈立新", pinyin="chen li xin"))
            ended = make_person("牛守业", pinyin="niu shou ye")
            db.session.add(Mandate(person_id=ended.id, level=4, state=MandateState.ENDED))
            self.accounts = {
                "own": make_account(Role.LIAISON, self.station.unit),
                "foreign": make_account(Role.LIAISON, other.unit),
                "office": make_account(Role.OFFICE, root),
                "admin": make_account(Role.ADMIN, root),
            }
            self.person_id, self.url = person.id, f"/people/{person.id}"

    def browser(self, who):
        return sign_in(self.app.test_client(), self.accounts[who])


@pytest.fixture
def district(app):
    return District(app)


def names(page: str) -> list[str]:
    return re.findall(r'<th role="rowheader"[^>]*><a [^>]*>([^<]+)</a>', page)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["王素梅", "陈立新"]),
        ("?all=1", ["王素梅", "陈立新", "牛守业"]),
        ("?q=素", ["王素梅"]),
        ("?q=供热", ["王素梅"]),
        ("?q=班长", ["王素梅"]),
        ("?q=%25", []),
        ("?level=3", ["王素梅"]),
        ("?level=9&station=x", ["王素梅", "陈立新"]),
        ("?station={station}", ["王素梅"]),
        ("?station={station}&level=4", []),
        ("?page=2", []),
    ],
)
def test_the_list_is_searched_by_the_address(district, asked, found):
    reply = district.browser("foreign").get("/people" + asked.format(station=district.station.id))
    assert reply.status_code == 200
    assert names(reply.text) == found


def test_the_list_masks_numbers_and_is_a_fragment_for_htmx(district):
    page = district.browser("office").get("/people", headers={"HX-Request": "true"}).text
    assert page.startswith('<section id="deputies"')
    assert "139****0001" in page
    assert MOBILE not in page
    assert "甲站" in page


def test_the_list_costs_few_statements_however_long_it_is(district):
    with transaction():
        for number in range(60):
            make_membership(district.station, make_deputy(f"代表{number}"))
    browser = district.browser("office")
    browser.get("/people")
    # Six of the page; the account, its roles and the count in the menu are the frame's.
    with queries(at_most=9):
        page = browser.get("/people?q=代表&level=4").text
    assert len(names(page)) == 50
    assert "第 1 页，共 2 页，60 位" in page


def test_everybody_who_organizes_reads_the_card_but_not_what_is_private(district):
    foreign, own = (district.browser(who).get(district.url).text for who in ("foreign", "own"))
    assert all(word in foreign for word in ("王素梅", "机修厂", "甲站", "139****0001", "供热、物业"))
    assert not any(word in foreign for word in (MOBILE, "wang@example.test", "汉族", "看全号", "日历"))
    assert all(word in own for word in ("wang@example.test", "汉族", "看全号", "做一个链接"))
    assert MOBILE not in own


@pytest.mark.parametrize(("who", "status"), [("own", 200), ("office", 200), ("foreign", 404), ("admin", 404)])
def test_a_number_is_shown_to_who_is_responsible_and_that_is_noted(district, who, status):
    reply = district.browser(who).post(f"{district.url}/phone")
    assert reply.status_code == status
    assert (MOBILE in reply.text) is (status == 200)
    seen = db.session.scalars(select(Entry).where(Entry.action == "people:phone:reveal")).all()
    assert [(one.actor_id, one.thing_id, one.sentence) for one in seen] == (
        [(district.accounts[who].id, district.person_id, "王素梅")] if status == 200 else []
    )


def test_a_calendar_link_is_shown_once_opens_the_feed_and_ends(district):
    own = district.browser("own")
    part = own.post(f"{district.url}/feed", headers={"HX-Request": "true"}).text
    assert part.startswith('<div id="feed"')
    path = re.search(r'value="http://[^/]+(/feeds/[^"]+\.ics)"', part)[1]
    assert own.get(path).status_code == 200
    assert path not in own.get(district.url).text
    assert "换一个链接" in own.get(district.url).text
    reply = own.post(f"{district.url}/feed/revoke", follow_redirects=True)
    assert "王素梅的日历链接停用了。" in reply.text
    assert own.get(path).status_code == 404


@pytest.mark.parametrize("step", ["feed", "feed/revoke"])
@pytest.mark.parametrize(("who", "status"), [("foreign", 404), ("admin", 404), ("office", (200, 303))])
def test_a_calendar_link_is_nobody_elses_business(district, step, who, status):
    reply = district.browser(who).post(f"{district.url}/{step}")
    assert reply.status_code in (status if isinstance(status, tuple) else (status,))


def test_the_card_of_an_official_shows_the_post(district):
    with transaction():
        bureau = make_unit("某某局", parent=db.session.merge(district.station).unit.parent)
        head = make_official(bureau, "程建业", kind=PostKind.HEAD, mobile="13900000002")
        person_id = head.id
    page = district.browser("own").get(f"/people/{person_id}").text
    assert "某某局　局长" in page
    assert "没有编入联络站" in page
    assert district.browser("own").post(f"/people/{person_id}/phone").status_code == 404
    assert "13900000002" in district.browser("office").post(f"/people/{person_id}/phone").text


def test_strangers_and_wrong_numbers_get_nothing(district):
    stranger = district.app.test_client()
    assert [stranger.get(path).status_code for path in ("/people", district.url)] == [303, 303]
    assert stranger.post(f"{district.url}/phone").status_code == 303
    assert district.browser("admin").get("/people").status_code == 403
    own = district.browser("own")
    assert own.get("/people/999999").status_code == 404
    assert own.post("/people/999999/phone").status_code == 404
