import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.core.sheets import safe_cell
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.accounts import make_account, sign_in
from tests.factories.scheduling import make_meeting
from tests.factories.signups import make_signup
from tests.parts.databases import queries
from tests.signups.test_public import FILLED, form_token, text

AS_FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def meeting(app):
    """A meeting with one seat: one citizen has it, two wait, one has withdrawn."""
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 1})
        pool = meeting.pools[0]
        start = clock.now() - timedelta(hours=1)
        make_signup(pool, name="王桂枝", mobile="13900000003", question="暖气不热", signed_up_at=start)
        for minute, name in enumerate(("李福根", "赵一鸣"), start=1):
            make_signup(pool, SignUpState.WAITING, name=name, signed_up_at=start + timedelta(minutes=minute))
        make_signup(pool, SignUpState.WITHDRAWN, name="陈月娥", withdrawn_reason="=cmd()")
        return meeting


@pytest.fixture
def clerk(client, meeting):
    with transaction():
        account = make_account(Role.LIAISON, meeting.unit)
    return sign_in(client, account)


def at(meeting, rest=""):
    return f"/meetings/{meeting.id}/signups{rest}"


def signup_of(name: str) -> SignUp:
    return db.session.scalar(select(SignUp).where(SignUp.name == name))


def test_the_roster_shows_seats_places_and_masked_numbers(clerk, meeting):
    with queries(at_most=20):
        page = clerk.get(at(meeting)).text
    said = text(page)
    for words in (
        "王桂枝",
        "139****0003",
        "暖气不热",
        "候补第 1 位",
        "候补第 2 位",
        "1/1 席",
        "满了，2 人候补",
    ):
        assert words in said
    assert "13900000003" not in page
    assert "陈月娥" not in page
    assert said.index("李福根") < said.index("赵一鸣")


def test_filters_are_addresses(clerk, meeting):
    assert "陈月娥" in clerk.get(at(meeting, "?show=withdrawn")).text
    waiting = clerk.get(at(meeting, "?show=waiting"), headers=AS_FRAGMENT).text
    assert "赵一鸣" in waiting
    assert "王桂枝" not in waiting
    assert waiting.lstrip().startswith('<section id="roster"')
    assert "王桂枝" in clerk.get(at(meeting, "?show=everything")).text


def test_strangers_and_other_units_see_nothing(app, meeting):
    stranger = app.test_client()
    assert stranger.get(at(meeting)).status_code == 303
    with transaction():
        other = make_account(Role.LIAISON, make_meeting().unit)
    outsider = sign_in(app.test_client(), other)
    one = signup_of("王桂枝").id
    for path in ("", ".csv", "/new", f"/{one}/withdraw"):
        assert outsider.get(at(meeting, path)).status_code == 404
    assert outsider.post(at(meeting, f"/{one}/phone")).status_code == 404


def test_a_sign_up_is_reached_through_its_own_meeting_only(app, clerk, meeting):
    with transaction():
        own = make_meeting(unit_id=meeting.unit_id, room_id=None, place_text="曙光小学")
    one = signup_of("王桂枝").id
    assert clerk.get(f"/meetings/{own.id}/signups/{one}/withdraw").status_code == 404


def test_the_auditor_reads_and_changes_nothing(app, meeting):
    with transaction():
        account = make_account(Role.AUDITOR, meeting.unit)
    auditor = sign_in(app.test_client(), account)
    page = auditor.get(at(meeting)).text
    assert "王桂枝" in page
    assert "替人报名" not in page
    assert "看全号" not in page
    assert auditor.get(at(meeting, "/new")).status_code == 404


def test_a_number_is_shown_once_and_the_trail_says_who_looked(clerk, meeting):
    one = signup_of("王桂枝").id
    reply = clerk.post(at(meeting, f"/{one}/phone"))
    assert reply.status_code == 303
    assert "13900000003" in clerk.get(reply.location).text
    assert "13900000003" not in clerk.get(reply.location).text
    (entry,) = db.session.scalars(select(Entry).where(Entry.action == "signups:signup:reveal"))
    assert "139" not in entry.sentence


def test_the_clerk_signs_up_somebody_else(clerk, meeting):
    token = form_token(clerk.get(at(meeting, "/new")).text)
    data = {**FILLED, "name": "张大娘", "mobile": "13900000077", "form_token": token}
    reply = clerk.post(at(meeting, "/new"), data=data)
    assert reply.status_code == 303
    assert "已登记：张大娘 候补第 3 位" in clerk.get(reply.location).text
    assert signup_of("张大娘").entered_by_id


def test_the_clerk_is_told_who_is_signed_up_already(clerk, meeting):
    token = form_token(clerk.get(at(meeting, "/new")).text)
    data = {**FILLED, "name": "王桂枝", "mobile": "13900000003", "form_token": token}
    reply = clerk.post(at(meeting, "/new"), data=data)
    assert reply.status_code == 422
    assert "这个姓名和手机号已经报了这一场" in reply.text
    assert 'value="王桂枝"' in reply.text


def test_the_clerk_takes_somebody_off_with_a_reason_and_the_first_moves_up(clerk, meeting):
    path = at(meeting, f"/{signup_of('王桂枝').id}/withdraw")
    assert "退掉王桂枝" in clerk.get(path).text
    reply = clerk.post(path, data={"reason": ""})
    assert reply.status_code == 422
    assert "请写明原因" in reply.text
    assert clerk.post(path, data={"reason": "本人来电说不来了"}).status_code == 303
    assert signup_of("王桂枝").state == SignUpState.WITHDRAWN
    assert [signup_of(name).state for name in ("李福根", "赵一鸣")] == [
        SignUpState.CONFIRMED,
        SignUpState.WAITING,
    ]


def test_the_file_opens_in_a_spreadsheet_and_runs_nothing(clerk, meeting):
    with transaction():
        make_signup(meeting.pools[0], name="𠮷野", question="=HYPERLINK(1)\n二行", organisation="+86")
    reply = clerk.get(at(meeting, ".csv"))
    assert reply.data.startswith(b"\xef\xbb\xbf")
    assert "attachment" in reply.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(reply.data.decode("utf-8-sig"), newline="")))
    by_name = {row["姓名"]: row for row in rows}
    assert by_name["𠮷野"]["想问的事"] == "'=HYPERLINK(1)\n二行"
    assert by_name["𠮷野"]["单位"] == "'+86"
    assert by_name["王桂枝"]["手机"] == "139****0003"
    assert by_name["赵一鸣"]["候补位次"] == "2"
    assert by_name["陈月娥"]["退出原因"] == "'=cmd()"


@pytest.mark.parametrize("sign", "=+-@\t\r")
def test_a_formula_stays_text(sign):
    assert safe_cell(f"{sign}1") == f"'{sign}1"
    assert safe_cell("1=1") == "1=1"


def test_the_pages_hold_no_number_in_their_addresses(clerk, meeting):
    assert not re.search(r"(?:href|action|src)=\"[^\"]*139\d", clerk.get(at(meeting)).text)


def test_a_meeting_that_is_off_takes_nobody_in(clerk, meeting):
    assert "替人报名" in clerk.get(at(meeting)).text
    with transaction():
        db.session.merge(meeting).state = MeetingState.CANCELLED
    page = clerk.get(at(meeting)).text
    assert "替人报名" not in page
    assert "退席位" not in page


def test_after_fewer_seats_the_office_puts_one_back_with_a_reason_and_the_page_says_so(clerk, meeting):
    assert "改成候补" not in clerk.get(at(meeting)).text
    with transaction():
        make_signup(meeting.pools[0], name="孙玉兰")
        chosen = signup_of("孙玉兰").id
    page = text(clerk.get(at(meeting)).text)
    assert "席位比人少 1 个" in page
    assert "没有人被自动退掉" in page
    address = at(meeting, f"/{chosen}/put-back")
    assert "请孙玉兰先候补？" in clerk.get(address).text
    refused = clerk.post(address, data={"reason": ""})
    assert refused.status_code == 422
    assert "请写明原因，会告诉本人。" in refused.text
    assert clerk.post(address, data={"reason": "换了小房间"}).status_code == 303
    page = text(clerk.get(at(meeting)).text)
    assert "已改成候补：孙玉兰" in page
    assert "席位比人少" not in page
    again = clerk.post(address, data={"reason": "换了小房间"})
    assert again.status_code == 422


def test_the_roster_is_the_list_of_whom_to_call_before_a_seat_passes_on(clerk, meeting):
    until = clock.now() + timedelta(hours=4)
    with transaction():
        kept = make_signup(meeting.pools[0], name="孙玉兰", mobile="13900000012", offer_until=until)
        address = at(meeting, f"/{kept.id}/accept")
    page = text(clerk.get(at(meeting)).text)
    assert "1 人等答复，请先打电话" in page
    assert "139****0012" in page
    assert clerk.post(address).status_code == 303
    page = text(clerk.get(at(meeting)).text)
    assert "记下了：孙玉兰 来。" in page
    assert "等答复" not in page
