"""What is written down, and what a clerk may do with it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from threading import Barrier

import pytest
from sqlalchemy import func, select

from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import queries as job_queries
from liaison_app.messages import queries, rules, services
from liaison_app.messages.errors import AlreadySettled, Replaced
from liaison_app.messages.kinds import Channel, MessageState, Outcome
from liaison_app.messages.models import Message
from tests.factories.accounts import make_account
from tests.factories.messages import CALENDAR, make_call, make_mail
from tests.factories.orgs import make_unit

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def held_clock():
    with clock.frozen(NOW):
        yield


def count(model=Message) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize(
    ("key", "thread"), [("invite:participant-12:3", "participant-12"), ("invite", "invite"), ("a:b", "b")]
)
def test_the_thread_is_the_middle_of_the_key(key, thread):
    assert rules.thread_of(key) == thread


def test_a_message_and_its_job_come_and_go_with_the_caller(mailing):
    with pytest.raises(ZeroDivisionError), transaction():
        make_mail()
        raise ZeroDivisionError
    assert (count(), job_queries.count_waiting()) == (0, 0)
    with transaction():
        make_mail()
    assert (count(), job_queries.count_waiting()) == (1, 1)


def test_the_same_key_gives_the_same_message_and_one_job(mailing):
    with transaction():
        first = make_mail(text="一")
    with transaction():
        again = make_mail(text="二")
        assert again.id == first.id
        assert again.body == "一"
    assert (count(), job_queries.count_waiting()) == (1, 1)


def test_the_same_key_from_two_at_once_gives_one_message(app):
    with transaction():
        unit = make_unit()
    start = Barrier(2)

    def write(number):
        with app.app_context(), transaction():
            unit_again = db.session.get(type(unit), unit_id)
            services.queries.find_by_key("warm the connection up")
            if number < 2:
                start.wait(5)
            return make_mail(unit_again, key="invite:participant-1:0").id

    unit_id = unit.id
    if db.engine.dialect.name == "sqlite":
        start = Barrier(1)
    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(write, range(2)))
    assert len(ids) == 1
    assert count() == 1


def test_the_bytes_are_made_when_the_message_is_written(mailing):
    with transaction():
        message = make_mail(
            html="<p>请参加</p>", calendar=CALENDAR, method="REQUEST", references="<a@example.test>"
        )
        raw = message.raw
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["From"].addresses[0].addr_spec == "office@example.test"
    assert mail["From"].addresses[0].display_name == "代表工委"
    assert mail["To"].addresses[0].addr_spec == "wang@example.test"
    assert mail["Message-ID"] == message.message_id
    assert message.message_id.endswith("@example.test>")
    assert mail["References"] == "<a@example.test>"
    assert message.calendar == CALENDAR


def test_the_office_is_the_sender_where_the_address_has_no_name(app):
    name, address = services.sender()
    assert (name, address) == (app.config["LIAISON"].office_name, "liaison@example.test")


def test_a_subject_never_makes_a_header(mailing):
    with transaction():
        message = make_mail(subject="供暖专场\r\nBcc: spy@example.test\r\n\r\n正文", to_name="王\r\n素梅")
    mail = message_from_bytes(message.raw, policy=policy.default)
    assert "Bcc" not in mail
    assert mail["Subject"] == message.subject == "供暖专场 Bcc: spy@example.test 正文"
    assert message.to_name == "王 素梅"


@pytest.mark.parametrize(
    "wrong",
    [
        {"to_address": "王素梅"},
        {"to_address": "a@b.test, c@d.test"},
        {"calendar": CALENDAR, "method": "CANCEL"},
    ],
)
def test_a_mail_that_must_not_leave_is_kept_as_failed_and_never_tried(mailing, wrong):
    with transaction():
        message = make_mail(**wrong)
    assert (message.state, message.failure, message.raw) == (MessageState.FAILED, Outcome.BAD, None)
    assert message.last_error
    assert message.body.startswith("王素梅代表")
    assert job_queries.count_waiting() == 0
    assert not message.can_retry


def test_without_a_mail_server_everything_waits_for_a_clerk(app):
    with transaction():
        unit = make_unit()
        make_mail(unit)
        make_call(unit)
    assert job_queries.count_waiting() == 0
    assert queries.count_attention([unit.path]) == 2


def test_with_a_mail_server_only_calls_and_failures_wait_for_a_clerk(mailing):
    with transaction():
        unit = make_unit()
        make_mail(unit)
        make_call(unit)
        make_mail(unit, key="invite:participant-3:0", to_address="nowhere")
    assert queries.count_attention([unit.path]) == 2
    assert queries.count_attention([]) == 0
    assert queries.count_attention(["/999/"]) == 0


# --- a newer message takes the place of an older one ---------------------------


def test_an_older_message_is_dropped_when_a_newer_one_follows(mailing):
    with transaction():
        unit = make_unit()
        queued, other = make_mail(unit), make_mail(unit, key="invite:participant-9:0")
        failed = make_mail(unit, key="update:participant-1:1", to_address="nowhere")
        call = make_call(unit, key="remind:participant-1:1")
        elsewhere = make_mail(unit, key="cancel:participant-1:0", about="meeting:2")
    with transaction():
        assert services.drop_superseded("meeting:1", "participant-1") == 3
        newer = make_mail(unit, key="cancel:participant-1:2")
    states = [message.state for message in (queued, failed, call, other, elsewhere, newer)]
    assert states == [MessageState.DROPPED] * 3 + [MessageState.QUEUED] * 3
    # The jobs of `other`, `elsewhere` and `newer`.
    assert job_queries.count_waiting() == 3


def test_what_was_replaced_cannot_be_sent_again(mailing):
    with transaction():
        unit = make_unit()
        clerk = make_account()
        mail, told = make_mail(unit), make_mail(unit, key="update:participant-1:1")
        services.told_by_phone(told.id, by=clerk)
    with transaction():
        services.drop_superseded("meeting:1", "participant-1")
    for message in (mail, told):
        assert not message.can_retry
        with pytest.raises(Replaced), transaction():
            services.retry(message.id, by=clerk)


def test_nothing_to_replace_is_no_fault(app):
    with transaction():
        assert services.drop_superseded("meeting:1", "participant-1") == 0


# --- what a clerk does ---------------------------------------------------------


def test_a_clerk_ticks_off_what_was_told_by_telephone(mailing):
    with transaction():
        clerk = make_account()
        message = make_mail()
        services.told_by_phone(message.id, by=clerk)
    assert (message.state, message.settled_by, message.settled_at) == (MessageState.TOLD, clerk.name, NOW)
    assert job_queries.count_waiting() == 0
    (entry,) = db.session.scalars(select(Entry).where(Entry.action == "messages:message:told"))
    assert (entry.thing_id, entry.actor_name, entry.unit_id) == (message.id, clerk.name, message.unit_id)
    assert "wang@" not in entry.sentence
    with pytest.raises(AlreadySettled), transaction():
        services.told_by_phone(message.id, by=clerk)


def test_a_clerk_may_decide_not_to_send_and_change_the_mind(mailing):
    with transaction():
        clerk = make_account()
        message = make_mail()
        services.drop(message.id, by=clerk)
    assert (message.state, job_queries.count_waiting()) == (MessageState.DROPPED, 0)
    with transaction():
        services.retry(message.id, by=clerk)
    assert (message.state, message.settled_by, message.settled_at) == (MessageState.QUEUED, "", None)
    assert job_queries.count_waiting() == 1


def test_a_call_that_was_ticked_off_by_mistake_goes_back_on_the_list(mailing):
    with transaction():
        clerk = make_account()
        call = make_call()
        services.told_by_phone(call.id, by=clerk)
        services.retry(call.id, by=clerk)
    assert (call.state, job_queries.count_waiting()) == (MessageState.QUEUED, 0)


def test_what_was_sent_is_not_sent_again(mailing):
    with transaction():
        clerk, message = make_account(), make_mail()
        message.state = MessageState.SENT
    for act in (services.retry, services.drop, services.told_by_phone):
        with pytest.raises(AlreadySettled), transaction():
            act(message.id, by=clerk)


@pytest.mark.parametrize(
    ("channel", "state", "failure", "may"),
    [
        (Channel.EMAIL, MessageState.FAILED, Outcome.REFUSED, True),
        (Channel.EMAIL, MessageState.FAILED, Outcome.BAD, False),
        (Channel.EMAIL, MessageState.QUEUED, None, False),
        (Channel.EMAIL, MessageState.QUEUED, Outcome.LATER, True),
        (Channel.PHONE, MessageState.QUEUED, None, False),
        (Channel.PHONE, MessageState.TOLD, None, True),
        (Channel.EMAIL, MessageState.SENDING, None, False),
        (Channel.EMAIL, MessageState.SENT, None, False),
    ],
)
def test_when_a_message_can_be_put_back(channel, state, failure, may):
    assert rules.can_retry(channel, state, failure, is_superseded=False) == may
    assert not rules.can_retry(channel, state, failure, is_superseded=True)


# --- mails that were written without a mail server -----------------------------


def test_mails_that_wait_go_out_once_a_mail_server_is_set_unless_they_are_too_old(app, mailing):
    with app.app_context():
        with clock.frozen(NOW - timedelta(hours=73)), transaction():
            unit = make_unit()
            unit_id = unit.id
            make_mail(unit, key="invite:old:0")
        with clock.frozen(NOW - timedelta(hours=71)), transaction():
            make_mail(db.session.get(type(unit), unit_id), key="invite:young:0")
            make_call(db.session.get(type(unit), unit_id))
    with transaction():
        services.pick_up()
    found = {m.thread: (m.state, m.failure) for m in db.session.scalars(select(Message))}
    assert found["old"] == (MessageState.FAILED, Outcome.EXPIRED)
    assert found["young"] == (MessageState.QUEUED, None)
    assert job_queries.count_waiting() == 1
    with transaction():
        services.pick_up()
    assert job_queries.count_waiting() == 1
