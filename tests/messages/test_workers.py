"""Workers as processes of their own: killed, stopped, and several at once."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import select, text

from liaison_app.app import ROOT
from liaison_app.core.db import db, transaction
from liaison_app.jobs import queries as job_queries
from liaison_app.jobs import worker
from liaison_app.messages.kinds import MessageState, Outcome
from liaison_app.messages.models import Delivery, Message
from tests.factories.messages import CALENDAR, make_mail
from tests.factories.orgs import make_unit
from tests.parts.databases import Database
from tests.parts.mailbox import SmtpServer

FLASK = ["-m", "flask", "--app", "wsgi", "worker"]
UNGUARDED = ["-m", "tests.messages.unguarded"]
PATIENCE = 60


@pytest.fixture
def start(database: Database, smtp_server: SmtpServer) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start a worker as a process: `start("--drain")`, `start(program=UNGUARDED)`."""
    running: list[subprocess.Popen] = []

    def begin(*options: str, program: list[str] = FLASK) -> subprocess.Popen:
        env = {
            **os.environ,
            "LIAISON_MODE": "demo",
            "LIAISON_DATA": str(database.data),
            "LIAISON_DATABASE_URL": database.settings.database_url,
            "LIAISON_SECRET_KEY": database.settings.secret_key,
            "LIAISON_SMTP_URL": smtp_server.url,
        }
        process = subprocess.Popen(
            [sys.executable, *program, *options],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen) -> str:
    """Wait for a worker to end well and return what it said."""
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return said


@contextmanager
def nobody_can_settle(database: Database) -> Iterator[None]:
    """Hold what a worker must write once the server has taken its mail."""
    if database.engine == "sqlite":
        holder = sqlite3.connect(
            database.data / "liaison.sqlite3", isolation_level=None, check_same_thread=False
        )
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
        holder.close()
    else:
        with psycopg.connect(database.plain_url(database.name)) as holder:
            holder.execute("SELECT id FROM message FOR UPDATE")
            yield
            holder.rollback()


def test_a_worker_killed_between_the_servers_yes_and_its_own_note_sends_the_same_bytes_again(
    mailing, database, smtp_server, start
):
    with transaction():
        id = make_mail(calendar=CALENDAR, method="REQUEST", html="<p>请参加</p>").id
    take_mail = smtp_server.handle_DATA
    held = nobody_can_settle(database)

    async def take_and_hold(server, session, envelope):
        if not smtp_server.mails:
            held.__enter__()
        return await take_mail(server, session, envelope)

    smtp_server.handle_DATA = take_and_hold
    killed = start()
    smtp_server.wait_for(1, seconds=PATIENCE)
    # The yes is on its way; the note cannot be written while the row is held.
    time.sleep(0.5)
    killed.send_signal(signal.SIGKILL)
    killed.wait(PATIENCE)
    held.__exit__(None, None, None)

    assert db.session.get_one(Message, id).state == MessageState.SENDING
    worker.drain()
    assert len(smtp_server.mails) == 1, "the lease still holds"
    with db.engine.begin() as connection:
        # Five minutes later.
        connection.execute(text("UPDATE job SET lease_until = :past"), {"past": "2020-01-01 00:00:00+00:00"})
    db.session.rollback()
    end(start("--drain"))
    first, second = smtp_server.mails
    assert first.raw == second.raw == db.session.get_one(Message, id).raw
    db.session.rollback()
    assert db.session.get_one(Message, id).state == MessageState.SENT
    assert list(db.session.scalars(select(Delivery.outcome).order_by(Delivery.id))) == [None, Outcome.SENT]


def write_many(number: int) -> list[str]:
    with transaction():
        unit = make_unit()
        people = [f"p{n}@example.test" for n in range(number)]
        for person in people:
            make_mail(unit, key=f"invite:{person}:0", to_address=person)
    return people


def slow_down(smtp_server: SmtpServer) -> None:
    """Let workers meet: a mail takes a moment, as it does outside."""
    take_mail = smtp_server.handle_DATA

    async def take_slowly(server, session, envelope):
        await asyncio.sleep(0.05)
        return await take_mail(server, session, envelope)

    smtp_server.handle_DATA = take_slowly


def copies(smtp_server: SmtpServer) -> Counter:
    return Counter(mail.recipients[0] for mail in smtp_server.mails)


def test_two_workers_send_each_mail_once(mailing, smtp_server, start):
    people = write_many(30)
    slow_down(smtp_server)
    workers = [start("--drain"), start("--drain")]
    for process in workers:
        end(process)
    assert copies(smtp_server) == dict.fromkeys(people, 1)
    assert job_queries.count_waiting() == 0


def test_two_workers_without_a_lease_send_doubles(mailing, smtp_server, start):
    """The negative control of the test above."""
    people = write_many(30)
    slow_down(smtp_server)
    workers = [start(program=UNGUARDED), start(program=UNGUARDED)]
    for process in workers:
        end(process)
    assert set(copies(smtp_server)) == set(people)
    assert max(copies(smtp_server).values()) > 1


@pytest.mark.storm
def test_a_worker_killed_twenty_times_repeats_at_most_what_was_under_way(mailing, smtp_server, start):
    people = write_many(500)
    for kill in range(20):
        process = start()
        smtp_server.wait_for((kill + 1) * 20, seconds=PATIENCE)
        process.kill()
        process.wait(PATIENCE)
        with db.engine.begin() as connection:
            connection.execute(
                text("UPDATE job SET lease_until = :past"), {"past": "2020-01-01 00:00:00+00:00"}
            )
    end(start("--drain"))
    assert set(copies(smtp_server)) == set(people)
    assert len(smtp_server.mails) <= 500 + 20
    by_person = {}
    for mail in smtp_server.mails:
        assert by_person.setdefault(mail.recipients[0], mail.raw) == mail.raw


def test_a_worker_that_is_asked_to_stop_finishes_its_mail(mailing, smtp_server, start):
    write_many(1)
    asked = []
    take_mail = smtp_server.handle_DATA

    async def ask_to_stop(server, session, envelope):
        asked[0].terminate()
        await asyncio.sleep(0.3)
        return await take_mail(server, session, envelope)

    smtp_server.handle_DATA = ask_to_stop
    asked.append(start())
    end(asked[0])
    db.session.rollback()
    assert db.session.scalars(select(Message.state)).all() == [MessageState.SENT]
    assert job_queries.count_waiting() == 0
    assert job_queries.last_heartbeat() is not None


def test_one_piece_of_work_and_no_more(mailing, smtp_server, start):
    write_many(3)
    end(start("--once"))
    assert len(smtp_server.mails) <= 1


def test_a_database_of_another_version_gets_one_clear_line(app, database, start):
    with db.engine.begin() as connection:
        right = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0001_start'"))
    try:
        process = start("--drain")
        said, _ = process.communicate(timeout=PATIENCE)
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :right"), {"right": right})
    assert process.returncode == 1
    assert "0001_start" in said.splitlines()[-1]
    assert "Traceback" not in said


def test_the_worker_lives_as_long_as_it_is_not_asked_to_stop(mailing, smtp_server, start):
    process = start()
    write_many(1)
    smtp_server.wait_for(1, seconds=PATIENCE)
    assert process.poll() is None
    process.terminate()
    end(process)
    assert datetime.now(UTC) - job_queries.last_heartbeat() < worker.rules.SILENCE
