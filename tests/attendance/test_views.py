"""The staff's pages of the day itself."""

import csv
import io
import re

import pytest

from liaison_app.access.permissions import Role
from liaison_app.attendance import queries
from liaison_app.core.db import transaction
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups.kinds import SignUpState
from tests.factories.accounts import make_account, sign_in
from tests.factories.attendance import make_device, soon
from tests.factories.people import make_deputy
from tests.factories.scheduling import make_meeting, make_participant
from tests.factories.signups import make_signup


@pytest.fixture
def meeting(app):
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 4}, **soon())
        make_participant(meeting, make_deputy("田小野"), RoleCode.DEPUTY)
        make_signup(meeting.pools[0], name="=cmd()", mobile="13900000003")
        return meeting


@pytest.fixture
def clerk(client, meeting):
    with transaction():
        account = make_account(Role.RECORDER, meeting.unit)
    return sign_in(client, account)


def at(meeting, rest=""):
    return f"/meetings/{meeting.id}/attendance{rest}"


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def keys(meeting) -> list[str]:
    return [one.key for one in queries.list_guests(meeting.id)]


def test_the_recorder_notes_who_comes_and_takes_it_back_with_a_reason(clerk, meeting):
    deputy, _citizen = keys(meeting)
    page = clerk.post(at(meeting, "/in"), data={"who": deputy}, follow_redirects=True)
    assert "签到了：田小野" in text(page.text)
    assert "1/2 到了/应到" in text(page.text)
    again = clerk.post(at(meeting, "/in"), data={"who": deputy}, follow_redirects=True)
    assert "已经签到了，不用再签" in text(again.text)
    (note,) = queries.list_notes(meeting.id)
    refused = clerk.post(at(meeting, f"/{note.id}/undo"), data={})
    assert refused.status_code == 422
    assert "请选一个原因" in refused.text
    clerk.post(at(meeting, f"/{note.id}/undo"), data={"reason": "not_there"})
    assert queries.list_notes(meeting.id) == []


def test_the_list_can_show_only_who_is_missing(clerk, meeting):
    deputy, _citizen = keys(meeting)
    clerk.post(at(meeting, "/in"), data={"who": deputy}, follow_redirects=True)
    assert "田小野" not in clerk.get(at(meeting, "?show=missing"), headers={"HX-Request": "true"}).text
    assert "田小野" in clerk.get(at(meeting, "?show=came")).text


def test_the_signed_sheet_is_printed_and_keyed_in(clerk, meeting):
    sheet = clerk.get(at(meeting, "/sheet")).text
    assert "13900000003" not in sheet
    for words in ("A01", "A02", "B05", "应到 2 人", "田小野"):
        assert words in text(sheet)
    reply = clerk.post(
        at(meeting, "/paper"), data={"came": [*keys(meeting), "s999999", "x"]}, follow_redirects=True
    )
    assert "按签到表登记了 2 人" in text(reply.text)
    assert "应到的人都登记了" in text(clerk.get(at(meeting, "/paper")).text)


def test_a_walk_in_is_noted_and_what_was_typed_is_kept(clerk, meeting):
    page = clerk.get(at(meeting, "/walk-in")).text
    token = re.search(r'name="form_token"[^>]*value="([^"]+)"', page)[1]
    fields = {"name": "", "role": "citizen", "organisation": "工业路社区", "form_token": token}
    refused = clerk.post(at(meeting, "/walk-in"), data=fields)
    assert refused.status_code == 422
    assert "工业路社区" in refused.text
    for _twice in range(2):
        clerk.post(at(meeting, "/walk-in"), data={**fields, "name": "李福根"})
    assert len(queries.list_notes(meeting.id)) == 1


def test_the_file_holds_no_number_and_no_formula(clerk, meeting):
    rows = list(csv.reader(io.StringIO(clerk.get(at(meeting, ".csv")).data.decode("utf-8-sig"))))
    assert len(rows) == 5, "a head, two people, and who took the file"
    assert rows[2][0] == "'=cmd()"
    assert "13900000003" not in str(rows)


def test_the_first_pin_is_given_and_a_later_one_changed(clerk, meeting):
    assert "把地址和口令告诉门口帮忙的人" in clerk.post(at(meeting, "/pin"), follow_redirects=True).text
    assert "之前的手机要重新输" in clerk.post(at(meeting, "/pin"), follow_redirects=True).text
    clerk.post(at(meeting, "/shut"))
    assert "把地址和口令告诉门口帮忙的人" in clerk.post(at(meeting, "/pin"), follow_redirects=True).text


def test_the_staff_see_the_phones_at_the_door_and_end_one(clerk, meeting):
    with transaction():
        device = make_device(meeting, "周小雨")
    assert "周小雨" in clerk.get(at(meeting)).text
    clerk.post(at(meeting, f"/devices/{device.id}/end"))
    assert queries.list_devices(meeting.id) == []
    clerk.post(at(meeting, "/shut"))
    assert "还没有发口令" not in clerk.get(at(meeting)).text
    assert "发口令" in clerk.get(at(meeting)).text


def test_who_waits_is_let_in_by_the_staff_in_the_order_of_the_list(clerk, meeting):
    with transaction():
        for n, name in enumerate(("孙先来", "周后来")):
            make_signup(meeting.pools[0], SignUpState.WAITING, name=name, mobile=f"1390000001{n}")
    page = text(clerk.get(at(meeting, "?show=waiting")).text)
    assert page.index("孙先来") < page.index("周后来")
    assert "候补第 1 位" in page
    assert "孙先来" not in clerk.get(at(meeting)).text
    first = queries.list_guests(meeting.id)[2]
    assert first.name == "孙先来"
    clerk.post(at(meeting, "/in"), data={"who": first.key})
    assert "候补第 1 位" not in text(clerk.get(at(meeting, "?show=waiting")).text).split("周后来")[0]
    assert "孙先来" in clerk.get(at(meeting, "?show=came")).text


def test_the_address_of_the_door_is_there_to_be_scanned(clerk, meeting):
    assert 'class="qr"' not in clerk.get(at(meeting)).text
    clerk.post(at(meeting, "/pin"))
    page = clerk.get(at(meeting)).text
    assert 'class="qr"' in page
    assert "style=" not in page
