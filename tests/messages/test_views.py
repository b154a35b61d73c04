"""The outbox page: whose messages one sees, and what one may do."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import services as jobs
from liaison_app.jobs import worker
from liaison_app.messages import services
from liaison_app.messages.kinds import MessageState, Outcome
from liaison_app.messages.models import Message
from liaison_app.orgs.models import OrgUnit
from tests.factories.accounts import make_account, sign_in
from tests.factories.messages import CALENDAR, make_call, make_mail
from tests.factories.orgs import make_unit
from tests.parts.databases import queries

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
AS_FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def held_clock():
    with clock.frozen(NOW):
        yield


class Street:
    """A street with a mail and a call, its clerk signed in."""

    def __init__(self, app: Flask, role: Role = Role.STREET):
        with transaction():
            self.unit = make_unit()
            mail = make_mail(self.unit, calendar=CALENDAR, method="REQUEST")
            call = make_call(self.unit)
            account = make_account(role, self.unit)
        self.mail, self.call, self.account = mail.id, call.id, account
        self.clerk = sign_in(app.test_client(), account)


@pytest.fixture
def street(app: Flask) -> Street:
    return Street(app)


def state_of(message_id: int) -> MessageState:
    db.session.rollback()
    return db.session.get_one(Message, message_id).state


def page(client: FlaskClient, address: str = "/messages", **options) -> str:
    reply = client.get(address, **options)
    assert reply.status_code == 200
    return reply.text


# --- whose messages ------------------------------------------------------------


def test_a_clerk_sees_the_messages_of_the_own_part_of_the_tree_alone(app, street):
    with transaction():
        other = make_unit()
        below = make_unit("测试下属站", parent=db.session.merge(street.unit))
        make_mail(other, key="invite:x:0", to_name="外单位")
        make_mail(below, key="invite:y:0", to_name="下属站的人")
    text = page(street.clerk)
    assert "王素梅" in text
    assert "下属站的人" in text
    assert "外单位" not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/messages/{id}"), ("GET", "/messages/{id}.eml"), ("GET", "/messages/{id}/drop"),
        ("POST", "/messages/{id}/told"), ("POST", "/messages/{id}/retry"), ("POST", "/messages/{id}/drop"),
        ("POST", "/messages/{id}/phone"),
    ],
)  # fmt: skip
def test_a_message_of_another_part_is_as_good_as_none(app, street, method, path):
    with transaction():
        foreign = make_mail(make_unit(), key="invite:x:0").id
    reply = street.clerk.open(path.format(id=foreign), method=method)
    none = street.clerk.open(path.format(id=999_999), method=method)
    assert (reply.status_code, none.status_code) == (404, 404)
    assert state_of(foreign) == MessageState.QUEUED


def test_a_stranger_is_asked_to_sign_in(app, street, client):
    for path in ("/messages", f"/messages/{street.mail}", f"/messages/{street.mail}.eml"):
        reply = client.get(path)
        assert (reply.status_code, reply.location.split("?")[0]) == (303, "/login")


def test_a_reader_without_the_right_to_act_sees_neither_text_nor_buttons(app):
    street = Street(app, Role.AUDITOR)
    for text in (page(street.clerk), page(street.clerk, f"/messages/{street.mail}")):
        assert "王素梅" in text
        assert "王素梅代表：" not in text
        assert "/told" not in text
        assert "wang@example.test" not in text
    assert street.clerk.get(f"/messages/{street.mail}.eml").status_code == 404
    assert street.clerk.post(f"/messages/{street.mail}/told").status_code == 404


def test_a_number_that_is_too_long_is_no_message(app, street):
    for number in ("0", "2147483648", "9" * 30):
        assert street.clerk.get(f"/messages/{number}").status_code == 404


# --- finding -------------------------------------------------------------------


def test_the_address_says_which_messages(app, street):
    with transaction():
        unit = db.session.merge(street.unit)
        make_mail(unit, key="cancel:participant-7:1", to_name="李明慧", about="meeting:7", subject="取消")
        make_mail(unit, key="invite:participant-8:0", to_name="赵一诺", to_address="nowhere")
    shown = {
        "/messages?state=failed": {"赵一诺"},
        "/messages?state=attention": {"王素梅", "田野", "李明慧", "赵一诺"},
        "/messages?channel=phone": {"田野"},
        "/messages?kind=cancel": {"李明慧"},
        "/messages?meeting=7": {"李明慧"},
        "/messages?q=明慧": {"李明慧"},
        "/messages?q=%25": set(),
        "/messages?q=%00明慧%00": {"李明慧"},
        "/messages?meeting=99999999999999999999": set(),
        "/messages?state=nonsense&channel=x&kind=%27&meeting=x&page=-1": {
            "王素梅",
            "田野",
            "李明慧",
            "赵一诺",
        },
    }
    for address, names in shown.items():
        text = page(street.clerk, address)
        assert {name for name in ("王素梅", "田野", "李明慧", "赵一诺") if f">{name}</a>" in text} == names, (
            address
        )


def test_the_list_asks_the_database_little_however_long_it_is(app, street):
    with transaction():
        unit = db.session.merge(street.unit)
        for n in range(60):
            make_mail(unit, key=f"invite:p{n}:0")
    page(street.clerk)
    with queries(at_most=9) as sent:
        text = page(street.clerk)
    assert text.count('<tr role="row" id="message-') == 50
    assert not [one for one in sent if "message.raw" in one or "message.calendar" in one]
    assert page(street.clerk, "/messages?page=2").count('<tr role="row" id="message-') == 12
    assert "没有符合的消息" in page(street.clerk, "/messages?page=9")


def test_the_reader_is_told_that_no_mail_server_is_set(app, street):
    assert "没有设邮件服务器" in page(street.clerk)


@pytest.mark.parametrize("address", ["/messages", "/desk"])
def test_the_reader_is_told_that_no_worker_runs(mailing, street, address):
    clerk = sign_in(mailing.test_client(), make_clerk(street.unit.id))
    assert "后台程序没有在运行" in page(clerk, address)
    with transaction():
        jobs.beat("a:1")
    assert "后台程序没有在运行" not in page(clerk, address)


def test_what_went_to_one_person_about_one_meeting_is_a_page(street):
    with transaction():
        for thread in ("invitation-1", "invitation-2"):
            make_call(street.unit, key=f"invite:{thread}:0", about="meeting:7", to_name=thread)
    only = page(street.clerk, "/messages?meeting=7&thread=invitation-1")
    assert "只看一场里给一个人的消息" in only
    assert only.count('<tr role="row" id="message-') == 1
    assert page(street.clerk, "/messages?meeting=7&thread=x'--").count('<tr role="row" id="message-') == 2


def test_the_reader_is_told_that_mails_wait_for_the_mail_server(app, street, make_app):
    with make_app(smtp_url="smtp://127.0.0.1:1").app_context() as context:
        with transaction():
            make_mail(db.session.merge(street.unit), key="invite:participant-5:0")
        worker.drain()
        clerk = sign_in(context.app.test_client(), make_clerk(street.unit.id))
        text = page(clerk)
    # The one that was written before the mail server was set waits as well.
    assert "2 封邮件在等邮件服务器" in text
    assert "邮件服务器没有接通" in text
    assert "11月20日（五）9:01 再试" in text


def make_clerk(unit_id: int):
    with transaction():
        return make_account(Role.STREET, db.session.get_one(OrgUnit, unit_id))


# --- acting --------------------------------------------------------------------


def test_a_clerk_ticks_somebody_off_and_comes_back_to_the_same_list(app, street):
    back = "/messages?state=attention&"
    reply = street.clerk.post(f"/messages/{street.call}/told", data={"back": back})
    assert (reply.status_code, reply.location) == (303, back)
    assert state_of(street.call) == MessageState.TOLD
    text = page(street.clerk)
    assert "已记下：田野，电话通知了。" in text


def test_htmx_follows_to_the_list_and_finds_the_row_and_the_counts(app, street):
    street.clerk.post(f"/messages/{street.call}/told", headers=AS_FRAGMENT, data={"back": "/messages?"})
    reply = street.clerk.get("/messages?", headers=AS_FRAGMENT)
    assert reply.text.lstrip().startswith('<section id="outbox">')
    assert f'id="message-{street.call}"' in reply.text
    assert 'id="outbox-states"' in reply.text
    assert 'id="toasts"' in reply.text
    assert "HX-Request" in reply.headers["Vary"]


def test_nobody_is_sent_to_another_host(app, street):
    for back in ("https://example.test/", "//example.test", "/\\example.test"):
        reply = street.clerk.post(f"/messages/{street.call}/told", data={"back": back})
        assert reply.location == "/"


def test_what_is_settled_says_so_and_stays(app, street):
    for _ in range(2):
        reply = street.clerk.post(f"/messages/{street.call}/told")
    assert (reply.status_code, reply.location) == (303, f"/messages/{street.call}")
    assert "这一条已经有了结果" in page(street.clerk, f"/messages/{street.call}")


def test_dropping_asks_first(app, street):
    text = page(street.clerk, f"/messages/{street.mail}/drop?back=/messages?state=queued")
    assert "不给王素梅发这一条了？" in text
    assert state_of(street.mail) == MessageState.QUEUED
    reply = street.clerk.post(f"/messages/{street.mail}/drop", data={"back": "/messages?state=queued"})
    assert reply.location == "/messages?state=queued"
    assert state_of(street.mail) == MessageState.DROPPED


def test_a_failed_mail_is_sent_again(app, street):
    with transaction():
        mail = db.session.get_one(Message, street.mail)
        mail.state, mail.failure, mail.last_error = MessageState.FAILED, Outcome.REFUSED, "550 no such person"
    assert "对方服务器拒收" in page(street.clerk)
    assert street.clerk.post(f"/messages/{street.mail}/retry").status_code == 303
    assert state_of(street.mail) == MessageState.QUEUED


def test_a_get_changes_nothing(app, street):
    for path in ("told", "retry", "phone"):
        assert street.clerk.get(f"/messages/{street.mail}/{path}").status_code == 405


# --- one message ---------------------------------------------------------------


def test_the_page_of_a_message_shows_the_exact_text_the_calendar_and_its_history(mailing, smtp_server):
    street = Street(mailing)
    smtp_server.refusals["wang@example.test"] = "450 come back later"
    worker.drain()
    smtp_server.refusals.clear()
    with clock.frozen(NOW + timedelta(minutes=1)):
        worker.drain()
        street.clerk.post(f"/messages/{street.call}/told")
    text = page(street.clerk, f"/messages/{street.mail}")
    assert "王素梅代表：\n请参加供暖专场。" in text
    assert "METHOD:REQUEST" in text
    steps = ["写好，放进消息", "对方服务器要求稍后再送", "450 come back later", "邮件服务器收下了"]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)
    assert "记为已电话通知" in page(street.clerk, f"/messages/{street.call}")


def test_the_mail_can_be_downloaded_as_it_goes_over_the_wire(app, street):
    reply = street.clerk.get(f"/messages/{street.mail}.eml")
    assert reply.data == db.session.get_one(Message, street.mail).raw
    assert reply.mimetype == "message/rfc822"
    assert reply.headers["Content-Disposition"] == f"attachment; filename=message-{street.mail}.eml"
    assert street.clerk.get(f"/messages/{street.call}.eml").status_code == 404


def test_a_number_is_masked_until_somebody_asks_and_then_written_down(app, street):
    own = f"/messages/{street.call}"
    for address in ("/messages", own):
        text = page(street.clerk, address)
        assert "139****0009" in text
        assert "13900000009" not in text
    reply = street.clerk.post(f"{own}/phone")
    assert (reply.status_code, reply.location) == (303, own)
    assert "13900000009" in page(street.clerk, own)
    assert "13900000009" not in page(street.clerk, own), "after a reload it is masked again"
    (entry,) = db.session.scalars(select(Entry).where(Entry.action == "people:phone:reveal"))
    assert entry.thing_id == street.call
    assert "13900000009" not in entry.sentence


def test_foreign_text_stays_text(app):
    with transaction():
        unit = make_unit()
        id = make_call(
            unit, to_name="<b>x</b>", subject="<script>1</script>", text="</textarea><script>2</script>"
        ).id
        account = make_account(Role.STREET, unit)
    clerk = sign_in(app.test_client(), account)
    for address in ("/messages", f"/messages/{id}", f"/messages/{id}/drop"):
        text = page(clerk, address)
        assert "<script>" not in text.replace("<script src=", "")
        assert "<b>x" not in text


# --- a day's work --------------------------------------------------------------------


def test_what_waits_stands_before_what_is_done_however_old(street):
    with transaction():
        late = make_call(db.session.merge(street.unit), key="invite:late:0", to_name="后写的")
        services.told_by_phone(late.id, by=db.session.merge(street.account))
    body = page(street.clerk)
    assert body.index("田野") < body.index("后写的")


def test_a_tick_on_the_wrong_row_is_taken_back_where_it_stands(street):
    street.clerk.post(f"/messages/{street.call}/told")
    assert state_of(street.call) == MessageState.TOLD
    assert "记错了，放回名单" in page(street.clerk)
    street.clerk.post(f"/messages/{street.call}/retry")
    assert state_of(street.call) == MessageState.QUEUED


def test_an_address_with_strange_arguments_is_a_page_like_any_other(street):
    for asked in ("endpoint=x", "_external=1&_scheme=javascript", "_anchor=x&_method=POST"):
        assert "javascript:" not in page(street.clerk, f"/messages?{asked}")
        assert "javascript:" not in page(street.clerk, f"/people?{asked}&page=1")
