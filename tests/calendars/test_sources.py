"""Somebody's own calendar, from the page where it is added to the warning in the editor, with a host in its own process."""

from __future__ import annotations

import io
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.audit.models import Entry
from liaison_app.calendars import queries, rules, services
from liaison_app.calendars.errors import TooMany
from liaison_app.calendars.models import BusyBlock, CalendarSource
from liaison_app.calendars.reading import Busy, Reading
from liaison_app.core import clock, fetch
from liaison_app.core.db import db, lock, transaction
from liaison_app.core.errors import Missing
from liaison_app.jobs import worker
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.models import Person
from liaison_app.privacy import services as privacy
from tests.calendars.test_reading import calendar
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_official
from tests.factories.stations import make_room, make_station
from tests.parts.calendar_host import CalendarHost

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
# Friday 20 November, 14:30 to 15:30 in Beijing.
MEETING = "SUMMARY:机密碰头会\nDTSTART:20261120T063000Z\nDTEND:20261120T073000Z"


@pytest.fixture(autouse=True)
def _monday_morning():
    with clock.frozen(NOW):
        yield


class Town:
    """A bureau with its head and its clerk, a street that plans meetings, and a host of calendars."""

    def __init__(self, app, host: CalendarHost):
        self.app, self.host = app, host
        with transaction():
            root = make_unit("本区")
            bureau = make_unit("城市管理局", OrgKind.BUREAU, parent=root)
            street = make_unit("济源路街道人大工委", parent=root)
            self.room = make_room(make_station("中安街站", parent=street), name="接待室").id
            head = make_official(bureau, "程建业", email="head@example.test")
            own = make_account(Role.BUREAU_HEAD, bureau)
            own.person_id = head.id
            accounts = {
                "own": own,
                "clerk": make_account(Role.BUREAU_CONTACT, bureau),
                "street": make_account(Role.STREET, street),
                "office": make_account(Role.OFFICE, root),
                "other": make_account(Role.BUREAU_CONTACT, make_unit("教育局", OrgKind.BUREAU, parent=root)),
            }
            self.accounts = {name: one.id for name, one in accounts.items()}
            self.head, self.lead, self.street = head.id, f"{bureau.id}:{head.id}", street.id
        self.base = f"/people/{self.head}/calendars"

    def browser(self, who: str):
        return sign_in(self.app.test_client(), db.session.get_one(Account, self.accounts[who]))

    def add(self, who: str = "clerk", **form):
        base = "/calendars/mine" if who == "own" else self.base
        return self.browser(who).post(f"{base}/add", data=form, content_type="multipart/form-data")

    def work(self) -> None:
        """Let the worker do what is due."""
        with transaction():
            services.plan_due()
        worker.drain()
        db.session.remove()

    def point_to(self, address: str) -> None:
        """Let the one calendar be at another address."""
        source_id = self.source().id
        with transaction():
            lock(CalendarSource, source_id).address = address

    def source(self) -> CalendarSource:
        db.session.remove()
        return db.session.scalars(select(CalendarSource)).one()

    def blocks(self) -> list[tuple[datetime, datetime]]:
        found = db.session.execute(
            select(BusyBlock.starts_at, BusyBlock.ends_at).order_by(BusyBlock.starts_at)
        )
        return [tuple(row) for row in found]

    def verdict(self, starts: str = "14:00", ends: str = "16:00") -> str:
        form = {
            "kind": "face_bureau", "title": "供暖专场", "unit_id": self.street, "day": "2026-11-20", "starts": starts,
            "ends": ends, "place_kind": "room", "room_id": self.room, "lead": self.lead,
        }  # fmt: skip
        return self.browser("street").get("/meetings/check", query_string=form).text


@pytest.fixture
def town(app, make_app, calendar_host):
    knowing = make_app(**calendar_host.settings)
    with knowing.app_context():
        yield Town(knowing, calendar_host)


FRIDAY = [(datetime(2026, 11, 20, 6, 30, tzinfo=UTC), datetime(2026, 11, 20, 7, 30, tzinfo=UTC))]


def test_a_link_that_a_clerk_adds_becomes_a_warning_in_the_editor(town: Town):
    assert "有人的日历上没空" not in town.verdict()
    address = town.host.put("/head.ics", calendar(MEETING)).replace("https:", "webcal:")
    assert town.add(address=address, label="工作日历").status_code == 303
    page = town.browser("clerk").get(town.base).text
    assert "等着读" in page
    town.work()
    assert town.blocks() == FRIDAY
    page = town.browser("clerk").get(town.base).text
    assert "读到了" in page
    assert "工作日历" in page
    verdict = town.verdict()
    assert "有人的日历上没空" in verdict
    assert "程建业" in verdict
    assert "14:30" in verdict
    assert "机密" not in verdict
    assert "有人的日历上没空" not in town.verdict("16:00", "17:00")


def test_the_warning_stops_no_meeting_and_stays_out_of_the_ledger(town: Town):
    town.add(address=town.host.put("/head.ics", calendar(MEETING)))
    town.work()
    form = {
        "kind": "face_bureau", "title": "供暖专场", "unit_id": town.street, "day": "2026-11-20", "starts": "14:00",
        "ends": "16:00", "place_kind": "room", "room_id": town.room, "lead": town.lead, "chair": 0,
        "do": "save",
    }  # fmt: skip
    assert town.browser("street").post("/meetings/new", data=form).status_code == 303
    held = db.session.execute(text("SELECT count(*) FROM occupancy WHERE live")).scalar_one()
    assert held == 2
    # And a time that is offered instead of one that cannot be is free by the own calendar as well.
    form["title"] = "第二场"
    refused = town.browser("street").post("/meetings/new", data=form).text
    offered = re.findall(r'name="use_time" value="([^"]+)"', refused)
    assert offered
    spans = [(start := datetime.fromisoformat(one), start + timedelta(hours=2)) for one in offered]
    assert all(not (start < FRIDAY[0][1] and FRIDAY[0][0] < end) for start, end in spans)


def test_nothing_of_an_appointment_but_its_times_is_kept(town: Town, database):
    town.add(
        address=town.host.put(
            "/head.ics", calendar(f"{MEETING}\nLOCATION:小会议室\nATTENDEE:mailto:x@y.test")
        )
    )
    town.work()
    assert town.blocks() == FRIDAY
    rows = db.session.execute(text("SELECT * FROM busy_block")).mappings().all()
    assert set(rows[0]) == {"id", "source_id", "person_id", "starts_at", "ends_at", "is_tentative"}
    source = db.session.execute(text("SELECT * FROM calendar_source")).mappings().one()
    assert "机密" not in str(dict(source))


def test_the_address_is_a_secret_at_rest_on_pages_in_the_trail_and_in_the_log(town: Town, caplog):
    address = town.host.put("/s3cr3t-key.ics", calendar(MEETING))
    with caplog.at_level(logging.DEBUG):
        town.add(address=address)
        town.work()
        town.host.put("/s3cr3t-key.ics", b"<html>")
        with clock.frozen(NOW + timedelta(hours=2)):
            town.work()
        page = town.browser("clerk").get(town.base).text
    raw = db.session.execute(text("SELECT * FROM calendar_source")).mappings().one()
    trail = [row.sentence for row in db.session.scalars(select(Entry))]
    for place in (page, str(dict(raw)), " ".join(trail), caplog.text):
        assert "s3cr3t" not in place
    assert town.source().address == address


def test_what_was_typed_wrong_comes_back_without_the_secret(town: Town):
    for address in ("http://example.com/s3cr3t", "https://me:s3cr3t@example.com/", "s3cr3t"):
        reply = town.add(address=address)
        assert reply.status_code == 422
        assert "只能读公网上" in reply.text
        assert "s3cr3t" not in reply.text
    assert "请填一个链接" in town.add().text
    both = town.add(address="https://example.com/a.ics", file=(io.BytesIO(calendar()), "a.ics"))
    assert "只要一样" in both.text


def test_a_file_is_read_at_once_and_thrown_away(town: Town):
    reply = town.add("own", file=(io.BytesIO(calendar(MEETING)), "我的.ics"), label="手机日历")
    assert reply.status_code == 303
    assert town.blocks() == FRIDAY
    page = town.browser("own").get("/calendars/mine").text
    assert "手机日历" in page
    assert "算到" in page
    assert "再读一次" not in page


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<html>login</html>", "可能是登录页"),
        (b"BEGIN:VCALENDAR\r\n", "没有结尾"),
        (b"x" * (5 * 2**20 + 1), "最多 5 MB"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused_beside_its_field(town: Town, raw, words):
    reply = town.add(file=(io.BytesIO(raw), "a.ics"))
    assert reply.status_code == 422
    assert words in reply.text
    assert db.session.scalar(select(func.count()).select_from(CalendarSource)) == 0


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/login", "可能是登录页"),
        ("/away?status=410", "HTTP 410"),
        ("/huge", "最多 5 MB"),
        ("/half", "连不上"),
        ("/garbage", "解不开"),
        ("/circle", "没有到头"),
    ],
)
def test_trouble_is_said_the_last_good_copy_stays_and_the_next_try_comes_later(town: Town, path, words):
    address = town.host.put("/turn.ics", calendar(MEETING))
    town.add(address=address)
    town.work()
    town.point_to(town.host.url + path)
    waits = []
    for failures in (1, 2, 3):
        with clock.frozen(town.source().next_at):
            town.work()
            source = town.source()
            waits.append(source.next_at - clock.now())
        assert source.failures == failures
    assert waits == [timedelta(hours=2), timedelta(hours=4), timedelta(hours=8)]
    assert town.blocks() == FRIDAY
    assert source.read_at == NOW
    page = town.browser("clerk").get(town.base).text
    assert "没读到" in page
    assert words in page
    assert "11月16日" in page
    town.point_to(address)
    with clock.frozen(town.source().next_at):
        town.work()
        source = town.source()
        assert (source.trouble, source.failures, source.next_at) == ("", 0, clock.now() + timedelta(hours=1))


def test_the_wait_doubles_up_to_a_day():
    assert [rules.wait(n) // timedelta(hours=1) for n in (0, 1, 2, 3, 4, 5, 50)] == [1, 2, 4, 8, 16, 24, 24]


def test_what_has_not_changed_is_not_sent_again_until_the_year_runs_out(town: Town):
    endless = f"{MEETING}\nRRULE:FREQ=WEEKLY"
    town.add(address=town.host.put("/same.ics", calendar(endless)))
    town.work()
    first, town_until = len(town.blocks()), town.source().until
    town.host.asked()
    with clock.frozen(NOW + timedelta(hours=2)):
        town.work()
        assert town.source().read_at == clock.now()
    assert town.source().until == town_until
    ((_path, headers),) = town.host.asked()
    assert headers["if-none-match"].startswith('"')
    with clock.frozen(NOW + timedelta(days=70)):
        town.work()
    ((_path, headers),) = town.host.asked()
    assert "if-none-match" not in headers
    assert town.source().until > town_until
    assert len(town.blocks()) == first


def test_a_change_over_there_replaces_the_blocks(town: Town):
    town.add(address=town.host.put("/change.ics", calendar(MEETING)))
    town.work()
    town.host.put("/change.ics", calendar(MEETING.replace("20261120", "20261121")))
    town.browser("clerk").post(f"{town.base}/{town.source().id}/read")
    town.work()
    assert [start.day for start, _end in town.blocks()] == [21]


def test_a_calendar_that_is_given_up_leaves_nothing(town: Town):
    town.add(address=town.host.put("/gone.ics", calendar(MEETING)), label="旧的")
    town.work()
    source_id, browser = town.source().id, town.browser("clerk")
    assert "马上删掉" in browser.get(f"{town.base}/{source_id}/remove").text
    assert town.blocks() == FRIDAY
    assert browser.post(f"{town.base}/{source_id}/remove").status_code == 303
    source = town.source()
    assert (town.blocks(), source.address, source.host, source.label) == ([], None, "", "")
    # A job that was on its way writes nothing any more.
    with transaction():
        services.note_read(source_id, fetch.Answer(b""), Reading([Busy(*FRIDAY[0])]))
        services.note_trouble(source_id, fetch.TooSlow())
    assert town.blocks() == []
    assert [
        row.action for row in db.session.scalars(select(Entry)) if row.action.startswith("calendars:")
    ] == [
        "calendars:source:add",
        "calendars:source:remove",
    ]


def test_who_may_look_after_whose_calendars(town: Town):
    for who, status in {"clerk": 200, "office": 200, "street": 404, "other": 404, "own": 404}.items():
        assert town.browser(who).get(town.base).status_code == status, who
    town.add("own", address=town.host.put("/mine.ics", calendar(MEETING)))
    source_id = town.source().id
    for who in ("other", "clerk"):
        assert town.browser(who).get(f"/calendars/mine/{source_id}/remove").status_code in {403, 404}
    assert town.browser("own").get(f"/calendars/mine/{source_id}/remove").status_code == 200
    assert "程建业" in town.browser("clerk").get("/calendars").text
    assert "程建业" not in town.browser("other").get("/calendars").text


def test_a_calendar_is_found_under_its_own_person_only(town: Town):
    town.add(address=town.host.put("/mine.ics", calendar(MEETING)))
    with pytest.raises(Missing):
        queries.get_source(town.head + 1, town.source().id)


def test_the_same_link_twice_is_one_and_six_are_too_many(town: Town):
    address = town.host.put("/mine.ics", calendar(MEETING))
    for _ in range(2):
        assert town.add(address=address).status_code == 303
    assert town.source()
    for number in range(rules.MOST_SOURCES - 1):
        town.add(address=f"{address}?{number}")
    assert "最多加 5 份" in town.add(address=f"{address}?more").text

    with pytest.raises(TooMany), transaction():
        services.add_link(
            town.head, f"{address}?more", "", by=db.session.get_one(Account, town.accounts["own"])
        )


def test_somebody_who_asks_for_erasure_has_no_calendar_left(town: Town):

    town.add(address=town.host.put("/mine.ics", calendar(MEETING)))
    town.work()
    with transaction():
        privacy.erase_contacts(town.head, by=db.session.get_one(Account, town.accounts["office"]))
    assert town.blocks() == []
    assert town.source().address is None


def test_busy_times_that_are_over_are_deleted(town: Town):
    town.add(address=town.host.put("/mine.ics", calendar(MEETING)))
    town.work()
    for days, left in ((4, 1), (6, 0)):
        with clock.frozen(NOW + timedelta(days=days)), transaction():
            services.forget_past()
        assert len(town.blocks()) == left


def test_calendars_take_their_turns_so_that_letters_come_between(town: Town):
    with transaction():
        person = db.session.get_one(Person, town.head)
        for number in range(3):
            db.session.add(
                CalendarSource(
                    person_id=person.id, kind="link", address=f"{town.host.url}/away?status=404&{number}",
                    added_at=NOW, next_at=NOW,
                )
            )  # fmt: skip
    with transaction():
        assert services.plan_due() == 3
        assert services.plan_due() == 0
    after = db.session.execute(
        text("SELECT run_after FROM job WHERE name = 'calendars.read' ORDER BY id")
    ).scalars()
    assert len(set(after)) == 3
