"""What requests leave in the trail: files taken along, texts looked at, refusals; and what never gets into it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from liaison_app.access.permissions import Role
from liaison_app.accounts.models import Account
from liaison_app.audit import queries, rules, services, traces
from liaison_app.audit.kinds import Result
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.scheduling.kinds import RoleCode
from liaison_app.signups.kinds import SignUpState
from tests.factories.accounts import make_account, sign_in
from tests.factories.messages import make_mail
from tests.factories.orgs import make_unit
from tests.factories.scheduling import make_meeting
from tests.factories.signups import make_signup


@pytest.fixture
def meeting(app):
    with transaction():
        meeting = make_meeting(seats={RoleCode.CITIZEN: 3})
        make_signup(meeting.pools[0], name="王桂枝", mobile="13900000003", question="暖气不热")
        make_signup(meeting.pools[0], SignUpState.WITHDRAWN, name="陈月娥", withdrawn_reason="要住院")
        return meeting


@pytest.fixture
def clerk(client, meeting):
    with transaction():
        account = make_account(Role.OFFICE, meeting.unit, login="clerk")
    return sign_in(client, account)


@pytest.fixture
def stranger(app):
    """An account of another unit."""
    with transaction():
        account = make_account(Role.OFFICE, make_unit("别处"), login="stranger")
    return sign_in(app.test_client(), account)


def lines(action: str) -> list[Entry]:
    db.session.rollback()
    return list(db.session.scalars(select(Entry).where(Entry.action == action).order_by(Entry.id)))


def test_a_list_that_is_taken_along_is_noted_with_its_count_and_says_whose_it_is(clerk, meeting):
    reply = clerk.get(f"/meetings/{meeting.id}/signups.csv")
    (line,) = lines("signups:roster:export")
    assert (line.thing_kind, line.thing_id, line.unit_id) == ("meeting", meeting.id, meeting.unit_id)
    assert (line.sentence, line.result, line.address) == ("2 条", Result.SUCCEEDED, "127.0.0.1")
    assert line.actor_roles == f"代表工委·{meeting.unit.name}"
    rows = list(csv.reader(io.StringIO(reply.data.decode("utf-8-sig"), newline="")))
    assert rows[-2] == []
    assert "账号 clerk" in rows[-1][0]
    assert "共 2 条" in rows[-1][0]


def test_the_filter_of_a_list_is_noted_but_no_number_and_no_long_text(clerk, meeting):
    clerk.get("/meetings.csv?when=all&q=供暖&page=3")
    clerk.get("/meetings.csv?when=all&q=139 0000 0003")
    clerk.get(f"/meetings.csv?q={'x' * 30}&other=1")
    assert [line.sentence for line in lines("scheduling:meetings:export")] == [
        "1 条，筛选 q=供暖 when=all",
        "0 条，筛选 q=（号码） when=all",
        "0 条，筛选 q=（长词）",
    ]


def test_each_file_leaves_its_line(clerk, meeting, app):
    with transaction():
        mail = make_mail(meeting.unit, key="invite:x:0", to_address="x@example.test")
        mail_id = mail.id
        make_account(Role.AUDITOR, meeting.unit, login="auditor")
    auditor = sign_in(app.test_client(), db.session.scalar(select(Account).where(Account.login == "auditor")))
    for browser, path, action in (
        (clerk, f"/meetings/{meeting.id}/invitations.csv", "invitations:answers:export"),
        (clerk, f"/messages/{mail_id}.eml", "messages:message:export"),
        (auditor, "/audit.csv?since=2026-01-01", "audit:trail:export"),
    ):
        assert browser.get(path).status_code == 200, path
        assert len(lines(action)) == 1, path
        assert browser.head(path).status_code == 200
        assert len(lines(action)) == 1, "the head alone is no file"
    assert "since=2026-01-01" in lines("audit:trail:export")[0].sentence


def test_a_file_that_cannot_be_noted_is_not_given(clerk, meeting, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("", {}, Exception("the disk is full"))

    monkeypatch.setattr(services, "record_about", fail)
    reply = clerk.get(f"/meetings/{meeting.id}/signups.csv")
    assert reply.status_code >= 500
    assert "王桂枝" not in reply.text


def test_who_looked_at_questions_and_reasons_is_noted_once_an_hour(clerk, meeting):
    for _ in range(3):
        assert "暖气不热" in clerk.get(f"/meetings/{meeting.id}/signups").text
    (line,) = lines("signups:question:view")
    assert (line.thing_id, line.actor_name, line.sentence) == (meeting.id, "测试账号", "")
    with clock.frozen(clock.now() + traces.VIEW_AGAIN + timedelta(minutes=1)):
        with transaction():
            _renew(clerk)
        clerk.get(f"/meetings/{meeting.id}/signups")
    assert len(lines("signups:question:view")) == 2


def test_a_page_without_such_texts_leaves_no_line(clerk, meeting):
    assert "王桂枝" not in clerk.get(f"/meetings/{meeting.id}/signups?show=waiting").text
    assert clerk.get(f"/meetings/{meeting.id}/invitations").status_code == 200
    assert lines("signups:question:view") == lines("invitations:reason:view") == []


def _renew(client) -> None:
    """Let a browser's session reach to the present (held) moment."""
    from liaison_app.accounts.models import BrowserSession

    for one in db.session.scalars(select(BrowserSession)):
        one.seen_at = one.started_at = clock.now()


def test_who_asks_for_a_foreign_thing_is_noted_once_in_ten_minutes(stranger, meeting):
    for _ in range(3):
        assert stranger.get(f"/meetings/{meeting.id}").status_code == 404
    (line,) = lines(traces.REFUSED)
    assert (line.thing_kind, line.thing_id, line.unit_id) == ("meeting", meeting.id, meeting.unit_id)
    assert (line.sentence, line.result) == ("不在自己的单位里　GET scheduling.meeting", Result.REFUSED)
    stranger.get(f"/meetings/{meeting.id}/edit")
    stranger.get("/meetings/999999")
    assert [one.sentence for one in lines(traces.REFUSED)[1:]] == [
        "不在自己的单位里　GET scheduling.edit",
        "没有这一个，或者不归自己管　GET scheduling.meeting",
    ]
    later = clock.now() + traces.REFUSAL_AGAIN + timedelta(minutes=1)
    with clock.frozen(later):
        stranger.get(f"/meetings/{meeting.id}")
    assert len(lines(traces.REFUSED)) == 4


def test_who_lacks_the_permission_is_noted(clerk):
    assert clerk.get("/audit").status_code == 403
    (line,) = lines(traces.REFUSED)
    assert (line.sentence, line.thing_kind) == ("没有这项权限　GET audit.trail", "")


def test_a_scanner_does_not_fill_the_trail(stranger):
    for n in range(traces.MOST_REFUSALS + 20):
        assert stranger.get(f"/meetings/{900000 + n}").status_code == 404
    assert len(lines(traces.REFUSED)) == traces.MOST_REFUSALS
    (many,) = lines(traces.MANY_REFUSED)
    assert "其余的没有逐条记" in many.sentence
    assert many.result == Result.REFUSED


def test_without_the_limit_it_would(stranger, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(traces, "MOST_REFUSALS", 10_000)
    for n in range(traces.REFUSALS_WITHIN.seconds // 60):
        stranger.get(f"/meetings/{900000 + n}")
    assert len(lines(traces.REFUSED)) == 60


def test_a_trail_that_cannot_be_written_does_not_change_the_answer(stranger, meeting, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise OperationalError("", {}, Exception("the disk is full"))

    monkeypatch.setattr(services, "record_about", fail)
    reply = stranger.get(f"/meetings/{meeting.id}")
    assert reply.status_code == 404
    assert "could not be noted" in caplog.text
    assert stranger.get("/desk").status_code == 200


def test_a_failed_sign_in_is_noted_with_its_address_and_not_with_what_was_typed(app, clerk):
    for login in ("clerk", "13912345678"):
        app.test_client().post("/login", data={"login": login, "password": "Secret-typed-1"})
    known, unknown = lines("accounts:account:sign_in_failed")
    assert (known.result, known.address, known.sentence) == (Result.FAILED, "127.0.0.1", "clerk")
    assert (unknown.thing_id, unknown.sentence, unknown.actor_name) == (None, "", "")


def test_what_a_citizen_does_is_noted_without_an_address(client, meeting):
    client.post(f"/m/{meeting.code}", data={})
    with transaction():
        services.record("signups:signup:create", meeting, by=None, who=services.ONESELF)
    assert [line.address for line in lines("signups:signup:create")][-1:] == [None]
    assert all(
        line.address is None
        for line in db.session.scalars(select(Entry).where(Entry.actor_id.is_(None)))
        if not line.action.startswith("accounts:")
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("供暖", "供暖"), ("2026-11-25", "2026-11-25"), ("1234", "1234"), ("12345", "（号码）"),
        ("１３９００００００００", "（号码）"), ("王 139-0000", "（号码）"), ("长" * 21, "（长词）"),
    ],
)  # fmt: skip
def test_what_is_typed_gets_into_the_trail_only_where_it_is_harmless(typed, said):
    assert rules.words_asked({"q": typed, "state": ""}) == f"，筛选 q={said}"


def test_an_old_action_that_nobody_names_any_more_is_shown_as_it_is(app):
    with transaction():
        services.record("tests:thing:do", by=None)
    assert queries.chain_state().waiting == 1


# --- whoever is turned away before anything is looked at -------------------------


def knock(app, login: str, times: int, address: str = "203.0.113.7") -> int:
    """Try a wrong password so often and return the last status."""
    replies = [
        app.test_client().post(
            "/login",
            data={"login": login, "password": "Wrong-typed-1"},
            environ_overrides={"REMOTE_ADDR": address},
        )
        for _ in range(times)
    ]
    assert "试的次数太多" in replies[-1].text
    return replies[-1].status_code


def test_a_sign_in_that_was_not_even_tried_is_noted_once_in_ten_minutes(app, clerk):
    with clock.frozen(clock.now()):
        knock(app, "clerk", 12)
    (line,) = lines(traces.LOCKED)
    clerk_id = db.session.scalar(select(Account.id).where(Account.login == "clerk"))
    assert (line.thing_kind, line.thing_id, line.address) == ("account", clerk_id, "203.0.113.7")
    assert (line.result, line.actor_id, line.sentence) == (Result.REFUSED, None, "")
    with clock.frozen(clock.now() + traces.REFUSAL_AGAIN + timedelta(seconds=1)):
        knock(app, "clerk", 2)
    assert len(lines(traces.LOCKED)) == 2


def test_it_does_not_depend_on_whether_there_is_such_an_account(app, clerk):
    """Else the time of the answer would tell."""
    with clock.frozen(clock.now()):
        knock(app, "13912345678", 12)
        knock(app, "clerk", 12)
    (line,) = lines(traces.LOCKED)
    assert (line.thing_id, line.sentence) == (None, "")


def knock_from_everywhere(app) -> None:
    with clock.frozen(clock.now()):
        for n in range(12):
            knock(app, "clerk", 6, f"198.51.100.{n}")


def test_somebody_who_knocks_from_everywhere_does_not_fill_the_trail(app, clerk, monkeypatch):
    monkeypatch.setattr(traces, "MOST_REFUSALS", 4)
    knock_from_everywhere(app)
    assert len(lines(traces.LOCKED)) == 4
    (many,) = lines(traces.MANY_REFUSED)
    assert "登录被锁" in many.sentence


def test_without_the_bound_it_would_be_filled(app, clerk, monkeypatch):
    """The control of the test above."""
    monkeypatch.setattr(traces, "MOST_REFUSALS", 10_000)
    knock_from_everywhere(app)
    assert len(lines(traces.LOCKED)) == 12


def test_who_comes_too_fast_is_noted_once_and_a_citizen_without_an_address(app, client, meeting):
    with clock.frozen(clock.now()):
        replies = [
            client.post(f"/m/{meeting.code}", data={}, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
            for _ in range(130)
        ]
    assert [one.status_code for one in replies].count(429) > 5
    (line,) = lines(traces.TOO_FAST)
    assert (line.address, line.actor_id, line.actor_name) == (None, None, "")
    assert line.sentence.startswith("POST signups")
    assert line.result == Result.REFUSED


def test_an_account_that_takes_too_many_files_is_named(clerk, meeting):
    with clock.frozen(clock.now()):
        while clerk.get(f"/meetings/{meeting.id}/signups.csv").status_code != 429:
            pass
        clerk.get(f"/meetings/{meeting.id}/signups.csv")
    (line,) = lines(traces.TOO_FAST)
    assert (line.actor_name, line.address) != ("", None)
