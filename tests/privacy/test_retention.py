"""Ninety-one days later: what was planted is nowhere, and every count is as before (SECURITY G11, G12, G14)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import worker
from liaison_app.messages.kinds import MessageState
from liaison_app.messages.models import Message
from liaison_app.people.models import Mandate, MandateState, Person
from liaison_app.people.services import issue_feed
from liaison_app.privacy import jobs, queries, rules
from liaison_app.privacy.models import RetentionRun
from liaison_app.scheduling.kinds import MeetingState
from liaison_app.scheduling.models import Meeting, Participant
from liaison_app.signups.models import SignUp
from tests.privacy.conftest import (
    NAME,
    NEED,
    PLANTED,
    STAND_IN,
    everything,
    figures,
    files_hold,
    found_in,
    raw_rows,
    reread,
)  # fmt: skip

OPEN_WORDS = (NAME, NEED, STAND_IN)  # not encrypted


def later(case, days: float):
    return clock.frozen(case.ends_at + timedelta(days=days))


def sweep(case, days: float) -> dict[str, int]:
    with later(case, days):
        return jobs.sweep()


def test_without_the_job_everything_is_found(case):
    with later(case, 91):
        assert found_in(everything()) == list(PLANTED)


def test_after_ninety_one_days_nothing_of_the_person_is_in_any_table(case):
    before = figures()
    counts = sweep(case, 91)
    assert found_in(everything()) == []
    assert figures() == before
    assert counts["signup"] == 3
    signup = reread(SignUp, case.signup)
    assert (signup.name, signup.mobile, signup.question, signup.organisation) == ("", "", None, "")
    assert signup.state == "confirmed"


def test_a_day_too_early_nothing_of_a_sign_up_goes(case):
    sweep(case, 89.9)
    assert reread(SignUp, case.signup).name == NAME


def test_the_seats_and_the_places_of_who_waits_are_counted_as_before(case):
    from liaison_app.signups import queries as signups

    before = signups.list_seats(case.meeting), signups.queue_places(case.meeting)
    db.session.rollback()
    sweep(case, 91)
    assert (signups.list_seats(case.meeting), signups.queue_places(case.meeting)) == before


def test_doing_it_twice_or_in_pieces_of_one_does_no_more(case, monkeypatch):
    monkeypatch.setattr(rules, "BATCH", 1)
    first = sweep(case, 91)
    assert first["signup"] == 3
    before = everything()
    second = sweep(case, 91)
    assert sum(second.values()) == 0
    assert [row for row in before.splitlines() if row not in everything()] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_not_even_the_bytes_of_database_and_log_hold_it(case, database):
    """In the control nothing is scrubbed, and the log still holds the pages as they were."""
    assert set(OPEN_WORDS) <= set(files_hold(database.data, PLANTED))
    sweep(case, 91)
    assert files_hold(database.data, PLANTED) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_scrubbing_the_log_still_holds_it(case, database, monkeypatch):
    monkeypatch.setattr(jobs, "scrub", lambda tables: None)
    sweep(case, 91)
    assert found_in(everything()) == []
    assert set(OPEN_WORDS) <= set(files_hold(database.data, PLANTED))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_secure_delete_the_file_still_holds_it(case, database):
    from sqlalchemy import Engine, event

    def careless(connection, record) -> None:
        connection.execute("PRAGMA secure_delete=OFF")

    event.listen(Engine, "connect", careless)
    try:
        db.session.remove()
        db.engine.dispose()
        sweep(case, 91)
        assert found_in(everything()) == []
        assert files_hold(database.data, PLANTED) != []
    finally:
        event.remove(Engine, "connect", careless)
        db.session.remove()
        db.engine.dispose()


def test_a_telephone_or_a_question_never_lies_open_in_the_database(case):
    lying = raw_rows()
    from tests.privacy.conftest import MOBILE, QUESTION, REASON

    assert [word for word in (MOBILE, QUESTION, REASON) if word in lying] == []


def test_a_reason_for_a_stand_in_lies_encrypted(case):
    with transaction():
        one = db.session.scalars(select(Participant).where(Participant.person_id == case.head)).one()
        one.stand_in_reason = "独门原因"
    assert "独门原因" not in raw_rows()
    assert "独门原因" in everything()
    sweep(case, 91)
    assert "独门原因" not in everything()


def test_what_has_not_left_after_all_that_time_is_not_sent_any_more(case):
    sweep(case, 98)
    rows = db.session.scalars(select(Message)).all()
    assert rows
    assert {row.state for row in rows} <= {MessageState.DROPPED, MessageState.SENT, MessageState.TOLD}
    assert all(row.erased_at and row.body == "" and row.to_address == "" and row.raw is None for row in rows)


def test_a_postponed_meeting_keeps_its_people(case):
    with transaction():
        db.session.get_one(Meeting, case.meeting).state = MeetingState.POSTPONED
    sweep(case, 200)
    assert reread(SignUp, case.signup).name == NAME
    with later(case, 200):
        (row,) = (one for one in queries.list_left(clock.now()) if one.holding.name == "signup")
    assert (row.rows, row.waiting, row.overdue) == (3, 3, 0)


def test_a_cancelled_meeting_counts_from_the_day_it_was_cancelled(case):
    with transaction():
        meeting = db.session.get_one(Meeting, case.meeting)
        meeting.state, meeting.ended_state_at = MeetingState.CANCELLED, clock.now()
    with clock.frozen(clock.now() + timedelta(days=91)):
        jobs.sweep()
    assert reread(SignUp, case.signup).name == ""


def test_contacts_go_a_month_after_the_last_office_and_the_name_stays(case):
    with transaction():
        issue_feed(
            case.deputy, by=type("Clerk", (), {"id": 1, "name": "测试", "standing": lambda self, on: ""})()
        )
    sweep(case, 0)
    assert reread(Person, case.deputy).mobile == "13700000001"
    with transaction():
        for mandate in db.session.scalars(select(Mandate)):
            mandate.state = MandateState.ENDED
    sweep(case, 1)
    sweep(case, 30.9)
    assert reread(Person, case.deputy).email == "wang-one@example.test"
    sweep(case, 31.1)
    deputy = reread(Person, case.deputy)
    assert (deputy.name, deputy.mobile, deputy.mobile_key, deputy.email, deputy.feed_hash) == (
        "王试一", None, None, "", None
    )  # fmt: skip
    assert reread(Person, case.head).email == "cheng-one@example.test"


def test_who_is_back_in_office_keeps_the_contacts(case):
    with transaction():
        for mandate in db.session.scalars(select(Mandate)):
            mandate.state = MandateState.ENDED
    sweep(case, 1)
    with transaction():
        for mandate in db.session.scalars(select(Mandate)):
            mandate.state = MandateState.ACTIVE
    sweep(case, 20)
    sweep(case, 60)
    assert reread(Person, case.deputy).mobile == "13700000001"


def test_the_trail_says_how_many_and_nothing_of_whom(case):
    sweep(case, 91)
    (entry,) = db.session.scalars(select(Entry).where(Entry.action == "privacy:retention:run"))
    assert "signup 3" in entry.sentence
    assert found_in(entry.sentence) == []


def test_the_page_of_what_is_left_counts_down(case):
    with later(case, 91):
        before = {one.holding.name: one for one in queries.list_left(clock.now())}
        db.session.rollback()
        jobs.sweep()
        after = {one.holding.name: one for one in queries.list_left(clock.now())}
    assert (before["signup"].rows, before["signup"].overdue) == (3, 3)
    assert before["signup"].oldest == case.ends_at
    assert before["signup"].next_at == case.ends_at + timedelta(days=90)
    assert (after["signup"].rows, after["signup"].overdue) == (0, 0)
    assert after["audit_entry"].rows > 0
    assert sum(one.overdue for one in after.values()) == 0


@pytest.mark.parametrize(
    ("hour", "last_days", "is_due"),
    [
        (3, None, True),
        (12, None, True),
        (3, 1, True),
        (12, 0.9, False),
        (3, 0, False),
        (12, 2, True),
        (1, 0.9, False),
    ],
)
def test_it_runs_once_a_night_and_makes_up_for_a_night_that_was_missed(held, hour, last_days, is_due):
    now = held.replace(hour=(hour - 8) % 24)
    last = None if last_days is None else now - timedelta(days=last_days)
    assert rules.is_time(now, last) is is_due


def test_the_worker_does_it(case):
    from liaison_app.jobs import services as job_services
    from liaison_app.jobs.registry import Duty

    with later(case, 91):
        with transaction():
            job_services.plan_duties([Duty("privacy.nightly", 30)])
        worker.drain()
    assert found_in(everything()) == []
    assert db.session.scalars(select(RetentionRun)).one().ended_at is not None


def test_a_sign_ups_name_is_not_in_the_trail_when_a_clerk_settles_its_message(case):
    from liaison_app.messages import services as messages
    from tests.factories.accounts import make_account

    with transaction():
        clerk = make_account()
        for message in db.session.scalars(select(Message).where(Message.kind == "signup")):
            messages.told_by_phone(message.id, by=clerk)
    said = [
        entry.sentence
        for entry in db.session.scalars(select(Entry).where(Entry.action == "messages:message:told"))
    ]
    assert said
    assert found_in("\n".join(said)) == []
