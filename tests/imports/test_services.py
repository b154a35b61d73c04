"""A list from the upload to the moment when it is written, by real services and the real worker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from liaison_app.access.permissions import Role
from liaison_app.audit.models import Entry
from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.imports import jobs, plan, queries, services
from liaison_app.imports.errors import ListOutdated, NotReady, RowsRefused
from liaison_app.imports.kinds import ListKind
from liaison_app.imports.models import ImportLine, ImportRun, RunState
from liaison_app.imports.rules import Outcome
from liaison_app.jobs import worker
from liaison_app.jobs.models import Job
from liaison_app.people.models import Person
from liaison_app.stations.models import Station
from tests.factories.accounts import make_account
from tests.imports.lists import DEPUTY, bring_in, make_district, sheet

ROWS = [
    DEPUTY | {"姓名": name, "手机": f"1390000000{n}"} for n, name in enumerate(("甲", "乙", "丙", "丁", "戊"))
]


@pytest.fixture
def office(app):
    with transaction():
        root, _ = make_district()
        account = make_account(Role.OFFICE, root)
    return account


def upload(office, *rows, name="名册.csv", token="form-1", data=b"") -> int:
    data = data or sheet(*rows)
    with transaction():
        unit_id = office.grants[0].unit_id
        reading = services.read_file(ListKind.DEPUTIES, data)
        return services.start(reading, name, data, unit_id=unit_id, by=office, form_token=token).id


def get(run_id: int) -> ImportRun:
    db.session.rollback()
    return queries.get_run(run_id)


def write(run_id: int, office, *rows) -> ImportRun:
    reading = services.read_file(ListKind.DEPUTIES, sheet(*rows))
    with transaction():
        return services.write(run_id, reading, by=office)


def test_a_double_click_takes_in_one_list(office):
    assert upload(office, *ROWS) == upload(office, *ROWS)
    assert db.session.scalar(select(func.count()).select_from(Job)) == 1
    assert upload(office, *ROWS, token="form-2") != upload(office, *ROWS)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/名册.csv", "名册.csv"),
        (r"C:\Users\白雪\名册.xlsx", "名册.xlsx"),
        ("a\r\nSet-Cookie: x", "a Set-Cookie: x"),
        ("长" * 300 + ".csv", "长" * 96 + ".csv"),
    ],
)
def test_a_file_name_is_shown_and_nothing_else(sent, kept):
    assert services.plain_file_name(sent) == kept


def test_the_worker_checks_a_list_and_writes_nothing(office):
    run_id = upload(office, *ROWS, DEPUTY | {"姓名": "己", "层级": "街道"})
    assert worker.drain() == 1
    run = get(run_id)
    assert (run.state, run.rows_read, run.new_count, run.error_count) == (RunState.REFUSED, 6, 5, 1)
    assert db.session.scalars(select(Person)).all() == []
    (line,) = queries.list_lines(run_id, Outcome.ERROR, limit=10, offset=0)
    assert str(line.verdict.problems[0]) == (
        "层级“街道”：看不懂层级“街道”，请从全国、省、市、区、镇里选，几级用“、”隔开。"
    )
    assert [one.verdict.number for one in queries.list_lines(run_id, None, limit=2, offset=2)] == [4, 5]


def test_it_is_noted_batch_by_batch_how_far_the_check_is(office, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    run_id = upload(office, *ROWS)
    seen = []
    keep = jobs.jobs.keep
    monkeypatch.setattr(
        jobs.jobs, "keep", lambda work: (seen.append(queries.get_run(run_id).rows_read), keep(work))
    )
    worker.drain()
    assert [*seen, get(run_id).rows_read] == [0, 2, 4, 5]


def test_a_check_that_was_cut_off_begins_anew(office):
    run_id = upload(office, *ROWS)
    with transaction():
        upload_ = services.begin(run_id, 1)
        lines = services.check(upload_.kind, services.read_file(upload_.kind, upload_.data).entries)
        assert services.note_lines(run_id, lines[:3])
    worker.drain()
    run = get(run_id)
    assert (run.state, run.rows_read, run.new_count) == (RunState.READY, 5, 5)


def test_a_check_that_kills_its_worker_is_given_up(office):
    run_id = upload(office, *ROWS)
    with transaction():
        assert services.begin(run_id, services.MOST_ATTEMPTS + 1) is None
    run = get(run_id)
    assert run.state is RunState.FAILED
    assert "试了几次都没有做成" in run.refusal


def test_a_list_that_is_thrown_away_while_it_is_checked_stays_so(office):
    run_id = upload(office, *ROWS)
    with transaction():
        assert services.begin(run_id, 1)
    with transaction():
        services.discard(run_id, by=office)
    with transaction():
        assert not services.note_lines(run_id, services.check(ListKind.DEPUTIES, ()))
        services.settle(run_id, "")
    worker.drain()
    run = get(run_id)
    assert (run.state, run.data) == (RunState.DISCARDED, None)


def test_a_confirmed_list_is_written_once_with_its_counts_in_the_trail(office):
    run_id = upload(office, *ROWS)
    worker.drain()
    write(run_id, office, *ROWS)
    write(run_id, office, *ROWS)
    run = get(run_id)
    assert (run.state, run.data, run.to_write) == (RunState.DONE, None, 5)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 5
    trail = db.session.scalars(select(Entry).where(Entry.action == "imports:run:write")).all()
    assert [(one.sentence, one.actor_id, one.unit_id) for one in trail] == [
        ("代表名册：新增 5", office.id, run.unit_id)
    ]


def test_a_long_list_is_written_by_the_worker(office):
    run_id = upload(office, *ROWS)
    worker.drain()
    for _ in range(2):
        with transaction():
            services.confirm(run_id, by=office)
    assert get(run_id).state is RunState.APPLYING
    assert worker.drain() == 1
    run = get(run_id)
    assert (run.state, run.confirmed_by_id) == (RunState.DONE, office.id)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 5


def test_what_was_not_checked_or_has_errors_is_not_written(office):
    run_id = upload(office, DEPUTY | {"所属站": "没有的站"})
    for _ in ("unchecked", "refused"):
        with pytest.raises(NotReady):
            write(run_id, office, *ROWS)
        with pytest.raises(NotReady), transaction():
            services.confirm(run_id, by=office)
        worker.drain()
    assert get(run_id).state is RunState.REFUSED


def test_a_list_that_stands_otherwise_by_now_is_shown_again_before_it_is_written(office):
    run_id = upload(office, *ROWS)
    worker.drain()
    bring_in(ListKind.DEPUTIES, ROWS[0])
    with pytest.raises(ListOutdated) as refusal:
        write(run_id, office, *ROWS)
    with transaction():
        services.keep(run_id, refusal.value)
    run = get(run_id)
    assert (run.state, run.new_count, run.same_count) == (RunState.READY, 4, 1)
    assert "核对以后，系统里的内容变了" in run.refusal
    write(run_id, office, *ROWS)
    assert db.session.scalar(select(func.count()).select_from(Person)) == 5


def test_a_row_that_became_wrong_after_the_check_stops_the_whole_list(office):
    run_id = upload(office, *ROWS)
    worker.drain()
    with transaction():
        unit = db.session.scalars(select(Station)).one().unit
        unit.name = unit.short_name = "改名的站"
    with transaction():
        services.confirm(run_id, by=office)
    worker.drain()
    run = get(run_id)
    assert (run.state, run.error_count) == (RunState.REFUSED, 5)
    assert db.session.scalars(select(Person)).all() == []


def test_all_rows_or_none_whatever_happens_half_way(office, monkeypatch):
    reading = services.read_file(ListKind.DEPUTIES, sheet(*ROWS))
    monkeypatch.setattr("liaison_app.people.services.pinyin_of", lambda name: name if name != "丁" else 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction():
        services.write_at_once(reading, "名册.csv")
    assert db.session.scalars(select(Person)).all() == []
    assert db.session.scalars(select(ImportRun)).all() == []


def test_files_and_rows_are_forgotten_after_a_day(office):
    runs = {"done": upload(office, *ROWS), "ready": upload(office, *ROWS, token="form-2")}
    worker.drain()
    write(runs["done"], office, *ROWS)
    with clock.frozen(clock.now() + timedelta(hours=23, minutes=59)):
        jobs.forget_old()
        assert get(runs["ready"]).data is not None
    with clock.frozen(clock.now() + timedelta(hours=24, minutes=1)):
        jobs.forget_old()
    assert [str(get(runs[name]).state) for name in runs] == ["done", "discarded"]
    assert get(runs["ready"]).data is None
    assert get(runs["done"]).new_count == 5
    assert db.session.scalars(select(ImportLine)).all() == []


def test_neither_file_nor_rows_can_be_read_in_the_database(office):
    run_id = upload(office, *ROWS)
    worker.drain()
    for column, table in (("data", "import_run"), ("body", "import_line")):
        stored = bytes(db.session.execute(text(f"SELECT {column} FROM {table} LIMIT 1")).scalar_one())
        assert "甲".encode() not in stored
        assert b"13900000000" not in stored
    assert "甲".encode() in get(run_id).data


def test_the_refusal_of_a_row_survives_storing(office):
    with pytest.raises(RowsRefused) as refusal, transaction():
        services.write_at_once(services.read_file(ListKind.DEPUTIES, sheet(DEPUTY | {"手机": "12"})), "x.csv")
    (line,) = refusal.value.lines
    again = plan.unpacked(2, Outcome.ERROR, line.packed())
    assert str(again.verdict.problems[0]) == "手机“12”：现在是 2 位，手机号应为 11 位。"


def test_two_lists_at_once_add_nobody_twice(app, office):
    runs = [upload(office, *ROWS, token=f"form-{n}") for n in range(4)]
    worker.drain()
    reading = services.read_file(ListKind.DEPUTIES, sheet(*ROWS))
    ready = Barrier(len(runs))

    def write_one(run_id: int) -> str:
        with app.app_context():
            ready.wait()
            try:
                with transaction():
                    services.write(run_id, reading, by=None)
            except ListOutdated:
                return "outdated"
            return "written"

    with ThreadPoolExecutor(len(runs)) as crowd:
        assert sorted(crowd.map(write_one, runs)) == ["outdated"] * 3 + ["written"]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Person)) == 5
