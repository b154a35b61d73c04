import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from liaison_app.core import clock
from liaison_app.core.db import db, get, transaction
from liaison_app.core.text import local
from liaison_app.scheduling.kinds import MeetingState, RoleCode
from liaison_app.scheduling.models import Meeting
from liaison_app.signups import services
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from tests.factories.orgs import make_unit
from tests.factories.people import make_deputy, make_official
from tests.factories.scheduling import make_meeting, make_participant, make_pool
from tests.factories.signups import make_applicant, make_signup
from tests.parts.databases import queries

AS_FRAGMENT = {"HX-Request": "true"}
CITIZEN = {RoleCode.CITIZEN: 4}
FILLED = {"name": "王桂枝", "mobile": "139 0000 0003", "role": "citizen", "consent": "y", "homepage": ""}


def given_meeting(seats=CITIZEN, title="供暖专场", **facts) -> str:
    with transaction():
        return make_meeting(title, seats=seats, **facts).code


def form_token(html: str) -> str:
    return re.search(r'name="form_token"[^>]*value="([^"]+)"', html)[1]


def hand_in(client, code, headers=None, **changes):
    """Open the page, fill in its form, and send it."""
    token = changes.pop("form_token", None) or form_token(client.get(f"/m/{code}").text)
    return client.post(f"/m/{code}", data={**FILLED, "form_token": token, **changes}, headers=headers)


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(SignUp))


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_the_page_says_what_when_where_who_and_what_seats_are_left(client):
    with transaction():
        bureau = make_unit("城市管理局")
        meeting = make_meeting(
            seats={RoleCode.DEPUTY: 6, RoleCode.CITIZEN: 4, RoleCode.PROPERTY_REP: 2},
            about="暖气不够热", agenda="9:00 开场", notice="欢迎报名",
        )  # fmt: skip
        make_participant(
            meeting, make_official(bureau, "程大暖"), RoleCode.BUREAU_HEAD, unit=bureau, title="局长"
        )
        make_participant(meeting, make_deputy("田小野"))
        make_signup(meeting.pools[1])
        code = meeting.code
    with queries(at_most=3):
        html = client.get(f"/m/{code}").text
    said = text(html)
    for words in (
        "供暖专场", "报名中", "接待室", "城市管理局局长 程大暖", "田小野", "暖气不够热", "9:00 开场", "欢迎报名", "还有 3 席",
        "还有 2 席", "先报先得",
    ):  # fmt: skip
        assert words in said
    assert "人大代表 6 席，已定 1 席" in html
    assert 'value="deputy"' not in html, "deputies are invited"


def test_the_page_may_be_kept_but_must_be_asked_for_again(client):
    code = given_meeting()
    assert client.get(f"/m/{code}").headers["Cache-Control"] == "private, no-cache"
    assert hand_in(client, code, mobile="12").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("facts", [{"state": MeetingState.DRAFT}, {"is_public": False}])
def test_what_is_not_public_is_not_there(client, facts):
    code = given_meeting(**facts)
    for path in (f"/m/{code}", f"/m/{code}/qr.png", f"/m/{code}/received"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["/m/nobody", "/m/%00", "/m/%ff", "/t/nothing", "/t/%00", "/t/x/withdraw", "/t/x/qr.png"]
)
def test_unknown_addresses_all_say_the_same(client, path):
    reply = client.get(path)
    assert reply.status_code == 404
    assert "没有这一页，或者链接过期了" in reply.text


def test_signing_up_leads_to_the_ticket(client):
    code = given_meeting()
    reply = hand_in(client, code, question="暖气不热\r\n三天了", needs=["手语", "没有这一项"])
    assert reply.status_code == 303
    ticket = client.get(reply.location)
    assert ticket.headers["Cache-Control"] == "no-store"
    said = text(ticket.text)
    signup = db.session.scalar(select(SignUp))
    assert (signup.name, signup.mobile, signup.needs) == ("王桂枝", "13900000003", "手语")
    assert signup.question == "暖气不热\n三天了"
    for words in (
        "有您的席位",
        "群众席",
        f"{signup.ticket_code[:3]} {signup.ticket_code[3:]}",
        "139****0003",
    ):
        assert words in said
    assert "13900000003" not in ticket.text
    assert f'href="/m/{code}.ics" type="text/calendar"' in ticket.text or re.search(
        rf'<a[^>]*href="/m/{code}\.ics"[^>]*type="text/calendar"', ticket.text
    )


def test_htmx_is_sent_on_by_a_header(client):
    reply = hand_in(client, given_meeting(), AS_FRAGMENT)
    assert reply.status_code == 204
    assert reply.headers["HX-Redirect"].startswith("/t/")


def test_a_full_role_gives_a_numbered_place(client):
    code = given_meeting({RoleCode.CITIZEN: 1})
    for number in range(3):
        reply = hand_in(client, code, name=f"王{number}", mobile=f"1390000000{number}")
    said = text(client.get(reply.location).text)
    assert "候补第 2 位" in said
    assert "截至" in said
    assert "满了，2 人候补" in text(client.get(f"/m/{code}").text)


def test_a_refusal_comes_back_in_words_beside_the_fields_with_what_was_typed(client):
    code = given_meeting({RoleCode.CITIZEN: 4, RoleCode.PROPERTY_REP: 2})
    reply = hand_in(
        client, code, name="①②", mobile="139 0000 000", role="property_rep", consent="", question="热" * 501
    )
    assert reply.status_code == 422
    said = text(reply.text)
    for words in (
        "现在是 10 位，手机号应为 11 位",
        "最多 500 个字，现在是 501 个",
        "请写单位名称",
        "同意再打勾",
        "姓名里要有字",
    ):
        assert words in said
    for typed in ("139 0000 000", "热" * 501, "①②"):
        assert typed in reply.text
    assert "请填写手机号" not in said
    assert count() == 0


def test_htmx_gets_the_form_alone(client):
    reply = hand_in(client, given_meeting(), AS_FRAGMENT, mobile="12")
    assert reply.status_code == 422
    assert reply.text.lstrip().startswith("<section id=\"ask\"")
    assert "<html" not in reply.text


@pytest.mark.parametrize(
    "typed",
    [
        "+86 139-0000-0003",
        "0086 13900000003",
        "８６ １３９ ００００ ０００３",
        "139.0000.0003",
        "(139) 0000 0003",
    ],
)
def test_usual_spellings_of_a_number_are_one_number(client, typed):
    code = given_meeting()
    assert hand_in(client, code, mobile=typed).status_code == 303
    assert db.session.scalar(select(SignUp)).mobile == "13900000003"


@pytest.mark.parametrize("name", ["𠮷野", "买买提·艾力", "Ma Ying-jeou", "欧阳\u3000夏丹", "龘" * 50])
def test_names_stay_as_they_are(client, name):
    assert hand_in(client, given_meeting(), name=name).status_code == 303
    assert db.session.scalar(select(SignUp)).name == name.replace("\u3000", " ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "\u200b\u200b"}, {"name": "字" * 51}, {"name": "123"}, {"role": ""}, {"role": "deputy"},
        {"role": "nothing"}, {"mobile": ""}, {"consent": ""}, {"mobile": "13900000003\x00x"},
    ],
)  # fmt: skip
def test_bad_input_is_refused_and_nothing_is_kept(client, wrong):
    assert hand_in(client, given_meeting(), **wrong).status_code == 422
    assert count() == 0


def test_line_ends_and_control_characters_never_reach_a_name(client):
    assert hand_in(client, given_meeting(), name="王\r\nBcc: x\x00\u202e枝").status_code == 303
    assert db.session.scalar(select(SignUp)).name == "王 Bcc: x 枝"


def test_a_double_click_makes_one_row_and_gives_the_same_ticket(client):
    code = given_meeting()
    token = form_token(client.get(f"/m/{code}").text)
    first, second = (hand_in(client, code, form_token=token) for _ in range(2))
    assert first.location == second.location
    assert count() == 1


def test_back_and_another_name_signs_up_the_other_person(client):
    code = given_meeting()
    token = form_token(client.get(f"/m/{code}").text)
    first = hand_in(client, code, form_token=token)
    second = hand_in(client, code, form_token=token, name="李福根")
    assert first.location != second.location
    assert count() == 2


@pytest.mark.parametrize("token", ["", "a", "a.b", "天.地"])
def test_a_form_that_we_did_not_give_out_comes_back_with_a_fresh_token(client, token):
    code = given_meeting()
    data = {**FILLED, "form_token": token}
    reply = client.post(f"/m/{code}", data=data)
    assert reply.status_code == 422
    assert "请再交一次" in reply.text
    assert client.post(f"/m/{code}", data={**data, "form_token": form_token(reply.text)}).status_code == 303


def test_the_token_of_one_meeting_is_none_of_another(client):
    one, other = given_meeting(), given_meeting()
    assert hand_in(client, one, form_token=form_token(client.get(f"/m/{other}").text)).status_code == 422


def test_nobody_learns_whether_a_number_is_signed_up(app, client):
    """SECURITY G3: whoever is signed up, a third name on a phone, and a machine all meet the same page."""
    code = given_meeting()
    first = hand_in(client, code)
    stranger = app.test_client()
    again = hand_in(stranger, code)
    assert again.status_code == 303
    hand_in(stranger, code, name="李福根")
    third = hand_in(stranger, code, name="赵一鸣")
    machine = hand_in(stranger, code, mobile="13900000009", homepage="http://example.test")
    assert {again.location, third.location, machine.location} == {f"/m/{code}/received"}
    page = stranger.get(again.location).text
    assert "凭证请用首次报名时的链接查看" in page
    for secret in ("王桂枝", "13900000003", "139****", first.location, "候补第", "有您的席位"):
        assert secret not in page
    assert count() == 2


def test_thirty_honest_people_behind_one_address_all_get_through(client):
    code = given_meeting({RoleCode.CITIZEN: 30})
    for number in range(30):
        reply = hand_in(client, code, name=f"王{number}", mobile=f"139000001{number:02}")
        assert reply.location.startswith("/t/")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"signup_opens_at": timedelta(days=1)}, ("报名还没开始", "开始。到时候再打开这一页")),
        ({"signup_closes_at": timedelta(days=-1)}, ("报名已截止", "截止。还想来，请打电话")),
        ({"state": MeetingState.CANCELLED, "state_reason": "设备检修"}, ("这一场取消了", "原因：设备检修。", "请不要前往")),
        ({"state": MeetingState.POSTPONED, "state_reason": "暴雪"}, ("延期，新时间待定", "原因：暴雪。", "席位保留")),
        ({"state": MeetingState.HELD}, ("已经举行过了", "结束的")),
        ({"starts_at": timedelta(minutes=-5)}, ("正在进行", "开始的")),
        ({"seats": {RoleCode.DEPUTY: 6}}, ("这一场不在网上报名",)),
        ({"seats": {RoleCode.DEPUTY: 6}, "kind": "reception"}, ("不用报名，直接来",)),
    ],
)  # fmt: skip
def test_a_shut_door_says_which_since_when_and_what_to_do(client, facts, words):
    now = clock.now()
    facts = {name: now + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    if facts.get("state"):
        facts["ended_state_at"] = now
    page = client.get(f"/m/{given_meeting(**{'seats': CITIZEN, **facts})}").text
    said = text(page)
    for sentence in words:
        assert sentence in said
    assert 'name="mobile"' not in page
    assert 'href="tel:' in page


def test_nobody_is_sent_to_a_meeting_of_today_that_is_over(client):
    evening = local(clock.now()).replace(hour=20, minute=0)
    with clock.frozen(evening):
        given_meeting({}, kind="reception", starts_at=evening - timedelta(hours=6))
        later = text(client.get("/").text)
    assert "已经举行过了" in later
    assert "不用报名，直接来" not in later
    with clock.frozen(evening - timedelta(hours=7)):
        assert "不用报名，直接来" in text(client.get("/").text)


def test_a_full_meeting_without_a_wait_list_says_since_when(client):
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 1})
        meeting.pools[0].wait_places = 0
        make_signup(meeting.pools[0])
        code = meeting.code
    said = text(client.get(f"/m/{code}").text)
    assert "席位和候补都满了" in said
    assert "最后一个位置" in said


def test_a_form_that_comes_too_late_says_so_in_place(client):
    code = given_meeting(signup_closes_at=clock.now() + timedelta(minutes=5))
    token = form_token(client.get(f"/m/{code}").text)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        reply = hand_in(client, code, form_token=token)
    assert reply.status_code == 422
    assert "报名已于" in reply.text


def test_opening_the_ticket_or_its_question_changes_nothing(client):
    where = hand_in(client, given_meeting()).location
    for path in (where, f"{where}/withdraw", f"{where}/qr.png"):
        assert client.head(path).status_code == client.get(path).status_code == 200
    assert db.session.scalar(select(SignUp)).state == SignUpState.CONFIRMED


def test_withdrawing_and_coming_back(client):
    where = hand_in(client, given_meeting()).location
    assert "退掉这个席位" in client.get(f"{where}/withdraw").text
    reply = client.post(f"{where}/withdraw")
    assert (reply.status_code, reply.location) == (303, where)
    page = client.get(where).text
    assert "已退出" in page
    assert "入场号" not in page
    assert client.post(f"{where}/come-back").location == where
    assert "有您的席位" in client.get(where).text


def test_who_waits_is_not_told_to_come_nor_thanked_for_a_seat(client):
    code = given_meeting(seats={RoleCode.CITIZEN: 1})
    hand_in(client, code)
    where = hand_in(client, code, name="赵一鸣", mobile="13900000044").location
    page = client.get(where).text
    assert "候补第 1 位" in page
    assert "先不用来" in page
    assert "提前一刻钟到" not in page
    assert "席位马上给" not in client.get(f"{where}/withdraw").text
    left = client.post(f"{where}/withdraw", follow_redirects=True).text
    assert "已退出候补" in left
    assert "席位退了" not in left


def test_the_ticket_of_a_moved_meeting_keeps_the_place_and_tells_the_old_time(client):
    code = given_meeting()
    where = hand_in(client, code).location
    with transaction():
        meeting = db.session.scalar(select(Meeting).where(Meeting.code == code))
        old = meeting.starts_at
        meeting.starts_at, meeting.ends_at = old + timedelta(days=1), meeting.ends_at + timedelta(days=1)
        meeting.significant_sequence = 1
    said = text(client.get(where).text)
    assert "改过时间" in said
    assert "您的名额还在" in said
    assert "有您的席位" in said


@pytest.mark.parametrize(
    ("state", "words"),
    [(MeetingState.CANCELLED, "这一场取消了，请不要前往"), (MeetingState.POSTPONED, "延期了，新时间待定")],
)
def test_the_ticket_of_a_meeting_that_is_off_says_why(client, state, words):
    code = given_meeting()
    where = hand_in(client, code).location
    with transaction():
        meeting = db.session.scalar(select(Meeting).where(Meeting.code == code))
        meeting.state, meeting.state_reason, meeting.ended_state_at = state, "设备检修", clock.now()
    page = client.get(where).text
    assert words in text(page)
    assert "原因：设备检修。" in text(page)
    assert "qr.png" not in page


def test_a_cut_or_changed_link_opens_nothing(client):
    where = hand_in(client, given_meeting()).location
    for path in (where[:-1], where + "x", where.swapcase().replace("/T/", "/t/")):
        assert client.get(path).status_code == 404


def test_the_pictures_are_pictures(client):
    code = given_meeting()
    where = hand_in(client, code).location
    for path in (f"/m/{code}/qr.png", f"{where}/qr.png"):
        reply = client.get(path)
        assert reply.mimetype == "image/png"
        assert reply.data.startswith(b"\x89PNG")
    assert client.get(f"{where}/qr.png").headers["Cache-Control"] == "no-store"


def test_markup_in_what_people_type_is_shown_as_typed(app, client):
    where = hand_in(
        client, given_meeting(title="<b>供暖</b>"), question="<script>alert(1)</script>", name="王<i>枝"
    ).location
    page = client.get(where).text
    assert "<script>alert" not in page
    assert "<i>" not in page
    assert "<b>供暖" not in page


def test_the_link_made_anew_opens_the_ticket(app, client):
    with transaction():
        meeting = make_meeting(seats=CITIZEN)
        signup = services.sign_up(meeting.pools[0].id, make_applicant())
        token = services.ticket_token(signup)
    assert client.get(f"/t/{token}").status_code == 200
    assert get(SignUp, signup.id).token_hash != token


def test_a_ticket_near_the_start_asks_in_one_tap_and_says_until_when(client):
    with transaction():
        pool = make_pool(make_meeting(starts_at=clock.now() + timedelta(hours=40)), seats=1)
        seat, waiting = make_signup(pool), make_signup(pool, SignUpState.WAITING, name="李福根")
        services.withdraw(seat.id)
        where = f"/t/{services.ticket_token(waiting)}"
    page = client.get(where).text
    said = text(page)
    for words in ("有席位，等您答复", "轮到您了，来不来？", "席位替您留到", "我要来", "不来了，给下一位"):
        assert words in said
    assert client.get(f"{where}/accept").status_code == 405
    reply = client.post(f"{where}/accept")
    assert (reply.status_code, reply.location) == (303, where)
    said = text(client.get(where).text)
    assert "好，席位是您的了。" in said
    assert "有您的席位" in said
    assert "轮到您了" not in said


def test_a_ticket_that_was_passed_over_says_so_and_offers_the_way_back(client):
    now = clock.now()
    with transaction():
        pool = make_pool(make_meeting(starts_at=now + timedelta(hours=40)), seats=1)
        waiting = make_signup(pool, SignUpState.WITHDRAWN, offer_until=now - timedelta(minutes=5))
        where = f"/t/{services.ticket_token(waiting)}"
    said = text(client.get(where).text)
    assert "没有等到答复，给了下一位" in said
    assert "我又能来了" in said
    client.post(f"{where}/accept")
    assert "答复的时间" in text(client.get(where).text)
