"""The letters as a clerk sees them, and what each button does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.inbox.kinds import MailState, Reason
from liaison_app.inbox.models import ReceivedMail
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.people import queries as people
from tests.factories.accounts import make_account, sign_in
from tests.factories.orgs import make_unit
from tests.inbox.conftest import arrive
from tests.inbox.letters import HEAD, SENT_AT, mail, raw_mail, reply_object

FORGED = {
    "letter": {"sender": "程试一 <stranger@evil.example>", "text": "局长说他不来\n<script>alert(1)</script>"}
}


@pytest.fixture
def browser_of(app):
    def browser(role, unit):
        with transaction():
            account_id = make_account(role, db.session.merge(unit)).id
        return sign_in(app.test_client(), db.session.get_one(Account, account_id))

    return browser


@pytest.fixture
def clerk(published, browser_of):
    return browser_of(Role.STREET, published.host)


@pytest.fixture
def office(published, browser_of):
    return browser_of(Role.OFFICE, published.host.parent)


def test_a_letter_waits_with_the_reason_in_words_and_as_plain_text(published, reply, clerk):
    kept = reply("DECLINED", **FORGED)
    page = clerk.get("/messages/inbox")
    assert "不是本人的邮箱发来的" in page.text
    page = clerk.get(f"/messages/inbox/{kept.id}")
    assert "任何人都能冒名写信" in page.text
    assert "局长说他不来" in page.text
    assert "<script>alert" not in page.text
    assert "替程试一记下答复" in page.text


def test_a_mail_that_is_html_alone_is_shown_without_it(published, clerk, office):
    html = '<html><style>p{}</style><p>我<b>参加</b></p><img src="http://127.0.0.1:9/x.png"><script>steal()</script>'
    kept = arrive(raw_mail(html.encode(), "Subject: x", "Content-Type: text/html; charset=utf-8"))
    page = office.get(f"/messages/inbox/{kept.id}")
    assert "我 参加" in page.text
    assert not any(word in page.text for word in ("x.png", "steal", "p{}"))


def test_a_clerk_takes_an_answer_by_hand(published, reply, clerk):
    kept = reply("DECLINED", **FORGED)
    sent = {"answer": "declined", "reason": "电话里说住院", "sequence": published.meeting.sequence}
    url = f"/messages/inbox/{kept.id}/take/{published.invitation(published.head).id}"
    answer = clerk.post(url, data=sent)
    assert answer.status_code == 303
    invitation = published.invitation(published.head)
    assert (invitation.answer, invitation.door, invitation.reason) == (
        AnswerState.DECLINED, Door.MAIL, "电话里说住院",
    )  # fmt: skip
    assert db.session.get_one(ReceivedMail, kept.id).state == MailState.SETTLED
    again = clerk.post(url, data=sent, follow_redirects=True)
    assert "已经有人处理了" in again.text
    board = clerk.get(f"/meetings/{published.meeting_id}/invitations")
    assert "来信" in board.text


def test_a_refusal_comes_back_beside_its_field(published, reply, clerk):
    kept = reply("DECLINED", **FORGED)
    url = f"/messages/inbox/{kept.id}/take/{published.invitation(published.head).id}"
    answer = clerk.post(url, data={"answer": "declined", "reason": "", "sequence": 0})
    assert answer.status_code == 422
    assert "请写一句原因" in answer.text


def test_the_senders_address_is_put_to_a_name_and_the_answer_counts_at_once(published, reply, clerk):
    kept = reply("ACCEPTED", letter={"sender": "bai@example.test"})
    page = clerk.get(f"/messages/inbox/{kept.id}/sender")
    assert "这是谁的邮箱" in page.text
    assert "程试一" in page.text
    found = clerk.get(f"/messages/inbox/{kept.id}/sender?q=何试二")
    assert "副局长" in found.text
    answer = clerk.post(f"/messages/inbox/{kept.id}/sender", data={"person": published.head.id})
    assert answer.status_code == 303
    assert published.invitation(published.head).answer == AnswerState.ACCEPTED


def test_the_card_of_a_person_shows_the_further_addresses_and_ends_them(published, reply, clerk, office):
    kept = reply("ACCEPTED", letter={"sender": "bai@example.test"})
    clerk.post(f"/messages/inbox/{kept.id}/sender", data={"person": published.head.id})
    card = f"/people/{published.head.id}"
    assert "bai@example.test" in office.get(card).text
    (address,) = people.list_addresses([published.head.id])
    page = office.post(f"{card}/addresses/{address.id}/end", follow_redirects=True)
    assert "不再算程试一的答复" in page.text
    assert "bai@example.test" not in office.get(card).text
    assert office.post(f"{card}/addresses/{address.id}/end").status_code == 404


def test_nobody_chosen_is_said(published, reply, clerk):
    kept = reply("ACCEPTED", letter={"sender": "bai@example.test"})
    answer = clerk.post(f"/messages/inbox/{kept.id}/sender", follow_redirects=True)
    assert "请先选一位" in answer.text


def test_what_is_set_aside_can_be_taken_up_again(published, reply, clerk):
    kept = reply("DECLINED", **FORGED)
    clerk.post(f"/messages/inbox/{kept.id}/dismiss")
    assert "没有等您处理的来信" in clerk.get("/messages/inbox").text
    assert "stranger@evil.example" in clerk.get("/messages/inbox?state=dismissed").text
    clerk.post(f"/messages/inbox/{kept.id}/reopen")
    assert "stranger@evil.example" in clerk.get("/messages/inbox").text
    assert published.invitation(published.head).answer == AnswerState.WAITING


def test_another_unit_sees_nothing_of_it_and_the_district_all(published, reply, browser_of, office):
    kept = reply("DECLINED", **FORGED)
    unknown = arrive(mail(text="不知道是哪一场", sender="z@evil.example"))
    with transaction():
        other = make_unit("别的街道人大工委", parent=db.session.merge(published.host.parent))
    stranger = browser_of(Role.STREET, other)
    assert "stranger@evil.example" not in stranger.get("/messages/inbox").text
    assert stranger.get(f"/messages/inbox/{kept.id}").status_code == 404
    assert stranger.get(f"/messages/inbox/{unknown.id}").status_code == 404
    page = office.get("/messages/inbox")
    assert "stranger@evil.example" in page.text
    assert "z@evil.example" in page.text


def test_a_letter_of_somebody_known_offers_what_that_person_is_asked_to(published, office):
    kept = arrive(mail(text="我参加", sender=HEAD))
    assert kept.reason is Reason.NO_CALENDAR
    page = office.get(f"/messages/inbox/{kept.id}")
    assert "替程试一记下答复" in page.text


def test_the_board_shows_every_answer_and_which_one_counts(published, reply, clerk):
    reply("ACCEPTED")
    reply("DECLINED", stamped_at=SENT_AT - timedelta(hours=1), more=("COMMENT:先说不来",))
    page = clerk.get(f"/meetings/{published.meeting_id}/invitations")
    assert "日历" in page.text
    assert "没算：后来又答过" in page.text
    assert "先说不来" in page.text
    assert "算过，后来改了" not in page.text
    with clock.frozen(SENT_AT + timedelta(minutes=9)):
        reply("TENTATIVE", stamped_at=SENT_AT + timedelta(minutes=9))
        page = clerk.get(f"/meetings/{published.meeting_id}/invitations")
    assert "算过，后来改了" in page.text
    assert "暂定 1" in page.text


def test_an_answer_that_nobody_can_take_any_more_is_not_offered(published, reply, clerk):
    published.step("cancel", reason="停电")
    kept = reply("ACCEPTED", sequence=1)
    page = clerk.get(f"/messages/inbox/{kept.id}")
    assert page.status_code == 200
    assert "记下答复" not in page.text


def test_a_line_for_the_pipe_takes_a_mail_in(published, app):
    runner = app.test_cli_runner()
    raw = mail(reply_object(published.meeting.uid))
    assert "收下了" in runner.invoke(args=["inbox"], input=raw).output
    assert published.invitation(published.head).answer == AnswerState.ACCEPTED
    assert "已经收过了" in runner.invoke(args=["inbox"], input=raw).output
    assert runner.invoke(args=["inbox"], input=b"").exit_code == 1
