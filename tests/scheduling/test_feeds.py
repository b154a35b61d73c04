"""Calendar files over HTTP: what they hold, what they keep quiet, and that they are not sent twice."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from liaison_app.access.permissions import Role
from liaison_app.core import clock, tokens
from liaison_app.core.db import db, transaction
from liaison_app.orgs.kinds import OrgKind
from liaison_app.people.models import Person
from liaison_app.scheduling import jobs, rules, services
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.scheduling.models import CalendarEntry, Meeting
from liaison_app.scheduling.rules import MeetingPlan, PlannedPerson
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_room
from tests.parts.calendars import lines_of
from tests.parts.databases import queries

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
START = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _monday_morning():
    with clock.frozen(NOW):
        yield


@pytest.fixture
def ids(app):
    """A published meeting with a bureau's head and a deputy, and the ids around it."""
    with transaction():
        street, bureau, room = make_unit(), make_unit("城市管理局", OrgKind.BUREAU), make_room()
        head = make_official(bureau, "程建业", email="head@example.test", mobile="13900000001")
        deputy = make_deputy("陈立新", email="deputy@example.test")
        plan = MeetingPlan(
            kind="face_bureau",
            title="供暖专场，进站\n先报名",
            starts_at=START,
            ends_at=START + timedelta(hours=2),
            room_id=room.id,
            about="暖气不够热；报修电话打不通",
            people=(
                PlannedPerson(head.id, RoleCode.BUREAU_HEAD, bureau.id, is_lead=True),
                PlannedPerson(deputy.id, RoleCode.DEPUTY),
            ),
        )
        meeting = services.create_meeting(plan, unit_id=street.id, by=None)
        services.publish(meeting.id, version=1, by=None)
        found = {
            "meeting": meeting.id,
            "code": meeting.code,
            "uid": meeting.uid,
            "station": room.station_id,
            "bureau": bureau.id,
            "deputy": deputy.id,
        }
    return found


def events(reply) -> list:
    return Calendar.from_ical(reply.data.decode()).walk("VEVENT")


@pytest.mark.parametrize(
    "path", ["/calendar.ics", "/stations/{station}/calendar.ics", "/bureaus/{bureau}/calendar.ics"]
)
def test_a_public_feed_carries_the_meeting_and_nobodys_name_or_address(client, ids, path):
    reply = client.get(path.format(**ids))
    assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = events(reply)
    assert str(event["uid"]) == ids["uid"]
    assert event["dtstart"].dt.astimezone(UTC) == START
    text = reply.data.decode().replace("\r\n ", "")
    for secret in ("ATTENDEE", "example.test", "13900000001", "陈立新", "程建业", "VALARM"):
        assert secret not in text


def test_the_same_feed_is_not_sent_twice(client, ids):
    first = client.get("/calendar.ics")
    assert first.headers["ETag"]
    assert first.headers["Last-Modified"]
    by_tag = client.get("/calendar.ics", headers={"If-None-Match": first.headers["ETag"]})
    by_time = client.get("/calendar.ics", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    assert (by_tag.status_code, by_tag.data, by_time.status_code) == (304, b"", 304)


@pytest.mark.parametrize("path", ["/calendar.ics", "/m/{code}.ics", "/stations/{station}/calendar.ics"])
def test_one_strong_tag_stands_for_the_same_bytes_packed_or_not(client, ids, path):
    path = path.format(**ids)
    plain = client.get(path)
    packed, again = (client.get(path, headers={"Accept-Encoding": "gzip"}) for _ in range(2))
    assert not plain.headers["ETag"].startswith("W/")
    assert plain.headers["ETag"] != packed.headers["ETag"] == again.headers["ETag"]
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.data == again.data != plain.data
    assert gzip.decompress(packed.data) == plain.data
    assert "Accept-Encoding" in packed.headers["Vary"]
    asked = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert client.get(path, headers=asked).status_code == 304


def test_a_subscriber_who_has_everything_costs_one_look_and_no_entry(client, ids):
    packed = {"Accept-Encoding": "gzip"}
    tag = client.get("/calendar.ics", headers=packed).headers["ETag"]
    with queries(at_most=1) as sent:
        assert client.get("/calendar.ics", headers={**packed, "If-None-Match": tag}).status_code == 304
    assert "calendar_entry.body" not in sent[0]


def test_two_changes_within_a_second_are_told_apart(client, ids):
    tags = set()
    for version, about in ((2, "第一次改"), (3, "第二次改")):
        with transaction():
            plan = services.as_plan(db.session.get(Meeting, ids["meeting"]))
            services.revise(ids["meeting"], replace(plan, about=about), version=version, by=None)
        tags.add(client.get("/calendar.ics").headers["ETag"])
    assert len(tags) == 2


def test_a_change_gives_new_bytes_and_a_new_tag(client, ids):
    tag = client.get("/calendar.ics").headers["ETag"]
    with clock.frozen(NOW + timedelta(hours=1)), transaction():
        services.cancel(ids["meeting"], reason="不开了", version=2, by=None)
    reply = client.get("/calendar.ics", headers={"If-None-Match": tag})
    assert reply.status_code == 200
    (event,) = events(reply)
    assert (str(event["status"]), int(event["sequence"])) == ("CANCELLED", 1)
    assert str(event["summary"]).startswith("【已取消】")


def test_a_missing_entry_is_written_by_the_worker(client, ids):
    with transaction():
        db.session.delete(db.session.get(CalendarEntry, ids["meeting"]))
    assert not events(client.get("/calendar.ics"))
    jobs.store_missing_entries()
    assert len(events(client.get("/calendar.ics"))) == 1


def test_a_cancelled_meeting_leaves_the_feed_after_thirty_days(client, ids):
    with transaction():
        services.cancel(ids["meeting"], reason="不开了", version=2, by=None)
    with clock.frozen(NOW + timedelta(days=31)):
        assert not events(client.get("/calendar.ics"))


def test_a_postponed_meeting_has_no_time_and_is_not_in_the_feed(client, ids):
    with transaction():
        services.postpone(ids["meeting"], reason="大雪", version=2, by=None)
    assert not events(client.get("/calendar.ics"))


def test_drafts_and_closed_meetings_of_the_office_stay_out(client, ids):
    with transaction():
        db.session.get(Meeting, ids["meeting"]).is_public = False
    assert not events(client.get("/calendar.ics"))
    assert client.get(f"/m/{ids['code']}.ics").status_code == 404


def test_an_empty_feed_is_still_a_calendar(client, app):
    reply = client.get("/calendar.ics")
    assert reply.status_code == 200
    assert reply.data.startswith(b"BEGIN:VCALENDAR\r\n")


def test_one_meeting_is_a_file_to_download(client, ids):
    reply = client.get(f"/m/{ids['code']}.ics")
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="meeting.ics"')
    (event,) = events(reply)
    assert str(event["uid"]) == ids["uid"]
    assert "ATTENDEE" not in reply.data.decode()


def test_a_secret_feed_opens_by_its_link_until_it_is_revoked(client, ids):
    with transaction():
        token = tokens.make("feed", ids["deputy"], 0)
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(token)
    reply = client.get(f"/feeds/{token}.ics")
    (event,) = events(reply)
    assert event.walk("VALARM")
    assert "private" in reply.headers["Cache-Control"]
    with transaction():
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(tokens.make("feed", ids["deputy"], 1))
    assert client.get(f"/feeds/{token}.ics").status_code == 404


def test_a_person_who_asked_leave_finds_the_meeting_gone_from_the_own_feed(client, ids):
    with transaction():
        token = tokens.make("feed", ids["deputy"], 0)
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(token)
        one = next(
            p for p in db.session.get(Meeting, ids["meeting"]).participants if p.person_id == ids["deputy"]
        )
        services.decline(one.id)
    assert not events(client.get(f"/feeds/{token}.ics"))


def test_a_postponed_meeting_is_no_appointment_in_any_file(client, ids):
    with transaction():
        token = tokens.make("feed", ids["deputy"], 0)
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(token)
        services.postpone(ids["meeting"], reason="大雪", version=2, by=None)
    assert not events(client.get(f"/feeds/{token}.ics"))
    (event,) = events(client.get(f"/m/{ids['code']}.ics"))
    assert (event["status"], event["transp"]) == ("CANCELLED", "TRANSPARENT")


@pytest.mark.parametrize(
    "path", ["/stations/999/calendar.ics", "/bureaus/999/calendar.ics", "/feeds/x.ics", "/m/x.ics"]
)
def test_an_unknown_feed_is_a_plain_404(client, app, path):
    assert client.get(path).status_code == 404


def test_the_feed_of_a_committee_does_not_exist(client, ids):
    with transaction():
        unit = make_unit().id
    assert client.get(f"/bureaus/{unit}/calendar.ics").status_code == 404


# --- busy times ---------------------------------------------------------------


def busy_periods(reply) -> list[tuple[datetime, datetime]]:
    (part,) = Calendar.from_ical(reply.data.decode()).walk("VFREEBUSY")
    listed = part.get("freebusy", [])
    return [(one.start, one.end) for one in (listed if isinstance(listed, list) else [listed])]


def test_a_person_and_a_room_say_when_they_are_taken_and_by_nothing(client, ids, app):
    with transaction():
        token = tokens.make("feed", ids["deputy"], 0)
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(token)
        meeting = db.session.get(Meeting, ids["meeting"])
        room_id, clerk = meeting.room_id, make_account(Role.LIAISON, meeting.room.station.unit)
    staff = sign_in(app.test_client(), clerk)
    assert client.get(f"/rooms/{room_id}/busy.ics").status_code == 303
    for reply in (client.get(f"/feeds/{token}/busy.ics"), staff.get(f"/rooms/{room_id}/busy.ics")):
        assert reply.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert busy_periods(reply) == [(START, START + timedelta(hours=2))]
        for word in ("供暖", "ATTENDEE", "deputy@example.test"):
            assert word not in reply.data.decode().replace("\r\n ", "")
        lines_of(reply.data)


def test_busy_times_follow_the_ledger_and_are_sent_once(client, ids):
    with transaction():
        token = tokens.make("feed", ids["deputy"], 0)
        db.session.get(Person, ids["deputy"]).feed_hash = tokens.digest(token)
    path = f"/feeds/{token}/busy.ics"
    first = client.get(path)
    with clock.frozen(NOW + timedelta(hours=5)):
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    with transaction():
        services.cancel(ids["meeting"], reason="不开了", version=2, by=None)
    assert busy_periods(client.get(path)) == []
    assert client.get("/feeds/unknown/busy.ics").status_code == 404


def test_spans_that_touch_are_one():
    hour = timedelta(hours=1)
    spans = [(START + hour, START + 2 * hour), (START, START + hour), (START + 3 * hour, START + 4 * hour)]
    assert rules.joined(spans) == [(START, START + 2 * hour), (START + 3 * hour, START + 4 * hour)]


def test_each_way_to_subscribe_is_offered_with_how_often_it_looks(client, ids):
    page = client.get("/calendar").text
    assert 'href="webcal://' in page
    assert "https://calendar.google.com/calendar/r?cid=webcal%3A//" in page
    assert "addfromweb" in page
    assert "4 到 24 小时" in page
