from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.jobs import queries, registry, rules, services, worker
from liaison_app.jobs.errors import GiveUp, LeaseLost, Retry, WrongSchema
from liaison_app.jobs.models import Heartbeat, Job, JobState

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def held_clock():
    with clock.frozen(NOW):
        yield


def enqueue(*subjects: int, run_after: datetime | None = None) -> None:
    with transaction():
        for subject in subjects:
            services.enqueue("tests.work", subject, run_after)


def claim():
    with transaction():
        return services.claim(["tests.work"])


def only_job() -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job)).one()


def test_a_job_comes_with_its_caller_and_goes_with_its_caller(app):
    with pytest.raises(ZeroDivisionError), transaction():
        services.enqueue("tests.work", 1)
        raise ZeroDivisionError
    assert queries.count_waiting() == 0
    enqueue(1)
    assert queries.count_waiting() == 1


def test_what_is_due_is_done_in_order_and_once(app, trade):
    done = []
    trade(lambda work: done.append(work.subject_id))
    enqueue(3, run_after=NOW - timedelta(minutes=1))
    enqueue(1, 2)
    enqueue(4, run_after=NOW + timedelta(seconds=1))
    assert worker.drain() == 3
    assert done == [3, 1, 2]
    assert worker.drain() == 0
    with clock.frozen(NOW + timedelta(seconds=1)):
        assert worker.run_once()
    assert done == [3, 1, 2, 4]


def test_no_transaction_is_open_while_the_work_is_done(app, trade, database):
    def look(work):
        assert not db.session().in_transaction()

    trade(look)
    enqueue(1)
    worker.drain()
    assert only_job().state == JobState.DONE


def test_a_leased_job_is_nobody_elses_until_the_lease_is_over(app):
    enqueue(1)
    mine = claim()
    with clock.frozen(NOW + rules.LEASE - timedelta(seconds=1)):
        assert claim() is None
    with clock.frozen(NOW + rules.LEASE):
        theirs = claim()
    assert (theirs.id, theirs.attempts) == (mine.id, 2)
    assert theirs.lease_key != mine.lease_key


def test_who_lost_the_lease_settles_nothing(app):
    enqueue(1)
    mine = claim()
    with clock.frozen(NOW + rules.LEASE):
        theirs = claim()
    with transaction():
        services.finish(mine)
        services.put_off(mine, "too late", None)
    assert (only_job().state, only_job().lease_key) == (JobState.RUNNING, theirs.lease_key)
    with pytest.raises(LeaseLost), transaction():
        services.keep(mine)
    with transaction():
        services.finish(theirs)
    assert only_job().state == JobState.DONE


def test_a_kept_lease_counts_from_then(app):
    enqueue(1)
    mine = claim()
    with clock.frozen(NOW + timedelta(minutes=4)), transaction():
        services.keep(mine)
    with clock.frozen(NOW + timedelta(minutes=8)):
        assert claim() is None


def test_a_failure_waits_by_the_steps_and_dies_after_three_days(app, trade, caplog):
    def fail(work):
        raise ZeroDivisionError("no such number")

    trade(fail)
    enqueue(1)
    worker.drain()
    assert only_job().run_after == NOW + timedelta(minutes=1)
    with clock.frozen(NOW + timedelta(minutes=1)):
        worker.drain()
    assert only_job().run_after == NOW + timedelta(minutes=3)
    assert only_job().last_error == "ZeroDivisionError: no such number"
    with clock.frozen(NOW + timedelta(hours=71, minutes=59)):
        worker.drain()
    assert only_job().state == JobState.DEAD
    assert [job.id for job in queries.list_dead()] == [only_job().id]
    assert queries.count_dead() == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_job_may_say_when_it_wants_to_be_tried_again_or_never(app, trade):
    answers = [Retry("later", at=NOW + timedelta(hours=5)), GiveUp("no use")]

    def refuse(work):
        raise answers.pop(0)

    trade(refuse)
    enqueue(1)
    worker.drain()
    assert (only_job().state, only_job().run_after) == (JobState.WAITING, NOW + timedelta(hours=5))
    with clock.frozen(NOW + timedelta(hours=5)):
        worker.drain()
    assert (only_job().state, only_job().last_error) == (JobState.DEAD, "no use")


def test_poison_does_not_hold_up_the_others(app, trade):
    done = []

    def work_or_fail(work):
        if work.subject_id == 1:
            raise ValueError
        done.append(work.subject_id)

    trade(work_or_fail)
    enqueue(1, 2, 3)
    worker.drain()
    assert done == [2, 3]


def test_a_job_that_kills_its_workers_for_three_days_is_buried(app, trade):
    trade(lambda work: None)
    enqueue(1)
    claim()
    with clock.frozen(NOW + timedelta(hours=73)):
        worker.drain()
    assert only_job().state == JobState.DEAD


def test_the_job_behind_one_that_is_buried_is_done_in_the_same_turn(app, trade):
    done = []
    trade(lambda work: done.append(work.subject_id))
    enqueue(1)
    claim()
    with clock.frozen(NOW + timedelta(hours=73)):
        enqueue(2)
        assert worker.run_once()
        assert not worker.run_once()
    assert done == [2]


def test_a_name_that_this_version_does_not_know_is_left_to_one_that_does(app, trade):
    with transaction():
        services.enqueue("tests.unknown", 1)
    assert worker.drain() == 0
    assert only_job().state == JobState.WAITING


def test_a_job_can_be_taken_back_or_hurried_while_it_waits(app, trade):
    done = []
    trade(lambda work: done.append(work.subject_id))
    enqueue(1, 2, 3, run_after=NOW + timedelta(hours=1))
    with transaction():
        services.cancel("tests.work", [1])
        services.hasten("tests.work", [1, 2])
    worker.drain()
    assert done == [2]


def test_jobs_of_one_kind_are_held_back_together(app, trade):
    done = []
    trade(lambda work: done.append(work.subject_id))
    enqueue(1)
    enqueue(2, run_after=NOW + timedelta(hours=1))
    with transaction():
        services.hold_back("tests.work", [1, 2, 3], NOW + timedelta(minutes=5))
    for minutes in (4, 5, 60):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            worker.drain()
        done.append(minutes)
    assert done == [4, 1, 5, 2, 60]


def test_a_duty_is_one_row_and_comes_round(app, trade):
    done = []
    registry.every(minutes=30)(lambda: done.append(clock.now()))
    worker.prepare()
    worker.prepare()
    assert only_job().every_minutes == 30
    assert queries.count_waiting() == 0
    worker.drain()
    for minutes in (29, 30, 31):
        with clock.frozen(NOW + timedelta(minutes=minutes)):
            worker.drain()
    assert done == [NOW, NOW + timedelta(minutes=30)]


def test_a_duty_that_fails_comes_round_all_the_same(app, trade):
    def fail():
        raise ValueError

    registry.every(minutes=30)(fail)
    worker.prepare()
    worker.drain()
    assert only_job().state == JobState.WAITING
    with clock.frozen(NOW + timedelta(days=10)):
        worker.drain()
    assert only_job().state == JobState.WAITING


def test_a_new_rhythm_reaches_the_row_that_is_there(app, trade):
    duty = registry.every(minutes=30)(lambda: None)
    worker.prepare()
    registry.every(minutes=5)(duty)
    worker.prepare()
    assert only_job().every_minutes == 5


def test_a_worker_shows_that_it_lives_and_the_gone_are_forgotten(app):
    assert queries.last_heartbeat() is None
    with transaction():
        services.beat("a:1")
    later = NOW + timedelta(days=2)
    with clock.frozen(later):
        for _ in range(2):
            with transaction():
                services.beat("b:2")
    assert queries.last_heartbeat() == later
    assert db.session.scalars(select(Heartbeat.worker)).all() == ["b:2"]


def test_done_jobs_are_forgotten_after_a_week_the_dead_and_the_waiting_are_kept(app):
    enqueue(1, 2, 3)
    with transaction():
        services.finish(services.claim(["tests.work"]))
        services.put_off(services.claim(["tests.work"]), "dead", None)
    with clock.frozen(NOW + timedelta(days=8)), transaction():
        services.forget_done()
    db.session.rollback()
    assert sorted(job.state for job in db.session.scalars(select(Job))) == [JobState.DEAD, JobState.WAITING]


def test_a_database_of_another_version_is_refused(app, trade):
    with db.engine.connect() as connection:
        right = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '0001_start'"))
        connection.commit()
    try:
        with pytest.raises(WrongSchema, match="0001_start"):
            worker.prepare()
    finally:
        with db.engine.connect() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :right"), {"right": right})
            connection.commit()


def test_leases_go_by_the_databases_clock_where_workers_may_sit_on_several_machines(
    app, database, monkeypatch
):
    """A worker whose own clock is a day ahead must not take over what others hold."""
    if database.engine == "sqlite":
        return
    enqueue(1, run_after=datetime(2020, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(clock, "is_held", lambda: False)
    claim()
    lease_until = only_job().lease_until
    theirs = db.session.execute(select(func.now())).scalar_one()
    assert timedelta(minutes=4) < lease_until - theirs <= rules.LEASE
    with clock.frozen(theirs + timedelta(days=1)):
        assert claim() is None
