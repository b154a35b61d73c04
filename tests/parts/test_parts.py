"""The parts do what the tests that stand on them believe."""

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.request import urlopen

import pytest
from flask import g
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs.models import Job
from tests.parts.browsers import Visitor
from tests.parts.databases import queries

AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def add_job() -> Job:
    with transaction():
        job = Job(name="nothing", subject_id=1, run_after=AT, created_at=AT)
        db.session.add(job)
    return job


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_finds_an_empty_database_and_the_first_number(app, time):
    assert db.session.scalars(select(Job)).all() == []
    assert add_job().id == 1


def test_both_engines_are_what_they_say(app, database):
    assert db.engine.dialect.name == database.engine


def test_a_request_shares_nothing_with_the_test_but_the_held_clock(app, client):
    seen = {}
    g.account = "the test's own"

    def look():
        seen.update(account=g.account, now=clock.now())

    app.before_request_funcs.setdefault(None, []).append(look)
    try:
        with clock.frozen(AT):
            client.get("/healthz")
    finally:
        app.before_request_funcs[None].remove(look)
    assert seen == {"account": None, "now": AT}


def test_what_the_test_has_read_is_read_anew_after_a_request(app, client, database):
    job = add_job()
    assert job.name == "nothing"
    with db.engine.connect() as other:
        other.execute(text("UPDATE job SET name = 'changed'"))
        other.commit()
    client.get("/healthz")
    assert job.name == "changed"


def test_a_spoilt_schema_is_whole_again_in_the_next_test(spoil, app):
    spoil("DROP TABLE job")
    with pytest.raises(DBAPIError):
        db.session.scalars(select(Job)).all()


def test_after_a_spoilt_schema(app):
    add_job()


def test_the_counter_of_statements_names_them(app):
    with queries(at_most=1) as sent:
        db.session.scalars(select(Job)).all()
    assert "FROM job" in sent[0]
    with pytest.raises(pytest.fail.Exception, match="FROM job"), queries(at_most=0):
        db.session.scalars(select(Job)).all()


def test_the_live_server_holds_its_clock(app, live_server):
    live_server.at = AT
    with urlopen(f"{live_server.url}/healthz", timeout=5) as answer:
        assert answer.status == 200


def test_gunicorn_answers_from_the_same_database(app, gunicorn_server):
    with urlopen(f"{gunicorn_server.url}/healthz", timeout=5) as answer:
        assert answer.status == 200


def test_the_mail_server_keeps_the_exact_bytes_and_can_refuse(smtp_server):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "office@example.test", "chen@example.test", "供暖专场"
    mail.set_content("您好")
    host, port = smtp_server.url.removeprefix("smtp://").split(":")
    smtp_server.refusals["wang@example.test"] = "550 no such person"
    with smtplib.SMTP(host, int(port)) as sender:
        assert not sender.has_extn("SMTPUTF8")
        sender.send_message(mail)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            sender.send_message(mail, to_addrs=["wang@example.test"])
    (kept,) = smtp_server.wait_for(1)
    assert kept.message["Subject"] == "供暖专场"


@pytest.mark.browser
def test_the_browser_shows_a_page(app, live_server, page):
    assert page.goto(f"{live_server.url}/healthz").status == 200


@pytest.mark.browser
def test_a_page_that_asks_another_host_or_breaks_is_at_fault(browser):
    visitor = Visitor(browser.new_context())
    page = visitor.context.new_page()
    page.set_content('<img src="http://example.test/a.png"><script>missing()</script>')
    visitor.context.close()
    assert [fault.split(":")[0] for fault in sorted(visitor.faults)] == ["asked another host", "script"]
