"""The board of the host, and a bureau's own invitations."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core.db import db, transaction
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.orgs.kinds import OrgKind
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.parts.databases import queries as at_most

AS_FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def browser_of(app):
    """Sign a new account in: `browser_of(Role.STREET, unit)`."""

    def browser(role, unit):
        with transaction():
            account_id = make_account(role, db.session.merge(unit)).id
        from liaison_app.accounts.models import Account

        return sign_in(app.test_client(), db.session.get_one(Account, account_id))

    return browser


@pytest.fixture
def clerk(published, browser_of):
    return browser_of(Role.STREET, published.host)


@pytest.fixture
def contact(published, browser_of):
    return browser_of(Role.BUREAU_CONTACT, published.bureau)


@pytest.fixture
def stranger(published, browser_of):
    with transaction():
        unit = make_unit("测试区水利局", OrgKind.BUREAU)
    return browser_of(Role.BUREAU_CONTACT, unit)


def board_url(scene) -> str:
    return f"/meetings/{scene.meeting_id}/invitations"


def call_url(scene, person) -> str:
    return f"{board_url(scene)}/{scene.invitation(person).id}/answer"


# --- the host -----------------------------------------------------------------


def test_a_draft_has_no_answers_yet(scene, browser_of):
    page = browser_of(Role.STREET, scene.host).get(board_url(scene))
    assert page.status_code == 200
    assert "还没有发邀请" in page.text


def test_who_has_not_answered_stands_first(published, clerk):
    clerk.post(call_url(published, published.head), data={"answer": "accepted", "sequence": "0"})
    page = clerk.get(board_url(published)).text
    body = page[page.index('id="board"') :]
    assert body.index("王试三") < body.index("程试一")
    assert "3人，答复1人" in body
    assert "等打电话" in body
    assert "邮件待发" in body


def test_a_call_is_written_down_with_the_name_of_the_clerk(published, clerk):
    reply = clerk.post(
        call_url(published, published.deputy),
        data={"answer": "declined", "reason": "住院复查", "sequence": "0"},
    )
    assert (reply.status_code, reply.headers["Location"]) == (303, board_url(published))
    invitation = published.invitation(published.deputy)
    assert (invitation.answer, invitation.door, invitation.answered_by) == (
        AnswerState.DECLINED,
        Door.PHONE,
        "测试账号",
    )
    page = clerk.get(board_url(published)).text
    assert "已记下：王试三 请假（电话）" in page
    assert "原因：住院复查" in page
    assert "电话，测试账号代记" in page


def test_one_row_opens_in_place_and_works_without_script_as_well(published, clerk):
    invitation = published.invitation(published.deputy)
    url = f"{board_url(published)}?answer={invitation.id}"
    for headers in ({}, AS_FRAGMENT):
        page = clerk.get(url, headers=headers).text
        assert ("<html" in page) is (headers == {})
        assert f'action="{call_url(published, published.deputy)}"' in page
        assert published.link(published.deputy) in page
    assert published.link(published.deputy) not in clerk.get(board_url(published)).text


def test_a_refusal_comes_back_with_the_row_open(published, clerk):
    reply = clerk.post(
        call_url(published, published.deputy),
        data={"answer": "declined", "sequence": "0"},
        headers=AS_FRAGMENT,
    )
    assert reply.status_code == 422
    assert "请写一句原因" in reply.text
    assert f'id="invitation-{published.invitation(published.deputy).id}"' in reply.text


def test_a_row_of_another_meeting_is_not_opened_and_not_answered(published, clerk):
    other = published.meeting_id + 1
    invitation_id = published.invitation(published.deputy).id
    data = {"answer": "accepted", "sequence": "0"}
    assert clerk.post(f"/meetings/{other}/invitations/{invitation_id}/answer", data=data).status_code == 404
    assert published.invitation(published.deputy).answer == AnswerState.WAITING


def test_sending_again_and_reminding(published, clerk):
    invitation = published.invitation(published.deputy)
    assert clerk.post(f"{board_url(published)}/{invitation.id}/send").status_code == 303
    assert len(published.messages(published.deputy)) == 2
    clerk.post(call_url(published, published.head), data={"answer": "accepted", "sequence": "0"})
    assert clerk.post(f"{board_url(published)}/remind").status_code == 303
    assert "提醒了2人" in clerk.get(board_url(published)).text
    assert len(published.messages(published.head)) == 1


def test_after_the_meeting_is_called_off_nothing_can_be_written_or_sent(published, clerk):
    invitation = published.invitation(published.deputy)
    published.step("cancel", reason="并入下一场")
    page = clerk.get(f"{board_url(published)}?answer={invitation.id}").text
    assert "这一场已经取消" in page
    assert 'class="ask' not in page
    sent = len(published.messages(published.deputy))
    assert clerk.post(f"{board_url(published)}/{invitation.id}/send").status_code == 303
    assert len(published.messages(published.deputy)) == sent


def test_the_board_asks_the_database_no_more_for_more_people(published, clerk):
    clerk.get(board_url(published))
    with at_most(26):
        assert clerk.get(board_url(published)).status_code == 200


# --- the bureau ---------------------------------------------------------------


def test_a_bureaus_clerk_sees_the_own_head_alone(published, contact):
    page = contact.get("/invitations").text
    assert "程试一" in page
    assert "供暖专场" in page
    assert "王试三" not in page
    assert published.link(published.head) not in page


def test_a_bureaus_clerk_names_the_deputy_head(published, contact):
    invitation = published.invitation(published.head)
    assert "何试二" in contact.get(f"/invitations?answer={invitation.id}").text
    data = {
        "answer": "delegated",
        "reason": "出差",
        "stand_in": str(published.deputy_head.id),
        "sequence": "0",
    }
    assert contact.post(f"/invitations/{invitation.id}/answer", data=data).status_code == 303
    taken = published.invitation(published.head)
    assert (taken.answer, taken.door, taken.answered_by) == (AnswerState.DELEGATED, Door.ACCOUNT, "测试账号")
    page = contact.get("/invitations").text
    assert "由何试二代会" in page
    assert "出差" not in page


def test_a_bureaus_clerk_gets_the_file_without_the_personal_link(published, contact):
    reply = contact.get(f"/invitations/{published.invitation(published.head).id}/invite.ics")
    assert reply.content_type == "text/calendar; charset=utf-8"
    assert b"/a/" not in reply.data.replace(b"\r\n ", b"")


def test_a_bureaus_clerk_sees_no_board_and_answers_for_nobody_else(published, contact):
    data = {"answer": "accepted", "sequence": "0"}
    deputy = published.invitation(published.deputy).id
    assert contact.get(board_url(published)).status_code == 404
    assert contact.post(call_url(published, published.head), data=data).status_code == 404
    assert contact.post(f"/invitations/{deputy}/answer", data=data).status_code == 404
    assert contact.get(f"/invitations?answer={deputy}").status_code == 200
    assert published.invitation(published.deputy).answer == AnswerState.WAITING


def test_another_bureaus_clerk_finds_nothing(published, stranger):
    head = published.invitation(published.head).id
    data = {"answer": "declined", "reason": "x", "sequence": "0"}
    assert "程试一" not in stranger.get("/invitations").text
    assert stranger.post(f"/invitations/{head}/answer", data=data).status_code == 404
    assert stranger.get(f"/invitations/{head}/invite.ics").status_code == 404
    assert "程试一" not in stranger.get(f"/invitations?answer={head}").text
    assert published.invitation(published.head).answer == AnswerState.WAITING


def test_another_street_finds_nothing(published, browser_of):
    with transaction():
        other = make_unit("另一街道人大工委")
    browser = browser_of(Role.STREET, other)
    assert browser.get(board_url(published)).status_code == 404
    assert browser.post(f"{board_url(published)}/remind").status_code == 404
    data = {"answer": "accepted", "sequence": "0"}
    assert browser.post(call_url(published, published.head), data=data).status_code == 404


def test_a_stranger_is_asked_to_sign_in(published, client):
    assert client.get(board_url(published)).status_code == 303
    assert client.get("/invitations").status_code == 303


# --- the number to call -----------------------------------------------------------


def test_the_host_sees_the_number_to_call_once_and_the_trail_says_who_looked(published, clerk):
    one = published.invitation(published.by_phone).id
    opened = clerk.get(f"{board_url(published)}?answer={one}").text
    assert "139****0004" in opened
    assert "13900000004" not in opened
    reply = clerk.post(f"{board_url(published)}/{one}/phone")
    assert reply.status_code == 303
    assert 'href="tel:13900000004"' in clerk.get(reply.location).text
    assert "13900000004" not in clerk.get(reply.location).text
    entry = db.session.scalars(select(Entry).order_by(Entry.id.desc())).first()
    assert (entry.action, entry.sentence) == ("people:phone:reveal", "赵试四")


def test_a_bureaus_clerk_learns_no_number_of_the_host(published, contact):
    one = published.invitation(published.by_phone).id
    assert contact.post(f"{board_url(published)}/{one}/phone").status_code in {403, 404}


def test_who_has_no_mobile_is_called_at_the_office(published, clerk):
    with transaction():
        db.session.merge(published.bureau).phone = "0371-0000 0099"
    one = published.invitation(published.head).id
    page = clerk.get(f"{board_url(published)}?answer={one}").text
    assert "没有登记手机" in page
    assert "0371-0000 0099" in page


def test_the_answers_come_as_a_file_without_numbers_and_links(published, clerk):
    clerk.post(
        call_url(published, published.head), data={"answer": "declined", "reason": "出差", "sequence": "0"}
    )
    reply = clerk.get(f"{board_url(published)}.csv")
    assert reply.content_type.startswith("text/csv")
    said = reply.data.decode("utf-8-sig")
    assert "程试一,局长,城管局局长,请假,,出差,电话" in said
    assert "赵试四,人大代表,,未答复" in said
    assert "1390000" not in said
    assert "/a/" not in said
