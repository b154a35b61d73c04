"""Mails that go out, or do not: with real servers, well behaved and not."""

import socket
import sqlite3
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text, update

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import queries as job_queries
from liaison_app.jobs import registry, worker
from liaison_app.jobs import services as jobs
from liaison_app.jobs.errors import LeaseLost
from liaison_app.jobs.models import Job
from liaison_app.jobs.rules import LEASE
from liaison_app.messages import jobs as message_jobs
from liaison_app.messages import queries, services
from liaison_app.messages.channels import email
from liaison_app.messages.kinds import MessageState, Outcome
from liaison_app.messages.models import Delivery, Message
from liaison_app.orgs.models import OrgUnit
from tests.factories.accounts import make_account
from tests.factories.messages import CALENDAR, make_mail
from tests.factories.orgs import make_unit

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def held_clock():
    with clock.frozen(NOW):
        yield


def write(**facts) -> int:
    with transaction():
        return make_mail(**facts).id


def get(message_id: int) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id)


def outcomes() -> list[Outcome | None]:
    db.session.rollback()
    return list(db.session.scalars(select(Delivery.outcome).order_by(Delivery.id)))


def at(**later) -> clock.frozen:
    return clock.frozen(NOW + timedelta(**later))


def test_the_bytes_that_were_written_down_are_the_bytes_that_arrive(mailing, smtp_server):
    id = write(html="<p>请</p>", calendar=CALENDAR, method="REQUEST")
    worker.drain()
    (mail,) = smtp_server.mails
    assert mail.raw == get(id).raw
    assert (mail.sender, mail.recipients) == ("office@example.test", ["wang@example.test"])
    assert (get(id).state, get(id).settled_at, get(id).attempts) == (MessageState.SENT, NOW, 1)
    assert outcomes() == [Outcome.SENT]
    assert job_queries.count_waiting() == 0


def test_what_is_settled_is_not_sent(mailing, smtp_server):
    ids = [write(key=f"invite:participant-{n}:0") for n in range(3)]
    with transaction():
        for id, state in zip(ids, (MessageState.SENT, MessageState.DROPPED, MessageState.TOLD), strict=True):
            db.session.get_one(Message, id).state = state
    worker.drain()
    assert smtp_server.mails == []
    assert outcomes() == []


def test_no_transaction_is_open_while_the_server_is_waited_for(mailing, database, smtp_server):
    seen = []

    async def look(server, session, envelope):
        if database.engine == "sqlite":
            with sqlite3.connect(database.data / "liaison.sqlite3", timeout=0, isolation_level=None) as other:
                other.execute("BEGIN IMMEDIATE")
                other.execute("ROLLBACK")
            seen.append(0)
        else:
            with psycopg.connect(database.plain_url(database.name)) as other:
                seen.append(
                    other.execute(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND state LIKE 'idle in transaction%'"
                    ).fetchone()[0]
                )
        return "250 OK"

    smtp_server.handle_DATA = look
    write()
    db.session.rollback()
    worker.drain()
    assert seen == [0]


# --- no for good, no for now ---------------------------------------------------


def test_a_recipient_that_is_refused_for_good_is_shown_and_the_others_get_theirs(mailing, smtp_server):
    smtp_server.refusals["gone@example.test"] = "550 no such person"
    with transaction():
        unit = make_unit()
        make_mail(unit, key="invite:a:0")
        gone = make_mail(unit, key="invite:b:0", to_address="gone@example.test").id
        make_mail(unit, key="invite:c:0", to_address="chen@example.test")
        path = unit.path
    worker.drain()
    assert [mail.recipients for mail in smtp_server.mails] == [["wang@example.test"], ["chen@example.test"]]
    failed = get(gone)
    assert (failed.state, failed.failure, failed.last_error) == (
        MessageState.FAILED, Outcome.REFUSED, "550 no such person",
    )  # fmt: skip
    assert queries.count_attention([path]) == 1
    with at(days=1):
        worker.drain()
    assert len(smtp_server.mails) == 2


def test_a_clerk_sends_a_failed_mail_again_the_same_bytes(mailing, smtp_server):
    smtp_server.refusals["wang@example.test"] = "550 mailbox full"
    id = write()
    worker.drain()
    smtp_server.refusals.clear()
    with transaction():
        services.retry(id, by=make_account())
    worker.drain()
    (mail,) = smtp_server.mails
    assert mail.raw == get(id).raw
    assert (get(id).state, get(id).failure) == (MessageState.SENT, None)
    assert outcomes() == [Outcome.REFUSED, Outcome.SENT]


def test_a_greylisted_mail_is_tried_again_after_a_minute(mailing, smtp_server):
    smtp_server.refusals["wang@example.test"] = "450 come back later"
    id = write()
    worker.drain()
    waiting = get(id)
    assert (waiting.state, waiting.failure) == (MessageState.QUEUED, Outcome.LATER)
    assert waiting.next_try_at == NOW + timedelta(minutes=1)
    smtp_server.refusals.clear()
    with at(seconds=59):
        worker.drain()
    assert smtp_server.mails == []
    with at(minutes=1):
        worker.drain()
    assert get(id).state == MessageState.SENT
    assert len(smtp_server.mails) == 1


def test_a_clerk_need_not_wait_for_the_next_try(mailing, smtp_server):
    smtp_server.refusals["wang@example.test"] = "450 come back later"
    id = write()
    worker.drain()
    smtp_server.refusals.clear()
    with transaction():
        services.retry(id, by=make_account())
    worker.drain()
    assert get(id).state == MessageState.SENT
    assert job_queries.count_waiting() == 0


@pytest.mark.parametrize(
    ("answers", "outcome", "is_tried_again"),
    [
        ({"MAIL": "550 sender not allowed"}, Outcome.DENIED, True),
        ({"MAIL": "451 busy"}, Outcome.LATER, True),
        ({"RCPT": "421 going down"}, Outcome.LATER, True),
        ({"RCPT": None}, Outcome.CUT, True),
        ({"DATA": "451 not now"}, Outcome.LATER, True),
        ({"DATA": "554 no mail here"}, Outcome.REFUSED, False),
        ({".": "451 try later"}, Outcome.LATER, True),
        ({".": "554 looks like spam"}, Outcome.REFUSED, False),
        ({".": None}, Outcome.UNSURE, True),
        ({"": "554 not today"}, Outcome.UNREACHABLE, True),
        ({"": None}, Outcome.UNREACHABLE, True),
    ],
)
def test_each_no_is_understood(make_app, script, answers, outcome, is_tried_again):
    server = script(**answers)
    with make_app(smtp_url=server.url).app_context():
        id = write()
        worker.drain()
        assert (get(id).failure, get(id).state == MessageState.QUEUED) == (outcome, is_tried_again)
        assert outcomes() == [outcome]
        words = next(iter(answers.values()))
        assert get(id).last_error == words if words else get(id).last_error


def test_a_server_that_takes_the_mail_and_breaks_off_may_get_a_second_copy_that_is_the_same(make_app, script):
    server = script(**{".": None})
    with make_app(smtp_url=server.url).app_context():
        id = write(calendar=CALENDAR, method="REQUEST")
        worker.drain()
        server.answers["."] = "250 taken"
        with at(minutes=1):
            worker.drain()
        assert get(id).state == MessageState.SENT
        first, second = server.mails
        assert first == second == get(id).raw
        assert outcomes() == [Outcome.UNSURE, Outcome.SENT]


def test_a_server_that_says_yes_and_hangs_up_without_good_bye_has_the_mail(make_app, script):
    server = script(QUIT=None)
    with make_app(smtp_url=server.url).app_context():
        id = write()
        worker.drain()
        with at(hours=1):
            worker.drain()
        assert get(id).state == MessageState.SENT
        assert len(server.mails) == 1


def test_a_server_that_hangs_is_waited_for_once_and_other_work_goes_on(make_app, monkeypatch):
    monkeypatch.setattr(email, "TIMEOUT_SECONDS", 0.2)
    done = []
    monkeypatch.setitem(registry._runs, "tests.work", lambda work: done.append(work.subject_id))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with make_app(smtp_url=url).app_context():
            ids = [write(key=f"invite:participant-{n}:0") for n in range(3)]
            with transaction():
                jobs.enqueue("tests.work", 7)
            worker.drain()
            assert [get(id).failure for id in ids] == [Outcome.UNREACHABLE, None, None]
            assert "timed out" in get(ids[0]).last_error
    assert done == [7]


# --- the server is away --------------------------------------------------------


@pytest.fixture
def away(make_app) -> Flask:
    """The application with a mail server that does not answer."""
    return make_app(smtp_url="smtp://127.0.0.1:1")


@pytest.fixture
def stranded(away, mailing) -> list[int]:
    """Five mails; the first has found that the server does not answer."""
    ids = []
    with away.app_context():
        with transaction():
            unit_id = make_unit().id
        for n in range(5):
            with transaction():
                unit = db.session.get_one(OrgUnit, unit_id)
                mail = make_mail(unit, key=f"invite:participant-{n}:0", to_address=f"p{n}@example.test")
                ids.append(mail.id)
        worker.drain()
    return ids


def test_while_the_server_is_away_one_mail_asks_for_it_and_the_others_wait(away, stranded):
    assert [get(id).failure for id in stranded] == [Outcome.UNREACHABLE] + [None] * 4
    with away.app_context():
        for minutes, tries in ((0.9, 1), (1, 2), (3, 3), (7.9, 3), (8, 4)):
            with at(minutes=minutes):
                worker.drain()
            assert len(outcomes()) == tries, minutes


def test_the_reader_learns_how_many_wait_for_the_server_and_since_when(stranded):
    assert queries.find_unreachable([get(stranded[0]).unit.path]) == (5, NOW)
    assert queries.find_unreachable(["/999/"]) is None


def test_the_mail_that_gets_through_takes_the_others_along_the_oldest_first(stranded, smtp_server):
    with at(minutes=2):
        worker.drain()
    assert [get(id).state for id in stranded] == [MessageState.SENT] * 5
    assert [mail.recipients[0][:2] for mail in smtp_server.mails] == ["p0", "p1", "p2", "p3", "p4"]


def test_a_server_that_is_back_is_noticed_within_minutes(stranded, smtp_server):
    """After a day everybody waits for an hour; the next look is three minutes away."""
    later = NOW + timedelta(hours=1)
    with db.engine.begin() as connection:
        connection.execute(update(Job).values(run_after=later))
        connection.execute(update(Message).values(next_try_at=later))
    worker.prepare()
    with at(minutes=20):
        worker.drain()
    assert [get(id).state for id in stranded] == [MessageState.SENT] * 5


def test_a_server_that_is_still_away_changes_nothing(away, stranded):
    with away.app_context(), at(seconds=30):
        before = [(job.id, job.run_after) for job in db.session.scalars(select(Job).order_by(Job.id))]
        message_jobs.probe()
        db.session.rollback()
        assert [(job.id, job.run_after) for job in db.session.scalars(select(Job).order_by(Job.id))] == before


def test_after_three_days_without_a_server_a_clerk_is_asked(make_app):
    with make_app(smtp_url="smtp://127.0.0.1:1").app_context():
        id = write()
        hours = 0
        while get(id).state == MessageState.QUEUED and hours < 100:
            with at(hours=hours):
                worker.drain()
            hours += 1
        assert (get(id).state, get(id).failure) == (MessageState.FAILED, Outcome.UNREACHABLE)
        assert 71 <= hours <= 73
        assert job_queries.count_waiting() == 0


def test_a_mail_is_left_alone_where_the_mail_server_was_taken_out_of_the_settings(mailing, app):
    id = write()
    with app.app_context():
        worker.drain()
    assert (get(id).state, job_queries.count_waiting()) == (MessageState.QUEUED, 0)
    with at(hours=1), transaction():
        services.pick_up()
    assert job_queries.count_waiting() == 1


# --- what became of it meanwhile -----------------------------------------------


def test_a_mail_that_is_of_no_use_any_more_is_not_sent(mailing, smtp_server):
    id = write(expires_at=NOW + timedelta(hours=2))
    with at(hours=2):
        worker.drain()
    assert (get(id).state, get(id).failure) == (MessageState.DROPPED, Outcome.EXPIRED)
    assert smtp_server.mails == []


def test_a_request_that_failed_on_the_wire_does_not_follow_its_cancel(make_app, script):
    """The REQUEST is under way while the meeting is cancelled, and the server says: later."""
    server = script(RCPT="450 later")
    with make_app(smtp_url=server.url).app_context():
        request = write()
        with transaction():
            work = jobs.claim([queries.DELIVER])
        with transaction():
            letter = services.take(work)
        with transaction():
            services.drop_superseded("meeting:1", "participant-1")
            cancel = make_mail(db_unit(request), key="cancel:participant-1:1").id
        with transaction():
            failure = email.TemporaryFailure(Outcome.LATER, "450 later")
            assert services.note_failure(work, letter, failure) is None
            jobs.finish(work)
        server.answers["RCPT"] = "250 ok"
        with at(days=1):
            worker.drain()
        assert [get(id).state for id in (request, cancel)] == [MessageState.DROPPED, MessageState.SENT]
        assert len(server.mails) == 1


def db_unit(message_id: int):
    return db.session.get_one(Message, message_id).unit


def test_a_mail_that_got_through_counts_as_sent_whatever_was_decided_meanwhile(mailing):
    id = write()
    with transaction():
        work = jobs.claim([queries.DELIVER])
    with transaction():
        letter = services.take(work)
    with transaction():
        services.drop_superseded("meeting:1", "participant-1")
    with transaction():
        services.note_sent(letter)
    assert get(id).state == MessageState.SENT
    assert get(id).superseded_at


def test_a_newer_mail_waits_while_an_older_one_of_its_thread_is_on_the_wire(mailing, smtp_server):
    older = write()
    with transaction():
        work = jobs.claim([queries.DELIVER])
    with transaction():
        services.drop_superseded("meeting:1", "participant-1")
        newer = make_mail(db_unit(older), key="update:participant-1:1", subject="改到周五").id
        make_mail(db_unit(older), key="update:participant-2:1", to_address="chen@example.test")
    worker.drain()
    assert [mail.recipients for mail in smtp_server.mails] == [["chen@example.test"]]
    with transaction():
        # The older worker finds that its mail is not wanted any more.
        assert services.take(work) is None
        jobs.finish(work)
    with at(minutes=1):
        worker.drain()
    assert [get(id).state for id in (older, newer)] == [MessageState.DROPPED, MessageState.SENT]


def test_a_worker_that_slept_too_long_sends_nothing(mailing, smtp_server):
    """Stopped for a day and continued: another worker has sent the mail meanwhile."""
    write()
    with transaction():
        slept = jobs.claim([queries.DELIVER])
    with clock.frozen(NOW + LEASE):
        worker.drain()
    assert len(smtp_server.mails) == 1
    with pytest.raises(LeaseLost), transaction():
        services.take(slept)


def test_a_mail_that_cannot_be_decrypted_is_shown_as_failed(mailing, smtp_server):
    id = write()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE message SET raw = :noise"), {"noise": b"of another key"})
    worker.drain()
    assert (get(id).state, get(id).failure) == (MessageState.FAILED, Outcome.BAD)


def test_a_mail_whose_worker_died_for_good_is_picked_up_again(mailing, smtp_server):
    id = write()
    with transaction():
        work = jobs.claim([queries.DELIVER])
    with transaction():
        services.take(work)
    with transaction():
        db.session.delete(db.session.get_one(Job, work.id))
        services.pick_up()
    worker.drain()
    assert get(id).state == MessageState.SENT
    assert outcomes() == [None, Outcome.SENT]
