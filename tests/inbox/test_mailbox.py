"""A real mailbox, a real mail server, and workers as processes of their own: killed, restarted, several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes

import psycopg
import pytest
from sqlalchemy import func, select, text

from liaison_app.app import ROOT
from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.inbox import imap, jobs, services
from liaison_app.inbox.kinds import MailState, Reason
from liaison_app.inbox.models import Mailbox, ReceivedMail
from liaison_app.invitations.kinds import AnswerState, Door
from liaison_app.invitations.models import AnswerRecord
from liaison_app.jobs import worker
from tests.inbox.letters import OFFICE, mail, raw_mail, reply_object
from tests.parts.databases import Database
from tests.parts.dovecot import DovecotServer
from tests.parts.mailbox import SmtpServer

PATIENCE = 60


@pytest.fixture
def noon() -> Iterator[None]:
    """The full hour that has just passed: processes of their own cannot be told another time."""
    with clock.frozen(clock.now().replace(minute=0, second=0, microsecond=0)):
        yield


@pytest.fixture
def reading(published, make_app, dovecot: DovecotServer) -> Iterator[DovecotServer]:
    """The application with a mailbox set, its context open."""
    app = make_app(imap_url=dovecot.url)
    with app.app_context():
        yield dovecot


def count(model) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def answer_of(scene) -> tuple[AnswerState, Door | None]:
    db.session.rollback()
    invitation = scene.invitation(scene.head)
    return invitation.answer, invitation.door


def test_what_is_new_is_kept_marked_as_read_and_answered(published, reading):
    reading.deliver(mail(reply_object(published.meeting.uid, "DECLINED")), mail(text="普通来信"))
    jobs.poll()
    assert reading.flags() == [True, True]
    assert answer_of(published) == (AnswerState.WAITING, None)
    worker.drain()
    assert answer_of(published) == (AnswerState.DECLINED, Door.CALENDAR)
    assert [one.state for one in db.session.scalars(select(ReceivedMail).order_by(ReceivedMail.id))] == [
        MailState.SETTLED,
        MailState.REVIEW,
    ]


def test_each_look_goes_on_where_the_last_one_ended(published, reading):
    reading.deliver(mail(text="一"))
    jobs.poll()
    reading.deliver(mail(text="二"))
    jobs.poll()
    jobs.poll()
    assert count(ReceivedMail) == 2
    assert db.session.scalar(select(Mailbox.last_uid)) == 2


def test_mails_that_are_numbered_anew_are_read_again_and_do_nothing_again(published, reading):
    reading.deliver(mail(reply_object(published.meeting.uid)), mail(text="一"))
    jobs.poll()
    worker.drain()
    before = db.session.scalar(select(Mailbox.uid_validity))
    reading.renumber()
    jobs.poll()
    worker.drain()
    db.session.rollback()
    assert db.session.scalar(select(Mailbox.uid_validity)) != before
    assert (count(ReceivedMail), count(AnswerRecord)) == (2, 1)
    reading.deliver(mail(text="二"))
    jobs.poll()
    assert count(ReceivedMail) == 3


def test_without_the_digest_they_would_have_been_taken_twice(published, reading, monkeypatch):
    digests = (f"{number}" for number in range(100))
    monkeypatch.setattr(services.mime, "digest_of", lambda raw: next(digests))
    reading.deliver(mail(reply_object(published.meeting.uid)))
    jobs.poll()
    reading.renumber()
    jobs.poll()
    assert count(ReceivedMail) == 2


def test_a_huge_mail_comes_as_its_head_and_stops_no_other(published, reading):
    huge = mail(
        reply_object(published.meeting.uid, more=("DESCRIPTION:" + "长" * 1_700_000,)), subject="五兆"
    )
    assert len(huge) > 5_000_000
    reading.deliver(huge, raw_mail(b"\xff\xfe\x00" * 99, "Content-Type: text/calendar"), mail(text="后面的"))
    jobs.poll()
    worker.drain()
    rows = list(db.session.scalars(select(ReceivedMail).order_by(ReceivedMail.id)))
    assert [one.reason for one in rows] == [Reason.TOO_LARGE, Reason.UNREADABLE, Reason.NO_CALENDAR]
    assert rows[0].subject == "五兆"
    assert len(rows[0].raw) < 70_000


def test_a_mailbox_that_cannot_be_read_says_why_and_without_the_password(published, make_app, dovecot):
    url = dovecot.url.replace(":secret@", ":wrong-password@")
    with make_app(imap_url=url).app_context():
        jobs.poll()
        box = db.session.scalar(select(Mailbox))
        assert box.failed_at is not None
        assert "AUTHENTICATIONFAILED" in box.failure
        assert "wrong-password" not in box.failure + box.name
        assert imap.look_at(url)
    with make_app(imap_url=dovecot.url).app_context():
        jobs.poll()
        db.session.rollback()
        assert db.session.scalar(select(Mailbox.failed_at)) is None
        assert imap.look_at(dovecot.url) == ""


def test_the_program_says_its_name_as_some_servers_want(published, reading):
    with imap.connect(reading.url):
        pass
    log = reading.folder / "log"
    until(lambda: "name=liaison-station" in log.read_text())


# --- processes --------------------------------------------------------------------


@pytest.fixture
def start(
    database: Database, dovecot: DovecotServer, smtp_server: SmtpServer
) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start a worker as a process on the test's database, mailbox and mail server."""
    running: list[subprocess.Popen] = []

    def begin(*options: str) -> subprocess.Popen:
        env = {
            **os.environ,
            "LIAISON_MODE": "demo",
            "LIAISON_DATA": str(database.data),
            "LIAISON_DATABASE_URL": database.settings.database_url,
            "LIAISON_SECRET_KEY": database.settings.secret_key,
            "LIAISON_SMTP_URL": smtp_server.url,
            "LIAISON_IMAP_URL": dovecot.url,
            "LIAISON_MAIL_FROM": OFFICE,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker", *options],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen) -> str:
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            pytest.fail("it did not happen in time")
        time.sleep(0.05)


@contextmanager
def nobody_can_settle(database: Database) -> Iterator[None]:
    """Hold the meeting's row, which every answer has to lock; mails can still be taken in (PostgreSQL)."""
    with psycopg.connect(database.plain_url(database.name)) as holder:
        holder.execute("SELECT id FROM meeting FOR UPDATE")
        yield
        holder.rollback()


def kill_at(process: subprocess.Popen, mails: int) -> None:
    """Kill a worker the moment so many mails are here."""
    until(lambda: count(ReceivedMail) >= mails or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)


def make_due(database: Database) -> None:
    """Let the lease of a killed worker run out, and every duty come round."""
    with db.engine.begin() as connection:
        past = {"past": "2020-01-01 00:00:00+00:00"}
        connection.execute(text("UPDATE job SET lease_until = :past WHERE lease_until IS NOT NULL"), past)
        connection.execute(text("UPDATE job SET run_after = :past WHERE state = 'waiting'"), past)


@pytest.mark.only_on("postgresql")
def test_a_worker_killed_between_accept_and_settle_loses_nothing_and_applies_nothing_twice(
    published, database, dovecot, start
):
    dovecot.deliver(mail(reply_object(published.meeting.uid, "DECLINED")), mail(text="普通来信"))
    with nobody_can_settle(database):
        killed = start()
        until(lambda: count(ReceivedMail) == 2 and dovecot.flags() == [True, True])
        # It is at the answer now, and waits for the meeting.
        time.sleep(1)
        killed.send_signal(signal.SIGKILL)
        killed.wait(PATIENCE)
    assert answer_of(published) == (AnswerState.WAITING, None)
    make_due(database)
    end(start("--drain"))
    assert answer_of(published) == (AnswerState.DECLINED, Door.CALENDAR)
    assert (count(ReceivedMail), count(AnswerRecord)) == (2, 1)
    make_due(database)
    end(start("--drain"))
    assert (count(ReceivedMail), count(AnswerRecord)) == (2, 1)


@pytest.mark.parametrize("times", [3])
def test_a_worker_killed_at_any_moment_loses_nothing_and_applies_nothing_twice(
    published, database, dovecot, start, times
):
    """Killed a little later each time, wherever that is: connecting, taking in, marking, settling."""
    dovecot.deliver(
        mail(reply_object(published.meeting.uid, "DECLINED")), *(mail(text=f"第{n}封") for n in range(6))
    )
    for turn in range(times):
        kill_at(start(), 1 + 2 * turn)
        make_due(database)
    end(start("--drain"))
    make_due(database)
    end(start("--drain"))
    assert answer_of(published) == (AnswerState.DECLINED, Door.CALENDAR)
    assert (count(ReceivedMail), count(AnswerRecord)) == (7, 1)
    assert all(one.state != MailState.NEW for one in db.session.scalars(select(ReceivedMail)))


def test_a_conversation_end_to_end(published, database, dovecot, smtp_server, start):
    """The invitation leaves by SMTP; its own object is answered as a calendar would; the answer comes by IMAP."""
    end(start("--drain"))
    sent = next(one for one in smtp_server.mails if one.recipients == ["head@example.test"])
    part = next(p for p in message_from_bytes(sent.raw).walk() if p.get_content_type() == "text/calendar")
    asked = part.get_payload(decode=True).decode()
    said = asked.replace("METHOD:REQUEST", "METHOD:REPLY").replace("=NEEDS-ACTION", "=ACCEPTED")
    assert said != asked
    dovecot.deliver(mail(said), sent.raw)
    make_due(database)
    end(start("--drain"))
    make_due(database)
    end(start("--drain"))
    assert answer_of(published) == (AnswerState.ACCEPTED, Door.CALENDAR)
    reasons = {one.reason for one in db.session.scalars(select(ReceivedMail))}
    assert reasons == {Reason.COUNTED, Reason.LOOP}
