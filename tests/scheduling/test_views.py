"""The organizer's pages over HTTP: what is typed is kept, what is foreign is not there, what is refused is not written."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from liaison_app.access.permissions import Role
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.orgs.kinds import OrgKind
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import PostKind
from liaison_app.scheduling import services
from liaison_app.scheduling.kinds import MeetingState, PlaceKind, RoleCode
from liaison_app.scheduling.models import Meeting, Occupancy
from liaison_app.scheduling.rules import PlannedPerson
from liaison_app.stations.models import Station
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.stations import make_membership, make_room, make_station
from tests.parts.databases import queries

NOW = datetime(2026, 11, 16, 1, tzinfo=UTC)
AS_FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _monday_morning():
    with clock.frozen(NOW):
        yield


class Office:
    """A street's clerk at a browser, a room, a bureau's head and a deputy of the station."""

    def __init__(self, client):
        with transaction():
            street = make_unit("济源路街道人大工委")
            station = make_station("中安街人大代表联络站", parent=street)
            room = make_room(station, name="二楼接待室", capacity=24)
            bureau = make_unit("城市管理局", OrgKind.BUREAU)
            head, deputy = make_official(bureau, "程建业"), make_deputy("陈立新")
            make_membership(station, deputy)
            clerk = make_account(Role.STREET, street)
            self.unit, self.station_unit, self.room, self.deputy = (
                street.id,
                station.unit_id,
                room.id,
                deputy.id,
            )
            self.lead = f"{bureau.id}:{head.id}"
        self.client = sign_in(client, clerk)

    def form(self, **given) -> dict[str, object]:
        usual = {
            "kind": "face_bureau",
            "title": "供暖专场",
            "unit_id": self.unit,
            "day": "2026-11-20",
            "starts": "14:30",
            "ends": "16:30",
            "place_kind": "room",
            "room_id": self.room,
            "chair": 0,
            "lead": self.lead,
            "deputies": [self.deputy],
            "seats_deputy": 6,
            "seats_citizen": 4,
            "seats_property_rep": 2,
            "seats_enterprise_rep": 0,
            "seats_council_citizen": 0,
            "is_public": "y",
            "do": "save",
        }
        return {**usual, **given}

    def save(self, **given):
        return self.client.post("/meetings/new", data=self.form(**given))


@pytest.fixture
def office(client) -> Office:
    return Office(client)


def only(model, **facts):
    return db.session.query(model).filter_by(**facts).one()


def only_meeting() -> Meeting:
    return only(Meeting)


def test_a_filled_form_becomes_a_draft_with_its_people_and_seats(office):
    reply = office.save()
    meeting = only_meeting()
    assert (reply.status_code, reply.location) == (303, f"/meetings/{meeting.id}")
    assert meeting.starts_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    assert {p.role: p.person.name for p in meeting.participants} == {
        "bureau_head": "程建业",
        "deputy": "陈立新",
    }
    assert {pool.role: pool.seats for pool in meeting.pools if pool.seats} == {
        "deputy": 6,
        "citizen": 4,
        "property_rep": 2,
    }
    page = office.client.get(reply.location)
    assert "草稿已存" in page.text
    assert "发布并发邀请" in page.text


def test_times_are_read_as_office_people_write_them(office):
    office.save(day="11月20日", starts="下午2点半", ends="16：30")
    assert only_meeting().starts_at == datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"title": ""}, "请写主题"),
        ({"day": "2026-02-30"}, "2026年2月没有30日"),
        ({"day": ""}, "请选日期"),
        ({"starts": "25:00"}, "25:00"),
        ({"ends": "14:00"}, "结束时间要晚于开始时间"),
        ({"room_id": 0}, "请选一间房间"),
        ({"room_id": 9999}, "不是有效的选择"),
        ({"seats_citizen": -1}, "名额要在 0 到 999 之间"),
        ({"day": "2020-01-01"}, "这个时间已经过了"),
        ({"closes_day": "2026-12-01"}, "报名要在开始以前截止"),
        ({"deputies": [999_999]}, "找不到了"),
    ],
)
def test_what_cannot_be_comes_back_with_a_sentence_and_what_was_typed(office, given, words):
    reply = office.save(about="暖气不够热", **given)
    assert reply.status_code == 422
    assert "暖气不够热" in reply.text
    assert words in reply.text
    assert db.session.query(Meeting).count() == 0
    assert db.session.query(Occupancy).count() == 0


def test_a_clash_names_the_blocker_links_to_it_and_offers_free_times(office):
    office.save(title="消防培训")
    taken = only_meeting().id
    reply = office.save(starts="15:00", ends="17:00", about="暖气不够热")
    assert reply.status_code == 422
    for words in ("消防培训", f"/meetings/{taken}", "二楼接待室", "14:30–16:30", "用这个时间", "暖气不够热"):
        assert words in reply.text
    assert db.session.query(Meeting).count() == 1


def test_the_offered_time_fills_the_form_and_saves_without_script(office):
    office.save(title="消防培训")
    reply = office.save(starts="15:00", ends="17:00")
    offered = reply.text.split('name="use_time" value="')[1].split('"')[0]
    filled = office.client.post("/meetings/new", data={**office.form(), "use_time": offered})
    assert filled.status_code == 200
    assert db.session.query(Meeting).count() == 1
    start = datetime.fromisoformat(offered).astimezone(clock.now().tzinfo) + timedelta(hours=8)
    assert f'value="{start:%H:%M}"' in filled.text
    saved = office.save(
        day=f"{start:%Y-%m-%d}", starts=f"{start:%H:%M}", ends=f"{start + timedelta(hours=2):%H:%M}"
    )
    assert saved.status_code == 303


def test_a_blocker_of_a_foreign_unit_is_named_without_title_or_link(office, app):
    with transaction():
        foreign = make_unit("别的街道")
        plan = services.MeetingPlan(
            kind="reception",
            title="不可说的会",
            starts_at=datetime(2026, 11, 20, 6, tzinfo=UTC),
            ends_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
            room_id=make_room().id,
            people=(services.PlannedPerson(office.deputy, "deputy"),),
        )
        id = services.create_meeting(plan, unit_id=foreign.id, by=None).id
    reply = office.save()
    assert "陈立新" in reply.text
    assert "别的单位的活动" in reply.text
    assert "不可说的会" not in reply.text
    assert f"/meetings/{id}" not in reply.text


def test_while_typing_the_check_answers_and_writes_nothing(office):
    office.save(title="消防培训")
    reply = office.client.get("/meetings/check", query_string=office.form(), headers=AS_FRAGMENT)
    assert "消防培训" in reply.text
    free = office.client.get(
        "/meetings/check", query_string=office.form(day="2026-11-23"), headers=AS_FRAGMENT
    )
    assert "都有空" in free.text
    assert db.session.query(Meeting).count() == 1


def test_a_double_click_makes_one_meeting(office):
    first = office.save(form_token="once")
    second = office.save(form_token="once")
    assert first.location == second.location
    assert db.session.query(Meeting).count() == 1


def test_finding_deputies_without_script_keeps_the_form(office):
    with transaction():
        make_deputy("王素梅")
    reply = office.client.post("/meetings/new", data=office.form(do="find", find="王素梅"))
    assert reply.status_code == 200
    assert "王素梅" in reply.text
    assert 'value="供暖专场"' in reply.text


def test_words_looked_for_come_before_the_stations_own_deputies_and_behind_the_chosen(office):
    with transaction():
        make_deputy("王素梅")
        station = only(Station)
        make_membership(station, make_deputy("安站里"))
    page = office.client.get(
        "/meetings/deputies", query_string=office.form(find="王素梅"), headers=AS_FRAGMENT
    ).text
    assert page.index("陈立新") < page.index("王素梅") < page.index("安站里")
    assert "找到 1 位" in page
    assert (
        "没有找到，换个词再找"
        in office.client.get("/meetings/deputies", query_string=office.form(find="无此人")).text
    )


def test_a_usual_kind_brings_its_seats_and_keeps_what_was_typed(office):
    reply = office.client.post(
        "/meetings/new", data=office.form(do="", use_kind="residents_council", about="停车")
    )
    assert reply.status_code == 200
    for words in ('value="供暖专场"', "停车", '<option selected value="residents_council">', 'value="12"'):
        assert words in reply.text
    assert db.session.query(Meeting).count() == 0


def test_enter_in_a_line_presses_a_button_that_changes_nothing(office):
    office.save(title="消防培训")
    page = office.save(starts="15:00", ends="17:00").text
    form = page[page.index('id="editor"') :]
    first = re.search(r"<button [^>]*>", form)
    assert first is not None
    assert 'value="find"' in first[0]


def test_while_the_head_is_taken_a_deputy_head_may_come_and_no_other_room_is_offered(office):
    with transaction():
        second = make_official(
            only(OrgUnit, name="城市管理局"), "郝云峰", kind=PostKind.DEPUTY_HEAD, title="副局长"
        )
    office.save(title="消防培训")
    reply = office.save(starts="15:00", ends="17:00")
    assert "请副局长 郝云峰代会" in reply.text
    assert "换房间" not in reply.text
    key = office.lead.split(":")[0] + f":{second.id}"
    taken = office.client.post("/meetings/new", data=office.form(do="", starts="15:00", use_lead=key))
    assert f'<option selected value="{key}">' in taken.text


def test_a_head_and_a_deputy_head_may_come_together(office):
    with transaction():
        second = make_official(
            only(OrgUnit, name="城市管理局"), "郝云峰", kind=PostKind.DEPUTY_HEAD, title="副局长"
        )
    reply = office.save(others=[office.lead.split(":")[0] + f":{second.id}"])
    assert reply.status_code == 303
    assert [one.stand_in_for_id for one in only_meeting().participants if one.unit_id] == [None, None]


def test_who_asked_leave_stands_in_nobodys_way(office):
    office.save()
    first = only_meeting().id
    with transaction():
        services.decline(
            next(one.id for one in only_meeting().participants if one.person_id == office.deputy)
        )
    office.save(title="消防培训", kind="forum", lead="", place_kind="outside", place_text="曙光小学")
    asked = office.form(meeting=first)
    assert "都有空" in office.client.get("/meetings/check", query_string=asked, headers=AS_FRAGMENT).text


def test_a_room_too_small_for_all_seats_is_said(office):
    small = office.client.get(
        "/meetings/check", query_string=office.form(seats_citizen=40), headers=AS_FRAGMENT
    )
    assert "这间坐 24 人，席位和受邀的人一共 49 位" in small.text
    assert "这间坐" not in office.client.get("/meetings/check", query_string=office.form()).text


def test_a_time_that_is_over_is_said_while_typing(office):
    reply = office.client.get(
        "/meetings/check", query_string=office.form(day="2026-11-13"), headers=AS_FRAGMENT
    )
    assert "已经过了" in reply.text


def test_publishing_asks_first_and_a_late_notice_is_said(office):
    office.save(day="2026-11-18")
    id = only_meeting().id
    page = office.client.get(f"/meetings/{id}/publish")
    assert "发布并发 2 份邀请" in page.text
    assert "公告晚了" in page.text
    assert only_meeting().state == MeetingState.DRAFT
    done = office.client.post(f"/meetings/{id}/publish", data={"version": 1})
    assert done.status_code == 303
    assert only_meeting().state == MeetingState.PUBLISHED


def test_a_reason_is_asked_for_beside_its_field(office):
    office.save()
    id = only_meeting().id
    with transaction():
        services.publish(id, version=1, by=None)
    reply = office.client.post(f"/meetings/{id}/cancel", data={"version": 2, "reason": " "})
    assert reply.status_code == 422
    assert "请写明原因" in reply.text
    assert only_meeting().state == MeetingState.PUBLISHED


def test_a_draft_that_nobody_was_told_of_goes_without_a_reason(office):
    office.save()
    id = only_meeting().id
    assert "原因 " not in office.client.get(f"/meetings/{id}/cancel").text
    assert office.client.post(f"/meetings/{id}/cancel", data={"version": 1}).status_code == 303
    assert only_meeting().state == MeetingState.CANCELLED
    assert "大家会收到通知" not in office.client.get(f"/meetings/{id}").text


def test_without_a_mail_server_the_organizer_is_told_to_pass_the_invitations_on(office):
    office.save()
    id = only_meeting().id
    assert "2 份邀请列进“消息”" in office.client.get(f"/meetings/{id}/publish").text
    page = office.client.post(f"/meetings/{id}/publish", data={"version": 1}, follow_redirects=True).text
    assert "请逐个通知" in page
    assert f"/messages?meeting={id}&amp;state=attention" in page
    assert "还有 2 条" in page


def test_after_a_meeting_its_matters_are_counted_and_more_solved_than_raised_is_refused(office):
    office.save(day="2026-11-16", starts="9:15", ends="10:00")
    with transaction():
        only_meeting().state = MeetingState.PUBLISHED
    id = only_meeting().id
    with clock.frozen(NOW + timedelta(minutes=20)):
        wrong = office.client.post(f"/meetings/{id}/hold", data={"version": 1, "raised": "3", "solved": "4"})
        assert wrong.status_code == 422
        assert "解决的不会比提出的多" in wrong.text
        assert only_meeting().state == MeetingState.PUBLISHED
        office.client.post(f"/meetings/{id}/hold", data={"version": 1, "raised": "8", "solved": ""})
        assert (only_meeting().issues_raised, only_meeting().issues_solved) == (8, None)
        assert 'value="8"' in office.client.get(f"/meetings/{id}/close").text
        office.client.post(f"/meetings/{id}/close", data={"version": 2, "raised": "8", "solved": "6"})
        assert "提出 8 件，已解决 6 件" in office.client.get(f"/meetings/{id}").text
    assert only_meeting().state == MeetingState.CLOSED


def test_two_people_at_once_the_second_sees_what_the_first_stored(office):
    office.save()
    id = only_meeting().id
    office.client.post(f"/meetings/{id}/edit", data=office.form(version=1, title="先存的"))
    reply = office.client.post(f"/meetings/{id}/edit", data=office.form(version=1, title="后写的"))
    assert reply.status_code == 422
    assert "先存的" in reply.text
    assert "后写的" in reply.text
    assert only_meeting().title == "先存的"
    knowingly = office.client.post(f"/meetings/{id}/edit", data=office.form(version=2, title="后写的"))
    assert knowingly.status_code == 303
    assert only_meeting().title == "后写的"


def test_a_stale_form_shows_where_place_people_and_seats_differ_too(office):
    office.save()
    id = only_meeting().id
    office.client.post(
        f"/meetings/{id}/edit",
        data=office.form(version=1, place_kind="outside", place_text="曙光小学", seats_citizen=9),
    )
    reply = office.client.post(f"/meetings/{id}/edit", data=office.form(version=1, deputies=[]))
    assert "<del>曙光小学</del>" in reply.text
    assert "群众 9" in reply.text
    assert "<del>程建业、陈立新</del>" in reply.text


def test_the_list_comes_as_a_file_by_the_same_filters(office):
    office.save()
    page = office.client.get("/meetings?q=供暖&page=1").text
    assert f'href="/meetings.csv?q={quote("供暖")}"' in page
    said = office.client.get("/meetings.csv?q=供暖").data.decode("utf-8-sig")
    assert "2026-11-20,14:30,16:30,供暖专场,代表·局长面对面" in said
    assert "供暖专场" not in office.client.get("/meetings.csv?when=past").data.decode("utf-8-sig")


def test_opening_the_editor_shows_what_is_stored(office):
    office.save(about="暖气不够热", agenda="开场\n通报")
    page = office.client.get(f"/meetings/{only_meeting().id}/edit").text
    for words in ('value="供暖专场"', 'value="2026-11-20"', 'value="14:30"', "暖气不够热", "开场\n通报"):
        assert words in page


def test_the_editor_keeps_whoever_the_head_sent(office):
    office.save()
    id = only_meeting().id
    with transaction():
        services.publish(id, version=1, by=None)
        head = next(one for one in only_meeting().participants if one.is_lead)
        second = make_official(head.unit, "罗振华", kind=PostKind.CONTACT, title="办公室主任")
        services.send_stand_in(head.id, second.id, "到市里开会")
    page = office.client.get(f"/meetings/{id}/edit").text
    assert f'<option selected value="{office.lead}">' in page
    reply = office.client.post(f"/meetings/{id}/edit", data=office.form(version=3, agenda="开场"))
    assert reply.status_code == 303
    coming = {one.person.name: one.stand_in_reason for one in only_meeting().participants if one.is_expected}
    assert coming == {"陈立新": None, "罗振华": "到市里开会"}
    office.client.post(f"/meetings/{id}/edit", data=office.form(version=4, kind="forum", lead=""))
    assert [one.person.name for one in only_meeting().participants if one.is_expected] == ["陈立新"]


def test_why_somebody_is_sent_is_for_the_host_and_not_for_who_only_reads(office, app):
    office.save()
    with transaction():
        services.publish(only_meeting().id, version=1, by=None)
        head = next(one for one in only_meeting().participants if one.is_lead)
        second = make_official(head.unit, "罗振华", kind=PostKind.DEPUTY_HEAD, title="副局长")
        services.send_stand_in(head.id, second.id, "要住院")
        reviewer = make_account(Role.REVIEWER, only_meeting().unit)
    path = f"/meetings/{only_meeting().id}"
    assert "要住院" in office.client.get(path).text
    page = sign_in(app.test_client(), reviewer).get(path)
    assert "代程建业来" in page.text
    assert "要住院" not in page.text


def test_the_editor_sets_and_lifts_the_limits_of_room_and_firm_and_says_what_they_may_be(office):
    office.save(seat_limit="20", firm_limit="2", spill_hours="24")
    meeting = only_meeting()
    assert (meeting.seat_limit, meeting.firm_limit, meeting.spill_hours) == (20, 2, 24)
    page = office.client.get(f"/meetings/{meeting.id}/edit").text
    assert re.search('name="firm_limit"[^>]* value="2"', page)
    refused = office.client.post(
        f"/meetings/{meeting.id}/edit", data=office.form(version=1, spill_hours="1000")
    )
    assert refused.status_code == 422
    assert "请填 1 到 168，不限就空着。" in refused.text
    office.client.post(f"/meetings/{meeting.id}/edit", data=office.form(version=1))
    assert (only_meeting().seat_limit, only_meeting().spill_hours) == (None, None)


def test_the_editor_keeps_what_it_does_not_show(office):
    office.save()
    id = only_meeting().id
    with transaction():
        lead = next(one for one in only_meeting().participants if one.is_lead)
        staff = make_official(lead.unit, "罗振华", kind=PostKind.OFFICER, title="科长")
        plan = services.as_plan(only_meeting())
        plan = replace(
            plan,
            place_kind=PlaceKind.OUTSIDE,
            place_text="曙光小学",
            seats=(*plan.seats, (RoleCode.SCHOOL, 45)),
            people=(*plan.people, PlannedPerson(staff.id, RoleCode.BUREAU_STAFF, lead.unit_id)),
        )
        services.revise(id, plan, version=1, by=None)
        station_id = only_meeting().station_id
    page = office.client.get(f"/meetings/{id}/edit").text
    assert f'<option selected value="{lead.unit_id}:{staff.id}">' not in page
    sent = office.form(version=2, place_kind="outside", place_text="曙光小学 多功能厅")
    assert office.client.post(f"/meetings/{id}/edit", data=sent).status_code == 303
    meeting = only_meeting()
    assert (meeting.place, meeting.station_id) == ("曙光小学 多功能厅", station_id)
    assert {pool.role: pool.seats for pool in meeting.pools}["school"] == 45
    assert {one.person.name for one in meeting.participants if one.is_expected} == {
        "程建业",
        "陈立新",
        "罗振华",
    }


@pytest.mark.parametrize("path", ["", "/edit", "/publish", "/cancel", "/invitations", "/signups"])
def test_a_foreign_meeting_is_not_there(office, path):
    with transaction():
        foreign = make_unit("别的街道")
        plan = services.MeetingPlan(
            kind="reception",
            title="别人的会",
            starts_at=NOW + timedelta(days=3),
            ends_at=NOW + timedelta(days=3, hours=1),
            room_id=make_room().id,
        )
        id = services.create_meeting(plan, unit_id=foreign.id, by=None).id
    assert office.client.get(f"/meetings/{id}{path}").status_code == 404
    assert "别人的会" not in office.client.get("/meetings", query_string={"when": "all"}).text
    assert "别人的会" not in office.client.get("/desk/calendar").text


def test_a_room_of_another_street_cannot_be_slipped_into_the_form(office):
    with transaction():
        room = make_room().id
    assert office.save(room_id=room).status_code == 422
    assert db.session.query(Meeting).count() == 0


def test_a_meeting_cannot_be_put_under_a_foreign_unit(office):
    with transaction():
        foreign = make_unit("别的街道").id
    assert office.save(unit_id=foreign).status_code == 422
    assert db.session.query(Meeting).count() == 0


def test_a_stranger_is_sent_to_sign_in_and_comes_back(client, app):
    reply = client.get("/meetings?when=all")
    assert reply.status_code == 303
    assert reply.location == "/login?next=/meetings?when%3Dall"
    fragment = client.get("/meetings", headers=AS_FRAGMENT)
    assert fragment.status_code == 401
    assert fragment.headers["HX-Redirect"].startswith("/login")


def test_filters_stand_in_the_address(office):
    office.save()
    office.save(title="医保专场", day="2026-11-23")
    only = office.client.get("/meetings", query_string={"q": "医保"}).text
    assert "医保专场" in only
    assert "供暖专场" not in only
    drafts = office.client.get("/meetings", query_string={"state": "published"}).text
    assert "没有符合的场次" in drafts


def test_a_long_list_needs_few_queries(office):
    for hour in range(8, 18):
        office.save(
            title=f"第{hour}场",
            starts=f"{hour}:00",
            ends=f"{hour}:45",
            deputies=[],
            lead="",
            kind="reception",
        )
    with queries(at_most=16):
        office.client.get("/meetings")


def test_hostile_words_stay_words(office):
    office.save(title='<script>alert(1)</script>"\'', about="{{ 7 * 7 }} ${7*7}")
    page = office.client.get(f"/meetings/{only_meeting().id}").text
    assert "<script>alert(1)" not in page
    assert "{{ 7 * 7 }}" in page
